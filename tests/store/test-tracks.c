/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json-text.h"
#include "base/time.h"
#include "database.h"
#include "store/search.h"
#include "store/tracks.h"
#include "store/uploads.h"

#include <string.h>

typedef struct {
    TestDatabase *database;
    TuneStore *store;
} Fixture;

static const TuneStatement ADD_USER = {
    "add-user",
    "INSERT INTO users (id, email, name, password_hash, created_at, updated_at) "
    "VALUES ($1, $1, $1, 'x', 1, 1)",
    NULL};

static void set_up(Fixture *self, gconstpointer data)
{
    self->database = test_database_new(GPOINTER_TO_INT(data));
    if (self->database == NULL)
        return;
    self->store = test_database_open(self->database);
    tune_rows_free(tune_store_write(self->store, &ADD_USER, NULL, "t", "ann"));
    tune_rows_free(tune_store_write(self->store, &ADD_USER, NULL, "t", "bob"));
}

static void tear_down(Fixture *self, gconstpointer data)
{
    tune_store_free(self->store);
    test_database_free(self->database);
}

static const TuneTrackDraft DRAFT = {.user_id = "ann",
                                     .identity = "i",
                                     .title = "A title",
                                     .genre = "jazz",
                                     .engine = "compose",
                                     .is_public = TRUE,
                                     .bpm = 100,
                                     .seconds = 90};

/* Its id. (transfer full) */
static char *add(TuneStore *store, const TuneTrackDraft *draft)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) track = tune_track_create(store, draft, &error);
    g_assert_no_error(error);
    return g_strdup(json_string_value(json_object_get(track, "id")));
}

static const char *text_of(const json_t *list, gsize index, const char *key)
{
    return json_string_value(json_object_get(json_array_get(list, index), key));
}

static char *titles(json_t *list)
{
    GString *all = g_string_new(NULL);
    for (gsize i = 0; i < json_array_size(list); i++)
        g_string_append_printf(all, "%s%s", i > 0 ? " " : "", text_of(list, i, "title"));
    json_decref(list);
    return g_string_free(all, FALSE);
}

static void assert_titles(json_t *list, const char *expected)
{
    g_assert_nonnull(list);
    g_autofree char *all = titles(list);
    g_assert_cmpstr(all, ==, expected);
}

static void test_one(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) tags = json_pack("[s, s, i, s]", "late night", "  ", 3, "brushes");
    TuneTrackDraft draft = DRAFT;

    if (self->store == NULL)
        return;
    draft.tags = tags;
    draft.key = "F minor";
    draft.is_public = FALSE;
    g_autoptr(json_t) made = tune_track_create(self->store, &draft, &error);
    g_assert_no_error(error);
    const char *id = json_string_value(json_object_get(made, "id"));
    g_autoptr(json_t) got = tune_track_get(self->store, id, "ann", &error);
    g_assert_no_error(error);
    g_assert_true(json_equal(made, got));
    g_assert_cmpuint(json_object_size(got), ==, 19);
    g_assert_cmpstr(json_string_value(json_object_get(got, "key")), ==, "F minor");
    g_assert_cmpfloat(json_number_value(json_object_get(got, "bpm")), ==, 100);
    g_assert_true(json_is_null(json_object_get(got, "generation_id")));
    const json_t *back = json_object_get(got, "tags");
    g_assert_cmpuint(json_array_size(back), ==, 2);
    g_assert_cmpstr(json_string_value(json_array_get(back, 0)), ==, "late night");
    gint64 when;
    g_assert_true(tune_time_parse(json_string_value(json_object_get(got, "created_at")), &when));
    g_assert_cmpint(ABS(when - g_get_real_time()), <, 60 * G_TIME_SPAN_SECOND);
    /* Private: for its owner and an operator. */
    g_assert_null(tune_track_get(self->store, id, "bob", &error));
    g_assert_null(tune_track_get(self->store, id, "", &error));
    g_assert_no_error(error);
    g_autoptr(json_t) by_operator = tune_track_get(self->store, id, NULL, &error);
    g_assert_nonnull(by_operator);
    g_assert_null(tune_track_get(self->store, "no such id", NULL, &error));
    g_assert_no_error(error);
}

