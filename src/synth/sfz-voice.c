/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/sfz-voice.h"
#include "score/score.h"
#include "synth/patch-voice.h"
#include <math.h>
#include <string.h>

#define BLOCK 32
#define MAX_NOTES 64

typedef struct {
    gboolean active, key_down, held, dying;
    const TuneSfzRegion *region;
    const TuneSfzFile *file;
    guint8 key;
    guint64 number;
    double position, pitch; /* frames of the file; frames of it a frame of ours, without the bend */
    gint64 end, loop_start, loop_end; /* loop_end: the last frame of it; loop_start -1: none */
    double hold_s;
    TuneEnvelope envelope;
    float gain, left, right, level;
} Note;

typedef struct {
    TuneVoice base;
    const TuneSfz *sfz;
    guint rate;
    double block_s;
    Note notes[MAX_NOTES];
    guint64 n_played;
    guint turns[128]; /* of each key, for samples that take turns */
    double bend;
    gint volume, expression;
    gboolean pedal;
    float level; /* of the hands at the end of the last block */
} SfzVoice;

static Note *free_note(SfzVoice *self)
{
    Note *oldest = &self->notes[0];

    for (guint i = 0; i < MAX_NOTES; i++) {
        if (!self->notes[i].active)
            return &self->notes[i];
        if (self->notes[i].number < oldest->number)
            oldest = &self->notes[i];
    }
    return oldest;
}

static void set_loop(Note *note)
{
    const TuneSfzRegion *r = note->region;
    gint64 from = r->loop_start >= 0 ? r->loop_start : note->file->loop_start;
    gint64 to = r->loop_end >= 0 ? r->loop_end : note->file->loop_end;
    gboolean wanted = r->has_loop ? r->loop >= TUNE_SFZ_LOOP : note->file->loop_start >= 0;

    note->end = r->end >= 0 ? MIN(r->end + 1, note->file->n_frames) : note->file->n_frames;
    if (from < 0)
        from = 0;
    if (to < 0 || to >= note->end)
        to = note->end - 1;
    note->loop_start = wanted && to > from ? from : -1;
    note->loop_end = to;
}

static void start(SfzVoice *self, const TuneSfzRegion *r, guint8 key, guint8 velocity)
{
    Note *note = free_note(self);
    float v = (float)velocity / 127.0f;

    *note = (Note){.active = TRUE, .key_down = TRUE, .region = r, .key = key, .number = self->n_played};
    note->file = &g_array_index(self->sfz->files, TuneSfzFile, r->file);
    note->position = (double)MIN(r->offset, note->file->n_frames - 1);
    double cents = r->cents + r->keytrack * ((gint)key - (gint)r->centre);

    note->pitch = tune_wave_exp2(CLAMP(cents, -9600.0, 9600.0) / 1200.0) * note->file->rate / self->rate;
    set_loop(note);
    double track = CLAMP(r->veltrack, 0.0, 1.0);

    note->gain = (float)(r->gain * (1.0 - track + track * (double)(v * v)));
    note->left = (float)sqrt(1.0 - CLAMP(r->pan, -1.0, 1.0));
    note->right = (float)sqrt(1.0 + CLAMP(r->pan, -1.0, 1.0));
    note->hold_s = r->hold_s + r->amplitude.attack_s;
    tune_envelope_start(&note->envelope, &r->amplitude, r->amplitude.attack_s <= self->block_s ? 1.0 : 0.0, 1.0,
                        self->block_s);
    note->level = r->amplitude.attack_s <= self->block_s ? note->gain : 0.0f;
}

static gboolean serves(const SfzVoice *self, const TuneSfzRegion *r, guint8 key, guint8 velocity)
{
    return key >= r->key_low && key <= r->key_high && velocity >= r->velocity_low &&
           velocity <= r->velocity_high &&
           (r->sequence_length <= 1 || self->turns[key] % r->sequence_length + 1 == r->sequence_position);
}

static void cut_off(SfzVoice *self, guint group)
{
    for (guint i = 0; i < MAX_NOTES && group != 0; i++)
        if (self->notes[i].active && self->notes[i].region->off_by == group)
            self->notes[i].dying = TRUE;
}

static void note_on(TuneVoice *voice, guint8 key, guint8 velocity, gint64 length)
{
    SfzVoice *self = (SfzVoice *)voice;

    key &= 127;
    self->n_played++;
    for (guint i = 0; i < self->sfz->regions->len; i++) {
        const TuneSfzRegion *r = &g_array_index(self->sfz->regions, TuneSfzRegion, i);

        if (!serves(self, r, key, velocity))
            continue;
        cut_off(self, r->group);
        start(self, r, key, velocity);
    }
    self->turns[key]++;
}

static void let_go(Note *note)
{
    note->held = FALSE;
    if (note->region->has_loop && note->region->loop == TUNE_SFZ_ONE_SHOT)
        return;
    if (note->region->has_loop && note->region->loop == TUNE_SFZ_LOOP_SUSTAIN)
        note->loop_start = -1;
    tune_envelope_release(&note->envelope);
}

