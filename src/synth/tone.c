/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/tone.h"
#include "synth/clones.h"
#include "synth/shape.h"
#include <math.h>
#include <string.h>

#define BLOCK TUNE_CONTROL_BLOCK
#define UNKNOWN_LENGTH_S 2.0
#define MIDDLE_C 60.0
#define SIDE_GAIN 0.8 /* of a unison's outer oscillators against the middle one */

/* ---- the plan ---- */

/* Oscillators beside each other: detuned least in the middle, and placed so that pitch and side have
 * nothing to do with each other. */
static void plan_unison(TuneTonePlan *self, guint index, const TuneOscillator *o)
{
    double power = 0;

    for (guint u = 0; u < o->unison; u++) {
        double x = o->unison > 1 ? 2.0 * u / (o->unison - 1) - 1.0 : 0.0;
        double side = o->spread * x * (u % 2 == 0 ? 1.0 : -1.0);
        double pan = CLAMP(o->pan + side * (o->unison > 1 ? 1.0 : 0.0), -1.0, 1.0);
        double gain = fabs(x) > 0.01 ? SIDE_GAIN : 1.0;

        self->ratios[index][u] = tune_wave_exp2(o->detune * (0.7 * x + 0.3 * x * x * x) / 12.0);
        self->gains[index][u][0] = (float)(gain * sqrt(1.0 - pan));
        self->gains[index][u][1] = (float)(gain * sqrt(1.0 + pan));
        power += gain * gain;
    }
    for (guint u = 0; u < o->unison; u++)
        for (guint c = 0; c < 2; c++)
            self->gains[index][u][c] *= (float)(1.0 / sqrt(power));
}

void tune_tone_plan_init(TuneTonePlan *self, const TuneTonePatch *patch, guint rate, double beat_s)
{
    memset(self, 0, sizeof *self);
    self->patch = patch;
    self->rate = rate;
    self->block_s = (double)BLOCK / rate;
    self->beat_s = beat_s > 0 ? beat_s : 0.5;
    self->glide = patch->glide_s > 0 ? 1.0 - tune_wave_exp2(-4.0 * self->block_s / patch->glide_s) : 1.0;
    for (guint i = 0; i < patch->n_oscillators; i++) {
        const TuneOscillator *o = &patch->oscillators[i];

        tune_wave_prepare(o->wave);
        plan_unison(self, i, o);
        self->falls[i] = o->decay_s > 0 ? tune_envelope_fall(o->decay_s, self->block_s) : 1.0;
        self->index_falls[i] =
            o->index_decay_s > 0 ? tune_envelope_fall(o->index_decay_s, self->block_s) : 1.0;
    }
}

/* ---- beginning and ending ---- */

static void start_envelopes(TuneTone *self, const TuneTonePlan *plan, double level, double sweep)
{
    const TuneTonePatch *patch = plan->patch;
    double scale = !patch->stretch          ? 1.0
                   : self->length_s > 0.0 ? self->length_s
                                          : UNKNOWN_LENGTH_S;

    tune_envelope_start(&self->amplitude, &patch->amplitude, level, scale, plan->block_s);
    tune_envelope_start(&self->sweep, &patch->filter.envelope, sweep, scale, plan->block_s);
    for (guint i = 0; i < patch->n_oscillators; i++) {
        self->levels[i] = 1.0;
        self->indices[i] = 1.0;
    }
    self->seconds = 0;
    memset(self->turns, 0, sizeof self->turns);
}

/* Amplitude goes with the square of the velocity, as the mix expects (synth/balance.c). */
static float gain_of(guint8 velocity)
{
    float v = (float)velocity / 127.0f;

    return v * v;
}

