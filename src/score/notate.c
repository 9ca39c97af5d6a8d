/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Three steps: notes become groups (chords) in voices that never overlap; each bar of a voice is
 * cut into straight and triplet zones; each note or rest is cut into pieces that one head can show.
 *
 * A zone is straight when all its cuts lie on multiples of 30 ticks (128th notes).  Otherwise, when
 * something begins or ends in its middle, each half is looked at alone; else it is one 3:2 tuplet,
 * in which any multiple of 10 ticks is a plain length.
 */
#include "score/notate.h"
#include "score/score-private.h"

#include <string.h>

#define STRAIGHT_GRID 30
#define SHORTEST_TYPE 8 /* 256th */
#define MAX_VOICES    160

/* ---- voices ---- */

static void clear_group(gpointer data)
{
    g_array_unref(((TuneNoteGroup *)data)->notes);
}

static TuneNotationVoice *voice_new(guint staff, guint number)
{
    TuneNotationVoice *self = g_new0(TuneNotationVoice, 1);

    self->staff = staff;
    self->number = number;
    self->groups = g_array_new(FALSE, TRUE, sizeof(TuneNoteGroup));
    g_array_set_clear_func(self->groups, clear_group);
    self->pieces = g_array_new(FALSE, TRUE, sizeof(TunePiece));
    return self;
}

static void voice_free(gpointer data)
{
    TuneNotationVoice *self = data;

    g_array_unref(self->groups);
    g_array_unref(self->pieces);
    g_free(self->bar_first);
    g_free(self);
}

/* Index of the first group that ends after @tick. */
static guint first_ending_after(const TuneNotationVoice *voice, gint tick)
{
    guint low = 0, high = voice->groups->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(voice->groups, TuneNoteGroup, middle).end <= tick)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Puts note @index at [@start, @end) into the voice if it joins a chord or finds room. */
static gboolean voice_take(TuneNotationVoice *voice, guint index, gint start, gint end)
{
    guint at = first_ending_after(voice, start);

    if (at < voice->groups->len) {
        TuneNoteGroup *next = &g_array_index(voice->groups, TuneNoteGroup, at);
        if (next->start == start && next->end == end) {
            g_array_append_val(next->notes, index);
            return TRUE;
        }
        if (next->start < end)
            return FALSE;
    }
    TuneNoteGroup group = {start, end, g_array_new(FALSE, FALSE, sizeof(guint))};
    g_array_append_val(group.notes, index);
    g_array_insert_val(voice->groups, at, group);
    return TRUE;
}

static gint snap(gint tick)
{
    return (tick + TUNE_NOTATION_GRID / 2) / TUNE_NOTATION_GRID * TUNE_NOTATION_GRID;
}

/* The wished voice first, then those above it, then those below. */
static void place_note(GPtrArray *staff_voices, guint staff, const TuneNote *note, guint index,
                       gint end_of_piece)
{
    gint start = MIN(snap(note->onset), end_of_piece - TUNE_NOTATION_GRID);
    gint end = MAX(snap(note->onset + note->duration), start + TUNE_NOTATION_GRID);
    guint wished = note->syllable >= 0 ? 0 : note->voice - 1u;

    for (guint i = 0; i < MAX_VOICES; i++) {
        guint number = i + wished < 4 ? i + wished : i < 4 ? 3 - i : i;
        while (staff_voices->len <= number)
            g_ptr_array_add(staff_voices, voice_new(staff, staff_voices->len));
        if (voice_take(staff_voices->pdata[number], index, start, end))
            return;
    }
}

static void place_notes(const TuneTrack *track, GPtrArray *staffs[2], gboolean split,
                        gint end_of_piece)
{
    /* Sung notes first: their syllables belong under the first voice. */
    for (gint sung = 1; sung >= 0; sung--)
        for (guint i = 0; i < track->notes->len; i++) {
            const TuneNote *note = &g_array_index(track->notes, TuneNote, i);
            guint staff = split && note->pitch < 60 ? 1 : 0;
            if ((note->syllable >= 0) == sung)
                place_note(staffs[staff], staff, note, i, end_of_piece);
        }
}

