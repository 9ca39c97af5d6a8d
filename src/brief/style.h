/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Styles as data: one YAML file per style in data/styles/ or the user's own folder.  docs/styles.md says
 * how to write one; the loader checks every key and value and names file, line and reason.
 *
 * TuneStyle's members are public to the composer (brief/style-data.h); everyone else needs only what
 * is here.  Thread-safe.  Loading reads the heads of all files (what sentences are understood by); the
 * rest of a file is read by tune_style_require(), once, and is immutable afterwards.
 */
#pragma once
#include "base/json.h"
#include "base/music.h"
#include "base/pitch.h"
#include "brief/instrument.h"

typedef struct TuneStyle TuneStyle;
typedef struct TuneStyles TuneStyles;

/* Reads the heads of all styles.  A file whose head is broken is left out and told in
 * tune_styles_complaints(); only a load that finds no style at all fails.  (transfer full) */
TuneStyles *tune_styles_load(GError **error);
/* char*: "file:line: reason" of each file that was left out.  (transfer none) */
const GPtrArray *tune_styles_complaints(const TuneStyles *self);
/* The complaint about the file NAME.yaml that was left out.  (transfer none) (nullable) */
const char *tune_styles_complaint(const TuneStyles *self, const char *name);
TuneStyles *tune_styles_ref(TuneStyles *self);
void tune_styles_unref(TuneStyles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneStyles, tune_styles_unref)

guint tune_styles_count(const TuneStyles *self);
const TuneStyle *tune_styles_at(const TuneStyles *self, guint index); /* sorted by name */
const TuneStyle *tune_styles_find(const TuneStyles *self, const char *name); /* (nullable) */

/* Reads the rest of @style if that has not been done: before anything but its head is used.
 * FALSE with file, line, reason. */
gboolean tune_style_require(const TuneStyle *style, GError **error);

/* Check one file as a style author would: TRUE or file, line, reason. */
gboolean tune_style_validate(const char *path, GError **error);

/* All that is wrong with one file, "file:line: reason" each, empty when it is good: what the loader
 * refuses, and instruments that @instruments (nullable) does not know.  After a complaint the checker
 * leaves out what it was about and goes on, so a file with many mistakes may have one more that only
 * shows when these are mended.  (transfer full) (element-type utf8) */
GPtrArray *tune_style_check(const char *path, const TuneInstruments *instruments);

/* The style as a page for people and programs: title, words, tempo, metres, modes, forms, parts, grooves,
 * harmony.  Reads the whole file; NULL with file, line, reason.  (transfer full) */
json_t *tune_style_to_json(const TuneStyle *style, GError **error);

const char *tune_style_name(const TuneStyle *style);  /* "jazz" */
const char *tune_style_title(const TuneStyle *style); /* "Jazz (swing)" */
const char *tune_style_summary(const TuneStyle *style);
const char *const *tune_style_words(const TuneStyle *style); /* "swing", "bebop", ...; lower case */
void tune_style_tempo(const TuneStyle *style, double *low, double *high); /* felt beats a minute */
gboolean tune_style_allows_metre(const TuneStyle *style, TuneMetre metre);
TuneMetre tune_style_metre(const TuneStyle *style); /* its usual one */
const char *tune_style_hash(const TuneStyle *style); /* SHA-256 of its file and of those it
                                                          is based on; "" if they cannot be read */
