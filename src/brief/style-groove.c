/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "brief/style-groove.h"

#define MAX_PATTERN_BARS 8
#define MAX_CELLS        96

const char *const tune_style_groove_keys[] = {"grooves", "fills",  "bass",
                                              "comping", "riffs",  "perform",
                                              "builds",  "gaps",   "curves",
                                              NULL};

typedef struct {
    const char *name;
    guint8 key;
} DrumName;

/* General MIDI level 1 percussion; the brush strokes are General MIDI 2's, heard on a brush kit. */
static const DrumName drum_names[] = {
    {"kick", 36},
    {"kick-2", 35},
    {"side-stick", 37},
    {"snare", 38},
    {"clap", 39},
    {"snare-2", 40},
    {"floor-tom", 41},
    {"hat", 42},
    {"floor-tom-2", 43},
    {"pedal-hat", 44},
    {"low-tom", 45},
    {"open-hat", 46},
    {"mid-tom-2", 47},
    {"mid-tom", 48},
    {"crash", 49},
    {"high-tom", 50},
    {"ride", 51},
    {"china", 52},
    {"ride-bell", 53},
    {"tambourine", 54},
    {"splash", 55},
    {"cowbell", 56},
    {"crash-2", 57},
    {"ride-2", 59},
    {"bongo-high", 60},
    {"bongo-low", 61},
    {"conga-mute", 62},
    {"conga-high", 63},
    {"conga-low", 64},
    {"timbale", 65},
    {"timbale-low", 66},
    {"agogo", 67},
    {"agogo-low", 68},
    {"cabasa", 69},
    {"shaker", 70},
    {"guiro", 73},
    {"claves", 75},
    {"woodblock", 76},
    {"woodblock-low", 77},
    {"triangle-mute", 80},
    {"triangle", 81},
    {"sleigh-bells", 83},
    {"bell-tree", 84},
    {"castanets", 85},
    {"bass-drum", 35},
    {"brush-tap", 38},
    {"brush-slap", 39},
    {"brush-swirl", 40},
    {"finger-snap", 39},
    {"timpani", STYLE_DRUM_TIMPANI},
    {"timpani-fifth", STYLE_DRUM_TIMPANI_FIFTH},
    {"taiko", STYLE_DRUM_TAIKO},
    {"taiko-high", STYLE_DRUM_TAIKO_HIGH},
};

guint8 tune_drum_key(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(drum_names); i++)
        if (strcmp(drum_names[i].name, name) == 0)
            return drum_names[i].key;
    return 0;
}

const char *tune_drum_name(guint8 key)
{
    for (gsize i = 0; i < G_N_ELEMENTS(drum_names); i++)
        if (drum_names[i].key == key)
            return drum_names[i].name;
    return "?";
}

static void pattern_free(gpointer data)
{
    StylePattern *self = data;

    if (self == NULL)
        return;
    g_free(self->name);
    g_free(self->group);
    g_strfreev(self->instruments);
    if (self->hits != NULL)
        g_array_unref(self->hits);
    g_free(self);
}

/* ---- rows of cells ---- */

typedef struct {
    const char *alphabet; /* cells allowed */
    gboolean holds;       /* '-' prolongs the cell before it */
} RowKind;

static const RowKind drum_row = {"Xxogpq123456789rtfw.-", FALSE};
static const RowKind bass_row = {"12345678vbad>x.-", TRUE};
static const RowKind comp_row = {"DUduXxo>mtbcfsnpv12345678.-", TRUE};
static const RowKind riff_row = {"12345678mtRx?.-", TRUE};

static gint compare_hits(gconstpointer a, gconstpointer b)
{
    const StyleHit *x = a, *y = b;

    if (x->tick != y->tick)
        return x->tick < y->tick ? -1 : 1;
    return (x->key > y->key) - (x->key < y->key);
}

static gint count_cells(const char *text)
{
    gint n = 0;

    for (; *text != '\0'; text++)
        n += *text != ' ';
    return n;
}

