/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/music.h"

#include <stdio.h>
#include <string.h>

G_DEFINE_QUARK(tune-base-error-quark, tune_base_error)

gint tune_metre_bar_ticks(TuneMetre metre)
{
    return metre.beats * TUNE_PPQ * 4 / metre.unit;
}

gboolean tune_metre_is_compound(TuneMetre metre)
{
    return metre.unit >= 8 && metre.beats % 3 == 0;
}

gint tune_metre_beat_ticks(TuneMetre metre)
{
    gint unit_ticks = TUNE_PPQ * 4 / metre.unit;

    if (tune_metre_is_compound(metre))
        return unit_ticks * 3;
    return metre.unit >= 8 ? TUNE_PPQ : unit_ticks;
}

/* Units of the groups of metres that are not made of twos or of threes alone. */
static const struct {
    guint8 beats;
    guint8 groups[5];
} odd_groups[] = {
    {5, {3, 2}}, {7, {2, 2, 3}}, {8, {3, 3, 2}}, {10, {3, 2, 3, 2}}, {11, {2, 2, 3, 2, 2}}, {13, {3, 2, 3, 2, 3}},
};

gint tune_metre_groups(TuneMetre metre, gint out[TUNE_METRE_MOST_GROUPS])
{
    gint unit = TUNE_PPQ * 4 / metre.unit, left = metre.beats, n = 0;
    gboolean threes = tune_metre_is_compound(metre) || metre.beats == 3 || metre.beats == 6 ||
                      metre.beats == 9;

    for (gsize i = 0; i < G_N_ELEMENTS(odd_groups); i++) {
        if (odd_groups[i].beats != metre.beats || (metre.beats == 8 && metre.unit < 8))
            continue;
        while (n < 5 && odd_groups[i].groups[n] > 0) {
            out[n] = odd_groups[i].groups[n] * unit;
            n++;
        }
        if (metre.turn != 0 && (metre.beats == 5 || metre.beats == 7)) { /* the long group at the other end */
            gint first = out[0];
            out[0] = out[n - 1];
            out[n - 1] = first;
        }
        return n;
    }
    while (left > 0 && n < TUNE_METRE_MOST_GROUPS) {
        gint size = MIN(left, threes || left == 3 ? 3 : 2);
        if (n + 1 == TUNE_METRE_MOST_GROUPS)
            size = left;
        out[n++] = size * unit;
        left -= size;
    }
    return n;
}

/* TRUE when a group begins at @tick, which is no bar line. */
static gboolean is_group_start(TuneMetre metre, gint tick)
{
    gint groups[TUNE_METRE_MOST_GROUPS], at = 0, n = tune_metre_groups(metre, groups);

    for (gint i = 0; i + 1 < n; i++) {
        at += groups[i];
        if (at == tick)
            return TRUE;
    }
    return FALSE;
}

double tune_metre_weight(TuneMetre metre, gint in_bar)
{
    gint bar = tune_metre_bar_ticks(metre);
    gint beat = tune_metre_beat_ticks(metre);
    gint unit = TUNE_PPQ * 4 / metre.unit;

    in_bar = ((in_bar % bar) + bar) % bar;
    if (in_bar == 0)
        return 1.0;
    if (in_bar % unit == 0) {
        if (tune_metre_is_compound(metre))
            return in_bar % beat == 0 ? (in_bar * 2 == bar ? 0.75 : 0.5) : 0.25;
        if (metre.beats > 3 && is_group_start(metre, in_bar))
            return 0.75;
        if (in_bar % beat == 0 || metre.unit == 8)
            return metre.unit == 8 ? 0.4 : 0.5;
    }
    if (in_bar % (TUNE_PPQ / 2) == 0)
        return 0.25;
    return in_bar % (TUNE_PPQ / 4) == 0 ? 0.1 : 0.05;
}

gboolean tune_metre_parse(const char *text, TuneMetre *out)
{
    guint beats = 0, unit = 0;
    char rest = 0;

    if (sscanf(text, "%2u/%2u%c", &beats, &unit, &rest) != 2)
        return FALSE;
    if (beats < 1 || beats > 15 || (unit != 2 && unit != 4 && unit != 8 && unit != 16))
        return FALSE;
    *out = (TuneMetre){(guint8)beats, (guint8)unit, 0};
    return TRUE;
}

char *tune_metre_to_string(TuneMetre metre)
{
    return g_strdup_printf("%u/%u", metre.beats, metre.unit);
}

double tune_metre_quarter_bpm(TuneMetre metre, double beat_bpm)
{
    return beat_bpm * tune_metre_beat_ticks(metre) / TUNE_PPQ;
}

double tune_metre_beat_bpm(TuneMetre metre, double quarter_bpm)
{
    return quarter_bpm * TUNE_PPQ / tune_metre_beat_ticks(metre);
}

/* Lower-case letters and digits of @text only, so that "Pre-Chorus" and "prechorus" meet. */
static void squeeze(const char *text, char *out, gsize size)
{
    gsize n = 0;

    for (; *text != '\0' && n + 1 < size; text++)
        if (g_ascii_isalnum(*text))
            out[n++] = g_ascii_tolower(*text);
    out[n] = '\0';
}

