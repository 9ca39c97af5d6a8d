/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The store under load: THREADS threads do one thing for SECONDS seconds.
 *
 *   bench-store URL THREADS SECONDS WHAT...
 *
 *   list     first page of public tracks, as JSON        page    a page at a random depth
 *   genre    first page of one genre                     search  two random words of the vocabulary
 *   filter   first page by mood, key, engine, tempo or length, half of what few tracks have
 *   accept   one generation and its job, durable (store/queue.h)
 *   migrate  nothing: the schema is made
 *
 * One CSV line each: what, threads, operations a second, milliseconds at the median, 95 and 99 %.
 */
#include "base/random.h"
#include "store/queue.h"
#include "store/tracks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VOCABULARY 3000

typedef struct {
    const char *what;
    TuneStore *store;
    gint64 until_us;
    GPtrArray *words;
    guint number;
    GArray *times_us; /* of gint64 */
    TuneRandom random;
} Worker;

typedef gboolean (*Operation)(Worker *self, GError **error);

static gboolean kept(json_t *json)
{
    json_decref(json);
    return json != NULL;
}

static gboolean list(Worker *self, GError **error)
{
    return kept(tune_tracks_public(self->store, NULL, &(TuneTrackPage){.limit = 11}, error));
}

static gboolean page(Worker *self, GError **error)
{
    gint64 minute = tune_random_int(&self->random, 1, 1000000);
    TuneTrackPage deep = {
        .before_us = 1700000000000000 + minute * 60000000, .before_id = "0190ffff", .limit = 11};
    return kept(tune_tracks_public(self->store, NULL, &deep, error));
}

static gboolean genre(Worker *self, GError **error)
{
    char name[16];
    g_snprintf(name, sizeof name, "genre%d", tune_random_int(&self->random, 0, 56));
    return kept(tune_tracks_public(self->store, &(TuneTrackFilter){.genre = name},
                                   &(TuneTrackPage){.limit = 11}, error));
}

static gboolean filter(Worker *self, GError **error)
{
    static const TuneTrackFilter filters[] = {
        {.mood = "mood3"},
        {.mood = "nobody's"},
        {.key = "F minor"},
        {.key = "H minor"},
        {.engine = "compose"},
        {.engine = "musicgen"},
        {.bpm_min = 61.5, .bpm_max = 62.5},
        {.bpm_min = 300},
        {.seconds_max = 10},
        {.seconds_min = 5000},
        {.mood = "mood3", .key = "C major", .genre = "genre4"},
        {.bpm_min = 60, .bpm_max = 61, .seconds_min = 510}};
    guint i = (guint)tune_random_int(&self->random, 0, G_N_ELEMENTS(filters) - 1);

    return kept(tune_tracks_public(self->store, &filters[i], &(TuneTrackPage){.limit = 11}, error));
}

static gboolean search(Worker *self, GError **error)
{
    const char *one = self->words->pdata[tune_random_int(&self->random, 0, VOCABULARY - 1)];
    const char *two = self->words->pdata[tune_random_int(&self->random, 0, VOCABULARY - 1)];
    g_autofree char *words = g_strdup_printf("%s %s", one, two);
    return kept(tune_tracks_search(self->store, words, NULL, 0, 11, error));
}

static gboolean word(Worker *self, GError **error)
{
    const char *one = self->words->pdata[tune_random_int(&self->random, 0, VOCABULARY - 1)];
    return kept(tune_tracks_search(self->store, one, NULL, 0, 11, error));
}

static gboolean accept(Worker *self, GError **error)
{
    g_autofree char *identity = tune_store_new_id();
    TuneEnqueue item = {.owner = "",
                        .kind = "generate",
                        .identity = identity,
                        .engine = "compose",
                        .prompt = "slow jazz ballad in F minor",
                        .request = "{\"prompt\":\"slow jazz ballad in F minor\"}",
                        .format = "flac",
                        .payload = "{}",
                        .memory_bytes = 50000000,
                        .seconds = 5,
                        .max_attempts = 5,
                        .request_hash = "x"};
    const TuneEnqueue *items[] = {&item};
    TuneEnqueued out;
    return tune_queue_enqueue(self->store, items, &out, 1, error);
}

