-- The door. Rust's enqueue, the caller's own transaction and plain SQL all end in email.enqueue_batch.

-- A version 7 UUID (RFC 9562): 48 bits of milliseconds, then chance.
CREATE FUNCTION email.uuid_v7() RETURNS uuid
    LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN encode(
    set_bit(
        set_bit(
            overlay(
                uuid_send(gen_random_uuid())
                PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                FROM 1 FOR 6
            ),
            -- Version 4, which gen_random_uuid made, becomes 7.
            52, 1
        ),
        53, 1
    ),
    'hex'
)::uuid;

-- One letter as it was read, or what is wrong with it.
CREATE TYPE email.letter AS (
    ord             bigint,
    field           text,
    reason          text,
    delivery_id     text,
    workflow        text,
    template        text,
    recipient       text,
    recipient_name  text,
    data            jsonb,
    locale          text,
    subject         text,
    reply_to        text,
    headers         jsonb,
    attachments     email.attachment[],
    tenant_id       text,
    source_type     text,
    source_id       text,
    priority        smallint,
    metadata        jsonb,
    idempotency_key text,
    due_at          timestamptz,
    expires_at      timestamptz,
    max_attempts    integer,
    fingerprint     bytea
);

-- The point in time that a text names, or NULL; also where it is none that a delivery can have (deliveries_times).
CREATE FUNCTION email.read_time(value text) RETURNS timestamptz
    LANGUAGE plpgsql STABLE STRICT
    SET search_path = pg_catalog, email, pg_temp
    SET datestyle = 'ISO, YMD'
AS $$
DECLARE
    at timestamptz;
BEGIN
    IF value !~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)$' THEN
        RETURN NULL;
    END IF;
    at := value::timestamptz;
    RETURN CASE WHEN at > '0001-01-01 00:00Z' AND at < '9999-12-30 00:00Z' THEN at END;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;

