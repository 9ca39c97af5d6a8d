/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The connection is non-blocking inside: every wait is a poll() with an end.  A server that is
 * stopped or a network that is cut in the middle of an answer is noticed by that end, not by TCP's
 * half hour.
 */
#include "store/postgres-private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* pg_type.dat */
#define OID_BOOL    16
#define OID_BYTEA   17
#define OID_INT8    20
#define OID_INT2    21
#define OID_INT4    23
#define OID_TEXT    25
#define OID_FLOAT4  700
#define OID_FLOAT8  701
#define OID_NUMERIC 1700

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PGresult, PQclear)

typedef struct {
    char types[TUNE_PARAMS_MAX + 1];
    char name[16];
} Prepared;

/* ---- errors ---- */

static const struct {
    const char *state; /* or its beginning */
    TuneStoreError code;
    const char *says;
} STATES[] = {
    {"23505", TUNE_STORE_ERROR_CONFLICT, "it exists already"},
    {"23503", TUNE_STORE_ERROR_MISSING, "what it belongs to does not exist"},
    {"53100", TUNE_STORE_ERROR_FULL, "the disk of the database is full"},
    {"57014", TUNE_STORE_ERROR_TIMEOUT, "the database took too long"},
    {"55P03", TUNE_STORE_ERROR_TIMEOUT, "the database took too long"},
    {"40", TUNE_STORE_ERROR_UNAVAILABLE, "too many changes of the same records at the same moment"},
    {"08", TUNE_STORE_ERROR_UNAVAILABLE, "the database is away"},
    {"57P", TUNE_STORE_ERROR_UNAVAILABLE, "the database is away"},
    {"53", TUNE_STORE_ERROR_UNAVAILABLE, "the database has no room for more work"},
    {"25006", TUNE_STORE_ERROR_UNAVAILABLE, "the database takes no changes at the moment"},
    {"XX001", TUNE_STORE_ERROR_BROKEN, "the database is damaged"},
    {"XX002", TUNE_STORE_ERROR_BROKEN, "the database is damaged"},
    {"", TUNE_STORE_ERROR_BROKEN, "the database refused a statement"},
};

static void set_away(GError **error)
{
    g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE, "the database is away");
}

/* What PostgreSQL said may hold values; it goes to the log, and only when it is our fault. */
static void set_error(TunePg *self, const PGresult *result, const char *name, char state[6],
                      GError **error)
{
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    guint i = 0;

    if (code == NULL) { /* libpq's own: the connection is gone */
        self->lost = TRUE;
        set_away(error);
        return;
    }
    g_strlcpy(state, code, 6);
    if (severity != NULL && !g_str_equal(severity, "ERROR"))
        self->lost = TRUE; /* FATAL: the server closes next */
    /* A standby that took over or a plan that no longer fits: a new connection may do better. */
    if (g_str_equal(code, "25006") || g_str_equal(code, "0A000"))
        self->lost = TRUE;
    while (!g_str_has_prefix(code, STATES[i].state))
        i++;
    if (STATES[i].code == TUNE_STORE_ERROR_BROKEN)
        tune_log(self->log, TUNE_LOG_ERROR, "database: %s: %s (%s)", name,
                 PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY), code);
    g_set_error_literal(error, TUNE_STORE_ERROR, (gint)STATES[i].code, STATES[i].says);
}

/* ---- connecting ---- */

/* FALSE when @until (monotonic) passes first. */
static gboolean wait_for(int fd, short events, gint64 until)
{
    for (;;) {
        gint64 left_us = until - g_get_monotonic_time();
        if (fd < 0 || left_us <= 0)
            return FALSE;
        struct pollfd waited = {.fd = fd, .events = events};
        int n = poll(&waited, 1, (int)(left_us / 1000) + 1);
        if (n > 0)
            return TRUE;
        if (n < 0 && errno != EINTR)
            return FALSE;
    }
}

gboolean tune_pg_check_url(const char *url, GError **error)
{
    char *ignored = NULL; /* may quote the URL, and with it a password */
    PQconninfoOption *options = PQconninfoParse(url, &ignored);

    PQfreemem(ignored);
    if (options == NULL) {
        g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_URL,
                    "the database URL cannot be read: write "
                    "postgresql://user:password@host:port/name");
        return FALSE;
    }
    PQconninfoFree(options);
    return TRUE;
}

