/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Is the service well?  Asked once a second by a thread of its own, so that /health answers at once however
 * slow a part is; who asks gets the last finding.
 */
#pragma once
#include "api/api.h"

typedef struct TuneHealth TuneHealth;

/* @api's parts must outlive it. (transfer full) */
TuneHealth *tune_health_new(TuneApi *api);
void tune_health_free(TuneHealth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneHealth, tune_health_free)
/* Begin to look; looked once when it returns. */
void tune_health_start(TuneHealth *self);
/* From now on not ready: the service ends. */
void tune_health_set_draining(TuneHealth *self);

/* *healthy FALSE: 503.  {"status", "mode", "version", "checks"} (transfer full) */
GBytes *tune_health_report(TuneHealth *self, gboolean *healthy);
gboolean tune_health_is_ready(TuneHealth *self);
/* Resident memory of this process, bytes. */
guint64 tune_health_resident_bytes(void);
/* Memory that the system could still give, bytes. */
guint64 tune_health_available_bytes(void);
