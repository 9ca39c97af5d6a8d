/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Properties of scores over random requests.
 *
 *   property-score                       200 requests
 *   TUNESMITH_PROPERTY_COUNT=1200 …      more (make soak)
 *   TUNESMITH_PROPERTY_ONLY=137 …        one, to look at it
 *   TUNESMITH_PROPERTY_SAVE=FILE …       every breach as JSON lines
 *
 * All pieces are composed once, before the tests run; each test then looks at one property.
 */
#include "checks.h"

#include "compose/compose.h"
#include "score/format.h"

#include <math.h>
#include <string.h>

/* Most hold without exception.  Those that measure taste may miss in one look of a hundred: a bound
 * that no odd request ever crosses would have to be so loose that it says nothing. */
#define TASTE 0.01

static const struct {
    const char *name;
    double allowed_share;
} PROPERTIES[] = {
    {"request/understood", 0},
    {"request/composed", 0},
    {"hard/style", 0},
    {"hard/tempo", 0},
    {"hard/key", 0},
    {"hard/metre", 0},
    {"hard/length", 0},
    {"hard/bars", 0},
    {"hard/loop", 0},
    {"hard/sections", 0},
    {"hard/chords", 0},
    {"hard/instruments-in", 0},
    {"hard/instruments-out", 0},
    {"hard/no-drums", 0},
    {"hard/ending", 0},
    {"form/sections-cover", 0},
    {"form/final-chord", 0},
    {"form/repeats-alike", TASTE},
    {"form/repeats-vary", TASTE},
    {"notes/sound", 0},
    {"notes/overlap", 0},
    {"notes/range", 0},
    {"notes/polyphony", 0},
    {"notes/tracks", 0},
    {"notes/velocity-spread", TASTE},
    {"notes/fit", TASTE},
    {"melody/breath", TASTE},
    {"melody/hook-returns", 0},
    {"drums/fills", TASTE},
    {"voices/no-parallels", TASTE},
    {"seed/same-bytes", 0},
    {"seed/other-melody", 0},
    {"style/differs", 0},
    {"style/exemptions", 0},
};

static Violations *found; /* filled by main before the tests, read by them */

/* Everything said reached the brief: a lost word would otherwise look like a composer's mistake. */
static void check_understood(const Ask *ask, const TuneBrief *brief)
{
    const char *lost = NULL;

    violations_checked(found, "request/understood", 1);
    if (brief->style != ask->style)
        lost = "style";
    else if (ask->bpm > 0 && (!brief->bpm_hard || fabs(brief->bpm_low - ask->bpm) > 1e-9))
        lost = "bpm";
    else if (ask->key_said &&
             (brief->key_origin == TUNE_ORIGIN_NONE || brief->key.mode != ask->key.mode))
        lost = "key";
    else if (ask->metre_said && (brief->metre.beats != ask->metre.beats))
        lost = "metre";
    else if (ask->seconds > 0 && fabs(brief->seconds - ask->seconds) > 1e-9)
        lost = "duration";
    else if (ask->bars != brief->bars)
        lost = "bars";
    else if (ask->chords->len > 0 && brief->chords->len != ask->chords->len)
        lost = "chords";
    else if (ask->roles->len > 0 && brief->sections->len != ask->roles->len)
        lost = "sections";
    else if (brief->instruments->len < ask->wanted->len)
        lost = "instruments";
    else if (brief->excluded->len < ask->unwanted->len)
        lost = "exclude";
    else if (ask->no_drums && !brief->no_drums)
        lost = "no drums";
    else if (ask->loop != brief->loop)
        lost = "loop";
    else if (ask->ending != TUNE_ENDING_AUTO && brief->ending != ask->ending)
        lost = "ending";
    if (lost != NULL) {
        g_autofree char *explained = tune_brief_explain(brief);
        violations_add(found, "request/understood", ask, "%s was lost:\n%s", lost, explained);
    }
}

