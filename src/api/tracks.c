/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /api/v1/tracks and /community: what was kept, found, played and liked.
 *
 * Lists of public tracks are the same for everybody and are kept: their counts of plays and likes may be as
 * old as the list is allowed to be, what was published, changed or deleted is seen at once.
 */
#include "api/tracks.h"
#include "api/kept.h"
#include "api/sound.h"
#include "base/hash.h"
#include "store/generations.h"
#include "store/tracks.h"

#include <string.h>

#define TRENDING_TTL_S 300
#define SEARCH_TTL_S   900
#define MOST_RANKED    1000

static const char *const tags[] = {"tracks", NULL};

/* ---- one track ---- */

/* How it was ordered is its owner's alone: with the id of an anonymous generation goes everything else. */
static const char *const of_its_owner[] = {"identity", "generation_id", NULL};

static void hide_origin(json_t *track)
{
    for (guint i = 0; of_its_owner[i] != NULL; i++)
        json_object_del(track, of_its_owner[i]);
}

void tune_tracks_publish(json_t *tracks)
{
    gsize index;
    json_t *track;

    json_array_foreach(tracks, index, track)
        hide_origin(track);
}

static gboolean is_own(const TuneCall *call, const json_t *track)
{
    const char *owner = json_string_value(json_object_get(track, "user_id"));

    return call->caller.admin ||
           (owner != NULL && *owner != '\0' && strcmp(owner, call->caller.user_id) == 0);
}

/* The address of the sound as it is now: what has the hash in it never changes, so that caches on the
 * way may keep it for good. */
static void add_audio_url(TuneCall *call, json_t *track)
{
    const char *identity = json_string_value(json_object_get(track, "identity"));
    const char *id = json_string_value(json_object_get(track, "id"));
    g_autoptr(json_t) result =
        identity != NULL ? tune_result_get(call->api->store, identity, NULL) : NULL;
    const json_t *file = json_object_get(json_object_get(result, "files"), "audio/mp3");
    const char *sha256 = json_string_value(json_object_get(file, "sha256"));

    if (sha256 == NULL)
        return;
    g_autofree char *url = g_strdup_printf("/api/v1/tracks/%s/audio?format=mp3&v=%.16s", id, sha256);
    json_object_set_new(track, "audio_url", json_string(url));
}

void tune_track_show(TuneCall *call, guint status, json_t *track)
{
    add_audio_url(call, track);
    json_object_del(track, "identity");
    if (!is_own(call, track))
        hide_origin(track);
    tune_call_json(call, status, track);
}

void tune_tracks_changed(TuneCall *call)
{
    /* First, so that nobody makes a list anew from a replica that lacks the change. */
    tune_store_wrote(call->api->store, TUNE_SESSION_TRACKS);
    tune_cache_drop_tag(call->api->cache, "tracks");
    if (*call->caller.user_id == '\0')
        return;
    g_autofree char *tag = g_strconcat("user:", call->caller.user_id, NULL);
    tune_cache_drop_tag(call->api->cache, tag);
}

static void no_track(TuneCall *call, const GError *error)
{
    if (error != NULL)
        tune_call_fail(call, error);
    else
        tune_call_error(call, 404, "there is no such track");
}

static void show(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) track =
        tune_track_get(call->api->store, call->path[0], tune_call_owner(call), &error);

    if (track == NULL)
        no_track(call, error);
    else
        tune_track_show(call, 200, track);
}

/* Somebody else's public track is there, but not to be changed. */
static void not_changed(TuneCall *call, const GError *error)
{
    g_autoptr(json_t) seen =
        error == NULL
            ? tune_track_get(call->api->store, call->path[0], tune_call_owner(call), NULL)
            : NULL;

    if (seen != NULL)
        tune_call_error(call, 403, "only its owner may change a track");
    else
        no_track(call, error);
}

static void patch(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) track = tune_track_patch(call->api->store, call->path[0],
                                               tune_call_owner(call), call->body, &error);

    if (track == NULL) {
        not_changed(call, error);
        return;
    }
    tune_tracks_changed(call);
    tune_track_show(call, 200, track);
}

