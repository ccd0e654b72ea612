-- The first version of the tables. Every key of a user's data begins with the user, so that users can be spread over machines. Nothing
-- refers to `heads` or `records` by a foreign key: what a user has is written and erased under the lock of its head.

-- One row: the epoch, when a server last noted the time, and which cluster the data was written in.
CREATE TABLE server (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  epoch text NOT NULL,
  seen_at bigint NOT NULL DEFAULT 0,
  cluster bigint NOT NULL
);

CREATE TABLE users (
  user_id uuid PRIMARY KEY,
  email text NOT NULL UNIQUE,
  password_hash text NOT NULL,
  recovery_hash text,
  created_at bigint NOT NULL,
  disabled boolean NOT NULL DEFAULT false,
  erasing boolean NOT NULL DEFAULT false
);
CREATE INDEX users_erasing ON users (user_id) WHERE erasing;

-- What every push changes, apart from what few requests do. Room on each page keeps the new version of a row on the page of the old one.
CREATE TABLE heads (
  user_id uuid PRIMARY KEY,
  rev bigint NOT NULL DEFAULT 0,
  purge_watermark bigint NOT NULL DEFAULT 0,
  server_updated_at bigint NOT NULL DEFAULT 0,
  record_count bigint NOT NULL DEFAULT 0,
  record_bytes bigint NOT NULL DEFAULT 0,
  tombstone_count bigint NOT NULL DEFAULT 0,
  records_max bigint,
  bytes_max bigint,
  digest text
) WITH (fillfactor = 50);

CREATE TABLE sessions (
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  session_id uuid NOT NULL,
  device_name text,
  platform text,
  salt bytea NOT NULL,
  generation bigint NOT NULL,
  rotated_at bigint NOT NULL,
  created_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  synced_at bigint,
  synced_rev bigint,
  revoked boolean NOT NULL DEFAULT false,
  PRIMARY KEY (user_id, session_id)
) WITH (fillfactor = 80);

CREATE TABLE records (
  user_id uuid NOT NULL,
  id uuid NOT NULL,
  collection text NOT NULL,
  rev bigint NOT NULL,
  op_id uuid NOT NULL,
  device_id uuid NOT NULL,
  seq bigint NOT NULL,
  stamp bigint NOT NULL,
  deleted boolean NOT NULL,
  server_id uuid NOT NULL,
  server_updated_at bigint NOT NULL,
  record text NOT NULL,
  lost_after bigint,
  lost_up_to bigint,
  PRIMARY KEY (user_id, id)
);
CREATE INDEX records_by_rev ON records (user_id, rev);
CREATE INDEX records_by_collection ON records (user_id, collection, rev);
CREATE INDEX tombstones ON records (user_id, server_updated_at) WHERE deleted;

-- The end of each push in a user's history, with a check of everything that was accepted up to there.
CREATE TABLE boundaries (
  user_id uuid NOT NULL,
  rev bigint NOT NULL,
  history_check bigint NOT NULL,
  PRIMARY KEY (user_id, rev)
);

-- The family tree of the data, and where each user stood when an epoch began.
CREATE TABLE epochs (
  name text PRIMARY KEY,
  parent text
);
CREATE TABLE restores (
  user_id uuid NOT NULL,
  epoch text NOT NULL,
  rev bigint NOT NULL,
  PRIMARY KEY (user_id, epoch)
);

-- Which server does a chore, and until when the others leave it alone.
CREATE TABLE leases (
  name text PRIMARY KEY,
  holder uuid NOT NULL,
  expires_at timestamptz NOT NULL
);
