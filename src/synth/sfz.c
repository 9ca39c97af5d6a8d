/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The text of an SFZ instrument.  Headers open a level (<global>, <master>, <group>, <region>), opcodes
 * set what holds from there on; a region takes what the levels above it say.
 */
#include "synth/sfz.h"
#include "audio/decibel.h"
#include "synth/synth.h"
#include <string.h>

typedef enum { LEVEL_NONE, LEVEL_CONTROL, LEVEL_GLOBAL, LEVEL_MASTER, LEVEL_GROUP, LEVEL_REGION } Level;

typedef struct {
    const char *name;
    guint line;
    TuneSfz *sfz;
    Level level;
    TuneSfzRegion levels[LEVEL_REGION + 1]; /* what holds on each */
    gboolean attacks[LEVEL_REGION + 1];     /* FALSE: of another trigger than a key going down */
    char *folder;                           /* default_path */
} Parser;

static const TuneSfzRegion at_rest = {.key_high = 127, .velocity_low = 1, .velocity_high = 127,
                                      .centre = 60, .keytrack = 100, .gain = 1, .veltrack = 1,
                                      .amplitude = {0.001, 0.0, 1.0, 0.03}, .loop_start = -1,
                                      .loop_end = -1, .end = -1, .sequence_length = 1,
                                      .sequence_position = 1};

static void region_clear(gpointer data)
{
    g_free(((TuneSfzRegion *)data)->sample);
}

static void file_clear(gpointer data)
{
    TuneSfzFile *file = data;

    g_free(file->path);
    g_free(file->frames);
}

static gboolean fail(const Parser *self, GError **error, const char *what, const char *value)
{
    g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT, "%s:%u: %s%s%s", self->name, self->line,
                what, *value != '\0' ? ": " : "", value);
    return FALSE;
}

/* ---- values ---- */

/* "60", "c4", "F#3", "eb2": C4 is 60. */
static gboolean to_key(const char *text, gint *out)
{
    static const gint8 steps[] = {9, 11, 0, 2, 4, 5, 7};
    char letter = g_ascii_tolower(text[0]);

    if (letter >= 'a' && letter <= 'g') {
        gint key = steps[letter - 'a'];

        text++;
        if (*text == '#' || *text == 'b')
            key += *text++ == '#' ? 1 : -1;
        *out = key + 12 * ((gint)g_ascii_strtoll(text, NULL, 10) + 1);
    } else {
        *out = (gint)CLAMP(g_ascii_strtoll(text, NULL, 10), -1, 128);
    }
    return *out >= 0 && *out <= 127;
}

static double number(const char *text, double low, double high)
{
    double value = g_ascii_strtod(text, NULL);

    return value >= low ? MIN(value, high) : low; /* not a number counts as the lowest */
}

static gint64 frames(const char *text)
{
    return CLAMP(g_ascii_strtoll(text, NULL, 10), -1, G_MAXINT32);
}

typedef enum { KEY_LOW, KEY_HIGH, KEY_BOTH, KEY_CENTRE } KeyKind;

static void set_key(TuneSfzRegion *r, KeyKind kind, const char *text)
{
    gint key = 0;
    gboolean good = to_key(text, &key);

    /* hikey=-1 is the format's way to say that no key plays a region. */
    if (kind == KEY_LOW || kind == KEY_BOTH)
        r->key_low = good ? (guint8)key : 0;
    if (kind == KEY_HIGH || kind == KEY_BOTH)
        r->key_high = good ? (guint8)key : 0;
    if ((kind == KEY_CENTRE || kind == KEY_BOTH) && good)
        r->centre = (guint8)key;
    if (!good && (kind == KEY_HIGH || kind == KEY_BOTH) && key < 0)
        r->key_low = 127;
}

static gboolean set_loop(Parser *self, TuneSfzRegion *r, const char *text, GError **error)
{
    static const char *const names[] = {"no_loop", "one_shot", "loop_continuous", "loop_sustain"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i], text) == 0) {
            r->loop = (TuneSfzLoop)i;
            r->has_loop = TRUE;
            return TRUE;
        }
    return fail(self, error, "loop_mode is none of no_loop, one_shot, loop_continuous, loop_sustain", text);
}

static gboolean set_envelope(TuneSfzRegion *r, const char *opcode, const char *value)
{
    TuneAdsr *a = &r->amplitude;
    double seconds = number(value, 0, 100);

    if (strcmp(opcode, "ampeg_attack") == 0)
        a->attack_s = seconds;
    else if (strcmp(opcode, "ampeg_hold") == 0)
        r->hold_s = seconds;
    else if (strcmp(opcode, "ampeg_decay") == 0)
        a->decay_s = seconds;
    else if (strcmp(opcode, "ampeg_sustain") == 0)
        a->sustain = seconds / 100.0;
    else if (strcmp(opcode, "ampeg_release") == 0)
        a->release_s = seconds;
    else
        return FALSE;
    return TRUE;
}

