/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Instruments in and out.
 */
#include "brief/sentence-private.h"

#include <string.h>

static void set_flag(gboolean *flag, TuneOrigin *flag_origin, TuneOrigin origin)
{
    *flag = TRUE;
    *flag_origin = MAX(*flag_origin, origin);
}

void tune_brief_exclude_entry(TuneBrief *self, const TuneVocabulary *vocabulary,
                              const LexiconEntry *entry, TuneOrigin origin)
{
    const char *family = entry->family == NULL ? "" : entry->family;

    if (entry->instrument != NULL)
        tune_brief_exclude(self, entry->instrument, origin);
    for (guint i = 0; i < entry->members->len; i++)
        tune_brief_exclude(self,
                           tune_instruments_find(vocabulary->instruments,
                                                 g_array_index(entry->members, LexiconMember, i).instrument),
                           origin);
    for (guint i = 0; i < tune_instruments_count(vocabulary->instruments); i++) {
        const TuneInstrument *instrument = tune_instruments_at(vocabulary->instruments, i);
        if (tune_lexicon_is_of(entry, instrument))
            tune_brief_exclude(self, instrument, origin);
    }
    if (strcmp(family, "drums") == 0 || strcmp(family, "percussion") == 0 ||
        (entry->instrument != NULL && strcmp(entry->instrument->key, "drum-kit") == 0))
        set_flag(&self->no_drums, &self->no_drums_origin, origin);
    if (strcmp(family, "voice") == 0)
        set_flag(&self->no_vocals, &self->no_vocals_origin, origin);
    if (strcmp(family, "bass") == 0)
        set_flag(&self->no_bass, &self->no_bass_origin, origin);
}

gboolean tune_brief_add_entry(TuneBrief *self, const TuneVocabulary *vocabulary,
                              const LexiconEntry *entry, guint count, TuneOrigin origin)
{
    if (entry->kind == LEXICON_INSTRUMENT) {
        tune_brief_add_instrument(self, entry->instrument, count, NULL, origin);
    } else if (entry->kind == LEXICON_GENERIC) {
        const TuneInstrument *instrument = tune_lexicon_generic(vocabulary, entry, self->style);
        if (instrument == NULL)
            return FALSE;
        tune_brief_add_instrument(self, instrument, count, entry->choices->len > 1 ? entry->name : NULL,
                                  origin);
    } else if (entry->kind == LEXICON_GROUP) {
        for (guint i = 0; i < entry->members->len; i++) {
            const LexiconMember *member = &g_array_index(entry->members, LexiconMember, i);
            tune_brief_add_instrument(self,
                                      tune_instruments_find(vocabulary->instruments, member->instrument),
                                      member->count, NULL, origin);
        }
    } else {
        return FALSE;
    }
    return TRUE;
}

/* ---- what stands around an instrument ---- */

static gboolean names_players(const ReaderMatch *match)
{
    return match != NULL && !match->negated &&
           (match->entry->kind == LEXICON_INSTRUMENT || match->entry->kind == LEXICON_GENERIC ||
            match->entry->kind == LEXICON_GROUP);
}

static guint count_before(const Reader *self, const ReaderMatch *match)
{
    gint at = (gint)match->at;

    for (gint back = 3; back >= 1; back--) {
        double value = 0;
        if (tune_reader_token(self, at - back) == NULL || tune_reader_is_used(self, at - back, back))
            continue;
        gint n = tune_reader_number(self, at - back, &value);
        const TuneToken *token = tune_reader_token(self, at - back);
        if (n == back && value >= 1 && value <= 16 && value == (gint)value && token->match >= -1) {
            tune_reader_use(self, at - back, n);
            return (guint)value;
        }
    }
    return 1;
}

