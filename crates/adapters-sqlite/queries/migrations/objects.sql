-- The statements as they were written; what SQLite makes by itself has none.
SELECT name AS "name!: String", sql AS "sql!: String" FROM sqlite_schema
WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'
