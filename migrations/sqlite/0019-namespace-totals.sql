-- What a list of all buckets of a namespace tells of them together, kept so that no list adds it up: of the
-- buckets that are not deleted. A namespace without one has no row.
CREATE TABLE namespace_totals (
  namespace        TEXT    NOT NULL PRIMARY KEY,
  bucket_count     INTEGER NOT NULL,
  object_count     INTEGER NOT NULL,
  -- In decimal digits: buckets may hold more together than an integer does.
  total_size_bytes TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Sizes are added up in two parts, the last nine digits and those before, because a sum of them may not fit.
INSERT INTO namespace_totals
SELECT namespace, buckets, objects,
       CASE WHEN high = 0 THEN CAST(low AS TEXT) ELSE printf('%d%09d', high, low) END
FROM (
  SELECT namespace, count(*) AS buckets, coalesce(sum(object_count), 0) AS objects,
         coalesce(sum(total_size_bytes / 1000000000) + sum(total_size_bytes % 1000000000) / 1000000000, 0)
           AS high,
         coalesce(sum(total_size_bytes % 1000000000) % 1000000000, 0) AS low
  FROM buckets LEFT JOIN bucket_totals USING (bucket_id)
  WHERE is_deleted = 0
  GROUP BY namespace
);
