/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The keys of a patch that plays pitches; docs/voices.md is their page.
 */
#include "synth/patch-private.h"

static const char *const wave_names[] = {"saw",   "square", "triangle",   "steps",   "pulse", "sine",
                                         "fm",    "noise",  "chip-noise", "crackle", NULL};
static const char *const filter_names[] = {"none", "low12", "low24", "high12", "high24", "band", "acid", NULL};
static const char *const lfo_names[] = {"sine", "triangle", "saw", "square", "random", NULL};

static const char *const oscillator_keys[] = {
    "wave", "level", "semitones", "cents", "hz", "width", "pan", "unison", "detune", "spread", "decay",
    "ratio", "index", "index_decay", "index_sustain", "index_velocity", "clicks", NULL};
static const char *const adsr_keys[] = {"attack", "decay", "sustain", "release", NULL};
static const char *const filter_keys[] = {"kind", "hz", "resonance", "follow", "velocity", "sweep",
                                          "attack", "decay", "sustain", "release", "drive", NULL};
static const char *const lfo_keys[] = {"wave", "hz", "beats", "delay", "pitch", "cutoff", "level",
                                       "width", "wheel", NULL};
static const char *const pitch_keys[] = {"from", "to", "seconds", NULL};

static gboolean read_fm(const TuneYamlNode *node, TuneOscillator *self, GError **error)
{
    return tune_yaml_get_double(node, "ratio", 0.1, 32, &self->ratio, error) &&
           tune_yaml_get_double(node, "index", 0, 40, &self->index, error) &&
           tune_yaml_get_double(node, "index_decay", 0, 60, &self->index_decay_s, error) &&
           tune_yaml_get_double(node, "index_sustain", 0, 1, &self->index_sustain, error) &&
           tune_yaml_get_double(node, "index_velocity", 0, 1, &self->index_velocity, error);
}

static gboolean read_oscillator(const TuneYamlNode *node, TuneOscillator *self, GError **error)
{
    double cents = 0, detune = 0;
    guint wave = TUNE_WAVE_SAW;
    gint unison = 1;

    *self = (TuneOscillator){.level = 1, .width = 0.5, .spread = 0.8, .ratio = 1, .index = 1, .clicks = 8};
    if (tune_yaml_kind(node) != TUNE_YAML_MAP)
        return tune_yaml_fail(node, error, "an oscillator is a map: {wave: saw, level: 1}");
    if (!tune_yaml_check_keys(node, oscillator_keys, error) ||
        !tune_patch_read_choice(node, "wave", wave_names, &wave, error) ||
        !tune_yaml_get_double(node, "level", 0, 4, &self->level, error) ||
        !tune_yaml_get_double(node, "semitones", -48, 48, &self->semitones, error) ||
        !tune_yaml_get_double(node, "cents", -100, 100, &cents, error) ||
        !tune_yaml_get_double(node, "hz", 0, 16000, &self->hz, error) ||
        !tune_yaml_get_double(node, "width", 0.02, 0.98, &self->width, error) ||
        !tune_yaml_get_double(node, "pan", -1, 1, &self->pan, error) ||
        !tune_yaml_get_int(node, "unison", 1, TUNE_PATCH_UNISON, &unison, error) ||
        !tune_yaml_get_double(node, "detune", 0, 200, &detune, error) ||
        !tune_yaml_get_double(node, "spread", 0, 1, &self->spread, error) ||
        !tune_yaml_get_double(node, "decay", 0, 60, &self->decay_s, error) ||
        !tune_yaml_get_double(node, "clicks", 0.1, 2000, &self->clicks, error) ||
        !read_fm(node, self, error))
        return FALSE;
    self->wave = (TuneWave)wave;
    self->semitones += cents / 100;
    self->unison = (guint)unison;
    self->detune = detune / 100;
    return TRUE;
}

static gboolean read_oscillators(const TuneYamlNode *root, TuneTonePatch *self, GError **error)
{
    const TuneYamlNode *list = tune_yaml_get(root, "oscillators");

    if (list == NULL)
        return tune_yaml_fail(root, error, "oscillators (or drums) are missing");
    if (tune_yaml_kind(list) != TUNE_YAML_LIST || tune_yaml_size(list) < 1 ||
        tune_yaml_size(list) > TUNE_PATCH_OSCILLATORS)
        return tune_yaml_fail(list, error, "oscillators: a list of 1 to %d", TUNE_PATCH_OSCILLATORS);
    self->n_oscillators = tune_yaml_size(list);
    for (guint i = 0; i < self->n_oscillators; i++)
        if (!read_oscillator(tune_yaml_at(list, i), &self->oscillators[i], error))
            return FALSE;
    return TRUE;
}

static gboolean read_times(const TuneYamlNode *node, TuneAdsr *self, GError **error)
{
    return tune_yaml_get_double(node, "attack", 0, 30, &self->attack_s, error) &&
           tune_yaml_get_double(node, "decay", 0, 60, &self->decay_s, error) &&
           tune_yaml_get_double(node, "sustain", 0, 1, &self->sustain, error) &&
           tune_yaml_get_double(node, "release", 0, 30, &self->release_s, error);
}

static gboolean is_map(const TuneYamlNode *node, const char *name, GError **error)
{
    return tune_yaml_kind(node) == TUNE_YAML_MAP ||
           tune_yaml_fail(node, error, "%s: a map of keys and values", name);
}

