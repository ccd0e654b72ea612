-- Between which revisions versions of the record lost against the current one, or one before it, without having been seen.
ALTER TABLE records ADD COLUMN lost_after INTEGER;
ALTER TABLE records ADD COLUMN lost_up_to INTEGER;
