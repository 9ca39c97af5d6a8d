/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/delay.h"

/* Codebooks of one channel. */
static guint per_channel(guint n_codebooks, guint n_channels)
{
    return n_codebooks / n_channels;
}

/* Too short for a pattern: the reference leaves such sequences as they are. */
static gboolean undelayed(guint length, guint n_per_channel)
{
    return length < 2 * n_per_channel - 1;
}

static guint delay_of(const TuneDelay *self, guint codebook)
{
    return undelayed(self->length, per_channel(self->n_codebooks, self->n_channels))
               ? 0
               : codebook / self->n_channels;
}

guint tune_delay_length(guint n_frames, guint n_codebooks, guint n_channels)
{
    guint n = per_channel(n_codebooks, n_channels);

    return undelayed(n_frames + n, n) ? n_frames + 1 : n_frames + n;
}

guint tune_delay_n_frames(const TuneDelay *self)
{
    guint n = per_channel(self->n_codebooks, self->n_channels);

    return self->length - (undelayed(self->length, n) ? 1 : n);
}

gint32 tune_delay_forced(const TuneDelay *self, guint codebook, guint column)
{
    guint delay = delay_of(self, codebook), frame;

    if (column <= delay)
        return self->special;
    frame = column - 1 - delay;
    if (frame >= tune_delay_n_frames(self))
        return self->special;
    return frame < self->n_prompt ? self->prompt[(gsize)codebook * self->n_prompt + frame] : -1;
}

guint tune_delay_first_free(const TuneDelay *self)
{
    /* The first codebook has no delay, so that its first free column is the first of all. */
    return 1 + self->n_prompt;
}

guint tune_delay_column(const TuneDelay *self, guint codebook, guint frame)
{
    return frame + 1 + delay_of(self, codebook);
}
