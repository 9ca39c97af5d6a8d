/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/users.h"

#include <string.h>

G_DEFINE_QUARK(tune - users - error - quark, tune_users_error)

#define COLUMNS "id, email, name, password_hash, tier, role, profile, created_at, updated_at"

static const TuneStatement CREATE = {
    "user-create",
    "INSERT INTO users (id, email, name, password_hash, created_at, updated_at) "
    "VALUES ($1, $2, $3, $4, $5, $5) RETURNING " COLUMNS,
    NULL};
static const TuneStatement BY_EMAIL = {"user-by-email",
                                       "SELECT " COLUMNS " FROM users WHERE email = $1", NULL};
static const TuneStatement BY_ID = {"user-by-id", "SELECT " COLUMNS " FROM users WHERE id = $1",
                                    NULL};
static const TuneStatement UPDATE = {
    "user-update",
    "UPDATE users SET name = coalesce($2, name), profile = coalesce($3, profile), "
    "password_hash = coalesce($4, password_hash), updated_at = $5 WHERE id = $1",
    NULL};
static const TuneStatement SET_RIGHTS = {
    "user-set-rights",
    "UPDATE users SET tier = coalesce($2, tier), role = coalesce($3, role), updated_at = $4 "
    "WHERE id = $1",
    NULL};
static const TuneStatement DELETE = {"user-delete", "DELETE FROM users WHERE id = $1", NULL};

void tune_user_free(TuneUser *self)
{
    if (self == NULL)
        return;
    g_free(self->email);
    g_free(self->name);
    g_free(self->password_hash);
    g_free(self->tier);
    g_free(self->role);
    json_decref(self->profile);
    g_free(self);
}

static TuneUser *user_of(TuneRows *rows, guint row)
{
    TuneUser *self = g_new0(TuneUser, 1);

    g_strlcpy(self->id, tune_rows_text(rows, row, 0), sizeof self->id);
    self->email = g_strdup(tune_rows_text(rows, row, 1));
    self->name = g_strdup(tune_rows_text(rows, row, 2));
    self->password_hash = g_strdup(tune_rows_text(rows, row, 3));
    self->tier = g_strdup(tune_rows_text(rows, row, 4));
    self->role = g_strdup(tune_rows_text(rows, row, 5));
    self->profile = json_loads(tune_rows_text(rows, row, 6), 0, NULL);
    if (!json_is_object(self->profile)) {
        json_decref(self->profile);
        self->profile = json_object();
    }
    self->created_us = tune_rows_int(rows, row, 7);
    self->updated_us = tune_rows_int(rows, row, 8);
    return self;
}

/* The only row, or NULL. */
static TuneUser *take_user(TuneRows *rows)
{
    TuneUser *user = rows != NULL && tune_rows_count(rows) > 0 ? user_of(rows, 0) : NULL;

    g_clear_pointer(&rows, tune_rows_free);
    return user;
}

static gboolean changed(TuneRows *rows)
{
    gboolean any = rows != NULL && tune_rows_changed(rows) > 0;

    g_clear_pointer(&rows, tune_rows_free);
    return any;
}

TuneUser *tune_users_create(TuneStore *store, const char *email, const char *name,
                            const char *password_hash, GError **error)
{
    g_autofree char *id = tune_store_new_id();

    return take_user(tune_store_write(store, &CREATE, error, "tttti", id, email, name,
                                      password_hash, g_get_real_time()));
}

TuneUser *tune_users_by_email(TuneStore *store, const char *email, TuneReadFrom from,
                              GError **error)
{
    return take_user(tune_store_query(store, &BY_EMAIL, from, error, "t", email));
}

TuneUser *tune_users_by_id(TuneStore *store, const char *id, TuneReadFrom from, GError **error)
{
    return take_user(tune_store_query(store, &BY_ID, from, error, "t", id));
}

