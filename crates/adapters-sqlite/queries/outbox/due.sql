-- Which letters a claim takes. Instead of ranking the whole backlog it walks from lane to lane (a jump in the index
-- each) and reads only the head of each one, so that a claim costs the same behind ten letters and behind a million.
-- The rounds make the shares: first everybody's share by urgency, then the next, as far as the limit goes. Letters are
-- taken of the workflows ?5 alone where ?6 says so, and of all others where it does not; never of what people paused.
WITH RECURSIVE paused (kind, name) AS MATERIALIZED (
    SELECT kind, name FROM pauses WHERE until IS NULL OR until > ?1
),
lanes (priority, tenant) AS (
    SELECT * FROM (
        SELECT priority, tenant FROM outbox WHERE status IN ('queued', 'retrying')
        ORDER BY priority, tenant LIMIT 1
    )
    UNION ALL
    SELECT lane.priority, lane.tenant
    FROM lanes
    JOIN outbox AS lane ON lane.seq = coalesce(
        (
            SELECT seq FROM outbox
            WHERE status IN ('queued', 'retrying') AND priority = lanes.priority AND tenant > lanes.tenant
            ORDER BY tenant LIMIT 1
        ),
        (
            SELECT seq FROM outbox
            WHERE status IN ('queued', 'retrying') AND priority > lanes.priority
            ORDER BY priority, tenant LIMIT 1
        )
    )
),
heads AS (
    SELECT head.seq, head.priority, head.due_at,
        (row_number() OVER (
            PARTITION BY head.priority, head.tenant ORDER BY head.due_at, head.seq
        ) - 1) / ?3 AS round
    FROM lanes
    JOIN outbox AS head ON head.seq IN (
        SELECT seq FROM outbox
        WHERE status IN ('queued', 'retrying') AND priority = lanes.priority AND tenant = lanes.tenant
            AND due_at <= ?1 AND (expires_at IS NULL OR expires_at > ?1)
            AND workflow NOT IN (SELECT name FROM paused WHERE kind = 'workflow')
            AND (workflow IN (SELECT value FROM json_each(?5))) = ?6
        ORDER BY due_at, seq LIMIT ?2
    )
    WHERE lanes.tenant NOT IN (SELECT value FROM json_each(?4))
        AND lanes.tenant NOT IN (SELECT name FROM paused WHERE kind = 'tenant')
)
SELECT seq AS "seq!: i64" FROM heads ORDER BY round, priority DESC, due_at, seq LIMIT ?2
