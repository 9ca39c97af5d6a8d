/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the writer and the reader of JSON scores share.
 */
#pragma once
#include <glib.h>

#define TUNE_JSON_FORMAT  "tunesmith-score"
#define TUNE_JSON_VERSION 1

/* A real member of a mix structure. */
typedef struct {
    const char *key;
    gsize offset;
    double low, high;
    gboolean optional; /* not written when it is 0 */
} TuneJsonReal;

extern const TuneJsonReal tune_json_track_mix[]; /* of TuneTrackMix */
extern const gsize tune_json_n_track_mix;
extern const TuneJsonReal tune_json_score_mix[]; /* of TuneScoreMix */
extern const gsize tune_json_n_score_mix;
