-- Whether this claim was ended so before, by a call that never heard the answer.
SELECT EXISTS (SELECT * FROM deliveries WHERE seq = ?1 AND settled_by = ?2 AND settled_as = ?3) AS "settled!: bool"
