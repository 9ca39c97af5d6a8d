/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every voice is a new synthesiser.  Used ones cannot be kept: in 2.3.1 a voice begins with the gain
 * ramp of whatever note its slot played before (fluid_rvoice_buffers_mix), so that the first 64 frames
 * of a note would depend on the past.
 *
 * FluidSynth initialises itself with the first synthesiser, and keeps the samples that its own loader
 * reads in a cache that all synthesisers share; in 2.3.1 neither is safe from several threads.
 * Making and deleting synthesisers is therefore serialised here, over the whole process.
 */
#include "synth/fluid.h"
#include "score/score.h"
#include "synth/fluid-font.h"
#include "synth/synth.h"
#include <string.h>

#define POLYPHONY 256
#define DRUM_BANK 128

typedef struct {
    TuneVoiceBank base;
    char *path;
    const TuneLog *log;
    GMutex lock;
    TuneSf2 *font; /* NULL before the first voice; @lock */
} FluidBank;

typedef struct {
    TuneVoice base;
    fluid_settings_t *settings;
    fluid_synth_t *synth;
    TuneFluidFont *font; /* NULL when FluidSynth's own loader read the file */
} FluidVoice;

/* Guards FluidSynth's own process-wide state, see above. */
static GMutex fluidsynth_lock;

static void voice_free(FluidVoice *self)
{
    g_mutex_lock(&fluidsynth_lock);
    if (self->synth != NULL)
        delete_fluid_synth(self->synth);
    if (self->settings != NULL)
        delete_fluid_settings(self->settings);
    g_mutex_unlock(&fluidsynth_lock);
    tune_fluid_font_free(self->font);
    g_free(self);
}

static void note_on(TuneVoice *voice, guint8 key, guint8 velocity, gint64 length)
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

static FluidVoice *voice_new(guint rate, GError **error)
{
    FluidVoice *self = g_new0(FluidVoice, 1);

    self->base.class = &voice_class;
    g_mutex_lock(&fluidsynth_lock);
    self->settings = new_settings(rate);
    self->synth = self->settings != NULL ? new_fluid_synth(self->settings) : NULL;
    g_mutex_unlock(&fluidsynth_lock);
    if (self->synth != NULL) {
        (void)fluid_synth_set_interp_method(self->synth, -1, FLUID_INTERP_4THORDER);
        return self;
    }
    g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_MEMORY,
                "not enough memory for a FluidSynth voice");
    voice_free(self);
    return NULL;
}

/* Small sets lack some programs: the nearest that is there.  FALSE: nothing that could play. */
static gboolean choose_program(const FluidBank *bank, const TuneSf2 *font,
                               const TuneVoiceRequest *request, guint *out_bank, guint *out_program)
{
    guint wanted = request->is_drums ? DRUM_BANK : request->bank;
    guint base = request->is_drums ? DRUM_BANK : 0;
    guint first = request->is_drums ? 0 : request->program / 8 * 8u;
    const guint choices[][2] = {{wanted, request->program}, {base, request->program},
                                {base, first}, {base, 0}};

    for (gsize i = 0; i < G_N_ELEMENTS(choices); i++) {
        if (!tune_sf2_has_preset(font, choices[i][0], choices[i][1]))
            continue;
        if (i > 0)
            tune_log(bank->log, TUNE_LOG_WARNING,
                     "the SoundFont has no bank %u program %u; bank %u program %u plays instead",
                     wanted, request->program, choices[i][0], choices[i][1]);
        *out_bank = choices[i][0];
        *out_program = choices[i][1];
        return TRUE;
    }
    return FALSE;
}

/* The font, opened with the first voice.  (transfer full) */
static TuneSf2 *get_font(FluidBank *bank, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&bank->lock);

    if (bank->font == NULL)
        bank->font = tune_sf2_open(bank->path, error);
    return bank->font != NULL ? tune_sf2_ref(bank->font) : NULL;
}

/* Version 3 files (Ogg Vorbis samples) go through FluidSynth's own loader. */
static gboolean load_compressed(FluidBank *bank, FluidVoice *voice, guint number, guint program)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&fluidsynth_lock);
    int id = fluid_synth_sfload(voice->synth, bank->path, 0);

    return id != FLUID_FAILED && fluid_synth_program_select(voice->synth, 0, id, (int)number,
                                                            (int)program) == FLUID_OK;
}

static TuneVoice *acquire(TuneVoiceBank *base, const TuneVoiceRequest *request, GError **error)
{
    FluidBank *bank = (FluidBank *)base;
    g_autoptr(TuneSf2) font = get_font(bank, error);
    guint number, program;

    if (font == NULL)
        return NULL;
    gboolean loaded = choose_program(bank, font, request, &number, &program);
    FluidVoice *voice = voice_new(request->rate, error);

    if (voice == NULL)
        return NULL;
    if (loaded && tune_sf2_is_compressed(font)) {
        loaded = load_compressed(bank, voice, number, program);
    } else if (loaded) {
        voice->font = tune_fluid_font_new(voice->synth, font, number, program);
        loaded = voice->font != NULL;
    }
    if (loaded)
        return &voice->base;
    g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT,
                "the SoundFont %s has no %s that can be played", bank->path,
                request->is_drums ? "drum kit" : "General MIDI sound");
    voice_free(voice);
    return NULL;
}

static gboolean divides(TuneVoiceBank *bank, const TuneVoiceRequest *request)
{
    return !request->is_drums; /* drums of one exclusive class end one another */
}

static void release_memory(TuneVoiceBank *base)
{
    FluidBank *bank = (FluidBank *)base;

    g_mutex_lock(&bank->lock);
    g_clear_pointer(&bank->font, tune_sf2_unref);
    g_mutex_unlock(&bank->lock);
}

static void bank_free(TuneVoiceBank *base)
{
    FluidBank *bank = (FluidBank *)base;

    release_memory(base);
    g_mutex_clear(&bank->lock);
    g_free(bank->path);
    g_free(bank);
}

static const TuneVoiceBankClass bank_class = {acquire, divides, release_memory, bank_free};

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
    g_mutex_init(&bank->lock);
    return &bank->base;
}
