/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The public library: the rooms' functions behind a header without GLib.
 */
#include "tunesmith.h"

#include "compose/compose.h"
#include "engine/engine-private.h"
#include "engine/tags.h"
#include "engine/title.h"
#include "score/format.h"
#include "tune-config.h"

#include <string.h>

#define BLOCK 4096

/* GError -> the caller's sentence. */
static void give(char **error, GError *from)
{
    if (error != NULL)
        *error = strdup(from->message);
    g_error_free(from);
}

static void give_text(char **error, const char *text)
{
    if (error != NULL)
        *error = strdup(text);
}

const char *tunesmith_version(void)
{
    return TUNE_VERSION;
}

void tunesmith_free(void *memory)
{
    g_free(memory); /* GLib's allocator is malloc's */
}

TuneEngine *tunesmith_engine_new(const char *soundfont, char **error)
{
    TuneEngineConfig config = {.synth = {.soundfont = soundfont}};
    GError *failure = NULL;
    TuneEngine *engine = tune_engine_new("compose", &config, &failure);

    if (engine != NULL && tune_engine_vocabulary(engine, &failure) != NULL &&
        tune_engine_synth(engine, &failure) != NULL)
        return engine;
    tune_engine_free(engine);
    give(error, failure);
    return NULL;
}

void tunesmith_engine_free(TuneEngine *engine)
{
    tune_engine_free(engine);
}

TuneBrief *tunesmith_brief_new(TuneEngine *engine, const char *sentence, char **error)
{
    GError *failure = NULL;
    g_autoptr(TuneBrief) brief = tune_brief_new();
    const TuneVocabulary *vocabulary = tune_engine_vocabulary(engine, &failure);

    if (vocabulary == NULL || !tune_brief_read_sentence(brief, vocabulary, sentence, &failure) ||
        !tune_title_complete(brief, vocabulary, &failure)) {
        give(error, failure);
        return NULL;
    }
    return g_steal_pointer(&brief);
}

char *tunesmith_brief_explain(const TuneBrief *brief)
{
    return tune_brief_explain(brief);
}

void tunesmith_brief_free(TuneBrief *brief)
{
    tune_brief_free(brief);
}

TuneScore *tunesmith_score_new(TuneEngine *engine, const TuneBrief *brief, uint64_t seed,
                               char **error)
{
    GError *failure = NULL;
    const TuneVocabulary *vocabulary = tune_engine_vocabulary(engine, &failure);
    TuneScore *score =
        vocabulary != NULL ? tune_compose(brief, vocabulary, seed, NULL, &failure) : NULL;

    if (score == NULL)
        give(error, failure);
    return score;
}

TuneScore *tunesmith_score_read(const void *data, size_t size, char **error)
{
    GError *failure = NULL;
    TuneScore *score = tune_score_read("score", data, size, &failure);

    if (score == NULL)
        give(error, failure);
    return score;
}

void *tunesmith_score_write(const TuneScore *score, const char *format, size_t *size, char **error)
{
    g_autofree char *name = g_strconcat("x.", strcmp(format, "midi") == 0 ? "mid" : format, NULL);
    TuneScoreFormat wanted = tune_score_format_of_path(name);
    GError *failure = NULL;

    if (wanted == TUNE_SCORE_UNKNOWN) {
        give_text(error, "format: there are json, midi, musicxml and abc");
        return NULL;
    }
    g_autoptr(GBytes) bytes = tune_score_write(score, wanted, &failure);
    if (bytes == NULL) {
        give(error, failure);
        return NULL;
    }
    const void *data = g_bytes_get_data(bytes, size);
    return g_memdup2(data, *size);
}

double tunesmith_score_seconds(const TuneScore *score)
{
    return (double)score->length_us / 1e6;
}

void tunesmith_score_free(TuneScore *score)
{
    if (score != NULL)
        tune_score_unref(score);
}

/* Fields that an older caller's struct does not have keep their defaults. */
static TuneRenderOptions render_options(const TunesmithRenderOptions *given, double *loudness_lufs)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    TunesmithRenderOptions own = {.rate = 44100, .live = 0, .loudness_lufs = -14};

    if (given != NULL)
        memcpy(&own, given, MIN(given->size, sizeof own));
    options.rate = CLAMP(own.rate, 22050, 96000);
    options.master = own.live ? TUNE_MASTER_LIVE : TUNE_MASTER_EXACT;
    *loudness_lufs = CLAMP(own.loudness_lufs, -30, -8);
    options.cancellable = g_cancellable_new();
    return options;
}

static TuneRender *own_render(TuneRender *render, GCancellable *cancellable, GError *failure,
                              char **error)
{
    if (render == NULL) {
        g_object_unref(cancellable);
        give(error, failure);
        return NULL;
    }
    render->own_cancellable = cancellable;
    return render;
}

TuneRender *tunesmith_render_new(TuneEngine *engine, const TuneScore *score,
                                 const TunesmithRenderOptions *options, char **error)
{
    double loudness_lufs;
    TuneRenderOptions inner = render_options(options, &loudness_lufs);
    GError *failure = NULL;
    TuneRender *render = tune_engine_start_score(engine, score, loudness_lufs, &inner, &failure);

    return own_render(render, inner.cancellable, failure, error);
}

TuneRender *tunesmith_render_brief(TuneEngine *engine, const TuneBrief *brief, uint64_t seed,
                                   const TunesmithRenderOptions *options, char **error)
{
    double loudness_lufs;
    TuneRenderOptions inner = render_options(options, &loudness_lufs);
    GError *failure = NULL;
    g_autoptr(TuneBrief) own = tune_brief_copy(brief);

    if (options != NULL)
        own->loudness_lufs = loudness_lufs;
    TuneRender *render = tune_engine_start(engine, own, seed, &inner, &failure);
    return own_render(render, inner.cancellable, failure, error);
}

long tunesmith_render_read(TuneRender *render, float *out, size_t n_frames, char **error)
{
    GError *failure = NULL;
    gsize got;

    if (tune_render_read(render, out, n_frames, &got, &failure))
        return (long)got;
    give(error, failure);
    return -1;
}

unsigned tunesmith_render_rate(const TuneRender *render)
{
    return tune_render_rate(render);
}

int64_t tunesmith_render_n_frames(const TuneRender *render)
{
    return tune_render_n_frames(render);
}

void tunesmith_render_cancel(TuneRender *render)
{
    g_cancellable_cancel(render->own_cancellable);
}

void tunesmith_render_free(TuneRender *render)
{
    tune_render_free(render);
}

static gboolean save(TuneRender *render, const char *path, GError **error)
{
    TuneAudioFormat format;
    g_autoptr(TuneTags) tags = tune_render_tags(render);
    g_autofree float *block = g_new(float, 2 * BLOCK);
    gsize got;

    if (!tune_audio_format_of_path(path, &format, error))
        return FALSE;
    g_autoptr(TuneEncoder) encoder = tune_encoder_new(
        path, format, tune_render_rate(render), 2, tune_render_n_frames(render), tags, error);
    if (encoder == NULL)
        return FALSE;
    do {
        if (!tune_render_read(render, block, BLOCK, &got, error) ||
            (got > 0 && !tune_encoder_write(encoder, block, got, error)))
            return FALSE;
    } while (got > 0);
    return tune_encoder_finish(encoder, error);
}

int tunesmith_render_save(TuneRender *render, const char *path, char **error)
{
    GError *failure = NULL;

    if (save(render, path, &failure))
        return 0;
    give(error, failure);
    return -1;
}
