/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/fluid-font.h"

/* What EMU's sound cards make of the initial attenuation, on which SoundFonts were tuned. */
#define ATTENUATION_FACTOR 0.4
#define GENERATOR_ATTENUATION 48

/* FluidSynth's forms of one layer's lists. */
typedef struct {
    fluid_sample_t *sample;
    fluid_mod_t **replace, **add;
} LayerSound;

struct TuneFluidFont {
    TuneSf2 *font;
    TuneSf2Preset *preset;
    guint bank, program;
    LayerSound *sounds;     /* [preset->n_layers] */
    GHashTable *samples;    /* number + 1 -> fluid_sample_t */
    fluid_sfont_t *fluid_font; /* freed by the synthesiser */
    fluid_preset_t *fluid_preset;
};

/* ---- FluidSynth's callbacks ---- */

static const char *font_name(fluid_sfont_t *font)
{
    return "";
}

static fluid_preset_t *font_preset(fluid_sfont_t *font, int bank, int program)
{
    const TuneFluidFont *self = fluid_sfont_get_data(font);

    return bank == (int)self->bank && program == (int)self->program ? self->fluid_preset : NULL;
}

static int font_free(fluid_sfont_t *font)
{
    (void)delete_fluid_sfont(font);
    return 0;
}

static const char *preset_name(fluid_preset_t *preset)
{
    return "";
}

static int preset_bank(fluid_preset_t *preset)
{
    return (int)((const TuneFluidFont *)fluid_preset_get_data(preset))->bank;
}

static int preset_program(fluid_preset_t *preset)
{
    return (int)((const TuneFluidFont *)fluid_preset_get_data(preset))->program;
}

static void preset_free(fluid_preset_t *preset)
{
}

static float scaled(const TuneSf2Generator *generator)
{
    double factor = generator->id == GENERATOR_ATTENUATION ? ATTENUATION_FACTOR : 1.0;

    return (float)((double)generator->amount * factor);
}

static void set_up_voice(fluid_voice_t *voice, const TuneSf2Layer *layer, const LayerSound *sound)
{
    for (guint i = 0; i < layer->n_set; i++)
        fluid_voice_gen_set(voice, layer->set[i].id, scaled(&layer->set[i]));
    for (guint i = 0; i < layer->n_replace_modulators; i++)
        fluid_voice_add_mod(voice, sound->replace[i], FLUID_VOICE_OVERWRITE);
    for (guint i = 0; i < layer->n_add; i++)
        fluid_voice_gen_incr(voice, layer->add[i].id, scaled(&layer->add[i]));
    for (guint i = 0; i < layer->n_add_modulators; i++)
        if (layer->add_modulators[i].amount != 0)
            fluid_voice_add_mod(voice, sound->add[i], FLUID_VOICE_ADD);
}

static int preset_note_on(fluid_preset_t *preset, fluid_synth_t *synth, int channel, int key,
                          int velocity)
{
    const TuneFluidFont *self = fluid_preset_get_data(preset);

    for (guint i = 0; i < self->preset->n_layers; i++) {
        const TuneSf2Layer *layer = &self->preset->layers[i];

        if (key < layer->key_low || key > layer->key_high || velocity < layer->velocity_low ||
            velocity > layer->velocity_high)
            continue;
        fluid_voice_t *voice =
            fluid_synth_alloc_voice(synth, self->sounds[i].sample, channel, key, velocity);

        if (voice == NULL)
            return FLUID_FAILED;
        set_up_voice(voice, layer, &self->sounds[i]);
        fluid_synth_start_voice(synth, voice);
    }
    return FLUID_OK;
}

/* ---- building ---- */

/* Section 8.2: a source is a 7-bit index, flags, and a curve. */
static gboolean source_of(guint16 value, int *index, int *flags)
{
    static const int curves[] = {FLUID_MOD_LINEAR, FLUID_MOD_CONCAVE, FLUID_MOD_CONVEX,
                                 FLUID_MOD_SWITCH};
    guint curve = value >> 10;

    *index = value & 127;
    *flags = (value & 0x80 ? FLUID_MOD_CC : FLUID_MOD_GC) |
             (value & 0x100 ? FLUID_MOD_NEGATIVE : FLUID_MOD_POSITIVE) |
             (value & 0x200 ? FLUID_MOD_BIPOLAR : FLUID_MOD_UNIPOLAR) |
             (curve < G_N_ELEMENTS(curves) ? curves[curve] : 0);
    return curve < G_N_ELEMENTS(curves);
}

