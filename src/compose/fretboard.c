/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/fretboard.h"

#define STRINGS  6
#define NECK     17 /* frets that chords are held on */
#define SILENT   -1

static const gint8 open_string[STRINGS] = {40, 45, 50, 55, 59, 64};

/* ---- one hand ---- */

/* @fret: per string, SILENT or 0 (open) or a fret. */
static gboolean hand_holds(const gint8 fret[STRINGS])
{
    gint lowest = 99, highest = 0, held = 0, at_lowest = 0, first = -1;
    gboolean open_above = FALSE;

    for (gint s = 0; s < STRINGS; s++)
        if (fret[s] > 0) {
            lowest = MIN(lowest, fret[s]);
            highest = MAX(highest, fret[s]);
            held++;
        }
    if (held == 0)
        return TRUE;
    if (highest - lowest > (lowest >= 5 ? 4 : 3))
        return FALSE;
    for (gint s = 0; s < STRINGS; s++) {
        at_lowest += fret[s] == lowest;
        if (fret[s] == lowest && first < 0)
            first = s;
        open_above |= first >= 0 && fret[s] == 0;
    }
    /* one finger across the lowest fret, unless a string under it has to ring open */
    gint fingers = open_above ? held : held - at_lowest + 1;
    return fingers <= 4;
}

static gboolean place(const guint8 *pitch, gint n, gint from, gint8 fret[STRINGS])
{
    if (n == 0)
        return hand_holds(fret);
    for (gint s = from; s + n <= STRINGS; s++) {
        gint f = pitch[0] - open_string[s];
        if (f < 0 || f > NECK)
            continue;
        fret[s] = (gint8)f;
        if (place(pitch + 1, n - 1, s + 1, fret))
            return TRUE;
        fret[s] = SILENT;
    }
    return FALSE;
}

gboolean fretboard_can_hold(const guint8 *pitch, gint n)
{
    gint8 fret[STRINGS] = {SILENT, SILENT, SILENT, SILENT, SILENT, SILENT};

    return n <= STRINGS && place(pitch, n, 0, fret);
}

/* ---- shapes of a chord ---- */

typedef struct {
    guint16 tones, needed; /* pitch classes */
    gint bass;             /* pitch class of the lowest string, */
    gboolean upper;        /* or any */
    gint low, high;
    gint least, most;
    gint position; /* frets position+1 .. position+4 */
    FretboardShape *out;
    gint n, max;
} Search;

static gboolean is_known(const Search *self, const Voicing *v)
{
    for (gint i = 0; i < self->n; i++) {
        const Voicing *o = &self->out[i].voicing;
        gboolean same = o->n == v->n;
        for (gint k = 0; same && k < v->n; k++)
            same = o->pitch[k] == v->pitch[k];
        if (same)
            return TRUE;
    }
    return FALSE;
}

/* Sorted insertion, the dearest falls out. */
static void keep(Search *self, const Voicing *v, double cost)
{
    if (is_known(self, v) || (self->n == self->max && cost >= self->out[self->n - 1].cost))
        return;
    gint at = self->n < self->max ? self->n++ : self->n - 1;
    for (; at > 0 && self->out[at - 1].cost > cost; at--)
        self->out[at] = self->out[at - 1];
    self->out[at] = (FretboardShape){*v, cost};
}

static void weigh(Search *self, const gint8 fret[STRINGS], gint first, gint last)
{
    Voicing v = {0};
    guint16 heard = 0;

    for (gint s = first; s <= last; s++) {
        v.pitch[v.n] = (guint8)(open_string[s] + fret[s]);
        heard |= (guint16)(1u << (v.pitch[v.n] % 12));
        if (v.n > 0 && v.pitch[v.n] <= v.pitch[v.n - 1])
            return; /* strings that cross */
        v.n++;
    }
    if ((heard & self->needed) != self->needed || !hand_holds(fret))
        return;
    keep(self, &v, 0.09 * self->position + 0.3 * (self->most - v.n));
}

/* Strings from @string on; @first is the lowest one that sounds. */
static void search(Search *self, gint8 fret[STRINGS], gint string, gint first)
{
    gint n = string - first;

    if (n >= self->least)
        weigh(self, fret, first, string - 1);
    if (n >= self->most || string == STRINGS)
        return;
    for (gint f = self->position == 0 ? 0 : self->position + 1; f <= self->position + 4; f++) {
        gint pitch = open_string[string] + f;
        if (pitch < self->low || pitch > self->high || !((self->tones >> (pitch % 12)) & 1) ||
            (n == 0 && !self->upper && pitch % 12 != self->bass))
            continue;
        fret[string] = (gint8)f;
        search(self, fret, string + 1, first);
    }
    fret[string] = SILENT;
}

gint fretboard_shapes(const TuneChord *chord, gint low, gint high, gint least, gint most,
                      gboolean upper, FretboardShape *out, gint max)
{
    gint8 tones[TUNE_CHORD_MAX_TONES];
    gsize count = tune_chord_tones(chord->quality, tones, NULL);
    gint root = tune_fifths_pitch_class(chord->root);
    Search self = {.tones = tune_chord_mask(*chord), .upper = upper,
                   .bass = tune_fifths_pitch_class(chord->bass), .low = low, .high = high,
                   .least = least, .most = MIN(most, STRINGS), .out = out, .max = max};

    self.needed = (guint16)(1u << ((root + tones[1]) % 12));
    if (count > 3)
        self.needed |= (guint16)(1u << ((root + tones[3]) % 12));
    if (count > 2 && tones[2] < 12 && tones[2] != 7) /* an altered fifth is heard */
        self.needed |= (guint16)(1u << ((root + tones[2]) % 12));
    for (self.position = 0; self.position <= 9; self.position++)
        for (gint first = 0; first + least <= STRINGS; first++) {
            gint8 fret[STRINGS] = {SILENT, SILENT, SILENT, SILENT, SILENT, SILENT};
            search(&self, fret, first, first);
        }
    return self.n;
}
