/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From an order to a generation.  Orders that come at the same moment go into the database together: the
 * first who finds nobody at it takes all that wait, and those who come meanwhile wait for the next turn
 * (a commit costs about the same for one as for a hundred).
 */
#include "base/hash.h"
#include "jobs/jobs-private.h"
#include "store/generations.h"
#include "tune-config.h"

#include <string.h>

#define MAX_BATCH     256
#define MAX_ESTIMATES 1000

/* ---- shared commits ---- */

typedef struct {
    const TuneEnqueue *item;
    TuneEnqueued *out;
    GError *error;
    gboolean done;
    GCond woken; /* one each: only those whose turn it is wake up */
} Waiter;

struct TuneIntake {
    TuneStore *store;
    GMutex lock;
    GPtrArray *waiting; /* Waiter, of their threads; lock */
    gboolean busy;      /* somebody is at the database; lock */
};

TuneIntake *tune_intake_new(TuneStore *store)
{
    TuneIntake *self = g_new0(TuneIntake, 1);

    self->store = store;
    self->waiting = g_ptr_array_new();
    g_mutex_init(&self->lock);
    return self;
}

void tune_intake_free(TuneIntake *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->waiting);
    g_mutex_clear(&self->lock);
    g_free(self);
}

/* Those who wait, but of several with the same key only the first.  Called locked. (transfer full) */
static GPtrArray *take_batch(TuneIntake *self)
{
    g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GPtrArray *batch = g_ptr_array_new();

    for (guint i = 0; i < self->waiting->len && batch->len < MAX_BATCH;) {
        Waiter *waiter = self->waiting->pdata[i];
        const TuneEnqueue *item = waiter->item;
        char *key = item->idempotency_key != NULL
                        ? g_strdup_printf("%s %s", item->owner, item->idempotency_key)
                        : NULL;

        if (key != NULL && !g_hash_table_add(keys, key)) {
            i++;
            continue;
        }
        g_ptr_array_add(batch, waiter);
        g_ptr_array_remove_index(self->waiting, i);
    }
    return batch;
}

static void put_one(TuneIntake *self, Waiter *waiter)
{
    g_clear_error(&waiter->error);
    tune_queue_enqueue(self->store, &waiter->item, waiter->out, 1, &waiter->error);
}

static void put_batch(TuneIntake *self, const GPtrArray *batch)
{
    g_autofree const TuneEnqueue **items = g_new(const TuneEnqueue *, batch->len);
    g_autofree TuneEnqueued *out = g_new0(TuneEnqueued, batch->len);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < batch->len; i++)
        items[i] = ((Waiter *)batch->pdata[i])->item;
    gboolean ok = tune_queue_enqueue(self->store, items, out, batch->len, &error);
    /* One bad order (an owner that was deleted meanwhile) must not fail the others. */
    gboolean alone = !ok && batch->len > 1 &&
                     !g_error_matches(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE);
    for (guint i = 0; i < batch->len; i++) {
        Waiter *waiter = batch->pdata[i];

        if (ok)
            *waiter->out = out[i];
        else if (alone)
            put_one(self, waiter);
        else
            waiter->error = g_error_copy(error);
    }
}

/* Called locked; unlocks while it is at the database. */
static void lead(TuneIntake *self)
{
    g_autoptr(GPtrArray) batch = take_batch(self);

    self->busy = TRUE;
    g_mutex_unlock(&self->lock);
    put_batch(self, batch);
    g_mutex_lock(&self->lock);
    self->busy = FALSE;
    for (guint i = 0; i < batch->len; i++) {
        Waiter *waiter = batch->pdata[i];

        waiter->done = TRUE;
        g_cond_signal(&waiter->woken);
    }
    if (self->waiting->len > 0) /* the next leads */
        g_cond_signal(&((Waiter *)self->waiting->pdata[0])->woken);
}

gboolean tune_intake_put(TuneIntake *self, const TuneEnqueue *item, TuneEnqueued *out, GError **error)
{
    Waiter waiter = {.item = item, .out = out};

    g_cond_init(&waiter.woken);
    g_mutex_lock(&self->lock);
    g_ptr_array_add(self->waiting, &waiter);
    while (!waiter.done) {
        if (self->busy)
            g_cond_wait(&waiter.woken, &self->lock);
        else
            lead(self);
    }
    g_mutex_unlock(&self->lock);
    g_cond_clear(&waiter.woken);
    if (waiter.error != NULL)
        g_propagate_error(error, waiter.error);
    return waiter.error == NULL;
}

/* ---- estimates ---- */

