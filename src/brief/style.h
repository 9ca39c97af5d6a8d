/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Styles as data: one YAML file per style in data/styles/ or the user's own folder.  docs/styles.md says
 * how to write one; the loader checks every key and value and names file, line and reason.
 *
 * TuneStyle's members are public to the composer (brief/style-data.h); everyone else needs only what
 * is here.  Immutable after load, thread-safe.  A style file is read when it is first needed.
 */
#pragma once
#include "base/music.h"
#include "base/pitch.h"

typedef struct TuneStyle TuneStyle;
typedef struct TuneStyles TuneStyles;

/* Reads names, titles, words and ranges of all styles; a broken file fails the load. (transfer full) */
TuneStyles *tune_styles_load(GError **error);
TuneStyles *tune_styles_ref(TuneStyles *self);
void tune_styles_unref(TuneStyles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneStyles, tune_styles_unref)

guint tune_styles_count(const TuneStyles *self);
const TuneStyle *tune_styles_at(const TuneStyles *self, guint index); /* sorted by name */
const TuneStyle *tune_styles_find(const TuneStyles *self, const char *name); /* (nullable) */

/* Check one file as a style author would: TRUE or file, line, reason. */
gboolean tune_style_validate(const char *path, GError **error);

const char *tune_style_name(const TuneStyle *style);  /* "jazz" */
const char *tune_style_title(const TuneStyle *style); /* "Jazz (swing)" */
const char *tune_style_summary(const TuneStyle *style);
const char *const *tune_style_words(const TuneStyle *style); /* "swing", "bebop", ...; lower case */
void tune_style_tempo(const TuneStyle *style, double *low, double *high); /* felt beats a minute */
gboolean tune_style_allows_metre(const TuneStyle *style, TuneMetre metre);
TuneMetre tune_style_metre(const TuneStyle *style); /* its usual one */
const char *tune_style_hash(const TuneStyle *style); /* SHA-256 of its file */
