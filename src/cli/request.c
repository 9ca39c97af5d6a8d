/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/request.h"

#include "compose/theme.h"
#include "score/format.h"
#include "engine/title.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define LARGEST_SEED ((G_GINT64_CONSTANT(1) << 53) - 1)
#define OLD_DURATION "180"

static const struct {
    TuneOptionId option;
    const char *field;
} plain_fields[] = {
    {OPTION_GENRE, "genre"},         {OPTION_BPM, "bpm"},
    {OPTION_KEY, "key"},             {OPTION_METRE, "metre"},
    {OPTION_CHORDS, "chords"},       {OPTION_DURATION, "duration"},
    {OPTION_STRUCTURE, "structure"}, {OPTION_INSTRUMENTS, "instruments"},
    {OPTION_EXCLUDE, "exclude"},     {OPTION_MOOD, "mood"},
    {OPTION_ENDING, "ending"},       {OPTION_TITLE, "title"},
    {OPTION_TEMPERATURE, "temperature"},
};

static gboolean usage(GError **error, const char *message)
{
    g_set_error_literal(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE, message);
    return FALSE;
}

/* Text that came with its length must be text: no zero bytes in it. */
static char *only_text(char *text, gsize length, const char *what, GError **error)
{
    if (text == NULL || strlen(text) == length)
        return text;
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE, "%s: there are zero bytes in it, so "
                "it is no text", what);
    g_free(text);
    return NULL;
}

char *tune_request_sentence(TuneCli *cli, GError **error)
{
    const char *word = tune_args_word(cli->args, 0);
    const char *text = tune_args_get(cli->args, OPTION_TEXT);
    gsize length = 0;

    if (word != NULL && text != NULL) {
        usage(error, "sentence: given twice, as an argument and by --text");
        return NULL;
    }
    if (word == NULL)
        word = text != NULL ? text : "";
    if (strcmp(word, "-") != 0)
        return g_strdup(word);
    char *all = tune_cli_read_stdin(TUNE_BRIEF_MAX_TEXT, &length, error);
    if (all == NULL)
        g_prefix_error(error, "sentence: ");
    all = only_text(all, length, "sentence", error);
    return all != NULL ? g_strchomp(all) : NULL;
}

gboolean tune_request_structure(const TuneArgs *args, const TunePreset *preset,
                                TuneSongStructure *out, gboolean *said, GError **error)
{
    static const TuneOptionId flags[] = {OPTION_INTRO, OPTION_VERSES, OPTION_CHORUSES,
                                         OPTION_BRIDGE, OPTION_OUTRO};
    gint64 verses, choruses;

    *out = preset != NULL ? preset->structure : TUNE_SONG_STRUCTURE_DEFAULT;
    *said = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(flags); i++)
        *said = *said || tune_args_has(args, flags[i]);
    verses = out->verse_count;
    choruses = out->chorus_count;
    if (!tune_args_int(args, OPTION_VERSES, 1, 5, &verses, error) ||
        !tune_args_int(args, OPTION_CHORUSES, 1, 4, &choruses, error))
        return FALSE;
    out->verse_count = (gint)verses;
    out->chorus_count = (gint)choruses;
    out->intro = tune_args_switch(args, OPTION_INTRO, out->intro);
    out->bridge = tune_args_switch(args, OPTION_BRIDGE, out->bridge);
    out->outro = tune_args_switch(args, OPTION_OUTRO, out->outro);
    return TRUE;
}

static void clear_reference(gpointer data)
{
    TuneStyleReference *reference = data;

    g_free(reference->type);
    g_free(reference->value);
}

