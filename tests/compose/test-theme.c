/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/compose.h"
#include "compose/theme.h"
#include "score/format.h"

#include <math.h>
#include <string.h>

static const char *const styles[] = {"ambient", "cinematic", "classical", "electronic",
                                     "folk",    "jazz",      "pop",       "rock"};

/* Eight bars of our own, in G, with a pick-up of an eighth in the second test. */
static const char tune[] = "X:1\nT:Mill Lane\nM:4/4\nL:1/8\nK:G\n"
                           "G2 B2 d2 B2 | c2 A2 F4 | G2 B2 d2 g2 | f2 e2 d4 |\n"
                           "e2 c2 e2 g2 | d2 B2 G4 | A2 c2 B2 A2 | F2 A2 G4 |]\n";
static const char in_three[] = "X:1\nT:Ferry\nM:3/4\nL:1/8\nK:Dm\n"
                               "A2 | d4 e2 | f4 d2 | e2 c2 A2 | d6 | f4 e2 | d4 c2 | d2 A2 E2 | D4 |]\n";

static TuneTheme *theme_of(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneScore) score =
        tune_score_read_abc("tune.abc", (const guint8 *)text, strlen(text), &error);

    g_assert_no_error(error);
    TuneTheme *theme = tune_theme_from_score(score, &error);
    g_assert_no_error(error);
    return theme;
}

static TuneBrief *brief_of(const TuneVocabulary *vocabulary, const TuneTheme *theme, const char *style,
                           const char *field, const char *value)
{
    g_autoptr(GError) error = NULL;
    TuneBrief *brief = tune_brief_new();

    g_assert_true(tune_brief_set_field(brief, vocabulary, "genre", style, &error));
    if (field != NULL)
        g_assert_true(tune_brief_set_field(brief, vocabulary, field, value, &error));
    tune_brief_set_theme(brief, theme);
    g_assert_true(tune_brief_complete(brief, vocabulary, &error));
    return brief;
}

static TuneScore *arrange(const TuneVocabulary *vocabulary, const TuneBrief *brief, guint64 seed)
{
    g_autoptr(GError) error = NULL;
    TuneScore *score = tune_compose(brief, vocabulary, seed, NULL, &error);

    g_assert_no_error(error);
    return score;
}

/* How often the theme's intervals stand in one track of the leads, note after note. */
static gint times_heard(const TuneScore *score, const TuneTheme *theme)
{
    gint times = 0;
    guint n = theme->notes->len;

    for (guint t = 0; t < score->tracks->len; t++) {
        const TuneTrack *track = score->tracks->pdata[t];
        if (track->role != TUNE_ROLE_LEAD)
            continue;
        for (guint i = 0; i + n <= track->notes->len; i++) {
            guint k = 1;
            while (k < n && g_array_index(track->notes, TuneNote, i + k).pitch -
                                    g_array_index(track->notes, TuneNote, i + k - 1).pitch ==
                                g_array_index(theme->notes, TuneThemeNote, k).pitch -
                                    g_array_index(theme->notes, TuneThemeNote, k - 1).pitch)
                k++;
            times += k == n;
        }
    }
    return times;
}

static void test_takes_the_melody(void)
{
    g_autoptr(TuneTheme) plain = theme_of(tune), pickup = theme_of(in_three);

    g_assert_cmpint(plain->bars, ==, 8);
    g_assert_cmpuint(plain->notes->len, ==, 28);
    g_assert_cmpint(plain->key.tonic, ==, 1);
    g_assert_cmpint(plain->key.mode, ==, TUNE_MODE_MAJOR);
    g_assert_cmpstr(plain->title, ==, "Mill Lane");
    g_assert_cmpint(pickup->metre.beats, ==, 3);
    g_assert_cmpint(pickup->key.mode, ==, TUNE_MODE_MINOR);
    g_assert_cmpint(g_array_index(pickup->notes, TuneThemeNote, 0).onset, ==, -TUNE_PPQ);
    g_assert_cmpint(pickup->bars, ==, 8);
}

static void test_is_heard_in_every_style(void)
{
    g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_load(NULL);
    const char *const tunes[] = {tune, in_three};
    TuneStyles *all = tune_vocabulary_styles(vocabulary);

    for (guint i = 0; i < tune_styles_count(all); i++)
        for (gsize k = 0; k < G_N_ELEMENTS(tunes); k++) {
            const char *style = tune_style_name(tune_styles_at(all, i));
            g_autoptr(TuneTheme) theme = theme_of(tunes[k]);
            g_autoptr(TuneBrief) brief = brief_of(vocabulary, theme, style, NULL, NULL);
            g_autoptr(TuneScore) score = arrange(vocabulary, brief, 40 + i);
            g_test_message("%s %s", style, theme->title);
            g_assert_cmpint(times_heard(score, theme), >=, 1);
            TuneKey key = tune_score_key_at(score, 0);
            g_assert_true(key.tonic == theme->key.tonic && key.mode == theme->key.mode);
            g_assert_cmpint(tune_score_metre_at(score, 0).beats, ==, theme->metre.beats);
        }
}

