/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Users, sessions, keys, the service key, tiers.
 */
#include "rig.h"

#include "api/auth.h"
#include "store/users.h"

#include <string.h>

#define ANN "{\"email\":\"Ann@Example.org\",\"password\":\"a long sentence\",\"name\":\"Ann\"}"

static const char *const open_door[] = {"rate-login=off", NULL};
static const char *const with_auth[] = {"auth=on", "rate-login=off", "limits=off", NULL};
static const char *const with_key[] = {"api-key=the service key", "limits=off", "metrics-open=no", NULL};
static const char *const closed[] = {"auth=on", "registration=no", "limits=off", NULL};
static const char *const slow_login[] = {"rate-login=1/h burst 2", NULL};
static const char *const tiers[] = {"auth=on", "limits=on", "rate-login=off", "rate-free=1/h burst 2",
                                    "rate-pro=1/h burst 4", "rate-anonymous=off", NULL};

static Reply *register_ann(Rig *rig)
{
    Reply *reply = ask(rig, "POST", "/api/v1/auth/register", NULL, ANN);

    assert_status(reply, 201);
    return reply;
}

static char *bearer(const char *token)
{
    return g_strdup_printf("Authorization: Bearer %s\r\n", token);
}

static guint status_of(Rig *rig, const char *method, const char *target, const char *fields,
                       const char *body)
{
    g_autoptr(Reply) reply = ask(rig, method, target, fields, body);

    return reply->status;
}

static void test_register(Rig *rig)
{
    g_autoptr(Reply) made = register_ann(rig);
    g_autoptr(Reply) twice = ask(rig, "POST", "/api/v1/auth/register", NULL, ANN);
    g_autoptr(Reply) weak = ask(rig, "POST", "/api/v1/auth/register", NULL,
                                "{\"email\":\"b@c.d\",\"password\":\"short\"}");
    g_autoptr(Reply) odd = ask(rig, "POST", "/api/v1/auth/register", NULL,
                               "{\"email\":\"not an address\",\"password\":\"long enough\"}");
    g_autofree char *kept = field(made, "Cache-Control");

    g_assert_cmpstr(text(made, "user.email"), ==, "ann@example.org");
    g_assert_cmpstr(text(made, "user.tier"), ==, "free");
    g_assert_cmpstr(text(made, "token_type"), ==, "bearer");
    g_assert_cmpint(whole(made, "expires_in"), ==, 900);
    g_assert_cmpstr(kept, ==, "no-store");
    assert_status(twice, 409);
    assert_fault(weak, "body.password", "string_too_short");
    assert_fault(odd, "body.email", "string_pattern_mismatch");
    /* No password is kept, and none is shown. */
    g_assert_null(strstr(made->http->body->str, "argon2"));
    g_assert_null(strstr(made->http->body->str, "a long sentence"));
    g_autoptr(TuneUser) user =
        tune_users_by_email(rig->api->store, "ann@example.org", TUNE_READ_PRIMARY, NULL);
    g_assert_true(g_str_has_prefix(user->password_hash, "$argon2id$"));
}

static void test_login(Rig *rig)
{
    g_autoptr(Reply) made = register_ann(rig);
    g_autoptr(Reply) good = ask(rig, "POST", "/api/v1/auth/login", NULL,
                                "{\"email\":\"ANN@example.org\",\"password\":\"a long sentence\"}");
    g_autoptr(Reply) wrong = ask(rig, "POST", "/api/v1/auth/login", NULL,
                                 "{\"email\":\"ann@example.org\",\"password\":\"a long sentenc\"}");
    g_autoptr(Reply) nobody = ask(rig, "POST", "/api/v1/auth/login", NULL,
                                  "{\"email\":\"bob@example.org\",\"password\":\"a long sentence\"}");
    g_autofree char *how = field(wrong, "WWW-Authenticate");

    assert_status(good, 200);
    assert_status(wrong, 401);
    assert_status(nobody, 401);
    g_assert_nonnull(how);
    g_assert_cmpstr(text(wrong, "detail"), ==, text(nobody, "detail"));
    g_autofree char *token = bearer(text(good, "access_token"));
    g_autoptr(Reply) profile = ask(rig, "GET", "/api/v1/user/profile", token, NULL);
    assert_status(profile, 200);
    g_assert_cmpstr(text(profile, "name"), ==, "Ann");
    g_autofree char *kept = field(profile, "Cache-Control");
    g_assert_cmpstr(kept, ==, "private, no-cache");
}