/* Words of qualities between "solo" and the instrument: "solo classical piano", "only a soft harp". */
static gint unit_before(const Reader *self, gint at, LexiconUnit unit)
{
    for (gint i = at - 1, steps = 0; i >= 0 && steps < 3; i--, steps++) {
        const ReaderMatch *match = tune_reader_match(self, i, LEXICON_N_KINDS);
        if (match == NULL)
            return -1;
        if (match->entry->kind == LEXICON_UNIT && (gint)match->entry->value == (gint)unit)
            return (gint)match->at;
        if (match->entry->kind != LEXICON_STOP && match->entry->kind != LEXICON_MOOD &&
            match->entry->kind != LEXICON_GENRE && match->entry->kind != LEXICON_NUMBER)
            return -1;
        if (tune_reader_is_word(self, i, "with") || tune_reader_is_word(self, i, "and"))
            return -1;
    }
    return -1;
}

/* The role said beside an instrument: "lead guitar", "piano melody", "violin playing the melody". */
static gboolean role_around(const Reader *self, const ReaderMatch *match, TuneRole *role)
{
    gint behind = tune_reader_skip_stops(self, (gint)(match->at + match->n), 2);
    const ReaderMatch *sides[] = {tune_reader_match(self, (gint)match->at - 1, LEXICON_ROLE),
                                  tune_reader_match(self, behind, LEXICON_ROLE)};

    for (gsize i = 0; i < G_N_ELEMENTS(sides); i++)
        if (sides[i] != NULL) {
            *role = (TuneRole)(gint)sides[i]->entry->value;
            tune_reader_use(self, (gint)sides[i]->at, (gint)sides[i]->n);
            return TRUE;
        }
    return FALSE;
}

static TuneBriefInstrument *last_added(TuneBrief *brief, guint before)
{
    return brief->instruments->len == before
               ? NULL
               : &g_array_index(brief->instruments, TuneBriefInstrument, before);
}

/* "guitar solo": a section. */
static gboolean take_solo_behind(Reader *self, const ReaderMatch *match)
{
    TuneBrief *brief = self->brief;
    gint at = (gint)(match->at + match->n);
    gint n = tune_reader_unit(self, at, UNIT_SOLO);

    if (n == 0 || tune_reader_is_used(self, at, n) ||
        names_players(tune_reader_match(self, at + n, LEXICON_N_KINDS)))
        return FALSE;
    tune_reader_use(self, at, n);
    if (tune_reader_token(self, at)->timed != 0)
        return TRUE;
    guint place = brief->sections->len;
    for (guint i = 0; i < brief->sections->len; i++)
        if (g_array_index(brief->sections, TuneBriefSection, i).role == TUNE_SECTION_SOLO)
            place = i;
    if (place == brief->sections->len) {
        if (place == 0)
            brief->sections_partial = TRUE;
        tune_brief_add_section(brief, TUNE_SECTION_SOLO, 0);
        brief->sections_origin = TUNE_ORIGIN_SAID;
    }
    return TRUE;
}

typedef struct {
    gboolean only;      /* "only", a closed group */
    gboolean solo;      /* "solo X" */
    const TuneInstrument *soloist;
} Exclusivity;

static void look_for_only(Reader *self, const ReaderMatch *match, Exclusivity *seen)
{
    gint only = unit_before(self, (gint)match->at, UNIT_ONLY);
    gint solo = unit_before(self, (gint)match->at, UNIT_SOLO);
    gint behind = (gint)(match->at + match->n);

    if (only < 0 && tune_reader_unit(self, behind, UNIT_ONLY) > 0 &&
        (tune_reader_is_edge(self, behind + 1) || !names_players(tune_reader_match(self, behind + 1, LEXICON_N_KINDS))))
        only = behind;
    if (tune_reader_token(self, (gint)match->at)->timed != 0) {
        tune_reader_use(self, MAX(only, solo), MAX(only, solo) >= 0 ? 1 : 0);
        return;
    }
    if (only >= 0) {
        seen->only = TRUE;
        tune_reader_use(self, only, (gint)tune_reader_match(self, only, LEXICON_UNIT)->n);
    }
    if (solo >= 0) {
        seen->solo = TRUE;
        tune_reader_use(self, solo, (gint)tune_reader_match(self, solo, LEXICON_UNIT)->n);
    }
    if (match->entry->only && g_str_has_prefix(match->entry->name, "solo-"))
        seen->solo = TRUE; /* a word for one player */
    else if (match->entry->only)
        seen->only = TRUE;
}

