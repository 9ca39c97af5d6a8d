/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Completing a brief: what contradicts itself is refused, what gives way is noted, what follows is
 * inferred, and the rest takes the style's usual values.
 */
#include "brief/sentence-private.h"

#include <math.h>
#include <string.h>

static gboolean conflict(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean conflict(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_CONFLICT, message);
    return FALSE;
}

/* ---- style, metre, mode ---- */

static const TuneStyle *style_named(const TuneVocabulary *vocabulary, const char *names)
{
    const TuneStyle *style = tune_lexicon_first_style(vocabulary, names);

    return style != NULL ? style : tune_styles_at(vocabulary->styles, 0);
}

/* The style that most of the named instruments speak for; among equals the first one's.  NULL: none. */
static const TuneStyle *style_of_players(const TuneBrief *self, const TuneVocabulary *vocabulary)
{
    const TuneStyle *best = NULL;
    guint most = 0;

    for (guint i = 0; i < self->instruments->len; i++) {
        const LexiconEntry *entry = tune_lexicon_alone(
            vocabulary, g_array_index(self->instruments, TuneBriefInstrument, i).instrument);
        const TuneStyle *style =
            entry == NULL || entry->style == NULL ? NULL : tune_lexicon_first_style(vocabulary, entry->style);
        guint votes = 0;
        for (guint k = 0; style != NULL && k < self->instruments->len; k++) {
            entry = tune_lexicon_alone(vocabulary,
                                       g_array_index(self->instruments, TuneBriefInstrument, k).instrument);
            votes += entry != NULL && entry->style != NULL &&
                     tune_lexicon_first_style(vocabulary, entry->style) == style;
        }
        if (votes > most) {
            most = votes;
            best = style;
        }
    }
    return best;
}

/* "sad piano": one instrument, a mood and no genre.  Who can play chords and a melody plays alone; who
 * cannot is accompanied.  Lively moods get the whole ensemble. */
static void thin_out(TuneBrief *self, const TuneVocabulary *vocabulary)
{
    const TuneInstrument *lone;
    const LexiconEntry *entry;

    if (self->instruments->len != 1 || self->only_instruments || self->mood_origin < TUNE_ORIGIN_SAID ||
        self->arousal > 0.3 || self->lyrics->len > 0 || self->no_lead)
        return;
    lone = g_array_index(self->instruments, TuneBriefInstrument, 0).instrument;
    entry = tune_lexicon_alone(vocabulary, lone);
    if (entry == NULL || !entry->only)
        return;
    for (guint i = 0; i < entry->members->len; i++)
        tune_brief_add_instrument(
            self,
            tune_instruments_find(vocabulary->instruments,
                                  g_array_index(entry->members, LexiconMember, i).instrument),
            1, NULL, TUNE_ORIGIN_INFERRED);
    self->only_instruments = TRUE;
    self->only_origin = TUNE_ORIGIN_INFERRED;
    tune_brief_note(self, "only %s is asked for: nobody else plays%s", lone->name,
                    entry->members->len > 0 ? " but who accompanies" : "");
}

static void complete_style(TuneBrief *self, const TuneVocabulary *vocabulary)
{
    const char *name = "pop";

    if (self->style != NULL)
        return;
    self->style = style_of_players(self, vocabulary);
    if (self->style != NULL) {
        self->style_origin = TUNE_ORIGIN_INFERRED;
        thin_out(self, vocabulary);
        return;
    }
    if (self->mood_origin != TUNE_ORIGIN_NONE && self->tension > 0.4)
        name = "suspense-cinematic, cinematic";
    else if (self->mood_origin != TUNE_ORIGIN_NONE && self->arousal <= -0.6 &&
             self->lyrics->len == 0 && self->instruments->len == 0)
        name = "ambient";
    self->style = style_named(vocabulary, name);
    self->style_origin = TUNE_ORIGIN_DEFAULT;
}

