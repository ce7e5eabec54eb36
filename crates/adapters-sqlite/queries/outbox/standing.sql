-- How the queue stands for one tenant or all: only undone letters are looked at.
SELECT count(*) FILTER (WHERE status IN ('queued', 'retrying')) AS "waiting!: i64",
    count(*) FILTER (WHERE status IN ('queued', 'retrying') AND due_at <= now) AS "due!: i64",
    count(*) FILTER (WHERE status = 'in_progress') AS "in_flight!: i64",
    min(due_at) FILTER (WHERE status IN ('queued', 'retrying') AND due_at <= now) AS "oldest_due_at?: i64"
FROM outbox, clock
WHERE ?1 IS NULL OR tenant = ?1
