/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * MusicXML 4.0, score-partwise: the file and its measures.  Notes are in musicxml-note.c.
 *
 * A tick is a division.  Every voice that appears in a measure fills it, so voices are joined by
 * whole-measure backups.  What belongs to the whole piece (tempo, sections, chords) stands in the
 * first part, at the beginning of its measure with an offset.
 */
#include "score/musicxml-note.h"
#include "score/format.h"
#include "score/musicxml-private.h"
#include "score/score-private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- part list ---- */

static void put_midi_instrument(TuneXmlOut *out, const TuneTrack *track, guint part, gint key,
                                gint channel)
{
    g_autofree char *id = g_strdup_printf(" id=\"P%u-I%d\"", part, key + 1);
    g_autofree char *pan = tune_xml_real(track->mix.pan * 90, 2);
    g_autofree char *volume = tune_xml_real(CLAMP(80 + 2 * track->mix.level_db, 0, 100), 2);

    tune_xml_open(out, "midi-instrument", id);
    tune_xml_int(out, "midi-channel", channel);
    if (track->bank > 0)
        tune_xml_int(out, "midi-bank", track->bank * 128 + 1);
    tune_xml_int(out, "midi-program", track->program + 1);
    if (track->is_drums)
        tune_xml_int(out, "midi-unpitched", key + 1);
    tune_xml_text(out, "volume", "", volume);
    tune_xml_text(out, "pan", "", pan);
    tune_xml_close(out, "midi-instrument");
}

static void put_instrument(TuneXmlOut *out, guint part, gint key, const char *name)
{
    g_autofree char *id = g_strdup_printf(" id=\"P%u-I%d\"", part, key + 1);

    tune_xml_open(out, "score-instrument", id);
    tune_xml_text(out, "instrument-name", "", name);
    tune_xml_close(out, "score-instrument");
}

static void put_score_part(TuneXmlOut *out, const TuneTrack *track, guint part, gint channel)
{
    g_autofree char *id = g_strdup_printf(" id=\"P%u\"", part);
    gboolean used[128] = {FALSE};

    for (guint i = 0; i < track->notes->len && track->is_drums; i++)
        used[g_array_index(track->notes, TuneNote, i).pitch] = TRUE;
    tune_xml_open(out, "score-part", id);
    tune_xml_text(out, "part-name", "", track->name);
    if (track->is_drums) {
        for (gint key = 0; key < 128; key++)
            if (used[key])
                put_instrument(out, part, key, tune_musicxml_drum_look((guint8)key).name);
        for (gint key = 0; key < 128; key++)
            if (used[key])
                put_midi_instrument(out, track, part, key, channel);
    } else {
        put_instrument(out, part, 0, *track->instrument != '\0' ? track->instrument : track->name);
        put_midi_instrument(out, track, part, 0, channel);
    }
    tune_xml_close(out, "score-part");
}

static void put_part_list(TuneXmlOut *out, const TuneScore *score)
{
    gint next = 1;

    tune_xml_open(out, "part-list", "");
    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *track = score->tracks->pdata[i];
        gint channel = 10;
        if (!track->is_drums) {
            next += next == 10;
            channel = next++;
        }
        put_score_part(out, track, i + 1, channel);
    }
    tune_xml_close(out, "part-list");
}

/* ---- attributes ---- */

static void put_key(TuneXmlOut *out, const TuneTrack *track, TuneKey key)
{
    gint signature = tune_key_signature(key) - tune_musicxml_transpose_fifths(track->transpose);

    if (signature > 7)
        signature -= 12;
    if (signature < -7)
        signature += 12;
    tune_xml_open(out, "key", "");
    tune_xml_int(out, "fifths", track->is_drums ? 0 : signature);
    if (!track->is_drums)
        tune_xml_text(out, "mode", "", tune_mode_name(tune_mode_diatonic(key.mode)));
    tune_xml_close(out, "key");
}

static void put_time(TuneXmlOut *out, TuneMetre metre)
{
    tune_xml_open(out, "time", "");
    tune_xml_int(out, "beats", metre.beats);
    tune_xml_int(out, "beat-type", metre.unit);
    tune_xml_close(out, "time");
}

static void put_clef(TuneXmlOut *out, const char *attributes, const char *sign, gint line)
{
    tune_xml_open(out, "clef", attributes);
    tune_xml_text(out, "sign", "", sign);
    if (line > 0)
        tune_xml_int(out, "line", line);
    tune_xml_close(out, "clef");
}

