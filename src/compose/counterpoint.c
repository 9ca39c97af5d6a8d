/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * No parallel fifths and octaves where the style is strict (a quartet, a choir).  The voicings
 * avoid them chord by chord; what the rhythm of bass and inner voices has made of them is looked at
 * here beat by beat.  The melody is given; then the bass, then the inner voices are corrected one
 * after the other, each against those before it: a note that would run parallel takes another
 * octave or another tone of its chord, the nearest that does no harm to the beats that it touches.
 */
#include "compose/pattern.h"

typedef struct {
    PlanPart *part;
    gint *note; /* [n_beats] index of the one note that sounds on each beat, -1 = none or several */
} Voice;

typedef struct {
    Plan *plan;
    gint n_beats;
    Voice voices[PLAN_MAX_PARTS];
    gint n; /* voices that are settled come first */
} Choir;

static TuneNote *note_at(const Voice *v, gint beat)
{
    gint index = v->note[beat];

    return index < 0 ? NULL : &g_array_index(v->part->track->notes, TuneNote, index);
}

static gint pitch_at(const Voice *v, gint beat)
{
    const TuneNote *note = note_at(v, beat);

    return note == NULL ? -1 : note->pitch;
}

static gint *sounding_notes(const Plan *plan, const GArray *notes, gint n_beats)
{
    gint *sounding = g_new(gint, n_beats + 1);

    for (gint beat = 0; beat <= n_beats; beat++)
        sounding[beat] = -1;
    for (guint i = 0; i < notes->len; i++) {
        const TuneNote *note = &g_array_index(notes, TuneNote, i);
        gint first = (note->onset + plan->beat_ticks - 1) / plan->beat_ticks;
        for (gint beat = first;
             beat < n_beats && beat * plan->beat_ticks < note->onset + note->duration; beat++)
            sounding[beat] = sounding[beat] == -1 ? (gint)i : -2;
    }
    return sounding;
}

/* TRUE when voices @a and @b move from beat - 1 to @beat in parallel fifths or octaves. */
static gboolean parallel(const Voice *a, const Voice *b, gint beat)
{
    gint x0 = pitch_at(a, beat - 1), x1 = pitch_at(a, beat);
    gint y0 = pitch_at(b, beat - 1), y1 = pitch_at(b, beat);

    if (x0 < 0 || x1 < 0 || y0 < 0 || y1 < 0 || x0 == x1 || y0 == y1)
        return FALSE;
    gint before = ABS(x0 - y0) % 12, now = ABS(x1 - y1) % 12;
    return before == now && (now == 0 || now == 7) && (x1 > x0) == (y1 > y0);
}

/* Parallels of voice @v with the settled ones, on @beat and as long as its note there sounds. */
static gint count_parallels(const Choir *choir, const Voice *v, gint beat)
{
    gint found = 0, index = v->note[beat];

    for (gint at = beat; at < choir->n_beats; at++) {
        for (gint i = 0; i < choir->n; i++)
            found += parallel(&choir->voices[i], v, at);
        if (v->note[at] != index)
            break;
    }
    return found;
}

static gboolean in_chord(const PlanChord *chord, gint pitch)
{
    return (tune_chord_mask(chord->chord) >> (pitch % 12)) & 1;
}

/* Try other pitches for the note on @beat: octaves first for a bass, near chord tones for the
 * others. */
static void correct(const Choir *choir, Voice *v, gint beat)
{
    TuneNote *note = note_at(v, beat);
    const TuneInstrument *instrument = v->part->instrument;
    const PlanChord *chord = &choir->plan->chords[plan_chord_at(choir->plan, note->onset)];
    gint first = beat, old = note->pitch, best = old, low = instrument->low;
    gint high = MIN((gint)instrument->high, v->part->high + 5);

    while (first > 1 && v->note[first - 1] == v->note[beat])
        first--;
    gint least = count_parallels(choir, v, first) * 100, cost;
    for (gint pitch = MAX(low, old - 12); pitch <= MIN(high, old + 12); pitch++) {
        gboolean octave = pitch != old && (pitch - old) % 12 == 0;
        if (pitch == old || !in_chord(chord, pitch))
            continue;
        if (v->part->role == TUNE_ROLE_BASS && pitch > v->part->high)
            continue;
        note->pitch = (guint8)pitch;
        cost = count_parallels(choir, v, first) * 100 + ABS(pitch - old);
        if (octave && v->part->role == TUNE_ROLE_BASS)
            cost -= 9;
        if (cost < least) {
            least = cost;
            best = pitch;
        }
    }
    note->pitch = (guint8)best;
}

/* A part that goes with another in octaves most of the time doubles it: that is no fault. */
static gboolean doubles(const Choir *choir, const Voice *v)
{
    for (gint i = 0; i < choir->n; i++) {
        gint moves = 0, parallels = 0;
        for (gint beat = 1; beat < choir->n_beats; beat++) {
            gint before = pitch_at(v, beat - 1), now = pitch_at(v, beat);
            moves += before >= 0 && now >= 0 && before != now;
            parallels += parallel(&choir->voices[i], v, beat);
        }
        if (parallels * 2 > moves)
            return TRUE;
    }
    return FALSE;
}

static void settle(Choir *choir, PlanPart *part)
{
    Voice *v = &choir->voices[choir->n];

    v->part = part;
    v->note = sounding_notes(choir->plan, part->track->notes, choir->n_beats);
    gboolean given = part->role == TUNE_ROLE_LEAD || doubles(choir, v);
    for (gint beat = 1; beat < choir->n_beats && !given; beat++)
        for (gint i = 0; i < choir->n && v->note[beat] >= 0; i++)
            if (parallel(&choir->voices[i], v, beat)) {
                correct(choir, v, beat);
                break;
            }
    choir->n++;
}

/* Spelling follows the pitch. */
static void respell(Plan *plan, PlanPart *part)
{
    GArray *notes = part->track->notes;
    guint n = notes->len;

    for (guint i = 0; i < n; i++) {
        TuneNote *note = &g_array_index(notes, TuneNote, i);
        if (tune_fifths_pitch_class(note->spelling) != note->pitch % 12)
            note->spelling = plan_spell(plan, note->onset, note->pitch);
    }
}

void plan_counterpoint(Plan *plan)
{
    static const TuneRole order[] = {TUNE_ROLE_LEAD, TUNE_ROLE_BASS, TUNE_ROLE_COUNTER,
                                     TUNE_ROLE_COMP, TUNE_ROLE_PAD}; /* broken chords are no voice */
    Choir choir = {.plan = plan, .n_beats = plan->ticks / plan->beat_ticks};

    if (!plan->style->melody.strict)
        return;
    for (gsize r = 0; r < G_N_ELEMENTS(order); r++)
        for (gint i = 0; i < plan->n_parts; i++)
            if (plan->parts[i].role == order[r] && !plan->parts[i].instrument->is_drums) {
                settle(&choir, &plan->parts[i]);
                respell(plan, &plan->parts[i]);
            }
    for (gint i = 0; i < choir.n; i++)
        g_free(choir.voices[i].note);
}
