/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a request comes to: checked, in frames, columns and bytes; and how long it will take.
 */
#include "base/machine.h"
#include "neural/layout.h"
#include "neural/musicgen-private.h"

#include <math.h>

#define MIN_SECONDS 0.1
#define MAX_SECONDS 600
/* Below this guidance is off, as in the reference. */
#define NO_GUIDANCE 1.0
#define MEBIBYTE    1048576.0
/* What a reader's codec holds at a time, beside the take's own arrays. */
#define CODEC_BYTES (48u << 20)

G_GNUC_PRINTF(2, 3) static gboolean refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_REQUEST, text);
    return FALSE;
}

gsize tune_window_frames(const TuneMusicgen *self)
{
    return (gsize)lround(TUNE_WINDOW_SECONDS * self->config->codec.frame_rate);
}

gsize tune_stride_frames(const TuneMusicgen *self)
{
    return (gsize)lround(TUNE_STRIDE_SECONDS * self->config->codec.frame_rate);
}

gsize tune_first_window(const TuneMusicgen *self, gsize n_prompt)
{
    gsize window = tune_window_frames(self), overlap = window - tune_stride_frames(self);

    return n_prompt < window ? 0 : n_prompt - overlap;
}

static gboolean plan_sampling(TuneMusicgen *self, const TuneTakeRequest *request, TuneSampling *out,
                              GError **error)
{
    const TuneMusicgenConfig *config = self->config;

    *out = (TuneSampling){
        .guidance = request->guidance < 0 ? config->guidance : request->guidance,
        .temperature = request->temperature < 0 ? config->temperature : request->temperature,
        .top_k = request->top_k < 0 ? config->top_k : (guint)request->top_k,
        .top_p = request->top_p < 0 ? config->top_p : request->top_p,
        .greedy = request->greedy || !config->sample,
    };
    if (!isfinite(out->guidance) || out->guidance > 100)
        return refuse(error, "guidance must lie between 0 and 100");
    if (!isfinite(out->temperature) || out->temperature > 100)
        return refuse(error, "the temperature must lie between 0 and 100");
    if (!(out->top_p > 0 && out->top_p <= 1))
        return refuse(error, "top_p must lie above 0 and at most at 1");
    if (out->temperature < 1e-3) {
        out->greedy = TRUE;
        out->temperature = 1;
    }
    return TRUE;
}

static gboolean finite_samples(const float *samples, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        if (!isfinite(samples[i]))
            return FALSE;
    }
    return TRUE;
}

static gboolean check_sound(TuneMusicgen *self, const TuneTakeRequest *request, GError **error)
{
    if (request->melody != NULL) {
        if (!self->config->melody)
            return refuse(error, "this model takes no melody: that needs a musicgen-melody model");
        if (request->n_melody == 0)
            return refuse(error, "the melody is empty");
        if (!finite_samples(request->melody, request->n_melody))
            return refuse(error, "the melody holds samples that are no numbers");
    }
    if (request->audio != NULL) {
        if (request->n_audio == 0)
            return refuse(error, "the sound to be continued is empty");
        if (!finite_samples(request->audio, request->n_audio * self->config->decoder.n_channels))
            return refuse(error, "the sound to be continued holds samples that are no numbers");
    }
    return TRUE;
}

static gboolean plan_length(TuneMusicgen *self, const TuneTakeRequest *request, TuneTakePlan *out,
                            GError **error)
{
    const TuneEncodecConfig *codec = &self->config->codec;

    if (!(request->seconds >= MIN_SECONDS && request->seconds <= MAX_SECONDS))
        return refuse(error, "the length must lie between %g and %d seconds", MIN_SECONDS,
                      MAX_SECONDS);
    if (!check_sound(self, request, error))
        return FALSE;
    out->n_frames = (gsize)lround(request->seconds * codec->frame_rate);
    if (request->audio != NULL)
        out->n_prompt = (request->n_audio + codec->hop - 1) / codec->hop;
    if (out->n_prompt >= out->n_frames)
        return refuse(
            error,
            "the sound to be continued lasts %.2f s, but %.2f s are asked for in all: ask "
            "for more",
            (double)out->n_prompt / codec->frame_rate, request->seconds);
    return TRUE;
}

