-- What the lifecycle depends on.
SELECT d.seq AS "seq!: i64", d.workflow AS "workflow!: String", d.status AS "status!: String", coalesce(o.stage, 'claimed') AS "stage!: String",
    d.attempts AS "attempts!: i64", d.excused AS "excused!: i64", d.crashes AS "crashes!: i64",
    d.feedback AS "feedback!: String", d.max_attempts AS "max_attempts?: i64", d.age_from AS "age_from!: i64",
    d.expires_at AS "expires_at?: i64"
FROM deliveries AS d LEFT JOIN outbox AS o ON o.seq = d.seq
WHERE d.delivery_id = ?1
