/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/auth.h"
#include "api/settings.h"
#include "store/secrets.h"

#include <sodium.h>
#include <string.h>

#define CHANNEL "auth"
#define REMEMBER_US (60 * G_TIME_SPAN_SECOND)
#define MAX_REMEMBERED 10000
#define MAX_TOKEN_US (1440 * 60 * G_TIME_SPAN_SECOND) /* the longest life of an access token */
#define PASSWORD_WAIT_US (10 * G_TIME_SPAN_SECOND)
#define MOST_WAITING 8 /* each holds a thread that would answer others */

typedef struct {
    TuneCaller caller;
    gint64 until_us;
} Remembered;

typedef struct {
    gint64 at_us;    /* tokens issued until then have ended */
    gint64 until_us; /* there is none of them any more */
} Ended;

struct TuneAuth {
    TuneStore *store;
    const TuneLog *log;
    guint8 key[TUNE_TOKEN_KEY_BYTES];
    guint listener;
    unsigned long long password_ops;
    gsize password_memory;
    char *nobodys_hash; /* of a password that nobody has */

    GMutex lock;
    GHashTable *ended;  /* family or user id -> Ended; under lock */
    GHashTable *known;  /* hash of an API key, family of a session -> Remembered; under lock */
    gint64 since_us;    /* tokens issued before are checked with the database; under lock */

    GMutex hashing_lock;
    GCond hashing_done;
    guint hashing, max_hashing, waiting; /* under hashing_lock */
};

gboolean tune_auth_is_on(const TuneSettings *settings)
{
    return strcmp(settings->auth, "on") == 0 ||
           (strcmp(settings->auth, "auto") == 0 && settings->api_key != NULL);
}

gboolean tune_auth_limits_are_on(const TuneSettings *settings)
{
    return strcmp(settings->limits, "on") == 0 ||
           (strcmp(settings->limits, "auto") == 0 &&
            (tune_auth_is_on(settings) || tune_settings_host_is_public(settings->host)));
}

static const char *const tier_names[] = {"anonymous", "free", "pro", "unlimited"};

TuneTier tune_tier_of(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(tier_names); i++)
        if (strcmp(tier_names[i], name) == 0)
            return (TuneTier)i;
    return TUNE_TIER_FREE;
}

const char *tune_tier_name(TuneTier tier)
{
    return tier_names[MIN((guint)tier, G_N_ELEMENTS(tier_names) - 1)];
}

/* ---- what ended ---- */

static gboolean is_past(gpointer key, gpointer value, gpointer now)
{
    return ((Ended *)value)->until_us < *(gint64 *)now;
}

static gboolean remembered_is_past(gpointer key, gpointer value, gpointer now)
{
    return ((Remembered *)value)->until_us < *(gint64 *)now;
}

static gboolean is_of_user(gpointer key, gpointer value, gpointer user_id)
{
    return strcmp(((Remembered *)value)->caller.user_id, user_id) == 0;
}

/* "end ID TIME" of a family or user, "forget ID TIME" of a user's keys.  The time is that of the server
 * where it was said: who logs in again right afterwards is not kept out by news that is late. */
static void take_note(TuneAuth *self, const char *payload)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    gint64 now = g_get_real_time();
    g_auto(GStrv) words = g_strsplit(payload != NULL ? payload : "", " ", 3);

    if (g_strv_length(words) != 3) { /* something may have been missed */
        self->since_us = now;
        g_hash_table_remove_all(self->known);
        return;
    }
    g_hash_table_remove(self->known, words[1]);
    g_hash_table_foreach_remove(self->known, is_of_user, words[1]);
    if (strcmp(words[0], "end") != 0)
        return;
    g_hash_table_foreach_remove(self->ended, is_past, &now);
    Ended *ended = g_new(Ended, 1);
    *ended = (Ended){g_ascii_strtoll(words[2], NULL, 10), now + MAX_TOKEN_US};
    g_hash_table_replace(self->ended, g_strdup(words[1]), ended);
}

static void on_note(const char *channel, const char *payload, gpointer user_data)
{
    take_note(user_data, payload);
}

static gboolean notify(TuneTx *tx, gpointer user_data, GError **error)
{
    return tune_tx_notify(tx, CHANNEL, user_data, error);
}

static gboolean tell(TuneAuth *self, const char *what, const char *id, GError **error)
{
    g_autofree char *payload =
        g_strdup_printf("%s %s %" G_GINT64_FORMAT, what, id, g_get_real_time());

    take_note(self, payload);
    return tune_store_transact(self->store, notify, payload, error);
}

