-- The roles, none of which can log in: grant them to those who do. Roles belong to the whole server, so another
-- database or another process may make the same ones at the same moment.
DO $$
DECLARE
    who text;
BEGIN
    FOREACH who IN ARRAY ARRAY['postroom_owner', 'postroom_worker', 'postroom_reader', 'postroom_tenant',
                               'postroom_enqueuer'] LOOP
        IF to_regrole(who) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', who);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
    END LOOP;
END
$$;
