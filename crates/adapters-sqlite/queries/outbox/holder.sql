-- What the holder of this claim is about to change; no row where the claim was lost.
SELECT d.status AS "status!: String", d.feedback AS "feedback!: String"
FROM outbox AS o JOIN deliveries AS d ON d.seq = o.seq
WHERE o.seq = ?1 AND o.token = ?2
