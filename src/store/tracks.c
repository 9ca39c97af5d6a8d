/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/tracks.h"
#include "store/columns.h"
#include "store/search.h"
#include "store/select.h"

#include <string.h>

/* ---- a track as JSON ---- */

#define COLUMNS                                                                                    \
    "t.id, t.title, t.description, t.genre, t.mood, t.musical_key, t.bpm, t.seconds, t.engine, "   \
    "t.tags, t.prompt, t.is_public, t.plays, t.likes, t.user_id, t.generation_id, t.identity, "    \
    "t.created_at, t.updated_at"

static const TuneColumn TRACK[] = {
    {"id", TUNE_COLUMN_TEXT},          {"title", TUNE_COLUMN_TEXT},
    {"description", TUNE_COLUMN_TEXT}, {"genre", TUNE_COLUMN_TEXT},
    {"mood", TUNE_COLUMN_TEXT},        {"key", TUNE_COLUMN_TEXT},
    {"bpm", TUNE_COLUMN_REAL},         {"duration_seconds", TUNE_COLUMN_REAL},
    {"engine", TUNE_COLUMN_TEXT},      {"tags", TUNE_COLUMN_LINES},
    {"prompt", TUNE_COLUMN_TEXT},      {"is_public", TUNE_COLUMN_BOOL},
    {"plays", TUNE_COLUMN_INT},        {"likes", TUNE_COLUMN_INT},
    {"user_id", TUNE_COLUMN_TEXT},     {"generation_id", TUNE_COLUMN_TEXT},
    {"identity", TUNE_COLUMN_TEXT},    {"created_at", TUNE_COLUMN_TIME},
    {"updated_at", TUNE_COLUMN_TIME},
};
#define N_COLUMNS G_N_ELEMENTS(TRACK)

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* Of one row or none. */
static json_t *first_track(const TuneRows *rows)
{
    return rows == NULL || tune_rows_count(rows) == 0 ? NULL
                                                      : tune_rows_object(rows, 0, TRACK, N_COLUMNS);
}

/* At most @limit. */
static json_t *some_tracks(const TuneRows *rows, guint limit)
{
    return rows == NULL ? NULL : tune_rows_array(rows, limit, TRACK, N_COLUMNS);
}

/* With the column behind a track's own as @key. */
static json_t *tracks_with(const TuneRows *rows, const char *key, TuneColumnKind kind)
{
    TuneColumn columns[N_COLUMNS + 1];

    if (rows == NULL)
        return NULL;
    memcpy(columns, TRACK, sizeof TRACK);
    columns[N_COLUMNS] = (TuneColumn){key, kind};
    return tune_rows_array(rows, G_MAXUINT, columns, N_COLUMNS + 1);
}

/* ---- one track ---- */

static const TuneStatement INSERT = {
    "track-create",
    "INSERT INTO tracks AS t (id, user_id, generation_id, identity, title, description, genre, "
    "mood,"
    " musical_key, bpm, seconds, engine, tags, prompt, is_public, created_at, updated_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)",
    NULL};
static const TuneStatement GET = {"track-get", "SELECT " COLUMNS " FROM tracks t WHERE t.id = $1",
                                  NULL};
static const TuneStatement PATCH = {
    "track-patch",
    "UPDATE tracks SET title = COALESCE($2, title), description = COALESCE($3, description),"
    " genre = COALESCE($4, genre), mood = COALESCE($5, mood), tags = COALESCE($6, tags),"
    " is_public = COALESCE($7, is_public), updated_at = $8 WHERE id = $1",
    NULL};
static const TuneStatement OWNER = {"track-owner",
                                    "SELECT user_id, is_public FROM tracks WHERE id = $1", NULL};
static const TuneStatement DELETE = {"track-delete", "DELETE FROM tracks WHERE id = $1", NULL};

typedef enum { TO_SEE, TO_CHANGE } Right;

static gboolean may(Right right, const char *owner, gboolean is_public, const char *user)
{
    return user == NULL || (right == TO_SEE && is_public) ||
           (owner != NULL && *owner != '\0' && g_str_equal(owner, user));
}

/* FALSE without an error: no such track, or not for @user. */
static gboolean check_right(TuneTx *tx, Right right, const char *id, const char *user,
                            GError **error)
{
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &OWNER, error, "t", id);
    return rows != NULL && tune_rows_count(rows) == 1 &&
           may(right, tune_rows_text(rows, 0, 0), tune_rows_bool(rows, 0, 1), user);
}

