-- Bounded, so that the one writer of this store is never held for long. Triggers take the fingerprint and the
-- attachments along.
DELETE FROM payloads WHERE seq IN (
    SELECT p.seq FROM payloads AS p JOIN deliveries AS d ON d.seq = p.seq
    WHERE p.created_at <= (SELECT now FROM clock) - ?1 AND d.final_at <= (SELECT now FROM clock) - ?1
    ORDER BY p.created_at LIMIT ?2
)
