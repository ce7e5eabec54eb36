-- What holds dead rows back: transactions that stay open, prepared ones too. Without pg_read_all_stats a role sees the
-- age of its own sessions alone, so those of others are known by their snapshot's existence only where they show it.
SELECT format('process %s', a.pid) AS "who!",
       coalesce(a.state, 'unknown') AS "state!",
       coalesce(a.usename::text, 'unknown') AS "role!",
       extract(epoch FROM clock_timestamp() - a.xact_start)::double precision AS "seconds!",
       a.pid AS pid
  FROM pg_stat_activity a
 WHERE a.datname = current_database()
   AND a.backend_type = 'client backend'
   AND a.pid <> pg_backend_pid()
   AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL OR a.state LIKE 'idle in transaction%')
   AND a.xact_start < clock_timestamp() - make_interval(secs => $1)
 UNION ALL
SELECT format('prepared transaction %s', quote_literal(p.gid)),
       'prepared',
       p.owner::text,
       extract(epoch FROM clock_timestamp() - p.prepared)::double precision,
       NULL
  FROM pg_prepared_xacts p
 WHERE p.database = current_database()
   AND p.prepared < clock_timestamp() - make_interval(secs => $1)
 ORDER BY 4 DESC
