-- The lifecycle, held by the database itself: from psql, too, a letter moves only where the domain lets it move, and
-- every move leaves an event. All of it works on whole statements, never row by row.

-- Every change of status that can happen; the program's own list is compared with this one by a test.
CREATE FUNCTION email.is_move(before text, after text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (before, after) IN (
    ('queued', 'in_progress'), ('queued', 'cancelled'),
    ('in_progress', 'retrying'), ('in_progress', 'in_doubt'), ('in_progress', 'sent'), ('in_progress', 'failed'),
    ('in_progress', 'dead_letter'), ('in_progress', 'cancelled'),
    ('retrying', 'in_progress'), ('retrying', 'sent'), ('retrying', 'cancelled'),
    ('in_doubt', 'retrying'), ('in_doubt', 'sent'), ('in_doubt', 'failed'), ('in_doubt', 'dead_letter'),
    ('failed', 'queued'),
    ('dead_letter', 'queued')
);

CREATE FUNCTION email.is_final(status text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN status IN ('sent', 'failed', 'dead_letter', 'cancelled');

-- The worse of two reports: any order and repetition of them converges.
CREATE FUNCTION email.worse_feedback(one text, other text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (ARRAY['none', 'delayed', 'delivered', 'bounced', 'complained'])[greatest(
    array_position(ARRAY['none', 'delayed', 'delivered', 'bounced', 'complained'], one),
    array_position(ARRAY['none', 'delayed', 'delivered', 'bounced', 'complained'], other)
)];

-- What follows from the row alone.
CREATE FUNCTION email.touch_delivery() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, email, pg_temp
AS $$
BEGIN
    NEW.updated_at := now();
    IF NEW.status = 'sent' THEN
        NEW.sent_at := coalesce(NEW.sent_at, now());
    END IF;
    IF NOT email.is_final(NEW.status) THEN
        NEW.final_at := NULL;
    ELSIF NEW.status IS DISTINCT FROM OLD.status THEN
        NEW.final_at := now();
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER deliveries_touch BEFORE UPDATE ON email.deliveries
    FOR EACH ROW EXECUTE FUNCTION email.touch_delivery();

-- Refuses text that the program could not read back. A row written by hand must not stop a worker.
CREATE FUNCTION email.delivery_fault(
    delivery_id text, workflow text, recipient text, recipient_name text, template text, tenant_id text, provider text,
    provider_message_id text
) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(
    'delivery_id: ' || email.line_fault(delivery_id, 200),
    'workflow: ' || email.path_fault(workflow, 100),
    'recipient: ' || email.address_fault(recipient),
    'recipient_name: ' || email.line_fault(nullif(recipient_name, ''), 255),
    'template: ' || email.path_fault(template, 100),
    'tenant_id: ' || email.line_fault(tenant_id, 100),
    'provider: ' || email.path_fault(provider, 50),
    'provider_message_id: ' || email.line_fault(provider_message_id, 998)
);

CREATE FUNCTION email.after_deliveries_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, email, pg_temp
AS $$
DECLARE
    wrong text;
BEGIN
    SELECT n.status INTO wrong FROM new_rows n WHERE n.status NOT IN ('queued', 'in_progress') LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a delivery cannot begin as %; insert it as queued or in_progress', wrong
            USING ERRCODE = 'check_violation', TABLE = 'deliveries', SCHEMA = 'email', COLUMN = 'status';
    END IF;
    SELECT f.fault INTO wrong
      FROM new_rows n
     CROSS JOIN LATERAL email.delivery_fault(n.delivery_id, n.workflow, n.recipient, n.recipient_name, n.template,
                                             n.tenant_id, n.provider, n.provider_message_id) AS f(fault)
     WHERE f.fault IS NOT NULL
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '%', wrong USING ERRCODE = 'check_violation', TABLE = 'deliveries', SCHEMA = 'email';
    END IF;

    INSERT INTO email.delivery_events (delivery_id, status, attempt, error_code, error_message, payload)
    SELECT n.delivery_id, n.status, n.attempts, n.last_error_code, n.last_error_message, n.last_event
      FROM new_rows n
     ORDER BY n.seq;
    RETURN NULL;
END
$$;

CREATE TRIGGER deliveries_after_insert AFTER INSERT ON email.deliveries
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION email.after_deliveries_insert();

CREATE FUNCTION email.after_deliveries_update() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, email, pg_temp
AS $$
DECLARE
    -- What the statement did, seen in one pass.
    seen record;
    moved record;
BEGIN
    SELECT
           -- A row whose id or seq changed finds no partner in the old rows.
           bool_or(o.seq IS NULL) AS renamed,
           bool_or(n.status <> o.status AND NOT email.is_move(o.status, n.status)) AS astray,
           bool_or(n.attempts < o.attempts) AS fewer,
           max(CASE
               WHEN (n.workflow, n.recipient, n.recipient_name, n.template, n.tenant_id, n.provider,
                     n.provider_message_id)
                   IS DISTINCT FROM
                    (o.workflow, o.recipient, o.recipient_name, o.template, o.tenant_id, o.provider,
                     o.provider_message_id)
               THEN email.delivery_fault(n.delivery_id, n.workflow, n.recipient, n.recipient_name, n.template,
                                         n.tenant_id, n.provider, n.provider_message_id)
           END) AS fault,
           bool_or(n.status <> o.status OR n.revision <> o.revision) AS told,
           bool_or(n.status <> o.status AND email.is_final(n.status)) AS ended,
           bool_or(n.status <> o.status AND NOT email.is_final(n.status)) AS moved,
           bool_or(n.status = o.status AND n.due_at IS DISTINCT FROM o.due_at) AS rescheduled,
           bool_or(n.status = 'queued' AND email.is_final(o.status)) AS redriven,
           -- What somebody wants sent now: put back, hastened, or in doubt and to go again.
           bool_or(n.due_at <= now() AND (
               n.status = 'queued' AND email.is_final(o.status)
               OR n.status = 'retrying' AND o.status IN ('retrying', 'in_doubt')
           )) AS called
      INTO seen
      FROM new_rows n LEFT JOIN old_rows o USING (seq, delivery_id);

    IF seen.renamed THEN
        RAISE EXCEPTION 'the delivery_id and the seq of a delivery never change'
            USING ERRCODE = 'check_violation', TABLE = 'deliveries', SCHEMA = 'email', COLUMN = 'delivery_id';
    END IF;
    IF seen.astray THEN
        SELECT o.status AS before, n.status AS after INTO moved
          FROM new_rows n JOIN old_rows o USING (seq)
         WHERE n.status <> o.status AND NOT email.is_move(o.status, n.status)
         LIMIT 1;
        RAISE EXCEPTION 'a delivery that is % cannot become %', moved.before, moved.after
            USING ERRCODE = 'check_violation', TABLE = 'deliveries', SCHEMA = 'email', COLUMN = 'status';
    END IF;
    IF seen.fewer THEN
        RAISE EXCEPTION 'the attempts of a delivery only rise'
            USING ERRCODE = 'check_violation', TABLE = 'deliveries', SCHEMA = 'email', COLUMN = 'attempts';
    END IF;
    IF seen.fault IS NOT NULL THEN
        RAISE EXCEPTION '%', seen.fault USING ERRCODE = 'check_violation', TABLE = 'deliveries', SCHEMA = 'email';
    END IF;

    -- Whoever sets only the status leaves an event, too. What an earlier event said is not told twice: neither its
    -- payload nor, where a report moved only the feedback, its code.
    IF seen.told THEN
        INSERT INTO email.delivery_events (delivery_id, status, attempt, error_code, error_message, payload)
        SELECT n.delivery_id, n.status, n.attempts,
               CASE WHEN told.code THEN n.last_error_code END, CASE WHEN told.code THEN n.last_error_message END,
               CASE WHEN n.revision <> o.revision OR n.last_event <> o.last_event THEN n.last_event ELSE '{}' END
          FROM new_rows n
          JOIN old_rows o USING (seq)
         CROSS JOIN LATERAL (SELECT (n.status, n.last_error_code, n.last_error_message, n.due_at) IS DISTINCT FROM
                                    (o.status, o.last_error_code, o.last_error_message, o.due_at)) told(code)
         WHERE n.status <> o.status OR n.revision <> o.revision
         ORDER BY n.seq;
    END IF;

    -- The queue follows the record. Postroom's own statements have changed the queue already and find it in step;
    -- a change by hand takes the letter out of the hands of whoever held it.
    IF seen.ended THEN
        DELETE FROM email.outbox q
         USING new_rows n JOIN old_rows o USING (seq)
         WHERE q.seq = n.seq AND n.status <> o.status AND email.is_final(n.status);
    END IF;
    IF seen.moved THEN
        UPDATE email.outbox q
           SET status = n.status, due_at = coalesce(n.due_at, now()), worker = NULL, token = NULL, lease_until = NULL,
               stage = 'claimed', transport = NULL
          FROM new_rows n
         WHERE q.seq = n.seq AND q.status <> n.status;
    END IF;
    IF seen.rescheduled THEN
        UPDATE email.outbox q
           SET due_at = n.due_at
          FROM new_rows n
         WHERE q.seq = n.seq AND q.status = n.status AND q.due_at IS DISTINCT FROM n.due_at
           -- Only a letter in doubt may be held; one that waits has a due time.
           AND (n.status IN ('queued', 'retrying') AND n.due_at IS NOT NULL OR n.status = 'in_doubt');
    END IF;
    IF seen.redriven THEN
        INSERT INTO email.outbox (seq, status, tenant, priority, workflow, due_at, expires_at)
        SELECT n.seq, 'queued', coalesce(n.tenant_id, ''), n.priority, n.workflow, coalesce(n.due_at, now()),
               n.expires_at
          FROM new_rows n
          JOIN old_rows o USING (seq)
          JOIN email.payloads p ON p.seq = n.seq
         WHERE n.status = 'queued' AND email.is_final(o.status)
            ON CONFLICT (seq) DO NOTHING;
    END IF;
    IF seen.called THEN
        PERFORM email.wake();
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER deliveries_after_update AFTER UPDATE ON email.deliveries
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION email.after_deliveries_update();

-- Whoever deletes a record, say because a person asks to be forgotten, deletes all that there is of it.
CREATE FUNCTION email.after_deliveries_delete() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, email, pg_temp
AS $$
BEGIN
    DELETE FROM email.outbox q USING old_rows o WHERE q.seq = o.seq;
    DELETE FROM email.payloads p USING old_rows o WHERE p.seq = o.seq;
    DELETE FROM email.attachments a USING old_rows o WHERE a.seq = o.seq;
    DELETE FROM email.idempotency i USING old_rows o WHERE i.delivery = o.delivery_id;
    DELETE FROM email.reports r USING old_rows o WHERE r.delivery_id = o.delivery_id;
    DELETE FROM email.relay r USING old_rows o WHERE r.delivery_id = o.delivery_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER deliveries_after_delete AFTER DELETE ON email.deliveries
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION email.after_deliveries_delete();

-- Every enabled consumer gets every event, in the transaction that made it.
CREATE FUNCTION email.after_events_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, email, pg_temp
AS $$
BEGIN
    INSERT INTO email.relay (consumer, event, delivery_id)
    SELECT c.consumer, e.id, e.delivery_id
      FROM new_rows e CROSS JOIN email.relay_consumers c
     WHERE c.enabled;
    RETURN NULL;
END
$$;

CREATE TRIGGER delivery_events_relay AFTER INSERT ON email.delivery_events
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION email.after_events_insert();
