/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The room from outside (jobs/jobs.h), each case against SQLite and PostgreSQL, with real renders.
 */
#include "service.h"
#include "base/hash.h"

#include <string.h>

typedef TestService Fixture;

static void set_up(Fixture *self, gconstpointer data)
{
    if (test_service_open(self, GPOINTER_TO_INT(data)))
        test_service_start(self);
}

static void tear_down(Fixture *self, gconstpointer data)
{
    test_service_close(self);
}

static json_t *status_of(Fixture *self, const char *id)
{
    g_autoptr(GError) error = NULL;
    json_t *status = tune_jobs_status(self->jobs, id, NULL, &error);

    g_assert_no_error(error);
    return status;
}

static TuneSound *sound_of(Fixture *self, const char *id, TuneAudioFormat format)
{
    g_autoptr(GError) error = NULL;
    TuneSound *sound = tune_jobs_sound(self->jobs, id, NULL, format, &error);

    g_assert_no_error(error);
    return sound;
}

static GByteArray *finished(Fixture *self, const char *id, TuneAudioFormat format)
{
    g_autoptr(TuneSound) sound = sound_of(self, id, format);
    g_autoptr(GByteArray) heard = test_listen(sound);
    const char *sha256 = NULL;
    guint64 bytes = 0;
    int fd = tune_sound_fd(sound, &bytes, &sha256);
    /* Its last byte is heard a moment before it is filed. */
    for (guint i = 0; fd < 0 && i < 5000; i++) {
        g_usleep(2000);
        fd = tune_sound_fd(sound, &bytes, &sha256);
    }
    GByteArray *all = test_read_fd(fd);
    g_autofree char *hash = tune_hash_bytes(all->data, all->len);

    g_assert_cmpuint(bytes, ==, all->len);
    g_assert_cmpstr(hash, ==, sha256);
    return all;
}

#define assert_same_bytes(a, b) g_assert_cmpmem((a)->data, (a)->len, (b)->data, (b)->len)

/* ---- results ---- */

static void test_an_order_gives_all_files(Fixture *self, gconstpointer data)
{
    static const char *const names[] = {"score.json", "score.mid", "score.musicxml", "score.abc",
                                        "recipe.json", "report", "waveform"};
    g_autoptr(GError) error = NULL;
    if (self->jobs == NULL)
        return;
    TuneOrder order = test_order(self, "calm solo piano", 5, 1);
    order.stems = TRUE;
    TuneAccepted accepted = test_submit(self, &order);
    test_order_clear(&order);
    g_assert_cmpfloat(accepted.estimate.seconds, >, 0);
    g_assert_cmpuint(accepted.estimate.memory_bytes, >, 0);
    test_wait_for(self, accepted.id, "completed");
    g_autoptr(json_t) status = status_of(self, accepted.id);
    const json_t *files = json_object_get(status, "files");
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *mime = NULL;
        guint64 bytes = 0;
        char sha256[65];
        int fd = tune_jobs_file(self->jobs, accepted.id, "", names[i], &bytes, &mime, sha256, &error);

        g_assert_no_error(error);
        g_autoptr(GByteArray) content = test_read_fd(fd);
        g_autofree char *hash = tune_hash_bytes(content->data, content->len);
        g_assert_cmpuint(content->len, ==, bytes);
        g_assert_cmpstr(hash, ==, sha256);
        g_assert_cmpstr(mime, ==,
                        json_string_value(json_object_get(json_object_get(files, names[i]), "mime")));
    }
    g_assert_nonnull(json_object_get(files, "audio/mp3"));
    g_assert_nonnull(json_object_get(files, "audio/flac24"));
    guint n_stems = 0;
    const char *name;
    json_t *file;
    json_object_foreach((json_t *)files, name, file)
        n_stems += g_str_has_prefix(name, "stems/") && g_str_has_suffix(name, ".wav");
    g_assert_cmpuint(n_stems, >=, 1);
    g_assert_true(json_is_object(json_object_get(status, "report")));
    g_assert_cmpuint(strlen(json_string_value(json_object_get(status, "recipe_sha256"))), ==, 64);
    g_assert_null(json_object_get(status, "identity"));
    g_assert_cmpint(tune_jobs_file(self->jobs, accepted.id, "", "nothing", NULL, NULL, NULL, &error), ==,
                    -1);
    g_assert_error(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_NO_SUCH_FILE);
}

