/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the composer's files share: the plan, which grows from stage to stage.
 *
 *   form.c     brief + style -> sections, bars, tempo, exact length, keys, ending; the score's tempo map
 *   arrange.c  who plays (parts), in which register, in which section (energy)
 *   harmony.c  chords with functions and cadences for each material, laid over the sections
 *   voicing.c  voicings of the chords by shortest path
 *   melody.c   motif, phrases, hook; lead and counter lines
 *   drums.c bass.c comping.c   grooves, fills, bass lines, comping, arpeggios, pads
 *   perform.c  swing, micro-timing, velocity, articulation, CC curves, pedal
 *   compose.c  the order of the above, and plan -> TuneScore
 *
 * The tempo map (ritardando, fermata, "speeds up at the end") is form.c's, because the exact length hangs
 * on it.  The last chord is written by each part's own writer: notes from final_tick to plan->ticks, short
 * ones when the ending is cold, none when it is a loop or a fade (then final_tick == ticks).
 *
 * Each stage reads the plan of the stages before it and writes its own part.  Random choices draw from
 * tune_random_init(&r, plan->seed, "<section material or name>/<part>/<what>/<bar>").
 */
#pragma once
#include "base/random.h"
#include "brief/style-data.h"
#include "compose/compose.h"

typedef struct {
    TuneSectionRole role;
    char name[40];      /* "verse 2" */
    gint material;      /* sections of one material share harmony, melody and groove seed */
    gint repeat;        /* 0 = first time this material sounds, 1 = second ... */
    gint start_bar, bars;
    gint start_tick, ticks;
    double energy;      /* 0..1 after shape and mood */
    gint transpose;     /* semitones up against the material's key (a lifted last chorus), 0 */
    TuneKey key;        /* the key that it is in; form.c */
    TuneFeel feel;
    double pace;        /* tempo against the piece's, 1 */
    StyleVariation variation; /* what is done to the tune */
    gboolean theme;     /* sings the brief's theme */
    gint trade;         /* bars after which band and drummer take turns, 0 = they do not */
    gboolean last;      /* the last section: the ending happens here */
    gint phrase_bars;   /* 2, 4 or 8: cadences fall at multiples of it */
    guint32 playing;    /* bit i: part i plays here (arrange.c) */
    const char *texture_name; /* what the form asks for (nullable) */
    const StyleTexture *texture; /* (nullable) how its voices hang together (texture.c) */
    guint32 woven;      /* bit i: part i's notes here are written with the melody (weave.c) */
    gint singer;        /* the part that sings here, counted from 1; 0 = the lead */
} PlanSection;

/* Plays chords, held or broken. */
static inline gboolean role_is_chordal(TuneRole role)
{
    return role == TUNE_ROLE_COMP || role == TUNE_ROLE_ARP || role == TUNE_ROLE_PAD;
}

static inline gboolean role_is_drums(TuneRole role)
{
    return role == TUNE_ROLE_DRUMS || role == TUNE_ROLE_PERC;
}

typedef enum { FUNCTION_TONIC, FUNCTION_PREDOMINANT, FUNCTION_DOMINANT, FUNCTION_OTHER } Function;

typedef struct {
    gint tick, ticks;   /* absolute, no gaps between first and last */
    TuneChord chord;
    Function function;
    TuneKey key;        /* key of the moment (tonicisation does not change it) */
    guint16 scale;      /* pitch-class mask that melody notes may use over it */
    gint section;       /* index into sections */
    gboolean cadence;   /* closes a phrase */
} PlanChord;

/* A voicing: MIDI pitches, ascending. */
typedef struct {
    guint8 n;
    guint8 pitch[8];
} Voicing;

typedef struct {
    const TuneInstrument *instrument;
    TuneRole role;
    const StylePart *style;  /* the style's entry for it, never NULL */
    gint low, high;          /* register of this part in this piece, inside the instrument's range */
    double enters_at;        /* energy from which it plays, 0 = always */
    TuneTrack *track;        /* in the score being written */
    gboolean asked;          /* said by the brief: must be audible */
    Voicing *voicings;       /* [n_chords] for chordal parts, else NULL; owned by the plan */
} PlanPart;

#define PLAN_MAX_PARTS 16

