-- Lists narrowed to one mood, key or engine go along an index in the list's order, as those of a genre do:
-- without one, a value that few tracks have is looked for in all of them.  Ranges have none here: SQLite does
-- not know how many tracks are in one, and would sort half of the table for a common one.
CREATE INDEX tracks_public_mood ON tracks (mood, created_at DESC, id DESC) WHERE is_public;
CREATE INDEX tracks_public_key ON tracks (musical_key, created_at DESC, id DESC) WHERE is_public;
CREATE INDEX tracks_public_engine ON tracks (engine, created_at DESC, id DESC) WHERE is_public;
