/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /api/v1/auth/..., /api/v1/user: users, sessions, keys.
 */
#include "api/api-private.h"
#include "base/time.h"
#include "store/users.h"

#include <string.h>

#define MIN_PASSWORD 8
#define MAX_PASSWORD 256

/* ---- shapes ---- */

static const TuneField register_fields[] = {
    {"email", TUNE_FIELD_STRING, .required = TRUE, .low = 3, .high = 254,
     .pattern = "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*", .example = "\"ann@example.org\""},
    {"password", TUNE_FIELD_STRING, .required = TRUE, .low = MIN_PASSWORD, .high = MAX_PASSWORD,
     .format = "password", .says = "8 characters or more", .example = "\"a long sentence is good\""},
    {"name", TUNE_FIELD_STRING, .low = 1, .high = 100, .says = "Shown to others; otherwise what stands "
     "before the @", .example = "\"Ann\""},
};
static const TuneShape register_shape = {"Registration", register_fields,
                                         G_N_ELEMENTS(register_fields)};

static const TuneField login_fields[] = {
    {"email", TUNE_FIELD_STRING, .required = TRUE, .low = 1, .high = 254,
     .example = "\"ann@example.org\""},
    {"password", TUNE_FIELD_STRING, .required = TRUE, .low = 1, .high = MAX_PASSWORD,
     .format = "password", .example = "\"a long sentence is good\""},
};
static const TuneShape login_shape = {"Login", login_fields, G_N_ELEMENTS(login_fields)};

static const TuneField refresh_fields[] = {
    {"refresh_token", TUNE_FIELD_STRING, .required = TRUE, .low = 1, .high = 200,
     .example = "\"tsr_...\""},
};
static const TuneShape refresh_shape = {"Refresh", refresh_fields, G_N_ELEMENTS(refresh_fields)};
static const TuneField logout_fields[] = {
    {"refresh_token", TUNE_FIELD_STRING, .low = 1, .high = 200,
     .says = "Otherwise the session of the access token that is sent ends"},
    {"everywhere", TUNE_FIELD_BOOLEAN, .otherwise = "false", .says = "All sessions of the user"},
};
static const TuneShape logout_shape = {"Logout", logout_fields, G_N_ELEMENTS(logout_fields)};

static const TuneField user_fields[] = {
    {"id", TUNE_FIELD_STRING, .required = TRUE},
    {"email", TUNE_FIELD_STRING, .required = TRUE},
    {"name", TUNE_FIELD_STRING, .required = TRUE},
    {"tier", TUNE_FIELD_STRING, .required = TRUE, .says = "free, pro or unlimited"},
    {"role", TUNE_FIELD_STRING, .required = TRUE, .says = "user or admin"},
    {"profile", TUNE_FIELD_OBJECT, .required = TRUE, .says = "What the user keeps here"},
    {"created_at", TUNE_FIELD_STRING, .required = TRUE, .format = "date-time"},
    {"updated_at", TUNE_FIELD_STRING, .required = TRUE, .format = "date-time"},
};
static const TuneShape user_shape = {"User", user_fields, G_N_ELEMENTS(user_fields),
                                     .answers = TRUE};

#define SESSION_FIELDS                                                                             \
    {"access_token", TUNE_FIELD_STRING, .required = TRUE},                                         \
        {"token_type", TUNE_FIELD_STRING, .required = TRUE},                                       \
        {"expires_in", TUNE_FIELD_INTEGER, .required = TRUE, .says = "Seconds"},                   \
        {"refresh_token", TUNE_FIELD_STRING, .required = TRUE,                                     \
         .says = "For one use; the answer has the next"},                                          \
        {"refresh_expires_in", TUNE_FIELD_INTEGER, .required = TRUE, .says = "Seconds"}
static const TuneField session_fields[] = {SESSION_FIELDS};
static const TuneShape session_shape = {"Session", session_fields, G_N_ELEMENTS(session_fields),
                                        .answers = TRUE};
static const TuneField opened_fields[] = {
    SESSION_FIELDS, {"user", TUNE_FIELD_OBJECT, .required = TRUE, .shape = &user_shape}};
static const TuneShape opened_shape = {"SessionWithUser", opened_fields, G_N_ELEMENTS(opened_fields),
                                       .answers = TRUE};

