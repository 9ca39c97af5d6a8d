/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The root routes as clients of the older service know them, and its eight tests of performance, as
 * behaviour: what is asked twice is made once, and what was changed is not told from memory.
 */
#include "rig.h"

#include "api/presets.h"
#include "base/data.h"
#include "brief/prompt.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PRESET(name, genre) "{\"name\":\"" name "\",\"genre\":\"" genre "\",\"structure\":{}}"

static const char *const simulate[] = {NULL};

static TunePresetCatalogueStats preset_stats(Rig *rig)
{
    TunePresetCatalogueStats stats;

    tune_preset_catalogue_stats(rig->api->presets, &stats);
    return stats;
}

/* What the response cache holds is dropped, so that the handler is asked. */
static Reply *ask_past_cache(Rig *rig, const char *target)
{
    tune_cache_drop_tag(rig->api->cache, "presets");
    return ask(rig, "GET", target, NULL, NULL);
}

/* ---- the routes ---- */

static void test_root(Rig *rig)
{
    g_autoptr(Reply) root = ask(rig, "GET", "/", NULL, NULL);
    g_autoptr(Reply) health = ask(rig, "GET", "/health", NULL, NULL);
    g_autoptr(Reply) config = ask(rig, "GET", "/config", NULL, NULL);

    assert_status(root, 200);
    g_assert_nonnull(text(root, "message"));
    g_assert_nonnull(text(root, "version"));
    g_assert_cmpstr(text(root, "docs"), ==, "/docs");
    g_assert_cmpstr(text(root, "mode"), ==, "simulate");
    assert_status(health, 200);
    g_assert_cmpstr(text(health, "mode"), ==, "simulate");
    g_assert_cmpstr(text(health, "checks.store.status"), ==, "ok");
    assert_status(config, 200);
    g_assert_true(json_is_null(at(config, "region")));
    g_assert_true(json_is_null(at(config, "project")));
    g_assert_true(json_is_false(at(config, "auth_enabled")));
    g_assert_cmpuint(json_array_size(at(config, "presets_available")), ==, 5);
    g_assert_cmpstr(text(config, "presets_available.0"), ==, "classical_orchestral");
}

static void test_live_and_ready(Rig *rig)
{
    g_autoptr(Reply) live = ask(rig, "GET", "/health/live", NULL, NULL);
    g_autoptr(Reply) ready = ask(rig, "GET", "/health/ready", NULL, NULL);

    assert_status(live, 200);
    assert_status(ready, 200);
    g_assert_cmpstr(text(ready, "status"), ==, "ready");
}

static void test_metrics(Rig *rig)
{
    g_autoptr(Reply) first = ask(rig, "GET", "/health", NULL, NULL);
    g_autoptr(Reply) metrics = ask(rig, "GET", "/metrics", NULL, NULL);
    g_autofree char *type = field(metrics, "Content-Type");
    const char *body = metrics->http->body->str;

    assert_status(metrics, 200);
    g_assert_cmpstr(type, ==, "text/plain; version=0.0.4; charset=utf-8");
    g_assert_nonnull(strstr(body, "tunesmith_requests_total{method=\"GET\",route=\"/health\",status="));
    g_assert_nonnull(strstr(body, "\ntunesmith_resident_memory_bytes "));
    g_assert_nonnull(strstr(body, "\ntunesmith_database_queries_total "));
}

/* Every metric has its help and type once, before its values, and every line is one of the three. */
static void test_metrics_format(Rig *rig)
{
    g_autoptr(Reply) metrics = ask(rig, "GET", "/metrics", NULL, NULL);
    g_auto(GStrv) lines = g_strsplit(metrics->http->body->str, "\n", -1);
    g_autoptr(GHashTable) types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; lines[i] != NULL; i++) {
        if (*lines[i] == '\0' || g_str_has_prefix(lines[i], "# HELP "))
            continue;
        if (g_str_has_prefix(lines[i], "# TYPE ")) {
            g_assert_true(g_hash_table_add(types, g_strndup(lines[i] + 7, strcspn(lines[i] + 7, " "))));
            continue;
        }
        g_assert_true(g_regex_match_simple("^[a-z_]+(\\{[^}]*(\\{[^}]*\\}[^}]*)*\\})? [-+.e0-9]+$",
                                           lines[i], 0, 0));
        g_autofree char *name = g_strndup(lines[i], strcspn(lines[i], "{ "));
        static const char *const ends[] = {"_bucket", "_sum", "_count"};
        for (guint e = 0; e < G_N_ELEMENTS(ends); e++)
            if (g_str_has_suffix(name, ends[e]) && !g_hash_table_contains(types, name))
                name[strlen(name) - strlen(ends[e])] = '\0';
        g_assert_true(g_hash_table_contains(types, name));
    }
}

