-- Version 1. Times are milliseconds since the Unix epoch. `run_key` is a run's short name inside this file.

CREATE TABLE runs (
  key              INTEGER PRIMARY KEY AUTOINCREMENT,
  id               TEXT    NOT NULL UNIQUE,
  document_name    TEXT    NOT NULL,
  document_version TEXT    NOT NULL,
  plan_digest      TEXT    NOT NULL,
  status           TEXT    NOT NULL,
  principal        TEXT    NOT NULL,
  parent_run       TEXT,
  parent_path      TEXT,
  depth            INTEGER NOT NULL,
  created_ms       INTEGER NOT NULL,
  started_ms       INTEGER,
  ended_ms         INTEGER,
  summary          TEXT,
  seed_key_id      TEXT,
  sealed_seed      BLOB
) STRICT;
CREATE INDEX runs_by_created ON runs (created_ms, key);
CREATE INDEX runs_by_status ON runs (status, created_ms, key);
CREATE INDEX runs_by_document ON runs (document_name, created_ms, key);
CREATE INDEX runs_by_parent ON runs (parent_run, created_ms, key) WHERE parent_run IS NOT NULL;
CREATE INDEX runs_by_plan ON runs (plan_digest);
CREATE INDEX runs_active ON runs (key) WHERE ended_ms IS NULL;
CREATE INDEX runs_ended ON runs (ended_ms) WHERE ended_ms IS NOT NULL;

-- What every append changes, apart from `runs` so that the rows of many runs share a page.
CREATE TABLE heads (
  run_key     INTEGER PRIMARY KEY REFERENCES runs (key),
  next_seq    INTEGER NOT NULL,
  lease_epoch INTEGER NOT NULL,
  lease_owner TEXT
) STRICT;

CREATE VIEW run_rows AS
  SELECT r.*, h.next_seq, h.lease_epoch, h.lease_owner FROM runs r JOIN heads h ON h.run_key = r.key;

