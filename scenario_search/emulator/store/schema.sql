CREATE TABLE kinds(
  kind TEXT PRIMARY KEY,
  revision INTEGER NOT NULL DEFAULT 0,
  cleared INTEGER NOT NULL DEFAULT 0,
  last_doc INTEGER NOT NULL DEFAULT 0,
  documents INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE blobs(
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY(kind, name)
);
-- For each kind
INSERT INTO kinds(kind) VALUES ('{kind}');
CREATE TABLE {kind}(
  doc INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  json BLOB NOT NULL
);
-- Columns without a type keep numbers as numbers and text as text, as they come.
CREATE TABLE {kind}_fields(
  doc INTEGER PRIMARY KEY,
  revision INTEGER NOT NULL,
  present INTEGER NOT NULL,
  nulls INTEGER NOT NULL,
  filled INTEGER NOT NULL,
  {columns}
);
CREATE INDEX {kind}_revision ON {kind}_fields(revision);
CREATE TABLE {kind}_elements(
  field INTEGER NOT NULL,
  value NOT NULL,
  doc INTEGER NOT NULL,
  PRIMARY KEY(field, value, doc)
) WITHOUT ROWID;
CREATE INDEX {kind}_elements_doc ON {kind}_elements(doc);
-- It only narrows down where CONTAINS has to look, so it holds no text and no places.
CREATE VIRTUAL TABLE {kind}_trigrams USING fts5(
  {prose},
  tokenize = 'trigram case_sensitive 1', content = '', columnsize = 0, detail = none
);
CREATE TABLE {kind}_deleted(doc INTEGER PRIMARY KEY, revision INTEGER NOT NULL);
CREATE INDEX {kind}_deleted_revision ON {kind}_deleted(revision);
