/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every voice is a new synthesiser.  Used ones cannot be kept: in 2.3.1 a voice begins with the gain
 * ramp of whatever note its slot played before (fluid_rvoice_buffers_mix), so that the first 64 frames
 * of a note would depend on the past.
 *
 * FluidSynth keeps sample data in a cache that all its synthesisers share, and in 2.3.1 that cache
 * counts references outside of its lock (fluid_samplecache_load).  Loading and unloading sounds are
 * therefore serialised here, over the whole process.
 */
#include "synth/fluid.h"
#include "score/score.h"
#include "synth/synth.h"
#include <fluidsynth.h>
#include <string.h>

#define POLYPHONY 256

typedef struct {
    TuneVoiceBank base;
    char *path;
    const TuneLog *log;
} FluidBank;

typedef struct {
    TuneVoice base;
    FluidBank *bank;
    fluid_settings_t *settings;
    fluid_synth_t *synth;
    int font; /* FluidSynth's number of the SoundFont */
} FluidVoice;

/* Guards FluidSynth's own process-wide sample cache, see above. */
static GMutex sample_cache_lock;

static void voice_free(FluidVoice *self)
{
    g_mutex_lock(&sample_cache_lock);
    if (self->synth != NULL)
        delete_fluid_synth(self->synth);
    g_mutex_unlock(&sample_cache_lock);
    if (self->settings != NULL)
        delete_fluid_settings(self->settings);
    g_free(self);
}

static void note_on(TuneVoice *voice, guint8 key, guint8 velocity)
{
    (void)fluid_synth_noteon(((FluidVoice *)voice)->synth, 0, key, velocity);
}

static void note_off(TuneVoice *voice, guint8 key)
{
    (void)fluid_synth_noteoff(((FluidVoice *)voice)->synth, 0, key);
}

static void control(TuneVoice *voice, guint8 number, gint value)
{
    fluid_synth_t *synth = ((FluidVoice *)voice)->synth;

    if (number == TUNE_CONTROL_BEND)
        (void)fluid_synth_pitch_bend(synth, 0, CLAMP(value + 8192, 0, 16383));
    else
        (void)fluid_synth_cc(synth, 0, number, CLAMP(value, 0, 127));
}

static void render(TuneVoice *voice, float *left, float *right, gsize n_frames)
{
    float *out[2] = {left, right};

    memset(left, 0, n_frames * sizeof *left);
    memset(right, 0, n_frames * sizeof *right);
    (void)fluid_synth_process(((FluidVoice *)voice)->synth, (int)n_frames, 0, NULL, 2, out);
}

static gboolean is_silent(TuneVoice *voice)
{
    return fluid_synth_get_active_voice_count(((FluidVoice *)voice)->synth) == 0;
}

static void release(TuneVoice *voice)
{
    voice_free((FluidVoice *)voice);
}

static const TuneVoiceClass voice_class = {note_on, note_off, control, render, is_silent, release};

static fluid_settings_t *new_settings(guint rate)
{
    fluid_settings_t *settings = new_fluid_settings();

    if (settings == NULL)
        return NULL;
    fluid_settings_setnum(settings, "synth.sample-rate", (double)rate);
    fluid_settings_setnum(settings, "synth.gain", 1.0);
    fluid_settings_setint(settings, "synth.polyphony", POLYPHONY);
    fluid_settings_setint(settings, "synth.reverb.active", 0);
    fluid_settings_setint(settings, "synth.chorus.active", 0);
    fluid_settings_setint(settings, "synth.cpu-cores", 1);
    fluid_settings_setint(settings, "synth.lock-memory", 0);
    fluid_settings_setint(settings, "synth.dynamic-sample-loading", 1);
    fluid_settings_setint(settings, "synth.threadsafe-api", 0); /* one thread at a time: ours */
    return settings;
}

static FluidVoice *voice_new(FluidBank *bank, guint rate, GError **error)
{
    FluidVoice *self = g_new0(FluidVoice, 1);

    self->base.class = &voice_class;
    self->bank = bank;
    self->settings = new_settings(rate);
    self->synth = self->settings != NULL ? new_fluid_synth(self->settings) : NULL;
    if (self->synth == NULL) {
        g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_MEMORY,
                    "not enough memory for a FluidSynth voice");
        voice_free(self);
        return NULL;
    }
    self->font = fluid_synth_sfload(self->synth, bank->path, 0);
    if (self->font == FLUID_FAILED) {
        g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT,
                    "FluidSynth cannot load the SoundFont %s: it is damaged or of an unknown kind",
                    bank->path);
        voice_free(self);
        return NULL;
    }
    (void)fluid_synth_set_interp_method(self->synth, -1, FLUID_INTERP_4THORDER);
    return self;
}

/* Small sets lack some programs: the nearest that is there. */
static gboolean select_program(FluidVoice *self, const TuneVoiceRequest *request, GError **error)
{
    gint bank = request->is_drums ? 128 : request->bank;
    const gint choices[][2] = {
        {bank, request->program},
        {request->is_drums ? 128 : 0, request->program},
        {request->is_drums ? 128 : 0, request->is_drums ? 0 : request->program / 8 * 8},
        {request->is_drums ? 128 : 0, 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(choices); i++) {
        g_mutex_lock(&sample_cache_lock);
        int result = fluid_synth_program_select(self->synth, 0, self->font, choices[i][0],
                                                choices[i][1]);
        g_mutex_unlock(&sample_cache_lock);
        if (result != FLUID_OK)
            continue;
        if (i > 0)
            tune_log(self->bank->log, TUNE_LOG_WARNING,
                     "the SoundFont has no bank %d program %d; bank %d program %d plays instead",
                     bank, request->program, choices[i][0], choices[i][1]);
        return TRUE;
    }
    g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT,
                "the SoundFont %s has no %s", self->bank->path,
                request->is_drums ? "drum kit" : "General MIDI programs");
    return FALSE;
}

static TuneVoice *acquire(TuneVoiceBank *base, const TuneVoiceRequest *request, GError **error)
{
    FluidBank *bank = (FluidBank *)base;
    FluidVoice *voice = voice_new(bank, request->rate, error);

    if (voice == NULL)
        return NULL;
    if (!select_program(voice, request, error)) {
        voice_free(voice);
        return NULL;
    }
    return &voice->base;
}

static void release_memory(TuneVoiceBank *base)
{
}

static void bank_free(TuneVoiceBank *base)
{
    FluidBank *bank = (FluidBank *)base;

    g_free(bank->path);
    g_free(bank);
}

static const TuneVoiceBankClass bank_class = {acquire, release_memory, bank_free};

/* FluidSynth would print on standard error; what matters comes back as a GError. */
static void drop_message(int level, const char *message, void *user_data)
{
}

TuneVoiceBank *tune_fluid_bank_new(const char *path, const TuneLog *log)
{
    FluidBank *bank = g_new0(FluidBank, 1);

    for (int level = 0; level < LAST_LOG_LEVEL; level++)
        (void)fluid_set_log_function(level, drop_message, NULL);
    bank->base.class = &bank_class;
    bank->path = g_strdup(path);
    bank->log = log;
    return &bank->base;
}