static gint compare_pitch(gconstpointer a, gconstpointer b, gpointer data)
{
    const TuneTrack *track = data;
    guint x = *(const guint *)a, y = *(const guint *)b;

    return (gint)g_array_index(track->notes, TuneNote, x).pitch -
           (gint)g_array_index(track->notes, TuneNote, y).pitch;
}

/* Voices that nothing came into are dropped, but each staff keeps its first. */
static void collect_voices(TuneNotation *self, GPtrArray *staff_voices, const TuneTrack *track)
{
    guint number = 0;

    for (guint i = 0; i < staff_voices->len; i++) {
        TuneNotationVoice *voice = staff_voices->pdata[i];
        gboolean others = FALSE;
        for (guint j = i + 1; j < staff_voices->len; j++)
            others |= ((TuneNotationVoice *)staff_voices->pdata[j])->groups->len > 0;
        if (voice->groups->len == 0 && (number > 0 || others)) {
            voice_free(voice);
            continue;
        }
        for (guint g = 0; g < voice->groups->len; g++)
            g_array_sort_with_data(g_array_index(voice->groups, TuneNoteGroup, g).notes,
                                   compare_pitch, (gpointer)track);
        voice->number = number++;
        g_ptr_array_add(self->voices, voice);
    }
}

/* ---- zones ---- */

typedef struct {
    gint start, end;
    gboolean tuplet;
} Zone;

/* A bar of one voice while it is being cut. */
typedef struct {
    const TuneNotationBar *bar;
    GArray *cuts;  /* gint: where something begins or ends, in ticks from the bar line */
    GArray *zones; /* Zone, in ticks from the bar line */
} BarCut;

static gboolean has_cut(const BarCut *cut, gint tick)
{
    for (guint i = 0; i < cut->cuts->len; i++)
        if (g_array_index(cut->cuts, gint, i) == tick)
            return TRUE;
    return FALSE;
}

/* All cuts inside (start, end) are multiples of @grid from @start. */
static gboolean cuts_fit(const BarCut *cut, gint start, gint end, gint grid)
{
    for (guint i = 0; i < cut->cuts->len; i++) {
        gint at = g_array_index(cut->cuts, gint, i);
        if (at > start && at < end && (at - start) % grid != 0)
            return FALSE;
    }
    return TRUE;
}

static void add_zone(BarCut *cut, gint start, gint end, gboolean tuplet)
{
    Zone *last = cut->zones->len > 0 ? &g_array_index(cut->zones, Zone, cut->zones->len - 1) : NULL;
    Zone zone = {start, end, tuplet};

    if (last != NULL && !last->tuplet && !tuplet)
        last->end = end;
    else
        g_array_append_val(cut->zones, zone);
}

static void divide(BarCut *cut, gint start, gint end)
{
    gint middle = (start + end) / 2;

    if (cuts_fit(cut, start, end, STRAIGHT_GRID))
        add_zone(cut, start, end, FALSE);
    else if ((end - start) % (2 * STRAIGHT_GRID) == 0 && has_cut(cut, middle)) {
        divide(cut, start, middle);
        divide(cut, middle, end);
    } else
        add_zone(cut, start, end, TRUE);
}

static void find_zones(BarCut *cut)
{
    gint length = cut->bar->ticks;
    gint beat = tune_metre_is_compound(cut->bar->metre) ? TUNE_PPQ / 2 : TUNE_PPQ;
    gint start = 0;

    g_array_set_size(cut->zones, 0);
    while (start < length) {
        gint two = start + 2 * TUNE_PPQ;
        /* Quarter-note triplets go over two beats. */
        if (beat == TUNE_PPQ && start % (2 * TUNE_PPQ) == 0 && two <= length &&
            !has_cut(cut, start + TUNE_PPQ) && cuts_fit(cut, start, two, TUNE_PPQ / 3)) {
            divide(cut, start, two);
            start = two;
            continue;
        }
        gint window = beat; /* a power of two times 15 ticks, so that two plain notes fill it */
        while (start + window > length)
            window /= 2;
        divide(cut, start, start + window);
        start += window;
    }
}

/* ---- pieces ---- */

/* Ticks of a plain note of @type. */
static gint type_ticks(gint type)
{
    return (4 * TUNE_PPQ) >> type;
}

/* The longest single head that may stand at @position (from the bar line) within @length.  A plain
 * value stands on multiples of its half (so an off-beat quarter is one head, as is usual), a dotted
 * one likewise; in compound metres nothing that begins between the beats crosses one. */