GArray *tune_request_references(const TuneArgs *args, GError **error)
{
    static const char *const types[] = {"style", "sound", "artist", "similar_to", NULL};
    const GPtrArray *values = tune_args_list(args, OPTION_STYLE);
    g_autoptr(GArray) list = g_array_new(FALSE, TRUE, sizeof(TuneStyleReference));

    g_array_set_clear_func(list, clear_reference);
    for (guint i = 0; i < values->len; i++) {
        const char *value = values->pdata[i], *colon = strchr(value, ':');
        g_autofree char *type = colon != NULL ? g_strndup(value, (gsize)(colon - value)) : NULL;
        if (type == NULL || !g_strv_contains(types, g_strstrip(type)) || colon[1] == '\0') {
            g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                        "--style: \"%s\" is not TYPE:VALUE with a type of style, sound, artist, "
                        "similar_to", value);
            return NULL;
        }
        TuneStyleReference reference = {g_steal_pointer(&type), g_strstrip(g_strdup(colon + 1))};
        g_array_append_val(list, reference);
    }
    return g_steal_pointer(&list);
}

gboolean tune_request_preset(const TuneArgs *args, TunePreset **out, GError **error)
{
    const char *name = tune_args_get(args, OPTION_PRESET);

    *out = NULL;
    if (name == NULL)
        return TRUE;
    *out = tune_preset_load(name, error);
    if (*out == NULL)
        g_prefix_error(error, "--preset: ");
    return *out != NULL;
}

static gboolean set_field(TuneBrief *brief, const TuneVocabulary *vocabulary, const char *field,
                          const char *value, GError **error)
{
    return tune_brief_set_field(brief, vocabulary, field, value, error);
}

static gboolean set_lyrics(TuneCli *cli, TuneBrief *brief, const TuneVocabulary *vocabulary,
                           GError **error)
{
    const char *path = tune_args_get(cli->args, OPTION_LYRICS);
    gsize length = 0;

    if (path == NULL)
        return TRUE;
    const char *word = tune_args_word(cli->args, 0), *said = tune_args_get(cli->args, OPTION_TEXT);
    if (strcmp(path, "-") == 0 && (g_strcmp0(word, "-") == 0 || g_strcmp0(said, "-") == 0))
        return usage(error, "--lyrics -: the sentence comes from standard input already");
    g_autofree char *text =
        strcmp(path, "-") == 0 ? tune_cli_read_stdin(TUNE_BRIEF_MAX_TEXT, &length, error)
                               : tune_cli_read_file(path, TUNE_BRIEF_MAX_TEXT, &length, error);
    if (text == NULL) {
        g_prefix_error(error, "--lyrics ");
        return FALSE;
    }
    if (strlen(text) != length || !g_utf8_validate(text, -1, NULL)) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_BROKEN, "--lyrics %s: not UTF-8 text",
                    path);
        return FALSE;
    }
    return set_field(brief, vocabulary, "lyrics", text, error);
}

/* --intro --verses ... as the form they mean. */
static gboolean set_structure(TuneCli *cli, TuneBrief *brief, const TuneVocabulary *vocabulary,
                              const TunePreset *preset, GError **error)
{
    TuneSongStructure structure;
    gboolean said;

    if (!tune_request_structure(cli->args, preset, &structure, &said, error))
        return FALSE;
    if (!said || tune_args_has(cli->args, OPTION_STRUCTURE))
        return TRUE;
    g_autoptr(GArray) order = tune_song_structure_order(&structure);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < order->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
                               tune_section_role_name(g_array_index(order, TuneSectionRole, i)));
    return set_field(brief, vocabulary, "structure", text->str, error);
}

