/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The form in the report, counted on the score: which sections, when, and who plays in them.
 */
#include "engine/report-private.h"

#include <math.h>
#include <string.h>

static ReportStatus judged(gboolean good)
{
    return good ? REPORT_MET : REPORT_MISSED;
}

/* Half a bar at @tick, in seconds: as near as a bar line can be to any moment. */
static double slack_at(const TuneScore *score, gint tick)
{
    gint bar = tune_metre_bar_ticks(tune_score_metre_at(score, tick));

    return 0.5 * bar * 60.0 / (tune_score_tempo_at(score, tick) * TUNE_PPQ) + 0.02;
}

/* The first section from @from on that is what @asked says, or NULL. */
static const TuneSection *find(const TuneScore *score, const TuneBriefSection *asked, guint *from)
{
    for (guint i = *from; i < score->sections->len; i++) {
        const TuneSection *s = &g_array_index(score->sections, TuneSection, i);
        double off = tune_score_seconds(score, s->tick) - asked->at_seconds;
        if (s->role != asked->role || (asked->at_seconds >= 0 && fabs(off) > slack_at(score, s->tick)))
            continue;
        *from = i + 1;
        return s;
    }
    return NULL;
}

static void append_moment(GString *text, double seconds)
{
    gint tenths = (gint)(seconds * 10 + 0.5);

    g_string_append_printf(text, " at %d:%02d", tenths / 600, tenths / 10 % 60);
    if (tenths % 10 != 0)
        g_string_append_printf(text, ".%d", tenths % 10);
}

static gboolean any_timed(const GArray *asked)
{
    for (guint i = 0; i < asked->len; i++)
        if (g_array_index(asked, TuneBriefSection, i).at_seconds >= 0)
            return TRUE;
    return FALSE;
}

/* ---- who plays ---- */

static gboolean is_named(const GPtrArray *list, const char *key)
{
    for (guint i = 0; i < list->len; i++)
        if (strcmp(((const TuneInstrument *)list->pdata[i])->key, key) == 0)
            return TRUE;
    return FALSE;
}

static gboolean begins_notes(const TuneTrack *track, gint from, gint to)
{
    for (guint i = 0; i < track->notes->len; i++) {
        gint onset = g_array_index(track->notes, TuneNote, i).onset;
        if (onset >= from && onset < to)
            return TRUE;
    }
    return FALSE;
}

/* Only those named begin notes between @from and @to, less the beat of pick-ups before @to. */
static gboolean only_named_play(const TuneScore *score, const GPtrArray *named, gint from, gint to)
{
    gint beat = tune_metre_beat_ticks(tune_score_metre_at(score, from));
    gboolean somebody = FALSE;

    for (guint t = 0; t < score->tracks->len; t++) {
        const TuneTrack *track = score->tracks->pdata[t];
        gboolean plays = begins_notes(track, from, to - beat);
        if (plays && !is_named(named, track->instrument))
            return FALSE;
        somebody |= plays;
    }
    return somebody;
}

static void put_players(ReportSheet *sheet)
{
    const GArray *asked = sheet->brief->sections;
    const TuneScore *score = sheet->score;
    g_autoptr(GString) wanted = g_string_new(NULL);
    gboolean good = TRUE;
    guint from = 0;

    for (guint i = 0; i < asked->len; i++) {
        const TuneBriefSection *a = &g_array_index(asked, TuneBriefSection, i);
        const TuneSection *s = find(score, a, &from);
        if (a->instruments->len == 0)
            continue;
        g_string_append_printf(wanted, "%s%s:", wanted->len > 0 ? "; " : "",
                               tune_section_role_name(a->role));
        for (guint k = 0; k < a->instruments->len; k++)
            g_string_append_printf(wanted, "%s %s", k > 0 ? "," : "",
                                   ((const TuneInstrument *)a->instruments->pdata[k])->key);
        good &= s != NULL && only_named_play(score, a->instruments, s->tick, s->tick + s->ticks);
    }
    if (wanted->len > 0)
        report_put(sheet, "players of sections", sheet->brief->sections_origin, TRUE, wanted->str,
                   good ? wanted->str : "others play there too", judged(good));
}

void report_put_form(ReportSheet *sheet)
{
    const TuneScore *score = sheet->score;
    const GArray *asked = sheet->brief != NULL ? sheet->brief->sections : NULL;
    g_autoptr(GString) wanted = g_string_new(NULL);
    g_autoptr(GString) shown = g_string_new(NULL);
    gboolean timed = asked != NULL && any_timed(asked), found = TRUE;
    guint next = 0;

    for (guint i = 0; i < score->sections->len; i++) {
        const TuneSection *s = &g_array_index(score->sections, TuneSection, i);
        g_string_append_printf(shown, "%s%s", i > 0 ? ", " : "", s->name);
        if (timed)
            append_moment(shown, tune_score_seconds(score, s->tick));
    }
    if (asked == NULL || asked->len == 0 ||
        (sheet->brief->sections_origin != TUNE_ORIGIN_SAID &&
         sheet->brief->sections_origin != TUNE_ORIGIN_FIELD &&
         sheet->brief->sections_origin != TUNE_ORIGIN_PRESET)) {
        report_put(sheet, "form", TUNE_ORIGIN_DEFAULT, FALSE, NULL, shown->str, REPORT_NOT_ASKED);
        return;
    }
    for (guint i = 0; i < asked->len; i++) {
        const TuneBriefSection *a = &g_array_index(asked, TuneBriefSection, i);
        g_string_append_printf(wanted, "%s%s", i > 0 ? ", " : "", tune_section_role_name(a->role));
        if (a->at_seconds >= 0)
            append_moment(wanted, a->at_seconds);
        /* What holds from the beginning on ("strings from 1:00": until then none) is no section. */
        gboolean rule = sheet->brief->sections_partial && a->at_seconds >= 0 && a->at_seconds < 0.01;
        found &= rule || find(score, a, &next) != NULL;
    }
    gboolean whole = sheet->brief->sections_partial || score->sections->len == asked->len;
    report_put(sheet, "form", sheet->brief->sections_origin, TRUE, wanted->str, shown->str,
               judged(found && whole));
    put_players(sheet);
}