/* One bar (or fill) of @length ticks and @beats felt beats, into @hits. */
static gboolean read_bar(const TuneYamlNode *node, const RowKind *kind, const char *text,
                         guint8 key, gint start, gint length, gint beat_ticks, GArray *hits,
                         GError **error)
{
    gint n = count_cells(text);

    if (n == 0 || n > MAX_CELLS || length % n != 0)
        return tune_yaml_fail(node, error,
                              "%d cells do not divide a bar of %d ticks evenly: \"%s\"", n, length,
                              text);
    gint cell_ticks = length / n, place = 0;
    for (; *text != '\0'; text++) {
        if (*text == ' ')
            continue;
        if (strchr(kind->alphabet, *text) == NULL)
            return tune_yaml_fail(node, error, "unknown cell '%c' (known: %s)", *text,
                                  kind->alphabet);
        StyleHit *before = hits->len > 0 ? &g_array_index(hits, StyleHit, hits->len - 1) : NULL;
        gint tick = start + place * cell_ticks;
        if (*text == '-' && kind->holds) {
            if (before != NULL && before->tick + before->ticks == tick)
                before->ticks += cell_ticks;
        } else if (*text != '.' && *text != '-') {
            StyleHit hit = {.tick = tick,
                            .ticks = cell_ticks,
                            .cell = *text,
                            .key = key,
                            .cells = (guint8)CLAMP(beat_ticks / cell_ticks, 1, 64)};
            g_array_append_val(hits, hit);
        }
        place++;
    }
    return TRUE;
}

/* A row of bars divided by '|'.  Repeats it until the pattern's @bars are full. */
static gboolean read_row(const TuneYamlNode *node, const RowKind *kind, guint8 key,
                         StylePattern *pattern, gint unit_ticks, GError **error)
{
    if (tune_yaml_kind(node) != TUNE_YAML_SCALAR)
        return tune_yaml_fail(node, error, "a row of cells is expected here");
    g_auto(GStrv) bars = g_strsplit(tune_yaml_text(node), "|", MAX_PATTERN_BARS + 1);
    gint n = (gint)g_strv_length(bars), units = pattern->ticks / unit_ticks;
    g_autoptr(GArray) row = g_array_new(FALSE, FALSE, sizeof(StyleHit));
    for (gint i = 0; i < units; i++)
        if (!read_bar(node, kind, bars[i % n], key, i * unit_ticks, unit_ticks,
                      tune_metre_beat_ticks(pattern->metre), row, error))
            return FALSE;
    g_array_append_vals(pattern->hits, row->data, row->len);
    return TRUE;
}

static gint row_bars(const TuneYamlNode *node)
{
    gint n = 1;

    for (const char *c = tune_yaml_text(node); *c != '\0'; c++)
        n += *c == '|';
    return n;
}

static gboolean read_drum_rows(const TuneYamlNode *node, StylePattern *pattern, GError **error)
{
    const TuneYamlNode *rows = tune_yaml_get(node, "rows");

    if (rows == NULL || tune_yaml_kind(rows) != TUNE_YAML_MAP || tune_yaml_size(rows) == 0)
        return tune_yaml_fail(rows ? rows : node, error, "%s: rows: a map of drums is expected",
                              pattern->name);
    gint unit = tune_metre_bar_ticks(pattern->metre);
    if (pattern->beats > 0) {
        unit = pattern->beats * tune_metre_beat_ticks(pattern->metre);
        pattern->ticks = unit;
    } else {
        for (guint i = 0; i < tune_yaml_size(rows); i++)
            pattern->bars = MAX(pattern->bars, row_bars(tune_yaml_at(rows, i)));
        if (pattern->bars > MAX_PATTERN_BARS)
            return tune_yaml_fail(rows, error, "a pattern has at most %d bars", MAX_PATTERN_BARS);
        pattern->ticks = pattern->bars * unit;
    }
    for (guint i = 0; i < tune_yaml_size(rows); i++) {
        const TuneYamlNode *row = tune_yaml_at(rows, i);
        guint8 key = tune_drum_key(tune_yaml_key(rows, i));
        if (key == 0)
            return tune_yaml_fail(row, error, "\"%s\" is no drum", tune_yaml_key(rows, i));
        guint from = pattern->hits->len;
        if (!read_row(row, &drum_row, key, pattern, unit, error))
            return FALSE;
        for (guint k = from; k < pattern->hits->len; k++)
            g_array_index(pattern->hits, StyleHit, k).row = (guint8)i;
    }
    return TRUE;
}

