/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/idempotency.h"

#include <string.h>

#define CLAIM_US (60 * G_TIME_SPAN_SECOND)
#define KEEP_US  G_TIME_SPAN_DAY
#define RUNNING  0 /* status of a request that has no answer yet */

static const TuneStatement FIND = {"idempotency-find",
                                   "SELECT request_hash, status, answer, created_at FROM "
                                   "idempotency WHERE owner = $1 AND key = $2",
                                   NULL};
static const TuneStatement CLAIM = {
    "idempotency-claim",
    "INSERT INTO idempotency (owner, key, request_hash, status, answer, created_at) "
    "VALUES ($1, $2, $3, 0, '', $4) ON CONFLICT (owner, key) DO UPDATE SET "
    "request_hash = excluded.request_hash, status = 0, answer = '', created_at = "
    "excluded.created_at "
    "WHERE (idempotency.status = 0 AND idempotency.created_at < $5) OR idempotency.created_at < $6",
    NULL};
static const TuneStatement KEEP = {
    "idempotency-keep",
    "UPDATE idempotency SET status = $3, answer = $4 WHERE owner = $1 AND key = $2", NULL};
static const TuneStatement RELEASE = {
    "idempotency-release", "DELETE FROM idempotency WHERE owner = $1 AND key = $2 AND status = 0",
    NULL};
static const TuneStatement CLEAN = {"idempotency-clean",
                                    "DELETE FROM idempotency WHERE created_at < $1", NULL};

typedef struct {
    const char *owner, *key, *hash;
    TuneIdempotency result;
    guint status;
    char *answer;
} Claim;

static gboolean claim(TuneTx *tx, gpointer user_data, GError **error)
{
    Claim *self = user_data;
    gint64 now = tune_tx_now_us(tx);
    g_autoptr(TuneRows) made = tune_tx_query(tx, &CLAIM, error, "tttiii", self->owner, self->key,
                                             self->hash, now, now - CLAIM_US, now - KEEP_US);

    if (made == NULL)
        return FALSE;
    self->result = TUNE_IDEMPOTENCY_CLAIMED;
    if (tune_rows_changed(made) > 0)
        return TRUE;
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &FIND, error, "tt", self->owner, self->key);
    if (rows == NULL)
        return FALSE;
    g_clear_pointer(&self->answer, g_free);
    if (tune_rows_count(rows) == 0 || tune_rows_int(rows, 0, 1) == RUNNING)
        self->result = TUNE_IDEMPOTENCY_RUNNING;
    else
        self->result = TUNE_IDEMPOTENCY_KEPT;
    if (tune_rows_count(rows) > 0 && strcmp(tune_rows_text(rows, 0, 0), self->hash) != 0)
        self->result = TUNE_IDEMPOTENCY_OTHER;
    if (self->result != TUNE_IDEMPOTENCY_KEPT)
        return TRUE;
    self->status = (guint)tune_rows_int(rows, 0, 1);
    self->answer = g_strdup(tune_rows_text(rows, 0, 2));
    return TRUE;
}

gboolean tune_idempotency_claim(TuneStore *store, const char *owner, const char *key,
                                const char *request_hash, TuneIdempotency *out, guint *status,
                                char **answer, GError **error)
{
    Claim self = {.owner = owner, .key = key, .hash = request_hash};
    gboolean good = tune_store_transact(store, claim, &self, error);

    *out = self.result;
    *status = self.status;
    *answer = self.answer;
    return good;
}

static gboolean done(TuneRows *rows)
{
    gboolean good = rows != NULL;

    g_clear_pointer(&rows, tune_rows_free);
    return good;
}

gboolean tune_idempotency_keep(TuneStore *store, const char *owner, const char *key, guint status,
                               const char *answer, GError **error)
{
    return done(tune_store_write(store, &KEEP, error, "ttit", owner, key, (gint64)status, answer));
}

gboolean tune_idempotency_release(TuneStore *store, const char *owner, const char *key,
                                  GError **error)
{
    return done(tune_store_write(store, &RELEASE, error, "tt", owner, key));
}

gboolean tune_idempotency_clean(TuneStore *store, guint *removed, GError **error)
{
    g_autoptr(TuneRows) rows =
        tune_store_write(store, &CLEAN, error, "i", g_get_real_time() - KEEP_US);

    *removed = rows != NULL ? tune_rows_changed(rows) : 0;
    return rows != NULL;
}
