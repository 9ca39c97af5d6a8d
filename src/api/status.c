/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/status.h"
#include "api/api.h"
#include "jobs/jobs.h"
#include "brief/preset.h"
#include "compose/compose.h"
#include "jobs/webhook.h"
#include "neural/tensor.h"
#include "store/users.h"

G_DEFINE_QUARK(tune-api-error-quark, tune_api_error)

static guint of_store(gint code)
{
    switch ((TuneStoreError)code) {
    case TUNE_STORE_ERROR_UNAVAILABLE:
    case TUNE_STORE_ERROR_TIMEOUT:
        return 503;
    case TUNE_STORE_ERROR_CONFLICT:
        return 409;
    case TUNE_STORE_ERROR_MISSING:
        return 404;
    case TUNE_STORE_ERROR_FULL:
        return 507;
    case TUNE_STORE_ERROR_URL:
    case TUNE_STORE_ERROR_LOCKED:
    case TUNE_STORE_ERROR_VERSION:
    case TUNE_STORE_ERROR_BROKEN:
        break;
    }
    return 500;
}

static guint of_files(gint code)
{
    switch ((TuneFilesError)code) {
    case TUNE_FILES_ERROR_MISSING:
        return 404;
    case TUNE_FILES_ERROR_FULL:
        return 507;
    case TUNE_FILES_ERROR_BROKEN:
    case TUNE_FILES_ERROR_IO:
        break;
    }
    return 500;
}

static guint of_jobs(gint code)
{
    switch ((TuneJobsError)code) {
    case TUNE_JOBS_ERROR_UNKNOWN:
    case TUNE_JOBS_ERROR_NO_SUCH_FILE:
        return 404;
    case TUNE_JOBS_ERROR_BUSY:
    case TUNE_JOBS_ERROR_MEMORY:
        return 503;
    case TUNE_JOBS_ERROR_STATE:
    case TUNE_JOBS_ERROR_FAILED:
        return 409;
    case TUNE_JOBS_ERROR_IDEMPOTENCY:
    case TUNE_JOBS_ERROR_TOO_LARGE:
    case TUNE_JOBS_ERROR_ORDER:
        return 422;
    }
    return 500;
}

static guint of_preset(gint code)
{
    switch ((TunePresetError)code) {
    case TUNE_PRESET_ERROR_NAME:
        return 422;
    case TUNE_PRESET_ERROR_UNKNOWN:
        return 404;
    case TUNE_PRESET_ERROR_SYNTAX:
        return 422;
    case TUNE_PRESET_ERROR_BUILTIN:
        return 409;
    case TUNE_PRESET_ERROR_IO:
        break;
    }
    return 500;
}

static guint of_neural(gint code)
{
    switch ((TuneNeuralError)code) {
    case TUNE_NEURAL_ERROR_REQUEST:
        return 422;
    case TUNE_NEURAL_ERROR_MEMORY:
    case TUNE_NEURAL_ERROR_NO_MODEL:
        return 503;
    case TUNE_NEURAL_ERROR_NOT_A_MODEL:
    case TUNE_NEURAL_ERROR_BROKEN:
    case TUNE_NEURAL_ERROR_MISMATCH:
    case TUNE_NEURAL_ERROR_IO:
        break;
    }
    return 500;
}

static guint of_audio(gint code)
{
    switch ((TuneAudioError)code) {
    case TUNE_AUDIO_ERROR_FORMAT:
    case TUNE_AUDIO_ERROR_BROKEN:
        return 422;
    case TUNE_AUDIO_ERROR_MEMORY:
        return 503;
    case TUNE_AUDIO_ERROR_IO:
    case TUNE_AUDIO_ERROR_MISSING:
        break;
    }
    return 500;
}

guint tune_status_of_error(const GError *error)
{
    if (error->domain == TUNE_API_ERROR)
        return error->code >= 400 && error->code < 600 ? (guint)error->code : 500;
    if (error->domain == TUNE_STORE_ERROR)
        return of_store(error->code);
    if (error->domain == TUNE_FILES_ERROR)
        return of_files(error->code);
    if (error->domain == TUNE_JOBS_ERROR)
        return of_jobs(error->code);
    if (error->domain == TUNE_USERS_ERROR)
        return 401;
    if (error->domain == TUNE_PRESET_ERROR)
        return of_preset(error->code);
    if (error->domain == TUNE_NEURAL_ERROR)
        return of_neural(error->code);
    if (error->domain == TUNE_AUDIO_ERROR)
        return of_audio(error->code);
    if (error->domain == TUNE_BRIEF_ERROR || error->domain == TUNE_COMPOSE_ERROR ||
        error->domain == TUNE_ENGINE_ERROR || error->domain == TUNE_SCORE_ERROR ||
        error->domain == TUNE_WEBHOOK_ERROR)
        return error->domain == TUNE_SCORE_ERROR && error->code == TUNE_SCORE_ERROR_IO ? 500 : 422;
    return 500;
}
