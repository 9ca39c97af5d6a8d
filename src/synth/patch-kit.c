/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The keys of a drum machine; docs/voices.md is their page.
 */
#include "synth/patch-private.h"
#include <string.h>

static const char *const layer_names[] = {"tone", "noise", "metal", "chip", NULL};
static const char *const wave_names[] = {"saw", "square", "triangle", "steps", "pulse", "sine", NULL};
static const char *const drum_keys[] = {"keys", "tune", "level", "pan", "choke", "layers", NULL};
static const char *const layer_keys[] = {
    "kind", "wave", "level", "hz", "from", "fall", "attack", "hold", "decay", "bursts", "spacing",
    "low", "high", "resonance", "drive", "velocity", NULL};

/* Which drum stands in for one that a kit lacks: the first of each row that it has. */
static const guint8 relatives[][8] = {
    {35, 36}, {36, 35}, {37, 75, 76, 40, 38}, {38, 40}, {39, 40, 38}, {40, 38},
    {41, 43, 45, 47}, {42, 44, 46}, {43, 41, 45, 47}, {44, 42}, {45, 43, 47, 41, 48}, {46, 44, 42},
    {47, 45, 48, 43, 50}, {48, 47, 50, 45}, {49, 57, 52, 55, 46}, {50, 48, 47}, {51, 59, 53, 49, 46}, {52, 49, 57},
    {53, 51, 59, 56}, {54, 70, 82, 42}, {55, 49, 57}, {56, 67, 76, 37}, {57, 49}, {58, 54, 39},
    {59, 51, 53, 46}, {60, 62, 50, 48}, {61, 60, 64, 47}, {62, 60, 63, 48}, {63, 62, 60, 47}, {64, 61, 63, 45},
    {65, 50, 48, 60}, {66, 65, 45, 61}, {67, 56, 76}, {68, 67, 56}, {69, 70, 82, 42}, {70, 69, 82, 42},
    {71, 81}, {72, 71}, {73, 69, 70, 42}, {74, 73, 69, 42}, {75, 76, 37}, {76, 75, 77, 37},
    {77, 76, 75, 37}, {78, 60}, {79, 78, 61}, {80, 81, 51, 42}, {81, 80, 51, 46}, {82, 70, 69, 42},
    {31, 37, 75}, {33, 75, 37}, {34, 76, 37},
};

static gboolean read_layer(const TuneYamlNode *node, TuneDrumLayer *self, GError **error)
{
    guint kind = TUNE_LAYER_TONE, wave = TUNE_WAVE_SINE;
    gint bursts = 0;

    *self = (TuneDrumLayer){.level = 1, .hz = 200, .decay_s = 0.2, .burst_s = 0.011, .fall_s = 0.03};
    if (tune_yaml_kind(node) != TUNE_YAML_MAP)
        return tune_yaml_fail(node, error, "a layer is a map: {kind: tone, hz: 50, decay: 0.4}");
    if (!tune_yaml_check_keys(node, layer_keys, error) ||
        !tune_patch_read_choice(node, "kind", layer_names, &kind, error) ||
        !tune_patch_read_choice(node, "wave", wave_names, &wave, error) ||
        !tune_yaml_get_double(node, "level", 0, 4, &self->level, error) ||
        !tune_yaml_get_double(node, "hz", 10, 22000, &self->hz, error) ||
        !tune_yaml_get_double(node, "from", 10, 22000, &self->from_hz, error) ||
        !tune_yaml_get_double(node, "fall", 0.001, 5, &self->fall_s, error) ||
        !tune_yaml_get_double(node, "attack", 0, 5, &self->attack_s, error) ||
        !tune_yaml_get_double(node, "hold", 0, 5, &self->hold_s, error) ||
        !tune_yaml_get_double(node, "decay", 0.001, 20, &self->decay_s, error) ||
        !tune_yaml_get_int(node, "bursts", 0, 12, &bursts, error) ||
        !tune_yaml_get_double(node, "spacing", 0.002, 0.2, &self->burst_s, error) ||
        !tune_yaml_get_double(node, "low", 0, 16000, &self->low_hz, error) ||
        !tune_yaml_get_double(node, "high", 0, 20000, &self->high_hz, error) ||
        !tune_yaml_get_double(node, "resonance", 0, 1, &self->resonance, error) ||
        !tune_yaml_get_double(node, "drive", 0, 1, &self->drive, error) ||
        !tune_yaml_get_double(node, "velocity", 0, 1, &self->velocity, error))
        return FALSE;
    if (wave == TUNE_WAVE_PULSE)
        return tune_yaml_fail(tune_yaml_get(node, "wave"), error, "wave: a drum has square, not pulse");
    self->kind = (TuneLayerKind)kind;
    self->wave = (TuneWave)wave;
    self->bursts = (guint)bursts;
    if (self->from_hz <= 0)
        self->from_hz = self->hz;
    return TRUE;
}