/* Inside a transaction, so that nothing is kept when a track is not there: the transaction's error
 * that becomes "NULL without an error" outside. */
static gboolean refuse(GError **error)
{
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no such track");
    return FALSE;
}

static gboolean transact(TuneStore *store, TuneTxBody body, gpointer data, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (tune_store_transact(store, body, data, &local))
        return TRUE;
    if (local != NULL && !g_error_matches(local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

typedef struct {
    const TuneTrackDraft *draft;
    const char *tags;
    char *id;
    json_t *made;
} Creation;

static gboolean create(TuneTx *tx, gpointer user_data, GError **error)
{
    Creation *self = user_data;
    const TuneTrackDraft *draft = self->draft;
    const char *user = draft->user_id != NULL && *draft->user_id != '\0' ? draft->user_id : NULL;

    g_clear_pointer(&self->made, json_decref);
    g_autoptr(TuneRows) put =
        tune_tx_query(tx, &INSERT, error, "tttttttttddtttbi", self->id, user, draft->generation_id,
                      draft->identity, draft->title, text_or_empty(draft->description),
                      draft->genre, text_or_empty(draft->mood), text_or_empty(draft->key),
                      draft->bpm, draft->seconds, draft->engine, self->tags,
                      text_or_empty(draft->prompt), draft->is_public, tune_tx_now_us(tx));
    if (put == NULL)
        return FALSE;
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &GET, error, "t", self->id);
    self->made = first_track(rows);
    return self->made != NULL;
}

json_t *tune_track_create(TuneStore *store, const TuneTrackDraft *draft, GError **error)
{
    g_autofree char *id = tune_store_new_id();
    g_autofree char *tags = tune_lines_of_array(draft->tags);
    Creation creation = {.draft = draft, .tags = tags, .id = id};

    if (transact(store, create, &creation, error))
        return creation.made;
    json_decref(creation.made);
    return NULL;
}

json_t *tune_track_get(TuneStore *store, const char *id, const char *user, GError **error)
{
    TuneReadFrom from = tune_store_read_for(store, user != NULL ? user : "");
    g_autoptr(TuneRows) rows = tune_store_query(store, &GET, from, error, "t", id);
    g_autoptr(json_t) track = first_track(rows);

    if (track == NULL)
        return NULL;
    const char *owner = json_string_value(json_object_get(track, "user_id"));
    gboolean is_public = json_is_true(json_object_get(track, "is_public"));
    return may(TO_SEE, owner, is_public, user) ? g_steal_pointer(&track) : NULL;
}

typedef struct {
    const char *id, *user;
    const json_t *patch;
    json_t *made;
} Patch;

static gboolean patch(TuneTx *tx, gpointer user_data, GError **error)
{
    Patch *self = user_data;
    const json_t *tags_json = json_object_get(self->patch, "tags");
    const json_t *is_public = json_object_get(self->patch, "is_public");
    g_autofree char *tags = json_is_array(tags_json) ? tune_lines_of_array(tags_json) : NULL;
    const char *texts[4];
    static const char *const keys[] = {"title", "description", "genre", "mood"};

    g_clear_pointer(&self->made, json_decref);
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
        texts[i] = json_string_value(json_object_get(self->patch, keys[i]));
    if (!check_right(tx, TO_CHANGE, self->id, self->user, error))
        return tx->failed ? FALSE : refuse(error);
    gint64 now = tune_tx_now_us(tx);
    g_autoptr(TuneRows) changed =
        json_is_boolean(is_public)
            ? tune_tx_query(tx, &PATCH, error, "ttttttbi", self->id, texts[0], texts[1], texts[2],
                            texts[3], tags, json_is_true(is_public), now)
            : tune_tx_query(tx, &PATCH, error, "ttttttni", self->id, texts[0], texts[1], texts[2],
                            texts[3], tags, now);
    if (changed == NULL)
        return FALSE;
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &GET, error, "t", self->id);
    self->made = first_track(rows);
    return self->made != NULL || (!tx->failed && refuse(error));
}

json_t *tune_track_patch(TuneStore *store, const char *id, const char *user, const json_t *wanted,
                         GError **error)
{
    Patch data = {.id = id, .user = user, .patch = wanted};

    if (transact(store, patch, &data, error))
        return data.made;
    json_decref(data.made);
    return NULL;
}

typedef struct {
    const char *id, *user;
    gboolean like;
    gint64 count;
} Act;

static gboolean delete (TuneTx *tx, gpointer user_data, GError **error)
{
    Act *self = user_data;
    if (!check_right(tx, TO_CHANGE, self->id, self->user, error))
        return tx->failed ? FALSE : refuse(error);
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &DELETE, error, "t", self->id);
    return rows != NULL;
}

