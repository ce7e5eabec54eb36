-- How many letters are given up, and how many in doubt.
SELECT count(*) FILTER (WHERE d.status = 'dead_letter') AS "dead_letters!",
       count(*) FILTER (WHERE d.status = 'in_doubt') AS "in_doubt!"
  FROM email.deliveries d
 WHERE d.status IN ('dead_letter', 'in_doubt') AND ($1::text IS NULL OR d.tenant_id = $1)
