/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ask.h"

#include "base/random.h"
#include "brief/lexicon.h"

#include <string.h>

static const char *const MOODS[] = {
    NULL,         "sad",        "happy",      "epic",      "dreamy",    "tense",     "calm",
    "dark",       "hopeful",    "energetic",  "romantic",  "mysterious", "angry",    "playful",
    "melancholic", "triumphant", "peaceful",  "scary",     "nostalgic", "aggressive", "gentle",
    "heroic",     "lonely",     "funny",      "uplifting"};

static const char *const TONICS[] = {"C",  "G", "D",  "A",  "E",  "B",
                                     "F#", "F", "Bb", "Eb", "Ab", "Db"};
static const char *const MODES[] = {"major", "minor", "major", "minor", "dorian", "mixolydian"};

/* Degrees, as Roman numerals, that are at home in a major and in a minor key. */
static const char *const MAJOR_DEGREES[] = {"I",  "ii", "iii",    "IV", "V",
                                            "vi", "V7", "IVmaj7", "ii7"};
static const char *const MINOR_DEGREES[] = {"i",   "III", "iv",  "v",     "VI",
                                            "VII", "i7",  "iv7", "VImaj7"};

Ask *ask_new_empty(void)
{
    Ask *self = g_new0(Ask, 1);

    self->fields = g_ptr_array_new_with_free_func(g_free);
    self->chords = g_array_new(FALSE, FALSE, sizeof(TuneChord));
    self->roles = g_array_new(FALSE, FALSE, sizeof(TuneSectionRole));
    self->wanted = g_ptr_array_new();
    self->unwanted = g_ptr_array_new();
    return self;
}

void ask_free(Ask *self)
{
    if (self == NULL)
        return;
    g_free(self->sentence);
    g_ptr_array_unref(self->fields);
    g_array_unref(self->chords);
    g_array_unref(self->roles);
    g_ptr_array_unref(self->wanted);
    g_ptr_array_unref(self->unwanted);
    g_free(self);
}

/* ---- what is asked ---- */

static void choose_tempo_and_key(Ask *self, TuneRandom *r)
{
    double low, high;
    TuneFifths tonic = 0;
    TuneMode mode = TUNE_MODE_MAJOR;

    if (tune_random_chance(r, 0.6)) {
        tune_style_tempo(self->style, &low, &high);
        self->bpm = tune_random_chance(r, 0.15) ? tune_random_int(r, 45, 200)
                                                : tune_random_int(r, (gint)low, (gint)high);
    }
    if (tune_random_chance(r, 0.6)) {
        const char *name = TONICS[tune_random_int(r, 0, G_N_ELEMENTS(TONICS) - 1)];

        tune_fifths_parse(name, &tonic);
        tune_mode_parse(MODES[tune_random_int(r, 0, G_N_ELEMENTS(MODES) - 1)], &mode);
        self->key = (TuneKey){tonic, mode};
        self->key_said = ABS(tune_key_signature(self->key)) <= 6;
    }
}

/* Any style may be asked for any metre: an unusual one is kept as said. */
static void choose_metre(Ask *self, guint n_styles)
{
    static const TuneMetre metres[] = {{4, 4, 0}, {3, 4, 0}, {6, 8, 0}, {5, 4, 0},
                                       {2, 4, 0}, {12, 8, 0}, {7, 8, 0}, {9, 8, 0}};
    guint which = (self->index / n_styles + self->index) % (G_N_ELEMENTS(metres) + 3);

    if (which >= G_N_ELEMENTS(metres))
        return;
    self->metre_said = TRUE;
    self->metre = metres[which];
}

