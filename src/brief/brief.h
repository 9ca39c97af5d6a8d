/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The brief: what was asked, field by field, each with its origin.
 *
 *     g_autoptr(TuneBrief) brief = tune_brief_new();
 *     tune_brief_set_field(brief, vocabulary, "bpm", "120", &error);      // flags and API fields first
 *     tune_brief_read_sentence(brief, vocabulary, "slow jazz ballad in F minor", &error);
 *     tune_brief_apply_preset(brief, vocabulary, preset, &error);
 *     tune_brief_complete(brief, vocabulary, &error);                     // conflicts, inference
 *
 * Rank: field > sentence > preset > inferred > default; a later call never overwrites a field of a
 * higher rank.  What is said by number or name is *hard*: the result satisfies it or the request fails
 * (TUNE_BRIEF_ERROR_CONFLICT names both sides).  Adjectives are wishes: they narrow ranges.
 * A brief is owned by one thread while it is filled, then read-only.
 */
#pragma once
#include "base/chord.h"
#include "base/json.h"
#include "base/music.h"
#include "brief/instrument.h"
#include "brief/style.h"
#include "brief/theme.h"

#define TUNE_BRIEF_ERROR (tune_brief_error_quark())
GQuark tune_brief_error_quark(void);
typedef enum {
    TUNE_BRIEF_ERROR_EMPTY,    /* nothing was asked */
    TUNE_BRIEF_ERROR_TEXT,     /* not UTF-8, too long */
    TUNE_BRIEF_ERROR_FIELD,    /* a field's value cannot be read or is out of range; names the field */
    TUNE_BRIEF_ERROR_CONFLICT, /* two hard things that exclude each other; names both */
    TUNE_BRIEF_ERROR_UNKNOWN,  /* unknown style, preset, instrument; with suggestions */
} TuneBriefError;

#define TUNE_BRIEF_MAX_TEXT (64 * 1024) /* bytes of a sentence or of lyrics */

typedef enum {
    TUNE_ORIGIN_NONE,     /* not set */
    TUNE_ORIGIN_DEFAULT,  /* the program's or the style's usual value */
    TUNE_ORIGIN_INFERRED, /* follows from something else that was said ("waltz" -> 3/4) */
    TUNE_ORIGIN_PRESET,
    TUNE_ORIGIN_SAID,     /* in the sentence */
    TUNE_ORIGIN_FIELD,    /* a flag or an API field */
} TuneOrigin;
const char *tune_origin_name(TuneOrigin origin);

typedef struct {
    TuneSectionRole role;
    gint bars;              /* 0 = open */
    double energy;          /* 0..1, or -1 = open */
    double at_seconds;      /* wanted start, or -1 */
    TuneFeel feel;          /* "half-time chorus" */
    GPtrArray *instruments; /* const TuneInstrument*: only these play; empty = open */
    GPtrArray *silent;      /* const TuneInstrument*: these do not play here, whoever else does ("the
                               strings come in at 1:20" silences them before); (nullable) = none */
} TuneBriefSection;

typedef struct {
    const TuneInstrument *instrument;
    TuneOrigin origin;
    TuneRole role;       /* valid if role_said: "lead guitar", "piano melody" */
    gboolean role_said;
    guint count;         /* "two violins": 2; normally 1 */
    const char *generic; /* "bass", "guitar" (interned): which one is the style's choice, and
                            tune_brief_complete() puts the style's usual one into @instrument; else NULL */
} TuneBriefInstrument;

/* One "[Verse]" block of lyrics. */
typedef struct {
    TuneSectionRole role;
    gboolean role_said;
    GPtrArray *lines; /* char* */
} TuneLyricBlock;

typedef enum {
    TUNE_TEMPO_STEADY,
    TUNE_TEMPO_SPEED_UP_END,
    TUNE_TEMPO_SLOW_DOWN_END,
    TUNE_TEMPO_SPEED_UP,
    TUNE_TEMPO_SLOW_DOWN,
    TUNE_TEMPO_HALF_TIME,
} TuneTempoCurve;

typedef enum {
    TUNE_SHAPE_AUTO,  /* the style's own energy curve */
    TUNE_SHAPE_BUILD, /* starts quiet, builds up */
    TUNE_SHAPE_FALL,
    TUNE_SHAPE_ARCH,
    TUNE_SHAPE_FLAT,
} TuneEnergyShape;

