/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A hundred captions in the manner of captioned MIDI collections (genre, mood, players, key, metre, tempo
 * as a number, length), with what each demands: captions.jsonl.  All are composed, with several seeds,
 * and tempo, key, metre, length and players must be in every score as the caption says.
 *
 *   captions                             three seeds a caption
 *   TUNESMITH_CAPTIONS_SEEDS=10 …        more
 *   TUNESMITH_CAPTIONS_ONLY=17 …         one line (from 1), its brief on standard error
 *
 * A line of captions.jsonl: genre (for grouping only), beat (a drummer or a dancer could tap it), caption,
 * bpm, key, metre, seconds, instruments and excluded.  An instrument is its key, several with | between
 * them when any of them will do, "drums", "bass", or "family:organ".
 */
#include "checks.h"

#include "base/json.h"
#include "compose/compose.h"

#include <math.h>
#include <string.h>

static const char *const PROPERTIES[] = {
    "request/understood", "request/composed",    "hard/tempo",           "hard/key",
    "hard/metre",         "hard/length",         "caption/instruments",  "hard/no-drums",
    "form/sections-cover",
};

static Violations *found;

static double number_of(const json_t *line, const char *key)
{
    g_assert_true(json_is_number(json_object_get(line, key)));
    return json_number_value(json_object_get(line, key));
}

static const char *text_of(const json_t *line, const char *key)
{
    g_assert_true(json_is_string(json_object_get(line, key)));
    return json_string_value(json_object_get(line, key));
}

/* What the line demands, less its players. (transfer full) */
static Ask *ask_of_line(const json_t *line, guint index, guint64 seed)
{
    Ask *ask = ask_new_empty();
    const json_t *excluded = json_object_get(line, "excluded");

    ask->index = index;
    ask->seed = seed;
    ask->as_sentence = TRUE;
    ask->sentence = g_strdup(text_of(line, "caption"));
    ask->bpm = number_of(line, "bpm");
    ask->seconds = number_of(line, "seconds");
    ask->key_said = tune_key_parse(text_of(line, "key"), &ask->key, NULL, NULL);
    ask->metre_said = tune_metre_parse(text_of(line, "metre"), &ask->metre);
    g_assert_true(ask->key_said && ask->metre_said);
    ask->no_drums = json_array_size(excluded) > 0;
    if (ask->no_drums)
        g_assert_cmpstr(json_string_value(json_array_get(excluded, 0)), ==, "drums");
    return ask;
}

static gboolean is_player(const TuneTrack *track, const TuneInstruments *instruments,
                          const char *wanted)
{
    const TuneInstrument *instrument = tune_instruments_find(instruments, track->instrument);

    if (strcmp(wanted, "drums") == 0)
        return track->is_drums;
    if (strcmp(wanted, "bass") == 0)
        return track->role == TUNE_ROLE_BASS;
    if (g_str_has_prefix(wanted, "family:"))
        return instrument != NULL && strcmp(instrument->family, wanted + strlen("family:")) == 0;
    return strcmp(track->instrument, wanted) == 0;
}

/* Any of the players that @wanted names has four notes, or sounds for a tenth of the piece. */
static gboolean plays(const TuneScore *score, const TuneInstruments *instruments,
                      const char *wanted)
{
    g_auto(GStrv) choices = g_strsplit(wanted, "|", -1);
    gint64 ticks = 0;
    guint n = 0;

    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *track = score->tracks->pdata[i];
        gboolean is_one = FALSE;

        for (guint k = 0; choices[k] != NULL; k++)
            is_one = is_one || is_player(track, instruments, choices[k]);
        n += is_one ? track->notes->len : 0;
        for (guint k = 0; is_one && k < track->notes->len; k++)
            ticks += g_array_index(track->notes, TuneNote, k).duration;
    }
    return n >= 4 || (n > 0 && ticks * 10 >= score->ticks);
}

static char *players_of(const TuneScore *score)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *track = score->tracks->pdata[i];
        g_string_append_printf(out, "%s%s", i > 0 ? ", " : "", track->instrument);
    }
    return g_string_free(out, FALSE);
}