static void test_simulate(Rig *rig)
{
    g_autoptr(Reply) reply =
        ask(rig, "POST", "/tracks/generate", NULL,
            "{\"text_input\":\"Rain on the window\",\"genre\":\"jazz\",\"duration_seconds\":125,"
            "\"structure\":{\"verse_count\":2,\"chorus_count\":1,\"outro\":false},"
            "\"style_references\":[{\"type\":\"sound\",\"value\":\"brushes\"}],\"temperature\":0.25}");
    const char *prompt = text(reply, "prompt");

    assert_status(reply, 200);
    g_assert_cmpstr(text(reply, "status"), ==, "simulated");
    g_assert_cmpstr(text(reply, "mode"), ==, "simulate");
    g_assert_cmpstr(text(reply, "genre"), ==, "jazz");
    g_assert_cmpint(whole(reply, "duration_seconds"), ==, 125);
    g_assert_cmpuint(json_object_size(at(reply, "metadata")), ==, 3);
    g_assert_true(json_is_false(at(reply, "metadata.structure.outro")));
    g_assert_cmpint(whole(reply, "metadata.structure.verse_count"), ==, 2);
    g_assert_cmpstr(text(reply, "metadata.style_references.0.value"), ==, "brushes");
    g_assert_cmpfloat(json_number_value(at(reply, "metadata.temperature")), ==, 0.25);
    g_assert_null(at(reply, "track_id"));
    g_assert_nonnull(strstr(prompt, "jazz"));
    g_assert_nonnull(strstr(prompt, "125"));
    g_assert_nonnull(strstr(prompt, "Rain on the window"));
    g_assert_nonnull(strstr(prompt, "sound: brushes"));
}

static void test_loose_values(Rig *rig)
{
    g_autoptr(Reply) reply =
        ask(rig, "POST", "/tracks/generate", NULL,
            "{\"text_input\":\"\",\"genre\":\"\",\"duration_seconds\":\"120\",\"preset_name\":\"\","
            "\"structure\":{\"intro\":\"yes\",\"verse_count\":3.0,\"bridge\":0},"
            "\"style_references\":null,\"temperature\":\"0.5\",\"future\":{\"a\":1}}");

    assert_status(reply, 200);
    g_assert_cmpint(whole(reply, "duration_seconds"), ==, 120);
    g_assert_true(json_is_true(at(reply, "metadata.structure.intro")));
    g_assert_cmpint(whole(reply, "metadata.structure.verse_count"), ==, 3);
    g_assert_true(json_is_false(at(reply, "metadata.structure.bridge")));
    g_assert_cmpfloat(json_number_value(at(reply, "metadata.temperature")), ==, 0.5);
}

static void test_presets_rank(Rig *rig)
{
    g_autoptr(Reply) plain = ask(rig, "POST", "/tracks/generate", NULL,
                                 "{\"text_input\":\"x\",\"genre\":\"polka\","
                                 "\"preset_name\":\"rock_anthem\",\"style_references\":[]}");
    g_autoptr(Reply) over = ask(rig, "POST", "/tracks/generate", NULL,
                                "{\"text_input\":\"x\",\"genre\":\"polka\","
                                "\"preset_name\":\"rock_anthem\",\"temperature\":0,"
                                "\"structure\":{\"verse_count\":1},"
                                "\"style_references\":[{\"type\":\"style\",\"value\":\"folk\"}]}");

    /* The preset's genre stands; an empty list keeps its references. */
    assert_status(plain, 200);
    g_assert_cmpstr(text(plain, "genre"), ==, "rock");
    g_assert_cmpint(whole(plain, "metadata.structure.chorus_count"), ==, 3);
    g_assert_cmpuint(json_array_size(at(plain, "metadata.style_references")), ==, 3);
    g_assert_cmpfloat(json_number_value(at(plain, "metadata.temperature")), ==, 0.8);
    /* A structure replaces the whole, and 0 is a temperature. */
    assert_status(over, 200);
    g_assert_cmpint(whole(over, "metadata.structure.verse_count"), ==, 1);
    g_assert_cmpint(whole(over, "metadata.structure.chorus_count"), ==, 2);
    g_assert_cmpuint(json_array_size(at(over, "metadata.style_references")), ==, 1);
    g_assert_cmpfloat(json_number_value(at(over, "metadata.temperature")), ==, 0);
}

