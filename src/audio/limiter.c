/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The gain is made in four steps, a number for each frame:
 *   1. the true peak p around the frame (truepeak.h) and the gain that would bring it down,
 *      min(1, ceiling / p);
 *   2. the smallest of these in a window of `hold` frames (a queue of candidates, as in D. Lemire,
 *      "Streaming maximum-minimum filter", 2006);
 *   3. a slow way back up: e += (minimum - e) * release while e is below, at once down;
 *   4. two moving averages, together `span` + 1 frames, in whole numbers so that their sums cannot
 *      drift.
 * Step 3 never rises above step 2 and an average never above the largest value in it; with hold =
 * span + 1 + 2 * guard every frame within `guard` of a peak has at most the gain the peak asks for.
 * That is wider than the interpolator, so a peak between samples is scaled as a whole, unless a
 * stronger one is near, which only turns down further.  MARGIN_DB covers what that changes within a
 * peak, rounding, and meters that differ a little (tests/audio/test-dynamics.c looks for the
 * worst).
 */
#include "audio/limiter.h"

#include <string.h>
#include "audio/decibel.h"
#include "audio/truepeak.h"

#define LOOK_AHEAD_S 0.004
#define RELEASE_S    0.080
#define MARGIN_DB    0.03
#define ONE          (1 << 30) /* gain 1 as a whole number */

typedef struct {
    gint32 *ring; /* [length] */
    guint length, at;
    gint64 sum;
    double inverse; /* of the length */
} Average;

struct TuneLimiter {
    TuneTruePeak peaks;
    float ceiling;
    guint latency;
    float *delay; /* [2 * latency] */
    guint delay_at;

    /* The queue of candidates for the minimum: values rise from the front, which is the minimum. */
    float *candidate;        /* [hold] */
    guint64 *candidate_time; /* [hold] */
    guint hold, front, n_candidates;
    guint64 time;

    double envelope, release;
    Average averages[2];
    float deepest;
};

static void average_init(Average *self, guint length)
{
    self->length = length;
    self->ring = g_new(gint32, length);
    for (guint i = 0; i < length; i++)
        self->ring[i] = ONE;
    self->sum = (gint64)ONE * length;
    self->inverse = 1.0 / length;
}

static inline gint32 average_next(Average *self, gint32 value)
{
    self->sum += value - self->ring[self->at];
    self->ring[self->at] = value;
    if (++self->at == self->length)
        self->at = 0;
    /* sum / length rounded down (never above the ceiling): the half keeps the product's rounding
     * error, 2^-22 at most, away from whole numbers, and a product is much faster than a division.
     */
    return (gint32)(((double)self->sum + 0.5) * self->inverse);
}

TuneLimiter *tune_limiter_new(guint rate, double ceiling_dbtp)
{
    g_return_val_if_fail(rate >= 1000, NULL);
    TuneLimiter *self = g_new0(TuneLimiter, 1);
    guint half = MAX(4, (guint)(LOOK_AHEAD_S * rate / 2)), span = 2 * half - 2;

    tune_true_peak_init(&self->peaks, rate);
    guint guard = self->peaks.delay + 2;
    self->ceiling = (float)tune_db_to_gain(CLAMP(ceiling_dbtp, -20.0, 0.0) - MARGIN_DB);
    average_init(&self->averages[0], half);
    average_init(&self->averages[1], half);
    self->hold = span + 1 + 2 * guard;
    self->latency = span + self->peaks.delay + guard;
    self->delay = g_new0(float, 2 * self->latency);
    self->candidate = g_new(float, self->hold);
    self->candidate_time = g_new(guint64, self->hold);
    self->envelope = 1.0;
    self->release = tune_smoothing(RELEASE_S, rate);
    self->deepest = 1.0f;
    return self;
}

void tune_limiter_free(TuneLimiter *self)
{
    if (self == NULL)
        return;
    g_free(self->averages[0].ring);
    g_free(self->averages[1].ring);
    g_free(self->delay);
    g_free(self->candidate);
    g_free(self->candidate_time);
    g_free(self);
}

guint tune_limiter_latency(const TuneLimiter *self)
{
    return self->latency;
}

double tune_limiter_deepest_db(const TuneLimiter *self)
{
    return -tune_gain_to_db(self->deepest);
}

static inline guint wrapped(const TuneLimiter *self, guint index)
{
    return index >= self->hold ? index - self->hold : index;
}

