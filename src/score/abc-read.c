/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One line of ABC music, character by character.  Repeats are not unfolded, grace notes are left
 * out; symbols that only a page shows are skipped.
 */
#include "score/abc-read.h"
#include "score/abc-private.h"
#include "score/import.h"
#include "score/musicxml-private.h"
#include "score/score-private.h"
#include "score/ties.h"

#include <math.h>
#include <string.h>

#define MAX_NUMBER 100000

gboolean tune_abc_fail(TuneAbcReader *self, const char *why)
{
    return tune_score_fail(self->error, TUNE_SCORE_ERROR_SYNTAX, "%s:%d:%d: %s", self->name,
                           self->line, self->column, why);
}

static gint round_tick(double tick)
{
    return (gint)floor(tick + 0.5);
}

/* ---- numbers ---- */

static gboolean read_number(const char **p, gint *out)
{
    gint value = 0;

    if (!g_ascii_isdigit(**p))
        return FALSE;
    for (; g_ascii_isdigit(**p); (*p)++)
        value = MIN(value * 10 + (**p - '0'), MAX_NUMBER);
    *out = value;
    return TRUE;
}

/* "3", "3/2", "/", "//", "/4" */
static double read_length(const char **p)
{
    gint above = 1, below = 1;

    read_number(p, &above);
    while (**p == '/') {
        gint divisor = 2;
        (*p)++;
        read_number(p, &divisor);
        below = MIN(below * MAX(divisor, 1), MAX_NUMBER);
    }
    return (double)above / below;
}

/* ---- notes ---- */

typedef struct {
    gint position; /* on the staff */
    gint letter, octave, alter;
    gboolean said; /* the accidental */
} Pitch;

/* Accidental, letter, octave marks.  FALSE (and *p as it was) when no note begins here. */
static gboolean read_pitch(const char **p, Pitch *out)
{
    static const char letters[] = "CDEFGAB";
    const char *at = *p;

    *out = (Pitch){0};
    for (; *at == '^' || *at == '_' || *at == '='; at++) {
        out->said = TRUE;
        out->alter += *at == '^' ? 1 : *at == '_' ? -1 : 0;
    }
    const char *letter = *at != '\0' ? strchr(letters, g_ascii_toupper(*at)) : NULL;
    if (letter == NULL)
        return FALSE;
    out->letter = (gint)(letter - letters);
    out->octave = g_ascii_islower(*at) ? 5 : 4;
    for (at++; *at == '\'' || *at == ','; at++)
        out->octave = CLAMP(out->octave + (*at == '\'' ? 1 : -1), -2, 12);
    out->alter = CLAMP(out->alter, -2, 2);
    out->position = out->letter + 7 * out->octave;
    *p = at;
    return TRUE;
}

/* What is in force for the letter: said here, else in this bar, else by the key. */
static void alter_pitch(TuneAbcVoice *voice, Pitch *pitch)
{
    if (pitch->said) {
        voice->altered[pitch->letter] = TRUE;
        voice->alter[pitch->letter] = (gint8)pitch->alter;
    } else
        pitch->alter = voice->altered[pitch->letter]
                           ? voice->alter[pitch->letter]
                           : tune_abc_signature_alter(voice->signature, pitch->letter);
}

static gint tie_key(gint position, gint midi)
{
    return position * 256 + midi;
}

/* The note that waits for this one: of the same pitch, or, when no accidental is said (a tie
 * carries one over the bar line), of the same place on the staff. */
static gint take_tie(TuneAbcVoice *voice, const Pitch *pitch, gint midi, gint onset)
{
    const GArray *notes = voice->track->notes;
    gint note = tune_ties_take(voice->ties, notes, tie_key(pitch->position, midi), onset);

    for (gint other = midi - 4; note < 0 && !pitch->said && other <= midi + 4; other++)
        note = tune_ties_take(voice->ties, notes, tie_key(pitch->position, other), onset);
    return note;
}

