/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"

void tune_log(const TuneLog *self, TuneLogLevel level, const char *format, ...)
{
    if (self == NULL || self->sink == NULL)
        return;
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    self->sink(level, message, self->user_data);
}
