-- What people hold back for a while: all letters of a tenant or a workflow, or a way out. Every claim looks here, so that
-- a pause holds from the next one on, for every worker.
CREATE TABLE pauses (
    kind TEXT NOT NULL CHECK (kind IN ('tenant', 'transport', 'workflow')),
    name TEXT NOT NULL CHECK (name <> ''),
    since INTEGER NOT NULL,
    -- NULL: until somebody resumes it.
    until INTEGER,
    -- Why, in one line for other people.
    reason TEXT CHECK (length(reason) BETWEEN 1 AND 200),
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
