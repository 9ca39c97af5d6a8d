/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Order of the children of <note> as in the MusicXML 4.0 schema.  Performance goes into the
 * attributes dynamics (percent of forte, velocity 90), attack and release (divisions).
 */
#include "score/musicxml-note.h"
#include "score/musicxml-private.h"
#include "score/score-private.h"

#include <string.h>

static const char *const type_names[] = {"whole", "half", "quarter", "eighth", "16th",
                                         "32nd",  "64th", "128th",   "256th"};

/* A piece with all that is needed to write one of its notes. */
typedef struct {
    TuneXmlPart *part;
    guint voice;
    const TunePiece *piece;
    const TuneNoteGroup *group; /* NULL for a rest */
    const TuneNote *note;       /* NULL for a rest */
    gboolean chord;             /* a further note of the same chord */
    gboolean slur_stop, slur_start;
} Head;

static void put_pitch(TuneXmlOut *out, const TuneTrack *track, const TuneNote *note)
{
    TuneFifths f = (TuneFifths)(note->spelling - tune_musicxml_transpose_fifths(track->transpose));
    gint pitch = note->pitch - track->transpose;

    if (f < TUNE_SCORE_MIN_FIFTHS)
        f = (TuneFifths)(f + 12);
    if (f > TUNE_SCORE_MAX_FIFTHS)
        f = (TuneFifths)(f - 12);
    const char letter[2] = {"CDEFGAB"[tune_fifths_letter(f)], '\0'};
    tune_xml_open(out, "pitch", "");
    tune_xml_text(out, "step", "", letter);
    if (tune_fifths_alter(f) != 0)
        tune_xml_int(out, "alter", tune_fifths_alter(f));
    /* The schema knows octaves 0 to 9; what lies outside nobody hears. */
    tune_xml_int(out, "octave", CLAMP(tune_pitch_octave(pitch, f), 0, 9));
    tune_xml_close(out, "pitch");
}

static void put_what(TuneXmlOut *out, const Head *head)
{
    if (head->chord)
        tune_xml_empty(out, "chord", "");
    if (head->note == NULL)
        tune_xml_empty(out, "rest", head->piece->whole_bar ? " measure=\"yes\"" : "");
    else if (head->part->track->is_drums) {
        TuneDrumLook look = tune_musicxml_drum_look(head->note->pitch);
        const char step[2] = {look.step, '\0'};
        tune_xml_open(out, "unpitched", "");
        tune_xml_text(out, "display-step", "", step);
        tune_xml_int(out, "display-octave", look.octave);
        tune_xml_close(out, "unpitched");
    } else
        put_pitch(out, head->part->track, head->note);
}

static void put_length(TuneXmlOut *out, const Head *head)
{
    const TunePiece *piece = head->piece;

    if (piece->whole_bar)
        return;
    tune_xml_text(out, "type", "", type_names[piece->type]);
    if (piece->dots > 0)
        tune_xml_empty(out, "dot", "");
    if (!piece->in_tuplet)
        return;
    tune_xml_open(out, "time-modification", "");
    tune_xml_int(out, "actual-notes", 3);
    tune_xml_int(out, "normal-notes", 2);
    if (piece->type != piece->tuplet_type || piece->dots > 0)
        tune_xml_text(out, "normal-type", "", type_names[piece->tuplet_type]);
    tune_xml_close(out, "time-modification");
}

static void put_notehead(TuneXmlOut *out, const Head *head)
{
    gboolean ghost = (head->note->articulation & TUNE_ARTICULATION_GHOST) != 0;
    gboolean cross =
        head->part->track->is_drums && tune_musicxml_drum_look(head->note->pitch).cross;

    if (ghost || cross)
        tune_xml_text(out, "notehead", ghost ? " parentheses=\"yes\"" : "", cross ? "x" : "normal");
}

static void put_articulations(TuneXmlOut *out, guint8 bits)
{
    static const struct {
        guint8 bit;
        const char *tag;
    } known[] = {{TUNE_ARTICULATION_ACCENT, "accent"},
                 {TUNE_ARTICULATION_STACCATO, "staccato"},
                 {TUNE_ARTICULATION_TENUTO, "tenuto"}};
    gboolean any = FALSE;

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        if ((bits & known[i].bit) == 0)
            continue;
        if (!any)
            tune_xml_open(out, "articulations", "");
        any = TRUE;
        tune_xml_empty(out, known[i].tag, "");
    }
    if (any)
        tune_xml_close(out, "articulations");
}

static void put_slur(TuneXmlOut *out, const Head *head, const char *type)
{
    g_autofree char *attributes =
        g_strdup_printf(" number=\"%u\" type=\"%s\"", head->voice + 1, type);

    tune_xml_empty(out, "slur", attributes);
}

static void put_notations(TuneXmlOut *out, const Head *head)
{
    const TunePiece *piece = head->piece;
    guint8 bits = head->note != NULL && !piece->tie_in ? head->note->articulation : 0;
    gboolean starts = !head->chord && piece->tuplet_size > 0 && piece->in_tuplet;
    gboolean ends = !head->chord && piece->tuplet_end;

    if (!piece->tie_in && !piece->tie_out && !starts && !ends && !head->slur_start &&
        !head->slur_stop && bits == 0)
        return;
    tune_xml_open(out, "notations", "");
    if (piece->tie_in)
        tune_xml_empty(out, "tied", " type=\"stop\"");
    if (piece->tie_out)
        tune_xml_empty(out, "tied", " type=\"start\"");
    if (head->slur_stop)
        put_slur(out, head, "stop");
    if (head->slur_start)
        put_slur(out, head, "start");
    if (starts)
        tune_xml_empty(out, "tuplet", " type=\"start\" bracket=\"yes\"");
    if (ends)
        tune_xml_empty(out, "tuplet", " type=\"stop\"");
    put_articulations(out, bits);
    if (bits & TUNE_ARTICULATION_FERMATA)
        tune_xml_empty(out, "fermata", "");
    tune_xml_close(out, "notations");
}

