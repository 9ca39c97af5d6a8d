/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sounds by instrument key that are not the SoundFont's: those of a mapping (synth/mapping.h), then
 * the electronic voices (data/voices/KEY.yaml, the user's own folder first).  How loud a voice is stands
 * in data/voices/levels.json, measured by tune-levels; one that is not in it or has changed since, and
 * every mapped sound, is measured when it is first asked for, which takes some 50 ms.
 *
 * Thread-safe; what it gives lives as long as it does.
 */
#pragma once
#include "base/log.h"
#include "synth/calibration.h"
#include "synth/mapping.h"
#include "synth/patch.h"
#include "synth/sfz.h"
#include "synth/voice.h"

#define TUNE_LEVELS_LOW_DRUM 27
#define TUNE_LEVELS_DRUMS 61

/* As synth/calibration.h's: LUFS of notes held at TUNE_CALIBRATION_VELOCITY. */
typedef struct {
    double notes[TUNE_CALIBRATION_OCTAVES][TUNE_CALIBRATION_STRETCHES];
    double drums[TUNE_LEVELS_DRUMS];
} TuneVoiceLevels;

/* One of the first three is there. */
typedef struct {
    TunePatch *patch;
    TuneSfz *sfz;
    TuneVoiceBank *font;      /* a SoundFont's, owned by the library */
    const TuneMapped *mapped; /* of sfz and font */
    gboolean is_kit;
    char *hash;               /* SHA-256 of the patch, the SFZ instrument or the SoundFont */
    TuneVoiceLevels levels;
} TuneSound;

typedef struct TuneLibrary TuneLibrary;
/* @mapping (nullable) (transfer full); @log (nullable) is borrowed.  (transfer full) */
TuneLibrary *tune_library_new(TuneMapping *mapping, const TuneLog *log);
/* Drop what mapped SoundFonts hold and no voice in use needs. */
void tune_library_release_memory(TuneLibrary *self);
/* (nullable) */
const TuneMapping *tune_library_mapping(const TuneLibrary *self);
void tune_library_free(TuneLibrary *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneLibrary, tune_library_free)

/* The sound of instrument @key into *@out, NULL when the SoundFont plays it.  FALSE: its file is broken or
 * cannot be played (TUNE_BASE_ERROR_SYNTAX or TUNE_SYNTH_ERROR_SOUNDFONT, with file and line). */
gboolean tune_library_find(TuneLibrary *self, const char *key, const TuneSound **out, GError **error);

/* The sound that plays @track, if it is one of ours.  A file that is broken counts as none: check with
 * tune_library_find() before.  (nullable) */
const TuneSound *tune_library_of_track(TuneLibrary *self, const TuneTrack *track);

/* A note at @key: LUFS of each stretch. */
void tune_sound_note(const TuneSound *self, guint8 key, double lufs[TUNE_CALIBRATION_STRETCHES]);

/* A voice that plays it.  (transfer full) */
TuneVoice *tune_sound_voice_new(const TuneSound *self, const TuneVoiceRequest *request, GError **error);

/* Measure a sound, to a tenth of a decibel and without the gain of its mapping. */
gboolean tune_levels_measure(const TuneSound *sound, TuneVoiceLevels *out, GError **error);
