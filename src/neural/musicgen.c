/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/musicgen-private.h"

#define DEFAULT_BATCH 4

TuneMusicgen *tune_musicgen_new(TuneCheckpoint *checkpoint, const TuneMusicgenOptions *options,
                                GError **error)
{
    TuneMusicgen *self = g_new0(TuneMusicgen, 1);

    self->checkpoint = tune_checkpoint_ref(checkpoint);
    self->config = tune_checkpoint_config(checkpoint);
    self->options = *options;
    if (options->kernels == NULL)
        self->options.kernels = tune_kernels_best();
    self->options.max_batch =
        options->max_batch == 0 ? DEFAULT_BATCH : MIN(options->max_batch, TUNE_MUSICGEN_MAX_BATCH);
    g_mutex_init(&self->lock);
    g_mutex_init(&self->encoder_lock);
    g_mutex_init(&self->tokenizer_lock);
    g_cond_init(&self->changed);
    g_queue_init(&self->waiting);
    g_queue_init(&self->sounding);
    self->running = g_ptr_array_new();
    self->ids = g_new(gint32, TUNE_DECODER_MAX_ROWS * (gsize)self->config->decoder.n_codebooks);
    self->compute = tune_compute_new(self->options.kernels, options->n_threads);
    self->thread = g_thread_try_new("musicgen", tune_musicgen_thread, self, error);
    if (self->thread == NULL) {
        tune_musicgen_free(self);
        return NULL;
    }
    return self;
}

void tune_musicgen_free(TuneMusicgen *self)
{
    if (self == NULL)
        return;
    if (self->thread != NULL) {
        g_mutex_lock(&self->lock);
        self->quit = TRUE;
        g_cond_broadcast(&self->changed);
        g_mutex_unlock(&self->lock);
        g_thread_join(self->thread);
    }
    TuneMusicgenWeights weights = {self->decoder, self->codec, self->encoder, self->text};
    tune_musicgen_weights_clear(&weights);
    tune_tokenizer_free(self->tokenizer);
    tune_compute_free(self->compute);
    g_ptr_array_free(self->running, TRUE);
    g_queue_clear(&self->waiting);
    g_queue_clear(&self->sounding);
    g_clear_error(&self->load_error);
    g_mutex_clear(&self->lock);
    g_mutex_clear(&self->encoder_lock);
    g_mutex_clear(&self->tokenizer_lock);
    g_cond_clear(&self->changed);
    g_free(self->ids);
    tune_checkpoint_unref(self->checkpoint);
    g_free(self);
}

TuneCheckpoint *tune_musicgen_checkpoint(const TuneMusicgen *self)
{
    return self->checkpoint;
}

const TuneKernels *tune_musicgen_kernels(const TuneMusicgen *self)
{
    return self->options.kernels;
}

guint tune_musicgen_rate(const TuneMusicgen *self)
{
    return self->config->codec.sampling_rate;
}

guint tune_musicgen_n_channels(const TuneMusicgen *self)
{
    return self->config->decoder.n_channels;
}

gboolean tune_musicgen_load(TuneMusicgen *self, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (self->loaded)
        return TRUE;
    g_clear_error(&self->load_error);
    self->load_wanted++;
    g_cond_broadcast(&self->changed);
    while (!self->loaded && self->load_error == NULL)
        g_cond_wait(&self->changed, &self->lock);
    self->load_wanted--;
    if (!self->loaded)
        g_propagate_error(error, g_error_copy(self->load_error));
    return self->loaded;
}

gboolean tune_musicgen_loaded(const TuneMusicgen *self)
{
    TuneMusicgen *model = (TuneMusicgen *)self; /* a lock is no change that anybody sees */
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&model->lock);

    return self->loaded;
}

/* Under the lock: whether anybody uses the weights, or is about to. */
static gboolean busy(TuneMusicgen *self)
{
    return self->loading || self->load_wanted > 0 || self->running->len > 0 ||
           !g_queue_is_empty(&self->waiting) || !g_queue_is_empty(&self->sounding);
}

gboolean tune_musicgen_release(TuneMusicgen *self)
{
    TuneMusicgenWeights weights = {0};

    if (!g_mutex_trylock(&self->encoder_lock))
        return FALSE; /* an audio prompt is being read */
    g_mutex_lock(&self->lock);
    gboolean idle = !busy(self);
    if (idle) {
        weights = (TuneMusicgenWeights){self->decoder, self->codec, self->encoder, self->text};
        self->decoder = NULL;
        self->codec = NULL;
        self->encoder = NULL;
        self->text = NULL; /* its thread sleeps: nothing runs */
        self->loaded = FALSE;
        self->weight_bytes = self->encoder_bytes = 0;
    }
    g_mutex_unlock(&self->lock);
    g_mutex_unlock(&self->encoder_lock);
    tune_musicgen_weights_clear(&weights);
    return idle;
}

gboolean tune_musicgen_estimate(TuneMusicgen *self, const TuneTakeRequest *request,
                                TuneTakeEstimate *out, GError **error)
{
    TuneTakePlan plan;

    if (!tune_take_plan(self, request, &plan, error))
        return FALSE;
    *out = (TuneTakeEstimate){
        .weight_bytes = tune_checkpoint_loaded_bytes(self->checkpoint, (gint)self->options.weights),
        .take_bytes = plan.take_bytes,
        .seconds = tune_take_seconds(self, &plan),
        .n_steps = plan.n_steps,
    };
    return TRUE;
}

void tune_musicgen_stats(TuneMusicgen *self, TuneMusicgenStats *out)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    *out = (TuneMusicgenStats){
        .loaded = self->loaded,
        .running = self->running->len,
        .waiting = g_queue_get_length(&self->waiting),
        .steps = self->n_steps,
        .takes = self->n_takes,
        .steps_per_second = self->seconds_per_step > 0 ? 1 / self->seconds_per_step : 0,
        .weight_bytes = self->weight_bytes + self->encoder_bytes,
    };
    for (guint i = 0; i < self->running->len; i++)
        out->take_bytes += ((TuneTake *)self->running->pdata[i])->plan.take_bytes;
}