/* What memory and time depend on; composing a piece for every order would be too dear. */
static char *estimate_key(const TuneOrder *order)
{
    const TuneBrief *brief = order->brief;
    GString *key = g_string_new(order->engine);

    g_string_append_printf(key, "|%s|%s|%d|%d|%d%d%d%d|%u", tune_style_name(brief->style),
                           brief->blend != NULL ? tune_style_name(brief->blend) : "",
                           (int)(brief->seconds / 5), brief->bars, brief->loop, brief->no_drums,
                           brief->no_bass, brief->only_instruments, brief->lyrics->len > 0);
    for (guint i = 0; i < brief->instruments->len; i++) {
        const TuneBriefInstrument *one = &g_array_index(brief->instruments, TuneBriefInstrument, i);
        g_string_append_printf(key, "|%p", (const void *)one->instrument);
    }
    return g_string_free(key, FALSE);
}

static gboolean estimate(TuneJobs *self, const TuneOrder *order, TuneEstimate *out, GError **error)
{
    g_autofree char *key = estimate_key(order);
    const TuneEstimate *known = NULL;

    g_mutex_lock(&self->lock);
    if (!tune_engine_spec_has_model(order->engine)) /* of a model it depends on what is loaded, and is cheap */
        known = g_hash_table_lookup(self->estimates, key);
    if (known != NULL)
        *out = *known;
    g_mutex_unlock(&self->lock);
    if (known != NULL) {
        if (order->brief->seconds > 0)
            out->audio_seconds = order->brief->seconds;
        return TRUE;
    }
    g_autoptr(TuneEngineLease) lease = tune_engine_pool_take(self->config.pool, order->engine, error);
    if (lease == NULL ||
        !tune_engine_estimate(tune_engine_lease_engine(lease), order->brief, out, error))
        return FALSE;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    if (g_hash_table_size(self->estimates) >= MAX_ESTIMATES)
        g_hash_table_remove_all(self->estimates);
    g_hash_table_insert(self->estimates, g_steal_pointer(&key), g_memdup2(out, sizeof *out));
    return TRUE;
}

/* ---- identity ---- */

static char *data_hash(TuneJobs *self, const char *engine, GError **error)
{
    g_mutex_lock(&self->lock);
    g_autofree char *known = g_strdup(g_hash_table_lookup(self->data, engine));
    g_mutex_unlock(&self->lock);
    if (known != NULL)
        return g_steal_pointer(&known);
    g_autoptr(TuneEngineLease) lease = tune_engine_pool_take(self->config.pool, engine, error);
    char *hash = lease != NULL ? tune_engine_data_hash(tune_engine_lease_engine(lease), error) : NULL;
    if (hash == NULL)
        return NULL;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    g_hash_table_insert(self->data, g_strdup(engine), g_strdup(hash));
    return hash;
}

/* The order without what does not decide the result. (transfer full) */
static json_t *payload_of(const TuneOrder *order)
{
    json_t *payload = json_pack("{s:s, s:o, s:I, s:i, s:b}", "engine", order->engine, "brief",
                                tune_brief_to_json(order->brief), "seed", (json_int_t)order->seed,
                                "rate", (int)order->rate, "stems", order->stems);

    if (order->take != NULL)
        json_object_set(payload, "take", (json_t *)order->take);
    return payload;
}

/* The SHA-256 of what decides the result; *payload (transfer full) is the same with the format, for the
 * worker. */
static char *identity_of(TuneJobs *self, const TuneOrder *order, char **payload, GError **error)
{
    g_autofree char *data = data_hash(self, order->engine, error);
    if (data == NULL)
        return NULL;
    g_autoptr(json_t) all = payload_of(order);
    json_object_set_new(all, "version", json_string(TUNE_VERSION));
    json_object_set_new(all, "data", json_string(data));
    json_object_set_new(all, "style", json_string(tune_style_hash(order->brief->style)));
    if (order->brief->blend != NULL)
        json_object_set_new(all, "blend", json_string(tune_style_hash(order->brief->blend)));
    g_autofree char *text = tune_json_canonical(all);
    *payload = g_strdup_printf("{\"format\":\"%s\",%s", tune_audio_format_name(order->format),
                               text + strlen("{"));
    return tune_hash_bytes(text, strlen(text));
}

/* ---- submit ---- */

static gboolean refuse(GError **error, const char *message)
{
    g_set_error_literal(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_ORDER, message);
    return FALSE;
}

static gboolean check(TuneJobs *self, const TuneOrder *order, GError **error)
{
    guint n_queued;

    if (strcmp(order->kind, "generate") != 0)
        return refuse(error, "kind: only \"generate\" can be ordered");
    if (order->rate < 22050 || order->rate > 96000)
        return refuse(error, "sample_rate: 22050 to 96000 can be made");
    if (order->format >= TUNE_N_AUDIO_FORMATS)
        return refuse(error, "format: not a sound format");
    if (order->seed >= G_GUINT64_CONSTANT(1) << 53)
        return refuse(error, "seed: a whole number below 2^53");
    if (!g_utf8_validate(order->prompt, -1, NULL) ||
        (order->idempotency_key != NULL && !g_utf8_validate(order->idempotency_key, -1, NULL)))
        return refuse(error, "prompt or key: not UTF-8");
    if (strcmp(order->engine, "simulate") == 0)
        return refuse(error, "engine: simulate makes no sound");
    if (order->stems && tune_engine_spec_has_model(order->engine))
        return refuse(error, "stems: a model makes the sound as a whole; compose makes stems");
    if (!tune_line_length(self->line, &n_queued, error))
        return FALSE;
    if (n_queued < self->config.max_queued)
        return TRUE;
    g_set_error(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_BUSY,
                "the queue is full (%u wait); try again later", n_queued);
    return FALSE;
}

