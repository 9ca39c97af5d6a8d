/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Score -> sound: one stem per track rendered in parallel blocks, mixed, mastered.
 *
 *     TuneSynthConfig config = TUNE_SYNTH_CONFIG_DEFAULT;
 *     g_autoptr(TuneSynth) synth = tune_synth_new(&config, &error);        // finds the SoundFont, cheap
 *     g_autoptr(TuneSource) mix = tune_synth_render(synth, score, &options, &error);
 *
 * The mix is pulled; memory is bounded by block size and the sounds used, not by the length.  The PCM
 * does not depend on the thread count.  FluidSynth is a voice bank: note events only, its own effects
 * off.  A TuneSynth may be shared by threads; each source has one reader.
 */
#pragma once
#include "audio/source.h"
#include "base/log.h"
#include "score/score.h"

#define TUNE_SYNTH_ERROR (tune_synth_error_quark())
GQuark tune_synth_error_quark(void);
typedef enum {
    TUNE_SYNTH_ERROR_NO_SOUNDS, /* no SoundFont installed: names the package and the folders */
    TUNE_SYNTH_ERROR_SOUNDFONT, /* a SoundFont that cannot be loaded */
    TUNE_SYNTH_ERROR_MEMORY,
} TuneSynthError;

typedef struct {
    const char *soundfont; /* path, or NULL: $TUNESMITH_SOUNDFONT, then the best installed one */
    guint n_threads;       /* 0 = one per core */
    const TuneLog *log;    /* (nullable) */
    const char *sounds;    /* mapping of better sounds (synth/mapping.h), or NULL: $TUNESMITH_SOUNDS */
} TuneSynthConfig;
#define TUNE_SYNTH_CONFIG_DEFAULT {NULL, 0, NULL, NULL}

typedef struct TuneSynth TuneSynth;
TuneSynth *tune_synth_new(const TuneSynthConfig *config, GError **error); /* (transfer full) */
void tune_synth_free(TuneSynth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneSynth, tune_synth_free)

const char *tune_synth_soundfont(const TuneSynth *self); /* path in use */
const char *tune_synth_soundfont_hash(TuneSynth *self);  /* SHA-256, computed once and remembered on
                                                            disk by path, size and time */
/* SHA-256 of the loudness calibration that balances the mix.  (nullable) with @error set */
const char *tune_synth_calibration_hash(TuneSynth *self, GError **error);
/* Name of the mapping in use and, into @hash, the SHA-256 of its text; NULL when there is none. */
const char *tune_synth_sounds(const TuneSynth *self, const char **hash);
/* SHA-256 of the electronic voice or mapped sound that plays @track; NULL when the SoundFont does.
 * (nullable) */
const char *tune_synth_voice_hash(TuneSynth *self, const TuneTrack *track);
const char *tune_synth_version(void);                    /* FluidSynth's, "2.3.1" */
void tune_synth_release_memory(TuneSynth *self);         /* drops loaded sounds nobody plays */

/* Receives each stem block, pre-master, wet returns included, before it is summed: the stems sum to the
 * pre-master mix bit for bit in track order.  @frames: [2 * n] interleaved stereo. */
typedef gboolean (*TuneStemSink)(guint track, const float *frames, gsize n, gpointer user_data,
                                 GError **error);

typedef struct {
    guint rate; /* 22050..96000; 44100 */
    TuneStemSink stem_sink; /* (nullable) */
    gpointer stem_user_data;
    GCancellable *cancellable; /* (nullable), borrowed: must outlive the source */
} TuneSynthOptions;
#define TUNE_SYNTH_OPTIONS_DEFAULT {44100, NULL, NULL, NULL}

/* The pre-master mix: float stereo, n_frames exactly round(length_us * rate / 1e6) when the score has a
 * length, else until the last sound has decayed below -70 dB (at most 12 s after the last note).
 * The source keeps @self and @score alive by reference as needed.  (transfer full) */
TuneSource *tune_synth_render(TuneSynth *self, const TuneScore *score,
                              const TuneSynthOptions *options, GError **error);

/* The master over a pre-master source, which it owns from now on.
 *   exact: renders @mix once into a spill file (deleted at once, so that nothing is left behind),
 *          measures, then gain -> bus compressor -> true-peak limiter: -14 ±0.5 LUFS, <= -1 dBTP.
 *   live:  gain predicted from the score and the sounds' calibration, then the same chain, corrected by
 *          a slow deterministic rider: -14 ±1 LUFS, sound starts at once.
 * Same length as the mix.  (transfer full) */
typedef enum { TUNE_MASTER_EXACT, TUNE_MASTER_LIVE } TuneMasterKind;
typedef struct {
    TuneMasterKind kind;
    double loudness_lufs;   /* -14 */
    double peak_dbtp;       /* -1 */
    const TuneScore *score; /* (nullable) mix hints, fade, loop; borrowed */
    GCancellable *cancellable;
    /* (nullable) 0..1 while the exact master's first pass runs. */
    void (*progress)(double fraction, gpointer user_data);
    gpointer user_data;
    double predicted_lufs;  /* of a mix that no score tells about; 0: not known */
    gint64 fade_us;         /* at the end of a mix without a score */
} TuneMasterOptions;
TuneSource *tune_master_new(TuneSource *mix, const TuneMasterOptions *options, GError **error);

/* Bytes of memory and seconds of one core that rendering @score takes, roughly, before it starts. */
void tune_synth_estimate(TuneSynth *self, const TuneScore *score, guint rate, guint64 *memory_bytes,
                         double *core_seconds);
