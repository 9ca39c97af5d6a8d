/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * MusicXML partwise files, ours and others'.  libxml2 parses without network and without expanding
 * entities; a file that declares entities of its own is refused.  First all measures are measured
 * (musicxml-measure.c), so that irregular bars have their true length; then each part is walked.
 * Repeats are not unfolded, grace and cue notes are left out.
 */
#include "score/musicxml-read.h"
#include "score/format.h"
#include "score/import.h"
#include "score/musicxml-private.h"
#include "score/score-private.h"
#include "score/ties.h"

#include <math.h>
#include <string.h>

/* ---- places and numbers ---- */

gboolean tune_xml_fail(const TuneXmlReader *self, const xmlNode *node, const char *why)
{
    return tune_score_fail(self->error, TUNE_SCORE_ERROR_SYNTAX, "%s:%ld: <%s>: %s", self->name,
                           xmlGetLineNo((xmlNode *)node), (const char *)node->name, why);
}

gboolean tune_xml_is(const xmlNode *node, const char *tag)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, tag) == 0;
}

xmlNode *tune_xml_child(const xmlNode *node, const char *tag)
{
    for (xmlNode *child = node->children; child != NULL; child = child->next)
        if (tune_xml_is(child, tag))
            return child;
    return NULL;
}

char *tune_xml_content(const xmlNode *node)
{
    xmlChar *text = node != NULL ? xmlNodeGetContent(node) : NULL;
    char *clean = text != NULL
                      ? tune_score_clean_text((const char *)text, strlen((const char *)text))
                      : g_strdup("");

    xmlFree(text);
    return clean;
}

char *tune_xml_attribute(const xmlNode *node, const char *key)
{
    xmlChar *text = xmlGetNoNsProp((xmlNode *)node, (const xmlChar *)key);
    char *clean =
        text != NULL ? tune_score_clean_text((const char *)text, strlen((const char *)text)) : NULL;

    xmlFree(text);
    return clean;
}

static gboolean parse_real(const char *text, double *out)
{
    char *end = NULL;
    double value = g_ascii_strtod(text, &end);

    if (end == text || *end != '\0' || !isfinite(value))
        return FALSE;
    *out = value;
    return TRUE;
}

gboolean tune_xml_child_real(const TuneXmlReader *self, const xmlNode *node, const char *tag,
                             double low, double high, double *out)
{
    xmlNode *child = tune_xml_child(node, tag);
    double value = 0;

    if (child == NULL)
        return TRUE;
    g_autofree char *text = tune_xml_content(child);
    if (!parse_real(text, &value) || value < low || value > high)
        return tune_xml_fail(self, child, "not a number in the range that belongs here");
    *out = value;
    return TRUE;
}

/* An attribute that is no number is ignored: it only refines. */
static gboolean attribute_real(const xmlNode *node, const char *key, double *out)
{
    g_autofree char *text = tune_xml_attribute(node, key);

    return text != NULL && parse_real(text, out);
}

/* ---- notes ---- */

static gint round_tick(double tick)
{
    return (gint)floor(tick + 0.5);
}

static gboolean read_pitch(TuneXmlPartReader *part, const xmlNode *pitch, TuneNote *note)
{
    double alter = 0, octave = 4;
    xmlNode *step = tune_xml_child(pitch, "step");
    g_autofree char *letter = tune_xml_content(step);
    TuneFifths f;

    if (step == NULL || letter[0] < 'A' || letter[0] > 'G' || letter[1] != '\0')
        return tune_xml_fail(part->reader, pitch, "a pitch needs a step A to G");
    if (!tune_xml_child_real(part->reader, pitch, "alter", -3, 3, &alter) ||
        !tune_xml_child_real(part->reader, pitch, "octave", 0, 9, &octave))
        return FALSE;
    tune_fifths_parse(letter, &f);
    gint whole = CLAMP(round_tick(alter), -2, 2);
    gint sounding = tune_pitch_from_octave(f, round_tick(octave)) + whole + part->transpose;
    gint spelling = f + 7 * whole + tune_musicxml_transpose_fifths(part->transpose);
    if (sounding < 0 || sounding > 127)
        return tune_xml_fail(part->reader, pitch, "the note is outside MIDI's range");
    while (spelling > TUNE_SCORE_MAX_FIFTHS)
        spelling -= 12;
    while (spelling < TUNE_SCORE_MIN_FIFTHS)
        spelling += 12;
    note->pitch = (guint8)sounding;
    note->spelling = (TuneFifths)spelling;
    return TRUE;
}

