-- What is paused now, by kind and name.
SELECT kind AS "kind!: String", name AS "name!: String", since AS "since!: i64", until AS "until?: i64",
    reason AS "reason?: String"
FROM pauses WHERE until IS NULL OR until > (SELECT now FROM clock)
ORDER BY kind, name