/* ---- taking them ---- */

static void take_players(Reader *self, const ReaderMatch *match, Exclusivity *seen)
{
    TuneBrief *brief = self->brief;
    guint before = brief->instruments->len, count = count_before(self, match);
    TuneRole role;

    gboolean solo_before = seen->solo;
    look_for_only(self, match, seen);
    tune_brief_add_entry(brief, self->vocabulary, match->entry, count, TUNE_ORIGIN_SAID);
    TuneBriefInstrument *added = last_added(brief, before);
    if (seen->solo && !solo_before)
        seen->soloist = added == NULL ? NULL
                        : match->entry->kind == LEXICON_GROUP ? added->instrument
                        : match->entry->kind == LEXICON_GENERIC
                            ? tune_lexicon_generic(self->vocabulary, match->entry, brief->style)
                            : match->entry->instrument;
    if (added != NULL && role_around(self, match, &role)) {
        added->role = role;
        added->role_said = TRUE;
    }
    if (match->entry->no_drums)
        set_flag(&brief->no_drums, &brief->no_drums_origin, TUNE_ORIGIN_SAID);
    if (match->entry->no_bass)
        set_flag(&brief->no_bass, &brief->no_bass_origin, TUNE_ORIGIN_SAID);
    take_solo_behind(self, match);
}

/* "solo piano" is alone; "solo violin with strings" leads. */
static void close_players(Reader *self, Exclusivity *seen)
{
    TuneBrief *brief = self->brief;

    if (seen->solo && !seen->only && brief->instruments->len == 2 &&
        brief->style_origin != TUNE_ORIGIN_SAID) {
        const TuneBriefInstrument *both = &g_array_index(brief->instruments, TuneBriefInstrument, 0);
        tune_brief_note(brief, "\"solo\" gave way: %s and %s are both asked for, and nobody else plays",
                        both[0].instrument->name, both[1].instrument->name);
        seen->only = TRUE;
    }
    if (seen->only || (seen->solo && brief->instruments->len == 1))
        set_flag(&brief->only_instruments, &brief->only_origin, TUNE_ORIGIN_SAID);
    if (!seen->solo || brief->instruments->len < 2)
        return;
    for (guint i = 0; i < brief->instruments->len; i++) {
        TuneBriefInstrument *asked = &g_array_index(brief->instruments, TuneBriefInstrument, i);
        if (asked->instrument == seen->soloist && !asked->role_said) {
            asked->role = TUNE_ROLE_LEAD;
            asked->role_said = TRUE;
        }
    }
}

/* "no vocals, choir pads": what is named itself stays when only its family is excluded. */
static gboolean family_yields(const LexiconEntry *entry, const TuneInstrument *instrument)
{
    return entry->family != NULL &&
           (strcmp(entry->family, "voice") == 0 || strcmp(entry->family, "percussion") == 0) &&
           tune_lexicon_is_of(entry, instrument);
}

static gboolean is_in_list(const TuneBrief *brief, const TuneInstrument *instrument, gboolean generic)
{
    for (guint i = 0; i < brief->instruments->len; i++) {
        const TuneBriefInstrument *asked = &g_array_index(brief->instruments, TuneBriefInstrument, i);
        if (asked->instrument == instrument)
            return generic || asked->generic == NULL;
    }
    return FALSE;
}

