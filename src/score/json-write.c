/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The score as JSON (docs/score-format.md).  Written by hand instead of through jansson, because a
 * note is one line of numbers, and because a real is the shortest text that reads back the same:
 * so rewriting a file gives the same bytes.
 */
#include "score/format.h"
#include "score/json-private.h"
#include "score/score-private.h"

#include <stdlib.h>

/* ---- values ---- */

static void put_text(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *text);
    }
    g_string_append_c(out, '"');
}

static void put_real(GString *out, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    for (gint digits = 1; digits <= 17; digits++) {
        char format[8];
        g_snprintf(format, sizeof format, "%%.%dg", digits);
        g_ascii_formatd(text, sizeof text, format, value);
        if (g_ascii_strtod(text, NULL) == value)
            break;
    }
    g_string_append(out, value == 0.0 ? "0" : text);
}

static void put_key(GString *out, const char *indent, const char *key)
{
    g_string_append_printf(out, "%s\"%s\": ", indent, key);
}

static void put_text_member(GString *out, const char *indent, const char *key, const char *text)
{
    put_key(out, indent, key);
    put_text(out, text);
    g_string_append(out, ",\n");
}

/* Opens a list with one item a line; next_row() goes before each item. */
static void open_rows(GString *out, const char *indent, const char *key)
{
    put_key(out, indent, key);
    g_string_append_c(out, '[');
}

static void next_row(GString *out, const char *indent, guint index)
{
    g_string_append_printf(out, "%s\n%s  ", index > 0 ? "," : "", indent);
}

static void close_rows(GString *out, const char *indent, guint n, const char *behind)
{
    if (n > 0)
        g_string_append_printf(out, "\n%s", indent);
    g_string_append_printf(out, "]%s\n", behind);
}

/* ---- maps and form ---- */

static void put_maps(GString *out, const TuneScore *score)
{
    open_rows(out, "  ", "tempos");
    for (guint i = 0; i < score->tempos->len; i++) {
        const TuneTempo *tempo = &g_array_index(score->tempos, TuneTempo, i);
        next_row(out, "  ", i);
        g_string_append_printf(out, "[%d, ", tempo->tick);
        put_real(out, tempo->bpm);
        g_string_append_c(out, ']');
    }
    close_rows(out, "  ", score->tempos->len, ",");
    open_rows(out, "  ", "metres");
    for (guint i = 0; i < score->metres->len; i++) {
        const TuneMetreChange *change = &g_array_index(score->metres, TuneMetreChange, i);
        next_row(out, "  ", i);
        g_string_append_printf(out, "[%d, \"%u/%u\"]", change->tick, change->metre.beats,
                               change->metre.unit);
    }
    close_rows(out, "  ", score->metres->len, ",");
    open_rows(out, "  ", "keys");
    for (guint i = 0; i < score->keys->len; i++) {
        const TuneKeyChange *change = &g_array_index(score->keys, TuneKeyChange, i);
        g_autofree char *name = tune_key_to_string(change->key);
        next_row(out, "  ", i);
        g_string_append_printf(out, "[%d, \"%s\"]", change->tick, name);
    }
    close_rows(out, "  ", score->keys->len, ",");
}

static void put_form(GString *out, const TuneScore *score)
{
    open_rows(out, "  ", "sections");
    for (guint i = 0; i < score->sections->len; i++) {
        const TuneSection *section = &g_array_index(score->sections, TuneSection, i);
        next_row(out, "  ", i);
        g_string_append_printf(
            out, "{\"tick\": %d, \"ticks\": %d, \"role\": \"%s\", \"energy\": ", section->tick,
            section->ticks, tune_section_role_name(section->role));
        put_real(out, section->energy);
        g_string_append_printf(out, ", \"material\": %d, \"name\": ", section->material);
        put_text(out, section->name);
        g_string_append_c(out, '}');
    }
    close_rows(out, "  ", score->sections->len, ",");
    open_rows(out, "  ", "chords");
    for (guint i = 0; i < score->chords->len; i++) {
        const TuneScoreChord *chord = &g_array_index(score->chords, TuneScoreChord, i);
        g_autofree char *symbol = tune_chord_to_string(chord->chord);
        next_row(out, "  ", i);
        g_string_append_printf(out, "[%d, %d, \"%s\"]", chord->tick, chord->ticks, symbol);
    }
    close_rows(out, "  ", score->chords->len, ",");
}

/* ---- tracks ---- */

static void put_reals(GString *out, const TuneJsonReal *fields, gsize n, gconstpointer base)
{
    g_string_append_c(out, '{');
    for (gsize i = 0; i < n; i++) {
        double value = G_STRUCT_MEMBER(double, base, fields[i].offset);

        if (fields[i].optional && value >= 0 && value <= 0)
            continue;
        g_string_append_printf(out, "%s\"%s\": ", i > 0 ? ", " : "", fields[i].key);
        put_real(out, value);
    }
    g_string_append(out, "},\n");
}