static gboolean read_cells(const TuneYamlNode *node, const RowKind *kind, StylePattern *pattern,
                           GError **error)
{
    const TuneYamlNode *cells = tune_yaml_get(node, "cells");

    if (cells == NULL) {
        if (pattern->idiom == STYLE_IDIOM_PATTERN)
            return tune_yaml_fail(node, error, "%s: cells are missing", pattern->name);
        pattern->bars = 1;
        pattern->ticks = tune_metre_bar_ticks(pattern->metre);
        return TRUE;
    }
    pattern->bars = row_bars(cells);
    if (pattern->bars > MAX_PATTERN_BARS)
        return tune_yaml_fail(cells, error, "a pattern has at most %d bars", MAX_PATTERN_BARS);
    pattern->ticks = pattern->bars * tune_metre_bar_ticks(pattern->metre);
    return read_row(cells, kind, 0, pattern, tune_metre_bar_ticks(pattern->metre), error);
}

/* ---- what all patterns share ---- */

static gboolean read_sections(const TuneYamlNode *node, StylePattern *pattern, GError **error)
{
    g_auto(GStrv) names = NULL;

    if (!tune_yaml_get_strings(node, "sections", &names, error))
        return FALSE;
    for (gint i = 0; names != NULL && names[i] != NULL; i++) {
        TuneSectionRole role;
        if (!tune_section_role_parse(names[i], &role))
            return tune_yaml_fail(tune_yaml_get(node, "sections"), error, "\"%s\" is no section",
                                  names[i]);
        pattern->sections |= 1u << role;
    }
    return TRUE;
}

static gboolean read_roles(const TuneYamlNode *node, StylePattern *pattern, GError **error)
{
    g_auto(GStrv) names = NULL;

    if (!tune_yaml_get_strings(node, "roles", &names, error))
        return FALSE;
    for (gint i = 0; names != NULL && names[i] != NULL; i++) {
        TuneRole role;
        if (!tune_role_parse(names[i], &role))
            return tune_yaml_fail(tune_yaml_get(node, "roles"), error, "\"%s\" is no role",
                                  names[i]);
        pattern->roles |= 1u << role;
    }
    return TRUE;
}

/* In the order of StyleIdiom. */
static const char *const idiom_names[] = {"pattern", "walk",    "kick", "hold",   "pedal",
                                          "line",    "tremolo", "arp",  "answer", "block"};

const char *tune_style_idiom_name(StyleIdiom idiom)
{
    g_return_val_if_fail((gsize)idiom < G_N_ELEMENTS(idiom_names), "");
    return idiom_names[idiom];
}

static gboolean read_idiom(const TuneYamlNode *node, StylePattern *pattern, GError **error)
{
    const char *text = NULL;

    if (!tune_yaml_get_string(node, "idiom", &text, error))
        return FALSE;
    if (text == NULL)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(idiom_names); i++)
        if (strcmp(idiom_names[i], text) == 0) {
            pattern->idiom = (StyleIdiom)i;
            return TRUE;
        }
    return tune_yaml_fail(tune_yaml_get(node, "idiom"), error,
                          "\"%s\" is no idiom (known: pattern, walk, kick, hold, pedal, line, "
                          "tremolo, arp, answer, block)",
                          text);
}

static gboolean read_shape(const TuneYamlNode *node, StylePattern *pattern, GError **error)
{
    static const char *const names[] = {"voiced", "close",  "tenth", "open",
                                        "stride", "octave", "fifths"};
    const char *text = NULL;

    if (!tune_yaml_get_string(node, "shape", &text, error))
        return FALSE;
    for (gsize i = 0; text != NULL && i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i], text) == 0) {
            pattern->shape = (StyleShape)i;
            return TRUE;
        }
    if (text == NULL)
        return TRUE;
    return tune_yaml_fail(tune_yaml_get(node, "shape"), error,
                          "\"%s\" is no shape (known: voiced, close, tenth, open, stride, octave, "
                          "fifths)",
                          text);
}

