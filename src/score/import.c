/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/import.h"
#include "score/score-private.h"

#include <math.h>
#include <string.h>

/* ---- maps ---- */

gboolean tune_import_metre_of_ticks(gint ticks, TuneMetre like, TuneMetre *out)
{
    const gint units[] = {like.unit, 4, 8, 16, 2};

    for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
        gint unit_ticks = 4 * TUNE_PPQ / MAX(units[i], 1);
        if ((units[i] != 2 && units[i] != 4 && units[i] != 8 && units[i] != 16) ||
            ticks % unit_ticks != 0 || ticks / unit_ticks < 1 || ticks / unit_ticks > 15)
            continue;
        *out = (TuneMetre){(guint8)(ticks / unit_ticks), (guint8)units[i], 0};
        return TRUE;
    }
    return FALSE;
}

static void put_metre(TuneScore *score, gint tick, TuneMetre metre)
{
    TuneMetreChange change = {tick, metre};
    TuneMetreChange *last = score->metres->len > 0 ? &g_array_index(score->metres, TuneMetreChange,
                                                                    score->metres->len - 1)
                                                   : NULL;

    if (last != NULL && last->tick == tick)
        last->metre = metre;
    else if (last == NULL || last->metre.beats != metre.beats || last->metre.unit != metre.unit)
        g_array_append_val(score->metres, change);
}

void tune_import_add_metre(TuneScore *score, gint tick, TuneMetre metre)
{
    if (score->metres->len == 0 && tick > 0)
        put_metre(score, 0, (TuneMetre){4, 4, 0});
    if (score->metres->len > 0) {
        TuneMetreChange now = g_array_index(score->metres, TuneMetreChange, score->metres->len - 1);
        tick = MAX(tick, now.tick);
        gint bar = tune_metre_bar_ticks(now.metre), rest = (tick - now.tick) % bar;
        TuneMetre partial;
        if (rest > 0 && tune_import_metre_of_ticks(rest, now.metre, &partial))
            put_metre(score, tick - rest, partial);
        else if (rest > 0)
            tick += bar - rest;
    }
    put_metre(score, tick, metre);
}

void tune_import_add_tempo(TuneScore *score, gint tick, double bpm)
{
    TuneTempo tempo = {tick, isfinite(bpm) ? CLAMP(bpm, 10.0, 1000.0) : 120.0};

    if (score->tempos->len == 0 && tick > 0) {
        TuneTempo first = {0, 120.0};
        g_array_append_val(score->tempos, first);
    }
    if (score->tempos->len > 0) {
        TuneTempo *last = &g_array_index(score->tempos, TuneTempo, score->tempos->len - 1);
        if (last->tick >= tick) {
            last->bpm = tempo.bpm;
            return;
        }
        if (last->bpm == tempo.bpm)
            return;
    }
    g_array_append_val(score->tempos, tempo);
}

void tune_import_add_key(TuneScore *score, gint tick, TuneKey key)
{
    TuneKeyChange change = {tick, key};

    if (score->keys->len == 0 && tick > 0) {
        TuneKeyChange first = {0, {0, TUNE_MODE_MAJOR}};
        g_array_append_val(score->keys, first);
    }
    if (score->keys->len > 0) {
        TuneKeyChange *last = &g_array_index(score->keys, TuneKeyChange, score->keys->len - 1);
        if (last->tick >= tick) {
            last->key = key;
            return;
        }
        if (last->key.tonic == key.tonic && last->key.mode == key.mode)
            return;
    }
    g_array_append_val(score->keys, change);
}

TuneKey tune_import_key_of_signature(gint signature, TuneMode mode)
{
    TuneKey key = {0, mode};

    key.tonic = (TuneFifths)(CLAMP(signature, -7, 7) - tune_key_signature(key));
    return key;
}

/* ---- form ---- */

/* "Verse 2", "Chorus (loud)": the words before the first digit or bracket. */
static TuneSectionRole role_of_name(const char *name)
{
    TuneSectionRole role = TUNE_SECTION_THEME;
    g_autofree char *word = g_strdup(name);

    word[strcspn(word, "0123456789([,:")] = '\0';
    g_strstrip(word);
    return *word != '\0' && tune_section_role_parse(word, &role) ? role : TUNE_SECTION_THEME;
}

