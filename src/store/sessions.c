/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sessions (store/users.h).
 */
#include "store/users.h"

#include <string.h>

#define CLEAN_US G_TIME_SPAN_DAY

static const TuneStatement OPEN = {
    "session-open",
    "INSERT INTO sessions (id, user_id, family, refresh_hash, created_at, expires_at) "
    "VALUES ($1, $2, $3, $4, $5, $6)",
    NULL};
static const TuneStatement FIND = {"session-find",
                                   "SELECT id, user_id, family, expires_at, used_at, revoked_at "
                                   "FROM sessions WHERE refresh_hash = $1",
                                   "SELECT id, user_id, family, expires_at, used_at, revoked_at "
                                   "FROM sessions WHERE refresh_hash = $1 "
                                   "FOR UPDATE"};
static const TuneStatement SPEND = {
    "session-spend", "UPDATE sessions SET used_at = $2 WHERE id = $1 AND used_at IS NULL", NULL};
static const TuneStatement END = {
    "session-end", "UPDATE sessions SET revoked_at = $2 WHERE family = $1 AND revoked_at IS NULL",
    NULL};
static const TuneStatement END_ALL = {
    "session-end-all",
    "UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL", NULL};
static const TuneStatement LIVE = {
    "session-live", "SELECT count(*) FROM sessions WHERE family = $1 AND revoked_at IS NULL", NULL};
static const TuneStatement CLEAN = {
    "session-clean", "DELETE FROM sessions WHERE expires_at < $1 OR revoked_at < $1", NULL};

typedef struct {
    const char *user, *old_hash, *new_hash;
    gint64 life_us;
    char user_id[37], family[37];
    TuneUsersError failure;
    gboolean failed;
} Session;

static gboolean insert(TuneTx *tx, const Session *self, GError **error)
{
    g_autofree char *id = tune_store_new_id();
    gint64 now = tune_tx_now_us(tx);
    g_autoptr(TuneRows) rows =
        tune_tx_query(tx, &OPEN, error, "ttttii", id, self->user_id, self->family, self->new_hash,
                      now, now + self->life_us);

    return rows != NULL;
}

static gboolean open_session(TuneTx *tx, gpointer user_data, GError **error)
{
    return insert(tx, user_data, error);
}

gboolean tune_sessions_open(TuneStore *store, const char *user_id, const char *refresh_hash,
                            gint64 life_us, char family[37], GError **error)
{
    Session self = {.new_hash = refresh_hash, .life_us = life_us};
    g_autofree char *id = tune_store_new_id();

    g_strlcpy(self.user_id, user_id, sizeof self.user_id);
    g_strlcpy(self.family, id, sizeof self.family);
    g_strlcpy(family, id, 37);
    return tune_store_transact(store, open_session, &self, error);
}

/* A refused rotation still commits, since the end of a family must last. */
static gboolean rotate(TuneTx *tx, gpointer user_data, GError **error)
{
    Session *self = user_data;
    gint64 now = tune_tx_now_us(tx);
    g_autoptr(TuneRows) found = tune_tx_query(tx, &FIND, error, "t", self->old_hash);

    if (found == NULL)
        return FALSE;
    self->failed = TRUE;
    self->failure = TUNE_USERS_ERROR_EXPIRED;
    if (tune_rows_count(found) == 0)
        return TRUE;
    g_strlcpy(self->user_id, tune_rows_text(found, 0, 1), sizeof self->user_id);
    g_strlcpy(self->family, tune_rows_text(found, 0, 2), sizeof self->family);
    if (!tune_rows_is_null(found, 0, 4)) {
        g_autoptr(TuneRows) ended = tune_tx_query(tx, &END, error, "ti", self->family, now);
        self->failure = TUNE_USERS_ERROR_REUSED;
        return ended != NULL;
    }
    if (!tune_rows_is_null(found, 0, 5) || tune_rows_int(found, 0, 3) <= now)
        return TRUE;
    g_autoptr(TuneRows) spent =
        tune_tx_query(tx, &SPEND, error, "ti", tune_rows_text(found, 0, 0), now);
    if (spent == NULL || !insert(tx, self, error))
        return FALSE;
    self->failed = FALSE;
    return TRUE;
}

gboolean tune_sessions_rotate(TuneStore *store, const char *old_hash, const char *new_hash,
                              gint64 life_us, char user_id[37], char family[37], GError **error)
{
    Session self = {.old_hash = old_hash, .new_hash = new_hash, .life_us = life_us};

    if (!tune_store_transact(store, rotate, &self, error))
        return FALSE;
    g_strlcpy(user_id, self.user_id, 37);
    g_strlcpy(family, self.family, 37);
    if (!self.failed)
        return TRUE;
    g_set_error_literal(error, TUNE_USERS_ERROR, self.failure,
                        self.failure == TUNE_USERS_ERROR_REUSED
                            ? "this token was used before; the session is ended, log in again"
                            : "this session is over; log in again");
    return FALSE;
}

gboolean tune_sessions_family_of(TuneStore *store, const char *refresh_hash, char family[37],
                                 GError **error)
{
    static const TuneStatement statement = {
        "session-family", "SELECT family FROM sessions WHERE refresh_hash = $1", NULL};
    g_autoptr(TuneRows) rows =
        tune_store_query(store, &statement, TUNE_READ_PRIMARY, error, "t", refresh_hash);

    if (rows == NULL || tune_rows_count(rows) == 0)
        return FALSE;
    g_strlcpy(family, tune_rows_text(rows, 0, 0), 37);
    return TRUE;
}

static gboolean end(TuneStore *store, const TuneStatement *statement, const char *id,
                    GError **error)
{
    g_autoptr(TuneRows) rows =
        tune_store_write(store, statement, error, "ti", id, g_get_real_time());

    return rows != NULL;
}

gboolean tune_sessions_end(TuneStore *store, const char *family, GError **error)
{
    return end(store, &END, family, error);
}

gboolean tune_sessions_end_all(TuneStore *store, const char *user_id, GError **error)
{
    return end(store, &END_ALL, user_id, error);
}

gboolean tune_sessions_is_live(TuneStore *store, const char *family, gboolean *live, GError **error)
{
    g_autoptr(TuneRows) rows =
        tune_store_query(store, &LIVE, TUNE_READ_PRIMARY, error, "t", family);

    *live = rows != NULL && tune_rows_int(rows, 0, 0) > 0;
    return rows != NULL;
}

gboolean tune_sessions_clean(TuneStore *store, guint *removed, GError **error)
{
    g_autoptr(TuneRows) rows =
        tune_store_write(store, &CLEAN, error, "i", g_get_real_time() - CLEAN_US);

    *removed = rows != NULL ? tune_rows_changed(rows) : 0;
    return rows != NULL;
}