static void read_unpitched(TuneXmlPartReader *part, const xmlNode *node, TuneNote *note)
{
    xmlNode *instrument = tune_xml_child(node, "instrument");
    g_autofree char *id = instrument != NULL ? tune_xml_attribute(instrument, "id") : NULL;
    gpointer key = id != NULL ? g_hash_table_lookup(part->reader->drum_keys, id) : NULL;

    note->pitch = key != NULL ? (guint8)(GPOINTER_TO_INT(key) - 1) : 38;
    note->spelling = 0;
}

static void read_articulations(TuneXmlPartReader *part, const xmlNode *notations, TuneNote *note)
{
    for (xmlNode *child = notations->children; child != NULL; child = child->next) {
        if (tune_xml_is(child, "fermata"))
            note->articulation |= TUNE_ARTICULATION_FERMATA;
        if (tune_xml_is(child, "slur")) {
            g_autofree char *type = tune_xml_attribute(child, "type");
            if (type != NULL && strcmp(type, "start") == 0)
                part->slurs++;
            if (type != NULL && strcmp(type, "stop") == 0)
                part->slurs = MAX(part->slurs - 1, 0);
        }
        if (!tune_xml_is(child, "articulations"))
            continue;
        if (tune_xml_child(child, "staccato") != NULL)
            note->articulation |= TUNE_ARTICULATION_STACCATO;
        if (tune_xml_child(child, "accent") != NULL)
            note->articulation |= TUNE_ARTICULATION_ACCENT;
        if (tune_xml_child(child, "tenuto") != NULL)
            note->articulation |= TUNE_ARTICULATION_TENUTO;
    }
}

static void read_lyric(TuneXmlPartReader *part, const xmlNode *node, TuneNote *note)
{
    xmlNode *lyric = tune_xml_child(node, "lyric");
    xmlNode *text_node = lyric != NULL ? tune_xml_child(lyric, "text") : NULL;

    if (text_node == NULL)
        return;
    g_autofree char *text = tune_xml_content(text_node);
    xmlNode *syllabic = tune_xml_child(lyric, "syllabic");
    g_autofree char *kind = tune_xml_content(syllabic);
    gboolean goes_on = strcmp(kind, "begin") == 0 || strcmp(kind, "middle") == 0;
    g_autofree char *syllable = g_strconcat(text, goes_on ? "-" : "", NULL);
    if (*syllable != '\0')
        note->syllable = tune_track_add_syllable(part->track, syllable);
}

static void read_look(TuneXmlPartReader *part, const xmlNode *node, TuneNote *note)
{
    xmlNode *notations = tune_xml_child(node, "notations"), *voice = tune_xml_child(node, "voice");
    xmlNode *head = tune_xml_child(node, "notehead");
    g_autofree char *voice_text = tune_xml_content(voice);
    g_autofree char *brackets = head != NULL ? tune_xml_attribute(head, "parentheses") : NULL;
    gint64 number = g_ascii_strtoll(voice_text, NULL, 10);
    double percent = 0, late = 0;

    note->voice = number >= 1 && number < 1000 ? (guint8)((number - 1) % 4 + 1) : 1;
    if (notations != NULL)
        read_articulations(part, notations, note);
    if (part->slurs > 0)
        note->articulation |= TUNE_ARTICULATION_SLUR;
    if (brackets != NULL && strcmp(brackets, "yes") == 0)
        note->articulation |= TUNE_ARTICULATION_GHOST;
    note->velocity = part->velocity;
    if (attribute_real(node, "dynamics", &percent))
        note->velocity = (guint8)CLAMP(floor(percent * 0.9 + 0.5), 1, 127);
    if (attribute_real(node, "attack", &late))
        note->onset_offset = (gint16)CLAMP(floor(late * part->unit + 0.5), -32768, 32767);
    read_lyric(part, node, note);
}

static void read_release(const TuneXmlPartReader *part, const xmlNode *node, TuneNote *note)
{
    double late = 0;

    attribute_real(node, "release", &late);
    note->duration_offset =
        (gint16)CLAMP(floor(late * part->unit + 0.5) - note->onset_offset, -32768, 32767);
}

