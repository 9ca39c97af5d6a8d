/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each endpoint in turn is asked by several clients with a connection each, so that the times of one do
 * not hide in those of another; a thread of its own samples the server's memory meanwhile.
 */
#include "cli/option.h"
#include "cli/profile-private.h"

#include <curl/curl.h>
#include <string.h>

#define SAMPLE_US 200000
#define MOST_NEW_PIECES 10
#define SOUND_WAIT_S 60L

static const ProfileProbe PROBES[] = {
    {"GET /health", "GET", "/health", NULL, 10, FALSE, FALSE},
    {"GET /presets", "GET", "/presets", NULL, 8, FALSE, FALSE},
    {"GET /config", "GET", "/config", NULL, 10, FALSE, FALSE},
    {"GET /openapi.json", "GET", "/openapi.json", NULL, 0, FALSE, FALSE},
    {"GET /api/v1/models", "GET", "/api/v1/models", NULL, 100, FALSE, FALSE},
    {"GET /api/v1/tracks", "GET", "/api/v1/tracks", NULL, 120, FALSE, FALSE},
    {"GET /api/v1/tracks?offset=100", "GET", "/api/v1/tracks?limit=20&offset=100", NULL, 120, FALSE,
     FALSE},
    {"GET /api/v1/tracks/trending", "GET", "/api/v1/tracks/trending", NULL, 100, FALSE, FALSE},
    {"GET /api/v1/tracks/search", "GET", "/api/v1/tracks/search?q=slow+piano", NULL, 100, FALSE,
     FALSE},
    {"GET /api/v1/community/stats", "GET", "/api/v1/community/stats", NULL, 100, FALSE, FALSE},
    {"POST /api/v1/generate, to the first sound", "POST", "/api/v1/generate",
     "{\"prompt\": \"calm piano, 10 seconds\", \"duration\": 10, \"format\": \"mp3\"}", 150, TRUE, TRUE},
    {"POST /tracks/generate", "POST", "/tracks/generate",
     "{\"text_input\": \"profile\", \"genre\": \"jazz\", \"duration_seconds\": 60, \"structure\": {}}", 30,
     TRUE, FALSE},
};

/* ---- one client ---- */

typedef struct {
    CURL *curl;
    struct curl_slist *fields;
    GString *body;     /* of the last answer, at most 1 MiB of it */
    guint64 bytes;
    gboolean first_only; /* stop at the first byte */
    double first_ms;
    gint64 started_us;
} Client;

static size_t keep(char *data, size_t size, size_t n, void *user_data)
{
    Client *client = user_data;
    size_t all = size * n;

    if (client->bytes == 0)
        client->first_ms = (double)(g_get_monotonic_time() - client->started_us) / 1000;
    client->bytes += all;
    if (client->body->len < 1 << 20)
        g_string_append_len(client->body, data, (gssize)all);
    return client->first_only ? 0 : all;
}

static Client *client_new(const Profile *profile)
{
    Client *client = g_new0(Client, 1);

    client->curl = curl_easy_init();
    client->body = g_string_new(NULL);
    client->fields = curl_slist_append(NULL, "Content-Type: application/json");
    client->fields = curl_slist_append(client->fields, "Expect:");
    if (profile->key != NULL) {
        g_autofree char *field = g_strdup_printf("X-API-Key: %s", profile->key);
        client->fields = curl_slist_append(client->fields, field);
    }
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, client->fields);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT, SOUND_WAIT_S);
    curl_easy_setopt(client->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    return client;
}

static void client_free(Client *client)
{
    curl_easy_cleanup(client->curl);
    curl_slist_free_all(client->fields);
    g_string_free(client->body, TRUE);
    g_free(client);
}

