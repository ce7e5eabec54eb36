-- A report that moves nothing but the second axis: lease, due time, code and detail stay as they are.
UPDATE deliveries SET feedback = ?2, updated_at = (SELECT now FROM clock) WHERE seq = ?1
