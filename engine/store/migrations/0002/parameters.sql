-- Tables of parameters.

-- What the request called the key of a sealed value; the account's own key when NULL. The value's key_id is then the id of a
-- key_materials row.
ALTER TABLE parameter_versions ADD COLUMN key_name TEXT;

CREATE TABLE parameter_labels (
  name    TEXT    NOT NULL REFERENCES parameters (name),
  label   TEXT    NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (name, label)
) STRICT, WITHOUT ROWID;

-- A version keeps its policies for the history; only those of the latest version are ever due.
CREATE TABLE parameter_policies (
  name     TEXT    NOT NULL REFERENCES parameters (name),
  version  INTEGER NOT NULL,
  position INTEGER NOT NULL,
  kind     TEXT    NOT NULL,
  text     TEXT    NOT NULL,
  status   TEXT    NOT NULL,
  after_ms INTEGER,
  due_ms   INTEGER,
  PRIMARY KEY (name, version, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX parameter_policies_due ON parameter_policies (due_ms, name, version, position)
  WHERE due_ms IS NOT NULL;

CREATE TABLE parameter_counts (
  tier  TEXT    PRIMARY KEY,
  count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO parameter_counts (tier, count)
  SELECT v.tier, count(*) FROM parameters p JOIN parameter_versions v
    ON v.name = p.name AND v.version = p.latest_version GROUP BY v.tier;

CREATE TABLE named_keys (
  id         TEXT    PRIMARY KEY,
  alias      TEXT    NOT NULL UNIQUE,
  latest     INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;

-- The id is the key's, a slash and the number of the material; the envelope holds the material, wrapped by a key of the keyring.
CREATE TABLE key_materials (
  id         TEXT    PRIMARY KEY,
  key_id     TEXT    NOT NULL REFERENCES named_keys (id),
  number     INTEGER NOT NULL,
  wrapped_by TEXT    NOT NULL,
  envelope   BLOB    NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX key_materials_by_key ON key_materials (key_id, number);
