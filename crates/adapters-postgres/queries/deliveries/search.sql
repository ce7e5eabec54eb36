-- One page of ids, newest first, behind the cursor ($9, $10). A part that is NULL matches everything; the connections
-- that run this plan it anew for the parts that are given.
SELECT d.delivery_id, d.queued_at
  FROM email.deliveries d
 WHERE ($1::text IS NULL OR d.recipient = $1)
   AND ($2::text IS NULL OR d.workflow = $2)
   AND ($3::text IS NULL OR d.tenant_id = $3)
   AND (cardinality($4::text[]) = 0 OR d.status = ANY ($4))
   AND ($5::text IS NULL OR d.source_type = $5)
   AND ($6::text IS NULL OR d.source_id = $6)
   AND ($7::timestamptz IS NULL OR d.queued_at >= $7)
   AND ($8::timestamptz IS NULL OR d.queued_at < $8)
   AND ($9::timestamptz IS NULL OR (d.queued_at, d.delivery_id) < ($9, $10::text COLLATE "C"))
 ORDER BY d.queued_at DESC, d.delivery_id DESC
 LIMIT $11::bigint
