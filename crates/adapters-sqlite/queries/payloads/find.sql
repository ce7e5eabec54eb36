-- Whether there is content at all, and whether it is frozen.
SELECT frozen IS NOT NULL AS "frozen!: bool" FROM payloads WHERE seq = ?1
