/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/generations.h"
#include "store/queue-private.h"
#include "store/record.h"

#include <string.h>

/* ---- generations ---- */

/* An open generation takes state and progress from its job.  @request: the body it was ordered with, or null
 * where nobody wants it: it may be long. */
#define COLUMNS(request)                                                                                    \
    "SELECT g.id, CASE WHEN g.status = 'queued' AND j.state = 'running' THEN 'running' "           \
    "ELSE g.status END, CASE WHEN g.status = 'completed' THEN 1.0 "                                \
    "WHEN g.status = 'queued' THEN coalesce(j.progress, 0.0) ELSE 0.0 END, "                       \
    "coalesce(j.stage, ''), CASE WHEN g.status = 'queued' "                                        \
    "THEN coalesce(j.attempt - j.excused, 0) ELSE g.attempts END, g.error, g.seed, g.engine, "     \
    "g.prompt, g.format, g.priority, g.track_id, g.created_at, "                                   \
    "coalesce(g.started_at, j.started_at), g.finished_at, g.identity, g.job_id, "                  \
    "coalesce(g.user_id, ''), " request ", j.turn, j.priority FROM generations AS g "                \
    "LEFT JOIN jobs AS j ON j.id = g.job_id "

#define ONE_SQL "WHERE g.id = $1 AND ($2 IS NULL OR coalesce(g.user_id, '') = $2)"
#define ONE_POSTGRES "WHERE g.id = $1 AND ($2::text IS NULL OR coalesce(g.user_id, '') = $2::text)"
static const TuneStatement GET = {"generation-get", COLUMNS("NULL") ONE_SQL,
                                  COLUMNS("NULL::text") ONE_POSTGRES};
static const TuneStatement GET_REQUEST = {"generation-get-request", COLUMNS("g.request") ONE_SQL,
                                          COLUMNS("g.request") ONE_POSTGRES};

static const TuneStatement LIST = {
    "generation-list",
    COLUMNS("NULL") "WHERE g.user_id = $1 AND ($3 = '' OR (g.created_at, g.id) < ($2, $3)) "
            "ORDER BY g.created_at DESC, g.id DESC LIMIT $5 OFFSET $4",
    COLUMNS("NULL::text") "WHERE g.user_id = $1 AND ($3::text = '' OR "
            "(g.created_at, g.id) < ($2::bigint, $3::text)) "
            "ORDER BY g.created_at DESC, g.id DESC LIMIT $5::bigint OFFSET $4::bigint"};

static const TuneStatement LIST_ANONYMOUS = {
    "generation-list-anonymous",
    COLUMNS("NULL") "WHERE g.user_id IS NULL AND ($2 = '' OR (g.created_at, g.id) < ($1, $2)) "
            "ORDER BY g.created_at DESC, g.id DESC LIMIT $4 OFFSET $3",
    COLUMNS("NULL::text") "WHERE g.user_id IS NULL AND ($2::text = '' OR "
            "(g.created_at, g.id) < ($1::bigint, $2::text)) "
            "ORDER BY g.created_at DESC, g.id DESC LIMIT $4::bigint OFFSET $3::bigint"};

static const TuneStatement COUNT = {
    "generation-count",
    "SELECT count(*) FROM generations WHERE user_id = $1 OR ($1 = '' AND user_id IS NULL)",
    "SELECT count(*) FROM generations WHERE user_id = $1 OR ($1::text = '' AND user_id IS NULL)"};

static const TuneStatement SET_TRACK = {"generation-set-track",
                                        "UPDATE generations SET track_id = $2 WHERE id = $1", NULL};

static json_t *generation_json(const TuneRows *rows, guint row)
{
    json_t *out = json_object();

    tune_record_set_text(out, "id", rows, row, 0);
    tune_record_set_text(out, "task_id", rows, row, 0);
    tune_record_set_text(out, "status", rows, row, 1);
    json_object_set_new(out, "progress", tune_json_real(tune_rows_real(rows, row, 2), 4));
    tune_record_set_text(out, "stage", rows, row, 3);
    json_object_set_new(out, "attempts", json_integer(tune_rows_int(rows, row, 4)));
    tune_record_set_text(out, "error", rows, row, 5);
    json_object_set_new(out, "seed", json_integer(tune_rows_int(rows, row, 6)));
    tune_record_set_text(out, "engine", rows, row, 7);
    tune_record_set_text(out, "prompt", rows, row, 8);
    tune_record_set_text(out, "format", rows, row, 9);
    json_object_set_new(out, "priority", json_integer(tune_rows_int(rows, row, 10)));
    tune_record_set_text(out, "track_id", rows, row, 11);
    tune_record_set_time(out, "created_at", rows, row, 12);
    tune_record_set_time(out, "started_at", rows, row, 13);
    tune_record_set_time(out, "finished_at", rows, row, 14);
    tune_record_set_text(out, "identity", rows, row, 15);
    tune_record_set_text(out, "job_id", rows, row, 16);
    tune_record_set_text(out, "owner", rows, row, 17);
    tune_record_set_json(out, "request", rows, row, 18);
    if (!tune_rows_is_null(rows, row, 19)) {
        json_object_set_new(out, "turn", json_integer(tune_rows_int(rows, row, 19)));
        json_object_set_new(out, "job_priority", json_integer(tune_rows_int(rows, row, 20)));
    }
    return out;
}

