/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/brief.h"
#include "brief/preset.h"

#include <string.h>

static TuneVocabulary *vocabulary; /* loaded once for the whole program: it is immutable */

static TuneBrief *heard(const char *sentence)
{
    g_autoptr(GError) error = NULL;
    TuneBrief *brief = tune_brief_new();

    tune_brief_read_sentence(brief, vocabulary, sentence, &error);
    g_assert_no_error(error);
    return brief;
}

static TuneBrief *completed(const char *sentence)
{
    g_autoptr(GError) error = NULL;
    TuneBrief *brief = heard(sentence);

    tune_brief_complete(brief, vocabulary, &error);
    g_assert_no_error(error);
    return brief;
}

static void set(TuneBrief *brief, const char *field, const char *value)
{
    g_autoptr(GError) error = NULL;

    tune_brief_set_field(brief, vocabulary, field, value, &error);
    g_assert_no_error(error);
}

static void assert_refused(const char *field, const char *value, gint code, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneBrief) brief = tune_brief_new();

    g_assert_false(tune_brief_set_field(brief, vocabulary, field, value, &error));
    g_assert_error(error, TUNE_BRIEF_ERROR, code);
    g_assert_true(g_str_has_prefix(error->message, field));
    if (strstr(error->message, part) == NULL)
        g_error("\"%s\" does not hold \"%s\"", error->message, part);
}

static void assert_sentence_refused(const char *sentence, gint code, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneBrief) brief = tune_brief_new();

    if (tune_brief_read_sentence(brief, vocabulary, sentence, &error))
        tune_brief_complete(brief, vocabulary, &error);
    g_assert_error(error, TUNE_BRIEF_ERROR, code);
    if (strstr(error->message, part) == NULL)
        g_error("\"%s\" does not hold \"%s\"", error->message, part);
}

/* ---- fields ---- */

static void test_every_field_is_set(void)
{
    g_autoptr(TuneBrief) brief = tune_brief_new();

    set(brief, "genre", "jazz");
    set(brief, "bpm", "96.5");
    set(brief, "key", "F# minor");
    set(brief, "metre", "6/8");
    set(brief, "chords", "Am7 D7 Gmaj7");
    set(brief, "duration", "1:30");
    set(brief, "structure", "intro, verse:8, chorus:8, outro");
    set(brief, "instruments", "upright bass, piano");
    set(brief, "exclude", "trumpet,flute");
    set(brief, "lyrics", "[Verse]\nla la la");
    set(brief, "ending", "fade");
    set(brief, "loop", "no");
    set(brief, "commercial", "yes");
    set(brief, "temperature", "0.2");
    set(brief, "loudness", "-16");
    set(brief, "mood", "sad, tender");
    set(brief, "title", "Rain");
    set(brief, "style", "sound: brushes");
    g_assert_cmpstr(tune_style_name(brief->style), ==, "jazz");
    g_assert_cmpfloat(brief->bpm_low, ==, 96.5);
    g_assert_true(brief->bpm_hard);
    g_assert_cmpint(brief->key.tonic, ==, 6);
    g_assert_cmpint(brief->mode_origin, ==, TUNE_ORIGIN_FIELD);
    g_assert_cmpint(brief->metre.unit, ==, 8);
    g_assert_cmpuint(brief->chords->len, ==, 3);
    g_assert_cmpfloat(brief->seconds, ==, 90);
    g_assert_cmpuint(brief->sections->len, ==, 4);
    g_assert_cmpint(g_array_index(brief->sections, TuneBriefSection, 1).bars, ==, 8);
    g_assert_cmpuint(brief->instruments->len, ==, 3); /* and the brushes of the reference */
    g_assert_cmpuint(brief->excluded->len, ==, 2);
    g_assert_cmpuint(brief->lyrics->len, ==, 1);
    g_assert_cmpint(brief->ending, ==, TUNE_ENDING_FADE);
    g_assert_false(brief->loop);
    g_assert_true(brief->commercial);
    g_autoptr(json_t) json = tune_brief_to_json(brief);
    g_autoptr(TuneBrief) again = tune_brief_from_json(json, vocabulary, NULL);
    g_assert_true(again->commercial);
    g_assert_cmpint(again->commercial_origin, ==, TUNE_ORIGIN_FIELD);
    g_assert_cmpfloat(brief->loudness_lufs, ==, -16);
    g_assert_cmpfloat(brief->valence, <, 0.1);
    g_assert_cmpstr(brief->title, ==, "Rain");
    g_assert_cmpstr(g_ptr_array_index(brief->style_references, 0), ==, "sound: brushes");
}