static TuneScore *compose(const Ask *ask, const TuneVocabulary *vocabulary, guint64 seed)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneBrief) brief = ask_brief(ask, vocabulary, &error);
    TuneScore *score = NULL;

    if (brief == NULL) {
        violations_checked(found, "request/understood", 1);
        violations_add(found, "request/understood", ask, "refused: %s", error->message);
        return NULL;
    }
    if (seed == ask->seed)
        check_understood(ask, brief);
    score = tune_compose(brief, vocabulary, seed, NULL, &error);
    violations_checked(found, "request/composed", 1);
    if (score == NULL)
        violations_add(found, "request/composed", ask, "%s", error->message);
    return score;
}

static void check_same_bytes(const Ask *ask, const TuneScore *score,
                             const TuneVocabulary *vocabulary)
{
    g_autoptr(TuneScore) again = compose(ask, vocabulary, ask->seed);
    g_autoptr(GBytes) a = tune_score_write_json(score, NULL);
    g_autoptr(GBytes) b = again ? tune_score_write_json(again, NULL) : NULL;

    violations_checked(found, "seed/same-bytes", 1);
    if (a == NULL || b == NULL || !g_bytes_equal(a, b))
        violations_add(found, "seed/same-bytes", ask, "composed twice, two different scores");
}

static void check_other_seed(const Ask *ask, const TuneScore *score,
                             const TuneVocabulary *vocabulary)
{
    g_autoptr(TuneScore) other = compose(ask, vocabulary, ask->seed ^ 1);
    double distance = other ? melody_distance(score, other) : -1;

    if (distance < 0 || score_seconds(score) < LONG_ENOUGH_SECONDS)
        return;
    violations_checked(found, "seed/other-melody", 1);
    if (distance < 0.4)
        violations_add(found, "seed/other-melody", ask,
                       "edit distance %.2f to the melody of seed ^ 1", distance);
}

/* For a closer look at one request. */
static void save_score(const TuneScore *score, const char *file)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) json = tune_score_write_json(score, &error);
    gsize size = 0;
    gconstpointer data = json != NULL ? g_bytes_get_data(json, &size) : NULL;

    if (data == NULL || !g_file_set_contents(file, data, (gssize)size, &error))
        g_printerr("%s\n", error->message);
}

static void check_one(guint index, const char *file, const TuneVocabulary *vocabulary)
{
    g_autoptr(Ask) ask = ask_new(index, vocabulary);
    g_autoptr(TuneScore) score = compose(ask, vocabulary, ask->seed);

    if (score == NULL)
        return;
    if (file != NULL)
        save_score(score, file);
    check_request(found, ask, score);
    check_notes(found, ask, score, tune_vocabulary_instruments(vocabulary));
    check_music(found, ask, score);
    check_voices(found, ask, score);
    if (index % 4 == 0)
        check_same_bytes(ask, score, vocabulary);
    if (index % 4 == 1)
        check_other_seed(ask, score, vocabulary);
}

/* ---- styles differ ---- */

#define PRINT_SEEDS 6
#define N_FEATURES  6

static double feature(const StylePrint *print, guint i)
{
    const double values[N_FEATURES] = {print->bpm / 20,          print->notes_per_second / 5,
                                       print->drum_share / 0.15, print->swing / 0.05,
                                       print->chord_tones / 0.5, print->minor_share / 0.3};
    return values[i];
}

static double shared_instruments(GHashTable *a, GHashTable *b)
{
    GHashTableIter iter;
    gpointer key;
    guint common = 0;

    g_hash_table_iter_init(&iter, a);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        common += g_hash_table_contains(b, key);
    return (double)common / MAX(1, g_hash_table_size(a) + g_hash_table_size(b) - common);
}

/* A style's usual piece: mean features, all its instruments. */
static void measure_style(const TuneStyle *style, const TuneVocabulary *vocabulary,
                          double mean[N_FEATURES], GHashTable *instruments)
{
    for (guint64 seed = 1; seed <= PRINT_SEEDS; seed++) {
        g_autoptr(Ask) ask = ask_new_plain(style, 60, seed);
        g_autoptr(TuneScore) score = compose(ask, vocabulary, seed);
        StylePrint print;
        GHashTableIter iter;
        gpointer key;

        if (score == NULL)
            continue;
        style_print_init(&print, score);
        for (guint i = 0; i < N_FEATURES; i++)
            mean[i] += feature(&print, i) / PRINT_SEEDS;
        g_hash_table_iter_init(&iter, print.instruments);
        while (g_hash_table_iter_next(&iter, &key, NULL))
            g_hash_table_add(instruments, g_strdup(key));
        style_print_clear(&print);
    }
}