static const TuneField patch_fields[] = {
    {"name", TUNE_FIELD_STRING, .low = 1, .high = 100},
    {"profile", TUNE_FIELD_OBJECT, .says = "Members replace those of the same name; null removes one"},
    {"password", TUNE_FIELD_STRING, .low = MIN_PASSWORD, .high = MAX_PASSWORD, .format = "password",
     .says = "A new one; needs current_password, and ends the other sessions"},
    {"current_password", TUNE_FIELD_STRING, .low = 1, .high = MAX_PASSWORD, .format = "password"},
};
static const TuneShape patch_shape = {"UserPatch", patch_fields, G_N_ELEMENTS(patch_fields)};

static const TuneField key_input_fields[] = {
    {"name", TUNE_FIELD_STRING, .required = TRUE, .low = 1, .high = 100, .says = "What it is for",
     .example = "\"my laptop\""},
};
static const TuneShape key_input = {"ApiKeyInput", key_input_fields, G_N_ELEMENTS(key_input_fields)};
#define KEY_FIELDS                                                                                 \
    {"id", TUNE_FIELD_STRING, .required = TRUE}, {"name", TUNE_FIELD_STRING, .required = TRUE},     \
        {"prefix", TUNE_FIELD_STRING, .required = TRUE, .says = "How the key begins"},              \
        {"created_at", TUNE_FIELD_STRING, .required = TRUE, .format = "date-time"},                 \
    {                                                                                              \
        "last_used_at", TUNE_FIELD_STRING, .required = TRUE, .nullable = TRUE,                      \
        .format = "date-time"                                                                      \
    }
static const TuneField key_fields[] = {KEY_FIELDS};
static const TuneShape key_shape = {"ApiKey", key_fields, G_N_ELEMENTS(key_fields), .answers = TRUE};
static const TuneField new_key_fields[] = {
    KEY_FIELDS,
    {"key", TUNE_FIELD_STRING, .required = TRUE, .says = "Shown this once; only a hash is kept"}};
static const TuneShape new_key_shape = {"NewApiKey", new_key_fields, G_N_ELEMENTS(new_key_fields),
                                        .answers = TRUE};
static const TuneField keys_fields[] = {
    {"items", TUNE_FIELD_ARRAY, .required = TRUE, .shape = &key_shape}};
static const TuneShape keys_shape = {"ApiKeys", keys_fields, G_N_ELEMENTS(keys_fields),
                                     .answers = TRUE};
static const TuneField delete_fields[] = {
    {"password", TUNE_FIELD_STRING, .required = TRUE, .low = 1, .high = MAX_PASSWORD,
     .format = "password", .says = "To be sure"}};
static const TuneShape delete_shape = {"UserDeletion", delete_fields, G_N_ELEMENTS(delete_fields)};
static const TuneShape export_shape = {"UserExport", NULL, 0, .says = "All that is kept of a user",
                                       .open = TRUE, .answers = TRUE};

/* ---- common ---- */

static json_t *time_or_null(gint64 us)
{
    g_autofree char *text = us > 0 ? tune_time_text(us) : NULL;

    return text != NULL ? json_string(text) : json_null();
}

static json_t *json_of_user(const TuneUser *user)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:O, s:o, s:o}", "id", user->id, "email",
                     user->email, "name", user->name, "tier", user->tier, "role", user->role,
                     "profile", user->profile, "created_at", time_or_null(user->created_us),
                     "updated_at", time_or_null(user->updated_us));
}

static void times_as_text(json_t *record)
{
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(record, next, name, value)
        if (g_str_has_suffix(name, "_at") && json_is_integer(value))
            json_object_set_new(record, name, time_or_null(json_integer_value(value)));
}

static const char *body_text(const TuneCall *call, const char *name)
{
    return json_string_value(json_object_get(call->body, name));
}

/* Guessing passwords is slow work. */
static gboolean may_try(TuneCall *call)
{
    const TuneSettings *settings = tune_call_state(call)->settings;

    return settings->rate_login.rate <= 0 ||
           tune_call_take(call, "login", &settings->rate_login) == TUNE_STAGE_ON;
}

static TuneUser *own_user(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    TuneUser *user =
        tune_users_by_id(call->api->store, call->caller.user_id, TUNE_READ_PRIMARY, &error);

    if (error != NULL)
        tune_call_fail(call, error);
    else if (user == NULL)
        tune_call_error(call, 404, "this user is not there any more");
    return user;
}

/* FALSE: the answer is made. */
static gboolean check_password(TuneCall *call, const TuneUser *user, const char *password,
                               const char *field)
{
    g_autoptr(GError) error = NULL;
    gboolean right = FALSE;

    if (!tune_auth_check_password(call->api->auth, user->password_hash, password, &right, &error)) {
        tune_call_fail(call, error);
        return FALSE;
    }
    if (!right)
        tune_call_invalid(call, field, "is not the password", "password");
    return right;
}

