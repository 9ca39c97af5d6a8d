/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/foreign.h"

#include <string.h>

/* "https://music.example.org/x" -> "music.example.org"; with its port. (transfer full) (nullable) */
static char *authority_of(const char *url)
{
    const char *colons = url != NULL ? strstr(url, "://") : NULL;

    return colons != NULL ? g_strndup(colons + 3, strcspn(colons + 3, "/?#")) : NULL;
}

gboolean tune_foreign_origin(const TuneCall *call, const char *public_url)
{
    const char *origin = tune_http_request_field(call->request, "Origin");
    g_autofree char *from = authority_of(origin);
    g_autofree char *ours = authority_of(public_url);

    if (origin == NULL)
        return FALSE;
    return from == NULL || (g_ascii_strcasecmp(from, call->client.host) != 0 &&
                            (ours == NULL || g_ascii_strcasecmp(from, ours) != 0));
}

/* Without port, brackets and the root's dot. (transfer full) */
static char *bare_host(const char *host)
{
    char *bare = *host == '[' ? g_strndup(host + 1, strcspn(host + 1, "]"))
                              : g_strndup(host, strcspn(host, ":"));

    if (g_str_has_suffix(bare, "."))
        bare[strlen(bare) - 1] = '\0';
    return bare;
}

gboolean tune_host_is_local(const char *host, const char *public_url)
{
    g_autofree char *bare = bare_host(host);
    g_autofree char *lower = g_ascii_strdown(bare, -1);
    g_autofree char *ours = authority_of(public_url);

    if (strchr(lower, '.') == NULL || g_str_has_suffix(lower, ".localhost") ||
        g_hostname_is_ip_address(lower))
        return TRUE;
    g_autofree char *named = ours != NULL ? bare_host(ours) : NULL;
    return named != NULL && g_ascii_strcasecmp(named, lower) == 0;
}
