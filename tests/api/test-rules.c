/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What holds on every route.
 */
#include "rig.h"

#include <string.h>

#define JSON "Content-Type: application/json\r\n"

static const char song[] = "{\"text_input\":\"a song\",\"genre\":\"rock\",\"structure\":{}}";

static void test_request_ids(Rig *rig)
{
    g_autoptr(Reply) own = ask(rig, "GET", "/", "X-Request-ID: my-id_1.2:3\r\n", NULL);
    g_autoptr(Reply) odd = ask(rig, "GET", "/", "X-Request-ID: my id; drop\r\n", NULL);
    g_autoptr(Reply) none = ask(rig, "GET", "/", NULL, NULL);
    g_autoptr(Reply) again = ask(rig, "GET", "/", NULL, NULL);
    g_autofree char *a = field(own, "X-Request-ID"), *b = field(odd, "X-Request-ID");
    g_autofree char *c = field(none, "X-Request-ID"), *d = field(again, "X-Request-ID");

    g_assert_cmpstr(a, ==, "my-id_1.2:3");
    g_assert_cmpstr(b, !=, "my id; drop");
    g_assert_cmpuint(strlen(c), >, 8);
    g_assert_cmpstr(c, !=, d);
    g_autofree char *long_id = g_strnfill(65, 'x');
    g_autofree char *line = g_strconcat("X-Request-ID: ", long_id, "\r\n", NULL);
    g_autoptr(Reply) too_long = ask(rig, "GET", "/", line, NULL);
    g_autofree char *e = field(too_long, "X-Request-ID");
    g_assert_cmpstr(e, !=, long_id);
}

/* Also answers that the HTTP layer makes, with the head known or not. */
static void test_ids_of_refusals(Rig *rig)
{
    g_autoptr(Reply) large = ask_raw(rig,
                                     "POST /presets HTTP/1.1\r\nHost: x\r\nX-Request-ID: mine\r\n"
                                     "Content-Type: application/json\r\n"
                                     "Content-Length: 1073741824\r\n\r\n",
                                     FALSE);
    g_autoptr(Reply) malformed = ask_raw(rig, "GET / HTTP/1.1\r\nHost: x\r\nbad\r\n\r\n", FALSE);
    g_autofree char *a = field(large, "X-Request-ID"), *b = field(malformed, "X-Request-ID");

    assert_status(large, 413);
    g_assert_cmpstr(a, ==, "mine");
    g_assert_cmpstr(text(large, "request_id"), ==, "mine");
    assert_status(malformed, 400);
    g_assert_cmpuint(strlen(b), >, 8);
    g_assert_cmpstr(text(malformed, "request_id"), ==, b);
}

static void test_unknown_and_methods(Rig *rig)
{
    g_autoptr(Reply) unknown = ask(rig, "GET", "/nothing/here", NULL, NULL);
    g_autoptr(Reply) put = ask(rig, "PUT", "/presets", NULL, "{}");
    g_autoptr(Reply) odd = ask(rig, "BREW", "/presets", NULL, NULL);
    g_autoptr(Reply) options = ask(rig, "OPTIONS", "/presets/x", NULL, NULL);
    g_autoptr(Reply) nowhere = ask(rig, "OPTIONS", "/nothing", NULL, NULL);
    g_autofree char *allow = field(put, "Allow"), *allowed = field(options, "Allow");

    assert_status(unknown, 404);
    assert_status(put, 405);
    g_assert_cmpstr(allow, ==, "GET, HEAD, POST, OPTIONS");
    assert_status(odd, 405);
    assert_status(options, 204);
    g_assert_cmpstr(allowed, ==, "GET, HEAD, DELETE, OPTIONS");
    assert_status(nowhere, 404);
}

static void test_head(Rig *rig)
{
    static const char *const paths[] = {"/", "/health", "/config", "/presets", "/prompt-tips", "/docs",
                                        "/presets/rock_anthem", "/openapi.json", "/api/v1/models"};

    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(Reply) get = ask(rig, "GET", paths[i], NULL, NULL);
        g_autoptr(Reply) head = ask(rig, "HEAD", paths[i], NULL, NULL);
        g_autofree char *a = field(get, "Content-Length"), *b = field(head, "Content-Length");
        assert_status(head, 200);
        g_assert_cmpuint(head->http->body->len, ==, 0);
        g_assert_cmpstr(a, ==, b);
    }
}

