/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Measures what the composer writes: a line a style, means over seeds.
 *
 *     measure [SEEDS [SECONDS [STYLE]]]
 */
#include "brief-fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    double strong, repeats, steps, thirds, octaves, range, scale, figures, bars_back, bars_alike, rate,
        chords, rest, entering, density, notes, ms, parallels;
} Figures;

static const TuneTrack *lead_of(const TuneScore *score)
{
    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *t = score->tracks->pdata[i];
        if (t->role == TUNE_ROLE_LEAD)
            return t;
    }
    return NULL;
}

#define NOTE(t, i) (&g_array_index((t)->notes, TuneNote, i))

static void melody_figures(const TuneScore *score, const TuneTrack *t, Figures *f)
{
    gint strong = 0, tones = 0, low = 127, high = 0, returns = 0, n = (gint)t->notes->len;
    TuneMetre metre = tune_score_metre_at(score, 0);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    double moves = 0, kinds[4] = {0};

    for (gint i = 0; i < n; i++) {
        const TuneNote *a = NOTE(t, i);
        const TuneScoreChord *c = tune_score_chord_at(score, a->onset);
        gint bar_tick;
        tune_score_bar_at(score, a->onset, &bar_tick);
        low = MIN(low, a->pitch);
        high = MAX(high, a->pitch);
        if (tune_metre_weight(metre, a->onset - bar_tick) >= 0.5 && c != NULL) {
            strong++;
            tones += (tune_chord_mask(c->chord) >> (a->pitch % 12)) & 1;
        }
        if (i > 0) {
            gint d = abs(a->pitch - NOTE(t, i - 1)->pitch);
            kinds[d == 0 ? 0 : (d <= 2 ? 1 : (d <= 12 ? 2 : 3))]++;
            moves++;
        }
        if (i + 3 < n) {
            g_autoptr(GString) key = g_string_new(NULL);
            for (gint k = 0; k < 3; k++)
                g_string_append_printf(key, "%d:%d ", NOTE(t, i + k + 1)->onset - NOTE(t, i + k)->onset,
                                       NOTE(t, i + k + 1)->pitch - NOTE(t, i + k)->pitch);
            if (g_hash_table_contains(seen, key->str))
                returns++;
            g_hash_table_add(seen, g_strdup(key->str));
        }
    }
    f->strong += strong ? (double)tones / strong : 0;
    f->repeats += kinds[0] / MAX(1, moves);
    f->steps += kinds[1] / MAX(1, moves);
    f->thirds += kinds[2] / MAX(1, moves);
    f->octaves += kinds[3] / MAX(1, moves);
    f->range += high - low;
    f->figures += n > 4 ? (double)returns / (n - 3) : 0;
    f->notes += n / tune_score_seconds(score, score->ticks);
}

static void bar_figures(const TuneScore *score, const TuneTrack *t, Figures *f)
{
    gint bar = tune_metre_bar_ticks(tune_score_metre_at(score, 0)), n = 0, back = 0, alike = 0, run = 0,
         longest = 0;
    g_autoptr(GHashTable) exact = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) rhythm = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (gint tick = 0; tick < score->ticks; tick += bar) {
        g_autoptr(GString) a = g_string_new(NULL), b = g_string_new(NULL);
        for (guint i = 0; i < t->notes->len; i++) {
            const TuneNote *x = NOTE(t, i);
            if (x->onset < tick || x->onset >= tick + bar)
                continue;
            g_string_append_printf(a, "%d:%d ", x->onset - tick, x->pitch);
            g_string_append_printf(b, "%d ", x->onset - tick);
        }
        run = a->len == 0 ? run + 1 : 0;
        longest = MAX(longest, run);
        if (a->len == 0)
            continue;
        n++;
        back += g_hash_table_contains(exact, a->str);
        alike += g_hash_table_contains(rhythm, b->str);
        g_hash_table_add(exact, g_strdup(a->str));
        g_hash_table_add(rhythm, g_strdup(b->str));
    }
    f->bars_back += n ? (double)back / n : 0;
    f->bars_alike += n ? (double)alike / n : 0;
}

