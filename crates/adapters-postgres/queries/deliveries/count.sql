SELECT d.status, count(*) AS "count!" FROM email.deliveries d GROUP BY d.status
