/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rig.h"

#include <string.h>
#include <unistd.h>

typedef struct {
    RigTest test;
    const char *const *settings;
    gboolean postgres;
} Case;

static const char *const usual_settings[] = {
    "port=0", "engine=simulate", "access-log=off", "password-cost=light", "check-answers=yes",
    "loops=2", "workers=8", "cache-items=1000", "render-workers=1", NULL};

static const char *given(const char *name, gpointer user_data)
{
    return g_hash_table_lookup(user_data, name);
}

static void take(GHashTable *values, const char *const *settings)
{
    for (; settings != NULL && *settings != NULL; settings++) {
        const char *equals = strchr(*settings, '=');
        g_hash_table_replace(values, g_strndup(*settings, (gsize)(equals - *settings)),
                             g_strdup(equals + 1));
    }
}

static void set(GHashTable *values, const char *name, const char *value)
{
    g_hash_table_replace(values, g_strdup(name), g_strdup(value));
}

/* A machine that is busy enough makes a database look away; it is asked again. */
static TuneService *open_service(Rig *rig, GHashTable *values)
{
    for (guint try = 1;; try++) {
        g_autoptr(GError) error = NULL;
        TuneSettings *settings = tune_settings_load(given, values, &error);
        g_assert_no_error(error);
        TuneService *service = tune_service_open(settings, &rig->log.log, &error);
        if (service != NULL)
            return service;
        if (try == 10 || !g_error_matches(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE))
            g_error("the service cannot be opened: %s", error->message);
    }
}

Rig *rig_new(gboolean postgres, const char *const *settings)
{
    g_autoptr(GHashTable) values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GError) error = NULL;
    TestDatabase *database = test_database_new(postgres);
    const char *redis = g_getenv("TUNE_TEST_REDIS");

    if (database == NULL)
        return NULL;
    Rig *rig = g_new0(Rig, 1);
    rig->database = database;
    rig->folder = g_dir_make_tmp("tune-api-XXXXXX", NULL);
    test_log_init(&rig->log);
    take(values, usual_settings);
    set(values, "data", rig->folder);
    set(values, "database", database->url);
    if (postgres && redis != NULL) {
        g_autofree char *url = g_strconcat("unix://", redis, NULL);
        g_autofree char *prefix = tune_store_new_id();
        set(values, "redis", url);
        set(values, "cache-prefix", prefix);
    }
    take(values, settings);
    rig->service = open_service(rig, values);
    g_assert_true(tune_service_listen(rig->service, NULL, 0, &error));
    g_assert_true(tune_service_start(rig->service, &error));
    rig->api = tune_service_api(rig->service);
    rig->port = tune_service_port(rig->service);
    return rig;
}

void rig_free(Rig *self)
{
    if (self == NULL)
        return;
    tune_service_free(self->service);
    test_database_free(self->database);
    test_remove_folder(self->folder);
    test_log_clear(&self->log);
    g_free(self->folder);
    g_free(self);
}

static void run_case(gconstpointer data)
{
    const Case *one = data;
    Rig *rig = rig_new(one->postgres, one->settings);

    if (rig != NULL)
        one->test(rig);
    rig_free(rig);
}

static void add_case(const char *path, RigTest test, const char *const *settings, gboolean postgres)
{
    Case *one = g_new(Case, 1);
    g_autofree char *full = g_strconcat(path, postgres ? "/postgres-redis" : "/sqlite", NULL);

    *one = (Case){test, settings, postgres};
    g_test_add_data_func_full(full, one, run_case, g_free);
}

void rig_add(const char *path, RigTest test, const char *const *settings)
{
    add_case(path, test, settings, FALSE);
    add_case(path, test, settings, TRUE);
}