/* What was heard while it was made is the file that is kept, and the same as one made later. */
static void test_streamed_bytes_are_the_file(Fixture *self, gconstpointer data)
{
    static const TuneAudioFormat formats[] = {TUNE_AUDIO_MP3,  TUNE_AUDIO_OGG,  TUNE_AUDIO_OPUS,
                                              TUNE_AUDIO_FLAC, TUNE_AUDIO_WAV16};
    TuneSound *sounds[G_N_ELEMENTS(formats)] = {NULL};
    if (self->jobs == NULL)
        return;
    TuneAccepted accepted = test_submit_piece(self, 18, 2);
    for (guint i = 0; i < G_N_ELEMENTS(formats); i++)
        sounds[i] = sound_of(self, accepted.id, formats[i]);
    TuneAccepted same = test_submit_piece(self, 18, 2);
    test_wait_for(self, same.id, "completed");
    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autoptr(GByteArray) heard = test_listen(sounds[i]);
        g_autoptr(GByteArray) file = finished(self, accepted.id, formats[i]);

        g_assert_cmpuint(heard->len, >, 1000);
        assert_same_bytes(heard, file);
        g_clear_pointer(&sounds[i], tune_sound_free);
    }
}

static void test_a_format_made_later_is_the_same(Fixture *self, gconstpointer data)
{
    static const TuneAudioFormat formats[] = {TUNE_AUDIO_OPUS, TUNE_AUDIO_MP3, TUNE_AUDIO_WAV24};
    GByteArray *live[G_N_ELEMENTS(formats)] = {NULL};
    if (self->jobs == NULL || GPOINTER_TO_INT(data)) /* the database has no part in it */
        return;
    TuneAccepted accepted = test_submit_piece(self, 16, 3);
    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autoptr(TuneSound) sound = sound_of(self, accepted.id, formats[i]);
        live[i] = test_listen(sound);
    }
    test_wait_for(self, accepted.id, "completed");
    test_service_stop(self);
    test_service_sql(self, "DELETE FROM result_files WHERE name LIKE 'audio/%' "
                           "AND name <> 'audio/flac24'");
    test_service_start(self);
    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autoptr(GByteArray) later = finished(self, accepted.id, formats[i]);

        assert_same_bytes(live[i], later);
        g_clear_pointer(&live[i], g_byte_array_unref);
    }
    for (guint i = 0; i < 500; i++) { /* and it is kept */
        g_autoptr(json_t) status = status_of(self, accepted.id);

        if (json_object_get(json_object_get(status, "files"), "audio/wav24") != NULL)
            return;
        g_usleep(10000);
    }
    g_assert_not_reached();
}

static void test_same_orders_share_one_run(Fixture *self, gconstpointer data)
{
    TuneJobsStats stats;
    if (self->jobs == NULL)
        return;
    TuneAccepted one = test_submit_piece(self, 5, 4), two = test_submit_piece(self, 5, 4);

    g_assert_cmpstr(one.id, !=, two.id);
    test_wait_for(self, one.id, "completed");
    test_wait_for(self, two.id, "completed");
    TuneAccepted late = test_submit_piece(self, 5, 4);
    g_assert_cmpstr(late.status, ==, "completed");
    g_assert_true(tune_jobs_stats(self->jobs, &stats, NULL));
    g_assert_cmpuint(stats.completed, ==, 1);
    g_assert_cmpuint(stats.accepted, ==, 3);
    g_assert_cmpuint(stats.shared, ==, 2);
    g_autoptr(GByteArray) file = finished(self, late.id, TUNE_AUDIO_MP3);
    g_assert_cmpuint(file->len, >, 1000);
}

