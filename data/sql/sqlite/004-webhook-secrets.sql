-- What signs the webhooks of a user who set a secret, as plain text: who signs must have it.  For a day after a change
-- the one before signs too.
CREATE TABLE webhook_secrets (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret TEXT NOT NULL, previous TEXT, previous_until INTEGER, created_at INTEGER NOT NULL
) STRICT;
