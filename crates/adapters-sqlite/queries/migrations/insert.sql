-- In the same transaction as the migration itself.
INSERT INTO _postroom_migrations (version, name, checksum) VALUES (?1, ?2, ?3)
