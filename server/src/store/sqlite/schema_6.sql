-- Accounts are erased in steps, and the time is noted now and then, so that a clock that jumped is noticed. 0 is not known.
ALTER TABLE users ADD COLUMN erasing INTEGER NOT NULL DEFAULT 0;
CREATE INDEX users_erasing ON users (user_id) WHERE erasing;
ALTER TABLE server ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
