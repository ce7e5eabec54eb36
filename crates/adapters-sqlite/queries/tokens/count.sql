-- Whether there is a token of that id, good or not.
SELECT count(*) AS "count!: i64" FROM tokens WHERE token_id = ?1
