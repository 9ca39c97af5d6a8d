/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the stages of the audio room cost: milliseconds of one core for a second of stereo sound at
 * 44.1 kHz, the best of three runs over 60 s.  CSV: measure,ms_per_s,times_real_time
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "audio/biquad.h"
#include "audio/compressor.h"
#include "audio/encode.h"
#include "audio/limiter.h"
#include "audio/loudness.h"
#include "audio/measure.h"
#include "audio/memory.h"
#include "audio/spill.h"
#include "audio/truepeak.h"
#include "base/random.h"

#define RATE    44100
#define SECONDS 60
#define BLOCK   1024
#define N       ((gsize)RATE * SECONDS)

/* All stages; a run makes new ones. */
typedef struct {
    TuneBiquad high_pass;
    TuneDcBlocker blocker;
    TuneCompressor compressor;
    TuneTruePeak peak;
    TuneLimiter *limiter;
    TuneLoudnessMeter *meter, *peak_meter;
    TuneMeasure *measure;
    TuneSpill *spill;
    TuneEncoder *encoder;
} Stages;

typedef void (*Work)(Stages *stages, float *frames, gsize n);

static void stages_init(Stages *s, TuneAudioFormat format)
{
    TuneCompressorConfig config = TUNE_COMPRESSOR_CONFIG_DEFAULT;
    guint rate = format == TUNE_AUDIO_OPUS ? 48000 : RATE;

    tune_biquad_init(&s->high_pass, TUNE_BIQUAD_HIGH_PASS, RATE, 30, 0.7071, 0);
    tune_dc_blocker_init(&s->blocker, RATE, 5);
    tune_compressor_init(&s->compressor, RATE, &config);
    tune_true_peak_init(&s->peak, RATE);
    s->limiter = tune_limiter_new(RATE, -1.0);
    s->meter = tune_loudness_meter_new(RATE, 2, FALSE, NULL);
    s->peak_meter = tune_loudness_meter_new(RATE, 2, TRUE, NULL);
    s->measure = tune_measure_new(RATE, 2);
    s->spill = tune_spill_new(RATE, 2, NULL);
    s->encoder = tune_encoder_new("/dev/null", format, rate, 2, -1, NULL, NULL);
}

static void stages_clear(Stages *s)
{
    tune_limiter_free(s->limiter);
    tune_loudness_meter_free(s->meter);
    tune_loudness_meter_free(s->peak_meter);
    tune_measure_free(s->measure);
    tune_spill_free(s->spill);
    tune_encoder_free(s->encoder);
}

static void biquad(Stages *s, float *frames, gsize n)
{
    tune_biquad_process(&s->high_pass, frames, n);
}

static void dc(Stages *s, float *frames, gsize n)
{
    tune_dc_blocker_process(&s->blocker, frames, n);
}

static void compressor(Stages *s, float *frames, gsize n)
{
    tune_compressor_process(&s->compressor, frames, n);
}

static void true_peak(Stages *s, float *frames, gsize n)
{
    tune_true_peak_feed(&s->peak, frames, n);
}

static void limiter(Stages *s, float *frames, gsize n)
{
    tune_limiter_process(s->limiter, frames, n);
}

static void loudness(Stages *s, float *frames, gsize n)
{
    tune_loudness_meter_feed(s->meter, frames, n);
}

static void loudness_and_peak(Stages *s, float *frames, gsize n)
{
    tune_loudness_meter_feed(s->peak_meter, frames, n);
}

static void spill(Stages *s, float *frames, gsize n)
{
    tune_spill_write(s->spill, frames, n, NULL);
}

/* What a master does with each block, twice measured. */
static void chain(Stages *s, float *frames, gsize n)
{
    loudness(s, frames, n);
    spill(s, frames, n);
    dc(s, frames, n);
    biquad(s, frames, n);
    compressor(s, frames, n);
    limiter(s, frames, n);
    loudness_and_peak(s, frames, n);
}

static void measure(Stages *s, float *frames, gsize n)
{
    tune_measure_feed(s->measure, frames, n);
}

static void encode(Stages *s, float *frames, gsize n)
{
    tune_encoder_write(s->encoder, frames, n, NULL);
}

/* Of this thread, so that a busy machine disturbs less. */
static gint64 cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (gint64)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static float *make_sound(void)
{
    float *out = g_new(float, 2 * N);
    TuneRandom random;

    tune_random_init(&random, 1, "bench/audio");
    for (gsize i = 0; i < N; i++) {
        double t = (double)i / RATE, level = 0.5 + 0.5 * sin(12.0 * t);
        double noise = 0.2 * tune_random_range(&random, -1.0, 1.0);

        out[2 * i] = (float)(level * (0.6 * sin(600.0 * t) + 0.5 * sin(4000.0 * t) + noise));
        out[2 * i + 1] = (float)(level * (0.6 * sin(620.0 * t) + 0.5 * sin(4100.0 * t) - noise));
    }
    return out;
}

static void run(const char *name, Work work, TuneAudioFormat format, const float *sound)
{
    gint64 best = G_MAXINT64;
    float block[2 * BLOCK];

    for (guint k = 0; k < 3; k++) {
        Stages stages;

        stages_init(&stages, format);
        gint64 start = cpu_us();
        for (gsize at = 0; at < N; at += BLOCK) {
            gsize n = MIN(BLOCK, N - at);

            memcpy(block, sound + 2 * at, 2 * n * sizeof *block);
            work(&stages, block, n);
        }
        best = MIN(best, cpu_us() - start);
        stages_clear(&stages);
    }
    printf("%s,%.3f,%.0f\n", name, (double)best / 1000.0 / SECONDS, SECONDS * 1e6 / (double)best);
    fflush(stdout);
}

int main(void)
{
    static const struct {
        const char *name;
        Work work;
    } rows[] = {{"biquad", biquad},
                {"dc-blocker", dc},
                {"compressor", compressor},
                {"true-peak", true_peak},
                {"limiter", limiter},
                {"loudness", loudness},
                {"loudness+true-peak", loudness_and_peak},
                {"spill-write", spill},
                {"master-chain", chain},
                {"tempo+key", measure}};
    g_autofree float *sound = make_sound();

    puts("measure,ms_per_s,times_real_time");
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        run(rows[i].name, rows[i].work, TUNE_AUDIO_WAV16, sound);
    for (int format = 0; format < TUNE_N_AUDIO_FORMATS; format++) {
        g_autofree char *name =
            g_strconcat("encode-", tune_audio_format_name((TuneAudioFormat)format), NULL);

        run(name, encode, (TuneAudioFormat)format, sound);
    }
    return 0;
}
