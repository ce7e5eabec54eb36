-- Whether dead rows are cleared away: the outbox is written at every step of every letter.
SELECT t.relname AS "table!",
       current_setting('autovacuum') = 'on' AS "server!",
       NOT coalesce('autovacuum_enabled=false' = ANY (t.reloptions), false) AS "own!",
       coalesce(s.n_dead_tup, 0) AS "dead!",
       coalesce(s.n_live_tup, 0) AS "live!",
       greatest(s.last_autovacuum, s.last_vacuum) AS vacuumed_at
  FROM pg_class t
  JOIN pg_namespace n ON n.oid = t.relnamespace
  LEFT JOIN pg_stat_user_tables s ON s.relid = t.oid
 WHERE n.nspname = 'email' AND t.relkind = 'r'
 ORDER BY t.relname
