/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "music.h"

#include <stdarg.h>
#include <string.h>

const char *const music_settings[] = {"engine=compose", "limits=off", NULL};

Reply *music_ask(Rig *rig, const char *method, const char *fields, const char *body,
                 const char *target, ...)
{
    va_list arguments;

    va_start(arguments, target);
    g_autofree char *whole = g_strdup_vprintf(target, arguments);
    va_end(arguments);
    return ask(rig, method, whole, fields, body);
}

char *music_order(Rig *rig, const char *fields, const char *body)
{
    g_autoptr(Reply) reply = ask(rig, "POST", "/api/v1/generate", fields, body);

    assert_status(reply, 202);
    g_assert_nonnull(text(reply, "task_id"));
    return g_strdup(text(reply, "task_id"));
}

static gboolean is_final(const char *status)
{
    return g_strcmp0(status, "queued") != 0 && g_strcmp0(status, "running") != 0;
}

Reply *music_wait(Rig *rig, const char *fields, const char *id)
{
    for (guint i = 0; i < 2400; i++) {
        g_autoptr(Reply) reply = music_ask(rig, "GET", fields, NULL, "/api/v1/generate/%s", id);
        assert_status(reply, 200);
        if (is_final(text(reply, "status")))
            return g_steal_pointer(&reply);
        g_usleep(50000);
    }
    g_error("%s is not done after two minutes", id);
}

char *music_make(Rig *rig, const char *fields, const char *body)
{
    char *id = music_order(rig, fields, body);
    g_autoptr(Reply) done = music_wait(rig, fields, id);

    g_assert_cmpstr(text(done, "status"), ==, "completed");
    return id;
}

char *music_user(Rig *rig, const char *email)
{
    g_autofree char *body =
        g_strdup_printf("{\"email\": \"%s\", \"password\": \"correct horse 9\"}", email);
    g_autoptr(Reply) reply = ask(rig, "POST", "/api/v1/auth/register", NULL, body);

    assert_status(reply, 201);
    return g_strdup_printf("Authorization: Bearer %s\r\n", text(reply, "access_token"));
}
