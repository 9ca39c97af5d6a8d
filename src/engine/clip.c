/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/clip.h"
#include "audio/encode.h"
#include "base/hash.h"

#include <string.h>

#define BLOCK 4096

/* Two equal channels of one, in place; @frames has room for both. */
static void widen(float *frames, gsize n)
{
    for (gsize i = n; i-- > 0;)
        frames[2 * i] = frames[2 * i + 1] = frames[i];
}

static void clear(gpointer data)
{
    g_free(((TuneClip *)data)->frames);
}

TuneClip *tune_clip_read(TuneSource *source, double max_seconds, GError **error)
{
    g_autoptr(TuneSource) resampled = tune_resample_new(source, TUNE_CLIP_RATE, error);
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, 2 * sizeof(float));
    gsize most = (gsize)(MIN(max_seconds, TUNE_CLIP_MAX_SECONDS) * TUNE_CLIP_RATE);
    float block[2 * BLOCK];
    gsize got = 0;

    if (resampled == NULL)
        return NULL;
    do {
        if (!tune_source_read(resampled, block, MIN(BLOCK, most - all->len), &got, error))
            return NULL;
        if (resampled->n_channels == 1)
            widen(block, got);
        g_array_append_vals(all, block, (guint)got);
    } while (got > 0 && all->len < most);
    if (all->len == 0) {
        g_set_error_literal(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_BROKEN, "there is no sound in it");
        return NULL;
    }
    TuneClip *self = g_atomic_rc_box_new0(TuneClip);
    self->n_channels = resampled->n_channels;
    self->n_frames = all->len;
    self->frames = (float *)(gpointer)g_array_steal(all, NULL);
    g_autofree char *hash = tune_hash_bytes(self->frames, self->n_frames * 2 * sizeof(float));
    g_strlcpy(self->sha256, hash, sizeof self->sha256);
    return self;
}

TuneClip *tune_clip_ref(const TuneClip *self)
{
    return g_atomic_rc_box_acquire((TuneClip *)self);
}

void tune_clip_unref(TuneClip *self)
{
    if (self != NULL)
        g_atomic_rc_box_release_full(self, clear);
}
