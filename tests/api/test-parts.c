/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The parts that need no server: settings, tokens, codings, figures, lines of the log.
 */
#include "api/access.h"
#include "api/api-private.h"
#include "api/settings.h"
#include "api/status.h"
#include "api/token.h"
#include "base/time.h"
#include "brief/preset.h"

#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

/* ---- settings ---- */

static const char *given(const char *name, gpointer user_data)
{
    const char *const *pairs = user_data;

    for (; *pairs != NULL; pairs += 2)
        if (strcmp(pairs[0], name) == 0)
            return pairs[1];
    return NULL;
}

static guint index_of(const char *name)
{
    const TuneSetting *setting = tune_setting_find(name, strlen(name));

    g_assert_nonnull(setting);
    return (guint)(setting - tune_setting_table);
}

static void test_settings_rank(void)
{
    const char *flags[] = {"port", "1", NULL};
    g_autofree char *folder = g_dir_make_tmp("tune-settings-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "s.yaml", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(path,
                                      "port: 3\nhost: ::1\nworkers: 7\n"
                                      "trusted_proxies: [10.0.0.0/8, 192.168.0.1]\n"
                                      "rate_free: 5/s burst 9\napi_key: from-file\n",
                                      -1, NULL));
    g_setenv("TUNESMITH_CONFIG", path, TRUE);
    g_setenv("TUNESMITH_PORT", "2", TRUE);
    g_setenv("TUNESMITH_WORKERS", "8", TRUE);
    g_setenv("MUSIC_GEN_API_KEY", "from-environment", TRUE);
    g_autoptr(TuneSettings) settings = tune_settings_load(given, flags, &error);
    g_assert_no_error(error);
    g_assert_cmpint(settings->port, ==, 1);
    g_assert_cmpint(settings->workers, ==, 8);
    g_assert_cmpstr(settings->host, ==, "::1");
    g_assert_cmpstr(settings->trusted_proxies[1], ==, "192.168.0.1");
    g_assert_cmpfloat(settings->rate_free.rate, ==, 5);
    g_assert_cmpfloat(settings->rate_free.burst, ==, 9);
    g_assert_cmpstr(settings->api_key, ==, "from-environment");
    g_assert_cmpstr(tune_settings_origin(settings, index_of("port")), ==, "flag");
    g_assert_cmpstr(tune_settings_origin(settings, index_of("workers")), ==,
                    "environment TUNESMITH_WORKERS");
    g_assert_true(g_str_has_suffix(tune_settings_origin(settings, index_of("host")), "s.yaml:2"));
    g_assert_cmpstr(tune_settings_origin(settings, index_of("loops")), ==, "default");
    g_autofree char *secret = tune_settings_text(settings, index_of("api-key"));
    g_assert_cmpstr(secret, ==, "(hidden)");
    g_unsetenv("TUNESMITH_PORT");
    g_unsetenv("TUNESMITH_WORKERS");
    g_unsetenv("TUNESMITH_CONFIG");
    g_unsetenv("MUSIC_GEN_API_KEY");
    g_unlink(path);
    g_rmdir(folder);
}

static void assert_refused(const char *name, const char *value, const char *part)
{
    const char *flags[] = {name, value, NULL};
    g_autoptr(GError) error = NULL;

    g_assert_null(tune_settings_load(given, flags, &error));
    g_assert_true(error->domain == TUNE_SETTINGS_ERROR);
    if (strstr(error->message, part) == NULL)
        g_error("\"%s\" does not say \"%s\"", error->message, part);
}

static void test_settings_refuse(void)
{
    assert_refused("port", "70000", "0 to 65535");
    assert_refused("port", "80x", "whole number");
    assert_refused("insecure", "perhaps", "neither yes nor no");
    assert_refused("auth", "maybe", "auto, on, off");
    assert_refused("rate-free", "5/d", "N/s");
    assert_refused("rate-free", "-5/s", "N/s");
    assert_refused("rate-free", "5/s burst 0", "N/s");
    assert_refused("config", "/nonexistent/x.yaml", "/nonexistent/x.yaml");
    assert_refused("host", "\xff", "UTF-8");
}

static void test_settings_empty_is_unset(void)
{
    const char *flags[] = {"api-key", "", NULL};
    g_autoptr(TuneSettings) settings = tune_settings_load(given, flags, NULL);

    g_assert_null(settings->api_key);
}

static void test_settings_reload(void)
{
    const char *old_flags[] = {"port", "1", "rate-free", "1/s", "host", "::1", NULL};
    const char *new_flags[] = {"port", "2", "rate-free", "2/s", "host", "::2", NULL};
    g_autoptr(TuneSettings) old = tune_settings_load(given, old_flags, NULL);
    g_autoptr(TuneSettings) new = tune_settings_load(given, new_flags, NULL);

    tune_settings_keep(new, old);
    g_assert_cmpint(new->port, ==, 1);
    g_assert_cmpstr(new->host, ==, "::1");
    g_assert_cmpfloat(new->rate_free.rate, ==, 2);
}

