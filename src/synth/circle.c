/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/circle.h"

typedef struct {
    TuneSource base;
    TuneSpill *spill;
    TuneSource *round;    /* one way through the loop */
    gint64 length, at;    /* of the loop; position in it */
    gint64 left;          /* frames to give */
} Circle;

/* Begin another round. */
static gboolean restart(Circle *self, GError **error)
{
    g_clear_pointer(&self->round, tune_source_free);
    self->round = tune_spill_source_new(self->spill, error);
    self->at = 0;
    return self->round != NULL;
}

static gboolean read_frames(TuneSource *source, float *out, gsize n_frames, gsize *n_got,
                            GError **error)
{
    Circle *self = (Circle *)source;

    *n_got = 0;
    while (*n_got < n_frames && self->left > 0) {
        gsize n = (gsize)MIN((gint64)(n_frames - *n_got), MIN(self->left, self->length - self->at));
        gsize got;

        if (n == 0) {
            if (!restart(self, error))
                return FALSE;
            continue;
        }
        if (!tune_source_read(self->round, out + 2 * *n_got, n, &got, error))
            return FALSE;
        if (got == 0)
            break;
        *n_got += got;
        self->at += (gint64)got;
        self->left -= (gint64)got;
    }
    return TRUE;
}

static void circle_free(TuneSource *source)
{
    Circle *self = (Circle *)source;

    tune_source_free(self->round);
    g_free(self);
}

static const TuneSourceClass circle_class = {read_frames, circle_free};

TuneSource *tune_circle_new(TuneSpill *spill, guint rate, gint64 before, gint64 after, GError **error)
{
    Circle *self = g_new0(Circle, 1);
    gint64 length = tune_spill_n_frames(spill);

    self->base = (TuneSource){&circle_class, rate, 2, before + length + after};
    self->spill = spill;
    self->length = length;
    self->left = before + length + after;
    if (!restart(self, error)) {
        tune_source_free(&self->base);
        return NULL;
    }
    float skipped[2 * 1024];
    gsize got = 1;

    for (gint64 skip = length - before; skip > 0 && got > 0; skip -= (gint64)got) {
        if (!tune_source_read(self->round, skipped, (gsize)MIN(skip, 1024), &got, error)) {
            tune_source_free(&self->base);
            return NULL;
        }
        self->at += (gint64)got;
    }
    return &self->base;
}
