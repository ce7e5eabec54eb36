-- What a worker does and this role may not do; a table that is not there is another finding's.
WITH wanted (name, privilege) AS (
    SELECT t, p
      FROM (VALUES ('deliveries', ARRAY ['SELECT', 'INSERT', 'UPDATE']),
                   ('delivery_events', ARRAY ['SELECT']),
                   ('outbox', ARRAY ['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
                   ('payloads', ARRAY ['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
                   ('attachments', ARRAY ['SELECT', 'DELETE']),
                   ('idempotency', ARRAY ['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
                   ('workers', ARRAY ['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
                   ('pauses', ARRAY ['SELECT', 'INSERT', 'UPDATE', 'DELETE'])) AS w (t, ps),
           unnest(ps) AS p
)
SELECT format('%s on email.%s', string_agg(w.privilege, ', '), w.name) AS "lacks!"
  FROM wanted w
  JOIN pg_class c ON c.relname = w.name
  JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'email'
 WHERE NOT has_table_privilege(c.oid, w.privilege)
    OR NOT has_schema_privilege(n.oid, 'USAGE')
 GROUP BY w.name
 ORDER BY w.name