static gboolean has_tie(const xmlNode *node, const char *type)
{
    for (xmlNode *child = node->children; child != NULL; child = child->next) {
        g_autofree char *value =
            tune_xml_is(child, "tie") ? tune_xml_attribute(child, "type") : NULL;
        if (value != NULL && strcmp(value, type) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean add_note(TuneXmlPartReader *part, const xmlNode *node, gint onset, gint duration)
{
    TuneNote fresh = {.onset = onset, .duration = duration, .syllable = -1};
    xmlNode *pitch = tune_xml_child(node, "pitch");

    if (pitch != NULL) {
        if (!read_pitch(part, pitch, &fresh))
            return FALSE;
    } else
        read_unpitched(part, node, &fresh);
    if (part->track->is_drums)
        fresh.spelling = 0;
    if (++part->reader->n_notes > TUNE_SCORE_MAX_NOTES)
        return tune_xml_fail(part->reader, node, "too many notes");
    gint at = has_tie(node, "stop")
                  ? tune_ties_take(part->ties, part->track->notes, fresh.pitch, onset)
                  : -1;
    if (at >= 0) {
        TuneNote *tied = &g_array_index(part->track->notes, TuneNote, at);
        tied->duration += duration;
        read_release(part, node, tied);
    } else {
        read_look(part, node, &fresh);
        read_release(part, node, &fresh);
        g_array_append_val(part->track->notes, fresh);
        at = (gint)part->track->notes->len - 1;
    }
    if (has_tie(node, "start"))
        tune_ties_add(part->ties, fresh.pitch, at);
    return TRUE;
}

static gboolean read_note(TuneXmlPartReader *part, const xmlNode *node)
{
    double length = 0;
    gboolean chord = tune_xml_child(node, "chord") != NULL;

    if (tune_xml_child(node, "grace") != NULL || tune_xml_child(node, "cue") != NULL)
        return TRUE;
    if (!tune_xml_child_real(part->reader, node, "duration", 0, TUNE_SCORE_MAX_TICKS, &length))
        return FALSE;
    double start = chord ? part->chord_start : part->cursor;
    double end = start + length * part->unit;
    if (!chord) {
        part->chord_start = start;
        part->cursor = end;
    }
    gint onset = part->bar_tick + round_tick(start);
    gint duration = part->bar_tick + round_tick(end) - onset;
    if (tune_xml_child(node, "rest") != NULL || duration <= 0)
        return TRUE;
    if (tune_xml_child(node, "pitch") == NULL && tune_xml_child(node, "unpitched") == NULL)
        return tune_xml_fail(part->reader, node, "neither pitch nor rest");
    return add_note(part, node, onset, duration);
}

/* ---- everything else in a measure ---- */

static gboolean read_key(TuneXmlPartReader *part, const xmlNode *key)
{
    double fifths = 0;
    TuneMode mode = TUNE_MODE_MAJOR;

    if (!tune_xml_child_real(part->reader, key, "fifths", -11, 11, &fifths))
        return FALSE;
    g_autofree char *name = tune_xml_content(tune_xml_child(key, "mode"));
    if (*name != '\0' && !tune_mode_parse(name, &mode))
        mode = TUNE_MODE_MAJOR;
    gint signature = round_tick(fifths) + tune_musicxml_transpose_fifths(part->transpose);
    while (signature > 7)
        signature -= 12;
    while (signature < -7)
        signature += 12;
    tune_import_add_key(part->reader->score, part->bar_tick + MAX(round_tick(part->cursor), 0),
                        tune_import_key_of_signature(signature, mode));
    return TRUE;
}

static gboolean read_attributes(TuneXmlPartReader *part, const xmlNode *node)
{
    xmlNode *transpose = tune_xml_child(node, "transpose"), *key = tune_xml_child(node, "key");
    double divisions = 0;

    if (!tune_xml_child_real(part->reader, node, "divisions", 0.001, 1e6, &divisions))
        return FALSE;
    if (divisions > 0)
        part->unit = TUNE_PPQ / divisions;
    if (transpose != NULL) {
        double chromatic = 0, octaves = 0;
        if (!tune_xml_child_real(part->reader, transpose, "chromatic", -36, 36, &chromatic) ||
            !tune_xml_child_real(part->reader, transpose, "octave-change", -3, 3, &octaves))
            return FALSE;
        part->transpose = CLAMP(round_tick(chromatic) + 12 * round_tick(octaves), -36, 36);
        part->track->transpose = (gint8)(part->track->is_drums ? 0 : part->transpose);
    }
    return key == NULL || !part->has_map || read_key(part, key);
}

static gint tick_with_offset(TuneXmlPartReader *part, const xmlNode *node)
{
    xmlNode *offset = tune_xml_child(node, "offset");
    g_autofree char *text = tune_xml_content(offset);
    double ticks = 0;

    if (offset == NULL || !parse_real(text, &ticks))
        ticks = 0;
    ticks = part->cursor + CLAMP(ticks * part->unit, -1e7, 1e7);
    return MAX(part->bar_tick + round_tick(CLAMP(ticks, -1e8, 1e8)), 0);
}

static void read_sound(TuneXmlPartReader *part, const xmlNode *node, gint tick)
{
    TuneTempo tempo = {tick, 0};
    double percent = 0;

    if (tune_xml_child(node, "offset") != NULL)
        tempo.tick = tick_with_offset(part, node);
    if (attribute_real(node, "tempo", &tempo.bpm) && tempo.bpm > 0)
        g_array_append_val(part->reader->tempos, tempo);
    if (attribute_real(node, "dynamics", &percent))
        part->velocity = (guint8)CLAMP(floor(percent * 0.9 + 0.5), 1, 127);
}

static void read_metronome(TuneXmlPartReader *part, const xmlNode *node, gint tick)
{
    static const struct {
        const char *unit;
        double quarters;
    } units[] = {{"whole", 4}, {"half", 2}, {"quarter", 1}, {"eighth", 0.5}, {"16th", 0.25}};
    g_autofree char *unit = tune_xml_content(tune_xml_child(node, "beat-unit"));
    g_autofree char *per_minute = tune_xml_content(tune_xml_child(node, "per-minute"));
    TuneTempo tempo = {tick, 0};

    if (!parse_real(per_minute, &tempo.bpm) || tempo.bpm <= 0)
        return;
    if (tune_xml_child(node, "beat-unit-dot") != NULL)
        tempo.bpm *= 1.5;
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        if (strcmp(unit, units[i].unit) == 0) {
            tempo.bpm *= units[i].quarters;
            g_array_append_val(part->reader->tempos, tempo);
        }
}

static void read_direction(TuneXmlPartReader *part, const xmlNode *node)
{
    gint tick = tick_with_offset(part, node);
    xmlNode *sound = tune_xml_child(node, "sound");
    g_autofree char *tempo = sound != NULL ? tune_xml_attribute(sound, "tempo") : NULL;

    for (xmlNode *type = node->children; type != NULL; type = type->next) {
        if (!tune_xml_is(type, "direction-type"))
            continue;
        for (xmlNode *child = type->children; child != NULL; child = child->next) {
            if (tune_xml_is(child, "rehearsal") && part->is_first) {
                TuneXmlMark mark = {tick, tune_xml_content(child)};
                g_array_append_val(part->reader->marks, mark);
            } else if (tune_xml_is(child, "metronome") && tempo == NULL)
                read_metronome(part, child, tick);
            else if (tune_xml_is(child, "dynamics"))
                for (xmlNode *mark = child->children; mark != NULL; mark = mark->next)
                    if (tune_musicxml_velocity_of((const char *)mark->name) > 0)
                        part->velocity = tune_musicxml_velocity_of((const char *)mark->name);
        }
    }
    if (sound != NULL)
        read_sound(part, sound, tick);
}

static gboolean read_step(const xmlNode *node, const char *prefix, TuneFifths *out)
{
    g_autofree char *step = g_strconcat(prefix, "-step", NULL);
    g_autofree char *alter = g_strconcat(prefix, "-alter", NULL);
    g_autofree char *letter = tune_xml_content(tune_xml_child(node, step));
    g_autofree char *amount = tune_xml_content(tune_xml_child(node, alter));
    double value = 0;

    if (*amount != '\0' && (!parse_real(amount, &value) || value < -2 || value > 2))
        return FALSE;
    if (tune_fifths_parse(letter, out) != 1)
        return FALSE;
    *out = (TuneFifths)(*out + 7 * round_tick(value));
    return TRUE;
}

/* The text that a program prints says more than the kind; the kind is the way out. */
static gboolean read_kind(const xmlNode *kind, TuneChordQuality *out)
{
    g_autofree char *text = tune_xml_attribute(kind, "text");
    g_autofree char *value = tune_xml_content(kind);
    TuneChord chord;

    if (text != NULL) {
        g_autofree char *symbol = g_strconcat("C", text, NULL);
        if (tune_chord_parse(symbol, &chord) && chord.root == 0 && chord.bass == 0) {
            *out = chord.quality;
            return TRUE;
        }
    }
    for (gint q = 0; q < TUNE_N_CHORDS; q++)
        if (strcmp(tune_chord_musicxml_kind((TuneChordQuality)q), value) == 0) {
            *out = (TuneChordQuality)q;
            return TRUE;
        }
    return FALSE;
}

static void read_harmony(TuneXmlPartReader *part, const xmlNode *node)
{
    xmlNode *root = tune_xml_child(node, "root"), *kind = tune_xml_child(node, "kind");
    xmlNode *bass = tune_xml_child(node, "bass");
    TuneXmlHarmony harmony = {.tick = tick_with_offset(part, node)};

    if (kind == NULL ||
        (part->reader->harmony_part >= 0 && part->reader->harmony_part != (gint)part->number))
        return;
    g_autofree char *value = tune_xml_content(kind);
    harmony.none = strcmp(value, "none") == 0;
    if (!harmony.none && (root == NULL || !read_step(root, "root", &harmony.chord.root) ||
                          !read_kind(kind, &harmony.chord.quality)))
        return;
    harmony.chord.bass = harmony.chord.root;
    if (bass != NULL)
        read_step(bass, "bass", &harmony.chord.bass);
    part->reader->harmony_part = (gint)part->number;
    g_array_append_val(part->reader->harmonies, harmony);
}

static gboolean move(TuneXmlPartReader *part, const xmlNode *node, gint sign)
{
    double length = 0;

    if (!tune_xml_child_real(part->reader, node, "duration", 0, TUNE_SCORE_MAX_TICKS, &length))
        return FALSE;
    part->cursor = CLAMP(part->cursor + sign * length * part->unit, 0, TUNE_SCORE_MAX_TICKS);
    return TRUE;
}

static gboolean read_measure(TuneXmlPartReader *part, const xmlNode *measure)
{
    part->cursor = part->chord_start = 0;
    tune_ties_forget(part->ties, part->track->notes, part->bar_tick);
    for (xmlNode *node = measure->children; node != NULL; node = node->next) {
        gboolean ok = TRUE;
        if (tune_xml_is(node, "note"))
            ok = read_note(part, node);
        else if (tune_xml_is(node, "attributes"))
            ok = read_attributes(part, node);
        else if (tune_xml_is(node, "backup"))
            ok = move(part, node, -1);
        else if (tune_xml_is(node, "forward"))
            ok = move(part, node, 1);
        else if (tune_xml_is(node, "direction"))
            read_direction(part, node);
        else if (tune_xml_is(node, "sound"))
            read_sound(part, node, part->bar_tick + round_tick(part->cursor));
        else if (tune_xml_is(node, "harmony"))
            read_harmony(part, node);
        if (!ok)
            return FALSE;
    }
    return TRUE;
}

gboolean tune_xml_read_part(TuneXmlReader *reader, const xmlNode *node, TuneTrack *track,
                            guint number, gboolean has_map)
{
    g_autoptr(GArray) ties = g_array_new(FALSE, FALSE, sizeof(TuneTie));
    TuneXmlPartReader part = {.reader = reader,
                              .ties = ties,
                              .track = track,
                              .number = number,
                              .is_first = number == 0,
                              .has_map = has_map,
                              .velocity = 80,
                              .unit = TUNE_PPQ};
    guint index = 0;

    for (xmlNode *measure = node->children; measure != NULL; measure = measure->next) {
        if (!tune_xml_is(measure, "measure"))
            continue;
        part.bar_tick = g_array_index(reader->bars, TuneXmlBar, index++).tick;
        if (!read_measure(&part, measure))
            return FALSE;
    }
    return TRUE;
}
