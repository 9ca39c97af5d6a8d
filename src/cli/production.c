/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/production.h"
#include "cli/outputs.h"
#include "cli/player.h"
#include "cli/progress.h"
#include "cli/room.h"
#include "cli/stems.h"
#include "cli/summary.h"
#include "engine/tags.h"
#include "score/format.h"

#include <string.h>

#define BLOCK 4096

static const struct {
    TuneOptionId option;
    TuneScoreFormat format;
    const char *name;
} exports[] = {
    {OPTION_MIDI, TUNE_SCORE_MIDI, "midi"},
    {OPTION_MUSICXML, TUNE_SCORE_MUSICXML, "musicxml"},
    {OPTION_ABC, TUNE_SCORE_ABC, "abc"},
    {OPTION_SCORE, TUNE_SCORE_JSON, "score"},
};

struct TuneProduction {
    TuneCli *cli;
    TuneOutputs *outputs;
    TuneStems *stems;      /* (nullable) */
    TuneProgressBar *bar;
    TuneAudioFormat format;
    guint rate;
    const char *path;      /* as asked, "-" for standard output */
    const char *sound;     /* where the encoder writes */
    const char *exported[G_N_ELEMENTS(exports)]; /* temporary names (nullable) */
    const char *report;    /* temporary name (nullable) */
    const char *tokens;    /* the same */
};

void tune_production_free(TuneProduction *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->bar, tune_progress_bar_free);
    g_clear_pointer(&self->stems, tune_stems_free);
    g_clear_pointer(&self->outputs, tune_outputs_free);
    g_free(self);
}

static gboolean usage(GError **error, const char *message)
{
    g_set_error_literal(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE, message);
    return FALSE;
}

/* --format, else the suffix of --output. */
static gboolean choose_format(TuneProduction *self, GError **error)
{
    const char *name = tune_args_get(self->cli->args, OPTION_FORMAT);

    if (name != NULL) {
        if (tune_audio_format_parse(name, &self->format))
            return TRUE;
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "--format: \"%s\" is no sound format", name);
        return FALSE;
    }
    if (strcmp(self->path, "-") == 0)
        return usage(error, "--format is needed with -o -, as there is no suffix to tell it");
    if (!tune_outputs_check_file("--output", self->path, error))
        return FALSE;
    if (tune_audio_format_of_path(self->path, &self->format, error))
        return TRUE;
    g_prefix_error(error, "--output: ");
    return FALSE;
}

static gboolean choose_rate(TuneProduction *self, GError **error)
{
    gboolean opus = self->format == TUNE_AUDIO_OPUS;
    gint64 rate = opus ? 48000 : 44100;

    if (!tune_args_int(self->cli->args, OPTION_RATE, 22050, 96000, &rate, error))
        return FALSE;
    if (opus && rate != 48000 && rate != 24000)
        return usage(error, "--rate: Opus takes 24000 or 48000");
    if (self->format == TUNE_AUDIO_MP3 && rate != 22050 && rate != 24000 && rate != 32000 &&
        rate != 44100 && rate != 48000)
        return usage(error, "--rate: MP3 takes 22050, 24000, 32000, 44100 or 48000");
    self->rate = (guint)rate;
    return TRUE;
}

static gboolean stage_all(TuneProduction *self, GError **error)
{
    const TuneArgs *args = self->cli->args;
    const char *report = tune_args_get(args, OPTION_REPORT);
    const char *folder = tune_args_get(args, OPTION_STEMS);
    const char *tokens = tune_args_get(args, OPTION_TOKENS);

    self->sound = self->path;
    if (strcmp(self->path, "-") != 0)
        self->sound = tune_outputs_stage(self->outputs, "--output", self->path, error);
    if (self->sound == NULL)
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(exports); i++) {
        const char *path = tune_args_get(args, exports[i].option);
        if (path == NULL)
            continue;
        g_autofree char *option = g_strconcat("--", tune_options[exports[i].option].name, NULL);
        self->exported[i] = tune_outputs_stage(self->outputs, option, path, error);
        if (self->exported[i] == NULL)
            return FALSE;
    }
    if (report != NULL) {
        self->report = tune_outputs_stage(self->outputs, "--report", report, error);
        if (self->report == NULL)
            return FALSE;
    }
    if (tokens != NULL) {
        self->tokens = tune_outputs_stage(self->outputs, "--tokens", tokens, error);
        if (self->tokens == NULL)
            return FALSE;
    }
    if (folder != NULL)
        self->stems = tune_stems_new(self->outputs, folder, self->rate, error);
    return folder == NULL || self->stems != NULL;
}