static void delete_track(TuneCall *call)
{
    g_autoptr(GError) error = NULL;

    if (!tune_track_delete(call->api->store, call->path[0], tune_call_owner(call), &error)) {
        not_changed(call, error);
        return;
    }
    tune_tracks_changed(call);
    tune_call_nothing(call);
}

/* ---- likes and plays ---- */

/* Nobody in particular may like what nobody in particular made, on a machine of one's own. */
static void set_like(TuneCall *call, gboolean like)
{
    g_autoptr(GError) error = NULL;
    gint64 likes = 0;

    if (!tune_track_like(call->api->store, call->path[0], call->caller.user_id, like, &likes,
                         &error)) {
        no_track(call, error);
        return;
    }
    g_autoptr(json_t) answer =
        json_pack("{s:b, s:I}", "liked", like, "likes", (json_int_t)likes);
    tune_call_json(call, 200, answer);
}

static void like(TuneCall *call)
{
    set_like(call, TRUE);
}

static void unlike(TuneCall *call)
{
    set_like(call, FALSE);
}

static void play(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    gint64 plays = 0;

    if (!tune_track_play(call->api->store, call->path[0], call->caller.user_id, &plays, &error)) {
        no_track(call, error);
        return;
    }
    g_autoptr(json_t) answer = json_pack("{s:I}", "plays", (json_int_t)plays);
    tune_call_json(call, 200, answer);
}

/* ---- sound and files ---- */

/* The generation whose files a track has, for whoever may see the track; NULL: answered. (transfer full) */
static char *generation_of(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) track =
        tune_track_get(call->api->store, call->path[0], tune_call_owner(call), &error);
    const char *id = json_string_value(json_object_get(track, "generation_id"));

    if (id != NULL)
        return g_strdup(id);
    if (track != NULL)
        tune_call_error(call, 404, "this track has no files any more");
    else
        no_track(call, error);
    return NULL;
}

static void audio(TuneCall *call)
{
    g_autofree char *id = generation_of(call);

    if (id != NULL)
        tune_call_sound(call, id, NULL, tune_call_format(call, id));
}

static void file(TuneCall *call)
{
    g_autofree char *id = generation_of(call);

    if (id != NULL)
        tune_call_file(call, id, NULL, strrchr(call->route->path, '/') + 1);
}

static void stem(TuneCall *call)
{
    g_autofree char *id = generation_of(call);
    g_autofree char *name = g_strconcat("stems/", call->path[1], NULL);

    if (id != NULL)
        tune_call_file(call, id, NULL, name);
}

/* ---- lists ---- */

static TuneTrackFilter filter_of(const TuneCall *call)
{
    double bpm = json_number_value(json_object_get(call->query, "bpm"));
    TuneTrackFilter filter = {
        .genre = tune_call_query_text(call, "genre"),
        .mood = tune_call_query_text(call, "mood"),
        .key = tune_call_query_text(call, "key"),
        .engine = tune_call_query_text(call, "engine"),
        .bpm_min = json_number_value(json_object_get(call->query, "bpm_min")),
        .bpm_max = json_number_value(json_object_get(call->query, "bpm_max")),
        .seconds_min = json_number_value(json_object_get(call->query, "duration_min")),
        .seconds_max = json_number_value(json_object_get(call->query, "duration_max")),
    };

    if (bpm > 0) {
        filter.bpm_min = bpm - 0.5;
        filter.bpm_max = bpm + 0.5;
    }
    return filter;
}

static void list(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    TuneTrackFilter filter = filter_of(call);
    TunePage page;

    if (!tune_call_page(call, &page))
        return;
    TuneTrackPage wanted = {page.before_us, page.before_id, page.offset, page.limit + 1};
    g_autoptr(TuneRecords) tracks =
        tune_tracks_public_records(call->api->store, &filter, &wanted, &error);
    if (tracks == NULL)
        tune_call_fail(call, error);
    else
        tune_call_records(call, &page, tracks, of_its_owner);
}

