-- What the schema is made of, by the names that its migrations give: columns, triggers, functions and views.
SELECT 'column' AS "kind!", t.relname || '.' || a.attname AS "name!"
  FROM pg_class t
  JOIN pg_namespace n ON n.oid = t.relnamespace
  JOIN pg_attribute a ON a.attrelid = t.oid
 WHERE n.nspname = 'email' AND t.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'trigger', g.tgname::text
  FROM pg_trigger g
  JOIN pg_class t ON t.oid = g.tgrelid
  JOIN pg_namespace n ON n.oid = t.relnamespace
 WHERE n.nspname = 'email' AND NOT g.tgisinternal
UNION ALL
SELECT 'view', t.relname::text
  FROM pg_class t
  JOIN pg_namespace n ON n.oid = t.relnamespace
 WHERE n.nspname = 'email' AND t.relkind = 'v'
UNION ALL
SELECT 'function', p.proname::text
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname = 'email'