static gboolean plan_text(TuneMusicgen *self, const TuneTakeRequest *request, TuneTakePlan *out,
                          GError **error)
{
    if (request->prompt == NULL)
        return TRUE;
    if (!g_utf8_validate(request->prompt, -1, NULL))
        return refuse(error, "the prompt is not valid UTF-8");
    g_autoptr(GArray) ids = tune_musicgen_tokenize(self, request->prompt, error);
    if (ids == NULL)
        return FALSE;
    out->n_tokens = ids->len;
    return TRUE;
}

/* Columns of all windows. */
static void plan_windows(TuneMusicgen *self, TuneTakePlan *out)
{
    const TuneDecoderConfig *decoder = &self->config->decoder;
    gsize window = tune_window_frames(self), stride = tune_stride_frames(self);
    gsize offset = tune_first_window(self, out->n_prompt), done = out->n_prompt;

    while (done < out->n_frames) {
        gsize n = MIN(window, out->n_frames - offset), given = done - offset;
        gsize fed =
            tune_delay_length((guint)n, decoder->n_codebooks, decoder->n_channels) - (gsize)1;
        out->n_steps += fed - given;
        out->n_known += out->n_prefix + given;
        out->capacity = MAX(out->capacity, out->n_prefix + fed);
        done = offset + n;
        offset += stride;
    }
}

/* Of the codec's encoder, which the loaded model is without until an audio prompt comes. */
static guint64 encoder_bytes(const TuneMusicgen *self)
{
    g_autoptr(GArray) layout = tune_layout(self->config);
    gboolean exact = tune_musicgen_side_type(self) == TUNE_WEIGHTS_F32;
    guint64 n = 0;

    for (guint i = 0; i < layout->len; i++) {
        const TuneExpected *tensor = &g_array_index(layout, TuneExpected, i);
        n += tensor->role == TUNE_TENSOR_ROLE_CODEC_IN ? tune_expected_n_values(tensor) : 0;
    }
    return n * (exact ? sizeof(float) : sizeof(guint16));
}

static void plan_memory(TuneMusicgen *self, TuneTakePlan *out)
{
    const TuneDecoderConfig *decoder = &self->config->decoder;
    TuneWeightType type = self->options.weights;
    guint64 cross = decoder->cross_attention ? out->n_tokens : 0;
    guint64 logits = (guint64)decoder->n_codebooks * decoder->vocab_size * sizeof(float);

    out->take_bytes = out->n_streams * tune_sequence_bytes(decoder, type, out->capacity) +
                      tune_sequence_bytes(decoder, type, cross) + 3 * logits +
                      out->n_frames * decoder->n_codebooks * sizeof(gint32) +
                      out->n_streams * out->n_prefix * decoder->d_model * sizeof(float) +
                      decoder->n_channels * (guint64)CODEC_BYTES +
                      (out->n_prompt > 0 ? encoder_bytes(self) : 0);
}

gboolean tune_take_plan(TuneMusicgen *self, const TuneTakeRequest *request, TuneTakePlan *out,
                        GError **error)
{
    *out = (TuneTakePlan){0};
    if (!plan_sampling(self, request, &out->sampling, error) ||
        !plan_length(self, request, out, error) || !plan_text(self, request, out, error))
        return FALSE;
    gboolean conditional = request->prompt != NULL || request->melody != NULL;
    out->n_streams = conditional && out->sampling.guidance > NO_GUIDANCE ? 2 : 1;
    if (self->config->melody)
        out->n_prefix = self->config->chroma_length + MAX(out->n_tokens, 1);
    plan_windows(self, out);
    plan_memory(self, out);
    return TRUE;
}

gboolean tune_memory_suffices(guint64 bytes, guint64 released, const char *what, GError **error)
{
    guint64 available = tune_machine_memory_available();

    if (available == 0 || bytes <= available + released)
        return TRUE;
    g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MEMORY,
                "%s need %.1f MiB of memory, and %.1f MiB are there", what,
                (double)bytes / MEBIBYTE, (double)(available + released) / MEBIBYTE);
    return FALSE;
}
