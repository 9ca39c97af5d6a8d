-- Lists narrowed to one mood, key or engine go along an index in the list's order, as those of a genre do:
-- without one, a value that few tracks have is looked for in all of them.
CREATE INDEX tracks_public_mood ON tracks (mood, created_at DESC, id DESC) WHERE is_public;
CREATE INDEX tracks_public_key ON tracks (musical_key, created_at DESC, id DESC) WHERE is_public;
CREATE INDEX tracks_public_engine ON tracks (engine, created_at DESC, id DESC) WHERE is_public;
-- Ranges that few tracks are in; the others are met soon on the way through the list.
CREATE INDEX tracks_public_bpm ON tracks (bpm) WHERE is_public;
CREATE INDEX tracks_public_seconds ON tracks (seconds) WHERE is_public;
