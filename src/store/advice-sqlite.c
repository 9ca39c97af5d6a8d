/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * EXPLAIN QUERY PLAN names the tables that are scanned but not the columns that are compared, so
 * this reads the program that SQLite made of the statement (EXPLAIN;
 * https://www.sqlite.org/opcode.html): in the outermost loop, Column loads a value into a register,
 * Ne or Lt and the like jump over the row, and MakeRecord puts the sorter's keys together.  An
 * index made of these is only recommended when SQLite, given an empty copy of the schema that has
 * it, does use it.
 */
#include "store/advice.h"
#include "store/sqlite-private.h"

#include <string.h>

#define REGISTERS_MAX 512
#define CURSORS_MAX   64

typedef struct {
    char opcode[24];
    int p1, p2, p3;
    char p4[128];
} Step;

typedef struct {
    char *table;        /* NULL: no table of the schema */
    GPtrArray *columns; /* names, in the order in which the cursor numbers them */
} Cursor;

typedef struct {
    TuneSqlite *connection;
    GArray *steps; /* of Step */
    Cursor cursors[CURSORS_MAX];
    const char *registers[REGISTERS_MAX]; /* column of the scanned table that it holds */
    const char *table;                    /* of the outermost loop */
    int sorter;                           /* cursor; -1: none */
    int n_keys;
    char key_flags[128];
} Program;

/* ---- reading the program and the schema ---- */

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql, const char *text)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && text != NULL)
        sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
    return statement;
}

static const char *column_text(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text != NULL ? text : "";
}

static GArray *read_steps(sqlite3 *db, const char *sql)
{
    g_autofree char *explain = g_strconcat("EXPLAIN ", sql, NULL);
    sqlite3_stmt *statement = prepare(db, explain, NULL);
    GArray *steps = g_array_new(FALSE, TRUE, sizeof(Step));

    while (statement != NULL && sqlite3_step(statement) == SQLITE_ROW) {
        Step step = {.p1 = sqlite3_column_int(statement, 2),
                     .p2 = sqlite3_column_int(statement, 3),
                     .p3 = sqlite3_column_int(statement, 4)};
        g_strlcpy(step.opcode, column_text(statement, 1), sizeof step.opcode);
        g_strlcpy(step.p4, column_text(statement, 5), sizeof step.p4);
        g_array_append_val(steps, step);
    }
    sqlite3_finalize(statement);
    return steps;
}

static GPtrArray *read_names(sqlite3 *db, const char *sql, const char *of)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    sqlite3_stmt *statement = prepare(db, sql, of);
    while (statement != NULL && sqlite3_step(statement) == SQLITE_ROW)
        g_ptr_array_add(names, g_strdup(column_text(statement, 0)));
    sqlite3_finalize(statement);
    return names;
}

static void open_cursor(Program *self, int cursor, int root)
{
    sqlite3 *db = self->connection->db;
    g_autofree char *number = g_strdup_printf("%d", root);
    sqlite3_stmt *statement = prepare(
        db, "SELECT type, name, tbl_name FROM sqlite_schema WHERE rootpage = $1 + 0", number);

    if (statement != NULL && sqlite3_step(statement) == SQLITE_ROW) {
        gboolean is_table = g_str_equal(column_text(statement, 0), "table");
        self->cursors[cursor].table = g_strdup(column_text(statement, 2));
        self->cursors[cursor].columns = read_names(
            db,
            is_table ? "SELECT name FROM pragma_table_info($1) ORDER BY cid"
                     : "SELECT COALESCE(name, '') FROM pragma_index_xinfo($1) ORDER BY seqno",
            column_text(statement, 1));
    }
    sqlite3_finalize(statement);
}

static const char *cursor_column(const Program *self, int cursor, int column)
{
    if (cursor < 0 || cursor >= CURSORS_MAX || self->cursors[cursor].columns == NULL ||
        column < 0 || (guint)column >= self->cursors[cursor].columns->len)
        return NULL;
    const char *name = self->cursors[cursor].columns->pdata[column];
    return *name != '\0' ? name : NULL;
}

/* ---- what the loop does ---- */

static const char *in_register(const Program *self, int number)
{
    return number >= 0 && number < REGISTERS_MAX ? self->registers[number] : NULL;
}

static gboolean is_one_of(const char *opcode, const char *const *names)
{
    return g_strv_contains(names, opcode);
}

/* The first cursor that is run through or sought in is the outermost loop. */
static void find_table(Program *self, const Step *step, TuneAdvice *advice)
{
    static const char *const starts[] = {"Rewind", "Last",   "SeekGE", "SeekGT",
                                         "SeekLE", "SeekLT", NULL};
    if (self->table != NULL || !is_one_of(step->opcode, starts) || step->p1 < 0 ||
        step->p1 >= CURSORS_MAX || self->cursors[step->p1].table == NULL)
        return;
    self->table = self->cursors[step->p1].table;
    advice->table = g_strdup(self->table);
    /* Sought by the first columns of an index: they are compared for equality. */
    int n_sought = g_str_has_prefix(step->opcode, "SeekG") ? atoi(step->p4) : 0;
    for (int i = 0; i < n_sought; i++) {
        const char *column = cursor_column(self, step->p1, i);
        if (column != NULL)
            tune_advice_add(advice->equal, column);
    }
}

static void load_column(Program *self, const Step *step)
{
    if (step->p3 < 0 || step->p3 >= REGISTERS_MAX)
        return;
    gboolean ours = self->table != NULL && step->p1 >= 0 && step->p1 < CURSORS_MAX &&
                    g_strcmp0(self->cursors[step->p1].table, self->table) == 0;
    self->registers[step->p3] = ours ? cursor_column(self, step->p1, step->p2) : NULL;
}

