/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fields by name: flags of the command line, members of a request.  Each reads one value strictly; what it
 * cannot read is refused with the name of the field.
 */
#include "brief/lyrics.h"
#include "brief/preset.h"
#include "brief/sentence-private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    TuneBrief *brief;
    const TuneVocabulary *vocabulary;
    const char *name;
    const char *value;
} Field;

static gboolean refuse(const Field *self, GError **error, const char *what)
{
    g_autofree char *shown = g_utf8_make_valid(self->value, (gssize)strnlen(self->value, 80));

    g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD, "%s: \"%s\" %s", self->name, shown,
                what);
    return FALSE;
}

static gboolean read_number(const Field *self, double low, double high, double *out, GError **error)
{
    char *end = NULL;
    double value = g_ascii_strtod(self->value, &end);

    while (end != NULL && g_ascii_isspace(*end))
        end++;
    if (end == self->value || *end != '\0' || !isfinite(value))
        return refuse(self, error, "is not a number");
    if (value < low || value > high) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD, "%s: %g is outside %g .. %g",
                    self->name, value, low, high);
        return FALSE;
    }
    *out = value;
    return TRUE;
}

/* ---- one function a field ---- */

static gboolean set_genre(Field *self, GError **error)
{
    const LexiconEntry *entry = tune_lexicon_genre(self->vocabulary, self->value);
    gboolean own = FALSE;
    g_autofree char *name = g_ascii_strdown(self->value, -1);
    g_strdelimit(g_strstrip(name), " _", '-');
    /* A style's own name is that style, whatever else the word may mean ("string-quartet" is a group). */
    const TuneStyle *style = tune_styles_find(tune_vocabulary_styles(self->vocabulary), name);

    own = style != NULL;
    if (style == NULL && entry != NULL)
        style = tune_lexicon_style(self->vocabulary, entry, &own);

    if (style != NULL && own) {
        self->brief->style = style;
        self->brief->style_origin = TUNE_ORIGIN_FIELD;
        g_clear_pointer(&self->brief->style_asked, g_free);
        return TRUE;
    }
    const char *broken = tune_styles_complaint(self->vocabulary->styles, name);
    if (broken != NULL) {
        g_set_error_literal(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_SYNTAX, broken);
        return FALSE;
    }
    g_autofree char *near =
        style != NULL ? g_strdup_printf("; the nearest is \"%s\"", tune_style_name(style))
                      : tune_lexicon_suggest(self->vocabulary, LEXICON_GENRE, self->value);
    g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_UNKNOWN, "genre: there is no style \"%s\"%s",
                self->value, near);
    return FALSE;
}

static gboolean set_bpm(Field *self, GError **error)
{
    TuneBrief *brief = self->brief;
    const LexiconEntry *word = tune_lexicon_find(self->vocabulary, self->value);
    double low = 0, high = 0;
    int used = 0;

    if (word != NULL && word->kind == LEXICON_TEMPO) {
        brief->bpm_low = word->tempo_low;
        brief->bpm_high = word->tempo_high;
        brief->bpm_hard = FALSE;
    } else if (sscanf(self->value, "%lf-%lf%n", &low, &high, &used) == 2 &&
               self->value[used] == '\0' && low <= high && low >= 20 && high <= 400) {
        brief->bpm_low = low;
        brief->bpm_high = high;
        brief->bpm_hard = TRUE;
    } else {
        if (!read_number(self, 20, 400, &low, error))
            return FALSE;
        brief->bpm_low = brief->bpm_high = low;
        brief->bpm_hard = TRUE;
    }
    brief->bpm_origin = TUNE_ORIGIN_FIELD;
    return TRUE;
}

static gboolean set_key(Field *self, GError **error)
{
    TuneBrief *brief = self->brief;
    g_autoptr(GError) why = NULL;
    gboolean mode_said = FALSE;
    TuneMode mode;
    TuneKey key;

    if (tune_mode_parse(self->value, &mode)) {
        brief->key.mode = mode;
        brief->mode_origin = TUNE_ORIGIN_FIELD;
        return TRUE;
    }
    if (!tune_key_parse(self->value, &key, &mode_said, &why)) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD, "key: %s", why->message);
        return FALSE;
    }
    brief->key.tonic = key.tonic;
    brief->key_origin = TUNE_ORIGIN_FIELD;
    if (mode_said) {
        brief->key.mode = key.mode;
        brief->mode_origin = TUNE_ORIGIN_FIELD;
    }
    return TRUE;
}

