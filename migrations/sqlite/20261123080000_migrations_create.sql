-- Which migrations ran: the first one makes the table that it is recorded in. Not sqlx's own table, because a host
-- application that shares the file may use that one for itself.
CREATE TABLE _postroom_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    -- Of the file, so that one that was edited after it ran is found.
    checksum BLOB NOT NULL,
    applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) STRICT;