/* Adds the note, or lengthens the one that is tied to it; *index is its place. */
static gboolean add_note(TuneAbcReader *self, Pitch pitch, double start, double length, gint *index)
{
    TuneAbcVoice *voice = self->now;
    static const gint8 natural[7] = {0, 2, 4, -1, 1, 3, 5};
    gint onset = round_tick(start), end = round_tick(start + length);

    alter_pitch(voice, &pitch);
    TuneFifths f = (TuneFifths)(natural[pitch.letter] + 7 * pitch.alter);
    gint midi = tune_pitch_from_octave(f, pitch.octave);
    gint tied = take_tie(voice, &pitch, midi, onset);
    if (tied >= 0) {
        g_array_index(voice->track->notes, TuneNote, tied).duration += end - onset;
        *index = tied;
        return TRUE;
    }
    if (midi < 0 || midi > 127)
        return tune_abc_fail(self, "the note is outside MIDI's range");
    if (end <= onset)
        return tune_abc_fail(self, "a note without length");
    if (++self->n_notes > TUNE_SCORE_MAX_NOTES)
        return tune_abc_fail(self, "too many notes");
    TuneNote note = {.onset = onset,
                     .duration = end - onset,
                     .syllable = -1,
                     .pitch = (guint8)midi,
                     .spelling = f,
                     .velocity = voice->velocity,
                     .voice = (guint8)(MIN(voice->layer, 3) + 1),
                     .articulation = voice->articulation};
    if (voice->slurs > 0)
        note.articulation |= TUNE_ARTICULATION_SLUR;
    g_array_append_val(voice->track->notes, note);
    *index = (gint)voice->track->notes->len - 1;
    return TRUE;
}

/* Length of an event written as @written units, with tuplet and broken rhythm. */
static double event_ticks(TuneAbcVoice *voice, double written)
{
    double ticks = written * voice->unit * voice->next_factor;

    voice->next_factor = 1;
    if (voice->tuplet_left > 0) {
        voice->tuplet_left--;
        ticks *= voice->tuplet_factor;
    }
    return ticks;
}

static gboolean advance(TuneAbcReader *self, double ticks)
{
    TuneAbcVoice *voice = self->now;

    voice->last_start = voice->cursor;
    voice->last_length = ticks;
    voice->cursor += ticks;
    voice->bar_end = MAX(voice->bar_end, voice->cursor);
    if (!(voice->cursor <= TUNE_SCORE_MAX_TICKS))
        return tune_abc_fail(self, "the piece is too long");
    return TRUE;
}

static void begin_event(TuneAbcVoice *voice)
{
    g_array_set_size(voice->last_notes, 0);
    g_array_set_size(voice->last_positions, 0);
}

/* The notes of the event are in; slots are what w: lines count. */
static void end_event(TuneAbcVoice *voice, guint n_before)
{
    gint top = -1;

    for (guint i = 0; i < voice->last_notes->len; i++) {
        gint index = g_array_index(voice->last_notes, gint, i);
        if (index >= (gint)n_before &&
            (top < 0 || g_array_index(voice->track->notes, TuneNote, index).pitch >
                            g_array_index(voice->track->notes, TuneNote, top).pitch))
            top = index;
    }
    voice->articulation = 0;
    TuneAbcSlot slot = {top, voice->bar};
    if (voice->layer == 0)
        g_array_append_val(voice->slots, slot);
}

static void tie_note(TuneAbcVoice *voice, guint i)
{
    gint note = g_array_index(voice->last_notes, gint, i);
    gint position = g_array_index(voice->last_positions, gint, i);

    tune_ties_add(voice->ties,
                  tie_key(position, g_array_index(voice->track->notes, TuneNote, note).pitch),
                  note);
}

static void tie_last(TuneAbcVoice *voice)
{
    for (guint i = 0; i < voice->last_notes->len; i++)
        tie_note(voice, i);
}