typedef struct {
    const char *word;
    gint value;
} Synonym;

static gboolean parse_name(const char *text, const char *const *names, gint n_names,
                           const Synonym *synonyms, gsize n_synonyms, gint *out)
{
    char wanted[32], known[32];

    squeeze(text, wanted, sizeof wanted);
    for (gint i = 0; i < n_names; i++) {
        squeeze(names[i], known, sizeof known);
        if (strcmp(wanted, known) == 0) {
            *out = i;
            return TRUE;
        }
    }
    for (gsize i = 0; i < n_synonyms; i++)
        if (strcmp(wanted, synonyms[i].word) == 0) {
            *out = synonyms[i].value;
            return TRUE;
        }
    return FALSE;
}

static const char *const section_names[TUNE_N_SECTIONS] = {
    "intro", "verse",     "pre-chorus", "chorus",   "bridge",    "solo",  "breakdown", "build",
    "drop",  "interlude", "theme",      "contrast", "variation", "outro", "coda"};

static const Synonym section_synonyms[] = {
    {"introduction", TUNE_SECTION_INTRO}, {"refrain", TUNE_SECTION_CHORUS},
    {"hook", TUNE_SECTION_CHORUS},        {"middleeight", TUNE_SECTION_BRIDGE},
    {"middle8", TUNE_SECTION_BRIDGE},     {"buildup", TUNE_SECTION_BUILD},
    {"riser", TUNE_SECTION_BUILD},        {"break", TUNE_SECTION_BREAKDOWN},
    {"instrumental", TUNE_SECTION_SOLO},  {"ending", TUNE_SECTION_OUTRO},
    {"outtro", TUNE_SECTION_OUTRO},       {"tag", TUNE_SECTION_CODA},
    {"a", TUNE_SECTION_THEME},            {"b", TUNE_SECTION_CONTRAST},
    {"head", TUNE_SECTION_THEME},         {"lift", TUNE_SECTION_PRECHORUS},
};

const char *tune_section_role_name(TuneSectionRole role)
{
    g_return_val_if_fail((guint)role < TUNE_N_SECTIONS, "?");
    return section_names[role];
}

gboolean tune_section_role_parse(const char *text, TuneSectionRole *out)
{
    gint value = 0;

    if (!parse_name(text, section_names, TUNE_N_SECTIONS, section_synonyms,
                    G_N_ELEMENTS(section_synonyms), &value))
        return FALSE;
    *out = (TuneSectionRole)value;
    return TRUE;
}

static const char *const ending_names[TUNE_N_ENDINGS] = {"auto", "rit",  "cold", "fade",
                                                         "ring", "tag", "loop",
                                                         "fermata", "amen"};

static const Synonym ending_synonyms[] = {
    {"ritardando", TUNE_ENDING_RIT}, {"rallentando", TUNE_ENDING_RIT}, {"stop", TUNE_ENDING_COLD},
    {"fadeout", TUNE_ENDING_FADE},   {"ringout", TUNE_ENDING_RING},    {"held", TUNE_ENDING_RING},
    {"plagal", TUNE_ENDING_AMEN},    {"pause", TUNE_ENDING_FERMATA},
};

const char *tune_ending_name(TuneEnding ending)
{
    g_return_val_if_fail((guint)ending < TUNE_N_ENDINGS, "?");
    return ending_names[ending];
}

gboolean tune_ending_parse(const char *text, TuneEnding *out)
{
    gint value = 0;

    if (!parse_name(text, ending_names, TUNE_N_ENDINGS, ending_synonyms,
                    G_N_ELEMENTS(ending_synonyms), &value))
        return FALSE;
    *out = (TuneEnding)value;
    return TRUE;
}

static const char *const feel_names[TUNE_N_FEELS] = {"plain", "half", "double"};

static const Synonym feel_synonyms[] = {
    {"halftime", TUNE_FEEL_HALF}, {"doubletime", TUNE_FEEL_DOUBLE}, {"normal", TUNE_FEEL_PLAIN},
};

const char *tune_feel_name(TuneFeel feel)
{
    g_return_val_if_fail((guint)feel < TUNE_N_FEELS, "?");
    return feel_names[feel];
}

gboolean tune_feel_parse(const char *text, TuneFeel *out)
{
    gint value = 0;

    if (!parse_name(text, feel_names, TUNE_N_FEELS, feel_synonyms, G_N_ELEMENTS(feel_synonyms),
                    &value))
        return FALSE;
    *out = (TuneFeel)value;
    return TRUE;
}

static const char *const role_names[TUNE_N_ROLES] = {"lead", "counter", "comp", "arp", "pad",
                                                     "bass", "drums",   "perc", "fx"};

const char *tune_role_name(TuneRole role)
{
    g_return_val_if_fail((guint)role < TUNE_N_ROLES, "?");
    return role_names[role];
}

gboolean tune_role_parse(const char *text, TuneRole *out)
{
    gint value = 0;

    if (!parse_name(text, role_names, TUNE_N_ROLES, NULL, 0, &value))
        return FALSE;
    *out = (TuneRole)value;
    return TRUE;
}