static fluid_mod_t *new_modulator(const TuneSf2Modulator *from)
{
    fluid_mod_t *modulator = new_fluid_mod();
    int index, flags;
    gboolean known = source_of(from->source, &index, &flags);

    known &= (flags & FLUID_MOD_CC) != 0 || index != FLUID_MOD_NONE;
    fluid_mod_set_source1(modulator, index, flags);
    known &= source_of(from->amount_source, &index, &flags);
    if ((flags & FLUID_MOD_CC) == 0 && index == FLUID_MOD_NONE)
        flags &= ~FLUID_MOD_BIPOLAR;
    fluid_mod_set_source2(modulator, index, flags);
    fluid_mod_set_dest(modulator, from->destination);
    /* An unknown curve or transform switches the modulator off, and the one it replaces. */
    fluid_mod_set_amount(modulator, known && from->transform == 0 ? from->amount : 0);
    return modulator;
}

static fluid_mod_t **new_modulators(const TuneSf2Modulator *from, guint n)
{
    fluid_mod_t **list = n > 0 ? g_new(fluid_mod_t *, n) : NULL;

    for (guint i = 0; i < n; i++)
        list[i] = new_modulator(&from[i]);
    return list;
}

static void free_modulators(fluid_mod_t **list, guint n)
{
    for (guint i = 0; i < n; i++)
        delete_fluid_mod(list[i]);
    g_free(list);
}

static fluid_sample_t *get_sample(TuneFluidFont *self, guint number)
{
    fluid_sample_t *sample = g_hash_table_lookup(self->samples, GUINT_TO_POINTER(number + 1));
    TuneSf2Sample from;

    if (sample != NULL || !tune_sf2_sample(self->font, number, &from))
        return sample;
    sample = new_fluid_sample();
    /* FluidSynth only reads the frames; its type is not const because it may own them. */
    (void)fluid_sample_set_sound_data(sample, (short *)(gintptr)from.frames, NULL, from.n_frames,
                                      from.rate, FALSE);
    (void)fluid_sample_set_loop(sample, from.loop_start, from.loop_end);
    (void)fluid_sample_set_pitch(sample, from.root_key, from.correction_cents);
    (void)fluid_voice_optimize_sample(sample);
    g_hash_table_insert(self->samples, GUINT_TO_POINTER(number + 1), sample);
    return sample;
}

static void make_layers(TuneFluidFont *self)
{
    const TuneSf2Preset *preset = self->preset;

    self->samples = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)delete_fluid_sample);
    self->sounds = g_new0(LayerSound, preset->n_layers);
    for (guint i = 0; i < preset->n_layers; i++) {
        const TuneSf2Layer *layer = &preset->layers[i];

        self->sounds[i].sample = get_sample(self, layer->sample);
        self->sounds[i].replace =
            new_modulators(layer->replace_modulators, layer->n_replace_modulators);
        self->sounds[i].add = new_modulators(layer->add_modulators, layer->n_add_modulators);
    }
}

TuneFluidFont *tune_fluid_font_new(fluid_synth_t *synth, TuneSf2 *font, guint bank, guint program)
{
    TuneSf2Preset *preset = tune_sf2_preset_new(font, bank, program);

    if (preset == NULL)
        return NULL;
    TuneFluidFont *self = g_new0(TuneFluidFont, 1);

    self->font = tune_sf2_ref(font);
    self->preset = preset;
    self->bank = bank;
    self->program = program;
    make_layers(self);
    self->fluid_font = new_fluid_sfont(font_name, font_preset, NULL, NULL, font_free);
    (void)fluid_sfont_set_data(self->fluid_font, self);
    self->fluid_preset = new_fluid_preset(self->fluid_font, preset_name, preset_bank,
                                          preset_program, preset_note_on, preset_free);
    (void)fluid_preset_set_data(self->fluid_preset, self);
    int id = fluid_synth_add_sfont(synth, self->fluid_font);

    (void)fluid_synth_program_select(synth, 0, id, (int)bank, (int)program);
    return self;
}

void tune_fluid_font_free(TuneFluidFont *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < self->preset->n_layers; i++) {
        free_modulators(self->sounds[i].replace, self->preset->layers[i].n_replace_modulators);
        free_modulators(self->sounds[i].add, self->preset->layers[i].n_add_modulators);
    }
    g_free(self->sounds);
    g_hash_table_unref(self->samples);
    delete_fluid_preset(self->fluid_preset);
    tune_sf2_preset_free(self->preset);
    tune_sf2_unref(self->font);
    g_free(self);
}
