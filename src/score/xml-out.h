/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Indented XML into a string.  One writer, one thread.
 */
#pragma once
#include <glib.h>

typedef struct {
    GString *text;
    gint depth;
} TuneXmlOut;

/* <TAG ATTRIBUTES>, where @attributes is "" or begins with a space and is already escaped. */
void tune_xml_open(TuneXmlOut *self, const char *tag, const char *attributes);
void tune_xml_close(TuneXmlOut *self, const char *tag);
/* <TAG ATTRIBUTES/> */
void tune_xml_empty(TuneXmlOut *self, const char *tag, const char *attributes);
/* <TAG ATTRIBUTES>escaped text</TAG> */
void tune_xml_text(TuneXmlOut *self, const char *tag, const char *attributes, const char *text);
void tune_xml_int(TuneXmlOut *self, const char *tag, gint value);
/* At most @decimals behind the point, without trailing zeros.  (transfer full) */
char *tune_xml_real(double value, gint decimals);