static void test_refresh_rotates(Rig *rig)
{
    g_autoptr(Reply) made = register_ann(rig);
    g_autofree char *first =
        g_strdup_printf("{\"refresh_token\":\"%s\"}", text(made, "refresh_token"));
    g_autoptr(Reply) next = ask(rig, "POST", "/api/v1/auth/refresh", NULL, first);
    assert_status(next, 200);
    g_autofree char *second =
        g_strdup_printf("{\"refresh_token\":\"%s\"}", text(next, "refresh_token"));
    g_autofree char *token = bearer(text(next, "access_token"));
    g_assert_cmpstr(first, !=, second);
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/user/profile", token, NULL), ==, 200);
    /* The old one again: somebody has a copy, so the session ends, for the newest token and at once for
     * the access token. */
    g_autoptr(Reply) reused = ask(rig, "POST", "/api/v1/auth/refresh", NULL, first);
    assert_status(reused, 401);
    g_assert_cmpuint(status_of(rig, "POST", "/api/v1/auth/refresh", NULL, second), ==, 401);
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/user/profile", token, NULL), ==, 401);
    g_autoptr(Reply) unknown =
        ask(rig, "POST", "/api/v1/auth/refresh", NULL, "{\"refresh_token\":\"tsr_nothing\"}");
    assert_status(unknown, 401);
}

static void test_logout(Rig *rig)
{
    g_autoptr(Reply) made = register_ann(rig);
    g_autofree char *token = bearer(text(made, "access_token"));
    g_autofree char *refresh =
        g_strdup_printf("{\"refresh_token\":\"%s\"}", text(made, "refresh_token"));
    g_autoptr(Reply) out = ask(rig, "POST", "/api/v1/auth/logout", token, NULL);

    assert_status(out, 204);
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/user/profile", token, NULL), ==, 401);
    g_assert_cmpuint(status_of(rig, "POST", "/api/v1/auth/refresh", NULL, refresh), ==, 401);
}

static void test_logout_everywhere(Rig *rig)
{
    g_autoptr(Reply) made = register_ann(rig);
    g_autoptr(Reply) other = ask(rig, "POST", "/api/v1/auth/login", NULL,
                                 "{\"email\":\"ann@example.org\",\"password\":\"a long sentence\"}");
    g_autofree char *one = bearer(text(made, "access_token"));
    g_autofree char *two = bearer(text(other, "access_token"));

    g_assert_cmpuint(status_of(rig, "POST", "/api/v1/auth/logout", one, "{\"everywhere\":true}"), ==,
                     204);
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/user/profile", two, NULL), ==, 401);
    /* What ended is what was: whoever logs in again is in. */
    g_autoptr(Reply) again = ask(rig, "POST", "/api/v1/auth/login", NULL,
                                 "{\"email\":\"ann@example.org\",\"password\":\"a long sentence\"}");
    g_autofree char *three = bearer(text(again, "access_token"));
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/user/profile", three, NULL), ==, 200);
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/user/profile", one, NULL), ==, 401);
}

/* What all start from is no single user's to change. */
static void test_presets_are_everybodys(Rig *rig)
{
    static const char preset[] = "{\"name\":\"rock_anthem\",\"genre\":\"noise\",\"structure\":{}}";
    g_autoptr(Reply) made = register_ann(rig);
    g_autofree char *token = bearer(text(made, "access_token"));
    g_autoptr(Reply) saved = ask(rig, "POST", "/presets", token, preset);
    g_autoptr(Reply) deleted = ask(rig, "DELETE", "/presets/rock_anthem", token, NULL);
    g_autoptr(Reply) shown = ask(rig, "GET", "/presets/rock_anthem", token, NULL);

    assert_status(saved, 403);
    assert_status(deleted, 403);
    g_assert_cmpstr(text(shown, "genre"), ==, "rock");
}

