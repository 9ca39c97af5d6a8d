/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The pre-master mix.  Each track has a lane: its stem and a small ring of finished blocks.  Workers
 * take the lane that is furthest behind, render its next block and put it into the ring; the reader
 * takes a block when every lane has it and adds the lanes in track order.  A stem's blocks are rendered
 * in order and no stem sees another, so the sound does not depend on who renders what when.
 *
 * A stem of several hands has a feeder for each but the first: another ring, which the lane waits for.
 *
 * A loop is rendered twice: the first time only for what sounds on after its end, which is then added
 * to the beginning.
 */
#include "synth/balance.h"
#include "synth/stem.h"
#include "synth/synth-private.h"
#include <math.h>
#include <string.h>

#define RING 4                  /* blocks that a lane may be ahead of the reader */
#define MAX_TAIL_SECONDS 12
#define SILENCE_PEAK 0.000316f  /* -70 dB */
#define CANCEL_POLL_US 20000

typedef struct {
    TuneHandBlock *ring; /* [RING] */
    guint64 n_done;      /* blocks finished; lock */
    gboolean busy;       /* lock */
} Feeder;

typedef struct {
    TuneStem *stem;
    Feeder feeders[TUNE_HANDS_MOST - 1];
    guint n_feeders;
    float *ring; /* [RING][2 * TUNE_STEM_BLOCK] */
    gboolean over[RING];
    guint64 n_done;     /* blocks finished; lock */
    gboolean busy;      /* a worker has the stem; lock */
    gint64 n_pre;       /* frames of the first pass of a loop; the worker that has the stem */
    gboolean prepared;  /* the first pass is over or not needed; as above */
    GArray *tail;       /* (nullable) what sounds after a loop's end, interleaved; as above */
} Lane;

typedef struct {
    TuneSource base;
    TuneSynth *synth;
    TuneScore *score;
    TuneSynthOptions options;
    gint64 n_frames;     /* exact length, or -1 */
    gint64 last_event;   /* frame after which nothing new begins */
    gint64 fade_from, fade_to; /* the last ring-out goes to nothing between these frames */
    TuneBalance balance;
    Lane *lanes;
    guint n_lanes;

    GMutex lock;
    GCond work, done;
    guint64 n_taken;     /* blocks the reader has finished with; lock */
    guint n_idle;        /* workers that wait, for whom a wake-up is worth a system call; lock */
    gboolean quit;       /* lock */
    GError *failure;     /* lock */
    GPtrArray *threads;

    gint64 position;     /* from here on the reader's own */
    gsize block_at, block_n;
    gboolean ended;
    float block[2 * TUNE_STEM_BLOCK];
} Render;

/* ---- workers ---- */

/* Smooth fall from 1 to 0: no corner, and 40 dB down a tenth before the end. */
static void fade_block(const Render *self, float *block, gint64 position)
{
    if (position + TUNE_STEM_BLOCK <= self->fade_from)
        return;
    double length = (double)MAX(1, self->fade_to - self->fade_from);

    for (gint64 i = MAX(0, self->fade_from - position); i < TUNE_STEM_BLOCK; i++) {
        double left = MAX(0.0, (double)(self->fade_to - position - i) / length);
        float gain = (float)(left * left);

        block[2 * i] *= gain;
        block[2 * i + 1] *= gain;
    }
}

/* One block of a loop's first pass. */
static gboolean prepare_block(Render *self, Lane *lane, guint index, GError **error)
{
    float *block = lane->ring; /* nobody reads the ring yet */
    gint64 limit = self->n_frames + (gint64)MAX_TAIL_SECONDS * self->base.rate;

    if (!tune_stem_render(lane->stem, NULL, block, error)) /* a loop's stem has one hand */
        return FALSE;
    if (lane->tail == NULL)
        lane->tail = g_array_new(FALSE, TRUE, 2 * sizeof(float));
    for (gint64 i = 0; i < TUNE_STEM_BLOCK; i++) {
        gint64 at = lane->n_pre + i - self->n_frames;

        if (at < 0)
            continue;
        at %= self->n_frames;
        if (at >= lane->tail->len)
            g_array_set_size(lane->tail, (guint)at + 1);
        float *sum = &((float *)(void *)lane->tail->data)[2 * at];

        sum[0] += block[2 * i];
        sum[1] += block[2 * i + 1];
    }
    lane->n_pre += TUNE_STEM_BLOCK;
    lane->prepared = lane->n_pre >= limit ||
                     (lane->n_pre >= self->n_frames && tune_stem_is_over(lane->stem));
    if (lane->prepared) {
        tune_stem_free(lane->stem);
        lane->stem = tune_stem_new(tune_synth_bank(self->synth), self->score, index,
                                   self->base.rate, self->balance.gains[index]);
    }
    return TRUE;
}

