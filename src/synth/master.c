/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * mix -> bus (level, tilt, slow compressor) -> gain -> true-peak limiter -> fade.
 *
 * exact: the bus's output goes to a spill file while its energy and peaks are noted; from these the gain
 * is worked out (synth/foresight.h) and the rest happens as the file is read.  Two passes over the
 * samples in all.
 * live: the gain is predicted and ridden (synth/rider.h).  Pieces of less than LIVE_MIN_SECONDS, for
 * which there is no time to ride, and loops, whose beginning needs their end, are done as exact.
 *
 * A loop passes bus and limiter as if it had always been playing: the end runs through them before the
 * beginning, the beginning after the end.
 */
#include "audio/decibel.h"
#include "audio/limiter.h"
#include "synth/ahead.h"
#include "synth/bus.h"
#include "synth/circle.h"
#include "synth/foresight.h"
#include "synth/rider.h"
#include "synth/synth-private.h"
#include <math.h>
#include <string.h>

#define BLOCK 1024
#define LIVE_MIN_SECONDS 15
#define LIVE_MIN_SECONDS_MODEL 8 /* of a mix without a score: computing it takes as long as hearing it */
#define LOOP_LEAD_SECONDS 3 /* for the compressor and the limiter to settle */

typedef struct {
    TuneSource base;
    TuneSource *mix;    /* live: what the bus is fed with */
    TuneSpill *spill;   /* exact: what the bus gave */
    TuneSource *input;  /* exact: the spill, once or round */
    gboolean is_live;
    TuneBus bus;        /* live */
    TuneRider rider;    /* live */
    float gain;         /* exact */
    TuneLimiter *limiter;
    gint64 skip;        /* frames still to be dropped: the lead and the limiter's latency */
    gint64 flush;       /* frames of silence still to be fed to get the end out of the limiter */
    gint64 position;    /* frames given */
    gint64 fade_frames;
    GCancellable *cancellable;
    gsize block_at, block_n;
    float block[2 * BLOCK];
} Master;

/* ---- reading ---- */

/* Up to BLOCK frames of what goes into the limiter. */
static gboolean pull(Master *self, gsize *n, GError **error)
{
    TuneSource *from = self->is_live ? self->mix : self->input;

    if (!tune_source_read(from, self->block, BLOCK, n, error))
        return FALSE;
    if (*n == 0) {
        *n = (gsize)MIN(self->flush, BLOCK);
        self->flush -= (gint64)*n;
        memset(self->block, 0, 2 * *n * sizeof *self->block);
    } else if (self->is_live) {
        tune_bus_process(&self->bus, self->block, *n);
        tune_rider_apply(&self->rider, self->block, *n);
    } else {
        for (gsize i = 0; i < 2 * *n; i++)
            self->block[i] *= self->gain;
    }
    return TRUE;
}

static void fade(const Master *self, float *frames, gsize n)
{
    gint64 from = self->base.n_frames - self->fade_frames;

    if (self->fade_frames <= 0 || self->base.n_frames < 0 || self->position + (gint64)n <= from)
        return;
    for (gsize i = 0; i < n; i++) {
        gint64 left = self->base.n_frames - self->position - (gint64)i;
        double x = CLAMP((double)left / (double)self->fade_frames, 0.0, 1.0);
        float gain = (float)(x * x);

        frames[2 * i] *= gain;
        frames[2 * i + 1] *= gain;
    }
}

/* The next block behind the limiter; n == 0: the end. */
static gboolean next_block(Master *self, GError **error)
{
    gsize n;

    do {
        if (g_cancellable_set_error_if_cancelled(self->cancellable, error) || !pull(self, &n, error))
            return FALSE;
        tune_limiter_process(self->limiter, self->block, n);
        gsize dropped = (gsize)MIN(self->skip, (gint64)n);

        self->skip -= (gint64)dropped;
        self->block_at = dropped;
        self->block_n = n - dropped;
    } while (n > 0 && self->block_n == 0);
    if (self->base.n_frames >= 0)
        self->block_n = (gsize)MIN((gint64)self->block_n, self->base.n_frames - self->position);
    if (self->is_live)
        tune_rider_hear(&self->rider, self->block + 2 * self->block_at, self->block_n);
    fade(self, self->block + 2 * self->block_at, self->block_n);
    self->position += (gint64)self->block_n;
    return TRUE;
}

static gboolean read_frames(TuneSource *source, float *out, gsize n_frames, gsize *n_got,
                            GError **error)
{
    Master *self = (Master *)source;

    *n_got = 0;
    while (*n_got < n_frames) {
        if (self->block_n == 0 && !next_block(self, error))
            return FALSE;
        if (self->block_n == 0)
            break;
        gsize n = MIN(n_frames - *n_got, self->block_n);

        memcpy(out + 2 * *n_got, self->block + 2 * self->block_at, 2 * n * sizeof *out);
        self->block_at += n;
        self->block_n -= n;
        *n_got += n;
    }
    return TRUE;
}

static void master_free(TuneSource *source)
{
    Master *self = (Master *)source;

    tune_source_free(self->input);
    tune_spill_free(self->spill);
    tune_source_free(self->mix);
    tune_limiter_free(self->limiter);
    tune_rider_clear(&self->rider);
    g_free(self);
}

static const TuneSourceClass master_class = {read_frames, master_free};

/* ---- what is known beforehand ---- */

static gboolean is_loop(const TuneMasterOptions *options)
{
    return options->score != NULL && options->score->loop;
}

static double predicted_lufs(const TuneMasterOptions *options, const TuneBalance *balance)
{
    double lufs = balance != NULL ? balance->mix_lufs : options->predicted_lufs;

    return lufs > -70 && lufs < 0 ? lufs : TUNE_BUS_LUFS;
}

