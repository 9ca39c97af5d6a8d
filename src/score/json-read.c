/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads what json-write.c writes.  Strict: an unknown key is an error that names it, since a typing
 * mistake in a hand-edited file must not be lost silently.  All ranges are checked twice, here as
 * far as the C types need it, and in tune_score_finish().
 */
#include "base/json.h"
#include "score/format.h"
#include "score/json-private.h"
#include "score/score-private.h"

#include <string.h>

#define MAX_JSON_BYTES (48 << 20)

const TuneJsonReal tune_json_track_mix[] = {
    {"level_db", G_STRUCT_OFFSET(TuneTrackMix, level_db), -60, 24, FALSE},
    {"pan", G_STRUCT_OFFSET(TuneTrackMix, pan), -1, 1, FALSE},
    {"reverb", G_STRUCT_OFFSET(TuneTrackMix, reverb), 0, 1, FALSE},
    {"delay", G_STRUCT_OFFSET(TuneTrackMix, delay), 0, 1, FALSE},
    {"chorus", G_STRUCT_OFFSET(TuneTrackMix, chorus), 0, 1, FALSE},
    {"high_pass_hz", G_STRUCT_OFFSET(TuneTrackMix, high_pass_hz), 0, 20000, FALSE},
    {"duck", G_STRUCT_OFFSET(TuneTrackMix, duck), 0, 1, FALSE},
    {"drive", G_STRUCT_OFFSET(TuneTrackMix, drive), 0, 1, FALSE},
    {"low_db", G_STRUCT_OFFSET(TuneTrackMix, low_db), -18, 18, TRUE},
    {"mid_db", G_STRUCT_OFFSET(TuneTrackMix, mid_db), -18, 18, TRUE},
    {"mid_hz", G_STRUCT_OFFSET(TuneTrackMix, mid_hz), 0, 16000, TRUE},
    {"high_db", G_STRUCT_OFFSET(TuneTrackMix, high_db), -18, 18, TRUE},
    {"compress", G_STRUCT_OFFSET(TuneTrackMix, compress), 0, 1, TRUE},
};
const gsize tune_json_n_track_mix = G_N_ELEMENTS(tune_json_track_mix);

const TuneJsonReal tune_json_score_mix[] = {
    {"reverb_seconds", G_STRUCT_OFFSET(TuneScoreMix, reverb_seconds), 0, 30, FALSE},
    {"delay_beats", G_STRUCT_OFFSET(TuneScoreMix, delay_beats), 0, 16, FALSE},
    {"delay_feedback", G_STRUCT_OFFSET(TuneScoreMix, delay_feedback), 0, 0.8, TRUE},
    {"bus_drive", G_STRUCT_OFFSET(TuneScoreMix, bus_drive), 0, 1, FALSE},
    {"brightness", G_STRUCT_OFFSET(TuneScoreMix, brightness), -1, 1, FALSE},
};
const gsize tune_json_n_score_mix = G_N_ELEMENTS(tune_json_score_mix);

/* ---- places ---- */

static gboolean fail_at(const char *path, gsize index, GError **error, const char *why)
{
    return tune_score_fail(error, TUNE_SCORE_ERROR_SYNTAX, "%s[%" G_GSIZE_FORMAT "]: %s", path,
                           index, why);
}

static gboolean check_keys(const json_t *object, const char *path, const char *const *allowed,
                           GError **error)
{
    for (void *it = json_object_iter((json_t *)object); it != NULL;
         it = json_object_iter_next((json_t *)object, it))
        if (!g_strv_contains(allowed, json_object_iter_key(it))) {
            const char *name = json_object_iter_key(it);
            g_autofree char *key = tune_score_clean_text(name, strnlen(name, 60));
            return tune_score_fail(error, TUNE_SCORE_ERROR_SYNTAX, "%s%s%s: unknown key", path,
                                   *path != '\0' ? "." : "", key);
        }
    return TRUE;
}

static gboolean get_text(const json_t *object, const char *path, const char *key, char **slot,
                         GError **error)
{
    const char *text = *slot;
    gboolean ok = tune_json_get_string(object, path, key, TRUE, &text, error);

    if (ok && text != *slot)
        tune_score_set_text(slot, text);
    return ok;
}

