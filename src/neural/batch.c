/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The thread that advances takes.  Each turn of its loop makes one pass over the weights with rows
 * of all running takes: a column that was chosen last for those under way, a stretch of what is
 * known already (prefix, audio prompt, the end of the window before) for those that begin, so that
 * a newcomer holds nobody up for long.  What a row gives depends on its own take only, so neither
 * does any code.
 *
 * After a step one take whose reader wants sound is given a block: one for all, in turn, so that
 * steps are not held up for longer than a block takes, and one is enough, as a block is the codes
 * of many steps.
 */
#include "neural/musicgen-private.h"

/* Rows that one pass takes of what is only read, beside one column of each take. */
#define READING_ROWS 32
/* How much one step counts in the mean of the latest. */
#define STEP_SHARE 0.05

/* --- windows */

static void begin_window(TuneTake *take, gsize offset, gsize n_done)
{
    const TuneMusicgen *model = take->model;
    const TuneDecoderConfig *config = &model->config->decoder;
    TuneWindow *window = &take->window;
    gsize n_frames = MIN(tune_window_frames(model), take->plan.n_frames - offset);
    gsize n_prompt = n_done - offset;

    g_free(window->prompt);
    *window =
        (TuneWindow){.offset = offset, .prompt = g_new(gint32, config->n_codebooks * n_prompt)};
    for (guint k = 0; k < config->n_codebooks && n_prompt > 0; k++)
        memcpy(window->prompt + k * n_prompt, take->codes + k * take->plan.n_frames + offset,
               n_prompt * sizeof *window->prompt);
    window->delay = (TuneDelay){
        .n_codebooks = config->n_codebooks,
        .n_channels = config->n_channels,
        .special = (gint32)config->vocab_size,
        .n_prompt = (guint)n_prompt,
        .length = tune_delay_length((guint)n_frames, config->n_codebooks, config->n_channels),
        .prompt = window->prompt};
    window->n_known = tune_delay_first_free(&window->delay);
    tune_take_make_prefix(take);
    for (guint s = 0; s < take->plan.n_streams; s++)
        tune_sequence_reset(take->sequences[s]);
}

/* Frames of the clip whose codes are all chosen. */
static gsize frames_done(const TuneTake *take)
{
    const TuneWindow *window = &take->window;
    gsize first = tune_delay_column(&window->delay, window->delay.n_codebooks - 1, 0);
    gsize n = window->n_known > first ? window->n_known - first : 0;

    return window->offset + CLAMP(n, window->delay.n_prompt, tune_delay_n_frames(&window->delay));
}

/* What stands in @column. */
static void column_ids(const TuneTake *take, gsize column, gint32 *ids)
{
    const TuneWindow *window = &take->window;

    for (guint k = 0; k < window->delay.n_codebooks; k++) {
        ids[k] = tune_delay_forced(&window->delay, k, (guint)column);
        if (ids[k] < 0)
            ids[k] = take->codes[k * take->plan.n_frames + window->offset + column -
                                 tune_delay_column(&window->delay, k, 0)];
    }
}

/* --- joining */

static gboolean make_streams(TuneTake *take, GError **error)
{
    TuneMusicgen *model = take->model;
    gsize n = (gsize)model->config->decoder.n_codebooks * model->config->decoder.vocab_size;

    if (!tune_take_read_text(take, error))
        return FALSE;
    for (guint s = 0; s < take->plan.n_streams; s++) {
        take->sequences[s] = tune_sequence_new(model->decoder, s == 0 ? take->condition : NULL,
                                               take->plan.capacity, error);
        if (take->sequences[s] == NULL)
            return FALSE;
        take->logits[s] = g_new(float, n);
    }
    take->scratch = g_new(float, n);
    begin_window(take, tune_first_window(model, take->plan.n_prompt), take->plan.n_prompt);
    return TRUE;
}

/* Under the lock, which is open while the last owner's take is freed. */
static void drop(TuneTake *take)
{
    TuneMusicgen *model = take->model;

    g_cond_broadcast(&model->changed);
    if (!tune_take_drop(take))
        return;
    g_mutex_unlock(&model->lock);
    tune_take_destroy(take);
    g_mutex_lock(&model->lock);
}

/* Under the lock: no more sound will be made for @take. */
static void fall_silent(TuneTake *take)
{
    g_queue_remove(&take->model->sounding, take);
    take->sounded = TRUE;
    drop(take);
}

/* Under the lock: @take gets no more codes; with an error no sound either.  What the thread made
 * for it is freed. */
static void leave(TuneTake *take, GError *error)
{
    TuneMusicgen *model = take->model;

    if (!g_ptr_array_remove(model->running, take))
        g_queue_remove(&model->waiting, take);
    tune_take_end(take, error);
    g_mutex_unlock(&model->lock);
    tune_take_clear_streams(take);
    if (error != NULL)
        tune_take_clear_decoding(take);
    g_mutex_lock(&model->lock);
    if (error != NULL)
        fall_silent(take);
    drop(take);
}