gboolean tune_auth_end(TuneAuth *self, const char *family, GError **error)
{
    return tune_sessions_end(self->store, family, error) && tell(self, "end", family, error);
}

gboolean tune_auth_end_user(TuneAuth *self, const char *user_id, GError **error)
{
    return tell(self, "end", user_id, error);
}

gboolean tune_auth_forget_user(TuneAuth *self, const char *user_id, GError **error)
{
    return tell(self, "forget", user_id, error);
}

/* ---- making ---- */

static gboolean load_key(TuneAuth *self, const TuneSettings *settings, GError **error)
{
    g_autofree char *secret = g_strdup(settings->secret);

    if (secret == NULL)
        secret = tune_secret_get(self->store, "tokens", error);
    if (secret == NULL)
        return FALSE;
    if (strlen(secret) < 32) {
        g_set_error(error, TUNE_SETTINGS_ERROR, TUNE_SETTINGS_ERROR_VALUE,
                    "secret: needs 32 characters or more");
        return FALSE;
    }
    crypto_generichash(self->key, sizeof self->key, (const guint8 *)secret, strlen(secret), NULL, 0);
    return TRUE;
}

static void set_password_cost(TuneAuth *self, const char *cost)
{
    gboolean light = strcmp(cost, "light") == 0;

    self->password_ops = light ? crypto_pwhash_OPSLIMIT_MIN : crypto_pwhash_OPSLIMIT_MODERATE;
    self->password_memory = light ? crypto_pwhash_MEMLIMIT_MIN : crypto_pwhash_MEMLIMIT_MODERATE;
    if (strcmp(cost, "interactive") == 0) {
        self->password_ops = crypto_pwhash_OPSLIMIT_INTERACTIVE;
        self->password_memory = crypto_pwhash_MEMLIMIT_INTERACTIVE;
    }
    self->max_hashing = self->password_memory > (128u << 20) ? 1 : 2;
}

TuneAuth *tune_auth_new(const TuneSettings *settings, TuneStore *store, const TuneLog *log,
                        GError **error)
{
    g_autoptr(TuneAuth) self = g_new0(TuneAuth, 1);

    self->store = store;
    self->log = log;
    g_mutex_init(&self->lock);
    g_mutex_init(&self->hashing_lock);
    g_cond_init(&self->hashing_done);
    self->ended = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    set_password_cost(self, settings->password_cost);
    if (!load_key(self, settings, error))
        return NULL;
    self->listener = tune_store_listen(store, CHANNEL, on_note, self);
    self->since_us = g_get_real_time();
    return g_steal_pointer(&self);
}

void tune_auth_free(TuneAuth *self)
{
    if (self == NULL)
        return;
    if (self->listener != 0)
        tune_store_unlisten(self->store, self->listener);
    g_hash_table_unref(self->ended);
    g_hash_table_unref(self->known);
    g_mutex_clear(&self->lock);
    g_mutex_clear(&self->hashing_lock);
    g_cond_clear(&self->hashing_done);
    g_free(self->nobodys_hash);
    sodium_memzero(self->key, sizeof self->key);
    g_free(self);
}

/* ---- judging ---- */

static gboolean recall(TuneAuth *self, const char *name, TuneCaller *out)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    const Remembered *found = g_hash_table_lookup(self->known, name);

    if (found == NULL || found->until_us < g_get_real_time())
        return FALSE;
    *out = found->caller;
    return TRUE;
}

static void remember(TuneAuth *self, const char *name, const TuneCaller *caller, gint64 until_us)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    gint64 now = g_get_real_time();

    if (g_hash_table_size(self->known) >= MAX_REMEMBERED)
        g_hash_table_foreach_remove(self->known, remembered_is_past, &now);
    if (g_hash_table_size(self->known) >= MAX_REMEMBERED)
        g_hash_table_remove_all(self->known);
    Remembered *entry = g_new(Remembered, 1);
    *entry = (Remembered){*caller, until_us};
    g_hash_table_replace(self->known, g_strdup(name), entry);
}

/* A session that ended stays so; its user may have opened another since. */
static gboolean has_ended(TuneAuth *self, const TuneToken *token, gboolean *unsure)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    const Ended *user = g_hash_table_lookup(self->ended, token->user_id);

    *unsure = token->issued_us < self->since_us;
    return g_hash_table_contains(self->ended, token->family) ||
           (user != NULL && token->issued_us <= user->at_us);
}

