-- What the server is and how much room it has. Other roles' sessions are counted, not looked at: that takes no right.
SELECT current_setting('server_version') AS "version!",
       current_setting('server_version_num')::integer AS "number!",
       current_setting('server_encoding') AS "encoding!",
       pg_is_in_recovery() AS "standby!",
       (SELECT reset_val = 'on' FROM pg_settings WHERE name = 'default_transaction_read_only') AS "read_only!",
       clock_timestamp() AS "now!",
       current_setting('max_connections')::integer
           - current_setting('superuser_reserved_connections')::integer
           - (SELECT count(*)::integer FROM pg_stat_activity WHERE backend_type = 'client backend') AS "room!",
       pg_notification_queue_usage() AS "notifications!"
