-- Writes transitions, one row of arguments per letter: the record, its event (by the triggers) and its place in the
-- queue. A token fences the write; without one the caller holds the lock of the record.
WITH input AS (
    SELECT *
      FROM unnest(
        $1::bigint[], $2::uuid[], $3::text[], $4::integer[], $5::integer[], $6::text[], $7::timestamptz[],
        $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::jsonb[], $14::text[]
      ) i(seq, token, status, excused, crashes, feedback, age_from, due_in, code, detail, transport, receipt, payload,
          stage)
), fenced AS MATERIALIZED (
    -- In one order for everybody, so that no two batches wait for each other.
    SELECT o.seq, o.transport
      FROM email.outbox o
      JOIN input i USING (seq, token)
     ORDER BY o.seq
       FOR UPDATE OF o
), mine AS MATERIALIZED (
    SELECT i.*, f.transport AS handed_to, now() + i.due_in * interval '1 microsecond' AS due_at
      FROM input i
      LEFT JOIN fenced f USING (seq)
     WHERE i.token IS NULL OR f.seq IS NOT NULL
), place AS (
    -- The triggers of the deliveries take final letters out of the queue.
    UPDATE email.outbox o
       SET status = m.status, due_at = m.due_at, worker = NULL, token = NULL, lease_until = NULL, stage = m.stage,
           transport = NULL
      FROM mine m
     WHERE o.seq = m.seq AND NOT email.is_final(m.status)
)
UPDATE email.deliveries d
   SET status = m.status, excused = m.excused, crashes = m.crashes, age_from = m.age_from, due_at = m.due_at,
       stage = m.stage,
       -- What was reported while the attempt went on stands.
       feedback = email.worse_feedback(d.feedback, m.feedback),
       last_error_code = m.code, last_error_message = nullif(m.detail, ''),
       provider = coalesce(m.transport, m.handed_to, d.provider),
       provider_message_id = coalesce(m.receipt, d.provider_message_id),
       message_id = coalesce(d.message_id, (SELECT p.message_id FROM email.payloads p WHERE p.seq = d.seq)),
       last_event = m.payload, revision = d.revision + 1,
       settled_by = coalesce(m.token, d.settled_by),
       settled_as = CASE WHEN m.token IS NULL THEN d.settled_as ELSE m.status END
  FROM mine m
 WHERE d.seq = m.seq
RETURNING d.seq, m.token
