/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is to be told to somebody's server: one row and one job of kind "webhook" for each generation that ended
 * and wanted it, written in the transaction that ended it, so that none is lost and none comes twice.  Their
 * id is that of the generation.  Thread-safe.
 */
#pragma once
#include "store/store.h"

/* A generation has ended, or was complete at once.  Nothing happens when it wanted no webhook or was cancelled. */
gboolean tune_webhooks_enqueue(TuneTx *tx, const char *generation_id, GError **error);

/* {"id", "url", "event", "status", "attempts", "last_error"?, "created_at", "delivered_at"?}.  NULL without
 * error: none. (transfer full) */
json_t *tune_webhook_get(TuneStore *store, const char *id, GError **error);
/* One attempt more, and what came of it: "delivered", "pending" (again later), "failed" (no more). */
gboolean tune_webhook_note(TuneStore *store, const char *id, const char *status,
                           const char *last_error, GError **error);

/* ---- secrets of users, which sign what they are told ---- */

typedef struct {
    char *secret;
    char *previous;          /* (nullable): signs too, until @previous_until_us */
    gint64 created_us, previous_until_us;
} TuneWebhookSecret;
void tune_webhook_secret_free(TuneWebhookSecret *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneWebhookSecret, tune_webhook_secret_free)

/* NULL without error: the user has none. (transfer full) */
TuneWebhookSecret *tune_webhook_secret_get(TuneStore *store, const char *user_id, GError **error);
/* From now on; the one before stays good for @overlap_us.  MISSING: no such user. */
gboolean tune_webhook_secret_set(TuneStore *store, const char *user_id, const char *secret,
                                 gint64 overlap_us, GError **error);
/* FALSE without error: there was none. */
gboolean tune_webhook_secret_drop(TuneStore *store, const char *user_id, GError **error);
