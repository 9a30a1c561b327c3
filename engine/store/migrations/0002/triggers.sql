-- Tables of triggers.

-- Up to where events were held against the rules: a cursor of the merged sequence, whose part for journals means nothing unless
-- there were rules that read them.
CREATE TABLE dispatch (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  cursor     TEXT    NOT NULL,
  reads_runs INTEGER NOT NULL
) STRICT;

-- What an event has led to, once for each rule, target, event and replay. `caused_by` is the event that completed it, which is another
-- one where a window was open, and none where the time did. `event` is there as long as it may be needed again;
-- `result` is the id of what was started.
CREATE TABLE rule_matches (
  seq       INTEGER PRIMARY KEY AUTOINCREMENT,
  rule      TEXT    NOT NULL,
  target    TEXT    NOT NULL,
  event_id  TEXT    NOT NULL,
  replay    TEXT    NOT NULL,
  caused_by TEXT,
  depth     INTEGER NOT NULL,
  status    TEXT    NOT NULL,
  attempts  INTEGER NOT NULL,
  time_ms   INTEGER NOT NULL,
  due_ms    INTEGER,
  result    TEXT,
  reason    TEXT,
  event     TEXT
) STRICT;
CREATE UNIQUE INDEX rule_matches_once ON rule_matches (rule, target, event_id, replay);
CREATE INDEX rule_matches_by_cause ON rule_matches (caused_by) WHERE caused_by IS NOT NULL;
CREATE INDEX rule_matches_by_result ON rule_matches (result) WHERE result IS NOT NULL;
CREATE INDEX rule_matches_by_status ON rule_matches (status, seq);
CREATE INDEX rule_matches_by_rule ON rule_matches (rule, time_ms);
CREATE INDEX rule_matches_by_time ON rule_matches (time_ms);
CREATE INDEX rule_matches_due ON rule_matches (due_ms) WHERE due_ms IS NOT NULL;

-- One row for each group of events that a rule's window is open for. The digest is of what the rule waits for.
CREATE TABLE rule_windows (
  rule       TEXT    NOT NULL,
  group_key  TEXT    NOT NULL,
  replay     TEXT    NOT NULL,
  digest     TEXT    NOT NULL,
  state      TEXT    NOT NULL,
  due_ms     INTEGER NOT NULL,
  touched_ms INTEGER NOT NULL,
  depth      INTEGER NOT NULL,
  PRIMARY KEY (rule, group_key, replay)
) STRICT, WITHOUT ROWID;
CREATE INDEX rule_windows_due ON rule_windows (due_ms);
CREATE INDEX rule_windows_touched ON rule_windows (rule, touched_ms);

-- The digest is of what the schedule says; `anchor_ms` is from when on it counts.
CREATE TABLE schedules (
  name      TEXT    PRIMARY KEY,
  digest    TEXT    NOT NULL,
  anchor_ms INTEGER NOT NULL,
  next_ms   INTEGER,
  last_ms   INTEGER,
  skipped   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX schedules_next ON schedules (next_ms) WHERE next_ms IS NOT NULL;

-- Every content that a rule file has had here.
CREATE TABLE rule_files (
  digest     TEXT    PRIMARY KEY,
  name       TEXT    NOT NULL,
  content    TEXT    NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ops_items (
  id               TEXT    PRIMARY KEY,
  title            TEXT    NOT NULL,
  source           TEXT    NOT NULL,
  description      TEXT    NOT NULL,
  status           TEXT    NOT NULL,
  severity         TEXT,
  category         TEXT,
  priority         INTEGER,
  deduplicate      TEXT,
  operational_data TEXT    NOT NULL,
  created_by       TEXT    NOT NULL,
  created_ms       INTEGER NOT NULL,
  modified_ms      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ops_items_by_time ON ops_items (created_ms, id);
CREATE UNIQUE INDEX ops_items_open ON ops_items (deduplicate)
  WHERE deduplicate IS NOT NULL AND status <> 'Resolved';

-- Events of a time that come once more. `rules` is a JSON list of those that they are for; absent, for all.
CREATE TABLE replays (
  name       TEXT    PRIMARY KEY,
  from_ms    INTEGER NOT NULL,
  to_ms      INTEGER NOT NULL,
  pattern    TEXT,
  rules      TEXT,
  status     TEXT    NOT NULL,
  reason     TEXT,
  events     INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  ended_ms   INTEGER
) STRICT, WITHOUT ROWID;