TuneProduction *tune_production_new(TuneCli *cli, GError **error)
{
    g_autoptr(TuneProduction) self = g_new0(TuneProduction, 1);

    self->cli = cli;
    self->outputs = tune_outputs_new();
    self->path = tune_args_get(cli->args, OPTION_OUTPUT);
    if (self->path == NULL) {
        usage(error, "-o FILE is needed: where the sound goes (its suffix picks wav, flac, mp3, ogg "
                     "or opus)");
        return NULL;
    }
    if (strcmp(self->path, "-") == 0 && cli->json) {
        usage(error, "--json and -o - both want standard output");
        return NULL;
    }
    if (!choose_format(self, error) || !choose_rate(self, error) || !stage_all(self, error))
        return NULL;
    self->bar = tune_progress_bar_new(cli->terminal, cli->quiet);
    return g_steal_pointer(&self);
}

/* What a frame takes at the least: WAV exactly, a compressed file so little that it is not counted. */
static guint64 frame_bytes(TuneAudioFormat format)
{
    switch (format) {
    case TUNE_AUDIO_WAV16:
        return 4;
    case TUNE_AUDIO_WAV24:
        return 6;
    case TUNE_AUDIO_WAV32F:
        return 8;
    default:
        return 0;
    }
}

/* The mix waits for its master in the temporary folder, stems and sound go to their places. */
static gboolean check_room(const TuneScore *score, gint64 n_frames, guint64 memory_bytes,
                           gpointer user_data, GError **error)
{
    TuneProduction *self = user_data;
    g_autoptr(TuneRoom) room = tune_room_new();
    guint64 frames = (guint64)MAX(0, n_frames), stem = 2 * sizeof(float) * frames;

    tune_room_want(room, g_get_tmp_dir(), stem * (score != NULL && score->loop ? 2 : 1));
    if (strcmp(self->sound, "-") != 0) {
        g_autofree char *folder = g_path_get_dirname(self->sound);
        tune_room_want(room, folder, frames * frame_bytes(self->format));
    }
    if (self->stems != NULL && score != NULL)
        tune_room_want(room, tune_args_get(self->cli->args, OPTION_STEMS),
                       stem * score->tracks->len);
    return tune_room_check(room, error) && tune_room_check_memory(memory_bytes, error);
}

void tune_production_options(TuneProduction *self, TuneRenderOptions *options)
{
    options->rate = self->rate;
    options->cancellable = self->cli->cancellable;
    options->progress = tune_progress_bar_tell;
    options->progress_user_data = self->bar;
    options->room = check_room;
    options->room_user_data = self;
    if (self->stems != NULL) {
        options->stem_sink = tune_stems_sink;
        options->stem_user_data = self->stems;
    }
}

static gboolean write_sound(TuneProduction *self, TuneRender *render, GError **error)
{
    g_autoptr(TuneTags) tags = tune_render_tags(render);
    g_autoptr(TuneEncoder) encoder =
        tune_encoder_new(self->sound, self->format, tune_render_rate(render), 2,
                         tune_render_n_frames(render), tags, error);
    g_autofree float *block = g_new(float, 2 * BLOCK);
    gsize got;

    if (encoder == NULL)
        return FALSE;
    do {
        if (!tune_render_read(render, block, BLOCK, &got, error) ||
            (got > 0 && !tune_encoder_write(encoder, block, got, error)))
            return FALSE;
    } while (got > 0);
    return tune_encoder_finish(encoder, error);
}