gboolean tune_track_delete(TuneStore *store, const char *id, const char *user, GError **error)
{
    Act act = {.id = id, .user = user};
    return transact(store, delete, &act, error);
}

/* ---- lists ---- */

#define MOST_SKIPPED 100 /* rows of an offset that still take no time */

static void add_filter(TuneSelect *select, const TuneTrackFilter *filter)
{
    if (filter == NULL)
        return;
    if (filter->genre != NULL)
        tune_select_text(select, " AND t.genre = ", filter->genre);
    if (filter->mood != NULL)
        tune_select_text(select, " AND t.mood = ", filter->mood);
    if (filter->key != NULL)
        tune_select_text(select, " AND t.musical_key = ", filter->key);
    if (filter->engine != NULL)
        tune_select_text(select, " AND t.engine = ", filter->engine);
    if (filter->bpm_min > 0)
        tune_select_real(select, " AND t.bpm >= ", filter->bpm_min);
    if (filter->bpm_max > 0)
        tune_select_real(select, " AND t.bpm <= ", filter->bpm_max);
    if (filter->seconds_min > 0)
        tune_select_real(select, " AND t.seconds >= ", filter->seconds_min);
    if (filter->seconds_max > 0)
        tune_select_real(select, " AND t.seconds <= ", filter->seconds_max);
}

/* One of few, in the statement's text: PostgreSQL expects a tenth of all rows of a LIMIT that is a
 * parameter, and would plan such a statement anew each time.  What is too much is left out
 * afterwards. */
static const char *limit_text(guint limit)
{
    return limit <= 11 ? "11" : limit <= 26 ? "26" : limit <= 51 ? "51" : "101";
}

static void add_page(TuneSelect *select, const TuneTrackPage *page)
{
    if (page->before_id != NULL && *page->before_id != '\0') {
        tune_select_int(select, " AND (t.created_at, t.id) < (", page->before_us);
        tune_select_text(select, ", ", page->before_id);
        tune_select_add(select, ")");
    }
    tune_select_add(select, " ORDER BY t.created_at DESC, t.id DESC LIMIT ");
    tune_select_add(select, limit_text(page->limit));
    if (page->offset > 0)
        tune_select_int(select, " OFFSET ", page->offset);
}

/* The whole list goes along its index from the first row to the last.  How one is narrowed best depends on
 * how many tracks have the value: where all have the same mood, a plan for any mood looks for one that nobody
 * has among all of them. */
static TuneSelectKind kind_of(const TuneTrackFilter *f, const TuneTrackPage *page)
{
    if (f != NULL && (f->mood != NULL || f->key != NULL || f->engine != NULL || f->bpm_min > 0 ||
                      f->bpm_max > 0 || f->seconds_min > 0 || f->seconds_max > 0))
        return TUNE_SELECT_REPLAN;
    return (f == NULL || f->genre == NULL) && page->offset <= MOST_SKIPPED ? TUNE_SELECT_QUICK
                                                                           : TUNE_SELECT_PLAIN;
}

static TuneRows *public_rows(TuneStore *store, const TuneTrackFilter *filter,
                             const TuneTrackPage *page, GError **error)
{
    TuneSelectKind kind = kind_of(filter, page);
    g_auto(TuneSelect) select;
    tune_select_init(&select, "SELECT " COLUMNS " FROM tracks t WHERE t.is_public");
    add_filter(&select, filter);
    add_page(&select, page);
    return tune_select_run(&select, store, "tracks-public", kind,
                           tune_store_read_for(store, TUNE_SESSION_TRACKS), error);
}

json_t *tune_tracks_public(TuneStore *store, const TuneTrackFilter *filter,
                           const TuneTrackPage *page, GError **error)
{
    g_autoptr(TuneRows) rows = public_rows(store, filter, page, error);
    return some_tracks(rows, page->limit);
}

TuneRecords *tune_tracks_public_records(TuneStore *store, const TuneTrackFilter *filter,
                                        const TuneTrackPage *page, GError **error)
{
    TuneRows *rows = public_rows(store, filter, page, error);
    return tune_records_new(rows, page->limit, TRACK, N_COLUMNS);
}