static void choose_length(Ask *self, TuneRandom *r)
{
    static const double weights[] = {1, 5, 2}; /* open, seconds, bars */

    self->loop = tune_random_chance(r, 0.12);
    switch (tune_random_weighted(r, weights, G_N_ELEMENTS(weights))) {
    case 1:
        if (self->loop)
            self->seconds = tune_random_int(r, 6, 40);
        else if (tune_random_chance(r, 0.1))
            self->seconds = tune_random_chance(r, 0.5) ? 5 : tune_random_int(r, 200, 600);
        else
            self->seconds = tune_random_int(r, 8, 200);
        break;
    case 2:
        self->bars = self->loop ? 4 * tune_random_int(r, 1, 4) : 4 * tune_random_int(r, 2, 16);
        break;
    default:
        break;
    }
    if (!self->loop && tune_random_chance(r, 0.35)) {
        static const TuneEnding endings[] = {TUNE_ENDING_RIT,  TUNE_ENDING_COLD, TUNE_ENDING_FADE,
                                             TUNE_ENDING_RING, TUNE_ENDING_TAG,  TUNE_ENDING_AMEN,
                                             TUNE_ENDING_FERMATA};
        self->ending = endings[tune_random_int(r, 0, G_N_ELEMENTS(endings) - 1)];
        /* A close that is played twice needs some bars; without them the note says so. */
        if (self->ending == TUNE_ENDING_TAG && self->seconds > 0 && self->seconds < 12)
            self->ending = TUNE_ENDING_COLD;
    }
}

static void choose_chords(Ask *self, TuneRandom *r)
{
    gboolean minor =
        self->key_said ? tune_mode_is_minor(self->key.mode) : tune_random_chance(r, 0.5);
    TuneKey key =
        self->key_said ? self->key : (TuneKey){0, minor ? TUNE_MODE_MINOR : TUNE_MODE_MAJOR};
    gint n = tune_random_int(r, 2, 5);

    if (!tune_random_chance(r, 0.2) || (self->key_said && self->key.mode > TUNE_MODE_MINOR))
        return;
    for (gint i = 0; i < n; i++) {
        /* The first chord is the tonic, so that the chords say the key that is meant. */
        gint pick = i == 0 ? 0 : tune_random_int(r, 0, 8);
        TuneChord chord;

        if (!tune_chord_parse_roman(minor ? MINOR_DEGREES[pick] : MAJOR_DEGREES[pick], key, &chord))
            continue;
        if (self->chords->len > 0) {
            TuneChord *last = &g_array_index(self->chords, TuneChord, self->chords->len - 1);
            if (last->root == chord.root && last->quality == chord.quality)
                continue;
        }
        g_array_append_val(self->chords, chord);
    }
    if (self->chords->len < 2)
        g_array_set_size(self->chords, 0);
}

static void choose_sections(Ask *self, TuneRandom *r)
{
    static const TuneSectionRole song[] = {
        TUNE_SECTION_INTRO,  TUNE_SECTION_VERSE,  TUNE_SECTION_CHORUS, TUNE_SECTION_VERSE,
        TUNE_SECTION_CHORUS, TUNE_SECTION_BRIDGE, TUNE_SECTION_CHORUS, TUNE_SECTION_OUTRO};
    gint n;

    /* Room for each: about four bars, and no number of bars that might not divide. */
    if (self->loop || self->bars > 0 || !tune_random_chance(r, 0.2))
        return;
    if (self->seconds > 0 && self->seconds < 80)
        return;
    n = tune_random_int(r, 2, G_N_ELEMENTS(song));
    for (gint i = 0; i < n; i++) {
        gint from = tune_random_chance(r, 0.5) ? 0 : 1;
        TuneSectionRole role = song[MIN(i + from, (gint)G_N_ELEMENTS(song) - 1)];
        g_array_append_val(self->roles, role);
    }
}

static gboolean is_named(const GPtrArray *list, const TuneInstrument *instrument)
{
    return g_ptr_array_find((GPtrArray *)list, instrument, NULL);
}

static const TuneInstrument *any_instrument(const TuneVocabulary *vocabulary, TuneRandom *r)
{
    TuneInstruments *all = tune_vocabulary_instruments(vocabulary);

    return tune_instruments_at(all,
                               (guint)tune_random_int(r, 0, (gint)tune_instruments_count(all) - 1));
}

/* In a sentence "rain", "atmosphere", "brightness" are moods before they are General Midi's
 * effects, and "saxophones" may be any of them before it is the section of that name. */
static gboolean can_be_named(const Ask *self, const TuneInstrument *instrument)
{
    return !instrument->is_drums && instrument->roles != 0 &&
           !(self->as_sentence && (g_str_has_suffix(instrument->key, "-fx") ||
                                   g_str_has_suffix(instrument->key, "-section")));
}

