-- When each backup was made that may still be restored. An account has a row in `backups` for the first one after it has changed.
CREATE TABLE backup_times (taken_at INTEGER PRIMARY KEY);
INSERT INTO backup_times SELECT DISTINCT taken_at FROM backups;
DELETE FROM backups WHERE (user_id, taken_at) IN (
  SELECT user_id, taken_at FROM (
    SELECT user_id, taken_at, rev = lag(rev) OVER (PARTITION BY user_id ORDER BY taken_at) AS is_same FROM backups
  ) WHERE is_same
);
