-- Tables of rules that the API of EventBridge makes.

CREATE TABLE event_rules (
  name        TEXT    PRIMARY KEY,
  description TEXT,
  pattern     TEXT,
  schedule    TEXT,
  state       TEXT    NOT NULL,
  role_arn    TEXT,
  created_ms  INTEGER NOT NULL,
  created_by  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- `target` is JSON, as it was given.
CREATE TABLE event_targets (
  rule   TEXT NOT NULL REFERENCES event_rules (name) ON DELETE CASCADE,
  id     TEXT NOT NULL,
  arn    TEXT NOT NULL,
  target TEXT NOT NULL,
  PRIMARY KEY (rule, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_targets_by_arn ON event_targets (arn, rule);
