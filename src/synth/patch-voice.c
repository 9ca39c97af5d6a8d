/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/patch-voice.h"
#include "score/score.h"
#include "synth/finish.h"
#include "synth/tone.h"
#include <string.h>

#define GHOSTS 4 /* stolen notes that fade out while others have their place */
#define MAX_TONES (32 + GHOSTS)
#define MAX_KEYS 16
#define HAND_OCTAVES 3.0     /* that controller 74 opens or closes the filter from its middle */
#define HAND_RESONANCE 0.35  /* that controller 71 adds or takes */
#define HAND_SPEED 0.12      /* of the way to where 74 points, a block */

typedef struct {
    TuneVoice base;
    TunePatch *patch;
    guint rate;
    TuneTonePlan plan;
    TuneTone tones[MAX_TONES];
    guint n_tones;
    guint8 keys[MAX_KEYS]; /* down, in the order in which they were struck: of mono patches */
    guint n_keys;
    guint64 n_played;
    guint n_struck[128]; /* of each key: chance depends on nothing else */
    TuneToneHands hands;
    double cutoff; /* octaves: where controller 74 points; hands.cutoff goes there */
    gint volume, expression;
    gboolean pedal;
    TuneFinish finish;
} PatchVoice;

/* ---- one note at a time ---- */

static void forget_key(PatchVoice *self, guint8 key)
{
    guint n = 0;

    for (guint i = 0; i < self->n_keys; i++)
        if (self->keys[i] != key)
            self->keys[n++] = self->keys[i];
    self->n_keys = n;
}

static void mono_on(PatchVoice *self, guint8 key, guint8 velocity, double length_s)
{
    TuneTone *tone = &self->tones[0];
    gboolean overlaps = self->n_keys > 0 && tone->active;

    forget_key(self, key);
    if (self->n_keys == MAX_KEYS)
        forget_key(self, self->keys[0]);
    self->keys[self->n_keys++] = key;
    if (!tone->active)
        tune_tone_start(tone, &self->plan, key, velocity, length_s, self->n_struck[key & 127]);
    else
        tune_tone_move(tone, &self->plan, key, velocity, length_s,
                       !overlaps || self->plan.patch->glide_s <= 0);
}

static void mono_off(PatchVoice *self, guint8 key)
{
    TuneTone *tone = &self->tones[0];

    forget_key(self, key);
    if (self->n_keys > 0)
        tone->target = self->keys[self->n_keys - 1];
    else if (self->pedal)
        tone->held = TRUE;
    else
        tune_tone_release(tone);
}

/* ---- many ---- */

/* The note that is missed least: one that has been let go, else the oldest. */
static TuneTone *victim_of(PatchVoice *self)
{
    TuneTone *best = NULL;

    for (guint i = 0; i < self->n_tones; i++) {
        TuneTone *tone = &self->tones[i];

        if (!tone->active || tone->dying)
            continue;
        if (best == NULL || (best->key_down && !tone->key_down) ||
            (best->key_down == tone->key_down && tone->number < best->number))
            best = tone;
    }
    return best;
}

static guint n_living(const PatchVoice *self)
{
    guint n = 0;

    for (guint i = 0; i < self->n_tones; i++)
        n += self->tones[i].active && !self->tones[i].dying;
    return n;
}

static TuneTone *free_tone(PatchVoice *self)
{
    TuneTone *victim = NULL;

    if (n_living(self) >= self->plan.patch->polyphony) {
        victim = victim_of(self);
        victim->dying = TRUE;
    }
    for (guint i = 0; i < self->n_tones; i++)
        if (!self->tones[i].active)
            return &self->tones[i];
    return victim != NULL ? victim : &self->tones[0];
}

static void poly_on(PatchVoice *self, guint8 key, guint8 velocity, double length_s)
{
    for (guint i = 0; i < self->n_tones; i++) {
        TuneTone *tone = &self->tones[i];

        /* The same key again: what rings of it gives way. */
        if (tone->active && tone->key == key && !tone->dying) {
            tone->key_down = tone->held = FALSE;
            tune_tone_release(tone);
        }
    }
    TuneTone *tone = free_tone(self);

    tune_tone_start(tone, &self->plan, key, velocity, length_s, self->n_struck[key & 127]);
    tone->number = self->n_played;
}

