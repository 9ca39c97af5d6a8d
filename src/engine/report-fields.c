/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Asked versus got, field by field, on the score.  Nothing here trusts the composer: every field is
 * counted again from the notes.
 */
#include "engine/report-private.h"

#include <math.h>
#include <string.h>

static const char *const status_names[] = {"not-asked", "met", "missed", "not-measured"};

void report_put(ReportSheet *sheet, const char *field, TuneOrigin origin, gboolean hard,
                const char *asked, const char *got, ReportStatus status)
{
    json_t *entry = json_pack("{s:s}", "field", field);

    if (asked != NULL) {
        json_object_set_new(entry, "asked", json_string(asked));
        json_object_set_new(entry, "origin", json_string(tune_origin_name(origin)));
        json_object_set_new(entry, "hard", json_boolean(hard));
    }
    json_object_set_new(entry, "got", got != NULL ? json_string(got) : json_null());
    json_object_set_new(entry, "status", json_string(status_names[status]));
    json_array_append_new(sheet->fields, entry);
    sheet->counts[status]++;
}

/* Asked by a person: in the sentence, by a flag or through a preset. */
static gboolean asked_for(TuneOrigin origin)
{
    return origin >= TUNE_ORIGIN_PRESET;
}

static ReportStatus judged(gboolean good)
{
    return good ? REPORT_MET : REPORT_MISSED;
}

static double score_beat_bpm(const TuneScore *score)
{
    const TuneTempo *tempo = &g_array_index(score->tempos, TuneTempo, 0);
    const TuneMetreChange *metre = &g_array_index(score->metres, TuneMetreChange, 0);

    return tune_metre_beat_bpm(metre->metre, tempo->bpm);
}

static void put_style(ReportSheet *sheet)
{
    const TuneBrief *brief = sheet->brief;
    const char *style = brief->style != NULL ? tune_style_name(brief->style) : "";
    const char *asked = brief->style_asked != NULL ? brief->style_asked : style;

    if (!asked_for(brief->style_origin))
        report_put(sheet, "style", brief->style_origin, FALSE, NULL, sheet->score->style,
                   REPORT_NOT_ASKED);
    else
        report_put(sheet, "style", brief->style_origin, TRUE, asked, sheet->score->style,
                   judged(g_strcmp0(asked, sheet->score->style) == 0));
}

static void put_tempo(ReportSheet *sheet)
{
    const TuneBrief *brief = sheet->brief;
    double got = score_beat_bpm(sheet->score);
    g_autofree char *shown = g_strdup_printf("%.4g bpm", got);
    g_autofree char *asked =
        brief->bpm_low == brief->bpm_high
            ? g_strdup_printf("%.4g bpm", brief->bpm_low)
            : g_strdup_printf("%.4g to %.4g bpm", brief->bpm_low, brief->bpm_high);
    gboolean good = got >= brief->bpm_low - 0.01 && got <= brief->bpm_high + 0.01;

    if (!asked_for(brief->bpm_origin))
        report_put(sheet, "tempo", brief->bpm_origin, FALSE, NULL, shown, REPORT_NOT_ASKED);
    else
        report_put(sheet, "tempo", brief->bpm_origin, brief->bpm_hard, asked, shown, judged(good));
}

/* The mean tempo, in quarters, between @from and @to of the piece (0..1 of its bars before the last). */
static double mean_tempo(const TuneScore *score, double from, double to)
{
    gint bar = tune_metre_bar_ticks(g_array_index(score->metres, TuneMetreChange, 0).metre);
    gint bars = MAX(1, score->ticks / bar - 1), first = (gint)(from * bars);
    gint last = MAX(first + 1, (gint)(to * bars));
    double sum = 0;

    for (gint i = first; i < last; i++)
        sum += tune_score_tempo_at(score, i * bar);
    return sum / (last - first);
}

