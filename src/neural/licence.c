/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/checkpoint-private.h"

#include <string.h>

char *tune_licence_canonical(const char *licence)
{
    g_autofree char *text = g_strstrip(g_strdup(licence == NULL ? "" : licence));

    if (*text == '\0')
        return g_strdup("unknown");
    /* Names of SPDX: letters, digits, dots, dashes; anything else is left as it is written. */
    for (const char *p = text; *p != '\0'; p++) {
        if (!g_ascii_isalnum(*p) && strchr(".-+", *p) == NULL)
            return g_steal_pointer(&text);
    }
    return g_str_has_prefix(text, "cc-") ? g_ascii_strup(text, -1) : g_steal_pointer(&text);
}

/* The value of "license:" between the two "---" lines that a model card begins with. */
static char *of_readme(GBytes *readme)
{
    gsize size = g_bytes_get_size(readme);
    g_autofree char *text =
        g_strndup(size == 0 ? "" : g_bytes_get_data(readme, NULL), MIN(size, 16384));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    if (lines[0] == NULL || strcmp(g_strchomp(lines[0]), "---") != 0)
        return NULL;
    for (guint i = 1; lines[i] != NULL && strcmp(g_strchomp(lines[i]), "---") != 0; i++) {
        if (!g_str_has_prefix(lines[i], "license:"))
            continue;
        char *value = g_strstrip(lines[i] + strlen("license:"));
        gsize n = strlen(value);
        if (n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n - 1] == value[0]) {
            value[n - 1] = '\0';
            value++;
        }
        return tune_licence_canonical(value);
    }
    return NULL;
}

static char *of_note(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, TUNE_MODEL_NOTE, NULL);
    g_autoptr(json_t) note = tune_json_load(path, NULL);
    const char *licence = json_string_value(json_object_get(note, "licence"));

    return licence == NULL ? NULL : tune_licence_canonical(licence);
}

char *tune_licence_read(const char *folder, GBytes *readme)
{
    char *licence = of_note(folder);

    if (licence == NULL && readme != NULL)
        licence = of_readme(readme);
    return licence == NULL ? tune_licence_canonical(NULL) : licence;
}

gboolean tune_licence_is_non_commercial(const char *licence)
{
    /* Families whose every member allows commercial use; Creative Commons' do unless they say NC.
     */
    static const char *const free_ones[] = {"mit",   "apache-", "bsd-",    "isc",     "unlicense",
                                            "cc0-",  "cc-by-4", "cc-by-3", "cc-by-2", "cc-by-sa-",
                                            "lgpl-", "gpl-",    "agpl-",   "mpl-",    "0bsd"};
    g_autofree char *text = g_ascii_strdown(licence == NULL ? "" : licence, -1);

    for (gsize i = 0; i < G_N_ELEMENTS(free_ones); i++) {
        if (g_str_has_prefix(text, free_ones[i]))
            return FALSE;
    }
    return TRUE;
}
