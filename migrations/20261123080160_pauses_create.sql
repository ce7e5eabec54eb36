-- What people hold back for a while: all letters of a tenant or a workflow, or a way out. Every claim looks here, so that
-- a pause holds from the next one on, for every worker.
CREATE TABLE email.pauses (
    kind   text NOT NULL CHECK (kind IN ('tenant', 'transport', 'workflow')),
    name   text COLLATE "C" NOT NULL,
    since  timestamptz NOT NULL DEFAULT now(),
    -- NULL: until somebody resumes it.
    until  timestamptz,
    -- Why, in one line for other people.
    reason text CHECK (email.line_fault(reason, 200) IS NULL),
    CONSTRAINT pauses_pkey PRIMARY KEY (kind, name),
    CONSTRAINT pauses_name CHECK (CASE kind
        WHEN 'tenant' THEN email.line_fault(name, 100)
        WHEN 'transport' THEN email.path_fault(name, 50)
        ELSE email.path_fault(name, 100)
    END IS NULL)
);

-- What is paused now, as a claim asks for it: one row.
CREATE VIEW email.paused AS
SELECT coalesce(array_agg(p.name) FILTER (WHERE p.kind = 'tenant'), '{}') AS tenants,
       coalesce(array_agg(p.name) FILTER (WHERE p.kind = 'workflow'), '{}') AS workflows
  FROM email.pauses p
 WHERE p.until IS NULL OR p.until > now();

-- Whatever ends a pause, by the program or by hand, wakes those who wait.
CREATE FUNCTION email.after_pauses_end() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, email, pg_temp
AS $$
BEGIN
    PERFORM email.wake();
    RETURN NULL;
END
$$;

CREATE TRIGGER pauses_after_end AFTER UPDATE OR DELETE ON email.pauses
    FOR EACH STATEMENT EXECUTE FUNCTION email.after_pauses_end();