static gboolean set_place(TuneSfzRegion *r, const char *opcode, const char *value)
{
    if (strcmp(opcode, "offset") == 0)
        r->offset = MAX(0, frames(value));
    else if (strcmp(opcode, "end") == 0)
        r->end = frames(value);
    else if (strcmp(opcode, "loop_start") == 0 || strcmp(opcode, "loopstart") == 0)
        r->loop_start = frames(value);
    else if (strcmp(opcode, "loop_end") == 0 || strcmp(opcode, "loopend") == 0)
        r->loop_end = frames(value);
    else if (strcmp(opcode, "group") == 0)
        r->group = (guint)MAX(0, frames(value));
    else if (strcmp(opcode, "off_by") == 0)
        r->off_by = (guint)MAX(0, frames(value));
    else if (strcmp(opcode, "seq_length") == 0)
        r->sequence_length = (guint)CLAMP(frames(value), 1, 100);
    else if (strcmp(opcode, "seq_position") == 0)
        r->sequence_position = (guint)CLAMP(frames(value), 1, 100);
    else
        return FALSE;
    return TRUE;
}

static gboolean set_range(TuneSfzRegion *r, const char *opcode, const char *value)
{
    if (strcmp(opcode, "lokey") == 0)
        set_key(r, KEY_LOW, value);
    else if (strcmp(opcode, "hikey") == 0)
        set_key(r, KEY_HIGH, value);
    else if (strcmp(opcode, "key") == 0)
        set_key(r, KEY_BOTH, value);
    else if (strcmp(opcode, "pitch_keycenter") == 0)
        set_key(r, KEY_CENTRE, value);
    else if (strcmp(opcode, "lovel") == 0)
        r->velocity_low = (guint8)number(value, 0, 127);
    else if (strcmp(opcode, "hivel") == 0)
        r->velocity_high = (guint8)number(value, 0, 127);
    else
        return FALSE;
    return TRUE;
}

static gboolean set_sound(TuneSfzRegion *r, const char *opcode, const char *value)
{
    if (strcmp(opcode, "tune") == 0 || strcmp(opcode, "pitch") == 0)
        r->cents += number(value, -9600, 9600);
    else if (strcmp(opcode, "transpose") == 0)
        r->cents += 100.0 * number(value, -127, 127);
    else if (strcmp(opcode, "pitch_keytrack") == 0)
        r->keytrack = number(value, -1200, 1200);
    else if (strcmp(opcode, "volume") == 0)
        r->gain *= tune_db_to_gain(number(value, -144, 36));
    else if (strcmp(opcode, "pan") == 0)
        r->pan = number(value, -100, 100) / 100.0;
    else if (strcmp(opcode, "amp_veltrack") == 0)
        r->veltrack = number(value, -100, 100) / 100.0;
    else
        return FALSE;
    return TRUE;
}

static char *joined(const char *folder, const char *name)
{
    char *path = g_strconcat(folder != NULL ? folder : "", name, NULL);

    return g_strdelimit(path, "\\", '/');
}

static gboolean set_opcode(Parser *self, const char *opcode, const char *value, GError **error)
{
    TuneSfzRegion *r = &self->levels[self->level];

    if (self->level == LEVEL_CONTROL || self->level == LEVEL_NONE) {
        if (strcmp(opcode, "default_path") == 0) {
            g_free(self->folder);
            self->folder = g_strdup(value);
        }
        return TRUE;
    }
    if (strcmp(opcode, "sample") == 0) {
        g_free(r->sample);
        r->sample = joined(self->folder, value);
        return TRUE;
    }
    if (strcmp(opcode, "trigger") == 0)
        self->attacks[self->level] = strcmp(value, "attack") == 0 || strcmp(value, "first") == 0;
    if (strcmp(opcode, "loop_mode") == 0 || strcmp(opcode, "loopmode") == 0)
        return set_loop(self, r, value, error);
    (void)(set_range(r, opcode, value) || set_sound(r, opcode, value) || set_envelope(r, opcode, value) ||
           set_place(r, opcode, value));
    return TRUE;
}

/* ---- headers ---- */

/* The region that has just been read goes into the instrument. */
static gboolean close_region(Parser *self, GError **error)
{
    TuneSfzRegion region = self->levels[LEVEL_REGION];

    if (self->level != LEVEL_REGION || region.sample == NULL || !self->attacks[LEVEL_REGION])
        return TRUE;
    if (self->sfz->regions->len >= TUNE_SFZ_MAX_REGIONS)
        return fail(self, error, "too many regions", "");
    if (region.sample[0] == '*')
        return fail(self, error, "built-in waves are not played; the electronic voices are for that",
                    region.sample);
    region.sample = g_strdup(region.sample);
    g_array_append_val(self->sfz->regions, region);
    return TRUE;
}

/* Every level from @first on becomes a copy of the one above it. */
static void pass_on(Parser *self, Level first)
{
    for (Level i = first; i <= LEVEL_REGION; i++) {
        g_free(self->levels[i].sample);
        self->levels[i] = i > LEVEL_GLOBAL ? self->levels[i - 1] : at_rest;
        self->levels[i].sample = g_strdup(self->levels[i].sample);
        self->attacks[i] = i > LEVEL_GLOBAL ? self->attacks[i - 1] : TRUE;
    }
}