void tune_tone_start(TuneTone *self, const TuneTonePlan *plan, guint8 key, guint8 velocity,
                     double length_s, guint count)
{
    guint32 seed = tune_wave_hash(count * 2654435761u + key);

    memset(self, 0, sizeof *self);
    self->active = self->key_down = TRUE;
    self->key = key;
    self->velocity = velocity;
    self->seed = seed;
    self->pitch = self->target = key;
    self->length_s = length_s;
    self->gain = gain_of(velocity);
    for (guint i = 0; i < plan->patch->n_oscillators; i++) {
        self->counters[i] = tune_wave_hash(seed + 77 * i);
        if (plan->patch->oscillators[i].unison > 1)
            for (guint u = 0; u < TUNE_PATCH_UNISON; u++)
                self->phases[i][u] = tune_wave_hash(seed + 9 * i + u + 1);
    }
    start_envelopes(self, plan, 0, 0);
}

void tune_tone_move(TuneTone *self, const TuneTonePlan *plan, guint8 key, guint8 velocity,
                    double length_s, gboolean restart)
{
    self->key = key;
    self->velocity = velocity;
    self->target = key;
    self->key_down = TRUE;
    self->dying = FALSE;
    self->length_s = length_s;
    self->gain = gain_of(velocity);
    if (!restart)
        return;
    self->pitch = key;
    start_envelopes(self, plan, self->amplitude.level, self->sweep.level);
}

void tune_tone_release(TuneTone *self)
{
    tune_envelope_release(&self->amplitude);
    tune_envelope_release(&self->sweep);
}

/* ---- what moves ---- */

typedef struct {
    double pitch, cutoff, level, width;
} Motion;

static double wave_of(TuneLfoWave wave, double turns, guint32 seed)
{
    double x = turns - (double)(gint64)turns;

    switch (wave) {
    case TUNE_LFO_SINE:
        return (double)tune_wave_sine((guint32)(x * 4294967295.0));
    case TUNE_LFO_TRIANGLE:
        return x < 0.25 ? 4 * x : x < 0.75 ? 2 - 4 * x : 4 * x - 4;
    case TUNE_LFO_SAW:
        return 1 - 2 * x;
    case TUNE_LFO_SQUARE:
        return x < 0.5 ? 1 : -1;
    case TUNE_LFO_RANDOM:
        break;
    }
    guint32 step = tune_wave_hash((guint32)(gint64)turns + seed);

    return (double)(gint32)step / 2147483648.0;
}

static Motion move_lfos(TuneTone *self, const TuneTonePlan *plan, double wheel)
{
    const TuneTonePatch *patch = plan->patch;
    Motion m = {.level = 1.0};

    for (guint i = 0; i < patch->n_lfos; i++) {
        const TunePatchLfo *lfo = &patch->lfos[i];
        double depth = lfo->wheel ? wheel : 1.0;

        if (lfo->delay_s > 0)
            depth *= MIN(1.0, self->seconds / lfo->delay_s);
        double hz = lfo->beats > 0 ? 1.0 / (lfo->beats * plan->beat_s) : lfo->hz;
        double x = depth > 0 ? wave_of(lfo->wave, self->turns[i], self->seed) * depth : 0.0;

        self->turns[i] += hz * plan->block_s;
        m.pitch += x * lfo->pitch;
        m.cutoff += x * lfo->cutoff;
        m.width += x * lfo->width;
        m.level *= 1.0 - lfo->level * depth * 0.5 + 0.5 * lfo->level * x;
    }
    return m;
}

/* The fall or rise of the pitch at the note's start: fast first, or even over a stretched note. */
static double pitch_course(const TuneTone *self, const TuneTonePatch *patch)
{
    if (patch->pitch_s <= 0)
        return 0;
    double scale = patch->stretch ? (self->length_s > 0 ? self->length_s : UNKNOWN_LENGTH_S) : 1.0;
    double left = 1.0 - MIN(1.0, self->seconds / (patch->pitch_s * scale));

    return patch->pitch_to + (patch->pitch_from - patch->pitch_to) * (patch->stretch ? left : left * left);
}

/* ---- sound ---- */

