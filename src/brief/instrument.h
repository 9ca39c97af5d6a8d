/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Instruments as data (data/instruments.yaml): what the words of a sentence name, what a composer may
 * write for it, which sound plays it.
 *
 * The library is loaded once, immutable, thread-safe.
 */
#pragma once
#include "base/music.h"

/* Where an effect belongs when its style does not say. */
typedef enum {
    TUNE_PLACE_RISE, /* swells through the last bars before a louder section */
    TUNE_PLACE_HIT,  /* struck at the head of a louder section */
    TUNE_PLACE_FALL, /* sinks from the head of a section that is louder or softer */
    TUNE_PLACE_BED,  /* lies under everything */
    TUNE_N_PLACES
} TuneEffectPlace;

/* "rise", "hit", "fall", "bed", NULL */
extern const char *const tune_effect_place_names[];

typedef struct {
    char *key;        /* "upright-bass" */
    char *name;       /* "Upright bass" */
    char *family;     /* "strings", "brass", "keys", "guitar", "bass", "drums", ... */
    GStrv words;      /* what a sentence may call it, lower case, singular, the key's words included */
    gboolean is_drums;
    guint8 program;   /* General MIDI */
    guint8 low, high; /* playable range, MIDI pitches as sounding */
    guint8 comfort_low, comfort_high; /* where it sounds well */
    gint8 transpose;  /* see TuneTrack.transpose */
    guint polyphony;  /* notes at once: 1 for winds, 4 for a string section's divisi, 10 keys */
    gboolean plucked; /* decays by itself (guitar, piano, harp), so long notes die away */
    gboolean breath;  /* a wind: needs rests; CC 11 swells fit */
    gboolean bowed;   /* strings: CC 11 swells fit */
    guint8 clef;      /* 0 treble, 1 bass, 2 alto, 3 percussion, 4 treble 8vb (guitar) */
    guint roles;      /* bit 1 << TuneRole: what it can do */
    TuneEffectPlace place; /* of an effect */
    gboolean glides;  /* slides to the next note when it overlaps */
} TuneInstrument;

typedef struct TuneInstruments TuneInstruments;

TuneInstruments *tune_instruments_load(const char *path, GError **error); /* (transfer full) */
TuneInstruments *tune_instruments_ref(TuneInstruments *self);
void tune_instruments_unref(TuneInstruments *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneInstruments, tune_instruments_unref)

guint tune_instruments_count(const TuneInstruments *self);
const TuneInstrument *tune_instruments_at(const TuneInstruments *self, guint index);
const TuneInstrument *tune_instruments_find(const TuneInstruments *self, const char *key);
/* By any of its words, or by program number for scores from outside. (nullable) */
const TuneInstrument *tune_instruments_by_word(const TuneInstruments *self, const char *word);
const TuneInstrument *tune_instruments_by_program(const TuneInstruments *self, guint8 program,
                                                  gboolean is_drums);
/* SHA-256 of the file it was read from. */
const char *tune_instruments_hash(const TuneInstruments *self);
