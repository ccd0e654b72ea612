-- The digest of each account's live records, changed with each write, in 32 hexadecimal digits. Where there is none, the server computes it.
ALTER TABLE users ADD COLUMN digest TEXT;
