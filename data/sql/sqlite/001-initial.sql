-- Times are microseconds since 1970.  JSON columns hold canonical text.
CREATE TABLE users (
    id TEXT PRIMARY KEY, email TEXT NOT NULL, name TEXT NOT NULL, password_hash TEXT NOT NULL,
    tier TEXT NOT NULL DEFAULT 'free', role TEXT NOT NULL DEFAULT 'user',
    profile TEXT NOT NULL DEFAULT '{}', created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_email ON users (email);
CREATE INDEX users_created_at ON users (created_at DESC);

-- Only hashes of keys and tokens are kept.
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL, prefix TEXT NOT NULL, key_hash TEXT NOT NULL, scopes TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL, last_used_at INTEGER, revoked_at INTEGER
) STRICT;
CREATE UNIQUE INDEX api_keys_hash ON api_keys (key_hash);
CREATE INDEX api_keys_user ON api_keys (user_id, created_at DESC);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    family TEXT NOT NULL, refresh_hash TEXT NOT NULL, created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, used_at INTEGER, revoked_at INTEGER
) STRICT;
CREATE UNIQUE INDEX sessions_refresh ON sessions (refresh_hash);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_family ON sessions (family);

-- What somebody asked for: queued until completed, failed or cancelled.  Several may share one job.
CREATE TABLE generations (
    id TEXT PRIMARY KEY, user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL, status TEXT NOT NULL, identity TEXT NOT NULL, job_id TEXT,
    prompt TEXT NOT NULL, request TEXT NOT NULL, engine TEXT NOT NULL, format TEXT NOT NULL,
    seed INTEGER NOT NULL, priority INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT, webhook TEXT, track_id TEXT,
    created_at INTEGER NOT NULL, started_at INTEGER, finished_at INTEGER
) STRICT;
CREATE INDEX generations_user ON generations (user_id, created_at DESC, id DESC);
CREATE INDEX generations_open ON generations (status) WHERE status <> 'completed';
CREATE INDEX generations_identity ON generations (identity);
CREATE INDEX generations_job ON generations (job_id) WHERE status = 'queued';

-- The hot table: queued and running work only.  Done rows are deleted, hopeless ones move to dead_jobs.
-- attempt counts claims and fences; excused are those that were handed back.
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, identity TEXT NOT NULL, payload TEXT NOT NULL,
    owner TEXT NOT NULL, priority INTEGER NOT NULL, turn INTEGER NOT NULL,
    state TEXT NOT NULL, attempt INTEGER NOT NULL DEFAULT 0, excused INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL, memory_bytes INTEGER NOT NULL, seconds REAL NOT NULL,
    worker TEXT, lease_until INTEGER, cancelled INTEGER NOT NULL DEFAULT 0,
    progress REAL NOT NULL DEFAULT 0, stage TEXT NOT NULL DEFAULT '', last_error TEXT,
    run_at INTEGER NOT NULL, created_at INTEGER NOT NULL, started_at INTEGER
) STRICT;
CREATE UNIQUE INDEX jobs_identity ON jobs (identity);
CREATE INDEX jobs_next ON jobs (priority DESC, turn, created_at) WHERE state = 'queued';
CREATE INDEX jobs_owner ON jobs (owner, priority, turn DESC);
CREATE INDEX jobs_running ON jobs (worker) WHERE state = 'running';

CREATE TABLE dead_jobs (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, identity TEXT NOT NULL, payload TEXT NOT NULL,
    owner TEXT NOT NULL, attempt INTEGER NOT NULL, last_error TEXT, created_at INTEGER NOT NULL,
    died_at INTEGER NOT NULL
) STRICT;
CREATE INDEX dead_jobs_died ON dead_jobs (died_at DESC);

-- Finished recipes: identity of the request to what it gave.
CREATE TABLE results (
    identity TEXT PRIMARY KEY, recipe_sha256 TEXT NOT NULL, report TEXT NOT NULL,
    seconds REAL NOT NULL, created_at INTEGER NOT NULL, used_at INTEGER NOT NULL
) STRICT;
CREATE INDEX results_used ON results (used_at);

