/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * tune_score_finish(): every invariant of score.h, in the order in which later checks rely on
 * earlier ones (bars need metres, notes need bars for their messages).
 */
#include "score/score-private.h"

#include <math.h>
#include <string.h>

#define INVALID TUNE_SCORE_ERROR_INVALID

static gint compare_tick(gconstpointer a, gconstpointer b)
{
    gint x = *(const gint *)a, y = *(const gint *)b;

    return x < y ? -1 : x > y;
}

static gboolean check_text(const char *what, const char *text, GError **error)
{
    if (text != NULL && tune_score_text_is_clean(text))
        return TRUE;
    return tune_score_fail(error, INVALID,
                           "%s: not UTF-8 text without control characters, up to 4096 bytes", what);
}

static gboolean check_real(const char *what, double value, double low, double high, GError **error)
{
    if (isfinite(value) && value >= low && value <= high)
        return TRUE;
    return tune_score_fail(error, INVALID, "%s: %g is outside %g .. %g", what, value, low, high);
}

static gboolean is_spelled(TuneFifths f)
{
    return f >= TUNE_SCORE_MIN_FIFTHS && f <= TUNE_SCORE_MAX_FIFTHS;
}

/* ---- the maps ---- */

static gboolean check_order(const char *what, const GArray *array, gsize item_bytes, gint limit,
                            GError **error)
{
    gint before = -1;

    if (array->len == 0)
        return tune_score_fail(error, INVALID, "the score has no %s", what);
    for (guint i = 0; i < array->len; i++) {
        gint tick = *(const gint *)(const void *)(array->data + i * item_bytes);
        if (i == 0 && tick != 0)
            return tune_score_fail(error, INVALID, "the first %s is at tick %d, not 0", what, tick);
        if (i > 0 && tick == before)
            return tune_score_fail(error, INVALID, "two changes of %s at tick %d", what, tick);
        if (tick > limit)
            return tune_score_fail(error, INVALID, "%s change at tick %d is beyond the end", what,
                                   tick);
        before = tick;
    }
    return TRUE;
}

static gboolean check_metres(const TuneScore *self, GError **error)
{
    for (guint i = 0; i < self->metres->len; i++) {
        const TuneMetreChange *change = &g_array_index(self->metres, TuneMetreChange, i);
        TuneMetre m = change->metre;
        if (m.beats < 1 || m.beats > 15 ||
            (m.unit != 2 && m.unit != 4 && m.unit != 8 && m.unit != 16))
            return tune_score_fail(error, INVALID, "metre %u/%u at tick %d cannot be written",
                                   m.beats, m.unit, change->tick);
        gint end = i + 1 < self->metres->len ? change[1].tick : self->ticks;
        if ((end - change->tick) % tune_metre_bar_ticks(m) != 0)
            return tune_score_fail(error, INVALID, "%s at tick %d is not on a bar line of %u/%u",
                                   i + 1 < self->metres->len ? "the metre change" : "the end", end,
                                   m.beats, m.unit);
    }
    return TRUE;
}

static gboolean check_maps(TuneScore *self, GError **error)
{
    g_array_sort(self->tempos, compare_tick);
    g_array_sort(self->metres, compare_tick);
    g_array_sort(self->keys, compare_tick);
    if (self->ticks <= 0 || self->ticks > TUNE_SCORE_MAX_TICKS)
        return tune_score_fail(error, INVALID, "a length of %d ticks is outside 1 .. %d",
                               self->ticks, TUNE_SCORE_MAX_TICKS);
    if (!check_order("tempo", self->tempos, sizeof(TuneTempo), TUNE_SCORE_MAX_TICKS, error) ||
        !check_order("metre", self->metres, sizeof(TuneMetreChange), self->ticks - 1, error) ||
        !check_order("key", self->keys, sizeof(TuneKeyChange), self->ticks - 1, error) ||
        !check_metres(self, error))
        return FALSE;
    for (guint i = 0; i < self->tempos->len; i++)
        if (!check_real("tempo", g_array_index(self->tempos, TuneTempo, i).bpm, 10, 1000, error))
            return FALSE;
    for (guint i = 0; i < self->keys->len; i++) {
        const TuneKeyChange *change = &g_array_index(self->keys, TuneKeyChange, i);
        if ((guint)change->key.mode >= TUNE_N_MODES || !is_spelled(change->key.tonic) ||
            ABS(tune_key_signature(change->key)) > 7)
            return tune_score_fail(error, INVALID, "the key at tick %d cannot be written",
                                   change->tick);
    }
    return TRUE;
}

/* ---- form ---- */

/* Spans in order, without overlap, within the piece. */
static gboolean check_span(const TuneScore *self, const char *what, gint tick, gint ticks,
                           gint *end, GError **error)
{
    if (tick < *end || ticks <= 0 || ticks > self->ticks || tick > self->ticks - ticks)
        return tune_score_fail(error, INVALID,
                               "%s in bar %d (tick %d, %d ticks) overlaps another or the end", what,
                               tune_score_bar_at(self, tick, NULL) + 1, tick, ticks);
    *end = tick + ticks;
    return TRUE;
}

