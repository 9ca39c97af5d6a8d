/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/uploads.h"
#include "store/columns.h"
#include "store/select.h"

#define COLUMNS "id, user_id, kind, name, mime, sha256, bytes, seconds, details, created_at"

static const TuneColumn UPLOAD[] = {
    {"id", TUNE_COLUMN_TEXT},      {"user_id", TUNE_COLUMN_TEXT},
    {"kind", TUNE_COLUMN_TEXT},    {"name", TUNE_COLUMN_TEXT},
    {"mime", TUNE_COLUMN_TEXT},    {"sha256", TUNE_COLUMN_TEXT},
    {"bytes", TUNE_COLUMN_INT},    {"duration_seconds", TUNE_COLUMN_REAL},
    {"details", TUNE_COLUMN_JSON}, {"created_at", TUNE_COLUMN_TIME},
};

static const TuneStatement INSERT = {"upload-create",
                                     "INSERT INTO uploads (" COLUMNS ") "
                                     "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
                                     "RETURNING " COLUMNS,
                                     NULL};
/* $2: "" for nobody's; $3: whether it may be anybody's. */
static const TuneStatement GET = {
    "upload-get",
    "SELECT " COLUMNS " FROM uploads WHERE id = $1 AND ($3 OR COALESCE(user_id, '') = $2)", NULL};
static const TuneStatement DELETE = {
    "upload-delete", "DELETE FROM uploads WHERE id = $1 AND ($3 OR COALESCE(user_id, '') = $2)",
    NULL};
static const TuneStatement BYTES = {
    "upload-bytes", "SELECT COALESCE(sum(bytes), 0) FROM uploads WHERE user_id = $1", NULL};

static json_t *first_upload(const TuneRows *rows)
{
    return rows == NULL || tune_rows_count(rows) == 0
               ? NULL
               : tune_rows_object(rows, 0, UPLOAD, G_N_ELEMENTS(UPLOAD));
}

typedef struct {
    const TuneUploadDraft *draft;
    const char *id, *details;
    json_t *made;
} Creation;

static gboolean create(TuneTx *tx, gpointer user_data, GError **error)
{
    Creation *self = user_data;
    const TuneUploadDraft *draft = self->draft;
    const char *user = draft->user_id != NULL && *draft->user_id != '\0' ? draft->user_id : NULL;

    g_clear_pointer(&self->made, json_decref);
    g_autoptr(TuneRows) rows = tune_tx_query(
        tx, &INSERT, error, "ttttttidti", self->id, user, draft->kind, draft->name, draft->mime,
        draft->sha256, (gint64)draft->bytes, draft->seconds, self->details, tune_tx_now_us(tx));
    self->made = first_upload(rows);
    return self->made != NULL;
}

json_t *tune_upload_create(TuneStore *store, const TuneUploadDraft *draft, GError **error)
{
    g_autofree char *id = tune_store_new_id();
    g_autofree char *details =
        draft->details != NULL ? tune_json_canonical(draft->details) : g_strdup("{}");
    Creation creation = {.draft = draft, .id = id, .details = details};

    if (tune_store_transact(store, create, &creation, error))
        return creation.made;
    json_decref(creation.made);
    return NULL;
}

json_t *tune_upload_get(TuneStore *store, const char *id, const char *user, GError **error)
{
    g_autoptr(TuneRows) rows = tune_store_query(store, &GET, TUNE_READ_PRIMARY, error, "ttb", id,
                                                user != NULL ? user : "", user == NULL);
    return first_upload(rows);
}

json_t *tune_upload_list(TuneStore *store, const char *user, gint64 before_us,
                         const char *before_id, guint offset, guint limit, GError **error)
{
    g_auto(TuneSelect) select;
    tune_select_init(&select, "SELECT " COLUMNS " FROM uploads WHERE user_id ");
    if (*user == '\0')
        tune_select_add(&select, "IS NULL");
    else
        tune_select_text(&select, "= ", user);
    if (before_id != NULL && *before_id != '\0') {
        tune_select_int(&select, " AND (created_at, id) < (", before_us);
        tune_select_text(&select, ", ", before_id);
        tune_select_add(&select, ")");
    }
    tune_select_int(&select, " ORDER BY created_at DESC, id DESC LIMIT ", limit);
    if (offset > 0)
        tune_select_int(&select, " OFFSET ", offset);
    g_autoptr(TuneRows) rows =
        tune_select_run(&select, store, "uploads-of-user", TUNE_SELECT_PLAIN, TUNE_READ_PRIMARY, error);
    return rows == NULL ? NULL : tune_rows_array(rows, limit, UPLOAD, G_N_ELEMENTS(UPLOAD));
}

gboolean tune_upload_delete(TuneStore *store, const char *id, const char *user, GError **error)
{
    g_autoptr(TuneRows) rows =
        tune_store_write(store, &DELETE, error, "ttb", id, user != NULL ? user : "", user == NULL);
    return rows != NULL && tune_rows_changed(rows) > 0;
}

gint64 tune_upload_bytes(TuneStore *store, const char *user, GError **error)
{
    g_autoptr(TuneRows) rows = tune_store_query(store, &BYTES, TUNE_READ_PRIMARY, error, "t", user);
    return rows == NULL ? -1 : tune_rows_int(rows, 0, 0);
}