static gint choose_length(const TuneNotationBar *bar, gint position, gint length, gboolean tuplet,
                          gint8 *type, guint8 *dots)
{
    gint beat =
        !tuplet && tune_metre_is_compound(bar->metre) ? tune_metre_beat_ticks(bar->metre) : 0;

    for (gint t = 0; t <= SHORTEST_TYPE; t++)
        for (gint d = t < SHORTEST_TYPE ? 1 : 0; d >= 0; d--) {
            gint ticks = type_ticks(t) + (d ? type_ticks(t + 1) : 0);
            if (ticks > length || (t < SHORTEST_TYPE && position % (type_ticks(t) / 2) != 0))
                continue;
            if (beat > 0 && position % beat != 0 && position % beat + ticks > beat)
                continue;
            *type = (gint8)t;
            *dots = (guint8)d;
            return ticks;
        }
    /* No plain place: the longest that fits, wherever it stands. */
    for (gint t = 0; t <= SHORTEST_TYPE; t++)
        if (type_ticks(t) <= length) {
            *type = (gint8)t;
            *dots = 0;
            return type_ticks(t);
        }
    *type = SHORTEST_TYPE;
    *dots = 0;
    return length;
}

/* Type of a tuplet's normal notes: two of them fill it. */
static gint8 tuplet_type_of(gint ticks)
{
    gint8 type = 0;

    while (type < SHORTEST_TYPE && type_ticks(type) * 2 > ticks)
        type++;
    return type;
}

/* Cuts [@start, @end) (from the bar line), which lies inside @zone. */
static void add_pieces(GArray *pieces, const TuneNotationBar *bar, const Zone *zone, gint start,
                       gint end, gint group)
{
    while (start < end) {
        TunePiece piece = {.tick = bar->tick + start, .group = group};
        if (zone->tuplet) {
            gint position = (start - zone->start) * 3 / 2, length = (end - start) * 3 / 2;
            piece.ticks =
                choose_length(bar, position, length, TRUE, &piece.type, &piece.dots) * 2 / 3;
            piece.in_tuplet = TRUE;
            piece.tuplet_type = tuplet_type_of(zone->end - zone->start);
        } else
            piece.ticks = choose_length(bar, start, end - start, FALSE, &piece.type, &piece.dots);
        start += piece.ticks;
        g_array_append_val(pieces, piece);
    }
}

/* A note or rest over all zones that it touches; ties join the pieces of a note. */
static void add_span(GArray *pieces, const BarCut *cut, gint start, gint end, gint group,
                     gboolean tie_in, gboolean tie_out)
{
    guint first = pieces->len;

    if (group < 0 && start == 0 && end == cut->bar->ticks) {
        TunePiece rest = {.tick = cut->bar->tick, .ticks = end, .group = -1, .whole_bar = TRUE};
        g_array_append_val(pieces, rest);
        return;
    }
    for (guint i = 0; i < cut->zones->len; i++) {
        const Zone *zone = &g_array_index(cut->zones, Zone, i);
        add_pieces(pieces, cut->bar, zone, MAX(start, zone->start), MIN(end, zone->end), group);
    }
    for (guint i = first; i < pieces->len && group >= 0; i++) {
        TunePiece *piece = &g_array_index(pieces, TunePiece, i);
        piece->tie_in = i > first || tie_in;
        piece->tie_out = i + 1 < pieces->len || tie_out;
    }
}

static void mark_tuplets(GArray *pieces, guint first, const BarCut *cut)
{
    for (guint z = 0; z < cut->zones->len; z++) {
        const Zone *zone = &g_array_index(cut->zones, Zone, z);
        TunePiece *start = NULL, *end = NULL;
        guint16 size = 0;
        for (guint i = first; i < pieces->len && zone->tuplet; i++) {
            TunePiece *piece = &g_array_index(pieces, TunePiece, i);
            gint at = piece->tick - cut->bar->tick;
            if (at < zone->start || at >= zone->end)
                continue;
            if (start == NULL)
                start = piece;
            end = piece;
            size++;
        }
        if (start != NULL) {
            start->tuplet_size = size;
            end->tuplet_end = TRUE;
        }
    }
}

