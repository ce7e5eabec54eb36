-- For the holder only.
UPDATE outbox SET lease_until = (SELECT now FROM clock) + ?3 WHERE seq = ?1 AND token = ?2