static void test_public_hosts(void)
{
    g_assert_false(tune_settings_host_is_public("127.0.0.1"));
    g_assert_false(tune_settings_host_is_public("127.9.9.9"));
    g_assert_false(tune_settings_host_is_public("::1"));
    g_assert_false(tune_settings_host_is_public("localhost"));
    g_assert_true(tune_settings_host_is_public("0.0.0.0"));
    g_assert_true(tune_settings_host_is_public("::"));
    g_assert_true(tune_settings_host_is_public("192.168.1.2"));
    g_assert_true(tune_settings_host_is_public("example.org"));
}

/* ---- tokens ---- */

static void test_tokens(void)
{
    guint8 key[TUNE_TOKEN_KEY_BYTES] = {1}, other[TUNE_TOKEN_KEY_BYTES] = {2};
    TuneToken token = {.tier = 2, .admin = TRUE, .issued_us = 10, .expires_us = 100}, read;

    memset(token.user_id, 'u', 36);
    memset(token.family, 'f', 36);
    g_autofree char *text = tune_token_sign(key, &token);
    g_assert_true(tune_token_read(key, text, 99, &read));
    g_assert_cmpstr(read.user_id, ==, token.user_id);
    g_assert_cmpstr(read.family, ==, token.family);
    g_assert_cmpint(read.tier, ==, 2);
    g_assert_true(read.admin);
    g_assert_false(tune_token_read(key, text, 100, &read));
    g_assert_false(tune_token_read(other, text, 99, &read));
    g_assert_false(tune_token_read(key, "", 99, &read));
    g_assert_false(tune_token_read(key, "tst_", 99, &read));
    g_autofree char *longer = g_strconcat(text, "A", NULL);
    g_assert_false(tune_token_read(key, longer, 99, &read));
    /* No change of a single letter goes unseen. */
    for (gsize i = 4; text[i] != '\0'; i++) {
        char was = text[i];
        text[i] = was == 'A' ? 'B' : 'A';
        g_assert_false(tune_token_read(key, text, 99, &read));
        text[i] = was;
    }
    g_assert_true(tune_token_read(key, text, 99, &read));
}

static void test_keys(void)
{
    guint8 key[TUNE_TOKEN_KEY_BYTES] = {1}, other[TUNE_TOKEN_KEY_BYTES] = {2};
    g_autofree char *text = tune_api_key_make(key);
    g_autofree char *second = tune_api_key_make(key);
    g_autofree char *hash = tune_token_hash(text);

    g_assert_true(tune_api_key_is_ours(key, text));
    g_assert_false(tune_api_key_is_ours(other, text));
    g_assert_cmpstr(text, !=, second);
    g_assert_cmpuint(strlen(hash), ==, 64);
    text[10] = text[10] == 'A' ? 'B' : 'A';
    g_assert_false(tune_api_key_is_ours(key, text));
    g_assert_true(tune_secret_equal("a", "a"));
    g_assert_false(tune_secret_equal("a", "b"));
    g_assert_false(tune_secret_equal("a", "ab"));
}

/* ---- codings ---- */