/* Pieces of one bar; @group is the first group that ends in or after it. */
static void cut_bar(TuneNotationVoice *voice, BarCut *cut, guint group)
{
    const TuneNotationBar *bar = cut->bar;
    gint cursor = 0;
    guint first_piece = voice->pieces->len;

    g_array_set_size(cut->cuts, 0);
    for (guint g = group; g < voice->groups->len; g++) {
        const TuneNoteGroup *it = &g_array_index(voice->groups, TuneNoteGroup, g);
        if (it->start >= bar->tick + bar->ticks)
            break;
        gint at[2] = {MAX(it->start - bar->tick, 0), MIN(it->end - bar->tick, bar->ticks)};
        g_array_append_vals(cut->cuts, at, 2);
    }
    if (cut->cuts->len == 0 && voice->number > 0)
        return;
    find_zones(cut);
    for (guint i = 0; i < cut->cuts->len; i += 2, group++) {
        const TuneNoteGroup *it = &g_array_index(voice->groups, TuneNoteGroup, group);
        gint start = g_array_index(cut->cuts, gint, i), end = g_array_index(cut->cuts, gint, i + 1);
        if (cursor < start)
            add_span(voice->pieces, cut, cursor, start, -1, FALSE, FALSE);
        add_span(voice->pieces, cut, start, end, (gint)group,
                 it->start<bar->tick, it->end> bar->tick + bar->ticks);
        cursor = end;
    }
    if (cursor < bar->ticks)
        add_span(voice->pieces, cut, cursor, bar->ticks, -1, FALSE, FALSE);
    mark_tuplets(voice->pieces, first_piece, cut);
}

static void cut_voice(TuneNotationVoice *voice, const GArray *bars)
{
    g_autoptr(GArray) cuts = g_array_new(FALSE, FALSE, sizeof(gint));
    g_autoptr(GArray) zones = g_array_new(FALSE, FALSE, sizeof(Zone));
    guint group = 0;

    voice->bar_first = g_new0(guint, bars->len + 1);
    for (guint b = 0; b < bars->len; b++) {
        BarCut cut = {&g_array_index(bars, TuneNotationBar, b), cuts, zones};
        voice->bar_first[b] = voice->pieces->len;
        while (group < voice->groups->len &&
               g_array_index(voice->groups, TuneNoteGroup, group).end <= cut.bar->tick)
            group++;
        cut_bar(voice, &cut, group);
    }
    voice->bar_first[bars->len] = voice->pieces->len;
}

/* ---- the part ---- */

static GArray *list_bars(const TuneScore *score)
{
    GArray *bars = g_array_new(FALSE, FALSE, sizeof(TuneNotationBar));

    for (gint tick = 0; tick < score->ticks;) {
        TuneMetre metre = tune_score_metre_at(score, tick);
        TuneNotationBar bar = {tick, tune_metre_bar_ticks(metre), metre};
        g_array_append_val(bars, bar);
        tick += bar.ticks;
    }
    return bars;
}

TuneNotation *tune_notation_new(const TuneScore *score, const TuneTrack *track, gboolean split)
{
    TuneNotation *self = g_new0(TuneNotation, 1);

    self->bars = list_bars(score);
    self->voices = g_ptr_array_new_with_free_func(voice_free);
    GPtrArray *staffs[2] = {g_ptr_array_new(), g_ptr_array_new()};
    g_ptr_array_add(staffs[0], voice_new(0, 0));
    if (split)
        g_ptr_array_add(staffs[1], voice_new(1, 0));
    place_notes(track, staffs, split, score->ticks);
    for (gint i = 0; i < 2; i++) {
        collect_voices(self, staffs[i], track);
        g_ptr_array_unref(staffs[i]);
    }
    for (guint i = 0; i < self->voices->len; i++)
        cut_voice(self->voices->pdata[i], self->bars);
    return self;
}

void tune_notation_free(TuneNotation *self)
{
    if (self == NULL)
        return;
    g_array_unref(self->bars);
    g_ptr_array_unref(self->voices);
    g_free(self);
}

const TunePiece *tune_notation_pieces(const TuneNotationVoice *voice, guint bar, guint *n)
{
    *n = voice->bar_first[bar + 1] - voice->bar_first[bar];
    return *n > 0 ? &g_array_index(voice->pieces, TunePiece, voice->bar_first[bar]) : NULL;
}
