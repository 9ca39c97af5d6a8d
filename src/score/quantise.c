/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/quantise.h"
#include "score/notate.h"
#include "score/score-private.h"

/* From coarse to fine; those of 320 and 160 are triplets. */
static const gint grids[] = {960, 480, 240, 320, 160, 120, 80, 60};

#define EXACT_TICKS 1  /* rounding of other resolutions */
#define HUMAN_TICKS 36 /* players' spread at usual tempos */
#define PLAIN_GRID  240

static gint nearest(gint tick, gint origin, gint grid)
{
    gint from = tick - origin;

    return origin + (from + grid / 2) / grid * grid;
}

/* Quarter-note windows counted from each bar line. */
static gint window_of(const TuneScore *score, gint tick)
{
    gint bar_tick;

    tune_score_bar_at(score, tick, &bar_tick);
    return bar_tick + (tick - bar_tick) / TUNE_PPQ * TUNE_PPQ;
}

static gint worst_error(const TuneNote *notes, guint n, gint origin, gint grid)
{
    gint worst = 0;

    for (guint i = 0; i < n; i++)
        worst = MAX(worst, ABS(notes[i].onset - nearest(notes[i].onset, origin, grid)));
    return worst;
}

/* The coarsest grid on which all notes lie exactly, else within a player's spread, else the nearest
 * of the finer ones. */
static gint choose_grid(const TuneNote *notes, guint n, gint origin)
{
    static const gint tolerances[] = {EXACT_TICKS, HUMAN_TICKS};
    gint best = 120;

    for (gsize t = 0; t < G_N_ELEMENTS(tolerances); t++)
        for (gsize g = 0; g < (t == 0 ? G_N_ELEMENTS(grids) : 6); g++)
            if (worst_error(notes, n, origin, grids[g]) <= tolerances[t])
                return grids[g];
    if (worst_error(notes, n, origin, 80) < worst_error(notes, n, origin, best))
        best = 80;
    return best;
}

typedef struct {
    gint onset, end; /* on the page */
} Place;

static gint place_end(gint played_end, gint window, gint grid, gint onset)
{
    gint fine = MIN(grid, PLAIN_GRID);
    gint end = nearest(played_end, window, fine);

    return end > onset ? end : onset + fine;
}

static void place_window(const TuneScore *score, const TuneNote *notes, Place *places, guint n,
                         gint window)
{
    gint grid = choose_grid(notes, n, window);

    for (guint i = 0; i < n; i++) {
        gint end = notes[i].onset + notes[i].duration;
        places[i].onset = nearest(notes[i].onset, window, grid);
        places[i].end = place_end(end, window_of(score, end), grid, places[i].onset);
    }
}

/* Where it is played, to the nearest place that has a notation. */
static void keep_as_played(const TuneNote *note, Place *place)
{
    place->onset = nearest(note->onset, 0, TUNE_NOTATION_GRID);
    place->end = nearest(note->onset + note->duration, 0, TUNE_NOTATION_GRID);
}

/* Notes of one pitch, @index in time order: no two may meet on the page. */
static void separate(const TuneNote *notes, Place *places, const guint *index, guint n)
{
    for (guint i = 1; i < n; i++)
        if (places[index[i]].onset <= places[index[i - 1]].onset) {
            keep_as_played(&notes[index[i - 1]], &places[index[i - 1]]);
            keep_as_played(&notes[index[i]], &places[index[i]]);
        }
    for (guint i = 0; i < n; i++) {
        Place *here = &places[index[i]], *before = i > 0 ? &places[index[i - 1]] : NULL;
        if (before != NULL) {
            here->onset = MAX(here->onset, before->onset + TUNE_NOTATION_GRID);
            before->end = CLAMP(before->end, before->onset + TUNE_NOTATION_GRID, here->onset);
        }
        here->end = MAX(here->end, here->onset + TUNE_NOTATION_GRID);
    }
}

static void separate_all(const TuneNote *notes, Place *places, guint n)
{
    g_autoptr(GArray) index = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint pitch = 0; pitch < 128; pitch++) {
        g_array_set_size(index, 0);
        for (guint i = 0; i < n; i++)
            if (notes[i].pitch == pitch)
                g_array_append_val(index, i);
        separate(notes, places, (const guint *)(const void *)index->data, index->len);
    }
}

void tune_track_quantise(const TuneScore *score, TuneTrack *track)
{
    guint n = track->notes->len;
    g_autofree Place *places = g_new0(Place, MAX(n, 1));

    tune_notes_sort(track->notes);
    TuneNote *notes = (TuneNote *)(void *)track->notes->data;
    for (guint i = 0; i < n;) {
        gint window = window_of(score, notes[i].onset);
        guint first = i;
        while (i < n && window_of(score, notes[i].onset) == window)
            i++;
        place_window(score, notes + first, places + first, i - first, window);
    }
    separate_all(notes, places, n);
    for (guint i = 0; i < n; i++) {
        gint duration = places[i].end - places[i].onset;
        gint late = notes[i].onset - places[i].onset, longer = notes[i].duration - duration;
        notes[i].onset = places[i].onset;
        notes[i].duration = duration;
        notes[i].onset_offset = (gint16)CLAMP(late, G_MININT16, G_MAXINT16);
        notes[i].duration_offset = (gint16)CLAMP(longer, G_MININT16, G_MAXINT16);
    }
    tune_notes_sort(track->notes);
}
