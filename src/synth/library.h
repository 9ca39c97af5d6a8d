/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The electronic voices by instrument key: their patches (data/voices/KEY.yaml, the user's own folder
 * first) and how loud they are (data/voices/levels.json, measured by tune-levels; a voice that is not
 * in it, or has changed since, is measured when it is first asked for, which takes some 50 ms).
 *
 * Thread-safe; what it gives lives as long as it does.
 */
#pragma once
#include "synth/calibration.h"
#include "synth/patch.h"

#define TUNE_LEVELS_LOW_DRUM 27
#define TUNE_LEVELS_DRUMS 61

/* As synth/calibration.h's: LUFS of notes held at TUNE_CALIBRATION_VELOCITY. */
typedef struct {
    double notes[TUNE_CALIBRATION_OCTAVES][TUNE_CALIBRATION_STRETCHES];
    double drums[TUNE_LEVELS_DRUMS];
} TuneVoiceLevels;

typedef struct {
    TunePatch *patch;
    TuneVoiceLevels levels;
} TuneSound;

typedef struct TuneLibrary TuneLibrary;
TuneLibrary *tune_library_new(void); /* (transfer full) */
void tune_library_free(TuneLibrary *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneLibrary, tune_library_free)

/* The sound of instrument @key into *@out, NULL when it has none of ours.  FALSE: its file is broken
 * (TUNE_BASE_ERROR_SYNTAX with file and line). */
gboolean tune_library_find(TuneLibrary *self, const char *key, const TuneSound **out, GError **error);

/* The sound that plays @track, if it is one of ours.  A file that is broken counts as none: check with
 * tune_library_find() before.  (nullable) */
const TuneSound *tune_library_of_track(TuneLibrary *self, const TuneTrack *track);

/* A note at @key: LUFS of each stretch. */
void tune_sound_note(const TuneSound *self, guint8 key, double lufs[TUNE_CALIBRATION_STRETCHES]);

/* Measure a patch, to a tenth of a decibel. */
void tune_levels_measure(TunePatch *patch, TuneVoiceLevels *out);
