-- The queue: small hot rows of undone work, and what lies beside them.

-- One row per undone letter that Postroom itself sends; gone when the delivery is final, so that its cost does not
-- grow with history. A delivery without such a row is only tracked. No foreign key: the triggers of the deliveries
-- keep the two in step, set by set, where a foreign key would look each row up.
CREATE TABLE email.outbox (
    seq         bigint PRIMARY KEY,
    status      text NOT NULL CHECK (status IN ('queued', 'in_progress', 'retrying', 'in_doubt')),
    -- The lane: one tenant's letters of one priority. '' is no tenant.
    tenant      text NOT NULL DEFAULT '',
    priority    smallint NOT NULL,
    -- Here, too, so that a claim passes over paused ones without looking at their records.
    workflow    text NOT NULL,
    -- NULL: held until somebody decides.
    due_at      timestamptz,
    expires_at  timestamptz,
    worker      uuid,
    -- The fence: fresh with every claim, and every later write names it.
    token       uuid,
    lease_until timestamptz,
    stage       text NOT NULL DEFAULT 'claimed' CHECK (stage IN ('claimed', 'handover')),
    transport   text
) WITH (
    -- Room for updates in place, and a vacuum that comes often: rows live for seconds.
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 500,
    autovacuum_analyze_scale_factor = 0.05,
    autovacuum_vacuum_cost_delay = 0
);

-- lease_until, stage and transport are in no index and no predicate: extend and ready update in place.
CREATE INDEX outbox_waiting ON email.outbox (priority, tenant, due_at, seq) WHERE status IN ('queued', 'retrying');
CREATE INDEX outbox_in_progress ON email.outbox (worker) WHERE status = 'in_progress';
CREATE INDEX outbox_in_doubt ON email.outbox (due_at) WHERE status = 'in_doubt';
CREATE INDEX outbox_expiring ON email.outbox (expires_at)
    WHERE expires_at IS NOT NULL AND status IN ('queued', 'retrying');

-- What the letter says; no body lies in a hot row. Purged after retention.
CREATE TABLE email.payloads (
    seq              bigint PRIMARY KEY,
    created_at       timestamptz NOT NULL DEFAULT now(),
    data             jsonb NOT NULL CHECK (jsonb_typeof(data) = 'object'),
    -- The language that it is wanted in; NULL leaves it to the workflow.
    locale           text,
    subject          text,
    reply_to         text,
    headers          jsonb NOT NULL DEFAULT '[]',
    -- Frozen by the first ready: the same bytes travel at every attempt.
    frozen           bytea,
    mail_from        text,
    rcpt_to          text,
    message_id       text,
    rendered_subject text,
    template_version text,
    -- The language variant that was rendered; NULL is the base.
    rendered_locale  text,
    CHECK (frozen IS NULL
        OR num_nulls(mail_from, rcpt_to, message_id, rendered_subject, template_version) = 0)
);

-- A final letter became so after its content was stored: the sweep looks only at content that is old enough.
CREATE INDEX payloads_created_at ON email.payloads (created_at);

-- The caller's name for "this very letter".
CREATE TABLE email.idempotency (
    -- '' is no tenant.
    tenant      text NOT NULL,
    key         text NOT NULL,
    delivery    text COLLATE "C" NOT NULL,
    -- Of the letter's content. Gone with the content, because the plain hash of a six-digit code is the code.
    fingerprint bytea,
    expires_at  timestamptz NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (tenant, key)
);

CREATE INDEX idempotency_delivery ON email.idempotency (delivery);
CREATE INDEX idempotency_expires_at ON email.idempotency (expires_at);

-- One row per start of a worker process.
CREATE TABLE email.workers (
    worker_id  uuid PRIMARY KEY,
    label      text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    beat_at    timestamptz NOT NULL DEFAULT now(),
    idle       boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- Three missed beats of two seconds.
CREATE FUNCTION email.is_alive(beat_at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
RETURN beat_at > now() - interval '6 seconds';

-- Whether a claim still holds: its lease has not run out and its worker beats. A worker that never registered has
-- its lease only.
CREATE FUNCTION email.is_held(worker uuid, lease_until timestamptz) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(lease_until > now(), false) AND NOT EXISTS (
    SELECT FROM email.workers w WHERE w.worker_id = worker AND NOT email.is_alive(w.beat_at)
);

-- Wakes waiting workers at commit. A notice at every commit would cost more than half of the throughput of several
-- producers, so there is none while everybody works. Nor is there one while somebody who listens and never hears
-- lets the server's queue of notices fill up: a commit with a notice would fail once it is full, and polling finds the
-- letters as well.
CREATE FUNCTION email.wake() RETURNS void
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT pg_notify('postroom', '')
     WHERE EXISTS (SELECT FROM email.workers w WHERE w.idle AND email.is_alive(w.beat_at))
       AND pg_notification_queue_usage() < 0.5;
END;

-- Which reports of providers were recorded, so that each is recorded once.
CREATE TABLE email.reports (
    transport   text NOT NULL,
    event_id    text NOT NULL,
    delivery_id text COLLATE "C" NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT reports_pkey PRIMARY KEY (transport, event_id)
);

CREATE INDEX reports_delivery ON email.reports (delivery_id);

-- Who wants to hear of every event.
CREATE TABLE email.relay_consumers (
    consumer text PRIMARY KEY,
    enabled  boolean NOT NULL DEFAULT true
);

-- One row per event and consumer, removed when done. Nobody reads the events by "id > last": a lower id can commit
-- later than a higher one.
CREATE TABLE email.relay (
    consumer    text NOT NULL REFERENCES email.relay_consumers ON DELETE CASCADE,
    event       bigint NOT NULL,
    delivery_id text COLLATE "C" NOT NULL,
    due_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT relay_pkey PRIMARY KEY (consumer, event)
);

CREATE INDEX relay_delivery ON email.relay (delivery_id);
