/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/stem.h"
#include "synth/event.h"
#include "synth/strip.h"
#include <string.h>

struct TuneStem {
    TuneVoiceBank *bank;
    TuneVoiceRequest request;
    TuneVoice *voice; /* NULL before the first block */
    TuneStrip *strip;
    GArray *events;
    guint next_event;
    gint64 position; /* frames rendered */
    gboolean over;
    float left[TUNE_STEM_BLOCK], right[TUNE_STEM_BLOCK];
};

TuneStem *tune_stem_new(TuneVoiceBank *bank, const TuneScore *score, guint index, guint rate,
                        double gain)
{
    const TuneTrack *track = g_ptr_array_index(score->tracks, index);
    TuneStem *self = g_new0(TuneStem, 1);

    self->bank = bank;
    self->request =
        (TuneVoiceRequest){rate, track->bank, track->program, track->is_drums};
    self->events = tune_events_new(score, index, rate);
    self->strip = tune_strip_new(score, index, rate, gain);
    return self;
}

void tune_stem_free(TuneStem *self)
{
    if (self == NULL)
        return;
    tune_voice_release(self->voice);
    tune_strip_free(self->strip);
    g_array_unref(self->events);
    g_free(self);
}

static void send(TuneVoice *voice, const TuneEvent *event)
{
    switch ((TuneEventKind)event->kind) {
    case TUNE_EVENT_ON:
        tune_voice_note_on(voice, event->number, (guint8)event->value);
        break;
    case TUNE_EVENT_OFF:
        tune_voice_note_off(voice, event->number);
        break;
    case TUNE_EVENT_CONTROL:
        tune_voice_control(voice, event->number, event->value);
        break;
    }
}

/* Send the events due at @frame; the frame of the next one, at most @end. */
static gint64 send_due(TuneStem *self, gint64 frame, gint64 end)
{
    for (; self->next_event < self->events->len; self->next_event++) {
        const TuneEvent *event = &g_array_index(self->events, TuneEvent, self->next_event);

        if (event->frame > frame)
            return MIN(event->frame, end);
        send(self->voice, event);
    }
    return end;
}

/* The voice alone into left and right.  FALSE: the whole block is silence. */
static gboolean play(TuneStem *self)
{
    gint64 end = self->position + TUNE_STEM_BLOCK;
    gboolean sounds = FALSE;

    for (gint64 frame = self->position; frame < end;) {
        gint64 next = send_due(self, frame, end);
        gsize at = (gsize)(frame - self->position), n = (gsize)(next - frame);

        if (tune_voice_is_silent(self->voice)) {
            memset(self->left + at, 0, n * sizeof(float));
            memset(self->right + at, 0, n * sizeof(float));
        } else {
            tune_voice_render(self->voice, self->left + at, self->right + at, n);
            sounds = TRUE;
        }
        frame = next;
    }
    self->position = end;
    return sounds;
}

gboolean tune_stem_render(TuneStem *self, float *out, GError **error)
{
    if (self->voice == NULL) {
        self->voice = tune_voice_bank_acquire(self->bank, &self->request, error);
        if (self->voice == NULL)
            return FALSE;
    }
    gint64 frame = self->position;
    gboolean sounds = play(self);

    sounds = tune_strip_process(self->strip, frame, self->left, self->right, TUNE_STEM_BLOCK, !sounds);
    self->over = !sounds && self->next_event == self->events->len;
    for (gsize i = 0; i < TUNE_STEM_BLOCK; i++) {
        /* + 0: no negative zeros, so that every way of adding stems gives the same bits. */
        out[2 * i] = self->left[i] + 0.0f;
        out[2 * i + 1] = self->right[i] + 0.0f;
    }
    return TRUE;
}

gboolean tune_stem_is_over(const TuneStem *self)
{
    return self->over;
}