static void add_tail(const Lane *lane, float *block, gint64 position)
{
    if (lane->tail == NULL)
        return;
    gint64 n = MIN(TUNE_STEM_BLOCK, (gint64)lane->tail->len - position);
    const float *tail = (const float *)(const void *)lane->tail->data;

    for (gint64 i = 0; i < 2 * n; i++)
        block[i] += tail[2 * position + i];
}

static gboolean render_block(Render *self, Lane *lane, guint index, GError **error)
{
    if (!lane->prepared)
        return prepare_block(self, lane, index, error);
    gint64 position = (gint64)lane->n_done * TUNE_STEM_BLOCK;
    guint slot = lane->n_done % RING;
    float *block = lane->ring + (gsize)slot * 2 * TUNE_STEM_BLOCK;
    const TuneHandBlock *others[TUNE_HANDS_MOST];

    for (guint i = 0; i < lane->n_feeders; i++)
        others[i] = &lane->feeders[i].ring[slot];
    if (!tune_stem_render(lane->stem, others, block, error))
        return FALSE;
    add_tail(lane, block, position);
    fade_block(self, block, position);
    lane->over[slot] = tune_stem_is_over(lane->stem);
    return TRUE;
}

/* A lane's next block (@feeder NULL) or one of its feeders'. */
typedef struct {
    Lane *lane; /* NULL: nothing to do */
    Feeder *feeder;
    guint64 n_done;
} Task;

static gboolean is_fed(const Lane *lane)
{
    for (guint i = 0; i < lane->n_feeders; i++)
        if (lane->feeders[i].n_done <= lane->n_done)
            return FALSE;
    return TRUE;
}

static void prefer(Task *best, Lane *lane, Feeder *feeder, guint64 n_done)
{
    if (best->lane == NULL || n_done < best->n_done)
        *best = (Task){lane, feeder, n_done};
}

/* What is furthest behind and can be done now.  Caller holds the lock. */
static Task next_task(Render *self)
{
    Task best = {0};

    for (guint i = 0; i < self->n_lanes; i++) {
        Lane *lane = &self->lanes[i];

        for (guint f = 0; f < lane->n_feeders; f++) {
            Feeder *feeder = &lane->feeders[f];

            if (!feeder->busy && feeder->n_done < lane->n_done + RING)
                prefer(&best, lane, feeder, feeder->n_done);
        }
        if (!lane->busy && lane->n_done < self->n_taken + RING && is_fed(lane))
            prefer(&best, lane, NULL, lane->n_done);
    }
    return best;
}

static gboolean all_have_block(const Render *self)
{
    for (guint i = 0; i < self->n_lanes; i++)
        if (self->lanes[i].n_done <= self->n_taken)
            return FALSE;
    return TRUE;
}

/* Caller holds the lock, which is let go meanwhile. */
static void do_task(Render *self, const Task *task)
{
    Lane *lane = task->lane;
    Feeder *feeder = task->feeder;
    gboolean *busy = feeder != NULL ? &feeder->busy : &lane->busy;
    gboolean counts = feeder != NULL || lane->prepared;
    GError *error = NULL;

    *busy = TRUE;
    g_mutex_unlock(&self->lock);
    gboolean ok = feeder != NULL ? tune_stem_play(lane->stem, (guint)(feeder - lane->feeders) + 1,
                                                  &feeder->ring[task->n_done % RING], &error)
                                 : render_block(self, lane, (guint)(lane - self->lanes), &error);
    g_mutex_lock(&self->lock);
    *busy = FALSE;
    if (ok && counts)
        *(feeder != NULL ? &feeder->n_done : &lane->n_done) += 1;
    if (!ok && self->failure == NULL)
        self->failure = error;
    else
        g_clear_error(&error);
    /* What was just finished may be what another worker waits for. */
    if (lane->n_feeders > 0 && self->n_idle > 0)
        g_cond_signal(&self->work);
    if (self->failure != NULL || all_have_block(self))
        g_cond_signal(&self->done);
}

