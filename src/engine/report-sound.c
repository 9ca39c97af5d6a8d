/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Asked versus got where a model made the sound as a whole: what can be measured is, and what cannot is said
 * not to be.  Nobody can make such a model keep a tempo or a key; the report says whether it did.
 */
#include "engine/report-private.h"

#include <math.h>
#include <string.h>

#define TEMPO_TOLERANCE 0.03 /* of the tempo: what a listener tapping along would accept */

static gboolean asked_for(TuneOrigin origin)
{
    return origin >= TUNE_ORIGIN_PRESET;
}

static ReportStatus judged(gboolean good)
{
    return good ? REPORT_MET : REPORT_MISSED;
}

static gboolean near(double got, double low, double high)
{
    return got >= low * (1 - TEMPO_TOLERANCE) && got <= high * (1 + TEMPO_TOLERANCE);
}

/* The beat, or its other likely reading: music counted at 70 may be heard at 140. */
static void put_tempo(ReportSheet *sheet, const TuneMeterResult *measured)
{
    const TuneBrief *brief = sheet->brief;
    gboolean heard = measured != NULL && measured->bpm > 0;
    g_autofree char *got = heard ? g_strdup_printf("%.4g bpm, measured", measured->bpm) : NULL;
    g_autofree char *asked =
        brief->bpm_low == brief->bpm_high
            ? g_strdup_printf("%.4g bpm", brief->bpm_low)
            : g_strdup_printf("%.4g to %.4g bpm", brief->bpm_low, brief->bpm_high);

    if (!asked_for(brief->bpm_origin))
        report_put(sheet, "tempo", brief->bpm_origin, FALSE, NULL, got, REPORT_NOT_ASKED);
    else
        report_put(sheet, "tempo", brief->bpm_origin, brief->bpm_hard, asked, got,
                   !heard ? REPORT_NOT_MEASURED
                          : judged(near(measured->bpm, brief->bpm_low, brief->bpm_high) ||
                                   near(measured->bpm_other, brief->bpm_low, brief->bpm_high)));
}

static void put_key(ReportSheet *sheet, const TuneMeterResult *measured)
{
    const TuneBrief *brief = sheet->brief;
    gboolean tonic = asked_for(brief->key_origin), mode = asked_for(brief->mode_origin);
    gboolean heard = measured != NULL && measured->key[0] != '\0';
    g_autofree char *got = heard ? g_strdup_printf("%s, measured", measured->key) : NULL;
    gboolean mode_said;
    TuneKey key;
    char name[8];

    if (!tonic && !mode) {
        report_put(sheet, "key", brief->key_origin, FALSE, NULL, got, REPORT_NOT_ASKED);
        return;
    }
    tune_fifths_name(brief->key.tonic, name);
    g_autofree char *asked = tonic && mode ? tune_key_to_string(brief->key)
                             : tonic       ? g_strdup(name)
                                           : g_strdup(tune_mode_name(brief->key.mode));
    if (!heard || !tune_key_parse(measured->key, &key, &mode_said, NULL)) {
        report_put(sheet, "key", brief->key_origin, TRUE, asked, got, REPORT_NOT_MEASURED);
        return;
    }
    gboolean good = (!tonic || tune_fifths_pitch_class(key.tonic) ==
                                   tune_fifths_pitch_class(brief->key.tonic)) &&
                    (!mode || tune_mode_is_minor(key.mode) == tune_mode_is_minor(brief->key.mode));
    report_put(sheet, "key", tonic ? brief->key_origin : brief->mode_origin, TRUE, asked, got,
               judged(good));
}

static void put_length(ReportSheet *sheet)
{
    const TuneBrief *brief = sheet->brief;
    g_autofree char *got = g_strdup_printf("%.3f s", sheet->seconds);
    g_autofree char *asked = g_strdup_printf("%.3f s", brief->seconds);

    if (brief->seconds > 0 && asked_for(brief->seconds_origin))
        report_put(sheet, "length", brief->seconds_origin, TRUE, asked, got,
                   judged(fabs(sheet->seconds - brief->seconds) < 0.001));
    else
        report_put(sheet, "length", brief->seconds_origin, FALSE, NULL, got, REPORT_NOT_ASKED);
}

/* Asked, given to the model in words, and left to the ear. */
static void put_unmeasured(ReportSheet *sheet, const char *field, TuneOrigin origin, const char *asked)
{
    if (asked_for(origin))
        report_put(sheet, field, origin, FALSE, asked, NULL, REPORT_NOT_MEASURED);
}

static void put_words(ReportSheet *sheet)
{
    const TuneBrief *brief = sheet->brief;
    g_autofree char *metre = tune_metre_to_string(brief->metre);

    put_unmeasured(sheet, "style", brief->style_origin,
                   brief->style_asked != NULL ? brief->style_asked : tune_style_name(brief->style));
    put_unmeasured(sheet, "metre", brief->metre_origin, metre);
    put_unmeasured(sheet, "chords", brief->chords_origin, "chords");
    put_unmeasured(sheet, "form", brief->sections_origin, "sections");
    for (guint i = 0; i < brief->instruments->len; i++) {
        const TuneBriefInstrument *asked =
            &g_array_index(brief->instruments, TuneBriefInstrument, i);
        put_unmeasured(sheet, "instrument", asked->origin,
                       asked->instrument != NULL ? asked->instrument->name : asked->generic);
    }
    put_unmeasured(sheet, "mood", brief->mood_origin, "mood");
}

void report_put_sound_fields(ReportSheet *sheet, const TuneMeterResult *measured)
{
    const TuneBrief *brief = sheet->brief;

    put_tempo(sheet, measured);
    put_key(sheet, measured);
    put_length(sheet);
    put_words(sheet);
    if (brief->lyrics->len > 0)
        report_put(sheet, "lyrics", brief->lyrics_origin, TRUE, "sung", "nobody sings", REPORT_MISSED);
    if (brief->loop && asked_for(brief->loop_origin))
        report_put(sheet, "loop", brief->loop_origin, TRUE, "a loop", "an end that fades", REPORT_MISSED);
}
