-- Rises with every letter that comes in, from whichever process.
SELECT coalesce(max(seq), 0) AS "last!: i64" FROM deliveries
