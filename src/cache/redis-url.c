/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/cache.h"
#include "cache/redis-private.h"

#include <string.h>

static gboolean refuse(GError **error, const char *why)
{
    g_set_error(error, TUNE_CACHE_ERROR, TUNE_CACHE_ERROR_URL,
                "the Redis URL %s; it looks like redis://[[user]:password@]host[:port][/db] or "
                "unix:///path",
                why);
    return FALSE;
}

static gboolean parse_database(const char *text, TuneRedisAddress *out, GError **error)
{
    guint64 database = 0;

    if (text != NULL && *text != '\0' &&
        !g_ascii_string_to_unsigned(text, 10, 0, 65535, &database, NULL))
        return refuse(error, "has a database that is no number");
    out->database = (guint)database;
    return TRUE;
}

static gboolean parse_socket(GUri *uri, TuneRedisAddress *out, GError **error)
{
    const char *query = g_uri_get_query(uri), *database = NULL;

    if (g_uri_get_host(uri) != NULL && *g_uri_get_host(uri) != '\0')
        return refuse(error, "has a host before the path of the socket");
    if (strlen(g_uri_get_path(uri)) < 2)
        return refuse(error, "has no path");
    if (query != NULL && !g_str_has_prefix(query, "db="))
        return refuse(error, "has something after ? that is not db=N");
    if (query != NULL)
        database = query + 3;
    out->path = g_strdup(g_uri_get_path(uri));
    return parse_database(database, out, error);
}

static gboolean parse_tcp(GUri *uri, TuneRedisAddress *out, GError **error)
{
    const char *host = g_uri_get_host(uri), *path = g_uri_get_path(uri);

    if (host == NULL || *host == '\0')
        return refuse(error, "has no host");
    out->host = g_strdup(host);
    out->port = g_uri_get_port(uri) < 0 ? 6379 : g_uri_get_port(uri);
    return parse_database(*path == '/' ? path + 1 : path, out, error);
}

gboolean tune_redis_address_parse(const char *url, TuneRedisAddress *out, GError **error)
{
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_HAS_PASSWORD, NULL);
    gboolean done = FALSE;

    *out = (TuneRedisAddress){0};
    if (uri == NULL)
        return refuse(error, "cannot be read");
    if (strcmp(g_uri_get_scheme(uri), "redis") == 0)
        done = parse_tcp(uri, out, error);
    else if (strcmp(g_uri_get_scheme(uri), "unix") == 0)
        done = parse_socket(uri, out, error);
    else
        refuse(error, strcmp(g_uri_get_scheme(uri), "rediss") == 0
                          ? "asks for TLS, which the client library has not (use a tunnel)"
                          : "begins neither with redis:// nor with unix://");
    const char *user = g_uri_get_user(uri), *password = g_uri_get_password(uri);
    if (done && user != NULL && *user != '\0' && (password == NULL || *password == '\0'))
        done = refuse(error, "has a user without a password (a password alone is :password@)");
    out->user = user != NULL && *user != '\0' ? g_strdup(user) : NULL;
    out->password = password != NULL && *password != '\0' ? g_strdup(password) : NULL;
    if (!done)
        tune_redis_address_clear(out);
    return done;
}

void tune_redis_address_clear(TuneRedisAddress *self)
{
    g_clear_pointer(&self->host, g_free);
    g_clear_pointer(&self->path, g_free);
    g_clear_pointer(&self->user, g_free);
    g_clear_pointer(&self->password, g_free);
}

char *tune_redis_address_text(const TuneRedisAddress *self)
{
    return self->path != NULL ? g_strdup(self->path)
                              : g_strdup_printf("%s:%d", self->host, self->port);
}