static void test_keys(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    TuneAccepted misused;
    if (self->jobs == NULL)
        return;
    g_autoptr(json_t) body = json_pack("{s:s}", "prompt", "x"), other = json_pack("{s:s}", "prompt", "y");
    TuneOrder order = test_order(self, "calm solo piano", 5, 5);
    order.idempotency_key = "k1";
    order.request = body;
    TuneAccepted first = test_submit(self, &order);
    order.seed = 99; /* drawn anew for a body without one */
    TuneAccepted again = test_submit(self, &order);
    g_assert_true(again.replayed);
    g_assert_cmpstr(first.id, ==, again.id);
    order.request = other;
    g_assert_false(tune_jobs_submit(self->jobs, &order, &misused, &error));
    g_assert_error(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_IDEMPOTENCY);
    test_order_clear(&order);
    test_wait_for(self, first.id, "completed");
}

/* ---- live ---- */

static void test_listeners_at_any_place(Fixture *self, gconstpointer data)
{
    guint8 buffer[3000];
    if (self->jobs == NULL)
        return;
    TuneAccepted accepted = test_submit_piece(self, 20, 6);
    g_autoptr(TuneSound) slow = sound_of(self, accepted.id, TUNE_AUDIO_WAV16);
    g_autoptr(TuneSound) quick = sound_of(self, accepted.id, TUNE_AUDIO_WAV16);
    g_autoptr(GByteArray) all = test_listen(quick);
    guint64 bytes = 0;

    g_assert_cmpint(tune_sound_state(slow, &bytes), ==, TUNE_GROWING_DONE);
    g_assert_cmpuint(bytes, ==, all->len);
    for (guint64 at = 0; at < bytes; at += 100003) {
        gssize n = tune_sound_pread(slow, buffer, sizeof buffer, at);
        g_assert_cmpint(n, >, 0);
        g_assert_cmpmem(buffer, (int)n, all->data + at, (int)n);
    }
    g_assert_cmpint(tune_sound_pread(slow, buffer, sizeof buffer, bytes), ==, 0);
}

static void count_call(gpointer user_data)
{
    g_atomic_int_inc((gint *)user_data);
}

static void test_a_queued_sound_waits(Fixture *self, gconstpointer data)
{
    gint calls = 0;
    guint8 byte;
    if (self->store == NULL)
        return;
    test_service_stop(self);
    self->config.n_workers = G_MAXUINT;
    test_service_start(self);
    TuneAccepted accepted = test_submit_piece(self, 5, 7);
    TuneSound *sound = sound_of(self, accepted.id, TUNE_AUDIO_MP3);
    guint watch = tune_sound_watch(sound, count_call, &calls);
    g_assert_cmpint(tune_sound_state(sound, NULL), ==, TUNE_GROWING_MORE);
    g_assert_cmpint(tune_sound_pread(sound, &byte, 1, 0), ==, 0);
    g_assert_cmpint(tune_sound_fd(sound, NULL, NULL), ==, -1);
    g_assert_cmpuint(accepted.queue_position, ==, 1);
    TuneAccepted next = test_submit_piece(self, 5, 8);
    g_assert_cmpuint(next.queue_position, ==, 2);
    g_assert_cmpfloat(next.eta_seconds, >=, accepted.eta_seconds);
    g_assert_true(tune_jobs_cancel(self->jobs, accepted.id, "", NULL));
    for (guint i = 0; i < 1000 && tune_sound_state(sound, NULL) == TUNE_GROWING_MORE; i++)
        g_usleep(5000);
    g_assert_cmpint(tune_sound_state(sound, NULL), ==, TUNE_GROWING_FAILED);
    g_assert_cmpint(g_atomic_int_get(&calls), >=, 1);
    tune_sound_unwatch(sound, watch);
    tune_sound_free(sound);
}

