/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The document around the parts: parsing without network or entities, the part list, the bars.
 */
#include "score/format.h"
#include "score/import.h"
#include "score/musicxml-read.h"
#include "score/score-private.h"

#include <libxml/parser.h>
#include <math.h>
#include <string.h>

#define MAX_XML_ELEMENTS 6000000
#define MAX_MEASURES     100000

/* ---- the document ---- */

static gboolean fail_document(const char *name, const xmlError *problem, GError **error)
{
    g_autofree char *why =
        problem != NULL && problem->message != NULL
            ? tune_score_clean_text(problem->message, strnlen(problem->message, 300))
            : g_strdup("not XML");

    return tune_score_fail(error, TUNE_SCORE_ERROR_SYNTAX, "%s:%d: %s", name,
                           problem != NULL ? problem->line : 1, why);
}

static gboolean is_small_enough(const guint8 *data, gsize size)
{
    gsize n = 0;

    for (gsize i = 0; i < size; i++)
        n += data[i] == '<';
    return n <= 2 * MAX_XML_ELEMENTS;
}

static void drop_message(void *context, const char *format, ...)
{
}

static xmlDoc *parse(const char *name, const guint8 *data, gsize size, GError **error)
{
    if (size > G_MAXINT || !is_small_enough(data, size)) {
        tune_score_fail(error, TUNE_SCORE_ERROR_UNSUPPORTED, "%s: more than six million elements",
                        name);
        return NULL;
    }
    xmlParserCtxt *context = xmlNewParserCtxt();
    context->sax->warning = drop_message;
    context->sax->error = drop_message;
    xmlDoc *doc =
        xmlCtxtReadMemory(context, (const char *)data, (gint)size, name, NULL,
                          XML_PARSE_NONET | XML_PARSE_NOBLANKS | XML_PARSE_NOERROR |
                              XML_PARSE_NOWARNING | XML_PARSE_COMPACT | XML_PARSE_BIG_LINES);
    if (doc == NULL)
        fail_document(name, xmlCtxtGetLastError(context), error);
    xmlFreeParserCtxt(context);
    return doc;
}

static gboolean check_document(const char *name, const xmlDoc *doc, const xmlNode *root,
                               GError **error)
{
    if (doc->intSubset != NULL && doc->intSubset->children != NULL)
        return tune_score_fail(error, TUNE_SCORE_ERROR_UNSUPPORTED,
                               "%s: declarations inside the DOCTYPE are not accepted", name);
    if (root != NULL && tune_xml_is(root, "score-partwise"))
        return TRUE;
    if (root != NULL && tune_xml_is(root, "score-timewise"))
        return tune_score_fail(error, TUNE_SCORE_ERROR_UNSUPPORTED,
                               "%s:%ld: timewise scores are not read; save it as partwise", name,
                               xmlGetLineNo((xmlNode *)root));
    return tune_score_fail(error, TUNE_SCORE_ERROR_SYNTAX, "%s: not MusicXML: no <score-partwise>",
                           name);
}

/* ---- head ---- */

static void take_text(char **slot, const xmlNode *node)
{
    if (node == NULL || **slot != '\0')
        return;
    g_free(*slot);
    *slot = tune_xml_content(node);
}

static void read_head(TuneScore *score, const xmlNode *root)
{
    xmlNode *work = tune_xml_child(root, "work");
    xmlNode *identification = tune_xml_child(root, "identification");

    if (work != NULL)
        take_text(&score->title, tune_xml_child(work, "work-title"));
    take_text(&score->title, tune_xml_child(root, "movement-title"));
    if (identification != NULL) {
        take_text(&score->creator, tune_xml_child(identification, "creator"));
        take_text(&score->rights, tune_xml_child(identification, "rights"));
    }
}

/* ---- part list ---- */

typedef struct {
    char *id;
    const xmlNode *node;      /* <part> */
    const xmlNode *list_node; /* <score-part>, may be NULL */
    gboolean drums;
    TuneTrack *track;
} PartEntry;

static void clear_entry(gpointer data)
{
    g_free(((PartEntry *)data)->id);
}

static gint child_int(const xmlNode *node, const char *tag, gint low, gint high, gint otherwise)
{
    g_autofree char *text = tune_xml_content(tune_xml_child(node, tag));
    char *end = NULL;
    gint64 value = g_ascii_strtoll(text, &end, 10);

    return end != text && *end == '\0' && value >= low && value <= high ? (gint)value : otherwise;
}

