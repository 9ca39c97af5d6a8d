/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/duck.h"
#include "synth/event.h"
#include "synth/voice.h"

#define BLOCK TUNE_VOICE_GRID
#define DEEPEST 0.8      /* of the level goes at duck 1 */
#define RECOVERY_BEATS 0.75
#define ATTACK 0.5       /* of the way a block */

struct TuneDuck {
    GArray *kicks; /* gint64 frames, rising */
    guint next;
    gint64 last;
    double amount, length; /* length of the recovery in frames */
    double gain;
};

static gboolean is_kick(const TuneTrack *track, const TuneNote *note)
{
    return track->is_drums && (note->pitch == 35 || note->pitch == 36);
}

TuneDuck *tune_duck_new(const TuneScore *score, guint rate, double amount)
{
    g_autoptr(GArray) kicks = g_array_new(FALSE, FALSE, sizeof(gint64));

    for (guint t = 0; t < score->tracks->len; t++) {
        const TuneTrack *track = g_ptr_array_index(score->tracks, t);

        for (guint i = 0; i < track->notes->len; i++) {
            const TuneNote *note = &g_array_index(track->notes, TuneNote, i);

            if (!is_kick(track, note))
                continue;
            gint64 frame = tune_event_frame(score, tune_note_sounding_onset(note), rate);

            g_array_append_val(kicks, frame);
        }
    }
    if (kicks->len == 0 || amount <= 0)
        return NULL;
    TuneDuck *self = g_new0(TuneDuck, 1);

    self->kicks = g_steal_pointer(&kicks);
    self->amount = DEEPEST * MIN(amount, 1.0);
    self->length = RECOVERY_BEATS * 60.0 / tune_score_tempo_at(score, 0) * rate;
    self->last = -G_MAXINT32;
    self->gain = 1.0;
    return self;
}

void tune_duck_free(TuneDuck *self)
{
    if (self == NULL)
        return;
    g_array_unref(self->kicks);
    g_free(self);
}

/* Where the gain should be at @frame: down at the stroke, back on a curve. */
static double target(TuneDuck *self, gint64 frame)
{
    for (; self->next < self->kicks->len; self->next++) {
        gint64 kick = g_array_index(self->kicks, gint64, self->next);

        if (kick > frame)
            break;
        self->last = kick;
    }
    double left = 1.0 - (double)(frame - self->last) / self->length;

    return left > 0 ? 1.0 - self->amount * left * left : 1.0;
}

void tune_duck_process(TuneDuck *self, gint64 frame, float *left, float *right, gsize n)
{
    for (gsize at = 0; at < n; at += BLOCK) {
        double to = target(self, frame + (gint64)at);

        if (to < self->gain)
            to = self->gain + ATTACK * (to - self->gain);
        float from = (float)self->gain, step = (float)((to - self->gain) / BLOCK);

        for (guint k = 0; k < BLOCK; k++) {
            left[at + k] *= from + step * (float)k;
            right[at + k] *= from + step * (float)k;
        }
        self->gain = to;
    }
}