/* "no electric guitar, with overdriven guitar" contradicts itself: one word for a whole family. */
static gboolean covers_wanted(const Ask *self, const TuneVocabulary *vocabulary,
                              const TuneInstrument *instrument)
{
    g_autofree char *word = g_utf8_strdown(instrument->name, -1);
    const LexiconEntry *entry = tune_lexicon_find(vocabulary, word);

    for (guint i = 0; entry != NULL && i < self->wanted->len; i++) {
        const TuneInstrument *wanted = self->wanted->pdata[i];

        if (tune_lexicon_is_of(entry, wanted))
            return TRUE;
        for (guint k = 0; k < entry->members->len; k++)
            if (strcmp(g_array_index(entry->members, LexiconMember, k).instrument, wanted->key) ==
                0)
                return TRUE;
    }
    return FALSE;
}

static void choose_instruments(Ask *self, const TuneVocabulary *vocabulary, TuneRandom *r)
{
    gint n_wanted = tune_random_chance(r, 0.5) ? tune_random_int(r, 1, 3) : 0;
    gint n_unwanted = tune_random_chance(r, 0.3) ? tune_random_int(r, 1, 2) : 0;

    self->no_drums = tune_random_chance(r, 0.1);
    while (n_wanted-- > 0) {
        const TuneInstrument *instrument = any_instrument(vocabulary, r);

        if (can_be_named(self, instrument) && !is_named(self->wanted, instrument))
            g_ptr_array_add(self->wanted, (gpointer)instrument);
    }
    while (n_unwanted-- > 0) {
        const TuneInstrument *instrument = any_instrument(vocabulary, r);

        if (can_be_named(self, instrument) && !is_named(self->wanted, instrument) &&
            !is_named(self->unwanted, instrument) && !covers_wanted(self, vocabulary, instrument))
            g_ptr_array_add(self->unwanted, (gpointer)instrument);
    }
}

/* ---- how it is asked ---- */

static char *joined_instruments(const GPtrArray *list, const char *separator, gboolean keys)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < list->len; i++) {
        const TuneInstrument *instrument = list->pdata[i];
        g_autofree char *name = g_utf8_strdown(instrument->name, -1);

        if (i > 0)
            g_string_append(text, separator);
        /* "organ" alone is any organ: the style's choice. */
        g_string_append(text, keys && strcmp(instrument->key, instrument->family) != 0
                                  ? instrument->key
                                  : name);
    }
    return g_string_free(text, FALSE);
}

static char *joined_chords(const Ask *self, const char *separator)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < self->chords->len; i++) {
        g_autofree char *symbol = tune_chord_to_string(g_array_index(self->chords, TuneChord, i));
        g_string_append_printf(text, "%s%s", i > 0 ? separator : "", symbol);
    }
    return g_string_free(text, FALSE);
}

static char *joined_roles(const Ask *self)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < self->roles->len; i++)
        g_string_append_printf(
            text, "%s%s", i > 0 ? ", " : "",
            tune_section_role_name(g_array_index(self->roles, TuneSectionRole, i)));
    return g_string_free(text, FALSE);
}

static void add_field(Ask *self, const char *name, char *value)
{
    g_ptr_array_add(self->fields, g_strdup(name));
    g_ptr_array_add(self->fields, value);
}

static const char *ending_words(TuneEnding ending)
{
    switch (ending) {
    case TUNE_ENDING_COLD:
        return "cold ending";
    case TUNE_ENDING_FADE:
        return "fade out";
    case TUNE_ENDING_RIT:
        return "ritardando at the end";
    case TUNE_ENDING_TAG:
        return "tag ending";
    case TUNE_ENDING_AMEN:
        return "amen ending";
    case TUNE_ENDING_FERMATA:
        return "fermata at the end";
    default:
        return "let the last chord ring out";
    }
}

