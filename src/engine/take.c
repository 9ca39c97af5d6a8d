/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A neural model's take as a source: two channels, and as many frames as were asked for, where the model
 * counts in frames of codes.  What comes after them is read too, so that all codes are known at the end.
 */
#include "audio/loudness.h"
#include "engine/engine-private.h"

#include <string.h>

#define FORETASTE 32000 /* frames: a second */

typedef struct {
    TuneSource base;
    TuneTake *take;
    guint n_channels; /* of the take */
    gint64 position;
    float *ahead;     /* (nullable) [2 * ahead_n]: the foretaste, until it was read */
    gsize ahead_n, ahead_at;
} TakeSource;

/* The next frames of the take, wide. */
static gboolean pull(TakeSource *self, float *out, gsize n, gsize *got, GError **error)
{
    if (!tune_take_read(self->take, out, n, got, error))
        return FALSE;
    for (gsize i = *got; self->n_channels == 1 && i-- > 0;)
        out[2 * i] = out[2 * i + 1] = out[i];
    return TRUE;
}

static gboolean drain(TakeSource *self, GError **error)
{
    float rest[2 * 1024];
    gsize got;

    do {
        if (!pull(self, rest, 1024, &got, error))
            return FALSE;
    } while (got > 0);
    return TRUE;
}

static gboolean read_frames(TuneSource *source, float *out, gsize n, gsize *got, GError **error)
{
    TakeSource *self = (TakeSource *)source;

    n = (gsize)MIN((gint64)n, self->base.n_frames - self->position);
    *got = MIN(n, self->ahead_n - self->ahead_at);
    if (*got > 0)
        memcpy(out, self->ahead + 2 * self->ahead_at, 2 * *got * sizeof *out);
    self->ahead_at += *got;
    while (*got < n) {
        gsize more;

        if (!pull(self, out + 2 * *got, n - *got, &more, error))
            return FALSE;
        if (more == 0) { /* a fraction of a frame of codes is missing: silence */
            memset(out + 2 * *got, 0, 2 * (n - *got) * sizeof *out);
            more = n - *got;
        }
        *got += more;
    }
    self->position += (gint64)*got;
    return self->position < self->base.n_frames || drain(self, error);
}

static void take_source_free(TuneSource *source)
{
    TakeSource *self = (TakeSource *)source;

    g_free(self->ahead);
    g_free(self);
}

static const TuneSourceClass take_class = {read_frames, take_source_free};

TuneSource *tune_take_source_new(TuneTake *take, guint n_channels, gint64 n_frames)
{
    TakeSource *self = g_new0(TakeSource, 1);

    self->base = (TuneSource){&take_class, TUNE_CLIP_RATE, 2, n_frames};
    self->take = take;
    self->n_channels = n_channels;
    return &self->base;
}

double tune_take_source_foretaste(TuneSource *source)
{
    TakeSource *self = (TakeSource *)source;
    g_autoptr(TuneLoudnessMeter) meter =
        tune_loudness_meter_new(self->base.rate, 2, FALSE, NULL);
    TuneLoudness loudness;

    self->ahead = g_new(float, 2 * FORETASTE);
    while (self->ahead_n < FORETASTE) {
        gsize got;

        if (!pull(self, self->ahead + 2 * self->ahead_n, FORETASTE - self->ahead_n, &got, NULL) ||
            got == 0)
            break;
        self->ahead_n += got;
    }
    if (meter == NULL)
        return 0;
    tune_loudness_meter_feed(meter, self->ahead, self->ahead_n);
    tune_loudness_meter_read(meter, &loudness);
    return loudness.integrated_lufs > -60 ? loudness.integrated_lufs : 0;
}
