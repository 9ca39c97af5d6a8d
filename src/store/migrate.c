/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each migration is one transaction that also records it, so that a program killed in the middle
 * leaves the version before.  Programs that start together take turns: the second finds the work
 * done.
 */
#include "base/data.h"
#include "base/hash.h"
#include "store/store-private.h"

#include <string.h>

static const char VERSIONS_TABLE[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL, "
    "sha256 TEXT NOT NULL, applied_at BIGINT NOT NULL)";
static const TuneStatement APPLIED = {
    "schema-applied", "SELECT version, name, sha256 FROM schema_migrations ORDER BY version", NULL};
static const TuneStatement RECORD = {
    "schema-record",
    "INSERT INTO schema_migrations (version, name, sha256, applied_at) "
    "VALUES ($1, $2, $3, $4)",
    NULL};

TuneMigration *tune_migration_new(const char *name, const char *sql)
{
    TuneMigration *self = g_new(TuneMigration, 1);
    self->version = (guint)g_ascii_strtoull(name, NULL, 10);
    self->name = g_strdup(name);
    self->sql = g_strdup(sql);
    self->sha256 = tune_hash_bytes(sql, strlen(sql));
    return self;
}

void tune_migration_free(TuneMigration *self)
{
    g_free(self->name);
    g_free(self->sql);
    g_free(self->sha256);
    g_free(self);
}

GPtrArray *tune_migrations_load(const char *dialect, GError **error)
{
    g_autoptr(GPtrArray) loaded =
        g_ptr_array_new_with_free_func((GDestroyNotify)tune_migration_free);
    g_autofree char *folder = g_build_filename("sql", dialect, NULL);
    g_autoptr(GPtrArray) names = tune_data_list(folder, "sql");

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *file = g_strdup_printf("%s/%s.sql", folder, (char *)names->pdata[i]);
        g_autofree char *path = tune_data_find(file, error);
        g_autofree char *sql = NULL;
        if (path == NULL || !g_file_get_contents(path, &sql, NULL, error))
            return NULL;
        TuneMigration *migration = tune_migration_new(names->pdata[i], sql);
        g_ptr_array_add(loaded, migration);
        if (migration->version != i + 1) {
            g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_VERSION,
                        "%s should be migration number %u", path, i + 1);
            return NULL;
        }
    }
    if (loaded->len == 0) {
        g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_VERSION,
                    "no migrations (%s/*.sql) are installed", folder);
        return NULL;
    }
    return g_steal_pointer(&loaded);
}

/* Compares what was applied with what there is.  *@next: the version to apply, 0 when none is left.
 */
static gboolean find_next(const TuneMigrator *database, const GPtrArray *migrations, guint *next,
                          GError **error)
{
    TuneParams none = {.n = 0};
    g_autoptr(TuneRows) applied = database->rows(database->connection, &APPLIED, &none, error);
    if (applied == NULL)
        return FALSE;
    guint n = tune_rows_count(applied);
    for (guint i = 0; i < n; i++) {
        gint64 version = tune_rows_int(applied, i, 0);
        if (version > migrations->len) {
            g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_VERSION,
                        "the database has schema version %" G_GINT64_FORMAT
                        ", this program knows %u: use the newer program",
                        tune_rows_int(applied, n - 1, 0), migrations->len);
            return FALSE;
        }
        const TuneMigration *migration = migrations->pdata[i];
        if (version != migration->version ||
            !g_str_equal(tune_rows_text(applied, i, 2), migration->sha256)) {
            g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_VERSION,
                        "the database was made with another %s than the one installed here",
                        tune_rows_text(applied, i, 1));
            return FALSE;
        }
    }
    *next = n < migrations->len ? n + 1 : 0;
    return TRUE;
}

static gboolean apply(const TuneMigrator *database, const TuneMigration *migration, GError **error)
{
    TuneParams params = {.n = 4,
                         .at = {{.type = 'i', .integer = migration->version},
                                {.type = 't', .text = migration->name},
                                {.type = 't', .text = migration->sha256},
                                {.type = 'i', .integer = g_get_real_time()}}};

    if (!database->exec(database->connection, migration->sql, error)) {
        g_prefix_error(error, "migration %s: ", migration->name);
        return FALSE;
    }
    g_autoptr(TuneRows) rows = database->rows(database->connection, &RECORD, &params, error);
    return rows != NULL;
}

/* One migration, or none when *@done becomes TRUE. */
static gboolean step(const TuneMigrator *database, const GPtrArray *migrations, const TuneLog *log,
                     gboolean *done, GError **error)
{
    guint next = 0;

    if (!database->exec(database->connection, database->begin, error))
        return FALSE;
    gboolean ok = database->exec(database->connection, VERSIONS_TABLE, error) &&
                  find_next(database, migrations, &next, error) &&
                  (next == 0 || apply(database, migrations->pdata[next - 1], error));
    if (!ok) {
        database->exec(database->connection, "ROLLBACK", NULL);
        return FALSE;
    }
    if (!database->exec(database->connection, "COMMIT", error))
        return FALSE;
    *done = next == 0;
    if (next != 0)
        tune_log(log, TUNE_LOG_INFO, "database: applied migration %s",
                 ((TuneMigration *)migrations->pdata[next - 1])->name);
    return TRUE;
}

gboolean tune_migrate(const TuneMigrator *database, const GPtrArray *migrations, const TuneLog *log,
                      GError **error)
{
    for (gboolean done = FALSE; !done;)
        if (!step(database, migrations, log, &done, error))
            return FALSE;
    return TRUE;
}
