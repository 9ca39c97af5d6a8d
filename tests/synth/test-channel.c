/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The channel's tone and dynamics, and the effects at every rate: stable, without offset, as long as
 * they say.
 */
#include "audio/biquad.h"
#include "synth/channel.h"
#include "synth/chorus.h"
#include "synth/echo.h"
#include "synth/reverb.h"
#include <math.h>
#include <string.h>

static const guint rates[] = {22050, 32000, 44100, 48000, 88200, 96000};

typedef struct {
    float *left, *right;
    gsize n;
} Sound;

static void sound_init(Sound *self, guint rate, double seconds)
{
    self->n = (gsize)(seconds * rate) / 64 * 64;
    self->left = g_new0(float, self->n);
    self->right = g_new0(float, self->n);
}

static void sound_clear(Sound *self)
{
    g_free(self->left);
    g_free(self->right);
}

static void add_sine(Sound *self, guint rate, double hz, double gain)
{
    for (gsize i = 0; i < self->n; i++) {
        self->left[i] += (float)(gain * sin(2 * G_PI * hz * (double)i / rate));
        self->right[i] = self->left[i];
    }
}

static double level_db(const float *x, gsize from, gsize to)
{
    double sum = 0;

    for (gsize i = from; i < to; i++)
        sum += (double)x[i] * (double)x[i];
    return 10 * log10(sum / (double)(to - from) + 1e-30);
}

/* What the channel does to a sine of @hz at @in_db (mean square), after it has settled. */
static double gain_at(const TuneTrackMix *mix, guint rate, double hz, double in_db)
{
    Sound x;
    g_autoptr(TuneChannel) channel = tune_channel_new(mix, rate);

    g_assert_nonnull(channel);
    sound_init(&x, rate, 2);
    add_sine(&x, rate, hz, sqrt(2.0) * pow(10, in_db / 20));
    double before = level_db(x.left, x.n / 2, x.n);

    tune_channel_process(channel, x.left, x.right, x.n);
    double after = level_db(x.left, x.n / 2, x.n);

    sound_clear(&x);
    return after - before;
}

static void test_bands(void)
{
    for (gsize r = 0; r < G_N_ELEMENTS(rates); r++) {
        TuneTrackMix low = {.low_db = 6}, middle = {.mid_db = -8, .mid_hz = 2000}, high = {.high_db = 5};

        g_assert_cmpfloat(fabs(gain_at(&low, rates[r], 40, -30) - 6), <, 0.4);
        g_assert_cmpfloat(fabs(gain_at(&low, rates[r], 2000, -30)), <, 0.2);
        g_assert_cmpfloat(fabs(gain_at(&middle, rates[r], 2000, -30) + 8), <, 0.2);
        g_assert_cmpfloat(fabs(gain_at(&middle, rates[r], 200, -30)), <, 0.4);
        g_assert_cmpfloat(fabs(gain_at(&high, rates[r], 10000, -30) - 5), <, 0.7);
        g_assert_cmpfloat(fabs(gain_at(&high, rates[r], 400, -30)), <, 0.2);
    }
}

static void test_compressor_evens_out(void)
{
    TuneTrackMix mix = {.compress = 1};

    for (gsize r = 0; r < G_N_ELEMENTS(rates); r++) {
        double soft = gain_at(&mix, rates[r], 500, -42), loud = gain_at(&mix, rates[r], 500, -12);

        /* 4:1 above -32: of 20 dB over it 15 go, and 7.5 come back for everybody. */
        g_assert_cmpfloat(fabs(loud - soft + 15), <, 0.7);
        g_assert_cmpfloat(fabs(soft - 7.5), <, 0.3);
    }
    TuneTrackMix none = {.level_db = 3, .pan = 0.5, .reverb = 1};

    g_assert_null(tune_channel_new(&none, 44100));
}

static void test_compressor_takes_its_time(void)
{
    TuneTrackMix mix = {.compress = 1};
    g_autoptr(TuneChannel) channel = tune_channel_new(&mix, 44100);
    Sound x;

    sound_init(&x, 44100, 1);
    add_sine(&x, 44100, 441, 0.3);
    tune_channel_process(channel, x.left, x.right, x.n);
    double stroke = level_db(x.left, 0, 300), held = level_db(x.left, 20000, 40000);

    g_assert_cmpfloat(stroke, >, held + 5); /* the beginning of a note comes through */
    g_assert_cmpfloat(tune_channel_deepest_db(channel), >, 10);
    sound_clear(&x);
}