static void test_changes(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) patch = json_pack("{s:s, s:b, s:[s], s:i, s:s}", "title", "Näw", "is_public",
                                        0, "tags", "one", "plays", 99, "id", "other");
    if (self->store == NULL)
        return;
    g_autofree char *id = add(self->store, &DRAFT);
    g_assert_null(tune_track_patch(self->store, id, "bob", patch, &error));
    g_assert_null(tune_track_patch(self->store, id, "", patch, &error));
    g_assert_null(tune_track_patch(self->store, "none", NULL, patch, &error));
    g_assert_no_error(error);
    g_autoptr(json_t) changed = tune_track_patch(self->store, id, "ann", patch, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(json_string_value(json_object_get(changed, "title")), ==, "Näw");
    g_assert_cmpstr(json_string_value(json_object_get(changed, "genre")), ==, "jazz");
    g_assert_cmpstr(json_string_value(json_object_get(changed, "id")), ==, id);
    g_assert_cmpint(json_integer_value(json_object_get(changed, "plays")), ==, 0);
    g_assert_true(json_is_false(json_object_get(changed, "is_public")));
    g_autoptr(json_t) nothing = json_object();
    g_autoptr(json_t) same = tune_track_patch(self->store, id, "ann", nothing, &error);
    g_assert_true(json_is_false(json_object_get(same, "is_public")));
    g_assert_cmpuint(json_array_size(json_object_get(same, "tags")), ==, 1);
    g_assert_false(tune_track_delete(self->store, id, "bob", &error));
    g_assert_no_error(error);
    g_assert_true(tune_track_delete(self->store, id, "ann", &error));
    g_assert_false(tune_track_delete(self->store, id, "ann", &error));
    g_assert_no_error(error);
}

static void test_lists(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    static const struct {
        const char *title, *genre, *mood, *key;
        double bpm, seconds;
        gboolean is_public;
    } made[] = {{"a", "jazz", "calm", "C major", 80, 60, TRUE},
                {"b", "rock", "angry", "A minor", 140, 120, TRUE},
                {"c", "jazz", "angry", "A minor", 120, 180, TRUE},
                {"d", "jazz", "calm", "C major", 90, 240, FALSE},
                {"e", "jazz", "calm", "F minor", 70, 300, TRUE}};

    if (self->store == NULL)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(made); i++) {
        TuneTrackDraft draft = DRAFT;
        draft.title = made[i].title;
        draft.genre = made[i].genre;
        draft.mood = made[i].mood;
        draft.key = made[i].key;
        draft.bpm = made[i].bpm;
        draft.seconds = made[i].seconds;
        draft.is_public = made[i].is_public;
        g_free(add(self->store, &draft));
    }
    const struct {
        TuneTrackFilter filter;
        const char *expected;
    } cases[] = {{{NULL}, "e c b a"},
                 {{.genre = "jazz"}, "e c a"},
                 {{.mood = "angry"}, "c b"},
                 {{.genre = "jazz", .mood = "angry"}, "c"},
                 {{.key = "A minor", .bpm_min = 130}, "b"},
                 {{.bpm_min = 80, .bpm_max = 120}, "c a"},
                 {{.seconds_max = 120}, "b a"},
                 {{.seconds_min = 180, .engine = "compose"}, "e c"},
                 {{.engine = "musicgen"}, ""},
                 {{.genre = "' OR 1=1 --"}, ""}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_titles(tune_tracks_public(self->store, &cases[i].filter,
                                         &(TuneTrackPage){.limit = 10}, &error),
                      cases[i].expected);
    assert_titles(tune_tracks_of_user(self->store, "ann", &(TuneTrackPage){.limit = 10}, &error),
                  "e d c b a");
    assert_titles(tune_tracks_of_user(self->store, "bob", &(TuneTrackPage){.limit = 10}, &error),
                  "");
    g_assert_cmpint(tune_tracks_count_of_user(self->store, "ann", &error), ==, 5);
    assert_titles(
        tune_tracks_public(self->store, NULL, &(TuneTrackPage){.limit = 2, .offset = 1}, &error),
        "c b");
    g_assert_no_error(error);
}