/* Chip noise: a shift register of 15 bits, moved on whenever the phase comes round. */
static void add_chip_noise(TuneTone *self, guint i, guint32 step, float gl, float gr, float *left,
                           float *right)
{
    guint32 phase = self->phases[i][0], bits = self->counters[i] | 1u;
    float x = self->held_sample[i];

    for (guint k = 0; k < BLOCK; k++) {
        guint32 next = phase + step;

        if (next < phase) {
            guint32 feedback = (bits ^ bits >> 1) & 1u;

            bits = (bits & 0x7fffu) >> 1 | feedback << 14;
            x = bits & 1u ? 1.0f : -1.0f;
        }
        phase = next;
        left[k] += gl * x;
        right[k] += gr * x;
    }
    self->phases[i][0] = phase;
    self->counters[i] = bits;
    self->held_sample[i] = x;
}

/* Clicks at random moments, of random size and side, each dying away within a millisecond. */
static void add_crackle(TuneTone *self, guint i, double a_frame, float gl, float gr, float *left,
                        float *right)
{
    guint32 counter = self->counters[i], limit = (guint32)(MIN(a_frame, 0.5) * 4294967295.0);
    float x = self->held_sample[i];

    for (guint k = 0; k < BLOCK; k++) {
        guint32 r = tune_wave_hash(counter++);

        x *= -0.55f;
        if (r < limit) {
            guint32 size = tune_wave_hash(r ^ 0x5bd1e995u);
            float a = (float)(size >> 8) * 0x1p-24f;

            x += a * a * a * (size & 1u ? 1.0f : -1.0f);
        }
        left[k] += gl * x;
        right[k] += gr * x;
    }
    self->counters[i] = counter;
    self->held_sample[i] = x;
}

/* Sidebands beyond half the rate would fold back: the index gives way in high notes. */
static float safe_index(double index, double carrier, double modulator)
{
    double room = (0.48 - carrier) / MAX(modulator, 1e-6) - 1.0;

    return (float)(CLAMP(index, 0.0, MAX(0.0, room)) / (2.0 * G_PI));
}

static void add_fm(TuneTone *self, const TuneTonePlan *plan, guint i, double frequency, float gl,
                   float gr, float *left, float *right)
{
    const TuneOscillator *o = &plan->patch->oscillators[i];
    double soft = 1.0 - o->index_velocity * (1.0 - self->velocity / 100.0);
    double level = o->index_sustain + (1.0 - o->index_sustain) * self->indices[i];
    double modulator = MIN(0.49, frequency * o->ratio);
    float index = safe_index(o->index * MAX(0.0, soft) * level, frequency, modulator);

    self->indices[i] *= plan->index_falls[i];
    tune_wave_add_fm(&self->phases[i][0], tune_wave_step(frequency), &self->modulators[i],
                     tune_wave_step(modulator), index, gl, gr, left, right, BLOCK);
}

static void add_table(TuneTone *self, const TuneTonePlan *plan, guint i, double frequency, double width,
                      float level, float *left, float *right)
{
    const TuneOscillator *o = &plan->patch->oscillators[i];
    gboolean pulse = o->wave == TUNE_WAVE_PULSE;
    double highest = frequency * plan->ratios[i][o->unison - 1];
    const TuneWaveTable *table = tune_wave_table(pulse ? TUNE_WAVE_SAW : o->wave, highest);
    guint32 offset = (guint32)(CLAMP(o->width + width, 0.02, 0.98) * 4294967295.0);

    for (guint u = 0; u < o->unison; u++) {
        guint32 step = tune_wave_step(frequency * plan->ratios[i][u]);
        float gl = level * plan->gains[i][u][0], gr = level * plan->gains[i][u][1];

        if (pulse)
            tune_wave_add_pulse(table, &self->phases[i][u], step, offset, gl, gr, left, right, BLOCK);
        else
            tune_wave_add(table, &self->phases[i][u], step, gl, gr, left, right, BLOCK);
    }
}

