/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Properties of rendered pieces: a dozen in the quick run, TUNESMITH_PROPERTY_SOUNDS of them in the
 * long one.  The requests are those of property-score whose pieces are short, every style in turn.
 */
#include "checks.h"
#include "sound.h"

#include "compose/compose.h"

#define MAX_INDEX 20000

static const char *const PROPERTIES[] = {
    "sound/rendered",         "sound/length", "sound/loudness", "sound/peak",  "sound/stems-sum",
    "sound/audible",          "sound/head",   "sound/tail",     "sound/no-dc", "sound/loop-seam",
    "sound/any-thread-count",
};

static Violations *found;

static TuneSynth *synth_new(guint n_threads)
{
    TuneSynthConfig config = TUNE_SYNTH_CONFIG_DEFAULT;
    g_autoptr(GError) error = NULL;
    TuneSynth *synth;

    config.n_threads = n_threads;
    synth = tune_synth_new(&config, &error);
    if (error != NULL)
        g_printerr("%s\n", error->message);
    return synth;
}

static void check_threads(const Ask *ask, const TuneScore *score, const Sound *sound)
{
    static const guint counts[] = {1, 3};

    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autoptr(TuneSynth) synth = synth_new(counts[i]);
        g_autoptr(Sound) other = sound_render(synth, score, i == 0 ? 4096 : 777, NULL);

        violations_checked(found, "sound/any-thread-count", 1);
        if (other == NULL || !sound_equal(sound, other))
            violations_add(found, "sound/any-thread-count", ask, "other PCM with %u threads",
                           counts[i]);
    }
}

static void check_one(TuneSynth *synth, const Ask *ask, const TuneScore *score, gboolean threads)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Sound) sound = sound_render(synth, score, 1024, &error);

    violations_checked(found, "sound/rendered", 1);
    if (sound == NULL) {
        violations_add(found, "sound/rendered", ask, "%s", error->message);
        return;
    }
    check_sound(found, ask, score, sound);
    if (threads)
        check_threads(ask, score, sound);
}

/* The next request from *index on whose piece lasts 10 to 40 s; every fourth is a loop. */
static TuneScore *next_piece(guint *index, gboolean loop, const TuneVocabulary *vocabulary,
                             Ask **out)
{
    for (; *index < MAX_INDEX; (*index)++) {
        g_autoptr(Ask) ask = ask_new(*index, vocabulary);
        g_autoptr(TuneBrief) brief = NULL;
        g_autoptr(TuneScore) score = NULL;

        if (ask->loop != loop || ask->seconds > 40)
            continue;
        brief = ask_brief(ask, vocabulary, NULL);
        score = brief ? tune_compose(brief, vocabulary, ask->seed, NULL, NULL) : NULL;
        if (score == NULL || score_seconds(score) > 40 || score_seconds(score) < 5)
            continue;
        (*index)++;
        *out = g_steal_pointer(&ask);
        return g_steal_pointer(&score);
    }
    g_error("no request in %d gives a short piece", MAX_INDEX);
}

static void test_property(gconstpointer data)
{
    violations_assert(found, data, 0);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_load(&error);
    const char *count = g_getenv("TUNESMITH_PROPERTY_SOUNDS");
    guint n = count != NULL ? (guint)g_ascii_strtoull(count, NULL, 10) : 12, index = 0;
    g_autoptr(TuneSynth) synth = synth_new(0);
    g_autofree char *table = NULL;
    int status;

    g_test_init(&argc, &argv, NULL);
    g_assert_no_error(error);
    if (synth == NULL)
        return 77; /* no SoundFont: skipped, saying so */
    found = violations_new();
    for (guint i = 0; i < n; i++) {
        g_autoptr(Ask) ask = NULL;
        g_autoptr(TuneScore) score = next_piece(&index, i % 4 == 3, vocabulary, &ask);

        check_one(synth, ask, score, i % 4 == 0);
    }
    table = violations_table(found);
    g_printerr("%s", table);
    for (gsize i = 0; i < G_N_ELEMENTS(PROPERTIES); i++) {
        g_autofree char *path = g_strdup_printf("/property/%s", PROPERTIES[i]);
        g_test_add_data_func(path, PROPERTIES[i], test_property);
    }
    status = g_test_run();
    violations_free(found);
    return status;
}
