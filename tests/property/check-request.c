/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "checks.h"

#include <math.h>
#include <string.h>

double score_seconds(const TuneScore *score)
{
    return score->length_us > 0 ? (double)score->length_us / 1e6
                                : tune_score_seconds(score, score->ticks);
}

/* Where the last chord is struck: what is held from there on has no beat. */
static gint final_tick(const TuneScore *score)
{
    if (score->loop || score->ending == TUNE_ENDING_FADE || score->chords->len == 0)
        return score->ticks;
    return g_array_index(score->chords, TuneScoreChord, score->chords->len - 1).tick;
}

/* The tempo said is the tempo of every bar up to the last chord, but for a ritardando in the four
 * bars before it where the ending may have one. */
static void check_tempo(Violations *found, const Ask *ask, const TuneScore *score)
{
    TuneMetre metre = g_array_index(score->metres, TuneMetreChange, 0).metre;
    double quarter = tune_metre_quarter_bpm(metre, ask->bpm);
    gboolean may_slow = score->ending == TUNE_ENDING_RIT || score->ending == TUNE_ENDING_RING ||
                        score->ending == TUNE_ENDING_TAG || score->ending == TUNE_ENDING_FERMATA ||
                        score->ending == TUNE_ENDING_AMEN;
    gint until = final_tick(score) - (may_slow ? 4 * tune_metre_bar_ticks(metre) : 0);

    if (ask->bpm <= 0)
        return;
    violations_checked(found, "hard/tempo", 1);
    for (guint i = 0; i < score->tempos->len; i++) {
        const TuneTempo *tempo = &g_array_index(score->tempos, TuneTempo, i);

        if ((i == 0 || tempo->tick < until) && fabs(tempo->bpm - quarter) > 1e-6 * quarter) {
            violations_add(found, "hard/tempo", ask, "asked %g, tempo %g quarters at tick %d of %d",
                           ask->bpm, tempo->bpm, tempo->tick, score->ticks);
            return;
        }
    }
}

static void check_key(Violations *found, const Ask *ask, const TuneScore *score)
{
    TuneKey key = g_array_index(score->keys, TuneKeyChange, 0).key;
    g_autofree char *asked = tune_key_to_string(ask->key), *got = tune_key_to_string(key);

    if (!ask->key_said)
        return;
    violations_checked(found, "hard/key", 1);
    if (tune_fifths_pitch_class(key.tonic) != tune_fifths_pitch_class(ask->key.tonic) ||
        key.mode != ask->key.mode)
        violations_add(found, "hard/key", ask, "asked %s, got %s", asked, got);
}

static void check_metre(Violations *found, const Ask *ask, const TuneScore *score)
{
    if (!ask->metre_said)
        return;
    violations_checked(found, "hard/metre", 1);
    for (guint i = 0; i < score->metres->len; i++) {
        TuneMetre metre = g_array_index(score->metres, TuneMetreChange, i).metre;

        if (metre.beats != ask->metre.beats || metre.unit != ask->metre.unit)
            violations_add(found, "hard/metre", ask, "asked %d/%d, got %d/%d", ask->metre.beats,
                           ask->metre.unit, metre.beats, metre.unit);
    }
}

/* Exact; but a loop of a said tempo is the nearest number of whole bars, either one when the asked
 * length lies in the middle between two. */
static gboolean is_asked_length(const Ask *ask, const TuneScore *score)
{
    TuneMetre metre = g_array_index(score->metres, TuneMetreChange, 0).metre;
    double bar_us, bars, asked_us = ask->seconds * 1e6;

    if (!ask->loop || ask->bpm <= 0)
        return ABS(score->length_us - llround(asked_us)) <= 1;
    bar_us = tune_metre_bar_ticks(metre) / (double)TUNE_PPQ * 60e6 /
             tune_metre_quarter_bpm(metre, ask->bpm);
    bars = fmax(1, round((double)score->length_us / bar_us));
    return fabs((double)score->length_us - bars * bar_us) <= 1 &&
           (bars == 1 || fabs(asked_us - bars * bar_us) <= bar_us / 2 + 1);
}

