-- How the queue stands for one tenant or all: only undone letters are looked at.
SELECT count(*) FILTER (WHERE o.status IN ('queued', 'retrying')) AS "waiting!",
       count(*) FILTER (WHERE o.status IN ('queued', 'retrying') AND o.due_at <= now()) AS "due!",
       count(*) FILTER (WHERE o.status = 'in_progress') AS "in_flight!",
       min(o.due_at) FILTER (WHERE o.status IN ('queued', 'retrying') AND o.due_at <= now()) AS oldest_due_at,
       now() AS "now!"
  FROM email.outbox o
 WHERE $1::text IS NULL OR o.tenant = $1
