-- A series in one statement. $1: the first moments of its buckets, rising; $2: its end; $3: the tenant, or NULL.
-- width_bucket() finds a time's bucket by a binary search, so that no letter meets more than one.
WITH bound AS (
    SELECT b.place, b.start, lead(b.start, 1, $2::timestamptz) OVER (ORDER BY b.place) AS until
      FROM unnest($1::timestamptz[]) WITH ORDINALITY b(start, place)
), closing AS (
    -- A bucket that is not over ends now.
    SELECT array_agg(least(b.until, now()) ORDER BY b.place) AS ends FROM bound b
), ended AS (
    SELECT width_bucket(d.final_at, $1::timestamptz[]) AS place,
           count(*) FILTER (WHERE d.status = 'sent') AS sent,
           count(*) FILTER (WHERE d.status IN ('failed', 'dead_letter')) AS failed,
           percentile_disc(ARRAY[0.5, 0.95, 0.99]::double precision[]) WITHIN GROUP (ORDER BY t.took)
               FILTER (WHERE d.status = 'sent') AS took
      FROM email.deliveries d
     CROSS JOIN LATERAL (
        SELECT greatest(0, (extract(epoch FROM d.final_at - d.age_from) * 1000000)::bigint)
     ) t(took)
     WHERE d.final_at >= ($1::timestamptz[])[1] AND d.final_at < $2 AND ($3::text IS NULL OR d.tenant_id = $3)
     GROUP BY 1
), letter AS (
    SELECT d.age_from, d.final_at
      FROM email.deliveries d
     WHERE d.final_at >= ($1::timestamptz[])[1] AND d.age_from < $2 AND ($3::text IS NULL OR d.tenant_id = $3)
    UNION ALL
    SELECT d.age_from, NULL
      FROM email.outbox o
      JOIN email.deliveries d USING (seq)
     WHERE o.status <> 'in_doubt' AND ($3::text IS NULL OR o.tenant = $3)
), spanning AS MATERIALIZED (
    -- Most letters end in the bucket in which they came; only those that saw the end of one go on from here.
    SELECT l.age_from, s.came, s.went
      FROM letter l
     CROSS JOIN closing c
     CROSS JOIN LATERAL (
        SELECT width_bucket(l.age_from, c.ends),
               CASE WHEN l.final_at IS NULL THEN cardinality(c.ends) ELSE width_bucket(l.final_at, c.ends) END
     ) s(came, went)
     WHERE s.came < s.went
), waited AS (
    SELECT b.place, count(*) AS waiting, min(s.age_from) AS oldest
      FROM spanning s
      JOIN bound b ON b.place > s.came AND b.place <= s.went
     GROUP BY b.place
)
SELECT b.start AS "from!", b.until AS "until!", coalesce(e.sent, 0) AS "sent!", coalesce(e.failed, 0) AS "failed!",
       e.took, coalesce(w.waiting, 0) AS "waiting!",
       (extract(epoch FROM least(b.until, now()) - w.oldest) * 1000000)::bigint AS oldest_age
  FROM bound b
  LEFT JOIN ended e USING (place)
  LEFT JOIN waited w USING (place)
 ORDER BY b.place