void tune_import_add_section(TuneScore *score, gint tick, const char *name)
{
    TuneSection section = {
        .tick = tick, .role = role_of_name(name), .energy = 0.5, .name = g_strdup(name)};

    for (guint i = 0; i < score->sections->len; i++) {
        TuneSection *before = &g_array_index(score->sections, TuneSection, i);
        if (before->role == section.role) {
            section.material = before->material;
            break;
        }
        section.material = MAX(section.material, before->material + 1);
    }
    g_array_append_val(score->sections, section);
}

void tune_import_add_chord(TuneScore *score, gint tick, const TuneChord *chord)
{
    TuneScoreChord item = {tick, G_MAXINT, {0, 0, TUNE_CHORD_MAJOR}};

    if (score->chords->len > 0) {
        TuneScoreChord *last =
            &g_array_index(score->chords, TuneScoreChord, score->chords->len - 1);
        last->ticks = MIN(last->ticks, tick - last->tick);
        if (last->ticks <= 0)
            g_array_set_size(score->chords, score->chords->len - 1);
    }
    if (chord == NULL)
        return;
    item.chord = *chord;
    g_array_append_val(score->chords, item);
}

/* Each section ends where the next begins, the last one at the end. */
static void close_sections(TuneScore *score)
{
    for (guint i = score->sections->len; i > 0; i--) {
        TuneSection *section = &g_array_index(score->sections, TuneSection, i - 1);
        gint end = i < score->sections->len ? section[1].tick : score->ticks;
        section->ticks = MIN(end, score->ticks) - section->tick;
        if (section->ticks <= 0)
            g_array_remove_index(score->sections, i - 1);
    }
}

static void close_chords(TuneScore *score)
{
    for (guint i = score->chords->len; i > 0; i--) {
        TuneScoreChord *chord = &g_array_index(score->chords, TuneScoreChord, i - 1);
        if (chord->ticks > score->ticks - chord->tick)
            chord->ticks = score->ticks - chord->tick;
        if (chord->ticks <= 0)
            g_array_remove_index(score->chords, i - 1);
    }
}

/* ---- words ---- */

char *tune_import_text(const guint8 *bytes, gsize size)
{
    const char *text = (const char *)bytes;

    size = MIN(size, 4096);
    if (!g_utf8_validate(text, (gssize)size, NULL)) {
        gsize written = 0;
        g_autofree char *latin =
            g_convert(text, (gssize)size, "UTF-8", "ISO-8859-1", NULL, &written, NULL);
        if (latin != NULL)
            return tune_score_clean_text(latin, written);
    }
    return tune_score_clean_text(text, size);
}

/* ---- the end ---- */

static void guess_roles(TuneScore *score)
{
    gboolean lead = FALSE;

    for (guint i = 0; i < score->tracks->len; i++) {
        TuneTrack *track = score->tracks->pdata[i];
        if (track->is_drums)
            track->role = TUNE_ROLE_DRUMS;
        else if (track->program >= 32 && track->program < 40)
            track->role = TUNE_ROLE_BASS;
        else if ((track->program >= 48 && track->program < 52) ||
                 (track->program >= 88 && track->program < 96))
            track->role = TUNE_ROLE_PAD;
        else {
            track->role = lead ? TUNE_ROLE_COMP : TUNE_ROLE_LEAD;
            lead = TRUE;
        }
    }
}

gboolean tune_import_finish(TuneScore *score, gint end_tick, GError **error)
{
    if (score->metres->len == 0)
        put_metre(score, 0, (TuneMetre){4, 4, 0});
    if (score->tempos->len == 0)
        tune_import_add_tempo(score, 0, 120.0);
    if (score->keys->len == 0)
        tune_import_add_key(score, 0, (TuneKey){0, TUNE_MODE_MAJOR});
    for (guint i = 0; i < score->tracks->len; i++) {
        TuneTrack *track = score->tracks->pdata[i];
        tune_track_resolve_overlaps(track);
        for (guint n = 0; n < track->notes->len; n++) {
            const TuneNote *note = &g_array_index(track->notes, TuneNote, n);
            end_tick = MAX(end_tick, note->onset + note->duration);
        }
    }
    score->ticks = tune_score_whole_bars(score, end_tick);
    while (score->keys->len > 1 &&
           g_array_index(score->keys, TuneKeyChange, score->keys->len - 1).tick >= score->ticks)
        g_array_set_size(score->keys, score->keys->len - 1);
    close_sections(score);
    close_chords(score);
    guess_roles(score);
    return tune_score_finish(score, error);
}