static void put_clefs(TuneXmlOut *out, const TuneTrack *track, gboolean split)
{
    gint64 sum = 0;

    if (track->is_drums) {
        put_clef(out, "", "percussion", 0);
        return;
    }
    if (split) {
        put_clef(out, " number=\"1\"", "G", 2);
        put_clef(out, " number=\"2\"", "F", 4);
        return;
    }
    for (guint i = 0; i < track->notes->len; i++)
        sum += g_array_index(track->notes, TuneNote, i).pitch - track->transpose;
    if (track->notes->len > 0 && sum / track->notes->len < 57)
        put_clef(out, "", "F", 4);
    else
        put_clef(out, "", "G", 2);
}

static void put_transpose(TuneXmlOut *out, const TuneTrack *track)
{
    gint octaves = track->transpose / 12;

    if (track->transpose == 0 || track->is_drums)
        return;
    tune_xml_open(out, "transpose", "");
    tune_xml_int(out, "diatonic", tune_musicxml_transpose_steps(track->transpose));
    tune_xml_int(out, "chromatic", track->transpose % 12);
    if (octaves != 0)
        tune_xml_int(out, "octave-change", octaves);
    tune_xml_close(out, "transpose");
}

static void put_attributes(TuneXmlPart *part, guint bar)
{
    const TuneNotationBar *now = &g_array_index(part->page->bars, TuneNotationBar, bar);
    TuneKey key = tune_score_key_at(part->score, now->tick), old_key = key;
    gboolean first = bar == 0, new_metre = first;

    if (!first) {
        old_key = tune_score_key_at(part->score, now[-1].tick);
        new_metre =
            now->metre.beats != now[-1].metre.beats || now->metre.unit != now[-1].metre.unit;
    }
    gboolean new_key = first || key.tonic != old_key.tonic || key.mode != old_key.mode;
    if (!new_key && !new_metre)
        return;
    tune_xml_open(part->out, "attributes", "");
    if (first)
        tune_xml_int(part->out, "divisions", TUNE_PPQ);
    if (new_key)
        put_key(part->out, part->track, key);
    if (new_metre)
        put_time(part->out, now->metre);
    if (first) {
        if (part->split)
            tune_xml_int(part->out, "staves", 2);
        put_clefs(part->out, part->track, part->split);
        put_transpose(part->out, part->track);
    }
    tune_xml_close(part->out, "attributes");
}

/* ---- directions ---- */

static void put_offset(TuneXmlOut *out, gint ticks)
{
    if (ticks > 0)
        tune_xml_int(out, "offset", ticks);
}

/* The felt beat in eighths, quarters or halves, with its dot. */
static void put_metronome(TuneXmlOut *out, TuneMetre metre, double bpm)
{
    gint beat = tune_metre_beat_ticks(metre);
    gboolean dotted = tune_metre_is_compound(metre);
    gint plain = dotted ? beat * 2 / 3 : beat;
    const char *unit = plain == 1920  ? "half"
                       : plain == 960 ? "quarter"
                       : plain == 480 ? "eighth"
                                      : "16th";
    g_autofree char *per_minute = tune_xml_real(tune_metre_beat_bpm(metre, bpm), 2);

    tune_xml_open(out, "direction-type", "");
    tune_xml_open(out, "metronome", "");
    tune_xml_text(out, "beat-unit", "", unit);
    if (dotted)
        tune_xml_empty(out, "beat-unit-dot", "");
    tune_xml_text(out, "per-minute", "", per_minute);
    tune_xml_close(out, "metronome");
    tune_xml_close(out, "direction-type");
}

/* Steps of a ritardando only sound; real changes of tempo are printed. */
static void put_tempo(TuneXmlPart *part, const TuneNotationBar *bar, guint index)
{
    const TuneTempo *tempo = &g_array_index(part->score->tempos, TuneTempo, index);
    g_autofree char *bpm = tune_xml_real(tempo->bpm, 6);
    g_autofree char *sound = g_strdup_printf(" tempo=\"%s\"", bpm);
    gboolean shown = index == 0 || fabs(tempo->bpm - tempo[-1].bpm) > 0.06 * tempo[-1].bpm;

    if (shown) {
        tune_xml_open(part->out, "direction", " placement=\"above\"");
        put_metronome(part->out, bar->metre, tempo->bpm);
        put_offset(part->out, tempo->tick - bar->tick);
    }
    if (tempo->tick == bar->tick)
        tune_xml_empty(part->out, "sound", sound);
    else {
        tune_xml_open(part->out, "sound", sound);
        put_offset(part->out, tempo->tick - bar->tick);
        tune_xml_close(part->out, "sound");
    }
    if (shown)
        tune_xml_close(part->out, "direction");
}

