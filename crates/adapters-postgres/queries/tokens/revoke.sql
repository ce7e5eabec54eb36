-- Revokes a token that is not revoked yet, and says what there was: no row, or whether this call did it.
WITH revoked AS (
    UPDATE email.tokens t SET revoked_at = now() WHERE t.token_id = $1 AND t.revoked_at IS NULL RETURNING t.token_id
)
SELECT EXISTS (SELECT FROM revoked) AS "done!" FROM email.tokens t WHERE t.token_id = $1