/* Half time is a matter of the beat, not of the clock: whether it is felt is for the ear. */
static void put_tempo_curve(ReportSheet *sheet)
{
    static const char *const curves[] = {"steady",           "faster at the end", "slower at the end",
                                         "faster and faster", "slower and slower", "half time"};
    const TuneBrief *brief = sheet->brief;
    TuneTempoCurve asked = brief->tempo_curve;
    gboolean whole = asked == TUNE_TEMPO_SPEED_UP || asked == TUNE_TEMPO_SLOW_DOWN;
    gboolean faster = asked == TUNE_TEMPO_SPEED_UP || asked == TUNE_TEMPO_SPEED_UP_END;

    if (!asked_for(brief->tempo_curve_origin))
        return;
    double begin = mean_tempo(sheet->score, 0, whole ? 0.2 : 0.6);
    double end = mean_tempo(sheet->score, whole ? 0.75 : 0.87, 0.97);
    g_autofree char *got = g_strdup_printf("%+.0f %% towards the end", (end / begin - 1) * 100);
    ReportStatus status = judged(faster ? end > 1.03 * begin : end < 0.97 * begin);
    if (asked == TUNE_TEMPO_STEADY)
        status = judged(fabs(end / begin - 1) < 0.03);
    else if (asked == TUNE_TEMPO_HALF_TIME)
        status = REPORT_NOT_MEASURED;
    report_put(sheet, "tempo curve", brief->tempo_curve_origin, FALSE, curves[asked], got, status);
}

static void put_key(ReportSheet *sheet)
{
    const TuneBrief *brief = sheet->brief;
    TuneKey got = g_array_index(sheet->score->keys, TuneKeyChange, 0).key;
    g_autofree char *shown = tune_key_to_string(got);
    gboolean tonic = asked_for(brief->key_origin), mode = asked_for(brief->mode_origin);
    gboolean good = TRUE;
    char name[8];

    if (!tonic && !mode) {
        report_put(sheet, "key", brief->key_origin, FALSE, NULL, shown, REPORT_NOT_ASKED);
        return;
    }
    if (tonic)
        good = tune_fifths_pitch_class(got.tonic) == tune_fifths_pitch_class(brief->key.tonic);
    if (mode)
        good = good && (got.mode == brief->key.mode ||
                        tune_mode_is_minor(got.mode) == tune_mode_is_minor(brief->key.mode));
    tune_fifths_name(brief->key.tonic, name);
    g_autofree char *asked = tonic && mode ? tune_key_to_string(brief->key)
                             : tonic       ? g_strdup(name)
                                           : g_strdup(tune_mode_name(brief->key.mode));
    report_put(sheet, "key", tonic ? brief->key_origin : brief->mode_origin, TRUE, asked, shown,
               judged(good));
}

static void put_metre(ReportSheet *sheet)
{
    const TuneBrief *brief = sheet->brief;
    TuneMetre got = g_array_index(sheet->score->metres, TuneMetreChange, 0).metre;
    g_autofree char *shown = tune_metre_to_string(got);
    g_autofree char *asked = tune_metre_to_string(brief->metre);

    if (!asked_for(brief->metre_origin))
        report_put(sheet, "metre", brief->metre_origin, FALSE, NULL, shown, REPORT_NOT_ASKED);
    else
        report_put(sheet, "metre", brief->metre_origin, TRUE, asked, shown,
                   judged(got.beats == brief->metre.beats && got.unit == brief->metre.unit));
}

