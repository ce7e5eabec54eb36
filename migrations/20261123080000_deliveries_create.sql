-- The record: one row per letter and recipient, one row per event of its life.

-- The eight statuses as a type, for views and function results. The column itself is text with a CHECK, so that a
-- status can be added in one short transaction and outside writers need no cast.
CREATE TYPE email.delivery_status AS ENUM (
    'queued', 'in_progress', 'retrying', 'in_doubt', 'sent', 'failed', 'dead_letter', 'cancelled'
);

-- What is wrong with one printable line of text, or NULL. Control characters, line separators, bidirectional
-- overrides and non-characters are refused, never stripped: they forge headers or how a line reads.
CREATE FUNCTION email.line_fault(value text, most integer) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN value = '' THEN 'is empty; give it a value'
    WHEN octet_length(value) > most
        THEN 'is ' || octet_length(value)::text || ' bytes long; at most ' || most::text || ' are accepted'
    WHEN value ~ '[\u0001-\u001f\u007f-\u009f\u2028\u2029]' THEN 'contains a line break or a control character; remove it'
    WHEN value ~ '[\u202a-\u202e\u2066-\u2069]' THEN 'contains a bidirectional override; remove it'
    WHEN value ~ '[\ufdd0-\ufdef\ufffe\uffff\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0003fffe\U0003ffff\U0004fffe\U0004ffff\U0005fffe\U0005ffff\U0006fffe\U0006ffff\U0007fffe\U0007ffff\U0008fffe\U0008ffff\U0009fffe\U0009ffff\U000afffe\U000affff\U000bfffe\U000bffff\U000cfffe\U000cffff\U000dfffe\U000dffff\U000efffe\U000effff\U000ffffe\U000fffff\U0010fffe\U0010ffff]'
        THEN 'contains a Unicode non-character; remove it'
END;

-- What is wrong with a name such as 'invite' or 'admin/tfa', or NULL.
CREATE FUNCTION email.path_fault(value text, most integer) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN value IS NULL THEN NULL
    WHEN value ~ '^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*$' AND octet_length(value) <= most THEN NULL
    ELSE coalesce(
        email.line_fault(value, most),
        'is not a name; use lower-case letters, digits, ''-'', ''_'' and ''.'', with ''/'' between folders'
    )
END;