static void score_figures(const TuneScore *score, Figures *f)
{
    gint notes = 0, in = 0, bar = tune_metre_bar_ticks(tune_score_metre_at(score, 0));
    double most = 0, least = 1e9;
    gint changing = 0;

    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *t = score->tracks->pdata[i];
        gint first = score->ticks, last = 0;
        for (guint k = 0; k < t->notes->len; k++) {
            first = MIN(first, NOTE(t, k)->onset);
            last = MAX(last, NOTE(t, k)->onset + NOTE(t, k)->duration);
            if (t->is_drums)
                continue;
            notes++;
            in += (tune_key_mask(tune_score_key_at(score, NOTE(t, k)->onset)) >> (NOTE(t, k)->pitch % 12)) & 1;
        }
        changing += first > 2 * bar || last < score->ticks - 4 * bar;
    }
    for (gint tick = 0; tick + 8 * bar <= score->ticks; tick += 4 * bar) {
        double count = 0;
        for (guint i = 0; i < score->tracks->len; i++) {
            const TuneTrack *t = score->tracks->pdata[i];
            for (guint k = 0; k < t->notes->len; k++)
                count += NOTE(t, k)->onset >= tick && NOTE(t, k)->onset < tick + 8 * bar;
        }
        most = MAX(most, count);
        least = MIN(least, count);
    }
    g_autoptr(GHashTable) kinds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < score->chords->len; i++)
        g_hash_table_add(kinds, tune_chord_to_string(g_array_index(score->chords, TuneScoreChord, i).chord));
    f->chords += g_hash_table_size(kinds);
    f->rate += (double)score->chords->len * bar / score->ticks;
    f->scale += notes ? (double)in / notes : 0;
    f->entering += (double)changing / score->tracks->len;
    f->density += most > 0 ? (most - least) / most : 0;
}

static double distance(const TuneTrack *a, const TuneTrack *b)
{
    gint n = (gint)a->notes->len, m = (gint)b->notes->len;
    g_autofree gint *row = g_new(gint, m + 1);

    for (gint j = 0; j <= m; j++)
        row[j] = j;
    for (gint i = 1; i <= n; i++) {
        gint corner = row[0];
        row[0] = i;
        for (gint j = 1; j <= m; j++) {
            gint above = row[j];
            gint same = NOTE(a, i - 1)->pitch == NOTE(b, j - 1)->pitch ? 0 : 1;
            row[j] = MIN(MIN(row[j] + 1, row[j - 1] + 1), corner + same);
            corner = above;
        }
    }
    return MAX(n, m) > 0 ? (double)row[m] / MAX(n, m) : 0;
}

static void measure_style(const char *name, gint seeds, double seconds)
{
    Figures f = {0};
    double nearest = 1;
    g_autoptr(BriefFixture) fixture = brief_fixture_new(name);
    g_autoptr(GPtrArray) scores = g_ptr_array_new_with_free_func((GDestroyNotify)tune_score_unref);
    gint with_lead = 0;

    fixture->brief.seconds = seconds;
    for (gint seed = 1; seed <= seeds; seed++) {
        gint64 start = g_get_monotonic_time();
        TuneScore *score = brief_fixture_compose(fixture, (guint64)seed);
        f.ms += (double)(g_get_monotonic_time() - start) / 1000;
        g_ptr_array_add(scores, score);
        const TuneTrack *lead = lead_of(score);
        score_figures(score, &f);
        if (lead == NULL)
            continue;
        with_lead++;
        melody_figures(score, lead, &f);
        bar_figures(score, lead, &f);
        for (guint k = 0; k + 1 < scores->len; k++)
            if (lead_of(scores->pdata[k]) != NULL)
                nearest = MIN(nearest, distance(lead, lead_of(scores->pdata[k])));
    }
    double n = MAX(1, with_lead), s = seeds;
    g_print("%-18s %6.2f %5.2f %5.2f %5.2f %5.3f %6.1f %6.3f %6.2f %6.2f %6.2f %5.2f %6.1f %6.2f %6.2f %6.2f "
            "%5.2f %5.1f\n",
            name, f.strong / n, f.repeats / n, f.steps / n, f.thirds / n, f.octaves / n, f.range / n,
            f.scale / s, f.figures / n, f.bars_back / n, f.bars_alike / n, f.rate / s, f.chords / s,
            f.entering / s, f.density / s, f.notes / n, nearest, f.ms / s);
}

int main(int argc, char **argv)
{
    g_autoptr(BriefFixture) all = brief_fixture_new("folk");
    gint seeds = argc > 1 ? atoi(argv[1]) : 8;
    double seconds = argc > 2 ? atof(argv[2]) : 90;

    g_print("%-18s %6s %5s %5s %5s %5s %6s %6s %6s %6s %6s %5s %6s %6s %6s %6s %5s %5s\n", "style", "strong",
            "rep", "step", "3rd+", ">oct", "range", "scale", "figure", "barsx", "barsr", "ch/b", "chords",
            "enter", "dens", "n/s", "edit", "ms");
    for (guint i = 0; i < tune_styles_count(all->styles); i++) {
        const char *name = tune_style_name(tune_styles_at(all->styles, i));
        if (argc <= 3 || strcmp(argv[3], name) == 0)
            measure_style(name, seeds, seconds);
    }
    return 0;
}
