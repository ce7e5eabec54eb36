-- What each way out answered in the window. A report of the provider's own accord is no answer, and neither is what was
-- decided ($4). A letter that was given up was put off once more.
SELECT e.payload ->> 'transport' AS "transport!",
       count(*) FILTER (WHERE e.status = 'sent') AS "accepted!",
       count(*) FILTER (WHERE e.status IN ('retrying', 'dead_letter')) AS "deferred!",
       count(*) FILTER (WHERE e.status = 'failed') AS "refused!",
       count(DISTINCT (e.delivery_id, e.attempt)) FILTER (WHERE e.status = 'in_doubt') AS "in_doubt!",
       max(e.created_at) AS "last_at!"
  FROM email.delivery_events e
 WHERE e.created_at >= $1 AND e.created_at < $2
   AND e.payload ? 'transport'
   AND NOT e.payload ? 'feedback'
   AND (e.error_code IS NULL OR e.error_code <> ALL ($4::text[]))
   AND ($3::text IS NULL
        OR EXISTS (SELECT FROM email.deliveries d WHERE d.delivery_id = e.delivery_id AND d.tenant_id = $3))
 GROUP BY 1
 ORDER BY (e.payload ->> 'transport') COLLATE "C"