static gboolean read_single(TuneAbcReader *self, const char **p, const Pitch *pitch)
{
    TuneAbcVoice *voice = self->now;
    guint n_before = voice->track->notes->len;
    gint index = -1;
    double ticks = event_ticks(voice, read_length(p));

    begin_event(voice);
    if (!add_note(self, *pitch, voice->cursor, ticks, &index))
        return FALSE;
    g_array_append_val(voice->last_notes, index);
    g_array_append_val(voice->last_positions, pitch->position);
    end_event(voice, n_before);
    return advance(self, ticks);
}

/* "[CE^G]3/2-": inner lengths count when they agree; the first note's is the chord's. */
static gboolean read_chord(TuneAbcReader *self, const char **p)
{
    TuneAbcVoice *voice = self->now;
    Pitch pitches[32];
    gboolean ties[32] = {FALSE};
    gint n = 0, index = -1;
    double inner = 1;

    while (**p != ']') {
        if (**p == '\0')
            return tune_abc_fail(self, "a chord without its closing bracket");
        if (n < 32 && read_pitch(p, &pitches[n])) {
            double length = read_length(p);
            inner = n == 0 ? length : inner;
            ties[n] = **p == '-';
            n++;
        } else
            (*p)++;
    }
    (*p)++;
    guint n_before = voice->track->notes->len;
    double ticks = event_ticks(voice, inner * read_length(p));
    begin_event(voice);
    for (gint i = 0; i < n; i++) {
        if (!add_note(self, pitches[i], voice->cursor, ticks, &index))
            return FALSE;
        g_array_append_val(voice->last_notes, index);
        g_array_append_val(voice->last_positions, pitches[i].position);
    }
    if (n > 0)
        end_event(voice, n_before);
    for (gint i = 0; i < n; i++)
        if (ties[i])
            tie_note(voice, (guint)i);
    return n == 0 || advance(self, ticks);
}

static gboolean read_rest(TuneAbcReader *self, const char **p, gboolean bars)
{
    TuneAbcVoice *voice = self->now;
    double written = read_length(p);

    begin_event(voice);
    if (bars)
        return advance(self, floor(written) * tune_metre_bar_ticks(voice->metre));
    return advance(self, event_ticks(voice, written));
}

/* ---- marks ---- */

/* "a>b": the first half as long again, the second half as long; "a>>b" three quarters more. */
static gboolean read_broken(TuneAbcReader *self, const char **p)
{
    TuneAbcVoice *voice = self->now;
    char sign = **p;
    double part = 1;

    for (; **p == sign; (*p)++)
        part /= 2;
    double factor = sign == '>' ? 2 - part : part, length = voice->last_length * factor;
    voice->cursor = voice->last_start;
    for (guint i = 0; i < voice->last_notes->len; i++) {
        TuneNote *note = &g_array_index(voice->track->notes, TuneNote,
                                        g_array_index(voice->last_notes, gint, i));
        gint duration = round_tick(voice->last_start + length) - note->onset;
        if (duration <= 0)
            return tune_abc_fail(self, "a note without length");
        note->duration = duration;
    }
    voice->next_factor = 2 - factor;
    return advance(self, length);
}

static gboolean read_tuplet(TuneAbcReader *self, const char **p)
{
    static const gint8 normal[10] = {0, 0, 3, 2, 3, 2, 2, 2, 3, 2};
    TuneAbcVoice *voice = self->now;
    gint actual = 3, into = 0, count = 0;

    read_number(p, &actual);
    if (**p == ':') {
        (*p)++;
        read_number(p, &into);
        if (**p == ':') {
            (*p)++;
            read_number(p, &count);
        }
    }
    if (actual < 2 || actual > 63 || into > 63 || count > 10000)
        return tune_abc_fail(self, "a tuplet that cannot be read");
    if (into == 0)
        into = actual > 9 ? 2 : normal[actual];
    if (into == 2 && (actual == 5 || actual == 7 || actual == 9) &&
        tune_metre_is_compound(voice->metre))
        into = 3;
    voice->tuplet_left = count > 0 ? count : actual;
    voice->tuplet_factor = (double)into / actual;
    return TRUE;
}