/* Item @column of a row as an integer in [low, high]. */
static gboolean get_column(const json_t *row, gsize column, gint64 low, gint64 high, gint64 *out)
{
    const json_t *value = json_array_get(row, column);

    if (!json_is_integer(value) || json_integer_value(value) < low ||
        json_integer_value(value) > high)
        return FALSE;
    *out = json_integer_value(value);
    return TRUE;
}

#define MAX_TICK TUNE_SCORE_MAX_TICKS

/* ---- maps ---- */

static gboolean read_tempo(TuneScore *score, const json_t *row)
{
    gint64 tick;
    const json_t *bpm = json_array_get(row, 1);

    if (json_array_size(row) != 2 || !get_column(row, 0, 0, MAX_TICK, &tick) ||
        !json_is_number(bpm))
        return FALSE;
    TuneTempo tempo = {(gint)tick, json_number_value(bpm)};
    g_array_append_val(score->tempos, tempo);
    return TRUE;
}

static gboolean read_metre(TuneScore *score, const json_t *row)
{
    gint64 tick;
    TuneMetreChange change;
    const char *text = json_string_value(json_array_get(row, 1));

    if (json_array_size(row) != 2 || !get_column(row, 0, 0, MAX_TICK, &tick) || text == NULL ||
        !tune_metre_parse(text, &change.metre))
        return FALSE;
    change.tick = (gint)tick;
    g_array_append_val(score->metres, change);
    return TRUE;
}

static gboolean read_key(TuneScore *score, const json_t *row)
{
    gint64 tick;
    TuneKeyChange change;
    const char *text = json_string_value(json_array_get(row, 1));

    if (json_array_size(row) != 2 || !get_column(row, 0, 0, MAX_TICK, &tick) || text == NULL ||
        !tune_key_parse(text, &change.key, NULL, NULL))
        return FALSE;
    change.tick = (gint)tick;
    g_array_append_val(score->keys, change);
    return TRUE;
}

static gboolean read_chord(TuneScore *score, const json_t *row)
{
    gint64 tick, ticks;
    TuneScoreChord chord;
    const char *text = json_string_value(json_array_get(row, 2));

    if (json_array_size(row) != 3 || !get_column(row, 0, 0, MAX_TICK, &tick) ||
        !get_column(row, 1, 1, MAX_TICK, &ticks) || text == NULL ||
        !tune_chord_parse(text, &chord.chord))
        return FALSE;
    chord.tick = (gint)tick;
    chord.ticks = (gint)ticks;
    g_array_append_val(score->chords, chord);
    return TRUE;
}

typedef gboolean (*ReadRow)(TuneScore *score, const json_t *row);

static gboolean read_rows(TuneScore *score, const json_t *root, const char *key, gboolean optional,
                          ReadRow read_row, const char *shape, GError **error)
{
    const json_t *rows;

    if (!tune_json_get_array(root, "", key, optional, &rows, error))
        return FALSE;
    for (gsize i = 0; i < json_array_size(rows); i++)
        if (!read_row(score, json_array_get(rows, i)))
            return fail_at(key, i, error, shape);
    return TRUE;
}

static gboolean read_section(TuneScore *score, const json_t *item, const char *path, GError **error)
{
    static const char *const keys[] = {"tick", "ticks", "role", "energy", "material", "name", NULL};
    TuneSection section = {0};
    gint64 tick = 0, ticks = 0, material = 0;
    const char *role = "", *name = "";

    if (!json_is_object(item))
        return tune_score_fail(error, TUNE_SCORE_ERROR_SYNTAX, "%s: an object is expected", path);
    if (!check_keys(item, path, keys, error) ||
        !tune_json_get_int(item, path, "tick", 0, MAX_TICK, FALSE, &tick, error) ||
        !tune_json_get_int(item, path, "ticks", 1, MAX_TICK, FALSE, &ticks, error) ||
        !tune_json_get_string(item, path, "role", FALSE, &role, error) ||
        !tune_json_get_real(item, path, "energy", 0, 1, TRUE, &section.energy, error) ||
        !tune_json_get_int(item, path, "material", 0, G_MAXINT, TRUE, &material, error) ||
        !tune_json_get_string(item, path, "name", TRUE, &name, error))
        return FALSE;
    if (!tune_section_role_parse(role, &section.role))
        return tune_score_fail(error, TUNE_SCORE_ERROR_SYNTAX, "%s.role: unknown role", path);
    section.tick = (gint)tick;
    section.ticks = (gint)ticks;
    section.material = (gint)material;
    section.name = g_strdup(name);
    g_array_append_val(score->sections, section);
    return TRUE;
}

