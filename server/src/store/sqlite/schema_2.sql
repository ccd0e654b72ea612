-- The revision up to which tombstones have been purged gets its full name.
ALTER TABLE users RENAME COLUMN floor TO purge_watermark;