static gboolean check_form(TuneScore *self, GError **error)
{
    gint end = 0;

    g_array_sort(self->sections, compare_tick);
    g_array_sort(self->chords, compare_tick);
    for (guint i = 0; i < self->sections->len; i++) {
        const TuneSection *section = &g_array_index(self->sections, TuneSection, i);
        if (!check_span(self, "the section", section->tick, section->ticks, &end, error) ||
            !check_real("energy of a section", section->energy, 0, 1, error) ||
            !check_text("name of a section", section->name, error))
            return FALSE;
        if ((guint)section->role >= TUNE_N_SECTIONS || section->material < 0)
            return tune_score_fail(error, INVALID, "section \"%s\": unknown role or material",
                                   section->name);
    }
    end = 0;
    for (guint i = 0; i < self->chords->len; i++) {
        const TuneScoreChord *chord = &g_array_index(self->chords, TuneScoreChord, i);
        if (!check_span(self, "the chord", chord->tick, chord->ticks, &end, error))
            return FALSE;
        if ((guint)chord->chord.quality >= TUNE_N_CHORDS || !is_spelled(chord->chord.root) ||
            !is_spelled(chord->chord.bass))
            return tune_score_fail(error, INVALID, "the chord at tick %d cannot be written",
                                   chord->tick);
    }
    return TRUE;
}

/* ---- tracks ---- */

static gboolean fail_note(const TuneScore *self, const TuneTrack *track, const TuneNote *note,
                          const char *why, GError **error)
{
    return tune_score_fail(error, INVALID, "track \"%s\", bar %d, tick %d, pitch %u: %s", track->id,
                           tune_score_bar_at(self, note->onset, NULL) + 1, note->onset, note->pitch,
                           why);
}

static const char *note_problem(const TuneScore *self, const TuneTrack *track, const TuneNote *note)
{
    if (note->onset < 0 || note->duration <= 0)
        return "a note needs an onset of 0 or more and a duration above 0";
    if (note->duration > self->ticks || note->onset > self->ticks - note->duration)
        return "the note ends after the last bar line";
    if (note->pitch > 127 || note->velocity < 1 || note->velocity > 127)
        return "pitch is 0..127, velocity 1..127";
    if (note->voice < 1 || note->voice > 4)
        return "voice is 1..4";
    if (note->articulation >= 1 << 6)
        return "unknown articulation";
    if (note->syllable < -1 || note->syllable >= (gint)track->syllables->len)
        return "the syllable does not exist";
    if (track->is_drums)
        return note->spelling == 0 ? NULL : "drum notes have spelling 0";
    if (!is_spelled(note->spelling) || tune_fifths_pitch_class(note->spelling) != note->pitch % 12)
        return "the spelling does not agree with the pitch";
    return NULL;
}

/* Notes in order: where neighbours of one pitch do not overlap, no two do. */
static gboolean check_overlaps(const TuneScore *self, const TuneTrack *track, GError **error)
{
    const TuneNote *last[128] = {NULL};

    for (guint i = 0; i < track->notes->len; i++) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, i);
        const TuneNote *before = last[note->pitch];

        if (before != NULL && before->onset + before->duration > note->onset)
            return fail_note(self, track, note, "overlaps the note before it as written", error);
        if (before != NULL && tune_note_sounding_end(before) > tune_note_sounding_onset(note))
            return fail_note(self, track, note, "overlaps the note before it as performed", error);
        last[note->pitch] = note;
    }
    return TRUE;
}

/* Bank, data entry, parameter numbers and channel modes would change what other bytes mean: readers
 * interpret them, a score does not hold them. */
static gboolean is_reserved(guint8 control)
{
    return control == 0 || control == 6 || control == 32 || control == 38 ||
           (control >= 96 && control <= 101) || (control >= 120 && control <= 127);
}

static gboolean check_controls(const TuneTrack *track, GError **error)
{
    for (guint i = 0; i < track->controls->len; i++) {
        const TuneControl *c = &g_array_index(track->controls, TuneControl, i);
        gboolean bend = c->control == TUNE_CONTROL_BEND;
        gint low = bend ? -8192 : 0, high = bend ? 8191 : 127;
        if (c->tick < 0 || c->tick > TUNE_SCORE_MAX_TICKS || c->control > TUNE_CONTROL_BEND ||
            is_reserved(c->control) || c->value < low || c->value > high)
            return tune_score_fail(error, INVALID,
                                   "track \"%s\": controller %u with value %d at tick %d",
                                   track->id, c->control, c->value, c->tick);
    }
    return TRUE;
}

static gboolean check_track_words(const TuneTrack *track, GError **error)
{
    gsize length = strlen(track->id);

    if (length < 1 || length > 32 ||
        strspn(track->id, "abcdefghijklmnopqrstuvwxyz0123456789-") != length)
        return tune_score_fail(error, INVALID, "track id \"%s\" is not [a-z0-9-]{1,32}", track->id);
    if (!check_text("name of a track", track->name, error) ||
        !check_text("instrument of a track", track->instrument, error))
        return FALSE;
    for (guint i = 0; i < track->syllables->len; i++)
        if (!check_text("a syllable", track->syllables->pdata[i], error))
            return FALSE;
    return TRUE;
}

