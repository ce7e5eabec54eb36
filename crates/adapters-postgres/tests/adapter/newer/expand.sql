-- A migration of the release after this one, as migrations/README.md allows it: everything that a first release may do
-- to a schema that programs of the release before still use. It is applied by tests alone.

-- Add a column: nullable, or with a constant default.
ALTER TABLE email.deliveries ADD COLUMN region text, ADD COLUMN shard integer NOT NULL DEFAULT 0;
ALTER TABLE email.delivery_events ADD COLUMN region text, ADD COLUMN weight integer NOT NULL DEFAULT 1;
ALTER TABLE email.outbox ADD COLUMN region text, ADD COLUMN shard integer NOT NULL DEFAULT 0;
ALTER TABLE email.payloads ADD COLUMN region text, ADD COLUMN compressed boolean NOT NULL DEFAULT false;
ALTER TABLE email.idempotency ADD COLUMN region text;
ALTER TABLE email.workers ADD COLUMN region text, ADD COLUMN release text NOT NULL DEFAULT '';
ALTER TABLE email.pauses ADD COLUMN region text;

-- Make one mandatory, for rows to come and then for all.
ALTER TABLE email.deliveries ADD CONSTRAINT deliveries_shard CHECK (shard >= 0) NOT VALID;
ALTER TABLE email.deliveries VALIDATE CONSTRAINT deliveries_shard;

-- Rename a column: add the new one, filled from the old.
ALTER TABLE email.deliveries ADD COLUMN reference text GENERATED ALWAYS AS (source_id) STORED;

-- Add a status: constraints, enum and guard learn it.
ALTER TABLE email.deliveries DROP CONSTRAINT deliveries_status;
ALTER TABLE email.deliveries ADD CONSTRAINT deliveries_status CHECK (status IN (
    'queued', 'in_progress', 'retrying', 'in_doubt', 'sent', 'failed', 'dead_letter', 'cancelled', 'suspended'
)) NOT VALID;
ALTER TABLE email.outbox DROP CONSTRAINT outbox_status_check;
ALTER TABLE email.outbox ADD CONSTRAINT outbox_status_check
    CHECK (status IN ('queued', 'in_progress', 'retrying', 'in_doubt', 'suspended')) NOT VALID;
ALTER TYPE email.delivery_status ADD VALUE 'suspended';
CREATE OR REPLACE FUNCTION email.is_move(before text, after text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (before, after) IN (
    ('queued', 'in_progress'), ('queued', 'cancelled'), ('queued', 'suspended'), ('suspended', 'queued'),
    ('in_progress', 'retrying'), ('in_progress', 'in_doubt'), ('in_progress', 'sent'), ('in_progress', 'failed'),
    ('in_progress', 'dead_letter'), ('in_progress', 'cancelled'),
    ('retrying', 'in_progress'), ('retrying', 'sent'), ('retrying', 'cancelled'),
    ('in_doubt', 'retrying'), ('in_doubt', 'sent'), ('in_doubt', 'failed'), ('in_doubt', 'dead_letter'),
    ('failed', 'queued'),
    ('dead_letter', 'queued')
);

-- Change a function's arguments: one more of that name, which no old call fits, too.
CREATE FUNCTION email.enqueue_batch(letters jsonb, region text) RETURNS bigint
    LANGUAGE sql
RETURN (SELECT count(*) FROM email.enqueue_batch(letters));

-- New tables, indexes and columns of views are nobody's concern.
CREATE TABLE email.suspensions (delivery_id text PRIMARY KEY, reason text);
CREATE INDEX deliveries_region ON email.deliveries (region) WHERE region IS NOT NULL;

INSERT INTO email._migrations (version, name, checksum) VALUES ('29990101000000', 'suspensions_create', '\x00');