static void add_oscillator(TuneTone *self, const TuneTonePlan *plan, guint i, double pitch, double width,
                           float *left, float *right)
{
    const TuneOscillator *o = &plan->patch->oscillators[i];
    float level = (float)(o->level * self->levels[i]);
    float gl = level * plan->gains[i][0][0], gr = level * plan->gains[i][0][1];
    /* A fixed pitch goes along with what moves, only not with the key. */
    double hz = o->hz > 0 ? o->hz * tune_wave_exp2((pitch - self->pitch) / 12.0)
                          : 440.0 * tune_wave_exp2((pitch + o->semitones - 69.0) / 12.0);
    double frequency = MIN(hz / plan->rate, 0.45);

    self->levels[i] *= plan->falls[i];
    if (level < 1e-5f)
        return;
    switch (o->wave) {
    case TUNE_WAVE_SINE:
        for (guint u = 0; u < o->unison; u++)
            tune_wave_add_sine(&self->phases[i][u], tune_wave_step(frequency * plan->ratios[i][u]),
                               level * plan->gains[i][u][0], level * plan->gains[i][u][1], left, right,
                               BLOCK);
        break;
    case TUNE_WAVE_FM:
        add_fm(self, plan, i, frequency, gl, gr, left, right);
        break;
    case TUNE_WAVE_NOISE:
        tune_wave_add_noise(&self->counters[i], gl, gr, left, right, BLOCK);
        break;
    case TUNE_WAVE_CHIP_NOISE:
        add_chip_noise(self, i, tune_wave_step(16.0 * frequency), gl, gr, left, right);
        break;
    case TUNE_WAVE_CRACKLE:
        add_crackle(self, i, o->clicks / plan->rate, gl, gr, left, right);
        break;
    default:
        add_table(self, plan, i, frequency, width, level, left, right);
        break;
    }
}

static void apply_filter(TuneTone *self, const TuneTonePlan *plan, double pitch, double sweep,
                         double octaves, double resonance, float *left, float *right)
{
    const TunePatchFilter *f = &plan->patch->filter;

    if (f->kind == TUNE_FILTER_NONE)
        return;
    octaves += f->sweep * sweep + f->velocity * (self->velocity - 100) / 127.0 +
               f->follow * (pitch - MIDDLE_C) / 12.0;
    double hz = f->hz * tune_wave_exp2(CLAMP(octaves, -10.0, 10.0));

    if (f->drive > 0) {
        tune_shape_drive(left, (float)f->drive, BLOCK);
        tune_shape_drive(right, (float)f->drive, BLOCK);
    }
    tune_svf_process(&self->filter, f->kind, tune_svf_g(hz, plan->rate),
                     CLAMP(f->resonance + resonance, 0, MAX(f->resonance, 0.92)), left, right, BLOCK);
}

TUNE_CLONES static void add_ramp(const float *restrict from_left, const float *restrict from_right,
                                 float from, float to, float *restrict left, float *restrict right)
{
    float step = (to - from) / BLOCK;

    for (gint k = 0; k < BLOCK; k++) {
        float gain = from + step * (float)(k + 1);

        left[k] += gain * from_left[k];
        right[k] += gain * from_right[k];
    }
}

void tune_tone_render(TuneTone *self, const TuneTonePlan *plan, const TuneToneHands *hands, float *left,
                      float *right)
{
    const TuneTonePatch *patch = plan->patch;
    float own[2][BLOCK] = {{0}};
    Motion motion = move_lfos(self, plan, hands->wheel);

    self->pitch += (self->target - self->pitch) * plan->glide;
    double pitch = self->pitch + hands->bend + motion.pitch + pitch_course(self, patch);

    for (guint i = 0; i < patch->n_oscillators; i++)
        add_oscillator(self, plan, i, pitch, motion.width, own[0], own[1]);
    double sweep = tune_envelope_next(&self->sweep), level = tune_envelope_next(&self->amplitude);

    double octaves = hands->on_filter ? hands->cutoff : motion.cutoff;
    apply_filter(self, plan, self->pitch, sweep, octaves, hands->resonance, own[0], own[1]);
    if (patch->stretch)
        level *= level; /* a swell that the ear hears as even */
    float to = self->dying ? 0.0f : (float)(level * motion.level) * self->gain;

    add_ramp(own[0], own[1], self->level, to, left, right);
    self->level = to;
    self->seconds += plan->block_s;
    if (self->dying || tune_envelope_is_over(&self->amplitude))
        self->active = FALSE;
}
