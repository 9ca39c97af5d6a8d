/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/stem.h"
#include "synth/event.h"
#include "synth/strip.h"

struct TuneStem {
    TuneHand *hands[TUNE_HANDS_MOST];
    guint n_hands;
    char *instrument; /* of the hands' requests */
    TuneStrip *strip;
    gint64 position; /* frames rendered */
    gboolean over;
    TuneHandBlock block;
};

TuneStem *tune_stem_new(TuneVoiceBank *bank, const TuneScore *score, guint index, guint rate,
                        double gain)
{
    const TuneTrack *track = g_ptr_array_index(score->tracks, index);
    g_autoptr(GArray) events = tune_events_new(score, index, rate);
    TuneStem *self = g_new0(TuneStem, 1);
    double bpm = tune_metre_beat_bpm(tune_score_metre_at(score, 0), tune_score_tempo_at(score, 0));

    self->instrument = g_strdup(track->instrument);
    const TuneVoiceRequest request = {.rate = rate, .bank = track->bank, .program = track->program,
                                      .is_drums = track->is_drums, .instrument = self->instrument,
                                      .beat_s = 60.0 / bpm};

    self->n_hands = tune_voice_bank_divides(bank, &request) ? tune_hands_wanted(score, index) : 1;
    for (guint i = 0; i < self->n_hands; i++)
        self->hands[i] = tune_hand_new(bank, &request, events, i, self->n_hands);
    self->strip = tune_strip_new(score, index, rate, gain);
    return self;
}

void tune_stem_free(TuneStem *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < self->n_hands; i++)
        tune_hand_free(self->hands[i]);
    tune_strip_free(self->strip);
    g_free(self->instrument);
    g_free(self);
}

guint tune_stem_n_hands(const TuneStem *self)
{
    return self->n_hands;
}

gboolean tune_stem_play(TuneStem *self, guint number, TuneHandBlock *block, GError **error)
{
    g_return_val_if_fail(number > 0 && number < self->n_hands, FALSE);
    return tune_hand_play(self->hands[number], block, error);
}

static void add(TuneHandBlock *sum, const TuneHandBlock *block)
{
    sum->done &= block->done;
    if (!block->sounds)
        return;
    sum->sounds = TRUE;
    for (gsize i = 0; i < TUNE_STEM_BLOCK; i++) {
        sum->left[i] += block->left[i];
        sum->right[i] += block->right[i];
    }
}

gboolean tune_stem_render(TuneStem *self, const TuneHandBlock *const *others, float *out,
                          GError **error)
{
    TuneHandBlock *block = &self->block;

    if (!tune_hand_play(self->hands[0], block, error))
        return FALSE;
    for (guint i = 1; i < self->n_hands; i++)
        add(block, others[i - 1]);
    gboolean sounds = tune_strip_process(self->strip, self->position, block->left, block->right,
                                         TUNE_STEM_BLOCK, !block->sounds);
    self->position += TUNE_STEM_BLOCK;
    self->over = !sounds && block->done;
    for (gsize i = 0; i < TUNE_STEM_BLOCK; i++) {
        /* + 0: no negative zeros, so that every way of adding stems gives the same bits. */
        out[2 * i] = block->left[i] + 0.0f;
        out[2 * i + 1] = block->right[i] + 0.0f;
    }
    return TRUE;
}

gboolean tune_stem_is_over(const TuneStem *self)
{
    return self->over;
}