static void test_etag(Rig *rig)
{
    g_autoptr(Reply) first = ask(rig, "GET", "/presets", NULL, NULL);
    g_autofree char *etag = field(first, "ETag");
    g_autofree char *same = g_strdup_printf("If-None-Match: %s\r\n", etag);
    g_autofree char *weak = g_strdup_printf("If-None-Match: \"x\", W/%s\r\n", etag);
    g_autoptr(Reply) known = ask(rig, "GET", "/presets", same, NULL);
    g_autoptr(Reply) among = ask(rig, "GET", "/presets", weak, NULL);
    g_autoptr(Reply) any = ask(rig, "GET", "/presets", "If-None-Match: *\r\n", NULL);
    g_autoptr(Reply) other = ask(rig, "GET", "/presets", "If-None-Match: \"x\"\r\n", NULL);
    g_autofree char *again = field(known, "ETag");

    g_assert_true(etag[0] == '"');
    g_assert_cmpuint(known->status, ==, 304);
    g_assert_cmpuint(known->http->body->len, ==, 0);
    g_assert_cmpstr(again, ==, etag);
    g_assert_cmpuint(among->status, ==, 304);
    g_assert_cmpuint(any->status, ==, 304);
    g_assert_cmpuint(other->status, ==, 200);
    g_autoptr(Reply) saved =
        ask(rig, "POST", "/presets", NULL, "{\"name\":\"etag_x\",\"genre\":\"jazz\",\"structure\":{}}");
    g_autoptr(Reply) changed = ask(rig, "GET", "/presets", same, NULL);
    g_autoptr(Reply) removed = ask(rig, "DELETE", "/presets/etag_x", NULL, NULL);
    assert_status(saved, 200);
    g_assert_cmpuint(changed->status, ==, 200);
    assert_status(removed, 200);
}

static void test_compression(Rig *rig)
{
    g_autoptr(Reply) plain = ask(rig, "GET", "/openapi.json", NULL, NULL);
    g_autoptr(Reply) gzip = ask(rig, "GET", "/openapi.json", "Accept-Encoding: gzip\r\n", NULL);
    g_autoptr(Reply) zstd = ask(rig, "GET", "/openapi.json", "Accept-Encoding: gzip, zstd\r\n", NULL);
    g_autoptr(Reply) small = ask(rig, "GET", "/", "Accept-Encoding: gzip\r\n", NULL);
    g_autofree char *a = field(gzip, "Content-Encoding"), *b = field(zstd, "Content-Encoding");
    g_autofree char *c = field(small, "Content-Encoding"), *vary = field(plain, "Vary");
    g_autofree char *etag = field(plain, "ETag"), *etag_gzip = field(gzip, "ETag");

    assert_status(plain, 200);
    g_assert_cmpstr(vary, ==, "Accept-Encoding");
    g_assert_cmpstr(a, ==, "gzip");
    g_assert_cmpstr(b, ==, "zstd");
    g_assert_null(c);
    g_assert_cmpuint(gzip->http->body->len * 2, <, plain->http->body->len);
    g_assert_cmpuint(zstd->http->body->len * 2, <, plain->http->body->len);
    g_assert_true(memcmp(gzip->http->body->str, "\x1f\x8b", 2) == 0);
    g_assert_true(memcmp(zstd->http->body->str, "\x28\xb5\x2f\xfd", 4) == 0);
    g_assert_cmpstr(etag, !=, etag_gzip);
    g_autofree char *line = g_strdup_printf("If-None-Match: %s\r\nAccept-Encoding: gzip\r\n", etag_gzip);
    g_autoptr(Reply) known = ask(rig, "GET", "/openapi.json", line, NULL);
    g_assert_cmpuint(known->status, ==, 304);
}