static const struct {
    const char *what;
    Operation operation;
} OPERATIONS[] = {{"list", list},     {"page", page}, {"genre", genre},  {"filter", filter},
                  {"search", search}, {"word", word}, {"accept", accept}};

static Operation operation_of(const char *what)
{
    for (guint i = 0; i < G_N_ELEMENTS(OPERATIONS); i++)
        if (g_str_equal(OPERATIONS[i].what, what))
            return OPERATIONS[i].operation;
    return NULL;
}

static gpointer work(gpointer data)
{
    Worker *self = data;
    Operation operation = operation_of(self->what);
    gint64 now = g_get_monotonic_time();

    tune_random_init(&self->random, self->number, "bench-store/%s", self->what);
    while (now < self->until_us) {
        g_autoptr(GError) error = NULL;
        gint64 start = now;
        if (!operation(self, &error))
            g_error("%s: %s", self->what, error != NULL ? error->message : "nothing");
        now = g_get_monotonic_time();
        gint64 us = now - start;
        g_array_append_val(self->times_us, us);
    }
    return NULL;
}

static gint by_time(gconstpointer a, gconstpointer b)
{
    gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;
    return left < right ? -1 : left > right;
}

static double at_share(const GArray *sorted, double share)
{
    guint index = (guint)((double)(sorted->len - 1) * share);
    return (double)g_array_index(sorted, gint64, index) / 1000.0;
}

static void run(TuneStore *store, GPtrArray *words, const char *what, guint n_threads,
                double seconds)
{
    g_autofree Worker *workers = g_new0(Worker, n_threads);
    g_autofree GThread **threads = g_new(GThread *, n_threads);
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(gint64));
    gint64 start = g_get_monotonic_time();

    for (guint i = 0; i < n_threads; i++) {
        workers[i] = (Worker){.what = what,
                              .store = store,
                              .words = words,
                              .number = i,
                              .until_us = start + (gint64)(seconds * 1e6)};
        workers[i].times_us = g_array_new(FALSE, FALSE, sizeof(gint64));
        threads[i] = g_thread_new("worker", work, &workers[i]);
    }
    for (guint i = 0; i < n_threads; i++) {
        g_thread_join(threads[i]);
        g_array_append_vals(all, workers[i].times_us->data, workers[i].times_us->len);
        g_array_unref(workers[i].times_us);
    }
    double took = (double)(g_get_monotonic_time() - start) / 1e6;
    g_array_sort(all, by_time);
    printf("%s,%u,%.0f,%.2f,%.2f,%.2f\n", what, n_threads, all->len / took, at_share(all, 0.5),
           at_share(all, 0.95), at_share(all, 0.99));
    fflush(stdout);
}

static GPtrArray *read_words(void)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < VOCABULARY; i++) {
        char number[16];
        g_snprintf(number, sizeof number, "%u", i);
        char *word = g_compute_checksum_for_string(G_CHECKSUM_MD5, number, -1);
        word[8] = '\0';
        for (char *p = word; *p != '\0'; p++)
            if (g_ascii_isdigit(*p))
                *p = (char)('g' + *p - '0');
        g_ptr_array_add(words, word);
    }
    return words;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    TuneStoreConfig config = TUNE_STORE_CONFIG_DEFAULT;

    if (argc < 5) {
        fprintf(stderr,
                "usage: bench-store URL THREADS SECONDS list|page|genre|search|accept...\n");
        return 2;
    }
    config.url = argv[1];
    g_autoptr(TuneStore) store = tune_store_open(&config, &error);
    if (store == NULL) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    g_autoptr(GPtrArray) words = read_words();
    for (int i = 4; i < argc; i++)
        if (operation_of(argv[i]) != NULL)
            run(store, words, argv[i], (guint)atoi(argv[2]), g_ascii_strtod(argv[3], NULL));
    return 0;
}
