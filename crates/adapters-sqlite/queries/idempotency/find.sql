-- A key that is past its time counts as forgotten, whether a sweep has been there or not.
SELECT delivery AS "delivery!: String", fingerprint AS "fingerprint?: Vec<u8>"
FROM idempotency
WHERE tenant = ?1 AND key = ?2 AND expires_at > (SELECT now FROM clock)
