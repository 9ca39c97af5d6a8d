/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An ABC file: its first tune, line by line.  The head goes up to K:, the tune to an empty line or
 * the next X:.
 */
#include "score/abc-private.h"
#include "score/abc-read.h"
#include "score/format.h"
#include "score/import.h"
#include "score/score-private.h"
#include "score/ties.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_VOICES 64

/* ---- voices ---- */

static void voice_free(gpointer data)
{
    TuneAbcVoice *self = data;

    g_free(self->id);
    g_array_unref(self->last_notes);
    g_array_unref(self->last_positions);
    g_array_unref(self->slots);
    g_array_unref(self->ties);
    g_free(self);
}

static double default_unit(TuneMetre metre)
{
    return metre.beats * 4 < metre.unit * 3 ? TUNE_PPQ / 4.0 : TUNE_PPQ / 2.0;
}

static TuneAbcVoice *voice_new(TuneAbcReader *self, const char *id)
{
    TuneAbcVoice *voice = g_new0(TuneAbcVoice, 1);
    g_autofree char *name = tune_score_clean_text(id, strlen(id));

    voice->id = g_strdup(id);
    voice->track = tune_score_add_track(self->score, name, name);
    voice->is_first = self->voices->len == 0;
    voice->metre = self->metre;
    voice->signature = tune_key_signature(self->key);
    voice->unit = self->unit > 0 ? self->unit : default_unit(self->metre);
    voice->tuplet_factor = voice->next_factor = 1;
    voice->velocity = 80;
    voice->last_notes = g_array_new(FALSE, FALSE, sizeof(gint));
    voice->last_positions = g_array_new(FALSE, FALSE, sizeof(gint));
    voice->slots = g_array_new(FALSE, FALSE, sizeof(TuneAbcSlot));
    voice->ties = g_array_new(FALSE, FALSE, sizeof(TuneTie));
    g_ptr_array_add(self->voices, voice);
    return voice;
}

/* Value of KEY=value or KEY="value" in a V: or K: field.  (transfer full) (nullable) */
static char *option(const char *text, const char *key)
{
    gsize n = strlen(key);

    for (const char *at = strstr(text, key); at != NULL; at = strstr(at + 1, key)) {
        if (at[n] != '=' || (at > text && !g_ascii_isspace(at[-1])))
            continue;
        const char *value = at + n + 1;
        if (*value == '"') {
            const char *end = strchr(value + 1, '"');
            return end != NULL ? g_strndup(value + 1, (gsize)(end - value - 1)) : NULL;
        }
        return g_strndup(value, strcspn(value, " \t"));
    }
    return NULL;
}

/* A voice begins with what the head says by the time of its first use. */
static void refresh_unused(TuneAbcReader *self)
{
    for (guint i = 0; i < self->voices->len; i++) {
        TuneAbcVoice *voice = self->voices->pdata[i];
        voice->metre = self->metre;
        voice->signature = tune_key_signature(self->key);
        voice->unit = self->unit > 0 ? self->unit : default_unit(self->metre);
    }
}

static gboolean read_voice(TuneAbcReader *self, const char *text)
{
    g_autofree char *id = g_strndup(text, strcspn(text, " \t"));
    TuneAbcVoice *voice = NULL;

    for (guint i = 0; i < self->voices->len; i++)
        if (strcmp(((TuneAbcVoice *)self->voices->pdata[i])->id, id) == 0)
            voice = self->voices->pdata[i];
    if (voice == NULL) {
        if (self->voices->len >= MAX_VOICES)
            return tune_abc_fail(self, "more than 64 voices");
        voice = voice_new(self, id);
    }
    g_autofree char *name = option(text, "name");
    g_autofree char *short_name = name == NULL ? option(text, "nm") : NULL;
    g_autofree char *clef = option(text, "clef");
    if (name != NULL || short_name != NULL) {
        g_autofree char *plain = tune_abc_unescape(name != NULL ? name : short_name);
        g_free(voice->track->name);
        voice->track->name = tune_score_clean_text(plain, strlen(plain));
    }
    if (clef != NULL && g_str_has_prefix(clef, "perc"))
        voice->track->is_drums = TRUE;
    self->now = voice;
    return TRUE;
}

static TuneAbcVoice *need_voice(TuneAbcReader *self)
{
    if (self->now == NULL)
        self->now = self->voices->len > 0 ? self->voices->pdata[0] : voice_new(self, "1");
    return self->now;
}

/* ---- fields ---- */

static gint now_tick(const TuneAbcReader *self)
{
    return self->now != NULL ? (gint)floor(self->now->cursor + 0.5) : 0;
}

