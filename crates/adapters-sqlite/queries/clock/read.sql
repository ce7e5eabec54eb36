-- The store's time.
SELECT now AS "now!: i64" FROM clock
