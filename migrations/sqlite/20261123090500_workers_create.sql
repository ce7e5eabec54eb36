-- Who is at work: one row per start of a process. A claim lives while its worker beats and its lease lasts.

CREATE TABLE workers (
    worker_id BLOB PRIMARY KEY,
    -- For people: host and process id.
    label TEXT NOT NULL,
    idle INTEGER NOT NULL DEFAULT 0 CHECK (idle IN (0, 1)),
    started_at INTEGER NOT NULL,
    beat_at INTEGER NOT NULL,
    -- It took leave: what it still holds is free at once.
    retired_at INTEGER
) STRICT, WITHOUT ROWID;
