-- From here on a crash leaves the letter in doubt. Who gets it, and under which Message-ID; no event, because the
-- status stays.
UPDATE deliveries
SET stage = 'handover', provider = ?2, message_id = (SELECT message_id FROM payloads WHERE seq = ?1),
    updated_at = (SELECT now FROM clock)
WHERE seq = ?1
