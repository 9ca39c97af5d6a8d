/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/reverb.h"
#include "audio/decibel.h"
#include "synth/clones.h"
#include "synth/ring.h"
#include <math.h>

#define BLOCK TUNE_VOICE_GRID
#define N_LINES 8
#define N_ALLPASSES 2 /* a channel */
#define N_TAPS 5      /* early reflections, a channel */
#define ASLEEP 1e-5f  /* -100 dB */
#define DIFFUSION 0.62f
#define DAMPED_HZ 5500.0

/* Seconds at size 1: no common factors worth hearing. */
static const double line_seconds[N_LINES] = {0.03113, 0.03761, 0.04217, 0.04703,
                                             0.05389, 0.05923, 0.06551, 0.07307};
static const double allpass_seconds[2][N_ALLPASSES] = {{0.00497, 0.00889}, {0.00541, 0.00823}};
static const double tap_seconds[2][N_TAPS] = {{0.0093, 0.0171, 0.0233, 0.0347, 0.0451},
                                              {0.0107, 0.0157, 0.0259, 0.0319, 0.0487}};
static const float tap_gains[N_TAPS] = {0.50f, -0.42f, 0.36f, 0.30f, -0.24f};

typedef struct {
    TuneRing ring;
    guint delay;
    float direct, previous; /* the damping FIR, times the line's gain */
} Line;

struct TuneReverb {
    Line lines[N_LINES];
    TuneRing allpasses[2][N_ALLPASSES];
    guint allpass_delays[2][N_ALLPASSES];
    TuneRing pre[2]; /* input history for the early reflections and the pre-delay */
    guint taps[2][N_TAPS];
    guint pre_delay;
    float late_gain, early_gain;
    gboolean asleep;
    guint quiet_blocks, longest_blocks;
};

static guint frames_of(double seconds, guint rate)
{
    return MAX(BLOCK, (guint)(seconds * rate + 0.5));
}

/* A line that takes d seconds must lose 60 d / decay dB; at DAMPED_HZ the decay is shorter by
 * @high_ratio, which a two-tap FIR (1 - b, b) gives: |H|^2 = 1 - 2 b (1 - b) (1 - cos w). */
static void set_line(Line *line, double seconds, guint rate, double decay, double high_ratio)
{
    double loss_db = 60.0 * seconds / decay;
    double high_loss_db = loss_db * (1.0 / high_ratio - 1.0);
    double h = tune_db_to_gain(-high_loss_db);
    double cos_w = tune_cos_pi(MIN(0.9, 2.0 * DAMPED_HZ / rate));
    double q = MIN(0.25, (1.0 - h * h) / (2.0 * (1.0 - cos_w)));
    double b = (1.0 - sqrt(1.0 - 4.0 * q)) / 2.0;
    double gain = tune_db_to_gain(-loss_db);

    line->delay = frames_of(seconds, rate);
    line->direct = (float)(gain * (1.0 - b));
    line->previous = (float)(gain * b);
    tune_ring_init(&line->ring, line->delay);
}

TuneReverb *tune_reverb_new(guint rate, const TuneReverbConfig *config)
{
    TuneReverb *self = g_new0(TuneReverb, 1);
    double size = CLAMP(config->size, 0.2, 1.5), decay = CLAMP(config->decay_s, 0.2, 8.0);
    double high_ratio = CLAMP(0.5 + 0.25 * config->brightness, 0.2, 0.9);
    double longest = line_seconds[N_LINES - 1] * size;

    for (guint i = 0; i < N_LINES; i++)
        set_line(&self->lines[i], line_seconds[i] * size, rate, decay, high_ratio);
    for (guint c = 0; c < 2; c++) {
        for (guint i = 0; i < N_ALLPASSES; i++) {
            self->allpass_delays[c][i] = frames_of(allpass_seconds[c][i] * size, rate);
            tune_ring_init(&self->allpasses[c][i], self->allpass_delays[c][i]);
        }
        for (guint i = 0; i < N_TAPS; i++)
            self->taps[c][i] = frames_of(tap_seconds[c][i] * size, rate);
        tune_ring_init(&self->pre[c], frames_of(0.06 * size + 0.01, rate));
    }
    self->pre_delay = frames_of(0.018 * size, rate);
    /* The energy of a network grows with its decay: keep the level of the room independent of it. */
    double mean_loss = tune_db_to_gain(-2.0 * 60.0 * 0.05 * size / decay);

    self->late_gain = (float)(0.55 * sqrt(1.0 - mean_loss));
    self->early_gain = 0.30f;
    self->longest_blocks = frames_of(longest, rate) / BLOCK + 2;
    self->asleep = TRUE;
    return self;
}

void tune_reverb_free(TuneReverb *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < N_LINES; i++)
        tune_ring_free(&self->lines[i].ring);
    for (guint c = 0; c < 2; c++) {
        for (guint i = 0; i < N_ALLPASSES; i++)
            tune_ring_free(&self->allpasses[c][i]);
        tune_ring_free(&self->pre[c]);
    }
    g_free(self);
}

gboolean tune_reverb_is_asleep(const TuneReverb *self)
{
    return self->asleep;
}