static void test_bad_fields_name_themselves(void)
{
    assert_refused("bpm", "0", TUNE_BRIEF_ERROR_FIELD, "outside");
    assert_refused("bpm", "100000", TUNE_BRIEF_ERROR_FIELD, "outside");
    assert_refused("bpm", "nan", TUNE_BRIEF_ERROR_FIELD, "not a number");
    assert_refused("bpm", "inf", TUNE_BRIEF_ERROR_FIELD, "not a number");
    assert_refused("bpm", "", TUNE_BRIEF_ERROR_FIELD, "not a number");
    assert_refused("bpm", "12x", TUNE_BRIEF_ERROR_FIELD, "not a number");
    assert_refused("key", "H#", TUNE_BRIEF_ERROR_FIELD, "H#");
    assert_refused("metre", "17/3", TUNE_BRIEF_ERROR_FIELD, "17/3");
    assert_refused("metre", "NaN", TUNE_BRIEF_ERROR_FIELD, "NaN");
    assert_refused("chords", "Zm7 foo", TUNE_BRIEF_ERROR_FIELD, "progression");
    assert_refused("duration", "-3", TUNE_BRIEF_ERROR_FIELD, "outside");
    assert_refused("duration", "1e300", TUNE_BRIEF_ERROR_FIELD, "outside");
    assert_refused("duration", "NaN", TUNE_BRIEF_ERROR_FIELD, "NaN");
    assert_refused("duration", "soon", TUNE_BRIEF_ERROR_FIELD, "length");
    assert_refused("duration", "1:75", TUNE_BRIEF_ERROR_FIELD, "colon");
    assert_refused("structure", "verse 0", TUNE_BRIEF_ERROR_FIELD, "no bars");
    assert_refused("instruments", "saxofone", TUNE_BRIEF_ERROR_UNKNOWN, "did you mean \"saxophone\"");
    assert_refused("exclude", "pianno", TUNE_BRIEF_ERROR_UNKNOWN, "did you mean \"piano\"");
    assert_refused("bars", "2.5", TUNE_BRIEF_ERROR_FIELD, "whole");
    assert_refused("structure", "intro, blah", TUNE_BRIEF_ERROR_FIELD, "sections");
    assert_refused("instruments", "vuvuzela", TUNE_BRIEF_ERROR_UNKNOWN, "vuvuzela");
    assert_refused("instruments", "trumpett", TUNE_BRIEF_ERROR_UNKNOWN, "did you mean \"trumpet\"");
    assert_refused("instruments", ",", TUNE_BRIEF_ERROR_FIELD, "no instrument");
    assert_refused("genre", "jaxx", TUNE_BRIEF_ERROR_UNKNOWN, "did you mean \"jazz\"");
    assert_refused("genre", "splonk", TUNE_BRIEF_ERROR_UNKNOWN, "splonk");
    assert_refused("ending", "boom", TUNE_BRIEF_ERROR_FIELD, "boom");
    assert_refused("loop", "perhaps", TUNE_BRIEF_ERROR_FIELD, "neither");
    assert_refused("commercial", "maybe", TUNE_BRIEF_ERROR_FIELD, "neither");
    assert_refused("temperature", "1.5", TUNE_BRIEF_ERROR_FIELD, "outside");
    assert_refused("loudness", "3", TUNE_BRIEF_ERROR_FIELD, "outside");
    assert_refused("mood", "xyzzy", TUNE_BRIEF_ERROR_FIELD, "mood");
    assert_refused("style", "nonsense", TUNE_BRIEF_ERROR_FIELD, "TYPE:VALUE");
    assert_refused("bpm", "\xff", TUNE_BRIEF_ERROR_TEXT, "UTF-8");
    assert_refused("lyrics", "...", TUNE_BRIEF_ERROR_FIELD, "no words");
}

