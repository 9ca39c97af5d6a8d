/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/sqlite-private.h"

#include <errno.h>

#define CHECK_EVERY     2000 /* steps of SQLite's machine between looks at the clock: some 50 us */
#define PAGES_BLOCK_KIB 1000 /* a reader's whole cache, half of the writer's */

/* SQLite numbers $1, $2 by where they first appear, not by their number. */
typedef struct {
    sqlite3_stmt *statement;
    guint n_slots;
    guint8 param_of_slot[TUNE_PARAMS_MAX]; /* from 0 */
} Prepared;

static void prepared_free(Prepared *self)
{
    sqlite3_finalize(self->statement);
    g_free(self);
}

/* ---- errors ---- */

static gboolean is_disk_full(sqlite3 *db, int code)
{
    int system = sqlite3_system_errno(db);
    return code == SQLITE_FULL || (code == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT));
}

static TuneStoreError error_code(sqlite3 *db, const char **says)
{
    int extended = sqlite3_extended_errcode(db);
    int code = extended & 0xff;

    if (is_disk_full(db, code)) {
        *says = "the disk of the database is full";
        return TUNE_STORE_ERROR_FULL;
    }
    switch (code) {
    case SQLITE_CONSTRAINT:
        if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
            extended == SQLITE_CONSTRAINT_ROWID) {
            *says = "it exists already";
            return TUNE_STORE_ERROR_CONFLICT;
        }
        if (extended == SQLITE_CONSTRAINT_FOREIGNKEY) {
            *says = "what it belongs to does not exist";
            return TUNE_STORE_ERROR_MISSING;
        }
        break;
    case SQLITE_INTERRUPT:
        *says = "the database took too long";
        return TUNE_STORE_ERROR_TIMEOUT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        *says = "the database is busy";
        return TUNE_STORE_ERROR_UNAVAILABLE;
    case SQLITE_NOMEM:
        *says = "not enough memory for the database";
        return TUNE_STORE_ERROR_UNAVAILABLE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        *says = "the database file is damaged";
        return TUNE_STORE_ERROR_BROKEN;
    case SQLITE_IOERR:
        *says = "the database file cannot be read or written";
        return TUNE_STORE_ERROR_BROKEN;
    default:
        break;
    }
    *says = "the database refused a statement";
    return TUNE_STORE_ERROR_BROKEN;
}

/* The message is for clients; what SQLite said goes to the log when it is our fault. */
static void set_error(TuneSqlite *self, const char *name, GError **error)
{
    const char *says;
    TuneStoreError code = error_code(self->db, &says);

    if (code == TUNE_STORE_ERROR_BROKEN)
        tune_log(self->log, TUNE_LOG_ERROR, "database: %s: %s (SQLite %d, errno %d)", name,
                 sqlite3_errmsg(self->db), sqlite3_extended_errcode(self->db),
                 sqlite3_system_errno(self->db));
    g_set_error_literal(error, TUNE_STORE_ERROR, (gint)code, says);
}

/* ---- opening ---- */

static int look_at_clock(void *data)
{
    const TuneSqlite *self = data;
    return self->deadline_us != 0 && g_get_monotonic_time() > self->deadline_us;
}

static void start_clock(TuneSqlite *self)
{
    self->deadline_us =
        self->statement_ms == 0 ? 0 : g_get_monotonic_time() + (gint64)self->statement_ms * 1000;
}

/* Each connection's pages lie in one block, taken before the settings below can say how large its
 * cache is: pages of 4 KB one by one between what lives shortly would keep malloc's pools from ever
 * shrinking. Has an effect before the first database only. */
static gpointer keep_pages_in_blocks(gpointer unused G_GNUC_UNUSED)
{
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, -PAGES_BLOCK_KIB);
    return NULL;
}

/* The caches are small, as the system keeps the file's pages too; nine connections must not take
 * more than what the rest of an idle service needs.  The writer checkpoints by its own plan
 * (sqlite-writer.c).  No mmap: a full disk or a bad sector must be an error, not a signal. */
static const char WRITER_SETTINGS[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
    "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; PRAGMA mmap_size = 0;"
    "PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY";
static const char READER_SETTINGS[] =
    "PRAGMA query_only = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 0;"
    "PRAGMA cache_size = -1000; PRAGMA temp_store = MEMORY";

TuneSqlite *tune_sqlite_open(const char *path, gboolean writes, guint statement_ms,
                             const TuneLog *log, GError **error)
{
    static GOnce blocks = G_ONCE_INIT;
    TuneSqlite *self = g_new0(TuneSqlite, 1);
    int flags = writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;

    g_once(&blocks, keep_pages_in_blocks, NULL);
    self->statement_ms = statement_ms;
    self->log = log;
    self->prepared = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)prepared_free);
    if (sqlite3_open_v2(path, &self->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_URL,
                    "the database %s cannot be opened: %s", path,
                    self->db == NULL ? "not enough memory" : sqlite3_errmsg(self->db));
        tune_sqlite_close(self);
        return NULL;
    }
    sqlite3_extended_result_codes(self->db, 1);
    sqlite3_busy_timeout(self->db, 5000);
    sqlite3_progress_handler(self->db, CHECK_EVERY, look_at_clock, self);
    if (!tune_sqlite_exec(self, writes ? WRITER_SETTINGS : READER_SETTINGS, error)) {
        g_prefix_error(error, "%s: ", path);
        tune_sqlite_close(self);
        return NULL;
    }
    return self;
}

