/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A slow statement is noted by the thread that ran it and reported by one of its own, which asks
 * the database for the plan: whoever was slow already does not wait for that too.  A plan is asked
 * for at most every five minutes for each statement.
 */
#include "store/store-private.h"

#define QUEUE_MAX     64
#define ADVICE_FOR_US (5 * 60 * G_TIME_SPAN_SECOND)

typedef struct {
    const TuneStatement *statement;
    guint64 count;
    gint64 max_us, total_us;
    gint64 last_us;       /* since 1970 */
    char *recommendation; /* (nullable) */
    gint64 advised_us;    /* monotonic; 0: never */
} Record;

typedef struct {
    const TuneStatement *statement;
    TuneParams *params;
    gint64 us;
} Note;

struct TuneSlow {
    TuneStore *store;
    GThread *thread;
    GMutex lock;
    GCond work;
    /* under lock */
    GHashTable *records; /* const TuneStatement * -> Record */
    GQueue notes;
    guint64 count;
    gboolean stop;
};

static void record_free(Record *self)
{
    g_free(self->recommendation);
    g_free(self);
}

static void note_free(Note *self)
{
    tune_params_free(self->params);
    g_free(self);
}

/* Spaces of the source's layout become one. (transfer full) */
static char *one_line(const char *sql)
{
    GString *line = g_string_new(NULL);
    for (const char *p = sql; *p != '\0'; p++) {
        gboolean space = g_ascii_isspace(*p);
        if (!space)
            g_string_append_c(line, *p);
        else if (line->len > 0 && line->str[line->len - 1] != ' ')
            g_string_append_c(line, ' ');
    }
    return g_string_free(line, FALSE);
}

/* ---- the reporting thread ---- */

static gboolean needs_advice(TuneSlow *self, const TuneStatement *statement)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    Record *record = g_hash_table_lookup(self->records, statement);
    gint64 now = g_get_monotonic_time();
    if (record->advised_us != 0 && now - record->advised_us < ADVICE_FOR_US)
        return FALSE;
    record->advised_us = now;
    return TRUE;
}

/* (transfer full) (nullable) */
static char *known_advice(TuneSlow *self, const TuneStatement *statement)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    Record *record = g_hash_table_lookup(self->records, statement);
    return g_strdup(record->recommendation);
}

static void report(TuneSlow *self, const Note *note)
{
    TuneStore *store = self->store;
    g_autofree char *sql = one_line(tune_store_sql(store, note->statement));

    if (needs_advice(self, note->statement)) {
        char *fresh = store->class->advise(store, note->statement, note->params);
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
        Record *record = g_hash_table_lookup(self->records, note->statement);
        g_free(record->recommendation);
        record->recommendation = fresh;
    }
    g_autofree char *advice = known_advice(self, note->statement);
    tune_log(&store->log, TUNE_LOG_WARNING, "[SLOW QUERY] %" G_GINT64_FORMAT "ms: %s",
             note->us / 1000, sql);
    if (advice != NULL)
        tune_log(&store->log, TUNE_LOG_WARNING, "[RECOMMENDATION] %s", advice);
}

static Note *wait_for_note(TuneSlow *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    while (self->notes.length == 0 && !self->stop)
        g_cond_wait(&self->work, &self->lock);
    return self->stop ? NULL : g_queue_pop_head(&self->notes);
}

static gpointer thread_main(gpointer data)
{
    TuneSlow *self = data;
    Note *note;
    while ((note = wait_for_note(self)) != NULL) {
        report(self, note);
        note_free(note);
    }
    return NULL;
}

TuneSlow *tune_slow_new(TuneStore *store)
{
    TuneSlow *self = g_new0(TuneSlow, 1);
    self->store = store;
    g_mutex_init(&self->lock);
    g_cond_init(&self->work);
    g_queue_init(&self->notes);
    self->records = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)record_free);
    self->thread = g_thread_new("store-slow", thread_main, self);
    return self;
}

void tune_slow_free(TuneSlow *self)
{
    if (self == NULL)
        return;
    g_mutex_lock(&self->lock);
    self->stop = TRUE;
    g_cond_signal(&self->work);
    g_mutex_unlock(&self->lock);
    g_thread_join(self->thread);
    g_queue_clear_full(&self->notes, (GDestroyNotify)note_free);
    g_hash_table_unref(self->records);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->work);
    g_free(self);
}

void tune_slow_note(TuneSlow *self, const TuneStatement *statement, const TuneParams *params,
                    gint64 us)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    Record *record = g_hash_table_lookup(self->records, statement);

    if (record == NULL) {
        record = g_new0(Record, 1);
        record->statement = statement;
        g_hash_table_insert(self->records, (gpointer)statement, record);
    }
    self->count++;
    record->count++;
    record->total_us += us;
    record->max_us = MAX(record->max_us, us);
    record->last_us = g_get_real_time();
    if (self->notes.length >= QUEUE_MAX)
        return; /* counted; the log has lines enough */
    Note *note = g_new(Note, 1);
    *note = (Note){.statement = statement, .params = tune_params_copy(params), .us = us};
    g_queue_push_tail(&self->notes, note);
    g_cond_signal(&self->work);
}

guint64 tune_slow_count(TuneSlow *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    return self->count;
}

/* ---- the list ---- */

static gint slower_first(gconstpointer a, gconstpointer b)
{
    const Record *left = *(Record *const *)a, *right = *(Record *const *)b;
    return left->max_us < right->max_us ? 1 : left->max_us > right->max_us ? -1 : 0;
}

static json_t *record_json(const TuneSlow *self, const Record *record)
{
    g_autofree char *sql = one_line(tune_store_sql(self->store, record->statement));
    json_t *json = json_pack(
        "{s:s, s:s, s:I, s:o, s:o, s:I}", "name", record->statement->name, "sql", sql, "count",
        (json_int_t)record->count, "max_ms", tune_json_real((double)record->max_us / 1000.0, 3),
        "avg_ms", tune_json_real((double)record->total_us / 1000.0 / (double)record->count, 3),
        "last", (json_int_t)record->last_us);
    if (record->recommendation != NULL)
        json_object_set_new(json, "recommendation", json_string(record->recommendation));
    return json;
}

json_t *tune_slow_list(TuneSlow *self, guint limit)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    json_t *list = json_array();
    GHashTableIter iter;
    gpointer record;

    g_hash_table_iter_init(&iter, self->records);
    while (g_hash_table_iter_next(&iter, NULL, &record))
        g_ptr_array_add(sorted, record);
    g_ptr_array_sort(sorted, slower_first);
    for (guint i = 0; i < sorted->len && i < limit; i++)
        json_array_append_new(list, record_json(self, sorted->pdata[i]));
    return list;
}