static void clear(TuneReverb *self)
{
    for (guint i = 0; i < N_LINES; i++)
        tune_ring_clear(&self->lines[i].ring);
    for (guint c = 0; c < 2; c++) {
        for (guint i = 0; i < N_ALLPASSES; i++)
            tune_ring_clear(&self->allpasses[c][i]);
        tune_ring_clear(&self->pre[c]);
    }
}

/* Schroeder's all-pass: v = x + g v[-d], y = v[-d] - g v. */
static inline __attribute__((always_inline)) void diffuse(TuneRing *ring, guint delay, float *restrict x)
{
    const float *restrict old = tune_ring_read(ring, delay);
    float v[BLOCK];

    for (guint k = 0; k < BLOCK; k++) {
        v[k] = x[k] + DIFFUSION * old[k];
        x[k] = old[k] - DIFFUSION * v[k];
    }
    tune_ring_write(ring, v);
}

/* The lines' outputs, damped. */
static inline __attribute__((always_inline)) void read_line(const Line *line, float *restrict x)
{
    const float *restrict old = tune_ring_read(&line->ring, line->delay);

    for (guint k = 0; k < BLOCK; k++)
        x[k] = line->direct * old[k] + line->previous * old[(gint)k - 1];
}

/* x <- H x, H the Hadamard matrix (without its factor 1 / sqrt(8)), over a block. */
static inline __attribute__((always_inline)) void mix_lines(float x[N_LINES][BLOCK])
{
    for (guint step = 1; step < N_LINES; step *= 2)
        for (guint i = 0; i < N_LINES; i++) {
            if ((i & step) != 0)
                continue;
            float *restrict a = x[i], *restrict b = x[i + step];

            for (guint k = 0; k < BLOCK; k++) {
                float sum = a[k] + b[k];

                b[k] = a[k] - b[k];
                a[k] = sum;
            }
        }
}

static inline __attribute__((always_inline)) void early(const TuneReverb *self, guint channel, float *restrict out)
{
    for (guint t = 0; t < N_TAPS; t++) {
        /* Every other reflection comes from the opposite wall. */
        const float *restrict x =
            tune_ring_read(&self->pre[(channel + t) & 1], self->taps[channel][t]);
        float gain = self->early_gain * tap_gains[t];

        for (guint k = 0; k < BLOCK; k++)
            out[k] += gain * x[k];
    }
}

/* The network's next block; x: what its lines give, before it goes round again. */
static inline __attribute__((always_inline)) void late(TuneReverb *self, float *restrict left,
                                                       float *restrict right,
                                                       float x[N_LINES][BLOCK])
{
    float in[2][BLOCK];

    for (guint c = 0; c < 2; c++) {
        memcpy(in[c], tune_ring_read(&self->pre[c], self->pre_delay), sizeof in[c]);
        for (guint i = 0; i < N_ALLPASSES; i++)
            diffuse(&self->allpasses[c][i], self->allpass_delays[c][i], in[c]);
    }
    for (guint i = 0; i < N_LINES; i++)
        read_line(&self->lines[i], x[i]);
    for (guint k = 0; k < BLOCK; k++) {
        left[k] += self->late_gain * (x[0][k] - x[2][k] + x[4][k] - x[6][k]);
        right[k] += self->late_gain * (x[1][k] - x[3][k] + x[5][k] - x[7][k]);
    }
    mix_lines(x);
    for (guint i = 0; i < N_LINES; i++) {
        for (guint k = 0; k < BLOCK; k++)
            x[i][k] = 0.35355339f * x[i][k] + in[i & 1][k];
        tune_ring_write(&self->lines[i].ring, x[i]);
    }
}

TUNE_CLONES static void next_block(TuneReverb *self, const float *left, const float *right,
                                   float *out_left, float *out_right, float x[N_LINES][BLOCK])
{
    tune_ring_write(&self->pre[0], left);
    tune_ring_write(&self->pre[1], right);
    early(self, 0, out_left);
    early(self, 1, out_right);
    late(self, out_left, out_right, x);
}

static float peak_of(float x[N_LINES][BLOCK])
{
    float peak = 0;

    for (guint i = 0; i < N_LINES; i++)
        for (guint k = 0; k < BLOCK; k++)
            peak = MAX(peak, fabsf(x[i][k]));
    return peak;
}

/* Falls asleep when for as long as the longest way through nothing was heard. */
static void rest(TuneReverb *self, float x[N_LINES][BLOCK], gboolean silent_in)
{
    self->quiet_blocks = silent_in && peak_of(x) < ASLEEP ? self->quiet_blocks + 1 : 0;
    if (self->quiet_blocks > 2 * self->longest_blocks) {
        clear(self);
        self->asleep = TRUE;
        self->quiet_blocks = 0;
    }
}

void tune_reverb_process(TuneReverb *self, const float *left, const float *right, float *out_left,
                         float *out_right, gsize n, gboolean silent_in)
{
    if (silent_in && self->asleep)
        return;
    self->asleep = FALSE;
    for (gsize at = 0; at < n && !self->asleep; at += BLOCK) {
        float x[N_LINES][BLOCK];

        next_block(self, left + at, right + at, out_left + at, out_right + at, x);
        rest(self, x, silent_in);
    }
}
