-- Who may call: access tokens. What is stored of a secret is its SHA-256, which opens nothing.
CREATE TABLE email.tokens (
    -- The public part, by which a token is listed and revoked.
    token_id     text COLLATE "C" PRIMARY KEY CHECK (token_id ~ '^[a-z0-9]{12,32}$'),
    name         text NOT NULL CHECK (email.line_fault(name, 100) IS NULL),
    digest       bytea NOT NULL CHECK (octet_length(digest) = 32),
    scopes       text[] NOT NULL CHECK (scopes <@ ARRAY['enqueue', 'read', 'operate', 'addresses']),
    -- NULL: the letters of all tenants.
    tenant_id    text CHECK (email.line_fault(tenant_id, 100) IS NULL),
    created_at   timestamptz NOT NULL DEFAULT now(),
    -- NULL: until it is revoked.
    expires_at   timestamptz,
    -- To the minute: a use that follows within one is not noted.
    last_used_at timestamptz,
    revoked_at   timestamptz
) WITH (fillfactor = 50);
