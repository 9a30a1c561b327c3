ALTER TABLE documents ADD COLUMN last_number INTEGER NOT NULL DEFAULT 0;
UPDATE documents SET last_number = latest_version;

ALTER TABLE document_versions ADD COLUMN version_name TEXT;
ALTER TABLE document_versions ADD COLUMN display_name TEXT;
ALTER TABLE document_versions ADD COLUMN target_type TEXT;
ALTER TABLE document_versions ADD COLUMN author TEXT;
ALTER TABLE document_versions ADD COLUMN requires TEXT;
ALTER TABLE document_versions ADD COLUMN lock TEXT;
ALTER TABLE document_versions ADD COLUMN description TEXT;
ALTER TABLE document_versions ADD COLUMN review_status TEXT;
DROP INDEX document_versions_by_digest;
CREATE INDEX document_versions_by_content ON document_versions (name, digest);
CREATE UNIQUE INDEX document_versions_by_name ON document_versions (name, version_name)
  WHERE version_name IS NOT NULL;

CREATE TABLE document_shares (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT    NOT NULL REFERENCES documents (name),
  account_id TEXT    NOT NULL,
  version    TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX document_shares_by_account ON document_shares (name, account_id);
CREATE INDEX document_shares_by_id ON document_shares (name, id);

CREATE TABLE document_files (
  digest  TEXT PRIMARY KEY,
  content BLOB NOT NULL
) STRICT;

CREATE TABLE document_attachments (
  name     TEXT    NOT NULL,
  version  INTEGER NOT NULL,
  position INTEGER NOT NULL,
  file     TEXT    NOT NULL,
  digest   TEXT    NOT NULL REFERENCES document_files (digest),
  bytes    INTEGER NOT NULL,
  PRIMARY KEY (name, version, file),
  FOREIGN KEY (name, version) REFERENCES document_versions (name, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_attachments_by_digest ON document_attachments (digest);

CREATE TABLE document_reviews (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  status     TEXT    NOT NULL,
  reviewer   TEXT    NOT NULL,
  comment    TEXT,
  created_ms INTEGER NOT NULL,
  FOREIGN KEY (name, version) REFERENCES document_versions (name, version)
) STRICT;
CREATE INDEX document_reviews_by_version ON document_reviews (name, version, id);