static char *text_of_records(const TuneRecords *records, guint64 chosen)
{
    GString *out = g_string_new(NULL);

    tune_json_text_open(out, '[');
    for (guint i = 0; i < tune_records_count(records); i++)
        tune_records_write(records, i, chosen, out);
    g_string_append_c(out, ']');
    return g_string_free(out, FALSE);
}

/* Written as text or made into values: the same bytes. */
static void test_records_are_the_same_as_values(Fixture *self, gconstpointer data)
{
    static const char *const wanted[] = {"title", "id", "nothing", NULL}, *const hidden[] = {"id", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) tags = json_pack("[s, s]", "sea \"and\" sky", "\xe2\x80\xa8");
    TuneTrackDraft draft = DRAFT;
    TuneTrackPage page = {.limit = 2};
    const char *id = NULL;
    gint64 us = 0;

    if (self->store == NULL)
        return;
    draft.is_public = TRUE;
    g_free(add(self->store, &draft));
    draft.title = "odd \\ \"one\"\t\x01 \xf0\x9f\x8e\xb5 [{:,";
    draft.tags = tags;
    draft.bpm = 99.4567;
    draft.seconds = 0;
    draft.user_id = NULL;
    g_free(add(self->store, &draft));
    draft.tags = NULL;
    g_free(add(self->store, &draft));
    g_autoptr(json_t) values = tune_tracks_public(self->store, NULL, &page, &error);
    g_autoptr(TuneRecords) records = tune_tracks_public_records(self->store, NULL, &page, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(tune_records_count(records), ==, 2);
    char *expected = json_dumps(values, JSON_COMPACT | JSON_REAL_PRECISION(15));
    g_autofree char *got = text_of_records(records, tune_records_choose(records, NULL, NULL));
    g_assert_cmpstr(got, ==, expected);
    free(expected);
    g_assert_true(tune_records_place(records, 1, &us, &id));
    g_autofree char *when = tune_time_text(us);
    g_assert_cmpstr(id, ==, text_of(values, 1, "id"));
    g_assert_cmpstr(when, ==, text_of(values, 1, "created_at"));
    g_autofree char *title = text_of_records(records, tune_records_choose(records, wanted, hidden));
    g_assert_cmpstr(title, ==,
                    "[{\"title\":\"odd \\\\ \\\"one\\\"\\t\\u0001 \xf0\x9f\x8e\xb5 [{:,\"},"
                    "{\"title\":\"odd \\\\ \\\"one\\\"\\t\\u0001 \xf0\x9f\x8e\xb5 [{:,\"}]");
}

/* Pages by key tile the list, also where many tracks share a moment. */
static void test_pages(Fixture *self, gconstpointer data)
{
    static const TuneStatement same_time = {"same-time", "UPDATE tracks SET created_at = 1000000",
                                            NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *before = g_strdup("");
    gint64 before_us = 0;

    if (self->store == NULL)
        return;
    for (guint i = 0; i < 25; i++)
        g_free(add(self->store, &DRAFT));
    tune_rows_free(tune_store_write(self->store, &same_time, &error, ""));
    g_assert_no_error(error);
    for (gsize n = 4; n == 4;) {
        TuneTrackPage page = {.before_us = before_us, .before_id = before, .limit = 4};
        g_autoptr(json_t) list = tune_tracks_public(self->store, NULL, &page, &error);
        g_assert_no_error(error);
        n = json_array_size(list);
        for (gsize i = 0; i < n; i++)
            g_assert_true(g_hash_table_add(seen, g_strdup(text_of(list, i, "id"))));
        if (n == 0)
            break;
        g_free(before);
        before = g_strdup(text_of(list, n - 1, "id"));
        g_assert_true(tune_time_parse(text_of(list, n - 1, "created_at"), &before_us));
    }
    g_assert_cmpuint(g_hash_table_size(seen), ==, 25);
}

static void test_search(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    if (self->store == NULL)
        return;
    static const struct {
        const char *title, *description, *mood;
        gboolean is_public;
    } made[] = {{"rain", "slow piano", "sad", TRUE},
                {"piano", "rain in the street", "calm", TRUE},
                {"street", "lo-fi beats, no voices", "calm", TRUE},
                {"hidden", "piano rain", "sad", FALSE},
                {"Ærlig", "große Straße", "ernst", TRUE}};
    for (guint i = 0; i < G_N_ELEMENTS(made); i++) {
        TuneTrackDraft draft = DRAFT;
        draft.title = made[i].title;
        draft.description = made[i].description;
        draft.mood = made[i].mood;
        draft.is_public = made[i].is_public;
        g_free(add(self->store, &draft));
    }
    static const struct {
        const char *words, *expected;
    } cases[] = {{"piano", "piano rain"},
                 {"rain", "rain piano"},
                 {"PIANO Rain sad", "rain"},
                 {"pian", "piano rain"},
                 {"pi*", "piano rain"},
                 {"\"in the street\"", "piano"},
                 {"\"street the in\"", ""},
                 {"street -piano", "street"},
                 {"-piano", ""},
                 {"lo-fi", "street"},
                 {"ærlig", "Ærlig"},
                 {"", ""},
                 {"'\"&|!()*:<->\\", ""},
                 {"rain' OR '1'='1", ""},
                 {"title:rain) OR (x", ""},
                 {"nothing", ""}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_titles(tune_tracks_search(self->store, cases[i].words, NULL, 0, 10, &error),
                      cases[i].expected);
        g_assert_no_error(error);
    }
    TuneTrackFilter filter = {.mood = "calm"};
    assert_titles(tune_tracks_search(self->store, "piano", &filter, 0, 10, &error), "piano");
    assert_titles(tune_tracks_search(self->store, "piano", NULL, 1, 10, &error), "rain");
    assert_titles(tune_tracks_search(self->store, "pian", NULL, 1, 10, &error), "rain");
    assert_titles(tune_tracks_search(self->store, "piano", NULL, 2, 10, &error), "");
    /* A changed title is found under its new words only. */
    g_autoptr(json_t) found = tune_tracks_search(self->store, "ærlig", NULL, 0, 1, &error);
    g_autoptr(json_t) patch = json_pack("{s:s}", "title", "renamed");
    g_autoptr(json_t) renamed =
        tune_track_patch(self->store, text_of(found, 0, "id"), NULL, patch, &error);
    g_assert_nonnull(renamed);
    assert_titles(tune_tracks_search(self->store, "ærlig", NULL, 0, 10, &error), "");
    assert_titles(tune_tracks_search(self->store, "renamed", NULL, 0, 10, &error), "renamed");
    g_assert_true(tune_track_delete(self->store, text_of(found, 0, "id"), NULL, &error));
    assert_titles(tune_tracks_search(self->store, "renamed", NULL, 0, 10, &error), "");
    g_assert_no_error(error);
}

static void test_likes_and_plays(Fixture *self, gconstpointer data)
{
    static const TuneStatement older = {
        "older", "UPDATE plays SET created_at = created_at - $2 WHERE track_id = $1", NULL};
    g_autoptr(GError) error = NULL;
    TuneTrackDraft draft = DRAFT;
    gint64 count = 0;

    if (self->store == NULL)
        return;
    draft.title = "old";
    g_autofree char *old = add(self->store, &draft);
    draft.title = "hot";
    g_autofree char *hot = add(self->store, &draft);
    draft.title = "warm";
    g_autofree char *warm = add(self->store, &draft);
    draft.title = "hidden";
    draft.is_public = FALSE;
    g_autofree char *hidden = add(self->store, &draft);
    g_assert_true(tune_track_like(self->store, hot, "bob", TRUE, &count, &error));
    g_assert_true(tune_track_like(self->store, hot, "bob", TRUE, &count, &error));
    g_assert_cmpint(count, ==, 1);
    g_assert_true(tune_track_like(self->store, hot, "ann", TRUE, &count, &error));
    g_assert_cmpint(count, ==, 2);
    g_assert_true(tune_track_like(self->store, hot, "bob", FALSE, &count, &error));
    g_assert_true(tune_track_like(self->store, hot, "bob", FALSE, &count, &error));
    g_assert_cmpint(count, ==, 1);
    g_assert_false(tune_track_like(self->store, hidden, "bob", TRUE, &count, &error));
    g_assert_false(tune_track_play(self->store, hidden, "bob", &count, &error));
    g_assert_false(tune_track_play(self->store, "none", "bob", &count, &error));
    g_assert_no_error(error);
    for (guint i = 0; i < 3; i++)
        g_assert_true(tune_track_play(self->store, old, "", &count, &error));
    g_assert_cmpint(count, ==, 3);
    tune_rows_free(
        tune_store_write(self->store, &older, &error, "ti", old, (gint64)25 * G_TIME_SPAN_HOUR));
    g_assert_true(tune_track_play(self->store, warm, "bob", &count, &error));
    g_assert_true(tune_track_play(self->store, hot, "bob", &count, &error));
    g_assert_true(tune_track_play(self->store, hot, "ann", &count, &error));
    g_assert_true(tune_track_play(self->store, hidden, "ann", &count, &error));
    g_assert_no_error(error);
    g_autoptr(json_t) trending = tune_tracks_trending(self->store, 10, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(json_array_size(trending), ==, 2);
    g_assert_cmpstr(text_of(trending, 0, "title"), ==, "hot");
    const json_t *first = json_array_get(trending, 0);
    g_assert_cmpint(json_integer_value(json_object_get(first, "recent_plays")), ==, 2);
    g_autoptr(json_t) stats = tune_community_stats(self->store, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) expected =
        json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "tracks", 3, "users", 2, "plays", 7, "likes", 1,
                  "plays_24h", 4, "tracks_24h", 3);
    g_assert_true(json_equal(stats, expected));
}

static void test_topics(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) tags = json_pack("[s, s]", "Rain", "night");
    TuneTrackDraft draft = DRAFT;
    gint64 count;

    if (self->store == NULL)
        return;
    draft.tags = tags;
    g_autofree char *id = add(self->store, &draft);
    draft.tags = NULL;
    g_free(add(self->store, &draft));
    g_assert_true(tune_track_play(self->store, id, "", &count, &error));
    g_autoptr(json_t) topics = tune_community_topics(self->store, 2, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) expected =
        json_pack("[{s:s, s:s, s:i, s:i}, {s:s, s:s, s:i, s:i}]", "topic", "jazz", "kind", "genre",
                  "score", 3, "tracks", 2, "topic", "Rain", "kind", "tag", "score", 2, "tracks", 1);
    g_assert_true(json_equal(topics, expected));
}

static void test_uploads(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) details = json_pack("{s:i}", "channels", 2);
    TuneUploadDraft draft = {.user_id = "ann",
                             .kind = "audio",
                             .name = "../x.wav",
                             .mime = "audio/wav",
                             .sha256 = "00",
                             .bytes = 5000000000,
                             .seconds = 2.5,
                             .details = details};
    if (self->store == NULL)
        return;
    g_autoptr(json_t) made = tune_upload_create(self->store, &draft, &error);
    g_assert_no_error(error);
    const char *id = json_string_value(json_object_get(made, "id"));
    g_autoptr(json_t) got = tune_upload_get(self->store, id, "ann", &error);
    g_assert_true(json_equal(made, got));
    g_assert_cmpint(json_integer_value(json_object_get(got, "bytes")), ==, 5000000000);
    g_assert_true(json_equal(json_object_get(got, "details"), details));
    g_assert_null(tune_upload_get(self->store, id, "bob", &error));
    g_assert_null(tune_upload_get(self->store, id, "", &error));
    draft.user_id = "";
    g_autoptr(json_t) nobodys = tune_upload_create(self->store, &draft, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) found =
        tune_upload_get(self->store, json_string_value(json_object_get(nobodys, "id")), "", &error);
    g_assert_nonnull(found);
    g_autoptr(json_t) list = tune_upload_list(self->store, "ann", 0, "", 0, 10, &error);
    g_assert_cmpuint(json_array_size(list), ==, 1);
    g_assert_cmpint(tune_upload_bytes(self->store, "ann", &error), ==, 5000000000);
    g_assert_cmpint(tune_upload_bytes(self->store, "bob", &error), ==, 0);
    g_assert_false(tune_upload_delete(self->store, id, "bob", &error));
    g_assert_true(tune_upload_delete(self->store, id, "ann", &error));
    g_assert_false(tune_upload_delete(self->store, id, NULL, &error));
    g_assert_no_error(error);
}

