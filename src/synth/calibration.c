/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The file: {"font": name, "bytes": size, "programs": [128 rows], "kits": {"0": [keys 27..87]}}.
 * A row is three figures in LUFS for each of the eight octaves; a kit has one a drum.
 */
#include "synth/calibration.h"
#include "base/data.h"
#include "base/hash.h"
#include "base/json.h"

#define DEFAULT_FONT "mix/FluidR3_GM.json"
#define LOW_DRUM 27
#define N_DRUMS 61
#define SILENT_LUFS (-70.0)

struct TuneCalibration {
    char *hash;
    double programs[128][TUNE_CALIBRATION_OCTAVES][TUNE_CALIBRATION_STRETCHES];
    double drums[128][N_DRUMS]; /* kits that were not measured are like kit 0 */
};

static double number_at(const json_t *array, gsize index, double fallback)
{
    const json_t *value = json_array_get(array, index);

    return json_is_number(value) ? json_number_value(value) : fallback;
}

static void read_programs(TuneCalibration *self, const json_t *programs)
{
    for (gsize p = 0; p < 128; p++) {
        const json_t *row = json_array_get(programs, p);

        for (gsize o = 0; o < TUNE_CALIBRATION_OCTAVES; o++)
            for (gsize i = 0; i < TUNE_CALIBRATION_STRETCHES; i++)
                self->programs[p][o][i] =
                    number_at(row, TUNE_CALIBRATION_STRETCHES * o + i, SILENT_LUFS);
    }
}

static void read_kits(TuneCalibration *self, const json_t *kits)
{
    for (gsize k = 0; k < 128; k++) {
        char name[8];

        g_snprintf(name, sizeof name, "%u", (guint)k);
        const json_t *kit = json_object_get(kits, name);

        for (gsize d = 0; d < N_DRUMS; d++)
            self->drums[k][d] = kit != NULL ? number_at(kit, d, SILENT_LUFS)
                                : k > 0     ? self->drums[0][d]
                                            : SILENT_LUFS;
    }
}

/* (transfer full) (nullable): the file for a font of @font_bytes. */
static json_t *find_file(guint64 font_bytes)
{
    g_autoptr(GPtrArray) names = tune_data_list("mix", "json");

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *name =
            g_strdup_printf("mix/%s.json", (const char *)g_ptr_array_index(names, i));
        g_autofree char *path = tune_data_find(name, NULL);
        g_autoptr(json_t) json = path != NULL ? tune_json_load(path, NULL) : NULL;
        const json_t *bytes = json_object_get(json, "bytes");

        if (json_is_integer(bytes) && (guint64)json_integer_value(bytes) == font_bytes)
            return g_steal_pointer(&json);
    }
    return NULL;
}

TuneCalibration *tune_calibration_load(guint64 font_bytes, GError **error)
{
    g_autoptr(json_t) json = find_file(font_bytes);

    if (json == NULL) {
        g_autofree char *path = tune_data_find(DEFAULT_FONT, error);

        json = path != NULL ? tune_json_load(path, error) : NULL;
        if (json == NULL)
            return NULL;
    }
    TuneCalibration *self = g_new0(TuneCalibration, 1);

    read_programs(self, json_object_get(json, "programs"));
    read_kits(self, json_object_get(json, "kits"));
    g_autofree char *text = tune_json_canonical(json);
    self->hash = tune_hash_bytes(text, strlen(text));
    return self;
}

const char *tune_calibration_hash(const TuneCalibration *self)
{
    return self->hash;
}

void tune_calibration_free(TuneCalibration *self)
{
    if (self == NULL)
        return;
    g_free(self->hash);
    g_free(self);
}

void tune_calibration_note(const TuneCalibration *self, gboolean is_drums, guint8 program, guint8 key,
                           double lufs[TUNE_CALIBRATION_STRETCHES])
{
    if (is_drums) {
        gint index = CLAMP((gint)key - LOW_DRUM, 0, N_DRUMS - 1);

        lufs[0] = lufs[1] = lufs[2] = self->drums[program & 127][index];
        return;
    }
    double at = CLAMP((key - TUNE_CALIBRATION_LOW_KEY) / 12.0, 0.0, TUNE_CALIBRATION_OCTAVES - 1.001);
    gint below = (gint)at;

    for (gsize i = 0; i < TUNE_CALIBRATION_STRETCHES; i++) {
        double low = self->programs[program & 127][below][i];
        double high = self->programs[program & 127][below + 1][i];

        /* Outside of a sound's range there is nothing to lean towards. */
        lufs[i] = low <= SILENT_LUFS ? high
                  : high <= SILENT_LUFS ? low : low + (at - below) * (high - low);
    }
}