static void answer_session(TuneCall *call, guint status, const TuneUser *user)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) session =
        tune_auth_open(call->api->auth, tune_call_state(call)->settings, user, &error);

    if (session == NULL) {
        tune_call_fail(call, error);
        return;
    }
    json_object_set_new(session, "user", json_of_user(user));
    tune_call_json(call, status, session);
}

/* ---- /auth ---- */

static void register_user(TuneCall *call)
{
    const TuneSettings *settings = tune_call_state(call)->settings;
    g_autofree char *email = g_utf8_strdown(body_text(call, "email"), -1);
    g_autofree char *name = g_strdup(body_text(call, "name"));
    g_autoptr(GError) error = NULL;

    if (!settings->registration && !call->caller.admin) {
        tune_call_error(call, 403, "nobody can register here; ask who runs the service");
        return;
    }
    if (!may_try(call))
        return;
    if (name == NULL)
        name = g_strndup(email, MIN(strcspn(email, "@"), 100));
    g_autofree char *valid_name = g_utf8_make_valid(name, -1);
    g_autofree char *hash =
        tune_auth_hash_password(call->api->auth, body_text(call, "password"), &error);
    g_autoptr(TuneUser) user =
        hash != NULL ? tune_users_create(call->api->store, email, valid_name, hash, &error) : NULL;
    if (g_error_matches(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_CONFLICT))
        tune_call_error(call, 409, "there is a user with this address already");
    else if (user == NULL)
        tune_call_fail(call, error);
    else
        answer_session(call, 201, user);
}

static void login(TuneCall *call)
{
    g_autofree char *email = g_utf8_strdown(body_text(call, "email"), -1);
    g_autoptr(GError) error = NULL;
    gboolean right = FALSE;

    if (!may_try(call))
        return;
    g_autoptr(TuneUser) user =
        tune_users_by_email(call->api->store, email, TUNE_READ_PRIMARY, &error);
    if (error != NULL ||
        !tune_auth_check_password(call->api->auth, user != NULL ? user->password_hash : NULL,
                                  body_text(call, "password"), &right, &error)) {
        tune_call_fail(call, error);
        return;
    }
    if (right) {
        answer_session(call, 200, user);
        return;
    }
    tune_http_response_set_field(call->response, "WWW-Authenticate", "Bearer realm=\"tunesmith\"");
    tune_call_error(call, 401, "the address or the password is wrong");
}

static void refresh(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) session =
        tune_auth_refresh(call->api->auth, tune_call_state(call)->settings,
                          body_text(call, "refresh_token"), &error);

    if (session != NULL) {
        tune_call_json(call, 200, session);
        return;
    }
    if (error->domain == TUNE_USERS_ERROR)
        tune_http_response_set_field(call->response, "WWW-Authenticate",
                                     "Bearer realm=\"tunesmith\"");
    tune_call_fail(call, error);
}

/* Unknown and ended sessions are ended: logging out twice is no mistake. */
static gboolean end_session(TuneCall *call, const char *token, GError **error)
{
    char family[37];
    g_autoptr(GError) why = NULL;

    if (token == NULL)
        return TRUE;
    if (!tune_auth_family_of(call->api->auth, token, family, &why)) {
        if (why != NULL)
            g_propagate_error(error, g_steal_pointer(&why));
        return why == NULL;
    }
    return tune_auth_end(call->api->auth, family, error);
}

static void logout(TuneCall *call)
{
    const char *token = body_text(call, "refresh_token");
    const char *sent = tune_http_request_field(call->request, "Authorization");
    gboolean everywhere = json_is_true(json_object_get(call->body, "everywhere"));
    g_autoptr(GError) error = NULL;
    gboolean good;

    if (token == NULL && sent != NULL && strlen(sent) > 7)
        token = sent + 7 + strspn(sent + 7, " ");
    if (everywhere)
        good = tune_sessions_end_all(call->api->store, call->caller.user_id, &error) &&
               tune_auth_end_user(call->api->auth, call->caller.user_id, &error);
    else
        good = end_session(call, token, &error);
    if (good)
        tune_call_nothing(call);
    else
        tune_call_fail(call, error);
}

/* ---- /user ---- */

static void show_profile(TuneCall *call)
{
    g_autoptr(TuneUser) user = own_user(call);

    if (user == NULL)
        return;
    g_autoptr(json_t) json = json_of_user(user);
    tune_call_json(call, 200, json);
}