static const xmlNode *find_list_node(const xmlNode *root, const char *id)
{
    const xmlNode *list = tune_xml_child(root, "part-list");

    for (xmlNode *node = list != NULL ? list->children : NULL; node != NULL; node = node->next) {
        g_autofree char *its =
            tune_xml_is(node, "score-part") ? tune_xml_attribute(node, "id") : NULL;
        if (its != NULL && strcmp(its, id) == 0)
            return node;
    }
    return NULL;
}

static void read_mix(TuneTrack *track, const xmlNode *instrument)
{
    g_autofree char *volume = tune_xml_content(tune_xml_child(instrument, "volume"));
    g_autofree char *pan = tune_xml_content(tune_xml_child(instrument, "pan"));
    double percent = g_ascii_strtod(volume, NULL), degrees = g_ascii_strtod(pan, NULL);

    if (*volume != '\0' && isfinite(percent))
        track->mix.level_db = CLAMP((percent - 80) / 2, -40, 10);
    if (*pan != '\0' && isfinite(degrees))
        track->mix.pan = CLAMP(degrees / 90, -1, 1);
}

static gboolean has_unpitched(const xmlNode *part)
{
    for (xmlNode *measure = part->children; measure != NULL; measure = measure->next)
        for (xmlNode *node = measure->children; node != NULL; node = node->next)
            if (tune_xml_is(node, "note") && tune_xml_child(node, "unpitched") != NULL)
                return TRUE;
    return FALSE;
}

/* Program, mix and drum keys from <midi-instrument>; whether the part plays drums. */
static void read_instruments(TuneXmlReader *self, PartEntry *entry)
{
    entry->drums = has_unpitched(entry->node);
    for (xmlNode *node = entry->list_node != NULL ? entry->list_node->children : NULL; node != NULL;
         node = node->next) {
        if (!tune_xml_is(node, "midi-instrument"))
            continue;
        gint key = child_int(node, "midi-unpitched", 1, 128, 0);
        g_autofree char *id = tune_xml_attribute(node, "id");
        if (id != NULL && key > 0)
            g_hash_table_insert(self->drum_keys, g_steal_pointer(&id), GINT_TO_POINTER(key));
        if (child_int(node, "midi-channel", 1, 16, 0) == 10)
            entry->drums = TRUE;
    }
}

static void create_track(TuneXmlReader *self, PartEntry *entry)
{
    xmlNode *name = entry->list_node != NULL ? tune_xml_child(entry->list_node, "part-name") : NULL;
    g_autofree char *text = tune_xml_content(name);

    entry->track = tune_score_add_track(self->score, name != NULL ? text : entry->id,
                                        name != NULL ? text : entry->id);
    entry->track->is_drums = entry->drums;
    for (xmlNode *node = entry->list_node != NULL ? entry->list_node->children : NULL; node != NULL;
         node = node->next)
        if (tune_xml_is(node, "midi-instrument")) {
            entry->track->program = (guint8)(child_int(node, "midi-program", 1, 128, 1) - 1);
            entry->track->bank =
                (guint8)MIN((child_int(node, "midi-bank", 1, 16384, 1) - 1) / 128, 127);
            read_mix(entry->track, node);
            break;
        }
}

/* Drum parts share one track. */
static gboolean create_tracks(TuneXmlReader *self, GArray *entries, const xmlNode *root)
{
    TuneTrack *drums = NULL;
    guint n_pitched = 0;

    for (guint i = 0; i < entries->len; i++) {
        PartEntry *entry = &g_array_index(entries, PartEntry, i);
        read_instruments(self, entry);
        n_pitched += entry->drums ? 0 : 1;
        if (n_pitched > TUNE_SCORE_MAX_TRACKS - 1)
            return tune_xml_fail(self, entry->node, "more than 15 pitched parts");
        if (entry->drums && drums != NULL) {
            entry->track = drums;
            continue;
        }
        create_track(self, entry);
        if (entry->drums)
            drums = entry->track;
    }
    return entries->len > 0 || tune_xml_fail(self, root, "no <part>");
}

static GArray *list_parts(const xmlNode *root)
{
    GArray *entries = g_array_new(FALSE, TRUE, sizeof(PartEntry));

    g_array_set_clear_func(entries, clear_entry);
    for (xmlNode *node = root->children; node != NULL; node = node->next) {
        if (!tune_xml_is(node, "part"))
            continue;
        PartEntry entry = {.id = tune_xml_attribute(node, "id"), .node = node};
        if (entry.id == NULL)
            entry.id = g_strdup("part");
        entry.list_node = find_list_node(root, entry.id);
        g_array_append_val(entries, entry);
    }
    return entries;
}

/* ---- bars ---- */

/* What a measure says about its length. */
typedef struct {
    double filled; /* ticks that notes, rests and forwards reach in any part */
    gboolean implicit;
    TuneMetre metre; /* beats 0: as before */
} Extent;

