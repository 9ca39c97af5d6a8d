/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/sentence-private.h"

#include <string.h>

static void line(GString *out, const char *field, const char *value, TuneOrigin origin)
{
    g_string_append_printf(out, "%-14s %-42s %s\n", field, value, tune_origin_name(origin));
}

static void linef(GString *out, const char *field, TuneOrigin origin, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
static void linef(GString *out, const char *field, TuneOrigin origin, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *value = g_strdup_vprintf(format, args);
    va_end(args);
    line(out, field, value, origin);
}

static char *joined(const GPtrArray *strings)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < strings->len; i++)
        g_string_append_printf(out, "%s%s", i > 0 ? ", " : "", (char *)g_ptr_array_index(strings, i));
    return g_string_free(out, FALSE);
}

static void explain_style(const TuneBrief *self, GString *out)
{
    if (self->style == NULL)
        return;
    if (self->style_asked != NULL)
        linef(out, "style", self->style_origin, "%s (for %s)", tune_style_name(self->style),
              self->style_asked);
    else
        line(out, "style", tune_style_name(self->style), self->style_origin);
    if (self->blend != NULL)
        line(out, "blend", tune_style_name(self->blend), self->style_origin);
}

static void explain_music(const TuneBrief *self, GString *out)
{
    static const char *const curves[] = {"steady",           "faster at the end", "slower at the end",
                                         "faster and faster", "slower and slower", "half time"};
    char tonic[8];

    if (self->bpm_origin != TUNE_ORIGIN_NONE && self->bpm_low == self->bpm_high)
        linef(out, "tempo", self->bpm_origin, "%g bpm", self->bpm_low);
    else if (self->bpm_origin != TUNE_ORIGIN_NONE)
        linef(out, "tempo", self->bpm_origin, "%g to %g bpm", self->bpm_low, self->bpm_high);
    if (self->tempo_curve_origin != TUNE_ORIGIN_NONE)
        line(out, "tempo curve", curves[self->tempo_curve], self->tempo_curve_origin);
    if (self->key_origin != TUNE_ORIGIN_NONE) {
        tune_fifths_name(self->key.tonic, tonic);
        line(out, "tonic", tonic, self->key_origin);
    }
    if (self->mode_origin != TUNE_ORIGIN_NONE)
        line(out, "mode", tune_mode_name(self->key.mode), self->mode_origin);
    if (self->theme != NULL) {
        g_autofree char *theme =
            g_strdup_printf("%u notes in %d bars%s%s", self->theme->notes->len, self->theme->bars,
                            *self->theme->title != '\0' ? " of " : "", self->theme->title);
        line(out, "theme", theme, TUNE_ORIGIN_FIELD);
    }
    if (self->metre_origin != TUNE_ORIGIN_NONE) {
        g_autofree char *metre = tune_metre_to_string(self->metre);
        line(out, "metre", metre, self->metre_origin);
    }
    if (self->chords->len > 0) {
        g_autoptr(GPtrArray) symbols = g_ptr_array_new_with_free_func(g_free);
        for (guint i = 0; i < self->chords->len; i++)
            g_ptr_array_add(symbols, tune_chord_to_string(g_array_index(self->chords, TuneChord, i)));
        g_autofree char *text = joined(symbols);
        line(out, "chords", text, self->chords_origin);
    }
    if (self->blues_form)
        line(out, "harmony", "twelve-bar blues", TUNE_ORIGIN_SAID);
}

static void explain_sections(const TuneBrief *self, GString *out)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < self->sections->len; i++) {
        const TuneBriefSection *section = &g_array_index(self->sections, TuneBriefSection, i);
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", tune_section_role_name(section->role));
        if (section->bars > 0)
            g_string_append_printf(text, " (%d bars)", section->bars);
        if (section->at_seconds >= 0)
            g_string_append_printf(text, " at %g s", section->at_seconds);
        for (guint k = 0; k < section->instruments->len; k++)
            g_string_append_printf(text, "%s%s", k == 0 ? ": " : " + ",
                                   ((TuneInstrument *)g_ptr_array_index(section->instruments, k))->name);
        for (guint k = 0; section->silent != NULL && k < section->silent->len; k++)
            g_string_append_printf(text, "%s%s", k == 0 ? " without " : ", ",
                                   ((TuneInstrument *)g_ptr_array_index(section->silent, k))->name);
    }
    if (self->sections->len > 0)
        line(out, self->sections_partial ? "with sections" : "form", text->str, self->sections_origin);
}

