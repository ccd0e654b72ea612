-- What a device says of itself, and what it has done.
ALTER TABLE sessions ADD COLUMN platform TEXT;
ALTER TABLE sessions ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN synced_at INTEGER;
ALTER TABLE sessions ADD COLUMN synced_rev INTEGER;
UPDATE sessions SET seen_at = rotated_at;

-- The hash of the code that sets a new password, in the PHC string format.
ALTER TABLE users ADD COLUMN recovery_hash TEXT;

-- How many sessions may have ended, counted whoever ends them, so that a server notices what another process has done.
ALTER TABLE server ADD COLUMN sessions_ended INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER session_revoked AFTER UPDATE OF revoked ON sessions WHEN new.revoked AND NOT old.revoked BEGIN
  UPDATE server SET sessions_ended = sessions_ended + 1;
END;
CREATE TRIGGER session_deleted AFTER DELETE ON sessions BEGIN
  UPDATE server SET sessions_ended = sessions_ended + 1;
END;
CREATE TRIGGER account_disabled AFTER UPDATE OF disabled ON users WHEN new.disabled AND NOT old.disabled BEGIN
  UPDATE server SET sessions_ended = sessions_ended + 1;
END;
