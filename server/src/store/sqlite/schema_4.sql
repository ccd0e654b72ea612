-- How much each account holds, counted with each write, and limits of its own: NULL is what the server allows everybody.
ALTER TABLE users ADD COLUMN record_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN record_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN tombstone_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN records_max INTEGER;
ALTER TABLE users ADD COLUMN bytes_max INTEGER;
UPDATE users SET (record_count, record_bytes, tombstone_count) = (
  SELECT count(*) FILTER (WHERE NOT deleted), coalesce(sum(octet_length(record)) FILTER (WHERE NOT deleted), 0), count(*) FILTER (WHERE deleted)
  FROM records WHERE records.user_id = users.user_id
);
