/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/meter.h"
#include "audio/loudness.h"

#include <math.h>
#include <string.h>

/* At or below this nothing was heard. */
#define SILENT_LUFS -70.0
/* Below this a beat or key is a guess (audio/measure.h). */
#define SURE_BEAT 0.15
#define SURE_BEAT_NEAR 0.1

/* Blocks that may wait before tune_meter_add() waits too: bounded memory. */
#define MOST_WAITING 32

typedef struct {
    gsize n;
    float frames[]; /* [2 * n] */
} Block;

/* Measuring runs in a thread of its own beside the encoder: it takes about as long. */
struct TuneMeter {
    TuneLoudnessMeter *loudness; /* the thread's, unless waiting == 0 */
    TuneMeasure *measure;        /* the same */
    GThread *thread;
    GAsyncQueue *blocks;
    GMutex lock;
    GCond drained; /* signalled when waiting has fallen */
    guint waiting; /* blocks not yet measured; guarded by lock */
    Block end;     /* tells the thread to stop */
};

static void forget_block(TuneMeter *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    self->waiting--;
    g_cond_signal(&self->drained);
}

static gpointer measure_blocks(gpointer user_data)
{
    TuneMeter *self = user_data;

    for (;;) {
        Block *block = g_async_queue_pop(self->blocks);
        if (block == &self->end)
            return NULL;
        tune_loudness_meter_feed(self->loudness, block->frames, block->n);
        tune_measure_feed(self->measure, block->frames, block->n);
        g_free(block);
        forget_block(self);
    }
}

TuneMeter *tune_meter_new(guint rate, GError **error)
{
    g_autoptr(TuneMeter) self = g_new0(TuneMeter, 1);

    g_mutex_init(&self->lock);
    g_cond_init(&self->drained);
    self->loudness = tune_loudness_meter_new(rate, 2, TRUE, error);
    if (self->loudness == NULL)
        return NULL;
    self->measure = tune_measure_new(rate, 2);
    self->blocks = g_async_queue_new();
    self->thread = g_thread_try_new("meter", measure_blocks, self, error);
    return self->thread != NULL ? g_steal_pointer(&self) : NULL;
}

void tune_meter_free(TuneMeter *self)
{
    if (self == NULL)
        return;
    if (self->thread != NULL) {
        g_async_queue_push(self->blocks, &self->end);
        g_thread_join(self->thread);
    }
    g_clear_pointer(&self->blocks, g_async_queue_unref);
    g_clear_pointer(&self->loudness, tune_loudness_meter_free);
    g_clear_pointer(&self->measure, tune_measure_free);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->drained);
    g_free(self);
}

/* Returns with the lock's promise that at most @most blocks wait. */
static void wait_until(TuneMeter *self, guint most)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    while (self->waiting > most)
        g_cond_wait(&self->drained, &self->lock);
}

void tune_meter_add(TuneMeter *self, const float *frames, gsize n)
{
    if (n == 0)
        return;
    Block *block = g_malloc(sizeof *block + 2 * n * sizeof *frames);
    block->n = n;
    memcpy(block->frames, frames, 2 * n * sizeof *frames);
    wait_until(self, MOST_WAITING - 1);
    g_mutex_lock(&self->lock);
    self->waiting++;
    g_mutex_unlock(&self->lock);
    g_async_queue_push(self->blocks, block);
}

void tune_meter_result(TuneMeter *self, TuneMeterResult *out)
{
    TuneLoudness loudness;
    TuneMeasured measured;

    *out = (TuneMeterResult){.loudness_lufs = -INFINITY, .peak_dbtp = -INFINITY};
    wait_until(self, 0);
    tune_loudness_meter_read(self->loudness, &loudness);
    if (loudness.integrated_lufs <= SILENT_LUFS)
        return;
    out->loudness_lufs = loudness.integrated_lufs;
    out->peak_dbtp = loudness.true_peak_dbtp;
    tune_measure_read(self->measure, &measured);
    out->beat_confidence = measured.beat_confidence;
    if (measured.beat_confidence >= SURE_BEAT) {
        out->bpm = measured.bpm;
        out->bpm_other = measured.bpm_other;
    }
    out->key_confidence = measured.key_confidence;
    if (measured.key_confidence <= 0)
        return;
    g_autofree char *key = tune_key_to_string(measured.key);
    g_autofree char *other = tune_key_to_string(measured.key_other);
    g_strlcpy(out->key, key, sizeof out->key);
    g_strlcpy(out->key_other, other, sizeof out->key_other);
}

static json_t *positive_or_null(double value)
{
    return value > 0 ? tune_json_real(value, 2) : json_null();
}

static json_t *text_or_null(const char *text)
{
    return *text != '\0' ? json_string(text) : json_null();
}

void tune_meter_result_json(const TuneMeterResult *self, json_t *object)
{
    json_object_set_new(object, "tempo_bpm", positive_or_null(self->bpm));
    json_object_set_new(object, "tempo_other_bpm", positive_or_null(self->bpm_other));
    json_object_set_new(object, "tempo_confidence", tune_json_real(self->beat_confidence, 2));
    json_object_set_new(object, "key", text_or_null(self->key));
    json_object_set_new(object, "key_other", text_or_null(self->key_other));
    json_object_set_new(object, "key_confidence", tune_json_real(self->key_confidence, 2));
}

double tune_meter_bpm_near(TuneMeter *self, double expected_bpm)
{
    double strength = 0;

    wait_until(self, 0);
    double bpm = tune_measure_bpm_near(self->measure, expected_bpm, &strength);

    return strength >= SURE_BEAT_NEAR ? bpm : 0;
}
