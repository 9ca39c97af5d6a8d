/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of settings and nothing else: the parser of flags has it too.
 */
#include "api/settings.h"

#include <string.h>

#define AT(field) G_STRUCT_OFFSET(TuneSettings, field)
#define SECRET TUNE_SETTING_SECRET
#define RELOADED TUNE_SETTING_RELOADED
#define YEAR_SECONDS (366 * 24 * 3600)

/* clang-format off */
const TuneSetting tune_setting_table[] = {
    {"config", NULL, TUNE_SETTING_FILE, 0, 0, NULL, NULL, "FILE.yaml",
     "file of settings; otherwise $XDG_CONFIG_HOME/tunesmith/config.yaml if it is there", 0, AT(config)},

    {"host", NULL, TUNE_SETTING_TEXT, 0, 0, NULL, "127.0.0.1", "ADDRESS",
     "address to listen on", 0, AT(host)},
    {"port", "PORT", TUNE_SETTING_INTEGER, 0, 65535, NULL, "8080", "N",
     "port to listen on; 0 takes a free one and tells it", 0, AT(port)},
    {"insecure", NULL, TUNE_SETTING_SWITCH, 0, 0, NULL, "no", NULL,
     "listen on a public address without asking callers who they are", 0, AT(insecure)},
    {"trusted-proxies", NULL, TUNE_SETTING_LIST, 0, 0, NULL, NULL, "CIDR,...",
     "proxies whose Forwarded and X-Forwarded-* fields count", 0, AT(trusted_proxies)},
    {"public-url", NULL, TUNE_SETTING_TEXT, 0, 0, NULL, NULL, "URL",
     "how clients reach the service, for links in webhooks and the document", RELOADED, AT(public_url)},

    {"data", "TUNESMITH_DATA_DIR", TUNE_SETTING_FOLDER, 0, 0, NULL, NULL, "DIR",
     "folder of database, sounds and uploads; otherwise $XDG_DATA_HOME/tunesmith/service", 0, AT(data)},
    {"database", "DATABASE_URL", TUNE_SETTING_TEXT, 0, 0, NULL, NULL, "URL",
     "postgresql://... or sqlite:///PATH; otherwise a SQLite file in the data folder", SECRET, AT(database)},
    {"replicas", "DATABASE_REPLICA_URLS", TUNE_SETTING_LIST, 0, 0, NULL, NULL, "URL,...",
     "PostgreSQL servers that only read", SECRET, AT(replicas)},
    {"pool-size", NULL, TUNE_SETTING_INTEGER, 1, 1000, NULL, "20", "N",
     "database connections kept", 0, AT(pool_size)},
    {"pool-overflow", NULL, TUNE_SETTING_INTEGER, 0, 1000, NULL, "10", "N",
     "further connections under load", 0, AT(pool_overflow)},
    {"pool-wait", NULL, TUNE_SETTING_INTEGER, 1, 3600, NULL, "30", "SECONDS",
     "how long a request waits for a connection", 0, AT(pool_wait)},
    {"pool-recycle", NULL, TUNE_SETTING_INTEGER, 1, YEAR_SECONDS, NULL, "3600", "SECONDS",
     "age at which a connection is made anew", 0, AT(pool_recycle)},
    {"statement-timeout", NULL, TUNE_SETTING_INTEGER, 1, 3600, NULL, "30", "SECONDS",
     "longest time of one statement", 0, AT(statement_timeout)},
    {"slow-query", NULL, TUNE_SETTING_INTEGER, 0, 3600000, NULL, "100", "MS",
     "statements that take so long are logged with a recommendation", 0, AT(slow_query)},
    {"redis", "REDIS_URL", TUNE_SETTING_TEXT, 0, 0, NULL, NULL, "URL",
     "redis://... or unix:///PATH, shared by several servers; otherwise this process' memory only", SECRET,
     AT(redis)},
    {"cache-prefix", NULL, TUNE_SETTING_TEXT, 0, 0, NULL, "musicgen", "TEXT",
     "prefix of the keys in Redis", 0, AT(cache_prefix)},
    {"cache-items", NULL, TUNE_SETTING_INTEGER, 1, 10000000, NULL, "100", "N",
     "answers kept in memory", 0, AT(cache_items)},
    {"cache-megabytes", NULL, TUNE_SETTING_INTEGER, 1, 1048576, NULL, "2048", "MIB",
     "memory of the answers kept", 0, AT(cache_megabytes)},
    {"quota-megabytes", NULL, TUNE_SETTING_INTEGER, 0, G_GINT64_CONSTANT(1) << 40, NULL, "0", "MIB",
     "disk space of sounds and uploads; 0 is no limit", 0, AT(quota_megabytes)},

    {"engine", "MUSIC_GEN_MODE", TUNE_SETTING_TEXT, 0, 0, NULL, "compose", "NAME",
     "what makes the music: compose, or simulate for prompts without sound", 0, AT(engine)},
    {"soundfont", NULL, TUNE_SETTING_FILE, 0, 0, NULL, NULL, "FILE",
     "SoundFont to play with; otherwise the best installed", 0, AT(soundfont)},
    {"sounds", NULL, TUNE_SETTING_TEXT, 0, 0, NULL, NULL, "NAME",
     "mapping of better sounds for some instruments: a name or a file", 0, AT(sounds)},
    {"threads", NULL, TUNE_SETTING_INTEGER, 0, 256, NULL, "0", "N",
     "threads of one render; 0 is one a core", 0, AT(threads)},
    {"project", "GOOGLE_CLOUD_PROJECT", TUNE_SETTING_TEXT, 0, 0, NULL, NULL, "ID",
     "project of the gcp engine", 0, AT(project)},
    {"region", "GOOGLE_CLOUD_REGION GOOGLE_CLOUD_LOCATION", TUNE_SETTING_TEXT, 0, 0, NULL, "us-central1",
     "NAME", "region of the gcp engine", 0, AT(region)},
    {"render-workers", NULL, TUNE_SETTING_INTEGER, -1, 1024, NULL, "0", "N",
     "renders at the same time; 0 is one a core, -1 none (others do them)", 0, AT(render_workers)},
    {"render-megabytes", NULL, TUNE_SETTING_INTEGER, 0, G_GINT64_CONSTANT(1) << 30, NULL, "0", "MIB",
     "memory of all renders together; 0 is three quarters of what is free", 0, AT(render_megabytes)},
    {"max-queued", NULL, TUNE_SETTING_INTEGER, 1, 10000000, NULL, "100000", "N",
     "jobs that may wait; more are refused with 503", 0, AT(max_queued)},
    {"max-attempts", NULL, TUNE_SETTING_INTEGER, 1, 100, NULL, "5", "N",
     "how often a job is tried", 0, AT(max_attempts)},

    {"auth", NULL, TUNE_SETTING_CHOICE, 0, 0, "auto on off", "auto", "WHEN",
     "ask callers for a key or token; auto: unless only this machine can reach the address and no key is set",
     0, AT(auth)},
    {"api-key", "MUSIC_GEN_API_KEY", TUNE_SETTING_TEXT, 0, 0, NULL, NULL, "KEY",
     "the service key: who has it may do everything (better in the environment than as a flag)",
     SECRET | RELOADED, AT(api_key)},
    {"secret", NULL, TUNE_SETTING_TEXT, 0, 0, NULL, NULL, "TEXT",
     "what tokens are signed with, 32 characters or more; otherwise one kept in the database", SECRET,
     AT(secret)},
    {"registration", NULL, TUNE_SETTING_SWITCH, 0, 0, NULL, "yes", NULL,
     "anybody may register as a user", RELOADED, AT(registration)},
    {"password-cost", NULL, TUNE_SETTING_CHOICE, 0, 0, "moderate interactive light", "moderate", "HOW",
     "work of one password hash (argon2id): moderate 256 MiB, interactive 64 MiB, light for tests only", 0,
     AT(password_cost)},
    {"metrics-open", NULL, TUNE_SETTING_SWITCH, 0, 0, NULL, "yes", NULL,
     "/metrics needs no key", RELOADED, AT(metrics_open)},
    {"access-minutes", NULL, TUNE_SETTING_INTEGER, 1, 1440, NULL, "15", "N",
     "life of an access token", RELOADED, AT(access_minutes)},
    {"refresh-days", NULL, TUNE_SETTING_INTEGER, 1, 366, NULL, "30", "N",
     "life of a refresh token", RELOADED, AT(refresh_days)},
    {"limits", NULL, TUNE_SETTING_CHOICE, 0, 0, "auto on off", "auto", "WHEN",
     "limit the rate of requests; auto: unless only this machine can reach the address", RELOADED, AT(limits)},
    {"rate-anonymous", NULL, TUNE_SETTING_RATE, 0, 0, NULL, "60/m burst 30", "RATE",
     "requests of an address without a user: N/s, N/m, N/h, then maybe \"burst N\"; off is no limit", RELOADED,
     AT(rate_anonymous)},
    {"rate-free", NULL, TUNE_SETTING_RATE, 0, 0, NULL, "300/m burst 100", "RATE",
     "requests of a user of the tier free", RELOADED, AT(rate_free)},
    {"rate-pro", NULL, TUNE_SETTING_RATE, 0, 0, NULL, "3000/m burst 500", "RATE",
     "requests of a user of the tier pro", RELOADED, AT(rate_pro)},
    {"rate-login", NULL, TUNE_SETTING_RATE, 0, 0, NULL, "10/m burst 10", "RATE",
     "attempts to register or log in, by address, whatever limits says", RELOADED, AT(rate_login)},

    {"loops", NULL, TUNE_SETTING_INTEGER, 0, 64, NULL, "0", "N",
     "network threads; 0 is one a core, at most 4", 0, AT(loops)},
    {"workers", NULL, TUNE_SETTING_INTEGER, 0, 1024, NULL, "0", "N",
     "threads of requests that may wait; 0 is 32", 0, AT(workers)},
    {"max-waiting", NULL, TUNE_SETTING_INTEGER, 1, 1000000, NULL, "4096", "N",
     "requests that may wait for such a thread; more are answered 503", 0, AT(max_waiting)},
    {"max-connections", NULL, TUNE_SETTING_INTEGER, 1, 1000000, NULL, "10000", "N",
     "connections in total", 0, AT(max_connections)},
    {"max-per-address", NULL, TUNE_SETTING_INTEGER, 0, 1000000, NULL, "0", "N",
     "connections of one address; 0 is no limit", 0, AT(max_per_address)},
    {"body-kilobytes", NULL, TUNE_SETTING_INTEGER, 1, 1048576, NULL, "1024", "KIB",
     "largest body", 0, AT(body_kilobytes)},
    {"upload-megabytes", NULL, TUNE_SETTING_INTEGER, 1, 1048576, NULL, "100", "MIB",
     "largest upload", 0, AT(upload_megabytes)},
    {"uploads-free", NULL, TUNE_SETTING_INTEGER, 0, G_GINT64_CONSTANT(1) << 30, NULL, "1024", "MIB",
     "uploads of a user of the tier free together; 0 is no limit", RELOADED, AT(uploads_free)},
    {"uploads-pro", NULL, TUNE_SETTING_INTEGER, 0, G_GINT64_CONSTANT(1) << 30, NULL, "10240", "MIB",
     "uploads of a user of the tier pro together; 0 is no limit", RELOADED, AT(uploads_pro)},
    {"max-api-keys", NULL, TUNE_SETTING_INTEGER, 1, 10000, NULL, "50", "N",
     "API keys of one user", RELOADED, AT(max_api_keys)},
    {"max-presets", NULL, TUNE_SETTING_INTEGER, 1, 1000000, NULL, "1000", "N",
     "presets, the built-in ones too", RELOADED, AT(max_presets)},
    {"head-timeout", NULL, TUNE_SETTING_INTEGER, 1, 3600, NULL, "10", "SECONDS",
     "time for the head of a request", 0, AT(head_timeout)},
    {"body-timeout", NULL, TUNE_SETTING_INTEGER, 1, 3600, NULL, "10", "SECONDS",
     "time for its body, beside what its size needs", 0, AT(body_timeout)},
    {"write-timeout", NULL, TUNE_SETTING_INTEGER, 1, 3600, NULL, "20", "SECONDS",
     "time without a byte taken by the client", 0, AT(write_timeout)},
    {"idle-timeout", NULL, TUNE_SETTING_INTEGER, 1, 86400, NULL, "60", "SECONDS",
     "time between two requests on a connection", 0, AT(idle_timeout)},
    {"drain", NULL, TUNE_SETTING_INTEGER, 0, 3600, NULL, "30", "SECONDS",
     "how long requests and renders may finish at the end", RELOADED, AT(drain)},
    {"compression", NULL, TUNE_SETTING_SWITCH, 0, 0, NULL, "yes", NULL,
     "gzip and zstd for answers over 1 KB", RELOADED, AT(compression)},

    {"webhook-secret", NULL, TUNE_SETTING_TEXT, 0, 0, NULL, NULL, "SECRET",
     "signs what is sent to webhooks; else one is made and kept in the database", TUNE_SETTING_SECRET,
     AT(webhook_secret)},
    {"webhook-private", NULL, TUNE_SETTING_SWITCH, 0, 0, NULL, "no", NULL,
     "webhooks may go to addresses that are not public", 0, AT(webhook_private)},

    {"log-level", NULL, TUNE_SETTING_CHOICE, 0, 0, "debug info warning error", "info", "LEVEL",
     "what is told on standard error", RELOADED, AT(log_level)},
    {"access-log", NULL, TUNE_SETTING_CHOICE, 0, 0, "off text json", "text", "FORM",
     "a line for every request on standard error", RELOADED, AT(access_log)},
    {"check-answers", NULL, TUNE_SETTING_SWITCH, 0, 0, NULL, "no", NULL,
     "for tests: an answer that is not as the document says becomes a 500", 0, AT(check_answers)},
};
/* clang-format on */

const guint tune_setting_count = G_N_ELEMENTS(tune_setting_table);

const TuneSetting *tune_setting_find(const char *name, gsize length)
{
    for (guint i = 0; i < tune_setting_count; i++)
        if (strlen(tune_setting_table[i].name) == length &&
            strncmp(tune_setting_table[i].name, name, length) == 0)
            return &tune_setting_table[i];
    return NULL;
}
