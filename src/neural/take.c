/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/musicgen-private.h"

static void on_cancel(GCancellable *cancellable, gpointer data)
{
    TuneTake *take = data;

    (void)cancellable;
    g_mutex_lock(&take->model->lock);
    g_cond_broadcast(&take->model->changed);
    g_mutex_unlock(&take->model->lock);
}

/* Codes of the audio prompt into the take's. */
static gboolean take_prompt(TuneTake *take, const TuneTakeRequest *request, GError **error)
{
    gsize n;

    if (request->audio == NULL)
        return TRUE;
    g_autofree gint32 *codes = tune_musicgen_encode(take->model, request->audio, request->n_audio,
                                                    &n, request->cancellable, error);
    if (codes == NULL)
        return FALSE;
    g_assert(n == take->plan.n_prompt);
    for (guint k = 0; k < take->model->config->decoder.n_codebooks; k++)
        memcpy(take->codes + k * take->plan.n_frames, codes + k * n, n * sizeof *codes);
    take->n_done = n;
    return TRUE;
}

/* What does not fit even when all others have ended is refused now. */
static gboolean check_memory(TuneMusicgen *self, const TuneTakePlan *plan, GError **error)
{
    guint64 bytes = plan->take_bytes, released = 0;

    g_mutex_lock(&self->lock);
    if (!self->loaded)
        bytes += tune_checkpoint_loaded_bytes(self->checkpoint, (gint)self->options.weights);
    for (guint i = 0; i < self->running->len; i++)
        released += ((TuneTake *)self->running->pdata[i])->plan.take_bytes;
    g_mutex_unlock(&self->lock);
    return tune_memory_suffices(bytes, released, "the model and this request", error);
}

static TuneTake *take_new(TuneMusicgen *self, const TuneTakeRequest *request,
                          const TuneTakePlan *plan)
{
    TuneTake *take = g_new0(TuneTake, 1);

    take->model = self;
    take->prompt = g_strdup(request->prompt);
    take->seed = request->seed;
    if (request->melody != NULL) {
        take->melody = g_memdup2(request->melody, request->n_melody * sizeof(float));
        take->n_melody = request->n_melody;
    }
    take->cancellable = request->cancellable != NULL ? g_object_ref(request->cancellable) : NULL;
    take->plan = *plan;
    take->codes = g_new0(gint32, self->config->decoder.n_codebooks * plan->n_frames);
    take->n_owners = 1;
    return take;
}

TuneTake *tune_musicgen_start(TuneMusicgen *self, const TuneTakeRequest *request, GError **error)
{
    TuneTakePlan plan;

    if (g_cancellable_set_error_if_cancelled(request->cancellable, error) ||
        !tune_take_plan(self, request, &plan, error) || !check_memory(self, &plan, error))
        return NULL;
    g_autoptr(TuneTake) take = take_new(self, request, &plan);
    if (!take_prompt(take, request, error))
        return NULL;
    g_mutex_lock(&self->lock);
    take->n_owners += 2;
    g_queue_push_tail(&self->waiting, take);
    g_queue_push_tail(&self->sounding, take);
    g_cond_broadcast(&self->changed);
    g_mutex_unlock(&self->lock);
    if (take->cancellable != NULL)
        take->cancel_handler =
            g_cancellable_connect(take->cancellable, G_CALLBACK(on_cancel), take, NULL);
    return g_steal_pointer(&take);
}

gboolean tune_take_drop(TuneTake *take)
{
    return --take->n_owners == 0;
}

void tune_take_end(TuneTake *take, GError *error)
{
    take->state = error != NULL ? TUNE_TAKE_FAILED : TUNE_TAKE_DONE;
    take->error = error;
}

void tune_take_clear_streams(TuneTake *take)
{
    for (guint s = 0; s < 2; s++) {
        g_clear_pointer(&take->sequences[s], tune_sequence_free);
        g_clear_pointer(&take->logits[s], g_free);
        g_clear_pointer(&take->prefix[s], g_free);
    }
    g_clear_pointer(&take->condition, tune_condition_unref);
    g_clear_pointer(&take->text, g_free);
    g_clear_pointer(&take->scratch, g_free);
    g_clear_pointer(&take->window.prompt, g_free);
}

void tune_take_destroy(TuneTake *take)
{
    tune_take_clear_streams(take);
    tune_take_clear_decoding(take);
    g_free(take->sound);
    g_free(take->prompt);
    g_free(take->melody);
    g_clear_object(&take->cancellable);
    g_free(take->codes);
    g_clear_error(&take->error);
    g_free(take);
}

void tune_take_free(TuneTake *self)
{
    if (self == NULL)
        return;
    TuneMusicgen *model = self->model;

    /* Waits for a handler that runs: not under the lock, which it wants. */
    if (self->cancel_handler != 0)
        g_cancellable_disconnect(self->cancellable, self->cancel_handler);
    g_mutex_lock(&model->lock);
    self->abandoned = TRUE;
    g_cond_broadcast(&model->changed);
    gboolean last = tune_take_drop(self);
    g_mutex_unlock(&model->lock);
    if (last)
        tune_take_destroy(self);
}

gsize tune_take_n_frames(const TuneTake *self)
{
    return self->plan.n_frames;
}

gint64 tune_take_n_samples(const TuneTake *self)
{
    return (gint64)(self->plan.n_frames * self->model->config->codec.hop);
}

gsize tune_take_progress(const TuneTake *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->model->lock);

    return self->n_done;
}

const gint32 *tune_take_codes(const TuneTake *self)
{
    g_return_val_if_fail(self->ended, NULL);
    return self->codes;
}

/* Wait for the next block of sound, or the end. */
static gboolean wait_for_sound(TuneTake *self, GError **error)
{
    TuneMusicgen *model = self->model;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&model->lock);

    while (!self->sounds && !self->sounded && self->state != TUNE_TAKE_FAILED &&
           !g_cancellable_is_cancelled(self->cancellable))
        g_cond_wait(&model->changed, &model->lock);
    if (self->state == TUNE_TAKE_FAILED) {
        g_propagate_error(error, g_error_copy(self->error));
        return FALSE;
    }
    self->sound_at = 0;
    self->ended = !self->sounds;
    return !g_cancellable_set_error_if_cancelled(self->cancellable, error);
}

/* The block is read: the thread may make the next. */
static void give_back(TuneTake *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->model->lock);

    self->sounds = FALSE;
    self->ended = self->sounded;
    g_cond_broadcast(&self->model->changed);
}

gboolean tune_take_read(TuneTake *self, float *out, gsize n_frames, gsize *n_got, GError **error)
{
    guint n_channels = self->model->config->decoder.n_channels;

    *n_got = 0;
    if (g_cancellable_set_error_if_cancelled(self->cancellable, error))
        return FALSE;
    if (self->ended)
        return TRUE;
    if (self->sound_at == 0 && !wait_for_sound(self, error))
        return FALSE;
    if (self->ended)
        return TRUE;
    *n_got = MIN(n_frames, self->n_sound - self->sound_at);
    memcpy(out, self->sound + self->sound_at * n_channels, *n_got * n_channels * sizeof *out);
    self->sound_at += *n_got;
    if (self->sound_at == self->n_sound) {
        self->sound_at = 0;
        give_back(self);
    }
    return TRUE;
}
