/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Imitation: a subject goes through the voices.
 *
 * The harmony of a fugue's entries is laid by progression.c: tonic and dominant in turn, so that the answer
 * fits as it stands (a tonal answer begins on the tonic where the subject began on the fifth).  Over any
 * other harmony the answer keeps rhythm and contour and as many of its pitches as fit.  Whoever has just
 * stated the subject goes on with the countersubject, the others with free parts; each new line is solved
 * against those that are there already (consonant on strong places, no parallels, no crossing).
 */
#include "compose/pattern.h"
#include "compose/weave.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    Weave *weave;
    WeaveEntries entries;
    gint order[WEAVE_MOST_VOICES]; /* who enters when */
    gint unit_ticks;
    Line subject, countersubject;  /* as first stated: in the tonic, in the dominant */
    gint last[WEAVE_MOST_VOICES];  /* pitch before, 0 none */
} Fugue;

/* ---- what sounds beside a line ---- */

static void look_around(const Fugue *f, gint voice, const Line *line, LineOthers *out)
{
    const Weave *w = f->weave;

    out->n = 0;
    for (gint k = 0; k < w->n && out->n < LINE_MOST_OTHERS; k++) {
        const TuneTrack *track = w->voice[k].part->track;
        if (k == voice)
            continue;
        for (gint i = 0; i < line->n; i++) {
            gint tick = line->start + line->note[i].tick;
            out->pitch[out->n][i] = (gint16)track_pitch_at(track, tick);
            out->before[out->n][i] =
                (gint16)track_pitch_at(track, i == 0 ? MAX(0, tick - 1)
                                                     : line->start + line->note[i - 1].tick);
        }
        out->side[out->n++] = k < voice ? 1 : -1;
    }
}

/* ---- lines ---- */

static void voice_shape(const Fugue *f, gint voice, LineShape *shape)
{
    const WeaveVoice *v = &f->weave->voice[voice];

    memset(shape, 0, sizeof *shape);
    shape->low = v->low;
    shape->high = v->high;
    if (shape->high - shape->low > 19) {
        shape->low += (v->high - v->low - 19) / 2;
        shape->high = shape->low + 19;
    }
    double span = shape->high - shape->low;
    shape->target[0] = shape->low + 0.45 * span;
    shape->target[1] = shape->low + 0.4 * span;
    shape->peak = 0.28 * span;
    shape->peak_at = 0.55;
    shape->noise = 0.3 + 0.3 * f->weave->plan->temperature;
    shape->before = f->last[voice];
    shape->tonic_wish = -1;
}

static void solve_line(Fugue *f, gint voice, Line *line, const char *what, gint number)
{
    LineShape shape;
    LineOthers others;
    TuneRandom random;

    voice_shape(f, voice, &shape);
    for (gint i = 0; i < line->n; i++)
        if (line->note[i].fixed) { /* what is given may reach beyond */
            shape.low = MIN(shape.low, line->note[i].pitch);
            shape.high = MAX(shape.high, line->note[i].pitch);
        }
    look_around(f, voice, line, &others);
    shape.others = &others;
    tune_random_init(&random, f->weave->plan->seed, "material %d/%s/%d/%d", f->weave->section->material,
                     what, voice, number);
    line_solve(f->weave->plan, line, &shape, &random);
}

/* Who sings or blows, and whoever has the tune: bells that were asked for in place of a soprano. */
static gboolean takes_breath(const PlanPart *part)
{
    return part->instrument->breath || strcmp(part->instrument->family, "voice") == 0 ||
           part->role == TUNE_ROLE_LEAD;
}

/* Breath is taken behind a line; strings lift the bow before the subject. */
static void breathe(const Fugue *f, gint voice, Line *line)
{
    const Weave *w = f->weave;
    LineNote *last = &line->note[line->n - 1];
    gint end = line->start + line->ticks, unit = (end - w->start) / MAX(1, f->unit_ticks);
    gboolean subject = unit < f->entries.entries && f->order[unit % w->n] == voice;
    gint rest = w->plan->beat_ticks / 2;

    if (end >= w->end || last->tick + last->ticks < line->ticks ||
        !(subject || takes_breath(w->voice[voice].part)))
        return;
    if (last->ticks >= 2 * rest)
        last->ticks -= rest;
    else if (line->n > 1)
        line->n--;
}

static void sound_line(Fugue *f, gint voice, Line *line, gint velocity)
{
    if (line->n == 0)
        return;
    breathe(f, voice, line);
    line_write(f->weave->plan, f->weave->voice[voice].part, line, velocity);
    f->last[voice] = line->note[line->n - 1].pitch;
}

/* ---- subject ---- */

