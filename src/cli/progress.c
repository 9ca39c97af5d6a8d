/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 30
#define REDRAW_US 100000
#define PLAIN_US 10000000

struct TuneProgressBar {
    gboolean terminal, quiet, drawn;
    gint64 start_us, last_us;
    char stage[16];
};

TuneProgressBar *tune_progress_bar_new(gboolean terminal, gboolean quiet)
{
    TuneProgressBar *self = g_new0(TuneProgressBar, 1);

    self->terminal = terminal;
    self->quiet = quiet;
    self->start_us = g_get_monotonic_time();
    return self;
}

void tune_progress_bar_free(TuneProgressBar *self)
{
    if (self == NULL)
        return;
    if (self->drawn)
        fputs("\r\033[K", stderr);
    g_free(self);
}

/* "0:07 left", or nothing while it cannot be told. */
static void format_left(const TuneProgressBar *self, double fraction, gint64 now_us, char out[24])
{
    double elapsed = (double)(now_us - self->start_us) / 1e6;

    out[0] = '\0';
    if (fraction < 0.03 || elapsed < 0.5)
        return;
    gint left = (gint)(elapsed * (1 - fraction) / fraction + 0.5);
    g_snprintf(out, 24, "%d:%02d left", left / 60, left % 60);
}

static void draw(TuneProgressBar *self, double fraction, const char *stage, gint64 now_us)
{
    char bar[WIDTH + 1], left[24];
    gint filled = (gint)(fraction * WIDTH);

    for (gint i = 0; i < WIDTH; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[WIDTH] = '\0';
    format_left(self, fraction, now_us, left);
    fprintf(stderr, "\r\033[K%-8s [%s] %3d%% %s", stage, bar, (gint)(fraction * 100), left);
    fflush(stderr);
    self->drawn = TRUE;
}

void tune_progress_bar_tell(double fraction, const char *stage, double audio_seconds,
                            gpointer user_data)
{
    TuneProgressBar *self = user_data;
    gint64 now_us = g_get_monotonic_time();
    gboolean new_stage = strcmp(self->stage, stage) != 0;
    gint64 pause_us = self->terminal ? REDRAW_US : PLAIN_US;

    if (self->quiet || (!new_stage && now_us - self->last_us < pause_us))
        return;
    fraction = CLAMP(fraction, 0.0, 1.0);
    self->last_us = now_us;
    g_strlcpy(self->stage, stage, sizeof self->stage);
    if (self->terminal)
        draw(self, fraction, stage, now_us);
    else
        fprintf(stderr, "%s: %d%%\n", stage, (gint)(fraction * 100));
}
