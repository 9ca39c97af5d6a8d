/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/synth.h"
#include "synth/banks.h"
#include "synth/fluid.h"
#include "synth/soundfont.h"
#include "synth/synth-private.h"
#include <fluidsynth.h>
#include <sys/stat.h>

G_DEFINE_QUARK(tune-synth-error-quark, tune_synth_error)

struct TuneSynth {
    gatomicrefcount references;
    char *soundfont;
    guint n_threads;
    TuneLibrary *library;
    TuneVoiceBank *bank;
    GMutex lock;
    char *hash;                   /* NULL until asked for; @lock */
    TuneCalibration *calibration; /* likewise */
};

TuneSynth *tune_synth_new(const TuneSynthConfig *config, GError **error)
{
    g_return_val_if_fail(config != NULL, NULL);
    char *soundfont = tune_soundfont_find(config->soundfont, error);

    if (soundfont == NULL)
        return NULL;
    const char *sounds = config->sounds != NULL ? config->sounds : g_getenv("TUNESMITH_SOUNDS");
    TuneMapping *mapping = sounds != NULL && *sounds != '\0' ? tune_mapping_load(sounds, error) : NULL;

    if (sounds != NULL && *sounds != '\0' && mapping == NULL) {
        g_free(soundfont);
        return NULL;
    }
    TuneSynth *self = g_new0(TuneSynth, 1);

    g_atomic_ref_count_init(&self->references);
    self->soundfont = soundfont;
    self->n_threads = config->n_threads > 0 ? config->n_threads : g_get_num_processors();
    self->library = tune_library_new(mapping, config->log);
    self->bank = tune_banks_new(self->library, tune_fluid_bank_new(soundfont, config->log));
    g_mutex_init(&self->lock);
    return self;
}

TuneSynth *tune_synth_ref(TuneSynth *self)
{
    g_atomic_ref_count_inc(&self->references);
    return self;
}

void tune_synth_free(TuneSynth *self)
{
    if (self == NULL || !g_atomic_ref_count_dec(&self->references))
        return;
    tune_voice_bank_free(self->bank);
    tune_library_free(self->library);
    g_mutex_clear(&self->lock);
    g_free(self->soundfont);
    g_free(self->hash);
    tune_calibration_free(self->calibration);
    g_free(self);
}

TuneVoiceBank *tune_synth_bank(TuneSynth *self)
{
    return self->bank;
}

TuneLibrary *tune_synth_library(TuneSynth *self)
{
    return self->library;
}

const char *tune_synth_voice_hash(TuneSynth *self, const TuneTrack *track)
{
    const TuneSound *sound = tune_library_of_track(self->library, track);

    return sound != NULL ? sound->hash : NULL;
}

const char *tune_synth_sounds(const TuneSynth *self, const char **hash)
{
    const TuneMapping *mapping = tune_library_mapping(self->library);

    *hash = mapping != NULL ? tune_mapping_hash(mapping) : NULL;
    return mapping != NULL ? tune_mapping_name(mapping) : NULL;
}

guint tune_synth_n_threads(const TuneSynth *self)
{
    return self->n_threads;
}

const char *tune_synth_soundfont(const TuneSynth *self)
{
    return self->soundfont;
}

const char *tune_synth_soundfont_hash(TuneSynth *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (self->hash == NULL)
        self->hash = tune_soundfont_hash(self->soundfont, NULL);
    /* The file was there when we opened it; gone since, its hash is unknown. */
    return self->hash != NULL ? self->hash : "";
}

const TuneCalibration *tune_synth_calibration(TuneSynth *self, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    struct stat st;

    if (self->calibration == NULL) {
        guint64 bytes = stat(self->soundfont, &st) == 0 ? (guint64)st.st_size : 0;

        self->calibration = tune_calibration_load(bytes, error);
    }
    return self->calibration;
}

const char *tune_synth_calibration_hash(TuneSynth *self, GError **error)
{
    const TuneCalibration *calibration = tune_synth_calibration(self, error);

    return calibration != NULL ? tune_calibration_hash(calibration) : NULL;
}

const char *tune_synth_version(void)
{
    return fluid_version_str();
}

void tune_synth_release_memory(TuneSynth *self)
{
    tune_voice_bank_release_memory(self->bank);
}

void tune_synth_estimate(TuneSynth *self, const TuneScore *score, guint rate, guint64 *memory_bytes,
                         double *core_seconds)
{
    double seconds = score->length_us > 0 ? (double)score->length_us / 1e6
                                          : tune_score_seconds(score, score->ticks) + 4.0;
    double note_seconds = 0;

    for (guint t = 0; t < score->tracks->len; t++) {
        const TuneTrack *track = g_ptr_array_index(score->tracks, t);

        for (guint i = 0; i < track->notes->len; i++) {
            const TuneNote *note = &g_array_index(track->notes, TuneNote, i);

            note_seconds += tune_score_seconds(score, tune_note_sounding_end(note)) -
                            tune_score_seconds(score, tune_note_sounding_onset(note)) + 0.5;
        }
    }
    /* Measured (docs/SPEED.md): a stereo note takes about 1 ms a second, effects and mix about 1 ms a
     * second and track; sounds and effect buffers about 8 MB a track. */
    double scale = rate / 44100.0;

    *core_seconds = 0.2 + scale * (0.0012 * note_seconds + 0.0012 * seconds * score->tracks->len +
                                   0.006 * seconds);
    *memory_bytes = (guint64)40 << 20;
    *memory_bytes += (guint64)score->tracks->len * ((guint64)12 << 20);
    *memory_bytes += tune_score_n_notes(score) * 64;
}