static inline float smallest_of_window(TuneLimiter *self, float value)
{
    guint64 now = self->time++;

    if (self->n_candidates > 0 && self->candidate_time[self->front] + self->hold <= now) {
        self->front = wrapped(self, self->front + 1);
        self->n_candidates--;
    }
    while (self->n_candidates > 0 &&
           self->candidate[wrapped(self, self->front + self->n_candidates - 1)] >= value)
        self->n_candidates--;
    guint back = wrapped(self, self->front + self->n_candidates++);
    self->candidate[back] = value;
    self->candidate_time[back] = now;
    return self->candidate[self->front];
}

static inline float next_gain(TuneLimiter *self, float wanted)
{
    double smallest = smallest_of_window(self, wanted), e = self->envelope;

    e = smallest < e ? smallest : e + (smallest - e) * self->release;
    self->envelope = e;
    gint32 whole = average_next(&self->averages[0], (gint32)(e * ONE));
    whole = average_next(&self->averages[1], whole);
    return (float)whole * (1.0f / ONE);
}

static void process_block(TuneLimiter *self, float *frames, gsize n)
{
    float gains[TUNE_TRUE_PEAK_BLOCK + 8];

    tune_true_peak_block(&self->peaks, frames, n, gains);
    for (gsize i = 0; i < n; i++)
        gains[i] = gains[i] > self->ceiling ? self->ceiling / gains[i] : 1.0f;
    for (gsize i = 0; i < n; i++) {
        float gain = next_gain(self, gains[i]);
        float *late = self->delay + 2 * self->delay_at;
        float left = late[0] * gain, right = late[1] * gain;

        self->deepest = MIN(self->deepest, gain);
        late[0] = frames[2 * i];
        late[1] = frames[2 * i + 1];
        frames[2 * i] = left;
        frames[2 * i + 1] = right;
        if (++self->delay_at == self->latency)
            self->delay_at = 0;
    }
}

void tune_limiter_process(TuneLimiter *self, float *frames, gsize n)
{
    while (n > 0) {
        gsize piece = MIN(n, TUNE_TRUE_PEAK_BLOCK);

        process_block(self, frames, piece);
        frames += 2 * piece;
        n -= piece;
    }
}

typedef struct {
    TuneSource base;
    TuneSource *source;
    TuneLimiter *limiter;
    guint skip; /* frames of silence still to be dropped at the start */
    guint tail; /* frames still inside the limiter once the source has ended */
    gboolean ended;
} LimiterSource;

/* The next block of the source, then silence for what is still inside. */
static gboolean limiter_pull(LimiterSource *self, float *out, gsize n_frames, gsize *n_got,
                             GError **error)
{
    if (!self->ended) {
        if (!tune_source_read(self->source, out, n_frames, n_got, error))
            return FALSE;
        self->ended = *n_got < n_frames;
    } else {
        *n_got = 0;
    }
    if (self->ended) {
        gsize more = MIN(n_frames - *n_got, self->tail);

        memset(out + 2 * *n_got, 0, 2 * more * sizeof *out);
        self->tail -= (guint)more;
        *n_got += more;
    }
    return TRUE;
}

static gboolean limiter_read(TuneSource *base, float *out, gsize n_frames, gsize *n_got,
                             GError **error)
{
    LimiterSource *self = (LimiterSource *)base;

    for (*n_got = 0; *n_got == 0;) {
        gsize got;

        if (!limiter_pull(self, out, n_frames, &got, error))
            return FALSE;
        if (got == 0)
            return TRUE;
        tune_limiter_process(self->limiter, out, got);
        gsize drop = MIN(got, self->skip);
        self->skip -= (guint)drop;
        *n_got = got - drop;
        memmove(out, out + 2 * drop, 2 * *n_got * sizeof *out);
    }
    return TRUE;
}

static void limiter_source_free(TuneSource *base)
{
    LimiterSource *self = (LimiterSource *)base;

    tune_limiter_free(self->limiter);
    tune_source_free(self->source);
    g_free(self);
}

static const TuneSourceClass limiter_class = {limiter_read, limiter_source_free};

TuneSource *tune_limiter_source_new(TuneSource *source, double ceiling_dbtp)
{
    g_return_val_if_fail(source != NULL && source->n_channels == 2, NULL);
    LimiterSource *self = g_new0(LimiterSource, 1);

    self->base = (TuneSource){&limiter_class, source->rate, 2, source->n_frames};
    self->source = source;
    self->limiter = tune_limiter_new(source->rate, ceiling_dbtp);
    self->skip = self->tail = tune_limiter_latency(self->limiter);
    return &self->base;
}
