/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How takes live together: neighbours, threads, cancelling, weights that come and go, long clips.
 */
#include "generate.h"
#include "neural/decoder.h"
#include "neural/musicgen-private.h"

#include <math.h>
#include <string.h>

#define PROMPT       "80s pop track with bassy drums and synth"
#define OTHER_PROMPT "a slow and sad orchestral film score with warm strings"
/* What is waited for comes within milliseconds; on a machine under load, later. */
#define PATIENCE_US (60 * G_USEC_PER_SEC)

static TuneTakeRequest request_of(const char *prompt, double seconds, guint64 seed)
{
    TuneTakeRequest request = TUNE_TAKE_REQUEST_DEFAULT;

    request.prompt = prompt;
    request.seconds = seconds;
    request.seed = seed;
    return request;
}

static void wait_until_idle(TuneMusicgen *model)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_US;
    TuneMusicgenStats stats;

    for (;;) {
        tune_musicgen_stats(model, &stats);
        if (stats.running == 0 && stats.waiting == 0)
            return;
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(1000);
    }
}

/* --- neighbours and threads */

typedef struct {
    TuneMusicgen *model;
    TuneTake *take;
    gsize block;
} Reading;

static gpointer read_all(gpointer data)
{
    Reading *reading = data;

    return tune_test_read(reading->model, reading->take, reading->block);
}

/* Takes of all kinds at once, some of which have to wait for a place, each as alone. */
static void test_neighbours(gconstpointer type)
{
    enum { N = 5 };
    TuneMusicgenOptions options = {
        .weights = (TuneWeightType)GPOINTER_TO_UINT(type), .n_threads = 2, .max_batch = 3};
    g_autoptr(TuneMusicgen) model = tune_test_model("tiny-mono", &options);
    TuneTakeRequest requests[N] = {request_of(PROMPT, 0.9, 1), request_of(OTHER_PROMPT, 1.3, 2),
                                   request_of(NULL, 0.5, 3), request_of(PROMPT, 1.1, 4),
                                   request_of("", 0.3, 5)};
    g_autofree float *audio = g_new(float, 9000);
    TuneTestSound *alone[N];
    Reading readings[N];
    GThread *threads[N];

    for (guint i = 0; i < 9000; i++)
        audio[i] = 0.3f * sinf((float)i * 0.05f);
    requests[3].audio = audio;
    requests[3].n_audio = 9000;
    requests[1].guidance = 1;
    requests[1].temperature = 1.3;
    requests[4].top_p = 0.8;
    for (guint i = 0; i < N; i++)
        alone[i] = tune_test_generate(model, &requests[i]);
    for (guint i = 0; i < N; i++) {
        readings[i] = (Reading){model, tune_test_start(model, &requests[i]), 100 + 999 * i};
        threads[i] = g_thread_new("reader", read_all, &readings[i]);
    }
    for (guint i = 0; i < N; i++) {
        g_autoptr(TuneTestSound) sound = g_thread_join(threads[i]);
        tune_test_assert_same(sound, alone[i]);
        tune_test_sound_free(alone[i]);
        tune_take_free(readings[i].take);
    }
    TuneMusicgenStats stats;
    tune_musicgen_stats(model, &stats);
    g_assert_cmpuint(stats.takes, ==, 2 * N);
    g_assert_cmpuint(stats.running + stats.waiting, ==, 0);
    g_assert_cmpfloat(stats.steps_per_second, >, 0);
}

static void test_threads(void)
{
    g_autoptr(TuneTestSound) first = NULL;
    TuneTakeRequest request = request_of(PROMPT, 1, 7);

    for (guint n = 1; n <= 3; n++) {
        TuneMusicgenOptions options = {.weights = TUNE_WEIGHTS_Q8, .n_threads = n};
        g_autoptr(TuneMusicgen) model = tune_test_model("tiny-stereo", &options);
        g_autoptr(TuneTestSound) sound = tune_test_generate(model, &request);
        if (first != NULL)
            tune_test_assert_same(sound, first);
        else
            first = g_steal_pointer(&sound);
    }
}