static void decorate(TuneAbcVoice *voice, const char *word)
{
    static const struct {
        const char *word;
        guint8 bit;
    } known[] = {{"accent", TUNE_ARTICULATION_ACCENT},   {">", TUNE_ARTICULATION_ACCENT},
                 {"emphasis", TUNE_ARTICULATION_ACCENT}, {"tenuto", TUNE_ARTICULATION_TENUTO},
                 {"fermata", TUNE_ARTICULATION_FERMATA}, {"staccato", TUNE_ARTICULATION_STACCATO}};

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(word, known[i].word) == 0)
            voice->articulation |= known[i].bit;
    if (tune_musicxml_velocity_of(word) > 0)
        voice->velocity = tune_musicxml_velocity_of(word);
}

static void read_letter_mark(TuneAbcVoice *voice, char mark)
{
    if (mark == '.')
        voice->articulation |= TUNE_ARTICULATION_STACCATO;
    if (mark == 'H')
        voice->articulation |= TUNE_ARTICULATION_FERMATA;
    if (mark == 'L')
        voice->articulation |= TUNE_ARTICULATION_ACCENT;
}

/* A chord symbol, or a text that names a section when it begins one. */
static void read_quoted(TuneAbcReader *self, const char *quoted)
{
    gint tick = round_tick(self->now->cursor);
    g_autofree char *plain = tune_abc_unescape(quoted);
    g_autofree char *text = tune_score_clean_text(plain, strlen(plain));
    TuneScoreChord item = {.tick = tick};
    TuneSectionRole role;

    if (strchr("^_<>@", text[0]) == NULL || text[0] == '\0') {
        if (tune_chord_parse(text, &item.chord))
            g_array_append_val(self->score->chords, item);
        return;
    }
    g_autofree char *word = g_strdup(text + 1);
    word[strcspn(word, "0123456789([,: \"")] = '\0';
    if (text[0] == '^' && self->now->is_first && self->now->layer == 0 && *word != '\0' &&
        tune_section_role_parse(word, &role))
        tune_import_add_section(self->score, tick, text + 1);
}

/* Text between two marks of the same kind; *p is behind the first. */
static char *read_until(TuneAbcReader *self, const char **p, char mark)
{
    const char *end = strchr(*p, mark);

    if (end == NULL) {
        tune_abc_fail(self, "a text or symbol without its end");
        return NULL;
    }
    char *text = g_strndup(*p, (gsize)(end - *p));
    *p = end + 1;
    return text;
}

static void end_bar(TuneAbcReader *self)
{
    TuneAbcVoice *voice = self->now;

    voice->cursor = voice->bar_end;
    if (voice->cursor > voice->bar_start)
        voice->bar++;
    /* A pick-up: the first bar of the first voice counts as what it holds. */
    TuneMetre own;
    gint length = round_tick(voice->cursor);
    if (voice->is_first && voice->bar == 1 && voice->bar_start == 0 && length > 0 &&
        length < tune_metre_bar_ticks(voice->metre) &&
        tune_import_metre_of_ticks(length, voice->metre, &own)) {
        TuneMetreChange pickup = {0, own}, rest = {length, voice->metre};
        g_array_append_val(self->metres, pickup);
        g_array_append_val(self->metres, rest);
    }
    voice->bar_start = voice->cursor;
    voice->layer = 0;
    memset(voice->altered, 0, sizeof voice->altered);
    tune_ties_forget(voice->ties, voice->track->notes, round_tick(voice->cursor));
}