/* ---- ranks ---- */

static void test_field_outranks_sentence_outranks_preset(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TunePreset) preset = tune_preset_load("rock_anthem", &error);
    g_autoptr(TuneBrief) brief = tune_brief_new();

    g_assert_no_error(error);
    set(brief, "bpm", "90");
    g_assert_true(tune_brief_read_sentence(brief, vocabulary, "jazz at 120 bpm in D minor", &error));
    g_assert_true(tune_brief_apply_preset(brief, vocabulary, preset, &error));
    g_assert_true(tune_brief_complete(brief, vocabulary, &error));
    g_assert_cmpfloat(brief->bpm_low, ==, 90);
    g_assert_cmpint(brief->bpm_origin, ==, TUNE_ORIGIN_FIELD);
    g_assert_cmpstr(tune_style_name(brief->style), ==, "jazz");
    g_assert_cmpint(brief->style_origin, ==, TUNE_ORIGIN_SAID);
    g_assert_cmpint(brief->sections_origin, ==, TUNE_ORIGIN_PRESET);
    g_assert_cmpuint(brief->sections->len, ==, 8);
    g_assert_cmpfloat(brief->temperature, ==, 0.8);
}

static void test_field_settles_what_the_sentence_contradicts(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneBrief) brief = tune_brief_new();
    g_autoptr(TuneBrief) other = tune_brief_new();

    set(brief, "exclude", "piano");
    g_assert_true(tune_brief_read_sentence(brief, vocabulary, "solo piano and cello", &error));
    g_assert_true(tune_brief_complete(brief, vocabulary, &error));
    g_assert_cmpuint(brief->instruments->len, ==, 1);
    g_assert_cmpuint(brief->notes->len, >, 0);

    set(other, "duration", "90");
    g_assert_true(tune_brief_read_sentence(other, vocabulary, "16 bars at 120 bpm", &error));
    g_assert_true(tune_brief_complete(other, vocabulary, &error));
    g_assert_cmpfloat(other->seconds, ==, 90);
    g_assert_cmpint(other->bars, ==, 0);
}

static void test_number_beats_adjective_with_a_note(void)
{
    g_autoptr(TuneBrief) brief = completed("fast ballad at 60 bpm");
    gboolean noted = FALSE;

    g_assert_cmpfloat(brief->bpm_low, ==, 60);
    g_assert_cmpfloat(brief->bpm_high, ==, 60);
    for (guint i = 0; i < brief->notes->len; i++)
        noted = noted || strstr(g_ptr_array_index(brief->notes, i), "fast") != NULL;
    g_assert_true(noted);
}

static void test_conflicts_name_both_sides(void)
{
    assert_sentence_refused("16 bars at 120 bpm, 90 seconds", TUNE_BRIEF_ERROR_CONFLICT, "16 bars");
    assert_sentence_refused("16 bars at 120 bpm, 90 seconds", TUNE_BRIEF_ERROR_CONFLICT, "90 seconds");
    assert_sentence_refused("solo piano, no piano", TUNE_BRIEF_ERROR_CONFLICT, "no acoustic-piano");
    assert_sentence_refused("2 seconds with 40 sections", TUNE_BRIEF_ERROR_CONFLICT, "40 sections");
    assert_sentence_refused("2 seconds with 40 sections", TUNE_BRIEF_ERROR_CONFLICT, "but 2 seconds are");
    assert_sentence_refused("no drums but a drum kit", TUNE_BRIEF_ERROR_CONFLICT, "excluded");
    assert_sentence_refused("drop at 0:45 in 30 seconds of techno", TUNE_BRIEF_ERROR_CONFLICT, "45");
    assert_sentence_refused("rock in H# minor", TUNE_BRIEF_ERROR_FIELD, "H#");
    assert_sentence_refused("rock in E### minor", TUNE_BRIEF_ERROR_FIELD, "E###");
}

