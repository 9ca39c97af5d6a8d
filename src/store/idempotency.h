/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Answers kept by Idempotency-Key: the same request again gets the same answer and makes nothing twice.
 *
 *     claim -> CLAIMED: make it, then keep the answer (or release the key when it failed)
 *           -> KEPT: the answer of then     -> OTHER: the key belongs to another request
 *           -> RUNNING: the first request is under way
 *
 * A claim whose server died is free again after a minute; answers are kept for a day.
 */
#pragma once
#include "store/store.h"

typedef enum {
    TUNE_IDEMPOTENCY_CLAIMED,
    TUNE_IDEMPOTENCY_KEPT,
    TUNE_IDEMPOTENCY_OTHER,
    TUNE_IDEMPOTENCY_RUNNING,
} TuneIdempotency;

/* @request_hash: of method, path and body.  KEPT: *status and *answer (transfer full). */
gboolean tune_idempotency_claim(TuneStore *store, const char *owner, const char *key,
                                const char *request_hash, TuneIdempotency *out, guint *status,
                                char **answer, GError **error);
gboolean tune_idempotency_keep(TuneStore *store, const char *owner, const char *key, guint status,
                               const char *answer, GError **error);
gboolean tune_idempotency_release(TuneStore *store, const char *owner, const char *key,
                                  GError **error);
/* What is older than a day. */
gboolean tune_idempotency_clean(TuneStore *store, guint *removed, GError **error);
