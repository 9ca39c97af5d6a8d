/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "service.h"

#include <string.h>
#include <unistd.h>

/* Making a database takes PostgreSQL a second: one is emptied between its tests. */
static TestDatabase *shared;

static TestDatabase *open_database(gboolean postgres)
{
    if (!postgres)
        return test_database_new(FALSE);
    if (shared != NULL) {
        g_free(test_sql(shared->url, "SET client_min_messages = warning; TRUNCATE users, generations, "
                                     "jobs, dead_jobs, results, idempotency CASCADE"));
        return shared;
    }
    shared = test_database_new(TRUE);
    return shared;
}

void test_service_end(void)
{
    g_clear_pointer(&shared, test_database_free);
}

gboolean test_service_open(TestService *self, gboolean postgres)
{
    g_autoptr(GError) error = NULL;
    TuneCacheConfig cache = TUNE_CACHE_CONFIG_DEFAULT;
    TuneFilesConfig files = {.min_free_bytes = 1 << 20};
    TuneEnginePoolConfig pool = {.engine = {.synth = {.n_threads = 1}}};

    memset(self, 0, sizeof *self);
    self->database = open_database(postgres);
    if (self->database == NULL)
        return FALSE;
    self->folder = g_dir_make_tmp("tune-jobs-XXXXXX", NULL);
    files.folder = self->folder;
    self->store = test_database_open(self->database);
    self->files = tune_files_open(&files, &error);
    g_assert_no_error(error);
    self->cache = tune_cache_new(&cache, &error);
    g_assert_no_error(error);
    self->pool = tune_engine_pool_new(&pool);
    self->config = (TuneJobsConfig){.n_workers = 2};
    return TRUE;
}

void test_service_start(TestService *self)
{
    g_autoptr(GError) error = NULL;

    if (self->store == NULL)
        self->store = test_database_open(self->database);
    self->config.store = self->store;
    self->config.files = self->files;
    self->config.cache = self->cache;
    self->config.pool = self->pool;
    self->jobs = tune_jobs_new(&self->config, &error);
    g_assert_no_error(error);
    g_assert_true(tune_jobs_start(self->jobs, &error));
    g_assert_no_error(error);
}

void test_service_stop(TestService *self)
{
    g_clear_pointer(&self->jobs, tune_jobs_free);
    g_clear_pointer(&self->store, tune_store_free);
}

void test_service_sql(TestService *self, const char *sql)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneStore) store = test_database_open(self->database);
    TuneStatement statement = {"test", sql, NULL}; /* outlives the store */
    g_autoptr(TuneRows) rows = tune_store_write(store, &statement, &error, "");

    g_assert_no_error(error);
    g_assert_cmpuint(tune_rows_changed(rows), >=, 1);
}

void test_service_close(TestService *self)
{
    if (self->database == NULL)
        return;
    test_service_stop(self);
    tune_engine_pool_free(self->pool);
    tune_cache_free(self->cache);
    tune_files_free(self->files);
    test_remove_folder(self->folder);
    g_free(self->folder);
    if (self->database != shared)
        test_database_free(self->database);
}

TuneOrder test_order(TestService *self, const char *sentence, double seconds, guint64 seed)
{
    g_autoptr(GError) error = NULL;
    TuneVocabulary *vocabulary = tune_engine_pool_vocabulary(self->pool, &error);
    TuneBrief *brief = tune_brief_new();
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_assert_no_error(error);
    g_ascii_dtostr(text, sizeof text, seconds);
    tune_brief_set_field(brief, vocabulary, "duration", text, &error);
    g_assert_no_error(error);
    tune_brief_read_sentence(brief, vocabulary, sentence, &error);
    g_assert_no_error(error);
    tune_brief_complete(brief, vocabulary, &error);
    g_assert_no_error(error);
    return (TuneOrder){.owner = "",
                       .kind = "generate",
                       .engine = "compose",
                       .brief = brief,
                       .seed = seed,
                       .rate = 22050,
                       .format = TUNE_AUDIO_MP3,
                       .prompt = sentence};
}

void test_order_clear(TuneOrder *order)
{
    tune_brief_free((TuneBrief *)order->brief);
    order->brief = NULL;
}

TuneAccepted test_submit(TestService *self, const TuneOrder *order)
{
    g_autoptr(GError) error = NULL;
    TuneAccepted accepted;

    tune_jobs_submit(self->jobs, order, &accepted, &error);
    g_assert_no_error(error);
    return accepted;
}

TuneAccepted test_submit_piece(TestService *self, double seconds, guint64 seed)
{
    TuneOrder order = test_order(self, "calm solo piano", seconds, seed);
    TuneAccepted accepted = test_submit(self, &order);

    test_order_clear(&order);
    return accepted;
}

void test_wait_for(TestService *self, const char *id, const char *status)
{
    g_autofree char *is = NULL;

    for (guint i = 0; i < 6000; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) now = tune_jobs_status(self->jobs, id, NULL, &error);

        g_assert_no_error(error);
        g_free(is);
        is = json_dumps(now, JSON_COMPACT);
        if (g_strcmp0(json_string_value(json_object_get(now, "status")), status) == 0)
            return;
        g_usleep(10000);
    }
    g_error("still %s", is);
}

GByteArray *test_listen(TuneSound *sound)
{
    GByteArray *all = g_byte_array_new();
    guint8 buffer[5000];

    for (;;) {
        TuneGrowingState state = tune_sound_state(sound, NULL);
        gssize n = tune_sound_pread(sound, buffer, sizeof buffer, all->len);

        if (n > 0)
            g_byte_array_append(all, buffer, (guint)n);
        else if (n < 0 || state == TUNE_GROWING_DONE)
            return all;
        else
            g_usleep(2000);
    }
}

GByteArray *test_read_fd(int fd)
{
    GByteArray *all = g_byte_array_new();
    guint8 buffer[65536];
    gssize n;

    g_assert_cmpint(fd, >=, 0);
    while ((n = read(fd, buffer, sizeof buffer)) > 0)
        g_byte_array_append(all, buffer, (guint)n);
    close(fd);
    return all;
}