static TuneAuthResult judge_token(TuneAuth *self, const char *text, gboolean may_block,
                                  TuneCaller *out, GError **error)
{
    TuneToken token;
    gboolean unsure, live = FALSE;

    if (!tune_token_read(self->key, text, g_get_real_time(), &token) ||
        has_ended(self, &token, &unsure))
        return TUNE_AUTH_REFUSED;
    *out = (TuneCaller){.tier = (TuneTier)MIN(token.tier, TUNE_TIER_UNLIMITED),
                        .admin = token.admin};
    g_strlcpy(out->user_id, token.user_id, sizeof out->user_id);
    if (!unsure || recall(self, token.family, out))
        return TUNE_AUTH_KNOWN;
    if (!may_block)
        return TUNE_AUTH_LATER;
    if (!tune_sessions_is_live(self->store, token.family, &live, error))
        return TUNE_AUTH_FAILED;
    if (!live)
        return TUNE_AUTH_REFUSED;
    remember(self, token.family, out, token.expires_us);
    return TUNE_AUTH_KNOWN;
}

static TuneAuthResult judge_key(TuneAuth *self, const char *text, gboolean may_block,
                                TuneCaller *out, GError **error)
{
    g_autoptr(GError) why = NULL;
    char key_id[37];

    if (!tune_api_key_is_ours(self->key, text))
        return TUNE_AUTH_REFUSED;
    g_autofree char *hash = tune_token_hash(text);
    if (recall(self, hash, out))
        return TUNE_AUTH_KNOWN;
    if (!may_block)
        return TUNE_AUTH_LATER;
    g_autoptr(TuneUser) user = tune_api_keys_owner(self->store, hash, key_id, &why);
    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return TUNE_AUTH_FAILED;
    }
    if (user == NULL)
        return TUNE_AUTH_REFUSED;
    *out = (TuneCaller){.tier = tune_tier_of(user->tier), .admin = strcmp(user->role, "admin") == 0};
    g_strlcpy(out->user_id, user->id, sizeof out->user_id);
    remember(self, hash, out, g_get_real_time() + REMEMBER_US);
    return TUNE_AUTH_KNOWN;
}

TuneAuthResult tune_auth_judge(TuneAuth *self, const TuneSettings *settings, const char *credential,
                               gboolean may_block, TuneCaller *out, GError **error)
{
    if (credential == NULL)
        return TUNE_AUTH_NOBODY;
    if (settings->api_key != NULL && tune_secret_equal(settings->api_key, credential)) {
        *out = (TuneCaller){.tier = TUNE_TIER_UNLIMITED, .admin = TRUE, .service = TRUE};
        return TUNE_AUTH_KNOWN;
    }
    if (g_str_has_prefix(credential, TUNE_KEY_PREFIX))
        return judge_key(self, credential, may_block, out, error);
    return judge_token(self, credential, may_block, out, error);
}

/* ---- sessions ---- */

static json_t *session_json(TuneAuth *self, const TuneSettings *settings, const TuneUser *user,
                            const char *family, const char *refresh)
{
    gint64 now = g_get_real_time();
    TuneToken token = {.tier = (guint8)tune_tier_of(user->tier),
                       .admin = strcmp(user->role, "admin") == 0,
                       .issued_us = now,
                       .expires_us = now + settings->access_minutes * 60 * G_TIME_SPAN_SECOND};

    g_strlcpy(token.user_id, user->id, sizeof token.user_id);
    g_strlcpy(token.family, family, sizeof token.family);
    g_autofree char *access = tune_token_sign(self->key, &token);
    return json_pack("{s:s, s:s, s:I, s:s, s:I}", "access_token", access, "token_type", "bearer",
                     "expires_in", (json_int_t)(settings->access_minutes * 60), "refresh_token",
                     refresh, "refresh_expires_in", (json_int_t)(settings->refresh_days * 86400));
}

json_t *tune_auth_open(TuneAuth *self, const TuneSettings *settings, const TuneUser *user,
                       GError **error)
{
    g_autofree char *refresh = tune_refresh_make();
    g_autofree char *hash = tune_token_hash(refresh);
    char family[37];

    if (!tune_sessions_open(self->store, user->id, hash, settings->refresh_days * G_TIME_SPAN_DAY,
                            family, error))
        return NULL;
    return session_json(self, settings, user, family, refresh);
}