static gboolean check_track_mix(const TuneTrackMix *mix, GError **error)
{
    return check_real("level_db", mix->level_db, -60, 24, error) &&
           check_real("pan", mix->pan, -1, 1, error) &&
           check_real("reverb", mix->reverb, 0, 1, error) &&
           check_real("delay", mix->delay, 0, 1, error) &&
           check_real("chorus", mix->chorus, 0, 1, error) &&
           check_real("high_pass_hz", mix->high_pass_hz, 0, 20000, error) &&
           check_real("duck", mix->duck, 0, 1, error) &&
           check_real("drive", mix->drive, 0, 1, error) &&
           check_real("low_db", mix->low_db, -18, 18, error) &&
           check_real("mid_db", mix->mid_db, -18, 18, error) &&
           check_real("mid_hz", mix->mid_hz, 0, 16000, error) &&
           check_real("high_db", mix->high_db, -18, 18, error) &&
           check_real("compress", mix->compress, 0, 1, error);
}

static gboolean check_track(TuneScore *self, TuneTrack *track, GError **error)
{
    tune_notes_sort(track->notes);
    g_array_sort(track->controls, compare_tick);
    if (!check_track_words(track, error))
        return FALSE;
    if ((guint)track->role >= TUNE_N_ROLES || track->program > 127 || track->bank > 127 ||
        track->transpose < -36 || track->transpose > 36)
        return tune_score_fail(error, INVALID,
                               "track \"%s\": role, program, bank or transposition out of range",
                               track->id);
    if (!check_track_mix(&track->mix, error)) {
        g_prefix_error(error, "track \"%s\": ", track->id);
        return FALSE;
    }
    for (guint i = 0; i < track->notes->len; i++) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, i);
        const char *why = note_problem(self, track, note);
        if (why != NULL)
            return fail_note(self, track, note, why, error);
    }
    return check_controls(track, error) && check_overlaps(self, track, error);
}

static gboolean check_tracks(TuneScore *self, GError **error)
{
    guint n_drums = 0;

    for (guint i = 0; i < self->tracks->len; i++) {
        TuneTrack *track = self->tracks->pdata[i];
        n_drums += track->is_drums ? 1 : 0;
        for (guint j = 0; j < i; j++)
            if (strcmp(((TuneTrack *)self->tracks->pdata[j])->id, track->id) == 0)
                return tune_score_fail(error, INVALID, "two tracks are called \"%s\"", track->id);
        if (!check_track(self, track, error))
            return FALSE;
    }
    if (n_drums > 1 || self->tracks->len - n_drums > TUNE_SCORE_MAX_TRACKS - 1)
        return tune_score_fail(error, INVALID,
                               "%u tracks, %u of drums: at most 15 pitched and one drum part",
                               self->tracks->len, n_drums);
    if (tune_score_n_notes(self) > TUNE_SCORE_MAX_NOTES)
        return tune_score_fail(error, INVALID, "more than %d notes", TUNE_SCORE_MAX_NOTES);
    return TRUE;
}

/* ---- the whole ---- */

static gboolean check_whole(const TuneScore *self, GError **error)
{
    if (!check_text("title", self->title, error) || !check_text("style", self->style, error) ||
        !check_text("creator", self->creator, error) || !check_text("rights", self->rights, error))
        return FALSE;
    if ((guint)self->ending >= TUNE_N_ENDINGS || self->length_us < 0 || self->fade_us < 0)
        return tune_score_fail(error, INVALID, "ending, length or fade out of range");
    return check_real("reverb_seconds", self->mix.reverb_seconds, 0, 30, error) &&
           check_real("delay_beats", self->mix.delay_beats, 0, 16, error) &&
           check_real("delay_feedback", self->mix.delay_feedback, 0, 0.8, error) &&
           check_real("bus_drive", self->mix.bus_drive, 0, 1, error) &&
           check_real("brightness", self->mix.brightness, -1, 1, error);
}

gboolean tune_score_finish(TuneScore *self, GError **error)
{
    TuneScoreBox *box = (TuneScoreBox *)self;

    g_clear_pointer(&box->tempo_seconds, g_free);
    if (!check_whole(self, error) || !check_maps(self, error) || !check_form(self, error) ||
        !check_tracks(self, error))
        return FALSE;
    double *seconds = g_new0(double, self->tempos->len);
    for (guint i = 1; i < self->tempos->len; i++) {
        const TuneTempo *before = &g_array_index(self->tempos, TuneTempo, i - 1);
        seconds[i] =
            seconds[i - 1] + (before[1].tick - before->tick) * 60.0 / (before->bpm * TUNE_PPQ);
    }
    box->tempo_seconds = seconds;
    box->finished = TRUE;
    return TRUE;
}
