/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The front ends of others: OpenAI-style clients, webhooks, the Model Context Protocol.
 */
#include "music.h"

#include "jobs/webhook.h"

#include <string.h>

/* ---- OpenAI-style ---- */

static void test_sound_from_words(Rig *rig)
{
    static const char body[] = "{\"model\": \"tunesmith-1\", \"input\": \"calm piano\", \"seconds\": 5, "
                               "\"seed\": 9, \"response_format\": \"mp3\"}";
    g_autoptr(Reply) live = ask(rig, "POST", "/v1/audio/music", NULL, body);
    g_autofree char *type = field(live, "Content-Type"), *id = field(live, "X-Task-ID");

    g_assert_cmpuint(live->status, ==, 200);
    g_assert_cmpstr(type, ==, "audio/mpeg");
    g_assert_true(live->http->whole);
    g_autoptr(Reply) done = music_wait(rig, NULL, id);
    g_assert_cmpstr(text(done, "status"), ==, "completed");
    g_autoptr(Reply) file = music_ask(rig, "GET", NULL, NULL, "/api/v1/generate/%s/download", id);
    g_assert_true(g_string_equal(live->http->body, file->http->body));

    g_autoptr(Reply) url = ask(rig, "POST", "/v1/audio/music", NULL,
                               "{\"prompt\": \"calm piano\", \"response_format\": \"url\"}");
    assert_status(url, 200);
    g_assert_nonnull(strstr(text(url, "data.0.url"), "/api/v1/stream/"));
    g_autoptr(Reply) stop = music_ask(rig, "DELETE", NULL, NULL, "/api/v1/generate/%s",
                                      text(url, "data.0.task_id"));
    g_autoptr(Reply) none = ask(rig, "POST", "/v1/audio/music", NULL, "{\"model\": \"tunesmith\"}");
    assert_fault(none, "body.prompt", "missing");
    g_autoptr(Reply) model =
        ask(rig, "POST", "/v1/audio/music", NULL, "{\"model\": \"other\", \"prompt\": \"x\"}");
    assert_status(model, 422);
    g_autoptr(Reply) models = ask(rig, "GET", "/v1/models", NULL, NULL);
    g_assert_cmpstr(text(models, "object"), ==, "list");
    g_assert_nonnull(text(models, "data.0.id"));
}

/* ---- webhooks ---- */

/* A server that keeps what it is told and answers the first @n_refusals with 500. */
typedef struct {
    TuneHttpServer *server;
    GMutex lock;
    GCond came;
    GPtrArray *bodies; /* char* */
    char *id, *when, *signature;
    guint n_refusals;
} Receiver;

static void begin(TuneHttpRequest *request, TuneHttpResponse *response, TuneHttpPlan *plan,
                  gpointer user_data)
{
    plan->max_body = 1 << 20;
}

static void keep(TuneHttpRequest *request, TuneHttpResponse *response, gpointer user_data)
{
    Receiver *self = user_data;
    gsize size;
    const char *body = g_bytes_get_data(request->body, &size);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    tune_http_response_set_status(response, self->bodies->len < self->n_refusals ? 500 : 204);
    g_ptr_array_add(self->bodies, g_strndup(body, size));
    g_free(self->id);
    g_free(self->when);
    g_free(self->signature);
    self->id = g_strdup(tune_http_request_field(request, "webhook-id"));
    self->when = g_strdup(tune_http_request_field(request, "webhook-timestamp"));
    self->signature = g_strdup(tune_http_request_field(request, "webhook-signature"));
    g_cond_signal(&self->came);
}

static void receiver_start(Receiver *self)
{
    TuneHttpConfig config = TUNE_HTTP_CONFIG_DEFAULT;
    g_autoptr(GError) error = NULL;

    g_mutex_init(&self->lock);
    g_cond_init(&self->came);
    self->bodies = g_ptr_array_new_with_free_func(g_free);
    config.n_loops = 1;
    config.begin = begin;
    config.handle = keep;
    config.user_data = self;
    self->server = tune_http_server_new(&config);
    g_assert_no_error(error);
    g_assert_true(tune_http_server_listen(self->server, "127.0.0.1", 0, &error));
    g_assert_true(tune_http_server_start(self->server, &error));
}

/* Until it was called so many times; at most two minutes. */
static void receiver_wait(Receiver *self, guint n)
{
    gint64 until = g_get_monotonic_time() + 120 * G_TIME_SPAN_SECOND;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    while (self->bodies->len < n)
        if (!g_cond_wait_until(&self->came, &self->lock, until))
            g_error("%u of %u calls after two minutes", self->bodies->len, n);
}