static void put_rehearsal(TuneXmlPart *part, const TuneNotationBar *bar, const TuneSection *section)
{
    tune_xml_open(part->out, "direction", " placement=\"above\"");
    tune_xml_open(part->out, "direction-type", "");
    tune_xml_text(part->out, "rehearsal", "", section->name);
    tune_xml_close(part->out, "direction-type");
    put_offset(part->out, section->tick - bar->tick);
    tune_xml_close(part->out, "direction");
}

static void put_step(TuneXmlOut *out, const char *prefix, TuneFifths f)
{
    const char letter[2] = {"CDEFGAB"[tune_fifths_letter(f)], '\0'};
    g_autofree char *step = g_strconcat(prefix, "-step", NULL);
    g_autofree char *alter = g_strconcat(prefix, "-alter", NULL);

    tune_xml_open(out, prefix, "");
    tune_xml_text(out, step, "", letter);
    if (tune_fifths_alter(f) != 0)
        tune_xml_int(out, alter, tune_fifths_alter(f));
    tune_xml_close(out, prefix);
}

/* Tones that the <kind> value does not name. */
static const struct {
    TuneChordQuality quality;
    gint8 value, alter;
} degrees[] = {
    {TUNE_CHORD_7SUS4, 7, -1}, {TUNE_CHORD_ADD9, 9, 0},     {TUNE_CHORD_MINADD9, 9, 0},
    {TUNE_CHORD_69, 9, 0},     {TUNE_CHORD_7B9, 9, -1},     {TUNE_CHORD_7S9, 9, 1},
    {TUNE_CHORD_7ALT, 9, -1},  {TUNE_CHORD_7ALT, 9, 1},     {TUNE_CHORD_7ALT, 13, -1},
    {TUNE_CHORD_7S11, 11, 1},  {TUNE_CHORD_MAJ7S11, 11, 1},
};

static void put_harmony(TuneXmlPart *part, const TuneNotationBar *bar, const TuneScoreChord *it)
{
    TuneXmlOut *out = part->out;
    g_autofree char *text =
        g_markup_printf_escaped(" text=\"%s\"", tune_chord_suffix(it->chord.quality));

    tune_xml_open(out, "harmony", "");
    put_step(out, "root", it->chord.root);
    tune_xml_text(out, "kind", text, tune_chord_musicxml_kind(it->chord.quality));
    if (it->chord.bass != it->chord.root)
        put_step(out, "bass", it->chord.bass);
    for (gsize i = 0; i < G_N_ELEMENTS(degrees); i++) {
        if (degrees[i].quality != it->chord.quality)
            continue;
        tune_xml_open(out, "degree", "");
        tune_xml_int(out, "degree-value", degrees[i].value);
        tune_xml_int(out, "degree-alter", degrees[i].alter);
        tune_xml_text(out, "degree-type", "", "add");
        tune_xml_close(out, "degree");
    }
    put_offset(out, it->tick - bar->tick);
    tune_xml_close(out, "harmony");
}

/* What belongs to the whole piece and begins in this bar. */
static void put_directions(TuneXmlPart *part, const TuneNotationBar *bar)
{
    const TuneScore *score = part->score;
    gint end = bar->tick + bar->ticks;

    for (; part->next_section < score->sections->len; part->next_section++) {
        const TuneSection *section =
            &g_array_index(score->sections, TuneSection, part->next_section);
        if (section->tick >= end)
            break;
        put_rehearsal(part, bar, section);
    }
    for (; part->next_tempo < score->tempos->len; part->next_tempo++) {
        if (g_array_index(score->tempos, TuneTempo, part->next_tempo).tick >= end)
            break;
        put_tempo(part, bar, part->next_tempo);
    }
    for (; part->next_chord < score->chords->len; part->next_chord++) {
        const TuneScoreChord *chord =
            &g_array_index(score->chords, TuneScoreChord, part->next_chord);
        if (chord->tick >= end)
            break;
        put_harmony(part, bar, chord);
    }
}

/* A mark where the bar's mean velocity has left the last mark's reach. */
static void put_dynamics(TuneXmlPart *part, const TuneNotationBar *bar)
{
    const GArray *notes = part->track->notes;
    gint sum = 0, n = 0;

    for (; part->next_note < notes->len; part->next_note++) {
        const TuneNote *note = &g_array_index(notes, TuneNote, part->next_note);
        if (note->onset >= bar->tick + bar->ticks)
            break;
        sum += note->velocity;
        n++;
    }
    if (n == 0 || (part->mark != NULL && ABS(sum / n - tune_musicxml_velocity_of(part->mark)) < 12))
        return;
    part->mark = tune_musicxml_mark_of(sum / n);
    tune_xml_open(part->out, "direction", " placement=\"below\"");
    tune_xml_open(part->out, "direction-type", "");
    tune_xml_open(part->out, "dynamics", "");
    tune_xml_empty(part->out, part->mark, "");
    tune_xml_close(part->out, "dynamics");
    tune_xml_close(part->out, "direction-type");
    tune_xml_close(part->out, "direction");
}