/* "|", "||", "|]", "[|", ":|", "|:", "::", "|1", "[2": all end the bar. */
static void read_bar_line(TuneAbcReader *self, const char **p)
{
    while (**p != '\0' && strchr("|:]", **p) != NULL)
        (*p)++;
    if (**p == '[' && ((*p)[1] == '|' || g_ascii_isdigit((*p)[1])))
        (*p)++;
    while (**p != '\0' && (strchr("|:", **p) != NULL || g_ascii_isdigit(**p)))
        (*p)++;
    while ((**p == ',' || **p == '-') && g_ascii_isdigit((*p)[1])) /* "1,3" */
        for ((*p)++; g_ascii_isdigit(**p);)
            (*p)++;
    end_bar(self);
}

static gboolean read_bracket(TuneAbcReader *self, const char **p)
{
    if (g_ascii_isalpha((*p)[1]) && (*p)[2] == ':') {
        char letter = (*p)[1];
        *p += 3;
        g_autofree char *text = read_until(self, p, ']');
        return text != NULL && tune_abc_read_field(self, letter, g_strstrip(text));
    }
    if ((*p)[1] == '|' || g_ascii_isdigit((*p)[1]) || (*p)[1] == '"') {
        (*p)++;
        read_bar_line(self, p);
        return TRUE;
    }
    (*p)++;
    return read_chord(self, p);
}

static gboolean read_mark(TuneAbcReader *self, const char **p)
{
    char mark = *(*p)++;
    g_autofree char *text = NULL;

    switch (mark) {
    case '"':
        text = read_until(self, p, '"');
        if (text != NULL)
            read_quoted(self, text);
        return text != NULL;
    case '!':
        text = read_until(self, p, '!');
        if (text != NULL)
            decorate(self->now, text);
        return text != NULL;
    case '{':
        text = read_until(self, p, '}');
        return text != NULL;
    case '(':
        if (g_ascii_isdigit(**p))
            return read_tuplet(self, p);
        self->now->slurs++;
        return TRUE;
    case ')':
        self->now->slurs = MAX(self->now->slurs - 1, 0);
        /* The slur's last note is not bound to the next. */
        for (guint i = 0; i < self->now->last_notes->len && self->now->slurs == 0; i++)
            g_array_index(self->now->track->notes, TuneNote,
                          g_array_index(self->now->last_notes, gint, i))
                .articulation &= (guint8)~TUNE_ARTICULATION_SLUR;
        return TRUE;
    case '-':
        tie_last(self->now);
        return TRUE;
    case '&':
        self->now->cursor = self->now->bar_start;
        self->now->layer++;
        begin_event(self->now);
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean read_symbol(TuneAbcReader *self, const char **p)
{
    Pitch pitch;
    char c = **p;

    if (read_pitch(p, &pitch))
        return read_single(self, p, &pitch);
    if (c == 'z' || c == 'x' || c == 'Z' || c == 'X') {
        (*p)++;
        return read_rest(self, p, c == 'Z' || c == 'X');
    }
    if (c == '|' || c == ':') {
        read_bar_line(self, p);
        return TRUE;
    }
    if (c == '[')
        return read_bracket(self, p);
    if (c == '<' || c == '>')
        return read_broken(self, p);
    if (strchr("\"!{()-&", c) != NULL)
        return read_mark(self, p);
    if (c == '.' || c == '~' || g_ascii_isalpha(c)) {
        read_letter_mark(self->now, c);
        (*p)++;
        return TRUE;
    }
    /* Spaces, line breaks ("$"), back-quotes, and what the standard reserves. */
    if (strchr(" \t`$*;#?@\\]}/+", c) != NULL || g_ascii_isdigit(c)) {
        (*p)++;
        return TRUE;
    }
    return tune_abc_fail(self, "a character that does not belong in music");
}

gboolean tune_abc_read_music(TuneAbcReader *self, const char *line)
{
    const char *p = line;

    g_array_set_size(self->now->slots, 0);
    self->now->line_has_words = FALSE;
    while (*p != '\0') {
        self->column = (gint)(p - line) + 1;
        if (!read_symbol(self, &p))
            return FALSE;
    }
    return TRUE;
}