/* Refused for good: a password, a role, a database that is not there.  libpq shows the SQLSTATE of
 * a failed connection only in its verbose message: "FATAL:  28P01: password authentication failed".
 */
static gboolean is_refusal(const char *message)
{
    static const char *const refusals[] = {" 28P01: ", " 28000: ", " 3D000: ", " 42501: "};
    for (guint i = 0; i < G_N_ELEMENTS(refusals); i++)
        if (strstr(message, refusals[i]) != NULL)
            return TRUE;
    return FALSE;
}

/* Host and name of the database, never a password; libpq's own messages hold none either. */
static void set_connect_error(PGconn *pg, gboolean late, GError **error)
{
    const char *host = PQhost(pg), *name = PQdb(pg);
    const char *message = late ? "no answer" : PQerrorMessage(pg);
    g_autofree char *line = g_strndup(message, strcspn(message, "\n"));

    g_set_error(error, TUNE_STORE_ERROR,
                is_refusal(message) ? TUNE_STORE_ERROR_URL : TUNE_STORE_ERROR_UNAVAILABLE,
                "the database %s at %s cannot be reached: %s", name != NULL ? name : "",
                host != NULL && *host != '\0' ? host : "the local server", line);
}

static gboolean finish_connecting(PGconn *pg, guint connect_ms, GError **error)
{
    gint64 until = g_get_monotonic_time() + (gint64)connect_ms * 1000;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;

    PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
    if (PQstatus(pg) == CONNECTION_BAD)
        status = PGRES_POLLING_FAILED;
    while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
        if (!wait_for(PQsocket(pg), status == PGRES_POLLING_READING ? POLLIN : POLLOUT, until)) {
            set_connect_error(pg, TRUE, error);
            return FALSE;
        }
        status = PQconnectPoll(pg);
    }
    if (status == PGRES_POLLING_FAILED)
        set_connect_error(pg, FALSE, error);
    return status == PGRES_POLLING_OK;
}

static void free_prepared_list(gpointer list)
{
    g_slist_free_full(list, g_free);
}

static void ignore_notice(void *user_data, const PGresult *result)
{
}

TunePg *tune_pg_open(const char *url, const char *settings, guint connect_ms, const TuneLog *log,
                     GError **error)
{
    static const char *const keys[] = {"dbname",
                                       "fallback_application_name",
                                       "client_encoding",
                                       "keepalives_idle",
                                       "keepalives_interval",
                                       "keepalives_count",
                                       "tcp_user_timeout",
                                       NULL};
    const char *const values[] = {url, "tunesmith", "UTF8", "30", "5", "3", "20000", NULL};
    TunePg *self = g_new0(TunePg, 1);

    self->log = log;
    self->born_us = g_get_monotonic_time();
    self->prepared = g_hash_table_new_full(NULL, NULL, NULL, free_prepared_list);
    self->pg = PQconnectStartParams(keys, values, 1);
    if (self->pg == NULL) {
        set_away(error);
    } else if (finish_connecting(self->pg, connect_ms, error)) {
        PQsetNoticeReceiver(self->pg, ignore_notice, NULL);
        PQsetnonblocking(self->pg, 1);
        if (PQenterPipelineMode(self->pg) == 1 &&
            (settings == NULL || tune_pg_exec(self, settings, error)))
            return self;
        if (error != NULL && *error == NULL)
            set_away(error);
    }
    tune_pg_close(self);
    return NULL;
}

void tune_pg_close(TunePg *self)
{
    if (self == NULL)
        return;
    PQfinish(self->pg);
    g_hash_table_unref(self->prepared);
    g_free(self);
}

gboolean tune_pg_is_alive(TunePg *self)
{
    struct pollfd waited = {.fd = PQsocket(self->pg), .events = POLLIN};
    if (self->lost || PQstatus(self->pg) != CONNECTION_OK)
        return FALSE;
    /* Anything that comes unasked is the end, or as rare as a reload of the server's settings. */
    return poll(&waited, 1, 0) == 0;
}

/* ---- sending ---- */