static void test_a_listener_elsewhere_gets_the_sound(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    if (self->jobs == NULL || !self->database->postgres)
        return;
    TuneJobsConfig front_config = self->config;
    front_config.n_workers = G_MAXUINT;
    TuneJobs *worker = self->jobs, *front = tune_jobs_new(&front_config, &error);
    g_assert_no_error(error);
    g_assert_true(tune_jobs_start(front, &error));
    self->jobs = front;
    TuneAccepted accepted = test_submit_piece(self, 5, 9);
    TuneSound *sound = sound_of(self, accepted.id, TUNE_AUDIO_OGG);
    g_autoptr(GByteArray) heard = test_listen(sound);
    g_assert_cmpint(tune_sound_state(sound, NULL), ==, TUNE_GROWING_DONE);
    tune_sound_free(sound);
    tune_jobs_free(front);
    self->jobs = worker;
    g_autoptr(GByteArray) file = finished(self, accepted.id, TUNE_AUDIO_OGG);
    assert_same_bytes(heard, file);
}

/* ---- watching and stopping ---- */

typedef struct {
    GMutex lock;
    GPtrArray *statuses; /* char* */
    double last_progress;
    gboolean backwards, ended;
} Seen;

static void see(const char *id, const json_t *status, gpointer user_data)
{
    Seen *self = user_data;
    const char *text = json_string_value(json_object_get(status, "status"));
    double progress = json_number_value(json_object_get(status, "progress"));
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (self->statuses->len == 0 ||
        strcmp(self->statuses->pdata[self->statuses->len - 1], text) != 0)
        g_ptr_array_add(self->statuses, g_strdup(text));
    self->backwards = self->backwards || progress < self->last_progress;
    self->last_progress = progress;
    self->ended = strcmp(text, "completed") == 0;
}

static void test_watchers_see_it_go_on(Fixture *self, gconstpointer data)
{
    Seen seen = {.statuses = g_ptr_array_new_with_free_func(g_free)};
    if (self->jobs == NULL) {
        g_ptr_array_unref(seen.statuses);
        return;
    }
    TuneAccepted accepted = test_submit_piece(self, 30, 10);
    guint watch = tune_jobs_watch(self->jobs, accepted.id, see, &seen);
    test_wait_for(self, accepted.id, "completed");
    for (guint i = 0; i < 1000; i++) {
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&seen.lock);
        if (seen.ended)
            break;
        g_clear_pointer(&locker, g_mutex_locker_free);
        g_usleep(5000);
    }
    tune_jobs_unwatch(self->jobs, watch);
    g_assert_true(seen.ended);
    g_assert_false(seen.backwards);
    g_assert_cmpfloat(seen.last_progress, ==, 1);
    g_ptr_array_unref(seen.statuses);
}

static void test_cancel_stops_a_render(Fixture *self, gconstpointer data)
{
    TuneJobsStats stats;
    g_autoptr(GError) error = NULL;
    if (self->jobs == NULL)
        return;
    TuneAccepted accepted = test_submit_piece(self, 600, 11);
    g_autoptr(TuneSound) sound = sound_of(self, accepted.id, TUNE_AUDIO_MP3);
    test_wait_for(self, accepted.id, "running");
    gint64 start = g_get_monotonic_time();
    g_assert_true(tune_jobs_cancel(self->jobs, accepted.id, "", &error));
    g_assert_no_error(error);
    while (tune_sound_state(sound, NULL) == TUNE_GROWING_MORE)
        g_usleep(500);
    g_test_message("cancelled after %.1f ms", (double)(g_get_monotonic_time() - start) / 1000);
    g_assert_cmpint(tune_sound_state(sound, NULL), ==, TUNE_GROWING_FAILED);
    test_wait_for(self, accepted.id, "cancelled");
    g_assert_false(tune_jobs_cancel(self->jobs, accepted.id, "", &error));
    g_assert_error(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_STATE);
    g_clear_error(&error);
    g_assert_false(tune_jobs_cancel(self->jobs, "nothing", "", &error));
    g_assert_error(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_UNKNOWN);
    g_assert_true(tune_jobs_stats(self->jobs, &stats, NULL));
    g_assert_cmpuint(stats.completed, ==, 0);
    g_assert_null(tune_jobs_sound(self->jobs, accepted.id, NULL, TUNE_AUDIO_MP3, NULL));
}

