-- Who may do what. Runs after every migrate, changes only what is missing, and skips every role that is not there:
-- roles belong to the whole server, and the user who migrates may not be allowed to make them.
DO $$
DECLARE
    who text;
    tenant_sees constant text := 'tenant_id = nullif(current_setting(''email.tenant'', true), '''')';
    door text;
BEGIN
    -- Only once: the statement locks out everybody for a moment.
    IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = 'email.deliveries'::regclass) THEN
        ALTER TABLE email.deliveries ENABLE ROW LEVEL SECURITY;
        ALTER TABLE email.delivery_events ENABLE ROW LEVEL SECURITY;
    END IF;

    FOR who IN
        SELECT rolname FROM pg_roles
         WHERE rolname IN ('postroom_owner', 'postroom_worker', 'postroom_reader', 'postroom_tenant',
                           'postroom_enqueuer')
    LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA email TO %I', who);
        IF who = 'postroom_owner' THEN
            -- Owns the door only, so that a caller of the door borrows no more than this.
            GRANT SELECT, INSERT ON email.deliveries, email.outbox, email.payloads TO postroom_owner;
            GRANT INSERT ON email.attachments TO postroom_owner;
            GRANT SELECT, INSERT, UPDATE, DELETE ON email.idempotency TO postroom_owner;
            GRANT SELECT ON email.workers TO postroom_owner;
        ELSIF who = 'postroom_worker' THEN
            GRANT SELECT, INSERT, UPDATE ON email.deliveries TO postroom_worker;
            -- Events are written by the triggers of the deliveries alone.
            GRANT SELECT ON email.delivery_events, email.delivery_overview, email.workflow_overview TO postroom_worker;
            GRANT SELECT, INSERT, UPDATE, DELETE ON email.outbox, email.payloads, email.idempotency, email.workers,
                email.reports, email.relay, email.relay_consumers, email.pauses TO postroom_worker;
            GRANT SELECT ON email.paused TO postroom_worker;
            GRANT SELECT, DELETE ON email.attachments TO postroom_worker;
            GRANT SELECT, INSERT, UPDATE ON email.tokens TO postroom_worker;
            GRANT SELECT ON email._migrations TO postroom_worker;
        ELSIF who IN ('postroom_reader', 'postroom_tenant') THEN
            EXECUTE format('GRANT SELECT ON email.deliveries, email.delivery_events, email.delivery_overview, '
                           'email.workflow_overview TO %I', who);
        END IF;
        IF who = 'postroom_reader' THEN
            GRANT SELECT ON email.pauses TO postroom_reader;
            -- Everything but what a secret comes to.
            GRANT SELECT (token_id, name, scopes, tenant_id, created_at, expires_at, last_used_at, revoked_at)
                ON email.tokens TO postroom_reader;
        END IF;

        IF who <> 'postroom_enqueuer'
            AND NOT EXISTS (SELECT FROM pg_policies WHERE schemaname = 'email' AND policyname = who)
        THEN
            IF who = 'postroom_tenant' THEN
                EXECUTE format('CREATE POLICY postroom_tenant ON email.deliveries FOR SELECT TO postroom_tenant '
                               'USING (%s)', tenant_sees);
                -- An event is seen by whoever sees its delivery.
                CREATE POLICY postroom_tenant ON email.delivery_events FOR SELECT TO postroom_tenant USING (
                    EXISTS (SELECT FROM email.deliveries d WHERE d.delivery_id = delivery_events.delivery_id)
                );
            ELSIF who = 'postroom_reader' THEN
                CREATE POLICY postroom_reader ON email.deliveries FOR SELECT TO postroom_reader USING (true);
                CREATE POLICY postroom_reader ON email.delivery_events FOR SELECT TO postroom_reader USING (true);
            ELSE
                EXECUTE format('CREATE POLICY %I ON email.deliveries TO %I USING (true) WITH CHECK (true)', who, who);
                EXECUTE format('CREATE POLICY %I ON email.delivery_events FOR SELECT TO %I USING (true)', who, who);
            END IF;
        END IF;
    END LOOP;

    FOREACH door IN ARRAY ARRAY['email.enqueue', 'email.enqueue_batch'] LOOP
        FOR who IN SELECT rolname FROM pg_roles WHERE rolname IN ('postroom_worker', 'postroom_enqueuer') LOOP
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', door, who);
        END LOOP;
        -- Whoever migrates goes on using the door after it has changed hands.
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', door, current_user);
    END LOOP;
END
$$;

-- The door changes hands where that is allowed: to be given away, it takes an owner who is a member of the other role.
DO $$
BEGIN
    IF to_regrole('postroom_owner') IS NOT NULL AND pg_has_role('postroom_owner', 'MEMBER') THEN
        GRANT CREATE ON SCHEMA email TO postroom_owner;
        ALTER FUNCTION email.enqueue_batch(jsonb) OWNER TO postroom_owner;
        ALTER FUNCTION email.enqueue OWNER TO postroom_owner;
        REVOKE CREATE ON SCHEMA email FROM postroom_owner;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'email.enqueue stays with %: it may not be given to postroom_owner', current_user;
END
$$;
