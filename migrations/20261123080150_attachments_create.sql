-- Files that travel with a letter, beside the queue and beside its content: no claim reads them, and they go once the
-- letter is frozen, because its bytes hold them then.

CREATE TABLE email.attachments (
    seq          bigint NOT NULL,
    position     smallint NOT NULL,
    filename     text NOT NULL,
    content_type text NOT NULL,
    -- NULL: a file beside the letter; otherwise an image inside its HTML, which names it so.
    content_id   text,
    content      bytea NOT NULL,
    PRIMARY KEY (seq, position)
);

-- Documents and pictures are compressed already: what could be gained is not worth the time of every enqueue.
ALTER TABLE email.attachments ALTER COLUMN content SET STORAGE EXTERNAL;

-- How many there were, so that a claim knows without looking here, and a letter never goes out with fewer.
ALTER TABLE email.payloads ADD COLUMN attachments smallint NOT NULL DEFAULT 0 CHECK (attachments >= 0);

-- One attachment as it was read.
CREATE TYPE email.attachment AS (
    filename     text,
    content_type text,
    content_id   text,
    content      bytea
);

-- What Base64 stands for, or NULL: the standard alphabet with its padding, line breaks and spaces passed over.
CREATE FUNCTION email.read_base64(value text) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE STRICT
    SET search_path = pg_catalog, email, pg_temp
AS $$
BEGIN
    -- decode() would read on behind a padding.
    IF strpos(rtrim(value, E'= \t\r\n'), '=') > 0 THEN
        RETURN NULL;
    END IF;
    RETURN decode(value, 'base64');
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;

-- What is wrong with a filename, or NULL: it is one printable line and no path.
CREATE FUNCTION email.filename_fault(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(
    email.line_fault(value, 200),
    CASE WHEN value ~ '[/\\]|^\.' THEN 'must be a plain file name, without a folder' END
);

-- What is wrong with a media type, or NULL (RFC 2045 §5.1).
CREATE FUNCTION email.content_type_fault(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN strpos(value, '/') = 0 THEN 'must be a media type such as application/pdf'
    WHEN octet_length(value) > 127 OR value !~ '^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+$'
        THEN 'must be a media type such as application/pdf, without parameters'
    -- Their structure is something that readers act on.
    WHEN lower(value) ~ '^(multipart|message)/'
        THEN 'must not be a multipart or a message; attach it as application/octet-stream'
END;

-- Reads one attachment and says what is wrong with it first, and with which of its fields.
CREATE FUNCTION email.read_attachment(raw jsonb, OUT file email.attachment, OUT field text, OUT reason text)
    LANGUAGE plpgsql IMMUTABLE
    SET search_path = pg_catalog, email, pg_temp
AS $$
DECLARE
    fields constant text[] := ARRAY['filename', 'content_type', 'content', 'content_id'];
BEGIN
    IF jsonb_typeof(raw) <> 'object' THEN
        reason := 'must be a JSON object with filename, content_type and content';
        RETURN;
    END IF;
    SELECT regexp_replace(left(k, 40), '[^A-Za-z0-9_-]', '', 'g') INTO field FROM jsonb_object_keys(raw - fields) k LIMIT 1;
    IF FOUND THEN
        reason := 'is not a field of an attachment; there are filename, content_type, content, content_id';
        RETURN;
    END IF;
    FOREACH field IN ARRAY fields LOOP
        IF coalesce(jsonb_typeof(raw -> field), 'null') NOT IN ('null', 'string') THEN
            reason := 'must be a text in quotation marks';
            RETURN;
        END IF;
    END LOOP;
    file.filename := raw ->> 'filename';
    file.content_type := lower(raw ->> 'content_type');
    file.content_id := raw ->> 'content_id';
    file.content := email.read_base64(raw ->> 'content');
    SELECT f.field, f.reason INTO field, reason
      FROM (VALUES
        ('filename', CASE
            WHEN file.filename IS NULL THEN 'is missing; every attachment needs it'
            ELSE email.filename_fault(file.filename)
        END),
        ('content_type', CASE
            WHEN file.content_type IS NULL THEN 'is missing; every attachment needs it'
            ELSE email.content_type_fault(file.content_type)
        END),
        ('content_id', CASE
            WHEN file.content_id !~ '^[A-Za-z0-9._@-]{1,100}$' THEN 'must be 1 to 100 letters, digits and . _ - @'
        END),
        ('content', CASE
            WHEN raw ->> 'content' IS NULL THEN 'is missing; every attachment needs it'
            WHEN file.content IS NULL THEN 'is not Base64; use the standard alphabet, with padding'
        END)
      ) f(field, reason)
     WHERE f.reason IS NOT NULL
     LIMIT 1;
END
$$;

-- Reads the attachments of one letter, each by itself and then against each other.
CREATE FUNCTION email.read_attachments(raw jsonb, OUT files email.attachment[], OUT field text, OUT reason text)
    LANGUAGE plpgsql IMMUTABLE
    SET search_path = pg_catalog, email, pg_temp
AS $$
DECLARE
    one record;
    size bigint := 0;
BEGIN
    files := '{}';
    field := 'attachments';
    IF jsonb_array_length(raw) > 10 THEN
        reason := 'are more than 10; send fewer';
        RETURN;
    END IF;
    FOR i IN 0 .. jsonb_array_length(raw) - 1 LOOP
        SELECT * INTO one FROM email.read_attachment(raw -> i);
        IF one.reason IS NOT NULL THEN
            field := 'attachments[' || i || ']' || coalesce('.' || one.field, '');
            reason := one.reason;
            RETURN;
        END IF;
        size := size + octet_length((one.file).content);
        files := files || one.file;
    END LOOP;
    IF size > 7000000 THEN
        reason := 'are ' || size || ' bytes; at most 7000000 are accepted: send a link instead';
    ELSIF EXISTS (SELECT FROM unnest(files) f WHERE f.content_id IS NOT NULL GROUP BY f.content_id HAVING count(*) > 1)
    THEN
        field := 'attachments.content_id';
        reason := 'is used twice; each inline image needs its own';
    ELSE
        field := NULL;
    END IF;
END
$$;