/* The first answer again, with what has become of it. */
static gboolean fill_replayed(TuneJobs *self, TuneAccepted *out, GError **error)
{
    g_autoptr(json_t) row = tune_generation_get(self->config.store, out->id, NULL, error);

    if (row == NULL)
        return error == NULL || *error != NULL
                   ? FALSE
                   : refuse(error, "Idempotency-Key: the generation it stood for was deleted");
    out->replayed = TRUE;
    out->status = g_intern_string(json_string_value(json_object_get(row, "status")));
    if (strcmp(out->status, "queued") != 0)
        return TRUE;
    return tune_line_find(self->line, json_string_value(json_object_get(row, "job_id")),
                          (gint)json_integer_value(json_object_get(row, "job_priority")),
                          json_integer_value(json_object_get(row, "turn")), self->n_workers,
                          &out->queue_position, &out->eta_seconds, error);
}

static gboolean fill(TuneJobs *self, const TuneEnqueued *put, TuneAccepted *out, GError **error)
{
    g_strlcpy(out->id, put->id, sizeof out->id);
    if (put->key_misused) {
        g_set_error_literal(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_IDEMPOTENCY,
                            "Idempotency-Key: it was used for another request");
        return FALSE;
    }
    if (put->replayed)
        return fill_replayed(self, out, error);
    g_mutex_lock(&self->lock);
    self->counts.accepted++;
    self->counts.shared += put->how != TUNE_ENQUEUED_NEW;
    g_mutex_unlock(&self->lock);
    out->status = put->how == TUNE_ENQUEUED_COMPLETED ? "completed"
                  : put->running                      ? "running"
                                                      : "queued";
    out->eta_seconds = put->how == TUNE_ENQUEUED_COMPLETED ? 0 : out->estimate.seconds;
    if (put->how == TUNE_ENQUEUED_COMPLETED || put->running)
        return TRUE;
    tune_line_touch(self->line);
    /* It is accepted: that its place cannot be told just now is no failure. */
    if (!tune_line_find(self->line, put->job_id, put->priority, put->turn, self->n_workers,
                        &out->queue_position, &out->eta_seconds, NULL))
        out->queue_position = 0;
    return TRUE;
}

gboolean tune_jobs_put(TuneJobs *self, const TuneEnqueue *item, TuneAccepted *out, GError **error)
{
    TuneEnqueued put;

    return tune_intake_put(self->intake, item, &put, error) && fill(self, &put, out, error);
}

/* What an idempotency key stands for: the body as given, as a seed may have been drawn for it. */
static char *request_hash(const TuneOrder *order, const char *identity)
{
    if (order->idempotency_key == NULL || order->request == NULL)
        return g_strdup(identity);
    g_autofree char *text = tune_json_canonical(order->request);
    return tune_hash_bytes(text, strlen(text));
}

gboolean tune_jobs_submit(TuneJobs *self, const TuneOrder *order, TuneAccepted *out, GError **error)
{
    *out = (TuneAccepted){.status = "queued"};
    if (!check(self, order, error) || !estimate(self, order, &out->estimate, error) ||
        !tune_admission_check(&self->admission, out->estimate.memory_bytes, error))
        return FALSE;
    g_autofree char *payload = NULL;
    g_autofree char *identity = identity_of(self, order, &payload, error);
    if (identity == NULL)
        return FALSE;
    g_autofree char *request =
        order->request != NULL ? json_dumps(order->request, JSON_COMPACT) : g_strdup("{}");
    g_autofree char *same = request_hash(order, identity);
    TuneEnqueue item = {.owner = order->owner != NULL ? order->owner : "",
                        .kind = order->kind,
                        .identity = identity,
                        .engine = order->engine,
                        .prompt = order->prompt,
                        .request = request,
                        .format = tune_audio_format_name(order->format),
                        .payload = payload,
                        .webhook = order->webhook,
                        .seed = order->seed,
                        .priority = CLAMP(order->priority, -10, 10),
                        .memory_bytes = out->estimate.memory_bytes,
                        .seconds = out->estimate.seconds,
                        .max_attempts = self->config.max_attempts,
                        .idempotency_key = order->idempotency_key,
                        .request_hash = same};
    return tune_jobs_put(self, &item, out, error);
}
