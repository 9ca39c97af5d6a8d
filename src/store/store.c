/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/store-private.h"

#include <string.h>

G_DEFINE_QUARK(tune - store - error - quark, tune_store_error)

/* ---- parameters ---- */

static gboolean take_param(TuneParam *param, char type, va_list *arguments, GError **error)
{
    param->type = type;
    switch (type) {
    case 't':
        param->text = va_arg(*arguments, const char *);
        if (param->text == NULL) {
            param->type = 'n';
        } else if (!g_utf8_validate(param->text, -1, NULL)) {
            g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_BROKEN,
                        "a text for the database is not UTF-8");
            return FALSE;
        }
        return TRUE;
    case 'i':
        param->integer = va_arg(*arguments, gint64);
        return TRUE;
    case 'b':
        param->integer = va_arg(*arguments, gboolean) != FALSE;
        return TRUE;
    case 'd':
        param->real = va_arg(*arguments, double);
        return TRUE;
    case 'x':
        param->bytes = va_arg(*arguments, GBytes *);
        if (param->bytes == NULL)
            param->type = 'n';
        return TRUE;
    case 'n':
        return TRUE;
    default:
        g_return_val_if_reached(FALSE);
    }
}

gboolean tune_params_collect(TuneParams *self, const char *types, va_list arguments, GError **error)
{
    va_list rest;
    gboolean ok = TRUE;

    self->n = (guint)strlen(types);
    self->replan = self->quick = FALSE;
    g_return_val_if_fail(self->n <= TUNE_PARAMS_MAX, FALSE);
    va_copy(rest, arguments);
    for (guint i = 0; i < self->n && ok; i++)
        ok = take_param(&self->at[i], types[i], &rest, error);
    va_end(rest);
    return ok;
}

TuneParams *tune_params_copy(const TuneParams *self)
{
    TuneParams *copy = g_new(TuneParams, 1);
    copy->n = self->n;
    copy->replan = self->replan;
    copy->quick = self->quick;
    for (guint i = 0; i < self->n; i++) {
        copy->at[i] = self->at[i];
        if (self->at[i].type == 't')
            copy->at[i].text = g_strdup(self->at[i].text);
        else if (self->at[i].type == 'x')
            g_bytes_ref(copy->at[i].bytes);
    }
    return copy;
}

void tune_params_free(TuneParams *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < self->n; i++) {
        if (self->at[i].type == 't')
            g_free((char *)self->at[i].text);
        else if (self->at[i].type == 'x')
            g_bytes_unref(self->at[i].bytes);
    }
    g_free(self);
}

/* ---- opening ---- */

static gboolean is_postgres_url(const char *url)
{
    return g_str_has_prefix(url, "postgresql://") || g_str_has_prefix(url, "postgres://");
}

/* The path in @url, or NULL when it is no SQLite database. (transfer full) */
static char *sqlite_path(const char *url)
{
    if (g_str_has_prefix(url, "sqlite://"))
        url += strlen("sqlite://");
    else if (strstr(url, "://") != NULL)
        return NULL;
    return *url == '\0' || strstr(url, ":memory:") != NULL ? NULL : g_strdup(url);
}

static void statement_free(gpointer data)
{
    TuneStatement *statement = data;
    g_free((char *)statement->sql);
    g_free(statement);
}

TuneStore *tune_store_open_with(const TuneStoreConfig *config, const GPtrArray *migrations,
                                GError **error)
{
    g_return_val_if_fail(config->url != NULL, NULL);
    g_autoptr(GPtrArray) installed = NULL;
    gboolean postgres = is_postgres_url(config->url);
    g_autofree char *path = postgres ? NULL : sqlite_path(config->url);

    if (!postgres && path == NULL) {
        /* The URL itself stays out of the message: it may hold a password. */
        g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_URL,
                    "this is no database URL: write sqlite:///folder/file, the path of a file, or "
                    "postgresql://user@host/name");
        return NULL;
    }
    if (migrations == NULL) {
        installed = tune_migrations_load(postgres ? "postgres" : "sqlite", error);
        if (installed == NULL)
            return NULL;
        migrations = installed;
    }
    return postgres ? tune_postgres_store_open(config, migrations, error)
                    : tune_sqlite_store_open(config, path, migrations, error);
}