static gboolean read_metre(TuneAbcReader *self, const char *text, TuneMetre *out)
{
    gint beats = 0, unit = 0, used = 0;

    if (strcmp(text, "C") == 0 || strcmp(text, "none") == 0 || *text == '\0')
        *out = (TuneMetre){4, 4, 0};
    else if (strcmp(text, "C|") == 0)
        *out = (TuneMetre){2, 2, 0};
    else {
        g_autofree char *plain = g_strdup(text);
        g_strdelimit(plain, "()", ' ');
        for (char *p = plain;; p += used) {
            gint more = 0;
            if (sscanf(p, " %4d%n", &more, &used) != 1 || more < 1)
                return tune_abc_fail(self, "a metre that cannot be read");
            beats += more;
            p += used;
            used = 0;
            if (sscanf(p, " +%n", &used) == 0 && used > 0)
                continue;
            if (sscanf(p, " / %4d", &unit) != 1)
                return tune_abc_fail(self, "a metre that cannot be read");
            break;
        }
        TuneMetre like = {4, (guint8)CLAMP(unit, 2, 16), 0};
        if (unit < 1 || unit > 128 || beats > 1000 ||
            !tune_import_metre_of_ticks(beats * 4 * TUNE_PPQ / unit, like, out))
            return tune_abc_fail(self, "a metre that cannot be read");
    }
    return TRUE;
}

static gboolean read_unit(TuneAbcReader *self, const char *text, double *out)
{
    guint above = 1, below = 8;

    if (sscanf(text, "%4u / %4u", &above, &below) < 1 || above < 1 || above > 16 || below < 1 ||
        below > 512)
        return tune_abc_fail(self, "a unit length that cannot be read");
    *out = 4.0 * TUNE_PPQ * above / below;
    return TRUE;
}

/* "1/4=120", "\"Allegro\" 3/8=80", "120"; several lengths before the = are added up. */
static gboolean read_tempo(TuneAbcReader *self, const char *text)
{
    double unit = self->unit > 0 ? self->unit : default_unit(self->metre), length = 0;
    g_autofree char *plain = g_strdup(text);

    for (char *quote = strchr(plain, '"'); quote != NULL; quote = strchr(quote, '"')) {
        char *end = strchr(quote + 1, '"');
        memset(quote, ' ', end != NULL ? (gsize)(end - quote) + 1 : strlen(quote));
    }
    const char *equals = strchr(plain, '=');
    for (const char *p = plain; equals != NULL && p < equals; p++) {
        guint above, below;
        if (g_ascii_isdigit(*p) && sscanf(p, "%4u/%4u", &above, &below) == 2 && below > 0) {
            length += 4.0 * TUNE_PPQ * above / below;
            p += strcspn(p, " \t=") - 1;
        }
    }
    double beats = g_ascii_strtod(equals != NULL ? equals + 1 : plain, NULL);
    TuneTempo tempo = {now_tick(self), beats * (length > 0 ? length : unit) / TUNE_PPQ};
    if (isfinite(tempo.bpm) && tempo.bpm > 0)
        g_array_append_val(self->tempos, tempo);
    return TRUE; /* words alone ("Q:\"Allegro\"") are no tempo */
}

static gboolean read_key(TuneAbcReader *self, const char *text, gboolean head)
{
    TuneKey key;

    if (g_ascii_isalpha(text[0]) && strchr(text, '=') != NULL &&
        strcspn(text, "=") < strcspn(text, " ")) /* "K:clef=bass" keeps the key */
        return TRUE;
    if (!tune_abc_key_parse(text, &key))
        return tune_abc_fail(self, "a key that cannot be read");
    TuneKeyChange change = {head ? 0 : now_tick(self), key};
    if (head)
        self->key = key;
    else {
        self->now->signature = tune_key_signature(key);
        memset(self->now->altered, 0, sizeof self->now->altered);
    }
    if (head || self->now->is_first)
        g_array_append_val(self->keys, change);
    return TRUE;
}

gboolean tune_abc_read_field(TuneAbcReader *self, char letter, const char *text)
{
    TuneAbcVoice *voice = letter == 'V' ? NULL : need_voice(self);

    switch (letter) {
    case 'V':
        return read_voice(self, text);
    case 'K':
        return read_key(self, text, FALSE);
    case 'L':
        return read_unit(self, text, &voice->unit);
    case 'Q':
        return read_tempo(self, text);
    case 'M': {
        TuneMetreChange change = {now_tick(self), {4, 4, 0}};
        if (!read_metre(self, text, &change.metre))
            return FALSE;
        voice->metre = change.metre;
        if (voice->is_first)
            g_array_append_val(self->metres, change);
        return TRUE;
    }
    default:
        return TRUE;
    }
}

