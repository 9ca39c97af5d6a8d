/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A server without HTTP, to be killed: takes orders from standard input, a line each ("SEED KEY"), answers
 * "OK KEY ID" when the order is durable or "NO KEY reason", and works at them.
 *
 *     chaos-driver DATABASE-URL FOLDER N-WORKERS LEASE-SECONDS
 *
 * N-WORKERS 0: only accepts.  SIGTERM drains.  Driven by tests/jobs/chaos.py.
 */
#include "jobs/jobs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    TuneStore *store;
    TuneCache *cache;
    TuneFiles *files;
    TuneEnginePool *pool;
    TuneJobs *jobs;
} Rooms;

static void say(TuneLogLevel level, const char *message, gpointer user_data)
{
    if (level >= TUNE_LOG_WARNING)
        fprintf(stderr, "%s\n", message);
}

static const TuneLog the_log = {say, NULL};

static gboolean open_rooms(Rooms *self, char **argv, GError **error)
{
    TuneStoreConfig store = TUNE_STORE_CONFIG_DEFAULT;
    TuneCacheConfig cache = TUNE_CACHE_CONFIG_DEFAULT;
    TuneFilesConfig files = TUNE_FILES_CONFIG_DEFAULT;
    TuneEnginePoolConfig pool = {.engine = {.synth = {.n_threads = 1}}};
    gint n_workers = atoi(argv[3]);

    store.url = argv[1];
    store.log = &the_log;
    files.folder = argv[2];
    self->store = tune_store_open(&store, error);
    self->cache = self->store != NULL ? tune_cache_new(&cache, error) : NULL;
    self->files = self->cache != NULL ? tune_files_open(&files, error) : NULL;
    if (self->files == NULL)
        return FALSE;
    self->pool = tune_engine_pool_new(&pool);
    TuneJobsConfig jobs = {.store = self->store,
                           .cache = self->cache,
                           .files = self->files,
                           .pool = self->pool,
                           .n_workers = n_workers > 0 ? (guint)n_workers : G_MAXUINT,
                           .max_attempts = 100,
                           .lease_s = (guint)atoi(argv[4]),
                           .log = &the_log};
    self->jobs = tune_jobs_new(&jobs, error);
    return self->jobs != NULL && tune_jobs_start(self->jobs, error);
}

static TuneBrief *make_brief(Rooms *self, GError **error)
{
    TuneVocabulary *vocabulary = tune_engine_pool_vocabulary(self->pool, error);
    g_autoptr(TuneBrief) brief = tune_brief_new();

    if (vocabulary != NULL && tune_brief_set_field(brief, vocabulary, "duration", "1", error) &&
        tune_brief_read_sentence(brief, vocabulary, "calm solo piano loop", error) &&
        tune_brief_complete(brief, vocabulary, error))
        return g_steal_pointer(&brief);
    return NULL;
}

/* Lines of standard output must not mix. */
static void take(Rooms *rooms, const TuneBrief *brief, char *line)
{
    g_autoptr(GError) error = NULL;
    char *key = strchr(line, ' ');
    TuneAccepted accepted;

    if (key != NULL)
        *key++ = '\0';
    const char *name = key != NULL ? key : line;
    TuneOrder order = {.owner = "", .kind = "generate", .engine = "compose", .brief = brief,
                       .seed = g_ascii_strtoull(line, NULL, 10), .rate = 22050,
                       .format = TUNE_AUDIO_MP3, .prompt = "calm solo piano loop",
                       .idempotency_key = key};
    if (tune_jobs_submit(rooms->jobs, &order, &accepted, &error))
        printf("OK %s %s\n", name, accepted.id);
    else
        printf("NO %s %s\n", name, error->message);
    fflush(stdout);
}

static gpointer wait_for_term(gpointer data)
{
    Rooms *rooms = data;
    sigset_t set;
    int number;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigwait(&set, &number);
    tune_jobs_drain(rooms->jobs, 0);
    _exit(0);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Rooms rooms = {0};
    sigset_t set;
    char line[300];

    if (argc != 5)
        return 2;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    g_autoptr(TuneBrief) brief =
        open_rooms(&rooms, argv, &error) ? make_brief(&rooms, &error) : NULL;
    if (brief == NULL) {
        fprintf(stderr, "chaos-driver: %s\n", error->message);
        return 1;
    }
    g_thread_unref(g_thread_new("term", wait_for_term, &rooms));
    printf("READY\n");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        g_strchomp(line);
        take(&rooms, brief, line);
    }
    tune_jobs_drain(rooms.jobs, 0);
    tune_jobs_free(rooms.jobs);
    tune_engine_pool_free(rooms.pool);
    tune_files_free(rooms.files);
    tune_cache_free(rooms.cache);
    tune_store_free(rooms.store);
    return 0;
}