-- name: audio/mp3, score.json, stems/01-bass.wav, ...
CREATE TABLE result_files (
    identity TEXT NOT NULL REFERENCES results (identity) ON DELETE CASCADE, name TEXT NOT NULL,
    sha256 TEXT NOT NULL, mime TEXT NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (identity, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX result_files_sha256 ON result_files (sha256);

CREATE TABLE idempotency (
    owner TEXT NOT NULL, key TEXT NOT NULL, request_hash TEXT NOT NULL, status INTEGER NOT NULL,
    answer TEXT NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_created ON idempotency (created_at);

-- number: the search index refers to rows by it; a rowid without a name may change (VACUUM).
CREATE TABLE tracks (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, user_id TEXT REFERENCES users (id) ON DELETE CASCADE, generation_id TEXT,
    identity TEXT NOT NULL, title TEXT NOT NULL, description TEXT NOT NULL DEFAULT '',
    genre TEXT NOT NULL, mood TEXT NOT NULL DEFAULT '', musical_key TEXT NOT NULL DEFAULT '',
    bpm REAL NOT NULL DEFAULT 0, seconds REAL NOT NULL DEFAULT 0, engine TEXT NOT NULL,
    tags TEXT NOT NULL DEFAULT '', prompt TEXT NOT NULL DEFAULT '', is_public INTEGER NOT NULL DEFAULT 0,
    plays INTEGER NOT NULL DEFAULT 0, likes INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX tracks_public ON tracks (created_at DESC, id DESC) WHERE is_public;
CREATE INDEX tracks_public_genre ON tracks (genre, created_at DESC, id DESC) WHERE is_public;
CREATE INDEX tracks_identity ON tracks (identity);
CREATE INDEX tracks_user ON tracks (user_id, created_at DESC, id DESC);
CREATE VIRTUAL TABLE tracks_search USING fts5 (
    title, description, genre, mood, tags, prompt, content='tracks', content_rowid='number',
    tokenize='unicode61 remove_diacritics 2');
CREATE TRIGGER tracks_search_insert AFTER INSERT ON tracks BEGIN
    INSERT INTO tracks_search (rowid, title, description, genre, mood, tags, prompt)
    VALUES (new.number, new.title, new.description, new.genre, new.mood, new.tags, new.prompt);
END;
CREATE TRIGGER tracks_search_delete AFTER DELETE ON tracks BEGIN
    INSERT INTO tracks_search (tracks_search, rowid, title, description, genre, mood, tags, prompt)
    VALUES ('delete', old.number, old.title, old.description, old.genre, old.mood, old.tags, old.prompt);
END;
CREATE TRIGGER tracks_search_update
AFTER UPDATE OF title, description, genre, mood, tags, prompt ON tracks BEGIN
    INSERT INTO tracks_search (tracks_search, rowid, title, description, genre, mood, tags, prompt)
    VALUES ('delete', old.number, old.title, old.description, old.genre, old.mood, old.tags, old.prompt);
    INSERT INTO tracks_search (rowid, title, description, genre, mood, tags, prompt)
    VALUES (new.number, new.title, new.description, new.genre, new.mood, new.tags, new.prompt);
END;

CREATE TABLE plays (
    id TEXT PRIMARY KEY, track_id TEXT NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    user_id TEXT, created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX plays_track ON plays (track_id, created_at DESC);
CREATE INDEX plays_created ON plays (created_at DESC, track_id);

CREATE TABLE likes (
    track_id TEXT NOT NULL REFERENCES tracks (id) ON DELETE CASCADE, user_id TEXT NOT NULL,
    created_at INTEGER NOT NULL, PRIMARY KEY (track_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX likes_track ON likes (track_id, created_at DESC);

CREATE TABLE uploads (
    id TEXT PRIMARY KEY, user_id TEXT REFERENCES users (id) ON DELETE CASCADE, kind TEXT NOT NULL,
    name TEXT NOT NULL, mime TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL,
    seconds REAL NOT NULL DEFAULT 0, details TEXT NOT NULL DEFAULT '{}', created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX uploads_user ON uploads (user_id, created_at DESC, id DESC);
CREATE INDEX uploads_sha256 ON uploads (sha256);

CREATE TABLE webhooks (
    id TEXT PRIMARY KEY, generation_id TEXT NOT NULL, url TEXT NOT NULL, event TEXT NOT NULL,
    payload TEXT NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT, created_at INTEGER NOT NULL, delivered_at INTEGER
) STRICT;
CREATE INDEX webhooks_generation ON webhooks (generation_id);
