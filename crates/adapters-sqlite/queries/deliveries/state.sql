-- What the lifecycle depends on.
SELECT seq AS "seq!: i64", workflow AS "workflow!: String", status AS "status!: String", stage AS "stage!: String",
    attempts AS "attempts!: i64", excused AS "excused!: i64", crashes AS "crashes!: i64",
    feedback AS "feedback!: String", max_attempts AS "max_attempts?: i64", age_from AS "age_from!: i64",
    expires_at AS "expires_at?: i64"
FROM deliveries
WHERE delivery_id = ?1
