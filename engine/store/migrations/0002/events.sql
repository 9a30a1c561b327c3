-- Tables of events and of the audit log.

-- What names the request; absent for what no request asked for, and before version 2.
ALTER TABLE audit ADD COLUMN request_id TEXT;
CREATE INDEX audit_by_request ON audit (request_id, seq) WHERE request_id IS NOT NULL;

CREATE TABLE audit_keys (
  public_key TEXT    PRIMARY KEY,
  key_id     TEXT    NOT NULL,
  sealed     BLOB    NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_checkpoints (
  seq        INTEGER PRIMARY KEY,
  hash       TEXT    NOT NULL,
  time_ms    INTEGER NOT NULL,
  public_key TEXT    NOT NULL,
  signature  TEXT    NOT NULL
) STRICT;

-- What happened beside runs. Those of runs follow from their journals. `time_ms` is when the event was stored, `at_ms` its own time.
CREATE TABLE events (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT    NOT NULL,
  time_ms     INTEGER NOT NULL,
  at_ms       INTEGER NOT NULL,
  source      TEXT    NOT NULL,
  detail_type TEXT    NOT NULL,
  resources   TEXT    NOT NULL,
  detail      TEXT    NOT NULL,
  run         TEXT,
  replay      TEXT
) STRICT;
CREATE INDEX events_by_time ON events (time_ms);
CREATE INDEX events_by_run ON events (run, seq) WHERE run IS NOT NULL;

-- An era begins when the newest journal rows are deleted, whose ids are then given again: those above `base` are new.
CREATE TABLE journal_eras (
  era  INTEGER PRIMARY KEY,
  base INTEGER NOT NULL
) STRICT;
