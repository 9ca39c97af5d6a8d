/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/patch.h"
#include "audio/decibel.h"
#include "base/hash.h"
#include "base/music.h"
#include "synth/patch-private.h"
#include <string.h>

static const char *const patch_keys[] = {
    "name",   "summary",   "level",  "drive",      "ensemble", "crush", "low_pass", "oscillators", "amplitude",
    "filter", "lfos",      "pitch",  "mono",       "glide",    "polyphony",         "stretch",     "one_shot", NULL};
static const char *const kit_keys[] = {"name",     "summary", "level",    "drive", "ensemble",
                                       "crush",    "drums",   "low_pass", NULL};
static const char *const crush_keys[] = {"bits", "hz", NULL};

gboolean tune_patch_read_choice(const TuneYamlNode *map, const char *key, const char *const *names,
                                guint *out, GError **error)
{
    const char *text = NULL;

    if (!tune_yaml_get_string(map, key, &text, error))
        return FALSE;
    if (text == NULL)
        return TRUE;
    for (guint i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return TRUE;
        }
    g_autofree char *all = g_strjoinv(", ", (char **)names);

    return tune_yaml_fail(tune_yaml_get(map, key), error, "%s: \"%s\" is none of %s", key, text, all);
}

static gboolean read_crush(TunePatch *self, const TuneYamlNode *root, GError **error)
{
    const TuneYamlNode *crush = tune_yaml_get(root, "crush");
    gint bits = 0;

    if (crush == NULL)
        return TRUE;
    if (tune_yaml_kind(crush) != TUNE_YAML_MAP)
        return tune_yaml_fail(crush, error, "crush: {bits: 4..16, hz: 1000..48000}");
    if (!tune_yaml_check_keys(crush, crush_keys, error) ||
        !tune_yaml_get_int(crush, "bits", 4, 16, &bits, error) ||
        !tune_yaml_get_double(crush, "hz", 1000, 48000, &self->crush_hz, error))
        return FALSE;
    self->bits = (guint)bits;
    return TRUE;
}

static gboolean read_common(TunePatch *self, const TuneYamlNode *root, GError **error)
{
    const char *name = NULL, *summary = "";
    double level_db = 0;

    if (!tune_yaml_get_string(root, "name", &name, error) ||
        !tune_yaml_get_string(root, "summary", &summary, error) ||
        !tune_yaml_get_double(root, "level", -40, 20, &level_db, error) ||
        !tune_yaml_get_double(root, "drive", 0, 1, &self->drive, error) ||
        !tune_yaml_get_double(root, "ensemble", 0, 1, &self->ensemble, error) ||
        !tune_yaml_get_double(root, "low_pass", 200, 20000, &self->low_pass_hz, error) ||
        !read_crush(self, root, error))
        return FALSE;
    if (name == NULL)
        return tune_yaml_fail(root, error, "name is missing");
    self->name = g_strdup(name);
    self->summary = g_strdup(summary);
    self->level = tune_db_to_gain(level_db);
    return TRUE;
}

static gboolean read_patch(TunePatch *self, const TuneYamlNode *root, GError **error)
{
    if (tune_yaml_kind(root) != TUNE_YAML_MAP)
        return tune_yaml_fail(root, error, "a voice is a map: name, oscillators ... or name, drums");
    self->is_kit = tune_yaml_get(root, "drums") != NULL;
    if (!tune_yaml_check_keys(root, self->is_kit ? kit_keys : patch_keys, error) ||
        !read_common(self, root, error))
        return FALSE;
    return self->is_kit ? tune_patch_read_kit(root, &self->kit, error)
                        : tune_patch_read_tone(root, &self->tone, error);
}

static void clear(gpointer data)
{
    TunePatch *self = data;

    g_free(self->name);
    g_free(self->summary);
    g_free(self->hash);
}

void tune_patch_unref(TunePatch *self)
{
    if (self != NULL)
        g_atomic_rc_box_release_full(self, clear);
}

TunePatch *tune_patch_ref(TunePatch *self)
{
    return g_atomic_rc_box_acquire(self);
}

TunePatch *tune_patch_parse(const char *name, const char *text, gsize length, GError **error)
{
    g_autoptr(TuneYaml) document = tune_yaml_parse(name, text, length, error);

    if (document == NULL)
        return NULL;
    g_autoptr(TunePatch) self = g_atomic_rc_box_new0(TunePatch);

    self->hash = tune_hash_bytes(text, length);
    return read_patch(self, tune_yaml_root(document), error) ? g_steal_pointer(&self) : NULL;
}

TunePatch *tune_patch_load(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) read_error = NULL;
    gsize length = 0;

    if (g_file_get_contents(path, &text, &length, &read_error))
        return tune_patch_parse(path, text, length, error);
    g_set_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_MISSING, "%s", read_error->message);
    return NULL;
}
