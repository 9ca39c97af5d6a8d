/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief-fixture.h"

#include "compose/fretboard.h"
#include "compose/pattern.h"

#include <stdlib.h>
#include <string.h>

/* The stages up to the voicings, so that these can be looked at. */
typedef struct {
    BriefFixture *fixture;
    Plan plan;
} Voiced;

static void voiced_init(Voiced *v, const char *style, double seconds, guint64 seed)
{
    v->fixture = brief_fixture_new(style);
    v->fixture->brief.seconds = seconds;
    v->plan = (Plan){.brief = &v->fixture->brief, .vocabulary = v->fixture->vocabulary,
                     .style = v->fixture->brief.style, .seed = seed, .score = tune_score_new()};
    g_assert_true(plan_form(&v->plan, NULL));
    g_assert_true(plan_arrange(&v->plan, NULL));
    g_assert_true(plan_harmony(&v->plan, NULL));
    plan_melody(&v->plan);
    plan_voicings(&v->plan);
}

static void voiced_clear(Voiced *v)
{
    g_free(v->plan.sections);
    g_free(v->plan.chords);
    for (gint i = 0; i < v->plan.n_parts; i++)
        g_free(v->plan.parts[i].voicings);
    tune_score_unref(v->plan.score);
    brief_fixture_free(v->fixture);
}

static const char *const styles[] = {"ambient", "cinematic", "classical", "electronic",
                                     "folk",    "jazz",      "pop",       "rock"};

/* Every voicing: ascending, chord tones only, inside the instrument, the third there where the chord has
 * one and the part more than a power chord. */
static void test_chord_tones(void)
{
    for (gsize s = 0; s < G_N_ELEMENTS(styles); s++) {
        Voiced v;
        voiced_init(&v, styles[s], 60, s);
        for (gint p = 0; p < v.plan.n_parts; p++) {
            const PlanPart *part = &v.plan.parts[p];
            for (gint c = 0; part->voicings != NULL && c < v.plan.n_chords; c++) {
                const Voicing *x = &part->voicings[c];
                guint16 tones = tune_chord_mask(v.plan.chords[c].chord);
                g_assert_cmpint(x->n, >=, 1);
                g_assert_cmpint(x->n, <=, part->instrument->polyphony);
                for (gint i = 0; i < x->n; i++) {
                    g_assert_true((tones >> (x->pitch[i] % 12)) & 1);
                    g_assert_cmpint(x->pitch[i], >=, part->instrument->low);
                    g_assert_cmpint(x->pitch[i], <=, part->instrument->high);
                    if (i > 0)
                        g_assert_cmpint(x->pitch[i], >, x->pitch[i - 1]);
                }
            }
        }
        voiced_clear(&v);
    }
}

/* Within a section the top voice moves little from chord to chord. */
static void test_smooth(void)
{
    gint moved = 0, n = 0;

    for (gsize s = 0; s < G_N_ELEMENTS(styles); s++) {
        Voiced v;
        voiced_init(&v, styles[s], 60, 20 + s);
        for (gint p = 0; p < v.plan.n_parts; p++) {
            const PlanPart *part = &v.plan.parts[p];
            for (gint c = 1; part->voicings != NULL && c < v.plan.n_chords; c++) {
                const Voicing *a = &part->voicings[c - 1], *b = &part->voicings[c];
                if (v.plan.chords[c].section != v.plan.chords[c - 1].section)
                    continue;
                moved += abs(a->pitch[a->n - 1] - b->pitch[b->n - 1]);
                n++;
            }
        }
        voiced_clear(&v);
    }
    g_assert_cmpfloat((double)moved / n, <, 3.0);
}

/* Jazz piano with a bass beside it leaves most roots to the bass. */
static void test_rootless(void)
{
    Voiced v;
    gint roots = 0, n = 0;

    voiced_init(&v, "jazz", 60, 1);
    for (gint p = 0; p < v.plan.n_parts; p++) {
        const PlanPart *part = &v.plan.parts[p];
        for (gint c = 0; part->voicings != NULL && part->voicings[0].n > 2 && c < v.plan.n_chords; c++) {
            gint root = tune_fifths_pitch_class(v.plan.chords[c].chord.root);
            gboolean has = FALSE;
            for (gint i = 0; i < part->voicings[c].n; i++)
                has |= part->voicings[c].pitch[i] % 12 == root;
            roots += has;
            n++;
        }
    }
    g_assert_cmpint(n, >, 0);
    g_assert_cmpint(roots * 2, <, n);
    voiced_clear(&v);
}

static gboolean is_parallel(gint a, gint b, gint a2, gint b2)
{
    gint x = abs(a - b) % 12, y = abs(a2 - b2) % 12;

    return a != a2 && b != b2 && x == y && (x == 0 || x == 7) && (a2 > a) == (b2 > b);
}

