-- One reading of the queue: what is due, since when, and what workers hold.
SELECT
    (SELECT count(*) FROM outbox WHERE status IN ('queued', 'retrying') AND due_at <= now) AS "due!: i64",
    (SELECT count(*) FROM outbox WHERE status = 'in_progress') AS "in_flight!: i64",
    (SELECT min(due_at) FROM outbox WHERE status IN ('queued', 'retrying') AND due_at <= now) AS "oldest_due_at?: i64",
    now AS "now!: i64"
FROM clock