static void compare(Program *self, const Step *step, TuneAdvice *advice)
{
    static const char *const ranges[] = {"Lt", "Le", "Gt", "Ge", NULL};
    const char *column = in_register(self, step->p3);

    if (column == NULL)
        column = in_register(self, step->p1);
    if (g_str_equal(step->opcode, "IfNot") && in_register(self, step->p1) != NULL)
        tune_advice_add(advice->holds, in_register(self, step->p1));
    else if (column != NULL && g_str_equal(step->opcode, "Ne"))
        tune_advice_add(advice->equal, column);
    else if (column != NULL && is_one_of(step->opcode, ranges))
        tune_advice_add(advice->range, column);
}

/* k(2,-B,B): two keys, the first one descending. */
static void open_sorter(Program *self, const Step *step)
{
    if (self->sorter >= 0 || !g_str_has_prefix(step->p4, "k("))
        return;
    self->sorter = step->p1;
    self->n_keys = atoi(step->p4 + 2);
    g_strlcpy(self->key_flags, step->p4, sizeof self->key_flags);
}

static void make_keys(Program *self, const Step *record, TuneAdvice *advice)
{
    g_auto(GStrv) flags = g_strsplit(self->key_flags, ",", -1);
    for (int i = 0; i < self->n_keys && flags[i + 1] != NULL; i++) {
        const char *column = in_register(self, record->p1 + i);
        if (column == NULL || advice->sorted->len != (guint)i)
            return;
        g_ptr_array_add(advice->sorted,
                        g_strconcat(column, flags[i + 1][0] == '-' ? " DESC" : "", NULL));
    }
}

static TuneAdvice *read_program(Program *self)
{
    TuneAdvice *advice = tune_advice_new();
    const Step *record = NULL;

    for (guint i = 0; i < self->steps->len; i++) {
        const Step *step = &g_array_index(self->steps, Step, i);
        const char *opcode = step->opcode;
        find_table(self, step, advice);
        if ((g_str_equal(opcode, "OpenRead") || g_str_equal(opcode, "OpenWrite")) &&
            step->p1 >= 0 && step->p1 < CURSORS_MAX && self->cursors[step->p1].table == NULL)
            open_cursor(self, step->p1, step->p2);
        else if (g_str_equal(opcode, "Column"))
            load_column(self, step);
        else if (g_str_equal(opcode, "SorterOpen") || g_str_equal(opcode, "OpenEphemeral"))
            open_sorter(self, step);
        else if (g_str_equal(opcode, "MakeRecord"))
            record = step;
        else if ((g_str_equal(opcode, "SorterInsert") || g_str_equal(opcode, "IdxInsert")) &&
                 step->p1 == self->sorter && record != NULL && advice->sorted->len == 0)
            make_keys(self, record, advice);
        else
            compare(self, step, advice);
    }
    return advice;
}

/* ---- would it be used? ---- */

/* The tables and indexes without their rows, in memory. */
static sqlite3 *copy_schema(sqlite3 *db)
{
    sqlite3 *copy = NULL;
    g_autoptr(GPtrArray) statements = read_names(
        db,
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' "
        "AND sql NOT LIKE 'CREATE VIRTUAL%' AND type IN ('table', 'index') ORDER BY type DESC",
        NULL);
    if (sqlite3_open(":memory:", &copy) != SQLITE_OK)
        return copy;
    /* Those of a virtual table's own tables fail and are not missed. */
    for (guint i = 0; i < statements->len; i++)
        sqlite3_exec(copy, statements->pdata[i], NULL, NULL, NULL);
    return copy;
}

/* "SEARCH t USING INDEX name (a=?)", "SCAN t USING INDEX name" */
static gboolean is_mentioned(const char *detail, const char *mention)
{
    g_autofree char *padded = g_strconcat(detail, " ", NULL);
    return strstr(padded, mention) != NULL;
}

static gboolean would_use(sqlite3 *db, const char *sql, const char *index, const char *name)
{
    sqlite3 *copy = copy_schema(db);
    g_autofree char *explain = g_strconcat("EXPLAIN QUERY PLAN ", sql, NULL);
    g_autofree char *mention = g_strconcat(" INDEX ", name, " ", NULL);
    gboolean used = FALSE;

    if (sqlite3_exec(copy, index, NULL, NULL, NULL) == SQLITE_OK) {
        sqlite3_stmt *statement = prepare(copy, explain, NULL);
        while (statement != NULL && sqlite3_step(statement) == SQLITE_ROW)
            used = used || is_mentioned(column_text(statement, 3), mention);
        sqlite3_finalize(statement);
    }
    sqlite3_close(copy);
    return used;
}

char *tune_sqlite_advise(TuneSqlite *connection, const char *sql)
{
    Program program = {.connection = connection, .sorter = -1};
    program.steps = read_steps(connection->db, sql);
    g_autoptr(TuneAdvice) advice = read_program(&program);
    g_autofree char *index = tune_advice_sql(advice);
    g_autofree char *columns = index == NULL ? NULL : tune_advice_columns(advice);
    g_autofree char *name = columns == NULL ? NULL : tune_advice_name(advice, columns);
    gboolean good = index != NULL && would_use(connection->db, sql, index, name);

    for (guint i = 0; i < CURSORS_MAX; i++) {
        g_free(program.cursors[i].table);
        if (program.cursors[i].columns != NULL)
            g_ptr_array_unref(program.cursors[i].columns);
    }
    g_array_unref(program.steps);
    return good ? g_strdup_printf("Add index: %s;", index) : NULL;
}
