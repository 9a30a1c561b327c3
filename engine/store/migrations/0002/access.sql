-- Tables of access.

CREATE TABLE users (
  name       TEXT    PRIMARY KEY,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user_roles (
  user_name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
  role      TEXT NOT NULL,
  PRIMARY KEY (user_name, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE access_keys (
  id           TEXT    PRIMARY KEY,
  user_name    TEXT    NOT NULL REFERENCES users (name) ON DELETE CASCADE,
  key_id       TEXT    NOT NULL,
  sealed       BLOB    NOT NULL,
  active       INTEGER NOT NULL,
  created_ms   INTEGER NOT NULL,
  expires_ms   INTEGER,
  last_used_ms INTEGER
) STRICT;
CREATE INDEX access_keys_by_user ON access_keys (user_name, created_ms, id);

CREATE TABLE tokens (
  id           TEXT    PRIMARY KEY,
  hash         TEXT    NOT NULL,
  user_name    TEXT    NOT NULL REFERENCES users (name) ON DELETE CASCADE,
  description  TEXT    NOT NULL,
  created_ms   INTEGER NOT NULL,
  expires_ms   INTEGER,
  last_used_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX tokens_by_hash ON tokens (hash);
CREATE INDEX tokens_by_user ON tokens (user_name, created_ms, id);