-- Whether a domain cannot be one: too few labels, a label that cannot be one, or a last label of digits alone.
CREATE FUNCTION email.domain_fault(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value !~ '^([^\u0001-,./:-`{-\u00a0-][^\u0001-,./:-`{-\u00a0]{0,62}\.)+[^\u0001-,./:-`{-\u00a0-][^\u0001-,./:-`{-\u00a0]{0,62}$'
    OR value ~ '-(\.|$)' OR value ~ '\.[0-9]+$';

-- What is wrong with an email address, or NULL: the shape of RFC 5321's mailbox, without comments, quotes, literals
-- or dotless domains. Workers parse it once more, with the whole grammar and IDNA.
CREATE FUNCTION email.address_fault(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN octet_length(value) > 254 THEN 'is longer than 254 bytes, the most that SMTP can carry'
    WHEN email.line_fault(value, 254) IS NOT NULL THEN email.line_fault(value, 254)
    WHEN value !~ '@[^@]+$' THEN 'has no domain; write it as name@example.org'
    -- Classes are written as what they exclude: long ranges of characters take PostgreSQL long to compile.
    WHEN value ~ '[[:space:]\u00a0\u1680\u2000-\u200f\u202f\u205f\u3000\ufeff]'
        OR octet_length(substring(value from '^(.*)@')) > 64
        OR value !~ '^[^]["(),:;<>@.\\]+(\.[^]["(),:;<>@.\\]+)*@[^@]+$'
        THEN 'is not an email address; write it as name@example.org'
    WHEN email.domain_fault(lower(substring(value from '@([^@]+)$'))) THEN 'has a domain that cannot exist; check its spelling'
END;

CREATE TABLE email.deliveries (
    delivery_id         text COLLATE "C" PRIMARY KEY,
    workflow            text NOT NULL,
    recipient           text NOT NULL,
    status              text NOT NULL DEFAULT 'queued' CONSTRAINT deliveries_status CHECK (status IN (
        'queued', 'in_progress', 'retrying', 'in_doubt', 'sent', 'failed', 'dead_letter', 'cancelled'
    )),
    attempts            integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    last_error_code     text,
    last_error_message  text,
    last_attempted_at   timestamptz,
    queued_at           timestamptz NOT NULL DEFAULT now(),
    sent_at             timestamptz,
    metadata            jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    -- The short key that the queue's own tables share with this one.
    seq                 bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    tenant_id           text,
    template            text,
    recipient_name      text,
    priority            smallint NOT NULL DEFAULT 5 CHECK (priority BETWEEN 0 AND 9),
    -- NULL: the workflow's policy decides.
    max_attempts        integer CHECK (max_attempts > 0),
    -- When it is looked at again; NULL where nothing happens by itself.
    due_at              timestamptz,
    expires_at          timestamptz,
    -- Since when its age counts: the later of enqueue and first due time, or the last redrive.
    age_from            timestamptz NOT NULL DEFAULT now(),
    source_type         text,
    source_id           text,
    provider            text,
    provider_message_id text,
    message_id          text,
    feedback            text NOT NULL DEFAULT 'none'
        CHECK (feedback IN ('none', 'delayed', 'delivered', 'bounced', 'complained')),
    excused             integer NOT NULL DEFAULT 0 CHECK (excused >= 0),
    crashes             integer NOT NULL DEFAULT 0 CHECK (crashes >= 0),
    -- How far its last claim had come when it ended: whether a byte of it may have left.
    stage               text NOT NULL DEFAULT 'claimed' CHECK (stage IN ('claimed', 'handover')),
    -- Since when it is final; content is kept for a while from then on.
    final_at            timestamptz,
    -- What the next event remembers beside the columns: set it together with the status.
    last_event          jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(last_event) = 'object'),
    -- Rises with each transition of Postroom's own, so that one that keeps the status has its event too.
    revision            integer NOT NULL DEFAULT 0,
    -- The token of the claim that a settlement ended last, and the status it led to: a worker that never heard of the
    -- commit asks again, and is told that it was done.
    settled_by          uuid,
    settled_as          text,
    -- Times that every program can read.
    CONSTRAINT deliveries_times CHECK (
        least(due_at, expires_at, age_from, queued_at, created_at, last_attempted_at, sent_at) > '0001-01-01 00:00Z'
        AND greatest(due_at, expires_at, age_from, queued_at, created_at, last_attempted_at, sent_at)
            < '9999-12-30 00:00Z'
    )
);

CREATE INDEX deliveries_status_updated_at ON email.deliveries (status, updated_at);
CREATE INDEX deliveries_recipient_updated_at ON email.deliveries (recipient, updated_at);
-- Pages of a search.
CREATE INDEX deliveries_queued_at ON email.deliveries (queued_at, delivery_id);
CREATE INDEX deliveries_tenant ON email.deliveries (tenant_id, queued_at, delivery_id) WHERE tenant_id IS NOT NULL;
CREATE INDEX deliveries_source ON email.deliveries (source_id, source_type) WHERE source_id IS NOT NULL;

CREATE TABLE email.delivery_events (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id   text COLLATE "C" NOT NULL REFERENCES email.deliveries ON DELETE CASCADE,
    status        text NOT NULL,
    attempt       integer NOT NULL,
    error_code    text,
    error_message text,
    payload       jsonb NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The id rises in the order of commits for any one delivery, because its row is locked until the commit.
CREATE INDEX delivery_events_delivery ON email.delivery_events (delivery_id, id);