static void describe(const TuneParams *params, char *types, Oid *oids)
{
    for (guint i = 0; i < params->n; i++) {
        types[i] = params->at[i].type;
        oids[i] = types[i] == 't'   ? OID_TEXT
                  : types[i] == 'i' ? OID_INT8
                  : types[i] == 'd' ? OID_FLOAT8
                  : types[i] == 'b' ? OID_BOOL
                  : types[i] == 'x' ? OID_BYTEA
                                    : 0;
    }
    types[params->n] = '\0';
}

static const char *statement_text(const TuneStatement *statement)
{
    return statement->postgres != NULL ? statement->postgres : statement->sql;
}

/* The statement's name on this connection; sends its text the first time. (transfer none) */
static const char *prepare(TunePg *self, const TuneStatement *statement, const TuneParams *params)
{
    char types[TUNE_PARAMS_MAX + 1];
    Oid oids[TUNE_PARAMS_MAX];
    GSList *known = g_hash_table_lookup(self->prepared, statement);

    describe(params, types, oids);
    for (GSList *l = known; l != NULL; l = l->next)
        if (g_str_equal(((Prepared *)l->data)->types, types))
            return ((Prepared *)l->data)->name;
    Prepared *made = g_new(Prepared, 1);
    g_strlcpy(made->types, types, sizeof made->types);
    g_snprintf(made->name, sizeof made->name, "s%u", self->n_prepared++);
    if (PQsendPrepare(self->pg, made->name, statement_text(statement), (int)params->n, oids) != 1) {
        g_free(made);
        return NULL;
    }
    g_hash_table_steal(self->prepared, statement);
    g_hash_table_insert(self->prepared, (gpointer)statement, g_slist_prepend(known, made));
    return made->name;
}

/* After an error nobody knows which of the preparations of the round trip were kept. */
static void forget_prepared(TunePg *self, guint from)
{
    GHashTableIter iter;
    gpointer list;

    g_hash_table_iter_init(&iter, self->prepared);
    while (g_hash_table_iter_next(&iter, NULL, &list))
        for (GSList *l = list; l != NULL; l = l->next) {
            Prepared *prepared = l->data;
            if (strtoul(prepared->name + 1, NULL, 10) >= from)
                prepared->types[0] = '?'; /* matches nothing any more */
        }
}

static gboolean send_statement(TunePg *self, const TuneStatement *statement,
                               const TuneParams *params)
{
    const char *values[TUNE_PARAMS_MAX];
    int lengths[TUNE_PARAMS_MAX], formats[TUNE_PARAMS_MAX];
    char numbers[TUNE_PARAMS_MAX][G_ASCII_DTOSTR_BUF_SIZE];
    const char *name = params->replan ? NULL : prepare(self, statement, params);

    if (name == NULL && !params->replan)
        return FALSE;
    for (guint i = 0; i < params->n; i++) {
        const TuneParam *param = &params->at[i];
        gsize size = 0;
        formats[i] = param->type == 'x';
        values[i] = numbers[i];
        if (param->type == 't') {
            values[i] = param->text;
        } else if (param->type == 'x') {
            values[i] = g_bytes_get_data(param->bytes, &size);
            if (values[i] == NULL)
                values[i] = "";
        } else if (param->type == 'i') {
            g_snprintf(numbers[i], sizeof numbers[i], "%" G_GINT64_FORMAT, param->integer);
        } else if (param->type == 'b') {
            g_strlcpy(numbers[i], param->integer ? "t" : "f", sizeof numbers[i]);
        } else if (param->type == 'd') {
            g_ascii_dtostr(numbers[i], sizeof numbers[i], param->real);
        } else {
            values[i] = NULL;
        }
        lengths[i] = (int)size;
    }
    if (!params->replan)
        return PQsendQueryPrepared(self->pg, name, (int)params->n, values, lengths, formats, 0) ==
               1;
    char types[TUNE_PARAMS_MAX + 1];
    Oid oids[TUNE_PARAMS_MAX];
    describe(params, types, oids);
    return PQsendQueryParams(self->pg, statement_text(statement), (int)params->n, oids, values,
                             lengths, formats, 0) == 1;
}