/* Under the lock: the first that waits joins when there is a place and memory. */
static gboolean admit(TuneMusicgen *self)
{
    TuneTake *take = g_queue_peek_head(&self->waiting);
    GError *error = NULL;

    if (take == NULL || !self->loaded || self->running->len >= self->options.max_batch)
        return FALSE;
    if (!tune_memory_suffices(take->plan.take_bytes, 0, "the keys and values of this length",
                              &error)) {
        if (self->running->len > 0) {
            g_error_free(error);
            return FALSE; /* until others end */
        }
        leave(take, error);
        return TRUE;
    }
    g_queue_pop_head(&self->waiting);
    g_ptr_array_add(self->running, take);
    take->state = TUNE_TAKE_RUNNING;
    g_mutex_unlock(&self->lock);
    gboolean ready = make_streams(take, &error);
    g_mutex_lock(&self->lock);
    if (!ready)
        leave(take, error);
    return TRUE;
}

/* --- one step */

typedef struct {
    TuneMusicgen *model;
    TuneDecoderRow rows[TUNE_DECODER_MAX_ROWS];
    gsize n_rows;
    gboolean reads; /* more than one column of a take */
    TuneTake
        *choosing[TUNE_MUSICGEN_MAX_BATCH]; /* takes whose next column follows from this pass */
    guint n_choosing;
} Step;

/* Rows of @take that can be fed now. */
static gsize n_ready(const TuneTake *take)
{
    return take->plan.n_prefix + take->window.n_known - take->window.n_fed;
}

static void gather(Step *step, TuneTake *take, gsize n)
{
    gsize d = step->model->config->decoder.d_model, prefix = take->plan.n_prefix;

    for (gsize i = 0; i < n; i++) {
        gsize at = take->window.n_fed + i;
        gboolean last = at + 1 == prefix + take->window.n_known;
        gint32 *ids = step->model->ids + step->n_rows * step->model->config->decoder.n_codebooks;
        if (at >= prefix)
            column_ids(take, at - prefix, ids);
        for (guint s = 0; s < take->plan.n_streams; s++)
            step->rows[step->n_rows++] =
                (TuneDecoderRow){.sequence = take->sequences[s],
                                 .ids = at >= prefix ? ids : NULL,
                                 .embedding = at >= prefix ? NULL : take->prefix[s] + at * d,
                                 .logits = last ? take->logits[s] : NULL};
        if (last)
            step->choosing[step->n_choosing++] = take;
    }
    take->window.n_fed += n;
    step->reads |= n > 1;
}

static void gather_all(Step *step)
{
    GPtrArray *running = step->model->running;
    gsize spare = READING_ROWS;

    for (guint i = 0; i < running->len; i++) {
        TuneTake *take = running->pdata[i];
        gsize more = MIN(n_ready(take) - 1, spare / take->plan.n_streams);
        gather(step, take, 1 + more);
        spare -= more * take->plan.n_streams;
    }
}

/* A task: guidance and choice for one codebook of one take. */
static void choose(gpointer data, guint task)
{
    const Step *step = data;
    const TuneDecoderConfig *config = &step->model->config->decoder;
    TuneTake *take = step->choosing[task / config->n_codebooks];
    guint k = task % config->n_codebooks;
    TuneWindow *window = &take->window;
    guint column = (guint)window->n_known;
    gsize n = config->vocab_size;
    float *logits = take->logits[0] + k * n;
    TuneRandom random;

    if (tune_delay_forced(&window->delay, k, column) >= 0)
        return;
    if (take->plan.n_streams == 2)
        tune_guide(logits, take->logits[1] + k * n, n, take->plan.sampling.guidance);
    /* Counted from the clip's beginning, so that no window repeats another's draws. */
    tune_random_init(&random, take->seed, "musicgen/%zu/%u", window->offset + column, k);
    gsize frame = window->offset + column - tune_delay_column(&window->delay, k, 0);
    take->codes[k * take->plan.n_frames + frame] =
        tune_sample(&take->plan.sampling, logits, n, &random, take->scratch + k * n);
}

/* The column that was chosen; at its end the window gives way to the next.  Frames that are done.
 */
static gsize advance(TuneTake *take)
{
    TuneWindow *window = &take->window;

    window->n_known++;
    gsize done = frames_done(take);
    if (window->n_known == window->delay.length && done < take->plan.n_frames)
        begin_window(take, window->offset + tune_stride_frames(take->model), done);
    return done;
}

/* Bytes of keys and values that the step has read. */
static double past_of(const Step *step)
{
    const TuneMusicgen *self = step->model;
    double bytes = 0;

    for (guint i = 0; i < step->n_choosing; i++)
        bytes += step->choosing[i]->plan.n_streams *
                 (double)tune_sequence_bytes(&self->config->decoder, self->options.weights,
                                             step->choosing[i]->window.n_fed);
    return bytes;
}