static gboolean read_time(TuneXmlReader *self, const xmlNode *attributes, TuneMetre *metre)
{
    xmlNode *time = tune_xml_child(attributes, "time");
    double beats = 0, unit = 0;

    if (time == NULL || tune_xml_child(time, "senza-misura") != NULL)
        return TRUE;
    g_autofree char *text = tune_xml_content(tune_xml_child(time, "beats"));
    for (char *p = text; *p != '\0';) { /* "3+2" */
        char *end = NULL;
        beats += g_ascii_strtod(p, &end);
        if (end == p)
            return tune_xml_fail(self, time, "beats are numbers, like 3 or 3+2");
        p = *end == '+' ? end + 1 : end;
    }
    if (!tune_xml_child_real(self, time, "beat-type", 1, 128, &unit))
        return FALSE;
    TuneMetre like = {4, (guint8)CLAMP(unit, 2, 16), 0};
    if (!(beats >= 1 && beats <= 128) || unit < 1 ||
        !tune_import_metre_of_ticks((gint)(beats * 4 * TUNE_PPQ / unit + 0.5), like, metre))
        return tune_xml_fail(self, time, "a metre that cannot be read");
    return TRUE;
}

static gboolean measure_extent(TuneXmlReader *self, const xmlNode *measure, double *unit,
                               Extent *extent)
{
    double cursor = 0;

    for (xmlNode *node = measure->children; node != NULL; node = node->next) {
        double value = 0;
        if (tune_xml_is(node, "attributes")) {
            if (!tune_xml_child_real(self, node, "divisions", 0.001, 1e6, &value) ||
                !read_time(self, node, &extent->metre))
                return FALSE;
            if (value > 0)
                *unit = TUNE_PPQ / value;
            continue;
        }
        gboolean back = tune_xml_is(node, "backup"), note = tune_xml_is(node, "note");
        if (!back && !note && !tune_xml_is(node, "forward"))
            continue;
        if (note && (tune_xml_child(node, "chord") != NULL ||
                     tune_xml_child(node, "grace") != NULL || tune_xml_child(node, "cue") != NULL))
            continue;
        if (!tune_xml_child_real(self, node, "duration", 0, TUNE_SCORE_MAX_TICKS, &value))
            return FALSE;
        cursor += (back ? -value : value) * *unit;
        if (!(cursor <= TUNE_SCORE_MAX_TICKS))
            return tune_xml_fail(self, node, "the measure is too long");
        cursor = MAX(cursor, 0);
        extent->filled = MAX(extent->filled, cursor);
    }
    return TRUE;
}

static gboolean find_extents(TuneXmlReader *self, const xmlNode *part, GArray *extents)
{
    double unit = TUNE_PPQ;
    guint index = 0;

    for (xmlNode *measure = part->children; measure != NULL; measure = measure->next) {
        if (!tune_xml_is(measure, "measure"))
            continue;
        if (index >= MAX_MEASURES)
            return tune_xml_fail(self, measure, "too many measures");
        if (index >= extents->len)
            g_array_set_size(extents, index + 1);
        Extent *extent = &g_array_index(extents, Extent, index++);
        g_autofree char *implicit = tune_xml_attribute(measure, "implicit");
        extent->implicit |= implicit != NULL && strcmp(implicit, "yes") == 0;
        if (!measure_extent(self, measure, &unit, extent))
            return FALSE;
    }
    return TRUE;
}

/* A pick-up or an overfull measure counts as what it holds, if a metre for that exists. */
static TuneMetre bar_metre(const Extent *extent, TuneMetre metre, gboolean first)
{
    gint nominal = tune_metre_bar_ticks(metre), filled = (gint)floor(extent->filled + 0.5);
    TuneMetre own;

    if (filled > 0 && filled != nominal && (extent->implicit || first || filled > nominal) &&
        tune_import_metre_of_ticks(filled, metre, &own))
        return own;
    return metre;
}

static gboolean list_bars(TuneXmlReader *self, const GArray *extents, const xmlNode *root)
{
    TuneMetre metre = {4, 4, 0};
    gint tick = 0;

    for (guint i = 0; i < extents->len; i++) {
        const Extent *extent = &g_array_index(extents, Extent, i);
        if (extent->metre.beats > 0)
            metre = extent->metre;
        TuneXmlBar bar = {tick, 0, bar_metre(extent, metre, i == 0)};
        bar.ticks = tune_metre_bar_ticks(bar.metre);
        while (bar.ticks < (gint)floor(extent->filled + 0.5) && bar.ticks < TUNE_SCORE_MAX_TICKS)
            bar.ticks += tune_metre_bar_ticks(bar.metre); /* several bars in one measure */
        if (tick > TUNE_SCORE_MAX_TICKS - bar.ticks)
            return tune_xml_fail(self, root, "the piece is too long");
        tune_import_add_metre(self->score, tick, bar.metre);
        g_array_append_val(self->bars, bar);
        tick += bar.ticks;
    }
    return TRUE;
}

