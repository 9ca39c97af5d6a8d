/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A drum machine: every stroke is a few layers, each an oscillator or noise with an envelope of its own
 * between two filters.
 */
#include "score/score.h"
#include "synth/clones.h"
#include "synth/finish.h"
#include "synth/patch-voice.h"
#include "synth/shape.h"
#include <math.h>
#include <string.h>

#define BLOCK 32
#define MAX_STROKES 24
#define N_METAL 6
#define BURST_FALL 2.2 /* of 60 dB, in distances between bursts */
#define SILENT 1e-4

/* Pitches of a cymbal's six square waves against the first, after the circuit of 1980. */
static const double metal_ratios[N_METAL] = {1.0, 1.4828, 1.8003, 2.5460, 2.6303, 3.8967};

typedef struct {
    double hz_above; /* of the falling pitch over the one at rest */
    double fall, decay; /* factors a block */
    double level;    /* of the envelope at the end of the last block */
    guint32 phases[N_METAL], bits;
    float held;
    TuneSvf low, high;
    float low_g, high_g;
    float gain;
    gboolean over;
} Layer;

typedef struct {
    gboolean active, dying;
    const TuneDrum *drum;
    double ratio;   /* of the tuning */
    double seconds;
    guint64 number;
    float left, right;
    Layer layers[TUNE_KIT_LAYERS];
} Stroke;

typedef struct {
    TuneVoice base;
    TunePatch *patch;
    guint rate;
    double block_s;
    Stroke strokes[MAX_STROKES];
    guint64 n_played;
    gint volume, expression;
    TuneFinish finish;
} KitVoice;

/* ---- the envelope ---- */

/* Level at @t of all but the decay, which goes on by itself. */
static double next_level(Layer *self, const TuneDrumLayer *layer, double t)
{
    double bursting = layer->bursts * layer->burst_s;

    if (t < bursting) {
        double in = fmod(t, layer->burst_s) / layer->burst_s;

        return tune_wave_exp2(-9.9658 * in / BURST_FALL);
    }
    t -= bursting;
    if (t < layer->attack_s)
        return t / layer->attack_s;
    if (t < layer->attack_s + layer->hold_s)
        return 1.0;
    /* A straight line in decibel from 1. */
    double passed = t - layer->attack_s - layer->hold_s;
    double level = layer->decay_s > 0 ? tune_wave_exp2(-9.9658 * MIN(10.0, passed / layer->decay_s)) : 0.0;

    self->over = level < SILENT;
    return level;
}

/* ---- a stroke ---- */

static void start_layer(KitVoice *self, Layer *out, const TuneDrumLayer *layer, guint8 velocity,
                        double ratio, guint32 seed)
{
    double soft = 1.0 - layer->velocity * (1.0 - velocity / 127.0);

    memset(out, 0, sizeof *out);
    out->hz_above = (layer->from_hz - layer->hz) * ratio;
    out->fall = tune_wave_exp2(-1.4427 * self->block_s / layer->fall_s);
    out->gain = (float)(layer->level * soft);
    out->bits = seed | 1u;
    out->held = 1.0f;
    if (layer->kind == TUNE_LAYER_METAL)
        for (guint i = 0; i < N_METAL; i++)
            out->phases[i] = tune_wave_hash(seed + i);
    if (layer->low_hz > 0)
        out->low_g = tune_svf_g(layer->low_hz, self->rate);
    if (layer->high_hz > 0)
        out->high_g = tune_svf_g(layer->high_hz, self->rate);
    out->level = layer->bursts > 0 || layer->attack_s <= 0 ? 1.0 : 0.0;
}

static Stroke *free_stroke(KitVoice *self)
{
    Stroke *oldest = &self->strokes[0];

    for (guint i = 0; i < MAX_STROKES; i++) {
        if (!self->strokes[i].active)
            return &self->strokes[i];
        if (self->strokes[i].number < oldest->number)
            oldest = &self->strokes[i];
    }
    return oldest;
}