/* Any two styles differ by at least one unit in the sum of their features (20 bpm, 5 notes a
 * second, 15 % drums ... each is one), or share less than half of their instruments. */
static void check_styles_differ(const TuneVocabulary *vocabulary)
{
    TuneStyles *styles = tune_vocabulary_styles(vocabulary);
    guint n = tune_styles_count(styles);
    g_autofree double *mean = g_new0(double, n *N_FEATURES);
    g_autoptr(GPtrArray) instruments =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref);

    for (guint i = 0; i < n; i++) {
        check_exemptions(found, tune_styles_at(styles, i));
        g_ptr_array_add(instruments, g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL));
        measure_style(tune_styles_at(styles, i), vocabulary, mean + i * N_FEATURES,
                      instruments->pdata[i]);
    }
    for (guint i = 0; i < n; i++)
        for (guint k = 0; k < i; k++) {
            double apart = 0;

            for (guint f = 0; f < N_FEATURES; f++)
                apart += fabs(mean[i * N_FEATURES + f] - mean[k * N_FEATURES + f]);
            violations_checked(found, "style/differs", 1);
            if (apart < 1 && shared_instruments(instruments->pdata[i], instruments->pdata[k]) > 0.5)
                violations_add(found, "style/differs", NULL, "%s and %s: %.2f apart",
                               tune_style_name(tune_styles_at(styles, i)),
                               tune_style_name(tune_styles_at(styles, k)), apart);
        }
}

/* ---- the run ---- */

static void test_property(gconstpointer data)
{
    gsize i = GPOINTER_TO_SIZE(data);

    violations_assert(found, PROPERTIES[i].name, PROPERTIES[i].allowed_share);
}

static guint environment_number(const char *name, guint otherwise)
{
    const char *text = g_getenv(name);

    return text != NULL && *text != 0 ? (guint)g_ascii_strtoull(text, NULL, 10) : otherwise;
}

static void print_one(guint index, const TuneVocabulary *vocabulary)
{
    g_autoptr(Ask) ask = ask_new(index, vocabulary);
    g_autofree char *command = ask_command(ask);
    g_autoptr(TuneBrief) brief = ask_brief(ask, vocabulary, NULL);
    g_autoptr(json_t) json = brief ? tune_brief_to_json(brief) : NULL;
    g_autofree char *text = json ? tune_json_pretty(json) : NULL;

    g_printerr("%s\n%s\n", command, text ? text : "no brief");
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_load(&error);
    guint n = environment_number("TUNESMITH_PROPERTY_COUNT", 200);
    guint only = environment_number("TUNESMITH_PROPERTY_ONLY", G_MAXUINT);
    const char *save = g_getenv("TUNESMITH_PROPERTY_SAVE");
    g_autofree char *table = NULL;
    int status;

    g_test_init(&argc, &argv, NULL);
    g_assert_no_error(error);
    found = violations_new();
    if (only != G_MAXUINT) {
        print_one(only, vocabulary);
        check_one(only, g_getenv("TUNESMITH_PROPERTY_SCORE"), vocabulary);
    }
    for (guint i = 0; i < n && only == G_MAXUINT; i++)
        check_one(i, NULL, vocabulary);
    if (only == G_MAXUINT)
        check_styles_differ(vocabulary);
    table = violations_table(found);
    g_printerr("%s", table);
    if (save != NULL && !violations_save(found, save, &error))
        g_printerr("%s\n", error->message);
    for (gsize i = 0; i < G_N_ELEMENTS(PROPERTIES); i++) {
        g_autofree char *path = g_strdup_printf("/property/%s", PROPERTIES[i].name);
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_property);
    }
    status = g_test_run();
    violations_free(found);
    return status;
}