static gboolean read_amplitude(const TuneYamlNode *root, TuneAdsr *self, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(root, "amplitude");

    if (node == NULL)
        return TRUE;
    return is_map(node, "amplitude", error) && tune_yaml_check_keys(node, adsr_keys, error) &&
           read_times(node, self, error);
}

static gboolean read_filter(const TuneYamlNode *root, TunePatchFilter *self, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(root, "filter");
    guint kind = TUNE_FILTER_LOW24;

    if (node == NULL)
        return TRUE;
    if (!is_map(node, "filter", error) || !tune_yaml_check_keys(node, filter_keys, error) ||
        !tune_patch_read_choice(node, "kind", filter_names, &kind, error) ||
        !tune_yaml_get_double(node, "hz", 20, 20000, &self->hz, error) ||
        !tune_yaml_get_double(node, "resonance", 0, 1, &self->resonance, error) ||
        !tune_yaml_get_double(node, "follow", 0, 1, &self->follow, error) ||
        !tune_yaml_get_double(node, "velocity", 0, 6, &self->velocity, error) ||
        !tune_yaml_get_double(node, "sweep", -8, 8, &self->sweep, error) ||
        !tune_yaml_get_double(node, "drive", 0, 1, &self->drive, error) ||
        !read_times(node, &self->envelope, error))
        return FALSE;
    self->kind = (TuneFilterKind)kind;
    return TRUE;
}

static gboolean read_lfo(const TuneYamlNode *node, TunePatchLfo *self, GError **error)
{
    guint wave = TUNE_LFO_SINE;
    double cents = 0;

    *self = (TunePatchLfo){.hz = 5};
    if (!is_map(node, "lfos", error) || !tune_yaml_check_keys(node, lfo_keys, error) ||
        !tune_patch_read_choice(node, "wave", lfo_names, &wave, error) ||
        !tune_yaml_get_double(node, "hz", 0.01, 60, &self->hz, error) ||
        !tune_yaml_get_double(node, "beats", 0, 64, &self->beats, error) ||
        !tune_yaml_get_double(node, "delay", 0, 20, &self->delay_s, error) ||
        !tune_yaml_get_double(node, "pitch", 0, 1200, &cents, error) ||
        !tune_yaml_get_double(node, "cutoff", -6, 6, &self->cutoff, error) ||
        !tune_yaml_get_double(node, "level", 0, 1, &self->level, error) ||
        !tune_yaml_get_double(node, "width", 0, 0.48, &self->width, error) ||
        !tune_yaml_get_bool(node, "wheel", &self->wheel, error))
        return FALSE;
    self->wave = (TuneLfoWave)wave;
    self->pitch = cents / 100;
    return TRUE;
}

static gboolean read_lfos(const TuneYamlNode *root, TuneTonePatch *self, GError **error)
{
    const TuneYamlNode *list = tune_yaml_get(root, "lfos");

    if (list == NULL)
        return TRUE;
    if (tune_yaml_kind(list) != TUNE_YAML_LIST || tune_yaml_size(list) > TUNE_PATCH_LFOS)
        return tune_yaml_fail(list, error, "lfos: a list of at most %d", TUNE_PATCH_LFOS);
    self->n_lfos = tune_yaml_size(list);
    for (guint i = 0; i < self->n_lfos; i++)
        if (!read_lfo(tune_yaml_at(list, i), &self->lfos[i], error))
            return FALSE;
    return TRUE;
}

/* Without a wheel of its own a patch answers to it as players expect. */
static void add_vibrato(TuneTonePatch *self)
{
    for (guint i = 0; i < self->n_lfos; i++)
        if (self->lfos[i].wheel)
            return;
    if (self->n_lfos < TUNE_PATCH_LFOS)
        self->lfos[self->n_lfos++] = (TunePatchLfo){.hz = 5.6, .pitch = 0.35, .wheel = TRUE};
}

static gboolean read_pitch(const TuneYamlNode *root, TuneTonePatch *self, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(root, "pitch");

    if (node == NULL)
        return TRUE;
    self->pitch_s = 0.05;
    return is_map(node, "pitch", error) && tune_yaml_check_keys(node, pitch_keys, error) &&
           tune_yaml_get_double(node, "from", -60, 60, &self->pitch_from, error) &&
           tune_yaml_get_double(node, "to", -60, 60, &self->pitch_to, error) &&
           tune_yaml_get_double(node, "seconds", 0.001, 60, &self->pitch_s, error);
}

gboolean tune_patch_read_tone(const TuneYamlNode *root, TuneTonePatch *self, GError **error)
{
    gint polyphony = 12;

    self->amplitude = (TuneAdsr){0.003, 0.3, 1.0, 0.15};
    self->filter = (TunePatchFilter){.hz = 8000, .envelope = {0.002, 0.4, 0.0, 0.3}};
    if (!read_oscillators(root, self, error) || !read_amplitude(root, &self->amplitude, error) ||
        !read_filter(root, &self->filter, error) || !read_lfos(root, self, error) ||
        !read_pitch(root, self, error) || !tune_yaml_get_bool(root, "mono", &self->mono, error) ||
        !tune_yaml_get_double(root, "glide", 0, 5, &self->glide_s, error) ||
        !tune_yaml_get_int(root, "polyphony", 1, 32, &polyphony, error) ||
        !tune_yaml_get_bool(root, "stretch", &self->stretch, error) ||
        !tune_yaml_get_bool(root, "one_shot", &self->one_shot, error))
        return FALSE;
    self->polyphony = self->mono ? 1 : (guint)polyphony;
    add_vibrato(self);
    return TRUE;
}