static gboolean flush(TunePg *self, gint64 until)
{
    int left;
    while ((left = PQflush(self->pg)) == 1) {
        if (!wait_for(PQsocket(self->pg), POLLIN | POLLOUT, until))
            return FALSE;
        /* A server that answers before it has read all must be listened to, or both wait for ever.
         */
        if (PQconsumeInput(self->pg) != 1)
            return FALSE;
    }
    return left == 0;
}

/* ---- receiving ---- */

static void add_text_cell(TuneRows *rows, const PGresult *result, int row, int column, Oid type)
{
    const char *text = PQgetvalue(result, row, column);

    switch (type) {
    case OID_BOOL:
        tune_rows_add_int(rows, *text == 't');
        break;
    case OID_INT8:
    case OID_INT4:
    case OID_INT2:
        tune_rows_add_int(rows, g_ascii_strtoll(text, NULL, 10));
        break;
    case OID_FLOAT8:
    case OID_FLOAT4:
    case OID_NUMERIC:
        tune_rows_add_real(rows, g_ascii_strtod(text, NULL));
        break;
    case OID_BYTEA: {
        gsize size;
        unsigned char *bytes = PQunescapeBytea((const unsigned char *)text, &size);
        tune_rows_add_bytes(rows, bytes != NULL ? bytes : (unsigned char *)"", size);
        PQfreemem(bytes);
        break;
    }
    default:
        tune_rows_add_text(rows, text, (gsize)PQgetlength(result, row, column));
    }
}

TuneRows *tune_pg_rows(const PGresult *result)
{
    int n_rows = PQntuples(result), n_columns = PQnfields(result);
    TuneRows *rows = tune_rows_new_sized((guint)n_columns, (guint)n_rows);

    for (int row = 0; row < n_rows; row++) {
        tune_rows_add_row(rows);
        for (int column = 0; column < n_columns; column++) {
            if (PQgetisnull(result, row, column))
                tune_rows_add_null(rows);
            else
                add_text_cell(rows, result, row, column, PQftype(result, column));
        }
    }
    if (!g_str_has_prefix(PQcmdStatus((PGresult *)result), "SELECT")) /* libpq only reads it */
        tune_rows_set_changed(rows, (guint)strtoul(PQcmdTuples((PGresult *)result), NULL, 10));
    return rows;
}

/* The next result, or NULL: between results, or (then lost) never. */
static PGresult *next_result(TunePg *self, gint64 until)
{
    while (PQisBusy(self->pg)) {
        if (!wait_for(PQsocket(self->pg), POLLIN, until) || PQconsumeInput(self->pg) != 1) {
            self->lost = TRUE;
            return NULL;
        }
    }
    return PQgetResult(self->pg);
}

typedef struct {
    const TunePgCommand *commands;
    guint n, at;
    TuneRows *rows;
    gboolean failed;
    char *state;
    GError **error;
} Answers;

/* Of one result (transfer full); FALSE after the last one. */
typedef gboolean (*TakeAnswer)(TunePg *self, gpointer answers, PGresult *result);

static gboolean take_answer(TunePg *self, gpointer data, PGresult *owned)
{
    g_autoptr(PGresult) result = owned;
    Answers *answers = data;
    const char *name = "command";

    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        return FALSE;
    case PGRES_PIPELINE_ABORTED:
        return TRUE;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        if (!answers->failed) {
            tune_rows_free(answers->rows);
            answers->rows = tune_pg_rows(result);
        }
        return TRUE;
    default:
        if (!answers->failed) {
            for (guint i = 0; i < answers->n; i++)
                if (answers->commands[i].statement != NULL)
                    name = answers->commands[i].statement->name;
            set_error(self, result, name, answers->state, answers->error);
        }
        answers->failed = TRUE;
        return !self->lost;
    }
}

/* The same command may give: prepared, NULL, rows, NULL; two NULLs at once mean that nothing is
 * left. */
static void receive(TunePg *self, TakeAnswer take, gpointer answers, gint64 until)
{
    guint nothing = 0;
    while (nothing < 2 && !self->lost) {
        PGresult *result = next_result(self, until);
        if (result == NULL) {
            nothing++;
            continue;
        }
        nothing = 0;
        if (!take(self, answers, result))
            return;
    }
    self->lost = TRUE;
}

