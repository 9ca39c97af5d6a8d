/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The report: fields asked and got (report-fields.c), what was measured on the sound, the words of the
 * sentence that meant nothing, what gave way, and where notes and sounds come from.
 */
#include "engine/report-private.h"
#include "engine/title.h"

#include <math.h>

/* A real, or null where there is none (silence has no loudness). */
static json_t *real_or_null(double value, gint decimals)
{
    return isfinite(value) ? tune_json_real(value, decimals) : json_null();
}

static json_t *strings(const GPtrArray *from)
{
    json_t *list = json_array();

    for (guint i = 0; from != NULL && i < from->len; i++)
        json_array_append_new(list, json_string(from->pdata[i]));
    return list;
}

static double score_bpm(const TuneScore *score)
{
    return tune_metre_beat_bpm(g_array_index(score->metres, TuneMetreChange, 0).metre,
                               g_array_index(score->tempos, TuneTempo, 0).bpm);
}

/* What the sound says by itself, and its tempo nearest to the score's: music that is counted at 70 may be
 * heard at 140. */
static json_t *measured_json(TuneMeter *meter, const TuneScore *score,
                             const TuneMeterResult *measured, double seconds)
{
    json_t *json = json_object();

    json_object_set_new(json, "length_seconds", tune_json_real(seconds, 6));
    json_object_set_new(json, "loudness_lufs", real_or_null(measured->loudness_lufs, 2));
    json_object_set_new(json, "true_peak_dbtp", real_or_null(measured->peak_dbtp, 2));
    tune_meter_result_json(measured, json);
    if (score == NULL)
        return json;
    double near = tune_meter_bpm_near(meter, score_bpm(score));
    json_object_set_new(json, "tempo_near_score_bpm",
                        near > 0 ? tune_json_real(near, 2) : json_null());
    return json;
}

/* Sound fields exist only once all the sound was read. */
static void put_sound_fields(ReportSheet *sheet, const TuneRender *render,
                             const TuneMeterResult *measured)
{
    const TuneBrief *brief = render->brief;
    TuneOrigin origin = brief != NULL ? brief->loudness_origin : TUNE_ORIGIN_DEFAULT;
    double tolerance = render->options.master == TUNE_MASTER_EXACT ? 0.5 : 1.0;
    g_autofree char *asked = g_strdup_printf("%.1f LUFS ± %.1f", render->loudness_lufs, tolerance);

    if (!isfinite(measured->loudness_lufs)) {
        report_put(sheet, "loudness", origin, TRUE, asked, "silence", REPORT_MISSED);
        return;
    }
    g_autofree char *got = g_strdup_printf("%.1f LUFS", measured->loudness_lufs);
    gboolean good = fabs(measured->loudness_lufs - render->loudness_lufs) <= tolerance;
    report_put(sheet, "loudness", origin, TRUE, asked, got, good ? REPORT_MET : REPORT_MISSED);
    g_autofree char *peak = g_strdup_printf("%.2f dBTP", measured->peak_dbtp);
    report_put(sheet, "peak", TUNE_ORIGIN_DEFAULT, TRUE, "at most -1 dBTP", peak,
               measured->peak_dbtp <= -0.99 ? REPORT_MET : REPORT_MISSED);
}

static json_t *tracks_json(const TuneScore *score)
{
    json_t *list = json_array();

    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *track = score->tracks->pdata[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:i}", "id", track->id, "name",
                                              track->name, "instrument", track->instrument, "role",
                                              tune_role_name(track->role), "notes",
                                              (int)track->notes->len));
    }
    return list;
}

static void put_brief_words(json_t *report, const TuneBrief *brief, const GPtrArray *notes)
{
    json_t *all = strings(brief->notes);
    json_t *composer = strings(notes);

    json_array_extend(all, composer);
    json_decref(composer);
    json_object_set_new(report, "notes", all);
    json_object_set_new(report, "not_understood", strings(brief->not_understood));
    json_object_set_new(report, "prompt",
                        json_string(brief->prompt != NULL ? brief->prompt : ""));
}

static void put_score_piece(json_t *piece, const TuneScore *score)
{
    TuneMetre metre = g_array_index(score->metres, TuneMetreChange, 0).metre;
    g_autofree char *key = tune_key_to_string(g_array_index(score->keys, TuneKeyChange, 0).key);
    g_autofree char *metre_text = g_strdup_printf("%d/%d", metre.beats, metre.unit);

    json_object_set_new(piece, "style", json_string(score->style != NULL ? score->style : ""));
    json_object_set_new(piece, "key", json_string(key));
    json_object_set_new(piece, "metre", json_string(metre_text));
    json_object_set_new(piece, "bpm", tune_json_real(score_bpm(score), 3));
}