static void make_rhythm(const Fugue *f, const char *name, double density, gint ticks, Line *line)
{
    const Plan *plan = f->weave->plan;
    gint at = 0, turn = 0;

    while (at < ticks && turn < 16) {
        Motif motif;
        char full[40];
        g_snprintf(full, sizeof full, "%s %d", name, turn++);
        motif_make(plan, f->weave->section, full, density, &motif);
        motif_lay(&motif, at, ticks - at, line);
        at += MAX(1, motif.bars) * plan->bar_ticks;
    }
}

static double bounded_density(const Plan *plan, double factor)
{
    const double *d = plan->style->melody.density;

    return CLAMP((d[0] + d[1]) / 2 * factor, 0.5, 4);
}

/* The head has a face of its own: it begins on tonic or fifth, on the beat or just behind it. */
static void make_subject(Fugue *f, gint voice)
{
    const Weave *w = f->weave;
    const Plan *plan = w->plan;
    const PlanChord *chord = &plan->chords[plan_chord_at(plan, w->start)];
    gint tonic = tune_fifths_pitch_class(chord->key.tonic);
    gint first = (tonic + (f->entries.tonal ? 7 : 0)) % 12;

    f->subject = (Line){.start = w->start, .ticks = f->unit_ticks};
    make_rhythm(f, "subject", bounded_density(plan, 1.15), f->unit_ticks, &f->subject);
    if (f->subject.n == 0)
        return;
    gint middle = (w->voice[voice].low + w->voice[voice].high) / 2, pitch = 0;
    for (gint p = w->voice[voice].low; p <= w->voice[voice].high; p++)
        if (p % 12 == first && (pitch == 0 || abs(p - middle) < abs(pitch - middle)))
            pitch = p;
    if (pitch > 0 && ((tune_chord_mask(chord->chord) >> first) & 1)) {
        f->subject.note[0].pitch = pitch;
        f->subject.note[0].fixed = TRUE;
    }
    solve_line(f, voice, &f->subject, "subject", 0);
}

/* ---- entries ---- */

/* Semitones that bring @line into the voice's octave and @above semitones higher in its scale. */
static gint entry_shift(const Fugue *f, const Line *line, gint voice, gint above)
{
    const WeaveVoice *v = &f->weave->voice[voice];
    gint low = 127, high = 0, best = 0;
    double least = G_MAXDOUBLE;

    for (gint i = 0; i < line->n; i++) {
        low = MIN(low, line->note[i].pitch);
        high = MAX(high, line->note[i].pitch);
    }
    for (gint octave = -4; octave <= 4; octave++) {
        gint shift = 12 * octave + above;
        gint out = MAX(0, v->low - (low + shift)) + MAX(0, high + shift - v->high);
        double cost = 4.0 * out + abs(low + high + 2 * shift - v->low - v->high) / 2.0;
        if (cost < least) {
            least = cost;
            best = shift;
        }
    }
    return best;
}

static void fix_what_fits(const Fugue *f, gint voice, gint shift, Line *line)
{
    const Plan *plan = f->weave->plan;
    const TuneInstrument *in = f->weave->voice[voice].part->instrument;

    for (gint i = 0; i < line->n; i++) {
        LineNote *n = &line->note[i];
        gint tick = line->start + n->tick;
        const PlanChord *c = &plan->chords[plan_chord_at(plan, tick)];
        guint16 allowed = line_is_strong(plan, tick, n->ticks) ? tune_chord_mask(c->chord) : c->scale;
        n->pitch += shift;
        n->fixed = n->pitch >= in->low && n->pitch <= in->high && ((allowed >> (n->pitch % 12)) & 1);
    }
}

/* States @what: pitches that fit the harmony stand, the others are found anew along the contour. */
static void state(Fugue *f, const Line *what, gint voice, gint start, gint ticks, gint above,
                  const char *name, gint number)
{
    Line line = *what;

    line.start = start;
    while (line.n > 0 && line.note[line.n - 1].tick >= ticks)
        line.n--;
    if (line.n == 0)
        return;
    line.ticks = ticks;
    line.note[line.n - 1].ticks = MIN(line.note[line.n - 1].ticks, ticks - line.note[line.n - 1].tick);
    gint shift = entry_shift(f, what, voice, above);
    fix_what_fits(f, voice, shift, &line);
    if (above == 7 && f->entries.tonal && what == &f->subject && !line.note[0].fixed &&
        line.note[0].pitch - 2 >= f->weave->voice[voice].part->instrument->low) {
        line.note[0].pitch -= 2; /* the tonic answers the fifth */
        line.note[0].fixed = TRUE;
    }
    solve_line(f, voice, &line, name, number);
    sound_line(f, voice, &line, name[0] == 's' ? 86 : 76);
}

