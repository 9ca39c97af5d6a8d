/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one table of commands and options.  The parser, --help, the man page and the shell completions
 * are all derived from it, so that none of them can disagree.
 *
 *     g_autoptr(TuneArgs) args = tune_args_parse(argc, argv, old_surface, &error);
 *     const char *bpm = tune_args_get(args, OPTION_BPM);
 *
 * Plain constant data; parsing keeps no state.
 */
#pragma once
#include <glib.h>

#define TUNE_CLI_ERROR (tune_cli_error_quark())
GQuark tune_cli_error_quark(void);
typedef enum {
    TUNE_CLI_ERROR_USAGE,   /* an option or argument that cannot be read; exit 2 */
    TUNE_CLI_ERROR_BROKEN,  /* an input file that is not what it says; exit 3 */
    TUNE_CLI_ERROR_MISSING, /* a path, device or package that is not there; exit 4 */
    TUNE_CLI_ERROR_REMOTE,  /* a server that does not answer, or not as it should; exit 5 */
} TuneCliError;

typedef enum {
    COMMAND_GENERATE,
    COMMAND_EXPLAIN,
    COMMAND_STYLES,
    COMMAND_INSTRUMENTS,
    COMMAND_LIST_PRESETS,
    COMMAND_SHOW_PRESET,
    COMMAND_SAVE_PRESET,
    COMMAND_DELETE_PRESET,
    COMMAND_RENDER,
    COMMAND_CONVERT,
    COMMAND_REPLAY,
    COMMAND_INSPECT,
    COMMAND_PLAY,
    COMMAND_MODELS,
    COMMAND_DOCTOR,
    COMMAND_SERVE,
    COMMAND_WORKER,
    COMMAND_MCP,
    COMMAND_PROFILE,
    COMMAND_CONFIG,
    COMMAND_HELP,
    N_COMMANDS
} TuneCommandId;

typedef enum {
    /* the request */
    OPTION_GENRE,
    OPTION_BPM,
    OPTION_KEY,
    OPTION_METRE,
    OPTION_CHORDS,
    OPTION_DURATION,
    OPTION_STRUCTURE,
    OPTION_INSTRUMENTS,
    OPTION_EXCLUDE,
    OPTION_MOOD,
    OPTION_LYRICS,
    OPTION_THEME,
    OPTION_LOOP,
    OPTION_COMMERCIAL,
    OPTION_ENDING,
    OPTION_TITLE,
    OPTION_TEMPERATURE,
    OPTION_PRESET,
    OPTION_SEED,
    /* the older request */
    OPTION_TEXT,
    OPTION_INTRO,
    OPTION_VERSES,
    OPTION_CHORUSES,
    OPTION_BRIDGE,
    OPTION_OUTRO,
    OPTION_STYLE,
    OPTION_TIPS,
    OPTION_DESCRIPTION,
    /* the result */
    OPTION_OUTPUT,
    OPTION_REQUESTS,
    OPTION_CLIENTS,
    OPTION_READ_ONLY,
    OPTION_FORMAT,
    OPTION_RATE,
    OPTION_LOUDNESS,
    OPTION_ENGINE,
    OPTION_MODEL,
    OPTION_WEIGHTS,
    OPTION_GUIDANCE,
    OPTION_TOP_K,
    OPTION_TOP_P,
    OPTION_GREEDY,
    OPTION_MELODY,
    OPTION_CONTINUE,
    OPTION_TOKENS,
    OPTION_LOW_MEMORY,
    OPTION_SOUNDFONT,
    OPTION_SOUNDS,
    OPTION_THREADS,
    OPTION_MIDI,
    OPTION_MUSICXML,
    OPTION_ABC,
    OPTION_SCORE,
    OPTION_STEMS,
    OPTION_REPORT,
    OPTION_PLAY,
    OPTION_DRIVER,
    /* models */
    OPTION_NAME,
    OPTION_COPY,
    OPTION_HUB,
    OPTION_ACCEPT_LICENCE,
    /* everywhere */
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_YES,
    OPTION_HELP,
    OPTION_VERSION,
    /* for the build: texts derived from this table */
    OPTION_MAN,
    OPTION_COMPLETION,
    N_OPTIONS
} TuneOptionId;

