/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Better sounds for some instruments: a file that says for keys of data/instruments.yaml which SoundFont
 * or SFZ instrument plays them.  docs/sound.md has its keys.
 *
 *     g_autoptr(TuneMapping) mapping = tune_mapping_load("orchestra", &error);
 *     const TuneMapped *mapped = tune_mapping_find(mapping, "violin");   // NULL: as always
 *
 * Immutable after load, thread-safe.
 */
#pragma once
#include <glib.h>

typedef struct {
    char *path;       /* of the SoundFont or the SFZ file, absolute */
    gboolean is_sfz;
    gboolean is_drums;
    guint bank, program; /* of a SoundFont; drums: bank 128 */
    gint transpose;   /* semitones, -48..48 */
    double gain;      /* linear */
} TuneMapped;

typedef struct TuneMapping TuneMapping;

/* @name: a file (it has a '/' or ends in .yaml), or sounds/NAME.yaml of the data folders, the user's own
 * among them.  Files that it names are relative to its own folder and must be there.
 * TUNE_SYNTH_ERROR_SOUNDFONT: a sound file is missing; TUNE_BASE_ERROR_*: the mapping is missing or has a
 * mistake, told with its line.  (transfer full) */
TuneMapping *tune_mapping_load(const char *name, GError **error);
void tune_mapping_free(TuneMapping *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneMapping, tune_mapping_free)

const TuneMapped *tune_mapping_find(const TuneMapping *self, const char *instrument); /* (nullable) */
const char *tune_mapping_name(const TuneMapping *self);
const char *tune_mapping_hash(const TuneMapping *self); /* SHA-256 of its text */