static void write_fields(Ask *self)
{
    add_field(self, "genre", g_strdup(tune_style_name(self->style)));
    if (self->bpm > 0)
        add_field(self, "bpm", g_strdup_printf("%g", self->bpm));
    if (self->key_said)
        add_field(self, "key", tune_key_to_string(self->key));
    if (self->metre_said)
        add_field(self, "metre", tune_metre_to_string(self->metre));
    if (self->chords->len > 0)
        add_field(self, "chords", joined_chords(self, " "));
    if (self->seconds > 0)
        add_field(self, "duration", g_strdup_printf("%g", self->seconds));
    if (self->bars > 0)
        add_field(self, "bars", g_strdup_printf("%d", self->bars));
    if (self->roles->len > 0)
        add_field(self, "structure", joined_roles(self));
    if (self->wanted->len > 0)
        add_field(self, "instruments", joined_instruments(self->wanted, ",", TRUE));
    if (self->unwanted->len > 0 || self->no_drums) {
        g_autofree char *names = joined_instruments(self->unwanted, ",", TRUE);
        add_field(self, "exclude",
                  g_strdup_printf("%s%s%s", self->no_drums ? "drums" : "",
                                  self->no_drums && *names != 0 ? "," : "", names));
    }
    if (self->ending != TUNE_ENDING_AUTO)
        add_field(self, "ending", g_strdup(tune_ending_name(self->ending)));
    if (self->loop)
        add_field(self, "loop", g_strdup("true"));
    if (self->mood != NULL)
        add_field(self, "mood", g_strdup(self->mood));
}

static char *length_words(const Ask *self, TuneRandom *r)
{
    gint whole = (gint)self->seconds;

    if (self->bars > 0)
        return g_strdup_printf("%d bars", self->bars);
    switch (tune_random_int(r, 0, 2)) {
    case 0:
        return g_strdup_printf("%d seconds", whole);
    case 1:
        return g_strdup_printf("%d:%02d", whole / 60, whole % 60);
    default:
        return whole >= 60 && whole % 60 == 0 ? g_strdup_printf("%d minutes long", whole / 60)
                                              : g_strdup_printf("%d seconds long", whole);
    }
}

/* "epic cinematic" is the style cinematic-epic, not cinematic in an epic mood. */
static gboolean names_other_style(const TuneStyle *style, const char *mood,
                                  const TuneVocabulary *vocabulary)
{
    const char *name = tune_style_name(style);
    g_autofree char *before = g_strdup_printf("%s-%s", mood, name);
    g_autofree char *behind = g_strdup_printf("%s-%s", name, mood);
    TuneStyles *styles = tune_vocabulary_styles(vocabulary);

    return tune_styles_find(styles, before) != NULL || tune_styles_find(styles, behind) != NULL;
}

/* Each clause stands alone, so that they can come in any order. */
static void write_sentence(Ask *self, TuneRandom *r)
{
    g_autoptr(GPtrArray) clauses = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *style = g_strdup(tune_style_name(self->style));
    g_autofree char *key = self->key_said ? tune_key_to_string(self->key) : NULL;
    g_autofree char *metre = tune_metre_to_string(self->metre);

    g_strdelimit(style, "-", ' ');
    if (self->bpm > 0)
        g_ptr_array_add(
            clauses,
            g_strdup_printf(tune_random_chance(r, 0.7) ? "%g bpm" : "at %g bpm", self->bpm));
    if (key != NULL)
        g_ptr_array_add(clauses, g_strdup_printf("in %s", key));
    if (self->metre_said)
        g_ptr_array_add(clauses,
                        g_strdup_printf(tune_random_chance(r, 0.5) ? "%s" : "in %s time", metre));
    if (self->chords->len > 0) {
        g_autofree char *chords = joined_chords(self, " ");
        g_ptr_array_add(clauses, g_strdup_printf("chords %s", chords));
    }
    if (self->seconds > 0 || self->bars > 0)
        g_ptr_array_add(clauses, length_words(self, r));
    if (self->wanted->len > 0) {
        g_autofree char *names = joined_instruments(self->wanted, " and ", FALSE);
        g_ptr_array_add(clauses, g_strdup_printf("with %s", names));
    }
    for (guint i = 0; i < self->unwanted->len; i++) {
        g_autofree char *name =
            g_utf8_strdown(((const TuneInstrument *)self->unwanted->pdata[i])->name, -1);
        g_ptr_array_add(clauses, g_strdup_printf(i % 2 == 0 ? "no %s" : "without %s", name));
    }
    if (self->no_drums)
        g_ptr_array_add(clauses, g_strdup("no drums"));
    if (self->ending != TUNE_ENDING_AUTO)
        g_ptr_array_add(clauses, g_strdup(ending_words(self->ending)));
    if (self->loop)
        g_ptr_array_add(clauses, g_strdup("a seamless loop"));
    for (guint i = clauses->len; i > 1; i--) {
        guint j = (guint)tune_random_int(r, 0, (gint)i - 1);
        gpointer other = clauses->pdata[j];
        clauses->pdata[j] = clauses->pdata[i - 1];
        clauses->pdata[i - 1] = other;
    }
    GString *text = g_string_new(NULL);
    g_string_printf(text, "%s%s%s", self->mood ? self->mood : "", self->mood ? " " : "", style);
    for (guint i = 0; i < clauses->len; i++)
        g_string_append_printf(text, ", %s", (const char *)clauses->pdata[i]);
    if (self->roles->len > 0) {
        g_autofree char *roles = joined_roles(self);
        g_string_append_printf(text, ". Structure: %s", roles);
    }
    self->sentence = g_string_free(text, FALSE);
}