static void test_choose_coding(void)
{
    static const struct {
        const char *accept;
        TuneCoding coding;
    } cases[] = {
        {NULL, TUNE_CODING_NONE},
        {"", TUNE_CODING_NONE},
        {"identity", TUNE_CODING_NONE},
        {"gzip", TUNE_CODING_GZIP},
        {"GZip , br", TUNE_CODING_GZIP},
        {"zstd", TUNE_CODING_ZSTD},
        {"gzip, deflate, br, zstd", TUNE_CODING_ZSTD},
        {"gzip;q=1.0, zstd;q=0.5", TUNE_CODING_GZIP},
        {"gzip;q=0", TUNE_CODING_NONE},
        {"*", TUNE_CODING_ZSTD},
        {"*;q=0, gzip", TUNE_CODING_GZIP},
        {"zstd;q=0, *", TUNE_CODING_GZIP},
        {"gzip;q=nonsense", TUNE_CODING_NONE},
        {",,,;;;q=1", TUNE_CODING_NONE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(tune_coding_choose(cases[i].accept), ==, cases[i].coding);
}

static void test_pack(void)
{
    g_autofree char *plain = g_strnfill(100000, 'x');
    g_autoptr(GBytes) body = g_bytes_new(plain, 100000);
    g_autoptr(GBytes) gzip = tune_coding_pack(TUNE_CODING_GZIP, body);
    g_autoptr(GBytes) zstd = tune_coding_pack(TUNE_CODING_ZSTD, body);
    g_autofree char *out = g_malloc0(100001);
    gsize size = 0;

    gconstpointer data = g_bytes_get_data(zstd, &size);
    g_assert_cmpuint(ZSTD_decompress(out, 100000, data, size), ==, 100000);
    g_assert_cmpstr(out, ==, plain);
    memset(out, 0, 100000);
    data = g_bytes_get_data(gzip, &size);
    z_stream stream = {.next_in = (Bytef *)data, .avail_in = (uInt)size,
                       .next_out = (Bytef *)out, .avail_out = 100000};
    g_assert_cmpint(inflateInit2(&stream, 15 + 16), ==, Z_OK);
    g_assert_cmpint(inflate(&stream, Z_FINISH), ==, Z_STREAM_END);
    inflateEnd(&stream);
    g_assert_cmpstr(out, ==, plain);
    /* What does not become smaller is not packed. */
    guint8 noise[64];
    randombytes_buf(noise, sizeof noise);
    g_autoptr(GBytes) dense = g_bytes_new(noise, sizeof noise);
    g_assert_null(tune_coding_pack(TUNE_CODING_GZIP, dense));
    g_assert_null(tune_coding_pack(TUNE_CODING_ZSTD, dense));
    g_assert_true(tune_coding_suits("application/json"));
    g_assert_false(tune_coding_suits("audio/flac"));
    g_assert_false(tune_coding_suits("text/event-stream"));
}

static void test_cached_answer(void)
{
    TuneCallState state = {.status = 200, .content_type = "application/json"}, back = {0};

    state.body = g_bytes_new_static("[1,2]", 5);
    state.packed[TUNE_CODING_ZSTD] = g_bytes_new_static("zz", 2);
    tune_etag_of(state.body, state.etag);
    g_autoptr(GBytes) value = tune_cached_answer_pack(&state);
    g_assert_true(tune_cached_answer_unpack(&back, value));
    g_assert_cmpstr(back.etag, ==, state.etag);
    g_assert_cmpstr(back.content_type, ==, "application/json");
    g_assert_true(g_bytes_equal(back.body, state.body));
    g_assert_null(back.packed[TUNE_CODING_GZIP]);
    g_assert_true(g_bytes_equal(back.packed[TUNE_CODING_ZSTD], state.packed[TUNE_CODING_ZSTD]));
    tune_call_clear_answer(&back);
    /* Cut anywhere, it is no answer. */
    for (gsize n = 0; n < g_bytes_get_size(value); n++) {
        g_autoptr(GBytes) cut = g_bytes_new_from_bytes(value, 0, n);
        g_assert_false(tune_cached_answer_unpack(&back, cut));
    }
    tune_call_clear_answer(&state);
}

/* ---- figures and lines ---- */

static void test_metrics(void)
{
    g_autoptr(TuneRouter) router = tune_router_new(tune_route_tables());
    g_autoptr(TuneMetrics) metrics = tune_metrics_new(tune_router_n_routes(router));
    g_autoptr(GString) out = g_string_new(NULL);

    for (guint i = 0; i < 99; i++)
        tune_metrics_count(metrics, 0, 200, 10, 1000);
    tune_metrics_count(metrics, 0, 500, 10, 1000000);
    tune_metrics_count(metrics, G_MAXUINT, 404, 5, 50);
    g_autoptr(json_t) list = tune_metrics_json(metrics, router);
    g_assert_cmpuint(json_array_size(list), ==, 1);
    const json_t *root = json_array_get(list, 0);
    g_assert_cmpint(json_integer_value(json_object_get(root, "requests")), ==, 100);
    g_assert_cmpint(json_integer_value(json_object_get(root, "errors")), ==, 1);
    double p50 = json_real_value(json_object_get(root, "p50_ms"));
    g_assert_cmpfloat(p50, >, 0.7);
    g_assert_cmpfloat(p50, <, 1.5);
    tune_metrics_text(metrics, router, out);
    g_assert_nonnull(strstr(out->str, "{method=\"GET\",route=\"/\",status=\"2xx\"} 99\n"));
    g_assert_nonnull(strstr(out->str, "{method=\"\",route=\"\",status=\"4xx\"} 1\n"));
    g_assert_nonnull(strstr(out->str, "le=\"+Inf\"} 100\n"));
    g_assert_cmpuint(tune_metrics_requests(metrics), ==, 101);
}

static void test_access_lines(void)
{
    TuneAccessEntry entry = {.time_us = 1, .address = "::1", .method = "GET",
                             .target = "/a\"b\n?x", .user = "", .route = "/a", .request_id = "r",
                             .status = 200, .bytes = 3, .duration_us = 1500};
    g_autofree char *plain = tune_access_line(TUNE_ACCESS_TEXT, &entry);
    g_autofree char *line = tune_access_line(TUNE_ACCESS_JSON, &entry);
    g_autoptr(json_t) json = json_loads(line, 0, NULL);

    g_assert_cmpstr(plain, ==,
                    "1970-01-01T00:00:00.000Z ::1 - \"GET /a\\\"b\\n?x\" 200 3 1.5ms r\n");
    g_assert_cmpstr(json_string_value(json_object_get(json, "target")), ==, "/a\"b\n?x");
    g_assert_cmpstr(json_string_value(json_object_get(json, "request_id")), ==, "r");
    /* One line, whatever the target has. */
    g_assert_true(strchr(line, '\n') == line + strlen(line) - 1);
    g_assert_true(strchr(plain, '\n') == plain + strlen(plain) - 1);
}

static void test_access_log_writes(void)
{
    int fds[2];
    char buffer[4096] = "";
    TuneAccessEntry entry = {.address = "a", .method = "GET", .target = "/x", .user = "u",
                             .request_id = "r", .status = 200};

    g_assert_cmpint(pipe(fds), ==, 0);
    TuneAccessLog *log = tune_access_log_new("text", fds[1]);
    tune_access_log_add(log, &entry);
    tune_access_log_set_form(log, "off");
    tune_access_log_add(log, &entry);
    tune_access_log_free(log);
    close(fds[1]);
    g_assert_cmpint(read(fds[0], buffer, sizeof buffer - 1), >, 0);
    g_assert_nonnull(strstr(buffer, "a u \"GET /x\" 200"));
    g_assert_cmpint(read(fds[0], buffer, sizeof buffer - 1), ==, 0);
    close(fds[0]);
}

static void test_times(void)
{
    gint64 us = 0;
    g_autofree char *written = tune_time_text(G_GINT64_CONSTANT(1769860800123456));

    g_assert_cmpstr(written, ==, "2026-01-31T12:00:00.123456Z");
    g_assert_true(tune_time_parse(written, &us));
    g_assert_cmpint(us, ==, G_GINT64_CONSTANT(1769860800123456));
    g_assert_false(tune_time_parse("yesterday", &us));
}

static void test_statuses(void)
{
    static const struct {
        GQuark (*domain)(void);
        gint code;
        guint status;
    } cases[] = {
        {tune_store_error_quark, TUNE_STORE_ERROR_UNAVAILABLE, 503},
        {tune_store_error_quark, TUNE_STORE_ERROR_CONFLICT, 409},
        {tune_store_error_quark, TUNE_STORE_ERROR_FULL, 507},
        {tune_store_error_quark, TUNE_STORE_ERROR_BROKEN, 500},
        {tune_files_error_quark, TUNE_FILES_ERROR_MISSING, 404},
        {tune_preset_error_quark, TUNE_PRESET_ERROR_UNKNOWN, 404},
        {tune_preset_error_quark, TUNE_PRESET_ERROR_NAME, 422},
        {tune_brief_error_quark, TUNE_BRIEF_ERROR_CONFLICT, 422},
        {tune_engine_error_quark, TUNE_ENGINE_ERROR_UNKNOWN, 422},
        {tune_users_error_quark, TUNE_USERS_ERROR_REUSED, 401},
        {tune_api_error_quark, 418, 418},
        {tune_api_error_quark, 200, 500},
        {g_io_error_quark, G_IO_ERROR_FAILED, 500},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = g_error_new_literal(cases[i].domain(), cases[i].code, "x");
        g_assert_cmpuint(tune_status_of_error(error), ==, cases[i].status);
    }
}

int main(int argc, char **argv)
{
    g_setenv("XDG_CONFIG_HOME", "/nonexistent", TRUE);
    g_unsetenv("PORT");
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(sodium_init(), >=, 0);
    g_test_add_func("/api/settings/rank", test_settings_rank);
    g_test_add_func("/api/settings/refuse", test_settings_refuse);
    g_test_add_func("/api/settings/empty-is-unset", test_settings_empty_is_unset);
    g_test_add_func("/api/settings/reload", test_settings_reload);
    g_test_add_func("/api/settings/public-hosts", test_public_hosts);
    g_test_add_func("/api/token/tokens", test_tokens);
    g_test_add_func("/api/token/keys", test_keys);
    g_test_add_func("/api/compress/choose", test_choose_coding);
    g_test_add_func("/api/compress/pack", test_pack);
    g_test_add_func("/api/cached-answer/there-and-back", test_cached_answer);
    g_test_add_func("/api/metrics/counts", test_metrics);
    g_test_add_func("/api/access/lines", test_access_lines);
    g_test_add_func("/api/access/writes", test_access_log_writes);
    g_test_add_func("/api/list/times", test_times);
    g_test_add_func("/api/status/statuses", test_statuses);
    return g_test_run();
}