/* A drum cuts off its own last stroke, and the others of its choke group. */
static void choke(KitVoice *self, const TuneDrum *drum, double ratio)
{
    for (guint i = 0; i < MAX_STROKES; i++) {
        Stroke *other = &self->strokes[i];

        if (other->active && ((other->drum == drum && other->ratio == ratio) || (drum->choke != 0 && other->drum->choke == drum->choke)))
            other->dying = TRUE;
    }
}

static void note_on(TuneVoice *voice, guint8 key, guint8 velocity, gint64 length)
{
    KitVoice *self = (KitVoice *)voice;
    const TuneKit *kit = &self->patch->kit;
    gint8 index = kit->drum_of[key & 127];

    if (index < 0)
        return;
    const TuneDrum *drum = &kit->drums[index];
    guint32 seed = tune_wave_hash((guint32)++self->n_played * 2654435761u);
    float v = (float)velocity / 127.0f, gain = v * v * (float)drum->level;

    double ratio = tune_wave_exp2(kit->tune_of[key & 127] / 12.0);

    choke(self, drum, ratio);
    Stroke *stroke = free_stroke(self);

    *stroke = (Stroke){.active = TRUE, .drum = drum, .number = self->n_played};
    stroke->ratio = ratio;
    stroke->left = gain * (float)sqrt(1.0 - drum->pan);
    stroke->right = gain * (float)sqrt(1.0 + drum->pan);
    for (guint i = 0; i < drum->n_layers; i++)
        start_layer(self, &stroke->layers[i], &drum->layers[i], velocity, stroke->ratio, seed + 31 * i);
}

static void add_chip(Layer *self, guint32 step, float *x)
{
    for (guint k = 0; k < BLOCK; k++) {
        guint32 next = self->phases[0] + step;

        if (next < self->phases[0]) {
            guint32 feedback = (self->bits ^ self->bits >> 1) & 1u;

            self->bits = (self->bits & 0x7fffu) >> 1 | feedback << 14;
            self->held = self->bits & 1u ? 1.0f : -1.0f;
        }
        self->phases[0] = next;
        x[k] += self->held;
    }
}

/* The raw sound of one block into @x; @none takes what nobody needs. */
static void sound(const KitVoice *self, Layer *layer, const TuneDrumLayer *data, double ratio, float *x,
                  float *none)
{
    double hz = data->hz * ratio + layer->hz_above;
    double frequency = MIN(hz / self->rate, 0.45);

    layer->hz_above *= layer->fall;
    switch (data->kind) {
    case TUNE_LAYER_NOISE:
        tune_wave_add_noise(&layer->bits, 1, 0, x, none, BLOCK);
        break;
    case TUNE_LAYER_CHIP:
        add_chip(layer, tune_wave_step(MIN(0.49, frequency)), x);
        break;
    case TUNE_LAYER_METAL:
        for (guint i = 0; i < N_METAL; i++) {
            double f = MIN(frequency * metal_ratios[i], 0.45);

            tune_wave_add(tune_wave_table(TUNE_WAVE_SQUARE, f), &layer->phases[i],
                          tune_wave_step(f), 0.4f, 0, x, none, BLOCK);
        }
        break;
    case TUNE_LAYER_TONE:
        if (data->wave == TUNE_WAVE_SINE)
            tune_wave_add_sine(&layer->phases[0], tune_wave_step(frequency), 1, 0, x, none, BLOCK);
        else
            tune_wave_add(tune_wave_table(MIN(data->wave, TUNE_WAVE_STEPS), frequency),
                          &layer->phases[0], tune_wave_step(frequency), 1, 0, x, none, BLOCK);
        break;
    }
}

