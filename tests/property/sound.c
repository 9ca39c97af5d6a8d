/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sound.h"

#include "checks.h"

#include <ebur128.h>
#include <math.h>
#include <string.h>

#define MAX_BLOCK 4096

/* ---- rendering ---- */

typedef struct {
    GArray **stems; /* of float */
    guint n_stems;
} StemBuffers;

static gboolean keep_stem(guint track, const float *frames, gsize n, gpointer user_data,
                          GError **error)
{
    StemBuffers *buffers = user_data;

    g_assert_cmpuint(track, <, buffers->n_stems);
    g_array_append_vals(buffers->stems[track], frames, (guint)(2 * n));
    return TRUE;
}

static GArray *read_all(TuneSource *source, gsize block, GError **error)
{
    g_autoptr(GArray) out = g_array_new(FALSE, FALSE, sizeof(float));
    float frames[2 * MAX_BLOCK];
    gsize got;

    do {
        if (!tune_source_read(source, frames, MIN(block, MAX_BLOCK), &got, error))
            return NULL;
        g_array_append_vals(out, frames, (guint)(2 * got));
    } while (got > 0);
    return g_steal_pointer(&out);
}

/* The rendered mix as a source again, so that the master can be made of the same samples. */
typedef struct {
    TuneSource base;
    const float *frames;
    gsize at;
} MemorySource;

static gboolean memory_read(TuneSource *source, float *out, gsize n_frames, gsize *n_got,
                            GError **error)
{
    MemorySource *self = (MemorySource *)source;
    gsize n = MIN(n_frames, (gsize)source->n_frames - self->at);

    memcpy(out, self->frames + 2 * self->at, 2 * n * sizeof *out);
    self->at += n;
    *n_got = n;
    return TRUE;
}

static void memory_free(TuneSource *source)
{
    g_free(source);
}

static TuneSource *memory_source_new(const float *frames, gsize n_frames, guint rate)
{
    static const TuneSourceClass memory_class = {memory_read, memory_free};
    MemorySource *self = g_new0(MemorySource, 1);

    self->base = (TuneSource){&memory_class, rate, 2, (gint64)n_frames};
    self->frames = frames;
    return &self->base;
}

static gboolean render_mix(Sound *self, TuneSynth *synth, const TuneScore *score, gsize block,
                           GError **error)
{
    StemBuffers buffers = {g_new0(GArray *, score->tracks->len), score->tracks->len};
    TuneSynthOptions options = TUNE_SYNTH_OPTIONS_DEFAULT;
    g_autoptr(TuneSource) source = NULL;
    g_autoptr(GArray) mix = NULL;

    for (guint i = 0; i < buffers.n_stems; i++)
        buffers.stems[i] = g_array_new(FALSE, TRUE, sizeof(float));
    options.stem_sink = keep_stem;
    options.stem_user_data = &buffers;
    source = tune_synth_render(synth, score, &options, error);
    mix = source ? read_all(source, block, error) : NULL;
    self->rate = options.rate;
    self->n_stems = buffers.n_stems;
    self->stems = g_new0(float *, buffers.n_stems);
    self->n_frames = mix ? mix->len / 2 : 0;
    for (guint i = 0; i < buffers.n_stems; i++) {
        /* A stem that was cut short is padded, so that the sum test sees it. */
        g_array_set_size(buffers.stems[i], (guint)(2 * self->n_frames));
        self->stems[i] = (float *)(gpointer)g_array_free(buffers.stems[i], FALSE);
    }
    g_free(buffers.stems);
    if (mix == NULL)
        return FALSE;
    self->mix = (float *)(gpointer)g_array_free(g_steal_pointer(&mix), FALSE);
    return TRUE;
}

Sound *sound_render(TuneSynth *synth, const TuneScore *score, gsize block, GError **error)
{
    g_autoptr(Sound) self = g_new0(Sound, 1);
    TuneMasterOptions options = {
        .kind = TUNE_MASTER_EXACT, .loudness_lufs = -14, .peak_dbtp = -1, .score = score};
    g_autoptr(TuneSource) master = NULL;
    g_autoptr(GArray) pcm = NULL;

    if (!render_mix(self, synth, score, block, error))
        return NULL;
    master =
        tune_master_new(memory_source_new(self->mix, self->n_frames, self->rate), &options, error);
    pcm = master ? read_all(master, block, error) : NULL;
    if (pcm == NULL)
        return NULL;
    g_assert_cmpuint(pcm->len, ==, 2 * self->n_frames);
    self->master = (float *)(gpointer)g_array_free(g_steal_pointer(&pcm), FALSE);
    return g_steal_pointer(&self);
}

void sound_free(Sound *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < self->n_stems; i++)
        g_free(self->stems[i]);
    g_free(self->stems);
    g_free(self->mix);
    g_free(self->master);
    g_free(self);
}

gboolean sound_equal(const Sound *a, const Sound *b)
{
    gsize bytes = 2 * a->n_frames * sizeof(float);

    if (a->n_frames != b->n_frames || a->n_stems != b->n_stems)
        return FALSE;
    for (guint i = 0; i < a->n_stems; i++)
        if (memcmp(a->stems[i], b->stems[i], bytes) != 0)
            return FALSE;
    return memcmp(a->mix, b->mix, bytes) == 0 && memcmp(a->master, b->master, bytes) == 0;
}

/* ---- the properties ---- */

static double rms_db(const float *frames, gsize from, gsize to)
{
    double sum = 0;

    for (gsize i = 2 * from; i < 2 * to; i++)
        sum += (double)frames[i] * frames[i];
    return 10 * log10(sum / (double)MAX(1, 2 * (to - from)) + 1e-20);
}

