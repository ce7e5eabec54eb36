-- How the queue stands: only undone letters are looked at.
SELECT count(*) FILTER (WHERE o.status IN ('queued', 'retrying') AND o.due_at <= now()) AS "due!",
       count(*) FILTER (WHERE o.status = 'in_progress') AS "in_flight!",
       min(o.due_at) FILTER (WHERE o.status IN ('queued', 'retrying') AND o.due_at <= now()) AS oldest_due_at,
       now() AS "now!"
  FROM email.outbox o