gboolean tune_users_update(TuneStore *store, const char *id, const char *name,
                           const json_t *profile, const char *password_hash, GError **error)
{
    g_autofree char *text = profile != NULL ? tune_json_canonical(profile) : NULL;

    return changed(tune_store_write(store, &UPDATE, error, "tttti", id, name, text, password_hash,
                                    g_get_real_time()));
}

gboolean tune_users_set_rights(TuneStore *store, const char *id, const char *tier, const char *role,
                               GError **error)
{
    return changed(
        tune_store_write(store, &SET_RIGHTS, error, "ttti", id, tier, role, g_get_real_time()));
}

gboolean tune_users_delete(TuneStore *store, const char *id, GError **error)
{
    return changed(tune_store_write(store, &DELETE, error, "t", id));
}

/* ---- export ---- */

#define MOST " LIMIT 10000"

/* What a user is told of each table; a column whose name ends in _at is a time, one of JSON_COLUMNS
 * JSON. */
static const struct {
    const char *name;
    const char *columns; /* separated by spaces */
    TuneStatement statement;
} exports[] = {
    {"api_keys",
     "id name prefix created_at last_used_at revoked_at",
     {"export-api-keys",
      "SELECT id, name, prefix, created_at, last_used_at, revoked_at FROM api_keys "
      "WHERE user_id = $1 ORDER BY created_at" MOST,
      NULL}},
    {"sessions",
     "id created_at expires_at revoked_at",
     {"export-sessions",
      "SELECT id, created_at, expires_at, revoked_at FROM sessions WHERE user_id = $1 "
      "ORDER BY created_at" MOST,
      NULL}},
    {"generations",
     "id kind status prompt request error engine created_at finished_at",
     {"export-generations",
      "SELECT id, kind, status, prompt, request, error, engine, created_at, finished_at "
      "FROM generations WHERE user_id = $1 ORDER BY created_at DESC" MOST,
      NULL}},
    {"tracks",
     "id title description genre tags prompt created_at updated_at",
     {"export-tracks",
      "SELECT id, title, description, genre, tags, prompt, created_at, updated_at FROM tracks "
      "WHERE user_id = $1 ORDER BY created_at DESC" MOST,
      NULL}},
    {"uploads",
     "id kind name mime created_at",
     {"export-uploads",
      "SELECT id, kind, name, mime, created_at FROM uploads WHERE user_id = $1 "
      "ORDER BY created_at DESC" MOST,
      NULL}},
    {"likes",
     "track_id created_at",
     {"export-likes",
      "SELECT track_id, created_at FROM likes WHERE user_id = $1 ORDER BY created_at DESC" MOST,
      NULL}},
};

static json_t *export_value(TuneRows *rows, guint row, guint column, const char *name)
{
    if (tune_rows_is_null(rows, row, column))
        return json_null();
    if (g_str_has_suffix(name, "_at"))
        return json_integer(tune_rows_int(rows, row, column));
    json_t *parsed = strcmp(name, "request") == 0
                         ? json_loads(tune_rows_text(rows, row, column), JSON_DECODE_ANY, NULL)
                         : NULL;
    return parsed != NULL ? parsed : json_string(tune_rows_text(rows, row, column));
}

static json_t *export_table(TuneRows *rows, const char *columns)
{
    g_auto(GStrv) names = g_strsplit(columns, " ", -1);
    json_t *list = json_array();

    for (guint row = 0; row < tune_rows_count(rows); row++) {
        json_t *record = json_object();
        for (guint i = 0; names[i] != NULL; i++)
            json_object_set_new(record, names[i], export_value(rows, row, i, names[i]));
        json_array_append_new(list, record);
    }
    return list;
}

