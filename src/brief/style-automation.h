/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a producer draws over the patterns of a style: the blocks `builds:`, `gaps:` and `curves:`.
 *
 *     builds:                          # how drums climb through a section of role build
 *       - {name: snare roll, rolls: {snare: "1 1 2 4", clap: "1"}, groove: 0.5, breath: 1}
 *     gaps:                            # where everybody is silent before something begins
 *       - {before: [drop], beats: 2, chance: 0.8, keep: [fx]}
 *     curves:                          # how a controller moves
 *       - {parts: [pad, arp], control: brightness, sections: [build], from: 0.2, to: 1, shape: rise}
 *       - {parts: [bass], control: brightness, shape: wobble, rates: "2 2 4 3"}
 *
 * Values belong to the style and are immutable after parsing.  Thread-safe to read.
 */
#pragma once
#include "base/music.h"
#include "base/yaml.h"

#define STYLE_ROLL_STEPS 8
#define STYLE_CURVE_RATES 64

/* One drum of a build: strokes a beat, over equal shares of the section. */
typedef struct {
    guint8 key;
    gint n;
    guint8 strokes[STYLE_ROLL_STEPS];
} StyleRoll;

typedef struct {
    char *name;
    double weight;
    double energy[2];
    GArray *rolls;  /* StyleRoll */
    double groove;  /* share of the section under which the groove goes on, 0..1 */
    gint breath;    /* beats at the end without drums */
} StyleBuild;

typedef struct {
    guint32 before, after; /* bit 1 << TuneSectionRole; 0 = any */
    gint beats;            /* felt beats */
    double chance;
    guint32 keep;          /* bit 1 << TuneRole: who plays on */
} StyleGap;

typedef enum {
    STYLE_CURVE_LINE,   /* from..to over the section */
    STYLE_CURVE_RISE,   /* slowly at first, then fast */
    STYLE_CURVE_WAVE,   /* to and fro, once in `bars` */
    STYLE_CURVE_WOBBLE, /* to and fro at `rates` cycles a beat */
    STYLE_CURVE_PUMP,   /* falls to `from` on each beat, back at `to` before the next */
    STYLE_CURVE_GATE,   /* `to` on x, `from` on '.', by `cells` */
    STYLE_CURVE_DRIFT,  /* wanders between both without haste, as worn tape does */
} StyleCurveShape;

/* Controllers by name: level is MIDI's 11, modulation 1, brightness 74, resonance 71; bend counts in
 * semitones, -2..2, the others in 0..1. */
typedef struct {
    char **parts;          /* ids or roles of parts, never empty */
    guint8 control;        /* MIDI number, or STYLE_CONTROL_BEND */
    StyleCurveShape shape;
    guint32 sections;      /* bit 1 << TuneSectionRole; 0 = everywhere */
    double energy[2];
    double from, to;
    double bars;           /* wave: length of a cycle, in bars */
    gint n_rates;
    guint8 rates[STYLE_CURVE_RATES]; /* wobble: cycles in each beat, 0 rests at `to`; gate: 1 or 0 */
    gint rates_bars;       /* gate: bars that the rates fill */
} StyleCurve;

#define STYLE_CONTROL_BEND 128 /* as TUNE_CONTROL_BEND */

typedef struct {
    GPtrArray *builds; /* StyleBuild */
    GArray *gaps;      /* StyleGap */
    GPtrArray *curves; /* StyleCurve */
} StyleAutomation;

/* Read the three blocks of @root into @out, which may be uninitialised; a missing block is empty.
 * FALSE with "file:line: reason" (TUNE_BASE_ERROR_SYNTAX); then @out holds nothing. */
gboolean tune_style_automation_parse(const TuneYamlNode *root, StyleAutomation *out, GError **error);

/* Frees what @automation holds; harmless on a zeroed one. */
void tune_style_automation_clear(StyleAutomation *automation);