static void complete_metre(TuneBrief *self)
{
    if (self->metre_origin == TUNE_ORIGIN_NONE) {
        self->metre = tune_style_metre(self->style);
        self->metre_origin = TUNE_ORIGIN_DEFAULT;
    } else if (!tune_style_allows_metre(self->style, self->metre)) {
        g_autofree char *metre = tune_metre_to_string(self->metre);
        tune_brief_note(self, "%s is unusual in %s; it is kept", metre, tune_style_name(self->style));
    }
}

static void complete_mode(TuneBrief *self)
{
    if (self->mode_origin != TUNE_ORIGIN_NONE)
        return;
    self->mode_origin = TUNE_ORIGIN_INFERRED;
    if (self->mood_origin != TUNE_ORIGIN_NONE && self->valence <= -0.25) {
        self->key.mode = TUNE_MODE_MINOR;
    } else if (self->mood_origin != TUNE_ORIGIN_NONE && self->valence >= 0.3) {
        self->key.mode = TUNE_MODE_MAJOR;
    } else if (self->key_origin != TUNE_ORIGIN_NONE) { /* "in C" */
        self->key.mode = TUNE_MODE_MAJOR;
        self->mode_origin = TUNE_ORIGIN_DEFAULT;
    } else {
        self->mode_origin = TUNE_ORIGIN_NONE; /* the style's modes decide, by the seed */
    }
}

static gint signature_of(TuneKey key)
{
    gint8 fifths[7];
    gsize n = tune_mode_scale_fifths(key.mode, fifths);
    gint low = 0, high = 0;

    for (gsize i = 0; i < n; i++) {
        low = MIN(low, key.tonic + fifths[i]);
        high = MAX(high, key.tonic + fifths[i]);
    }
    return high > 12 ? -12 : low < -8 ? 12 : 0;
}

/* A tonic and a mode that come from different places may need respelling: G# and major is Ab. */
static void respell(TuneBrief *self)
{
    if (self->key_origin != TUNE_ORIGIN_NONE)
        self->key.tonic = (TuneFifths)(self->key.tonic + signature_of(self->key));
}

/* ---- tempo ---- */

static void complete_tempo(TuneBrief *self)
{
    double low, high;

    tune_style_tempo(self->style, &low, &high);
    if (self->bpm_origin == TUNE_ORIGIN_NONE) {
        self->bpm_low = low;
        self->bpm_high = high;
        self->bpm_origin = TUNE_ORIGIN_DEFAULT;
        return;
    }
    if (self->bpm_hard) {
        if (self->bpm_high < low || self->bpm_low > high)
            tune_brief_note(self, "%g bpm lies outside what is usual in %s; it is kept", self->bpm_low,
                            tune_style_name(self->style));
        return;
    }
    if (MAX(low, self->bpm_low) + 4 <= MIN(high, self->bpm_high)) {
        self->bpm_low = MAX(low, self->bpm_low);
        self->bpm_high = MIN(high, self->bpm_high);
    } else if (self->bpm_origin >= TUNE_ORIGIN_SAID) {
        tune_brief_note(self, "the asked speed lies outside what is usual in %s; it is kept",
                        tune_style_name(self->style));
    } else {
        /* A genre's own tempo stands although the nearest style is played at another. */
        return;
    }
}

/* ---- instruments ---- */

static gboolean is_asked_otherwise(const TuneBrief *self, const TuneInstrument *instrument, guint but)
{
    for (guint i = 0; i < self->instruments->len; i++)
        if (i != but &&
            g_array_index(self->instruments, TuneBriefInstrument, i).instrument == instrument)
            return TRUE;
    return FALSE;
}

/* Sections name the same players. */
static void rename_in_sections(TuneBrief *self, const TuneInstrument *from, const TuneInstrument *to)
{
    for (guint i = 0; from != to && i < self->sections->len; i++) {
        const TuneBriefSection *section = &g_array_index(self->sections, TuneBriefSection, i);
        GPtrArray *lists[] = {section->instruments, section->silent};
        guint at = 0;
        for (gsize k = 0; k < G_N_ELEMENTS(lists); k++)
            if (lists[k] != NULL && g_ptr_array_find(lists[k], from, &at))
                g_ptr_array_index(lists[k], at) = (gpointer)to;
    }
}