json_t *tune_users_export(TuneStore *store, const char *id, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(TuneUser) user = tune_users_by_id(store, id, TUNE_READ_PRIMARY, &why);

    if (user == NULL) {
        if (why != NULL)
            g_propagate_error(error, g_steal_pointer(&why));
        else
            g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_MISSING, "there is no such user");
        return NULL;
    }
    g_autoptr(json_t) result = json_object();
    json_object_set_new(result, "user",
                        json_pack("{s:s, s:s, s:s, s:s, s:s, s:O, s:I, s:I}", "id", user->id,
                                  "email", user->email, "name", user->name, "tier", user->tier,
                                  "role", user->role, "profile", user->profile, "created_at",
                                  (json_int_t)user->created_us, "updated_at",
                                  (json_int_t)user->updated_us));
    for (guint i = 0; i < G_N_ELEMENTS(exports); i++) {
        g_autoptr(TuneRows) rows =
            tune_store_query(store, &exports[i].statement, TUNE_READ_PRIMARY, error, "t", id);
        if (rows == NULL)
            return NULL;
        json_object_set_new(result, exports[i].name, export_table(rows, exports[i].columns));
    }
    return g_steal_pointer(&result);
}

/* ---- API keys ---- */

#define USE_US (60 * G_TIME_SPAN_SECOND)

static const TuneStatement KEY_CREATE = {
    "api-key-create",
    "INSERT INTO api_keys (id, user_id, name, prefix, key_hash, created_at) "
    "VALUES ($1, $2, $3, $4, $5, $6)",
    NULL};
static const TuneStatement KEY_LIST = {
    "api-key-list",
    "SELECT id, name, prefix, created_at, last_used_at FROM api_keys "
    "WHERE user_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id DESC" MOST,
    NULL};
static const TuneStatement KEY_REVOKE = {
    "api-key-revoke",
    "UPDATE api_keys SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL",
    NULL};
static const TuneStatement KEY_OWNER = {
    "api-key-owner",
    "SELECT u.id, u.email, u.name, u.password_hash, u.tier, u.role, u.profile, u.created_at, "
    "u.updated_at, k.id, k.last_used_at FROM api_keys k JOIN users u ON u.id = k.user_id "
    "WHERE k.key_hash = $1 AND k.revoked_at IS NULL",
    NULL};
static const TuneStatement KEY_USED = {"api-key-used",
                                       "UPDATE api_keys SET last_used_at = $2 WHERE id = $1", NULL};

json_t *tune_api_keys_create(TuneStore *store, const char *user_id, const char *name,
                             const char *prefix, const char *key_hash, GError **error)
{
    g_autofree char *id = tune_store_new_id();
    gint64 now = g_get_real_time();
    g_autoptr(TuneRows) rows = tune_store_write(store, &KEY_CREATE, error, "ttttti", id, user_id,
                                                name, prefix, key_hash, now);

    return rows != NULL ? json_pack("{s:s, s:s, s:s, s:I, s:n}", "id", id, "name", name, "prefix",
                                    prefix, "created_at", (json_int_t)now, "last_used_at")
                        : NULL;
}

json_t *tune_api_keys_list(TuneStore *store, const char *user_id, GError **error)
{
    g_autoptr(TuneRows) rows =
        tune_store_query(store, &KEY_LIST, TUNE_READ_PRIMARY, error, "t", user_id);

    return rows != NULL ? export_table(rows, "id name prefix created_at last_used_at") : NULL;
}

gboolean tune_api_keys_revoke(TuneStore *store, const char *user_id, const char *id, GError **error)
{
    return changed(
        tune_store_write(store, &KEY_REVOKE, error, "tti", id, user_id, g_get_real_time()));
}

TuneUser *tune_api_keys_owner(TuneStore *store, const char *key_hash, char key_id[37],
                              GError **error)
{
    g_autoptr(TuneRows) rows =
        tune_store_query(store, &KEY_OWNER, TUNE_READ_PRIMARY, error, "t", key_hash);
    gint64 now = g_get_real_time();

    if (rows == NULL || tune_rows_count(rows) == 0)
        return NULL;
    g_strlcpy(key_id, tune_rows_text(rows, 0, 9), 37);
    /* When it was last used is told, not promised: a write that fails refuses nobody. */
    if (tune_rows_int(rows, 0, 10) < now - USE_US)
        changed(tune_store_write(store, &KEY_USED, NULL, "ti", key_id, now));
    return user_of(rows, 0);
}
