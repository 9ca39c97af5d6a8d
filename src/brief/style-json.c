/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A style as JSON: what its file says, as names and numbers, for people and for other programs.
 */
#include "brief/style-data.h"

static json_t *choices(const GArray *list)
{
    json_t *out = json_object();

    for (guint i = 0; i < list->len; i++) {
        const StyleChoice *choice = &g_array_index(list, StyleChoice, i);
        json_object_set_new(out, choice->name, tune_json_real(choice->weight, 3));
    }
    return out;
}

static json_t *metres(const TuneStyle *style)
{
    json_t *out = json_object();

    for (guint i = 0; i < style->metres->len; i++) {
        const StyleMetre *metre = &g_array_index(style->metres, StyleMetre, i);
        g_autofree char *name = tune_metre_to_string(metre->metre);
        json_object_set_new(out, name, tune_json_real(metre->weight, 3));
    }
    return out;
}

static json_t *modes(const TuneStyle *style)
{
    json_t *out = json_object();

    for (guint i = 0; i < style->modes->len; i++) {
        const StyleMode *mode = &g_array_index(style->modes, StyleMode, i);
        json_object_set_new(out, tune_mode_name(mode->mode), tune_json_real(mode->weight, 3));
    }
    return out;
}

static json_t *endings(const TuneStyle *style)
{
    json_t *out = json_object();

    for (guint i = 0; i < TUNE_N_ENDINGS; i++)
        if (style->endings[i] > 0)
            json_object_set_new(out, tune_ending_name((TuneEnding)i),
                                tune_json_real(style->endings[i], 3));
    return out;
}

static json_t *forms(const TuneStyle *style)
{
    json_t *out = json_array();

    for (guint i = 0; i < style->forms->len; i++) {
        const StyleForm *form = &g_array_index(style->forms, StyleForm, i);
        json_t *sections = json_array();
        for (guint k = 0; k < form->sections->len; k++) {
            const StyleSection *section = &g_array_index(form->sections, StyleSection, k);
            char material[2] = {section->material, '\0'};
            json_array_append_new(
                sections, json_pack("{s:s, s:i, s:o, s:s}", "role",
                                    tune_section_role_name(section->role), "bars", section->bars,
                                    "energy", tune_json_real(section->energy, 3), "material",
                                    material));
        }
        json_array_append_new(out, json_pack("{s:s, s:o, s:o}", "name", form->name, "weight",
                                             tune_json_real(form->weight, 3), "sections", sections));
    }
    return out;
}

static json_t *parts(const TuneStyle *style)
{
    json_t *out = json_array();

    for (guint i = 0; i < style->parts->len; i++) {
        const StylePart *part = &g_array_index(style->parts, StylePart, i);
        json_array_append_new(
            out, json_pack("{s:s, s:s, s:o, s:[i, i], s:o, s:i, s:o}", "id", part->id, "role",
                           tune_role_name(part->role), "instruments", choices(part->instruments),
                           "register", part->low, part->high, "enters_at",
                           tune_json_real(part->enters_at, 3), "rank", part->rank, "chance",
                           tune_json_real(part->chance, 3)));
    }
    return out;
}

static json_t *patterns(const GPtrArray *list)
{
    json_t *out = json_array();

    for (guint i = 0; i < list->len; i++) {
        const StylePattern *pattern = list->pdata[i];
        g_autofree char *metre = tune_metre_to_string(pattern->metre);
        json_array_append_new(
            out, json_pack("{s:s, s:s, s:s, s:[o, o], s:o}", "name",
                           pattern->name != NULL ? pattern->name : "", "metre", metre, "idiom",
                           tune_style_idiom_name(pattern->idiom), "energy",
                           tune_json_real(pattern->energy[0], 3), tune_json_real(pattern->energy[1], 3),
                           "weight", tune_json_real(pattern->weight, 3)));
    }
    return out;
}

/* "I | V | vi iii | IV": the file's own way of writing. (transfer full) */
static char *progression_text(const StyleProgression *progression)
{
    GString *out = g_string_new(NULL);
    double at = 0;

    for (guint i = 0; i < progression->numerals->len; i++) {
        gboolean at_bar = i > 0 && at - (double)(gint)(at + 0.01) < 0.01;
        g_string_append_printf(out, "%s%s", i == 0 ? "" : at_bar ? " | " : " ",
                               (const char *)progression->numerals->pdata[i]);
        double share = g_array_index(progression->beats, double, i);
        for (double more = share - 1; more > 0.01; more -= 1)
            g_string_append(out, " | %");
        at += share;
    }
    return g_string_free(out, FALSE);
}

static json_t *progressions(const TuneStyle *style)
{
    json_t *out = json_array();

    for (guint i = 0; i < style->harmony.progressions->len; i++) {
        const StyleProgression *one = &g_array_index(style->harmony.progressions, StyleProgression, i);
        g_autofree char *text = progression_text(one);
        const char *mode = one->mode >= 0   ? tune_mode_name((TuneMode)one->mode)
                           : one->any_mode ? "any"
                           : one->minor    ? "minor"
                                           : "major";
        json_array_append_new(out, json_pack("{s:s, s:s, s:i, s:o}", "mode", mode, "chords", text,
                                             "bars", one->bars, "weight",
                                             tune_json_real(one->weight, 3)));
    }
    return out;
}

static json_t *words(const TuneStyle *style)
{
    json_t *out = json_array();

    for (char **word = style->words; *word != NULL; word++)
        json_array_append_new(out, json_string(*word));
    return out;
}

json_t *tune_style_to_json(const TuneStyle *style, GError **error)
{
    if (!tune_style_require(style, error))
        return NULL;
    g_autofree char *metre = tune_metre_to_string(tune_style_metre(style));
    json_t *keys = json_pack("{s:o, s:o}", "major", choices(style->keys[0]), "minor",
                             choices(style->keys[1]));
    json_t *grooves = json_pack("{s:o, s:o, s:o, s:o}", "grooves", patterns(style->grooves.grooves),
                                "fills", patterns(style->grooves.fills), "bass",
                                patterns(style->grooves.bass), "comping",
                                patterns(style->grooves.comping));
    json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:o, s:[o, o], s:[o, o], s:s}", "name", style->name,
                            "title", style->title, "summary", style->summary, "file", style->path,
                            "words", words(style), "bpm", tune_json_real(style->tempo[0], 2),
                            tune_json_real(style->tempo[1], 2), "usual_bpm",
                            tune_json_real(style->usual_tempo[0], 2),
                            tune_json_real(style->usual_tempo[1], 2), "metre", metre);
    json_object_set_new(out, "metres", metres(style));
    json_object_set_new(out, "modes", modes(style));
    json_object_set_new(out, "keys", keys);
    json_object_set_new(out, "endings", endings(style));
    json_object_set_new(out, "swing", tune_json_real(style->grooves.perform.swing, 3));
    json_object_set_new(out, "forms", forms(style));
    json_object_set_new(out, "parts", parts(style));
    json_object_set_new(out, "progressions", progressions(style));
    json_object_update_new(out, grooves);
    json_object_set_new(out, "sha256", json_string(style->hash));
    return out;
}
