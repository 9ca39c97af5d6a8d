/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/secrets.h"

#include <errno.h>
#include <sys/random.h>

static const TuneStatement ADD = {"secret-add",
                                  "INSERT INTO secrets (name, value, created_at) VALUES ($1, $2, "
                                  "$3) ON CONFLICT (name) DO NOTHING",
                                  NULL};
static const TuneStatement GET = {"secret-get", "SELECT value FROM secrets WHERE name = $1", NULL};

typedef struct {
    const char *name, *fresh;
    char *value;
} Wanted;

static gboolean get_or_add(TuneTx *tx, gpointer user_data, GError **error)
{
    Wanted *wanted = user_data;
    g_autoptr(TuneRows) added =
        tune_tx_query(tx, &ADD, error, "tti", wanted->name, wanted->fresh, tune_tx_now_us(tx));
    g_autoptr(TuneRows) rows =
        added != NULL ? tune_tx_query(tx, &GET, error, "t", wanted->name) : NULL;

    if (rows == NULL)
        return FALSE;
    g_free(wanted->value);
    wanted->value = g_strdup(tune_rows_text(rows, 0, 0));
    return TRUE;
}

char *tune_secret_get(TuneStore *store, const char *name, GError **error)
{
    guint8 bytes[32];
    char fresh[65];

    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) {
        g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_BROKEN, "no randomness: %s",
                    g_strerror(errno));
        return NULL;
    }
    for (guint i = 0; i < sizeof bytes; i++)
        g_snprintf(fresh + 2 * i, 3, "%02x", bytes[i]);
    Wanted wanted = {name, fresh, NULL};
    if (tune_store_transact(store, get_or_add, &wanted, error))
        return wanted.value;
    g_free(wanted.value);
    return NULL;
}