static gboolean set_metre(Field *self, GError **error)
{
    TuneMetre metre;

    if (!tune_metre_parse(self->value, &metre))
        return refuse(self, error, "is no metre that can be written (like 3/4, 6/8, 7/8)");
    self->brief->metre = metre;
    self->brief->metre_origin = TUNE_ORIGIN_FIELD;
    return TRUE;
}

/* Fields that a sentence says just as well are read by the sentence's parsers, as a sentence that says
 * nothing else. */
static TuneBrief *understood(const Field *self, const char *format, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(TuneBrief) heard = tune_brief_new();
    g_autoptr(GError) why = NULL;
    const char *hole = strstr(format, "%s");

    text = g_strdup_printf("%.*s%s%s", (int)(hole - format), format, self->value, hole + 2);
    if (tune_sentence_understand(self->vocabulary, text, self->brief, heard, &why))
        return g_steal_pointer(&heard);
    if (g_str_has_prefix(why->message, self->name))
        g_propagate_error(error, g_steal_pointer(&why));
    else
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD, "%s: %s", self->name,
                    why->message);
    return NULL;
}

static gboolean set_chords(Field *self, GError **error)
{
    g_autoptr(TuneBrief) heard = understood(self, "chords: %s", error);

    if (heard == NULL)
        return FALSE;
    if ((heard->chords->len == 0 && !heard->blues_form) || heard->not_understood->len > 0)
        return refuse(self, error, "is no chord progression (write it like \"Am F C G\" or \"ii-V-I\")");
    tune_brief_merge(self->brief, heard, TUNE_ORIGIN_FIELD);
    return TRUE;
}

static gboolean set_duration(Field *self, GError **error)
{
    double seconds = 0;
    char *end = NULL;
    const char *colon = strchr(self->value, ':');
    double plain = g_ascii_strtod(self->value, &end);

    if (end != self->value && *end == '\0') {
        if (!isfinite(plain) || plain < 0.1 || plain > 600)
            return refuse(self, error, "is outside 0.1 seconds .. 10 minutes");
        seconds = plain;
    } else if (colon != NULL && g_ascii_strtod(colon + 1, NULL) >= 60) {
        return refuse(self, error, "has 60 seconds or more behind the colon (write it like 1:30)");
    } else {
        g_autoptr(TuneBrief) heard = understood(self, "for %s", error);
        if (heard == NULL)
            return FALSE;
        if (heard->seconds_origin == TUNE_ORIGIN_NONE)
            return refuse(self, error, "is no length (write it like 90, 1:30 or \"2 minutes\")");
        seconds = heard->seconds;
    }
    self->brief->seconds = seconds;
    self->brief->seconds_origin = TUNE_ORIGIN_FIELD;
    return TRUE;
}

static gboolean set_bars(Field *self, GError **error)
{
    double bars = 0;

    if (!read_number(self, 1, 2000, &bars, error))
        return FALSE;
    if (bars != floor(bars))
        return refuse(self, error, "is not a whole number");
    self->brief->bars = (gint)bars;
    self->brief->bars_origin = TUNE_ORIGIN_FIELD;
    return TRUE;
}