static void test_seeds(void)
{
    g_autoptr(TuneMusicgen) model = tune_test_model("tiny-mono", NULL);
    TuneTakeRequest request = request_of(PROMPT, 0.5, 7);
    g_autoptr(TuneTestSound) first = tune_test_generate(model, &request);
    g_autoptr(TuneTestSound) again = tune_test_generate(model, &request);

    tune_test_assert_same(first, again);
    request.seed = 8;
    g_autoptr(TuneTestSound) other = tune_test_generate(model, &request);
    g_assert_false(memcmp(first->codes, other->codes, first->n_codes * sizeof *first->codes) == 0);
    /* No temperature at all is greedy, whatever the seed. */
    request.temperature = 0;
    g_autoptr(TuneTestSound) cold = tune_test_generate(model, &request);
    request.seed = 9;
    request.temperature = -1;
    request.greedy = TRUE;
    g_autoptr(TuneTestSound) greedy = tune_test_generate(model, &request);
    tune_test_assert_same(cold, greedy);
}

/* --- cancelling */

static gboolean read_until_error(TuneTake *take, GError **error)
{
    float block[256];
    gsize got;

    do {
        if (!tune_take_read(take, block, G_N_ELEMENTS(block), &got, error))
            return FALSE;
    } while (got > 0);
    return TRUE;
}

static gpointer cancel_soon(gpointer cancellable)
{
    g_usleep(30000);
    g_cancellable_cancel(cancellable);
    return NULL;
}

