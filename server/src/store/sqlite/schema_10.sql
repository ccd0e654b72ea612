-- When the newest complete backup was made.
ALTER TABLE server ADD COLUMN backed_up_at INTEGER;
UPDATE server SET backed_up_at = (SELECT max(taken_at) FROM backups);
