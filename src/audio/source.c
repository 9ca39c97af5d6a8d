/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/source.h"

G_DEFINE_QUARK(tune - audio - error - quark, tune_audio_error)

gboolean tune_source_read(TuneSource *self, float *out, gsize n_frames, gsize *n_got,
                          GError **error)
{
    g_return_val_if_fail(self != NULL && n_got != NULL, FALSE);
    gsize total = 0;

    *n_got = 0;
    while (total < n_frames) {
        gsize got = 0;
        float *rest = out + total * self->n_channels;

        if (!self->class->read(self, rest, n_frames - total, &got, error))
            return FALSE;
        if (got == 0)
            break;
        total += got;
    }
    *n_got = total;
    return TRUE;
}

void tune_source_free(TuneSource *self)
{
    if (self != NULL)
        self->class->free(self);
}
