-- Read from the index alone.
SELECT status AS "status!: String", count(*) AS "count!: i64" FROM deliveries GROUP BY status
