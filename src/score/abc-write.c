/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * ABC 2.1: one V: per part, four bars a line; further voices of a part are overlays ("&").  Every
 * note whose letter was altered in the same bar says its accidental, so that readers agree whatever
 * they think about octaves.  Chord symbols that fall between the notes of the first part stand in
 * an overlay of invisible rests.  Pitches are written as they sound.
 */
#include "score/abc-private.h"
#include "score/format.h"
#include "score/musicxml-private.h"
#include "score/notate.h"
#include "score/score-private.h"

#include <math.h>
#include <string.h>

#define BARS_A_LINE 4
#define UNIT_TICKS  (TUNE_PPQ / 2) /* L:1/8 */

typedef struct {
    GString *out;
    const TuneScore *score;
    const TuneTrack *track;
    const TuneNotation *page;
    gboolean is_first; /* carries tempo, sections, chords */
    guint next_chord, next_section, next_tempo, next_note;
    const char *mark;
    gboolean slur_open;
    gint signature;
    gboolean touched[7]; /* letters that were altered in this bar */
    GString *words;      /* the w: line that belongs to the line of music */
    gboolean any_word;
} Writer;

/* ---- small things ---- */

static void put_length(GString *out, gint ticks)
{
    gint a = ticks, b = UNIT_TICKS;

    while (b != 0) {
        gint rest = a % b;
        a = b;
        b = rest;
    }
    gint above = ticks / a, below = UNIT_TICKS / a;
    if (above != 1)
        g_string_append_printf(out, "%d", above);
    if (below != 1)
        g_string_append_printf(out, "/%d", below);
}

static gint printed_ticks(const TunePiece *piece)
{
    return piece->in_tuplet ? piece->ticks * 3 / 2 : piece->ticks;
}

static void put_field(GString *out, const char *field, const char *text)
{
    g_autofree char *escaped = tune_abc_escape(text, "");

    g_string_append_printf(out, "%s%s\n", field, escaped);
}

static void put_bpm(GString *out, double bpm)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_ascii_formatd(text, sizeof text, "%.0f", floor(bpm + 0.5));
    g_string_append_printf(out, "Q:1/4=%s", text);
}

/* ---- notes ---- */

static TuneFifths spelling_of(const TuneTrack *track, const TuneNote *note)
{
    return track->is_drums ? tune_fifths_nearest(note->pitch % 12, 0) : note->spelling;
}

static void put_pitch(Writer *self, const TuneNote *note)
{
    static const char *const accidentals[] = {"__", "_", "=", "^", "^^"};
    TuneFifths f =
        self->track->is_drums ? tune_fifths_nearest(note->pitch % 12, 0) : note->spelling;
    gint letter = tune_fifths_letter(f), alter = tune_fifths_alter(f);
    gint octave = tune_pitch_octave(note->pitch, f);

    if (self->touched[letter] || alter != tune_abc_signature_alter(self->signature, letter)) {
        g_string_append(self->out, accidentals[CLAMP(alter, -2, 2) + 2]);
        self->touched[letter] = TRUE;
    }
    g_string_append_c(self->out, (octave >= 5 ? "cdefgab" : "CDEFGAB")[letter]);
    for (; octave > 5; octave--)
        g_string_append_c(self->out, '\'');
    for (; octave < 4; octave++)
        g_string_append_c(self->out, ',');
}

static guint8 articulation_of(const TuneTrack *track, const TuneNoteGroup *group)
{
    guint8 bits = 0;

    for (guint i = 0; i < group->notes->len; i++)
        bits |= g_array_index(track->notes, TuneNote, g_array_index(group->notes, guint, i))
                    .articulation;
    return bits;
}

static void put_decorations(GString *out, guint8 bits)
{
    if (bits & TUNE_ARTICULATION_ACCENT)
        g_string_append(out, "!accent!");
    if (bits & TUNE_ARTICULATION_TENUTO)
        g_string_append(out, "!tenuto!");
    if (bits & TUNE_ARTICULATION_FERMATA)
        g_string_append(out, "!fermata!");
    if (bits & TUNE_ARTICULATION_STACCATO) /* abcMIDI wants it right before the note */
        g_string_append_c(out, '.');
}

