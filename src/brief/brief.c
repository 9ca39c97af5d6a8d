/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/sentence-private.h"

#include <math.h>
#include <string.h>

G_DEFINE_QUARK(tune-brief-error-quark, tune_brief_error)

const char *tune_origin_name(TuneOrigin origin)
{
    static const char *const names[] = {"none", "default", "inferred", "preset", "said", "field"};

    return (guint)origin < G_N_ELEMENTS(names) ? names[origin] : "?";
}

/* ---- life ---- */

void tune_brief_section_clear(gpointer data)
{
    g_clear_pointer(&((TuneBriefSection *)data)->instruments, g_ptr_array_unref);
    g_clear_pointer(&((TuneBriefSection *)data)->silent, g_ptr_array_unref);
}

static void lyric_block_clear(gpointer data)
{
    g_clear_pointer(&((TuneLyricBlock *)data)->lines, g_ptr_array_unref);
}

static GPtrArray *strings_new(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

TuneBrief *tune_brief_new(void)
{
    TuneBrief *self = g_new0(TuneBrief, 1);

    self->prompt = g_strdup("");
    self->chords = g_array_new(FALSE, TRUE, sizeof(TuneChord));
    self->chord_beats = g_array_new(FALSE, TRUE, sizeof(double));
    self->sections = tune_brief_sections_new();
    self->instruments = g_array_new(FALSE, TRUE, sizeof(TuneBriefInstrument));
    self->excluded = g_ptr_array_new();
    self->excluded_origins = g_array_new(FALSE, TRUE, sizeof(TuneOrigin));
    self->moods = strings_new();
    self->tags = strings_new();
    self->lyrics = g_array_new(FALSE, TRUE, sizeof(TuneLyricBlock));
    g_array_set_clear_func(self->lyrics, lyric_block_clear);
    self->temperature = 0.7;
    self->temperature_origin = TUNE_ORIGIN_DEFAULT;
    self->loudness_lufs = -14;
    self->loudness_origin = TUNE_ORIGIN_DEFAULT;
    self->style_references = strings_new();
    self->not_understood = strings_new();
    self->notes = strings_new();
    return self;
}

void tune_brief_free(TuneBrief *self)
{
    if (self == NULL)
        return;
    g_free(self->prompt);
    tune_theme_unref(self->theme);
    g_free(self->style_asked);
    g_free(self->title);
    g_array_unref(self->chords);
    g_array_unref(self->chord_beats);
    g_array_unref(self->sections);
    g_array_unref(self->instruments);
    g_ptr_array_unref(self->excluded);
    g_array_unref(self->excluded_origins);
    g_ptr_array_unref(self->moods);
    g_ptr_array_unref(self->tags);
    g_array_unref(self->lyrics);
    g_ptr_array_unref(self->style_references);
    g_ptr_array_unref(self->not_understood);
    g_ptr_array_unref(self->notes);
    g_free(self);
}

static GPtrArray *copy_strings(const GPtrArray *from)
{
    GPtrArray *to = strings_new();

    for (guint i = 0; i < from->len; i++)
        g_ptr_array_add(to, g_strdup(g_ptr_array_index(from, i)));
    return to;
}

GArray *tune_brief_sections_new(void)
{
    GArray *sections = g_array_new(FALSE, TRUE, sizeof(TuneBriefSection));

    g_array_set_clear_func(sections, tune_brief_section_clear);
    return sections;
}

static GArray *copy_sections(const GArray *from)
{
    GArray *to = tune_brief_sections_new();

    for (guint i = 0; i < from->len; i++) {
        TuneBriefSection section = g_array_index(from, TuneBriefSection, i);
        section.instruments = g_ptr_array_copy(section.instruments, NULL, NULL);
        if (section.silent != NULL)
            section.silent = g_ptr_array_copy(section.silent, NULL, NULL);
        g_array_append_val(to, section);
    }
    return to;
}

static GArray *copy_lyrics(const GArray *from)
{
    GArray *to = g_array_new(FALSE, TRUE, sizeof(TuneLyricBlock));

    g_array_set_clear_func(to, lyric_block_clear);
    for (guint i = 0; i < from->len; i++) {
        TuneLyricBlock block = g_array_index(from, TuneLyricBlock, i);
        block.lines = copy_strings(block.lines);
        g_array_append_val(to, block);
    }
    return to;
}

TuneBrief *tune_brief_copy(const TuneBrief *self)
{
    TuneBrief *copy = g_new(TuneBrief, 1);

    *copy = *self;
    copy->prompt = g_strdup(self->prompt);
    copy->theme = self->theme != NULL ? tune_theme_ref(self->theme) : NULL;
    copy->style_asked = g_strdup(self->style_asked);
    copy->title = g_strdup(self->title);
    copy->chords = g_array_copy(self->chords);
    copy->chord_beats = g_array_copy(self->chord_beats);
    copy->sections = copy_sections(self->sections);
    copy->instruments = g_array_copy(self->instruments);
    copy->excluded = g_ptr_array_copy(self->excluded, NULL, NULL);
    copy->excluded_origins = g_array_copy(self->excluded_origins);
    copy->moods = copy_strings(self->moods);
    copy->tags = copy_strings(self->tags);
    copy->lyrics = copy_lyrics(self->lyrics);
    copy->style_references = copy_strings(self->style_references);
    copy->not_understood = copy_strings(self->not_understood);
    copy->notes = copy_strings(self->notes);
    return copy;
}

/* ---- writing single fields ---- */

void tune_brief_note(TuneBrief *self, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(self->notes, g_strdup_vprintf(format, args));
    va_end(args);
}

gboolean tune_brief_set_bpm(TuneBrief *self, double low, double high, GError **error)
{
    if (!(low >= 20 && high <= 400 && low <= high)) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD,
                    "bpm: %g is outside 20 .. 400 beats a minute", low < 20 ? low : high);
        return FALSE;
    }
    if (self->bpm_hard && self->bpm_origin >= TUNE_ORIGIN_SAID &&
        (low > self->bpm_high || high < self->bpm_low)) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_CONFLICT,
                    "bpm: two tempos are asked for: %g bpm and %g bpm", self->bpm_low, low);
        return FALSE;
    }
    self->bpm_low = low;
    self->bpm_high = high;
    self->bpm_origin = TUNE_ORIGIN_SAID;
    self->bpm_hard = TRUE;
    return TRUE;
}