static void note_off(TuneVoice *voice, guint8 key)
{
    SfzVoice *self = (SfzVoice *)voice;

    for (guint i = 0; i < MAX_NOTES; i++) {
        Note *note = &self->notes[i];

        if (!note->active || !note->key_down || note->key != key)
            continue;
        note->key_down = FALSE;
        if (self->pedal)
            note->held = TRUE;
        else
            let_go(note);
    }
}

static void control(TuneVoice *voice, guint8 number, gint value)
{
    SfzVoice *self = (SfzVoice *)voice;

    if (number == 7)
        self->volume = value;
    else if (number == 11)
        self->expression = value;
    else if (number == TUNE_CONTROL_BEND)
        self->bend = 2.0 * CLAMP(value, -8192, 8191) / 8192.0;
    else if (number == 64) {
        self->pedal = value >= 64;
        for (guint i = 0; i < MAX_NOTES && !self->pedal; i++)
            if (self->notes[i].active && self->notes[i].held)
                let_go(&self->notes[i]);
    }
}

/* One channel at @position: a cubic through four frames (Catmull and Rom). */
static inline float between(const float *x, guint stride, gint64 at, gint64 last, float t)
{
    float a = x[MAX(0, at - 1) * stride], b = x[at * stride], c = x[MIN(at + 1, last) * stride],
          d = x[MIN(at + 2, last) * stride];

    return b + 0.5f * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

/* The raw sound of one block; FALSE when the file is over. */
static gboolean read_block(Note *note, double step, float *left, float *right)
{
    const TuneSfzFile *file = note->file;
    guint stride = file->n_channels;
    gint64 last = file->n_frames + TUNE_SFZ_MARGIN - 1;

    for (guint k = 0; k < BLOCK; k++) {
        if (note->loop_start >= 0 && note->position > (double)note->loop_end) {
            double length = (double)(note->loop_end - note->loop_start + 1);

            note->position -= length * floor((note->position - (double)note->loop_start) / length);
        }
        gint64 at = (gint64)note->position;

        if (at >= note->end)
            return FALSE;
        float t = (float)(note->position - (double)at);

        left[k] = between(file->frames, stride, at, last, t);
        right[k] = stride == 2 ? between(file->frames + 1, stride, at, last, t) : left[k];
        note->position += step;
    }
    return TRUE;
}

static void add_note(SfzVoice *self, Note *note, float *left, float *right)
{
    float own[2][BLOCK] = {{0}};
    double step = note->pitch * tune_wave_exp2(self->bend / 12.0);
    gboolean goes_on = read_block(note, MIN(step, 64.0), own[0], own[1]);

    note->hold_s -= self->block_s;
    if (note->envelope.stage != TUNE_ENVELOPE_DECAY || note->hold_s <= 0)
        (void)tune_envelope_next(&note->envelope);
    float to = note->dying || !goes_on ? 0.0f : (float)note->envelope.level * note->gain;
    float move = (to - note->level) / BLOCK;

    for (guint k = 0; k < BLOCK; k++) {
        float gain = note->level + move * (float)(k + 1);

        left[k] += gain * note->left * own[0][k];
        right[k] += gain * note->right * own[1][k];
    }
    note->level = to;
    if (note->dying || !goes_on || tune_envelope_is_over(&note->envelope))
        note->active = FALSE;
}

static void render(TuneVoice *voice, float *left, float *right, gsize n_frames)
{
    SfzVoice *self = (SfzVoice *)voice;
    float to = tune_hands_gain(self->volume, self->expression);
    float move = (to - self->level) / (float)n_frames;

    memset(left, 0, n_frames * sizeof *left);
    memset(right, 0, n_frames * sizeof *right);
    for (gsize at = 0; at < n_frames; at += BLOCK)
        for (guint i = 0; i < MAX_NOTES; i++)
            if (self->notes[i].active)
                add_note(self, &self->notes[i], left + at, right + at);
    for (gsize i = 0; i < n_frames; i++) {
        left[i] *= self->level + move * (float)(i + 1);
        right[i] *= self->level + move * (float)(i + 1);
    }
    self->level = to;
}

static gboolean is_silent(TuneVoice *voice)
{
    const SfzVoice *self = (const SfzVoice *)voice;

    for (guint i = 0; i < MAX_NOTES; i++)
        if (self->notes[i].active)
            return FALSE;
    return TRUE;
}

static void release(TuneVoice *voice)
{
    g_free(voice);
}

static const TuneVoiceClass voice_class = {note_on, note_off, control, render, is_silent, release};

TuneVoice *tune_sfz_voice_new(const TuneSfz *sfz, const TuneVoiceRequest *request)
{
    SfzVoice *self = g_new0(SfzVoice, 1);

    self->base.class = &voice_class;
    self->sfz = sfz;
    self->rate = request->rate;
    self->block_s = (double)BLOCK / request->rate;
    self->volume = 100;
    self->expression = 127;
    self->level = 1;
    return &self->base;
}