void tune_sqlite_close(TuneSqlite *self)
{
    if (self == NULL)
        return;
    g_hash_table_unref(self->prepared);
    sqlite3_close(self->db);
    g_free(self);
}

/* ---- statements ---- */

static Prepared *prepare(TuneSqlite *self, const TuneStatement *statement, GError **error)
{
    Prepared *found = g_hash_table_lookup(self->prepared, statement);
    if (found != NULL)
        return found;
    sqlite3_stmt *made = NULL;
    const char *rest = NULL;
    if (sqlite3_prepare_v3(self->db, statement->sql, -1, SQLITE_PREPARE_PERSISTENT, &made, &rest) !=
        SQLITE_OK) {
        set_error(self, statement->name, error);
        return NULL;
    }
    found = g_new0(Prepared, 1);
    found->statement = made;
    found->n_slots = (guint)sqlite3_bind_parameter_count(made);
    for (guint i = 0; i < found->n_slots && i < TUNE_PARAMS_MAX; i++) {
        const char *name = sqlite3_bind_parameter_name(made, (int)i + 1);
        guint64 number = name == NULL ? 0 : g_ascii_strtoull(name + 1, NULL, 10);
        found->param_of_slot[i] = (guint8)(number - 1);
    }
    g_hash_table_insert(self->prepared, (gpointer)statement, found);
    return found;
}

/* Parameters outlive the run, so that nothing is copied. */
static int bind_one(sqlite3_stmt *statement, int slot, const TuneParam *param)
{
    switch (param->type) {
    case 't':
        return sqlite3_bind_text(statement, slot, param->text, -1, SQLITE_STATIC);
    case 'i':
    case 'b':
        return sqlite3_bind_int64(statement, slot, param->integer);
    case 'd':
        return sqlite3_bind_double(statement, slot, param->real);
    case 'x': {
        gsize size;
        gconstpointer bytes = g_bytes_get_data(param->bytes, &size);
        return sqlite3_bind_blob64(statement, slot, bytes != NULL ? bytes : "", size,
                                   SQLITE_STATIC);
    }
    default:
        return sqlite3_bind_null(statement, slot);
    }
}

static gboolean bind_all(TuneSqlite *self, const Prepared *prepared, const TuneStatement *statement,
                         const TuneParams *params, GError **error)
{
    for (guint i = 0; i < prepared->n_slots; i++) {
        guint number = prepared->param_of_slot[i];
        if (number >= params->n) {
            g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_BROKEN, "%s lacks a parameter",
                        statement->name);
            return FALSE;
        }
        if (bind_one(prepared->statement, (int)i + 1, &params->at[number]) != SQLITE_OK) {
            set_error(self, statement->name, error);
            return FALSE;
        }
    }
    return TRUE;
}

static void add_cell(TuneRows *rows, sqlite3_stmt *statement, int column)
{
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        tune_rows_add_int(rows, sqlite3_column_int64(statement, column));
        break;
    case SQLITE_FLOAT:
        tune_rows_add_real(rows, sqlite3_column_double(statement, column));
        break;
    case SQLITE_TEXT: {
        const char *text = (const char *)sqlite3_column_text(statement, column);
        tune_rows_add_text(rows, text, (gsize)sqlite3_column_bytes(statement, column));
        break;
    }
    case SQLITE_BLOB: {
        const void *bytes = sqlite3_column_blob(statement, column);
        gsize size = (gsize)sqlite3_column_bytes(statement, column);
        tune_rows_add_bytes(rows, bytes != NULL ? bytes : "", size);
        break;
    }
    default:
        tune_rows_add_null(rows);
    }
}

TuneRows *tune_sqlite_run(TuneSqlite *self, const TuneStatement *statement,
                          const TuneParams *params, GError **error)
{
    Prepared *prepared = prepare(self, statement, error);
    if (prepared == NULL)
        return NULL;
    sqlite3_stmt *made = prepared->statement;
    g_autoptr(TuneRows) rows = NULL;
    int code = SQLITE_ERROR;

    start_clock(self);
    if (bind_all(self, prepared, statement, params, error)) {
        int n_columns = sqlite3_column_count(made);
        rows = tune_rows_new((guint)n_columns);
        while ((code = sqlite3_step(made)) == SQLITE_ROW) {
            tune_rows_add_row(rows);
            for (int i = 0; i < n_columns; i++)
                add_cell(rows, made, i);
        }
        if (code == SQLITE_DONE && !sqlite3_stmt_readonly(made))
            tune_rows_set_changed(rows, (guint)sqlite3_changes64(self->db));
        if (code != SQLITE_DONE)
            set_error(self, statement->name, error);
    }
    sqlite3_reset(made);
    sqlite3_clear_bindings(made);
    self->deadline_us = 0;
    return code == SQLITE_DONE ? g_steal_pointer(&rows) : NULL;
}

gboolean tune_sqlite_exec(TuneSqlite *self, const char *sql, GError **error)
{
    if (sqlite3_exec(self->db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return TRUE;
    set_error(self, "settings", error);
    return FALSE;
}
