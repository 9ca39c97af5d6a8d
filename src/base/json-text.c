/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json-text.h"
#include "base/time.h"

#include <math.h>
#include <string.h>

/* ---- structure ---- */

/* What is last in the text tells whether a value stands before the next one: a string's own
 * brackets and colons are always followed by its closing quote. */
static void separate(GString *out)
{
    char last = out->len > 0 ? out->str[out->len - 1] : '[';

    if (last != '[' && last != '{' && last != ':')
        g_string_append_c(out, ',');
}

void tune_json_text_open(GString *out, char bracket)
{
    separate(out);
    g_string_append_c(out, bracket);
}

void tune_json_text_key(GString *out, const char *key)
{
    separate(out);
    g_string_append_c(out, '"');
    g_string_append(out, key);
    g_string_append_len(out, "\":", 2);
}

void tune_json_text_raw(GString *out, const char *json, gsize length)
{
    separate(out);
    g_string_append_len(out, json, (gssize)length);
}

void tune_json_text_null(GString *out)
{
    tune_json_text_raw(out, "null", 4);
}

void tune_json_text_bool(GString *out, gboolean value)
{
    tune_json_text_raw(out, value ? "true" : "false", value ? 4 : 5);
}

/* ---- numbers ---- */

#define MOST_DIGITS 24

/* Writes @value in front of @end, at least @least digits; the first of them. */
static char *digits_before(char *end, guint64 value, gint least)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
        least--;
    } while (value > 0 || least > 0);
    return end;
}

void tune_json_text_int(GString *out, gint64 value)
{
    char text[MOST_DIGITS], *end = text + sizeof text;
    guint64 size = value < 0 ? 0 - (guint64)value : (guint64)value;
    char *start = digits_before(end, size, 1);

    if (value < 0)
        *--start = '-';
    tune_json_text_raw(out, start, (gsize)(end - start));
}

/* "%.15g" as jansson writes it: always a point or an exponent, the exponent without + and leading
 * zeros. */
static void append_any_real(GString *out, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    char *exponent = strchr(g_ascii_formatd(text, sizeof text, "%.15g", value), 'e');

    if (exponent == NULL) {
        tune_json_text_raw(out, text, strlen(text));
        if (strchr(text, '.') == NULL)
            g_string_append_len(out, ".0", 2);
        return;
    }
    const char *size = exponent + 1;
    gboolean negative = *size == '-';
    size += strspn(size, "+-0");
    tune_json_text_raw(out, text, (gsize)(exponent - text) + 1);
    if (negative)
        g_string_append_c(out, '-');
    g_string_append(out, size);
}

/* A real that was rounded to few decimals has at most 15 digits, all of them exact, while its last
 * decimal stands for less than 1e15 of them: then it is a whole number of those decimals, and
 * cheaper to write than a real. */
void tune_json_text_real(GString *out, double value, gint decimals)
{
    static const double scales[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    double scale = scales[CLAMP(decimals, 0, 9)];
    double whole = isfinite(value) ? round(value * scale) : 0.0;

    if (whole == 0.0) {
        tune_json_text_raw(out, "0.0", 3);
        return;
    }
    /* Below 0.0001 "%.15g" turns to exponents. */
    if (!(fabs(whole) < 1e15) || fabs(whole) < scale * 1e-4) {
        append_any_real(out, isfinite(whole) ? whole / scale : value);
        return;
    }
    char text[MOST_DIGITS], *end = text + sizeof text;
    guint64 all = (guint64)fabs(whole), one = (guint64)scale;
    gint places = CLAMP(decimals, 0, 9);
    guint64 part = all % one;
    while (places > 1 && part % 10 == 0) {
        part /= 10;
        places--;
    }
    char *start = digits_before(end, part, MAX(places, 1));
    *--start = '.';
    start = digits_before(start, all / one, 1);
    if (whole < 0)
        *--start = '-';
    tune_json_text_raw(out, start, (gsize)(end - start));
}

/* ---- text ---- */

/* Bytes of the character that begins at @p; 0: none does (RFC 3629: no overlong form, no surrogate,
 * nothing above U+10FFFF). */
static gsize character_size(const guint8 *p, gsize left)
{
    guint8 lowest = 0x80, highest = 0xbf;
    gsize size = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;

    if (size < 2)
        return size;
    if (*p == 0xe0)
        lowest = 0xa0;
    else if (*p == 0xed)
        highest = 0x9f;
    else if (*p == 0xf0)
        lowest = 0x90;
    else if (*p == 0xf4)
        highest = 0x8f;
    if (left < size || p[1] < lowest || p[1] > highest)
        return 0;
    for (gsize i = 2; i < size; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return size;
}

static gboolean is_plain(guint8 byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* One character that cannot stand as it is, or may not. */
static gsize append_special(GString *out, const guint8 *p, gsize left)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *found = *p != '\0' ? strchr(escaped, *p) : NULL;

    if (found != NULL) {
        char pair[2] = {'\\', letters[found - escaped]};
        g_string_append_len(out, pair, 2);
        return 1;
    }
    if (*p < 0x20) {
        g_string_append_printf(out, "\\u%04X", *p);
        return 1;
    }
    gsize size = character_size(p, left);
    if (size == 0)
        g_string_append_len(out, "\xef\xbf\xbd", 3);
    else
        g_string_append_len(out, (const char *)p, (gssize)size);
    return MAX(size, 1);
}

void tune_json_text_string(GString *out, const char *text, gsize length)
{
    const guint8 *p = (const guint8 *)text, *end = p + length;

    separate(out);
    g_string_append_c(out, '"');
    while (p < end) {
        const guint8 *run = p;
        while (p < end && is_plain(*p))
            p++;
        g_string_append_len(out, (const char *)run, p - run);
        if (p < end)
            p += append_special(out, p, (gsize)(end - p));
    }
    g_string_append_c(out, '"');
}

void tune_json_text_time(GString *out, gint64 us)
{
    char text[TUNE_TIME_SIZE + 2];

    text[0] = '"';
    gsize length = tune_time_write(us, text + 1);
    text[length + 1] = '"';
    tune_json_text_raw(out, text, length + 2);
}