json_t *tune_auth_refresh(TuneAuth *self, const TuneSettings *settings, const char *refresh_token,
                          GError **error)
{
    g_autofree char *refresh = tune_refresh_make();
    g_autofree char *old_hash = tune_token_hash(refresh_token);
    g_autofree char *new_hash = tune_token_hash(refresh);
    g_autoptr(GError) why = NULL;
    char user_id[37], family[37];

    if (!tune_sessions_rotate(self->store, old_hash, new_hash,
                              settings->refresh_days * G_TIME_SPAN_DAY, user_id, family, &why)) {
        if (why->domain == TUNE_USERS_ERROR && why->code == TUNE_USERS_ERROR_REUSED) {
            tune_log(self->log, TUNE_LOG_WARNING,
                     "a refresh token of user %s was used twice; the session is ended", user_id);
            tell(self, "end", family, NULL);
        }
        g_propagate_error(error, g_steal_pointer(&why));
        return NULL;
    }
    g_autoptr(TuneUser) user = tune_users_by_id(self->store, user_id, TUNE_READ_PRIMARY, &why);
    if (user == NULL) {
        if (why != NULL)
            g_propagate_error(error, g_steal_pointer(&why));
        else
            g_set_error(error, TUNE_USERS_ERROR, TUNE_USERS_ERROR_EXPIRED, "the user is gone");
        return NULL;
    }
    return session_json(self, settings, user, family, refresh);
}

gboolean tune_auth_family_of(TuneAuth *self, const char *token, char family[37], GError **error)
{
    TuneToken access;

    if (tune_token_read(self->key, token, g_get_real_time(), &access)) {
        g_strlcpy(family, access.family, 37);
        return TRUE;
    }
    g_autofree char *hash = tune_token_hash(token);
    return tune_sessions_family_of(self->store, hash, family, error);
}

char *tune_auth_make_key(TuneAuth *self, char **hash, char **prefix)
{
    char *key = tune_api_key_make(self->key);

    *hash = tune_token_hash(key);
    *prefix = g_strndup(key, 12);
    return key;
}

/* ---- passwords ---- */

static gboolean take_turn(TuneAuth *self, GError **error)
{
    gint64 until = g_get_monotonic_time() + PASSWORD_WAIT_US;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->hashing_lock);

    gboolean in_time = self->hashing < self->max_hashing || self->waiting < MOST_WAITING;
    self->waiting++;
    while (in_time && self->hashing >= self->max_hashing)
        in_time = g_cond_wait_until(&self->hashing_done, &self->hashing_lock, until);
    self->waiting--;
    if (!in_time) {
        g_set_error(error, TUNE_API_ERROR, 503, "too many people are logging in; try again");
        return FALSE;
    }
    self->hashing++;
    return TRUE;
}

static void end_turn(TuneAuth *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->hashing_lock);

    self->hashing--;
    g_cond_signal(&self->hashing_done);
}

char *tune_auth_hash_password(TuneAuth *self, const char *password, GError **error)
{
    char hash[crypto_pwhash_STRBYTES];

    if (!take_turn(self, error))
        return NULL;
    gint result = crypto_pwhash_str_alg(hash, password, strlen(password), self->password_ops,
                                        self->password_memory, crypto_pwhash_ALG_ARGON2ID13);
    end_turn(self);
    if (result == 0)
        return g_strdup(hash);
    g_set_error(error, TUNE_API_ERROR, 503, "there is too little memory for this now; try again");
    return NULL;
}

/* The hash of a random password, made when first needed. */
static char *hash_of_nobody(TuneAuth *self, GError **error)
{
    g_mutex_lock(&self->lock);
    g_autofree char *hash = g_strdup(self->nobodys_hash);
    g_mutex_unlock(&self->lock);
    if (hash != NULL)
        return g_steal_pointer(&hash);
    g_autofree char *password = tune_refresh_make();
    hash = tune_auth_hash_password(self, password, error);
    g_mutex_lock(&self->lock);
    if (self->nobodys_hash == NULL)
        self->nobodys_hash = g_strdup(hash);
    g_mutex_unlock(&self->lock);
    return g_steal_pointer(&hash);
}

gboolean tune_auth_check_password(TuneAuth *self, const char *hash, const char *password,
                                  gboolean *right, GError **error)
{
    g_autofree char *compared = hash != NULL ? g_strdup(hash) : hash_of_nobody(self, error);

    if (compared == NULL || !take_turn(self, error))
        return FALSE;
    gint result = crypto_pwhash_str_verify(compared, password, strlen(password));
    end_turn(self);
    *right = result == 0 && hash != NULL;
    return TRUE;
}