static void put_heads(Writer *self, const TunePiece *piece, const TuneNoteGroup *group)
{
    gboolean chord = group->notes->len > 1;

    if (chord)
        g_string_append_c(self->out, '[');
    for (guint i = 0; i < group->notes->len; i++)
        put_pitch(self, &g_array_index(self->track->notes, TuneNote,
                                       g_array_index(group->notes, guint, i)));
    if (chord)
        g_string_append_c(self->out, ']');
    put_length(self->out, printed_ticks(piece));
    if (piece->tie_out)
        g_string_append_c(self->out, '-');
}

/* The syllable of a note of the first voice: in w: lines a space parts syllables, a hyphen goes on.
 */
static void put_word(Writer *self, const TunePiece *piece, const TuneNoteGroup *group)
{
    const char *text = NULL;

    for (guint i = 0; i < group->notes->len; i++) {
        guint index = g_array_index(group->notes, guint, i);
        gint syllable = g_array_index(self->track->notes, TuneNote, index).syllable;
        if (syllable >= 0)
            text = self->track->syllables->pdata[syllable];
    }
    if (piece->tie_in || text == NULL) {
        g_string_append(self->words, piece->tie_in && text != NULL ? "_ " : "* ");
        return;
    }
    gboolean goes_on = g_str_has_suffix(text, "-");
    g_autofree char *word = g_strndup(text, strlen(text) - (goes_on ? 1 : 0));
    g_autofree char *escaped = tune_abc_escape(word, "-*_|~");
    g_strdelimit(escaped, " ", '~');
    g_string_append_printf(self->words, "%s%s ", escaped, goes_on ? "-" : "");
    self->any_word = TRUE;
}

static void put_slur_open(Writer *self, guint8 bits, gboolean last)
{
    if ((bits & TUNE_ARTICULATION_SLUR) && !self->slur_open && !last) {
        g_string_append_c(self->out, '(');
        self->slur_open = TRUE;
    }
}

static void put_piece(Writer *self, const TuneNotationVoice *voice, const TunePiece *piece)
{
    gboolean first_voice = voice->number == 0;

    if (piece->tuplet_size > 0)
        g_string_append_printf(self->out, "(3:2:%u", piece->tuplet_size);
    if (piece->group < 0) {
        g_string_append_c(self->out, 'z');
        put_length(self->out, printed_ticks(piece));
        g_string_append_c(self->out, ' ');
        return;
    }
    const TuneNoteGroup *group = &g_array_index(voice->groups, TuneNoteGroup, piece->group);
    guint8 bits = articulation_of(self->track, group);
    gboolean last = piece->group + 1 == (gint)voice->groups->len;
    if (!piece->tie_in) {
        if (first_voice)
            put_slur_open(self, bits, last);
        /* abcMIDI cannot tie a staccato note. */
        put_decorations(self->out,
                        piece->tie_out ? bits & (guint8)~TUNE_ARTICULATION_STACCATO : bits);
    }
    put_heads(self, piece, group);
    if (first_voice && self->slur_open && !piece->tie_out &&
        (!(bits & TUNE_ARTICULATION_SLUR) || last)) {
        g_string_append_c(self->out, ')');
        self->slur_open = FALSE;
    }
    g_string_append_c(self->out, ' ');
    if (first_voice)
        put_word(self, piece, group);
}

/* ---- what stands above the notes ---- */

static void put_chord_symbol(Writer *self)
{
    const TuneScoreChord *chord =
        &g_array_index(self->score->chords, TuneScoreChord, self->next_chord++);
    g_autofree char *symbol = tune_chord_to_string(chord->chord);

    g_string_append_printf(self->out, "\"%s\"", symbol);
}

static const TuneScoreChord *next_chord_before(const Writer *self, gint tick)
{
    if (!self->is_first || self->next_chord >= self->score->chords->len)
        return NULL;
    const TuneScoreChord *chord =
        &g_array_index(self->score->chords, TuneScoreChord, self->next_chord);
    return chord->tick < tick ? chord : NULL;
}

/* TRUE when each chord of the bar begins with a piece of the first voice. */
static gboolean chords_meet_pieces(const Writer *self, const TuneNotationBar *bar,
                                   const TunePiece *pieces, guint n)
{
    guint at = 0;

    for (guint i = self->next_chord; self->is_first && i < self->score->chords->len; i++) {
        gint tick = g_array_index(self->score->chords, TuneScoreChord, i).tick;
        if (tick >= bar->tick + bar->ticks)
            break;
        while (at < n && pieces[at].tick < tick)
            at++;
        if (at == n || pieces[at].tick != tick)
            return FALSE;
    }
    return TRUE;
}

