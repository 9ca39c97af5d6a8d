/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where sound comes from.  A bank gives voices; a voice plays one track: it takes note events and
 * renders stereo frames.  FluidSynth (synth/fluid.h) is the first bank, our electronic voices
 * (synth/patch-voice.h) the second; synth/banks.h chooses.
 *
 *     TuneVoiceRequest request = {.rate = 44100, .program = 33};
 *     TuneVoice *voice = tune_voice_bank_acquire(bank, &request, &error);
 *     tune_voice_note_on(voice, 40, 90, 0);
 *     tune_voice_render(voice, left, right, 256);
 *     tune_voice_release(voice);
 *
 * A bank may be used by many threads at once, a voice by one at a time.  What a voice plays depends
 * on its request and its events only, never on what it or another voice played before.
 */
#pragma once
#include <glib.h>

/* Events take effect on this grid, and render lengths are multiples of it. */
#define TUNE_VOICE_GRID 64

typedef struct {
    guint rate;         /* frames a second, 22050..96000 */
    guint8 bank;        /* 0 = General MIDI's; drum kits have their own (is_drums) */
    guint8 program;     /* 0..127, on the drum track the kit */
    gboolean is_drums;
    const char *instrument; /* (nullable) key of data/instruments.yaml, borrowed */
    double beat_s;          /* length of a beat where the piece begins; 0 = unknown */
} TuneVoiceRequest;

typedef struct TuneVoice TuneVoice;
typedef struct TuneVoiceBank TuneVoiceBank;

typedef struct {
    void (*note_on)(TuneVoice *self, guint8 key, guint8 velocity, gint64 length);
    void (*note_off)(TuneVoice *self, guint8 key);
    void (*control)(TuneVoice *self, guint8 control, gint value);
    void (*render)(TuneVoice *self, float *left, float *right, gsize n_frames);
    gboolean (*is_silent)(TuneVoice *self);
    void (*release)(TuneVoice *self);
} TuneVoiceClass;

/* Put this first in the struct of a voice, TuneVoiceBank first in that of a bank. */
struct TuneVoice {
    const TuneVoiceClass *class;
};

typedef struct {
    TuneVoice *(*acquire)(TuneVoiceBank *self, const TuneVoiceRequest *request, GError **error);
    gboolean (*divides)(TuneVoiceBank *self, const TuneVoiceRequest *request); /* (nullable): never */
    void (*release_memory)(TuneVoiceBank *self);
    void (*free)(TuneVoiceBank *self);
} TuneVoiceBankClass;

struct TuneVoiceBank {
    const TuneVoiceBankClass *class;
};

/* A silent voice with all controllers at rest.  (transfer full): tune_voice_release().
 * TUNE_SYNTH_ERROR_SOUNDFONT or _MEMORY. */
static inline TuneVoice *tune_voice_bank_acquire(TuneVoiceBank *bank,
                                                 const TuneVoiceRequest *request, GError **error)
{
    return bank->class->acquire(bank, request, error);
}
/* The notes of different keys know nothing of one another: two voices with half of the keys each sound,
 * added up, like one with all. */
static inline gboolean tune_voice_bank_divides(TuneVoiceBank *bank, const TuneVoiceRequest *request)
{
    return bank->class->divides != NULL && bank->class->divides(bank, request);
}
/* Drop the sounds that no voice in use needs. */
static inline void tune_voice_bank_release_memory(TuneVoiceBank *bank)
{
    bank->class->release_memory(bank);
}
/* Every voice must have been released before. */
static inline void tune_voice_bank_free(TuneVoiceBank *bank)
{
    if (bank != NULL)
        bank->class->free(bank);
}

/* @key 0..127, @velocity 1..127, @length: frames until its note off if that is known, else 0 (a riser
 * swells over it).  Takes effect with the next rendered frame. */
static inline void tune_voice_note_on(TuneVoice *voice, guint8 key, guint8 velocity, gint64 length)
{
    voice->class->note_on(voice, key, velocity, length);
}
static inline void tune_voice_note_off(TuneVoice *voice, guint8 key)
{
    voice->class->note_off(voice, key);
}
/* As in TuneControl: a MIDI controller, or TUNE_CONTROL_BEND with -8192..8191. */
static inline void tune_voice_control(TuneVoice *voice, guint8 control, gint value)
{
    voice->class->control(voice, control, value);
}
/* Overwrites @left and @right, [n_frames] each; @n_frames a multiple of TUNE_VOICE_GRID. */
static inline void tune_voice_render(TuneVoice *voice, float *left, float *right, gsize n_frames)
{
    voice->class->render(voice, left, right, n_frames);
}
/* Nothing sounds, and nothing will until the next note: rendering may be left out. */
static inline gboolean tune_voice_is_silent(TuneVoice *voice)
{
    return voice->class->is_silent(voice);
}
/* Hand the voice back to its bank.  (nullable) */
static inline void tune_voice_release(TuneVoice *voice)
{
    if (voice != NULL)
        voice->class->release(voice);
}
