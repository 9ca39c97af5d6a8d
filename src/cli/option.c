/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/option.h"

#define ON(command) (1u << COMMAND_##command)
#define ASKING (ON(GENERATE) | ON(EXPLAIN) | ON(PLAY))
#define SOUNDING (ON(GENERATE) | ON(RENDER))
#define SERVICE (ON(SERVE) | ON(WORKER) | ON(MCP) | ON(CONFIG))
#define EVERY ((1u << N_COMMANDS) - 1)
#define OLD_FORM (ASKING | ON(SAVE_PRESET))

/* clang-format off */
const TuneOption tune_options[N_OPTIONS] = {
    {OPTION_GENRE, "genre", 'g', NULL, ARGUMENT_TEXT, "NAME", NULL,
     "style of the piece; `tunesmith styles` lists them", OLD_FORM, FALSE},
    {OPTION_BPM, "bpm", 0, "tempo", ARGUMENT_TEXT, "N", NULL,
     "tempo in felt beats a minute, exact; a range is 90-100", ASKING, FALSE},
    {OPTION_KEY, "key", 'k', NULL, ARGUMENT_TEXT, "KEY", NULL,
     "key: \"F minor\", \"Bb\", \"D dorian\"", ASKING, FALSE},
    {OPTION_METRE, "metre", 0, "meter", ARGUMENT_TEXT, "N/M", "2/4 3/4 4/4 5/4 6/8 7/8 9/8 12/8",
     "metre: 3/4, 4/4, 5/4, 6/8, 7/8, 12/8", ASKING, FALSE},
    {OPTION_CHORDS, "chords", 0, NULL, ARGUMENT_TEXT, "CHORDS", NULL,
     "chord progression: \"Am F C G\"", ASKING, FALSE},
    {OPTION_DURATION, "duration", 'd', NULL, ARGUMENT_TEXT, "90|1:30", NULL,
     "length in seconds or minutes:seconds, exact to the sample", ASKING, FALSE},
    {OPTION_STRUCTURE, "structure", 0, NULL, ARGUMENT_TEXT, "SECTIONS", NULL,
     "form: \"intro, verse, chorus, outro\", with bars as \"verse 8\"", ASKING, FALSE},
    {OPTION_INSTRUMENTS, "instruments", 'i', NULL, ARGUMENT_TEXT, "NAMES", NULL,
     "instruments that must play, separated by commas", ASKING, FALSE},
    {OPTION_EXCLUDE, "exclude", 'x', NULL, ARGUMENT_TEXT, "NAMES", NULL,
     "instruments that must not play", ASKING, FALSE},
    {OPTION_MOOD, "mood", 0, NULL, ARGUMENT_TEXT, "WORDS", NULL,
     "mood words: \"tense, dark\"", ASKING, FALSE},
    {OPTION_LYRICS, "lyrics", 0, NULL, ARGUMENT_FILE, "FILE", NULL,
     "words to set to the melody, with [Verse] and [Chorus] tags or without", ASKING, FALSE},
    {OPTION_THEME, "theme", 0, NULL, ARGUMENT_FILE, "SCORE", NULL,
     "score (JSON, MIDI, MusicXML, ABC) whose melody is arranged and returns as the hook", ASKING, FALSE},
    {OPTION_LOOP, "loop", 0, NULL, ARGUMENT_NONE, NULL, NULL,
     "make a seamless loop of whole bars", ASKING, FALSE},
    {OPTION_COMMERCIAL, "commercial", 0, NULL, ARGUMENT_NONE, NULL, NULL,
     "the piece will be sold: neural weights whose licence forbids that are refused",
     ASKING | ON(SAVE_PRESET), FALSE},
    {OPTION_ENDING, "ending", 0, NULL, ARGUMENT_CHOICE, "KIND", "auto rit cold fade ring tag loop fermata amen",
     "how the piece ends", ASKING, FALSE},
    {OPTION_TITLE, "title", 0, NULL, ARGUMENT_TEXT, "TEXT", NULL,
     "title of the piece; otherwise one is made from the sentence", ASKING | ON(RENDER), FALSE},
    {OPTION_TEMPERATURE, "temperature", 0, NULL, ARGUMENT_TEXT, "0..1", NULL,
     "how far from the style's typical choices (0.7)", OLD_FORM, FALSE},
    {OPTION_PRESET, "preset", 'p', NULL, ARGUMENT_TEXT, "NAME", NULL,
     "start from a preset; `tunesmith list-presets` lists them", ASKING, FALSE},
    {OPTION_SEED, "seed", 0, NULL, ARGUMENT_TEXT, "N", NULL,
     "the same seed and request give the same piece; otherwise one is drawn and told",
     ON(GENERATE) | ON(PLAY), FALSE},
    {OPTION_TEXT, "text", 't', NULL, ARGUMENT_TEXT, "SENTENCE", NULL,
     "the sentence or lyrics, as an option", ASKING, FALSE},
    {OPTION_INTRO, "intro", 0, NULL, ARGUMENT_SWITCH, NULL, NULL,
     "with or without an introduction", OLD_FORM, FALSE},
    {OPTION_VERSES, "verses", 0, NULL, ARGUMENT_TEXT, "1..5", NULL,
     "number of verses", OLD_FORM, FALSE},
    {OPTION_CHORUSES, "choruses", 0, NULL, ARGUMENT_TEXT, "1..4", NULL,
     "number of choruses", OLD_FORM, FALSE},
    {OPTION_BRIDGE, "bridge", 0, NULL, ARGUMENT_SWITCH, NULL, NULL,
     "with or without a bridge", OLD_FORM, FALSE},
    {OPTION_OUTRO, "outro", 0, NULL, ARGUMENT_SWITCH, NULL, NULL,
     "with or without an outro", OLD_FORM, FALSE},
    {OPTION_STYLE, "style", 's', NULL, ARGUMENT_LIST, "TYPE:VALUE", NULL,
     "style reference: style, sound, artist or similar_to, then what; repeatable", OLD_FORM, FALSE},
    {OPTION_TIPS, "tips", 0, NULL, ARGUMENT_TEXT, "TEXT", NULL,
     "advice to show with the preset", ON(SAVE_PRESET), FALSE},
    {OPTION_DESCRIPTION, "description", 0, NULL, ARGUMENT_TEXT, "TEXT", NULL,
     "what the preset is for", ON(SAVE_PRESET), FALSE},

    {OPTION_OUTPUT, "output", 'o', NULL, ARGUMENT_FILE, "FILE", NULL,
     "where to write; the suffix picks wav, flac, mp3, ogg or opus; - is standard output (mcp: the folder of "
     "files; profile: the page; models quantize: FILE.gguf)",
     SOUNDING | ON(REPLAY) | ON(MCP) | ON(PROFILE) | ON(MODELS), FALSE},
    {OPTION_REQUESTS, "requests", 'n', NULL, ARGUMENT_TEXT, "N", NULL,
     "requests to each endpoint (200); ten at most of those that make something", ON(PROFILE), FALSE},
    {OPTION_CLIENTS, "clients", 'c', NULL, ARGUMENT_TEXT, "N", NULL,
     "that ask at the same time, with a connection each (8)", ON(PROFILE), FALSE},
    {OPTION_READ_ONLY, "read-only", 0, NULL, ARGUMENT_NONE, NULL, NULL,
     "leave out what makes something", ON(PROFILE), FALSE},
    {OPTION_FORMAT, "format", 'f', NULL, ARGUMENT_CHOICE, "NAME",
     "wav wav24 wav32f flac flac24 mp3 ogg opus json midi musicxml abc",
     "format of the output, whatever its suffix (needed with -o -)",
     SOUNDING | ON(CONVERT) | ON(REPLAY), FALSE},
    {OPTION_RATE, "rate", 'r', NULL, ARGUMENT_TEXT, "HZ", "22050 32000 44100 48000 88200 96000",
     "sample rate, 22050 to 96000 (44100; Opus 48000)", SOUNDING, FALSE},
    {OPTION_LOUDNESS, "loudness", 0, NULL, ARGUMENT_TEXT, "LUFS", NULL,
     "integrated loudness, -30 to -8 (-14)", SOUNDING | ON(EXPLAIN), FALSE},
    {OPTION_ENGINE, "engine", 0, "mode", ARGUMENT_CHOICE, "NAME", "compose simulate",
     "what makes the piece; the default is $MUSIC_GEN_MODE or compose",
     ON(GENERATE) | SERVICE, FALSE},
    {OPTION_SOUNDFONT, "soundfont", 0, NULL, ARGUMENT_FILE, "FILE", NULL,
     "SoundFont to play with; otherwise $TUNESMITH_SOUNDFONT or the best installed",
     SOUNDING | ON(PLAY) | ON(REPLAY) | SERVICE, FALSE},
    {OPTION_SOUNDS, "sounds", 0, NULL, ARGUMENT_TEXT, "NAME", NULL,
     "mapping of better sounds for some instruments: a name or a file; otherwise $TUNESMITH_SOUNDS",
     SOUNDING | ON(PLAY) | ON(REPLAY) | SERVICE, FALSE},
    {OPTION_THREADS, "threads", 0, NULL, ARGUMENT_TEXT, "N", NULL,
     "rendering threads; the sound does not depend on it (one per core)",
     SOUNDING | ON(PLAY) | ON(REPLAY) | ON(MODELS) | SERVICE, FALSE},
    {OPTION_MIDI, "midi", 0, NULL, ARGUMENT_FILE, "FILE", NULL,
     "also write the score as a Standard MIDI File", SOUNDING, FALSE},
    {OPTION_MUSICXML, "musicxml", 0, NULL, ARGUMENT_FILE, "FILE", NULL,
     "also write the score as MusicXML 4.0", SOUNDING, FALSE},
    {OPTION_ABC, "abc", 0, NULL, ARGUMENT_FILE, "FILE", NULL,
     "also write the score as ABC 2.1", SOUNDING, FALSE},
    {OPTION_SCORE, "score", 0, NULL, ARGUMENT_FILE, "FILE.json", NULL,
     "also write the whole score as JSON (replay: the score to play)",
     SOUNDING | ON(REPLAY), FALSE},
    {OPTION_STEMS, "stems", 0, NULL, ARGUMENT_FOLDER, "DIR", NULL,
     "also write one 32-bit float WAV per track; their sum is the mix before the master",
     SOUNDING, FALSE},
    {OPTION_REPORT, "report", 0, NULL, ARGUMENT_FILE, "FILE.json", NULL,
     "also write the report: what was asked, what was made, what was measured",
     SOUNDING | ON(REPLAY), FALSE},
    {OPTION_PLAY, "play", 0, NULL, ARGUMENT_NONE, NULL, NULL,
     "play the result when it is done", SOUNDING, FALSE},
    {OPTION_DRIVER, "driver", 0, NULL, ARGUMENT_TEXT, "NAME", "alsa pulseaudio jack sdl2 null",
     "audio driver: alsa, pulseaudio, jack ..., null, or file:PATH ($TUNESMITH_AUDIO_DRIVER)",
     ON(PLAY) | SOUNDING, FALSE},
    {OPTION_WEIGHTS, "weights", 0, NULL, ARGUMENT_CHOICE, "TYPE", "f32 f16 q8 q4",
     "how the model's weights are kept: q8 takes a quarter of f32, q4 an eighth", ON(MODELS), FALSE},
    {OPTION_NAME, "name", 0, NULL, ARGUMENT_TEXT, "NAME", NULL,
     "what the model will be called here (import, pull)", ON(MODELS), FALSE},
    {OPTION_COPY, "copy", 0, NULL, ARGUMENT_NONE, NULL, NULL,
     "import: copy the files in place of a link to them", ON(MODELS), FALSE},
    {OPTION_HUB, "hub", 0, NULL, ARGUMENT_TEXT, "URL", NULL,
     "pull: a mirror of the public hub; otherwise $TUNESMITH_HUB, $HF_ENDPOINT or the hub itself", ON(MODELS),
     FALSE},
    {OPTION_ACCEPT_LICENCE, "accept-licence", 0, "accept-license", ARGUMENT_NONE, NULL, NULL,
     "pull: accept the licence of the weights without being asked", ON(MODELS), FALSE},

    {OPTION_JSON, "json", 0, NULL, ARGUMENT_NONE, NULL, NULL,
     "one JSON object on standard output, nothing else", EVERY & ~(ON(HELP) | ON(CONVERT)), FALSE},
    {OPTION_QUIET, "quiet", 'q', NULL, ARGUMENT_NONE, NULL, NULL,
     "no progress and no summary; errors are still told", EVERY, FALSE},
    {OPTION_YES, "yes", 'y', NULL, ARGUMENT_NONE, NULL, NULL,
     "do not ask before a run that costs money (no engine here does)", ON(GENERATE), FALSE},
    {OPTION_HELP, "help", 'h', NULL, ARGUMENT_NONE, NULL, NULL,
     "this text; behind a command, that command's", EVERY, FALSE},
    {OPTION_VERSION, "version", 'V', NULL, ARGUMENT_NONE, NULL, NULL,
     "the version, and nothing else", EVERY, FALSE},
    {OPTION_MAN, "man", 0, NULL, ARGUMENT_NONE, NULL, NULL,
     "the manual page in troff", ON(HELP), TRUE},
    {OPTION_COMPLETION, "completion", 0, NULL, ARGUMENT_CHOICE, "SHELL", "bash zsh fish",
     "print the completion script of a shell", ON(HELP), FALSE},
};

