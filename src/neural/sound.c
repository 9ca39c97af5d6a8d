/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Codes made sound, a block at a time, by the thread that advances the takes and with its compute:
 * between two steps all processors work on one block, where a thread of the reader's own beside
 * them would keep the steps' threads waiting for each other.  A take has one block at most that is
 * not read, so that a slow listener costs no more than that.
 */
#include "neural/musicgen-private.h"

/* Frames of codes of a block: half a second, so that the first sound is there soon, and neither a
 * cancel nor the steps of other takes wait for long. */
#define BLOCK_FRAMES 25

static gsize next_frames(const TuneTake *take)
{
    return MIN(BLOCK_FRAMES, take->plan.n_frames - take->n_decoded);
}

gboolean tune_take_sound_due(const TuneTake *take)
{
    return !take->sounds && take->n_done >= take->n_decoded + next_frames(take);
}

/* One channel of the next @n frames, every n_channels-th sample of take->sound. */
static void decode_channel(TuneTake *take, guint channel, gsize n, gboolean last)
{
    TuneMusicgen *model = take->model;
    guint n_channels = model->config->decoder.n_channels;
    TuneEncodecDecoding *decoding = take->decodings[channel];
    const gint32 *codes = take->codes + channel * take->plan.n_frames + take->n_decoded;
    gsize room = tune_encodec_room(decoding, n, last), n_got;
    g_autofree float *mono = g_new(float, room);

    tune_encodec_decode(decoding, model->compute, codes, n_channels * take->plan.n_frames, n, last,
                        mono, &n_got);
    if (channel == 0)
        take->sound = g_renew(float, take->sound, n_got *n_channels);
    for (gsize i = 0; i < n_got; i++)
        take->sound[i * n_channels + channel] = mono[i];
    take->n_sound = n_got;
}

void tune_take_decode(TuneTake *take)
{
    guint n_channels = take->model->config->decoder.n_channels;
    gsize n = next_frames(take);
    gboolean last = take->n_decoded + n == take->plan.n_frames;

    for (guint c = 0; c < n_channels; c++) {
        if (take->decodings[c] == NULL)
            take->decodings[c] = tune_encodec_decoding_new(take->model->codec);
        decode_channel(take, c, n, last);
    }
    take->n_decoded += n;
    if (last)
        tune_take_clear_decoding(take);
}

void tune_take_clear_decoding(TuneTake *take)
{
    for (guint c = 0; c < 2; c++)
        g_clear_pointer(&take->decodings[c], tune_encodec_decoding_free);
}
