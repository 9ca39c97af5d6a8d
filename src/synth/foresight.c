/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The limiter in pieces of 64 frames: as in audio/limiter.c the gain is the smallest asked for in a
 * window around the piece, goes down at once and comes back with a time constant of 80 ms.
 */
#include "synth/foresight.h"
#include "audio/decibel.h"
#include <math.h>

#define RELEASE_S 0.080
#define AROUND_S 0.004
#define BETWEEN 1.03 /* peaks between samples are a little higher than at them */
#define MAX_GAIN_DB 40.0
#define ROUNDS 16

typedef struct {
    float peak, mean_square;
} Piece;

void tune_foresight_init(TuneForesight *self, guint rate)
{
    *self = (TuneForesight){.rate = rate,
                            .pieces = g_array_new(FALSE, FALSE, sizeof(Piece))};
    tune_energy_curve_init(&self->curve, rate);
}

void tune_foresight_clear(TuneForesight *self)
{
    tune_energy_curve_clear(&self->curve);
    g_clear_pointer(&self->pieces, g_array_unref);
}

static void end_piece(TuneForesight *self)
{
    Piece piece = {self->peak, self->sum / (2.0f * TUNE_FORESIGHT_PIECE)};

    g_array_append_val(self->pieces, piece);
    self->peak = self->sum = 0;
    self->in_piece = 0;
}

void tune_foresight_feed(TuneForesight *self, const float *frames, gsize n)
{
    tune_energy_curve_feed(&self->curve, frames, n);
    self->n_frames += (gint64)n;
    while (n > 0) {
        gsize now = MIN(n, TUNE_FORESIGHT_PIECE - self->in_piece);

        for (gsize i = 0; i < 2 * now; i++) {
            self->peak = MAX(self->peak, fabsf(frames[i]));
            self->sum += frames[i] * frames[i];
        }
        self->in_piece += (guint)now;
        frames += 2 * now;
        n -= now;
        if (self->in_piece == TUNE_FORESIGHT_PIECE)
            end_piece(self);
    }
}

/* The limiter's gain for each piece. */
static float *limiter_gains(const TuneForesight *self, double gain, double ceiling)
{
    const Piece *pieces = (const Piece *)(const void *)self->pieces->data;
    gint n = (gint)self->pieces->len;
    gint around = MAX(1, (gint)(AROUND_S / 2 * self->rate / TUNE_FORESIGHT_PIECE + 0.5));
    double release = tune_smoothing(RELEASE_S, (double)self->rate / TUNE_FORESIGHT_PIECE);
    float *gains = g_new(float, MAX(1, n));
    double envelope = 1;

    for (gint i = 0; i < n; i++) {
        float peak = 0;

        for (gint k = MAX(0, i - around); k <= MIN(n - 1, i + around); k++)
            peak = MAX(peak, pieces[k].peak);
        double over = gain * BETWEEN * (double)peak / ceiling;
        double wanted = over > 1 ? 1 / over : 1;

        envelope = wanted < envelope ? wanted : envelope + (wanted - envelope) * release;
        gains[i] = (float)envelope;
    }
    return gains;
}

/* What the limiter leaves of the energy of frames @from .. @to. */
static double energy_kept(const TuneForesight *self, const float *gains, gint64 from, gint64 to)
{
    const Piece *pieces = (const Piece *)(const void *)self->pieces->data;
    double before = 0, after = 0;

    for (gint64 i = from / TUNE_FORESIGHT_PIECE;
         i < MIN(to / TUNE_FORESIGHT_PIECE + 1, (gint64)self->pieces->len); i++) {
        before += (double)pieces[i].mean_square;
        after += (double)(pieces[i].mean_square * gains[i] * gains[i]);
    }
    return before > 0 ? after / before : 1;
}

double tune_foresight_lufs(const TuneForesight *self, double gain_db, double ceiling_db,
                           gint64 fade_frames)
{
    double gain = tune_db_to_gain(gain_db);
    g_autofree float *limiter = limiter_gains(self, gain, tune_db_to_gain(ceiling_db));
    guint n = self->curve.steps->len;
    g_autofree double *steps = g_new(double, MAX(1, n));

    for (guint i = 0; i < n; i++) {
        gint64 from = (gint64)i * self->curve.step_frames, to = from + self->curve.step_frames;
        double left = fade_frames > 0 ? (double)(self->n_frames - from) / (double)fade_frames : 1;
        double x = CLAMP(left, 0.0, 1.0), fade = x * x; /* as in synth/master.c */

        steps[i] = g_array_index(self->curve.steps, double, i) * gain * gain * fade * fade *
                   energy_kept(self, limiter, from, to);
    }
    return tune_energy_integrated_lufs(steps, n);
}

double tune_foresight_gain_db(const TuneForesight *self, double lufs, double ceiling_db,
                              gint64 fade_frames)
{
    double now = tune_foresight_lufs(self, 0, 200, fade_frames);
    double low = lufs - now, high = low + 30;

    if (now <= -70)
        return 0;
    /* The limiter only takes away: the gain is at least what it would be without. */
    for (guint i = 0; i < ROUNDS; i++) {
        double middle = i == 0 ? low : (low + high) / 2;

        if (tune_foresight_lufs(self, middle, ceiling_db, fade_frames) < lufs - 0.02)
            low = middle;
        else if (i == 0)
            break;
        else
            high = middle;
    }
    return CLAMP(low, -MAX_GAIN_DB, MAX_GAIN_DB);
}
