/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/xml-out.h"

#include <math.h>
#include <string.h>

static void indent(TuneXmlOut *self)
{
    for (gint i = 0; i < self->depth; i++)
        g_string_append_c(self->text, ' ');
}

void tune_xml_open(TuneXmlOut *self, const char *tag, const char *attributes)
{
    indent(self);
    g_string_append_printf(self->text, "<%s%s>\n", tag, attributes);
    self->depth++;
}

void tune_xml_close(TuneXmlOut *self, const char *tag)
{
    self->depth--;
    indent(self);
    g_string_append_printf(self->text, "</%s>\n", tag);
}

void tune_xml_empty(TuneXmlOut *self, const char *tag, const char *attributes)
{
    indent(self);
    g_string_append_printf(self->text, "<%s%s/>\n", tag, attributes);
}

void tune_xml_text(TuneXmlOut *self, const char *tag, const char *attributes, const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);

    indent(self);
    g_string_append_printf(self->text, "<%s%s>%s</%s>\n", tag, attributes, escaped, tag);
}

void tune_xml_int(TuneXmlOut *self, const char *tag, gint value)
{
    indent(self);
    g_string_append_printf(self->text, "<%s>%d</%s>\n", tag, value, tag);
}

char *tune_xml_real(double value, gint decimals)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE], format[8];
    double scale = 1;

    for (gint i = 0; i < decimals; i++)
        scale *= 10;
    value = floor(value * scale + 0.5) / scale;
    g_snprintf(format, sizeof format, "%%.%df", decimals);
    g_ascii_formatd(text, sizeof text, format, value);
    if (strchr(text, '.') != NULL) {
        gsize n = strlen(text);
        while (text[n - 1] == '0')
            text[--n] = '\0';
        if (text[n - 1] == '.')
            text[n - 1] = '\0';
    }
    return g_strdup(text);
}