/* ---- completing ---- */

static void test_completing_infers(void)
{
    g_autoptr(TuneBrief) waltz = completed("a waltz");
    g_autoptr(TuneBrief) sad = completed("sad folk song");
    g_autoptr(TuneBrief) empty = completed("xyzzy");
    g_autoptr(TuneBrief) slow = completed("slow house");
    g_autoptr(TuneBrief) jazz = completed("jazz with bass and drums");
    double low, high;

    g_assert_cmpint(waltz->metre.beats, ==, 3);
    g_assert_cmpint(waltz->metre_origin, ==, TUNE_ORIGIN_INFERRED);
    g_assert_cmpint(sad->key.mode, ==, TUNE_MODE_MINOR);
    g_assert_nonnull(empty->style);
    g_assert_cmpint(empty->style_origin, ==, TUNE_ORIGIN_DEFAULT);
    g_assert_cmpstr(g_ptr_array_index(empty->not_understood, 0), ==, "xyzzy");
    tune_style_tempo(empty->style, &low, &high);
    g_assert_cmpfloat(empty->bpm_low, ==, low);
    g_assert_cmpfloat(slow->bpm_high, <=, 100); /* outside house's own range: said is said */
    g_assert_cmpstr(g_array_index(jazz->instruments, TuneBriefInstrument, 0).instrument->key, ==,
                    "upright-bass");
    g_assert_cmpstr(g_array_index(jazz->instruments, TuneBriefInstrument, 1).instrument->key, ==,
                    "jazz-kit");
}

static void test_chord_bars_become_beats(void)
{
    g_autoptr(TuneBrief) brief = completed("Dm7 G7 | Cmaj7 | Am7, in 3/4");

    g_assert_cmpuint(brief->chord_beats->len, ==, 4);
    g_assert_cmpfloat(g_array_index(brief->chord_beats, double, 0), ==, 1.5);
    g_assert_cmpfloat(g_array_index(brief->chord_beats, double, 2), ==, 3);
}

static void test_unknown_genre_takes_the_nearest_and_says_so(void)
{
    g_autoptr(TuneBrief) brief = completed("reggae");

    if (brief->style_asked == NULL)
        g_assert_cmpstr(tune_style_name(brief->style), ==, "reggae"); /* has its own style by now */
    else
        g_assert_cmpuint(brief->notes->len, >, 0);
}

static void test_nothing_is_dropped_silently(void)
{
    g_autoptr(TuneBrief) brief = heard("a purple jazz tune about gravity, flombulated, with 37 widgets");
    static const char *const strange[] = {"purple", "gravity", "flombulated", "37", "widgets"};

    for (gsize i = 0; i < G_N_ELEMENTS(strange); i++)
        g_assert_true(g_ptr_array_find_with_equal_func(brief->not_understood, strange[i], g_str_equal,
                                                       NULL));
    g_assert_cmpuint(brief->not_understood->len, ==, G_N_ELEMENTS(strange));
    g_autoptr(TuneBrief) signs = heard("\360\237\245\201\360\237\245\201 \342\210\236 bpm \342\206\222 \342\200\246");
    g_assert_cmpuint(signs->not_understood->len, ==, 2); /* not the arrow, nor the dots */
    g_assert_cmpstr(g_ptr_array_index(signs->not_understood, 0), ==, "\360\237\245\201");
    g_assert_cmpstr(g_ptr_array_index(signs->not_understood, 1), ==, "\342\210\236");
}

/* ---- JSON and text ---- */