/* Overlay of invisible rests that begin with the bar's chords. */
static void put_chord_overlay(Writer *self, const TuneNotationBar *bar)
{
    gint now = bar->tick, end = bar->tick + bar->ticks;

    g_string_append(self->out, "& [I:MIDI=gchordoff] ");
    while (next_chord_before(self, end) != NULL) {
        gint tick = MAX(next_chord_before(self, end)->tick, now);
        if (tick > now) {
            g_string_append_c(self->out, 'x');
            put_length(self->out, tick - now);
            g_string_append_c(self->out, ' ');
        }
        now = tick;
        put_chord_symbol(self);
    }
    g_string_append_c(self->out, 'x');
    put_length(self->out, end - now);
    g_string_append_c(self->out, ' ');
}

static void put_tempo_and_section(Writer *self, gint tick)
{
    const GArray *tempos = self->score->tempos, *sections = self->score->sections;

    if (!self->is_first)
        return;
    while (self->next_tempo < tempos->len &&
           g_array_index(tempos, TuneTempo, self->next_tempo).tick <= tick) {
        g_string_append_c(self->out, '[');
        put_bpm(self->out, g_array_index(tempos, TuneTempo, self->next_tempo++).bpm);
        g_string_append_c(self->out, ']');
    }
    while (self->next_section < sections->len &&
           g_array_index(sections, TuneSection, self->next_section).tick <= tick) {
        g_autofree char *name =
            tune_abc_escape(g_array_index(sections, TuneSection, self->next_section++).name, "[]|");
        g_string_append_printf(self->out, "\"^%s\"", name);
    }
}

/* A dynamic mark where the bar's mean velocity leaves the reach of the last one. */
static void put_dynamics(Writer *self, const TuneNotationBar *bar)
{
    gint sum = 0, n = 0;

    for (; self->next_note < self->track->notes->len; self->next_note++) {
        const TuneNote *note = &g_array_index(self->track->notes, TuneNote, self->next_note);
        if (note->onset >= bar->tick + bar->ticks)
            break;
        sum += note->velocity;
        n++;
    }
    if (n == 0 || (self->mark != NULL && ABS(sum / n - tune_musicxml_velocity_of(self->mark)) < 12))
        return;
    self->mark = tune_musicxml_mark_of(sum / n);
    g_string_append_printf(self->out, "!%s!", self->mark);
}

/* ---- bars and parts ---- */

static void put_changes(Writer *self, const TuneNotationBar *bar, gboolean first)
{
    TuneKey key = tune_score_key_at(self->score, bar->tick);

    if (!first) {
        TuneKey old = tune_score_key_at(self->score, bar[-1].tick);
        TuneMetre m = bar[-1].metre;
        if (m.beats != bar->metre.beats || m.unit != bar->metre.unit)
            g_string_append_printf(self->out, "[M:%u/%u]", bar->metre.beats, bar->metre.unit);
        if (old.tonic != key.tonic || old.mode != key.mode) {
            g_autofree char *name = tune_abc_key_name(key);
            g_string_append_printf(self->out, "[K:%s]", name);
        }
    }
    self->signature = tune_key_signature(key);
    memset(self->touched, 0, sizeof self->touched);
}

/* A tie carries its accidental over the bar line, so its letter counts as altered in every voice.
 */
static void touch_ties(Writer *self, guint bar)
{
    for (guint v = 0; v < self->page->voices->len; v++) {
        const TuneNotationVoice *voice = self->page->voices->pdata[v];
        guint n = 0;
        const TunePiece *first = tune_notation_pieces(voice, bar, &n);
        if (n == 0 || !first->tie_in)
            continue;
        const GArray *notes = g_array_index(voice->groups, TuneNoteGroup, first->group).notes;
        for (guint i = 0; i < notes->len; i++) {
            const TuneNote *note =
                &g_array_index(self->track->notes, TuneNote, g_array_index(notes, guint, i));
            self->touched[tune_fifths_letter(spelling_of(self->track, note))] = TRUE;
        }
    }
}

/* A voice is the same overlay in every bar: readers tie by that. */
static void put_skipped(Writer *self, const TuneNotationBar *bar, guint *skipped)
{
    for (; *skipped > 0; (*skipped)--) {
        g_string_append(self->out, "& x");
        put_length(self->out, bar->ticks);
        g_string_append_c(self->out, ' ');
    }
}

