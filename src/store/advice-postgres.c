/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads EXPLAIN (FORMAT JSON): a Seq Scan with a Filter, a Sort above a scan.  PostgreSQL prints
 * conditions in one fixed form, every comparison in brackets of its own: ((user_id = 'x'::text) AND
 * is_public).
 */
#include "store/advice.h"
#include "store/postgres-private.h"

#include <string.h>

#define WORTH_SHARE 0.1 /* of the whole plan's cost, that a scan must have to be worth an index */

typedef struct {
    double whole_cost, best_cost;
    TuneAdvice *best; /* (nullable) */
} Search;

static const char *text_of(const json_t *node, const char *key)
{
    const char *text = json_string_value(json_object_get(node, key));
    return text != NULL ? text : "";
}

/* ---- conditions ---- */

static gboolean is_name_char(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '.';
}

/* Without the table's alias. (transfer full) */
static char *column_name(const char *start, gsize length)
{
    g_autofree char *name = g_strndup(start, length);
    const char *dot = strrchr(name, '.');
    return g_strdup(dot != NULL ? dot + 1 : name);
}

/* One comparison or bare column, its brackets taken off: "user_id = 'x'::text". */
static void read_condition(TuneAdvice *advice, const char *text)
{
    gsize length = 0;
    while (is_name_char(text[length]))
        length++;
    const char *rest = text + length;
    if (length == 0 || g_ascii_isdigit(*text))
        return;
    g_autofree char *column = column_name(text, length);
    if (*rest == '\0')
        tune_advice_add(advice->holds, column);
    else if (g_str_has_prefix(rest, " = "))
        tune_advice_add(advice->equal, column);
    else if (g_str_has_prefix(rest, " < ") || g_str_has_prefix(rest, " > ") ||
             g_str_has_prefix(rest, " <= ") || g_str_has_prefix(rest, " >= "))
        tune_advice_add(advice->range, column);
}

/* End of the bracket or quotes that begin at @p. */
static const char *skip_group(const char *p)
{
    guint depth = 0;
    do {
        if (*p == '\'')
            for (p++; *p != '\0' && *p != '\''; p++)
                ;
        else if (*p == '(')
            depth++;
        else if (*p == ')')
            depth--;
        if (*p != '\0')
            p++;
    } while (*p != '\0' && depth > 0);
    return p;
}

/* Terms joined by AND, in one pair of brackets or alone.  OR helps no index of one scan. */
static void read_conditions(TuneAdvice *advice, const char *text)
{
    g_autofree char *whole = g_strdup(text);
    gsize length = strlen(whole);
    const char *inner = whole;

    if (*whole == '(' && skip_group(whole) == whole + length) {
        whole[length - 1] = '\0';
        inner = whole + 1;
    }
    const char *start = inner, *p = inner;
    g_autoptr(GPtrArray) terms = g_ptr_array_new_with_free_func(g_free);
    while (*p != '\0') {
        if (g_str_has_prefix(p, " OR "))
            return;
        if (g_str_has_prefix(p, " AND ")) {
            g_ptr_array_add(terms, g_strndup(start, (gsize)(p - start)));
            start = p += strlen(" AND ");
        } else if (*p == '(' || *p == '\'') {
            p = skip_group(p);
        } else {
            p++;
        }
    }
    if (terms->len == 0) {
        read_condition(advice, inner);
        return;
    }
    g_ptr_array_add(terms, g_strdup(start));
    for (guint i = 0; i < terms->len; i++)
        read_conditions(advice, terms->pdata[i]);
}

/* "t.created_at DESC" */
static void read_sort_keys(TuneAdvice *advice, const json_t *keys)
{
    gsize index;
    const json_t *key;

    json_array_foreach(keys, index, key)
    {
        const char *text = json_string_value(key);
        gsize length = 0;
        while (is_name_char(text[length]))
            length++;
        if (length == 0 || (text[length] != '\0' && text[length] != ' '))
            return; /* an expression: what comes behind it does not help */
        g_autofree char *column = column_name(text, length);
        g_autofree char *whole = g_strconcat(column, text + length, NULL);
        g_ptr_array_add(advice->sorted, g_steal_pointer(&whole));
    }
}

/* ---- the plan ---- */

static void consider(Search *search, const json_t *node, const json_t *sort_keys)
{
    const char *type = text_of(node, "Node Type");
    gboolean sequential = strstr(type, "Seq Scan") != NULL;
    gboolean by_index = g_str_equal(type, "Index Scan") || g_str_equal(type, "Bitmap Heap Scan");
    double cost = json_number_value(json_object_get(node, "Total Cost"));

    if (!(sequential || (by_index && sort_keys != NULL)) || cost <= search->best_cost ||
        cost < WORTH_SHARE * search->whole_cost)
        return;
    g_autoptr(TuneAdvice) advice = tune_advice_new();
    advice->table = g_strdup(text_of(node, "Relation Name"));
    read_conditions(advice, text_of(node, "Index Cond"));
    read_conditions(advice, text_of(node, "Recheck Cond"));
    read_conditions(advice, text_of(node, "Filter"));
    read_sort_keys(advice, sort_keys);
    g_autofree char *columns = tune_advice_columns(advice);
    if (columns == NULL)
        return;
    search->best_cost = cost;
    tune_advice_free(search->best);
    search->best = g_steal_pointer(&advice);
}

/* @sort_keys: of the Sort that this node's rows go to as they are (nullable). */
static void walk(Search *search, const json_t *node, const json_t *sort_keys)
{
    const char *type = text_of(node, "Node Type");
    gsize index;
    const json_t *child;

    consider(search, node, sort_keys);
    if (g_str_has_suffix(type, "Sort"))
        sort_keys = json_object_get(node, "Sort Key");
    else if (!g_str_has_prefix(type, "Gather") && !g_str_equal(type, "Limit"))
        sort_keys = NULL;
    json_array_foreach(json_object_get(node, "Plans"), index, child) walk(search, child, sort_keys);
}

TuneAdvice *tune_postgres_advise(const char *plan)
{
    g_autoptr(json_t) parsed = tune_json_parse("plan", plan, strlen(plan), NULL);
    const json_t *root = json_object_get(json_array_get(parsed, 0), "Plan");
    Search search = {0};

    if (root == NULL)
        return NULL;
    search.whole_cost = json_number_value(json_object_get(root, "Total Cost"));
    walk(&search, root, NULL);
    return search.best;
}