TuneStore *tune_store_open(const TuneStoreConfig *config, GError **error)
{
    return tune_store_open_with(config, NULL, error);
}

void tune_store_init(TuneStore *self, const TuneStoreClass *class, const TuneStoreConfig *config)
{
    self->class = class;
    self->config = *config;
    self->config.url = NULL;
    self->config.replica_urls = NULL;
    if (config->log != NULL)
        self->log = *config->log;
    g_mutex_init(&self->interned_lock);
    self->interned = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, statement_free);
}

void tune_store_clear(TuneStore *self)
{
    g_hash_table_unref(self->interned);
    g_mutex_clear(&self->interned_lock);
}

void tune_store_free(TuneStore *self)
{
    if (self == NULL)
        return;
    tune_slow_free(g_steal_pointer(&self->slow));
    tune_messages_free(g_steal_pointer(&self->messages));
    self->class->close(self);
    tune_store_clear(self);
    g_free(self);
}

const TuneStatement *tune_store_intern(TuneStore *self, const char *name, const char *sql)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->interned_lock);
    TuneStatement *known = g_hash_table_lookup(self->interned, sql);

    if (known == NULL) {
        known = g_new(TuneStatement, 1);
        *known = (TuneStatement){.name = name, .sql = g_strdup(sql)};
        g_hash_table_insert(self->interned, (gpointer)known->sql, known);
    }
    return known;
}

gboolean tune_store_is_postgres(const TuneStore *self)
{
    return self->class->postgres;
}

/* ---- statements ---- */

TuneRows *tune_store_query(TuneStore *self, const TuneStatement *statement, TuneReadFrom from,
                           GError **error, const char *types, ...)
{
    TuneParams params;
    va_list arguments;

    va_start(arguments, types);
    gboolean ok = tune_params_collect(&params, types, arguments, error);
    va_end(arguments);
    return ok ? self->class->query(self, statement, &params, from, error) : NULL;
}

TuneRows *tune_store_write(TuneStore *self, const TuneStatement *statement, GError **error,
                           const char *types, ...)
{
    TuneParams params;
    va_list arguments;

    va_start(arguments, types);
    gboolean ok = tune_params_collect(&params, types, arguments, error);
    va_end(arguments);
    return ok ? self->class->write(self, statement, &params, error) : NULL;
}

gboolean tune_store_transact(TuneStore *self, TuneTxBody body, gpointer user_data, GError **error)
{
    return self->class->transact(self, body, user_data, error);
}

/* May @tx go on, and are the parameters fine? */
static gboolean collect_in_tx(TuneTx *tx, TuneParams *params, const char *types, va_list arguments,
                              GError **error)
{
    if (!tx->failed)
        return tune_params_collect(params, types, arguments, error);
    g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_BROKEN,
                "the transaction has failed already");
    return FALSE;
}

TuneRows *tune_tx_query(TuneTx *tx, const TuneStatement *statement, GError **error,
                        const char *types, ...)
{
    TuneParams params;
    va_list arguments;

    va_start(arguments, types);
    gboolean ok = collect_in_tx(tx, &params, types, arguments, error);
    va_end(arguments);
    TuneRows *rows = ok ? tx->store->class->tx_query(tx, statement, &params, error) : NULL;
    tx->failed = rows == NULL;
    return rows;
}

gboolean tune_tx_send(TuneTx *tx, const TuneStatement *statement, GError **error, const char *types,
                      ...)
{
    const TuneStoreClass *class = tx->store->class;
    TuneParams params;
    va_list arguments;

    va_start(arguments, types);
    tx->failed = !collect_in_tx(tx, &params, types, arguments, error);
    va_end(arguments);
    if (!tx->failed && class->tx_send != NULL) {
        class->tx_send(tx, statement, &params);
    } else if (!tx->failed) {
        g_autoptr(TuneRows) rows = class->tx_query(tx, statement, &params, error);
        tx->failed = rows == NULL;
    }
    return !tx->failed;
}