/* What the tests save is not the user's, and what the user has set is not the tests'. */
void rig_init(int *argc, char ***argv)
{
    static const char *const ours[] = {"PORT", "DATABASE_URL", "REDIS_URL", "MUSIC_GEN_MODE",
                                       "MUSIC_GEN_API_KEY", "GOOGLE_CLOUD_PROJECT"};
    g_autofree char *home = g_dir_make_tmp("tune-home-XXXXXX", NULL);

    g_setenv("XDG_DATA_HOME", home, TRUE);
    g_setenv("XDG_CONFIG_HOME", home, TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(ours); i++)
        g_unsetenv(ours[i]);
    g_test_init(argc, argv, NULL);
}

int rig_run(void)
{
    g_autofree char *home = g_strdup(g_getenv("XDG_DATA_HOME"));
    int result = g_test_run();

    test_remove_folder(home);
    return result;
}

/* ---- the client ---- */

void reply_free(Reply *self)
{
    if (self == NULL)
        return;
    http_answer_free(self->http);
    json_decref(self->json);
    g_free(self);
}

Reply *ask_raw(Rig *rig, const char *request, gboolean head_only)
{
    Reply *reply = g_new0(Reply, 1);
    int fd = http_connect(rig->port);

    http_send(fd, request, -1);
    reply->http = http_read_answer(fd, head_only);
    close(fd);
    reply->status = reply->http->status;
    g_autofree char *type = http_answer_field(reply->http, "Content-Type");
    g_autofree char *coding = http_answer_field(reply->http, "Content-Encoding");
    if (type != NULL && coding == NULL && g_str_has_prefix(type, "application/json"))
        reply->json = json_loadb(reply->http->body->str, reply->http->body->len, JSON_DECODE_ANY,
                                 NULL);
    return reply;
}

Reply *ask(Rig *rig, const char *method, const char *target, const char *fields, const char *body)
{
    g_autoptr(GString) request = g_string_new(NULL);

    g_string_append_printf(request, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s", method, target,
                           fields != NULL ? fields : "");
    if (body != NULL) {
        if (fields == NULL || strstr(fields, "Content-Type:") == NULL)
            g_string_append(request, "Content-Type: application/json\r\n");
        g_string_append_printf(request, "Content-Length: %zu\r\n", strlen(body));
    }
    g_string_append_printf(request, "\r\n%s", body != NULL ? body : "");
    return ask_raw(rig, request->str, strcmp(method, "HEAD") == 0);
}

char *field(const Reply *reply, const char *name)
{
    return http_answer_field(reply->http, name);
}

const json_t *at(const Reply *reply, const char *place)
{
    g_auto(GStrv) names = g_strsplit(place, ".", -1);
    const json_t *value = reply->json;

    for (guint i = 0; names[i] != NULL && value != NULL; i++)
        value = json_is_array(value)
                    ? json_array_get(value, (gsize)g_ascii_strtoull(names[i], NULL, 10))
                    : json_object_get(value, names[i]);
    return value;
}

const char *text(const Reply *reply, const char *place)
{
    return json_string_value(at(reply, place));
}

gint64 whole(const Reply *reply, const char *place)
{
    return json_integer_value(at(reply, place));
}

void assert_status(const Reply *reply, guint status)
{
    if (reply->status != status)
        g_error("status %u, not %u: %s\n%s", reply->status, status, reply->http->head,
                reply->http->body->str);
    if (status < 400)
        return;
    g_autofree char *id = field(reply, "X-Request-ID");
    g_assert_nonnull(text(reply, "detail"));
    g_assert_cmpstr(text(reply, "request_id"), ==, id);
    /* Nothing of the inside. */
    g_assert_null(strstr(text(reply, "detail"), "SELECT"));
    g_assert_null(strstr(text(reply, "detail"), "/tmp/"));
    g_assert_false(g_regex_match_simple("0x[0-9a-f]{6,}", text(reply, "detail"), 0, 0));
}

void assert_fault(const Reply *reply, const char *where, const char *type)
{
    assert_status(reply, 422);
    g_assert_cmpstr(text(reply, "errors.0.field"), ==, where);
    g_assert_cmpstr(text(reply, "errors.0.type"), ==, type);
    g_assert_nonnull(text(reply, "errors.0.message"));
}