/* RFC 7396, one level deep. */
static json_t *merged_profile(const json_t *old, const json_t *patch)
{
    json_t *profile = json_deep_copy(old), *value;
    const char *name;

    json_object_foreach((json_t *)patch, name, value) {
        if (json_is_null(value))
            json_object_del(profile, name);
        else
            json_object_set_new(profile, name, json_deep_copy(value));
    }
    return profile;
}

/* *hash NULL: no new password was asked for. */
static gboolean new_password(TuneCall *call, const TuneUser *user, char **hash)
{
    const char *password = body_text(call, "password");
    const char *current = body_text(call, "current_password");
    g_autoptr(GError) error = NULL;

    *hash = NULL;
    if (password == NULL)
        return TRUE;
    if (current == NULL) {
        tune_call_invalid(call, "body.current_password", "is needed for a new password", "missing");
        return FALSE;
    }
    if (!may_try(call) || !check_password(call, user, current, "body.current_password"))
        return FALSE;
    *hash = tune_auth_hash_password(call->api->auth, password, &error);
    if (*hash == NULL)
        tune_call_fail(call, error);
    return *hash != NULL;
}

static gboolean save_profile(TuneCall *call, const TuneUser *user, const json_t *profile,
                             const char *hash, GError **error)
{
    if (!tune_users_update(call->api->store, user->id, body_text(call, "name"), profile, hash, error))
        return FALSE;
    if (hash == NULL)
        return TRUE;
    return tune_sessions_end_all(call->api->store, user->id, error) &&
           tune_auth_end_user(call->api->auth, user->id, error);
}

static void patch_profile(TuneCall *call)
{
    g_autoptr(TuneUser) user = own_user(call);
    const json_t *patch = json_object_get(call->body, "profile");
    g_autofree char *hash = NULL;
    g_autoptr(GError) error = NULL;

    if (user == NULL || !new_password(call, user, &hash))
        return;
    g_autoptr(json_t) profile = patch != NULL ? merged_profile(user->profile, patch) : NULL;
    g_autofree char *text = profile != NULL ? tune_json_canonical(profile) : NULL;
    if (text != NULL && strlen(text) > 16384) {
        tune_call_invalid(call, "body.profile", "is larger than 16 KB", "too_long");
        return;
    }
    if (!save_profile(call, user, profile, hash, &error)) {
        if (error != NULL)
            tune_call_fail(call, error);
        else
            tune_call_error(call, 404, "this user is not there any more");
        return;
    }
    g_autofree char *tag = g_strconcat("user:", user->id, NULL);
    tune_cache_drop_tag(call->api->cache, tag);
    show_profile(call);
}

static void delete_user(TuneCall *call)
{
    g_autoptr(TuneUser) user = own_user(call);
    g_autoptr(GError) error = NULL;

    if (user == NULL || !may_try(call) ||
        !check_password(call, user, body_text(call, "password"), "body.password"))
        return;
    if (!tune_users_delete(call->api->store, user->id, &error) && error != NULL) {
        tune_call_fail(call, error);
        return;
    }
    if (!tune_auth_end_user(call->api->auth, user->id, &error)) {
        tune_call_fail(call, error);
        return;
    }
    g_autofree char *tag = g_strconcat("user:", user->id, NULL);
    tune_cache_drop_tag(call->api->cache, tag);
    tune_cache_drop_tag(call->api->cache, "tracks");
    tune_call_nothing(call);
}

static void export_user(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) all = tune_users_export(call->api->store, call->caller.user_id, &error);
    const char *name;
    json_t *table, *record;
    gsize index;

    if (all == NULL) {
        tune_call_fail(call, error);
        return;
    }
    times_as_text(json_object_get(all, "user"));
    json_object_foreach(all, name, table)
        json_array_foreach(table, index, record)
            times_as_text(record);
    tune_http_response_set_field(call->response, "Content-Disposition",
                                 "attachment; filename=\"tunesmith-export.json\"");
    tune_call_json(call, 200, all);
}

/* ---- keys ---- */

/* FALSE: answered. */
static gboolean has_room_for_key(TuneCall *call)
{
    const TuneSettings *settings = tune_api_settings(call->api);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) keys = tune_api_keys_list(call->api->store, call->caller.user_id, &error);

    if (keys == NULL)
        tune_call_fail(call, error);
    else if ((gint64)json_array_size(keys) < settings->max_api_keys)
        return TRUE;
    else
        tune_call_error(call, 409,
                        "you have %" G_GSIZE_FORMAT " API keys, and %" G_GINT64_FORMAT
                        " are the most a user may have: revoke one first",
                        json_array_size(keys), settings->max_api_keys);
    return FALSE;
}