static void receiver_stop(Receiver *self)
{
    tune_http_server_free(self->server);
    g_ptr_array_unref(self->bodies);
    g_free(self->id);
    g_free(self->when);
    g_free(self->signature);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->came);
}

static char *body_with_hook(const Receiver *receiver)
{
    return g_strdup_printf("{\"prompt\": \"calm piano\", \"duration\": 5, \"seed\": 7, "
                           "\"webhook\": \"http://127.0.0.1:%u/told\"}",
                           tune_http_server_port(receiver->server));
}

/* Refused once, told again; signed; told too of what was there already when it was ordered. */
static void test_webhook(Rig *rig)
{
    Receiver receiver = {.n_refusals = 1};

    receiver_start(&receiver);
    g_autofree char *body = body_with_hook(&receiver);
    g_autofree char *id = music_make(rig, NULL, body);
    receiver_wait(&receiver, 2);
    g_assert_cmpstr(receiver.bodies->pdata[0], !=, "");
    g_autoptr(json_t) told = json_loads(receiver.bodies->pdata[1], 0, NULL);
    const json_t *data = json_object_get(told, "data");
    g_assert_cmpstr(json_string_value(json_object_get(told, "type")), ==, "generation.completed");
    g_assert_cmpstr(json_string_value(json_object_get(data, "task_id")), ==, id);
    g_assert_cmpstr(json_string_value(json_object_get(data, "status")), ==, "completed");
    g_assert_cmpstr(receiver.id, ==, id);
    g_autofree char *signature =
        tune_webhook_signature("hush", receiver.id, g_ascii_strtoll(receiver.when, NULL, 10),
                               receiver.bodies->pdata[1]);
    g_assert_cmpstr(receiver.signature, ==, signature);

    g_autofree char *again = music_make(rig, NULL, body);
    receiver_wait(&receiver, 3);
    g_assert_cmpstr(receiver.id, ==, again);
    receiver_stop(&receiver);
}

/* What the last call was signed with, once it has come. */
static void assert_signed(Receiver *receiver, guint n, const char *secret, const char *older)
{
    receiver_wait(receiver, n);
    gint64 when = g_ascii_strtoll(receiver->when, NULL, 10);
    const char *body = receiver->bodies->pdata[n - 1];
    g_autofree char *first = tune_webhook_signature(secret, receiver->id, when, body);
    g_autofree char *second =
        older != NULL ? tune_webhook_signature(older, receiver->id, when, body) : NULL;
    g_autofree char *expected = g_strconcat(first, second != NULL ? " " : NULL, second, NULL);

    g_assert_cmpstr(receiver->signature, ==, expected);
}

#define SECRET_ROUTE "/api/v1/user/webhook-secret"
#define OWN_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

static void test_webhook_secret_of_a_user(Rig *rig)
{
    g_autofree char *ann = music_user(rig, "ann@example.org"), *bob = music_user(rig, "bob@example.org");
    Receiver receiver = {.n_refusals = 0};

    receiver_start(&receiver);
    g_autofree char *body = body_with_hook(&receiver);
    g_autoptr(Reply) none = ask(rig, "GET", SECRET_ROUTE, ann, NULL);
    assert_status(none, 404);
    g_autoptr(Reply) bad = ask(rig, "POST", SECRET_ROUTE, ann, "{\"secret\": "
                               "\"whsec_this is no base64 of anything at all, is it\"}");
    assert_fault(bad, "body.secret", "value");
    g_autoptr(Reply) made = ask(rig, "POST", SECRET_ROUTE, ann, NULL);
    assert_status(made, 200);
    const char *first = text(made, "secret");
    g_assert_true(tune_webhook_secret_is_good(first));
    g_assert_true(json_is_null(at(made, "previous_until")));
    g_autofree char *one = music_make(rig, ann, body);
    assert_signed(&receiver, 1, first, NULL);

    /* Changed: both sign.  Nobody is shown it again. */
    g_autoptr(Reply) changed = ask(rig, "POST", SECRET_ROUTE, ann, "{\"secret\": \"" OWN_SECRET "\"}");
    g_assert_cmpstr(text(changed, "secret"), ==, OWN_SECRET);
    g_autoptr(Reply) shown = ask(rig, "GET", SECRET_ROUTE, ann, NULL);
    assert_status(shown, 200);
    g_assert_nonnull(text(shown, "previous_until"));
    g_assert_null(at(shown, "secret"));
    g_autofree char *two = music_make(rig, ann, body);
    assert_signed(&receiver, 2, OWN_SECRET, first);

    /* Others have the service's, and who has none any more. */
    g_autofree char *three = music_make(rig, bob, body);
    assert_signed(&receiver, 3, "hush", NULL);
    g_autoptr(Reply) dropped = ask(rig, "DELETE", SECRET_ROUTE, ann, NULL);
    g_assert_cmpuint(dropped->status, ==, 204);
    g_autofree char *four = music_make(rig, ann, body);
    assert_signed(&receiver, 4, "hush", NULL);
    g_autoptr(Reply) again = ask(rig, "DELETE", SECRET_ROUTE, ann, NULL);
    assert_status(again, 404);
    receiver_stop(&receiver);
}