static void test_json_is_lossless(void)
{
    static const char *const sentences[] = {
        "slow jazz ballad in F minor, 70 bpm, brushes and upright bass, 90 seconds",
        "[0:00 - 0:15] quiet strings\n[0:15 - 0:45] drums enter\n[0:45 - 1:00] only piano, fade out",
        "[Verse 1]\nThe rain is falling\n[Chorus]\nHold on, hold on",
        "C | F G | Am, 3/4, loop of 8 bars, no guitars, lead violin, speeds up at the end",
        "folk with electronic drums between 90 and 100 bpm, starts quiet, builds up, called \"X\"",
        "reggae, happy, sunny, two violins, no vocals",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(sentences); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(TuneBrief) brief = completed(sentences[i]);
        g_autoptr(json_t) json = tune_brief_to_json(brief);
        g_autofree char *text = tune_json_canonical(json);
        g_autoptr(json_t) parsed = tune_json_parse("t", text, strlen(text), &error);
        g_autoptr(TuneBrief) again = tune_brief_from_json(parsed, vocabulary, &error);
        g_assert_no_error(error);
        g_autoptr(json_t) json_again = tune_brief_to_json(again);
        g_autofree char *text_again = tune_json_canonical(json_again);
        g_assert_cmpstr(text, ==, text_again);
        g_autofree char *explained = tune_brief_explain(brief), *explained_again = tune_brief_explain(again);
        g_assert_cmpstr(explained, ==, explained_again);
        g_autoptr(TuneBrief) copy = tune_brief_copy(brief);
        g_autoptr(json_t) json_copy = tune_brief_to_json(copy);
        g_assert_true(json_equal(json, json_copy));
    }
}

static void test_broken_json_is_refused(void)
{
    static const char *const texts[] = {
        "[]", "{\"style\":3}", "{\"style\":{\"value\":\"nope\",\"origin\":\"said\"}}",
        "{\"bpm\":{\"value\":[1],\"origin\":\"said\"}}", "{\"bpm\":{\"value\":[1,2],\"origin\":\"x\"}}",
        "{\"instruments\":[{\"key\":\"kazoo\",\"origin\":\"said\"}]}",
        "{\"sections\":{\"value\":[{\"role\":\"zzz\"}],\"origin\":\"said\"}}",
        "{\"chords\":{\"value\":[{\"symbol\":\"Q\",\"beats\":1}],\"origin\":\"said\"}}",
        "{\"temperature\":{\"value\":7,\"origin\":\"said\"}}", "{\"tags\":[3]}"};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) json = tune_json_parse("t", texts[i], strlen(texts[i]), &error);
        g_assert_no_error(error);
        g_assert_null(tune_brief_from_json(json, vocabulary, &error));
        g_assert_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD);
    }
}

static void test_explain_shows_fields_and_origins(void)
{
    g_autoptr(TuneBrief) brief = completed("sad jazz at 70 bpm with frobnication");
    g_autofree char *text = tune_brief_explain(brief);

    g_assert_nonnull(strstr(text, "jazz"));
    g_assert_nonnull(strstr(text, "70 bpm"));
    g_assert_nonnull(strstr(text, "said"));
    g_assert_nonnull(strstr(text, "inferred"));
    g_assert_nonnull(strstr(text, "not understood frobnication"));
}

/* ---- bad input ---- */

static void test_bad_texts_are_refused(void)
{
    gsize size = 10 * 1024 * 1024;
    g_autofree char *huge = g_malloc(size + 1);

    memset(huge, 'a', size);
    huge[size] = '\0';
    assert_sentence_refused(huge, TUNE_BRIEF_ERROR_TEXT, "longer");
    assert_sentence_refused("", TUNE_BRIEF_ERROR_EMPTY, "empty");
    assert_sentence_refused(" \t\n\x01 ", TUNE_BRIEF_ERROR_EMPTY, "empty");
    assert_sentence_refused("jazz \xff\xfe", TUNE_BRIEF_ERROR_TEXT, "UTF-8");
    assert_sentence_refused("techno at 0 bpm", TUNE_BRIEF_ERROR_FIELD, "bpm");
    assert_sentence_refused("techno at 100000 bpm", TUNE_BRIEF_ERROR_FIELD, "bpm");
    assert_sentence_refused("99999999999999999999999999 seconds", TUNE_BRIEF_ERROR_FIELD, "duration");
    assert_sentence_refused("17/3 time", TUNE_BRIEF_ERROR_FIELD, "metre");
    assert_sentence_refused("3 seconds of jazz", TUNE_BRIEF_ERROR_FIELD, "duration");
    g_autoptr(TuneBrief) control = completed("jazz\x01\x02\x1b\x07 piano\x7f at 90 bpm");
    g_assert_cmpfloat(control->bpm_low, ==, 90);
}