/* ---- the whole ---- */

static gint compare_tick(gconstpointer a, gconstpointer b)
{
    gint x = *(const gint *)a, y = *(const gint *)b;

    return x < y ? -1 : x > y;
}

static void place_maps(TuneXmlReader *self)
{
    g_array_sort(self->tempos, compare_tick);
    g_array_sort(self->marks, compare_tick);
    g_array_sort(self->harmonies, compare_tick);
    for (guint i = 0; i < self->tempos->len; i++) {
        const TuneTempo *tempo = &g_array_index(self->tempos, TuneTempo, i);
        if (tempo->tick <= TUNE_SCORE_MAX_TICKS)
            tune_import_add_tempo(self->score, tempo->tick, tempo->bpm);
    }
    for (guint i = 0; i < self->marks->len; i++) {
        const TuneXmlMark *mark = &g_array_index(self->marks, TuneXmlMark, i);
        tune_import_add_section(self->score, mark->tick, mark->name);
    }
    for (guint i = 0; i < self->harmonies->len; i++) {
        const TuneXmlHarmony *harmony = &g_array_index(self->harmonies, TuneXmlHarmony, i);
        tune_import_add_chord(self->score, harmony->tick, harmony->none ? NULL : &harmony->chord);
    }
}

/* Keys come from the first part that has pitches. */
static guint map_part(const GArray *entries)
{
    for (guint i = 0; i < entries->len; i++)
        if (!g_array_index(entries, PartEntry, i).drums)
            return i;
    return 0;
}

static gboolean read_root(TuneXmlReader *self, const xmlNode *root)
{
    g_autoptr(GArray) entries = list_parts(root);
    g_autoptr(GArray) extents = g_array_new(FALSE, TRUE, sizeof(Extent));

    read_head(self->score, root);
    if (!create_tracks(self, entries, root))
        return FALSE;
    for (guint i = 0; i < entries->len; i++)
        if (!find_extents(self, g_array_index(entries, PartEntry, i).node, extents))
            return FALSE;
    if (!list_bars(self, extents, root))
        return FALSE;
    for (guint i = 0; i < entries->len; i++) {
        const PartEntry *entry = &g_array_index(entries, PartEntry, i);
        if (!tune_xml_read_part(self, entry->node, entry->track, i, i == map_part(entries)))
            return FALSE;
    }
    place_maps(self);
    gint end = 0;
    if (self->bars->len > 0) {
        const TuneXmlBar *last = &g_array_index(self->bars, TuneXmlBar, self->bars->len - 1);
        end = last->tick + last->ticks;
    }
    if (tune_import_finish(self->score, end, self->error))
        return TRUE;
    g_prefix_error(self->error, "%s: ", self->name);
    return FALSE;
}

static void clear_mark(gpointer data)
{
    g_free(((TuneXmlMark *)data)->name);
}

static TuneScore *read_document(const char *name, const xmlNode *root, GError **error)
{
    g_autoptr(TuneScore) score = tune_score_new();
    g_autoptr(GArray) bars = g_array_new(FALSE, FALSE, sizeof(TuneXmlBar));
    g_autoptr(GArray) tempos = g_array_new(FALSE, FALSE, sizeof(TuneTempo));
    g_autoptr(GArray) marks = g_array_new(FALSE, FALSE, sizeof(TuneXmlMark));
    g_autoptr(GArray) harmonies = g_array_new(FALSE, FALSE, sizeof(TuneXmlHarmony));
    g_autoptr(GHashTable) drum_keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    TuneXmlReader reader = {.name = name,
                            .error = error,
                            .score = score,
                            .bars = bars,
                            .tempos = tempos,
                            .marks = marks,
                            .harmonies = harmonies,
                            .harmony_part = -1,
                            .drum_keys = drum_keys};

    g_array_set_clear_func(marks, clear_mark);
    return read_root(&reader, root) ? g_steal_pointer(&score) : NULL;
}

TuneScore *tune_score_read_musicxml(const char *name, const guint8 *data, gsize size,
                                    GError **error)
{
    xmlDoc *doc = parse(name, data, size, error);

    if (doc == NULL)
        return NULL;
    const xmlNode *root = xmlDocGetRootElement(doc);
    TuneScore *score =
        check_document(name, doc, root, error) ? read_document(name, root, error) : NULL;
    xmlFreeDoc(doc);
    return score;
}
