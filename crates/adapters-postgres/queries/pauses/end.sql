-- Ends a pause, and says whether it was in force; a trigger wakes those who wait.
WITH ended AS (
    DELETE FROM email.pauses p WHERE p.kind = $1 AND p.name = $2 RETURNING p.until
)
SELECT EXISTS (SELECT FROM ended WHERE until IS NULL OR until > now()) AS "was!"
