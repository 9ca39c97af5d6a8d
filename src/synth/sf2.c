/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/sf2.h"
#include "synth/synth.h"
#include <string.h>

/* Sizes of the records of the preset data chunk, section 7. */
enum { PHDR = 38, BAG = 4, MODULATOR = 10, GENERATOR = 4, INST = 22, SHDR = 46 };
enum {
    GEN_KEY_RANGE = 43,
    GEN_VELOCITY_RANGE = 44,
    GEN_INSTRUMENT_ID = 41,
    GEN_SAMPLE_NUMBER = 53,
    N_GENERATORS = 61
};
#define SILENCE_AFTER 46 /* frames after every sample, section 7.10 */
#define ROM_SAMPLE 0x8000
#define VORBIS_SAMPLE 0x10
#define MAX_LAYERS 4096
#define MAX_ZONES 65536          /* that a preset reads of its instruments: real ones have some thousands */
#define MAX_ZONE_MODULATORS 256  /* each is compared with all others */

typedef struct {
    const guint8 *data;
    guint n; /* records, the last being the terminal one */
} Table;

struct TuneSf2 {
    gatomicrefcount references;
    GBytes *bytes; /* of the mapped file */
    const gint16 *samples;
    guint n_samples;
    guint16 major_version;
    Table phdr, pbag, pmod, pgen, inst, ibag, imod, igen, shdr;
};

static guint16 u16(const guint8 *p)
{
    return (guint16)(p[0] | p[1] << 8);
}

static guint32 u32(const guint8 *p)
{
    return (guint32)p[0] | (guint32)p[1] << 8 | (guint32)p[2] << 16 | (guint32)p[3] << 24;
}

/* ---- the file ---- */

static gboolean set_table(TuneSf2 *self, const char *id, const guint8 *data, guint32 size)
{
    const struct {
        const char *id;
        Table *table;
        guint record;
    } tables[] = {
        {"phdr", &self->phdr, PHDR},      {"pbag", &self->pbag, BAG},
        {"pmod", &self->pmod, MODULATOR}, {"pgen", &self->pgen, GENERATOR},
        {"inst", &self->inst, INST},      {"ibag", &self->ibag, BAG},
        {"imod", &self->imod, MODULATOR}, {"igen", &self->igen, GENERATOR},
        {"shdr", &self->shdr, SHDR},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++)
        if (memcmp(id, tables[i].id, 4) == 0) {
            if (size % tables[i].record != 0)
                return FALSE;
            *tables[i].table = (Table){data, size / tables[i].record};
        }
    if (memcmp(id, "smpl", 4) == 0) {
        self->samples = (const gint16 *)(const void *)data;
        self->n_samples = size / 2;
    }
    if (memcmp(id, "ifil", 4) == 0 && size >= 4)
        self->major_version = u16(data);
    return TRUE;
}

static gboolean read_list(TuneSf2 *self, const guint8 *data, guint32 size, const char *name,
                          GError **error)
{
    for (guint32 at = 0; size - at >= 8;) {
        guint32 length = u32(data + at + 4);

        if (length > size - at - 8 ||
            !set_table(self, (const char *)data + at, data + at + 8, length)) {
            g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT,
                        "chunk \"%.4s\" of \"%s\" has a wrong size", (const char *)data + at, name);
            return FALSE;
        }
        at += 8 + length;
        if (length % 2 != 0 && at < size)
            at++;
    }
    return TRUE;
}

/* The three lists of the file: INFO, sdta, pdta. */
static gboolean read_riff(TuneSf2 *self, GError **error)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(self->bytes, &size);

    if (size < 12 || size > G_MAXUINT32 || memcmp(data, "RIFF", 4) != 0 ||
        memcmp(data + 8, "sfbk", 4) != 0) {
        g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT,
                    "it does not start with RIFF ... sfbk");
        return FALSE;
    }
    for (gsize at = 12; size - at >= 12;) {
        guint32 length = u32(data + at + 4);

        if (length < 4 || length > size - at - 8) {
            g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT,
                        "the chunk at byte %" G_GSIZE_FORMAT " reaches beyond the end of the file",
                        at);
            return FALSE;
        }
        g_autofree char *name = g_strndup((const char *)data + at + 8, 4);

        if (memcmp(data + at, "LIST", 4) == 0 &&
            !read_list(self, data + at + 12, length - 4, name, error))
            return FALSE;
        at += 8 + (gsize)length + length % 2;
        if (at > size)
            break;
    }
    return TRUE;
}

