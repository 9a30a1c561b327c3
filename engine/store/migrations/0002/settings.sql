-- Tables of settings.

-- Only those that were changed.
CREATE TABLE settings (
  id               TEXT    PRIMARY KEY,
  value            TEXT    NOT NULL,
  last_modified_ms INTEGER NOT NULL,
  last_modified_by TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE resource_policies (
  resource_arn TEXT NOT NULL,
  id           TEXT NOT NULL,
  policy       TEXT NOT NULL,
  hash         TEXT NOT NULL,
  PRIMARY KEY (resource_arn, id)
) STRICT, WITHOUT ROWID;