/* ---- Model Context Protocol ---- */

#define MODERN "\"_meta\": {\"io.modelcontextprotocol/protocolVersion\": \"2026-07-28\"}"

static Reply *say(Rig *rig, const char *message)
{
    return ask(rig, "POST", "/mcp", NULL, message);
}

static Reply *call_tool(Rig *rig, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
static Reply *call_tool(Rig *rig, const char *name, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *given = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *message = g_strdup_printf(
        "{\"jsonrpc\": \"2.0\", \"id\": 5, \"method\": \"tools/call\", \"params\": {\"name\": \"%s\", "
        "\"arguments\": %s, " MODERN "}}", name, given);
    return say(rig, message);
}

static void test_handshake(Rig *rig)
{
    g_autoptr(Reply) old = say(rig, "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"initialize\", "
                                    "\"params\": {\"protocolVersion\": \"2025-06-18\"}}");
    g_autoptr(Reply) unknown = say(rig, "{\"jsonrpc\": \"2.0\", \"id\": \"a\", \"method\": "
                                        "\"initialize\", \"params\": {\"protocolVersion\": \"1\"}}");
    g_autoptr(Reply) ready =
        say(rig, "{\"jsonrpc\": \"2.0\", \"method\": \"notifications/initialized\"}");
    g_autoptr(Reply) tools = say(rig, "{\"jsonrpc\": \"2.0\", \"id\": 2, \"method\": \"tools/list\"}");
    g_autoptr(Reply) new_tools = say(rig, "{\"jsonrpc\": \"2.0\", \"id\": 2, \"method\": "
                                          "\"tools/list\", \"params\": {" MODERN "}}");
    g_autoptr(Reply) found = say(rig, "{\"jsonrpc\": \"2.0\", \"id\": 3, \"method\": "
                                      "\"server/discover\", \"params\": {" MODERN "}}");

    g_assert_cmpstr(text(old, "result.protocolVersion"), ==, "2025-06-18");
    g_assert_cmpstr(text(unknown, "result.protocolVersion"), ==, "2025-11-25");
    g_assert_cmpstr(text(unknown, "id"), ==, "a");
    g_assert_cmpuint(ready->status, ==, 202);
    g_assert_cmpuint(ready->http->body->len, ==, 0);
    g_assert_cmpuint(json_array_size(at(tools, "result.tools")), ==, 6);
    g_assert_null(at(tools, "result.resultType"));
    g_assert_cmpstr(text(new_tools, "result.resultType"), ==, "complete");
    g_assert_cmpint(whole(new_tools, "result.ttlMs"), >, 0);
    g_assert_cmpstr(text(new_tools, "result.tools.0.inputSchema.type"), ==, "object");
    g_assert_cmpstr(text(found, "result.supportedVersions.0"), ==, "2026-07-28");
}

static void test_protocol_errors(Rig *rig)
{
    static const struct {
        const char *message, *fields;
        guint status;
        gint64 code;
    } cases[] = {
        {"{nonsense", "", 400, -32700},
        {"[]", "", 400, -32600},
        {"{\"jsonrpc\": \"1.0\", \"id\": 1, \"method\": \"ping\"}", "", 400, -32600},
        {"{\"jsonrpc\": \"2.0\", \"id\": null, \"method\": \"ping\"}", "", 400, -32600},
        {"{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"no/such\"}", "", 200, -32601},
        {"{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"no/such\", \"params\": {" MODERN "}}", "",
         404, -32601},
        {"{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"tools/call\", \"params\": {}}", "", 200,
         -32602},
        {"{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"ping\", \"params\": {\"_meta\": "
         "{\"io.modelcontextprotocol/protocolVersion\": \"1999-01-01\"}}}", "", 400, -32022},
        {"{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"ping\", \"params\": {" MODERN "}}",
         "Mcp-Method: tools/list\r\n", 400, -32020},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Reply) reply = ask(rig, "POST", "/mcp", cases[i].fields, cases[i].message);
        g_assert_cmpuint(reply->status, ==, cases[i].status);
        g_assert_cmpint(whole(reply, "error.code"), ==, cases[i].code);
    }
    g_autoptr(Reply) page = ask(rig, "POST", "/mcp", "Origin: https://evil.example\r\n",
                                "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"ping\"}");
    g_autoptr(Reply) get = ask(rig, "GET", "/mcp", NULL, NULL);
    assert_status(page, 403);
    assert_status(get, 405);
}

