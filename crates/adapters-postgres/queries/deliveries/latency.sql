-- How long letters took that were sent in the window, in microseconds, from when they could first have gone out.
SELECT count(*) AS "count!",
       percentile_disc(ARRAY[0.5, 0.95, 0.99]::double precision[]) WITHIN GROUP (ORDER BY t.took) AS took
  FROM email.deliveries d
 CROSS JOIN LATERAL (
    SELECT greatest(0, (extract(epoch FROM d.final_at - d.age_from) * 1000000)::bigint)
 ) t(took)
 WHERE d.final_at >= $1 AND d.final_at < $2 AND d.status = 'sent' AND ($3::text IS NULL OR d.tenant_id = $3)
