-- Which server process answers: behind a pooler in transaction mode, two sessions can have the same one.
SELECT pg_backend_pid() AS "pid!"
