-- After an empty claim: the time, and whether there was something that other workers were just taking. Which letters
-- count is what the claim says.
WITH paused AS (
    SELECT p.tenants, p.workflows FROM email.paused p
)
SELECT now() AS "now!", EXISTS (
    SELECT FROM email.outbox o
     WHERE o.status IN ('queued', 'retrying') AND o.due_at <= now() AND (o.expires_at IS NULL OR o.expires_at > now())
       AND o.tenant <> ALL ($1::text[]) AND o.tenant <> ALL ((SELECT tenants FROM paused)::text[])
       AND CASE WHEN o.workflow = ANY ((SELECT workflows FROM paused)::text[]) THEN false
                ELSE (o.workflow = ANY ($2::text[])) = $3::boolean END
) AS "waiting!"