static void test_safe_fields(Rig *rig)
{
    g_autoptr(Reply) root = ask(rig, "GET", "/", NULL, NULL);
    g_autoptr(Reply) docs = ask(rig, "GET", "/docs", NULL, NULL);
    g_autoptr(Reply) unknown = ask(rig, "GET", "/x", NULL, NULL);
    g_autofree char *sniff = field(root, "X-Content-Type-Options");
    g_autofree char *policy = field(docs, "Content-Security-Policy");
    g_autofree char *kept = field(unknown, "Cache-Control");

    g_assert_cmpstr(sniff, ==, "nosniff");
    g_assert_cmpstr(kept, ==, "no-store");
    g_assert_true(g_str_has_prefix(policy, "default-src 'none'; style-src 'sha256-"));
    /* Nothing of the page comes from elsewhere, and no script. */
    g_assert_null(strstr(docs->http->body->str, "<script"));
    g_assert_null(strstr(docs->http->body->str, "src="));
    g_assert_null(strstr(docs->http->body->str, "https://"));
}

static void test_bodies_of_old_routes(Rig *rig)
{
    g_autoptr(Reply) none = ask(rig, "POST", "/tracks/generate", JSON, NULL);
    g_autoptr(Reply) empty = ask(rig, "POST", "/tracks/generate", NULL, "");
    g_autoptr(Reply) broken = ask(rig, "POST", "/tracks/generate", NULL, "{\"text_input\":");
    g_autoptr(Reply) list = ask(rig, "POST", "/tracks/generate", NULL, "[]");
    g_autoptr(Reply) nan =
        ask(rig, "POST", "/tracks/generate", NULL, "{\"text_input\":\"\",\"temperature\":NaN}");
    g_autoptr(Reply) twice =
        ask(rig, "POST", "/tracks/generate", NULL, "{\"text_input\":\"a\",\"text_input\":\"b\"}");
    g_autoptr(Reply) form =
        ask(rig, "POST", "/tracks/generate", "Content-Type: text/plain\r\n", song);
    g_autoptr(Reply) latin = ask(rig, "POST", "/tracks/generate",
                                 "Content-Type: application/json; charset=latin1\r\n", song);
    g_autoptr(Reply) utf8 = ask(rig, "POST", "/tracks/generate",
                                "Content-Type: application/json; charset=UTF-8\r\n", song);
    g_autoptr(Reply) bad_utf8 =
        ask(rig, "POST", "/tracks/generate", NULL, "{\"text_input\":\"\xff\",\"genre\":\"x\"}");

    assert_fault(none, "body", "missing");
    assert_fault(empty, "body", "missing");
    assert_fault(broken, "body", "json_invalid");
    assert_fault(list, "body", "model_type");
    assert_fault(nan, "body", "json_invalid");
    assert_fault(twice, "body", "json_invalid");
    assert_fault(form, "body", "media_type");
    assert_fault(latin, "body", "media_type");
    assert_status(utf8, 200);
    assert_fault(bad_utf8, "body", "json_invalid");
}

static void test_bodies_of_new_routes(Rig *rig)
{
    const char *path = "/api/v1/auth/login";
    const char *login = "{\"email\":\"a@b.c\",\"password\":\"x\"}";
    g_autoptr(Reply) form = ask(rig, "POST", path, "Content-Type: text/plain\r\n", login);
    g_autoptr(Reply) broken = ask(rig, "POST", path, NULL, "{");
    g_autoptr(Reply) wrong = ask(rig, "POST", path, NULL, "{\"email\":1,\"password\":\"x\"}");
    g_autoptr(Reply) problem = ask(rig, "POST", path, "Content-Type: application/x+json\r\n", login);

    assert_status(form, 415);
    assert_fault(broken, "body", "json_invalid");
    assert_fault(wrong, "body.email", "string_type");
    assert_status(problem, 401);
}

static void test_too_large(Rig *rig)
{
    g_autofree char *many = g_strnfill(1 << 20, 'x');
    g_autofree char *body = g_strdup_printf("{\"text_input\":\"%s\"}", many);
    g_autoptr(Reply) reply = ask(rig, "POST", "/tracks/generate", NULL, body);
    g_autoptr(Reply) stated = ask_raw(rig,
                                      "POST /presets HTTP/1.1\r\nHost: x\r\n"
                                      "Content-Type: application/json\r\n"
                                      "Content-Length: 1073741824\r\n\r\n",
                                      FALSE);

    g_assert_cmpuint(reply->status, ==, 413);
    g_assert_nonnull(text(reply, "detail"));
    g_assert_cmpuint(stated->status, ==, 413);
}