void tune_brief_wish_tempo(TuneBrief *self, double low, double high)
{
    if (self->bpm_hard)
        return;
    if (self->bpm_origin == TUNE_ORIGIN_SAID && MAX(low, self->bpm_low) <= MIN(high, self->bpm_high)) {
        low = MAX(low, self->bpm_low);
        high = MIN(high, self->bpm_high);
    }
    self->bpm_low = low;
    self->bpm_high = high;
    self->bpm_origin = TUNE_ORIGIN_SAID;
}

gboolean tune_brief_set_seconds(TuneBrief *self, double seconds, GError **error)
{
    if (!(seconds >= 0.1 && seconds <= 600)) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD,
                    "duration: %g seconds is outside 0.1 seconds .. 10 minutes", seconds);
        return FALSE;
    }
    if (self->seconds_origin == TUNE_ORIGIN_SAID && fabs(self->seconds - seconds) > 0.5) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_CONFLICT,
                    "duration: two lengths are asked for: %g seconds and %g seconds", self->seconds, seconds);
        return FALSE;
    }
    self->seconds = seconds;
    self->seconds_origin = TUNE_ORIGIN_SAID;
    return TRUE;
}

gboolean tune_brief_set_bars(TuneBrief *self, gint bars, GError **error)
{
    if (bars < 1 || bars > 2000) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD,
                    "bars: %d is outside 1 .. 2000", bars);
        return FALSE;
    }
    if (self->bars_origin == TUNE_ORIGIN_SAID && self->bars != bars) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_CONFLICT,
                    "duration: two lengths are asked for: %d bars and %d bars", self->bars, bars);
        return FALSE;
    }
    self->bars = bars;
    self->bars_origin = TUNE_ORIGIN_SAID;
    return TRUE;
}

void tune_brief_add_instrument(TuneBrief *self, const TuneInstrument *instrument, guint count,
                               const char *generic, TuneOrigin origin)
{
    for (guint i = 0; i < self->instruments->len; i++) {
        TuneBriefInstrument *known = &g_array_index(self->instruments, TuneBriefInstrument, i);
        if (known->instrument == instrument) {
            known->count = MAX(known->count, count);
            known->generic = generic == NULL ? NULL : known->generic;
            known->origin = MAX(known->origin, origin);
            return;
        }
    }
    TuneBriefInstrument added = {
        .instrument = instrument, .origin = origin, .count = count, .generic = g_intern_string(generic)};
    g_array_append_val(self->instruments, added);
}

void tune_brief_exclude(TuneBrief *self, const TuneInstrument *instrument, TuneOrigin origin)
{
    for (guint i = 0; i < self->excluded->len; i++)
        if (g_ptr_array_index(self->excluded, i) == instrument) {
            TuneOrigin *known = &g_array_index(self->excluded_origins, TuneOrigin, i);
            *known = MAX(*known, origin);
            return;
        }
    g_ptr_array_add(self->excluded, (gpointer)instrument);
    g_array_append_val(self->excluded_origins, origin);
}

void tune_brief_add_tag(TuneBrief *self, const char *tag)
{
    for (guint i = 0; i < self->tags->len; i++)
        if (strcmp(g_ptr_array_index(self->tags, i), tag) == 0)
            return;
    g_ptr_array_add(self->tags, g_strdup(tag));
}

