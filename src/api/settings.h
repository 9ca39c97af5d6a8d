/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the service is told: one table says of every setting its flag, its environment variables, its key
 * in the YAML file, its kind, range and default.  Flags > environment > file > default.
 *
 *     g_autoptr(TuneSettings) settings = tune_settings_load(given, user_data, &error);
 *     settings->port
 *
 * A setting is --rate-free as a flag, TUNESMITH_RATE_FREE in the environment (and, for some, an older name
 * beside it), rate_free in the file.  Immutable after load, so thread-safe.
 */
#pragma once
#include <glib.h>

#define TUNE_SETTINGS_ERROR (tune_settings_error_quark())
GQuark tune_settings_error_quark(void);
typedef enum {
    TUNE_SETTINGS_ERROR_VALUE, /* cannot be read or is out of range; says which and where it was said */
    TUNE_SETTINGS_ERROR_FILE,  /* the file is not there or is no such YAML */
} TuneSettingsError;

typedef enum {
    TUNE_SETTING_TEXT,
    TUNE_SETTING_FILE,
    TUNE_SETTING_FOLDER,
    TUNE_SETTING_INTEGER,
    TUNE_SETTING_SWITCH, /* yes or no; --NAME, --no-NAME */
    TUNE_SETTING_CHOICE,
    TUNE_SETTING_LIST,   /* separated by commas; in YAML a list too */
    TUNE_SETTING_RATE,   /* "60/s", "600/m", "600/m burst 50", "off" */
} TuneSettingKind;

typedef enum {
    TUNE_SETTING_SECRET = 1 << 0,   /* never shown */
    TUNE_SETTING_RELOADED = 1 << 1, /* SIGHUP takes a new value */
} TuneSettingFlags;

/* Events a second with bursts; rate 0: no limit. */
typedef struct {
    double rate, burst;
} TuneRate;

typedef struct {
    const char *name;     /* of the flag: "pool-size" */
    const char *variables; /* further environment variables, separated by spaces (nullable) */
    TuneSettingKind kind;
    gint64 low, high;     /* of integers */
    const char *choices;  /* separated by spaces (nullable) */
    const char *otherwise; /* default, as text (nullable) */
    const char *argument; /* what --help calls it (nullable for switches) */
    const char *help;     /* one line, no full stop */
    TuneSettingFlags flags;
    gsize offset;         /* in TuneSettings */
} TuneSetting;

extern const TuneSetting tune_setting_table[];
extern const guint tune_setting_count;
/* By the flag's name; @length bytes of it. (nullable) */
const TuneSetting *tune_setting_find(const char *name, gsize length);

/* Every setting, by its kind. */
typedef struct TuneSettings {
    char *config;
    /* where */
    char *host;
    gint64 port;
    gboolean insecure;
    char **trusted_proxies;
    char *public_url;
    /* what is kept */
    char *data;
    char *database;
    char **replicas;
    gint64 pool_size, pool_overflow, pool_wait, pool_recycle, statement_timeout, slow_query;
    char *redis, *cache_prefix;
    gint64 cache_items, cache_megabytes;
    gint64 quota_megabytes;
    /* music */
    char *engine;
    char *soundfont, *sounds;
    gint64 threads;
    char *model, *weights; /* of the engine musicgen */
    gint64 batch;
    gboolean low_memory;
    char *project, *region;
    gint64 render_workers, render_megabytes, max_queued, max_attempts;
    /* who */
    char *auth; /* "auto", "on", "off" */
    char *api_key, *secret;
    gboolean registration, metrics_open;
    char *password_cost; /* "moderate", "interactive", "light" */
    gint64 access_minutes, refresh_days;
    char *limits; /* "auto", "on", "off" */
    TuneRate rate_anonymous, rate_free, rate_pro, rate_login;
    /* requests */
    gint64 loops, workers, max_connections, max_per_address, max_waiting;
    gint64 body_kilobytes, upload_megabytes;
    gint64 uploads_free, uploads_pro; /* MiB of one user */
    gint64 max_api_keys, max_presets;
    gint64 head_timeout, body_timeout, write_timeout, idle_timeout, drain;
    gboolean compression;
    /* calling others */
    char *webhook_secret;
    gboolean webhook_private;
    /* telling */
    char *log_level;
    char *access_log;
    gboolean check_answers;

    struct TuneSettingOrigins *origins; /* of every setting, see tune_settings_origin() */
} TuneSettings;

/* A flag's value or NULL; switches give "yes" or "no". */
typedef const char *(*TuneSettingGiven)(const char *name, gpointer user_data);

/* @given (nullable): no flags.  (transfer full) */
TuneSettings *tune_settings_load(TuneSettingGiven given, gpointer user_data, GError **error);
void tune_settings_free(TuneSettings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneSettings, tune_settings_free)

/* The value as text, "" for none; a secret that is set is "(hidden)". (transfer full) */
char *tune_settings_text(const TuneSettings *self, guint index);
/* "flag", "environment DATABASE_URL", "FILE:LINE", "default". */
const char *tune_settings_origin(const TuneSettings *self, guint index);

/* What cannot be reloaded is taken from @old, with where it was said. */
void tune_settings_keep(TuneSettings *self, const TuneSettings *old);

/* Is somebody else than this machine able to reach @host? */
gboolean tune_settings_host_is_public(const char *host);