/* "bass" becomes the style's own, unless that one is asked for besides. */
static void choose_generics(TuneBrief *self, const TuneVocabulary *vocabulary)
{
    for (guint i = 0; i < self->instruments->len; i++) {
        TuneBriefInstrument *asked = &g_array_index(self->instruments, TuneBriefInstrument, i);
        const LexiconEntry *entry = asked->generic == NULL ? NULL : tune_lexicon_generic_named(vocabulary, asked->generic);
        const TuneInstrument *chosen =
            entry == NULL ? NULL : tune_lexicon_generic(vocabulary, entry, self->style);
        if (chosen != NULL && !is_asked_otherwise(self, chosen, i) &&
            !g_ptr_array_find(self->excluded, chosen, NULL)) {
            rename_in_sections(self, asked->instrument, chosen);
            asked->instrument = chosen;
        }
    }
}

static TuneOrigin excluded_origin(const TuneBrief *self, const TuneInstrument *instrument)
{
    TuneOrigin origin = TUNE_ORIGIN_NONE;

    for (guint i = 0; i < self->excluded->len; i++)
        if (g_ptr_array_index(self->excluded, i) == instrument)
            origin = g_array_index(self->excluded_origins, TuneOrigin, i);
    if (self->no_drums && strcmp(instrument->family, "drums") == 0)
        origin = MAX(origin, self->no_drums_origin);
    if (self->no_bass && strcmp(instrument->family, "bass") == 0)
        origin = MAX(origin, self->no_bass_origin);
    return origin;
}

static void drop_exclusion(TuneBrief *self, const TuneInstrument *instrument)
{
    guint at = 0;

    if (g_ptr_array_find(self->excluded, instrument, &at)) {
        g_ptr_array_remove_index(self->excluded, at);
        g_array_remove_index(self->excluded_origins, at);
    }
    if (strcmp(instrument->family, "drums") == 0)
        self->no_drums = FALSE;
    if (strcmp(instrument->family, "bass") == 0)
        self->no_bass = FALSE;
}

/* The same instrument asked for and excluded: the higher rank wins, equal ranks are a conflict. */
static gboolean settle_instruments(TuneBrief *self, GError **error)
{
    for (guint i = 0; i < self->instruments->len;) {
        TuneBriefInstrument asked = g_array_index(self->instruments, TuneBriefInstrument, i);
        const TuneInstrument *instrument = asked.instrument;
        TuneOrigin out = excluded_origin(self, instrument);
        if (out == TUNE_ORIGIN_NONE) {
            i++;
            continue;
        }
        if (out == asked.origin && out >= TUNE_ORIGIN_SAID)
            return conflict(error, "instruments: %s is asked for (\"%s\") and excluded (\"no %s\")",
                            instrument->name, instrument->key, instrument->key);
        if (out >= asked.origin) {
            tune_brief_note(self, "%s does not play: it is excluded", instrument->name);
            g_array_remove_index(self->instruments, i);
        } else {
            tune_brief_note(self, "%s plays although the %s excludes it", instrument->name,
                            out == TUNE_ORIGIN_SAID ? "sentence" : "preset");
            drop_exclusion(self, instrument);
            i++;
        }
    }
    if (self->only_instruments && self->instruments->len == 0)
        return conflict(error, "instruments: nobody is left to play");
    return TRUE;
}

static gboolean settle_vocals(TuneBrief *self, GError **error)
{
    if (!self->no_vocals || self->lyrics->len == 0)
        return TRUE;
    if (self->no_vocals_origin == self->lyrics_origin)
        return conflict(error, "lyrics are given and vocals are excluded (\"instrumental\")");
    if (self->lyrics_origin > self->no_vocals_origin) {
        tune_brief_note(self, "vocals sing the given lyrics although they are excluded");
        self->no_vocals = FALSE;
        self->no_vocals_origin = TUNE_ORIGIN_NONE;
    } else {
        tune_brief_note(self, "the lyrics are not sung: vocals are excluded");
    }
    return TRUE;
}

/* ---- length and form ---- */

