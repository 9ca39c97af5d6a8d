/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Records that are kept in the cache as JSON, below the answers that are made of them.
 *
 *     g_autoptr(json_t) tracks = tune_kept_json(api, "trending:tracks:limit:10", &policy, make, &asked,
 *                                               &error);
 */
#pragma once
#include "api/api.h"

/* *keep FALSE: good for this answer, but not to be kept. (transfer full) */
typedef json_t *(*TuneKeptMake)(TuneApi *api, gpointer user_data, gboolean *keep, GError **error);

/* The value under @key, made when it is not there: one maker at a time. (transfer full) */
json_t *tune_kept_json(TuneApi *api, const char *key, const TuneCachePolicy *policy,
                       TuneKeptMake make, gpointer user_data, GError **error);