static gboolean read_layers(const TuneYamlNode *node, TuneDrum *self, GError **error)
{
    const TuneYamlNode *list = tune_yaml_get(node, "layers");

    if (list == NULL || tune_yaml_kind(list) != TUNE_YAML_LIST || tune_yaml_size(list) < 1 ||
        tune_yaml_size(list) > TUNE_KIT_LAYERS)
        return tune_yaml_fail(list != NULL ? list : node, error, "layers: a list of 1 to %d",
                              TUNE_KIT_LAYERS);
    self->n_layers = tune_yaml_size(list);
    for (guint i = 0; i < self->n_layers; i++)
        if (!read_layer(tune_yaml_at(list, i), &self->layers[i], error))
            return FALSE;
    return TRUE;
}

/* The MIDI keys that play drum @index, and by how much each is tuned. */
static gboolean read_keys(const TuneYamlNode *node, TuneKit *kit, gint8 index, GError **error)
{
    const TuneYamlNode *keys = tune_yaml_get(node, "keys"), *tune = tune_yaml_get(node, "tune");
    guint n = keys != NULL && tune_yaml_kind(keys) == TUNE_YAML_LIST ? tune_yaml_size(keys) : 0;

    if (n < 1)
        return tune_yaml_fail(keys != NULL ? keys : node, error, "keys: a list of MIDI drum keys, [35, 36]");
    if (tune != NULL && (tune_yaml_kind(tune) != TUNE_YAML_LIST || tune_yaml_size(tune) != n))
        return tune_yaml_fail(tune, error, "tune: as many semitones as there are keys");
    for (guint i = 0; i < n; i++) {
        double key = 0, semitones = 0;

        if (!tune_yaml_to_double(tune_yaml_at(keys, i), 0, 127, &key, error) ||
            (tune != NULL && !tune_yaml_to_double(tune_yaml_at(tune, i), -36, 36, &semitones, error)))
            return FALSE;
        if (kit->drum_of[(gint)key] >= 0)
            return tune_yaml_fail(keys, error, "key %d plays another drum already", (gint)key);
        kit->drum_of[(gint)key] = index;
        kit->tune_of[(gint)key] = semitones;
    }
    return TRUE;
}

static gboolean read_drum(const TuneYamlNode *node, TuneKit *kit, gint8 index, GError **error)
{
    TuneDrum *self = &kit->drums[index];
    gint choke = 0;

    self->level = 1;
    if (tune_yaml_kind(node) != TUNE_YAML_MAP)
        return tune_yaml_fail(node, error, "a drum is a map: {keys: [36], layers: [...]}");
    if (!tune_yaml_check_keys(node, drum_keys, error) ||
        !tune_yaml_get_double(node, "level", 0, 4, &self->level, error) ||
        !tune_yaml_get_double(node, "pan", -1, 1, &self->pan, error) ||
        !tune_yaml_get_int(node, "choke", 0, 8, &choke, error) || !read_layers(node, self, error))
        return FALSE;
    self->choke = (guint)choke;
    return read_keys(node, kit, index, error);
}

static void fill_gaps(TuneKit *self)
{
    gint8 own[TUNE_KIT_KEYS];

    memcpy(own, self->drum_of, sizeof own);
    for (gsize r = 0; r < G_N_ELEMENTS(relatives); r++) {
        guint8 key = relatives[r][0];

        for (gsize i = 1; own[key] < 0 && self->drum_of[key] < 0 && i < G_N_ELEMENTS(relatives[r]); i++) {
            guint8 other = relatives[r][i];

            if (other == 0 || own[other] < 0)
                continue;
            self->drum_of[key] = own[other];
            self->tune_of[key] = self->tune_of[other];
        }
    }
}

gboolean tune_patch_read_kit(const TuneYamlNode *root, TuneKit *self, GError **error)
{
    const TuneYamlNode *drums = tune_yaml_get(root, "drums");

    if (tune_yaml_kind(drums) != TUNE_YAML_MAP || tune_yaml_size(drums) < 1 ||
        tune_yaml_size(drums) > TUNE_KIT_DRUMS)
        return tune_yaml_fail(drums, error, "drums: a map of 1 to %d drums", TUNE_KIT_DRUMS);
    memset(self->drum_of, -1, sizeof self->drum_of);
    self->n_drums = tune_yaml_size(drums);
    for (guint i = 0; i < self->n_drums; i++)
        if (!read_drum(tune_yaml_at(drums, i), self, (gint8)i, error))
            return FALSE;
    fill_gaps(self);
    return TRUE;
}
