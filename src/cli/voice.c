/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/voice.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {"debug", "info", "warning", "error"};

TuneLogLevel tune_voice_level(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i], name) == 0)
            return (TuneLogLevel)i;
    return TUNE_LOG_INFO;
}

void tune_voice_tell(TuneLogLevel level, const char *message, gpointer voice)
{
    const TuneVoice *self = voice;

    if (level < (TuneLogLevel)g_atomic_int_get(&self->level))
        return;
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *when = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
    if (!self->json) {
        fprintf(stderr, "%s %s %s\n", when, names[level], message);
        return;
    }
    g_autofree char *valid = g_utf8_make_valid(message, -1);
    g_autoptr(json_t) line =
        json_pack("{s:s, s:s, s:s}", "time", when, "level", names[level], "message", valid);
    g_autofree char *text = json_dumps(line, JSON_COMPACT);
    fprintf(stderr, "%s\n", text);
}
