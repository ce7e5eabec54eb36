-- How the letters of each workflow did that were enqueued in the window.
SELECT d.workflow,
       count(*) AS "enqueued!",
       count(*) FILTER (WHERE d.status = 'sent') AS "sent!",
       count(*) FILTER (WHERE d.status IN ('failed', 'dead_letter')) AS "failed!",
       coalesce(sum(d.attempts) FILTER (WHERE d.status IN ('sent', 'failed', 'dead_letter')), 0) AS "attempts!"
  FROM email.deliveries d
 WHERE d.queued_at >= $1 AND d.queued_at < $2 AND ($3::text IS NULL OR d.tenant_id = $3)
 GROUP BY d.workflow
 ORDER BY d.workflow COLLATE "C"