/* ---- measures ---- */

static void put_measure(TuneXmlPart *part, guint index)
{
    const TuneNotationBar *bar = &g_array_index(part->page->bars, TuneNotationBar, index);
    g_autofree char *number = g_strdup_printf(" number=\"%u\"", index + 1);
    gboolean any = FALSE;

    tune_xml_open(part->out, "measure", number);
    put_attributes(part, index);
    if (part->number == 1)
        put_directions(part, bar);
    put_dynamics(part, bar);
    for (guint v = 0; v < part->page->voices->len; v++) {
        guint n = 0;
        const TunePiece *pieces = tune_notation_pieces(part->page->voices->pdata[v], index, &n);
        if (n == 0)
            continue;
        if (any) {
            tune_xml_open(part->out, "backup", "");
            tune_xml_int(part->out, "duration", bar->ticks);
            tune_xml_close(part->out, "backup");
        }
        tune_xml_put_pieces(part, v, pieces, n);
        any = TRUE;
    }
    if (index + 1 == part->page->bars->len) {
        tune_xml_open(part->out, "barline", " location=\"right\"");
        tune_xml_text(part->out, "bar-style", "", "light-heavy");
        tune_xml_close(part->out, "barline");
    }
    tune_xml_close(part->out, "measure");
}

/* Two staves for instruments with two hands that use both. */
static gboolean needs_two_staves(const TuneTrack *track)
{
    gboolean two_hands =
        track->program < 9 || (track->program >= 16 && track->program < 24) || track->program == 46;
    guint8 low = 127, high = 0;

    for (guint i = 0; i < track->notes->len; i++) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, i);
        low = MIN(low, note->pitch);
        high = MAX(high, note->pitch);
    }
    return two_hands && !track->is_drums && low < 53 && high > 64;
}

static void put_part(TuneXmlOut *out, const TuneScore *score, guint number)
{
    const TuneTrack *track = score->tracks->pdata[number - 1];
    gboolean split = needs_two_staves(track);
    g_autoptr(TuneNotation) page = tune_notation_new(score, track, split);
    g_autofree char *id = g_strdup_printf(" id=\"P%u\"", number);
    g_autofree gint *slurs = g_new0(gint, page->voices->len);
    TuneXmlPart part = {.out = out,
                        .score = score,
                        .track = track,
                        .page = page,
                        .number = number,
                        .split = split,
                        .slur_open = slurs};

    tune_xml_open(out, "part", id);
    for (guint bar = 0; bar < page->bars->len; bar++)
        put_measure(&part, bar);
    tune_xml_close(out, "part");
}

static void put_head(TuneXmlOut *out, const TuneScore *score)
{
    if (*score->title != '\0') {
        tune_xml_open(out, "work", "");
        tune_xml_text(out, "work-title", "", score->title);
        tune_xml_close(out, "work");
    }
    tune_xml_open(out, "identification", "");
    if (*score->creator != '\0')
        tune_xml_text(out, "creator", " type=\"composer\"", score->creator);
    if (*score->rights != '\0')
        tune_xml_text(out, "rights", "", score->rights);
    tune_xml_open(out, "encoding", "");
    tune_xml_text(out, "software", "", "tunesmith");
    tune_xml_close(out, "encoding");
    tune_xml_close(out, "identification");
}

GBytes *tune_score_write_musicxml(const TuneScore *score, GError **error)
{
    TuneXmlOut out = {0};

    if (score->tracks->len == 0) {
        tune_score_fail(error, TUNE_SCORE_ERROR_UNSUPPORTED,
                        "MusicXML has no place for a score without parts");
        return NULL;
    }
    out.text = g_string_sized_new(65536);
    g_string_append(out.text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                              "<!DOCTYPE score-partwise PUBLIC \"-//Recordare//DTD MusicXML 4.0 "
                              "Partwise//EN\" \"http://www.musicxml.org/dtds/partwise.dtd\">\n");
    tune_xml_open(&out, "score-partwise", " version=\"4.0\"");
    put_head(&out, score);
    put_part_list(&out, score);
    for (guint i = 0; i < score->tracks->len; i++)
        put_part(&out, score, i + 1);
    tune_xml_close(&out, "score-partwise");
    return g_string_free_to_bytes(out.text);
}