Ask *ask_new(guint index, const TuneVocabulary *vocabulary)
{
    TuneStyles *styles = tune_vocabulary_styles(vocabulary);
    guint n_styles = tune_styles_count(styles);
    Ask *self = ask_new_empty();
    TuneRandom r;

    tune_random_init(&r, 20260101, "ask/%u", index);
    self->index = index;
    self->seed = tune_random_next(&r) >> 11; /* 0 .. 2^53 - 1 */
    self->style = tune_styles_at(styles, index % n_styles);
    g_assert_true(tune_style_require(self->style, NULL));
    self->mood = MOODS[(index / n_styles + index) % G_N_ELEMENTS(MOODS)];
    self->as_sentence = (index / n_styles) % 2 == 1;
    if (self->as_sentence && self->mood != NULL &&
        names_other_style(self->style, self->mood, vocabulary))
        self->mood = NULL;
    choose_tempo_and_key(self, &r);
    choose_metre(self, n_styles);
    choose_length(self, &r);
    choose_chords(self, &r);
    choose_sections(self, &r);
    choose_instruments(self, vocabulary, &r);
    if (self->as_sentence)
        write_sentence(self, &r);
    else
        write_fields(self);
    if (self->sentence == NULL)
        self->sentence = g_strdup("");
    return self;
}

Ask *ask_new_plain(const TuneStyle *style, double seconds, guint64 seed)
{
    Ask *self = ask_new_empty();

    self->seed = seed;
    self->style = style;
    g_assert_true(tune_style_require(style, NULL));
    self->seconds = seconds;
    write_fields(self);
    self->sentence = g_strdup("");
    return self;
}

TuneBrief *ask_brief(const Ask *self, const TuneVocabulary *vocabulary, GError **error)
{
    g_autoptr(TuneBrief) brief = tune_brief_new();

    for (guint i = 0; i + 1 < self->fields->len; i += 2)
        if (!tune_brief_set_field(brief, vocabulary, self->fields->pdata[i],
                                  self->fields->pdata[i + 1], error))
            return NULL;
    if (*self->sentence != 0 && !tune_brief_read_sentence(brief, vocabulary, self->sentence, error))
        return NULL;
    if (!tune_brief_complete(brief, vocabulary, error))
        return NULL;
    return g_steal_pointer(&brief);
}

char *ask_command(const Ask *self)
{
    GString *text = g_string_new("tunesmith generate");

    /* The field has no option of its own. */
    if (self->fields->len > 0 && self->bars > 0)
        g_string_append_printf(text, " '%d bars'", self->bars);
    if (*self->sentence != 0) {
        g_autofree char *quoted = g_shell_quote(self->sentence);
        g_string_append_printf(text, " %s", quoted);
    }
    for (guint i = 0; i + 1 < self->fields->len; i += 2) {
        const char *name = self->fields->pdata[i];
        g_autofree char *quoted = g_shell_quote(self->fields->pdata[i + 1]);

        if (strcmp(name, "loop") == 0)
            g_string_append(text, " --loop");
        else if (strcmp(name, "bars") != 0)
            g_string_append_printf(text, " --%s %s", name, quoted);
    }
    g_string_append_printf(text, " --seed %" G_GUINT64_FORMAT, self->seed);
    return g_string_free(text, FALSE);
}