static void open_level(Parser *self, Level level)
{
    pass_on(self, level);
    self->level = level;
}

static gboolean read_header(Parser *self, const char *header, GError **error)
{
    static const struct {
        const char *name;
        Level level;
    } names[] = {{"control", LEVEL_CONTROL}, {"global", LEVEL_GLOBAL}, {"master", LEVEL_MASTER},
                 {"group", LEVEL_GROUP},     {"region", LEVEL_REGION}};

    if (!close_region(self, error))
        return FALSE;
    /* What a level has said reaches those below it, even where a header in between is missing. */
    if (self->level >= LEVEL_GLOBAL && self->level < LEVEL_REGION)
        pass_on(self, self->level + 1);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i].name, header) == 0) {
            if (names[i].level == LEVEL_CONTROL)
                self->level = LEVEL_CONTROL;
            else
                open_level(self, names[i].level);
            return TRUE;
        }
    self->level = LEVEL_NONE; /* <curve>, <effect>: nothing for us */
    return TRUE;
}

/* Where the value that starts at @text ends: before the next "name=", header or comment. */
static const char *end_of_value(const char *text)
{
    const char *end = text, *p = text;

    while (*p != '\0' && *p != '<' && !(p[0] == '/' && p[1] == '/')) {
        if (!g_ascii_isspace(*p)) {
            const char *word = p;

            while (g_ascii_isalnum(*p) || *p == '_' || *p == '$')
                p++;
            if (*p == '=' && word > text && g_ascii_isspace(word[-1]))
                return end;
            if (p == word)
                p++;
            end = p;
        } else {
            p++;
        }
    }
    return end;
}

static gboolean read_line(Parser *self, const char *p, GError **error)
{
    while (TRUE) {
        while (g_ascii_isspace(*p))
            p++;
        if (*p == '\0' || (p[0] == '/' && p[1] == '/'))
            return TRUE;
        if (*p == '#')
            return fail(self, error, "#include and #define are not read; write the instrument into one file", "");
        if (*p == '<') {
            const char *end = strchr(p, '>');

            if (end == NULL)
                return fail(self, error, "a header without \">\"", "");
            g_autofree char *header = g_strndup(p + 1, (gsize)(end - p - 1));

            if (!read_header(self, header, error))
                return FALSE;
            p = end + 1;
            continue;
        }
        const char *equals = strpbrk(p, "=<");

        if (equals == NULL || *equals == '<')
            return fail(self, error, "neither a header nor an opcode", "");
        g_autofree char *opcode = g_strstrip(g_strndup(p, (gsize)(equals - p)));
        const char *end = end_of_value(equals + 1);
        g_autofree char *value = g_strstrip(g_strndup(equals + 1, (gsize)(end - equals - 1)));

        if (!set_opcode(self, opcode, value, error))
            return FALSE;
        p = end;
    }
}

static void parser_clear(Parser *self)
{
    for (Level i = 0; i <= LEVEL_REGION; i++)
        g_free(self->levels[i].sample);
    g_free(self->folder);
}

/* Regions of one sound share it. */
static void list_files(TuneSfz *self)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < self->regions->len; i++) {
        TuneSfzRegion *r = &g_array_index(self->regions, TuneSfzRegion, i);
        gpointer index = NULL;

        if (!g_hash_table_lookup_extended(seen, r->sample, NULL, &index)) {
            TuneSfzFile file = {.path = g_strdup(r->sample), .loop_start = -1, .loop_end = -1};

            index = GUINT_TO_POINTER(self->files->len);
            g_array_append_val(self->files, file);
            g_hash_table_insert(seen, r->sample, index);
        }
        r->file = GPOINTER_TO_UINT(index);
    }
}

TuneSfz *tune_sfz_parse(const char *name, const char *text, GError **error)
{
    g_autoptr(TuneSfz) self = g_new0(TuneSfz, 1);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    Parser parser = {.name = name, .sfz = self};
    gboolean good = TRUE;

    self->regions = g_array_new(FALSE, TRUE, sizeof(TuneSfzRegion));
    self->files = g_array_new(FALSE, TRUE, sizeof(TuneSfzFile));
    g_array_set_clear_func(self->regions, region_clear);
    g_array_set_clear_func(self->files, file_clear);
    open_level(&parser, LEVEL_GLOBAL);
    parser.level = LEVEL_NONE;
    for (guint i = 0; lines[i] != NULL && good; i++) {
        parser.line = i + 1;
        good = read_line(&parser, lines[i], error);
    }
    good = good && close_region(&parser, error);
    if (good && self->regions->len == 0)
        good = fail(&parser, error, "no region with a sample", "");
    parser_clear(&parser);
    if (!good)
        return NULL;
    list_files(self);
    return g_steal_pointer(&self);
}

void tune_sfz_free(TuneSfz *self)
{
    if (self == NULL)
        return;
    g_array_unref(self->regions);
    g_array_unref(self->files);
    g_free(self->hash);
    g_free(self);
}
