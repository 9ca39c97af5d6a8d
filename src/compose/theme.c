/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/theme.h"

#include "compose/compose.h"

#include <string.h>

#define FEWEST_NOTES 3
#define USUAL_BARS 16
#define LONG_BARS 32

/* ---- which part, and where ---- */

static gboolean is_called_lead(const TuneTrack *track)
{
    static const char *const words[] = {"lead", "melody", "melodie", "vocal", "voice", "theme", "tune",
                                        "solo", "soprano"};
    g_autofree char *name = g_ascii_strdown(track->name != NULL ? track->name : "", -1);

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (strstr(name, words[i]) != NULL || strstr(track->id, words[i]) != NULL)
            return TRUE;
    return FALSE;
}

static double mean_pitch(const TuneTrack *track)
{
    double sum = 0, ticks = 0;

    for (guint i = 0; i < track->notes->len; i++) {
        const TuneNote *n = &g_array_index(track->notes, TuneNote, i);
        sum += (double)n->pitch * n->duration;
        ticks += n->duration;
    }
    return ticks > 0 ? sum / ticks : 0;
}

/* A score of our own says who leads; in one from outside names say it, or the place on top. */
static const TuneTrack *find_lead(const TuneScore *score)
{
    const TuneTrack *best = NULL;
    double best_value = -1;

    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *t = score->tracks->pdata[i];
        if (t->is_drums || t->notes->len < FEWEST_NOTES || t->role == TUNE_ROLE_FX)
            continue;
        double value = mean_pitch(t) + (is_called_lead(t) ? 300 : 0);
        if (t->role == TUNE_ROLE_LEAD && *t->instrument != '\0')
            value += 1000;
        if (t->role == TUNE_ROLE_BASS)
            value -= 100;
        if (value > best_value || best == NULL) {
            best_value = value;
            best = t;
        }
    }
    return best;
}

static gint liking(const TuneSection *s)
{
    switch (s->role) {
    case TUNE_SECTION_CHORUS:
        return 6;
    case TUNE_SECTION_DROP:
        return 5;
    case TUNE_SECTION_THEME:
        return 4;
    case TUNE_SECTION_VERSE:
        return 3;
    case TUNE_SECTION_INTRO:
    case TUNE_SECTION_OUTRO:
    case TUNE_SECTION_BUILD:
        return 0;
    default:
        return 1;
    }
}

static gint notes_between(const TuneTrack *track, gint from, gint to)
{
    gint n = 0;

    for (guint i = 0; i < track->notes->len; i++) {
        gint onset = g_array_index(track->notes, TuneNote, i).onset;
        n += onset >= from && onset < to;
    }
    return n;
}

/* The metre of most of [@from, @to), and the first bar line on which it rules: a short first bar has one of
 * its own. */
static TuneMetre main_metre(const TuneScore *score, gint from, gint to, gint *origin)
{
    gint longest = -1;
    TuneMetre found = tune_score_metre_at(score, from);

    *origin = from;
    for (guint i = 0; i < score->metres->len; i++) {
        const TuneMetreChange *m = &g_array_index(score->metres, TuneMetreChange, i);
        gint end = i + 1 < score->metres->len ? m[1].tick : to;
        gint share = MIN(end, to) - MAX(m->tick, from);
        if (share <= longest)
            continue;
        longest = share;
        found = m->metre;
        *origin = MAX(m->tick, from);
    }
    return found;
}

/* The stretch of @track that is the theme. */
static void find_stretch(const TuneScore *score, const TuneTrack *track, gint *from, gint *to)
{
    gint best = -1;

    for (guint i = 0; i < score->sections->len; i++) {
        const TuneSection *s = &g_array_index(score->sections, TuneSection, i);
        if (liking(s) <= best || notes_between(track, s->tick, s->tick + s->ticks) < FEWEST_NOTES)
            continue;
        best = liking(s);
        *from = s->tick;
        *to = s->tick + s->ticks;
    }
    if (best >= 0)
        return;
    const TuneNote *first = &g_array_index(track->notes, TuneNote, 0);
    const TuneNote *last = &g_array_index(track->notes, TuneNote, track->notes->len - 1);
    gint bar, origin;
    tune_score_bar_at(score, first->onset, &bar);
    *from = bar;
    *to = last->onset + last->duration;
    gint bar_ticks = tune_metre_bar_ticks(main_metre(score, *from, *to, &origin));
    if (*to - *from > LONG_BARS * bar_ticks)
        *to = *from + USUAL_BARS * bar_ticks;
}

/* ---- one voice of it ---- */

/* The highest note at each onset; each ends where the next begins. */
static GArray *skyline(const TuneTrack *track, gint from, gint to, gint origin)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(TuneThemeNote));

    for (guint i = 0; i < track->notes->len && out->len < TUNE_THEME_MOST_NOTES; i++) {
        const TuneNote *n = &g_array_index(track->notes, TuneNote, i);
        TuneThemeNote note = {n->onset - origin, MIN(n->duration, to - n->onset), n->pitch};
        TuneThemeNote *before =
            out->len > 0 ? &g_array_index(out, TuneThemeNote, out->len - 1) : NULL;
        if (n->onset < from || n->onset >= to)
            continue;
        if (before != NULL && before->onset == note.onset) {
            if (note.pitch > before->pitch)
                *before = note;
            continue;
        }
        /* A lower note under one that is held is another voice. */
        if (before != NULL && before->onset + before->ticks > note.onset + TUNE_PPQ / 8 &&
            note.pitch < before->pitch - 4)
            continue;
        if (before != NULL)
            before->ticks = MIN(before->ticks, note.onset - before->onset);
        g_array_append_val(out, note);
    }
    return out;
}

