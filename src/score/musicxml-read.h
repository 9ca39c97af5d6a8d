/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of the MusicXML reader share: musicxml-file.c (document, part list, bars) and
 * musicxml-read.c (what is in a part).
 */
#pragma once
#include "score/score.h"

#include <libxml/tree.h>

typedef struct {
    gint tick;
    gint ticks;
    TuneMetre metre;
} TuneXmlBar;

typedef struct {
    gint tick;
    char *name;
} TuneXmlMark;

typedef struct {
    gint tick;
    gboolean none;
    TuneChord chord;
} TuneXmlHarmony;

typedef struct {
    const char *name;
    GError **error;
    TuneScore *score;
    GArray *bars;          /* TuneXmlBar */
    GArray *tempos;        /* TuneTempo, as they come */
    GArray *marks;         /* TuneXmlMark */
    GArray *harmonies;     /* TuneXmlHarmony */
    gint harmony_part;     /* the one whose harmonies count, -1 until the first */
    GHashTable *drum_keys; /* instrument id -> key + 1 */
    guint n_notes;
} TuneXmlReader;

typedef struct {
    TuneXmlReader *reader;
    TuneTrack *track;
    guint number;
    gboolean is_first;
    gboolean has_map; /* keys are taken from this part */
    gint transpose;
    double unit; /* ticks of one division */
    gint bar_tick;
    double cursor, chord_start; /* ticks from the bar line */
    guint8 velocity;
    gint slurs;   /* open ones */
    GArray *ties; /* TuneTie, by pitch */
} TuneXmlPartReader;

/* "NAME:line: <tag>: why"; always FALSE. */
gboolean tune_xml_fail(const TuneXmlReader *self, const xmlNode *node, const char *why);

gboolean tune_xml_is(const xmlNode *node, const char *tag);
xmlNode *tune_xml_child(const xmlNode *node, const char *tag);  /* (nullable) */
char *tune_xml_content(const xmlNode *node);                    /* of NULL: "" */
char *tune_xml_attribute(const xmlNode *node, const char *key); /* (nullable) */

/* Number in child @tag; leaves *@out alone when there is no such child. */
gboolean tune_xml_child_real(const TuneXmlReader *self, const xmlNode *node, const char *tag,
                             double low, double high, double *out);

/* Reads the measures of one part into @track; reader->bars are known. */
gboolean tune_xml_read_part(TuneXmlReader *reader, const xmlNode *node, TuneTrack *track,
                            guint number, gboolean has_map);