-- A rowid table, so that runs that append together write the same last page.
CREATE TABLE journal (
  id      INTEGER PRIMARY KEY,
  run_key INTEGER NOT NULL REFERENCES runs (key),
  seq     INTEGER NOT NULL,
  entry   TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX journal_by_run ON journal (run_key, seq);

CREATE TABLE inbox (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  run_key INTEGER NOT NULL REFERENCES runs (key),
  kind    TEXT    NOT NULL,
  payload TEXT    NOT NULL
) STRICT;
CREATE INDEX inbox_by_run ON inbox (run_key, id);

CREATE TABLE suspensions (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  run_key    INTEGER NOT NULL REFERENCES runs (key),
  path       TEXT    NOT NULL,
  attempt    INTEGER NOT NULL,
  activation INTEGER NOT NULL,
  due_ms     INTEGER
) STRICT;
CREATE UNIQUE INDEX suspensions_by_activation ON suspensions (run_key, path, attempt, activation);
CREATE INDEX suspensions_due ON suspensions (due_ms, id) WHERE due_ms IS NOT NULL;

CREATE TABLE waits (
  suspension INTEGER NOT NULL REFERENCES suspensions (id) ON DELETE CASCADE,
  kind       TEXT    NOT NULL,
  awaited    TEXT    NOT NULL,
  PRIMARY KEY (suspension, kind, awaited)
) STRICT, WITHOUT ROWID;
CREATE INDEX waits_by_awaited ON waits (kind, awaited);

CREATE TABLE completions (
  kind        TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  result      TEXT    NOT NULL,
  recorded_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX completions_by_time ON completions (recorded_ms);

CREATE TABLE once (
  scope          TEXT    NOT NULL,
  key            TEXT    NOT NULL,
  request_digest TEXT    NOT NULL,
  result         TEXT    NOT NULL,
  expires_ms     INTEGER,
  PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX once_by_expiry ON once (expires_ms) WHERE expires_ms IS NOT NULL;

CREATE TABLE host_calls (
  id            INTEGER PRIMARY KEY,
  run_key       INTEGER NOT NULL REFERENCES runs (key),
  path          TEXT    NOT NULL,
  attempt       INTEGER NOT NULL,
  activation    INTEGER NOT NULL,
  first_ordinal INTEGER NOT NULL,
  calls         TEXT    NOT NULL
) STRICT;
CREATE INDEX host_calls_by_activation ON host_calls (run_key, path, attempt, activation);

CREATE TABLE step_logs (
  run_key    INTEGER NOT NULL REFERENCES runs (key),
  path       TEXT    NOT NULL,
  attempt    INTEGER NOT NULL,
  activation INTEGER NOT NULL,
  lines      TEXT    NOT NULL,
  PRIMARY KEY (run_key, path, attempt, activation)
) STRICT, WITHOUT ROWID;

CREATE TABLE plans (
  digest     TEXT    PRIMARY KEY,
  plan       TEXT    NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE plugins (
  digest        TEXT    PRIMARY KEY,
  component     BLOB    NOT NULL,
  manifest      TEXT    NOT NULL,
  signer_key_id TEXT,
  registered_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE plugin_names (
  name    TEXT NOT NULL,
  version TEXT NOT NULL,
  digest  TEXT NOT NULL REFERENCES plugins (digest),
  PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX plugin_names_by_digest ON plugin_names (digest);

CREATE TABLE run_plugins (
  run_key INTEGER NOT NULL REFERENCES runs (key),
  action  TEXT    NOT NULL,
  digest  TEXT    NOT NULL REFERENCES plugins (digest),
  PRIMARY KEY (run_key, action)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_plugins_by_digest ON run_plugins (digest);

CREATE TABLE documents (
  name            TEXT    PRIMARY KEY,
  kind            TEXT    NOT NULL,
  default_version INTEGER NOT NULL,
  latest_version  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE document_versions (
  name       TEXT    NOT NULL REFERENCES documents (name),
  version    INTEGER NOT NULL,
  format     TEXT    NOT NULL,
  content    TEXT    NOT NULL,
  digest     TEXT    NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX document_versions_by_version ON document_versions (name, version);
CREATE UNIQUE INDEX document_versions_by_digest ON document_versions (name, digest);

CREATE TABLE parameters (
  name           TEXT    PRIMARY KEY,
  latest_version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE parameter_versions (
  name             TEXT    NOT NULL REFERENCES parameters (name),
  version          INTEGER NOT NULL,
  kind             TEXT    NOT NULL,
  plain            TEXT,
  key_id           TEXT,
  sealed           BLOB,
  description      TEXT,
  last_modified_ms INTEGER NOT NULL,
  last_modified_by TEXT    NOT NULL,
  data_type        TEXT    NOT NULL,
  allowed_pattern  TEXT,
  tier             TEXT    NOT NULL,
  CHECK ((plain IS NULL) <> (sealed IS NULL)),
  CHECK ((key_id IS NULL) = (sealed IS NULL))
) STRICT;
CREATE UNIQUE INDEX parameter_versions_by_version ON parameter_versions (name, version);
CREATE INDEX parameter_versions_by_key ON parameter_versions (key_id) WHERE key_id IS NOT NULL;

CREATE TABLE commands (
  id             TEXT    PRIMARY KEY,
  document_name  TEXT    NOT NULL,
  principal      TEXT    NOT NULL,
  request        TEXT    NOT NULL,
  status         TEXT    NOT NULL,
  status_details TEXT    NOT NULL,
  created_ms     INTEGER NOT NULL,
  expires_ms     INTEGER NOT NULL,
  ended_ms       INTEGER
) STRICT;
CREATE INDEX commands_by_created ON commands (created_ms, id);
CREATE INDEX commands_ended ON commands (ended_ms) WHERE ended_ms IS NOT NULL;
CREATE INDEX commands_active ON commands (expires_ms) WHERE ended_ms IS NULL;

CREATE TABLE invocations (
  job_id         TEXT    PRIMARY KEY,
  command        TEXT    NOT NULL REFERENCES commands (id),
  node           TEXT    NOT NULL,
  job            TEXT    NOT NULL,
  status         TEXT    NOT NULL,
  status_details TEXT    NOT NULL,
  report         TEXT,
  created_ms     INTEGER NOT NULL,
  delivered_ms   INTEGER,
  ended_ms       INTEGER
) STRICT;
CREATE UNIQUE INDEX invocations_by_command ON invocations (command, node);
CREATE INDEX invocations_pending ON invocations (node, created_ms, job_id)
  WHERE delivered_ms IS NULL AND ended_ms IS NULL;
CREATE INDEX invocations_open ON invocations (node, created_ms, job_id)
  WHERE delivered_ms IS NOT NULL AND ended_ms IS NULL;

CREATE TABLE tags (
  resource_type TEXT NOT NULL,
  resource_id   TEXT NOT NULL,
  key           TEXT NOT NULL,
  value         TEXT NOT NULL,
  PRIMARY KEY (resource_type, resource_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_by_value ON tags (resource_type, key, value);

CREATE TABLE state (
  scope TEXT NOT NULL,
  key   TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
  id    TEXT PRIMARY KEY,
  proof BLOB NOT NULL
) STRICT;

CREATE TABLE nodes (
  id            TEXT    PRIMARY KEY,
  alias         TEXT    UNIQUE,
  facts         TEXT    NOT NULL,
  registered_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
  seq           INTEGER PRIMARY KEY,
  time_ms       INTEGER NOT NULL,
  principal     TEXT    NOT NULL,
  action        TEXT    NOT NULL,
  resource      TEXT    NOT NULL,
  decision      TEXT    NOT NULL,
  details       TEXT    NOT NULL,
  previous_hash TEXT    NOT NULL,
  hash          TEXT    NOT NULL
) STRICT;
