/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/exit.h"
#include "api/service.h"
#include "brief/preset.h"
#include "cli/cli.h"
#include "compose/compose.h"
#include "neural/tensor.h"

static TuneExit of_audio(gint code)
{
    switch ((TuneAudioError)code) {
    case TUNE_AUDIO_ERROR_FORMAT:
        return TUNE_EXIT_USAGE;
    case TUNE_AUDIO_ERROR_BROKEN:
        return TUNE_EXIT_BROKEN;
    case TUNE_AUDIO_ERROR_IO:
    case TUNE_AUDIO_ERROR_MISSING:
    case TUNE_AUDIO_ERROR_MEMORY:
        return TUNE_EXIT_MISSING;
    }
    return TUNE_EXIT_FAULT;
}

static TuneExit of_score(gint code)
{
    switch ((TuneScoreError)code) {
    case TUNE_SCORE_ERROR_SYNTAX:
    case TUNE_SCORE_ERROR_UNSUPPORTED:
    case TUNE_SCORE_ERROR_INVALID:
        return TUNE_EXIT_BROKEN;
    case TUNE_SCORE_ERROR_IO:
        return TUNE_EXIT_MISSING;
    }
    return TUNE_EXIT_FAULT;
}

static TuneExit of_engine(gint code)
{
    switch ((TuneEngineError)code) {
    case TUNE_ENGINE_ERROR_UNKNOWN:
    case TUNE_ENGINE_ERROR_NO_AUDIO:
    case TUNE_ENGINE_ERROR_LENGTH:
    case TUNE_ENGINE_ERROR_NO_SCORE:
    case TUNE_ENGINE_ERROR_MODEL:
        return TUNE_EXIT_USAGE;
    case TUNE_ENGINE_ERROR_RECIPE:
        return TUNE_EXIT_BROKEN;
    }
    return TUNE_EXIT_FAULT;
}

static TuneExit of_preset(gint code)
{
    switch ((TunePresetError)code) {
    case TUNE_PRESET_ERROR_NAME:
    case TUNE_PRESET_ERROR_UNKNOWN:
    case TUNE_PRESET_ERROR_BUILTIN:
        return TUNE_EXIT_USAGE;
    case TUNE_PRESET_ERROR_SYNTAX:
        return TUNE_EXIT_BROKEN;
    case TUNE_PRESET_ERROR_IO:
        return TUNE_EXIT_MISSING;
    }
    return TUNE_EXIT_FAULT;
}

static TuneExit of_neural(gint code)
{
    switch ((TuneNeuralError)code) {
    case TUNE_NEURAL_ERROR_REQUEST:
        return TUNE_EXIT_USAGE;
    case TUNE_NEURAL_ERROR_NOT_A_MODEL:
    case TUNE_NEURAL_ERROR_BROKEN:
    case TUNE_NEURAL_ERROR_MISMATCH:
        return TUNE_EXIT_BROKEN;
    case TUNE_NEURAL_ERROR_NO_MODEL:
    case TUNE_NEURAL_ERROR_MEMORY:
    case TUNE_NEURAL_ERROR_IO:
        return TUNE_EXIT_MISSING;
    }
    return TUNE_EXIT_FAULT;
}

static TuneExit of_io(gint code)
{
    if (code == G_IO_ERROR_CANCELLED)
        return TUNE_EXIT_CANCELLED;
    return code == G_IO_ERROR_FAILED ? TUNE_EXIT_FAULT : TUNE_EXIT_MISSING;
}

/* A service that cannot start. */
static TuneExit of_service(const GError *error)
{
    if (error->domain == TUNE_SETTINGS_ERROR || error->domain == TUNE_SERVICE_ERROR ||
        error->domain == TUNE_CLIENT_ERROR || error->domain == TUNE_CACHE_ERROR || g_error_matches(error, TUNE_STORE_ERROR,
                                                             TUNE_STORE_ERROR_URL))
        return TUNE_EXIT_USAGE;
    if (error->domain == TUNE_STORE_ERROR || error->domain == TUNE_FILES_ERROR ||
        error->domain == TUNE_HTTP_ERROR)
        return TUNE_EXIT_MISSING;
    return TUNE_EXIT_FAULT;
}

TuneExit tune_exit_of_error(const GError *error)
{
    if (error->domain == TUNE_CLI_ERROR)
        return error->code == TUNE_CLI_ERROR_USAGE    ? TUNE_EXIT_USAGE
               : error->code == TUNE_CLI_ERROR_BROKEN ? TUNE_EXIT_BROKEN
               : error->code == TUNE_CLI_ERROR_REMOTE ? TUNE_EXIT_REMOTE
                                                      : TUNE_EXIT_MISSING;
    if (error->domain == TUNE_BRIEF_ERROR || error->domain == TUNE_COMPOSE_ERROR)
        return TUNE_EXIT_USAGE;
    if (error->domain == TUNE_BASE_ERROR)
        return error->code == TUNE_BASE_ERROR_SYNTAX ? TUNE_EXIT_BROKEN : TUNE_EXIT_MISSING;
    if (error->domain == TUNE_AUDIO_ERROR)
        return of_audio(error->code);
    if (error->domain == TUNE_SCORE_ERROR)
        return of_score(error->code);
    if (error->domain == TUNE_ENGINE_ERROR)
        return of_engine(error->code);
    if (error->domain == TUNE_NEURAL_ERROR)
        return of_neural(error->code);
    if (error->domain == TUNE_PRESET_ERROR)
        return of_preset(error->code);
    if (error->domain == TUNE_SYNTH_ERROR || error->domain == G_FILE_ERROR)
        return TUNE_EXIT_MISSING;
    if (error->domain == G_IO_ERROR)
        return of_io(error->code);
    return of_service(error);
}