static gboolean read_common(const TuneYamlNode *node, StylePattern *pattern, GError **error)
{
    const char *name = NULL, *metre = "4/4";

    if (!tune_yaml_get_string(node, "name", &name, error) ||
        !tune_yaml_get_string(node, "metre", &metre, error) ||
        !tune_yaml_get_range(node, "energy", 0, 1, pattern->energy, error) ||
        !tune_yaml_get_range(node, "tempo", 20, 400, pattern->tempo, error) ||
        !tune_yaml_get_double(node, "weight", 0, 100, &pattern->weight, error))
        return FALSE;
    if (name == NULL)
        return tune_yaml_fail(node, error, "name is missing");
    pattern->name = g_strdup(name);
    if (!tune_metre_parse(metre, &pattern->metre))
        return tune_yaml_fail(tune_yaml_get(node, "metre"), error, "\"%s\" is no metre", metre);
    return read_sections(node, pattern, error);
}

typedef gboolean (*PatternReader)(const TuneYamlNode *node, StylePattern *pattern, GError **error);

static gboolean read_groove(const TuneYamlNode *node, StylePattern *pattern, GError **error)
{
    static const char *const keys[] = {"name", "metre",      "energy",      "sections", "weight",
                                       "rows", "percussion", "instruments", "layers",   "tempo",  NULL};

    return tune_yaml_check_keys(node, keys, error) && read_common(node, pattern, error) &&
           tune_yaml_get_strings(node, "instruments", &pattern->instruments, error) &&
           tune_yaml_get_bool(node, "percussion", &pattern->percussion, error) &&
           tune_yaml_get_int(node, "layers", -8, 8, &pattern->layers, error) &&
           read_drum_rows(node, pattern, error);
}

static gboolean read_fill(const TuneYamlNode *node, StylePattern *pattern, GError **error)
{
    static const char *const keys[] = {"name",       "metre",       "energy", "sections",
                                       "weight",     "rows",        "beats",  "build",
                                       "percussion", "instruments", "tempo",  NULL};

    pattern->beats = 1;
    return tune_yaml_check_keys(node, keys, error) && read_common(node, pattern, error) &&
           tune_yaml_get_strings(node, "instruments", &pattern->instruments, error) &&
           tune_yaml_get_int(node, "beats", 1, 16, &pattern->beats, error) &&
           tune_yaml_get_bool(node, "build", &pattern->build, error) &&
           tune_yaml_get_bool(node, "percussion", &pattern->percussion, error) &&
           read_drum_rows(node, pattern, error);
}

static gboolean read_bass(const TuneYamlNode *node, StylePattern *pattern, GError **error)
{
    static const char *const keys[] = {"name",  "metre", "energy",      "sections", "weight",
                                       "cells", "idiom", "instruments", "tempo",    NULL};

    return tune_yaml_check_keys(node, keys, error) && read_common(node, pattern, error) &&
           read_idiom(node, pattern, error) &&
           tune_yaml_get_strings(node, "instruments", &pattern->instruments, error) &&
           read_cells(node, &bass_row, pattern, error);
}

static gboolean read_order(const TuneYamlNode *node, StylePattern *pattern, GError **error)
{
    static const char *const names[] = {"up", "down", "up-down", "converge", "random"};
    const char *text = NULL;

    pattern->octaves = 1;
    if (!tune_yaml_get_string(node, "order", &text, error) ||
        !tune_yaml_get_int(node, "octaves", 1, 4, &pattern->octaves, error))
        return FALSE;
    for (gsize i = 0; text != NULL && i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i], text) == 0) {
            pattern->order = (StyleOrder)i;
            return TRUE;
        }
    return text == NULL ||
           tune_yaml_fail(tune_yaml_get(node, "order"), error,
                          "\"%s\" is no order (known: up, down, up-down, converge, random)", text);
}