static void test_generate_refuses(Rig *rig)
{
    static const struct {
        const char *body, *field, *type;
    } cases[] = {
        {"{\"genre\":\"x\",\"structure\":{}}", "body.text_input", "missing"},
        {"{\"text_input\":\"x\",\"structure\":{}}", "body.genre", "missing"},
        {"{\"text_input\":\"x\",\"genre\":\"x\"}", "body.structure", "missing"},
        {"{\"text_input\":\"x\",\"genre\":\"x\",\"structure\":null}", "body.structure", "missing"},
        {"{\"text_input\":\"x\",\"genre\":\"x\",\"structure\":{},\"duration_seconds\":59}",
         "body.duration_seconds", "greater_than_equal"},
        {"{\"text_input\":\"x\",\"genre\":\"x\",\"structure\":{},\"duration_seconds\":241}",
         "body.duration_seconds", "less_than_equal"},
        {"{\"text_input\":\"x\",\"genre\":\"x\",\"structure\":{},\"duration_seconds\":90.5}",
         "body.duration_seconds", "int_from_float"},
        {"{\"text_input\":\"x\",\"genre\":\"x\",\"structure\":{\"verse_count\":6}}",
         "body.structure.verse_count", "less_than_equal"},
        {"{\"text_input\":\"x\",\"genre\":\"x\",\"structure\":{\"chorus_count\":0}}",
         "body.structure.chorus_count", "greater_than_equal"},
        {"{\"text_input\":\"x\",\"genre\":\"x\",\"structure\":{},\"temperature\":1.1}",
         "body.temperature", "less_than_equal"},
        {"{\"text_input\":\"x\",\"genre\":\"x\",\"structure\":{},\"temperature\":\"NaN\"}",
         "body.temperature", "float_parsing"},
        {"{\"text_input\":\"x\",\"genre\":\"x\",\"structure\":{},\"style_references\":[{\"type\":\"x\","
         "\"value\":\"y\"}]}",
         "body.style_references.0.type", "literal_error"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Reply) reply = ask(rig, "POST", "/tracks/generate", NULL, cases[i].body);
        assert_fault(reply, cases[i].field, cases[i].type);
    }
    g_autoptr(Reply) unknown = ask(rig, "POST", "/tracks/generate", NULL,
                                   "{\"text_input\":\"x\",\"genre\":\"x\",\"preset_name\":\"none\"}");
    g_autoptr(Reply) trick =
        ask(rig, "POST", "/tracks/generate", NULL,
            "{\"text_input\":\"x\",\"genre\":\"x\",\"preset_name\":\"../../etc/passwd\"}");
    assert_status(unknown, 404);
    assert_status(trick, 404);
}

