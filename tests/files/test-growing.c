/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "files-test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
#include "base/hash.h"

static void reads_what_is_there_so_far(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneGrowing) growing = tune_growing_new(test->files, "live", &error);
    char buffer[16];
    guint64 bytes;
    TuneStored stored;

    g_assert_no_error(error);
    g_assert_cmpint(tune_growing_pread(growing, buffer, 16, 0), ==, 0);
    g_assert_true(tune_growing_append(growing, "hello", 5, &error));
    g_assert_cmpint(tune_growing_pread(growing, buffer, 16, 1), ==, 4);
    g_assert_true(memcmp(buffer, "ello", 4) == 0);
    g_assert_cmpint(tune_growing_pread(growing, buffer, 16, 5), ==, 0);
    g_assert_cmpint(tune_growing_pread(growing, buffer, 16, 500), ==, 0);
    g_assert_cmpint(tune_growing_state(growing, &bytes), ==, TUNE_GROWING_MORE);
    g_assert_cmpuint(bytes, ==, 5);
    g_assert_true(tune_growing_commit(growing, &stored, &error));
    g_assert_cmpint(tune_growing_state(growing, &bytes), ==, TUNE_GROWING_DONE);
    g_assert_cmpstr(stored.sha256, ==,
                    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    g_assert_true(tune_files_verify(test->files, stored.sha256, &error));
    /* Even removed, it can be read to its end by those who have it open. */
    g_assert_true(tune_files_remove(test->files, stored.sha256, NULL));
    g_assert_cmpint(tune_growing_pread(growing, buffer, 3, 0), ==, 3);
    g_assert_cmpint(tune_growing_pread(growing, buffer, 3, 5), ==, 0);
}

static void a_failure_is_told_after_the_last_byte(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    g_autoptr(TuneGrowing) growing = tune_growing_new(test->files, "live", NULL);
    char buffer[16];

    g_assert_true(tune_growing_append(growing, "hello", 5, NULL));
    tune_growing_fail(growing);
    g_assert_cmpint(tune_growing_state(growing, NULL), ==, TUNE_GROWING_FAILED);
    g_assert_cmpint(tune_growing_pread(growing, buffer, 16, 0), ==, 5);
    g_assert_cmpint(tune_growing_pread(growing, buffer, 16, 5), ==, -1);
    g_assert_cmpuint(files_test_n_temporary(test->folder), ==, 0);
}

static void the_last_reference_removes_what_was_not_committed(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    TuneGrowing *growing = tune_growing_new(test->files, "live", NULL);

    tune_growing_ref(growing);
    tune_growing_append(growing, "hello", 5, NULL);
    tune_growing_unref(growing);
    g_assert_cmpuint(files_test_n_temporary(test->folder), ==, 1);
    tune_growing_unref(growing);
    g_assert_cmpuint(files_test_n_temporary(test->folder), ==, 0);
}

static void quota_of_8(TuneFilesConfig *config)
{
    config->quota_bytes = 8;
}

static void a_full_store_stops_it(void)
{
    g_autoptr(FilesTest) test = files_test_new(quota_of_8);
    g_autoptr(TuneGrowing) growing = tune_growing_new(test->files, "live", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(tune_growing_append(growing, "hello", 5, NULL));
    g_assert_false(tune_growing_append(growing, "hello", 5, &error));
    g_assert_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_FULL);
    tune_growing_fail(growing);
}

/* ---- watchers ---- */

typedef struct {
    TuneGrowing *growing;
    guint n_calls, id;
} Watcher;

static void count_call(gpointer user_data)
{
    ((Watcher *)user_data)->n_calls++;
}

static void leave_on_call(gpointer user_data)
{
    Watcher *self = user_data;

    self->n_calls++;
    tune_growing_unwatch(self->growing, self->id);
}

static void watchers_hear_of_every_change(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    g_autoptr(TuneGrowing) growing = tune_growing_new(test->files, "live", NULL);
    Watcher stays = {growing, 0, 0}, leaves = {growing, 0, 0}, goes = {growing, 0, 0};
    TuneStored stored;

    leaves.id = tune_growing_watch(growing, leave_on_call, &leaves);
    stays.id = tune_growing_watch(growing, count_call, &stays);
    goes.id = tune_growing_watch(growing, count_call, &goes);
    tune_growing_append(growing, "a", 1, NULL);
    tune_growing_unwatch(growing, goes.id);
    tune_growing_append(growing, "b", 1, NULL);
    tune_growing_commit(growing, &stored, NULL);
    g_assert_cmpuint(stays.n_calls, ==, 3);
    g_assert_cmpuint(leaves.n_calls, ==, 1);
    g_assert_cmpuint(goes.n_calls, ==, 1);
}

