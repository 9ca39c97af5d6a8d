/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Brief -> score.  Pure: the same brief and seed give the same score bytes on every machine; every
 * random choice draws from a stream named by what it decides.  Thread-safe.  A three-minute score takes
 * under 10 ms.
 */
#pragma once
#include "brief/brief.h"
#include "score/score.h"

#define TUNE_COMPOSE_ERROR (tune_compose_error_quark())
GQuark tune_compose_error_quark(void);
typedef enum {
    TUNE_COMPOSE_ERROR_IMPOSSIBLE, /* hard constraints that no score can meet; names the fields */
} TuneComposeError;

/* @brief must be complete (tune_brief_complete).  The score satisfies every hard constraint exactly or
 * the call fails.  @notes (nullable): what was rounded, shortened or chosen, for the report, as char*
 * appended to the array.  (transfer full) */
TuneScore *tune_compose(const TuneBrief *brief, const TuneVocabulary *vocabulary, guint64 seed,
                        GPtrArray *notes, GError **error);