/* The status, or 0 when there was no answer. */
static long ask(Client *client, const char *url, const char *path, const char *method,
                const char *body)
{
    g_autofree char *whole = g_strconcat(url, path, NULL);
    long status = 0;

    g_string_truncate(client->body, 0);
    client->bytes = 0;
    client->started_us = g_get_monotonic_time();
    curl_easy_setopt(client->curl, CURLOPT_URL, whole);
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE, body != NULL ? (long)strlen(body) : 0L);
    curl_easy_setopt(client->curl, CURLOPT_POST, body != NULL ? 1L : 0L);
    CURLcode code = curl_easy_perform(client->curl);
    if (code != CURLE_OK && !(client->first_only && code == CURLE_WRITE_ERROR))
        return 0;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static json_t *ask_json(const Profile *profile, const char *path)
{
    Client *client = client_new(profile);
    json_t *value = NULL;

    if (ask(client, profile->url, path, "GET", NULL) == 200)
        value = json_loadb(client->body->str, client->body->len, 0, NULL);
    client_free(client);
    return value;
}

/* What was only ordered to see how long that takes is not made: it would stand in the way of the next. */
static void take_back(Client *client, const char *url, const json_t *answer)
{
    const char *status_url = json_string_value(json_object_get(answer, "status_url"));

    if (status_url != NULL)
        ask(client, url, status_url, "DELETE", NULL);
}

/* From the order to the first byte of sound; -1 when it was refused. */
static double ask_sound(Client *client, const char *url, const ProfileProbe *probe, long *status)
{
    gint64 began = g_get_monotonic_time();

    *status = ask(client, url, probe->path, probe->method, probe->body);
    g_autoptr(json_t) answer = json_loadb(client->body->str, client->body->len, 0, NULL);
    const char *stream = json_string_value(json_object_get(answer, "stream_url"));
    if (*status != 202 || stream == NULL)
        return -1;
    g_autofree char *path = g_strdup(stream);
    client->first_only = TRUE;
    *status = ask(client, url, path, "GET", NULL);
    client->first_only = FALSE;
    double ms = (double)(client->started_us - began) / 1000 + client->first_ms;
    gboolean heard = *status == 200 || *status == 206;
    long taken = *status;
    take_back(client, url, answer);
    *status = taken;
    return heard ? ms : -1;
}

/* ---- all clients of one endpoint ---- */

typedef struct {
    Profile *profile;
    ProfileTimes *times;
    GMutex lock; /* of times */
    gint left;   /* requests, atomic */
} Drive;

static gpointer drive_client(gpointer data)
{
    Drive *drive = data;
    const ProfileProbe *probe = drive->times->probe;
    Client *client = client_new(drive->profile);

    while (g_atomic_int_add(&drive->left, -1) > 0 &&
           !g_cancellable_is_cancelled(drive->profile->cancellable)) {
        gint64 began = g_get_monotonic_time();
        long status;
        double ms;
        if (probe->sound) {
            ms = ask_sound(client, drive->profile->url, probe, &status);
        } else {
            status = ask(client, drive->profile->url, probe->path, probe->method, probe->body);
            ms = (double)(g_get_monotonic_time() - began) / 1000;
            if (probe->writes) {
                g_autoptr(json_t) answer =
                    json_loadb(client->body->str, client->body->len, 0, NULL);
                take_back(client, drive->profile->url, answer);
            }
        }
        g_mutex_lock(&drive->lock);
        drive->times->last_status = status;
        drive->times->bytes += client->bytes;
        if (status >= 200 && status < 300 && ms >= 0)
            g_array_append_val(drive->times->ms, ms);
        else
            drive->times->errors++;
        g_mutex_unlock(&drive->lock);
    }
    client_free(client);
    return NULL;
}