static json_t *make_trending(TuneApi *api, gpointer user_data, gboolean *keep, GError **error)
{
    json_t *tracks = tune_tracks_trending(api->store, *(const guint *)user_data, error);

    tune_tracks_publish(tracks);
    return tracks;
}

static json_t *trending_tracks(TuneApi *api, guint limit, GError **error)
{
    g_autofree char *key = g_strdup_printf("trending:tracks:limit:%u", limit);
    TuneCachePolicy policy = {.ttl_s = TRENDING_TTL_S, .stale_s = 60, .tags = tags};

    return tune_kept_json(api, key, &policy, make_trending, &limit, error);
}

/* A ranked list is paged by places: nobody keeps its order between two pages. */
static void answer_ranked(TuneCall *call, TunePage *page, json_t *all)
{
    page->ranked = TRUE;
    tune_call_list(call, page, all, -1);
}

static void trending(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    TunePage page;

    if (!tune_call_page(call, &page))
        return;
    g_autoptr(json_t) items =
        trending_tracks(call->api, MIN(page.offset, MOST_RANKED) + page.limit + 1, &error);
    if (items == NULL) {
        tune_call_fail(call, error);
        return;
    }
    for (guint i = 0; i < page.offset && json_array_size(items) > 0; i++)
        json_array_remove(items, 0);
    answer_ranked(call, &page, items);
}

typedef struct {
    const char *words;
    const TuneTrackFilter *filter;
    const TunePage *page;
} Search;

static json_t *make_search(TuneApi *api, gpointer user_data, gboolean *keep, GError **error)
{
    const Search *search = user_data;
    json_t *tracks = tune_tracks_search(api->store, search->words, search->filter,
                                        search->page->offset, search->page->limit + 1, error);

    tune_tracks_publish(tracks);
    return tracks;
}

/* search:results:{query hash}:{filters hash}:page:{p} */
static char *search_key(const Search *search)
{
    const TuneTrackFilter *f = search->filter;
    g_autofree char *filters = g_strdup_printf(
        "%s\n%s\n%s\n%s\n%.3f %.3f %.3f %.3f", f->genre != NULL ? f->genre : "",
        f->mood != NULL ? f->mood : "", f->key != NULL ? f->key : "",
        f->engine != NULL ? f->engine : "", f->bpm_min, f->bpm_max, f->seconds_min, f->seconds_max);
    g_autofree char *query_hash = tune_hash_bytes(search->words, strlen(search->words));
    g_autofree char *filter_hash = tune_hash_bytes(filters, strlen(filters));

    return g_strdup_printf("search:results:%.32s:%.32s:page:%u+%u", query_hash, filter_hash,
                           search->page->offset, search->page->limit);
}

static void search(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    TuneTrackFilter filter = filter_of(call);
    TuneCachePolicy policy = {.ttl_s = SEARCH_TTL_S, .tags = tags};
    TunePage page;

    if (!tune_call_page(call, &page))
        return;
    Search asked = {tune_call_query_text(call, "q"), &filter, &page};
    g_autofree char *key = search_key(&asked);
    g_autoptr(json_t) items = tune_kept_json(call->api, key, &policy, make_search, &asked, &error);
    if (items == NULL)
        tune_call_fail(call, error);
    else
        answer_ranked(call, &page, items);
}

/* ---- community ---- */

static void stats(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) answer = tune_community_stats(call->api->store, &error);

    if (answer == NULL)
        tune_call_fail(call, error);
    else
        tune_call_json(call, 200, answer);
}

static json_t *make_topics(TuneApi *api, gpointer user_data, gboolean *keep, GError **error)
{
    return tune_community_topics(api->store, 100, error);
}

static json_t *trending_topics(TuneApi *api, GError **error)
{
    TuneCachePolicy policy = {.ttl_s = TRENDING_TTL_S, .stale_s = 60, .tags = tags};

    return tune_kept_json(api, "trending:topics", &policy, make_topics, NULL, error);
}