static double bar_seconds(const TuneBrief *self, double bpm)
{
    double beats = (double)tune_metre_bar_ticks(self->metre) / tune_metre_beat_ticks(self->metre);

    return beats * 60 / bpm;
}

static gint section_bars(const TuneBrief *self, gboolean *all_said)
{
    gint bars = 0;

    *all_said = self->sections->len > 0 && !self->sections_partial;
    for (guint i = 0; i < self->sections->len; i++) {
        gint said = g_array_index(self->sections, TuneBriefSection, i).bars;
        *all_said = *all_said && said > 0;
        bars += MAX(said, 1);
    }
    return bars;
}

/* The lengths of a hard number of bars at a hard tempo. */
static void hard_span(const TuneBrief *self, gint bars, double *shortest, double *longest)
{
    *shortest = bars * bar_seconds(self, self->bpm_high);
    *longest = bars * bar_seconds(self, self->bpm_low);
}

static void drop_bars(TuneBrief *self)
{
    tune_brief_note(self, "%d bars gave way to the length and tempo that a field gives", self->bars);
    self->bars = 0;
    self->bars_origin = TUNE_ORIGIN_NONE;
}

/* Bars, tempo and seconds: the ending may ring or hold, so that a length may exceed the bars a little. */
static gboolean settle_length(TuneBrief *self, GError **error)
{
    double shortest, longest;

    if (self->bars == 0 || self->seconds == 0 || !self->bpm_hard || self->by_model)
        return TRUE;
    hard_span(self, self->bars, &shortest, &longest);
    double slack = self->loop ? 0 : MAX(8, 2 * bar_seconds(self, self->bpm_low));
    if (self->seconds >= shortest * 0.98 - 0.5 && self->seconds <= longest * 1.02 + 0.5 + slack)
        return TRUE;
    TuneOrigin lowest = MIN(self->bars_origin, MIN(self->seconds_origin, self->bpm_origin));
    TuneOrigin highest = MAX(self->bars_origin, MAX(self->seconds_origin, self->bpm_origin));
    if (lowest == highest)
        return conflict(error, "duration: %d bars at %g bpm last %.1f seconds, but %g seconds are asked for",
                        self->bars, self->bpm_low, longest, self->seconds);
    if (self->bars_origin == lowest) {
        drop_bars(self);
    } else if (self->seconds_origin == lowest) {
        tune_brief_note(self, "%g seconds gave way to the bars and tempo that a field gives",
                        self->seconds);
        self->seconds = 0;
        self->seconds_origin = TUNE_ORIGIN_NONE;
    } else {
        tune_brief_note(self, "%g bpm gave way to the bars and length that a field gives", self->bpm_low);
        self->bpm_hard = FALSE;
        self->bpm_low = self->bpm_high =
            CLAMP(self->bars * bar_seconds(self, 60) * 60 / self->seconds, 20, 400);
    }
    return TRUE;
}

/* Is there room for a bar of each section? */
static gboolean settle_sections(TuneBrief *self, GError **error)
{
    gboolean all_said;
    gint least = section_bars(self, &all_said);
    double fastest = self->bpm_hard ? self->bpm_high : MAX(200, self->bpm_high);
    double needed = least * bar_seconds(self, fastest);

    if (self->sections->len == 0 || self->by_model)
        return TRUE;
    if (self->bars > 0 && (least > self->bars || (all_said && least != self->bars))) {
        if (self->bars_origin == self->sections_origin)
            return conflict(error, "structure: the %u sections take %d bars, but %d bars are asked for",
                            self->sections->len, least, self->bars);
        drop_bars(self);
    }
    if (self->seconds > 0 && needed > self->seconds + 0.5 &&
        self->sections_origin >= TUNE_ORIGIN_SAID)
        return conflict(error, "duration: %u sections take at least %d bars, %.1f seconds, but %g seconds are asked for",
                        self->sections->len, least, needed, self->seconds);
    for (guint i = 0; i < self->sections->len; i++) {
        const TuneBriefSection *section = &g_array_index(self->sections, TuneBriefSection, i);
        if (self->seconds > 0 && section->at_seconds >= self->seconds)
            return conflict(error, "structure: a %s is asked for at %g seconds, but the piece lasts %g seconds",
                            tune_section_role_name(section->role), section->at_seconds, self->seconds);
    }
    return TRUE;
}