/* Time for 60 dB of what lies around @hz, from the slope between -5 and -35 dB. */
static double decay_at(double hz, guint rate, const TuneReverbConfig *config)
{
    TuneReverb *reverb = tune_reverb_new(rate, config);
    TuneBiquad band;
    Sound x;
    float click[64] = {1}, none[64] = {0};

    sound_init(&x, rate, 2 * config->decay_s + 0.5);
    tune_reverb_process(reverb, click, click, x.left, x.right, 64, FALSE);
    for (gsize at = 64; at < x.n; at += 64)
        tune_reverb_process(reverb, none, none, x.left + at, x.right + at, 64, TRUE);
    tune_biquad_init(&band, TUNE_BIQUAD_BAND_PASS, rate, hz, 0.8, 0);
    tune_biquad_process_mono(&band, x.left, x.n);
    double left = 0, total;
    gsize at_5 = 0, at_35 = 0;

    for (gsize i = 0; i < x.n; i++)
        left += (double)x.left[i] * (double)x.left[i];
    total = left;
    for (gsize i = 0; i < x.n && at_35 == 0; i++) {
        left -= (double)x.left[i] * (double)x.left[i];
        if (at_5 == 0 && left < total * 0.3162)
            at_5 = i;
        if (left < total * 0.0003162)
            at_35 = i;
    }
    tune_reverb_free(reverb);
    sound_clear(&x);
    return 2.0 * (double)(at_35 - at_5) / rate;
}

static void test_rooms_decay_as_asked_at_every_rate(void)
{
    for (gsize r = 0; r < G_N_ELEMENTS(rates); r++)
        for (gint kind = 0; kind < 3; kind++) {
            static const TuneReverbConfig rooms[] = {{0.5, 0.32, 0}, {1.8, 0.9, 0}, {3.5, 1.2, 0}};
            double low = decay_at(300, rates[r], &rooms[kind]), high = decay_at(5500, rates[r], &rooms[kind]);

            if (g_test_verbose())
                g_test_message("%u Hz, %.1f s: %.2f at 300 Hz, %.2f at 5.5 kHz", rates[r],
                               rooms[kind].decay_s, low, high);
            g_assert_cmpfloat(low, >, 0.8 * rooms[kind].decay_s);
            g_assert_cmpfloat(low, <, 1.2 * rooms[kind].decay_s);
            /* The highs go sooner; the damping has less hold on them at high rates. */
            g_assert_cmpfloat(high, <, (rates[r] > 48000 ? 0.96 : 0.85) * low);
        }
}

/* Loud noise for two seconds into an effect, then silence: bounded, no offset, gone in the end. */
static void check_after_noise(const Sound *x, guint rate, double most)
{
    double mean = 0, peak = 0;

    for (gsize i = 0; i < x->n; i++) {
        g_assert_true(isfinite(x->left[i]));
        mean += (double)x->left[i] / (double)x->n;
        peak = MAX(peak, fabs((double)x->left[i]));
    }
    g_assert_cmpfloat(peak, <, most);
    g_assert_cmpfloat(fabs(mean), <, 0.002);
    g_assert_cmpfloat(level_db(x->left, x->n - rate / 4, x->n), <, -80);
}

static void test_effects_are_stable_at_every_rate(void)
{
    for (gsize r = 0; r < G_N_ELEMENTS(rates); r++) {
        guint rate = rates[r];
        TuneReverbConfig hall = {2, 1, 0.3};
        TuneReverb *reverb = tune_reverb_new(rate, &hall);
        TuneEcho *echo = tune_echo_new(rate, 0.333, 0.8);
        TuneChorus *chorus = tune_chorus_new(rate, 1);
        TuneTrackMix mix = {.low_db = 18, .mid_db = -18, .mid_hz = 12000, .high_db = 18, .compress = 1};
        g_autoptr(TuneChannel) channel = tune_channel_new(&mix, rate);
        Sound in, room, delay;
        guint32 state = 1;

        sound_init(&in, rate, 20);
        sound_init(&room, rate, 20);
        sound_init(&delay, rate, 20);
        for (gsize i = 0; i < 2 * rate; i++) {
            state = state * 1664525u + 1013904223u;
            in.left[i] = in.right[i] = (float)((gint32)state / 4294967296.0);
        }
        for (gsize at = 0; at < in.n; at += 64) {
            gboolean silent = at > 2 * rate + 64;

            tune_reverb_process(reverb, in.left + at, in.right + at, room.left + at, room.right + at, 64,
                                silent);
            tune_echo_process(echo, in.left + at, in.right + at, delay.left + at, delay.right + at, 64, silent);
        }
        tune_chorus_process(chorus, in.left, in.right, in.n);
        check_after_noise(&room, rate, 8);
        check_after_noise(&delay, rate, 4);
        check_after_noise(&in, rate, 2);
        tune_channel_process(channel, in.left, in.right, in.n);
        check_after_noise(&in, rate, 16);
        sound_clear(&in);
        sound_clear(&room);
        sound_clear(&delay);
        tune_reverb_free(reverb);
        tune_echo_free(echo);
        tune_chorus_free(chorus);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/synth/channel/bands", test_bands);
    g_test_add_func("/synth/channel/compressor-evens-out", test_compressor_evens_out);
    g_test_add_func("/synth/channel/compressor-takes-its-time", test_compressor_takes_its_time);
    g_test_add_func("/synth/reverb/decays-as-asked-at-every-rate", test_rooms_decay_as_asked_at_every_rate);
    g_test_add_func("/synth/effects/stable-at-every-rate", test_effects_are_stable_at_every_rate);
    return g_test_run();
}