json_t *tune_tracks_of_user(TuneStore *store, const char *user, const TuneTrackPage *page,
                            GError **error)
{
    g_auto(TuneSelect) select;
    tune_select_init(&select, "SELECT " COLUMNS " FROM tracks t WHERE t.user_id = ");
    tune_select_text(&select, "", user);
    add_page(&select, page);
    g_autoptr(TuneRows) rows =
        tune_select_run(&select, store, "tracks-of-user", TUNE_SELECT_PLAIN, TUNE_READ_PRIMARY, error);
    return some_tracks(rows, page->limit);
}

gint64 tune_tracks_count_of_user(TuneStore *store, const char *user, GError **error)
{
    static const TuneStatement count = {"tracks-count-of-user",
                                        "SELECT count(*) FROM tracks WHERE user_id = $1", NULL};
    g_autoptr(TuneRows) rows = tune_store_query(store, &count, TUNE_READ_PRIMARY, error, "t", user);
    return rows == NULL ? -1 : tune_rows_int(rows, 0, 0);
}

json_t *tune_tracks_trending(TuneStore *store, guint limit, GError **error)
{
    static const TuneStatement trending = {
        "tracks-trending",
        "SELECT " COLUMNS ", p.recent FROM (SELECT track_id, count(*) AS recent FROM plays "
        "WHERE created_at > $1 GROUP BY track_id ORDER BY count(*) DESC, track_id DESC LIMIT 2000) "
        "p "
        "JOIN tracks t ON t.id = p.track_id WHERE t.is_public "
        "ORDER BY p.recent DESC, t.created_at DESC, t.id DESC LIMIT $2",
        NULL};
    g_autoptr(TuneRows) rows =
        tune_store_query(store, &trending, tune_store_read_for(store, TUNE_SESSION_TRACKS), error,
                         "ii", g_get_real_time() - G_TIME_SPAN_DAY, (gint64)limit);
    return tracks_with(rows, "recent_plays", TUNE_COLUMN_INT);
}

/* ---- search ---- */

/* Only the newest matches are ranked: ranking reads each one's words.  The rank is worked out on
 * narrow rows; the whole tracks are fetched for the page alone. */
static void begin_search(TuneSelect *select, gboolean postgres, const char *query)
{
    if (postgres) {
        /* The query stands in the condition itself, so that the planner knows how common its words
         * are. */
        tune_select_init(select, "SELECT " COLUMNS ", r.score FROM (SELECT m.id, m.created_at, "
                                 "ts_rank(m.search_vector, to_tsquery('simple', ");
        tune_select_text(select, "", query);
        tune_select_add(select, "))::float8 AS score FROM (SELECT t.id, t.created_at, "
                                "t.search_vector FROM tracks t WHERE t.is_public AND "
                                "t.search_vector @@ to_tsquery('simple', $1)");
    } else {
        tune_select_init(select, "SELECT " COLUMNS ", r.score FROM (SELECT m.id, m.score, "
                                 "m.created_at FROM (SELECT t.id, t.created_at, "
                                 "-bm25(tracks_search, 10, 1, 4, 4, 4, 1) AS score "
                                 "FROM tracks_search JOIN tracks t ON t.number = "
                                 "tracks_search.rowid WHERE tracks_search MATCH ");
        tune_select_text(select, "", query);
        tune_select_add(select, " AND t.is_public");
    }
}

static void end_search(TuneSelect *select, gboolean postgres, guint offset, guint limit)
{
    tune_select_add(select, postgres ? " ORDER BY t.created_at DESC, t.id DESC LIMIT 1000) m"
                                     : " ORDER BY tracks_search.rowid DESC LIMIT 1000) m");
    tune_select_int(select, " ORDER BY score DESC, created_at DESC, id DESC LIMIT ", limit);
    if (offset > 0)
        tune_select_int(select, " OFFSET ", offset);
    tune_select_add(select, ") r JOIN tracks t ON t.id = r.id "
                            "ORDER BY r.score DESC, t.created_at DESC, t.id DESC");
}

typedef struct {
    const char *words;
    const TuneTrackFilter *filter;
    gboolean beginnings;
} Search;

static TuneRows *search(TuneStore *store, const Search *self, guint offset, guint limit,
                        GError **error)
{
    gboolean postgres = tune_store_is_postgres(store);
    g_autofree char *query = tune_search_query(self->words, self->beginnings, postgres);

    if (query == NULL)
        return tune_rows_new(0);
    g_auto(TuneSelect) select;
    begin_search(&select, postgres, query);
    add_filter(&select, self->filter);
    end_search(&select, postgres, offset, limit);
    /* The best plan depends on how common the words are. */
    return tune_select_run(&select, store, "tracks-search", TUNE_SELECT_REPLAN,
                           tune_store_read_for(store, TUNE_SESSION_TRACKS), error);
}