/* Under the lock: how long steps take lately; those that read more than a column tell nothing. */
static void remember_speed(const Step *step, double seconds)
{
    TuneMusicgen *self = step->model;
    double share = self->seconds_per_step > 0 ? STEP_SHARE : 1;

    if (step->reads)
        return;
    self->seconds_per_step += share * (seconds - self->seconds_per_step);
    self->past_per_step += share * (past_of(step) - self->past_per_step);
}

/* Under the lock: what a step gave. */
static void publish(Step *step, const gsize *done, gint64 started)
{
    TuneMusicgen *self = step->model;
    double seconds = (double)(g_get_monotonic_time() - started) * 1e-6;

    self->n_steps++;
    remember_speed(step, seconds);
    for (guint i = 0; i < step->n_choosing; i++) {
        TuneTake *take = step->choosing[i];
        take->n_done = done[i];
        if (done[i] < take->plan.n_frames)
            continue;
        self->n_takes++;
        leave(take, NULL);
    }
}

/* Under the lock, which is open while the step is computed. */
static void make_step(TuneMusicgen *self)
{
    Step step = {.model = self};
    gsize done[TUNE_MUSICGEN_MAX_BATCH];
    gint64 started = g_get_monotonic_time();

    g_mutex_unlock(&self->lock);
    gather_all(&step);
    tune_decoder_forward(self->decoder, self->compute, step.rows, step.n_rows);
    tune_compute_run(self->compute, step.n_choosing * self->config->decoder.n_codebooks, choose,
                     &step);
    for (guint i = 0; i < step.n_choosing; i++)
        done[i] = advance(step.choosing[i]);
    g_mutex_lock(&self->lock);
    publish(&step, done, started);
}

/* --- sound */

/* Under the lock, which is open while it is computed: a block for the next take that can have one.
 * FALSE: there is none. */
static gboolean make_sound(TuneMusicgen *self)
{
    GList *link = self->sounding.head;

    while (link != NULL && !tune_take_sound_due(link->data))
        link = link->next;
    if (link == NULL || !self->loaded)
        return FALSE;
    TuneTake *take = link->data;
    g_mutex_unlock(&self->lock);
    tune_take_decode(take);
    g_mutex_lock(&self->lock);
    take->sounds = take->n_sound > 0;
    g_queue_unlink(&self->sounding, link);
    g_queue_push_tail_link(&self->sounding, link);
    if (take->n_decoded == take->plan.n_frames)
        fall_silent(take);
    else
        g_cond_broadcast(&self->changed);
    return TRUE;
}

/* --- the loop, under the lock */

static gboolean unwanted(const TuneTake *take)
{
    return take->abandoned || g_cancellable_is_cancelled(take->cancellable);
}

static GError *cancelled(void)
{
    return g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
}

/* TRUE when the lock was open meanwhile, so that anything may have changed.  Whatever waits or runs
 * is also among those that sound. */
static gboolean drop_unwanted(TuneMusicgen *self)
{
    GList *link = self->sounding.head;

    while (link != NULL && !unwanted(link->data))
        link = link->next;
    if (link == NULL)
        return FALSE;
    TuneTake *take = link->data;
    if (take->state != TUNE_TAKE_DONE) {
        leave(take, cancelled());
        return TRUE;
    }
    g_mutex_unlock(&self->lock);
    tune_take_clear_decoding(take);
    g_mutex_lock(&self->lock);
    tune_take_end(take, cancelled());
    fall_silent(take);
    return TRUE;
}

static void load(TuneMusicgen *self)
{
    GError *error = NULL;

    self->loading = TRUE;
    g_mutex_unlock(&self->lock);
    gboolean done = tune_musicgen_load_weights(self, &error);
    g_mutex_lock(&self->lock);
    self->loading = FALSE;
    if (!done) {
        while (!g_queue_is_empty(&self->waiting))
            leave(g_queue_peek_head(&self->waiting), g_error_copy(error));
        g_clear_error(&self->load_error);
        self->load_error = error;
    }
    g_cond_broadcast(&self->changed);
}

static gboolean must_load(TuneMusicgen *self)
{
    return !self->loaded && ((self->load_wanted > 0 && self->load_error == NULL) ||
                             !g_queue_is_empty(&self->waiting));
}

gpointer tune_musicgen_thread(gpointer model)
{
    TuneMusicgen *self = model;
    guint64 sounded_at = G_MAXUINT64; /* the step after which a block was made */

    g_mutex_lock(&self->lock);
    while (!self->quit) {
        if (drop_unwanted(self) || admit(self))
            continue;
        if (must_load(self))
            load(self);
        else if ((self->running->len == 0 || sounded_at != self->n_steps) && make_sound(self))
            sounded_at = self->n_steps;
        else if (self->running->len > 0)
            make_step(self);
        else
            g_cond_wait(&self->changed, &self->lock);
    }
    while (drop_unwanted(self))
        continue;
    g_mutex_unlock(&self->lock);
    return NULL;
}