static void make_countersubject(Fugue *f, gint voice, gint start)
{
    f->countersubject = (Line){.start = start, .ticks = f->unit_ticks};
    make_rhythm(f, "countersubject", bounded_density(f->weave->plan, 0.95), f->unit_ticks,
                &f->countersubject);
    solve_line(f, voice, &f->countersubject, "countersubject", 0);
    sound_line(f, voice, &f->countersubject, 76);
}

/* A free part; when the section comes again one of them in four is another. */
static void play_free(Fugue *f, gint voice, gint start, gint ticks, gint number)
{
    const PlanSection *s = f->weave->section;
    gint turn = number % 4 == 1 ? s->repeat : 0;
    Line line = {.start = start, .ticks = ticks};
    char name[32];

    g_snprintf(name, sizeof name, "free %d %d %d", voice, number, turn);
    make_rhythm(f, name, bounded_density(f->weave->plan, voice + 1 == f->weave->n ? 0.55 : 0.7), ticks,
                &line);
    if (line.n == 0)
        return;
    line.note[line.n - 1].ends = start + ticks >= f->weave->end;
    solve_line(f, voice, &line, "free", number * 8 + turn);
    sound_line(f, voice, &line, 70);
}

/* ---- the section ---- */

static void choose_order(Fugue *f)
{
    gint n = f->weave->n;
    TuneRandom random;

    tune_random_init(&random, f->weave->plan->seed, "material %d/entries", f->weave->section->material);
    gint way = tune_random_int(&random, 0, 2);
    for (gint i = 0; i < n; i++)
        f->order[i] = way == 0 ? i : (way == 1 ? n - 1 - i : (i + n / 2) % n);
}

static void play_unit(Fugue *f, gint e, gint start, gint ticks)
{
    const Weave *w = f->weave;
    gboolean fugue = w->section->texture->weave == STYLE_WEAVE_FUGUE;
    gint entering = f->order[e % w->n], before = e > 0 ? f->order[(e - 1) % w->n] : -1;
    gboolean answer = e % 2 == 1;

    if (e == 0)
        sound_line(f, entering, &f->subject, 86);
    else
        state(f, &f->subject, entering, start, ticks, answer ? 7 : 0, "subject entry", e);
    if (before >= 0 && before != entering) {
        if (f->countersubject.n == 0)
            make_countersubject(f, before, start);
        else
            state(f, &f->countersubject, before, start, ticks, answer ? 0 : 5, "countersubject", e);
    }
    for (gint k = w->n; k-- > 0;) { /* the bass first */
        gboolean waits = fugue ? TRUE : e == 0 && w->n > 2 && k != w->n - 1;
        for (gint i = 0; i < e; i++)
            waits &= f->order[i % w->n] != k;
        if (k != entering && k != before && !waits)
            play_free(f, k, start, ticks, e * 8 + k);
    }
}

/* What is left: the subject's head goes down or up in sequence through the voices, then the close. */
static void play_episode(Fugue *f, gint start)
{
    const Weave *w = f->weave;
    gint bar = w->plan->bar_ticks;

    for (gint tick = start, i = 0; tick < w->end; tick += bar, i++) {
        gint ticks = MIN(bar, w->end - tick), leading = f->order[i % w->n];
        gboolean close = tick + bar >= w->end;
        Line head = f->subject;
        while (head.n > 0 && head.note[head.n - 1].tick >= MIN(bar, ticks))
            head.n--;
        if (!close && head.n > 1) {
            head.start = tick;
            head.ticks = ticks;
            for (gint k = 0; k < head.n; k++) {
                gint step = k == 0 ? LINE_FREE : f->subject.note[k].want;
                head.note[k].want = step;
                head.note[k].fixed = FALSE;
            }
            head.note[head.n - 1].ticks = MIN(head.note[head.n - 1].ticks, ticks - head.note[head.n - 1].tick);
            solve_line(f, leading, &head, "episode", i);
            sound_line(f, leading, &head, 80);
        }
        for (gint k = w->n; k-- > 0;)
            if (close || head.n <= 1 || k != leading)
                play_free(f, k, tick, ticks, 100 + i * 8 + k);
    }
}

void weave_fugue(Weave *weave)
{
    g_autofree Fugue *f = g_new0(Fugue, 1);
    const Plan *plan = weave->plan;

    f->weave = weave;
    f->entries = weave_entries(plan, weave->section);
    f->unit_ticks = f->entries.unit * plan->bar_ticks;
    if (weave->n < 2)
        return;
    choose_order(f);
    make_subject(f, f->order[0]);
    if (f->subject.n == 0)
        return;
    gint e = 0;
    for (; e < f->entries.entries; e++) {
        gint start = weave->start + e * f->unit_ticks;
        if (start >= weave->end)
            break;
        play_unit(f, e, start, MIN(f->unit_ticks, weave->end - start));
    }
    play_episode(f, weave->start + e * f->unit_ticks);
}