static void test_presets(Rig *rig)
{
    g_autoptr(Reply) list = ask(rig, "GET", "/presets", NULL, NULL);
    g_autoptr(Reply) saved = ask(
        rig, "POST", "/presets", NULL,
        "{\"name\":\"late_night\",\"description\":\"d\",\"genre\":\"jazz\",\"structure\":{\"intro\":false},"
        "\"style_references\":[{\"type\":\"sound\",\"value\":\"rhodes\"}],\"temperature\":0.4,"
        "\"tips\":\"t\"}");
    g_autoptr(Reply) shown = ask(rig, "GET", "/presets/late_night", NULL, NULL);
    g_autoptr(Reply) removed = ask(rig, "DELETE", "/presets/late_night", NULL, NULL);
    g_autoptr(Reply) twice = ask(rig, "DELETE", "/presets/late_night", NULL, NULL);
    g_autoptr(Reply) gone = ask(rig, "GET", "/presets/late_night", NULL, NULL);
    g_autoptr(Reply) bad = ask(rig, "POST", "/presets", NULL, PRESET("../x", "jazz"));
    g_autoptr(Reply) empty = ask(rig, "POST", "/presets", NULL, PRESET("", "jazz"));

    assert_status(list, 200);
    g_assert_cmpuint(json_array_size(list->json), ==, 5);
    g_assert_cmpstr(text(list, "0.name"), ==, "classical_orchestral");
    g_assert_cmpstr(text(list, "4.genre"), ==, "rock");
    g_assert_nonnull(text(list, "4.description"));
    assert_status(saved, 200);
    assert_status(shown, 200);
    g_assert_true(json_equal(saved->json, shown->json));
    g_assert_true(json_is_false(at(shown, "structure.intro")));
    g_assert_cmpstr(text(shown, "style_references.0.value"), ==, "rhodes");
    assert_status(removed, 200);
    g_assert_nonnull(text(removed, "message"));
    assert_status(twice, 404);
    assert_status(gone, 404);
    assert_fault(bad, "body.name", "string_pattern_mismatch");
    assert_fault(empty, "body.name", "string_pattern_mismatch");
}

static void test_builtin_presets_come_back(Rig *rig)
{
    g_autoptr(Reply) removed = ask(rig, "DELETE", "/presets/pop_catchy", NULL, NULL);
    g_autoptr(Reply) gone = ask(rig, "GET", "/presets/pop_catchy", NULL, NULL);
    g_autoptr(Reply) twice = ask(rig, "DELETE", "/presets/pop_catchy", NULL, NULL);
    g_autoptr(TunePresetCatalogue) next_start = tune_preset_catalogue_new();
    g_autoptr(TunePresetRef) back = tune_preset_catalogue_get(next_start, "pop_catchy", NULL);

    assert_status(removed, 200);
    assert_status(gone, 404);
    assert_status(twice, 404);
    g_assert_nonnull(back);
}

static void test_prompt_tips(Rig *rig)
{
    g_autoptr(Reply) saved = ask(rig, "POST", "/presets", NULL, PRESET("no_tips", "jazz"));
    g_autoptr(Reply) all = ask(rig, "GET", "/prompt-tips", NULL, NULL);
    g_autoptr(Reply) empty = ask(rig, "GET", "/prompt-tips?preset_name=", NULL, NULL);
    g_autoptr(Reply) one = ask(rig, "GET", "/prompt-tips?preset_name=rock_anthem", NULL, NULL);
    g_autoptr(Reply) none = ask(rig, "GET", "/prompt-tips?preset_name=no_tips", NULL, NULL);
    g_autoptr(Reply) unknown = ask(rig, "GET", "/prompt-tips?preset_name=nobody", NULL, NULL);
    g_autoptr(Reply) removed = ask(rig, "DELETE", "/presets/no_tips", NULL, NULL);

    g_assert_cmpuint(json_array_size(all->json), ==, 5);
    g_assert_true(json_equal(all->json, empty->json));
    g_assert_cmpuint(json_array_size(one->json), ==, 1);
    g_assert_cmpstr(text(one, "0.preset_name"), ==, "rock_anthem");
    g_assert_nonnull(text(one, "0.tips"));
    assert_status(none, 200);
    g_assert_true(json_is_null(at(none, "0.tips")));
    assert_status(unknown, 404);
    assert_status(removed, 200);
}

/* ---- the eight ---- */

static void test_generator_caching(Rig *rig)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneEngineLease) first = tune_engine_pool_take(rig->api->pool, "compose", &error);
    g_autoptr(TuneEngineLease) second = tune_engine_pool_take(rig->api->pool, "compose", &error);
    g_autoptr(TuneEngineLease) other = tune_engine_pool_take(rig->api->pool, "simulate", &error);

    g_assert_no_error(error);
    g_assert_true(tune_engine_lease_engine(first) == tune_engine_lease_engine(second));
    g_assert_true(tune_engine_lease_engine(first) != tune_engine_lease_engine(other));
    g_autoptr(json_t) stats = tune_engine_pool_stats(rig->api->pool);
    g_assert_cmpuint(json_array_size(stats), ==, 2);
}