static void put_bar(Writer *self, guint index)
{
    const TuneNotationBar *bar = &g_array_index(self->page->bars, TuneNotationBar, index);
    gboolean overlay = FALSE;
    guint skipped = 0;

    put_changes(self, bar, index == 0);
    touch_ties(self, index);
    for (guint v = 0; v < self->page->voices->len; v++) {
        const TuneNotationVoice *voice = self->page->voices->pdata[v];
        guint n = 0;
        const TunePiece *pieces = tune_notation_pieces(voice, index, &n);
        if (n == 0) {
            skipped++;
            continue;
        }
        if (v == 0)
            overlay = !chords_meet_pieces(self, bar, pieces, n);
        put_skipped(self, bar, &skipped);
        if (v > 0)
            g_string_append(self->out, "& ");
        for (guint i = 0; i < n; i++) {
            if (v == 0)
                put_tempo_and_section(self, pieces[i].tick);
            while (v == 0 && !overlay && next_chord_before(self, pieces[i].tick + 1) != NULL)
                put_chord_symbol(self);
            if (v == 0 && pieces[i].group >= 0 && i == 0)
                put_dynamics(self, bar);
            put_piece(self, voice, &pieces[i]);
        }
    }
    if (overlay)
        put_chord_overlay(self, bar);
}

static void put_part(GString *out, const TuneScore *score, guint index)
{
    const TuneTrack *track = score->tracks->pdata[index];
    g_autoptr(TuneNotation) page = tune_notation_new(score, track, FALSE);
    g_autoptr(GString) words = g_string_new(NULL);
    Writer self = {.out = out,
                   .score = score,
                   .track = track,
                   .page = page,
                   .is_first = index == 0,
                   .next_tempo = 1, /* the first is in the head */
                   .words = words};

    g_string_append_printf(out, "V:%u\n", index + 1);
    if (index == 0) /* the parts play the chords themselves */
        g_string_append(out, "%%MIDI gchordoff\n");
    if (track->is_drums)
        g_string_append(out, "%%MIDI channel 10\n");
    g_string_append_printf(out, "%%%%MIDI program %u\n", track->program);
    for (guint bar = 0; bar < page->bars->len; bar++) {
        gboolean last = bar + 1 == page->bars->len;
        put_bar(&self, bar);
        g_string_append(out, last ? "|]" : "|");
        if ((bar + 1) % BARS_A_LINE != 0 && !last) {
            g_string_append_c(out, ' ');
            continue;
        }
        g_string_append_c(out, '\n');
        if (self.any_word)
            g_string_append_printf(out, "w: %s\n", words->str);
        g_string_truncate(words, 0);
        self.any_word = FALSE;
    }
}

static const char *clef_of(const TuneTrack *track)
{
    gint64 sum = 0;

    if (track->is_drums)
        return "perc";
    for (guint i = 0; i < track->notes->len; i++)
        sum += g_array_index(track->notes, TuneNote, i).pitch;
    return track->notes->len > 0 && sum / track->notes->len < 57 ? "bass" : "treble";
}

static void put_head(GString *out, const TuneScore *score)
{
    g_autofree char *key = tune_abc_key_name(tune_score_key_at(score, 0));
    TuneMetre metre = tune_score_metre_at(score, 0);

    g_string_append(out, "%abc-2.1\n");
    if (*score->rights != '\0')
        put_field(out, "%%abc-copyright ", score->rights);
    g_string_append(out, "X:1\n");
    put_field(out, "T:", score->title);
    if (*score->creator != '\0')
        put_field(out, "C:", score->creator);
    g_string_append_printf(out, "M:%u/%u\nL:1/8\n", metre.beats, metre.unit);
    put_bpm(out, tune_score_tempo_at(score, 0));
    g_string_append_c(out, '\n');
    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *track = score->tracks->pdata[i];
        g_autofree char *name = tune_abc_escape(track->name, "");
        g_string_append_printf(out, "V:%u clef=%s name=\"%s\"\n", i + 1, clef_of(track), name);
    }
    g_string_append_printf(out, "K:%s\n", key);
}

GBytes *tune_score_write_abc(const TuneScore *score, GError **error)
{
    GString *out = g_string_sized_new(16384);

    put_head(out, score);
    for (guint i = 0; i < score->tracks->len; i++)
        put_part(out, score, i);
    return g_string_free_to_bytes(out);
}
