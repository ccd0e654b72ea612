-- A device's database. One table holds the records of all collections; views of the contract (generated/sql/views.sql) show each of them.

-- What the device knows of itself and of the server: one row of JSON.
CREATE TABLE meta (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  json TEXT NOT NULL,
  -- The views and indexes that were made of the contract.
  views TEXT NOT NULL DEFAULT ''
);

-- Current versions, live and deleted. The row of an edit that the server has not acknowledged is its own place in the outbox.
CREATE TABLE records (
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  record TEXT NOT NULL,
  is_deleted INTEGER NOT NULL,
  stamp INTEGER NOT NULL,
  op_id BLOB NOT NULL,
  op_device BLOB NOT NULL,
  op_seq INTEGER NOT NULL,
  base_rev INTEGER,
  -- 0: the server has it; 1: it waits to be pushed; 2: the server has refused it.
  state INTEGER NOT NULL,
  pending_since INTEGER,
  lost INTEGER NOT NULL DEFAULT 0,
  block TEXT,
  seen INTEGER NOT NULL,
  PRIMARY KEY (collection, id)
);
CREATE INDEX records_unacknowledged ON records (state, collection, op_seq) WHERE state > 0;
CREATE INDEX records_unacknowledged_since ON records (state, pending_since) WHERE state > 0;

-- Versions that lost a conflict or were deleted.
CREATE TABLE history (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  collection TEXT NOT NULL,
  record TEXT NOT NULL,
  op_id BLOB NOT NULL,
  op_device BLOB NOT NULL,
  op_seq INTEGER NOT NULL,
  why TEXT NOT NULL,
  winner_id BLOB NOT NULL,
  winner_device BLOB NOT NULL,
  winner_seq INTEGER NOT NULL,
  at INTEGER NOT NULL
);

-- Changes that this version of the contract cannot read, word for word.
CREATE TABLE quarantine (
  collection TEXT,
  id TEXT,
  rev INTEGER,
  stamp INTEGER,
  is_deleted INTEGER,
  op_id BLOB,
  op_device BLOB,
  op_seq INTEGER,
  raw TEXT NOT NULL UNIQUE,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL
);
CREATE UNIQUE INDEX quarantine_by_record ON quarantine (collection, id) WHERE id IS NOT NULL;