static void test_list_presets_performance(Rig *rig)
{
    g_autoptr(Reply) first = ask_past_cache(rig, "/presets");
    TunePresetCatalogueStats before = preset_stats(rig);

    for (guint i = 0; i < 20; i++) {
        g_autoptr(Reply) again = ask_past_cache(rig, "/presets");
        g_assert_true(json_equal(first->json, again->json));
    }
    TunePresetCatalogueStats after = preset_stats(rig);
    g_assert_cmpuint(after.scans, ==, before.scans);
    g_assert_cmpuint(after.loads, ==, before.loads);
    g_assert_cmpuint(after.hits, >=, before.hits + 20);
}

static void test_preset_manager_metadata_cache(Rig *rig)
{
    g_assert_cmpuint(preset_stats(rig).cached, ==, 0);
    g_autoptr(Reply) list = ask_past_cache(rig, "/presets");
    TunePresetCatalogueStats stats = preset_stats(rig);
    g_assert_cmpuint(stats.cached, ==, json_array_size(list->json));
    g_assert_cmpuint(stats.loads, ==, json_array_size(list->json));
    g_autoptr(Reply) one = ask_past_cache(rig, "/presets/rock_anthem");
    g_assert_cmpuint(preset_stats(rig).loads, ==, stats.loads);
    assert_status(one, 200);
}

static void test_preset_manager_builtin_optimization(Rig *rig)
{
    g_autoptr(Reply) names = ask_past_cache(rig, "/config");

    /* One scan tells all names; no file is opened for it. */
    g_assert_cmpuint(json_array_size(at(names, "presets_available")), ==, 5);
    g_assert_cmpuint(preset_stats(rig).scans, ==, 1);
    g_assert_cmpuint(preset_stats(rig).loads, ==, 0);
}

/* Twice the text takes about twice the bytes and no more work than that: the prompt is linear in it. */
static void test_prompt_building_efficiency(Rig *rig)
{
    g_autofree char *long_text = g_strnfill(200000, 'a');
    TunePromptParts parts = {.genre = "rock", .duration_seconds = 180, .text = long_text,
                             .structure = TUNE_SONG_STRUCTURE_DEFAULT, .temperature = 0.7};
    g_autofree char *prompt = tune_prompt_build(&parts);
    parts.text = "";
    g_autofree char *bare = tune_prompt_build(&parts);
    g_autofree char *again = tune_prompt_build(&parts);

    g_assert_nonnull(strstr(prompt, long_text));
    g_assert_cmpuint(strlen(prompt), <, 200000 + strlen(bare) + 100);
    g_assert_cmpstr(bare, ==, again);
}

static void test_multiple_requests_with_caching(Rig *rig)
{
    const char *body = "{\"text_input\":\"again\",\"genre\":\"x\",\"preset_name\":\"jazz_smooth\"}";
    g_autoptr(Reply) first = ask(rig, "POST", "/tracks/generate", NULL, body);
    TunePresetCatalogueStats before = preset_stats(rig);
    TuneCacheStats cache_before, cache_after;

    tune_cache_stats(rig->api->cache, &cache_before);
    for (guint i = 0; i < 20; i++) {
        g_autoptr(Reply) again = ask(rig, "POST", "/tracks/generate", NULL, body);
        assert_status(again, 200);
        g_assert_true(json_equal(first->json, again->json));
    }
    tune_cache_stats(rig->api->cache, &cache_after);
    g_assert_cmpuint(cache_after.hits, >=, cache_before.hits + 20);
    g_assert_cmpuint(preset_stats(rig).hits, ==, before.hits);
    g_autoptr(Reply) other = ask(rig, "POST", "/tracks/generate", NULL,
                                 "{\"text_input\":\"other\",\"genre\":\"x\","
                                 "\"preset_name\":\"jazz_smooth\"}");
    g_assert_false(json_equal(first->json, other->json));
}