static void check_length(Violations *found, const Ask *ask, const TuneScore *score,
                         const Sound *sound)
{
    gint64 expected = llround((double)score->length_us * sound->rate / 1e6);

    violations_checked(found, "sound/length", 1);
    if (score->length_us > 0 && (gint64)sound->n_frames != expected)
        violations_add(found, "sound/length", ask, "%zu frames, %" G_GINT64_FORMAT " expected",
                       sound->n_frames, expected);
    if (score->length_us == 0 &&
        (double)sound->n_frames / sound->rate < tune_score_seconds(score, score->ticks))
        violations_add(found, "sound/length", ask, "ends before the last bar line");
}

static void check_loudness(Violations *found, const Ask *ask, const Sound *sound)
{
    ebur128_state *meter = ebur128_init(2, sound->rate, EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK);
    double lufs = 0, left = 0, right = 0, peak;

    ebur128_add_frames_float(meter, sound->master, sound->n_frames);
    ebur128_loudness_global(meter, &lufs);
    ebur128_true_peak(meter, 0, &left);
    ebur128_true_peak(meter, 1, &right);
    ebur128_destroy(&meter);
    peak = 20 * log10(fmax(left, right));
    violations_checked(found, "sound/loudness", 1);
    if (fabs(lufs + 14) > 0.5)
        violations_add(found, "sound/loudness", ask, "%.2f LUFS", lufs);
    violations_checked(found, "sound/peak", 1);
    if (peak > -0.99)
        violations_add(found, "sound/peak", ask, "%.2f dBTP", peak);
}

static void check_stems(Violations *found, const Ask *ask, const TuneScore *score,
                        const Sound *sound)
{
    violations_checked(found, "sound/stems-sum", 1);
    for (gsize i = 0; i < 2 * sound->n_frames; i++) {
        float sum = 0;

        for (guint k = 0; k < sound->n_stems; k++)
            sum += sound->stems[k][i];
        if (sum != sound->mix[i]) {
            violations_add(found, "sound/stems-sum", ask,
                           "frame %zu: stems give %.9g, the mix %.9g", i / 2, (double)sum,
                           (double)sound->mix[i]);
            break;
        }
    }
    for (guint k = 0; k < sound->n_stems; k++) {
        const TuneTrack *track = score->tracks->pdata[k];
        double level =
            rms_db(sound->stems[k], 0, sound->n_frames) - rms_db(sound->mix, 0, sound->n_frames);

        violations_checked(found, "sound/audible", 1);
        if (track->notes->len >= ENOUGH_NOTES && level < -40)
            violations_add(found, "sound/audible", ask, "%s lies %.0f dB below the mix", track->id,
                           -level);
    }
}

static void check_edges(Violations *found, const Ask *ask, const TuneScore *score,
                        const Sound *sound)
{
    gsize tenth = sound->rate / 10, first = 0;
    double body = rms_db(sound->master, 0, sound->n_frames);
    double tail =
        rms_db(sound->master, sound->n_frames - MIN(tenth, sound->n_frames), sound->n_frames);
    double mean[2] = {0, 0};

    while (first < 2 * sound->n_frames && fabsf(sound->master[first]) < 1e-3f)
        first++;
    violations_checked(found, "sound/head", 1);
    if (first / 2 > sound->rate * 30 / 1000)
        violations_add(found, "sound/head", ask, "%.0f ms of silence at the head",
                       1000.0 * (double)(first / 2) / sound->rate);
    if (!score->loop && score->ending != TUNE_ENDING_COLD) {
        violations_checked(found, "sound/tail", 1);
        if (tail > body - 40)
            violations_add(found, "sound/tail", ask,
                           "the last 100 ms are %.1f dB, the body %.1f dB", tail, body);
    }
    for (gsize i = 0; i < 2 * sound->n_frames; i++)
        mean[i & 1] += sound->master[i] / (double)sound->n_frames;
    violations_checked(found, "sound/no-dc", 1);
    if (fmax(fabs(mean[0]), fabs(mean[1])) > 1e-3)
        violations_add(found, "sound/no-dc", ask, "mean %.5f, %.5f", mean[0], mean[1]);
}

static double step_at(const float *frames, gsize n_frames, gsize i)
{
    gsize next = (i + 1) % n_frames;

    return fmax(fabs((double)frames[2 * next] - frames[2 * i]),
                fabs((double)frames[2 * next + 1] - frames[2 * i + 1]));
}

/* Played round and round, the step from the last frame to the first is no larger than the steps
 * within 50 ms around it; and the sound does not fall silent there: no part may stop sounding for
 * the seam. */
static void check_seam(Violations *found, const Ask *ask, const TuneScore *score,
                       const Sound *sound)
{
    gsize n = sound->n_frames, near = sound->rate / 20;
    double largest = 1e-4, seam;

    if (!score->loop || n < 2 * near)
        return;
    for (gsize i = 0; i < near; i++) {
        largest = fmax(largest, step_at(sound->master, n, i));
        if (i > 0)
            largest = fmax(largest, step_at(sound->master, n, n - 1 - i));
    }
    seam = step_at(sound->master, n, n - 1);
    violations_checked(found, "sound/loop-seam", 1);
    if (seam > largest)
        violations_add(found, "sound/loop-seam", ask, "a step of %.4f at the seam, %.4f around it",
                       seam, largest);
}

void check_sound(Violations *found, const Ask *ask, const TuneScore *score, const Sound *sound)
{
    check_length(found, ask, score, sound);
    check_loudness(found, ask, sound);
    check_stems(found, ask, score, sound);
    check_edges(found, ask, score, sound);
    check_seam(found, ask, score, sound);
}
