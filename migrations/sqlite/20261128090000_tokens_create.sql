-- Who may call: access tokens. What is stored of a secret is its SHA-256, which opens nothing.
CREATE TABLE tokens (
    -- The public part, by which a token is listed and revoked.
    token_id TEXT PRIMARY KEY CHECK (length(token_id) BETWEEN 12 AND 32 AND token_id NOT GLOB '*[^a-z0-9]*'),
    name TEXT NOT NULL CHECK (name <> ''),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    -- As they are said: 'read,operate'.
    scopes TEXT NOT NULL,
    -- NULL: the letters of all tenants.
    tenant_id TEXT CHECK (tenant_id <> ''),
    created_at INTEGER NOT NULL,
    -- NULL: until it is revoked.
    expires_at INTEGER,
    -- To the minute: a use that follows within one is not noted.
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
