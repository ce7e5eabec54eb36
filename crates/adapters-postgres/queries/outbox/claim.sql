-- Takes at most $2 waiting letters for the worker $1 under a lease of $4 microseconds: most urgent first, and at most
-- $3 of one lane (tenant and priority) as long as other lanes wait. $5 are the tenants whose letters wait; letters are
-- taken of the workflows $6 alone where $7 says so, and of all others where it does not.
WITH RECURSIVE paused AS (
    -- What people hold back, read once.
    SELECT p.tenants, p.workflows FROM email.paused p
), lane AS (
    -- A loose index scan: one probe per lane, however many letters wait in it.
    (
        SELECT o.priority, o.tenant
          FROM email.outbox o
         WHERE o.status IN ('queued', 'retrying')
         ORDER BY o.priority DESC, o.tenant DESC
         LIMIT 1
    )
    UNION ALL
    SELECT next.priority, next.tenant
      FROM lane
     CROSS JOIN LATERAL (
        SELECT o.priority, o.tenant
          FROM email.outbox o
         WHERE o.status IN ('queued', 'retrying') AND (o.priority, o.tenant) < (lane.priority, lane.tenant)
         ORDER BY o.priority DESC, o.tenant DESC
         LIMIT 1
     ) next
), candidate AS (
    -- More than the share of each lane, unlocked: what other lanes leave over, and what other workers are about to
    -- take, is made up from here.
    SELECT waiting.seq, lane.priority, waiting.due_at, waiting.place > $3::bigint AS beyond_share
      FROM lane
     CROSS JOIN LATERAL (
        SELECT o.seq, o.due_at, row_number() OVER (ORDER BY o.due_at, o.seq) AS place
          FROM email.outbox o
         WHERE o.status IN ('queued', 'retrying') AND o.priority = lane.priority AND o.tenant = lane.tenant
           AND o.due_at <= now() AND (o.expires_at IS NULL OR o.expires_at > now())
           -- A CASE, because the planner takes a list that it does not know for one that leaves hardly a letter, and
           -- would rather sort the whole lane than walk it.
           AND CASE WHEN o.workflow = ANY ((SELECT workflows FROM paused)::text[]) THEN false
                    ELSE (o.workflow = ANY ($6::text[])) = $7::boolean END
         ORDER BY o.due_at, o.seq
         LIMIT $2::bigint + $3::bigint
     ) waiting
     WHERE lane.tenant <> ALL ($5::text[]) AND lane.tenant <> ALL ((SELECT tenants FROM paused)::text[])
     -- First every lane's share, then what is left over; some more than asked for, because others take from it, too.
     ORDER BY beyond_share, lane.priority DESC, waiting.due_at, waiting.seq
     LIMIT 4 * $2::bigint
), taken AS (
    -- Whoever comes second skips the rows that are locked, and those that were claimed meanwhile.
    SELECT o.seq, o.status AS taken_from, o.priority, o.due_at
      FROM candidate c
      JOIN email.outbox o USING (seq)
     WHERE o.status IN ('queued', 'retrying')
     ORDER BY c.beyond_share, c.priority DESC, c.due_at, c.seq
     LIMIT $2::bigint
       FOR UPDATE OF o SKIP LOCKED
), claimed AS (
    UPDATE email.outbox o
       SET status = 'in_progress', stage = 'claimed', worker = $1, token = gen_random_uuid(),
           lease_until = now() + $4::bigint * interval '1 microsecond', transport = NULL
      FROM taken
     WHERE o.seq = taken.seq
    RETURNING o.seq, o.token, taken.taken_from, taken.priority, taken.due_at
), delivery AS (
    -- The attempt counts from here on, so that a crash counts.
    UPDATE email.deliveries d
       SET status = 'in_progress', attempts = d.attempts + 1, last_error_code = NULL, last_error_message = NULL,
           last_attempted_at = now(), due_at = NULL, stage = 'claimed', last_event = jsonb_build_object('worker', $1::uuid),
           revision = d.revision + 1
      FROM claimed
     WHERE d.seq = claimed.seq
)
SELECT c.seq AS "seq!", c.token AS "token!", c.taken_from AS "before!"
  FROM claimed c
 ORDER BY c.priority DESC, c.due_at, c.seq