static json_t *get(TuneStore *store, const TuneStatement *statement, const char *id,
                   const char *owner, GError **error)
{
    g_autoptr(TuneRows) rows =
        tune_store_query(store, statement, TUNE_READ_PRIMARY, error, "tt", id, owner);

    return rows != NULL && tune_rows_count(rows) == 1 ? generation_json(rows, 0) : NULL;
}

json_t *tune_generation_get(TuneStore *store, const char *id, const char *owner, GError **error)
{
    return get(store, &GET, id, owner, error);
}

json_t *tune_generation_get_request(TuneStore *store, const char *id, const char *owner,
                                    GError **error)
{
    return get(store, &GET_REQUEST, id, owner, error);
}

json_t *tune_generation_list(TuneStore *store, const char *owner, gint64 before_us,
                             const char *before_id, guint offset, guint limit, GError **error)
{
    TuneReadFrom from = tune_store_read_for(store, owner);
    g_autoptr(TuneRows) rows =
        *owner != '\0' ? tune_store_query(store, &LIST, from, error, "titii", owner, before_us,
                                          before_id, (gint64)offset, (gint64)limit)
                       : tune_store_query(store, &LIST_ANONYMOUS, from, error, "itii", before_us,
                                          before_id, (gint64)offset, (gint64)limit);
    json_t *all = rows != NULL ? json_array() : NULL;

    for (guint row = 0; rows != NULL && row < tune_rows_count(rows); row++)
        json_array_append_new(all, generation_json(rows, row));
    return all;
}

gint64 tune_generation_count(TuneStore *store, const char *owner, GError **error)
{
    g_autoptr(TuneRows) rows =
        tune_store_query(store, &COUNT, tune_store_read_for(store, owner), error, "t", owner);

    return rows != NULL ? tune_rows_int(rows, 0, 0) : -1;
}

gboolean tune_generation_set_track(TuneStore *store, const char *id, const char *track_id,
                                   GError **error)
{
    g_autoptr(TuneRows) rows = tune_store_write(store, &SET_TRACK, error, "tt", id, track_id);

    return rows != NULL;
}

/* ---- results ---- */

static const TuneStatement RESULT = {
    "result-get", "SELECT recipe_sha256, report, seconds FROM results WHERE identity = $1", NULL};

static const TuneStatement FILES = {
    "result-files",
    "SELECT name, sha256, mime, bytes FROM result_files WHERE identity = $1 ORDER BY name", NULL};

static const TuneStatement ADD_FILE = {
    "result-add-file",
    "INSERT INTO result_files (identity, name, sha256, mime, bytes) "
    "SELECT identity, $2, $3, $4, $5 FROM results WHERE identity = $1 "
    "ON CONFLICT (identity, name) DO NOTHING",
    "INSERT INTO result_files (identity, name, sha256, mime, bytes) "
    "SELECT identity, $2, $3, $4, $5::bigint FROM results WHERE identity = $1 "
    "ON CONFLICT (identity, name) DO NOTHING"};

static const TuneStatement USED = {
    "result-used",
    "SELECT 1 FROM results WHERE identity = $1 AND used_at < " TUNE_NOW_SQLITE " - 3600000000",
    "SELECT 1 FROM results WHERE identity = $1 AND used_at < " TUNE_NOW_POSTGRES " - 3600000000"};

static const TuneStatement TOUCH = {
    "result-touch", "UPDATE results SET used_at = " TUNE_NOW_SQLITE " WHERE identity = $1",
    "UPDATE results SET used_at = " TUNE_NOW_POSTGRES " WHERE identity = $1"};