static void topics(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    gsize limit = (gsize)tune_call_query_int(call, "limit", 10);
    g_autoptr(json_t) items = trending_topics(call->api, &error);

    if (items == NULL) {
        tune_call_fail(call, error);
        return;
    }
    while (json_array_size(items) > limit)
        json_array_remove(items, json_array_size(items) - 1);
    g_autoptr(json_t) answer = json_pack("{s:O, s:I}", "items", items, "limit", (json_int_t)limit);
    tune_call_json(call, 200, answer);
}

void tune_tracks_warm(TuneApi *api)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) tracks = trending_tracks(api, 11, &error); /* the default page and one more */
    g_autoptr(json_t) all = tracks != NULL ? trending_topics(api, &error) : NULL;

    if (all == NULL)
        tune_log(api->log, TUNE_LOG_WARNING, "the cache was not warmed: %s", error->message);
}

/* ---- shapes ---- */

static const TuneField track_fields[] = {
    {"id", TUNE_FIELD_STRING, .required = TRUE, .format = "uuid"},
    {"title", TUNE_FIELD_STRING, .required = TRUE},
    {"description", TUNE_FIELD_STRING},
    {"genre", TUNE_FIELD_STRING},
    {"mood", TUNE_FIELD_STRING},
    {"key", TUNE_FIELD_STRING},
    {"bpm", TUNE_FIELD_NUMBER},
    {"duration_seconds", TUNE_FIELD_NUMBER},
    {"engine", TUNE_FIELD_STRING},
    {"tags", TUNE_FIELD_ARRAY, .items = TUNE_FIELD_STRING},
    {"prompt", TUNE_FIELD_STRING},
    {"is_public", TUNE_FIELD_BOOLEAN},
    {"plays", TUNE_FIELD_INTEGER},
    {"likes", TUNE_FIELD_INTEGER},
    {"user_id", TUNE_FIELD_STRING, .nullable = TRUE},
    {"generation_id", TUNE_FIELD_STRING, .nullable = TRUE, .says = "Shown to its owner"},
    {"audio_url", TUNE_FIELD_STRING, .says = "Its sound; the address changes when the sound does"},
    {"recent_plays", TUNE_FIELD_INTEGER, .says = "In the last 24 hours; of trending tracks"},
    {"score", TUNE_FIELD_NUMBER, .says = "How well it fits; of found tracks"},
    {"created_at", TUNE_FIELD_STRING, .required = TRUE, .format = "date-time"},
    {"updated_at", TUNE_FIELD_STRING, .format = "date-time"},
};
const TuneShape tune_shape_track = {"Track", track_fields, G_N_ELEMENTS(track_fields),
                                    .says = "A piece that was kept", .open = TRUE, .answers = TRUE};

#define FILTERS                                                                                    \
    {"genre", TUNE_FIELD_STRING, .low = 1, .high = 80},                                            \
        {"mood", TUNE_FIELD_STRING, .low = 1, .high = 80},                                         \
        {"key", TUNE_FIELD_STRING, .low = 1, .high = 40, .example = "\"F minor\""},               \
        {"engine", TUNE_FIELD_STRING, .low = 1, .high = 40},                                       \
        {"bpm", TUNE_FIELD_NUMBER, .low = 1, .high = 1000, .says = "To the nearest beat a minute"}, \
        {"bpm_min", TUNE_FIELD_NUMBER, .low = 1, .high = 1000},                                    \
        {"bpm_max", TUNE_FIELD_NUMBER, .low = 1, .high = 1000},                                    \
        {"duration_min", TUNE_FIELD_NUMBER, .low = 0.1, .high = 3600, .says = "Seconds"},          \
        {"duration_max", TUNE_FIELD_NUMBER, .low = 0.1, .high = 3600, .says = "Seconds"}

