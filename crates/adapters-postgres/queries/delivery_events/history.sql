-- The ids of one delivery's events rise in the order of their commits, since its row is locked meanwhile.
SELECT e.id, e.status, e.attempt, e.error_code, e.error_message, e.payload, e.created_at
  FROM email.delivery_events e
 WHERE e.delivery_id = $1
 ORDER BY e.id
