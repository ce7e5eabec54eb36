-- The one door of all doors: SQL's email.enqueue ends in the same function.
SELECT a.ord AS "ord!", a.delivery_id, a.outcome AS "outcome!", a.field, a.reason
  FROM email.enqueue_batch($1) a
 ORDER BY a.ord