/* A server that starts after a token was issued asks the database about it. */
static void test_tokens_outlive_the_server(Rig *rig)
{
    g_autoptr(Reply) made = register_ann(rig);
    g_autofree char *token = g_strdup(text(made, "access_token"));
    g_autoptr(GError) error = NULL;
    TuneCaller caller;

    g_usleep(2000);
    g_autoptr(TuneAuth) next = tune_auth_new(rig->api->settings, rig->api->store, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(tune_auth_judge(next, rig->api->settings, token, FALSE, &caller, &error), ==,
                    TUNE_AUTH_LATER);
    g_assert_cmpint(tune_auth_judge(next, rig->api->settings, token, TRUE, &caller, &error), ==,
                    TUNE_AUTH_KNOWN);
    g_assert_cmpstr(caller.user_id, ==, text(made, "user.id"));
    g_assert_cmpint(tune_auth_judge(next, rig->api->settings, token, FALSE, &caller, &error), ==,
                    TUNE_AUTH_KNOWN);
    char family[37];
    g_assert_true(tune_auth_family_of(next, token, family, &error));
    /* What one server ends, the other hears of. */
    g_assert_true(tune_auth_end(rig->api->auth, family, &error));
    for (guint i = 0; i < 100; i++) {
        if (tune_auth_judge(next, rig->api->settings, token, TRUE, &caller, &error) ==
            TUNE_AUTH_REFUSED)
            return;
        g_usleep(50000);
    }
    g_assert_not_reached();
}

static void test_profile(Rig *rig)
{
    g_autoptr(Reply) made = register_ann(rig);
    g_autofree char *token = bearer(text(made, "access_token"));
    g_autoptr(Reply) first = ask(rig, "PATCH", "/api/v1/user/profile", token,
                                 "{\"name\":\"Anna\",\"profile\":{\"a\":1,\"b\":{\"c\":true}}}");
    g_autoptr(Reply) second =
        ask(rig, "PATCH", "/api/v1/user/profile", token, "{\"profile\":{\"a\":null,\"d\":\"x\"}}");
    g_autoptr(Reply) shown = ask(rig, "GET", "/api/v1/user/profile?fields=name", token, NULL);
    g_autoptr(Reply) bad = ask(rig, "PATCH", "/api/v1/user/profile", token, "{\"profile\":[]}");
    g_autofree char *large = g_strnfill(20000, 'x');
    g_autofree char *body = g_strdup_printf("{\"profile\":{\"a\":\"%s\"}}", large);
    g_autoptr(Reply) too_large = ask(rig, "PATCH", "/api/v1/user/profile", token, body);

    assert_status(first, 200);
    g_assert_cmpstr(text(first, "name"), ==, "Anna");
    g_assert_true(json_is_true(at(first, "profile.b.c")));
    assert_status(second, 200);
    g_assert_null(at(second, "profile.a"));
    g_assert_cmpstr(text(second, "profile.d"), ==, "x");
    g_assert_cmpstr(text(second, "name"), ==, "Anna");
    assert_status(shown, 200);
    assert_fault(bad, "body.profile", "dict_type");
    assert_fault(too_large, "body.profile", "too_long");
}

static void test_password(Rig *rig)
{
    g_autoptr(Reply) made = register_ann(rig);
    g_autofree char *token = bearer(text(made, "access_token"));
    g_autoptr(Reply) bare =
        ask(rig, "PATCH", "/api/v1/user/profile", token, "{\"password\":\"another sentence\"}");
    g_autoptr(Reply) wrong =
        ask(rig, "PATCH", "/api/v1/user/profile", token,
            "{\"password\":\"another sentence\",\"current_password\":\"no\"}");
    g_autoptr(Reply) good =
        ask(rig, "PATCH", "/api/v1/user/profile", token,
            "{\"password\":\"another sentence\",\"current_password\":\"a long sentence\"}");

    assert_fault(bare, "body.current_password", "missing");
    assert_fault(wrong, "body.current_password", "password");
    assert_status(good, 200);
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/user/profile", token, NULL), ==, 401);
    g_assert_cmpuint(status_of(rig, "POST", "/api/v1/auth/login", NULL,
                               "{\"email\":\"ann@example.org\",\"password\":\"a long sentence\"}"),
                     ==, 401);
    g_assert_cmpuint(status_of(rig, "POST", "/api/v1/auth/login", NULL,
                               "{\"email\":\"ann@example.org\",\"password\":\"another sentence\"}"),
                     ==, 200);
}

static void test_api_keys(Rig *rig)
{
    g_autoptr(Reply) made = register_ann(rig);
    g_autofree char *token = bearer(text(made, "access_token"));
    g_autoptr(Reply) key =
        ask(rig, "POST", "/api/v1/user/api-keys", token, "{\"name\":\"my laptop\"}");
    assert_status(key, 201);
    g_autofree char *as_key = g_strdup_printf("X-API-Key: %s\r\n", text(key, "key"));
    g_autofree char *as_bearer = bearer(text(key, "key"));
    g_autoptr(Reply) list = ask(rig, "GET", "/api/v1/user/api-keys", as_key, NULL);

    g_assert_true(g_str_has_prefix(text(key, "key"), text(key, "prefix")));
    assert_status(list, 200);
    g_assert_cmpuint(json_array_size(at(list, "items")), ==, 1);
    g_assert_null(strstr(list->http->body->str, text(key, "key")));
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/user/profile", as_bearer, NULL), ==, 200);
    g_autofree char *target = g_strconcat("/api/v1/user/api-keys/", text(key, "id"), NULL);
    g_assert_cmpuint(status_of(rig, "DELETE", target, token, NULL), ==, 204);
    /* At once, although the key was just remembered. */
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/user/profile", as_key, NULL), ==, 401);
    g_assert_cmpuint(status_of(rig, "DELETE", target, token, NULL), ==, 404);
    g_assert_cmpuint(status_of(rig, "DELETE", "/api/v1/user/api-keys/nothing", token, NULL), ==, 404);
}

static void test_keys_are_the_owners(Rig *rig)
{
    g_autoptr(Reply) made = register_ann(rig);
    g_autoptr(Reply) bob = ask(rig, "POST", "/api/v1/auth/register", NULL,
                               "{\"email\":\"bob@example.org\",\"password\":\"bobs sentence\"}");
    g_autofree char *ann_token = bearer(text(made, "access_token"));
    g_autofree char *bob_token = bearer(text(bob, "access_token"));
    g_autoptr(Reply) key = ask(rig, "POST", "/api/v1/user/api-keys", ann_token, "{\"name\":\"k\"}");
    g_autofree char *target = g_strconcat("/api/v1/user/api-keys/", text(key, "id"), NULL);
    g_autoptr(Reply) theirs = ask(rig, "GET", "/api/v1/user/api-keys", bob_token, NULL);

    g_assert_cmpstr(text(bob, "user.name"), ==, "bob");
    g_assert_cmpuint(status_of(rig, "DELETE", target, bob_token, NULL), ==, 404);
    g_assert_cmpuint(json_array_size(at(theirs, "items")), ==, 0);
}

static void test_delete_and_export(Rig *rig)
{
    g_autoptr(Reply) made = register_ann(rig);
    g_autofree char *token = bearer(text(made, "access_token"));
    g_autoptr(Reply) key = ask(rig, "POST", "/api/v1/user/api-keys", token, "{\"name\":\"k\"}");
    g_autoptr(Reply) all = ask(rig, "GET", "/api/v1/user/export", token, NULL);
    g_autofree char *as = field(all, "Content-Disposition");
    g_autofree char *as_key = g_strdup_printf("X-API-Key: %s\r\n", text(key, "key"));

    assert_status(all, 200);
    g_assert_nonnull(strstr(as, "attachment"));
    g_assert_cmpstr(text(all, "user.email"), ==, "ann@example.org");
    g_assert_cmpuint(json_array_size(at(all, "api_keys")), ==, 1);
    g_assert_cmpuint(json_array_size(at(all, "sessions")), ==, 1);
    g_assert_true(json_is_array(at(all, "tracks")));
    g_assert_null(strstr(all->http->body->str, "argon2"));
    g_assert_null(strstr(all->http->body->str, "hash"));
    g_assert_cmpuint(status_of(rig, "DELETE", "/api/v1/user", token, "{\"password\":\"no\"}"), ==, 422);
    g_assert_cmpuint(
        status_of(rig, "DELETE", "/api/v1/user", token, "{\"password\":\"a long sentence\"}"), ==, 204);
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/user/profile", token, NULL), ==, 401);
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/user/profile", as_key, NULL), ==, 401);
    g_autoptr(Reply) again = register_ann(rig);
    g_assert_cmpstr(text(again, "user.id"), !=, text(made, "user.id"));
}

/* ---- who must say who they are ---- */

static void test_auth_on(Rig *rig)
{
    static const char *const open[] = {"/", "/health", "/health/live", "/health/ready", "/metrics",
                                       "/openapi.json", "/docs"};
    static const char *const shut[] = {"/config", "/presets", "/presets/x", "/prompt-tips",
                                       "/api/v1/models", "/api/v1/user/profile"};

    for (guint i = 0; i < G_N_ELEMENTS(open); i++)
        g_assert_cmpuint(status_of(rig, "GET", open[i], NULL, NULL), ==, 200);
    for (guint i = 0; i < G_N_ELEMENTS(shut); i++) {
        g_autoptr(Reply) reply = ask(rig, "GET", shut[i], NULL, NULL);
        g_autofree char *how = field(reply, "WWW-Authenticate");
        assert_status(reply, 401);
        g_assert_nonnull(strstr(how, "Bearer"));
    }
    /* What is not there is not there, before anybody is asked. */
    g_assert_cmpuint(status_of(rig, "GET", "/nothing", NULL, NULL), ==, 404);
    g_assert_cmpuint(status_of(rig, "PUT", "/presets", NULL, NULL), ==, 405);
    g_assert_cmpuint(status_of(rig, "GET", "/config", "X-API-Key: tsk_forged\r\n", NULL), ==, 401);
    g_assert_cmpuint(status_of(rig, "GET", "/config", "Authorization: Basic YTpi\r\n", NULL), ==, 401);
    g_autoptr(Reply) made = register_ann(rig);
    g_autofree char *token = bearer(text(made, "access_token"));
    g_assert_cmpuint(status_of(rig, "GET", "/config", token, NULL), ==, 200);
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/cache", token, NULL), ==, 403);
    /* Cached answers are for those who may see them. */
    g_assert_cmpuint(status_of(rig, "GET", "/presets", token, NULL), ==, 200);
    g_assert_cmpuint(status_of(rig, "GET", "/presets", token, NULL), ==, 200);
    g_assert_cmpuint(status_of(rig, "GET", "/presets", NULL, NULL), ==, 401);
}

/* 401 before the body is read: it is answered although the body never comes. */
static void test_refused_before_the_body(Rig *rig)
{
    int fd = http_connect(rig->port);

    http_send(fd,
              "POST /tracks/generate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
              "Content-Length: 1000000\r\n\r\n{",
              -1);
    g_autoptr(HttpAnswer) answer = http_read_answer(fd, FALSE);
    g_assert_cmpuint(answer->status, ==, 401);
}

static void test_service_key(Rig *rig)
{
    static const char *const good[] = {
        "X-API-Key: the service key\r\n", "Authorization: Bearer the service key\r\n",
        "Authorization: bearer the service key\r\n", "Authorization: BEARER   the service key\r\n",
        "x-api-key: the service key\r\n"};
    static const char *const bad[] = {NULL, "X-API-Key: the service ke\r\n", "X-API-Key: \r\n",
                                      "X-API-Key: the service key2\r\n",
                                      "Authorization: Basic the service key\r\n"};

    for (guint i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_cmpuint(status_of(rig, "GET", "/config", good[i], NULL), ==, 200);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpuint(status_of(rig, "GET", "/config", bad[i], NULL), ==, 401);
    /* It may do everything but be a user. */
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/cache", good[0], NULL), ==, 200);
    g_assert_cmpuint(status_of(rig, "DELETE", "/api/v1/cache?tag=presets", good[0], NULL), ==, 204);
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/user/profile", good[0], NULL), ==, 403);
    g_autoptr(Reply) config = ask(rig, "GET", "/config", good[0], NULL);
    g_assert_true(json_is_true(at(config, "auth_enabled")));
    g_assert_null(strstr(config->http->body->str, "service key"));
    /* metrics-open=no */
    g_assert_cmpuint(status_of(rig, "GET", "/metrics", NULL, NULL), ==, 401);
    g_assert_cmpuint(status_of(rig, "GET", "/metrics", good[0], NULL), ==, 200);
}

static void test_registration_closed(Rig *rig)
{
    g_autoptr(Reply) reply = ask(rig, "POST", "/api/v1/auth/register", NULL, ANN);

    assert_status(reply, 403);
}

static void test_login_is_limited(Rig *rig)
{
    const char *body = "{\"email\":\"ann@example.org\",\"password\":\"guess\"}";

    for (guint i = 0; i < 2; i++)
        g_assert_cmpuint(status_of(rig, "POST", "/api/v1/auth/login", NULL, body), ==, 401);
    g_autoptr(Reply) over = ask(rig, "POST", "/api/v1/auth/login", NULL, body);
    g_autofree char *retry = field(over, "Retry-After");
    assert_status(over, 429);
    g_assert_nonnull(retry);
}

#define CROWD 48

typedef struct {
    TuneAuth *auth;
    GMutex lock;
    GCond go;
    guint here; /* under lock */
} Crowd;

static gpointer hash_one(gpointer user_data)
{
    Crowd *crowd = user_data;
    g_autoptr(GError) error = NULL;

    g_mutex_lock(&crowd->lock);
    crowd->here++;
    g_cond_broadcast(&crowd->go);
    while (crowd->here < CROWD)
        g_cond_wait(&crowd->go, &crowd->lock);
    g_mutex_unlock(&crowd->lock);
    g_autofree char *hash = tune_auth_hash_password(crowd->auth, "a long sentence", &error);
    if (hash == NULL)
        g_assert_error(error, TUNE_API_ERROR, 503);
    return GINT_TO_POINTER(hash != NULL);
}

/* Many who log in at once must not hold every thread: most of a crowd is sent away, some get in. */
static void test_crowd_at_the_door(Rig *rig)
{
    Crowd crowd = {.auth = rig->api->auth};
    GThread *threads[CROWD];
    guint good = 0;

    for (guint i = 0; i < CROWD; i++)
        threads[i] = g_thread_new("crowd", hash_one, &crowd);
    for (guint i = 0; i < CROWD; i++)
        good += GPOINTER_TO_INT(g_thread_join(threads[i])) != 0;
    g_assert_cmpuint(good, >, 0);
    g_assert_cmpuint(good, <, CROWD);
}

static const char *const dear[] = {"password-cost=interactive", NULL};

static void test_tiers(Rig *rig)
{
    g_autoptr(Reply) made = register_ann(rig);
    g_autofree char *token = bearer(text(made, "access_token"));

    for (guint i = 0; i < 2; i++)
        g_assert_cmpuint(status_of(rig, "GET", "/config", token, NULL), ==, 200);
    g_assert_cmpuint(status_of(rig, "GET", "/config", token, NULL), ==, 429);
    /* Another tier has another bucket, from the next session on. */
    g_assert_true(tune_users_set_rights(rig->api->store, text(made, "user.id"), "pro", NULL, NULL));
    g_autoptr(Reply) again = ask(rig, "POST", "/api/v1/auth/login", NULL,
                                 "{\"email\":\"ann@example.org\",\"password\":\"a long sentence\"}");
    g_autofree char *pro = bearer(text(again, "access_token"));
    g_assert_cmpstr(text(again, "user.tier"), ==, "pro");
    for (guint i = 0; i < 4; i++)
        g_assert_cmpuint(status_of(rig, "GET", "/config", pro, NULL), ==, 200);
    g_assert_cmpuint(status_of(rig, "GET", "/config", pro, NULL), ==, 429);
}

static void test_admins(Rig *rig)
{
    g_autoptr(Reply) made = register_ann(rig);

    g_assert_true(tune_users_set_rights(rig->api->store, text(made, "user.id"), NULL, "admin", NULL));
    g_autoptr(Reply) again = ask(rig, "POST", "/api/v1/auth/login", NULL,
                                 "{\"email\":\"ann@example.org\",\"password\":\"a long sentence\"}");
    g_autofree char *token = bearer(text(again, "access_token"));
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/performance/stats", token, NULL), ==, 200);
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/performance/slow-queries", token, NULL), ==, 200);
    g_assert_cmpuint(status_of(rig, "POST", "/api/v1/models/simulate/load", token, NULL), ==, 200);
    g_assert_cmpuint(status_of(rig, "POST", "/api/v1/models/simulate/unload", token, NULL), ==, 200);
    g_assert_cmpuint(status_of(rig, "POST", "/api/v1/models/none/load", token, NULL), ==, 404);
    g_assert_cmpuint(status_of(rig, "GET", "/api/v1/models/none", token, NULL), ==, 404);
}

static const char *const two_keys[] = {"auth=on", "rate-login=off", "limits=off", "max-api-keys=2", NULL};

static void test_keys_are_limited(Rig *rig)
{
    static const char name[] = "{\"name\":\"laptop\"}";
    g_autoptr(Reply) made = register_ann(rig);
    g_autofree char *token = bearer(text(made, "access_token"));
    g_autoptr(Reply) one = ask(rig, "POST", "/api/v1/user/api-keys", token, name);
    g_autoptr(Reply) two = ask(rig, "POST", "/api/v1/user/api-keys", token, name);
    g_autoptr(Reply) three = ask(rig, "POST", "/api/v1/user/api-keys", token, name);
    g_autofree char *path = g_strconcat("/api/v1/user/api-keys/", text(one, "id"), NULL);

    assert_status(one, 201);
    assert_status(two, 201);
    assert_status(three, 409);
    g_assert_nonnull(strstr(text(three, "detail"), "2 are the most"));
    g_assert_cmpuint(status_of(rig, "DELETE", path, token, NULL), ==, 204);
    g_assert_cmpuint(status_of(rig, "POST", "/api/v1/user/api-keys", token, name), ==, 201);
}

#define ADD(name, settings) rig_add("/api/users/" #name, test_##name, settings)

int main(int argc, char **argv)
{
    rig_init(&argc, &argv);
    ADD(register, open_door);
    ADD(login, open_door);
    ADD(refresh_rotates, open_door);
    ADD(logout, with_auth);
    ADD(logout_everywhere, with_auth);
    ADD(presets_are_everybodys, with_auth);
    ADD(tokens_outlive_the_server, with_auth);
    ADD(profile, with_auth);
    ADD(password, with_auth);
    ADD(api_keys, with_auth);
    ADD(keys_are_the_owners, with_auth);
    ADD(keys_are_limited, two_keys);
    ADD(delete_and_export, with_auth);
    ADD(auth_on, with_auth);
    ADD(refused_before_the_body, with_auth);
    ADD(service_key, with_key);
    ADD(registration_closed, closed);
    ADD(login_is_limited, slow_login);
    ADD(crowd_at_the_door, dear);
    ADD(tiers, tiers);
    ADD(admins, with_auth);
    return rig_run();
}