static void test_a_shared_render_outlives_a_cancel(Fixture *self, gconstpointer data)
{
    if (self->jobs == NULL)
        return;
    TuneAccepted one = test_submit_piece(self, 25, 12), two = test_submit_piece(self, 25, 12);
    g_assert_true(tune_jobs_cancel(self->jobs, one.id, "", NULL));
    test_wait_for(self, two.id, "completed");
    test_wait_for(self, one.id, "cancelled");
}

/* ---- restart ---- */

static void test_a_drain_hands_back(Fixture *self, gconstpointer data)
{
    if (self->jobs == NULL)
        return;
    TuneAccepted accepted = test_submit_piece(self, 120, 13);
    test_wait_for(self, accepted.id, "running");
    gint64 start = g_get_monotonic_time();
    tune_jobs_drain(self->jobs, 0);
    g_test_message("drained in %.1f ms", (double)(g_get_monotonic_time() - start) / 1000);
    g_autoptr(json_t) status = status_of(self, accepted.id);
    g_assert_cmpstr(json_string_value(json_object_get(status, "status")), ==, "queued");
    g_assert_cmpint(json_integer_value(json_object_get(status, "attempts")), ==, 0);
    test_service_stop(self);
    test_service_start(self);
    test_wait_for(self, accepted.id, "completed");
    g_autoptr(json_t) end = status_of(self, accepted.id);
    g_assert_cmpstr(json_string_value(json_object_get(end, "status")), ==, "completed");
}

/* A worker that died without a word: its row says running, and nobody renews it. */
static void test_a_dead_workers_job_runs_again(Fixture *self, gconstpointer data)
{
    TuneJobsStats stats;
    if (self->store == NULL)
        return;
    test_service_stop(self);
    self->config.n_workers = G_MAXUINT;
    test_service_start(self);
    TuneAccepted accepted = test_submit_piece(self, 5, 14);
    test_service_stop(self);
    test_service_sql(self, "UPDATE jobs SET state = 'running', worker = 'dead', attempt = 1, lease_until = 1");
    self->config.n_workers = 1;
    self->config.lease_s = 1;
    test_service_start(self);
    test_wait_for(self, accepted.id, "completed");
    g_assert_true(tune_jobs_stats(self->jobs, &stats, NULL));
    g_assert_cmpuint(stats.rescued, ==, 1);
    g_autoptr(json_t) status = status_of(self, accepted.id);
    g_assert_cmpint(json_integer_value(json_object_get(status, "attempts")), ==, 2);
}

/* The database's clock jumps back: the lease seems to last for an hour, and nobody renews it. */
static void test_a_clock_that_jumps_back_keeps_no_job(Fixture *self, gconstpointer data)
{
    if (self->store == NULL || !self->database->postgres)
        return;
    test_service_stop(self);
    self->config.n_workers = G_MAXUINT;
    test_service_start(self);
    TuneAccepted accepted = test_submit_piece(self, 5, 15);
    test_service_stop(self);
    test_service_sql(self, "UPDATE jobs SET state = 'running', worker = 'dead', attempt = 1, "
                           "lease_until = 9000000000000000");
    self->config.n_workers = 1;
    self->config.lease_s = 2;
    test_service_start(self);
    test_wait_for(self, accepted.id, "completed");
}

/* ---- refusals ---- */

static void test_memory_is_stated_and_kept_to(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    TuneAccepted accepted;
    if (self->store == NULL || self->database->postgres)
        return;
    test_service_stop(self);
    self->config.memory_bytes = 1000;
    test_service_start(self);
    TuneOrder order = test_order(self, "calm solo piano", 5, 16);
    g_assert_false(tune_jobs_submit(self->jobs, &order, &accepted, &error));
    g_assert_error(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_TOO_LARGE);
    test_order_clear(&order);
}

static void test_a_full_queue_says_so(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    TuneAccepted accepted;
    if (self->store == NULL || self->database->postgres)
        return;
    test_service_stop(self);
    self->config.n_workers = G_MAXUINT;
    self->config.max_queued = 1;
    test_service_start(self);
    test_submit_piece(self, 5, 17);
    TuneOrder order = test_order(self, "calm solo piano", 5, 18);
    g_assert_false(tune_jobs_submit(self->jobs, &order, &accepted, &error));
    g_assert_error(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_BUSY);
    test_order_clear(&order);
}