static void test_cache_invalidation_on_preset_save(Rig *rig)
{
    const char *body = "{\"text_input\":\"t\",\"genre\":\"x\",\"preset_name\":\"changing\"}";
    g_autoptr(Reply) saved = ask(rig, "POST", "/presets", NULL, PRESET("changing", "jazz"));
    g_autoptr(Reply) list = ask(rig, "GET", "/presets", NULL, NULL);
    g_autoptr(Reply) made = ask(rig, "POST", "/tracks/generate", NULL, body);
    g_autoptr(Reply) changed = ask(rig, "POST", "/presets", NULL, PRESET("changing", "rock"));
    g_autoptr(Reply) list_after = ask(rig, "GET", "/presets", NULL, NULL);
    g_autoptr(Reply) shown_after = ask(rig, "GET", "/presets/changing", NULL, NULL);
    g_autoptr(Reply) made_after = ask(rig, "POST", "/tracks/generate", NULL, body);
    g_autoptr(Reply) removed = ask(rig, "DELETE", "/presets/changing", NULL, NULL);

    assert_status(saved, 200);
    assert_status(changed, 200);
    g_assert_cmpstr(text(made, "genre"), ==, "jazz");
    g_assert_false(json_equal(list->json, list_after->json));
    g_assert_cmpstr(text(shown_after, "genre"), ==, "rock");
    g_assert_cmpstr(text(made_after, "genre"), ==, "rock");
    assert_status(removed, 200);
}

static void test_cache_invalidation_on_preset_delete(Rig *rig)
{
    const char *body = "{\"text_input\":\"t\",\"genre\":\"x\",\"preset_name\":\"short_lived\"}";
    g_autoptr(Reply) saved = ask(rig, "POST", "/presets", NULL, PRESET("short_lived", "jazz"));
    g_autoptr(Reply) list = ask(rig, "GET", "/presets", NULL, NULL);
    g_autoptr(Reply) made = ask(rig, "POST", "/tracks/generate", NULL, body);
    g_autoptr(Reply) removed = ask(rig, "DELETE", "/presets/short_lived", NULL, NULL);
    g_autoptr(Reply) list_after = ask(rig, "GET", "/presets", NULL, NULL);
    g_autoptr(Reply) made_after = ask(rig, "POST", "/tracks/generate", NULL, body);

    assert_status(saved, 200);
    assert_status(made, 200);
    assert_status(removed, 200);
    g_assert_cmpuint(json_array_size(list_after->json) + 1, ==, json_array_size(list->json));
    assert_status(made_after, 404);
}

/* ---- with sound ---- */

static const char *const compose[] = {"engine=compose", NULL};

static void test_compose(Rig *rig)
{
    const char *body = "{\"text_input\":\"rain on the window\",\"genre\":\"jazz\","
                       "\"duration_seconds\":60,\"preset_name\":\"jazz_smooth\"}";
    g_autoptr(Reply) made = ask(rig, "POST", "/tracks/generate", "Idempotency-Key: k\r\n", body);
    g_autoptr(Reply) again = ask(rig, "POST", "/tracks/generate", "Idempotency-Key: k\r\n", body);
    g_autoptr(Reply) status = ask(rig, "GET", text(made, "status_url"), NULL, NULL);

    assert_status(made, 200);
    g_assert_cmpstr(text(made, "mode"), ==, "compose");
    g_assert_cmpstr(text(made, "metadata.style"), ==, "jazz");
    g_assert_cmpstr(text(made, "metadata.interpretation"), ==, "description");
    g_assert_true(json_is_object(at(made, "recipe.brief")));
    g_assert_cmpint(whole(made, "recipe.seed"), ==, whole(made, "metadata.seed"));
    g_assert_cmpstr(text(again, "track_id"), ==, text(made, "track_id"));
    assert_status(status, 200);
    g_assert_cmpstr(text(status, "task_id"), ==, text(made, "track_id"));
    /* The sound begins before the piece is done. */
    int fd = http_connect(rig->port);
    http_sendf(fd, "GET %s HTTP/1.0\r\nHost: x\r\n\r\n", text(made, "stream_url"));
    char head[64] = "";
    for (gsize got = 0; got < sizeof head - 1;) {
        gssize n = recv(fd, head + got, sizeof head - 1 - got, 0);
        g_assert_cmpint(n, >, 0);
        got += (gsize)n;
    }
    g_assert_true(g_str_has_prefix(head, "HTTP/1.1 200"));
    close(fd);
    g_autoptr(Reply) gone = ask(rig, "DELETE", text(made, "status_url"), NULL, NULL);
    g_assert_cmpuint(gone->status, <, 500);
}