const TuneCommandInfo tune_commands[N_COMMANDS] = {
    {COMMAND_GENERATE, "generate", "\"SENTENCE\" -o FILE",
     "compose and render a piece of music from a sentence",
     "The sentence says what you want in ordinary words: genre, tempo, key, metre, chords, length, form,\n"
     "instruments in and out, mood. What is said by number or name is kept exactly or refused with a\n"
     "reason; adjectives steer choices. Options outrank the sentence, the sentence outranks a preset.\n"
     "With - as the sentence it is read from standard input. A sentence of several lines, or with\n"
     "[Verse] and [Chorus] tags, is taken as lyrics.",
     0, 1, TRUE,
     {{"tunesmith generate \"slow jazz ballad in F minor, 70 bpm, brushes, 90 seconds\" -o ballad.flac",
       "a piece of exactly ninety seconds"},
      {"tunesmith generate \"upbeat folk waltz\" -o waltz.mp3 --midi waltz.mid --stems stems",
       "sound, notes and one file per instrument"},
      {"echo \"calm ambient pad, 1:30\" | tunesmith generate - -o - --format ogg > calm.ogg",
       "from a pipe into a pipe"},
      {"tunesmith generate \"house, 124 bpm, A minor\" --loop --duration 30 --seed 7 -o loop.wav",
       "a seamless loop that seed 7 makes again"}}},
    {COMMAND_EXPLAIN, "explain", "\"SENTENCE\"",
     "show how a sentence is understood, field by field", NULL, 0, 1, FALSE,
     {{"tunesmith explain \"sad piano waltz, no drums, two minutes\"",
       "every field with where it came from, and the words that meant nothing"}}},
    {COMMAND_STYLES, "styles", "[show NAME | check FILE...]", "list, show or check styles",
     "show prints all of one style: tempo, metres, modes, forms, parts, harmony, patterns. check reads style\n"
     "files as their author would like: every complaint with file, line and reason, exit code 3 when there is\n"
     "one. Styles of your own lie in $XDG_DATA_HOME/tunesmith/styles; docs/styles.md says how to write them.",
     0, 1000, FALSE,
     {{"tunesmith styles", "all of them"},
      {"tunesmith styles show jazz", "one of them, in full"},
      {"tunesmith styles check shanty.yaml", "what is wrong with a style of your own"}}},
    {COMMAND_INSTRUMENTS, "instruments", "[NAME]", "list the instruments", NULL, 0, 1, FALSE,
     {{"tunesmith instruments", "all of them"}}},
    {COMMAND_LIST_PRESETS, "list-presets", "", "list the presets", NULL, 0, 0, TRUE,
     {{"tunesmith list-presets", "built-in ones and your own"}}},
    {COMMAND_SHOW_PRESET, "show-preset", "NAME", "show a preset", NULL, 1, 1, TRUE,
     {{"tunesmith show-preset rock_anthem", "all its fields"}}},
    {COMMAND_SAVE_PRESET, "save-preset", "NAME --genre GENRE", "save a preset of your own",
     "A preset is a YAML file in $XDG_DATA_HOME/tunesmith/presets. Saving under an existing name replaces\n"
     "it; a built-in preset is hidden by your own of the same name until that is deleted.",
     1, 1, TRUE,
     {{"tunesmith save-preset late_night --genre jazz --verses 2 --no-bridge --style sound:rhodes",
       "use it with --preset late_night"}}},
    {COMMAND_DELETE_PRESET, "delete-preset", "NAME", "delete a preset of your own", NULL, 1, 1, TRUE,
     {{"tunesmith delete-preset late_night", "gone"}}},
    {COMMAND_RENDER, "render", "SCORE -o FILE", "play a score file into a sound file",
     "SCORE is JSON, MIDI, MusicXML or ABC, by content.", 1, 1, FALSE,
     {{"tunesmith render song.musicxml -o song.flac", "any score, mixed and mastered"}}},
    {COMMAND_CONVERT, "convert", "IN OUT", "convert a score between JSON, MIDI, MusicXML and ABC",
     "The suffix of OUT picks the format; - is standard output and takes --format.", 2, 2, FALSE,
     {{"tunesmith convert song.json song.mid", "JSON to MIDI"}}},
    {COMMAND_REPLAY, "replay", "FILE", "build a piece again from the recipe inside a sound file",
     "Says whether the sound is identical; if not, whether the score is the same and how near the sound\n"
     "is. Exit code 0 when identical or the same score, 1 when the score differs. With -o the new sound\n"
     "is kept.", 1, 1, FALSE,
     {{"tunesmith replay ballad.flac", "identical, or how near"}}},
    {COMMAND_INSPECT, "inspect", "FILE", "tags, recipe and measured tempo, key and loudness of a file",
     NULL, 1, 1, FALSE, {{"tunesmith inspect ballad.flac", "what is inside"}}},
    {COMMAND_PLAY, "play", "\"SENTENCE\"|FILE", "play a sentence, a sound file or a score at once",
     "A word that names an existing file is played as that file.", 0, 1, FALSE,
     {{"tunesmith play \"lively folk reel\"", "composes and plays"},
      {"tunesmith play ballad.flac", "a file"}}},
    {COMMAND_MODELS, "models", "[list | inspect M | import DIR | quantize M | pull NAME | remove NAME]",
     "neural models: fetch, look at, make smaller, remove",
     "Models are kept in $TUNESMITH_MODELS, otherwise in $XDG_DATA_HOME/tunesmith/models. M is a name from\n"
     "the list, a folder in Hugging Face's form or a .gguf file. `import` puts a folder or file under a name,\n"
     "`quantize` writes one .gguf file with smaller weights, `pull` fetches a release from the public hub; what\n"
     "broke off goes on where it stopped. The licence is shown before, must be accepted, and is kept beside the\n"
     "model (docs/MODEL.md). Nothing else in tunesmith fetches anything.", 0, 2, FALSE,
     {{"tunesmith models pull musicgen-small", "2.4 GB; the licence is asked for"},
      {"tunesmith models quantize musicgen-small --weights q8", "musicgen-small-q8, 0.8 GB"},
      {"tunesmith models inspect musicgen-small", "sizes, tensors, types, memory"}}},
    {COMMAND_DOCTOR, "doctor", "", "what is installed, what is missing, what it would give", NULL, 0, 0,
     FALSE, {{"tunesmith doctor", "exit code 4 when something essential is missing"}}},
    {COMMAND_SERVE, "serve", "", "serve the HTTP interface",
     "Everything that the other commands do for one person at a terminal, for many over HTTP. Without options\n"
     "it listens on this machine only and keeps its records in one folder. Each option is a setting too: in\n"
     "the environment as TUNESMITH_NAME, in the settings file as name. docs/serve.md is for operators,\n"
     "docs/api.md for clients. SIGTERM ends it when requests under way are done, SIGHUP reads settings and\n"
     "presets again.", 0, 0, FALSE,
     {{"tunesmith serve", "http://127.0.0.1:8080, records in the user's data folder"},
      {"MUSIC_GEN_API_KEY=secret tunesmith serve --host 0.0.0.0 --data /var/lib/tunesmith",
       "for others, who need the key"},
      {"tunesmith serve --database postgresql:///music --redis redis://localhost",
       "one of several servers on the same records"}}},
    {COMMAND_WORKER, "worker", "", "work at the jobs of servers on the same database",
     "Renders what servers accept, on this machine: the same queue, the same settings, no port. It needs\n"
     "the servers' PostgreSQL and their data folder (docs/jobs.md). SIGTERM ends it; what it was at goes\n"
     "back into the queue.", 0, 0, FALSE,
     {{"tunesmith worker --database postgresql://db/music --data /srv/music",
       "one worker a core; --render-workers says how many"}}},
    {COMMAND_MCP, "mcp", "", "let a chat client make music: Model Context Protocol on standard input and output",
     "One JSON-RPC message a line, tools compose, wait, render, edit, export and list (docs/mcp.md). Pieces are\n"
     "kept in the user's data folder or in --data, files are written to --output or the current folder.",
     0, 0, FALSE, {{"tunesmith mcp --output ~/Music", "the command to put into a client's settings"}}},
    {COMMAND_PROFILE, "profile", "[URL]", "drive a running server and say where its time and memory go",
     "Asks each endpoint in turn, samples the server's memory meanwhile, reads its own statistics before and\n"
     "after, and lists what stands out with its evidence (docs/profile.md). URL is http://127.0.0.1:8080 if none\n"
     "is given; a server that wants a key finds it in $MUSIC_GEN_API_KEY.", 0, 1, FALSE,
     {{"tunesmith profile -o profile.html", "a page with plots, and a table on the terminal"},
      {"tunesmith profile https://music.example.org --read-only -n 1000 --json", "figures for a script"}}},
    {COMMAND_CONFIG, "config", "", "show the settings of the service and where each was said",
     "Flags outrank the environment, the environment outranks the settings file. Secrets are not shown.",
     0, 0, FALSE, {{"tunesmith config --port 9000", "what serve would use with the same options"}}},
    {COMMAND_HELP, "help", "[COMMAND]", "help on everything or on one command", NULL, 0, 1, TRUE,
     {{"tunesmith help generate", "all options of generate"},
      {"tunesmith help --completion bash", "print the completion script"}}},
};
/* clang-format on */

gboolean tune_command_takes_settings(TuneCommandId command)
{
    return (SERVICE & (1u << command)) != 0;
}

const char *tune_command_words(TuneCommandId command)
{
    return command == COMMAND_STYLES   ? "show check"
           : command == COMMAND_MODELS ? "list inspect import quantize pull remove"
                                       : NULL;
}