static gpointer work(gpointer data)
{
    Render *self = data;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    while (!self->quit && self->failure == NULL) {
        Task task = next_task(self);

        if (task.lane != NULL) {
            do_task(self, &task);
            continue;
        }
        self->n_idle++;
        g_cond_wait(&self->work, &self->lock);
        self->n_idle--;
    }
    g_cond_broadcast(&self->work);
    g_cond_signal(&self->done);
    return NULL;
}

/* ---- the reader ---- */

/* Wait until every lane has the next block. */
static gboolean wait_for_block(Render *self, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    while (TRUE) {
        if (g_cancellable_set_error_if_cancelled(self->options.cancellable, error))
            return FALSE;
        if (self->failure != NULL) {
            g_propagate_error(error, g_error_copy(self->failure));
            return FALSE;
        }
        if (all_have_block(self))
            return TRUE;
        (void)g_cond_wait_until(&self->done, &self->lock, g_get_monotonic_time() + CANCEL_POLL_US);
    }
}

static float peak_of(const float *samples, gsize n)
{
    float peak = 0;

    for (gsize i = 0; i < n; i++)
        peak = MAX(peak, fabsf(samples[i]));
    return peak;
}

/* Frames of this block that belong to the piece, and whether it is the last one. */
static gsize frames_left(Render *self)
{
    gint64 limit = self->n_frames >= 0 ? self->n_frames : self->fade_to;

    return (gsize)CLAMP(limit - self->position, 0, TUNE_STEM_BLOCK);
}

static gboolean has_decayed(const Render *self, guint slot)
{
    if (self->n_frames >= 0 || self->position < self->last_event)
        return FALSE;
    gboolean over = TRUE;

    for (guint i = 0; i < self->n_lanes; i++)
        over &= self->lanes[i].over[slot];
    return over || peak_of(self->block, 2 * TUNE_STEM_BLOCK) < SILENCE_PEAK;
}

/* Sum the lanes' next block; the stem sink sees each before. */
static gboolean take_block(Render *self, GError **error)
{
    if (!wait_for_block(self, error))
        return FALSE;
    guint slot = self->n_taken % RING;
    gsize n = frames_left(self);

    memset(self->block, 0, sizeof self->block);
    for (guint i = 0; i < self->n_lanes; i++) {
        const float *stem = self->lanes[i].ring + (gsize)slot * 2 * TUNE_STEM_BLOCK;

        if (n > 0 && self->options.stem_sink != NULL &&
            !self->options.stem_sink(i, stem, n, self->options.stem_user_data, error))
            return FALSE;
        for (gsize k = 0; k < 2 * TUNE_STEM_BLOCK; k++)
            self->block[k] += stem[k];
    }
    self->block_at = 0;
    self->block_n = n;
    self->position += TUNE_STEM_BLOCK;
    self->ended = n < TUNE_STEM_BLOCK || has_decayed(self, slot);
    g_mutex_lock(&self->lock);
    self->n_taken++;
    if (self->n_idle > 0)
        g_cond_broadcast(&self->work);
    g_mutex_unlock(&self->lock);
    return TRUE;
}

static gboolean read_frames(TuneSource *source, float *out, gsize n_frames, gsize *n_got,
                            GError **error)
{
    Render *self = (Render *)source;

    *n_got = 0;
    while (*n_got < n_frames) {
        if (self->block_n == 0) {
            if (self->ended)
                break;
            if (!take_block(self, error))
                return FALSE;
            continue;
        }
        gsize n = MIN(n_frames - *n_got, self->block_n);

        memcpy(out + 2 * *n_got, self->block + 2 * self->block_at, 2 * n * sizeof *out);
        self->block_at += n;
        self->block_n -= n;
        *n_got += n;
    }
    return TRUE;
}

static void render_free(TuneSource *source)
{
    Render *self = (Render *)source;

    g_mutex_lock(&self->lock);
    self->quit = TRUE;
    g_cond_broadcast(&self->work);
    g_mutex_unlock(&self->lock);
    for (guint i = 0; i < self->threads->len; i++)
        g_thread_join(g_ptr_array_index(self->threads, i));
    g_ptr_array_unref(self->threads);
    for (guint i = 0; i < self->n_lanes; i++) {
        tune_stem_free(self->lanes[i].stem);
        g_free(self->lanes[i].ring);
        for (guint f = 0; f < self->lanes[i].n_feeders; f++)
            g_free(self->lanes[i].feeders[f].ring);
        if (self->lanes[i].tail != NULL)
            g_array_unref(self->lanes[i].tail);
    }
    g_free(self->lanes);
    tune_balance_clear(&self->balance);
    g_clear_error(&self->failure);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->work);
    g_cond_clear(&self->done);
    tune_score_unref(self->score);
    tune_synth_free(self->synth);
    g_free(self);
}