/* ---- many readers ---- */

#define N_READERS 12
#define N_APPENDS 400

typedef struct {
    TuneGrowing *growing;
    guint slow_us;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    guint n_changes;
    char *sha256;
} Reader;

static void wake(gpointer user_data)
{
    Reader *self = user_data;

    pthread_mutex_lock(&self->lock);
    self->n_changes++;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static gpointer read_to_the_end(gpointer user_data)
{
    Reader *self = user_data;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 buffer[4096];
    guint64 offset = 0;
    guint seen = 0;
    guint id = tune_growing_watch(self->growing, wake, self);

    for (;;) {
        TuneGrowingState state = tune_growing_state(self->growing, NULL);
        gssize n = tune_growing_pread(self->growing, buffer, sizeof buffer, offset);

        g_assert_cmpint(n, >=, 0);
        if (n == 0 && state == TUNE_GROWING_DONE)
            break;
        g_checksum_update(sum, buffer, n);
        offset += (guint64)n;
        if (self->slow_us > 0)
            g_usleep(self->slow_us);
        pthread_mutex_lock(&self->lock);
        while (n == 0 && self->n_changes == seen)
            pthread_cond_wait(&self->changed, &self->lock);
        seen = self->n_changes;
        pthread_mutex_unlock(&self->lock);
    }
    tune_growing_unwatch(self->growing, id);
    self->sha256 = g_strdup(g_checksum_get_string(sum));
    tune_growing_unref(self->growing);
    return NULL;
}

static void many_readers_get_the_same_bytes(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    g_autoptr(TuneGrowing) growing = tune_growing_new(test->files, "live", NULL);
    Reader readers[N_READERS] = {0};
    pthread_t threads[N_READERS];
    TuneStored stored;

    for (guint i = 0; i < N_READERS; i++) {
        readers[i].growing = tune_growing_ref(growing);
        readers[i].slow_us = i == 0 ? 300 : 0;
        pthread_mutex_init(&readers[i].lock, NULL);
        pthread_cond_init(&readers[i].changed, NULL);
        pthread_create(&threads[i], NULL, read_to_the_end, &readers[i]);
    }
    for (guint i = 0; i < N_APPENDS; i++) {
        g_autofree guint8 *bytes = files_test_bytes(i, 1 + i * 7 % 5000);
        g_assert_true(tune_growing_append(growing, bytes, 1 + i * 7 % 5000, NULL));
    }
    g_assert_true(tune_growing_commit(growing, &stored, NULL));
    for (guint i = 0; i < N_READERS; i++) {
        pthread_join(threads[i], NULL);
        g_assert_cmpstr(readers[i].sha256, ==, stored.sha256);
        g_free(readers[i].sha256);
        pthread_mutex_destroy(&readers[i].lock);
        pthread_cond_destroy(&readers[i].changed);
    }
}

static gpointer watch_and_leave(gpointer user_data)
{
    TuneGrowing *growing = user_data;

    for (guint i = 0; i < 500; i++) {
        Watcher *watcher = g_new0(Watcher, 1);

        guint id = tune_growing_watch(growing, count_call, watcher);
        tune_growing_unwatch(growing, id);
        memset(watcher, 0xff, sizeof *watcher); /* nobody may call it any more */
        g_free(watcher);
    }
    return NULL;
}

static void no_call_comes_after_unwatch(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    g_autoptr(TuneGrowing) growing = tune_growing_new(test->files, "live", NULL);
    pthread_t threads[4];
    TuneStored stored;

    for (guint i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, watch_and_leave, growing);
    for (guint i = 0; i < 2000; i++)
        g_assert_true(tune_growing_append(growing, "x", 1, NULL));
    for (guint i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    g_assert_true(tune_growing_commit(growing, &stored, NULL));
    g_assert_cmpuint(stored.bytes, ==, 2000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/files/growing/reads-so-far", reads_what_is_there_so_far);
    g_test_add_func("/files/growing/failure", a_failure_is_told_after_the_last_byte);
    g_test_add_func("/files/growing/last-reference",
                    the_last_reference_removes_what_was_not_committed);
    g_test_add_func("/files/growing/full", a_full_store_stops_it);
    g_test_add_func("/files/growing/watchers", watchers_hear_of_every_change);
    g_test_add_func("/files/growing/many-readers", many_readers_get_the_same_bytes);
    g_test_add_func("/files/growing/unwatch", no_call_comes_after_unwatch);
    return g_test_run();
}