/* Every index of a table must lie in the next and never fall. */
static gboolean check_indices(const Table *from, guint record, guint offset, const Table *to,
                              const char *name, GError **error)
{
    guint last = 0;

    for (guint i = 0; i < from->n; i++) {
        guint index = u16(from->data + (gsize)i * record + offset);

        if (index < last || index >= to->n) {
            g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT,
                        "record %u of \"%s\" points outside of its table", i, name);
            return FALSE;
        }
        last = index;
    }
    return TRUE;
}

static gboolean check_tables(const TuneSf2 *self, GError **error)
{
    const Table *all[] = {&self->phdr, &self->pbag, &self->pmod, &self->pgen, &self->inst,
                          &self->ibag, &self->imod, &self->igen, &self->shdr};

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        if (all[i]->n < 1) {
            g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT,
                        "a table of presets, instruments or samples is missing");
            return FALSE;
        }
    if (self->samples == NULL) {
        g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT, "it has no samples");
        return FALSE;
    }
    return check_indices(&self->phdr, PHDR, 24, &self->pbag, "phdr", error) &&
           check_indices(&self->pbag, BAG, 0, &self->pgen, "pbag", error) &&
           check_indices(&self->pbag, BAG, 2, &self->pmod, "pbag", error) &&
           check_indices(&self->inst, INST, 20, &self->ibag, "inst", error) &&
           check_indices(&self->ibag, BAG, 0, &self->igen, "ibag", error) &&
           check_indices(&self->ibag, BAG, 2, &self->imod, "ibag", error);
}

TuneSf2 *tune_sf2_open(const char *path, GError **error)
{
    g_autoptr(GError) map_error = NULL;
    GMappedFile *file = g_mapped_file_new(path, FALSE, &map_error);

    if (file == NULL) {
        g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT,
                    "cannot open the SoundFont %s: %s", path, map_error->message);
        return NULL;
    }
    g_autoptr(GBytes) bytes = g_mapped_file_get_bytes(file);

    g_mapped_file_unref(file);
    return tune_sf2_parse(path, bytes, error);
}

TuneSf2 *tune_sf2_parse(const char *name, GBytes *bytes, GError **error)
{
    g_autoptr(TuneSf2) self = g_new0(TuneSf2, 1);

    g_atomic_ref_count_init(&self->references);
    self->bytes = g_bytes_ref(bytes);
    if (!read_riff(self, error) || !check_tables(self, error)) {
        g_prefix_error(error, "the SoundFont %s is damaged: ", name);
        return NULL;
    }
    return g_steal_pointer(&self);
}

TuneSf2 *tune_sf2_ref(TuneSf2 *self)
{
    g_atomic_ref_count_inc(&self->references);
    return self;
}

void tune_sf2_unref(TuneSf2 *self)
{
    if (self == NULL || !g_atomic_ref_count_dec(&self->references))
        return;
    g_bytes_unref(self->bytes);
    g_free(self);
}

gboolean tune_sf2_is_compressed(const TuneSf2 *self)
{
    if (self->major_version < 3)
        return FALSE;
    for (guint i = 0; i + 1 < self->shdr.n; i++)
        if ((u16(self->shdr.data + (gsize)i * SHDR + 44) & VORBIS_SAMPLE) != 0)
            return TRUE;
    return FALSE;
}

/* ---- zones ---- */

/* One bag: its generators by id, the later ones winning, and its modulators. */
typedef struct {
    guint8 key_low, key_high, velocity_low, velocity_high;
    gboolean has_target;
    guint16 target; /* instrument or sample */
    gboolean is_set[N_GENERATORS];
    gint16 amount[N_GENERATORS];
    const guint8 *modulators;
    guint n_modulators;
} Zone;

/* Section 8.5: sample addresses, keys and modes have no meaning at the preset level. */
static gboolean is_preset_generator(guint16 id)
{
    switch (id) {
    case 0: case 1: case 2: case 3: case 4: case 12: case 45: case 46: case 47: case 50: case 54:
    case 57: case 58:
        return FALSE;
    default:
        return TRUE;
    }
}