static void test_tools(Rig *rig)
{
    g_autoptr(Reply) made = call_tool(rig, "compose", "%s", MUSIC_SHORT);
    const char *id = text(made, "result.structuredContent.task_id");
    g_autoptr(Reply) done = NULL;

    g_assert_nonnull(id);
    g_assert_false(json_is_true(at(made, "result.isError")));
    for (guint i = 0; i < 10; i++) {
        g_clear_pointer(&done, reply_free);
        done = call_tool(rig, "wait", "{\"task_id\": \"%s\"}", id);
        if (g_strcmp0(text(done, "result.structuredContent.status"), "completed") == 0)
            break;
    }
    g_assert_cmpstr(text(done, "result.structuredContent.status"), ==, "completed");
    g_autoptr(Reply) sound = call_tool(rig, "render", "{\"task_id\": \"%s\", \"format\": \"ogg\"}", id);
    g_autoptr(Reply) file = ask(rig, "GET", text(sound, "result.structuredContent.url"), NULL, NULL);
    g_assert_cmpuint(file->status, ==, 200);
    static const char *const whats[] = {"abc", "musicxml", "json", "report"};
    for (guint i = 0; i < G_N_ELEMENTS(whats); i++) {
        g_autoptr(Reply) score =
            call_tool(rig, "export", "{\"task_id\": \"%s\", \"what\": \"%s\"}", id, whats[i]);
        g_assert_cmpuint(strlen(text(score, "result.structuredContent.text")), >, 20);
    }
    g_autoptr(Reply) midi = call_tool(rig, "export", "{\"task_id\": \"%s\", \"what\": \"midi\"}", id);
    g_assert_true(g_str_has_prefix(text(midi, "result.structuredContent.base64"), "TVRoZ"));
    g_autoptr(Reply) changed =
        call_tool(rig, "edit", "{\"task_id\": \"%s\", \"changes\": {\"key\": \"D minor\"}}", id);
    const char *second = text(changed, "result.structuredContent.task_id");
    g_assert_cmpstr(second, !=, id);
    g_assert_cmpint(whole(changed, "result.structuredContent.seed"), ==, 7);
    g_autoptr(Reply) status = music_wait(rig, NULL, second);
    g_assert_cmpstr(text(status, "report.piece.key"), ==, "D minor");
    g_autoptr(Reply) all = call_tool(rig, "list", "{}");
    g_assert_cmpuint(json_array_size(at(all, "result.structuredContent.items")), ==, 2);
}

static void test_tools_that_fail(Rig *rig)
{
    static const struct {
        const char *name, *arguments;
    } cases[] = {
        {"compose", "{}"},
        {"compose", "{\"prompt\": \"solo piano, no piano\"}"},
        {"wait", "{\"task_id\": \"none\"}"},
        {"render", "{\"task_id\": \"none\"}"},
        {"export", "{\"task_id\": \"none\", \"what\": \"pdf\"}"},
        {"edit", "{\"task_id\": \"none\", \"changes\": {}}"},
        {"list", "{\"limit\": 1000}"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Reply) reply = call_tool(rig, cases[i].name, "%s", cases[i].arguments);
        g_assert_cmpuint(reply->status, ==, 200);
        g_assert_true(json_is_true(at(reply, "result.isError")));
        g_assert_cmpstr(text(reply, "result.content.0.text"), !=, "");
    }
    g_autoptr(Reply) unknown = call_tool(rig, "paint", "{}");
    g_assert_cmpint(whole(unknown, "error.code"), ==, -32602);
}

/* Cut where a letter has two bytes, and still an answer. */
static void test_names_that_are_cut(Rig *rig)
{
    g_autoptr(GString) name = g_string_new("x");

    for (guint i = 0; i < 40; i++)
        g_string_append(name, "\303\244");
    g_autoptr(Reply) tool = call_tool(rig, name->str, "{}");
    g_assert_cmpint(whole(tool, "error.code"), ==, -32602);
    g_autofree char *message =
        g_strdup_printf("{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"%s\"}", name->str);
    g_autoptr(Reply) method = say(rig, message);
    g_assert_cmpint(whole(method, "error.code"), ==, -32601);
}