static void test_queries(Rig *rig)
{
    g_autoptr(Reply) low = ask(rig, "GET", "/api/v1/cache?limit=0", NULL, NULL);
    g_autoptr(Reply) word = ask(rig, "GET", "/api/v1/cache?limit=many", NULL, NULL);
    g_autoptr(Reply) good = ask(rig, "GET", "/api/v1/cache?limit=5&unknown=1", NULL, NULL);
    g_autoptr(Reply) unknown = ask(rig, "GET", "/api/v1/models/compose?fields=id,size", NULL, NULL);
    g_autoptr(Reply) some = ask(rig, "GET", "/api/v1/models/compose?fields=id,loaded", NULL, NULL);

    assert_fault(low, "query.limit", "greater_than_equal");
    assert_fault(word, "query.limit", "int_parsing");
    assert_status(good, 200);
    assert_fault(unknown, "query.fields", "unknown_field");
    assert_status(some, 200);
    g_assert_cmpuint(json_object_size(some->json), ==, 2);
    g_assert_cmpstr(text(some, "id"), ==, "compose");
}

static const char *const limited[] = {"limits=on", "rate-anonymous=1/h burst 3", NULL};

static void test_rate_limit(Rig *rig)
{
    for (guint i = 0; i < 3; i++) {
        g_autoptr(Reply) reply = ask(rig, "GET", "/config", NULL, NULL);
        g_autofree char *limit = field(reply, "RateLimit-Limit");
        g_autofree char *left = field(reply, "RateLimit-Remaining");
        g_autofree char *expected = g_strdup_printf("%u", 2 - i);
        assert_status(reply, 200);
        g_assert_cmpstr(limit, ==, "3");
        g_assert_cmpstr(left, ==, expected);
    }
    g_autoptr(Reply) over = ask(rig, "GET", "/presets", NULL, NULL);
    g_autofree char *retry = field(over, "Retry-After");
    assert_status(over, 429);
    g_assert_cmpint(g_ascii_strtoll(retry, NULL, 10), >, 60);
    /* Health is not counted. */
    g_autoptr(Reply) health = ask(rig, "GET", "/health", NULL, NULL);
    assert_status(health, 200);
}

static void test_idempotency(Rig *rig)
{
    const char *body = "{\"name\":\"idem\",\"genre\":\"jazz\",\"structure\":{}}";
    const char *other = "{\"name\":\"idem\",\"genre\":\"rock\",\"structure\":{}}";
    const char *key = "Idempotency-Key: key-1\r\n";
    g_autoptr(Reply) first = ask(rig, "POST", "/presets", key, body);
    g_autoptr(Reply) removed = ask(rig, "DELETE", "/presets/idem", NULL, NULL);
    g_autoptr(Reply) again = ask(rig, "POST", "/presets", key, body);
    g_autoptr(Reply) gone = ask(rig, "GET", "/presets/idem", NULL, NULL);
    g_autoptr(Reply) reused = ask(rig, "POST", "/presets", key, other);
    g_autoptr(Reply) odd = ask(rig, "POST", "/presets", "Idempotency-Key: a b\r\n", body);
    g_autofree char *replayed = field(again, "Idempotent-Replayed");
    g_autofree char *fresh = field(first, "Idempotent-Replayed");

    assert_status(first, 200);
    g_assert_null(fresh);
    assert_status(removed, 200);
    /* The answer of then, and nothing was made. */
    assert_status(again, 200);
    g_assert_cmpstr(replayed, ==, "true");
    g_assert_true(json_equal(first->json, again->json));
    assert_status(gone, 404);
    assert_fault(reused, "header.Idempotency-Key", "idempotency_key");
    assert_fault(odd, "header.Idempotency-Key", "string_pattern_mismatch");
    /* A refusal is not kept. */
    g_autoptr(Reply) bad = ask(rig, "POST", "/presets", "Idempotency-Key: key-2\r\n", "{}");
    g_autoptr(Reply) good = ask(rig, "POST", "/presets", "Idempotency-Key: key-2\r\n", body);
    g_autoptr(Reply) end = ask(rig, "DELETE", "/presets/idem", NULL, NULL);
    assert_status(bad, 422);
    assert_status(good, 200);
    assert_status(end, 200);
}