static void create_key(TuneCall *call)
{
    if (!has_room_for_key(call))
        return;
    g_autofree char *hash = NULL, *prefix = NULL;
    g_autofree char *key = tune_auth_make_key(call->api->auth, &hash, &prefix);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) record = tune_api_keys_create(call->api->store, call->caller.user_id,
                                                    body_text(call, "name"), prefix, hash, &error);

    if (record == NULL) {
        tune_call_fail(call, error);
        return;
    }
    times_as_text(record);
    json_object_set_new(record, "key", json_string(key));
    tune_call_json(call, 201, record);
}

static void list_keys(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) keys = tune_api_keys_list(call->api->store, call->caller.user_id, &error);
    gsize index;
    json_t *key;

    if (keys == NULL) {
        tune_call_fail(call, error);
        return;
    }
    json_array_foreach(keys, index, key)
        times_as_text(key);
    g_autoptr(json_t) body = json_pack("{s:O}", "items", keys);
    tune_call_json(call, 200, body);
}

static void revoke_key(TuneCall *call)
{
    g_autoptr(GError) error = NULL;

    if (!tune_api_keys_revoke(call->api->store, call->caller.user_id, call->path[0], &error)) {
        if (error != NULL)
            tune_call_fail(call, error);
        else
            tune_call_error(call, 404, "you have no such key");
        return;
    }
    if (!tune_auth_forget_user(call->api->auth, call->caller.user_id, &error))
        tune_call_fail(call, error);
    else
        tune_call_nothing(call);
}

/* ---- the table ---- */

static const TuneRouteError taken[] = {
    {403, "Nobody can register here"}, {409, "The address is taken"}, {0, NULL}};
static const TuneRouteError wrong[] = {{401, "The address or the password is wrong"}, {0, NULL}};
static const TuneRouteError over[] = {{401, "The session is over"}, {0, NULL}};
static const TuneRouteError too_many[] = {{409, "You have as many as a user may have"}, {0, NULL}};
static const TuneRouteError gone[] = {{404, "There is no such thing of yours"}, {0, NULL}};

#define USER TUNE_ROUTE_USER

static const TuneRoute routes[] = {
    {TUNE_HTTP_POST, "/api/v1/auth/register", TUNE_ROUTE_OPEN, register_user, "users",
     "Become a user", .body = &register_shape, .answer = &opened_shape, .status = 201,
     .cache_control = "no-store", .errors = taken},
    {TUNE_HTTP_POST, "/api/v1/auth/login", TUNE_ROUTE_OPEN, login, "users", "Open a session",
     .body = &login_shape, .answer = &opened_shape, .cache_control = "no-store", .errors = wrong},
    {TUNE_HTTP_POST, "/api/v1/auth/refresh", TUNE_ROUTE_OPEN, refresh, "users",
     "Go on with a session", .body = &refresh_shape, .answer = &session_shape,
     .cache_control = "no-store", .errors = over,
     .details = "A refresh token is good once; the use of an old one ends the session."},
    {TUNE_HTTP_POST, "/api/v1/auth/logout", USER | TUNE_ROUTE_BODY_OPTIONAL, logout, "users",
     "End a session", .body = &logout_shape, .status = 204},
    {TUNE_HTTP_GET, "/api/v1/user/profile", USER, show_profile, "users", "Who I am",
     .answer = &user_shape, .errors = gone},
    {TUNE_HTTP_PATCH, "/api/v1/user/profile", USER, patch_profile, "users", "Change name or profile",
     .body = &patch_shape, .answer = &user_shape, .errors = gone},
    {TUNE_HTTP_POST, "/api/v1/user/api-keys", USER | TUNE_ROUTE_CREATES | TUNE_ROUTE_OWN_KEY, create_key,
     "users", "Make an API key", .body = &key_input, .answer = &new_key_shape, .status = 201,
     .cache_control = "no-store", .errors = too_many},
    {TUNE_HTTP_GET, "/api/v1/user/api-keys", USER, list_keys, "users", "My API keys",
     .answer = &keys_shape},
    {TUNE_HTTP_DELETE, "/api/v1/user/api-keys/{id}", USER, revoke_key, "users", "Revoke an API key",
     .status = 204, .errors = gone},
    {TUNE_HTTP_DELETE, "/api/v1/user", USER, delete_user, "users",
     "Delete me and everything that is mine", .body = &delete_shape, .status = 204, .errors = gone},
    {TUNE_HTTP_GET, "/api/v1/user/export", USER, export_user, "users", "All that is kept of me",
     .answer = &export_shape, .cache_control = "no-store", .errors = gone},
};
const TuneRouteTable tune_routes_users = {routes, G_N_ELEMENTS(routes)};
