-- Not sqlx's own table: a host application that shares the file may use that one for itself.
CREATE TABLE IF NOT EXISTS _postroom_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    checksum BLOB NOT NULL,
    applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) STRICT