static void take_text(char **slot, const char *text)
{
    g_autofree char *plain = tune_abc_unescape(text);

    if (**slot != '\0')
        return;
    g_free(*slot);
    *slot = tune_score_clean_text(plain, strlen(plain));
}

/* *@ended when the field was K:. */
static gboolean read_head_field(TuneAbcReader *self, char letter, const char *text, gboolean *ended)
{
    switch (letter) {
    case 'T':
        take_text(&self->score->title, text);
        return TRUE;
    case 'C':
        take_text(&self->score->creator, text);
        return TRUE;
    case 'M':
        return read_metre(self, text, &self->metre);
    case 'L':
        return read_unit(self, text, &self->unit);
    case 'Q':
        return read_tempo(self, text);
    case 'V':
        return read_voice(self, text);
    case 'K':
        *ended = TRUE;
        if (!read_key(self, text, TRUE))
            return FALSE;
        refresh_unused(self);
        self->now = NULL;
        return TRUE;
    default:
        return TRUE;
    }
}

/* "%%MIDI program 24", "%%MIDI program 2 24", "%%MIDI channel 10", "%%abc-copyright". */
static void read_directive(TuneAbcReader *self, const char *text, gboolean in_tune)
{
    gint a = 0, b = 0;

    if (g_str_has_prefix(text, "abc-copyright "))
        take_text(&self->score->rights, text + strlen("abc-copyright "));
    if (!g_str_has_prefix(text, "MIDI ") || !in_tune)
        return;
    TuneTrack *track = need_voice(self)->track;
    gint n = sscanf(text, "MIDI program %4d %4d", &a, &b);
    if (n >= 1)
        track->program = (guint8)CLAMP(n == 2 ? b : a, 0, 127);
    if (sscanf(text, "MIDI channel %4d", &a) == 1 && a == 10)
        track->is_drums = TRUE;
}

/* ---- lines ---- */

/* Cuts a comment off; "\%" is a character. */
static void drop_comment(char *line)
{
    for (char *p = line; *p != '\0'; p++)
        if (*p == '%' && (p == line || p[-1] != '\\')) {
            *p = '\0';
            return;
        }
}

static gboolean is_tune_field(const char *line)
{
    return line[0] != '\0' && line[1] == ':' && strchr("IKLMmNPQRrsTUVWwX+", line[0]) != NULL;
}

static gboolean read_tune_line(TuneAbcReader *self, char *line)
{
    if (!is_tune_field(line)) {
        need_voice(self);
        return tune_abc_read_music(self, line);
    }
    char *text = g_strstrip(line + 2);
    if (line[0] != 'w')
        return tune_abc_read_field(self, line[0], text);
    TuneAbcVoice *voice = need_voice(self);
    if (!voice->line_has_words) /* further w: lines are further verses */
        tune_abc_read_words(voice, text);
    voice->line_has_words = TRUE;
    return TRUE;
}

/* Where in the file the reader is. */
typedef enum { BEFORE, IN_HEAD, IN_TUNE, BEHIND } State;

static gboolean read_line(TuneAbcReader *self, char *line, State *state)
{
    gboolean ended = FALSE;

    self->column = 1;
    if (g_str_has_prefix(line, "%%")) {
        read_directive(self, line + 2, *state == IN_TUNE);
        return TRUE;
    }
    gboolean was_empty = line[strspn(line, " \t")] == '\0';
    drop_comment(line);
    if (*state == BEFORE) {
        if (g_str_has_prefix(line, "X:"))
            *state = IN_HEAD;
        return TRUE;
    }
    if (was_empty || (*state == IN_TUNE && g_str_has_prefix(line, "X:"))) {
        if (*state == IN_TUNE)
            *state = BEHIND;
        return TRUE;
    }
    if (*state == IN_TUNE)
        return read_tune_line(self, line);
    if (!g_ascii_isalpha(line[0]) || line[1] != ':')
        return line[0] == '\0' || line[0] == '+' ||
               tune_abc_fail(self, "a line of the head is \"LETTER: text\", up to K:");
    if (!read_head_field(self, line[0], g_strstrip(line + 2), &ended))
        return FALSE;
    if (ended)
        *state = IN_TUNE;
    return TRUE;
}

static gboolean read_lines(TuneAbcReader *self, char *text)
{
    State state = BEFORE;

    while (text != NULL && state != BEHIND) {
        char *next = strpbrk(text, "\r\n");
        self->line++;
        if (next != NULL) {
            gboolean pair = next[0] == '\r' && next[1] == '\n';
            *next = '\0';
            next += pair ? 2 : 1;
        }
        if (!read_line(self, text, &state))
            return FALSE;
        text = next;
    }
    self->column = 1;
    if (state == BEFORE) {
        self->line = MAX(1, self->line);
        return tune_abc_fail(self, "not an ABC tune: no line begins with X:");
    }
    if (state == IN_HEAD)
        return tune_abc_fail(self, "the tune has no K: field");
    return TRUE;
}

