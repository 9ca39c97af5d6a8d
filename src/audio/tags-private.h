/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One table says what each tag is called in each family of formats; a writer and a parser per
 * family. The parsers take untrusted bytes: every count and size is checked against what is there,
 * broken entries are skipped, text is made valid UTF-8.  What was set before in the TuneTags stays.
 */
#pragma once
#include <stdio.h>
#include "audio/encode.h"

/* More than this is no tag of ours; a bound on memory. */
#define TUNE_TAGS_MAX_BYTES (16u << 20)

typedef struct {
    gsize offset;       /* of the char * in TuneTags */
    const char *vorbis; /* comment name; also the description of a TXXX frame */
    const char *id3;    /* frame; "TXXX" for our own */
    const char *info;   /* chunk of a RIFF INFO list; "" for none */
} TuneTagField;

#define TUNE_N_TAG_FIELDS 11
extern const TuneTagField tune_tag_fields[TUNE_N_TAG_FIELDS];

static inline char **tune_tag_slot(TuneTags *tags, const TuneTagField *field)
{
    return (char **)((char *)tags + field->offset);
}

static inline const char *tune_tag_text(const TuneTags *tags, const TuneTagField *field)
{
    return *(char *const *)((const char *)tags + field->offset);
}

/* Set by a Vorbis comment name, any case; the first value wins; unknown names are ignored. */
void tune_tags_set(TuneTags *self, const char *name, const char *text, gsize n_bytes);
/* "120", "97.5" in the C locale; NULL when there is none.  (transfer full) */
char *tune_tags_bpm_text(const TuneTags *self);

/* Vorbis comment block (vendor, count, entries; little endian), as FLAC, Ogg Vorbis and Opus hold
 * it. */
GByteArray *tune_tags_vorbis_write(const TuneTags *self, const char *vendor);
void tune_tags_vorbis_parse(TuneTags *self, const guint8 *data, gsize n_bytes);

/* ID3v2.4 tag with its header; reads 2.3 and 2.4.  Returns NULL when there is nothing to say. */
GByteArray *tune_tags_id3_write(const TuneTags *self);
void tune_tags_id3_parse(TuneTags *self, const guint8 *data, gsize n_bytes);

/* RIFF chunks (LIST INFO, smpl, id3), each padded to even, to stand before "data". */
GByteArray *tune_tags_riff_write(const TuneTags *self, guint rate);
/* Contents of one chunk of a WAV file. */
void tune_tags_riff_parse(TuneTags *self, const char id[4], const guint8 *data, gsize n_bytes);

/* The tags of a whole file of any of these formats, recognised by its first bytes.  @file:
 * seekable, left anywhere. */
void tune_tags_read(TuneTags *self, FILE *file);