static int compare_doubles(gconstpointer a, gconstpointer b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static ProfileTimes *drive_probe(Profile *profile, const ProfileProbe *probe)
{
    ProfileTimes *times = g_new0(ProfileTimes, 1);
    guint n = probe->writes ? MIN(profile->n_requests, MOST_NEW_PIECES) : profile->n_requests;
    guint n_clients = probe->sound ? 1 : MIN(profile->n_clients, n);
    g_autofree GThread **threads = g_new0(GThread *, n_clients);
    Drive drive = {.profile = profile, .times = times, .left = (gint)n};
    gint64 began = g_get_monotonic_time();

    g_mutex_init(&drive.lock);
    times->probe = probe;
    /* The first of all loads the sounds: that is the server's start, not this endpoint's time. */
    if (probe->sound) {
        Client *client = client_new(profile);
        long status;
        ask_sound(client, profile->url, probe, &status);
        client_free(client);
        began = g_get_monotonic_time();
    }
    times->ms = g_array_new(FALSE, FALSE, sizeof(double));
    for (guint i = 0; i < n_clients; i++)
        threads[i] = g_thread_new("profile", drive_client, &drive);
    for (guint i = 0; i < n_clients; i++)
        g_thread_join(threads[i]);
    times->seconds = (double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC;
    g_array_sort(times->ms, compare_doubles);
    g_mutex_clear(&drive.lock);
    return times;
}

/* ---- memory meanwhile ---- */

typedef struct {
    const Profile *profile;
    GArray *samples;
    gint stop; /* atomic */
} Sampler;

/* The value of the first sample line that begins with @name; -1 when there is none. */
static double metric(const char *text, const char *name)
{
    gsize length = strlen(name);

    for (const char *line = text; line != NULL && *line != '\0';) {
        if (strncmp(line, name, length) == 0 && (line[length] == ' ' || line[length] == '{')) {
            const char *space = strchr(line, ' ');
            return space != NULL ? g_ascii_strtod(space, NULL) : -1;
        }
        line = strchr(line, '\n');
        if (line != NULL)
            line++;
    }
    return -1;
}

static gpointer sample_memory(gpointer data)
{
    Sampler *sampler = data;
    Client *client = client_new(sampler->profile);
    gint64 began = g_get_monotonic_time();

    while (!g_atomic_int_get(&sampler->stop)) {
        if (ask(client, sampler->profile->url, "/metrics", "GET", NULL) == 200) {
            ProfileSample sample = {
                (double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC,
                metric(client->body->str, "tunesmith_resident_memory_bytes"),
                metric(client->body->str, "tunesmith_jobs_queued"),
            };
            g_array_append_val(sampler->samples, sample);
        }
        g_usleep(SAMPLE_US);
    }
    client_free(client);
    return NULL;
}

static void times_free(gpointer data)
{
    ProfileTimes *times = data;

    g_array_unref(times->ms);
    g_free(times);
}

gboolean profile_drive(Profile *self, GError **error)
{
    Client *client = client_new(self);
    long status = ask(client, self->url, "/health", "GET", NULL);

    client_free(client);
    if (status == 0) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING,
                    "profile: nobody answers at %s; start a server with tunesmith serve", self->url);
        return FALSE;
    }
    self->times = g_ptr_array_new_with_free_func(times_free);
    self->samples = g_array_new(FALSE, FALSE, sizeof(ProfileSample));
    self->before = ask_json(self, "/api/v1/performance/stats");
    Sampler sampler = {self, self->samples, 0};
    GThread *thread = g_thread_new("memory", sample_memory, &sampler);
    for (guint i = 0; i < G_N_ELEMENTS(PROBES); i++)
        if (!(self->read_only && PROBES[i].writes) && !g_cancellable_is_cancelled(self->cancellable))
            g_ptr_array_add(self->times, drive_probe(self, &PROBES[i]));
    g_atomic_int_set(&sampler.stop, 1);
    g_thread_join(thread);
    self->after = ask_json(self, "/api/v1/performance/stats");
    self->slow = ask_json(self, "/api/v1/performance/slow-queries");
    return !g_cancellable_set_error_if_cancelled(self->cancellable, error);
}

/* ---- figures ---- */

double profile_percentile(const ProfileTimes *times, double share)
{
    guint n = times->ms->len;

    if (n == 0)
        return 0;
    guint index = (guint)(share * (double)(n - 1) + 0.5);
    return g_array_index(times->ms, double, MIN(index, n - 1));
}

double profile_mean(const ProfileTimes *times)
{
    double sum = 0;

    for (guint i = 0; i < times->ms->len; i++)
        sum += g_array_index(times->ms, double, i);
    return times->ms->len > 0 ? sum / times->ms->len : 0;
}

double profile_rate(const ProfileTimes *times)
{
    return times->seconds > 0 ? times->ms->len / times->seconds : 0;
}