static void test_impossible_orders_are_refused(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    TuneAccepted accepted;
    if (self->store == NULL || self->database->postgres)
        return;
    TuneOrder order = test_order(self, "calm solo piano", 5, 19);
    order.engine = "nonsense";
    g_assert_false(tune_jobs_submit(self->jobs, &order, &accepted, &error));
    g_assert_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_UNKNOWN);
    g_clear_error(&error);
    order.engine = "compose";
    order.rate = 1000;
    g_assert_false(tune_jobs_submit(self->jobs, &order, &accepted, &error));
    g_assert_error(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_ORDER);
    test_order_clear(&order);
}

/* ---- crowd ---- */

typedef struct {
    Fixture *fixture;
    guint number;
    char ids[10][37];
} Client;

static gpointer submit_ten(gpointer data)
{
    Client *self = data;

    for (guint i = 0; i < 10; i++) {
        TuneOrder order = test_order(self->fixture, "calm solo piano loop", 1, i % 5 + 100 * self->number);
        TuneAccepted accepted = test_submit(self->fixture, &order);
        test_order_clear(&order);
        g_strlcpy(self->ids[i], accepted.id, sizeof self->ids[i]);
    }
    return NULL;
}

static void test_a_crowd_is_served(Fixture *self, gconstpointer data)
{
    Client clients[4];
    GThread *threads[4];
    TuneJobsStats stats;
    if (self->jobs == NULL)
        return;
    for (guint i = 0; i < 4; i++) {
        clients[i] = (Client){.fixture = self, .number = i};
        threads[i] = g_thread_new("client", submit_ten, &clients[i]);
    }
    for (guint i = 0; i < 4; i++)
        g_thread_join(threads[i]);
    for (guint i = 0; i < 4; i++)
        for (guint j = 0; j < 10; j++)
            test_wait_for(self, clients[i].ids[j], "completed");
    g_assert_true(tune_jobs_stats(self->jobs, &stats, NULL));
    g_assert_cmpuint(stats.completed, ==, 20);
    g_assert_cmpuint(stats.accepted, ==, 40);
    g_assert_cmpuint(stats.memory_in_use, ==, 0);
}

static void add(const char *name, void (*test)(Fixture *, gconstpointer))
{
    for (gint postgres = 0; postgres < 2; postgres++) {
        g_autofree char *path = g_strdup_printf("/jobs/%s/%s", postgres ? "postgres" : "sqlite", name);
        g_test_add(path, Fixture, GINT_TO_POINTER(postgres), set_up, test, tear_down);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("an-order-gives-all-files", test_an_order_gives_all_files);
    add("streamed-bytes-are-the-file", test_streamed_bytes_are_the_file);
    add("a-format-made-later-is-the-same", test_a_format_made_later_is_the_same);
    add("same-orders-share-one-run", test_same_orders_share_one_run);
    add("idempotency-keys", test_keys);
    add("listeners-at-any-place", test_listeners_at_any_place);
    add("a-queued-sound-waits", test_a_queued_sound_waits);
    add("a-listener-elsewhere-gets-the-sound", test_a_listener_elsewhere_gets_the_sound);
    add("watchers-see-it-go-on", test_watchers_see_it_go_on);
    add("cancel-stops-a-render", test_cancel_stops_a_render);
    add("a-shared-render-outlives-a-cancel", test_a_shared_render_outlives_a_cancel);
    add("a-drain-hands-back", test_a_drain_hands_back);
    add("a-dead-workers-job-runs-again", test_a_dead_workers_job_runs_again);
    add("a-clock-that-jumps-back-keeps-no-job", test_a_clock_that_jumps_back_keeps_no_job);
    add("memory-is-stated-and-kept-to", test_memory_is_stated_and_kept_to);
    add("a-full-queue-says-so", test_a_full_queue_says_so);
    add("impossible-orders-are-refused", test_impossible_orders_are_refused);
    add("a-crowd-is-served", test_a_crowd_is_served);
    int status = g_test_run();
    test_service_end();
    return status;
}