static void take_exclusion(Reader *self, const ReaderMatch *match)
{
    TuneBrief *brief = self->brief;

    if (tune_reader_token(self, (gint)match->at)->timed != 0)
        return;
    guint before = brief->excluded->len;
    tune_brief_exclude_entry(brief, self->vocabulary, match->entry, TUNE_ORIGIN_SAID);
    for (guint i = brief->excluded->len; i > before; i--) {
        const TuneInstrument *instrument = g_ptr_array_index(brief->excluded, i - 1);
        if (family_yields(match->entry, instrument) && is_in_list(brief, instrument, FALSE)) {
            g_ptr_array_remove_index(brief->excluded, i - 1);
            g_array_remove_index(brief->excluded_origins, i - 1);
        }
    }
}

/* "no melody", "no beat" */
static void take_absences(Reader *self)
{
    TuneBrief *brief = self->brief;

    for (guint m = 0; m < self->matches->len; m++) {
        const ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, m);
        if (!match->negated || tune_reader_token(self, (gint)match->at)->timed != 0)
            continue;
        if (match->entry->kind == LEXICON_ROLE && (gint)match->entry->value == TUNE_ROLE_LEAD)
            set_flag(&brief->no_lead, &brief->no_lead_origin, TUNE_ORIGIN_SAID);
        else if (match->entry->kind == LEXICON_UNIT && (gint)match->entry->value == UNIT_BEAT &&
                 !brief->no_drums)
            tune_brief_exclude_entry(brief, self->vocabulary,
                                     tune_lexicon_generic_named(self->vocabulary, "drums"),
                                     TUNE_ORIGIN_SAID);
    }
}

/* "classical guitar, solo, D minor": a tag of its own beside one instrument. */
static void take_lone_solo(Reader *self, Exclusivity *seen)
{
    TuneBrief *brief = self->brief;

    for (gint i = 0; brief->instruments->len == 1 && i < (gint)self->tokens->len; i++) {
        gint n = tune_reader_unit(self, i, UNIT_SOLO);
        if (n == 0 || tune_reader_is_used(self, i, n) || !tune_reader_is_edge(self, i - 1) ||
            !tune_reader_is_edge(self, i + n))
            continue;
        seen->solo = TRUE;
        tune_reader_use(self, i, n);
    }
}

/* "a choir singing": nobody else sings. */
static gboolean is_singing_choir(const Reader *self, const ReaderMatch *match)
{
    const GArray *asked = self->brief->instruments;

    if (match->entry->family == NULL || strcmp(match->entry->family, "voice") != 0 ||
        !tune_reader_is_word(self, (gint)match->at, "singing"))
        return FALSE;
    for (guint i = 0; i < asked->len; i++)
        if (strcmp(g_array_index(asked, TuneBriefInstrument, i).instrument->family, "voice") == 0)
            return TRUE;
    return FALSE;
}

gboolean tune_parse_instruments(Reader *self, GError **error)
{
    Exclusivity seen = {0};

    for (gint pass = 0; pass < 2; pass++)
        for (guint m = 0; m < self->matches->len; m++) {
            const ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, m);
            gboolean players = match->entry->kind == LEXICON_INSTRUMENT ||
                               match->entry->kind == LEXICON_GENERIC ||
                               match->entry->kind == LEXICON_GROUP;
            if (!players || match->negated != (pass == 1))
                continue;
            if (tune_reader_is_used(self, (gint)match->at, (gint)match->n))
                continue;
            tune_reader_use(self, (gint)match->at, (gint)match->n);
            if (pass == 0 && is_singing_choir(self, match))
                continue;
            if (pass == 0)
                take_players(self, match, &seen);
            else
                take_exclusion(self, match);
        }
    take_absences(self);
    take_lone_solo(self, &seen);
    close_players(self, &seen);
    /* Roles and "chords" beside nothing are words about music: no more to learn from them. */
    for (guint m = 0; m < self->matches->len; m++) {
        const ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, m);
        if (match->entry->kind == LEXICON_ROLE || match->entry->kind == LEXICON_UNIT)
            tune_reader_use(self, (gint)match->at, (gint)match->n);
    }
    return TRUE;
}