static const TuneField list_fields[] = {FILTERS};
static const TuneShape list_query = {"TrackFilter", list_fields, G_N_ELEMENTS(list_fields)};
static const TuneField search_fields[] = {
    {"q", TUNE_FIELD_STRING, .required = TRUE, .low = 1, .high = 200,
     .says = "Words; \"in quotes\" as they stand, -word without it", .example = "\"rainy piano\""},
    FILTERS,
};
static const TuneShape search_query = {"TrackSearch", search_fields, G_N_ELEMENTS(search_fields)};

static const TuneField patch_fields[] = {
    {"title", TUNE_FIELD_STRING, .low = 1, .high = 200},
    {"description", TUNE_FIELD_STRING, .high = 5000},
    {"genre", TUNE_FIELD_STRING, .low = 1, .high = 80},
    {"mood", TUNE_FIELD_STRING, .high = 80},
    {"tags", TUNE_FIELD_ARRAY, .items = TUNE_FIELD_STRING, .item_high = 80, .high = 20},
    {"is_public", TUNE_FIELD_BOOLEAN},
};
static const TuneShape patch_shape = {"TrackPatch", patch_fields, G_N_ELEMENTS(patch_fields)};

static const TuneField like_fields[] = {
    {"liked", TUNE_FIELD_BOOLEAN, .required = TRUE}, {"likes", TUNE_FIELD_INTEGER, .required = TRUE}};
static const TuneShape like_shape = {"Like", like_fields, G_N_ELEMENTS(like_fields), .answers = TRUE};
static const TuneField play_fields[] = {{"plays", TUNE_FIELD_INTEGER, .required = TRUE}};
static const TuneShape play_shape = {"Plays", play_fields, G_N_ELEMENTS(play_fields), .answers = TRUE};

static const TuneField stats_fields[] = {
    {"tracks", TUNE_FIELD_INTEGER, .required = TRUE, .says = "Public ones"},
    {"users", TUNE_FIELD_INTEGER, .required = TRUE},
    {"plays", TUNE_FIELD_INTEGER, .required = TRUE},
    {"likes", TUNE_FIELD_INTEGER, .required = TRUE},
    {"plays_24h", TUNE_FIELD_INTEGER, .required = TRUE},
    {"tracks_24h", TUNE_FIELD_INTEGER, .required = TRUE},
};
static const TuneShape stats_shape = {"CommunityStats", stats_fields, G_N_ELEMENTS(stats_fields),
                                      .answers = TRUE};

static const TuneField topic_fields[] = {
    {"topic", TUNE_FIELD_STRING, .required = TRUE},
    {"kind", TUNE_FIELD_STRING, .required = TRUE, .says = "genre, mood or tag"},
    {"score", TUNE_FIELD_NUMBER, .required = TRUE},
    {"tracks", TUNE_FIELD_INTEGER, .required = TRUE},
};
static const TuneShape topic_shape = {"Topic", topic_fields, G_N_ELEMENTS(topic_fields),
                                      .answers = TRUE};
static const TuneField topics_fields[] = {
    {"items", TUNE_FIELD_ARRAY, .required = TRUE, .shape = &topic_shape},
    {"limit", TUNE_FIELD_INTEGER, .required = TRUE},
};
static const TuneShape topics_shape = {"Topics", topics_fields, G_N_ELEMENTS(topics_fields),
                                       .answers = TRUE};
static const TuneField limit_fields[] = {
    {"limit", TUNE_FIELD_INTEGER, .low = 1, .high = 100, .otherwise = "10"}};
static const TuneShape limit_query = {"TopicsQuery", limit_fields, G_N_ELEMENTS(limit_fields)};

/* ---- the table ---- */

static const TuneRouteError no_such[] = {{404, "No such track, or it is not public"}, {0, NULL}};
static const TuneRouteError not_yours[] = {
    {403, "Somebody else's track"}, {404, "No such track, or it is not public"}, {0, NULL}};

#define FILE_ROUTE(name, says, type)                                                               \
    {TUNE_HTTP_GET, "/api/v1/tracks/{id}/" name, 0, file, "download", says, .produces = type,      \
     .errors = tune_sound_errors}