static void explain_form(const TuneBrief *self, GString *out)
{
    static const char *const shapes[] = {"the style's", "builds up", "dies down", "rises and falls",
                                         "even"};

    if (self->seconds_origin != TUNE_ORIGIN_NONE)
        linef(out, "length", self->seconds_origin, "%g seconds", self->seconds);
    if (self->bars_origin != TUNE_ORIGIN_NONE)
        linef(out, "bars", self->bars_origin, "%d", self->bars);
    explain_sections(self, out);
    if (self->shape_origin != TUNE_ORIGIN_NONE)
        line(out, "energy", shapes[self->shape], self->shape_origin);
    if (self->ending_origin != TUNE_ORIGIN_NONE)
        line(out, "ending", tune_ending_name(self->ending), self->ending_origin);
    if (self->loop_origin != TUNE_ORIGIN_NONE)
        line(out, "loop", self->loop ? "yes" : "no", self->loop_origin);
    if (self->commercial_origin != TUNE_ORIGIN_NONE)
        line(out, "commercial", self->commercial ? "yes" : "no", self->commercial_origin);
    if (self->lyrics->len > 0)
        linef(out, "lyrics", self->lyrics_origin, "%u blocks", self->lyrics->len);
}

static void explain_players(const TuneBrief *self, GString *out)
{
    for (guint i = 0; i < self->instruments->len; i++) {
        const TuneBriefInstrument *asked = &g_array_index(self->instruments, TuneBriefInstrument, i);
        g_autoptr(GString) text = g_string_new(asked->instrument->name);
        if (asked->count > 1)
            g_string_append_printf(text, " x%u", asked->count);
        if (asked->role_said)
            g_string_append_printf(text, " (%s)", tune_role_name(asked->role));
        line(out, "instrument", text->str, asked->origin);
    }
    if (self->only_instruments)
        line(out, "others", "nobody else plays", self->only_origin);
    if (self->no_lead)
        line(out, "melody", "none", self->no_lead_origin);
    if (self->no_drums)
        line(out, "drums", "none", self->no_drums_origin);
    if (self->no_bass)
        line(out, "bass", "none", self->no_bass_origin);
    if (self->no_vocals)
        line(out, "vocals", "none", self->no_vocals_origin);
    for (guint i = 0; i < self->excluded->len; i++) {
        const TuneInstrument *instrument = g_ptr_array_index(self->excluded, i);
        gboolean flagged = (self->no_drums && (strcmp(instrument->family, "drums") == 0 ||
                                               strcmp(instrument->family, "percussion") == 0)) ||
                           (self->no_bass && strcmp(instrument->family, "bass") == 0) ||
                           (self->no_vocals && strcmp(instrument->family, "voice") == 0);
        if (!flagged)
            line(out, "without", instrument->name,
                 g_array_index(self->excluded_origins, TuneOrigin, i));
    }
}

static void explain_feelings(const TuneBrief *self, GString *out)
{
    g_autofree char *moods = joined(self->moods), *tags = joined(self->tags);

    if (self->mood_origin != TUNE_ORIGIN_NONE)
        linef(out, "mood", self->mood_origin, "valence %+.2f, arousal %+.2f, tension %+.2f%s%s%s",
              self->valence, self->arousal, self->tension, *moods ? " (" : "", moods, *moods ? ")" : "");
    if (*tags != '\0')
        line(out, "tags", tags, TUNE_ORIGIN_SAID);
    linef(out, "temperature", self->temperature_origin, "%g", self->temperature);
    linef(out, "loudness", self->loudness_origin, "%g LUFS", self->loudness_lufs);
    if (self->title != NULL)
        line(out, "title", self->title, TUNE_ORIGIN_INFERRED);
    for (guint i = 0; i < self->style_references->len; i++)
        line(out, "reference", g_ptr_array_index(self->style_references, i), TUNE_ORIGIN_PRESET);
}

char *tune_brief_explain(const TuneBrief *self)
{
    GString *out = g_string_new(NULL);
    g_autofree char *strange = joined(self->not_understood);

    explain_style(self, out);
    explain_music(self, out);
    explain_form(self, out);
    explain_players(self, out);
    explain_feelings(self, out);
    for (guint i = 0; i < self->notes->len; i++)
        g_string_append_printf(out, "note           %s\n", (char *)g_ptr_array_index(self->notes, i));
    g_string_append_printf(out, "not understood %s\n", *strange != '\0' ? strange : "(nothing)");
    return g_string_free(out, FALSE);
}