/* Columns from the right that hold what most notes have are left out. */
static void put_note(GString *out, const TuneNote *note, gboolean drums)
{
    char name[8] = "";
    gint n_columns = 10;

    if (!drums)
        tune_fifths_name(note->spelling, name);
    if (note->syllable == -1) {
        n_columns = 9;
        if (note->articulation == 0) {
            n_columns = 8;
            if (note->voice == 1)
                n_columns = note->onset_offset == 0 && note->duration_offset == 0 ? 5 : 7;
        }
    }
    g_string_append_printf(out, "[%d, %d, %u, \"%s\", %u", note->onset, note->duration, note->pitch,
                           name, note->velocity);
    const gint rest[5] = {note->onset_offset, note->duration_offset, note->voice,
                          note->articulation, note->syllable};
    for (gint i = 5; i < n_columns; i++)
        g_string_append_printf(out, ", %d", rest[i - 5]);
    g_string_append_c(out, ']');
}

static void put_syllables(GString *out, const TuneTrack *track)
{
    open_rows(out, "      ", "syllables");
    for (guint i = 0; i < track->syllables->len; i++) {
        if (i % 12 == 0)
            next_row(out, "      ", i);
        else
            g_string_append(out, ", ");
        put_text(out, track->syllables->pdata[i]);
    }
    close_rows(out, "      ", track->syllables->len, ",");
}

static void put_events(GString *out, const TuneTrack *track)
{
    open_rows(out, "      ", "controls");
    for (guint i = 0; i < track->controls->len; i++) {
        const TuneControl *c = &g_array_index(track->controls, TuneControl, i);
        next_row(out, "      ", i);
        g_string_append_printf(out, "[%d, %u, %d]", c->tick, c->control, c->value);
    }
    close_rows(out, "      ", track->controls->len, ",");
    open_rows(out, "      ", "notes");
    for (guint i = 0; i < track->notes->len; i++) {
        next_row(out, "      ", i);
        put_note(out, &g_array_index(track->notes, TuneNote, i), track->is_drums);
    }
    close_rows(out, "      ", track->notes->len, "");
}

static void put_track(GString *out, const TuneTrack *track)
{
    const char *indent = "      ";

    g_string_append(out, "{\n");
    put_text_member(out, indent, "id", track->id);
    put_text_member(out, indent, "name", track->name);
    put_text_member(out, indent, "instrument", track->instrument);
    put_text_member(out, indent, "role", tune_role_name(track->role));
    g_string_append_printf(out,
                           "      \"program\": %u,\n      \"bank\": %u,\n"
                           "      \"is_drums\": %s,\n      \"transpose\": %d,\n",
                           track->program, track->bank, track->is_drums ? "true" : "false",
                           track->transpose);
    put_key(out, indent, "mix");
    put_reals(out, tune_json_track_mix, tune_json_n_track_mix, &track->mix);
    put_syllables(out, track);
    put_events(out, track);
    g_string_append(out, "    }");
}

/* ---- the file ---- */

GBytes *tune_score_write_json(const TuneScore *score, GError **error)
{
    GString *out = g_string_sized_new(4096 + 48 * tune_score_n_notes(score));

    g_string_append_printf(out, "{\n  \"format\": \"%s\",\n  \"version\": %d,\n", TUNE_JSON_FORMAT,
                           TUNE_JSON_VERSION);
    put_text_member(out, "  ", "title", score->title);
    put_text_member(out, "  ", "style", score->style);
    put_text_member(out, "  ", "creator", score->creator);
    put_text_member(out, "  ", "rights", score->rights);
    g_string_append_printf(out,
                           "  \"ticks_per_quarter\": %d,\n  \"ticks\": %d,\n"
                           "  \"length_us\": %" G_GINT64_FORMAT
                           ",\n  \"fade_us\": %" G_GINT64_FORMAT
                           ",\n  \"loop\": %s,\n  \"ending\": \"%s\",\n",
                           TUNE_PPQ, score->ticks, score->length_us, score->fade_us,
                           score->loop ? "true" : "false", tune_ending_name(score->ending));
    put_key(out, "  ", "mix");
    put_reals(out, tune_json_score_mix, tune_json_n_score_mix, &score->mix);
    put_maps(out, score);
    put_form(out, score);
    open_rows(out, "  ", "tracks");
    for (guint i = 0; i < score->tracks->len; i++) {
        next_row(out, "  ", i);
        put_track(out, score->tracks->pdata[i]);
    }
    close_rows(out, "  ", score->tracks->len, "");
    g_string_append(out, "}\n");
    return g_string_free_to_bytes(out);
}