static gboolean settle_shortness(TuneBrief *self, GError **error)
{
    gboolean may_be_short = self->loop;

    for (guint i = 0; i < self->tags->len; i++)
        may_be_short = may_be_short || strcmp(g_ptr_array_index(self->tags, i), "jingle") == 0;
    if (!self->by_model && self->seconds > 0 && self->seconds < (may_be_short ? 1 : 5)) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD,
                    "duration: %g seconds is shorter than 5 seconds (a loop or jingle may have 1)",
                    self->seconds);
        return FALSE;
    }
    return TRUE;
}

/* A form whose first section begins later than the piece leaves room for others before it. */
static void leave_room(TuneBrief *self)
{
    if (self->sections->len > 0 && g_array_index(self->sections, TuneBriefSection, 0).at_seconds > 2)
        self->sections_partial = TRUE;
}

/* Lyrics with tags are a form. */
static void form_from_lyrics(TuneBrief *self)
{
    if (self->sections->len > 0)
        return;
    for (guint i = 0; i < self->lyrics->len; i++) {
        const TuneLyricBlock *block = &g_array_index(self->lyrics, TuneLyricBlock, i);
        if (block->role_said)
            tune_brief_add_section(self, block->role, 0);
    }
    if (self->sections->len > 0) {
        self->sections_origin = TUNE_ORIGIN_INFERRED;
        self->sections_partial = TRUE;
    }
}

static void settle_loop(TuneBrief *self)
{
    if (!self->loop)
        return;
    if (self->ending_origin >= TUNE_ORIGIN_SAID && self->ending != TUNE_ENDING_LOOP)
        tune_brief_note(self, "a loop has no %s ending", tune_ending_name(self->ending));
    self->ending = TUNE_ENDING_LOOP;
    self->ending_origin = MAX(self->ending_origin, TUNE_ORIGIN_INFERRED);
}

/* Shares of a bar become felt beats now that the metre is known. */
static void resolve_chord_beats(TuneBrief *self)
{
    double beats = (double)tune_metre_bar_ticks(self->metre) / tune_metre_beat_ticks(self->metre);

    for (guint i = 0; i < self->chord_beats->len; i++) {
        double *share = &g_array_index(self->chord_beats, double, i);
        if (*share < 0)
            *share = -*share * beats;
    }
}

/* ---- title ---- */

static void complete_title(TuneBrief *self)
{
    GString *title;

    if (self->title != NULL)
        return;
    title = g_string_new(NULL);
    if (self->moods->len > 0)
        g_string_append_printf(title, "%s ", (char *)g_ptr_array_index(self->moods, 0));
    g_autofree char *asked = g_strdelimit(g_strdup(self->style_asked ? self->style_asked : ""), "-", ' ');
    g_string_append(title, *asked != '\0' ? asked : tune_style_name(self->style));
    if (self->key_origin != TUNE_ORIGIN_NONE) {
        g_autofree char *key = tune_key_to_string(self->key);
        g_string_append_printf(title, " in %s", key);
    }
    if (g_ascii_islower(title->str[0]))
        title->str[0] = g_ascii_toupper(title->str[0]);
    self->title = g_string_free(title, FALSE);
}

gboolean tune_brief_complete(TuneBrief *self, const TuneVocabulary *vocabulary, GError **error)
{
    complete_style(self, vocabulary);
    complete_metre(self);
    complete_mode(self);
    respell(self);
    complete_tempo(self);
    if (!settle_instruments(self, error))
        return FALSE;
    choose_generics(self, vocabulary);
    if (!settle_vocals(self, error) || !settle_length(self, error))
        return FALSE;
    form_from_lyrics(self);
    leave_room(self);
    if (!settle_sections(self, error) || !settle_shortness(self, error))
        return FALSE;
    settle_loop(self);
    resolve_chord_beats(self);
    complete_title(self);
    return TRUE;
}