/* ---- its key ---- */

static double share_inside(const GArray *notes, TuneKey key)
{
    guint16 mask = tune_key_mask(key);
    double in = 0, all = 0;

    for (guint i = 0; i < notes->len; i++) {
        const TuneThemeNote *n = &g_array_index(notes, TuneThemeNote, i);
        all += n->ticks;
        in += ((mask >> (n->pitch % 12)) & 1) ? n->ticks : 0;
    }
    return all > 0 ? in / all : 0;
}

/* How well @key explains the notes: those of its scale, its tonic triad, and its tonic at the end. */
static double explains(const GArray *notes, TuneKey key)
{
    gint tonic = tune_fifths_pitch_class(key.tonic);
    gint third = (tonic + (tune_mode_is_minor(key.mode) ? 3 : 4)) % 12, fifth = (tonic + 7) % 12;
    double value = 3 * share_inside(notes, key), all = 0, triad = 0;
    const TuneThemeNote *last = &g_array_index(notes, TuneThemeNote, notes->len - 1);

    for (guint i = 0; i < notes->len; i++) {
        const TuneThemeNote *n = &g_array_index(notes, TuneThemeNote, i);
        gint pc = n->pitch % 12;
        all += n->ticks;
        triad += pc == tonic ? 1.2 * n->ticks : (pc == third || pc == fifth ? n->ticks : 0);
    }
    return value + triad / MAX(1, all) + (last->pitch % 12 == tonic ? 0.6 : 0);
}

/* The key that the score says, unless the notes belong to another: files without a signature say C. */
static TuneKey key_of(const GArray *notes, TuneKey said)
{
    TuneKey best = said;
    double most = explains(notes, said) + 0.5;

    for (gint f = -6; f <= 6; f++)
        for (gint minor = 0; minor < 2; minor++) {
            TuneKey key = {(TuneFifths)(f + (minor ? 3 : 0)), minor ? TUNE_MODE_MINOR : TUNE_MODE_MAJOR};
            double value = explains(notes, key);
            if (value > most) {
                most = value;
                best = key;
            }
        }
    return best;
}

/* ---- the whole ---- */

TuneTheme *tune_theme_from_score(const TuneScore *score, GError **error)
{
    const TuneTrack *track = find_lead(score);
    gint from = 0, to = 0;

    if (track == NULL) {
        g_set_error(error, TUNE_COMPOSE_ERROR, TUNE_COMPOSE_ERROR_IMPOSSIBLE,
                    "theme: the score has no part with a melody of at least %d notes", FEWEST_NOTES);
        return NULL;
    }
    find_stretch(score, track, &from, &to);
    gint origin;
    TuneMetre metre = main_metre(score, from, to, &origin);
    gint bar_ticks = tune_metre_bar_ticks(metre);
    if (origin - from > bar_ticks) /* what comes before is a piece of its own */
        from = origin;
    to = MIN(to, from + TUNE_THEME_MOST_BARS * bar_ticks);
    g_autoptr(GArray) notes = skyline(track, from, to, origin);
    gint first = notes->len > 0 ? g_array_index(notes, TuneThemeNote, 0).onset : 0;
    gint lead_in = first < 0 ? 0 : first - first % bar_ticks;
    /* What begins in the second half of its bar is a pick-up to the next one. */
    if (first > 0 && first % bar_ticks >= bar_ticks / 2)
        lead_in += bar_ticks;
    for (guint i = 0; i < notes->len; i++)
        g_array_index(notes, TuneThemeNote, i).onset -= lead_in;
    const TuneThemeNote *last =
        notes->len > 0 ? &g_array_index(notes, TuneThemeNote, notes->len - 1) : NULL;
    gint bars = last != NULL ? last->onset / bar_ticks + 1 : 0;
    if (notes->len < FEWEST_NOTES || last->onset < 0) {
        g_set_error(error, TUNE_COMPOSE_ERROR, TUNE_COMPOSE_ERROR_IMPOSSIBLE,
                    "theme: %s has no melody of at least %d notes", track->id, FEWEST_NOTES);
        return NULL;
    }
    bars = CLAMP(bars, 1, TUNE_THEME_MOST_BARS);
    TuneKey key = key_of(notes, tune_score_key_at(score, from));
    return tune_theme_new(score->title, metre, key, bars, g_steal_pointer(&notes));
}

void tune_brief_set_theme(TuneBrief *brief, const TuneTheme *theme)
{
    g_clear_pointer(&brief->theme, tune_theme_unref);
    brief->theme = tune_theme_ref(theme);
    if (brief->metre_origin == TUNE_ORIGIN_NONE) {
        brief->metre = theme->metre;
        brief->metre_origin = TUNE_ORIGIN_INFERRED;
    }
    if (brief->mode_origin == TUNE_ORIGIN_NONE) {
        gboolean minor = tune_mode_is_minor(theme->key.mode);
        brief->key.mode = theme->key.mode;
        if (!minor && brief->valence < -0.3)
            brief->key.mode = TUNE_MODE_MINOR;
        else if (minor && brief->valence > 0.3)
            brief->key.mode = TUNE_MODE_MAJOR;
        brief->mode_origin = TUNE_ORIGIN_INFERRED;
    }
    if (brief->key_origin == TUNE_ORIGIN_NONE) {
        TuneKey key = {theme->key.tonic, brief->key.mode};
        while (tune_key_signature(key) > 6)
            key.tonic = (TuneFifths)(key.tonic - 12);
        while (tune_key_signature(key) < -6)
            key.tonic = (TuneFifths)(key.tonic + 12);
        brief->key.tonic = key.tonic;
        brief->key_origin = TUNE_ORIGIN_INFERRED;
    }
}