static void test_document_is_the_table(Rig *rig)
{
    g_autoptr(Reply) document = ask(rig, "GET", "/openapi.json", NULL, NULL);
    const char *path;
    json_t *entry;

    assert_status(document, 200);
    g_assert_cmpstr(text(document, "openapi"), ==, "3.1.0");
    /* Whatever is documented is there. */
    json_object_foreach((json_t *)json_object_get(document->json, "paths"), path, entry) {
        g_autofree char *target = g_strdup(path);
        for (char *p = target; *p != '\0'; p++)
            if (*p == '{' || *p == '}')
                *p = 'x';
        g_autoptr(Reply) options = ask(rig, "OPTIONS", target, NULL, NULL);
        assert_status(options, 204);
        g_autofree char *allow = field(options, "Allow");
        const char *method;
        json_t *operation;
        json_object_foreach(entry, method, operation) {
            g_autofree char *upper = g_ascii_strup(method, -1);
            g_assert_nonnull(strstr(allow, upper));
            g_assert_nonnull(json_object_get(json_object_get(operation, "responses"), "default"));
        }
    }
}

static void test_pipelined_and_kept(Rig *rig)
{
    int fd = http_connect(rig->port);

    http_send(fd,
              "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
              "GET /config HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
              -1);
    g_autoptr(HttpAnswer) one = http_read_answer(fd, FALSE);
    g_autoptr(HttpAnswer) two = http_read_answer(fd, FALSE);
    g_autoptr(HttpAnswer) three = http_read_answer(fd, FALSE);
    g_assert_cmpuint(one->status, ==, 200);
    g_assert_cmpuint(two->status, ==, 404);
    g_assert_cmpuint(three->status, ==, 200);
    g_assert_true(http_is_closed(fd));
    close(fd);
}

