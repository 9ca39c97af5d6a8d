/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "checks.h"

#include <string.h>

/* ---- the lead breathes ---- */

static gboolean is_lead(const TuneTrack *track)
{
    return track->role == TUNE_ROLE_LEAD && !track->is_drums;
}

const TuneTrack *lead_track(const TuneScore *score)
{
    const TuneTrack *lead = NULL;

    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *track = score->tracks->pdata[i];

        if (is_lead(track) &&
            (lead == NULL || track->notes->len > lead->notes->len))
            lead = track;
    }
    return lead;
}

/* In every eight bars that a lead plays through there is a silence of at least an eighth. */
static void check_breath(Violations *found, const Ask *ask, const TuneScore *score)
{
    const TuneTrack *lead = lead_track(score);
    TuneMetre metre = tune_score_metre_at(score, 0);
    gint limit = 8 * tune_metre_bar_ticks(metre), breath = TUNE_PPQ / 2;
    gint since = 0, until = 0;

    if (lead == NULL || lead->notes->len < ENOUGH_NOTES ||
        score_seconds(score) < LONG_ENOUGH_SECONDS || style_is_exempt(ask->style, "breath"))
        return;
    violations_checked(found, "melody/breath", 1);
    since = until = g_array_index(lead->notes, TuneNote, 0).onset;
    for (guint i = 0; i < lead->notes->len; i++) {
        const TuneNote *note = &g_array_index(lead->notes, TuneNote, i);

        if (note->onset - until >= breath)
            since = note->onset;
        until = MAX(until, note->onset + note->duration);
        /* The last note may be held as long as the final chord. */
        if (note->onset - since > limit) {
            violations_add(found, "melody/breath", ask,
                           "%s plays from bar %d to bar %d without a rest", lead->id,
                           tune_score_bar_at(score, since, NULL) + 1,
                           tune_score_bar_at(score, note->onset, NULL) + 1);
            return;
        }
    }
}

/* ---- repeats of sections ---- */

/* Notes are in order of onset and pitch: the melody of a hand that plays chords is its highest. */
static gboolean has_higher(const TuneTrack *track, guint i)
{
    return i + 1 < track->notes->len && g_array_index(track->notes, TuneNote, i + 1).onset ==
                                            g_array_index(track->notes, TuneNote, i).onset;
}

/* A note by track, place in the section and pitch above the section's tonic, packed so that it
 * sorts. */
static void collect_notes(const TuneScore *score, const TuneTrack *track, guint track_index,
                          const TuneSection *section, gint ticks, gboolean top, GArray *out)
{
    gint tonic = tune_fifths_pitch_class(tune_score_key_at(score, section->tick).tonic);

    for (guint i = 0; i < track->notes->len; i++) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, i);
        gint at = note->onset - section->tick;
        /* Octave doublings count as the same melody: compare by pitch class above the tonic. */
        gint pitch = track->is_drums ? note->pitch : ((note->pitch - tonic) % 12 + 12) % 12;
        guint64 key;

        if (at < 0 || at >= ticks || (top && has_higher(track, i)))
            continue;
        key = (guint64)track_index << 48 | (guint64)at << 8 | (guint64)pitch;
        g_array_append_val(out, key);
    }
}

static gint compare_keys(gconstpointer a, gconstpointer b)
{
    guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;

    return x < y ? -1 : x > y;
}

/* Notes that both lists have, each counted once per pair. */
static guint common_keys(GArray *a, GArray *b)
{
    guint i = 0, k = 0, common = 0;

    g_array_sort(a, compare_keys);
    g_array_sort(b, compare_keys);
    while (i < a->len && k < b->len) {
        guint64 x = g_array_index(a, guint64, i), y = g_array_index(b, guint64, k);

        common += x == y;
        i += x <= y;
        k += y <= x;
    }
    return common;
}

typedef struct {
    double share;       /* of the notes that return; -1: nothing to compare */
    gboolean identical; /* note for note, parts that enter or leave included */
    GString *by_part;   /* (nullable) "bass 90, drums 71" */
} Likeness;

/* Share of the first section's notes that return in the second, in the parts that play in both (a
 * part may enter or leave). */
static void compare_sections(const TuneScore *score, const TuneSection *first,
                             const TuneSection *second, gint ticks, Likeness *out)
{
    guint common = 0, n_first = 0, n_second = 0, n_all_second = 0, n_all_first = 0;

    for (guint t = 0; t < score->tracks->len; t++) {
        const TuneTrack *track = score->tracks->pdata[t];
        g_autoptr(GArray) a = g_array_new(FALSE, FALSE, sizeof(guint64));
        g_autoptr(GArray) b = g_array_new(FALSE, FALSE, sizeof(guint64));

        collect_notes(score, track, t, first, ticks, FALSE, a);
        collect_notes(score, track, t, second, ticks, FALSE, b);
        n_all_first += a->len;
        n_all_second += b->len;
        if (a->len == 0 || b->len == 0)
            continue;
        guint returned = common_keys(a, b);
        common += returned;
        n_first += a->len;
        n_second += b->len;
        if (out->by_part != NULL)
            g_string_append_printf(out->by_part, "%s%s %u", out->by_part->len > 0 ? ", " : "",
                                   track->id, 200 * returned / (a->len + b->len));
    }
    out->identical = common == n_all_first && common == n_all_second;
    out->share = n_first == 0 || n_second == 0 ? -1 : 2.0 * common / (n_first + n_second);
}