static void put_length(ReportSheet *sheet)
{
    const TuneBrief *brief = sheet->brief;
    double got = sheet->seconds;
    g_autofree char *shown = g_strdup_printf("%.3f s", got);
    g_autofree char *asked = g_strdup_printf("%.3f s", brief->seconds);
    TuneMetre metre = g_array_index(sheet->score->metres, TuneMetreChange, 0).metre;
    gint bars = sheet->score->ticks / tune_metre_bar_ticks(metre);

    if (brief->seconds > 0 && asked_for(brief->seconds_origin))
        report_put(sheet, "length", brief->seconds_origin, TRUE, asked, shown,
                   judged(fabs(got - brief->seconds) < 0.001));
    else
        report_put(sheet, "length", brief->seconds_origin, FALSE, NULL, shown, REPORT_NOT_ASKED);
    if (brief->bars > 0 && asked_for(brief->bars_origin)) {
        g_autofree char *asked_bars = g_strdup_printf("%d bars", brief->bars);
        g_autofree char *got_bars = g_strdup_printf("%d bars", bars);
        report_put(sheet, "bars", brief->bars_origin, TRUE, asked_bars, got_bars,
                   judged(bars == brief->bars));
    }
}

static void put_chords(ReportSheet *sheet)
{
    const GArray *asked = sheet->brief->chords, *got = sheet->score->chords;
    g_autoptr(GString) shown = g_string_new(NULL);
    gboolean found = FALSE;

    if (asked == NULL || asked->len == 0)
        return;
    for (guint i = 0; i < asked->len; i++) {
        g_autofree char *name = tune_chord_to_string(g_array_index(asked, TuneChord, i));
        g_string_append_printf(shown, "%s%s", i > 0 ? " " : "", name);
    }
    for (guint start = 0; !found && start + asked->len <= got->len; start++) {
        found = TRUE;
        for (guint i = 0; i < asked->len && found; i++) {
            TuneChord want = g_array_index(asked, TuneChord, i);
            TuneChord have = g_array_index(got, TuneScoreChord, start + i).chord;
            found = tune_fifths_pitch_class(want.root) == tune_fifths_pitch_class(have.root) &&
                    tune_chord_is_minor(want.quality) == tune_chord_is_minor(have.quality);
        }
    }
    report_put(sheet, "chords", sheet->brief->chords_origin, TRUE, shown->str,
               found ? shown->str : "another progression", judged(found));
}

static const TuneTrack *track_of(const TuneScore *score, const char *instrument)
{
    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *track = score->tracks->pdata[i];
        if (strcmp(track->instrument, instrument) == 0 && track->notes->len > 0)
            return track;
    }
    return NULL;
}

/* "No drums" is one row, not one for every kit that there is. */
static gboolean is_told_as_one(const TuneBrief *brief, const TuneInstrument *instrument)
{
    return (brief->no_drums && (instrument->is_drums || strcmp(instrument->family, "percussion") == 0)) ||
           (brief->no_bass && strcmp(instrument->family, "bass") == 0) ||
           (brief->no_vocals && strcmp(instrument->family, "voice") == 0);
}

static void put_instruments(ReportSheet *sheet)
{
    const TuneBrief *brief = sheet->brief;

    for (guint i = 0; brief->instruments != NULL && i < brief->instruments->len; i++) {
        const TuneBriefInstrument *asked =
            &g_array_index(brief->instruments, TuneBriefInstrument, i);
        const TuneTrack *track = track_of(sheet->score, asked->instrument->key);
        g_autofree char *got =
            track != NULL ? g_strdup_printf("%u notes", track->notes->len) : g_strdup("silent");
        g_autofree char *field = g_strdup_printf("instrument %s", asked->instrument->key);
        report_put(sheet, field, asked->origin, TRUE, "plays", got, judged(track != NULL));
    }
    for (guint i = 0; brief->excluded != NULL && i < brief->excluded->len; i++) {
        const TuneInstrument *never = brief->excluded->pdata[i];
        gboolean plays = track_of(sheet->score, never->key) != NULL;
        if (!plays && is_told_as_one(brief, never))
            continue;
        g_autofree char *field = g_strdup_printf("instrument %s", never->key);
        report_put(sheet, field, TUNE_ORIGIN_SAID, TRUE, "never plays", plays ? "plays" : "silent",
                   judged(!plays));
    }
}

