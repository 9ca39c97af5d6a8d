/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A reader of SoundFont 2 files (SoundFont Technical Specification 2.04).  The file is mapped, not
 * read: opening takes a millisecond, only samples that are played come into memory, and all voices of
 * a process share them.  Everything the file says is checked before it is used.
 *
 *     TuneSf2 *font = tune_sf2_open(path, &error);
 *     TuneSf2Preset *preset = tune_sf2_preset_new(font, 0, 33);
 *     for (guint i = 0; i < preset->n_layers; i++) ... preset->layers[i].samples ...
 *
 * A TuneSf2 is immutable and shared by threads (atomic references).
 */
#pragma once
#include <glib.h>

typedef struct TuneSf2 TuneSf2;

/* TUNE_SYNTH_ERROR_SOUNDFONT says what is wrong and where.  (transfer full) */
TuneSf2 *tune_sf2_open(const char *path, GError **error);
/* The same from memory, which must lie at an even address; @name stands for the path in messages. */
TuneSf2 *tune_sf2_parse(const char *name, GBytes *bytes, GError **error);
TuneSf2 *tune_sf2_ref(TuneSf2 *self);
void tune_sf2_unref(TuneSf2 *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneSf2, tune_sf2_unref)

/* Version 3 files hold Ogg Vorbis samples, which this reader does not decode. */
gboolean tune_sf2_is_compressed(const TuneSf2 *self);

gboolean tune_sf2_has_preset(const TuneSf2 *self, guint bank, guint program);

typedef struct {
    guint16 id; /* of the specification's section 8.1.2 */
    gint16 amount;
} TuneSf2Generator;

/* As in the file: section 8.2. */
typedef struct {
    guint16 source, destination;
    gint16 amount;
    guint16 amount_source, transform;
} TuneSf2Modulator;

/* One sample that a note may play, with all that applies to it: local zones have already replaced
 * global ones. */
typedef struct {
    guint8 key_low, key_high, velocity_low, velocity_high;
    guint sample; /* number in the file; equal numbers are the same sample */
    const TuneSf2Generator *set; /* instrument level: replaces the default */
    const TuneSf2Generator *add; /* preset level: added to that */
    const TuneSf2Modulator *replace_modulators;
    const TuneSf2Modulator *add_modulators;
    guint8 n_set, n_add, n_replace_modulators, n_add_modulators;
} TuneSf2Layer;

typedef struct {
    const TuneSf2Layer *layers; /* in the order in which a note starts them */
    guint n_layers;
    guint n_zones;   /* read of instruments, to bound the work that a file can ask for */
    GArray *array;   /* what layers is the data of */
    GPtrArray *owned; /* memory of the layers' lists */
} TuneSf2Preset;

/* (transfer full) (nullable): NULL when there is none, or nothing in it can sound. */
TuneSf2Preset *tune_sf2_preset_new(const TuneSf2 *self, guint bank, guint program);
void tune_sf2_preset_free(TuneSf2Preset *self);

/* One sample.  @frames lies in the mapped file and lives as long as the font. */
typedef struct {
    const gint16 *frames;
    guint n_frames;               /* with the silence that follows every sample */
    guint loop_start, loop_end;   /* from the start of the sample */
    guint rate;
    guint8 root_key;
    gint8 correction_cents;
} TuneSf2Sample;
/* FALSE: a sample that cannot be played (in ROM, empty, outside the file). */
gboolean tune_sf2_sample(const TuneSf2 *self, guint number, TuneSf2Sample *out);
