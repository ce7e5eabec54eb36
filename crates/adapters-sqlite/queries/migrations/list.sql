-- In the order in which they ran.
SELECT version AS "version!: i64", name AS "name!: String", checksum AS "checksum!: Vec<u8>"
FROM _postroom_migrations ORDER BY version