static gboolean set_fields(TuneCli *cli, TuneBrief *brief, const TuneVocabulary *vocabulary,
                           GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(plain_fields); i++) {
        const char *value = tune_args_get(cli->args, plain_fields[i].option);
        if (value != NULL && !set_field(brief, vocabulary, plain_fields[i].field, value, error))
            return FALSE;
    }
    const char *loudness = tune_args_get(cli->args, OPTION_LOUDNESS);
    double checked;
    if (loudness != NULL && (!tune_args_real(cli->args, OPTION_LOUDNESS, -30, -8, &checked, error) ||
                             !set_field(brief, vocabulary, "loudness", loudness, error)))
        return FALSE;
    if (tune_args_has(cli->args, OPTION_LOOP) &&
        !set_field(brief, vocabulary, "loop", "yes", error))
        return FALSE;
    if (tune_args_has(cli->args, OPTION_COMMERCIAL) &&
        !set_field(brief, vocabulary, "commercial", "yes", error))
        return FALSE;
    if (tune_args_old_surface(cli->args) && !tune_args_has(cli->args, OPTION_DURATION) &&
        !set_field(brief, vocabulary, "duration", OLD_DURATION, error))
        return FALSE;
    return set_lyrics(cli, brief, vocabulary, error);
}

static gboolean add_references(TuneCli *cli, TuneBrief *brief, const TuneVocabulary *vocabulary,
                               GError **error)
{
    g_autoptr(GArray) references = tune_request_references(cli->args, error);

    for (guint i = 0; references != NULL && i < references->len; i++) {
        const TuneStyleReference *reference = &g_array_index(references, TuneStyleReference, i);
        if (!tune_brief_add_reference(brief, vocabulary, reference->type, reference->value,
                                      TUNE_ORIGIN_FIELD, error))
            return FALSE;
    }
    return references != NULL;
}

/* After everything that was said: metre and key of the theme hold where nothing else does. */
static gboolean set_theme(TuneCli *cli, TuneBrief *brief, GError **error)
{
    const char *path = tune_args_get(cli->args, OPTION_THEME);

    if (path == NULL)
        return TRUE;
    g_autoptr(TuneScore) score = tune_score_load(path, error);
    g_autoptr(TuneTheme) theme = score != NULL ? tune_theme_from_score(score, error) : NULL;
    if (theme == NULL) {
        g_prefix_error(error, "--theme %s: ", path);
        return FALSE;
    }
    tune_brief_set_theme(brief, theme);
    return TRUE;
}

TuneBrief *tune_request_brief(TuneCli *cli, const TuneVocabulary *vocabulary, GError **error)
{
    g_autoptr(TuneBrief) brief = tune_brief_new();
    g_autofree char *sentence = tune_request_sentence(cli, error);
    g_autoptr(TunePreset) preset = NULL;
    const char *engine = tune_cli_engine_name(cli, NULL);

    brief->by_model = engine != NULL && tune_engine_spec_has_model(engine);
    if (sentence == NULL || !tune_request_preset(cli->args, &preset, error) ||
        !set_fields(cli, brief, vocabulary, error) ||
        !set_structure(cli, brief, vocabulary, preset, error) ||
        !add_references(cli, brief, vocabulary, error))
        return NULL;
    gboolean words = tune_args_n_words(cli->args) > 0 || tune_args_has(cli->args, OPTION_TEXT);
    if (words && !tune_brief_read_sentence(brief, vocabulary, sentence, error))
        return NULL;
    if (preset != NULL && !tune_brief_apply_preset(brief, vocabulary, preset, error))
        return NULL;
    if (!set_theme(cli, brief, error) || !tune_title_complete(brief, vocabulary, error))
        return NULL;
    return g_steal_pointer(&brief);
}

gboolean tune_request_seed(const TuneArgs *args, guint64 *out, GError **error)
{
    gint64 seed = 0;

    if (tune_args_has(args, OPTION_SEED)) {
        if (!tune_args_int(args, OPTION_SEED, 0, LARGEST_SEED, &seed, error))
            return FALSE;
        *out = (guint64)seed;
        return TRUE;
    }
    /* Short enough to be typed again: 32 of the 53 bits. */
    guint32 drawn;
    if (getrandom(&drawn, sizeof drawn, 0) != sizeof drawn) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "seed: %s", g_strerror(errno));
        return FALSE;
    }
    *out = drawn;
    return TRUE;
}