static const TuneRoute routes[] = {
    {TUNE_HTTP_GET, "/api/v1/tracks", TUNE_ROUTE_LIST, list, "tracks", "Public tracks, newest first",
     .query = &list_query, .answer = &tune_shape_track, .cache_ttl_s = 300, .cache_stale_s = 60,
     .cache_tags = tags},
    {TUNE_HTTP_GET, "/api/v1/tracks/recent", TUNE_ROUTE_LIST, list, "tracks", "The newest",
     .answer = &tune_shape_track, .cache_ttl_s = 300, .cache_stale_s = 60, .cache_tags = tags},
    {TUNE_HTTP_GET, "/api/v1/tracks/trending", TUNE_ROUTE_LIST, trending, "tracks",
     "Most played in the last 24 hours", .answer = &tune_shape_track, .cache_ttl_s = 15,
     .cache_stale_s = 15, .cache_tags = tags},
    {TUNE_HTTP_GET, "/api/v1/tracks/search", TUNE_ROUTE_LIST, search, "tracks", "Find public tracks",
     .query = &search_query, .answer = &tune_shape_track, .cache_ttl_s = 15, .cache_stale_s = 15,
     .cache_tags = tags},
    {TUNE_HTTP_GET, "/api/v1/tracks/{id}", TUNE_ROUTE_FIELDS, show, "tracks", "One track",
     .answer = &tune_shape_track, .errors = no_such},
    {TUNE_HTTP_PATCH, "/api/v1/tracks/{id}", 0, patch, "tracks", "Change what is said of it",
     .body = &patch_shape, .answer = &tune_shape_track, .errors = not_yours},
    {TUNE_HTTP_DELETE, "/api/v1/tracks/{id}", 0, delete_track, "tracks", "Delete it", .status = 204,
     .errors = not_yours},
    {TUNE_HTTP_POST, "/api/v1/tracks/{id}/like", 0, like, "tracks", "Like it", .answer = &like_shape,
     .errors = no_such},
    {TUNE_HTTP_DELETE, "/api/v1/tracks/{id}/like", 0, unlike, "tracks", "Not any more",
     .answer = &like_shape, .errors = no_such},
    {TUNE_HTTP_POST, "/api/v1/tracks/{id}/play", 0, play, "tracks", "Count that it was played",
     .answer = &play_shape, .errors = no_such},
    {TUNE_HTTP_GET, "/api/v1/tracks/{id}/audio", 0, audio, "download", "Its sound",
     .query = &tune_shape_sound_query, .produces = "audio/*", .errors = tune_sound_errors},
    {TUNE_HTTP_GET, "/api/v1/tracks/{id}/stems/{name}", 0, stem, "download",
     "One part alone; the stems sum to the mix", .produces = "audio/wav",
     .errors = tune_sound_errors},
    FILE_ROUTE("score.json", "The score, everything", "application/json"),
    FILE_ROUTE("score.mid", "The score as MIDI", "audio/midi"),
    FILE_ROUTE("score.musicxml", "The score as MusicXML 4.0", "application/vnd.recordare.musicxml+xml"),
    FILE_ROUTE("score.abc", "The score as ABC 2.1", "text/vnd.abc"),
    FILE_ROUTE("report", "Asked against got, measured", "application/json"),
    FILE_ROUTE("waveform", "Peaks for a player", "application/json"),
    {TUNE_HTTP_GET, "/api/v1/community/stats", 0, stats, "community", "How much there is",
     .answer = &stats_shape, .cache_ttl_s = 300, .cache_stale_s = 60, .cache_tags = tags},
    {TUNE_HTTP_GET, "/api/v1/community/trending-topics", 0, topics, "community",
     "Genres, moods and tags of what is made and played now", .query = &limit_query,
     .answer = &topics_shape, .cache_ttl_s = 15, .cache_stale_s = 15, .cache_tags = tags},
};
const TuneRouteTable tune_routes_tracks = {routes, G_N_ELEMENTS(routes)};