static void read_zone(const Table *bags, guint bag, const Table *generators, const Table *modulators,
                      gboolean is_preset, Zone *zone)
{
    const guint8 *p = bags->data + (gsize)bag * BAG;
    guint target = is_preset ? GEN_INSTRUMENT_ID : GEN_SAMPLE_NUMBER;

    memset(zone, 0, sizeof *zone);
    zone->key_high = zone->velocity_high = 128;
    for (guint g = u16(p); g < u16(p + BAG) && !zone->has_target; g++) {
        const guint8 *record = generators->data + (gsize)g * GENERATOR;
        guint16 id = u16(record);

        if (id == GEN_KEY_RANGE) {
            zone->key_low = record[2];
            zone->key_high = record[3];
        } else if (id == GEN_VELOCITY_RANGE) {
            zone->velocity_low = record[2];
            zone->velocity_high = record[3];
        } else if (id == target) {
            zone->has_target = TRUE; /* always the last one */
            zone->target = u16(record + 2);
        } else if (id < N_GENERATORS && (!is_preset || is_preset_generator(id))) {
            zone->is_set[id] = TRUE;
            zone->amount[id] = (gint16)u16(record + 2);
        }
    }
    zone->modulators = modulators->data + (gsize)u16(p + 2) * MODULATOR;
    zone->n_modulators = MIN(MAX_ZONE_MODULATORS, u16(p + BAG + 2) - u16(p + 2));
}

/* Generators of @local, and of @global (nullable) where @local has none. */
static guint8 merge_generators(const Zone *local, const Zone *global, GPtrArray *owned,
                               const TuneSf2Generator **out)
{
    TuneSf2Generator list[N_GENERATORS];
    guint8 n = 0;

    for (guint16 id = 0; id < N_GENERATORS; id++) {
        if (local->is_set[id])
            list[n++] = (TuneSf2Generator){id, local->amount[id]};
        else if (global != NULL && global->is_set[id])
            list[n++] = (TuneSf2Generator){id, global->amount[id]};
    }
    TuneSf2Generator *copy = g_memdup2(list, MAX(1, n) * sizeof *list);

    g_ptr_array_add(owned, copy);
    *out = copy;
    return n;
}

/* Section 9.5.1: identical modulators differ at most in the amount. */
static gboolean same_modulator(const TuneSf2Modulator *a, const TuneSf2Modulator *b)
{
    return a->source == b->source && a->destination == b->destination &&
           a->amount_source == b->amount_source && a->transform == b->transform;
}

#define MAX_MODULATORS 64

/* The list without those that a later one of the same zone repeats. */
static guint8 add_modulators(TuneSf2Modulator *list, guint8 n, const Zone *zone, guint8 n_local)
{
    for (guint i = 0; i < zone->n_modulators && n < MAX_MODULATORS; i++) {
        const guint8 *p = zone->modulators + (gsize)i * MODULATOR;
        TuneSf2Modulator modulator = {u16(p), u16(p + 2), (gint16)u16(p + 4), u16(p + 6),
                                      u16(p + 8)};
        gboolean repeated = modulator.destination >= N_GENERATORS;

        for (guint k = 0; k < n_local && !repeated; k++)
            repeated = same_modulator(&modulator, &list[k]);
        for (guint k = i + 1; k < zone->n_modulators && !repeated; k++) {
            const guint8 *q = zone->modulators + (gsize)k * MODULATOR;
            TuneSf2Modulator later = {u16(q), u16(q + 2), 0, u16(q + 6), u16(q + 8)};

            repeated = same_modulator(&modulator, &later);
        }
        if (!repeated)
            list[n++] = modulator;
    }
    return n;
}

static guint8 merge_modulators(const Zone *local, const Zone *global, GPtrArray *owned,
                               const TuneSf2Modulator **out)
{
    TuneSf2Modulator list[MAX_MODULATORS];
    guint8 n = add_modulators(list, 0, local, 0);

    if (global != NULL)
        n = add_modulators(list, n, global, n);
    TuneSf2Modulator *copy = n > 0 ? g_memdup2(list, n * sizeof *list) : NULL;

    if (copy != NULL)
        g_ptr_array_add(owned, copy);
    *out = copy;
    return n;
}

static void add_layer(const TuneSf2 *self, TuneSf2Preset *preset, const Zone *zone,
                      const Zone *global_zone, const Zone *inner, const Zone *global_inner)
{
    TuneSf2Sample sample;
    TuneSf2Layer layer = {
        .key_low = MAX(zone->key_low, inner->key_low),
        .key_high = MIN(zone->key_high, inner->key_high),
        .velocity_low = MAX(zone->velocity_low, inner->velocity_low),
        .velocity_high = MIN(zone->velocity_high, inner->velocity_high),
        .sample = inner->target,
    };

    if (layer.key_low > layer.key_high || layer.velocity_low > layer.velocity_high ||
        preset->array->len >= MAX_LAYERS || !tune_sf2_sample(self, inner->target, &sample))
        return;
    layer.n_set = merge_generators(inner, global_inner, preset->owned, &layer.set);
    layer.n_add = merge_generators(zone, global_zone, preset->owned, &layer.add);
    layer.n_replace_modulators =
        merge_modulators(inner, global_inner, preset->owned, &layer.replace_modulators);
    layer.n_add_modulators =
        merge_modulators(zone, global_zone, preset->owned, &layer.add_modulators);
    g_array_append_val(preset->array, layer);
}

