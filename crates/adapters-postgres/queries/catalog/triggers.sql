-- Triggers of our tables that somebody switched off: the guard and the trail of events hang on them.
SELECT g.tgname AS "name!", t.relname AS "table!"
  FROM pg_trigger g
  JOIN pg_class t ON t.oid = g.tgrelid
  JOIN pg_namespace n ON n.oid = t.relnamespace
 WHERE n.nspname = 'email' AND NOT g.tgisinternal AND g.tgenabled = 'D'
 ORDER BY t.relname, g.tgname
