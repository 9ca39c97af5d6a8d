/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/sniff.h"

#include <string.h>

static const struct {
    const char *name, *mime;
    gboolean sound;
} kinds[TUNE_N_SNIFFED] = {
    [TUNE_SNIFFED_WAV] = {"wav", "audio/wav", TRUE},
    [TUNE_SNIFFED_FLAC] = {"flac", "audio/flac", TRUE},
    [TUNE_SNIFFED_OGG] = {"ogg", "audio/ogg", TRUE},
    [TUNE_SNIFFED_OPUS] = {"opus", "audio/ogg; codecs=opus", TRUE},
    [TUNE_SNIFFED_MP3] = {"mp3", "audio/mpeg", TRUE},
    [TUNE_SNIFFED_MIDI] = {"midi", "audio/midi", FALSE},
    [TUNE_SNIFFED_MUSICXML] = {"musicxml", "application/vnd.recordare.musicxml+xml", FALSE},
    [TUNE_SNIFFED_ABC] = {"abc", "text/vnd.abc", FALSE},
    [TUNE_SNIFFED_SCORE] = {"score", "application/json", FALSE},
};

typedef struct {
    const guint8 *data;
    gsize n;
} Head;

static gboolean has_at(Head head, gsize at, const char *bytes, gsize n)
{
    return at <= head.n && head.n - at >= n && memcmp(head.data + at, bytes, n) == 0;
}

/* ---- sound ---- */

/* Length of the MPEG audio layer III frame at @at, 0 when there is none (ISO 11172-3, 2.4.1.3; ISO
 * 13818-3 and "2.5" for the low rates). */
static gsize mp3_frame_bytes(Head head, gsize at)
{
    static const guint16 kbps[2][16] = {
        {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0},
        {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0}};
    static const guint rates[4] = {44100, 48000, 32000, 0};

    if (at > head.n || head.n - at < 4)
        return 0;
    const guint8 *h = head.data + at;
    guint version = h[1] >> 3 & 3; /* 0: 2.5, 2: 2, 3: 1 */
    if (h[0] != 0xFF || h[1] >> 5 != 7 || version == 1 || (h[1] >> 1 & 3) != 1 || (h[3] & 3) == 2)
        return 0;
    gboolean low = version != 3;
    guint rate = rates[h[2] >> 2 & 3] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
    guint rate_kbps = kbps[low][h[2] >> 4];
    if (rate == 0 || rate_kbps == 0)
        return 0;
    return (low ? 72000u : 144000u) * rate_kbps / rate + (h[2] >> 1 & 1);
}

/* A frame, and another after it as far as can be seen: two bytes alone are found in anything. */
static gboolean is_mp3_frames(Head head, gsize at)
{
    gsize first = mp3_frame_bytes(head, at);

    if (first == 0)
        return FALSE;
    return head.n - at < first + 4 ? head.n < TUNE_SNIFF_BYTES && head.n - at >= first
                                   : mp3_frame_bytes(head, at + first) != 0;
}

/* An ID3v2 tag (id3.org, "ID3 tag version 2.4.0", 3.1) in front of MP3 frames; those behind a large
 * tag (a picture) cannot be seen here and are believed. */
static gboolean is_mp3(Head head)
{
    if (!has_at(head, 0, "ID3", 3))
        return is_mp3_frames(head, 0);
    if (head.n < 10 || head.data[3] == 0xFF || head.data[4] == 0xFF ||
        ((head.data[6] | head.data[7] | head.data[8] | head.data[9]) & 0x80) != 0)
        return FALSE;
    gsize size = (gsize)head.data[6] << 21 | (gsize)head.data[7] << 14 | (gsize)head.data[8] << 7 |
                 head.data[9];
    gsize end = 10 + size + ((head.data[5] & 0x10) != 0 ? 10 : 0);
    if (end >= head.n)
        return head.n == TUNE_SNIFF_BYTES;
    for (; end < head.n && head.data[end] == 0; end++) /* padding that the tag does not count */
        ;
    return is_mp3_frames(head, end);
}

/* The first packet of the first page (RFC 3533, 6; RFC 7845, 5.1; Vorbis I, 4.2.1). */
static gboolean is_ogg(Head head, const char *magic, gsize n)
{
    return has_at(head, 0, "OggS\0", 5) && head.n > 27 &&
           has_at(head, 27u + head.data[26], magic, n);
}

static gboolean sniff_sound(Head head, TuneSniffed *out)
{
    if ((has_at(head, 0, "RIFF", 4) || has_at(head, 0, "RF64", 4)) && has_at(head, 8, "WAVE", 4))
        *out = TUNE_SNIFFED_WAV;
    else if (has_at(head, 0, "fLaC", 4))
        *out = TUNE_SNIFFED_FLAC;
    else if (is_ogg(head, "\1vorbis", 7) || is_ogg(head, "\177FLAC", 5))
        *out = TUNE_SNIFFED_OGG;
    else if (is_ogg(head, "OpusHead", 8))
        *out = TUNE_SNIFFED_OPUS;
    else if (is_mp3(head))
        *out = TUNE_SNIFFED_MP3;
    else
        return FALSE;
    return TRUE;
}

/* ---- scores ---- */

static Head skip_space(Head head)
{
    if (has_at(head, 0, "\xef\xbb\xbf", 3))
        head = (Head){head.data + 3, head.n - 3};
    while (head.n > 0 && g_ascii_isspace((char)*head.data))
        head = (Head){head.data + 1, head.n - 1};
    return head;
}