/* ---- the end ---- */

static gint compare_tick(gconstpointer a, gconstpointer b)
{
    gint x = *(const gint *)a, y = *(const gint *)b;

    return x < y ? -1 : x > y;
}

static void place_chords(TuneScore *score)
{
    g_autoptr(GArray) found = g_array_copy(score->chords);

    g_array_set_size(score->chords, 0);
    g_array_sort(found, compare_tick);
    for (guint i = 0; i < found->len; i++) {
        const TuneScoreChord *chord = &g_array_index(found, TuneScoreChord, i);
        tune_import_add_chord(score, chord->tick, &chord->chord);
    }
}

static void place_maps(TuneAbcReader *self)
{
    if (self->metres->len == 0 || g_array_index(self->metres, TuneMetreChange, 0).tick > 0)
        tune_import_add_metre(self->score, 0, self->metre);
    g_array_sort(self->metres, compare_tick);
    g_array_sort(self->tempos, compare_tick);
    g_array_sort(self->keys, compare_tick);
    for (guint i = 0; i < self->metres->len; i++) {
        const TuneMetreChange *change = &g_array_index(self->metres, TuneMetreChange, i);
        tune_import_add_metre(self->score, change->tick, change->metre);
    }
    for (guint i = 0; i < self->tempos->len; i++) {
        const TuneTempo *tempo = &g_array_index(self->tempos, TuneTempo, i);
        tune_import_add_tempo(self->score, tempo->tick, tempo->bpm);
    }
    for (guint i = 0; i < self->keys->len; i++) {
        const TuneKeyChange *change = &g_array_index(self->keys, TuneKeyChange, i);
        tune_import_add_key(self->score, change->tick, change->key);
    }
    place_chords(self->score);
}

/* A score has one drum track: notes of further drum voices join the first.  Drums have no spelling.
 */
static void merge_drums(TuneScore *score)
{
    TuneTrack *drums = NULL;

    for (guint i = 0; i < score->tracks->len; i++) {
        TuneTrack *track = score->tracks->pdata[i];
        if (!track->is_drums)
            continue;
        for (guint n = 0; n < track->notes->len; n++) {
            TuneNote *note = &g_array_index(track->notes, TuneNote, n);
            note->spelling = 0;
            if (drums != NULL)
                note->syllable = -1;
        }
        if (drums == NULL) {
            drums = track;
            continue;
        }
        g_array_append_vals(drums->notes, track->notes->data, track->notes->len);
        g_ptr_array_remove_index(score->tracks, i--);
    }
}

static gint end_of_voices(const TuneAbcReader *self)
{
    double end = 0;

    for (guint i = 0; i < self->voices->len; i++)
        end = MAX(end, ((TuneAbcVoice *)self->voices->pdata[i])->bar_end);
    return (gint)floor(end + 0.5);
}

/* UTF-8 if it is, else Latin-1; without mark and zero bytes.  (transfer full) */
static char *decode(const guint8 *data, gsize size)
{
    const char *text = (const char *)data;

    if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        size -= 3;
    }
    char *copy = NULL;
    if (!g_utf8_validate(text, (gssize)size, NULL))
        copy = g_convert(text, (gssize)size, "UTF-8", "ISO-8859-1", NULL, &size, NULL);
    if (copy == NULL)
        copy = g_strndup(text, size); /* ends at a zero byte */
    return copy;
}

TuneScore *tune_score_read_abc(const char *name, const guint8 *data, gsize size, GError **error)
{
    g_autoptr(TuneScore) score = tune_score_new();
    g_autofree char *text = decode(data, size);
    g_autoptr(GPtrArray) voices = g_ptr_array_new_with_free_func(voice_free);
    g_autoptr(GArray) metres = g_array_new(FALSE, FALSE, sizeof(TuneMetreChange));
    g_autoptr(GArray) tempos = g_array_new(FALSE, FALSE, sizeof(TuneTempo));
    g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(TuneKeyChange));
    TuneAbcReader reader = {.name = name,
                            .error = error,
                            .score = score,
                            .voices = voices,
                            .metre = {4, 4},
                            .metres = metres,
                            .tempos = tempos,
                            .keys = keys};

    if (!read_lines(&reader, text))
        return NULL;
    place_maps(&reader);
    merge_drums(score);
    if (!tune_import_finish(score, end_of_voices(&reader), error)) {
        g_prefix_error(error, "%s: ", name);
        return NULL;
    }
    return g_steal_pointer(&score);
}