static void check_length(Violations *found, const Ask *ask, const TuneScore *score)
{
    double music = tune_score_seconds(score, score->ticks);

    if (ask->seconds > 0) {
        violations_checked(found, "hard/length", 1);
        if (!is_asked_length(ask, score))
            violations_add(found, "hard/length", ask, "asked %.6f s, got %.6f s", ask->seconds,
                           (double)score->length_us / 1e6);
        /* The music fills the time: the last bar line is neither behind the end nor far before it.
         */
        gint last_bar = score->ticks - tune_metre_bar_ticks(tune_score_metre_at(score, 0));
        double late =
            score->ending == TUNE_ENDING_FADE ? music - tune_score_seconds(score, last_bar) : 0;
        if (!ask->loop && (music > ask->seconds + late + 0.1 || music < ask->seconds - 9.0))
            violations_add(found, "hard/length", ask, "music of %.2f s in a file of %.2f s", music,
                           ask->seconds);
    }
    if (ask->bars > 0) {
        TuneMetre metre = g_array_index(score->metres, TuneMetreChange, 0).metre;
        gint bars = score->ticks / tune_metre_bar_ticks(metre);

        violations_checked(found, "hard/bars", 1);
        if (bars != ask->bars || score->ticks % tune_metre_bar_ticks(metre) != 0)
            violations_add(found, "hard/bars", ask, "asked %d bars, got %d (%d ticks)", ask->bars,
                           bars, score->ticks);
    }
    if (ask->loop) {
        violations_checked(found, "hard/loop", 1);
        if (!score->loop || fabs((double)score->length_us / 1e6 - music) > 2e-6)
            violations_add(found, "hard/loop", ask, "loop %d, length %.6f s, bars end at %.6f s",
                           score->loop, (double)score->length_us / 1e6, music);
    }
}

static void check_sections(Violations *found, const Ask *ask, const TuneScore *score)
{
    gint at = 0;

    violations_checked(found, "form/sections-cover", 1);
    for (guint i = 0; i < score->sections->len; i++) {
        const TuneSection *section = &g_array_index(score->sections, TuneSection, i);

        if (section->tick != at || section->ticks <= 0)
            violations_add(found, "form/sections-cover", ask,
                           "section %u starts at %d, expected %d", i, section->tick, at);
        at = section->tick + section->ticks;
    }
    if (at != score->ticks)
        violations_add(found, "form/sections-cover", ask, "sections end at %d, music at %d", at,
                       score->ticks);
    if (ask->roles->len == 0)
        return;
    violations_checked(found, "hard/sections", 1);
    if (score->sections->len != ask->roles->len) {
        violations_add(found, "hard/sections", ask, "asked %u sections, got %u", ask->roles->len,
                       score->sections->len);
        return;
    }
    for (guint i = 0; i < ask->roles->len; i++) {
        TuneSectionRole asked = g_array_index(ask->roles, TuneSectionRole, i);
        TuneSectionRole got = g_array_index(score->sections, TuneSection, i).role;

        if (asked != got)
            violations_add(found, "hard/sections", ask, "section %u: asked %s, got %s", i,
                           tune_section_role_name(asked), tune_section_role_name(got));
    }
}

static gboolean same_chord(TuneChord a, TuneChord b)
{
    return tune_fifths_pitch_class(a.root) == tune_fifths_pitch_class(b.root) &&
           a.quality == b.quality;
}

/* Chords with repetitions of the one before left out. */
static GArray *distinct_chords(const TuneScore *score)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(TuneChord));

    for (guint i = 0; i < score->chords->len; i++) {
        TuneChord chord = g_array_index(score->chords, TuneScoreChord, i).chord;

        if (out->len == 0 || !same_chord(chord, g_array_index(out, TuneChord, out->len - 1)))
            g_array_append_val(out, chord);
    }
    return out;
}

/* The said progression sounds in its order at least once, and at least 60 % of the time belongs to
 * its chords (bridges and endings may leave it). */
static void check_chords(Violations *found, const Ask *ask, const TuneScore *score)
{
    g_autoptr(GArray) got = distinct_chords(score);
    gint64 inside = 0, all = 0;
    gboolean sounds = FALSE;

    if (ask->chords->len == 0)
        return;
    violations_checked(found, "hard/chords", 1);
    for (guint i = 0; i + ask->chords->len <= got->len && !sounds; i++) {
        guint k = 0;
        while (k < ask->chords->len && same_chord(g_array_index(got, TuneChord, i + k),
                                                  g_array_index(ask->chords, TuneChord, k)))
            k++;
        sounds = k == ask->chords->len;
    }
    for (guint i = 0; i < score->chords->len; i++) {
        const TuneScoreChord *chord = &g_array_index(score->chords, TuneScoreChord, i);
        gboolean said = FALSE;

        for (guint k = 0; k < ask->chords->len; k++)
            said = said || same_chord(chord->chord, g_array_index(ask->chords, TuneChord, k));
        all += chord->ticks;
        inside += said ? chord->ticks : 0;
    }
    /* A piece of fewer bars than chords cannot show them all. */
    if (!sounds && score->ticks / tune_metre_bar_ticks(tune_score_metre_at(score, 0)) >
                       (gint)ask->chords->len + 1)
        violations_add(found, "hard/chords", ask, "the said progression does not sound in order");
    if (inside * 10 < all * 6)
        violations_add(found, "hard/chords", ask, "only %.0f %% of the time on said chords",
                       100.0 * (double)inside / (double)MAX(all, 1));
}