/* The inner voices of a quartet never move in parallel fifths or octaves. */
/* What a pad holds is for the smaller part what the keys beside it play. */
static void test_pads_part_from_comping(void)
{
    gint shared = 0, all = 0;

    for (guint64 seed = 0; seed < 12; seed++) {
        Voiced v;
        voiced_init(&v, seed % 2 == 0 ? "pop" : "lo-fi", 60, seed);
        for (gint p = 0; p < v.plan.n_parts; p++)
            for (gint q = 0; q < v.plan.n_parts; q++) {
                if (v.plan.parts[p].role != TUNE_ROLE_PAD || v.plan.parts[q].role != TUNE_ROLE_COMP ||
                    v.plan.parts[q].instrument->polyphony < 8)
                    continue;
                for (gint c = 0; c < v.plan.n_chords; c++) {
                    const PlanSection *s = &v.plan.sections[v.plan.chords[c].section];
                    const Voicing *pad = &v.plan.parts[p].voicings[c], *comp = &v.plan.parts[q].voicings[c];
                    if (!plan_plays(s, p) || !plan_plays(s, q))
                        continue;
                    all += pad->n;
                    for (gint i = 0; i < pad->n; i++)
                        shared += memchr(comp->pitch, pad->pitch[i], comp->n) != NULL;
                }
            }
        voiced_clear(&v);
    }
    g_assert_cmpint(all, >, 100);
    g_test_message("%d of %d", shared, all);
    g_assert_cmpint(2 * shared, <, all);
}

static void test_no_parallels(void)
{
    for (guint64 seed = 0; seed < 12; seed++) {
        Voiced v;
        const PlanPart *inner[2] = {NULL, NULL};
        gint n = 0;
        voiced_init(&v, "classical", 60, seed);
        for (gint p = 0; p < v.plan.n_parts && n < 2; p++)
            if (v.plan.parts[p].voicings != NULL)
                inner[n++] = &v.plan.parts[p];
        g_assert_cmpint(n, ==, 2);
        for (gint c = 1; c < v.plan.n_chords; c++)
            if (v.plan.chords[c].section == v.plan.chords[c - 1].section)
                g_assert_false(is_parallel(inner[0]->voicings[c - 1].pitch[0],
                                           inner[1]->voicings[c - 1].pitch[0],
                                           inner[0]->voicings[c].pitch[0],
                                           inner[1]->voicings[c].pitch[0]));
        voiced_clear(&v);
    }
}

/* Whatever a guitarist is given to play at once, a hand can hold on six strings. */
static void test_guitar_chords_fit_a_hand(void)
{
    static const char *const bands[] = {"blues", "country", "folk", "funk", "jazz",  "metal", "pop",
                                        "punk",  "reggae",  "rock", "ska",  "soul",  "singer-songwriter"};
    gint chords = 0, full = 0;

    for (gsize k = 0; k < G_N_ELEMENTS(bands); k++)
        for (guint64 seed = 1; seed <= 3; seed++) {
            g_autoptr(BriefFixture) f = brief_fixture_new(bands[k]);
            f->brief.seconds = 60;
            g_autoptr(TuneScore) score = brief_fixture_compose(f, seed);
            for (guint t = 0; t < score->tracks->len; t++) {
                const TuneTrack *track = score->tracks->pdata[t];
                const TuneInstrument *in = tune_instruments_find(
                    tune_vocabulary_instruments(f->vocabulary), track->instrument);
                if (in == NULL || strcmp(in->family, "guitar") != 0 || in->low != 40 ||
                    in->polyphony != 6)
                    continue;
                for (guint i = 0; i < track->notes->len;) {
                    guint8 pitch[16];
                    gint n = 0;
                    gint onset = g_array_index(track->notes, TuneNote, i).onset;
                    for (; i < track->notes->len && n < 16 &&
                           g_array_index(track->notes, TuneNote, i).onset == onset; i++)
                        pitch[n++] = g_array_index(track->notes, TuneNote, i).pitch;
                    g_assert_cmpint(n, <=, 6);
                    if (n > 1 && !fretboard_can_hold(pitch, n))
                        g_error("%s seed %d: no hand holds what %s plays at %d", bands[k], (gint)seed,
                                track->id, onset);
                    chords += n > 2;
                    full += n >= 5;
                }
            }
        }
    g_assert_cmpint(chords, >, 1000);
    g_assert_cmpint(full, >, 100); /* strummed chords over all strings are among them */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/voicing/chord-tones-in-range", test_chord_tones);
    g_test_add_func("/compose/voicing/top-voice-moves-little", test_smooth);
    g_test_add_func("/compose/voicing/jazz-leaves-roots-to-the-bass", test_rootless);
    g_test_add_func("/compose/voicing/pads-part-from-comping", test_pads_part_from_comping);
    g_test_add_func("/compose/voicing/quartet-has-no-parallels", test_no_parallels);
    g_test_add_func("/compose/voicing/guitar-chords-fit-a-hand", test_guitar_chords_fit_a_hand);
    return g_test_run();
}