static void add_layer(const KitVoice *self, const Stroke *stroke, Layer *layer, const TuneDrumLayer *data,
                      float *left, float *right)
{
    float x[BLOCK] = {0}, none[BLOCK] = {0};

    sound(self, layer, data, stroke->ratio, x, none);
    if (layer->low_g > 0)
        tune_svf_process(&layer->low, TUNE_FILTER_HIGH24, layer->low_g, data->resonance, x, none, BLOCK);
    if (layer->high_g > 0)
        tune_svf_process(&layer->high, TUNE_FILTER_LOW12, layer->high_g, data->resonance, x, none, BLOCK);
    if (data->drive > 0)
        tune_shape_drive(x, (float)data->drive, BLOCK);
    double to = next_level(layer, data, stroke->seconds + self->block_s);

    if (stroke->dying)
        to = 0;
    float level = (float)layer->level * layer->gain;
    float step = (float)(to - layer->level) * layer->gain / BLOCK;

    for (guint k = 0; k < BLOCK; k++) {
        float y = x[k] * (level + step * (float)(k + 1));

        left[k] += stroke->left * y;
        right[k] += stroke->right * y;
    }
    layer->level = to;
}

static void add_stroke(KitVoice *self, Stroke *stroke, float *left, float *right)
{
    gboolean over = TRUE;

    for (guint i = 0; i < stroke->drum->n_layers; i++) {
        Layer *layer = &stroke->layers[i];

        if (layer->over)
            continue;
        add_layer(self, stroke, layer, &stroke->drum->layers[i], left, right);
        over &= layer->over;
    }
    stroke->seconds += self->block_s;
    if (over || stroke->dying)
        stroke->active = FALSE;
}

/* ---- the voice ---- */

static void note_off(TuneVoice *voice, guint8 key)
{
}

static void control(TuneVoice *voice, guint8 number, gint value)
{
    KitVoice *self = (KitVoice *)voice;

    if (number == 7)
        self->volume = value;
    else if (number == 11)
        self->expression = value;
}

static gboolean any_stroke(const KitVoice *self)
{
    for (guint i = 0; i < MAX_STROKES; i++)
        if (self->strokes[i].active)
            return TRUE;
    return FALSE;
}

static void render(TuneVoice *voice, float *left, float *right, gsize n_frames)
{
    KitVoice *self = (KitVoice *)voice;
    gboolean silent = !any_stroke(self);

    memset(left, 0, n_frames * sizeof *left);
    memset(right, 0, n_frames * sizeof *right);
    for (gsize at = 0; at < n_frames; at += BLOCK)
        for (guint i = 0; i < MAX_STROKES; i++)
            if (self->strokes[i].active)
                add_stroke(self, &self->strokes[i], left + at, right + at);
    tune_finish_process(&self->finish, tune_hands_gain(self->volume, self->expression), left, right,
                        n_frames, silent);
}

static gboolean is_silent(TuneVoice *voice)
{
    KitVoice *self = (KitVoice *)voice;

    return !any_stroke(self) && tune_finish_is_silent(&self->finish);
}

static void release(TuneVoice *voice)
{
    KitVoice *self = (KitVoice *)voice;

    tune_finish_clear(&self->finish);
    tune_patch_unref(self->patch);
    g_free(self);
}

static const TuneVoiceClass voice_class = {note_on, note_off, control, render, is_silent, release};

static void prepare_waves(const TuneKit *kit)
{
    for (guint d = 0; d < kit->n_drums; d++)
        for (guint i = 0; i < kit->drums[d].n_layers; i++) {
            const TuneDrumLayer *layer = &kit->drums[d].layers[i];

            if (layer->kind == TUNE_LAYER_METAL)
                tune_wave_prepare(TUNE_WAVE_SQUARE);
            else if (layer->kind == TUNE_LAYER_TONE && layer->wave != TUNE_WAVE_SINE)
                tune_wave_prepare(MIN(layer->wave, TUNE_WAVE_STEPS));
        }
}

TuneVoice *tune_kit_voice_new(TunePatch *kit, const TuneVoiceRequest *request)
{
    KitVoice *self = g_new0(KitVoice, 1);

    self->base.class = &voice_class;
    self->patch = tune_patch_ref(kit);
    prepare_waves(&kit->kit);
    self->rate = request->rate;
    self->block_s = (double)BLOCK / request->rate;
    self->volume = 100;
    self->expression = 127;
    tune_finish_init(&self->finish, kit, request->rate);
    return &self->base;
}