#define PLAYS                                                                                      \
    (1u << TUNE_ROLE_LEAD | 1u << TUNE_ROLE_COUNTER | 1u << TUNE_ROLE_COMP | 1u << TUNE_ROLE_ARP | \
     1u << TUNE_ROLE_BASS)

/* How often @instrument plays, and how much of the piece it sounds (its notes' lengths added up).
 */
static guint notes_of_instrument(const TuneScore *score, const TuneInstrument *instrument,
                                 double *share)
{
    gint64 ticks = 0;
    guint n = 0;

    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *track = score->tracks->pdata[i];

        if (strcmp(track->instrument, instrument->key) != 0)
            continue;
        n += track->notes->len;
        for (guint k = 0; k < track->notes->len; k++)
            ticks += g_array_index(track->notes, TuneNote, k).duration;
    }
    *share = (double)ticks / MAX(score->ticks, 1);
    return n;
}

static void check_instruments(Violations *found, const Ask *ask, const TuneScore *score)
{
    for (guint i = 0; i < ask->wanted->len; i++) {
        const TuneInstrument *instrument = ask->wanted->pdata[i];
        double share;
        guint n = notes_of_instrument(score, instrument, &share);
        /* A reversed cymbal or rain is an event; whoever can play a line or chords must do so. */
        guint least =
            score_seconds(score) < LONG_ENOUGH_SECONDS || (instrument->roles & PLAYS) == 0 ? 1 : 4;

        violations_checked(found, "hard/instruments-in", 1);
        if (n == 0 || (n < least && share < 0.1))
            violations_add(found, "hard/instruments-in", ask, "%s was asked for and plays %u notes",
                           instrument->key, n);
    }
    for (guint i = 0; i < ask->unwanted->len; i++) {
        const TuneInstrument *instrument = ask->unwanted->pdata[i];
        double share;

        violations_checked(found, "hard/instruments-out", 1);
        if (notes_of_instrument(score, instrument, &share) > 0)
            violations_add(found, "hard/instruments-out", ask, "%s plays though excluded",
                           instrument->key);
    }
    if (!ask->no_drums)
        return;
    violations_checked(found, "hard/no-drums", 1);
    for (guint i = 0; i < score->tracks->len; i++)
        if (((const TuneTrack *)score->tracks->pdata[i])->is_drums)
            violations_add(found, "hard/no-drums", ask, "a drum track though no drums were asked");
}

void check_request(Violations *found, const Ask *ask, const TuneScore *score)
{
    check_tempo(found, ask, score);
    check_key(found, ask, score);
    check_metre(found, ask, score);
    check_length(found, ask, score);
    check_sections(found, ask, score);
    check_chords(found, ask, score);
    check_instruments(found, ask, score);
    violations_checked(found, "hard/style", 1);
    if (g_strcmp0(score->style, tune_style_name(ask->style)) != 0)
        violations_add(found, "hard/style", ask, "asked %s, got %s", tune_style_name(ask->style),
                       score->style);
    /* One bar and a half have no room for a last chord of their own: the piece fades, and says so. */
    gboolean tiny = ask->bpm > 0 && ask->seconds > 0 &&
                    tune_score_seconds(score, 3 * tune_metre_bar_ticks(tune_score_metre_at(score, 0)) / 2) >
                        ask->seconds;
    if (ask->ending != TUNE_ENDING_AUTO && !tiny) {
        violations_checked(found, "hard/ending", 1);
        if (score->ending != ask->ending ||
            (ask->ending == TUNE_ENDING_FADE) != (score->fade_us > 0))
            violations_add(
                found, "hard/ending", ask, "asked %s, got %s (fade %" G_GINT64_FORMAT " us)",
                tune_ending_name(ask->ending), tune_ending_name(score->ending), score->fade_us);
    }
}