/* "intro, verse:8, chorus:8", "AABA" */
static gboolean set_structure(Field *self, GError **error)
{
    g_autoptr(TuneBrief) heard = tune_brief_new();
    g_auto(GStrv) items = g_strsplit_set(self->value, ",-> ", -1);

    if (tune_form_is_letters(self->value, strlen(self->value))) {
        tune_brief_add_letters(heard, self->value);
        g_clear_pointer(&items, g_strfreev);
    }
    for (guint i = 0; items != NULL && items[i] != NULL; i++)
        if (strspn(items[i], "0") > 0 && items[i][strspn(items[i], "0")] == '\0')
            return refuse(self, error, "has a section of no bars");
    for (guint i = 0; items != NULL && items[i] != NULL; i++) {
        char *colon = strchr(items[i], ':');
        gint64 bars = colon == NULL ? 0 : g_ascii_strtoll(colon + 1, NULL, 10);
        TuneSectionRole role;
        if (*items[i] == '\0')
            continue;
        if (colon != NULL)
            *colon = '\0';
        if (!tune_section_role_parse(items[i], &role) || bars < 0 || bars > 256 ||
            (colon != NULL && bars == 0)) {
            heard->sections_origin = TUNE_ORIGIN_NONE;
            tune_brief_clear_sections(heard);
            break;
        }
        tune_brief_add_section(heard, role, (gint)bars);
    }
    if (heard->sections->len == 0) { /* "two verses, a chorus and a bridge" */
        g_autoptr(TuneBrief) again = understood(self, "%s", error);
        if (again == NULL)
            return FALSE;
        if (again->sections->len == 0 || again->not_understood->len > 0)
            return refuse(self, error, "is no list of sections (intro, verse, chorus, bridge, ...)");
        again->sections_partial = FALSE;
        tune_brief_merge(self->brief, again, TUNE_ORIGIN_FIELD);
        return TRUE;
    }
    heard->sections_origin = TUNE_ORIGIN_SAID;
    tune_brief_merge(self->brief, heard, TUNE_ORIGIN_FIELD);
    return TRUE;
}

static gboolean names_players(const LexiconEntry *entry)
{
    return entry != NULL && (entry->kind == LEXICON_INSTRUMENT || entry->kind == LEXICON_GENERIC ||
                             entry->kind == LEXICON_GROUP);
}

static const LexiconEntry *players_entry(const Field *self, const char *word, GError **error)
{
    const LexiconEntry *entry = tune_lexicon_find(self->vocabulary, word);
    const TuneInstrument *instrument = tune_instruments_find(self->vocabulary->instruments, word);

    /* A key may be a word that means something else in a sentence: "vinyl" is a mood before a hiss. */
    if (!names_players(entry) && instrument != NULL) {
        g_autofree char *name = g_utf8_strdown(instrument->name, -1);
        entry = tune_lexicon_find(self->vocabulary, name);
    }
    if (names_players(entry))
        return entry;
    g_autofree char *near = tune_lexicon_suggest(self->vocabulary, LEXICON_INSTRUMENT, word);
    g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_UNKNOWN, "%s: there is no instrument \"%s\"%s",
                self->name, word, near);
    return NULL;
}

static gboolean set_players(Field *self, GError **error)
{
    g_auto(GStrv) words = g_strsplit(self->value, ",", -1);
    gboolean out = strcmp(self->name, "exclude") == 0;
    guint n = 0;

    for (guint i = 0; words[i] != NULL; i++) {
        char *word = g_strstrip(words[i]);
        if (*word == '\0')
            continue;
        const LexiconEntry *entry = players_entry(self, word, error);
        if (entry == NULL)
            return FALSE;
        if (out)
            tune_brief_exclude_entry(self->brief, self->vocabulary, entry, TUNE_ORIGIN_FIELD);
        else
            tune_brief_add_entry(self->brief, self->vocabulary, entry, 1, TUNE_ORIGIN_FIELD);
        n++;
    }
    return n > 0 || refuse(self, error, "names no instrument");
}

static gboolean set_lyrics(Field *self, GError **error)
{
    g_autofree char *plain = tune_text_normalise(self->value, error);

    if (plain == NULL) {
        g_prefix_error(error, "lyrics: ");
        return FALSE;
    }
    GArray *blocks = tune_lyrics_parse(plain);
    if (blocks->len == 0) {
        g_array_unref(blocks);
        return refuse(self, error, "holds no words to sing");
    }
    g_array_unref(self->brief->lyrics);
    self->brief->lyrics = blocks;
    self->brief->lyrics_origin = TUNE_ORIGIN_FIELD;
    return TRUE;
}

static gboolean set_ending(Field *self, GError **error)
{
    TuneEnding ending;

    if (!tune_ending_parse(self->value, &ending))
        return refuse(self, error, "is no ending (auto, rit, cold, fade, ring, tag, loop)");
    self->brief->ending = ending;
    self->brief->ending_origin = TUNE_ORIGIN_FIELD;
    return TRUE;
}

