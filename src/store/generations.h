/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Generations and results as others see them: JSON of one, lists of a user's, the files of a result.
 * Thread-safe.
 */
#pragma once
#include "store/store.h"

/* {"id", "task_id" (the same), "status", "progress", "stage", "attempts", "error"?, "seed", "engine",
 * "prompt", "format", "priority", "track_id"?, "created_at", "started_at"?, "finished_at"?,
 * "identity", "job_id"?, "owner"}; "status" is "running" while the job runs.  NULL without error: no such
 * generation, or not @owner's (NULL: anybody's). (transfer full) */
json_t *tune_generation_get(TuneStore *store, const char *id, const char *owner, GError **error);
/* The same with "request": the body it was ordered with. (transfer full) */
json_t *tune_generation_get_request(TuneStore *store, const char *id, const char *owner,
                                    GError **error);
/* Newest first, older than (@before_us, @before_id) unless @before_id is "", behind @offset: at most @limit
 * such objects. (transfer full) */
json_t *tune_generation_list(TuneStore *store, const char *owner, gint64 before_us,
                             const char *before_id, guint offset, guint limit, GError **error);
gint64 tune_generation_count(TuneStore *store, const char *owner, GError **error); /* -1 on error */
/* Note the track that a generation was saved as; FALSE with *found FALSE when there is none. */
gboolean tune_generation_set_track(TuneStore *store, const char *id, const char *track_id,
                                   GError **error);

/* {"identity", "recipe_sha256", "report": {...}, "seconds", "files": {name: {"sha256", "mime", "bytes"}}}.
 * NULL without error: there is none. (transfer full) */
json_t *tune_result_get(TuneStore *store, const char *identity, GError **error);
/* One more file of a result, unless it has one of that name. */
gboolean tune_result_add_file(TuneStore *store, const char *identity, const char *name,
                              const char *sha256, const char *mime, guint64 bytes, GError **error);
/* Its files are in use: keep it.  Writes at most once an hour. */
gboolean tune_result_touch(TuneStore *store, const char *identity, GError **error);
/* Forget results that nobody used for @age_s and no track needs, at most @limit; those that open
 * generations need stay. */
gboolean tune_result_expire(TuneStore *store, guint64 age_s, guint limit, guint *n_expired,
                            GError **error);
/* Which of these stored files some result or upload needs: (*out)[i] for sha256s[i]. */
gboolean tune_files_needed(TuneStore *store, const char *const *sha256s, guint n, gboolean *out,
                           GError **error);