TuneStore *tune_tx_store(TuneTx *tx)
{
    return tx->store;
}

gint64 tune_tx_now_us(TuneTx *tx)
{
    if (tx->now_us == 0)
        tx->now_us = tx->store->class->tx_now_us(tx);
    return tx->now_us;
}

void tune_store_wrote(TuneStore *self, const char *session)
{
    if (self->class->wrote != NULL)
        self->class->wrote(self, session);
}

TuneReadFrom tune_store_read_for(TuneStore *self, const char *session)
{
    return self->class->read_for != NULL ? self->class->read_for(self, session) : TUNE_READ;
}

/* ---- messages ---- */

void tune_message_free(TuneMessage *self)
{
    g_free(self->channel);
    g_free(self->payload);
    g_free(self);
}

static gboolean is_channel(const char *name)
{
    return *name != '\0' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz_")] == '\0' &&
           strlen(name) < 64;
}

gboolean tune_tx_notify(TuneTx *tx, const char *channel, const char *payload, GError **error)
{
    g_return_val_if_fail(is_channel(channel), FALSE);
    if (strlen(payload) > 7000 || !g_utf8_validate(payload, -1, NULL)) {
        g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_BROKEN,
                    "a message must be UTF-8 of at most 7000 bytes");
        return FALSE;
    }
    if (tx->messages == NULL)
        tx->messages = g_ptr_array_new_with_free_func((GDestroyNotify)tune_message_free);
    TuneMessage *message = g_new(TuneMessage, 1);
    message->channel = g_strdup(channel);
    message->payload = g_strdup(payload);
    g_ptr_array_add(tx->messages, message);
    return TRUE;
}

guint tune_store_listen(TuneStore *self, const char *channel, TuneListener listener,
                        gpointer user_data)
{
    g_return_val_if_fail(is_channel(channel), 0);
    return tune_messages_listen(self->messages, channel, listener, user_data);
}

void tune_store_unlisten(TuneStore *self, guint id)
{
    tune_messages_unlisten(self->messages, id);
}

/* ---- counts ---- */

void tune_store_account(TuneStore *self, const TuneStatement *statement, const TuneParams *params,
                        gint64 us, gboolean ok)
{
    __atomic_fetch_add(&self->queries, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&self->busy_us, (guint64)MAX(us, 0), __ATOMIC_RELAXED);
    if (!ok)
        __atomic_fetch_add(&self->errors, 1, __ATOMIC_RELAXED);
    if (self->slow != NULL && self->config.slow_ms > 0 && us >= (gint64)self->config.slow_ms * 1000)
        tune_slow_note(self->slow, statement, params, us);
}

gboolean tune_store_ping(TuneStore *self, GError **error)
{
    return self->class->ping(self, error);
}

void tune_store_stats(TuneStore *self, TuneStoreStats *out)
{
    memset(out, 0, sizeof *out);
    out->queries = __atomic_load_n(&self->queries, __ATOMIC_RELAXED);
    out->errors = __atomic_load_n(&self->errors, __ATOMIC_RELAXED);
    out->transactions = __atomic_load_n(&self->transactions, __ATOMIC_RELAXED);
    out->commits = __atomic_load_n(&self->commits, __ATOMIC_RELAXED);
    guint64 busy_us = __atomic_load_n(&self->busy_us, __ATOMIC_RELAXED);
    out->avg_query_ms = out->queries == 0 ? 0 : (double)busy_us / 1000.0 / (double)out->queries;
    out->slow = tune_slow_count(self->slow);
    self->class->stats(self, out);
}

json_t *tune_store_slow(TuneStore *self, guint limit)
{
    return tune_slow_list(self->slow, limit);
}