static void test_refusals_are_worded_alike(Rig *rig)
{
    g_autoptr(Reply) bad = ask_raw(rig, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", FALSE);

    g_assert_cmpuint(bad->status, ==, 400);
    g_assert_nonnull(text(bad, "detail"));
    g_assert_nonnull(text(bad, "request_id"));
}

/* ---- pages of other hosts, in a browser on this machine ---- */

#define PLAIN "Content-Length: 57\r\n\r\n{\"name\":\"from_a_page\",\"genre\":\"jazz\",\"structure\":{\"x\":1}}"

/* As browsers send what pages ask for without a type: no Content-Type, and so no question beforehand. */
static guint status_of_page(Rig *rig, const char *host, const char *origin)
{
    g_autofree char *line = origin != NULL ? g_strdup_printf("Origin: %s\r\n", origin) : g_strdup("");
    g_autofree char *request =
        g_strdup_printf("POST /presets HTTP/1.1\r\nHost: %s\r\n%s" PLAIN, host, line);
    g_autoptr(Reply) reply = ask_raw(rig, request, FALSE);

    assert_status(reply, reply->status);
    return reply->status;
}

static void test_pages_of_other_hosts(Rig *rig)
{
    static const struct {
        const char *host, *origin;
        guint status;
    } cases[] = {
        {"localhost:8080", NULL, 200},
        {"localhost:8080", "http://localhost:8080", 200},
        {"127.0.0.1:8080", "http://127.0.0.1:8080", 200},
        {"[::1]:8080", "http://[::1]:8080", 200},
        {"localhost:8080", "https://music.example.org", 200}, /* public-url */
        {"music.example.org", "https://music.example.org", 200},
        {"localhost:8080", "https://evil.example", 403},
        {"localhost:8080", "http://localhost:3000", 403},
        {"localhost:8080", "http://localhost:8080.evil.example", 403},
        {"localhost:8080", "null", 403},
        /* The page's own name, which points to this machine by now. */
        {"evil.example:8080", "http://evil.example:8080", 403},
        {"evil.example:8080", NULL, 403},
        {"127.0.0.1.evil.example", NULL, 403},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpuint(status_of_page(rig, cases[i].host, cases[i].origin), ==, cases[i].status);
    g_autoptr(Reply) read = ask_raw(rig, "GET /config HTTP/1.1\r\nHost: evil.example\r\n\r\n", FALSE);
    g_autoptr(Reply) well = ask_raw(rig, "GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n", FALSE);
    g_autoptr(Reply) other = ask(rig, "GET", "/config", "Origin: https://evil.example\r\n", NULL);
    assert_status(read, 403);
    assert_status(well, 200);
    assert_status(other, 200); /* no page can read it: no answer allows that */
    g_autofree char *allowed = field(other, "Access-Control-Allow-Origin");
    g_assert_null(allowed);
}

static const char *const named[] = {"public-url=https://music.example.org/", NULL};

/* Who has the key needs no browser's word. */
static void test_pages_with_a_key(Rig *rig)
{
    g_autoptr(Reply) reply =
        ask_raw(rig, "POST /presets HTTP/1.1\r\nHost: evil.example\r\nX-API-Key: k\r\n"
                     "Origin: https://evil.example\r\n" PLAIN, FALSE);

    assert_status(reply, 200);
}

static const char *const keyed[] = {"api-key=k", NULL};

/* ---- SIGHUP ---- */

static const char *nothing_given(const char *name, gpointer user_data)
{
    return NULL;
}

/* A key that is gone from the settings must not open a server that others can reach. */
static void test_reload_keeps_the_door(Rig *rig)
{
    const TuneSettings *before = tune_api_settings(rig->api);
    g_autoptr(GError) error = NULL;
    TuneSettings *after = tune_settings_load(nothing_given, NULL, &error);

    g_assert_no_error(error);
    g_assert_false(tune_service_reload(rig->service, after, &error));
    g_assert_error(error, TUNE_SERVICE_ERROR, TUNE_SERVICE_ERROR_INSECURE);
    g_assert_true(tune_api_settings(rig->api) == before);
    g_autoptr(Reply) reply = ask(rig, "GET", "/config", NULL, NULL);
    assert_status(reply, 401);
}

static const char *const reachable[] = {"api-key=k", "host=0.0.0.0", "limits=off", NULL};

int main(int argc, char **argv)
{
    rig_init(&argc, &argv);
    rig_add("/api/rules/request-ids", test_request_ids, NULL);
    rig_add("/api/rules/ids-of-refusals", test_ids_of_refusals, NULL);
    rig_add("/api/rules/unknown-and-methods", test_unknown_and_methods, NULL);
    rig_add("/api/rules/head", test_head, NULL);
    rig_add("/api/rules/etag", test_etag, NULL);
    rig_add("/api/rules/compression", test_compression, NULL);
    rig_add("/api/rules/safe-fields", test_safe_fields, NULL);
    rig_add("/api/rules/bodies-of-old-routes", test_bodies_of_old_routes, NULL);
    rig_add("/api/rules/bodies-of-new-routes", test_bodies_of_new_routes, NULL);
    rig_add("/api/rules/too-large", test_too_large, NULL);
    rig_add("/api/rules/queries", test_queries, NULL);
    rig_add("/api/rules/rate-limit", test_rate_limit, limited);
    rig_add("/api/rules/idempotency", test_idempotency, NULL);
    rig_add("/api/rules/document-is-the-table", test_document_is_the_table, NULL);
    rig_add("/api/rules/pipelined-and-kept", test_pipelined_and_kept, NULL);
    rig_add("/api/rules/refusals-are-worded-alike", test_refusals_are_worded_alike, NULL);
    rig_add("/api/rules/pages-of-other-hosts", test_pages_of_other_hosts, named);
    rig_add("/api/rules/pages-with-a-key", test_pages_with_a_key, keyed);
    rig_add("/api/rules/reload-keeps-the-door", test_reload_keeps_the_door, reachable);
    return rig_run();
}