static gboolean read_comping(const TuneYamlNode *node, StylePattern *pattern, GError **error)
{
    static const char *const keys[] = {"name",   "metre", "energy", "sections",
                                       "weight", "cells", "idiom",  "instruments",
                                       "roles",  "group", "tempo",  "order",
                                       "octaves", "doubled", "early", "shape", NULL};
    const char *group = NULL;

    if (!tune_yaml_check_keys(node, keys, error) || !read_common(node, pattern, error) ||
        !read_idiom(node, pattern, error) || !read_shape(node, pattern, error) ||
        !read_roles(node, pattern, error) || !read_order(node, pattern, error) ||
        !tune_yaml_get_string(node, "group", &group, error) ||
        !tune_yaml_get_bool(node, "doubled", &pattern->doubled, error) ||
        !tune_yaml_get_bool(node, "early", &pattern->early, error) ||
        !tune_yaml_get_strings(node, "instruments", &pattern->instruments, error))
        return FALSE;
    pattern->group = g_strdup(group);
    if (pattern->roles == 0)
        pattern->roles = 1u << TUNE_ROLE_COMP;
    return read_cells(node, &comp_row, pattern, error);
}

static gboolean read_riff(const TuneYamlNode *node, StylePattern *pattern, GError **error)
{
    static const char *const keys[] = {"name",   "metre",  "energy", "tempo",       "sections",
                                       "weight", "chance", "cells",  "instruments", NULL};

    return tune_yaml_check_keys(node, keys, error) && read_common(node, pattern, error) &&
           tune_yaml_get_double(node, "chance", 0, 1, &pattern->chance, error) &&
           tune_yaml_get_strings(node, "instruments", &pattern->instruments, error) &&
           read_cells(node, &riff_row, pattern, error);
}

static gboolean read_block(const TuneYamlNode *root, const char *key, PatternReader reader,
                           GPtrArray *out, GError **error)
{
    const TuneYamlNode *block = tune_yaml_get(root, key);

    if (block == NULL)
        return TRUE;
    if (tune_yaml_kind(block) != TUNE_YAML_LIST)
        return tune_yaml_fail(block, error, "%s: a list of patterns is expected", key);
    for (guint i = 0; i < tune_yaml_size(block); i++) {
        StylePattern *pattern = g_new0(StylePattern, 1);
        pattern->energy[1] = 1;
        pattern->tempo[1] = 1000;
        pattern->weight = pattern->chance = 1;
        pattern->hits = g_array_new(FALSE, FALSE, sizeof(StyleHit));
        g_ptr_array_add(out, pattern);
        if (!reader(tune_yaml_at(block, i), pattern, error))
            return FALSE;
        g_array_sort(pattern->hits, compare_hits);
    }
    return TRUE;
}

/* ---- perform ---- */

static void perform_defaults(StylePerform *perform)
{
    *perform = (StylePerform){.swing = 0.5,
                              .drift_ms = 2.5,
                              .loudness = {58, 100},
                              .accent = 16,
                              .spread = 5,
                              .strum_ms = 22,
                              .pedal = TRUE,
                              .rit = 0.3,
                              .fills = 0.5,
                              .crash = 1,
                              .clave = -1};
    for (gint role = 0; role < TUNE_N_ROLES; role++)
        perform->legato[role] = 0.92;
    perform->legato[TUNE_ROLE_PAD] = 1.0;
    perform->legato[TUNE_ROLE_COMP] = 0.85;
}

/* A map of role: number into @out. */
static gboolean read_by_role(const TuneYamlNode *node, const char *key, double low, double high,
                             double out[TUNE_N_ROLES], GError **error)
{
    const TuneYamlNode *map = tune_yaml_get(node, key);

    if (map == NULL)
        return TRUE;
    if (tune_yaml_kind(map) != TUNE_YAML_MAP)
        return tune_yaml_fail(map, error, "%s: a map of roles is expected", key);
    for (guint i = 0; i < tune_yaml_size(map); i++) {
        TuneRole role;
        if (!tune_role_parse(tune_yaml_key(map, i), &role))
            return tune_yaml_fail(tune_yaml_at(map, i), error, "\"%s\" is no role",
                                  tune_yaml_key(map, i));
        if (!tune_yaml_to_double(tune_yaml_at(map, i), low, high, &out[role], error))
            return FALSE;
    }
    return TRUE;
}

