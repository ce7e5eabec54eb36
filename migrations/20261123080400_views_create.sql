-- What people look at. The views run with the rights of whoever asks, so that row level security holds in them.

-- Every delivery with the plain answer to "did it go out?" in front.
CREATE VIEW email.delivery_overview WITH (security_invoker = true) AS
SELECT d.delivery_id,
       CASE
           WHEN d.status = 'sent' AND d.feedback = 'bounced' THEN 'failed'
           WHEN d.status = 'sent' THEN 'sent'
           WHEN d.status IN ('failed', 'dead_letter', 'cancelled') THEN 'failed'
           ELSE 'pending'
       END AS simple_status,
       d.status::email.delivery_status AS status,
       d.feedback,
       d.workflow,
       d.template,
       d.tenant_id,
       d.recipient,
       d.attempts,
       d.last_error_code,
       d.last_error_message,
       d.provider,
       d.queued_at,
       d.due_at,
       d.last_attempted_at,
       d.sent_at,
       d.sent_at - d.queued_at AS took,
       d.updated_at
  FROM email.deliveries d;

-- How each workflow does: letters by their plain answer, retries, and how long they took.
CREATE VIEW email.workflow_overview WITH (security_invoker = true) AS
SELECT o.workflow,
       count(*) AS letters,
       count(*) FILTER (WHERE o.simple_status = 'sent') AS sent,
       count(*) FILTER (WHERE o.simple_status = 'pending') AS pending,
       count(*) FILTER (WHERE o.simple_status = 'failed') AS failed,
       count(*) FILTER (WHERE o.attempts > 1) AS retried,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM o.took)) AS median_seconds
  FROM email.delivery_overview o
 GROUP BY o.workflow;
