/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Prints a composed piece for the eye of a musician: sections, bars, chords, melody.
 *
 *     chart STYLE [SEED [SECONDS [METRE [KEY [TRACK [FILE.json]]]]]]
 *     chart "A SENTENCE" [SEED [FIELD=VALUE ...]]
 *
 * With TUNESMITH_CHART_SCORE=FILE.json the score is written there too, for bench/piano_roll.py.
 */
#include "brief-fixture.h"
#include "score/format.h"

#include "score/format.h"

#include <stdlib.h>
#include <string.h>

static void print_parts(const TuneScore *score)
{
    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *t = score->tracks->pdata[i];
        gint low = 127, high = 0;
        for (guint k = 0; k < t->notes->len; k++) {
            low = MIN(low, g_array_index(t->notes, TuneNote, k).pitch);
            high = MAX(high, g_array_index(t->notes, TuneNote, k).pitch);
        }
        g_print("  %-22s %-8s %4u notes, %d..%d\n", t->id, tune_role_name(t->role), t->notes->len, low,
                high);
    }
}

static void print_chords(const TuneScore *score, gint from, gint to)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < score->chords->len; i++) {
        const TuneScoreChord *c = &g_array_index(score->chords, TuneScoreChord, i);
        if (c->tick >= to || c->tick + c->ticks <= from)
            continue;
        g_autofree char *name = tune_chord_to_string(c->chord);
        g_string_append_printf(text, "%s%s ", c->tick < from ? "·" : "", name);
    }
    g_print("%-24s|", text->str);
}

static void print_notes(const TuneScore *score, const TuneTrack *track, gint from, gint to)
{
    for (guint i = 0; i < track->notes->len; i++) {
        const TuneNote *n = &g_array_index(track->notes, TuneNote, i);
        char name[8];
        if (n->onset < from || n->onset >= to)
            continue;
        tune_fifths_name(n->spelling, name);
        const TuneScoreChord *c = tune_score_chord_at(score, n->onset);
        gboolean tone = c != NULL && (tune_chord_mask(c->chord) >> (n->pitch % 12)) & 1;
        g_print(" %g:%s%d%s/%g", (n->onset - from) / 960.0 + 1, name,
                tune_pitch_octave(n->pitch, n->spelling), tone ? "" : "'", n->duration / 960.0);
        if (n->syllable >= 0)
            g_print("\"%s\"", (char *)track->syllables->pdata[n->syllable]);
    }
    g_print("\n");
}

static void save_score(const TuneScore *score)
{
    const char *path = g_getenv("TUNESMITH_CHART_SCORE");
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) json = path != NULL ? tune_score_write_json(score, &error) : NULL;
    gsize size = 0;
    const char *text = json != NULL ? g_bytes_get_data(json, &size) : NULL;

    if (text != NULL && !g_file_set_contents(path, text, (gssize)size, &error))
        g_printerr("%s\n", error->message);
}

static void print_score(const TuneScore *score, const char *track_id)
{
    const TuneTrack *track = NULL;
    gint bar_ticks = tune_metre_bar_ticks(tune_score_metre_at(score, 0));

    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *t = score->tracks->pdata[i];
        if (track_id != NULL ? strcmp(t->id, track_id) == 0 : track == NULL && t->role == TUNE_ROLE_LEAD)
            track = t;
    }
    g_autofree char *key = tune_key_to_string(tune_score_key_at(score, 0));
    g_autofree char *metre = tune_metre_to_string(tune_score_metre_at(score, 0));
    g_print("%s, %s, %s, %.4g bpm (quarters), %d bars, %.3f s, ends %s, last chord at bar %.4g = %.3f s\n",
            score->title, key, metre, tune_score_tempo_at(score, 0), score->ticks / bar_ticks,
            (double)score->length_us / 1e6, tune_ending_name(score->ending),
            (double)g_array_index(score->chords, TuneScoreChord, score->chords->len - 1).tick / bar_ticks + 1,
            tune_score_seconds(score, g_array_index(score->chords, TuneScoreChord, score->chords->len - 1).tick));
    print_parts(score);
    save_score(score);
    for (gint tick = 0; tick < score->ticks; tick += bar_ticks) {
        const TuneSection *s = tune_score_section_at(score, tick);
        if (s != NULL && s->tick == tick)
            g_print("-- %s (%d bars, energy %.2f, material %d)\n", s->name, s->ticks / bar_ticks, s->energy,
                    s->material);
        g_print("%3d ", tick / bar_ticks + 1);
        print_chords(score, tick, tick + bar_ticks);
        if (track != NULL)
            print_notes(score, track, tick, tick + bar_ticks);
        else
            g_print("\n");
    }
}

/* What was asked in words. */
static int chart_of_sentence(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_load(&error);
    g_autoptr(TuneBrief) brief = tune_brief_new();
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    guint64 seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    gboolean good = vocabulary != NULL;

    for (int i = 3; i < argc && good; i++) {
        g_auto(GStrv) pair = g_strsplit(argv[i], "=", 2);
        good = pair[1] != NULL && tune_brief_set_field(brief, vocabulary, pair[0], pair[1], &error);
    }
    if (good && argv[1][strspn(argv[1], " ")] != '\0')
        good = tune_brief_read_sentence(brief, vocabulary, argv[1], &error);
    g_autoptr(TuneScore) score = NULL;
    if (good && tune_brief_complete(brief, vocabulary, &error))
        score = tune_compose(brief, vocabulary, seed, notes, &error);
    if (score == NULL) {
        g_printerr("%s\n", error != NULL ? error->message : "FIELD=VALUE is expected");
        return 2;
    }
    g_autofree char *explained = tune_brief_explain(brief);
    g_print("%s\n", explained);
    for (guint i = 0; i < notes->len; i++)
        g_print("note: %s\n", (char *)notes->pdata[i]);
    print_score(score, NULL);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strchr(argv[1], ' ') != NULL)
        return chart_of_sentence(argc, argv);

    g_autoptr(BriefFixture) f = brief_fixture_new(argc > 1 ? argv[1] : "pop");

    f->brief.seconds = argc > 3 ? atof(argv[3]) : 60;
    if (argc > 4 && *argv[4] != '\0')
        brief_fixture_metre(f, argv[4]);
    if (argc > 5 && *argv[5] != '\0')
        brief_fixture_key(f, argv[5]);
    g_autoptr(TuneScore) score = brief_fixture_compose(f, argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
    print_score(score, argc > 6 ? argv[6] : NULL);
    if (argc > 7) { /* the score as JSON, for bench/piano_roll.py */
        g_autoptr(GBytes) json = tune_score_write_json(score, NULL);
        return !g_file_set_contents(argv[7], g_bytes_get_data(json, NULL),
                                    (gssize)g_bytes_get_size(json), NULL);
    }
    return 0;
}
