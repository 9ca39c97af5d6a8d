/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/mapping.h"
#include "audio/decibel.h"
#include "base/data.h"
#include "base/hash.h"
#include "base/yaml.h"
#include "synth/synth.h"
#include <string.h>

#define DRUM_BANK 128

struct TuneMapping {
    char *name, *hash, *folder;
    GHashTable *mapped; /* instrument key -> TuneMapped */
};

static void mapped_free(gpointer data)
{
    TuneMapped *self = data;

    g_free(self->path);
    g_free(self);
}

/* The file that @key names, which must be there. */
static gboolean read_path(const TuneMapping *self, const TuneYamlNode *node, const char *key, char **out,
                          GError **error)
{
    const char *text = NULL;

    if (!tune_yaml_get_string(node, key, &text, error))
        return FALSE;
    if (text == NULL)
        return TRUE;
    *out = g_canonicalize_filename(text, self->folder);
    if (g_file_test(*out, G_FILE_TEST_IS_REGULAR))
        return TRUE;
    g_autoptr(GError) place = NULL;

    (void)tune_yaml_fail(tune_yaml_get(node, key), &place, "%s: there is no file %s", key, *out);
    g_set_error_literal(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT, place->message);
    return FALSE;
}

static gboolean read_entry(const TuneMapping *self, const TuneYamlNode *node, TuneMapped *out, GError **error)
{
    static const char *const keys[] = {"soundfont", "sfz", "bank", "program", "drums", "transpose", "gain", NULL};
    g_autofree char *font = NULL, *sfz = NULL;
    gint bank = -1, program = 0;
    double gain_db = 0;

    if (tune_yaml_kind(node) != TUNE_YAML_MAP)
        return tune_yaml_fail(node, error, "a sound is a map: {soundfont: FILE, bank: 0, program: 40}");
    if (!tune_yaml_check_keys(node, keys, error) || !read_path(self, node, "soundfont", &font, error) ||
        !read_path(self, node, "sfz", &sfz, error) ||
        !tune_yaml_get_int(node, "bank", 0, 128, &bank, error) ||
        !tune_yaml_get_int(node, "program", 0, 127, &program, error) ||
        !tune_yaml_get_bool(node, "drums", &out->is_drums, error) ||
        !tune_yaml_get_int(node, "transpose", -48, 48, &out->transpose, error) ||
        !tune_yaml_get_double(node, "gain", -40, 40, &gain_db, error))
        return FALSE;
    if ((font != NULL) == (sfz != NULL))
        return tune_yaml_fail(node, error, "either soundfont or sfz is expected");
    if (sfz != NULL && (bank >= 0 || program > 0))
        return tune_yaml_fail(node, error, "an sfz file has neither bank nor program");
    out->is_drums |= bank == DRUM_BANK;
    out->bank = bank >= 0 ? (guint)bank : out->is_drums ? DRUM_BANK : 0;
    out->program = (guint)program;
    out->gain = tune_db_to_gain(gain_db);
    out->is_sfz = sfz != NULL;
    out->path = out->is_sfz ? g_steal_pointer(&sfz) : g_steal_pointer(&font);
    return TRUE;
}

static gboolean read_mapping(TuneMapping *self, const TuneYamlNode *root, GError **error)
{
    static const char *const keys[] = {"name", "summary", "instruments", NULL};
    const TuneYamlNode *instruments;
    const char *name = NULL;

    if (tune_yaml_kind(root) != TUNE_YAML_MAP)
        return tune_yaml_fail(root, error, "a map of name, summary and instruments is expected");
    instruments = tune_yaml_get(root, "instruments");
    if (!tune_yaml_check_keys(root, keys, error) || !tune_yaml_get_string(root, "name", &name, error))
        return FALSE;
    if (instruments == NULL || tune_yaml_kind(instruments) != TUNE_YAML_MAP || tune_yaml_size(instruments) == 0)
        return tune_yaml_fail(instruments != NULL ? instruments : root, error,
                              "instruments: a map of instrument keys is expected");
    for (guint i = 0; i < tune_yaml_size(instruments); i++) {
        TuneMapped *mapped = g_new0(TuneMapped, 1);

        g_hash_table_insert(self->mapped, g_strdup(tune_yaml_key(instruments, i)), mapped);
        if (!read_entry(self, tune_yaml_at(instruments, i), mapped, error))
            return FALSE;
    }
    if (name != NULL) {
        g_free(self->name);
        self->name = g_strdup(name);
    }
    return TRUE;
}

static char *find(const char *name, GError **error)
{
    if (strchr(name, '/') != NULL || g_str_has_suffix(name, ".yaml"))
        return g_canonicalize_filename(name, NULL);
    g_autofree char *file = g_strdup_printf("sounds/%s.yaml", name);

    return tune_data_find(file, error);
}

TuneMapping *tune_mapping_load(const char *name, GError **error)
{
    g_autofree char *path = find(name, error);
    g_autoptr(TuneYaml) document = path != NULL ? tune_yaml_load(path, error) : NULL;

    if (document == NULL)
        return NULL;
    g_autoptr(TuneMapping) self = g_new0(TuneMapping, 1);

    self->name = g_path_get_basename(path);
    self->folder = g_path_get_dirname(path);
    self->hash = tune_hash_file(path, error);
    self->mapped = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, mapped_free);
    if (self->hash == NULL || !read_mapping(self, tune_yaml_root(document), error))
        return NULL;
    return g_steal_pointer(&self);
}

void tune_mapping_free(TuneMapping *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->mapped, g_hash_table_unref);
    g_free(self->name);
    g_free(self->hash);
    g_free(self->folder);
    g_free(self);
}

const TuneMapped *tune_mapping_find(const TuneMapping *self, const char *instrument)
{
    return self != NULL && instrument != NULL ? g_hash_table_lookup(self->mapped, instrument) : NULL;
}

const char *tune_mapping_name(const TuneMapping *self)
{
    return self->name;
}

const char *tune_mapping_hash(const TuneMapping *self)
{
    return self->hash;
}
