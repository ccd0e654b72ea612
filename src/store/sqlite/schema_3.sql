-- What the digest counts (R27): for an edit that the server has not acknowledged, the revision of the server's live version; for a quarantined
-- change, the number of resyncs when it arrived.
ALTER TABLE records ADD COLUMN known_rev INTEGER;
UPDATE records SET known_rev = base_rev WHERE state > 0;
ALTER TABLE quarantine ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
UPDATE quarantine SET seen = coalesce((SELECT json ->> '$.resyncs' FROM meta), 0);