typedef enum {
    ARGUMENT_NONE,    /* a switch */
    ARGUMENT_SWITCH,  /* a switch that --no-NAME turns off */
    ARGUMENT_TEXT,
    ARGUMENT_LIST,    /* may be given more than once */
    ARGUMENT_FILE,
    ARGUMENT_FOLDER,
    ARGUMENT_CHOICE,  /* one of the words in choices */
} TuneArgumentKind;

typedef struct {
    TuneOptionId id;
    const char *name;
    char letter; /* or 0 */
    const char *alias; /* a second long name (nullable) */
    TuneArgumentKind kind;
    const char *argument; /* what --help calls it: "FILE", "90|1:30" */
    const char *choices;  /* words separated by spaces (nullable); also what completion offers */
    const char *help;     /* one line, no full stop */
    guint32 commands;     /* bit 1 << TuneCommandId */
    gboolean hidden;
} TuneOption;

extern const TuneOption tune_options[N_OPTIONS];

typedef struct {
    const char *command; /* as typed behind the prompt */
    const char *what;
} TuneExample;

/* Description of a command: what it takes, what it does. */
typedef struct {
    TuneCommandId id;
    const char *name;
    const char *arguments; /* "\"SENTENCE\" -o FILE" */
    const char *summary;   /* one line */
    const char *details;   /* (nullable) paragraphs for --help and man */
    guint min_arguments, max_arguments;
    gboolean old_surface;  /* music-gen has it too */
    TuneExample examples[4];
} TuneCommandInfo;

extern const TuneCommandInfo tune_commands[N_COMMANDS];

/* Words that may stand first behind the command, separated by spaces, for completion. (nullable) */
const char *tune_command_words(TuneCommandId command);

/* The option that stands for a setting of the service, where there is one of that name. (nullable) */
const TuneOption *tune_option_of_setting(const char *name);
/* Commands that take the settings of the service (api/settings.h) as options too. */
gboolean tune_command_takes_settings(TuneCommandId command);

typedef struct TuneArgs TuneArgs;

/* Parse what follows the program's name.  @old_surface: called as music-gen.  TUNE_CLI_ERROR_USAGE names
 * the option and suggests the nearest.  (transfer full) */
TuneArgs *tune_args_parse(int argc, char **argv, gboolean old_surface, GError **error);
void tune_args_free(TuneArgs *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneArgs, tune_args_free)

/* NULL when no command was given (only --help, --version and the like). */
const TuneCommandInfo *tune_args_command(const TuneArgs *self);
gboolean tune_args_old_surface(const TuneArgs *self);
gboolean tune_args_has(const TuneArgs *self, TuneOptionId option);
/* The last value given, or NULL.  A switch gives "yes" or "no". */
const char *tune_args_get(const TuneArgs *self, TuneOptionId option);
/* A switch that nobody touched is @otherwise. */
gboolean tune_args_switch(const TuneArgs *self, TuneOptionId option, gboolean otherwise);
/* All values of an ARGUMENT_LIST, never NULL.  (element-type utf8) */
const GPtrArray *tune_args_list(const TuneArgs *self, TuneOptionId option);
/* The value given for a setting of the service, or NULL.  A switch gives "yes" or "no". */
const char *tune_args_setting(const TuneArgs *self, const char *name);
guint tune_args_n_words(const TuneArgs *self);
const char *tune_args_word(const TuneArgs *self, guint index); /* NULL behind the last */

/* A whole number in [@low, @high]; FALSE names the option.  @out stays when it was not given. */
gboolean tune_args_int(const TuneArgs *self, TuneOptionId option, gint64 low, gint64 high,
                       gint64 *out, GError **error);
gboolean tune_args_real(const TuneArgs *self, TuneOptionId option, double low, double high,
                        double *out, GError **error);
