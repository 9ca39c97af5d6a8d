/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sound and files of a result as answers; what the routes of generations, tracks and others share.
 */
#pragma once
#include "api/api.h"

extern const TuneShape tune_shape_sound_query;    /* ?format=, ?v= */
extern const TuneRouteError tune_sound_errors[];

/* What ?format= says, else what generation @id was ordered in. */
TuneAudioFormat tune_call_format(TuneCall *call, const char *id);
/* Answer with the sound of generation @id: a file with ranges when finished, else as it grows.  @owner as
 * for tune_jobs_status(). */
void tune_call_sound(TuneCall *call, const char *id, const char *owner, TuneAudioFormat format);
/* Answer with file @name of a finished result ("score.mid", "stems/bass"). */
void tune_call_file(TuneCall *call, const char *id, const char *owner, const char *name);
/* To be kept by the client under a name made from @title (nullable). */
void tune_call_attachment(TuneCall *call, const char *title, const char *suffix);
