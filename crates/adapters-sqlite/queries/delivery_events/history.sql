-- One writer at a time: the order of the ids is the order of the commits.
SELECT id AS "id!: i64", status AS "status!: String", attempt AS "attempt!: i64", error_code AS "error_code?: String",
    error_message AS "error_message?: String", payload AS "payload!: String", created_at AS "created_at!: i64"
FROM delivery_events
WHERE delivery_id = ?1
ORDER BY id
