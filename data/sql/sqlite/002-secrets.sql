-- What all servers on this database share and nobody else may know, such as the key that signs tokens.
CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