void tune_brief_add_section(TuneBrief *self, TuneSectionRole role, gint bars)
{
    TuneBriefSection section = {
        .role = role, .bars = bars, .energy = -1, .at_seconds = -1, .instruments = g_ptr_array_new()};

    g_array_append_val(self->sections, section);
}

void tune_brief_clear_sections(TuneBrief *self)
{
    g_array_set_size(self->sections, 0);
}

/* ---- merging ---- */

/* The rank that something heard with @origin has when the whole was heard at @rank. */
static TuneOrigin ranked(TuneOrigin origin, TuneOrigin rank)
{
    return origin == TUNE_ORIGIN_SAID ? rank : MIN(origin, rank);
}

#define WINS(field)                                                                                \
    (heard->field != TUNE_ORIGIN_NONE && heard->field != TUNE_ORIGIN_DEFAULT &&                     \
     ranked(heard->field, rank) > self->field)

static void merge_music(TuneBrief *self, const TuneBrief *heard, TuneOrigin rank)
{
    if (WINS(bpm_origin)) {
        self->bpm_low = heard->bpm_low;
        self->bpm_high = heard->bpm_high;
        self->bpm_hard = heard->bpm_hard;
        self->bpm_origin = ranked(heard->bpm_origin, rank);
    }
    if (WINS(tempo_curve_origin)) {
        self->tempo_curve = heard->tempo_curve;
        self->tempo_curve_origin = ranked(heard->tempo_curve_origin, rank);
    }
    if (WINS(key_origin)) {
        self->key.tonic = heard->key.tonic;
        self->key_origin = ranked(heard->key_origin, rank);
    }
    if (WINS(mode_origin)) {
        self->key.mode = heard->key.mode;
        self->mode_origin = ranked(heard->mode_origin, rank);
    }
    if (WINS(metre_origin)) {
        self->metre = heard->metre;
        self->metre_origin = ranked(heard->metre_origin, rank);
    }
    if (WINS(mood_origin)) {
        self->valence = heard->valence;
        self->arousal = heard->arousal;
        self->tension = heard->tension;
        self->mood_origin = ranked(heard->mood_origin, rank);
        g_ptr_array_unref(self->moods);
        self->moods = copy_strings(heard->moods);
    }
}

static void merge_length_and_form(TuneBrief *self, TuneBrief *heard, TuneOrigin rank)
{
    if (WINS(seconds_origin)) {
        self->seconds = heard->seconds;
        self->seconds_origin = ranked(heard->seconds_origin, rank);
    }
    if (WINS(bars_origin)) {
        self->bars = heard->bars;
        self->bars_origin = ranked(heard->bars_origin, rank);
    }
    if (WINS(chords_origin)) {
        g_array_unref(self->chords);
        g_array_unref(self->chord_beats);
        self->chords = g_array_copy(heard->chords);
        self->chord_beats = g_array_copy(heard->chord_beats);
        self->chords_origin = ranked(heard->chords_origin, rank);
    }
    if (WINS(sections_origin)) {
        g_array_unref(self->sections);
        self->sections = copy_sections(heard->sections);
        self->sections_partial = heard->sections_partial;
        self->sections_origin = ranked(heard->sections_origin, rank);
    }
    if (WINS(shape_origin)) {
        self->shape = heard->shape;
        self->shape_origin = ranked(heard->shape_origin, rank);
    }
    if (WINS(ending_origin)) {
        self->ending = heard->ending;
        self->ending_origin = ranked(heard->ending_origin, rank);
    }
    if (WINS(loop_origin)) {
        self->loop = heard->loop;
        self->loop_origin = ranked(heard->loop_origin, rank);
    }
    if (WINS(commercial_origin)) {
        self->commercial = heard->commercial;
        self->commercial_origin = ranked(heard->commercial_origin, rank);
    }
    if (WINS(lyrics_origin)) {
        g_array_unref(self->lyrics);
        self->lyrics = copy_lyrics(heard->lyrics);
        self->lyrics_origin = ranked(heard->lyrics_origin, rank);
    }
}

static void merge_style(TuneBrief *self, const TuneBrief *heard, TuneOrigin rank)
{
    if (WINS(style_origin)) {
        self->style = heard->style;
        self->blend = heard->blend;
        g_free(self->style_asked);
        self->style_asked = g_strdup(heard->style_asked);
        self->style_origin = ranked(heard->style_origin, rank);
    } else if (self->blend == NULL && heard->style != NULL && heard->style_origin == TUNE_ORIGIN_SAID &&
               rank >= TUNE_ORIGIN_SAID && heard->style != self->style) {
        self->blend = heard->style; /* --genre jazz "with a hip hop beat" */
    }
}

