-- Ends a pause that is in force.
DELETE FROM pauses
WHERE kind = ?1 AND name = ?2 AND (until IS NULL OR until > (SELECT now FROM clock))