/* Where nobody is asked who he is, all tools are there, and the list shows nobody what others ordered. */
static void test_tools_of_nobody_in_particular(Rig *rig)
{
    g_autofree char *ann = music_user(rig, "ann@example.org");
    g_autofree char *message = g_strdup("{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"tools/call\", "
                                        "\"params\": {\"name\": \"list\", \"arguments\": {}, " MODERN "}}");
    g_autoptr(Reply) tools = say(rig, "{\"jsonrpc\": \"2.0\", \"id\": 2, \"method\": \"tools/list\"}");
    g_assert_cmpuint(json_array_size(at(tools, "result.tools")), ==, 6);
    g_autoptr(Reply) made = call_tool(rig, "compose", "%s", MUSIC_SHORT);
    const char *id = text(made, "result.structuredContent.task_id");
    g_assert_nonnull(id);
    g_autofree char *hers = music_order(rig, ann, MUSIC_SHORT);

    g_autoptr(Reply) listed = call_tool(rig, "list", "{}");
    g_assert_cmpuint(json_array_size(at(listed, "result.structuredContent.items")), ==, 0);
    g_assert_true(json_is_array(at(listed, "result.structuredContent.items")));
    g_autoptr(Reply) own = ask(rig, "POST", "/mcp", ann, message);
    g_assert_cmpuint(json_array_size(at(own, "result.structuredContent.items")), ==, 1);
    /* Who knows the id of a piece that is nobody's may ask for it; hers is hers. */
    g_autoptr(Reply) known = call_tool(rig, "wait", "{\"task_id\": \"%s\", \"timeout_seconds\": 0}", id);
    g_assert_cmpstr(text(known, "result.structuredContent.task_id"), ==, id);
    g_autoptr(Reply) theirs = call_tool(rig, "wait", "{\"task_id\": \"%s\", \"timeout_seconds\": 0}", hers);
    g_assert_true(json_is_true(at(theirs, "result.isError")));
}

/* Threads that wait answer nobody else: when many wait, the next is told at once how it stands. */
static void test_few_wait(Rig *rig)
{
    g_autoptr(Reply) made = call_tool(rig, "compose", "%s", MUSIC_SHORT);
    const char *id = text(made, "result.structuredContent.task_id");
    gint64 before = g_get_monotonic_time();

    g_atomic_int_set(&rig->api->n_mcp_waits, 2); /* a quarter of the rig's workers */
    g_autoptr(Reply) waited = call_tool(rig, "wait", "{\"task_id\": \"%s\", \"timeout_seconds\": 25}", id);
    g_assert_cmpstr(text(waited, "result.structuredContent.status"), ==, "queued");
    g_assert_cmpint(g_get_monotonic_time() - before, <, 20 * G_TIME_SPAN_SECOND);
    g_assert_cmpint(g_atomic_int_get(&rig->api->n_mcp_waits), ==, 2);
}

static const char *const open_to_all[] = {"engine=compose", "limits=off", "render-workers=-1",
                                          "insecure=yes", NULL};

static const char *const no_renders[] = {"engine=compose", "limits=off", "render-workers=-1", NULL};

static const char *const hooks[] = {"engine=compose", "limits=off", "webhook-private=yes",
                                    "webhook-secret=hush", NULL};

int main(int argc, char **argv)
{
    rig_init(&argc, &argv);
    rig_add("/api/fronts/sound-from-words", test_sound_from_words, music_settings);
    rig_add("/api/fronts/webhook", test_webhook, hooks);
    rig_add("/api/fronts/webhook-secret-of-a-user", test_webhook_secret_of_a_user, hooks);
    rig_add("/api/fronts/mcp/handshake", test_handshake, music_settings);
    rig_add("/api/fronts/mcp/protocol-errors", test_protocol_errors, music_settings);
    rig_add("/api/fronts/mcp/tools", test_tools, music_settings);
    rig_add("/api/fronts/mcp/tools-that-fail", test_tools_that_fail, music_settings);
    rig_add("/api/fronts/mcp/names-that-are-cut", test_names_that_are_cut, music_settings);
    rig_add("/api/fronts/mcp/tools-of-nobody-in-particular", test_tools_of_nobody_in_particular, open_to_all);
    rig_add("/api/fronts/mcp/few-wait", test_few_wait, no_renders);
    return rig_run();
}
