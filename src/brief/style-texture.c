/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The block `textures:` of a style file.
 */
#include "brief/style-private.h"

#include <string.h>

static void texture_clear(gpointer data)
{
    StyleTexture *texture = data;

    g_free(texture->name);
    g_strfreev(texture->melody);
    g_strfreev(texture->rests);
    g_strfreev(texture->pizzicato);
    g_strfreev(texture->tremolo);
    g_strfreev(texture->staccato);
}

GArray *style_textures_new(void)
{
    GArray *out = g_array_new(FALSE, TRUE, sizeof(StyleTexture));

    g_array_set_clear_func(out, texture_clear);
    return out;
}

/* Which of @names (NULL-terminated) stands under @key; @out stays when it is missing. */
static gboolean read_word(const TuneYamlNode *node, const char *key, const char *const *names,
                          gint *out, GError **error)
{
    const char *text = NULL;
    g_autofree char *known = g_strjoinv(", ", (char **)names);

    if (!tune_yaml_get_string(node, key, &text, error))
        return FALSE;
    if (text == NULL)
        return TRUE;
    for (gint i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return TRUE;
        }
    return tune_yaml_fail(tune_yaml_get(node, key), error, "%s: \"%s\" is none of %s", key, text,
                          known);
}

/* A list of part ids. */
static gboolean read_ids(const TuneYamlNode *node, const char *key, const GArray *parts, char ***out,
                         GError **error)
{
    if (!tune_yaml_get_strings(node, key, out, error))
        return FALSE;
    for (char **id = *out; id != NULL && *id != NULL; id++) {
        gboolean known = FALSE;
        for (guint i = 0; i < parts->len; i++)
            known |= strcmp(g_array_index(parts, StylePart, i).id, *id) == 0;
        if (!known)
            return tune_yaml_fail(tune_yaml_get(node, key), error, "%s: no part is called \"%s\"",
                                  key, *id);
    }
    return TRUE;
}

static gboolean read_texture(const TuneYamlNode *node, const GArray *parts, StyleTexture *out,
                             GError **error)
{
    static const char *const allowed[] = {"name",      "weave",   "hand",     "energy",
                                          "sections",  "weight",  "melody",   "rests",
                                          "pizzicato", "tremolo", "staccato", NULL};
    static const char *const weaves[] = {"free", "chorale", "fugue", "imitation", "unison", NULL};
    static const char *const hands[] = {"plain", "thirds", "octaves", "chords", NULL};
    const char *name = NULL;
    gint weave = STYLE_WEAVE_FREE, hand = STYLE_HAND_PLAIN;

    if (!tune_yaml_check_keys(node, allowed, error) ||
        !tune_yaml_get_string(node, "name", &name, error))
        return FALSE;
    if (name == NULL)
        return tune_yaml_fail(node, error, "name is missing");
    out->name = g_strdup(name);
    if (!read_word(node, "weave", weaves, &weave, error) ||
        !read_word(node, "hand", hands, &hand, error))
        return FALSE;
    out->weave = (StyleWeave)weave;
    out->hand = (StyleHand)hand;
    return tune_yaml_get_range(node, "energy", 0, 1, out->energy, error) &&
           style_read_sections(node, &out->sections, error) &&
           style_read_weight(node, &out->weight, error) &&
           read_ids(node, "melody", parts, &out->melody, error) &&
           read_ids(node, "rests", parts, &out->rests, error) &&
           read_ids(node, "pizzicato", parts, &out->pizzicato, error) &&
           read_ids(node, "tremolo", parts, &out->tremolo, error) &&
           read_ids(node, "staccato", parts, &out->staccato, error);
}

gboolean style_textures_read(const TuneYamlNode *root, const GArray *parts, GArray *out,
                             GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(root, "textures");

    if (node == NULL)
        return TRUE;
    if (tune_yaml_kind(node) != TUNE_YAML_LIST || tune_yaml_size(node) > 24)
        return tune_yaml_fail(node, error, "textures: a list of at most 24 is expected");
    for (guint i = 0; i < tune_yaml_size(node); i++) {
        StyleTexture texture = {.energy = {0, 1}, .weight = 1};
        gboolean good = read_texture(tune_yaml_at(node, i), parts, &texture, error);
        g_array_append_val(out, texture);
        if (!good)
            return FALSE;
    }
    return TRUE;
}
