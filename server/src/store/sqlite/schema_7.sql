-- The end of each push in a user's history, with a check of everything that was accepted up to there. By it, a cursor proves that it belongs
-- to this history and not to one that an older copy of the data has replaced.
CREATE TABLE boundaries (
  user_id BLOB NOT NULL REFERENCES users ON DELETE CASCADE,
  rev INTEGER NOT NULL,
  history_check INTEGER NOT NULL,
  PRIMARY KEY (user_id, rev)
) WITHOUT ROWID;

-- What was accepted before is not known any more, so the check starts at random.
INSERT INTO boundaries SELECT user_id, rev, abs(random() % 2821109907456) FROM users WHERE rev > 0;