/* All zones of one instrument.  Last zone first: FluidSynth starts them in this order, and the order
 * decides how rounding errors add up. */
static void add_instrument(const TuneSf2 *self, TuneSf2Preset *preset, const Zone *zone,
                           const Zone *global_zone)
{
    if (zone->target + 1u >= self->inst.n)
        return;
    const guint8 *p = self->inst.data + (gsize)zone->target * INST;
    guint first = u16(p + 20), end = u16(p + INST + 20);
    Zone global, inner;
    gboolean has_global = FALSE;

    if (first == end)
        return;
    read_zone(&self->ibag, first, &self->igen, &self->imod, FALSE, &global);
    has_global = !global.has_target;
    for (guint bag = end; bag-- > first + (has_global ? 1 : 0) && preset->n_zones++ < MAX_ZONES;) {
        read_zone(&self->ibag, bag, &self->igen, &self->imod, FALSE, &inner);
        if (inner.has_target)
            add_layer(self, preset, zone, global_zone, &inner, has_global ? &global : NULL);
    }
}

/* Record number of a preset, or -1. */
static gint find_preset(const TuneSf2 *self, guint bank, guint program)
{
    for (guint i = 0; i + 1 < self->phdr.n; i++) {
        const guint8 *p = self->phdr.data + (gsize)i * PHDR;

        if (u16(p + 20) == program && u16(p + 22) == bank)
            return (gint)i;
    }
    return -1;
}

gboolean tune_sf2_has_preset(const TuneSf2 *self, guint bank, guint program)
{
    return find_preset(self, bank, program) >= 0;
}

TuneSf2Preset *tune_sf2_preset_new(const TuneSf2 *self, guint bank, guint program)
{
    gint record = find_preset(self, bank, program);

    if (record < 0)
        return NULL;
    const guint8 *p = self->phdr.data + (gsize)record * PHDR;
    guint first = u16(p + 24), end = u16(p + PHDR + 24);
    TuneSf2Preset *preset = g_new0(TuneSf2Preset, 1);
    Zone global = {0}, zone;
    gboolean has_global = FALSE;

    preset->owned = g_ptr_array_new_with_free_func(g_free);
    preset->array = g_array_new(FALSE, FALSE, sizeof(TuneSf2Layer));
    if (first < end) {
        read_zone(&self->pbag, first, &self->pgen, &self->pmod, TRUE, &global);
        has_global = !global.has_target;
    }
    for (guint bag = end; bag-- > first + (has_global ? 1 : 0);) {
        read_zone(&self->pbag, bag, &self->pgen, &self->pmod, TRUE, &zone);
        if (zone.has_target)
            add_instrument(self, preset, &zone, has_global ? &global : NULL);
    }
    preset->layers = (const TuneSf2Layer *)(const void *)preset->array->data;
    preset->n_layers = preset->array->len;
    if (preset->n_layers > 0)
        return preset;
    tune_sf2_preset_free(preset);
    return NULL;
}

void tune_sf2_preset_free(TuneSf2Preset *self)
{
    if (self == NULL)
        return;
    g_array_unref(self->array);
    g_ptr_array_unref(self->owned);
    g_free(self);
}

/* ---- samples ---- */

gboolean tune_sf2_sample(const TuneSf2 *self, guint number, TuneSf2Sample *out)
{
    if (number + 1 >= self->shdr.n)
        return FALSE;
    const guint8 *p = self->shdr.data + (gsize)number * SHDR;
    guint32 start = u32(p + 20), end = u32(p + 24), loop_start = u32(p + 28), loop_end = u32(p + 32);

    if ((u16(p + 44) & (ROM_SAMPLE | VORBIS_SAMPLE)) != 0 || end > self->n_samples ||
        start >= end || u32(p + 36) == 0 || end - start < 2)
        return FALSE;
    guint32 stop = MIN(self->n_samples, end + SILENCE_AFTER);

    if (loop_start > loop_end) {
        guint32 swap = loop_start;

        loop_start = loop_end;
        loop_end = swap;
    }
    if (loop_start < start || loop_start > stop)
        loop_start = start;
    if (loop_end < start || loop_end > stop)
        loop_end = stop;
    *out = (TuneSf2Sample){
        .frames = self->samples + start,
        .n_frames = stop - start,
        .loop_start = loop_start - start,
        .loop_end = loop_end - start,
        .rate = u32(p + 36),
        .root_key = p[40] <= 127 ? p[40] : 60,
        .correction_cents = (gint8)p[41],
    };
    return TRUE;
}