/* The first section before @index of its material and role, or NULL. */
static const TuneSection *first_of_material(const TuneScore *score, guint index)
{
    const TuneSection *section = &g_array_index(score->sections, TuneSection, index);

    for (guint i = 0; i < index; i++) {
        const TuneSection *other = &g_array_index(score->sections, TuneSection, i);
        if (other->material == section->material && other->role == section->role)
            return other;
    }
    return NULL;
}

static void check_repeats(Violations *found, const Ask *ask, const TuneScore *score)
{
    gint bar = tune_metre_bar_ticks(tune_score_metre_at(score, 0));

    if (score_seconds(score) < LONG_ENOUGH_SECONDS)
        return;
    for (guint k = 1; k < score->sections->len; k++) {
        const TuneSection *second = &g_array_index(score->sections, TuneSection, k);
        const TuneSection *first = first_of_material(score, k);
        g_autoptr(GString) parts = g_string_new(NULL);
        Likeness body = {-1, FALSE, parts}, whole = {-1, FALSE, NULL};
        gint ticks = first == NULL ? 0 : MIN(first->ticks, second->ticks);

        /* The last bar is the fill, the turn or the ending: not held to be alike. */
        if (ticks < 4 * bar || second->role == TUNE_SECTION_VARIATION)
            continue; /* a variation is there to differ */
        compare_sections(score, first, second, ticks - bar, &body);
        compare_sections(score, first, second, ticks, &whole);
        if (body.share < 0)
            continue;
        violations_checked(found, "form/repeats-alike", 1);
        violations_checked(found, "form/repeats-vary", 1);
        if (body.share < 0.6)
            violations_add(found, "form/repeats-alike", ask, "%s shares %.0f %% of %s (%s)",
                           second->name, 100 * body.share, first->name, parts->str);
        if (whole.identical)
            violations_add(found, "form/repeats-vary", ask, "%s is %s again, note for note",
                           second->name, first->name);
    }
}

/* How long the section's music is before the last chord, where that falls into it. */
static gint body_ticks(const TuneScore *score, const TuneSection *section)
{
    gint last = score->ticks;

    if (!score->loop && score->ending != TUNE_ENDING_FADE && score->chords->len > 0)
        last = g_array_index(score->chords, TuneScoreChord, score->chords->len - 1).tick;
    return last > section->tick ? MIN(section->ticks, last - section->tick) : section->ticks;
}

/* The hook is what the busiest lead plays in @first; any lead may bring it back in @second. */
static double hook_share(const TuneScore *score, const TuneSection *first, const TuneSection *second,
                         gint ticks)
{
    g_autoptr(GArray) hook = g_array_new(FALSE, FALSE, sizeof(guint64));
    double best = -1;

    for (guint t = 0; t < score->tracks->len; t++) {
        g_autoptr(GArray) notes = g_array_new(FALSE, FALSE, sizeof(guint64));
        if (!is_lead(score->tracks->pdata[t]))
            continue;
        collect_notes(score, score->tracks->pdata[t], 0, first, ticks, TRUE, notes);
        if (notes->len > hook->len) {
            g_array_set_size(hook, 0);
            g_array_append_vals(hook, notes->data, notes->len);
        }
    }
    for (guint t = 0; t < score->tracks->len && hook->len > 0; t++) {
        g_autoptr(GArray) notes = g_array_new(FALSE, FALSE, sizeof(guint64));
        if (!is_lead(score->tracks->pdata[t]))
            continue;
        collect_notes(score, score->tracks->pdata[t], 0, second, ticks, TRUE, notes);
        if (notes->len > 0)
            best = MAX(best, 2.0 * common_keys(hook, notes) / (hook->len + notes->len));
    }
    return best;
}

/* The chorus melody (or the theme) comes back note for note at least once: its first four bars,
 * less the beat where the pick-up of what follows may stand, and never the bar that turns to what follows
 * (before the last chord: the close). */
static void check_hook(Violations *found, const Ask *ask, const TuneScore *score)
{
    gint bar = tune_metre_bar_ticks(tune_score_metre_at(score, 0));
    gint beat = tune_metre_beat_ticks(tune_score_metre_at(score, 0));
    double best = -1;

    for (guint i = 0; i < score->sections->len; i++) {
        const TuneSection *first = &g_array_index(score->sections, TuneSection, i);

        if (first->role != TUNE_SECTION_CHORUS && first->role != TUNE_SECTION_THEME &&
            first->role != TUNE_SECTION_DROP)
            continue;
        for (guint k = i + 1; k < score->sections->len; k++) {
            const TuneSection *second = &g_array_index(score->sections, TuneSection, k);
            gint both = MIN(body_ticks(score, first), body_ticks(score, second));
            gint ticks = MIN(both - bar, 4 * bar) - beat;

            if (second->material != first->material || second->role != first->role ||
                ticks < 2 * bar - beat)
                continue;
            best = MAX(best, hook_share(score, first, second, ticks));
        }
    }
    if (best < 0 || score_seconds(score) < LONG_ENOUGH_SECONDS ||
        style_is_exempt(ask->style, "hook-returns"))
        return;
    violations_checked(found, "melody/hook-returns", 1);
    if (best < 0.999)
        violations_add(found, "melody/hook-returns", ask, "at best %.0f %% of the hook returns",
                       100 * best);
}