static void test_what_is_said_moves_it(void)
{
    g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_load(NULL);
    g_autoptr(TuneTheme) theme = theme_of(tune);
    static const char *const metres[] = {"3/4", "6/8", "5/4", "2/4", "12/8", "7/8"};

    for (gsize i = 0; i < G_N_ELEMENTS(metres); i++) {
        g_autoptr(TuneBrief) brief = brief_of(vocabulary, theme, styles[(i + 4) % 8], "metre", metres[i]);
        g_autoptr(TuneScore) score = arrange(vocabulary, brief, i);
        g_assert_cmpint(times_heard(score, theme), >=, 1);
        g_assert_cmpint(tune_score_metre_at(score, 0).beats, ==, brief->metre.beats);
    }
    g_autoptr(TuneBrief) flat = brief_of(vocabulary, theme, "jazz", "key", "Eb major");
    g_autoptr(TuneScore) moved = arrange(vocabulary, flat, 5);
    g_assert_cmpint(tune_score_key_at(moved, 0).tonic, ==, -3);
    g_assert_cmpint(times_heard(moved, theme), >=, 1);
    g_autoptr(TuneBrief) minor = brief_of(vocabulary, theme, "folk", "key", "G minor");
    g_autoptr(TuneScore) dark = arrange(vocabulary, minor, 5);
    g_assert_cmpint(tune_score_key_at(dark, 0).mode, ==, TUNE_MODE_MINOR);
    g_autoptr(TuneBrief) sad = brief_of(vocabulary, theme, "pop", "mood", "sad, melancholic");
    g_assert_true(tune_mode_is_minor(sad->key.mode));
}

/* Two seconds a bar, sixteen notes to choose from: the chords hold what the tune leans on. */
static void test_chords_fit_the_tune(void)
{
    g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_load(NULL);
    g_autoptr(TuneTheme) theme = theme_of(tune);
    gint held = 0, all = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(styles); i++) {
        g_autoptr(TuneBrief) brief = brief_of(vocabulary, theme, styles[i], NULL, NULL);
        g_autoptr(TuneScore) score = arrange(vocabulary, brief, i);
        const TuneTrack *lead = NULL;
        for (guint t = 0; t < score->tracks->len && lead == NULL; t++)
            if (((const TuneTrack *)score->tracks->pdata[t])->role == TUNE_ROLE_LEAD)
                lead = score->tracks->pdata[t];
        for (guint k = 0; k < lead->notes->len; k++) {
            const TuneNote *n = &g_array_index(lead->notes, TuneNote, k);
            gint in_bar = n->onset % tune_metre_bar_ticks(brief->metre);
            const TuneScoreChord *c = tune_score_chord_at(score, n->onset);
            if (in_bar != 0 || c == NULL)
                continue;
            all++;
            held += (tune_chord_mask(c->chord) >> (n->pitch % 12)) & 1;
        }
    }
    g_assert_cmpint(all, >, 40);
    g_assert_cmpfloat((double)held / all, >, 0.8);
}

static void test_the_brief_keeps_it(void)
{
    g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_load(NULL);
    g_autoptr(TuneTheme) theme = theme_of(in_three);
    g_autoptr(TuneBrief) brief = brief_of(vocabulary, theme, "folk", "duration", "60");
    g_autoptr(json_t) json = tune_brief_to_json(brief);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneBrief) again = tune_brief_from_json(json, vocabulary, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(again->theme->hash, ==, theme->hash);
    g_autoptr(TuneScore) first = arrange(vocabulary, brief, 9), second = arrange(vocabulary, again, 9);
    g_autoptr(GBytes) a = tune_score_write_json(first, NULL), b = tune_score_write_json(second, NULL);
    g_assert_true(g_bytes_equal(a, b));
    g_assert_cmpint(first->length_us, ==, 60000000);

    json_t *notes = json_object_get(json_object_get(json, "theme"), "notes");
    json_array_set_new(json_array_get(notes, 1), 2, json_integer(50));
    g_assert_null(tune_brief_from_json(json, vocabulary, &error));
    g_assert_nonnull(strstr(error->message, "hash"));
}

static void test_no_melody_is_refused(void)
{
    static const char empty[] = "X:1\nM:4/4\nL:1/4\nK:C\nC D |]\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneScore) score =
        tune_score_read_abc("e.abc", (const guint8 *)empty, strlen(empty), &error);

    g_assert_no_error(error);
    g_assert_null(tune_theme_from_score(score, &error));
    g_assert_error(error, TUNE_COMPOSE_ERROR, TUNE_COMPOSE_ERROR_IMPOSSIBLE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/theme/takes-the-melody", test_takes_the_melody);
    g_test_add_func("/compose/theme/heard-in-every-style", test_is_heard_in_every_style);
    g_test_add_func("/compose/theme/what-is-said-moves-it", test_what_is_said_moves_it);
    g_test_add_func("/compose/theme/chords-fit", test_chords_fit_the_tune);
    g_test_add_func("/compose/theme/the-brief-keeps-it", test_the_brief_keeps_it);
    g_test_add_func("/compose/theme/no-melody-is-refused", test_no_melody_is_refused);
    return g_test_run();
}