/* A legal body is never refused: what cannot be is left out, and that is said. */
static void test_compose_never_refuses(Rig *rig)
{
    static const char *const bodies[] = {
        "{\"text_input\":\"solo piano, no piano, 16 bars, 120 bpm\",\"genre\":\"jazz\","
        "\"duration_seconds\":60,\"structure\":{\"verse_count\":5,\"chorus_count\":4}}",
        "{\"text_input\":\"\",\"genre\":\"\",\"structure\":{}}",
        "{\"text_input\":\"x\",\"genre\":\"vaporcore\",\"structure\":{}}",
    };

    for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
        g_autoptr(Reply) reply = ask(rig, "POST", "/tracks/generate", NULL, bodies[i]);
        assert_status(reply, 200);
        g_assert_cmpuint(json_array_size(at(reply, "metadata.notes")), ==, i == 1 ? 0 : 1);
        g_autoptr(Reply) gone = ask(rig, "DELETE", text(reply, "status_url"), NULL, NULL);
        g_assert_cmpuint(gone->status, <, 500);
    }
}

/* A file that another program saved is seen, too. */
static void test_foreign_presets_are_seen(Rig *rig)
{
    g_autoptr(Reply) list = ask_past_cache(rig, "/presets");
    g_autoptr(TunePreset) preset = tune_preset_new("foreign", "folk");

    g_assert_true(tune_preset_save(preset, NULL));
    for (guint i = 0; i < 100; i++) {
        g_autoptr(Reply) shown = ask_past_cache(rig, "/presets/foreign");
        if (shown->status == 200)
            break;
        g_usleep(100000);
        g_assert_cmpuint(i, <, 99);
    }
    g_assert_true(tune_preset_delete("foreign", NULL));
}

#define ADD(name) rig_add("/api/generator/" #name, test_##name, simulate)

static const char *const few_presets[] = {"max-presets=6", NULL};

static void test_presets_are_limited(Rig *rig)
{
    g_autoptr(Reply) sixth = ask(rig, "POST", "/presets", NULL, PRESET("sixth", "jazz"));
    g_autoptr(Reply) seventh = ask(rig, "POST", "/presets", NULL, PRESET("seventh", "jazz"));
    g_autoptr(Reply) again = ask(rig, "POST", "/presets", NULL, PRESET("sixth", "rock"));
    g_autoptr(Reply) removed = ask(rig, "DELETE", "/presets/sixth", NULL, NULL);
    g_autoptr(Reply) instead = ask(rig, "POST", "/presets", NULL, PRESET("seventh", "jazz"));
    g_autoptr(Reply) away = ask(rig, "DELETE", "/presets/seventh", NULL, NULL);

    assert_status(sixth, 200);
    assert_status(seventh, 409);
    g_assert_nonnull(strstr(text(seventh, "detail"), "6 are the most"));
    assert_status(again, 200);
    assert_status(removed, 200);
    assert_status(instead, 200);
    assert_status(away, 200);
}

int main(int argc, char **argv)
{
    rig_init(&argc, &argv);
    ADD(root);
    ADD(live_and_ready);
    ADD(metrics);
    ADD(metrics_format);
    ADD(simulate);
    ADD(loose_values);
    ADD(presets_rank);
    ADD(generate_refuses);
    ADD(presets);
    ADD(builtin_presets_come_back);
    ADD(prompt_tips);
    ADD(generator_caching);
    ADD(list_presets_performance);
    ADD(preset_manager_metadata_cache);
    ADD(preset_manager_builtin_optimization);
    ADD(prompt_building_efficiency);
    ADD(multiple_requests_with_caching);
    ADD(cache_invalidation_on_preset_save);
    ADD(cache_invalidation_on_preset_delete);
    ADD(foreign_presets_are_seen);
    rig_add("/api/generator/presets_are_limited", test_presets_are_limited, few_presets);
    rig_add("/api/generator/compose", test_compose, compose);
    rig_add("/api/generator/compose_never_refuses", test_compose_never_refuses, compose);
    return rig_run();
}
