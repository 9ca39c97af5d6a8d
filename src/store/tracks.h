/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tracks: results that somebody saved; what others played and liked of them.
 *
 * A track as JSON: {"id", "title", "description", "genre", "mood", "key", "bpm", "duration_seconds",
 * "engine", "tags": [...], "prompt", "is_public", "plays", "likes", "user_id", "generation_id",
 * "identity", "created_at", "updated_at"}; user_id and generation_id may be null.
 *
 * NULL or FALSE without an error: there is no such track, or it is not that user's to see or change.
 * A user is "" for nobody in particular; NULL stands for an operator, who may do everything.  Thread-safe.
 */
#pragma once
#include "store/columns.h"
#include "store/store.h"

typedef struct {
    const char *user_id;       /* (nullable) */
    const char *generation_id; /* (nullable) */
    const char *identity;      /* of the result whose files it has */
    const char *title, *genre, *engine;
    const char *description, *mood, *key, *prompt; /* (nullable) */
    const json_t *tags;                            /* array of texts (nullable) */
    double bpm, seconds;
    gboolean is_public;
} TuneTrackDraft;
/* (transfer full) */
json_t *tune_track_create(TuneStore *store, const TuneTrackDraft *draft, GError **error);

json_t *tune_track_get(TuneStore *store, const char *id, const char *user, GError **error);
/* title, description, genre, mood, tags, is_public of @patch; others are ignored. (transfer full) */
json_t *tune_track_patch(TuneStore *store, const char *id, const char *user, const json_t *patch,
                         GError **error);
gboolean tune_track_delete(TuneStore *store, const char *id, const char *user, GError **error);

/* What a list is narrowed to; NULL and 0: not. */
typedef struct {
    const char *genre, *mood, *key, *engine;
    double bpm_min, bpm_max, seconds_min, seconds_max; /* both ends included */
} TuneTrackFilter;

/* Where a page begins: behind (@before_us, @before_id) unless @before_id is "" or NULL, then @offset more. */
typedef struct {
    gint64 before_us;
    const char *before_id;
    guint offset, limit; /* limit: at most 101 */
} TuneTrackPage;

/* Arrays of tracks; newest first where nothing else is said. (transfer full) */
json_t *tune_tracks_public(TuneStore *store, const TuneTrackFilter *filter,
                           const TuneTrackPage *page, GError **error);
/* The same as text in the making. (transfer full) */
TuneRecords *tune_tracks_public_records(TuneStore *store, const TuneTrackFilter *filter,
                                        const TuneTrackPage *page, GError **error);
json_t *tune_tracks_of_user(TuneStore *store, const char *user, const TuneTrackPage *page,
                            GError **error);
gint64 tune_tracks_count_of_user(TuneStore *store, const char *user, GError **error); /* -1: error */
/* Most played in the last 24 hours first, each with "recent_plays". */
json_t *tune_tracks_trending(TuneStore *store, guint limit, GError **error);
/* Public tracks with all words of @words, best first, each with "score": ranked over at most the 1,000 newest.
 * word* stands for all that begin so; where whole words find nothing, every word of three letters or more does.
 * "in quotes": as it stands; -word: without.
 * Title counts more than genre, mood and tags, these more than description and prompt. */
json_t *tune_tracks_search(TuneStore *store, const char *words, const TuneTrackFilter *filter,
                           guint offset, guint limit, GError **error);

/* @likes: how many there are now. */
gboolean tune_track_like(TuneStore *store, const char *id, const char *user, gboolean like,
                         gint64 *likes, GError **error);
gboolean tune_track_play(TuneStore *store, const char *id, const char *user, gint64 *plays,
                         GError **error);

/* {"tracks", "users", "plays", "likes", "plays_24h", "tracks_24h"}: public tracks. (transfer full) */
json_t *tune_community_stats(TuneStore *store, GError **error);
/* [{"topic", "kind": "genre"|"mood"|"tag", "score", "tracks"}], the hottest first: a track made in the last
 * seven days counts 1, each play in the last 24 hours 1 more. (transfer full) */
json_t *tune_community_topics(TuneStore *store, guint limit, GError **error);
