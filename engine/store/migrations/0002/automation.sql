-- Tables of automation.

-- JSON text: what the request for the run said beside its document, and what follows from that; absent for a run of a plan.
ALTER TABLE runs ADD COLUMN request TEXT;

CREATE TABLE previews (
  id         TEXT    PRIMARY KEY,
  preview    TEXT    NOT NULL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX previews_by_expiry ON previews (expires_ms);