/* Without notes: the style that was asked for, and what was measured so far. */
static void put_sound_piece(json_t *piece, const TuneBrief *brief, const TuneMeterResult *measured)
{
    gboolean said = brief->style_origin >= TUNE_ORIGIN_PRESET;

    json_object_set_new(piece, "style", json_string(said ? tune_style_name(brief->style) : ""));
    json_object_set_new(piece, "key", json_string(measured->key));
    json_object_set_new(piece, "metre", json_string(""));
    json_object_set_new(piece, "bpm", tune_json_real(measured->bpm, 3));
}

/* The piece in a line, for lists and labels: what it is, not what was asked. */
static json_t *piece_json(const TuneRender *self, const TuneMeterResult *measured, double seconds)
{
    g_autofree char *moods = NULL;
    json_t *piece = json_object();

    if (self->brief != NULL && self->brief->moods->len > 0) {
        g_autoptr(GPtrArray) words = g_ptr_array_new(); /* a copy would free the brief's words */
        g_ptr_array_extend(words, self->brief->moods, NULL, NULL);
        g_ptr_array_add(words, NULL);
        moods = g_strjoinv(" ", (char **)words->pdata);
    }
    if (self->score != NULL)
        put_score_piece(piece, self->score);
    else
        put_sound_piece(piece, self->brief, measured);
    json_object_set_new(piece, "mood", json_string(moods != NULL ? moods : ""));
    json_object_set_new(piece, "seconds", tune_json_real(seconds, 6));
    return piece;
}

static char *title_of(const TuneRender *self)
{
    if (self->score == NULL)
        return tune_title_of_brief(self->brief);
    return g_strdup(self->score->title != NULL ? self->score->title : "");
}

json_t *tune_render_report(TuneRender *self)
{
    ReportSheet sheet = {.brief = self->brief, .score = self->score, .fields = json_array()};
    TuneMeterResult measured;
    gint64 frames = self->at_end || self->source->n_frames < 0 ? self->frames_read
                                                               : self->source->n_frames;
    json_t *report = json_object();

    sheet.seconds = (double)frames / self->source->rate;
    tune_meter_result(self->meter, &measured);
    if (self->score == NULL)
        report_put_sound_fields(&sheet, self->at_end ? &measured : NULL);
    else if (self->brief != NULL)
        report_put_score_fields(&sheet);
    if (self->at_end)
        put_sound_fields(&sheet, self, &measured);
    g_autofree char *title = title_of(self);
    json_object_set_new(report, "title", json_string(title));
    json_object_set_new(report, "piece", piece_json(self, &measured, sheet.seconds));
    json_object_set_new(report, "engine", json_string(tune_engine_name(self->engine)));
    if (self->brief != NULL)
        json_object_set_new(report, "seed", json_integer((json_int_t)self->seed));
    json_object_set_new(report, "complete", json_boolean(self->at_end));
    json_object_set_new(report, "frames", json_integer(frames));
    json_object_set_new(report, "rate", json_integer(self->source->rate));
    json_object_set_new(report, "summary",
                        json_pack("{s:i, s:i, s:i, s:i}", "asked",
                                  (int)(sheet.counts[REPORT_MET] + sheet.counts[REPORT_MISSED] +
                                        sheet.counts[REPORT_NOT_MEASURED]),
                                  "met", (int)sheet.counts[REPORT_MET], "missed",
                                  (int)sheet.counts[REPORT_MISSED], "not_measured",
                                  (int)sheet.counts[REPORT_NOT_MEASURED]));
    json_object_set_new(report, "fields", sheet.fields);
    json_object_set_new(report, "measured", 
                        measured_json(self->meter, self->score, &measured, sheet.seconds));
    if (self->score != NULL)
        json_object_set_new(report, "tracks", tracks_json(self->score));
    else
        json_object_set(report, "model", self->model);
    if (self->brief != NULL)
        put_brief_words(report, self->brief, self->notes);
    else
        json_object_set_new(report, "notes", strings(self->notes));
    json_object_set_new(report, "recipe_sha256", json_string(self->recipe_hash));
    if (self->score_hash != NULL)
        json_object_set_new(report, "score_sha256", json_string(self->score_hash));
    json_object_set_new(report, "rights", tune_render_rights(self));
    return report;
}
