-- What every migration needs: our schema, and the record of what was applied, this one first. A schema that an
-- administrator made is taken as it is: then whoever migrates needs no right to make one.
DO $$
BEGIN
    IF to_regnamespace('email') IS NULL THEN
        CREATE SCHEMA email;
    END IF;
    IF to_regclass('email._migrations') IS NULL THEN
        CREATE TABLE email._migrations (
            version    text COLLATE "C" PRIMARY KEY CHECK (version ~ '^[0-9]{14}$'),
            name       text NOT NULL,
            checksum   bytea NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        );
    END IF;
END
$$;
