-- A notice to ourselves, on a channel that wakes no worker.
SELECT pg_notify('postroom_doctor', '')
