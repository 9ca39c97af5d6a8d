/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/hand.h"
#include "synth/event.h"
#include <string.h>

/* What a note goes on for behind its end, on average, in the count of a track's work. */
#define RELEASE_SECONDS 1.0
/* Of all work; below this a track keeps to one voice. */
#define HEAVY_SHARE 0.25

struct TuneHand {
    TuneVoiceBank *bank;
    TuneVoiceRequest request;
    TuneVoice *voice; /* NULL before the first block */
    GArray *events;
    guint next_event;
    gint64 position; /* frames played */
};

/* ---- who plays what ---- */

/* Seconds of sounding notes. */
static double work_of(const TuneScore *score, guint index)
{
    const TuneTrack *track = g_ptr_array_index(score->tracks, index);
    double seconds = RELEASE_SECONDS * track->notes->len;

    for (guint i = 0; i < track->notes->len; i++) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, i);

        seconds += tune_score_seconds(score, tune_note_sounding_end(note)) -
                   tune_score_seconds(score, tune_note_sounding_onset(note));
    }
    return seconds;
}

guint tune_hands_wanted(const TuneScore *score, guint index)
{
    const TuneTrack *track = g_ptr_array_index(score->tracks, index);
    double all = 0;

    /* Drums cut one another off, and a loop's tail is one voice's. */
    if (track->is_drums || score->loop)
        return 1;
    for (guint i = 0; i < score->tracks->len; i++)
        all += work_of(score, i);
    return work_of(score, index) > HEAVY_SHARE * all ? TUNE_HANDS_MOST : 1;
}

/* The busiest key first, each to the hand that has least to do. */
static void deal(const GArray *events, guint n, guint8 hand_of_key[128])
{
    gint64 work[128] = {0}, load[TUNE_HANDS_MOST] = {0};

    for (guint i = 0; i < events->len; i++) {
        const TuneEvent *event = &g_array_index(events, TuneEvent, i);

        if (event->kind == TUNE_EVENT_ON)
            work[event->number]++;
    }
    memset(hand_of_key, 0, 128);
    for (gint dealt = 0; dealt < 128; dealt++) {
        gint key = 0;
        guint hand = 0;

        for (gint k = 1; k < 128; k++)
            if (work[k] > work[key])
                key = k;
        for (guint h = 1; h < n; h++)
            if (load[h] < load[hand])
                hand = h;
        if (work[key] <= 0)
            return;
        hand_of_key[key] = (guint8)hand;
        load[hand] += work[key];
        work[key] = -1;
    }
}

TuneHand *tune_hand_new(TuneVoiceBank *bank, const TuneVoiceRequest *request, const GArray *events,
                        guint number, guint n)
{
    g_return_val_if_fail(number < n && n <= TUNE_HANDS_MOST, NULL);
    TuneHand *self = g_new0(TuneHand, 1);
    guint8 hand_of_key[128];

    self->bank = bank;
    self->request = *request;
    self->events = g_array_sized_new(FALSE, FALSE, sizeof(TuneEvent), events->len);
    deal(events, n, hand_of_key);
    for (guint i = 0; i < events->len; i++) {
        const TuneEvent *event = &g_array_index(events, TuneEvent, i);

        if (event->kind == TUNE_EVENT_CONTROL || hand_of_key[event->number] == number)
            g_array_append_val(self->events, *event);
    }
    return self;
}

void tune_hand_free(TuneHand *self)
{
    if (self == NULL)
        return;
    tune_voice_release(self->voice);
    g_array_unref(self->events);
    g_free(self);
}

/* ---- playing ---- */

static void send(TuneVoice *voice, const TuneEvent *event)
{
    switch ((TuneEventKind)event->kind) {
    case TUNE_EVENT_ON:
        tune_voice_note_on(voice, event->number, (guint8)event->value, event->length);
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
static gint64 send_due(TuneHand *self, gint64 frame, gint64 end)
{
    for (; self->next_event < self->events->len; self->next_event++) {
        const TuneEvent *event = &g_array_index(self->events, TuneEvent, self->next_event);

        if (event->frame > frame)
            return MIN(event->frame, end);
        send(self->voice, event);
    }
    return end;
}

gboolean tune_hand_play(TuneHand *self, TuneHandBlock *block, GError **error)
{
    gint64 end = self->position + TUNE_STEM_BLOCK;

    if (self->voice == NULL)
        self->voice = tune_voice_bank_acquire(self->bank, &self->request, error);
    if (self->voice == NULL)
        return FALSE;
    block->sounds = FALSE;
    for (gint64 frame = self->position; frame < end;) {
        gint64 next = send_due(self, frame, end);
        gsize at = (gsize)(frame - self->position), n = (gsize)(next - frame);

        if (tune_voice_is_silent(self->voice)) {
            memset(block->left + at, 0, n * sizeof(float));
            memset(block->right + at, 0, n * sizeof(float));
        } else {
            tune_voice_render(self->voice, block->left + at, block->right + at, n);
            block->sounds = TRUE;
        }
        frame = next;
    }
    self->position = end;
    block->done = self->next_event == self->events->len;
    return TRUE;
}
