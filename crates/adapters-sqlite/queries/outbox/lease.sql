-- The token is chance, drawn per row: no later life of the same letter can be mistaken for this claim.
UPDATE outbox
SET token = randomblob(16), worker = ?2, lease_until = ?3
WHERE seq IN (SELECT value FROM json_each(?1))