/* @word anywhere; @stride 2 looks at every other byte (UTF-16). */
static gboolean contains(Head head, gsize from, const char *word, gsize stride)
{
    gsize n = strlen(word);

    for (gsize at = from; at + (n - 1) * stride < head.n; at++) {
        gsize i = 0;

        while (i < n && head.data[at + i * stride] == (guint8)word[i])
            i++;
        if (i == n)
            return TRUE;
    }
    return FALSE;
}

static gboolean is_musicxml(Head head)
{
    gboolean wide = has_at(head, 0, "\xff\xfe<", 3) || has_at(head, 0, "\xfe\xff\0<", 4);
    Head text = skip_space(head);

    if (!wide && !has_at(text, 0, "<", 1))
        return FALSE;
    return contains(head, 0, "<score-partwise", wide ? 2 : 1) ||
           contains(head, 0, "<score-timewise", wide ? 2 : 1);
}

/* "X:" and a number begin a tune, "K:" ends its head (ABC 2.1, 3.1); both at the start of a line.
 */
static gboolean is_abc(Head head)
{
    gboolean line_start = TRUE, numbered = FALSE;

    if (memchr(head.data, '\0', head.n) != NULL)
        return FALSE;
    head = has_at(head, 0, "\xef\xbb\xbf", 3) ? (Head){head.data + 3, head.n - 3} : head;
    for (gsize i = 0; i + 1 < head.n; i++) {
        if (line_start && head.data[i + 1] == ':') {
            if (head.data[i] == 'K' && numbered)
                return TRUE;
            numbered = numbered || head.data[i] == 'X';
        }
        line_start = head.data[i] == '\n' || head.data[i] == '\r';
    }
    return numbered && head.n == TUNE_SNIFF_BYTES;
}

static gboolean is_our_json(Head head)
{
    return has_at(skip_space(head), 0, "{", 1) && contains(head, 0, "\"tunesmith-score\"", 1);
}

static gboolean sniff_score(Head head, TuneSniffed *out)
{
    if (has_at(head, 0, "MThd\0\0\0", 7))
        *out = TUNE_SNIFFED_MIDI;
    else if (is_musicxml(head))
        *out = TUNE_SNIFFED_MUSICXML;
    else if (is_our_json(head))
        *out = TUNE_SNIFFED_SCORE;
    else if (head.n > 0 && is_abc(head))
        *out = TUNE_SNIFFED_ABC;
    else
        return FALSE;
    return TRUE;
}

/* ---- all else ---- */

/* What people send by mistake. */
static const char *guess(Head head)
{
    static const struct {
        const char *bytes;
        gsize n, at;
        const char *what;
    } known[] = {
        {"%PDF", 4, 0, "a PDF document"},
        {"\x89PNG", 4, 0, "a PNG picture"},
        {"\xff\xd8\xff", 3, 0, "a JPEG picture"},
        {"GIF8", 4, 0, "a GIF picture"},
        {"PK\x03\x04", 4, 0, "a ZIP archive (a compressed .mxl is one: unpack it)"},
        {"\x1f\x8b", 2, 0, "a gzip archive"},
        {"7z\xbc\xaf", 4, 0, "a 7-Zip archive"},
        {"ftyp", 4, 4, "an MP4 or M4A file"},
        {"\x1a\x45\xdf\xa3", 4, 0, "a Matroska or WebM file"},
        {"FORM", 4, 0, "an AIFF file"},
        {"caff", 4, 0, "a CAF file"},
        {"\x30\x26\xb2\x75", 4, 0, "a WMA file"},
        {"RIFX", 4, 0, "a big-endian WAV file"},
        {"RIFF", 4, 0, "a RIFF file without WAVE sound"},
        {"OggS", 4, 0, "an Ogg file without Vorbis, Opus or FLAC sound"},
        {"\177ELF", 4, 0, "a program"},
        {"MZ", 2, 0, "a program"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (has_at(head, known[i].at, known[i].bytes, known[i].n))
            return known[i].what;
    head = skip_space(head);
    if (has_at(head, 0, "<", 1))
        return "XML or HTML that is no MusicXML score";
    if (has_at(head, 0, "{", 1) || has_at(head, 0, "[", 1))
        return "JSON that is no score of ours";
    return NULL;
}

gboolean tune_sniff(const guint8 *data, gsize n_head, TuneSniffed *out, GError **error)
{
    g_return_val_if_fail(out != NULL && (data != NULL || n_head == 0), FALSE);
    Head head = {data, MIN(n_head, TUNE_SNIFF_BYTES)};

    if (head.n > 0 && (sniff_sound(head, out) || sniff_score(head, out)))
        return TRUE;
    const char *what = head.n == 0 ? "empty" : guess(head);
    g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_FORMAT,
                "the file is %s; WAV, FLAC, Ogg (Vorbis, Opus), MP3, MIDI, MusicXML, ABC and "
                "tunesmith's own scores can be read",
                what != NULL ? what : "nothing that can be recognised");
    return FALSE;
}

gboolean tune_sniffed_is_sound(TuneSniffed kind)
{
    g_return_val_if_fail(kind < TUNE_N_SNIFFED, FALSE);
    return kinds[kind].sound;
}

const char *tune_sniffed_name(TuneSniffed kind)
{
    g_return_val_if_fail(kind < TUNE_N_SNIFFED, NULL);
    return kinds[kind].name;
}

const char *tune_sniffed_mime(TuneSniffed kind)
{
    g_return_val_if_fail(kind < TUNE_N_SNIFFED, NULL);
    return kinds[kind].mime;
}
