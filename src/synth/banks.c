/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/banks.h"

typedef struct {
    TuneVoiceBank base;
    TuneLibrary *library;
    TuneVoiceBank *font;
} Banks;

static TuneVoice *acquire(TuneVoiceBank *base, const TuneVoiceRequest *request, GError **error)
{
    Banks *self = (Banks *)base;
    const TuneSound *sound = NULL;

    if (!tune_library_find(self->library, request->instrument, &sound, error))
        return NULL;
    if (sound == NULL || sound->is_kit != (request->is_drums != 0))
        return tune_voice_bank_acquire(self->font, request, error);
    return tune_sound_voice_new(sound, request, error);
}

/* Notes of ours can be dealt out to several voices as long as nothing binds them together. */
static gboolean divides(TuneVoiceBank *base, const TuneVoiceRequest *request)
{
    Banks *self = (Banks *)base;
    const TuneSound *sound = NULL;

    if (!tune_library_find(self->library, request->instrument, &sound, NULL) || sound == NULL)
        return tune_voice_bank_divides(self->font, request);
    const TunePatch *patch = sound->patch;

    return patch != NULL && !patch->is_kit && !patch->tone.mono && patch->drive <= 0 && patch->bits == 0 &&
           patch->crush_hz <= 0;
}

static void release_memory(TuneVoiceBank *base)
{
    Banks *self = (Banks *)base;

    tune_voice_bank_release_memory(self->font);
    tune_library_release_memory(self->library);
}

static void banks_free(TuneVoiceBank *base)
{
    Banks *self = (Banks *)base;

    tune_voice_bank_free(self->font);
    g_free(self);
}

static const TuneVoiceBankClass bank_class = {acquire, divides, release_memory, banks_free};

TuneVoiceBank *tune_banks_new(TuneLibrary *library, TuneVoiceBank *font)
{
    Banks *self = g_new0(Banks, 1);

    self->base.class = &bank_class;
    self->library = library;
    self->font = font;
    return &self->base;
}