-- The whole number of a JSON value within bounds, or NULL.
CREATE FUNCTION email.read_number(value jsonb, fewest bigint, most bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN jsonb_typeof(value) = 'number' AND value::numeric % 1 = 0 AND value::numeric BETWEEN fewest AND most
        THEN value::numeric::bigint
END;

-- An address with its domain in lower case, so that one address is one text.
CREATE FUNCTION email.plain_address(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN substring(value FROM '^(.*@)[^@]*$') || lower(substring(value FROM '^.*@([^@]*)$'));

-- Extra headers as a list of {name, value}: given so, or as one object {"X-Campaign": "spring"}.
CREATE FUNCTION email.read_headers(headers jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN jsonb_typeof(headers) <> 'object' THEN headers
    ELSE coalesce((SELECT jsonb_agg(jsonb_build_object('name', h.key, 'value', h.value)) FROM jsonb_each(headers) h), '[]')
END;

-- What is wrong with a list of extra headers, or no row.
CREATE FUNCTION email.headers_fault(headers jsonb, OUT field text, OUT reason text) RETURNS record
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT f.field, f.reason
      FROM (
        SELECT 0 AS place, 'headers' AS field, 'are more than 20; send fewer' AS reason
         WHERE jsonb_array_length(headers) > 20
        UNION ALL
        SELECT h.place,
               CASE WHEN h.name ~ '^[A-Za-z0-9_-]{1,76}$' THEN 'headers.' || h.name ELSE 'headers' END,
               CASE
                   WHEN h.name IS NULL OR h.name !~ '^[A-Za-z0-9_-]{1,76}$'
                       THEN 'has a name that is no header name; use letters, digits and ''-'''
                   -- The envelope, the MIME structure, and what claims an origin or a trace.
                   WHEN lower(h.name) IN (
                           'from', 'to', 'cc', 'bcc', 'subject', 'date', 'sender', 'reply-to', 'message-id',
                           'mime-version', 'received', 'return-path', 'auto-submitted', 'delivered-to',
                           'dkim-signature'
                       ) OR lower(h.name) ~ '^(content-|resent-|arc-|x-postroom-)'
                       THEN 'is written by Postroom itself; leave it out'
                   WHEN h.value IS NULL THEN 'must be text'
                   ELSE email.line_fault(h.value, 900)
               END
          FROM (
            SELECT e.place,
                   CASE WHEN jsonb_typeof(e.value -> 'name') = 'string' THEN e.value ->> 'name' END AS name,
                   CASE WHEN jsonb_typeof(e.value -> 'value') = 'string' THEN e.value ->> 'value' END AS value
              FROM jsonb_array_elements(headers) WITH ORDINALITY e(value, place)
          ) h
      ) f
     WHERE f.reason IS NOT NULL
     ORDER BY f.place
     LIMIT 1;
END;

-- Reads one letter and says what is wrong with it first: its shape, then each field, then its fields against each
-- other. Values are never repeated: they are addresses, names and codes.
CREATE FUNCTION email.read_letter(ord bigint, raw jsonb) RETURNS email.letter
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, email, pg_temp
AS $$
DECLARE
    l email.letter;
    only_tenant text := nullif(current_setting('email.tenant', true), '');
    fields constant text[] := ARRAY[
        'workflow', 'template', 'recipient', 'data', 'recipient_name', 'subject', 'delivery_id', 'idempotency_key',
        'due_at', 'expires_at', 'priority', 'tenant_id', 'source_type', 'source_id', 'reply_to', 'headers',
        'metadata', 'max_attempts', 'locale', 'attachments'
    ];
    types constant text[] := ARRAY[
        'string', 'string', 'string', 'object', 'string', 'string', 'string', 'string',
        'string', 'string', 'number', 'string', 'string', 'string', 'string', 'array',
        'object', 'number', 'string', 'array'
    ];
    faults text[];
BEGIN
    l.ord := ord;
    IF jsonb_typeof(raw) IS DISTINCT FROM 'object' THEN
        l.field := 'letter';
        l.reason := 'must be a JSON object';
        RETURN l;
    END IF;
    SELECT regexp_replace(left(k, 50), '[^A-Za-z0-9_.-]', '?', 'g') INTO l.field
      FROM jsonb_object_keys(raw - fields) k
     LIMIT 1;
    IF FOUND THEN
        l.reason := 'is not a field of a letter';
        RETURN l;
    END IF;
    FOR i IN 1 .. cardinality(fields) LOOP
        -- Headers may be an object, too.
        IF jsonb_typeof(raw -> fields[i])
            NOT IN ('null', types[i], CASE fields[i] WHEN 'headers' THEN 'object' ELSE 'null' END)
        THEN
            l.field := fields[i];
            l.reason := 'must be of the JSON type ' || types[i];
            RETURN l;
        END IF;
    END LOOP;

    l.delivery_id := coalesce(raw ->> 'delivery_id', email.uuid_v7()::text);
    l.workflow := raw ->> 'workflow';
    l.template := raw ->> 'template';
    l.recipient := raw ->> 'recipient';
    l.recipient_name := nullif(btrim(raw ->> 'recipient_name'), '');
    l.data := nullif(raw -> 'data', 'null');
    l.locale := replace(lower(raw ->> 'locale'), '_', '-');
    l.subject := raw ->> 'subject';
    l.reply_to := raw ->> 'reply_to';
    l.headers := email.read_headers(coalesce(nullif(raw -> 'headers', 'null'), '[]'));
    l.tenant_id := raw ->> 'tenant_id';
    l.source_type := raw ->> 'source_type';
    l.source_id := raw ->> 'source_id';
    l.priority := email.read_number(coalesce(nullif(raw -> 'priority', 'null'), '5'), 0, 9);
    l.metadata := coalesce(nullif(raw -> 'metadata', 'null'), '{}');
    l.idempotency_key := raw ->> 'idempotency_key';
    l.due_at := email.read_time(raw ->> 'due_at');
    l.expires_at := email.read_time(raw ->> 'expires_at');
    l.max_attempts := email.read_number(nullif(raw -> 'max_attempts', 'null'), 1, 2147483647);

    -- One expression, field by field, which PostgreSQL compiles once per session. It writes a space behind each ','
    -- and ':' of JSON, so sizes are measured generously here.
    faults := ARRAY[
        'workflow', CASE WHEN l.workflow IS NULL THEN 'is missing' ELSE email.path_fault(l.workflow, 100) END,
        'template', CASE WHEN l.template IS NULL THEN 'is missing' ELSE email.path_fault(l.template, 100) END,
        'recipient', CASE WHEN l.recipient IS NULL THEN 'is missing' ELSE email.address_fault(l.recipient) END,
        'data', CASE
            WHEN l.data IS NULL THEN 'is missing'
            WHEN octet_length(l.data::text) > 262144 * 3 / 2 THEN 'is larger than 262144 bytes of JSON'
        END,
        'recipient_name', email.line_fault(l.recipient_name, 255),
        'locale', CASE
            WHEN l.locale !~ '^[a-z]{2,3}(-[a-z0-9]{2,8})*$' OR octet_length(l.locale) > 35
                THEN 'is not a language; write it as de, pt-BR or zh-Hant'
        END,
        'subject', email.line_fault(l.subject, 500),
        'reply_to', email.address_fault(l.reply_to),
        'delivery_id', email.line_fault(l.delivery_id, 200),
        'tenant_id', email.line_fault(l.tenant_id, 100),
        'tenant_id', CASE
            WHEN l.tenant_id IS DISTINCT FROM only_tenant AND only_tenant IS NOT NULL
                THEN 'must be the tenant that this session is set to (email.tenant)'
        END,
        'source_type', email.line_fault(l.source_type, 200),
        'source_id', email.line_fault(l.source_id, 200),
        'priority', CASE
            WHEN l.priority IS NULL THEN 'must be a whole number from 0 (bulk) to 9 (most urgent)'
        END,
        'metadata', CASE
            WHEN octet_length(l.metadata::text) > 16384 * 3 / 2 THEN 'is larger than 16384 bytes of JSON'
        END,
        'idempotency_key', email.line_fault(l.idempotency_key, 200),
        'due_at', CASE
            WHEN l.due_at IS NULL AND raw ->> 'due_at' IS NOT NULL
                THEN 'is not a time; write it as 2030-01-31T08:00:00Z'
            WHEN l.due_at >= l.expires_at THEN 'must lie before expires_at; otherwise the letter could never be sent'
        END,
        'expires_at', CASE
            WHEN l.expires_at IS NULL AND raw ->> 'expires_at' IS NOT NULL
                THEN 'is not a time; write it as 2030-01-31T08:00:00Z'
        END,
        'max_attempts', CASE
            WHEN l.max_attempts IS NULL AND raw ->> 'max_attempts' IS NOT NULL THEN 'must be 1 or more'
        END
    ];
    FOR i IN 1 .. cardinality(faults) / 2 LOOP
        IF faults[2 * i] IS NOT NULL THEN
            l.field := faults[2 * i - 1];
            l.reason := faults[2 * i];
            RETURN l;
        END IF;
    END LOOP;
    IF l.headers <> '[]' THEN
        SELECT f.field, f.reason INTO l.field, l.reason FROM email.headers_fault(l.headers) f;
    END IF;
    l.attachments := '{}';
    IF l.reason IS NULL AND jsonb_array_length(nullif(raw -> 'attachments', 'null')) > 0 THEN
        SELECT f.files, f.field, f.reason INTO l.attachments, l.field, l.reason
          FROM email.read_attachments(raw -> 'attachments') f;
    END IF;

    l.recipient := email.plain_address(l.recipient);
    l.reply_to := email.plain_address(l.reply_to);
    IF l.idempotency_key IS NOT NULL AND l.reason IS NULL THEN
        -- What the letter says, however it was spelled: jsonb has one text for one value. The ids and times that a
        -- caller makes anew at each try are no part of it.
        l.fingerprint := sha256(convert_to(jsonb_build_array(
            l.workflow, l.template, l.recipient, l.recipient_name, l.data, l.locale, l.subject, l.reply_to, l.headers,
            l.tenant_id, l.source_type, l.source_id, l.priority, l.metadata,
            (SELECT jsonb_agg(jsonb_build_array(
                        f.filename, f.content_type, f.content_id, encode(sha256(f.content), 'hex')
                    ) ORDER BY f.place)
               FROM unnest(l.attachments) WITH ORDINALITY f(filename, content_type, content_id, content, place))
        )::text, 'UTF8'));
    END IF;
    RETURN l;
END
$$;

-- Stores letters of which no two share a delivery id or an idempotency key.
CREATE FUNCTION email.store_letters(letters email.letter[])
    RETURNS TABLE (ord bigint, delivery_id text, outcome text, field text, reason text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, email, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    won bigint[];
    stored text[];
BEGIN
    -- A key that another transaction is about to take makes this one wait: if that one commits, the row is found and
    -- left as it is; if it rolls back, the key is ours. An expired key is taken over. One order for everybody, so
    -- that no two callers wait for each other.
    WITH taken AS (
        INSERT INTO email.idempotency AS known (tenant, key, delivery, fingerprint, expires_at)
        SELECT coalesce(l.tenant_id, ''), l.idempotency_key, l.delivery_id, l.fingerprint, now() + interval '24 hours'
          FROM unnest(letters) l
         WHERE l.idempotency_key IS NOT NULL
         ORDER BY 1, 2
            ON CONFLICT ON CONSTRAINT idempotency_pkey DO UPDATE
           SET delivery = excluded.delivery, fingerprint = excluded.fingerprint, expires_at = excluded.expires_at
         WHERE known.expires_at <= now()
        RETURNING known.tenant, known.key
    )
    SELECT array_agg(l.ord) INTO won
      FROM taken t JOIN unnest(letters) l ON l.idempotency_key = t.key AND coalesce(l.tenant_id, '') = t.tenant;
    won := coalesce(won, '{}');

    -- Without a fingerprint the content is past its retention, and nothing is left to compare with.
    RETURN QUERY
    SELECT l.ord,
           CASE WHEN s.same THEN known.delivery END,
           CASE WHEN s.same THEN 'existing' ELSE 'refused' END,
           CASE WHEN NOT s.same THEN 'idempotency_key' END,
           CASE WHEN NOT s.same THEN 'names an earlier letter with other content; use another key' END
      FROM unnest(letters) l
      JOIN email.idempotency known
        ON known.tenant = coalesce(l.tenant_id, '') AND known.key = l.idempotency_key
     CROSS JOIN LATERAL (SELECT coalesce(known.fingerprint = l.fingerprint, true)) s(same)
     WHERE l.ord <> ALL (won);

    WITH mine AS MATERIALIZED (
        SELECT l.* FROM unnest(letters) l WHERE l.idempotency_key IS NULL OR l.ord = ANY (won)
    ), delivery AS (
        INSERT INTO email.deliveries (
            delivery_id, workflow, recipient, status, metadata, tenant_id, template, recipient_name, priority,
            max_attempts, due_at, expires_at, age_from, source_type, source_id
        )
        SELECT l.delivery_id, l.workflow, l.recipient, 'queued', l.metadata, l.tenant_id, l.template,
               l.recipient_name, l.priority, l.max_attempts, coalesce(l.due_at, now()), l.expires_at,
               greatest(l.due_at, now()), l.source_type, l.source_id
          FROM mine l
         ORDER BY l.ord
            ON CONFLICT (delivery_id) DO NOTHING
        RETURNING seq, delivery_id, tenant_id, priority, workflow, due_at, expires_at
    ), place AS (
        INSERT INTO email.outbox (seq, status, tenant, priority, workflow, due_at, expires_at)
        SELECT d.seq, 'queued', coalesce(d.tenant_id, ''), d.priority, d.workflow, d.due_at, d.expires_at
          FROM delivery d
    ), content AS (
        INSERT INTO email.payloads (seq, data, locale, subject, reply_to, headers, attachments)
        SELECT d.seq, l.data, l.locale, l.subject, l.reply_to, l.headers, cardinality(l.attachments)
          FROM delivery d JOIN mine l USING (delivery_id)
    ), files AS (
        INSERT INTO email.attachments (seq, position, filename, content_type, content_id, content)
        SELECT d.seq, f.place, f.filename, f.content_type, f.content_id, f.content
          FROM delivery d
          JOIN mine l USING (delivery_id)
         CROSS JOIN LATERAL unnest(l.attachments)
                    WITH ORDINALITY f(filename, content_type, content_id, content, place)
    )
    SELECT array_agg(d.delivery_id) INTO stored FROM delivery d;
    stored := coalesce(stored, '{}');

    -- A letter whose id was taken leaves nothing behind, its key neither.
    DELETE FROM email.idempotency known
     USING unnest(letters) l
     WHERE known.tenant = coalesce(l.tenant_id, '') AND known.key = l.idempotency_key
       AND l.ord = ANY (won) AND l.delivery_id <> ALL (stored);

    RETURN QUERY
    SELECT l.ord,
           CASE WHEN s.new THEN l.delivery_id END,
           CASE WHEN s.new THEN 'new' ELSE 'refused' END,
           CASE WHEN NOT s.new THEN 'delivery_id' END,
           CASE WHEN NOT s.new THEN 'is taken by another delivery; use another id' END
      FROM unnest(letters) l
     CROSS JOIN LATERAL (SELECT l.delivery_id = ANY (stored)) s(new)
     WHERE l.idempotency_key IS NULL OR l.ord = ANY (won);
END
$$;

-- Takes letters, each on its own account: one row per letter. `outcome` is new, existing (the same idempotency key
-- and content came before; delivery_id is the first one's) or refused (field and reason say why).
CREATE FUNCTION email.enqueue_batch(letters jsonb)
    RETURNS TABLE (ord bigint, delivery_id text, outcome text, field text, reason text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, email, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    read email.letter[];
    good email.letter[];
    one email.letter;
    due boolean;
BEGIN
    IF jsonb_typeof(letters) IS DISTINCT FROM 'array' THEN
        RAISE EXCEPTION 'letters: must be a JSON array' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT array_agg(email.read_letter(e.ord, e.value) ORDER BY e.ord) INTO read
      FROM jsonb_array_elements(letters) WITH ORDINALITY e(value, ord);
    RETURN QUERY
    SELECT l.ord, NULL::text, 'refused', l.field, l.reason FROM unnest(read) l WHERE l.reason IS NOT NULL;

    SELECT array_agg(l ORDER BY l.ord), bool_or(l.due_at IS NULL OR l.due_at <= now()) INTO good, due
      FROM unnest(read) l
     WHERE l.reason IS NULL;
    IF good IS NULL THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM unnest(good) l GROUP BY l.delivery_id HAVING count(*) > 1)
        OR EXISTS (
            SELECT FROM unnest(good) l WHERE l.idempotency_key IS NOT NULL
             GROUP BY coalesce(l.tenant_id, ''), l.idempotency_key HAVING count(*) > 1
        )
    THEN
        -- What one letter leaves decides about the next: one after the other.
        FOREACH one IN ARRAY good LOOP
            RETURN QUERY SELECT * FROM email.store_letters(ARRAY[one]);
        END LOOP;
    ELSE
        RETURN QUERY SELECT * FROM email.store_letters(good);
    END IF;
    IF due THEN
        PERFORM email.wake();
    END IF;
END
$$;

-- Takes one letter and returns its delivery id; raises 22023 with the field in front where it is refused. It joins
-- the caller's transaction: it is sent if and only if that commits.
CREATE FUNCTION email.enqueue(
    workflow        text,
    template        text,
    recipient       text,
    data            jsonb       DEFAULT '{}',
    recipient_name  text        DEFAULT NULL,
    subject         text        DEFAULT NULL,
    delivery_id     text        DEFAULT NULL,
    idempotency_key text        DEFAULT NULL,
    due_at          timestamptz DEFAULT NULL,
    expires_at      timestamptz DEFAULT NULL,
    priority        integer     DEFAULT NULL,
    tenant_id       text        DEFAULT NULL,
    source_type     text        DEFAULT NULL,
    source_id       text        DEFAULT NULL,
    reply_to        text        DEFAULT NULL,
    headers         jsonb       DEFAULT NULL,
    metadata        jsonb       DEFAULT NULL,
    max_attempts    integer     DEFAULT NULL,
    locale          text        DEFAULT NULL,
    attachments     jsonb       DEFAULT NULL
) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, email, pg_temp
AS $$
DECLARE
    answer record;
BEGIN
    SELECT * INTO STRICT answer FROM email.enqueue_batch(jsonb_build_array(jsonb_build_object(
        'workflow', workflow, 'template', template, 'recipient', recipient, 'data', data,
        'recipient_name', recipient_name, 'subject', subject, 'delivery_id', delivery_id,
        'idempotency_key', idempotency_key, 'due_at', due_at, 'expires_at', expires_at, 'priority', priority,
        'tenant_id', tenant_id, 'source_type', source_type, 'source_id', source_id, 'reply_to', reply_to,
        'headers', headers, 'metadata', metadata, 'max_attempts', max_attempts, 'locale', locale,
        'attachments', attachments
    )));
    IF answer.outcome = 'refused' THEN
        RAISE EXCEPTION '%: %', answer.field, answer.reason
            USING ERRCODE = 'invalid_parameter_value', COLUMN = answer.field;
    END IF;
    RETURN answer.delivery_id;
END
$$;

-- Whoever may use the schema must not enqueue for that alone: the rights are granted by name.
REVOKE EXECUTE ON FUNCTION email.enqueue_batch(jsonb) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION email.enqueue FROM PUBLIC;
