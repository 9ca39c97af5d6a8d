/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/mapped-voice.h"

typedef struct {
    TuneVoice base;
    TuneVoice *inner;
    gint transpose;
    float gain;
} MappedVoice;

/* The key that is played, or -1: outside of the keyboard. */
static gint key_of(const MappedVoice *self, guint8 key)
{
    gint moved = key + self->transpose;

    return moved >= 0 && moved <= 127 ? moved : -1;
}

static void note_on(TuneVoice *voice, guint8 key, guint8 velocity, gint64 length)
{
    MappedVoice *self = (MappedVoice *)voice;

    if (key_of(self, key) >= 0)
        tune_voice_note_on(self->inner, (guint8)key_of(self, key), velocity, length);
}

static void note_off(TuneVoice *voice, guint8 key)
{
    MappedVoice *self = (MappedVoice *)voice;

    if (key_of(self, key) >= 0)
        tune_voice_note_off(self->inner, (guint8)key_of(self, key));
}

static void control(TuneVoice *voice, guint8 number, gint value)
{
    tune_voice_control(((MappedVoice *)voice)->inner, number, value);
}

static void render(TuneVoice *voice, float *left, float *right, gsize n_frames)
{
    MappedVoice *self = (MappedVoice *)voice;

    tune_voice_render(self->inner, left, right, n_frames);
    for (gsize i = 0; i < n_frames; i++) {
        left[i] *= self->gain;
        right[i] *= self->gain;
    }
}

static gboolean is_silent(TuneVoice *voice)
{
    return tune_voice_is_silent(((MappedVoice *)voice)->inner);
}

static void release(TuneVoice *voice)
{
    tune_voice_release(((MappedVoice *)voice)->inner);
    g_free(voice);
}

static const TuneVoiceClass voice_class = {note_on, note_off, control, render, is_silent, release};

TuneVoice *tune_mapped_voice_new(TuneVoice *inner, const TuneMapped *mapped)
{
    MappedVoice *self = g_new0(MappedVoice, 1);

    self->base.class = &voice_class;
    self->inner = inner;
    self->transpose = mapped->transpose;
    self->gain = (float)mapped->gain;
    return &self->base;
}