/* ---- without a database ---- */

static void test_search_queries(void)
{
    static const struct {
        const char *words;
        gboolean beginnings;
        const char *postgres, *sqlite;
    } cases[] = {
        {"slow piano", TRUE, "('slow':*) & ('piano':*)", "\"slow\"* AND \"piano\"*"},
        {"slow piano", FALSE, "('slow') & ('piano')", "\"slow\" AND \"piano\""},
        {"slow pi*", FALSE, "('slow') & ('pi':*)", "\"slow\" AND \"pi\"*"},
        {"in \"the rain\" -loud", TRUE, "('in') & ('the' <-> 'rain') & !('loud')",
         "\"in\" AND \"the rain\" NOT \"loud\""},
        {"-loud* in", TRUE, "('in') & !('loud')", "\"in\" NOT \"loud\""},
        {"it's", TRUE, "('it' <-> 's')", "\"it s\""},
        {"\"open phrase", TRUE, "('open' <-> 'phrase')", "\"open phrase\""},
        {"a\"b\"c", TRUE, "('a') & ('b') & ('c')", "\"a\" AND \"b\" AND \"c\""},
        {"\xc3\x86r", TRUE, "('\xc3\x86r')", "\"\xc3\x86r\""},
        {"- -- \"\" ' *", TRUE, NULL, NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gboolean beginnings = cases[i].beginnings;
        g_autofree char *postgres = tune_search_query(cases[i].words, beginnings, TRUE);
        g_autofree char *sqlite = tune_search_query(cases[i].words, beginnings, FALSE);
        g_assert_cmpstr(postgres, ==, cases[i].postgres);
        g_assert_cmpstr(sqlite, ==, cases[i].sqlite);
    }
}

static void test_times(void)
{
    static const struct {
        gint64 us;
        const char *text;
    } cases[] = {{0, "1970-01-01T00:00:00.000000Z"},
                 {1769860800123456, "2026-01-31T12:00:00.123456Z"},
                 {-1, "1969-12-31T23:59:59.999999Z"}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 back = 1;
        g_autofree char *text = tune_time_text(cases[i].us);
        g_assert_cmpstr(text, ==, cases[i].text);
        g_assert_true(tune_time_parse(text, &back));
        g_assert_cmpint(back, ==, cases[i].us);
    }
    gint64 us;
    g_assert_false(tune_time_parse("yesterday", &us));
}

static void test_ids(void)
{
    enum { N = 100000 };
    g_autofree char *last = tune_store_new_id();

    for (guint i = 0; i < N; i++) {
        char *id = tune_store_new_id();
        g_assert_true(g_uuid_string_is_valid(id));
        g_assert_cmpint(id[14], ==, '7');
        g_assert_nonnull(strchr("89ab", id[19]));
        g_assert_cmpstr(id, >, last);
        g_free(last);
        last = id;
    }
}

static void add_test(const char *name, void (*test)(Fixture *, gconstpointer))
{
    for (gint postgres = 0; postgres < 2; postgres++) {
        g_autofree char *path =
            g_strdup_printf("/store/%s/%s", postgres ? "postgres" : "sqlite", name);
        g_test_add(path, Fixture, GINT_TO_POINTER(postgres), set_up, test, tear_down);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/search-queries-hold-only-words", test_search_queries);
    g_test_add_func("/store/times", test_times);
    g_test_add_func("/store/ids-sort-by-time", test_ids);
    add_test("tracks/are-kept", test_one);
    add_test("tracks/change", test_changes);
    add_test("tracks/lists", test_lists);
    add_test("tracks/records-are-the-same-as-values", test_records_are_the_same_as_values);
    add_test("tracks/pages-tile", test_pages);
    add_test("tracks/search", test_search);
    add_test("tracks/likes-and-plays", test_likes_and_plays);
    add_test("tracks/topics", test_topics);
    add_test("uploads", test_uploads);
    return g_test_run();
}