static gboolean set_switch(Field *self, gboolean *out, TuneOrigin *origin, GError **error)
{
    static const char *const yes[] = {"1", "true", "yes", "on", "", NULL};
    static const char *const no[] = {"0", "false", "no", "off", NULL};
    g_autofree char *lower = g_ascii_strdown(self->value, -1);

    *out = g_strv_contains(yes, lower);
    if (!*out && !g_strv_contains(no, lower))
        return refuse(self, error, "is neither yes nor no");
    *origin = TUNE_ORIGIN_FIELD;
    return TRUE;
}

static gboolean set_loop(Field *self, GError **error)
{
    return set_switch(self, &self->brief->loop, &self->brief->loop_origin, error);
}

static gboolean set_commercial(Field *self, GError **error)
{
    return set_switch(self, &self->brief->commercial, &self->brief->commercial_origin, error);
}

static gboolean set_temperature(Field *self, GError **error)
{
    if (!read_number(self, 0, 1, &self->brief->temperature, error))
        return FALSE;
    self->brief->temperature_origin = TUNE_ORIGIN_FIELD;
    return TRUE;
}

static gboolean set_loudness(Field *self, GError **error)
{
    if (!read_number(self, -40, -5, &self->brief->loudness_lufs, error))
        return FALSE;
    self->brief->loudness_origin = TUNE_ORIGIN_FIELD;
    return TRUE;
}

static gboolean set_mood(Field *self, GError **error)
{
    g_autoptr(TuneBrief) heard = understood(self, "%s", error);

    if (heard == NULL)
        return FALSE;
    if (heard->mood_origin == TUNE_ORIGIN_NONE)
        return refuse(self, error, "is no mood that is known");
    g_autoptr(TuneBrief) mood = tune_brief_new();
    mood->valence = heard->valence;
    mood->arousal = heard->arousal;
    mood->tension = heard->tension;
    mood->mood_origin = TUNE_ORIGIN_SAID;
    for (guint i = 0; i < heard->moods->len; i++)
        g_ptr_array_add(mood->moods, g_strdup(g_ptr_array_index(heard->moods, i)));
    tune_brief_merge(self->brief, mood, TUNE_ORIGIN_FIELD);
    return TRUE;
}

static gboolean set_title(Field *self, GError **error)
{
    if (g_utf8_strlen(self->value, -1) > 200)
        return refuse(self, error, "is longer than 200 characters");
    g_free(self->brief->title);
    self->brief->title = g_strdup(self->value);
    return TRUE;
}

static gboolean set_style(Field *self, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(self->value, ":", 2);

    if (parts[0] == NULL || parts[1] == NULL)
        return refuse(self, error, "must be TYPE:VALUE (style, sound, artist or similar_to)");
    return tune_brief_add_reference(self->brief, self->vocabulary, g_strstrip(parts[0]),
                                    g_strstrip(parts[1]), TUNE_ORIGIN_PRESET, error);
}

static const struct {
    const char *name;
    gboolean (*set)(Field *self, GError **error);
} setters[] = {
    {"genre", set_genre},       {"bpm", set_bpm},           {"key", set_key},
    {"metre", set_metre},       {"chords", set_chords},     {"duration", set_duration},
    {"bars", set_bars},         {"structure", set_structure}, {"instruments", set_players},
    {"exclude", set_players},   {"lyrics", set_lyrics},     {"ending", set_ending},
    {"loop", set_loop},         {"temperature", set_temperature}, {"loudness", set_loudness},
    {"mood", set_mood},         {"title", set_title},       {"style", set_style},
    {"commercial", set_commercial},
};

gboolean tune_brief_set_field(TuneBrief *self, const TuneVocabulary *vocabulary, const char *field,
                              const char *value, GError **error)
{
    g_autofree char *trimmed = NULL;

    if (!g_utf8_validate(value, -1, NULL) || strlen(value) > TUNE_BRIEF_MAX_TEXT) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_TEXT,
                    "%s: the value is not UTF-8 or longer than %d KiB", field,
                    TUNE_BRIEF_MAX_TEXT / 1024);
        return FALSE;
    }
    trimmed = g_strstrip(g_strdup(value));
    for (gsize i = 0; i < G_N_ELEMENTS(setters); i++)
        if (strcmp(setters[i].name, field) == 0) {
            Field now = {self, vocabulary, field, trimmed};
            return setters[i].set(&now, error);
        }
    g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD, "there is no field \"%s\"", field);
    return FALSE;
}
