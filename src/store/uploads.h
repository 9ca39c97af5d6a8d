/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What users uploaded.  The bytes are in the file store under their hash; this is who, what and when.
 *
 * As JSON: {"id", "user_id", "kind", "name", "mime", "sha256", "bytes", "duration_seconds", "details": {...},
 * "created_at"}; user_id may be null.  NULL or FALSE without an error: there is none, or it is not @user's
 * ("": nobody in particular; NULL: an operator, who sees all).  Thread-safe.
 */
#pragma once
#include "store/store.h"

typedef struct {
    const char *user_id; /* (nullable) */
    const char *kind;    /* "audio", "midi", "musicxml", "optimized" */
    const char *name;    /* as the user called it, for showing only */
    const char *mime, *sha256;
    guint64 bytes;
    double seconds;
    const json_t *details; /* object (nullable) */
} TuneUploadDraft;
/* (transfer full) */
json_t *tune_upload_create(TuneStore *store, const TuneUploadDraft *draft, GError **error);
json_t *tune_upload_get(TuneStore *store, const char *id, const char *user, GError **error);
/* @user's (not NULL), newest first, older than (@before_us, @before_id) unless @before_id is "" or NULL. */
json_t *tune_upload_list(TuneStore *store, const char *user, gint64 before_us,
                         const char *before_id, guint offset, guint limit, GError **error);
gboolean tune_upload_delete(TuneStore *store, const char *id, const char *user, GError **error);
/* How many bytes @user's uploads take together; -1: error. */
gint64 tune_upload_bytes(TuneStore *store, const char *user, GError **error);
