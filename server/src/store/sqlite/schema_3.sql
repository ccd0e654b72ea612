-- The operator can refuse an account.
ALTER TABLE users ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
