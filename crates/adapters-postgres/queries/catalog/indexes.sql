-- Every index of our tables, and whether it can be used: one whose creation broke off costs writes and serves no read.
SELECT c.relname AS "name!", t.relname AS "table!", i.indisvalid AND i.indisready AS "valid!"
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = t.relnamespace
 WHERE n.nspname = 'email'
 ORDER BY t.relname, c.relname
