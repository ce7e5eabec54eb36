-- A report that moves the feedback only: lease, due time and code stay as they are.
UPDATE email.deliveries d
   SET feedback = email.worse_feedback(d.feedback, $2), last_event = $3, revision = d.revision + 1
 WHERE d.seq = $1