static gboolean write_text(const char *path, const char *text, GError **error)
{
    return g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0666, error);
}

static gboolean write_tokens(const char *path, const TuneRender *render, GError **error)
{
    const char *mime;
    g_autoptr(GBytes) bytes = tune_render_export(render, "tokens.json", &mime, error);

    if (bytes == NULL)
        return FALSE;
    return g_file_set_contents_full(path, g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes),
                                    G_FILE_SET_CONTENTS_NONE, 0666, error);
}

static gboolean write_beside(TuneProduction *self, TuneRender *render, const json_t *report,
                             GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(exports); i++)
        if (self->exported[i] != NULL &&
            !tune_score_save(tune_render_score(render), self->exported[i], exports[i].format,
                             error))
            return FALSE;
    if (self->stems != NULL && !tune_stems_finish(self->stems, tune_render_score(render), error))
        return FALSE;
    if (self->tokens != NULL && !write_tokens(self->tokens, render, error))
        return FALSE;
    if (self->report == NULL)
        return TRUE;
    g_autofree char *text = tune_json_pretty(report);
    return write_text(self->report, text, error);
}

/* {"sound": path, "midi": path, ..., "stems": [paths]} */
static json_t *files_json(const TuneProduction *self)
{
    const TuneArgs *args = self->cli->args;
    json_t *files = json_pack("{s:s}", "sound", self->path);

    for (guint i = 0; i < G_N_ELEMENTS(exports); i++)
        if (self->exported[i] != NULL)
            json_object_set_new(files, exports[i].name,
                                json_string(tune_args_get(args, exports[i].option)));
    if (self->report != NULL)
        json_object_set_new(files, "report", json_string(tune_args_get(args, OPTION_REPORT)));
    if (self->tokens != NULL)
        json_object_set_new(files, "tokens", json_string(tune_args_get(args, OPTION_TOKENS)));
    if (self->stems != NULL) {
        json_t *stems = json_array();
        const GPtrArray *paths = tune_stems_paths(self->stems);
        for (guint i = 0; i < paths->len; i++)
            json_array_append_new(stems, json_string(paths->pdata[i]));
        json_object_set_new(files, "stems", stems);
    }
    return files;
}

static gboolean tell(TuneProduction *self, const json_t *report, const TuneScore *score,
                     GError **error)
{
    g_autoptr(json_t) files = files_json(self);

    if (self->cli->json) {
        g_autoptr(json_t) result =
            tune_summary_json(score, report, files, tune_audio_format_name(self->format));
        return tune_cli_print_json(result, error);
    }
    if (self->cli->quiet)
        return TRUE;
    g_autofree char *text = tune_summary_text(score, report, files);
    if (strcmp(self->path, "-") != 0)
        return tune_cli_print(text, error);
    g_printerr("%s", text);
    return TRUE;
}

static gboolean write_all(TuneProduction *self, TuneRender *render, json_t **report,
                          GError **error)
{
    if (!write_sound(self, render, error))
        return FALSE;
    *report = tune_render_report(render);
    return write_beside(self, render, *report, error) &&
           !g_cancellable_set_error_if_cancelled(self->cli->cancellable, error) &&
           tune_outputs_commit(self->outputs, error);
}

gboolean tune_production_run(TuneProduction *self, TuneRender *render, GError **error)
{
    g_autoptr(json_t) report = NULL;

    if (!write_all(self, render, &report, error)) {
        tune_outputs_rename_error(self->outputs, error);
        return FALSE;
    }
    g_clear_pointer(&self->bar, tune_progress_bar_free);
    if (!tell(self, report, tune_render_score(render), error))
        return FALSE;
    if (!tune_args_has(self->cli->args, OPTION_PLAY))
        return TRUE;
    return tune_play_file(self->cli, self->path, error);
}

void tune_production_rename_error(const TuneProduction *self, GError **error)
{
    tune_outputs_rename_error(self->outputs, error);
}
