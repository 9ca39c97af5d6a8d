/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/score-private.h"

#include <math.h>

/* Index of the last item at or before @tick in an array whose items begin with a gint tick; -1 when
 * there is none. */
static gint last_at_or_before(const GArray *array, gsize item_bytes, gint tick)
{
    gint low = 0, high = (gint)array->len;

    while (low < high) {
        gint middle = low + (high - low) / 2;
        gint at = *(const gint *)(const void *)(array->data + (gsize)middle * item_bytes);
        if (at <= tick)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

static double seconds_of(gint ticks, double bpm)
{
    return ticks * 60.0 / (bpm * TUNE_PPQ);
}

/* Time of tempo change @index: from the table of a finished score, else added up. */
static double tempo_start(const TuneScore *self, gint index)
{
    const TuneScoreBox *box = (const TuneScoreBox *)self;
    double seconds = 0;

    if (box->tempo_seconds != NULL)
        return box->tempo_seconds[index];
    for (gint i = 1; i <= index; i++) {
        const TuneTempo *before = &g_array_index(self->tempos, TuneTempo, i - 1);
        seconds += seconds_of(before[1].tick - before->tick, before->bpm);
    }
    return seconds;
}

double tune_score_seconds(const TuneScore *self, gint tick)
{
    tick = MAX(tick, 0);
    gint i = last_at_or_before(self->tempos, sizeof(TuneTempo), tick);
    if (i < 0)
        return seconds_of(tick, 120.0);
    const TuneTempo *tempo = &g_array_index(self->tempos, TuneTempo, i);
    return tempo_start(self, i) + seconds_of(tick - tempo->tick, tempo->bpm);
}

gint tune_score_tick_at(const TuneScore *self, double seconds)
{
    gint low = 0, high = (gint)self->tempos->len;

    if (!(seconds > 0))
        return 0;
    while (low < high) {
        gint middle = low + (high - low) / 2;
        if (tempo_start(self, middle) <= seconds)
            low = middle + 1;
        else
            high = middle;
    }
    TuneTempo tempo = {0, 120.0};
    double start = 0;
    if (low > 0) {
        tempo = g_array_index(self->tempos, TuneTempo, low - 1);
        start = tempo_start(self, low - 1);
    }
    double tick = tempo.tick + (seconds - start) * tempo.bpm * TUNE_PPQ / 60.0;
    return (gint)MIN(floor(tick + 0.5), (double)G_MAXINT);
}

TuneMetre tune_score_metre_at(const TuneScore *self, gint tick)
{
    gint i = last_at_or_before(self->metres, sizeof(TuneMetreChange), tick);

    return i < 0 ? (TuneMetre){4, 4, 0} : g_array_index(self->metres, TuneMetreChange, i).metre;
}

TuneKey tune_score_key_at(const TuneScore *self, gint tick)
{
    gint i = last_at_or_before(self->keys, sizeof(TuneKeyChange), tick);

    return i < 0 ? (TuneKey){0, TUNE_MODE_MAJOR} : g_array_index(self->keys, TuneKeyChange, i).key;
}

double tune_score_tempo_at(const TuneScore *self, gint tick)
{
    gint i = last_at_or_before(self->tempos, sizeof(TuneTempo), tick);

    return i < 0 ? 120.0 : g_array_index(self->tempos, TuneTempo, i).bpm;
}

const TuneScoreChord *tune_score_chord_at(const TuneScore *self, gint tick)
{
    gint i = last_at_or_before(self->chords, sizeof(TuneScoreChord), tick);
    const TuneScoreChord *chord = i < 0 ? NULL : &g_array_index(self->chords, TuneScoreChord, i);

    return chord != NULL && tick < chord->tick + chord->ticks ? chord : NULL;
}

const TuneSection *tune_score_section_at(const TuneScore *self, gint tick)
{
    gint i = last_at_or_before(self->sections, sizeof(TuneSection), tick);
    const TuneSection *section = i < 0 ? NULL : &g_array_index(self->sections, TuneSection, i);

    return section != NULL && tick < section->tick + section->ticks ? section : NULL;
}

gint tune_score_bar_at(const TuneScore *self, gint tick, gint *bar_tick)
{
    TuneMetreChange now = {0, {4, 4, 0}};
    gint bar = 0;

    tick = MAX(tick, 0);
    for (guint i = 0; i < self->metres->len; i++) {
        TuneMetreChange next = g_array_index(self->metres, TuneMetreChange, i);
        if (next.tick > tick)
            break;
        bar += (next.tick - now.tick) / tune_metre_bar_ticks(now.metre);
        now = next;
    }
    gint length = tune_metre_bar_ticks(now.metre);
    gint bars = (tick - now.tick) / length;
    if (bar_tick != NULL)
        *bar_tick = now.tick + bars * length;
    return bar + bars;
}

gint tune_score_whole_bars(const TuneScore *self, gint end_tick)
{
    gint bar_tick;
    gint last = MAX(end_tick - 1, 0);

    if (self->metres->len > 0) /* the last metre holds for at least one bar */
        last = MAX(last, g_array_index(self->metres, TuneMetreChange, self->metres->len - 1).tick);
    tune_score_bar_at(self, last, &bar_tick);
    return bar_tick + tune_metre_bar_ticks(tune_score_metre_at(self, bar_tick));
}

gsize tune_score_n_notes(const TuneScore *self)
{
    gsize n = 0;

    for (guint i = 0; i < self->tracks->len; i++)
        n += ((const TuneTrack *)self->tracks->pdata[i])->notes->len;
    return n;
}