#define EXPIRE_SQL(now, age, limit)                                                                \
    "DELETE FROM results WHERE identity IN (SELECT r.identity FROM results AS r "                  \
    "WHERE r.used_at < " now " - " age                                                             \
    " AND NOT EXISTS (SELECT 1 FROM tracks AS t WHERE t.identity = r.identity) "                   \
    "AND NOT EXISTS (SELECT 1 FROM jobs AS j WHERE j.identity = r.identity) "                      \
    "ORDER BY r.used_at LIMIT " limit ") AND used_at < " now " - " age
static const TuneStatement EXPIRE = {"result-expire", EXPIRE_SQL(TUNE_NOW_SQLITE, "$1", "$2"),
                                     EXPIRE_SQL(TUNE_NOW_POSTGRES, "$1::bigint", "$2::bigint")};

json_t *tune_result_get(TuneStore *store, const char *identity, GError **error)
{
    g_autoptr(TuneRows) rows =
        tune_store_query(store, &RESULT, TUNE_READ_PRIMARY, error, "t", identity);

    if (rows == NULL || tune_rows_count(rows) == 0)
        return NULL;
    g_autoptr(TuneRows) files =
        tune_store_query(store, &FILES, TUNE_READ_PRIMARY, error, "t", identity);
    if (files == NULL)
        return NULL;
    json_t *out = json_object(), *all = json_object();
    json_object_set_new(out, "identity", json_string(identity));
    tune_record_set_text(out, "recipe_sha256", rows, 0, 0);
    tune_record_set_json(out, "report", rows, 0, 1);
    json_object_set_new(out, "seconds", tune_json_real(tune_rows_real(rows, 0, 2), 3));
    for (guint row = 0; row < tune_rows_count(files); row++)
        json_object_set_new(all, tune_rows_text(files, row, 0),
                            json_pack("{s:s, s:s, s:I}", "sha256", tune_rows_text(files, row, 1),
                                      "mime", tune_rows_text(files, row, 2), "bytes",
                                      (json_int_t)tune_rows_int(files, row, 3)));
    json_object_set_new(out, "files", all);
    return out;
}

gboolean tune_result_add_file(TuneStore *store, const char *identity, const char *name,
                              const char *sha256, const char *mime, guint64 bytes, GError **error)
{
    g_autoptr(TuneRows) rows = tune_store_write(store, &ADD_FILE, error, "tttti", identity, name,
                                                sha256, mime, (gint64)bytes);

    return rows != NULL;
}

gboolean tune_result_touch(TuneStore *store, const char *identity, GError **error)
{
    g_autoptr(TuneRows) old = tune_store_query(store, &USED, TUNE_READ, error, "t", identity);

    if (old == NULL)
        return FALSE;
    if (tune_rows_count(old) == 0)
        return TRUE;
    g_autoptr(TuneRows) rows = tune_store_write(store, &TOUCH, error, "t", identity);
    return rows != NULL;
}

gboolean tune_result_expire(TuneStore *store, guint64 age_s, guint limit, guint *n_expired,
                            GError **error)
{
    g_autoptr(TuneRows) rows =
        tune_store_write(store, &EXPIRE, error, "ii",
                         (gint64)MIN(age_s, 1000000000) * G_USEC_PER_SEC, (gint64)limit);

    *n_expired = rows != NULL ? tune_rows_changed(rows) : 0;
    return rows != NULL;
}

static const TuneStatement NEEDED = {
    "files-needed",
    "SELECT f.key FROM json_each($1) AS f WHERE "
    "EXISTS (SELECT 1 FROM result_files AS r WHERE r.sha256 = f.value) OR "
    "EXISTS (SELECT 1 FROM uploads AS u WHERE u.sha256 = f.value)",
    "SELECT f.n - 1 FROM json_array_elements_text($1::json) WITH ORDINALITY AS f(sha256, n) WHERE "
    "EXISTS (SELECT 1 FROM result_files AS r WHERE r.sha256 = f.sha256) OR "
    "EXISTS (SELECT 1 FROM uploads AS u WHERE u.sha256 = f.sha256)"};

gboolean tune_files_needed(TuneStore *store, const char *const *sha256s, guint n, gboolean *out,
                           GError **error)
{
    g_autoptr(json_t) all = json_array();

    for (guint i = 0; i < n; i++) {
        json_array_append_new(all, json_string(sha256s[i]));
        out[i] = FALSE;
    }
    g_autofree char *text = json_dumps(all, JSON_COMPACT);
    g_autoptr(TuneRows) rows =
        tune_store_query(store, &NEEDED, TUNE_READ_PRIMARY, error, "t", text);
    if (rows == NULL)
        return FALSE;
    for (guint row = 0; row < tune_rows_count(rows); row++)
        out[tune_rows_int(rows, row, 0)] = TRUE;
    return TRUE;
}
