-- The digest of each account's live records, changed with each write, in 32 hexadecimal digits. The next write computes it.
ALTER TABLE users ADD COLUMN digest TEXT;
