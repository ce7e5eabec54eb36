-- What attempts failed with in the window, the most frequent code first. An attempt counts once per code, however
-- often its letter in doubt is asked about. $4: codes that say what was decided, not what went wrong.
SELECT e.error_code AS "code!", count(DISTINCT (e.delivery_id, e.attempt)) AS "count!"
  FROM email.delivery_events e
 WHERE e.created_at >= $1 AND e.created_at < $2
   AND e.status IN ('retrying', 'in_doubt', 'failed', 'dead_letter')
   AND e.error_code <> ALL ($4::text[])
   AND NOT e.payload ? 'feedback'
   AND ($3::text IS NULL
        OR EXISTS (SELECT FROM email.deliveries d WHERE d.delivery_id = e.delivery_id AND d.tenant_id = $3))
 GROUP BY e.error_code
 ORDER BY 2 DESC, e.error_code COLLATE "C"
 LIMIT $5::bigint