static gboolean read_sections(TuneScore *score, const json_t *root, GError **error)
{
    const json_t *items;

    if (!tune_json_get_array(root, "", "sections", TRUE, &items, error))
        return FALSE;
    for (gsize i = 0; i < json_array_size(items); i++) {
        g_autofree char *path = g_strdup_printf("sections[%" G_GSIZE_FORMAT "]", i);
        if (!read_section(score, json_array_get(items, i), path, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- tracks ---- */

static gboolean read_reals(const json_t *object, const char *path, const TuneJsonReal *fields,
                           gsize n, gpointer base, GError **error)
{
    const char *keys[20] = {NULL};
    const json_t *mix = json_object_get(object, "mix");
    g_autofree char *inner = g_strconcat(path, *path != '\0' ? "." : "", "mix", NULL);

    g_return_val_if_fail(n < G_N_ELEMENTS(keys), FALSE);
    if (mix == NULL)
        return TRUE;
    if (!json_is_object(mix))
        return tune_score_fail(error, TUNE_SCORE_ERROR_SYNTAX, "%s: an object is expected", inner);
    for (gsize i = 0; i < n; i++)
        keys[i] = fields[i].key;
    if (!check_keys(mix, inner, keys, error))
        return FALSE;
    for (gsize i = 0; i < n; i++)
        if (!tune_json_get_real(mix, inner, fields[i].key, fields[i].low, fields[i].high, TRUE,
                                G_STRUCT_MEMBER_P(base, fields[i].offset), error))
            return FALSE;
    return TRUE;
}

static gboolean read_note(const json_t *row, gboolean drums, TuneNote *note)
{
    gint64 v[10] = {0, 0, 0, 0, 0, 0, 0, 1, 0, -1};
    static const gint64 low[10] = {0, 1, 0, 0, 1, G_MININT16, G_MININT16, 1, 0, -1};
    static const gint64 high[10] = {MAX_TICK,   MAX_TICK,   127, 0,  127,
                                    G_MAXINT16, G_MAXINT16, 4,   63, G_MAXINT32};
    gsize n = json_array_size(row);
    const char *name = json_string_value(json_array_get(row, 3));

    if (n < 5 || n > 10 || n == 6 || name == NULL)
        return FALSE;
    for (gsize i = 0; i < n; i++)
        if (i != 3 && !get_column(row, i, low[i], high[i], &v[i]))
            return FALSE;
    *note = (TuneNote){(gint)v[0],   (gint)v[1], (gint16)v[5], (gint16)v[6], (gint32)v[9],
                       (guint8)v[2], 0,          (guint8)v[4], (guint8)v[7], (guint8)v[8]};
    if (drums)
        return *name == '\0';
    gsize used = tune_fifths_parse(name, &note->spelling);
    return used > 0 && name[used] == '\0';
}

static gboolean read_notes(TuneTrack *track, const json_t *object, const char *path, GError **error)
{
    const json_t *rows;

    if (!tune_json_get_array(object, path, "notes", FALSE, &rows, error))
        return FALSE;
    g_autofree char *inner = g_strconcat(path, ".notes", NULL);
    if (json_array_size(rows) > TUNE_SCORE_MAX_NOTES)
        return tune_score_fail(error, TUNE_SCORE_ERROR_INVALID, "%s: more than %d notes", inner,
                               TUNE_SCORE_MAX_NOTES);
    for (gsize i = 0; i < json_array_size(rows); i++) {
        TuneNote note;
        if (!read_note(json_array_get(rows, i), track->is_drums, &note))
            return fail_at(inner, i, error,
                           "[onset, duration, pitch, \"C#\", velocity, onset offset, duration "
                           "offset, voice, articulation, syllable] is expected, the last five "
                           "may be left out");
        g_array_append_val(track->notes, note);
    }
    return TRUE;
}

static gboolean read_controls(TuneTrack *track, const json_t *object, const char *path,
                              GError **error)
{
    const json_t *rows;

    if (!tune_json_get_array(object, path, "controls", TRUE, &rows, error))
        return FALSE;
    g_autofree char *inner = g_strconcat(path, ".controls", NULL);
    for (gsize i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        gint64 tick, control, value;
        if (json_array_size(row) != 3 || !get_column(row, 0, 0, MAX_TICK, &tick) ||
            !get_column(row, 1, 0, TUNE_CONTROL_BEND, &control) ||
            !get_column(row, 2, -8192, 8191, &value))
            return fail_at(inner, i, error, "[tick, controller, value] is expected");
        TuneControl c = {(gint)tick, (guint8)control, (gint16)value};
        g_array_append_val(track->controls, c);
    }
    return TRUE;
}

static gboolean read_syllables(TuneTrack *track, const json_t *object, const char *path,
                               GError **error)
{
    const json_t *items;

    if (!tune_json_get_array(object, path, "syllables", TRUE, &items, error))
        return FALSE;
    g_autofree char *inner = g_strconcat(path, ".syllables", NULL);
    for (gsize i = 0; i < json_array_size(items); i++) {
        const char *text = json_string_value(json_array_get(items, i));
        if (text == NULL)
            return fail_at(inner, i, error, "text is expected");
        tune_track_add_syllable(track, text);
    }
    return TRUE;
}

static gboolean read_track_numbers(TuneTrack *track, const json_t *item, const char *path,
                                   GError **error)
{
    gint64 program = 0, bank = 0, transpose = 0;
    const char *role = "lead";

    if (!tune_json_get_string(item, path, "role", TRUE, &role, error) ||
        !tune_json_get_int(item, path, "program", 0, 127, TRUE, &program, error) ||
        !tune_json_get_int(item, path, "bank", 0, 127, TRUE, &bank, error) ||
        !tune_json_get_bool(item, path, "is_drums", TRUE, &track->is_drums, error) ||
        !tune_json_get_int(item, path, "transpose", -36, 36, TRUE, &transpose, error))
        return FALSE;
    if (!tune_role_parse(role, &track->role))
        return tune_score_fail(error, TUNE_SCORE_ERROR_SYNTAX, "%s.role: unknown role", path);
    track->program = (guint8)program;
    track->bank = (guint8)bank;
    track->transpose = (gint8)transpose;
    return TRUE;
}

static gboolean read_track(TuneScore *score, const json_t *item, const char *path, GError **error)
{
    static const char *const keys[] = {"id",       "name",  "instrument", "role",      "program",
                                       "bank",     "mix",   "is_drums",   "transpose", "syllables",
                                       "controls", "notes", NULL};
    const char *id = "";

    if (!json_is_object(item))
        return tune_score_fail(error, TUNE_SCORE_ERROR_SYNTAX, "%s: an object is expected", path);
    if (!check_keys(item, path, keys, error) ||
        !tune_json_get_string(item, path, "id", FALSE, &id, error))
        return FALSE;
    TuneTrack *track = tune_score_add_track(score, id, id);
    if (strcmp(track->id, id) != 0)
        return tune_score_fail(error, TUNE_SCORE_ERROR_INVALID,
                               "%s.id: must be unique, of 1 to 32 letters a-z, digits and hyphens",
                               path);
    return get_text(item, path, "name", &track->name, error) &&
           get_text(item, path, "instrument", &track->instrument, error) &&
           read_track_numbers(track, item, path, error) &&
           read_reals(item, path, tune_json_track_mix, tune_json_n_track_mix, &track->mix, error) &&
           read_syllables(track, item, path, error) && read_controls(track, item, path, error) &&
           read_notes(track, item, path, error);
}

static gboolean read_tracks(TuneScore *score, const json_t *root, GError **error)
{
    const json_t *items;

    if (!tune_json_get_array(root, "", "tracks", FALSE, &items, error))
        return FALSE;
    if (json_array_size(items) > TUNE_SCORE_MAX_TRACKS)
        return tune_score_fail(error, TUNE_SCORE_ERROR_INVALID, "tracks: more than %d",
                               TUNE_SCORE_MAX_TRACKS);
    for (gsize i = 0; i < json_array_size(items); i++) {
        g_autofree char *path = g_strdup_printf("tracks[%" G_GSIZE_FORMAT "]", i);
        if (!read_track(score, json_array_get(items, i), path, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- the file ---- */

static gboolean read_head(TuneScore *score, const json_t *root, GError **error)
{
    static const char *const keys[] = {
        "format", "version", "title",  "style",  "creator",  "rights", "ticks_per_quarter",
        "ticks",  "mix",     "loop",   "ending", "tempos",   "metres", "length_us",
        "keys",   "fade_us", "tracks", "chords", "sections", NULL};
    const char *format = "", *ending = "auto";
    gint64 version = 0, ppq = 0, ticks = 0;

    if (!tune_json_get_string(root, "", "format", FALSE, &format, error) ||
        !tune_json_get_int(root, "", "version", 0, G_MAXINT, FALSE, &version, error))
        return FALSE;
    if (strcmp(format, TUNE_JSON_FORMAT) != 0 || version != TUNE_JSON_VERSION)
        return tune_score_fail(error, TUNE_SCORE_ERROR_UNSUPPORTED,
                               "\"format\" must be \"%s\" and \"version\" %d", TUNE_JSON_FORMAT,
                               TUNE_JSON_VERSION);
    if (!check_keys(root, "", keys, error) ||
        !tune_json_get_int(root, "", "ticks_per_quarter", TUNE_PPQ, TUNE_PPQ, FALSE, &ppq, error) ||
        !tune_json_get_int(root, "", "ticks", 1, MAX_TICK, FALSE, &ticks, error) ||
        !tune_json_get_int(root, "", "length_us", 0, G_MAXINT64, TRUE, &score->length_us, error) ||
        !tune_json_get_int(root, "", "fade_us", 0, G_MAXINT64, TRUE, &score->fade_us, error) ||
        !tune_json_get_bool(root, "", "loop", TRUE, &score->loop, error) ||
        !tune_json_get_string(root, "", "ending", TRUE, &ending, error))
        return FALSE;
    score->ticks = (gint)ticks;
    if (!tune_ending_parse(ending, &score->ending))
        return tune_score_fail(error, TUNE_SCORE_ERROR_SYNTAX, "ending: unknown ending");
    return get_text(root, "", "title", &score->title, error) &&
           get_text(root, "", "style", &score->style, error) &&
           get_text(root, "", "creator", &score->creator, error) &&
           get_text(root, "", "rights", &score->rights, error) &&
           read_reals(root, "", tune_json_score_mix, tune_json_n_score_mix, &score->mix, error);
}

static TuneScore *read_root(const json_t *root, GError **error)
{
    g_autoptr(TuneScore) score = tune_score_new();

    if (!json_is_object(root)) {
        tune_score_fail(error, TUNE_SCORE_ERROR_SYNTAX, "an object is expected");
        return NULL;
    }
    if (!read_head(score, root, error) ||
        !read_rows(score, root, "tempos", FALSE, read_tempo,
                   "[tick, quarters a minute] is expected", error) ||
        !read_rows(score, root, "metres", FALSE, read_metre, "[tick, \"4/4\"] is expected",
                   error) ||
        !read_rows(score, root, "keys", FALSE, read_key, "[tick, \"F# minor\"] is expected",
                   error) ||
        !read_rows(score, root, "chords", TRUE, read_chord, "[tick, ticks, \"Am7\"] is expected",
                   error) ||
        !read_sections(score, root, error) || !read_tracks(score, root, error) ||
        !tune_score_finish(score, error))
        return NULL;
    return g_steal_pointer(&score);
}

/* Errors of the base room become errors of this one. */
static void take_error(GError **error, GError *cause, const char *prefix)
{
    gint code = cause->domain == TUNE_SCORE_ERROR ? cause->code : TUNE_SCORE_ERROR_SYNTAX;

    g_set_error(error, TUNE_SCORE_ERROR, code, "%s%s", prefix, cause->message);
    g_error_free(cause);
}

TuneScore *tune_score_read_json(const char *name, const guint8 *data, gsize size, GError **error)
{
    GError *cause = NULL;
    g_autofree char *prefix = g_strconcat(name, ": ", NULL);

    if (size > MAX_JSON_BYTES) {
        tune_score_fail(error, TUNE_SCORE_ERROR_UNSUPPORTED, "%smore than 48 MiB of JSON", prefix);
        return NULL;
    }
    g_autoptr(json_t) root = tune_json_parse(name, (const char *)data, size, &cause);
    if (root == NULL) {
        take_error(error, cause, "");
        return NULL;
    }
    TuneScore *score = read_root(root, &cause);
    if (score == NULL)
        take_error(error, cause, prefix);
    return score;
}
