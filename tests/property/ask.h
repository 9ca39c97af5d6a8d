/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Random requests for the property tests: what a user could ask, as fields or as a sentence,
 * together with the truth that the result is held to.  The same index gives the same request
 * everywhere.
 *
 *     g_autoptr(Ask) ask = ask_new(137, vocabulary);
 *     g_autoptr(TuneBrief) brief = ask_brief(ask, vocabulary, &error);
 *
 * Consecutive indices walk through all styles; metres, moods and ways of asking (fields or
 * sentence) walk at their own pace, so that any 200 neighbours meet every style in every metre.
 * Requests do not contradict themselves: each can be met.
 */
#pragma once
#include "brief/brief.h"

typedef struct {
    guint index;
    guint64 seed; /* for the composer */
    gboolean as_sentence;
    char *sentence;    /* the sentence, or "" */
    GPtrArray *fields; /* char*: name, value, name, value ... */

    const TuneStyle *style;
    double bpm; /* 0 = not said */
    gboolean key_said;
    TuneKey key;
    gboolean metre_said;
    TuneMetre metre;
    double seconds;      /* 0 = not said */
    gint bars;           /* 0 = not said */
    GArray *chords;      /* TuneChord; empty = not said */
    GArray *roles;       /* TuneSectionRole; empty = not said */
    GPtrArray *wanted;   /* const TuneInstrument* */
    GPtrArray *unwanted; /* const TuneInstrument* */
    gboolean no_drums;
    TuneEnding ending; /* TUNE_ENDING_AUTO = not said */
    gboolean loop;
    const char *mood; /* (nullable) */
} Ask;

Ask *ask_new(guint index, const TuneVocabulary *vocabulary);
/* A piece of @style and nothing else said but its length. */
Ask *ask_new_plain(const TuneStyle *style, double seconds, guint64 seed);
/* Nothing said yet, no style. */
Ask *ask_new_empty(void);
void ask_free(Ask *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ask, ask_free)

/* The complete brief of the request. (transfer full) */
TuneBrief *ask_brief(const Ask *self, const TuneVocabulary *vocabulary, GError **error);

/* The request in one line, as a command that makes the same piece. (transfer full) */
char *ask_command(const Ask *self);