typedef struct {
    const TuneBrief *brief;
    const TuneVocabulary *vocabulary;
    const TuneStyle *style;
    const StyleForm *form; /* (nullable) the style's, chosen before its length is known */
    guint64 seed;
    GPtrArray *notes;        /* char*, for the report (nullable) */
    TuneScore *score;

    TuneMetre metre;
    gint bar_ticks, beat_ticks;
    double quarter_bpm;      /* base tempo, exact */
    double *paces;           /* [n_paces] of each bar of the body against the base tempo; NULL = all 1 */
    gint n_paces;
    TuneKey key;
    double temperature;      /* 0..1 */
    double swing;            /* 0.5 straight .. 0.67 triplet: place of the off-beat eighth in the beat */
    gboolean swing_sixteenths;
    gint pattern_shift;      /* bars by which two-bar patterns are turned: 1 makes 3-2 of 2-3 */

    PlanSection *sections;
    gint n_sections;
    gint n_bars;             /* of music, ending bars included */
    gint ticks;              /* n_bars * bar_ticks */
    TuneEnding ending;       /* resolved, never AUTO */
    gint final_tick;         /* where the final chord or last hit falls: the head of a bar */
    gint rit_tick;           /* where the ritardando begins; == final_tick when there is none */
    gboolean hurried;        /* so little time that the last bar may be shorter than the others */
    gint64 length_us;        /* exact */
    gint64 fade_us;

    PlanChord *chords;
    gint n_chords;

    PlanPart parts[PLAN_MAX_PARTS];
    gint n_parts;
} Plan;

/* The drum hits of the piece are known before the bass plays. */

/* form.c */
gboolean plan_form(Plan *plan, GError **error);
/* keys.c: the key of each section, from transpositions and relations to the home key */
void plan_keys(Plan *plan, const StyleKey *relations);
/* arrange.c */
gboolean plan_arrange(Plan *plan, GError **error);
/* plan.c: a second lead of the style that is there for certain sections only, the one who takes the solo; the
 * style's first lead is its melody, wherever it plays.  The other: such a lead that nobody asked for, where
 * the first lead is silent. */
gboolean plan_takes_solo(const Plan *plan, const StylePart *part);
gboolean plan_is_soloist(const Plan *plan, const PlanPart *part);
/* Silences in @section the parts that roll chords on @soloist's instrument, unless they were asked for:
 * there is one banjo player. */
void plan_put_rolls_down(const Plan *plan, const PlanPart *soloist, PlanSection *section);
/* texture.c, after the arrangement: each section's texture, and which parts are woven together */
void plan_textures(Plan *plan);
/* harmony.c */
gboolean plan_harmony(Plan *plan, GError **error);
/* melody.c: LEAD and COUNTER parts, lyrics */
void plan_melody(Plan *plan);
/* voicing.c, after the melody: fills parts[i].voicings of every COMP, ARP and PAD part.  An instrument
 * of one voice (a viola, a horn) gets one pitch a chord, a different one for each such part. */
void plan_voicings(Plan *plan);
/* @order: the indices of @cost, [@n], the lowest first. */
void plan_order_by_cost(const double *cost, gint n, gint8 *order);
/* drums.c, bass.c, comping.c: write notes into their parts' tracks, at notated places */
void plan_drums(Plan *plan);
void plan_bass(Plan *plan);
void plan_comping(Plan *plan);
/* doubling.c, after all other writers: parts that play what another part plays, keyboard melodies with
 * octaves and thirds, phrases that winds breathe between */
void plan_doublings(Plan *plan);
/* bow.c: what is plucked, trembles or is played short; a part that plucks now and then becomes two
 * tracks */
void plan_bowing(Plan *plan);
/* trade.c: TRUE when the drummer has bar @bar of @section to himself. */
gboolean plan_drummer_alone(const Plan *plan, const PlanSection *section, gint bar);
/* trade.c: silences everybody else there */
void plan_trade(Plan *plan);
/* perform.c: offsets, velocities, controls over all tracks */
void plan_perform(Plan *plan);

/* How @pitch is spelled at @tick. */
TuneFifths plan_spell(const Plan *plan, gint tick, gint pitch);

/* Which chord sounds at @tick: index into plan->chords. */
gint plan_chord_at(const Plan *plan, gint tick);
/* The pitch classes that a melody may rest on over @chord: its tones, and over a bare fifth also the third
 * that its scale has. */
guint16 plan_sung_tones(const PlanChord *chord);
/* Which section @tick is in. */
const PlanSection *plan_section_at(const Plan *plan, gint tick);

/* Appends a note at its notated place; velocity is a first guess 1..127 that perform.c shapes. Spelling
 * is taken from the chord and key of the moment. */
TuneNote *plan_add_note(Plan *plan, PlanPart *part, gint onset, gint duration, gint pitch,
                        gint velocity);