static void test_a_duo_is_alone(void)
{
    g_autoptr(TuneBrief) two = completed("duo for violin and cello");

    g_assert_cmpuint(two->not_understood->len, ==, 0);
    g_assert_cmpuint(two->instruments->len, ==, 2);
    g_assert_true(two->only_instruments);
}

static void test_moments_are_no_lengths(void)
{
    g_autoptr(TuneBrief) listed =
        completed("0:00 soft piano, 0:20 drums enter, 0:40 big climax, 1:00 end");
    g_autoptr(TuneBrief) one = completed("0:20 drums enter");
    g_autoptr(TuneBrief) length = completed("folk with drums, 1:20, no piano");

    g_assert_cmpuint(listed->sections->len, ==, 3);
    g_assert_cmpfloat(g_array_index(listed->sections, TuneBriefSection, 1).at_seconds, ==, 20);
    g_assert_cmpfloat(listed->seconds, ==, 60);
    g_assert_cmpfloat(one->seconds, ==, 0);
    g_assert_cmpfloat(length->seconds, ==, 80);
}

/* ---- speed ---- */

static void test_how_quick_understanding_is(void)
{
    static const char caption[] =
        "A melodic electronic song with ambient elements, featuring piano, acoustic guitar, alto saxophone, "
        "string ensemble and electric bass. Set in G minor with a 4/4 time signature, it moves at a lively "
        "Presto tempo. The composition evokes a blend of relaxation and darkness.";
    gint64 start = g_get_monotonic_time(), loaded;
    g_autoptr(TuneVocabulary) again = tune_vocabulary_load(NULL);

    loaded = g_get_monotonic_time();
    for (gint i = 0; i < 100; i++)
        tune_brief_free(completed(caption));
    double load_ms = (double)(loaded - start) / 1000;
    double sentence_ms = (double)(g_get_monotonic_time() - loaded) / 100 / 1000;
    g_test_message("vocabulary %.2f ms, a caption %.3f ms", load_ms, sentence_ms);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    g_test_init(&argc, &argv, NULL);
    vocabulary = tune_vocabulary_load(&error);
    g_assert_no_error(error);
    g_test_add_func("/brief/fields/all", test_every_field_is_set);
    g_test_add_func("/brief/fields/refused", test_bad_fields_name_themselves);
    g_test_add_func("/brief/ranks", test_field_outranks_sentence_outranks_preset);
    g_test_add_func("/brief/ranks/contradictions", test_field_settles_what_the_sentence_contradicts);
    g_test_add_func("/brief/number-beats-adjective", test_number_beats_adjective_with_a_note);
    g_test_add_func("/brief/conflicts", test_conflicts_name_both_sides);
    g_test_add_func("/brief/complete/infers", test_completing_infers);
    g_test_add_func("/brief/complete/chord-beats", test_chord_bars_become_beats);
    g_test_add_func("/brief/complete/nearest-style", test_unknown_genre_takes_the_nearest_and_says_so);
    g_test_add_func("/brief/not-understood", test_nothing_is_dropped_silently);
    g_test_add_func("/brief/json/lossless", test_json_is_lossless);
    g_test_add_func("/brief/json/broken", test_broken_json_is_refused);
    g_test_add_func("/brief/explain", test_explain_shows_fields_and_origins);
    g_test_add_func("/brief/a-duo-is-alone", test_a_duo_is_alone);
    g_test_add_func("/brief/moments-are-no-lengths", test_moments_are_no_lengths);
    g_test_add_func("/brief/bad-texts", test_bad_texts_are_refused);
    g_test_add_func("/brief/speed", test_how_quick_understanding_is);
    gint result = g_test_run();
    tune_vocabulary_unref(vocabulary);
    return result;
}