static const TuneSourceClass render_class = {read_frames, render_free};

const TuneBalance *tune_render_balance(const TuneSource *source)
{
    return source->class == &render_class ? &((const Render *)source)->balance : NULL;
}

/* ---- setting up ---- */

static gint64 last_sound_tick(const TuneScore *score)
{
    gint last = 0;

    for (guint t = 0; t < score->tracks->len; t++) {
        const TuneTrack *track = g_ptr_array_index(score->tracks, t);

        for (guint i = 0; i < track->notes->len; i++)
            last = MAX(last,
                       tune_note_sounding_end(&g_array_index(track->notes, TuneNote, i)));
    }
    return last;
}

/* Where the piece ends and how the last sound goes.  With a length, what still rings at the end is
 * let go over the last second and a half, but only after the last note; without one, after 12 s. */
static void plan_ending(Render *self)
{
    const TuneScore *score = self->score;
    gint64 rate = self->base.rate;
    double last = tune_score_seconds(score, (gint)last_sound_tick(score));

    self->last_event = (gint64)(last * (double)rate) + TUNE_VOICE_GRID;
    if (score->length_us <= 0) {
        self->n_frames = -1;
        self->fade_to = self->last_event + MAX_TAIL_SECONDS * rate;
        self->fade_from = self->fade_to - 2 * rate;
    } else {
        self->n_frames = (score->length_us * rate + 500000) / 1000000;
        self->fade_to = self->n_frames;
        self->fade_from = MAX(self->last_event, self->n_frames - 3 * rate / 2);
        self->fade_from = MIN(self->fade_from, self->n_frames - rate / 100);
        if (score->loop)
            self->fade_from = self->fade_to = G_MAXINT64 / 2;
    }
    self->base.n_frames = self->n_frames;
}

/* A voice file with a mistake is told before anything sounds. */
static gboolean check_voices(TuneSynth *self, const TuneScore *score, GError **error)
{
    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *track = g_ptr_array_index(score->tracks, i);
        const TuneSound *sound;

        if (!tune_library_find(tune_synth_library(self), track->instrument, &sound, error))
            return FALSE;
    }
    return TRUE;
}

TuneSource *tune_synth_render(TuneSynth *self, const TuneScore *score,
                              const TuneSynthOptions *options, GError **error)
{
    g_return_val_if_fail(self != NULL && score != NULL && options != NULL, NULL);
    g_return_val_if_fail(options->rate >= 22050 && options->rate <= 96000, NULL);
    const TuneCalibration *calibration = tune_synth_calibration(self, error);

    if (calibration == NULL || !check_voices(self, score, error))
        return NULL;
    Render *render = g_new0(Render, 1);

    render->base.class = &render_class;
    render->base.rate = options->rate;
    render->base.n_channels = 2;
    render->synth = tune_synth_ref(self);
    render->score = tune_score_ref(score);
    render->options = *options;
    g_mutex_init(&render->lock);
    g_cond_init(&render->work);
    g_cond_init(&render->done);
    plan_ending(render);
    tune_balance_init(&render->balance, calibration, tune_synth_library(self), score);
    render->n_lanes = score->tracks->len;
    render->lanes = g_new0(Lane, MAX(1, render->n_lanes));
    for (guint i = 0; i < render->n_lanes; i++) {
        Lane *lane = &render->lanes[i];

        lane->stem = tune_stem_new(tune_synth_bank(self), score, i, options->rate,
                                   render->balance.gains[i]);
        lane->ring = g_new0(float, (gsize)RING * 2 * TUNE_STEM_BLOCK);
        lane->n_feeders = tune_stem_n_hands(lane->stem) - 1;
        for (guint f = 0; f < lane->n_feeders; f++)
            lane->feeders[f].ring = g_new0(TuneHandBlock, RING);
        lane->prepared = !score->loop || render->n_frames <= 0;
    }
    render->threads = g_ptr_array_new();
    guint n_threads = MIN(tune_synth_n_threads(self), MAX(1, render->n_lanes));

    for (guint i = 0; i < n_threads; i++)
        g_ptr_array_add(render->threads, g_thread_new("tune-stem", work, render));
    return &render->base;
}