/* beats: [0, -0.1, 0.02]: how early or late each beat of a bar falls. */
static gboolean read_uneven(const TuneYamlNode *node, StylePerform *perform, GError **error)
{
    const TuneYamlNode *list = tune_yaml_get(node, "beats");

    if (list == NULL)
        return TRUE;
    if (tune_yaml_kind(list) != TUNE_YAML_LIST ||
        tune_yaml_size(list) > G_N_ELEMENTS(perform->beats))
        return tune_yaml_fail(list, error, "beats: a list of at most %d numbers is expected",
                              (gint)G_N_ELEMENTS(perform->beats));
    for (guint i = 0; i < tune_yaml_size(list); i++)
        if (!tune_yaml_to_double(tune_yaml_at(list, i), -0.2, 0.2, &perform->beats[i], error))
            return FALSE;
    perform->n_beats = (gint)tune_yaml_size(list);
    return TRUE;
}

static gboolean read_perform(const TuneYamlNode *root, StylePerform *perform, GError **error)
{
    static const char *const keys[] = {
        "swing",  "swing-sixteenths", "late",  "drift", "loudness", "accent", "spread", "strum",
        "legato", "machine",          "pedal", "bends", "rit",      "fills",  "crash", "clave", "beats",  "glide",
        NULL};
    const TuneYamlNode *node = tune_yaml_get(root, "perform");

    perform_defaults(perform);
    if (node == NULL)
        return TRUE;
    return tune_yaml_check_keys(node, keys, error) &&
           tune_yaml_get_double(node, "swing", 0.5, 0.7, &perform->swing, error) &&
           tune_yaml_get_bool(node, "swing-sixteenths", &perform->swing_sixteenths, error) &&
           read_by_role(node, "late", -10, 10, perform->late_ms, error) &&
           tune_yaml_get_double(node, "drift", 0, 5, &perform->drift_ms, error) &&
           tune_yaml_get_range(node, "loudness", 20, 120, perform->loudness, error) &&
           tune_yaml_get_double(node, "accent", 0, 40, &perform->accent, error) &&
           tune_yaml_get_double(node, "spread", 0, 15, &perform->spread, error) &&
           tune_yaml_get_double(node, "strum", 0, 60, &perform->strum_ms, error) &&
           read_by_role(node, "legato", 0.2, 1.1, perform->legato, error) &&
           read_by_role(node, "glide", 0, 1, perform->glide, error) &&
           tune_yaml_get_bool(node, "machine", &perform->machine, error) &&
           tune_yaml_get_bool(node, "pedal", &perform->pedal, error) &&
           tune_yaml_get_bool(node, "bends", &perform->bends, error) &&
           tune_yaml_get_double(node, "rit", 0, 0.7, &perform->rit, error) &&
           tune_yaml_get_double(node, "fills", 0, 1, &perform->fills, error) &&
           tune_yaml_get_double(node, "crash", 0, 1, &perform->crash, error) &&
           tune_yaml_get_double(node, "clave", 0, 1, &perform->clave, error) &&
           read_uneven(node, perform, error);
}

gboolean tune_style_groove_parse(const TuneYamlNode *root, StyleGrooves *out, GError **error)
{
    memset(out, 0, sizeof *out);
    out->grooves = g_ptr_array_new_with_free_func(pattern_free);
    out->fills = g_ptr_array_new_with_free_func(pattern_free);
    out->bass = g_ptr_array_new_with_free_func(pattern_free);
    out->comping = g_ptr_array_new_with_free_func(pattern_free);
    out->riffs = g_ptr_array_new_with_free_func(pattern_free);
    if (read_block(root, "grooves", read_groove, out->grooves, error) &&
        read_block(root, "fills", read_fill, out->fills, error) &&
        read_block(root, "bass", read_bass, out->bass, error) &&
        read_block(root, "comping", read_comping, out->comping, error) &&
        read_block(root, "riffs", read_riff, out->riffs, error) &&
        read_perform(root, &out->perform, error) &&
        tune_style_automation_parse(root, &out->automation, error))
        return TRUE;
    tune_style_groove_clear(out);
    return FALSE;
}

void tune_style_groove_clear(StyleGrooves *grooves)
{
    g_clear_pointer(&grooves->grooves, g_ptr_array_unref);
    g_clear_pointer(&grooves->fills, g_ptr_array_unref);
    g_clear_pointer(&grooves->bass, g_ptr_array_unref);
    g_clear_pointer(&grooves->comping, g_ptr_array_unref);
    tune_style_automation_clear(&grooves->automation);
    g_clear_pointer(&grooves->riffs, g_ptr_array_unref);
}