static gboolean send_all(TunePg *self, const TunePgCommand *commands, guint n, gint64 until)
{
    for (guint i = 0; i < n; i++) {
        gboolean sent =
            commands[i].text != NULL
                ? PQsendQueryParams(self->pg, commands[i].text, 0, NULL, NULL, NULL, NULL, 0) == 1
                : send_statement(self, commands[i].statement, commands[i].params);
        if (!sent)
            return FALSE;
    }
    return PQpipelineSync(self->pg) == 1 && flush(self, until);
}

TuneRows *tune_pg_run(TunePg *self, const TunePgCommand *commands, guint n, guint wait_ms,
                      char state[6], GError **error)
{
    gint64 until = g_get_monotonic_time() + (gint64)wait_ms * 1000;
    char unused[6];
    Answers answers = {
        .commands = commands, .n = n, .state = state != NULL ? state : unused, .error = error};
    guint first_new = self->n_prepared;

    answers.state[0] = '\0';
    if (self->lost || !send_all(self, commands, n, until))
        self->lost = TRUE;
    else
        receive(self, take_answer, &answers, until);
    if (PQstatus(self->pg) != CONNECTION_OK)
        self->lost = TRUE;
    if (!answers.failed && !self->lost)
        return answers.rows;
    if (!answers.failed)
        set_away(error);
    forget_prepared(self, first_new);
    tune_rows_free(answers.rows);
    return NULL;
}

/* ---- several reads, each with an answer of its own ---- */

typedef struct {
    TunePgAsk *const *asks;
    guint n, next; /* whose answer comes next */
    gboolean failed;
    gint64 start_us;
} Shared;

/* A read gives one set of rows or one error; what was prepared for it says only that it is. */
static gboolean take_shared(TunePg *self, gpointer data, PGresult *owned)
{
    g_autoptr(PGresult) result = owned;
    Shared *shared = data;
    TunePgAsk *ask = shared->next < shared->n ? shared->asks[shared->next] : NULL;
    ExecStatusType status = PQresultStatus(result);

    if (status == PGRES_PIPELINE_SYNC)
        return FALSE;
    if (status == PGRES_PIPELINE_ABORTED || status == PGRES_COMMAND_OK || ask == NULL)
        return TRUE;
    ask->us = g_get_monotonic_time() - shared->start_us;
    shared->next++;
    if (status == PGRES_TUPLES_OK) {
        ask->result = g_steal_pointer(&result);
        return TRUE;
    }
    shared->failed = TRUE;
    set_error(self, result, ask->statement->name, ask->state, &ask->error);
    return !self->lost;
}

void tune_pg_run_each(TunePg *self, TunePgAsk *const *asks, guint n, guint wait_ms)
{
    Shared shared = {.asks = asks, .n = n, .start_us = g_get_monotonic_time()};
    gint64 until = shared.start_us + (gint64)wait_ms * 1000;
    guint first_new = self->n_prepared;

    for (guint i = 0; i < n && !self->lost; i++)
        self->lost = !send_statement(self, asks[i]->statement, asks[i]->params);
    if (self->lost || PQpipelineSync(self->pg) != 1 || !flush(self, until))
        self->lost = TRUE;
    else
        receive(self, take_shared, &shared, until);
    if (PQstatus(self->pg) != CONNECTION_OK)
        self->lost = TRUE;
    if (shared.failed || self->lost)
        forget_prepared(self, first_new);
    for (guint i = 0; i < n && self->lost; i++) {
        if (asks[i]->result != NULL)
            continue;
        asks[i]->lost = TRUE;
        if (asks[i]->error == NULL)
            set_away(&asks[i]->error);
    }
}

gboolean tune_pg_exec(TunePg *self, const char *sql, GError **error)
{
    char state[6] = "";

    PQsetnonblocking(self->pg, 0);
    if (PQexitPipelineMode(self->pg) != 1) {
        set_away(error);
        return FALSE;
    }
    PGresult *result = PQexec(self->pg, sql);
    gboolean ok = PQresultStatus(result) == PGRES_COMMAND_OK ||
                  PQresultStatus(result) == PGRES_TUPLES_OK ||
                  PQresultStatus(result) == PGRES_EMPTY_QUERY;
    if (!ok)
        set_error(self, result, "migration", state, error);
    PQclear(result);
    PQenterPipelineMode(self->pg);
    PQsetnonblocking(self->pg, 1);
    return ok;
}