typedef struct TuneBrief {
    char *prompt; /* the sentence as given, "" if none */
    gboolean by_model; /* set before completion: a model makes the sound as a whole, so that lengths from
                          0.1 s are possible and bars and sections are no conflict with them */

    const TuneStyle *style;      /* never NULL after tune_brief_complete() */
    TuneOrigin style_origin;
    const TuneStyle *blend;      /* second style of "folk with electronic drums" (nullable) */
    char *style_asked;           /* what was asked when the nearest style was taken, else NULL */

    double bpm_low, bpm_high;    /* felt beats a minute; equal when exact */
    TuneOrigin bpm_origin;
    gboolean bpm_hard;           /* said by number: exact (a low-high range said by numbers is hard too) */
    TuneTempoCurve tempo_curve;
    TuneOrigin tempo_curve_origin;

    TuneKey key;                 /* tonic valid if key_origin; mode valid if mode_origin */
    TuneOrigin key_origin, mode_origin;

    TuneMetre metre;
    TuneOrigin metre_origin;

    GArray *chords;              /* TuneChord: the said progression, one a bar unless chord_bars says */
    GArray *chord_beats;         /* double: felt beats of each chord; same length as chords */
    TuneOrigin chords_origin;
    gboolean blues_form;         /* "12-bar blues" */

    double seconds;              /* 0 = open */
    TuneOrigin seconds_origin;
    gint bars;                   /* 0 = open */
    TuneOrigin bars_origin;

    GArray *sections;            /* TuneBriefSection */
    TuneOrigin sections_origin;
    gboolean sections_partial;   /* "drop at 0:45", "with a bridge": these must occur in this order, the
                                    style adds the rest; FALSE: this is the whole form */
    TuneEnergyShape shape;
    TuneOrigin shape_origin;

    GArray *instruments;         /* TuneBriefInstrument: asked for */
    gboolean only_instruments;   /* "solo piano", "only strings", "string quartet": nobody else plays */
    TuneOrigin only_origin;      /* INFERRED: a lone instrument was named, and it needs nobody else */
    GPtrArray *excluded;         /* const TuneInstrument*: never plays */
    GArray *excluded_origins;    /* TuneOrigin of each of @excluded */
    gboolean no_drums, no_vocals, no_bass;
    TuneOrigin no_drums_origin, no_vocals_origin, no_bass_origin;
    gboolean no_lead;            /* "without melody": no part has the role of the lead */
    TuneOrigin no_lead_origin;

    double valence, arousal, tension; /* -1..1 each; what moods add up to */
    TuneOrigin mood_origin;
    GPtrArray *moods;            /* char*: the words understood as mood */
    GPtrArray *tags;             /* char*: era, place, use: "80s", "celtic", "boss-fight", "study" */

    GArray *lyrics;              /* TuneLyricBlock */
    TuneOrigin lyrics_origin;

    TuneTheme *theme;            /* a melody to arrange (nullable) */

    TuneEnding ending;
    TuneOrigin ending_origin;
    gboolean loop;
    TuneOrigin loop_origin;
    gboolean commercial; /* the piece will be sold: weights whose licence forbids that make it not */
    TuneOrigin commercial_origin;

    double temperature;          /* 0..1 */
    TuneOrigin temperature_origin;
    double loudness_lufs;        /* -14 */
    TuneOrigin loudness_origin;

    char *title;                 /* (nullable) until complete */
    GPtrArray *style_references; /* char* "type: value" */

    GPtrArray *not_understood;   /* char*: words of the sentence that meant nothing */
    GPtrArray *notes;            /* char*: for the report: what gave way to what, and why */
} TuneBrief;

/* Everything that words are looked up in.  Immutable after load, thread-safe, loaded on first use. */
typedef struct TuneVocabulary TuneVocabulary;
TuneVocabulary *tune_vocabulary_load(GError **error);          /* (transfer full) */
TuneVocabulary *tune_vocabulary_ref(TuneVocabulary *self);
void tune_vocabulary_unref(TuneVocabulary *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneVocabulary, tune_vocabulary_unref)
TuneInstruments *tune_vocabulary_instruments(const TuneVocabulary *self); /* (transfer none) */
TuneStyles *tune_vocabulary_styles(const TuneVocabulary *self);           /* (transfer none) */
const char *tune_vocabulary_hash(const TuneVocabulary *self); /* SHA-256 over the lexicon files */

TuneBrief *tune_brief_new(void);                               /* (transfer full) */
TuneBrief *tune_brief_copy(const TuneBrief *self);
void tune_brief_free(TuneBrief *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneBrief, tune_brief_free)

/* One field by name and text, origin FIELD.  Names: genre bpm key metre chords duration bars structure
 * instruments exclude lyrics ending loop commercial temperature loudness mood title style.  Lists are comma
 * separated.  TUNE_BRIEF_ERROR_FIELD or _UNKNOWN names the field. */
gboolean tune_brief_set_field(TuneBrief *self, const TuneVocabulary *vocabulary, const char *field,
                              const char *value, GError **error);

/* Understand @sentence, origin SAID. Decides whether it is lyrics or a description (DECISIONS). */
gboolean tune_brief_read_sentence(TuneBrief *self, const TuneVocabulary *vocabulary,
                                  const char *sentence, GError **error);

/* Resolve conflicts and infer what follows; afterwards style, metre, ranges, mode are set.  What only
 * the composer can choose (the exact tempo in a range, a tonic nobody asked for) stays open. */
gboolean tune_brief_complete(TuneBrief *self, const TuneVocabulary *vocabulary, GError **error);

/* Everything, canonical, as it goes into the recipe; and back. */
json_t *tune_brief_to_json(const TuneBrief *self);
TuneBrief *tune_brief_from_json(const json_t *json, const TuneVocabulary *vocabulary,
                                GError **error);

/* What `tunesmith explain` prints: one line a field with value and origin, then the words not
 * understood. (transfer full) */
char *tune_brief_explain(const TuneBrief *self);