static void poly_off(PatchVoice *self, guint8 key)
{
    for (guint i = 0; i < self->n_tones; i++) {
        TuneTone *tone = &self->tones[i];

        if (!tone->active || !tone->key_down || tone->key != key)
            continue;
        tone->key_down = FALSE;
        if (self->pedal)
            tone->held = TRUE;
        else
            tune_tone_release(tone);
    }
}

/* ---- the voice ---- */

static void note_on(TuneVoice *voice, guint8 key, guint8 velocity, gint64 length)
{
    PatchVoice *self = (PatchVoice *)voice;
    double length_s = (double)length / self->rate;

    if (n_living(self) == 0) /* nobody heard how it got there */
        self->hands.cutoff = self->cutoff;
    self->n_played++;
    self->n_struck[key & 127]++;
    if (self->plan.patch->mono)
        mono_on(self, key, velocity, length_s);
    else
        poly_on(self, key, velocity, length_s);
}

static void note_off(TuneVoice *voice, guint8 key)
{
    PatchVoice *self = (PatchVoice *)voice;

    if (self->plan.patch->one_shot)
        forget_key(self, key);
    else if (self->plan.patch->mono)
        mono_off(self, key);
    else
        poly_off(self, key);
}

static void set_pedal(PatchVoice *self, gboolean down)
{
    self->pedal = down;
    for (guint i = 0; i < self->n_tones && !down; i++)
        if (self->tones[i].active && self->tones[i].held) {
            self->tones[i].held = FALSE;
            tune_tone_release(&self->tones[i]);
        }
}

static void control(TuneVoice *voice, guint8 number, gint value)
{
    PatchVoice *self = (PatchVoice *)voice;

    switch (number) {
    case 1:
        self->hands.wheel = CLAMP(value, 0, 127) / 127.0;
        break;
    case 7:
        self->volume = value;
        break;
    case 11:
        self->expression = value;
        break;
    case 64:
        set_pedal(self, value >= 64);
        break;
    case 71:
        self->hands.resonance = (CLAMP(value, 0, 127) - 64) / 64.0 * HAND_RESONANCE;
        break;
    case 74: /* the first value is where the hand takes hold, later ones are reached smoothly */
        self->cutoff = (CLAMP(value, 0, 127) - 64) / 64.0 * HAND_OCTAVES;
        if (!self->hands.on_filter)
            self->hands.cutoff = self->cutoff;
        self->hands.on_filter = TRUE;
        break;
    case TUNE_CONTROL_BEND:
        self->hands.bend = 2.0 * CLAMP(value, -8192, 8191) / 8192.0;
        break;
    default:
        break;
    }
}

static void render(TuneVoice *voice, float *left, float *right, gsize n_frames)
{
    PatchVoice *self = (PatchVoice *)voice;
    gboolean silent = n_living(self) == 0;

    memset(left, 0, n_frames * sizeof *left);
    memset(right, 0, n_frames * sizeof *right);
    for (gsize at = 0; at < n_frames; at += TUNE_CONTROL_BLOCK) {
        self->hands.cutoff += (self->cutoff - self->hands.cutoff) * HAND_SPEED;
        for (guint i = 0; i < self->n_tones; i++)
            if (self->tones[i].active)
                tune_tone_render(&self->tones[i], &self->plan, &self->hands, left + at, right + at);
    }
    tune_finish_process(&self->finish, tune_hands_gain(self->volume, self->expression), left, right,
                        n_frames, silent);
}

static gboolean is_silent(TuneVoice *voice)
{
    PatchVoice *self = (PatchVoice *)voice;

    for (guint i = 0; i < self->n_tones; i++)
        if (self->tones[i].active)
            return FALSE;
    return tune_finish_is_silent(&self->finish);
}

static void release(TuneVoice *voice)
{
    PatchVoice *self = (PatchVoice *)voice;

    tune_finish_clear(&self->finish);
    tune_patch_unref(self->patch);
    g_free(self);
}

static const TuneVoiceClass voice_class = {note_on, note_off, control, render, is_silent, release};

TuneVoice *tune_patch_voice_new(TunePatch *patch, const TuneVoiceRequest *request)
{
    PatchVoice *self = g_new0(PatchVoice, 1);

    self->base.class = &voice_class;
    self->patch = tune_patch_ref(patch);
    self->rate = request->rate;
    self->volume = 100;
    self->expression = 127;
    self->n_tones = patch->tone.mono ? 1 : patch->tone.polyphony + GHOSTS;
    tune_tone_plan_init(&self->plan, &patch->tone, request->rate, request->beat_s);
    tune_finish_init(&self->finish, patch, request->rate);
    return &self->base;
}
