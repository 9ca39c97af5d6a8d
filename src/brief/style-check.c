/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * More than the first complaint about a style file.  The readers stop at the first mistake, so each block is
 * read by itself, and within a block the list item that the mistake stands in is dropped and the block
 * read again, until it is good or no item can be dropped.  A complaint on a line where something begins that
 * an item was dropped from is taken for a consequence and not told.
 */
#include "brief/style-private.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ROUNDS 200

/* The line of "path:line: reason", 0 when the complaint is about another file or has none. */
static gint line_of(const char *message, const char *path)
{
    gsize n = strlen(path);

    return strncmp(message, path, n) == 0 && message[n] == ':' ? atoi(message + n + 1) : 0;
}

static gboolean is_consequence(const GArray *around, gint line)
{
    for (guint i = 0; i < around->len; i++)
        if (g_array_index(around, gint, i) == line)
            return TRUE;
    return FALSE;
}

/* FALSE behind the last block. */
static gboolean check_block(const char *path, TuneYaml *doc, guint block, GPtrArray *complaints)
{
    g_autoptr(GArray) around = g_array_new(FALSE, FALSE, sizeof(gint));
    gboolean is_there;

    for (guint round = 0; round < MAX_ROUNDS; round++) {
        g_autoptr(GError) error = NULL;
        if (style_check_block(path, doc, block, &is_there, &error))
            return is_there;
        gint line = line_of(error->message, path);
        if (!is_consequence(around, line))
            g_ptr_array_add(complaints, g_strdup(error->message));
        if (line == 0 || !tune_yaml_drop_item(doc, line, around))
            return TRUE;
    }
    return TRUE;
}

static void check_instruments(const TuneYamlNode *root, const TuneInstruments *instruments,
                              GPtrArray *complaints)
{
    const TuneYamlNode *parts = tune_yaml_get(root, "parts");

    for (guint i = 0; parts != NULL && i < tune_yaml_size(parts); i++) {
        const TuneYamlNode *list = tune_yaml_get(tune_yaml_at(parts, i), "instruments");
        for (guint k = 0; list != NULL && k < tune_yaml_size(list); k++) {
            const char *key = tune_yaml_kind(list) == TUNE_YAML_MAP
                                  ? tune_yaml_key(list, k)
                                  : tune_yaml_text(tune_yaml_at(list, k));
            g_autoptr(GError) error = NULL;
            if (tune_instruments_find(instruments, key) != NULL)
                continue;
            tune_yaml_fail(tune_yaml_at(list, k), &error,
                           "instruments: there is no \"%s\" (tunesmith instruments lists them)",
                           key);
            g_ptr_array_add(complaints, g_strdup(error->message));
        }
    }
}

static gint compare_lines(gconstpointer a, gconstpointer b, gpointer path)
{
    return line_of(*(const char *const *)a, path) - line_of(*(const char *const *)b, path);
}

GPtrArray *tune_style_check(const char *path, const TuneInstruments *instruments)
{
    GPtrArray *complaints = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneYaml) doc = style_source_load(path, FALSE, NULL, &error);

    if (doc == NULL) {
        g_ptr_array_add(complaints, g_strdup(error->message));
        return complaints;
    }
    if (instruments != NULL)
        check_instruments(tune_yaml_root(doc), instruments, complaints);
    for (guint block = 0; check_block(path, doc, block, complaints); block++)
        ;
    g_ptr_array_sort_with_data(complaints, compare_lines, (gpointer)path);
    return complaints;
}
