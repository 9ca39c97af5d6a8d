/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The report believes nobody: a score that was composed for another request is found out.
 */
#include "compose/compose.h"
#include "engine/report-private.h"

#include <string.h>

typedef struct {
    TuneVocabulary *vocabulary;
    TuneBrief *brief;
    TuneScore *score;
    ReportSheet sheet;
} Fixture;

static TuneBrief *brief_of(const TuneVocabulary *vocabulary, const char *sentence)
{
    g_autoptr(GError) error = NULL;
    TuneBrief *brief = tune_brief_new();

    tune_brief_read_sentence(brief, vocabulary, sentence, &error);
    g_assert_no_error(error);
    tune_brief_complete(brief, vocabulary, &error);
    g_assert_no_error(error);
    return brief;
}

/* The sheet of @asked over the score that @made gives. */
static void set_up(Fixture *f, const char *asked, const char *made)
{
    g_autoptr(GError) error = NULL;

    f->vocabulary = tune_vocabulary_load(&error);
    g_assert_no_error(error);
    g_autoptr(TuneBrief) other = brief_of(f->vocabulary, made);
    f->brief = brief_of(f->vocabulary, asked);
    f->score = tune_compose(other, f->vocabulary, 1, NULL, &error);
    g_assert_no_error(error);
    f->sheet = (ReportSheet){.brief = f->brief,
                             .score = f->score,
                             .seconds = (double)f->score->length_us / 1e6,
                             .fields = json_array()};
    report_put_score_fields(&f->sheet);
}

static void tear_down(Fixture *f)
{
    json_decref(f->sheet.fields);
    tune_score_unref(f->score);
    tune_brief_free(f->brief);
    tune_vocabulary_unref(f->vocabulary);
}

static const char *status_of(const Fixture *f, const char *field)
{
    size_t i;
    json_t *entry;

    json_array_foreach(f->sheet.fields, i, entry)
        if (strcmp(json_string_value(json_object_get(entry, "field")), field) == 0)
            return json_string_value(json_object_get(entry, "status"));
    return "absent";
}

static void test_a_score_for_another_request_is_found_out(void)
{
    Fixture f;

    set_up(&f, "rock in C major, 100 bpm, 3/4, 10 seconds, violin, no drums, no piano, chords C G F",
           "jazz in F minor, 140 bpm, 4/4, 8 seconds, piano, drums");
    g_assert_cmpstr(status_of(&f, "style"), ==, "missed");
    g_assert_cmpstr(status_of(&f, "tempo"), ==, "missed");
    g_assert_cmpstr(status_of(&f, "key"), ==, "missed");
    g_assert_cmpstr(status_of(&f, "metre"), ==, "missed");
    g_assert_cmpstr(status_of(&f, "length"), ==, "missed");
    g_assert_cmpstr(status_of(&f, "instrument violin"), ==, "missed");
    g_assert_cmpstr(status_of(&f, "drums"), ==, "missed");
    g_assert_cmpstr(status_of(&f, "chords"), ==, "missed");
    g_assert_cmpuint(f.sheet.counts[REPORT_MISSED], >=, 8);
    tear_down(&f);
}

static void test_its_own_score_meets_all(void)
{
    static const char sentence[] = "jazz in F minor, 140 bpm, 4/4, 12 seconds, piano, no drums, tense";
    Fixture f;

    set_up(&f, sentence, sentence);
    g_assert_cmpstr(status_of(&f, "tempo"), ==, "met");
    g_assert_cmpstr(status_of(&f, "key"), ==, "met");
    g_assert_cmpstr(status_of(&f, "length"), ==, "met");
    g_assert_cmpstr(status_of(&f, "drums"), ==, "met");
    g_assert_cmpstr(status_of(&f, "mood"), ==, "not-measured");
    g_assert_cmpstr(status_of(&f, "form"), ==, "not-asked");
    g_assert_cmpuint(f.sheet.counts[REPORT_MISSED], ==, 0);
    tear_down(&f);
}

static void test_a_tempo_that_changes_is_measured(void)
{
    Fixture f, steady;

    set_up(&f, "rock, 40 seconds, speeds up at the end", "rock, 40 seconds, speeds up at the end");
    set_up(&steady, "rock, 40 seconds, speeds up at the end", "rock, 40 seconds");
    g_assert_cmpstr(status_of(&f, "tempo curve"), ==, "met");
    g_assert_cmpstr(status_of(&steady, "tempo curve"), ==, "missed");
    tear_down(&f);
    tear_down(&steady);
    set_up(&f, "rock, 40 seconds", "rock, 40 seconds");
    g_assert_cmpstr(status_of(&f, "tempo curve"), ==, "absent");
    tear_down(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/report/another-request", test_a_score_for_another_request_is_found_out);
    g_test_add_func("/engine/report/its-own-score", test_its_own_score_meets_all);
    g_test_add_func("/engine/report/tempo-curve", test_a_tempo_that_changes_is_measured);
    return g_test_run();
}
