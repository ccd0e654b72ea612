-- The collections that the data is made of, separated by commas. NULL until a server of this version starts.
ALTER TABLE server ADD COLUMN collections TEXT;
