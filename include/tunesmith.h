/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libtunesmith: music from a sentence, inside your own program.
 *
 *     char *error = NULL;
 *     TuneEngine *engine = tunesmith_engine_new(NULL, &error);
 *     TuneBrief *brief = tunesmith_brief_new(engine, "calm piano waltz, 30 seconds", &error);
 *     TuneScore *score = tunesmith_score_new(engine, brief, 42, &error);
 *     TuneRender *render = tunesmith_render_new(engine, score, NULL, &error);
 *     float block[2 * 1024];
 *     while ((got = tunesmith_render_read(render, block, 1024, &error)) > 0)
 *         play(block, got);
 *
 * The header needs nothing but the C library.  Functions that can fail return NULL or -1 and, where
 * @error is not NULL, put a sentence there that tunesmith_free() frees; *error must be NULL before.
 * The same sentence and seed give the same score on every machine.
 *
 * Threads: an engine may be shared by threads; briefs and scores are read-only once made; a render has one
 * reader.  A render may be freed before or after its engine, brief and score.
 */
#ifndef TUNESMITH_H
#define TUNESMITH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TUNESMITH_API __attribute__((visibility("default")))
#else
#define TUNESMITH_API
#endif

typedef struct TuneEngine TuneEngine; /* words, styles, sounds */
typedef struct TuneBrief TuneBrief;   /* what was asked */
typedef struct TuneScore TuneScore;   /* the notes */
typedef struct TuneRender TuneRender; /* sound, block by block */

/* "0.1.0" */
TUNESMITH_API const char *tunesmith_version(void);

/* Frees what this library gave as char * or void *.  NULL is allowed. */
TUNESMITH_API void tunesmith_free(void *memory);

/* @soundfont: path of a SoundFont, or NULL for the best one installed.  Loads words and styles, not yet
 * the sounds. */
TUNESMITH_API TuneEngine *tunesmith_engine_new(const char *soundfont, char **error);
TUNESMITH_API void tunesmith_engine_free(TuneEngine *engine);

/* Understand @sentence (UTF-8, at most 64 KiB).  Fails when it asks for things that exclude each other;
 * the message names both. */
TUNESMITH_API TuneBrief *tunesmith_brief_new(TuneEngine *engine, const char *sentence,
                                             char **error);
/* How the sentence was understood, a line a field; free with tunesmith_free(). */
TUNESMITH_API char *tunesmith_brief_explain(const TuneBrief *brief);
TUNESMITH_API void tunesmith_brief_free(TuneBrief *brief);

/* Compose: milliseconds.  @seed: 0 .. 2^53 - 1. */
TUNESMITH_API TuneScore *tunesmith_score_new(TuneEngine *engine, const TuneBrief *brief,
                                             uint64_t seed, char **error);
/* Read a score: JSON, MIDI, MusicXML or ABC, told by its content. */
TUNESMITH_API TuneScore *tunesmith_score_read(const void *data, size_t size, char **error);
/* The score as a file's bytes; @format: "json", "midi", "musicxml" or "abc".  Free with
 * tunesmith_free(). */
TUNESMITH_API void *tunesmith_score_write(const TuneScore *score, const char *format, size_t *size,
                                          char **error);
/* Exact length in seconds; 0 when it ends as the last sound decays. */
TUNESMITH_API double tunesmith_score_seconds(const TuneScore *score);
TUNESMITH_API void tunesmith_score_free(TuneScore *score);

typedef struct {
    size_t size;          /* sizeof(TunesmithRenderOptions), so that fields can be added */
    unsigned rate;        /* 22050..96000 Hz; 44100 */
    int live;             /* 0: measured, then mastered, -14 ±0.5 LUFS; 1: sound at once, ±1 */
    double loudness_lufs; /* -14 */
} TunesmithRenderOptions;

/* Sound of @score.  @options may be NULL: 44100 Hz, measured, -14 LUFS. */
TUNESMITH_API TuneRender *tunesmith_render_new(TuneEngine *engine, const TuneScore *score,
                                               const TunesmithRenderOptions *options,
                                               char **error);
/* Compose and render in one; the recipe in saved files can then be replayed. */
TUNESMITH_API TuneRender *tunesmith_render_brief(TuneEngine *engine, const TuneBrief *brief,
                                                 uint64_t seed,
                                                 const TunesmithRenderOptions *options,
                                                 char **error);
/* Up to @n_frames interleaved stereo frames into @out [2 * n_frames], nominal [-1, 1].  How many there
 * are; 0 at the end, -1 on failure. */
TUNESMITH_API long tunesmith_render_read(TuneRender *render, float *out, size_t n_frames,
                                         char **error);
TUNESMITH_API unsigned tunesmith_render_rate(const TuneRender *render);
/* Exact number of frames, or -1 when it is not known before the end. */
TUNESMITH_API int64_t tunesmith_render_n_frames(const TuneRender *render);
/* From any thread: the read under way fails within 100 ms. */
TUNESMITH_API void tunesmith_render_cancel(TuneRender *render);
TUNESMITH_API void tunesmith_render_free(TuneRender *render);

/* Pull all of @render into a sound file; the suffix of @path picks wav, flac, mp3, ogg or opus.  Title,
 * tempo, key and recipe go into its tags.  The file appears when it is whole.  0, or -1 on failure. */
TUNESMITH_API int tunesmith_render_save(TuneRender *render, const char *path, char **error);

#ifdef __cplusplus
}
#endif
#endif