static void check_players(const Ask *ask, const json_t *line, const TuneScore *score,
                          const TuneInstruments *instruments)
{
    size_t i;
    json_t *wanted;

    json_array_foreach(json_object_get(line, "instruments"), i, wanted) {
        const char *names = json_string_value(wanted);

        violations_checked(found, "caption/instruments", 1);
        if (!plays(score, instruments, names)) {
            g_autofree char *players = players_of(score);
            violations_add(found, "caption/instruments", ask,
                           "%s plays too little (four notes or a tenth of the time); there are %s",
                           names, players);
        }
    }
}

static void check_brief(const Ask *ask, const TuneBrief *brief)
{
    violations_checked(found, "request/understood", 1);
    if (!brief->bpm_hard || fabs(brief->bpm_low - ask->bpm) > 1e-9)
        violations_add(found, "request/understood", ask, "tempo: %g", brief->bpm_low);
    else if (brief->key_origin < TUNE_ORIGIN_SAID || brief->key.mode != ask->key.mode)
        violations_add(found, "request/understood", ask, "key or mode was lost");
    else if (brief->metre.beats != ask->metre.beats || brief->metre.unit != ask->metre.unit)
        violations_add(found, "request/understood", ask, "metre: %d/%d", brief->metre.beats,
                       brief->metre.unit);
    else if (fabs(brief->seconds - ask->seconds) > 1e-9)
        violations_add(found, "request/understood", ask, "length: %g s", brief->seconds);
    else if (brief->no_drums != ask->no_drums)
        violations_add(found, "request/understood", ask, "no drums: %d", brief->no_drums);
}

static void check_line(const json_t *line, guint index, guint64 seed,
                       const TuneVocabulary *vocabulary, gboolean loud)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Ask) ask = ask_of_line(line, index, seed);
    g_autoptr(TuneBrief) brief = ask_brief(ask, vocabulary, &error);
    g_autofree char *shown = loud && brief != NULL ? tune_brief_explain(brief) : NULL;

    if (shown != NULL)
        g_printerr("%s\n%s\n", ask->sentence, shown);
    if (brief == NULL) {
        violations_checked(found, "request/understood", 1);
        violations_add(found, "request/understood", ask, "refused: %s", error->message);
        return;
    }
    check_brief(ask, brief);
    ask->style = brief->style; /* the caption's genre may have a nearest style only */
    g_autoptr(TuneScore) score = tune_compose(brief, vocabulary, seed, NULL, &error);
    violations_checked(found, "request/composed", 1);
    if (score == NULL) {
        violations_add(found, "request/composed", ask, "%s", error->message);
        return;
    }
    check_request(found, ask, score);
    check_players(ask, line, score, tune_vocabulary_instruments(vocabulary));
}

static guint environment_number(const char *name, guint otherwise)
{
    const char *text = g_getenv(name);

    return text != NULL && *text != 0 ? (guint)g_ascii_strtoull(text, NULL, 10) : otherwise;
}

static void check_file(const char *path, const TuneVocabulary *vocabulary)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    guint n_seeds = environment_number("TUNESMITH_CAPTIONS_SEEDS", 3);
    guint only = environment_number("TUNESMITH_CAPTIONS_ONLY", 0), n_lines = 0;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++) {
        if (*lines[i] == '\0')
            continue;
        g_autoptr(json_t) line = tune_json_parse(path, lines[i], strlen(lines[i]), &error);
        g_assert_no_error(error);
        n_lines++;
        for (guint64 seed = 1; seed <= n_seeds && (only == 0 || only == n_lines); seed++)
            check_line(line, n_lines, seed, vocabulary, only != 0 && seed == 1);
    }
    g_assert_cmpuint(n_lines, ==, 100);
}

static void test_property(gconstpointer data)
{
    violations_assert(found, data, 0);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_load(&error);
    g_autofree char *table = NULL, *path = NULL;
    int status;

    g_test_init(&argc, &argv, NULL);
    g_assert_no_error(error);
    path = g_test_build_filename(G_TEST_DIST, "property", "captions.jsonl", NULL);
    found = violations_new();
    check_file(path, vocabulary);
    table = violations_table(found);
    g_printerr("%s", table);
    for (gsize i = 0; i < G_N_ELEMENTS(PROPERTIES); i++) {
        g_autofree char *name = g_strdup_printf("/caption/%s", PROPERTIES[i]);
        g_test_add_data_func(name, PROPERTIES[i], test_property);
    }
    status = g_test_run();
    violations_free(found);
    return status;
}
