-- An edit that the server has not acknowledged remembers the stamp of the version that it was made on.
ALTER TABLE records ADD COLUMN base_stamp INTEGER;