/* Whole words first: looking for beginnings costs PostgreSQL forty times as much. */
json_t *tune_tracks_search(TuneStore *store, const char *words, const TuneTrackFilter *filter,
                           guint offset, guint limit, GError **error)
{
    Search wanted = {.words = words, .filter = filter};
    g_autoptr(TuneRows) rows = search(store, &wanted, offset, limit, error);

    if (rows == NULL)
        return NULL;
    if (tune_rows_count(rows) == 0 && offset > 0) {
        /* Behind the last of the whole words, or were there none? */
        g_autoptr(TuneRows) first = search(store, &wanted, 0, 1, error);
        if (first == NULL || tune_rows_count(first) > 0)
            return first == NULL ? NULL : json_array();
    }
    if (tune_rows_count(rows) == 0) {
        wanted.beginnings = TRUE;
        tune_rows_free(rows);
        rows = search(store, &wanted, offset, limit, error);
    }
    return tracks_with(rows, "score", TUNE_COLUMN_REAL);
}

/* ---- likes and plays ---- */

static const TuneStatement LIKE = {"track-like",
                                   "INSERT INTO likes (track_id, user_id, created_at) VALUES ($1, "
                                   "$2, $3) ON CONFLICT DO NOTHING",
                                   NULL};
static const TuneStatement UNLIKE = {
    "track-unlike", "DELETE FROM likes WHERE track_id = $1 AND user_id = $2", NULL};
static const TuneStatement COUNT_LIKE = {
    "track-count-like", "UPDATE tracks SET likes = likes + $2 WHERE id = $1 RETURNING likes", NULL};
static const TuneStatement PLAY = {
    "track-play", "INSERT INTO plays (id, track_id, user_id, created_at) VALUES ($1, $2, $3, $4)",
    NULL};
static const TuneStatement COUNT_PLAY = {
    "track-count-play", "UPDATE tracks SET plays = plays + 1 WHERE id = $1 RETURNING plays", NULL};

static gboolean like(TuneTx *tx, gpointer user_data, GError **error)
{
    Act *self = user_data;

    if (!check_right(tx, TO_SEE, self->id, self->user, error))
        return tx->failed ? FALSE : refuse(error);
    gint64 now = tune_tx_now_us(tx);
    g_autoptr(TuneRows) changed =
        self->like ? tune_tx_query(tx, &LIKE, error, "tti", self->id, self->user, now)
                   : tune_tx_query(tx, &UNLIKE, error, "tt", self->id, self->user);
    if (changed == NULL)
        return FALSE;
    gint64 step = tune_rows_changed(changed) == 0 ? 0 : self->like ? 1 : -1;
    g_autoptr(TuneRows) counted = tune_tx_query(tx, &COUNT_LIKE, error, "ti", self->id, step);
    if (counted == NULL)
        return FALSE;
    if (tune_rows_count(counted) == 0)
        return refuse(error);
    self->count = tune_rows_int(counted, 0, 0);
    return TRUE;
}

gboolean tune_track_like(TuneStore *store, const char *id, const char *user, gboolean wanted,
                         gint64 *likes, GError **error)
{
    Act act = {.id = id, .user = user, .like = wanted};
    gboolean ok = transact(store, like, &act, error);
    *likes = act.count;
    return ok;
}

static gboolean play(TuneTx *tx, gpointer user_data, GError **error)
{
    Act *self = user_data;
    g_autofree char *id = tune_store_new_id();
    const char *user = self->user != NULL && *self->user != '\0' ? self->user : NULL;

    if (!check_right(tx, TO_SEE, self->id, self->user, error))
        return tx->failed ? FALSE : refuse(error);
    gint64 now = tune_tx_now_us(tx);
    g_autoptr(TuneRows) put = tune_tx_query(tx, &PLAY, error, "ttti", id, self->id, user, now);
    if (put == NULL)
        return FALSE;
    g_autoptr(TuneRows) counted = tune_tx_query(tx, &COUNT_PLAY, error, "t", self->id);
    if (counted == NULL)
        return FALSE;
    if (tune_rows_count(counted) == 0)
        return refuse(error);
    self->count = tune_rows_int(counted, 0, 0);
    return TRUE;
}

gboolean tune_track_play(TuneStore *store, const char *id, const char *user, gint64 *plays,
                         GError **error)
{
    Act act = {.id = id, .user = user};
    gboolean ok = transact(store, play, &act, error);
    *plays = act.count;
    return ok;
}
