-- The first version of the server's database. Every key of a user's data starts with the user.

-- One row: which life of the data this is, and how many transactions it has seen.
CREATE TABLE server (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  epoch TEXT NOT NULL,
  writes INTEGER NOT NULL
);

CREATE TABLE users (
  user_id BLOB PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  rev INTEGER NOT NULL DEFAULT 0,
  floor INTEGER NOT NULL DEFAULT 0,
  server_updated_at INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- A sign-in. Its refresh tokens are numbered, and only the newest may be spent.
CREATE TABLE sessions (
  user_id BLOB NOT NULL REFERENCES users ON DELETE CASCADE,
  session_id BLOB NOT NULL,
  device_name TEXT,
  salt BLOB NOT NULL,
  generation INTEGER NOT NULL,
  rotated_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  revoked INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, session_id)
) WITHOUT ROWID;

CREATE TABLE records (
  user_id BLOB NOT NULL REFERENCES users ON DELETE CASCADE,
  id BLOB NOT NULL,
  collection TEXT NOT NULL,
  rev INTEGER NOT NULL,
  op_id BLOB NOT NULL,
  device_id BLOB NOT NULL,
  seq INTEGER NOT NULL,
  stamp INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  server_id BLOB NOT NULL,
  server_updated_at INTEGER NOT NULL,
  record TEXT NOT NULL
);
CREATE UNIQUE INDEX records_by_id ON records (user_id, id);
CREATE INDEX records_by_rev ON records (user_id, rev);
CREATE INDEX records_by_collection ON records (user_id, collection, rev);
CREATE INDEX tombstones ON records (user_id, server_updated_at) WHERE deleted;

-- The family tree of the data: a restored backup begins an epoch.
CREATE TABLE epochs (
  name TEXT PRIMARY KEY,
  parent TEXT
) WITHOUT ROWID;

-- Where each user stood in the backup that began an epoch.
CREATE TABLE restores (
  user_id BLOB NOT NULL REFERENCES users ON DELETE CASCADE,
  epoch TEXT NOT NULL,
  rev INTEGER NOT NULL,
  PRIMARY KEY (user_id, epoch)
) WITHOUT ROWID;

-- Where each user stood in each backup that may still be restored.
CREATE TABLE backups (
  user_id BLOB NOT NULL REFERENCES users ON DELETE CASCADE,
  taken_at INTEGER NOT NULL,
  rev INTEGER NOT NULL,
  PRIMARY KEY (user_id, taken_at)
) WITHOUT ROWID;