static gboolean goes_on(const char *syllable)
{
    return g_str_has_suffix(syllable, "-");
}

static void put_lyric(TuneXmlOut *out, const Head *head)
{
    const GPtrArray *syllables = head->part->track->syllables;

    if (head->note == NULL || head->note->syllable < 0 || head->piece->tie_in)
        return;
    guint index = (guint)head->note->syllable;
    const char *text = syllables->pdata[index];
    gboolean before = index > 0 && goes_on(syllables->pdata[index - 1]), after = goes_on(text);
    g_autofree char *word = g_strndup(text, strlen(text) - (after ? 1 : 0));
    tune_xml_open(out, "lyric", " number=\"1\"");
    tune_xml_text(out, "syllabic", "",
                  before ? (after ? "middle" : "end") : (after ? "begin" : "single"));
    tune_xml_text(out, "text", "", word);
    tune_xml_close(out, "lyric");
}

/* The performance beside the page: a tied chain carries it at its ends. */
static char *performance(const Head *head)
{
    GString *text = g_string_new(NULL);
    const TuneNote *note = head->note;

    if (note != NULL && !head->piece->tie_in) {
        g_autofree char *loudness = tune_xml_real(note->velocity / 0.9, 2);
        gint late = note->onset + note->onset_offset - head->group->start;
        g_string_append_printf(text, " dynamics=\"%s\"", loudness);
        if (late != 0)
            g_string_append_printf(text, " attack=\"%d\"", late);
    }
    if (note != NULL && !head->piece->tie_out) {
        gint late = note->onset + note->onset_offset + note->duration + note->duration_offset -
                    head->group->end;
        if (late != 0)
            g_string_append_printf(text, " release=\"%d\"", late);
    }
    return g_string_free(text, FALSE);
}

static void put_head(const Head *head)
{
    TuneXmlOut *out = head->part->out;
    const TuneNotationVoice *voice = head->part->page->voices->pdata[head->voice];
    g_autofree char *attributes = performance(head);

    tune_xml_open(out, "note", attributes);
    put_what(out, head);
    tune_xml_int(out, "duration", head->piece->ticks);
    if (head->piece->tie_in)
        tune_xml_empty(out, "tie", " type=\"stop\"");
    if (head->piece->tie_out)
        tune_xml_empty(out, "tie", " type=\"start\"");
    if (head->part->track->is_drums && head->note != NULL) {
        g_autofree char *id =
            g_strdup_printf(" id=\"P%u-I%d\"", head->part->number, head->note->pitch + 1);
        tune_xml_empty(out, "instrument", id);
    }
    /* 1 to 4 on the first staff, 5 to 8 on the second, as notation programs count. */
    guint n = voice->number;
    tune_xml_int(out, "voice", (gint)(n < 4 ? n + 1 + 4 * voice->staff : 2 * n + 1 + voice->staff));
    put_length(out, head);
    if (head->note != NULL)
        put_notehead(out, head);
    if (head->part->split)
        tune_xml_int(out, "staff", (gint)voice->staff + 1);
    put_notations(out, head);
    put_lyric(out, head);
    tune_xml_close(out, "note");
}

static gboolean is_slurred(const TuneTrack *track, const TuneNoteGroup *group)
{
    for (guint i = 0; i < group->notes->len; i++) {
        guint index = g_array_index(group->notes, guint, i);
        if (g_array_index(track->notes, TuneNote, index).articulation & TUNE_ARTICULATION_SLUR)
            return TRUE;
    }
    return FALSE;
}

/* A slur runs from the first slurred group to the first that is not. */
static void find_slurs(Head *head, const TuneNotationVoice *voice)
{
    gint *open = &head->part->slur_open[head->voice];
    gboolean last = head->piece->group + 1 == (gint)voice->groups->len;
    gboolean slurred = is_slurred(head->part->track, head->group) && !last;

    if (head->piece->tie_in || head->voice >= 16)
        return;
    head->slur_stop = *open && !slurred;
    head->slur_start = !*open && slurred;
    *open = slurred;
}

void tune_xml_put_pieces(TuneXmlPart *part, guint voice_index, const TunePiece *pieces, guint n)
{
    const TuneNotationVoice *voice = part->page->voices->pdata[voice_index];

    for (guint i = 0; i < n; i++) {
        Head head = {.part = part, .voice = voice_index, .piece = &pieces[i]};
        if (pieces[i].group < 0) {
            put_head(&head);
            continue;
        }
        head.group = &g_array_index(voice->groups, TuneNoteGroup, pieces[i].group);
        find_slurs(&head, voice);
        for (guint k = 0; k < head.group->notes->len; k++) {
            guint index = g_array_index(head.group->notes, guint, k);
            head.note = &g_array_index(part->track->notes, TuneNote, index);
            head.chord = k > 0;
            put_head(&head);
            head.slur_start = head.slur_stop = FALSE;
        }
    }
}
