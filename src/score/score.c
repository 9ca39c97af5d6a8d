/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/score-private.h"

#include <string.h>

G_DEFINE_QUARK(tune-score-error-quark, tune_score_error)

#define MAX_TEXT_BYTES 4096
#define MAX_ID_BYTES   32

gboolean tune_score_fail(GError **error, TuneScoreError code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, TUNE_SCORE_ERROR, (gint)code, message);
    return FALSE;
}

/* ---- text ---- */

/* What neither XML 1.0 nor a line of ABC can hold. */
static gboolean is_forbidden(gunichar c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
           (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);
}

char *tune_score_clean_text(const char *bytes, gsize length)
{
    g_autofree char *valid = g_utf8_make_valid(bytes, (gssize)MIN(length, MAX_TEXT_BYTES));
    GString *out = g_string_new(NULL);

    for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == '\n' || c == '\t' || c == '\r')
            c = ' ';
        if (is_forbidden(c))
            continue;
        if (out->len + 6 > MAX_TEXT_BYTES)
            break;
        g_string_append_unichar(out, c);
    }
    g_strstrip(out->str);
    return g_string_free(out, FALSE);
}

gboolean tune_score_text_is_clean(const char *text)
{
    gsize length = strlen(text);

    if (length > MAX_TEXT_BYTES || !g_utf8_validate(text, (gssize)length, NULL))
        return FALSE;
    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p))
        if (is_forbidden(g_utf8_get_char(p)))
            return FALSE;
    return TRUE;
}

void tune_score_set_text(char **slot, const char *text)
{
    char *copy = g_strdup(text);

    g_free(*slot);
    *slot = copy;
}

/* ---- life ---- */

static void clear_section(gpointer data)
{
    g_free(((TuneSection *)data)->name);
}

static void track_free(gpointer data)
{
    TuneTrack *self = data;

    g_free(self->id);
    g_free(self->name);
    g_free(self->instrument);
    g_array_unref(self->notes);
    g_array_unref(self->controls);
    g_ptr_array_unref(self->syllables);
    g_free(self);
}

TuneScore *tune_score_new(void)
{
    TuneScoreBox *box = g_atomic_rc_box_new0(TuneScoreBox);
    TuneScore *self = &box->score;

    self->title = g_strdup("");
    self->style = g_strdup("");
    self->creator = g_strdup("");
    self->rights = g_strdup("");
    self->tempos = g_array_new(FALSE, TRUE, sizeof(TuneTempo));
    self->metres = g_array_new(FALSE, TRUE, sizeof(TuneMetreChange));
    self->keys = g_array_new(FALSE, TRUE, sizeof(TuneKeyChange));
    self->sections = g_array_new(FALSE, TRUE, sizeof(TuneSection));
    g_array_set_clear_func(self->sections, clear_section);
    self->chords = g_array_new(FALSE, TRUE, sizeof(TuneScoreChord));
    self->tracks = g_ptr_array_new_with_free_func(track_free);
    self->mix = (TuneScoreMix){.reverb_seconds = 1.5};
    return self;
}

TuneScore *tune_score_ref(const TuneScore *self)
{
    /* Only the count changes, so a shared, immutable score may be referenced too. */
    return g_atomic_rc_box_acquire((gpointer)self);
}

static void score_clear(gpointer data)
{
    TuneScoreBox *box = data;
    TuneScore *self = &box->score;

    g_free(self->title);
    g_free(self->style);
    g_free(self->creator);
    g_free(self->rights);
    g_array_unref(self->tempos);
    g_array_unref(self->metres);
    g_array_unref(self->keys);
    g_array_unref(self->sections);
    g_array_unref(self->chords);
    g_ptr_array_unref(self->tracks);
    g_free(box->tempo_seconds);
}

void tune_score_unref(TuneScore *self)
{
    if (self != NULL)
        g_atomic_rc_box_release_full(self, score_clear);
}

/* ---- building ---- */

static gboolean id_is_taken(const TuneScore *self, const char *id)
{
    for (guint i = 0; i < self->tracks->len; i++)
        if (strcmp(((TuneTrack *)self->tracks->pdata[i])->id, id) == 0)
            return TRUE;
    return FALSE;
}

/* [a-z0-9-]{1,32}, unique in the score. */
static char *make_id(const TuneScore *self, const char *wanted)
{
    char base[MAX_ID_BYTES + 1];
    gsize n = 0;

    for (const char *p = wanted; *p != '\0' && n < MAX_ID_BYTES; p++) {
        if (g_ascii_isalnum(*p))
            base[n++] = g_ascii_tolower(*p);
        else if (n > 0 && base[n - 1] != '-')
            base[n++] = '-';
    }
    while (n > 0 && base[n - 1] == '-')
        n--;
    base[n] = '\0';
    if (n == 0)
        g_strlcpy(base, "part", sizeof base);
    if (!id_is_taken(self, base))
        return g_strdup(base);
    base[MAX_ID_BYTES - 6] = '\0';
    for (guint number = 2;; number++) {
        g_autofree char *id = g_strdup_printf("%s-%u", base, number);
        if (!id_is_taken(self, id))
            return g_steal_pointer(&id);
    }
}

TuneTrack *tune_score_add_track(TuneScore *self, const char *id, const char *name)
{
    TuneTrack *track = g_new0(TuneTrack, 1);

    track->id = make_id(self, id);
    track->name = g_strdup(name);
    track->instrument = g_strdup("");
    track->notes = g_array_new(FALSE, TRUE, sizeof(TuneNote));
    track->controls = g_array_new(FALSE, TRUE, sizeof(TuneControl));
    track->syllables = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(self->tracks, track);
    return track;
}

gint tune_track_add_syllable(TuneTrack *track, const char *syllable)
{
    g_ptr_array_add(track->syllables, g_strdup(syllable));
    return (gint)track->syllables->len - 1;
}