static gint find_excluded(const TuneBrief *self, const TuneInstrument *instrument)
{
    for (guint i = 0; i < self->excluded->len; i++)
        if (g_ptr_array_index(self->excluded, i) == instrument)
            return (gint)i;
    return -1;
}

/* TRUE when the brief's own exclusions, of a higher rank, forbid @instrument. */
static gboolean is_forbidden(const TuneBrief *self, const TuneInstrument *instrument, TuneOrigin rank)
{
    gint at = find_excluded(self, instrument);

    if (at >= 0 && g_array_index(self->excluded_origins, TuneOrigin, at) > rank)
        return TRUE;
    if (instrument->is_drums && self->no_drums && self->no_drums_origin > rank)
        return TRUE;
    if (strcmp(instrument->family, "voice") == 0 && self->no_vocals && self->no_vocals_origin > rank)
        return TRUE;
    return strcmp(instrument->family, "bass") == 0 && self->no_bass && self->no_bass_origin > rank;
}

static const TuneBriefInstrument *find_asked(const TuneBrief *self, const TuneInstrument *instrument)
{
    for (guint i = 0; i < self->instruments->len; i++) {
        const TuneBriefInstrument *asked = &g_array_index(self->instruments, TuneBriefInstrument, i);
        if (asked->instrument == instrument)
            return asked;
    }
    return NULL;
}

static TuneOrigin asked_rank(const TuneBrief *self)
{
    TuneOrigin rank = TUNE_ORIGIN_NONE;

    for (guint i = 0; i < self->instruments->len; i++)
        rank = MAX(rank, g_array_index(self->instruments, TuneBriefInstrument, i).origin);
    return rank;
}

static void merge_asked(TuneBrief *self, const TuneBrief *heard, TuneOrigin rank)
{
    gboolean closed = self->only_instruments && asked_rank(self) > rank;

    for (guint i = 0; i < heard->instruments->len; i++) {
        TuneBriefInstrument asked = g_array_index(heard->instruments, TuneBriefInstrument, i);
        asked.origin = ranked(asked.origin, rank);
        if (closed || is_forbidden(self, asked.instrument, asked.origin)) {
            tune_brief_note(self, "%s does not play: a field says who does", asked.instrument->name);
            continue;
        }
        if (find_asked(self, asked.instrument) == NULL)
            g_array_append_val(self->instruments, asked);
    }
    if (heard->only_instruments && !closed) {
        self->only_instruments = TRUE;
        self->only_origin = MAX(self->only_origin, ranked(heard->only_origin, rank));
    }
}

static void merge_excluded(TuneBrief *self, const TuneBrief *heard, TuneOrigin rank)
{
    for (guint i = 0; i < heard->excluded->len; i++) {
        const TuneInstrument *instrument = g_ptr_array_index(heard->excluded, i);
        TuneOrigin origin = ranked(g_array_index(heard->excluded_origins, TuneOrigin, i), rank);
        const TuneBriefInstrument *asked = find_asked(self, instrument);
        if (asked != NULL && asked->origin > origin)
            tune_brief_note(self, "%s plays: a field asks for it", instrument->name);
        else
            tune_brief_exclude(self, instrument, origin);
    }
    if (WINS(no_drums_origin)) {
        self->no_drums = heard->no_drums;
        self->no_drums_origin = ranked(heard->no_drums_origin, rank);
    }
    if (WINS(no_vocals_origin)) {
        self->no_vocals = heard->no_vocals;
        self->no_vocals_origin = ranked(heard->no_vocals_origin, rank);
    }
    if (WINS(no_bass_origin)) {
        self->no_bass = heard->no_bass;
        self->no_bass_origin = ranked(heard->no_bass_origin, rank);
    }
    if (WINS(no_lead_origin)) {
        self->no_lead = heard->no_lead;
        self->no_lead_origin = ranked(heard->no_lead_origin, rank);
    }
}

static void append_strings(GPtrArray *to, const GPtrArray *from)
{
    for (guint i = 0; i < from->len; i++)
        g_ptr_array_add(to, g_strdup(g_ptr_array_index(from, i)));
}

void tune_brief_merge(TuneBrief *self, TuneBrief *heard, TuneOrigin rank)
{
    merge_style(self, heard, rank);
    merge_music(self, heard, rank);
    merge_length_and_form(self, heard, rank);
    merge_excluded(self, heard, rank);
    merge_asked(self, heard, rank);
    self->blues_form = self->blues_form || heard->blues_form;
    for (guint i = 0; i < heard->tags->len; i++)
        tune_brief_add_tag(self, g_ptr_array_index(heard->tags, i));
    if (self->title == NULL)
        self->title = g_strdup(heard->title);
    append_strings(self->style_references, heard->style_references);
    append_strings(self->not_understood, heard->not_understood);
    append_strings(self->notes, heard->notes);
}
