-- Bounded, so that the one writer of this store is never held for long. A trigger takes the fingerprint along.
DELETE FROM payloads WHERE seq IN (
    SELECT p.seq FROM payloads AS p JOIN deliveries AS d ON d.seq = p.seq, clock
    WHERE p.created_at <= now - ?1 AND d.final_at <= now - ?1
    ORDER BY p.created_at LIMIT ?2
)
