/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The <note> elements of the MusicXML writer.
 */
#pragma once
#include "score/notate.h"
#include "score/xml-out.h"

/* A part while it is being written. */
typedef struct {
    TuneXmlOut *out;
    const TuneScore *score;
    const TuneTrack *track;
    const TuneNotation *page;
    guint number;                                          /* from 1 */
    gboolean split;                                        /* two staves */
    guint next_section, next_tempo, next_chord, next_note; /* what the next bars look at */
    const char *mark;                                      /* dynamic mark in force */
    gint *slur_open;                                       /* [voices] */
} TuneXmlPart;

/* Writes @n pieces of voice @voice in order. */
void tune_xml_put_pieces(TuneXmlPart *part, guint voice, const TunePiece *pieces, guint n);