/* ---- the first pass ---- */

static gboolean go_on(const TuneMasterOptions *options, gint64 done, gint64 total, GError **error)
{
    if (g_cancellable_set_error_if_cancelled(options->cancellable, error))
        return FALSE;
    if (options->progress != NULL && total > 0)
        options->progress(MIN(1.0, (double)done / (double)total), options->user_data);
    return TRUE;
}

/* Everything @source gives, through @bus (nullable), but for the first @skip frames, into a new spill;
 * @foresight (nullable) takes notes.  (transfer full) */
static TuneSpill *first_pass(TuneSource *source, TuneBus *bus, gint64 skip, TuneForesight *foresight,
                             gint64 expected_frames, const TuneMasterOptions *options, GError **error)
{
    g_autoptr(TuneSpill) spill = tune_spill_new(source->rate, 2, error);
    float block[2 * BLOCK];
    gsize n = 1;

    if (spill == NULL)
        return NULL;
    for (gint64 done = 0; n > 0; done += (gint64)n) {
        if (!go_on(options, done, expected_frames, error) ||
            !tune_source_read(source, block, BLOCK, &n, error))
            return NULL;
        if (bus != NULL)
            tune_bus_process(bus, block, n);
        gsize dropped = (gsize)MIN(skip, (gint64)n);

        skip -= (gint64)dropped;
        if (foresight != NULL)
            tune_foresight_feed(foresight, block + 2 * dropped, n - dropped);
        if (!tune_spill_write(spill, block + 2 * dropped, n - dropped, error))
            return NULL;
    }
    return g_steal_pointer(&spill);
}

/* The bus's output of a loop: raw first, then round through the bus. */
static TuneSpill *loop_pass(Master *self, TuneForesight *foresight, gint64 expected_frames,
                            const TuneMasterOptions *options, GError **error)
{
    g_autoptr(TuneSpill) raw =
        first_pass(self->mix, NULL, 0, NULL, expected_frames, options, error);

    if (raw == NULL)
        return NULL;
    gint64 lead = MIN(tune_spill_n_frames(raw), (gint64)LOOP_LEAD_SECONDS * self->base.rate);
    g_autoptr(TuneSource) round = tune_circle_new(raw, self->base.rate, lead, 0, error);

    if (round == NULL)
        return NULL;
    return first_pass(round, &self->bus, lead, foresight, 0, options, error);
}

static gboolean set_up_exact(Master *self, const TuneMasterOptions *options, GError **error)
{
    TuneForesight foresight;
    gint64 expected = self->mix->n_frames >= 0 ? self->mix->n_frames : (gint64)self->base.rate * 180;
    gboolean loop = is_loop(options);

    tune_foresight_init(&foresight, self->base.rate);
    self->spill = loop ? loop_pass(self, &foresight, expected, options, error)
                       : first_pass(self->mix, &self->bus, 0, &foresight, expected, options, error);
    if (self->spill != NULL) {
        tune_energy_curve_finish(&foresight.curve);
        self->gain = (float)tune_db_to_gain(
            tune_foresight_gain_db(&foresight, options->loudness_lufs, options->peak_dbtp,
                                   self->fade_frames));
    }
    tune_foresight_clear(&foresight);
    if (self->spill == NULL)
        return FALSE;
    g_clear_pointer(&self->mix, tune_source_free);
    self->base.n_frames = tune_spill_n_frames(self->spill);
    gint64 latency = tune_limiter_latency(self->limiter);

    if (loop) {
        gint64 lead = MIN(self->base.n_frames, (gint64)LOOP_LEAD_SECONDS * self->base.rate);

        self->skip += lead;
        self->input = tune_circle_new(self->spill, self->base.rate, lead,
                                      MIN(latency, self->base.n_frames), error);
    } else {
        self->input = tune_spill_source_new(self->spill, error);
    }
    return self->input != NULL;
}

/* ---- setting up ---- */

TuneSource *tune_master_new(TuneSource *mix, const TuneMasterOptions *options, GError **error)
{
    g_return_val_if_fail(mix != NULL && mix->n_channels == 2, NULL);
    g_return_val_if_fail(options != NULL, NULL);
    Master *self = g_new0(Master, 1);
    const TuneBalance *balance = tune_render_balance(mix);
    const TuneScoreMix plain = {0};
    const TuneScore *score = options->score;
    double predicted = predicted_lufs(options, balance);
    gint64 live_min_seconds = score != NULL ? LIVE_MIN_SECONDS : LIVE_MIN_SECONDS_MODEL;

    self->base = (TuneSource){&master_class, mix->rate, 2, mix->n_frames};
    self->mix = mix;
    self->cancellable = options->cancellable;
    tune_bus_init(&self->bus, mix->rate, score != NULL ? &score->mix : &plain, predicted);
    self->limiter = tune_limiter_new(mix->rate, options->peak_dbtp);
    self->skip = self->flush = tune_limiter_latency(self->limiter);
    self->fade_frames =
        (score != NULL ? score->fade_us : options->fade_us) * mix->rate / 1000000;
    self->is_live = options->kind == TUNE_MASTER_LIVE && !is_loop(options) &&
                    (mix->n_frames < 0 || mix->n_frames >= live_min_seconds * mix->rate);
    tune_rider_init(&self->rider, mix->rate, balance, TUNE_BUS_LUFS - predicted,
                    options->loudness_lufs);
    if (self->is_live || set_up_exact(self, options, error))
        return tune_ahead_new(&self->base);
    tune_source_free(&self->base);
    return NULL;
}