static void put_absent(ReportSheet *sheet, const char *field, TuneOrigin origin, gboolean asked,
                       TuneRole role)
{
    gboolean plays = FALSE;

    if (!asked)
        return;
    for (guint i = 0; i < sheet->score->tracks->len; i++) {
        const TuneTrack *track = sheet->score->tracks->pdata[i];
        gboolean is = role == TUNE_ROLE_DRUMS ? track->is_drums : track->role == role;
        plays = plays || (is && track->notes->len > 0);
    }
    report_put(sheet, field, origin, TRUE, "none", plays ? "plays" : "silent", judged(!plays));
}

static void put_no_vocals(ReportSheet *sheet)
{
    const TuneBrief *brief = sheet->brief;
    gboolean sings = FALSE;

    if (!brief->no_vocals)
        return;
    for (guint i = 0; i < sheet->score->tracks->len; i++) {
        const TuneTrack *track = sheet->score->tracks->pdata[i];
        gboolean voice = !track->is_drums && track->program >= 52 && track->program <= 54;
        sings = sings || (voice && track->notes->len > 0);
    }
    report_put(sheet, "vocals", brief->no_vocals_origin, TRUE, "none", sings ? "plays" : "silent",
               judged(!sings));
}

static void put_lyrics(ReportSheet *sheet)
{
    guint sung = 0;

    if (sheet->brief->lyrics == NULL || sheet->brief->lyrics->len == 0)
        return;
    for (guint i = 0; i < sheet->score->tracks->len; i++)
        sung += ((const TuneTrack *)sheet->score->tracks->pdata[i])->syllables->len;
    g_autofree char *got = g_strdup_printf("%u syllables set", sung);
    report_put(sheet, "lyrics", sheet->brief->lyrics_origin, TRUE, "set to the melody", got,
               judged(sung > 0));
}

static void put_ending(ReportSheet *sheet)
{
    const TuneBrief *brief = sheet->brief;
    TuneEnding got = sheet->score->ending;

    if (brief->loop && asked_for(brief->loop_origin))
        report_put(sheet, "loop", brief->loop_origin, TRUE, "yes",
                   sheet->score->loop ? "yes" : "no", judged(sheet->score->loop));
    if (asked_for(brief->ending_origin) && brief->ending != TUNE_ENDING_AUTO && !brief->loop)
        report_put(sheet, "ending", brief->ending_origin, TRUE, tune_ending_name(brief->ending),
                   tune_ending_name(got), judged(got == brief->ending));
}

static void put_mood(ReportSheet *sheet)
{
    const TuneBrief *brief = sheet->brief;

    if (brief->moods == NULL || brief->moods->len == 0)
        return;
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    for (guint i = 0; i < brief->moods->len; i++)
        g_ptr_array_add(words, brief->moods->pdata[i]);
    g_ptr_array_add(words, NULL);
    g_autofree char *asked = g_strjoinv(", ", (char **)words->pdata);
    g_autofree char *got = g_strdup_printf("valence %+.2f, arousal %+.2f, tension %+.2f steered "
                                           "the choices", brief->valence, brief->arousal,
                                           brief->tension);
    report_put(sheet, "mood", brief->mood_origin, FALSE, asked, got, REPORT_NOT_MEASURED);
}

void report_put_score_fields(ReportSheet *sheet)
{
    const TuneBrief *brief = sheet->brief;

    put_style(sheet);
    put_tempo(sheet);
    put_tempo_curve(sheet);
    put_key(sheet);
    put_metre(sheet);
    put_length(sheet);
    put_chords(sheet);
    report_put_form(sheet);
    put_instruments(sheet);
    put_absent(sheet, "drums", brief->no_drums_origin, brief->no_drums, TUNE_ROLE_DRUMS);
    put_absent(sheet, "bass", brief->no_bass_origin, brief->no_bass, TUNE_ROLE_BASS);
    put_absent(sheet, "melody", brief->no_lead_origin, brief->no_lead, TUNE_ROLE_LEAD);
    put_no_vocals(sheet);
    put_lyrics(sheet);
    put_ending(sheet);
    put_mood(sheet);
}