static void test_cancel(void)
{
    g_autoptr(TuneMusicgen) model = tune_test_model("tiny-mono", NULL);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    TuneTakeRequest request = request_of(PROMPT, 600, 1);

    request.cancellable = cancellable;
    g_autoptr(TuneTake) take = tune_test_start(model, &request);
    GThread *canceller = g_thread_new("canceller", cancel_soon, cancellable);
    for (guint i = 0; i < 2; i++) { /* it stays cancelled */
        g_autoptr(GError) error = NULL;
        g_assert_false(read_until_error(take, &error));
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
    g_thread_join(canceller);
    wait_until_idle(model);
    g_autoptr(GError) error = NULL;
    g_assert_null(tune_musicgen_start(model, &request, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* One that waits for a place, and one that is freed while it runs. */
static void test_cancel_waiting(void)
{
    TuneMusicgenOptions options = {.weights = TUNE_WEIGHTS_F32, .n_threads = 1, .max_batch = 1};
    g_autoptr(TuneMusicgen) model = tune_test_model("tiny-mono", &options);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    TuneTakeRequest request = request_of(PROMPT, 600, 1);
    TuneTake *runs = tune_test_start(model, &request);
    g_autoptr(GError) error = NULL;

    request.cancellable = cancellable;
    request.seconds = 0.5;
    g_autoptr(TuneTake) waits = tune_test_start(model, &request);
    g_cancellable_cancel(cancellable);
    g_assert_false(read_until_error(waits, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    tune_take_free(runs);
    wait_until_idle(model);
    request.cancellable = NULL;
    g_autoptr(TuneTestSound) sound = tune_test_generate(model, &request);
    g_assert_cmpuint(sound->n_samples, ==, 16000);
}

/* --- listeners */

static void wait_for_codes(TuneTake *take)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_US;

    while (tune_take_progress(take) < tune_take_n_frames(take)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(1000);
    }
}

static void wait_until_released(TuneMusicgen *model)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_US;

    while (!tune_musicgen_release(model)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(1000);
    }
}

/* One who does not listen keeps nobody else from it, and finds all when he does. */
static void test_slow_listener(void)
{
    TuneMusicgenOptions options = {.weights = TUNE_WEIGHTS_F32, .n_threads = 2, .max_batch = 2};
    g_autoptr(TuneMusicgen) model = tune_test_model("tiny-stereo", &options);
    TuneTakeRequest request = request_of(PROMPT, 2.1, 1);
    g_autoptr(TuneTestSound) alone = tune_test_generate(model, &request);
    g_autoptr(TuneTake) slow = tune_test_start(model, &request);
    TuneTakeRequest others = request_of(OTHER_PROMPT, 1.6, 2);

    for (guint i = 0; i < 3; i++) {
        g_autoptr(TuneTestSound) other = tune_test_generate(model, &others);
        g_assert_cmpuint(other->n_samples, ==, 2 * 51200);
    }
    wait_for_codes(slow);
    g_assert_false(tune_musicgen_release(model));
    g_autoptr(TuneTestSound) late = tune_test_read(model, slow, 777);
    tune_test_assert_same(late, alone);
    g_assert_true(tune_musicgen_release(model));
}

/* All codes are there when the listener goes away: at once, or after the first sound. */
static void test_listener_goes(void)
{
    g_autoptr(TuneMusicgen) model = tune_test_model("tiny-mono", NULL);
    TuneTakeRequest request = request_of(PROMPT, 1.6, 1);
    g_autoptr(GError) error = NULL;
    float block[256];
    gsize got;

    for (guint i = 0; i < 2; i++) {
        TuneTake *take = tune_test_start(model, &request);
        if (i == 1)
            g_assert_true(tune_take_read(take, block, G_N_ELEMENTS(block), &got, &error));
        wait_for_codes(take);
        tune_take_free(take);
        wait_until_released(model);
    }
}

/* What is cancelled is cancelled although all codes are there. */
static void test_cancel_late(void)
{
    g_autoptr(TuneMusicgen) model = tune_test_model("tiny-mono", NULL);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    TuneTakeRequest request = request_of(PROMPT, 1.6, 1);
    g_autoptr(GError) error = NULL, later = NULL;

    request.cancellable = cancellable;
    g_autoptr(TuneTake) take = tune_test_start(model, &request);
    wait_for_codes(take);
    g_cancellable_cancel(cancellable);
    g_assert_false(read_until_error(take, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    wait_until_released(model); /* its reader is there yet, and asks again */
    g_cancellable_reset(cancellable);
    g_assert_false(read_until_error(take, &later));
    g_assert_error(later, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* --- weights */

static void test_release(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneMusicgen) model = tune_test_model("tiny-mono", NULL);
    TuneTakeRequest request = request_of(PROMPT, 1.5, 7);
    float block[64];
    gsize got;

    g_assert_false(tune_musicgen_loaded(model));
    g_assert_true(tune_musicgen_load(model, &error));
    g_assert_true(tune_musicgen_loaded(model));
    g_assert_true(tune_musicgen_release(model));
    g_assert_false(tune_musicgen_loaded(model));
    g_autoptr(TuneTestSound) first = tune_test_generate(model, &request);
    g_assert_true(tune_musicgen_loaded(model));
    g_autoptr(TuneTake) take = tune_test_start(model, &request);
    g_assert_true(tune_take_read(take, block, 64, &got, &error));
    g_assert_false(tune_musicgen_release(model)); /* it has sound to be decoded yet */
    g_assert_true(read_until_error(take, &error));
    g_assert_true(tune_musicgen_release(model));
    g_autoptr(TuneTestSound) again = tune_test_generate(model, &request);
    tune_test_assert_same(first, again);
    TuneMusicgenStats stats;
    tune_musicgen_stats(model, &stats);
    g_assert_cmpuint(stats.weight_bytes, >, 0);
    g_assert_true(tune_musicgen_release(model));
    tune_musicgen_stats(model, &stats);
    g_assert_cmpuint(stats.weight_bytes, ==, 0);
}

static void test_low_memory(void)
{
    TuneMusicgenOptions options = {.weights = TUNE_WEIGHTS_F32, .n_threads = 2, .low_memory = TRUE};
    g_autoptr(TuneMusicgen) low = tune_test_model("tiny-stereo", &options);
    g_autoptr(TuneMusicgen) model = tune_test_model("tiny-stereo", NULL);
    g_autofree float *audio = g_new0(float, 2 * 2000);
    TuneTakeRequest request = request_of(PROMPT, 0.5, 7);
    TuneMusicgenStats stats, low_stats;

    request.audio = audio;
    request.n_audio = 2000;
    for (guint i = 0; i < 2; i++) {
        g_autoptr(TuneTestSound) sound = tune_test_generate(model, &request);
        g_autoptr(TuneTestSound) low_sound = tune_test_generate(low, &request);
        tune_test_assert_same(sound, low_sound);
    }
    tune_musicgen_stats(model, &stats);
    tune_musicgen_stats(low, &low_stats);
    g_assert_cmpuint(low_stats.weight_bytes, <, stats.weight_bytes);
}

/* --- what is said before */

static void test_estimate(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneMusicgen) model = tune_test_model("tiny-mono", NULL);
    TuneTakeRequest request = request_of(PROMPT, 10, 1);
    TuneTakeEstimate estimate, longer, single;

    g_assert_true(tune_musicgen_estimate(model, &request, &estimate, &error));
    g_assert_false(tune_musicgen_loaded(model));
    g_assert_cmpuint(estimate.n_steps, ==, 503);
    g_assert_cmpfloat(estimate.seconds, >, 0);
    g_assert_cmpuint(estimate.weight_bytes, >, 0);
    const TuneDecoderConfig *config =
        &tune_checkpoint_config(tune_musicgen_checkpoint(model))->decoder;
    g_assert_cmpuint(estimate.take_bytes, >,
                     2 * tune_sequence_bytes(config, TUNE_WEIGHTS_F32, 503));
    request.seconds = 60;
    g_assert_true(tune_musicgen_estimate(model, &request, &longer, &error));
    /* 1,503 steps, then 903 and 603 after 600 frames of the window before. */
    g_assert_cmpuint(longer.n_steps, ==, 1503 + 903 + 603);
    g_assert_cmpfloat(longer.seconds, >, estimate.seconds);
    request.seconds = 10;
    request.guidance = 1;
    g_assert_true(tune_musicgen_estimate(model, &request, &single, &error));
    g_assert_cmpuint(single.take_bytes, <, estimate.take_bytes);
}

/* Once steps were made, they are what is told from; longer clips take longer all the same. */
static void test_estimate_from_steps(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneMusicgen) model = tune_test_model("tiny-mono", NULL);
    TuneTakeRequest request = request_of(PROMPT, 1, 1);
    g_autoptr(TuneTestSound) sound = tune_test_generate(model, &request);
    TuneTakeEstimate estimates[3];
    static const double seconds[] = {1, 10, 30};

    g_assert_cmpuint(sound->n_samples, ==, 32000);
    g_assert_cmpfloat(model->seconds_per_step, >, 0);
    g_assert_cmpfloat(model->past_per_step, >, 0);
    for (guint i = 0; i < G_N_ELEMENTS(seconds); i++) {
        request.seconds = seconds[i];
        g_assert_true(tune_musicgen_estimate(model, &request, &estimates[i], &error));
        g_assert_cmpfloat(estimates[i].seconds, >, i == 0 ? 0 : 2 * estimates[i - 1].seconds);
    }
    /* A step of 53 that reads as much of the past as those that were made takes as long. */
    g_assert_cmpfloat(estimates[0].seconds, >, 53 * model->seconds_per_step / 2);
}

static void test_memory_is_told(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(tune_memory_suffices(1, 0, "a byte", &error));
    if (!tune_memory_suffices((guint64)1 << 60, 0, "the weights", &error)) {
        g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MEMORY);
        g_assert_nonnull(strstr(error->message, "the weights need 1099511627776.0 MiB of memory"));
    }
}

static void assert_refused(TuneMusicgen *model, const TuneTakeRequest *request, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) estimate_error = NULL;
    TuneTakeEstimate estimate;

    g_assert_null(tune_musicgen_start(model, request, &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_REQUEST);
    g_assert_false(tune_musicgen_estimate(model, request, &estimate, &estimate_error));
    g_assert_cmpstr(estimate_error->message, ==, error->message);
    if (strstr(error->message, words) == NULL)
        g_error("\"%s\" does not say \"%s\"", error->message, words);
}

static void test_refusals(void)
{
    static const double lengths[] = {0, 0.05, 600.1, -1, NAN, INFINITY};
    g_autoptr(TuneMusicgen) model = tune_test_model("tiny-mono", NULL);
    float audio[64000] = {0};
    TuneTakeRequest request;

    for (guint i = 0; i < G_N_ELEMENTS(lengths); i++) {
        request = request_of(PROMPT, lengths[i], 1);
        assert_refused(model, &request, "between 0.1 and 600 seconds");
    }
    request = request_of("caf\xe9", 1, 1);
    assert_refused(model, &request, "UTF-8");
    request = request_of(PROMPT, 1, 1);
    request.melody = audio;
    request.n_melody = 640;
    assert_refused(model, &request, "no melody");
    request = request_of(PROMPT, 2, 1);
    request.audio = audio;
    request.n_audio = G_N_ELEMENTS(audio);
    assert_refused(model, &request, "lasts 2.00 s");
    request.n_audio = 0;
    assert_refused(model, &request, "empty");
    request.n_audio = 1000;
    audio[999] = NAN;
    assert_refused(model, &request, "no numbers");
    request = request_of(PROMPT, 1, 1);
    request.guidance = NAN;
    assert_refused(model, &request, "guidance");
    request = request_of(PROMPT, 1, 1);
    request.temperature = INFINITY;
    assert_refused(model, &request, "temperature");
    request = request_of(PROMPT, 1, 1);
    request.top_p = 1.5;
    assert_refused(model, &request, "top_p");
    request.top_p = 0;
    assert_refused(model, &request, "top_p");
    g_assert_false(tune_musicgen_loaded(model));
}

/* --- long clips */

/* Greedy codes of frames @from.. @to of a window from @offset, made with the decoder alone: an own
 * loop, one column a pass, against what the model's thread made. */
static void check_window(const gint32 *codes, gsize n_frames, gsize offset, gsize given, gsize n)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(g_getenv("TUNE_GOLDEN"), "tiny-mono", NULL);
    g_autoptr(TuneCheckpoint) checkpoint = tune_checkpoint_open(path, &error);
    g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), 1);
    g_autoptr(TuneDecoder) decoder =
        tune_decoder_load(checkpoint, compute, TUNE_WEIGHTS_F32, &error);
    const TuneDecoderConfig *config = tune_decoder_config(decoder);
    gsize n_codebooks = config->n_codebooks, vocab = config->vocab_size;
    guint length = tune_delay_length((guint)n, config->n_codebooks, 1);
    g_autoptr(TuneSequence) sequence = tune_sequence_new(decoder, NULL, length, &error);
    g_autofree gint32 *prompt = g_new(gint32, n_codebooks * given);
    g_autofree gint32 *chosen = g_new(gint32, n_codebooks * length);
    g_autofree gint32 *ids = g_new(gint32, n_codebooks);
    g_autofree float *logits = g_new(float, n_codebooks *vocab);
    TuneSampling greedy = {.guidance = 1, .temperature = 1, .top_p = 1, .greedy = TRUE};

    for (gsize i = 0; i < n_codebooks * given; i++)
        prompt[i] = codes[i / given * n_frames + offset + i % given];
    TuneDelay delay = {config->n_codebooks, 1, (gint32)vocab, (guint)given, length, prompt};
    for (guint column = 0; column + 1 < length; column++) {
        for (guint k = 0; k < n_codebooks; k++) {
            gint32 forced = tune_delay_forced(&delay, k, column);
            ids[k] = forced >= 0 ? forced : chosen[k * length + column];
        }
        TuneDecoderRow row = {.sequence = sequence, .ids = ids, .logits = logits};
        tune_decoder_forward(decoder, compute, &row, 1);
        for (guint k = 0; k < n_codebooks; k++) {
            chosen[k * length + column + 1] =
                tune_sample(&greedy, logits + k * vocab, vocab, NULL, NULL);
            if (tune_delay_forced(&delay, k, column + 1) < 0)
                g_assert_cmpint(
                    chosen[k * length + column + 1], ==,
                    codes[k * n_frames + offset + column + 1 - tune_delay_column(&delay, k, 0)]);
        }
    }
}

/* 45 s: a window of 30 s, then one from 18 s on that goes on from the first's last 12 s. */
static void test_long_clip(void)
{
    g_autoptr(TuneMusicgen) model = tune_test_model("tiny-mono", NULL);
    TuneTakeRequest request = request_of(NULL, 45, 1);
    gsize n = 45 * 50;

    request.greedy = TRUE;
    g_autoptr(TuneTestSound) sound = tune_test_generate(model, &request);
    g_assert_cmpuint(sound->n_samples, ==, 45 * 32000);
    g_assert_cmpuint(sound->n_codes, ==, 4 * n);
    check_window(sound->codes, n, 0, 0, 1500);
    check_window(sound->codes, n, 900, 600, n - 900);
    for (gsize i = 0; i < sound->n_samples; i++)
        g_assert_true(isfinite(sound->audio[i]));
}

/* The first window of a long clip is the short clip, and draws are not repeated in the second. */
static void test_long_clip_begins_as_short(void)
{
    g_autoptr(TuneMusicgen) model = tune_test_model("tiny-melody", NULL);
    g_autofree float *melody = g_new(float, 30 * 32000);
    TuneTakeRequest request = request_of(PROMPT, 30, 3);

    for (gsize i = 0; i < 30 * 32000; i++)
        melody[i] = 0.3f * sinf((float)i * 0.05f) + 0.2f * sinf((float)(i % 50000) * 0.11f);
    request.melody = melody;
    request.n_melody = 30 * 32000;
    g_autoptr(TuneTestSound) brief = tune_test_generate(model, &request);
    request.seconds = 31;
    g_autoptr(TuneTestSound) clip = tune_test_generate(model, &request);
    g_assert_cmpuint(clip->n_samples, ==, 31 * 32000);
    for (gsize k = 0; k < 4; k++)
        tune_golden_compare_ints("codes", clip->codes + k * 1550, brief->codes + k * 1500, 1500);
}

/* An audio prompt longer than a window: its last 12 s are what is heard. */
static void test_long_prompt(void)
{
    g_autoptr(TuneMusicgen) model = tune_test_model("tiny-mono", NULL);
    gsize n_audio = 31 * 32000;
    g_autofree float *audio = g_new(float, n_audio);
    TuneTakeRequest request = request_of(NULL, 32, 3);

    for (gsize i = 0; i < n_audio; i++)
        audio[i] = 0.4f * sinf((float)i * (0.01f + (float)(i % 32000) * 1e-6f));
    request.audio = audio;
    request.n_audio = n_audio;
    request.greedy = TRUE;
    g_autoptr(TuneTestSound) sound = tune_test_generate(model, &request);
    g_assert_cmpuint(sound->n_samples, ==, 32 * 32000);
    check_window(sound->codes, 1600, 950, 600, 650);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint type = 0; type < TUNE_N_WEIGHT_TYPES; type++) {
        g_autofree char *path = g_strdup_printf("/neural/takes/neighbours/%s",
                                                tune_weight_type_name((TuneWeightType)type));
        g_test_add_data_func(path, GUINT_TO_POINTER(type), test_neighbours);
    }
    g_test_add_func("/neural/takes/threads", test_threads);
    g_test_add_func("/neural/takes/seeds", test_seeds);
    g_test_add_func("/neural/takes/cancel", test_cancel);
    g_test_add_func("/neural/takes/cancel-waiting", test_cancel_waiting);
    g_test_add_func("/neural/takes/slow-listener", test_slow_listener);
    g_test_add_func("/neural/takes/listener-goes", test_listener_goes);
    g_test_add_func("/neural/takes/cancel-late", test_cancel_late);
    g_test_add_func("/neural/takes/release", test_release);
    g_test_add_func("/neural/takes/low-memory", test_low_memory);
    g_test_add_func("/neural/takes/estimate", test_estimate);
    g_test_add_func("/neural/takes/estimate-from-steps", test_estimate_from_steps);
    g_test_add_func("/neural/takes/memory-is-told", test_memory_is_told);
    g_test_add_func("/neural/takes/refusals", test_refusals);
    g_test_add_func("/neural/takes/long-clip", test_long_clip);
    g_test_add_func("/neural/takes/long-clip-begins-as-short", test_long_clip_begins_as_short);
    g_test_add_func("/neural/takes/long-prompt", test_long_prompt);
    return g_test_run();
}