/* ---- drums ---- */

static const TuneTrack *drum_track(const TuneScore *score)
{
    for (guint i = 0; i < score->tracks->len; i++)
        if (((const TuneTrack *)score->tracks->pdata[i])->is_drums)
            return score->tracks->pdata[i];
    return NULL;
}

static guint hits_between(const TuneTrack *drums, gint from, gint to, gint origin, GArray *out)
{
    for (guint i = 0; i < drums->notes->len; i++) {
        const TuneNote *note = &g_array_index(drums->notes, TuneNote, i);

        if (note->onset >= from && note->onset < to) {
            guint64 key = (guint64)(note->onset - origin) << 8 | note->pitch;
            g_array_append_val(out, key);
        }
    }
    return out->len;
}

/* How unlike the second half of bar @a and of bar @b are: 0 the same .. 1 nothing in common. */
static double bar_difference(const TuneTrack *drums, gint a_tick, gint b_tick, gint bar)
{
    g_autoptr(GArray) a = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(GArray) b = g_array_new(FALSE, FALSE, sizeof(guint64));
    guint n = hits_between(drums, a_tick + bar / 2, a_tick + bar, a_tick, a) +
              hits_between(drums, b_tick + bar / 2, b_tick + bar, b_tick, b);

    return n == 0 ? 0 : 1.0 - 2.0 * common_keys(a, b) / n;
}

/* A fill: the end of the section's last bar is unlike the bars two and one before it, by at least a
 * quarter and by more than a bar there is unlike those before it (many grooves take two bars, so that
 * neighbours always differ). */
static gboolean ends_with_fill(const TuneTrack *drums, const TuneSection *section, gint bar)
{
    gint last = section->tick + section->ticks - bar;
    double usual = MIN(bar_difference(drums, last - bar, last - 2 * bar, bar),
                       bar_difference(drums, last - bar, last - 3 * bar, bar));
    double fill = MIN(bar_difference(drums, last, last - bar, bar),
                      bar_difference(drums, last, last - 2 * bar, bar));

    return fill >= 0.25 && fill >= usual;
}

static void check_fills(Violations *found, const Ask *ask, const TuneScore *score)
{
    const TuneTrack *drums = drum_track(score);
    gint bar = tune_metre_bar_ticks(tune_score_metre_at(score, 0));
    guint n_ends = 0, n_fills = 0;

    for (guint i = 0; drums != NULL && i + 1 < score->sections->len; i++) {
        const TuneSection *section = &g_array_index(score->sections, TuneSection, i);
        g_autoptr(GArray) hits = g_array_new(FALSE, FALSE, sizeof(guint64));
        gint end = section->tick + section->ticks;

        /* Where drums play through the end of a section of at least four bars. */
        if (section->ticks < 4 * bar || hits_between(drums, end - 3 * bar, end - bar, 0, hits) < 6)
            continue;
        n_ends++;
        n_fills += ends_with_fill(drums, section, bar);
    }
    if (n_ends < 2 || score_seconds(score) < LONG_ENOUGH_SECONDS ||
        style_is_exempt(ask->style, "fills"))
        return;
    violations_checked(found, "drums/fills", 1);
    if (2 * n_fills < n_ends)
        violations_add(found, "drums/fills", ask, "fills at %u of %u section ends", n_fills,
                       n_ends);
}

/* ---- the end ---- */

/* A piece that ends (neither loop nor fade) ends on a chord of the tonic, or on the last said
 * chord. */
static void check_final_chord(Violations *found, const Ask *ask, const TuneScore *score)
{
    const TuneScoreChord *last;
    TuneKey key = tune_score_key_at(score, score->ticks - 1);
    gint tonic = tune_fifths_pitch_class(key.tonic), root;
    g_autofree char *name = NULL;

    if (score->loop || score->ending == TUNE_ENDING_FADE || score->chords->len == 0)
        return;
    last = &g_array_index(score->chords, TuneScoreChord, score->chords->len - 1);
    root = tune_fifths_pitch_class(last->chord.root);
    name = tune_chord_to_string(last->chord);
    violations_checked(found, "form/final-chord", 1);
    if (root != tonic && (ask->chords->len == 0 || ask->key_said))
        violations_add(found, "form/final-chord", ask, "ends on %s, the tonic is pitch class %d",
                       name, tonic);
}

void check_music(Violations *found, const Ask *ask, const TuneScore *score)
{
    check_breath(found, ask, score);
    check_repeats(found, ask, score);
    check_hook(found, ask, score);
    check_fills(found, ask, score);
    check_final_chord(found, ask, score);
}
