/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who plays, in which register, and in which section.
 *
 * Instruments that were asked for come first and take the style's parts that suit them; the style's own
 * parts fill up the ensemble unless the brief says "only".  A keyboard or a guitar that plays alone gets
 * its hands: melody, broken chords, and the bass inside the chords.
 */
#include "compose/form.h"
#include "compose/asked.h"
#include "compose/timed.h"

#include <string.h>

typedef struct {
    Plan *plan;
    TuneInstruments *library;
    TuneRandom random;
    gboolean taken[32];  /* style parts that have a player */
    StylePart *fallback; /* not used: parts always point into a style */
} Arranger;

static const StylePart *style_part(const Plan *plan, guint i)
{
    return &g_array_index(plan->style->parts, StylePart, i);
}

static gboolean has_role(const Plan *plan, TuneRole role)
{
    for (gint i = 0; i < plan->n_parts; i++)
        if (plan->parts[i].role == role)
            return TRUE;
    return FALSE;
}

static gboolean has_drum_track(const Plan *plan)
{
    for (gint i = 0; i < plan->n_parts; i++)
        if (plan->parts[i].instrument->is_drums)
            return TRUE;
    return FALSE;
}

/* ---- registers ---- */

/* The style's register as far as the instrument has it; else where it sounds well, on the side of the
 * style's. */
static void set_register(PlanPart *part)
{
    const TuneInstrument *in = part->instrument;
    gint low = MAX(part->style->low, in->comfort_low), high = MIN(part->style->high, in->comfort_high);

    if (part->role != part->style->role) {
        low = in->comfort_low;
        high = in->comfort_high;
    }
    if (high - low < 12) {
        low = MAX(part->style->low, in->low);
        high = MIN(part->style->high, in->high);
        /* a cello climbs now and then; it does not live up there */
        if (in->bowed && part->role == TUNE_ROLE_LEAD && high > in->comfort_high + 5) {
            high = in->comfort_high + 5;
            low = MAX(in->low, MIN(low, high - 16));
        }
    }
    if (high - low < 12) {
        gboolean above = part->style->low > in->comfort_high - 12;
        low = above ? MAX(in->comfort_low, in->comfort_high - 19) : in->comfort_low;
        high = above ? in->comfort_high : MIN(in->comfort_high, in->comfort_low + 19);
    }
    if (high - low < 7) {
        low = in->low;
        high = in->high;
    }
    part->low = CLAMP(low, 0, 127);
    part->high = CLAMP(high, part->low, 127);
}

static gint span_wanted(TuneRole role)
{
    switch (role) {
    case TUNE_ROLE_BASS:
        return 22;
    case TUNE_ROLE_LEAD:
    case TUNE_ROLE_COUNTER:
        return 24;
    default:
        return 20;
    }
}

/* A role that the style does not give the instrument: its own part of its range. */
static void narrow_register(PlanPart *part)
{
    static const gint centre[TUNE_N_ROLES] = {
        [TUNE_ROLE_LEAD] = 71, [TUNE_ROLE_COUNTER] = 67, [TUNE_ROLE_COMP] = 58,
        [TUNE_ROLE_ARP] = 66,  [TUNE_ROLE_PAD] = 62,     [TUNE_ROLE_BASS] = 38,
        [TUNE_ROLE_DRUMS] = 60, [TUNE_ROLE_PERC] = 55,   [TUNE_ROLE_FX] = 60};
    gint span = span_wanted(part->role);

    /* a hand on six strings moves over all of them, if the style has it so */
    gboolean strings = part->role == part->style->role && role_is_chordal(part->role) &&
                       strcmp(part->instrument->family, "guitar") == 0;
    if (part->high - part->low <= span || strings)
        return;
    gint low = CLAMP(centre[part->role] - span / 2, part->low, part->high - span);
    part->low = low;
    part->high = low + span;
}

/* Chords stay clear of the melody: below it, or above a melody that is low. */
static void clear_melody(Plan *plan)
{
    const PlanPart *lead = NULL;

    for (gint i = 0; i < plan->n_parts && lead == NULL; i++)
        if (plan->parts[i].role == TUNE_ROLE_LEAD)
            lead = &plan->parts[i];
    if (lead == NULL)
        return;
    gint middle = (lead->low + lead->high) / 2;
    for (gint i = 0; i < plan->n_parts; i++) {
        PlanPart *p = &plan->parts[i];
        gboolean horns = p->instrument->breath; /* a section stays where it shines */
        if (!role_is_chordal(p->role) || horns ||
            (p->role == p->style->role && p->style->low >= middle - 2))
            continue; /* the style wants it on top */
        if (middle < 58 && p->instrument->comfort_high - lead->high >= 12) {
            p->low = MAX(p->low, lead->high - 3);
            p->high = MAX(p->high, MIN(p->low + 19, p->instrument->comfort_high));
            continue;
        }
        gint top = lead->low + 8;
        if (p->role != TUNE_ROLE_ARP && p->high > top && top - MAX(p->instrument->low, 43) >= 12) {
            p->high = top;
            p->low = MIN(p->low, MAX(MAX(p->instrument->low, 43), top - 19));
        }
    }
}

/* A pad that would hold the very tones the comping plays thins out to those above them, as far as the
 * melody leaves room: better in the comping's octave than over the singer. */
static void part_pad_from_comp(Plan *plan)
{
    const PlanPart *comp = NULL, *lead = NULL;

    for (gint i = 0; i < plan->n_parts; i++) {
        const PlanPart *p = &plan->parts[i];
        if (comp == NULL && p->role == TUNE_ROLE_COMP && p->instrument->polyphony > 2)
            comp = p;
        if (lead == NULL && p->role == TUNE_ROLE_LEAD)
            lead = p;
    }
    if (comp == NULL)
        return;
    for (gint i = 0; i < plan->n_parts; i++) {
        PlanPart *p = &plan->parts[i];
        gint shared = MIN(p->high, comp->high) - MAX(p->low, comp->low);
        if (p->role != TUNE_ROLE_PAD || shared < 9)
            continue;
        gint low = MIN((comp->low + comp->high) / 2 + 2, p->instrument->comfort_high - 12);
        if (lead != NULL && p->low < (lead->low + lead->high) / 2)
            low = MIN(low, lead->low - 9);
        if (low > p->low) {
            p->low = low;
            p->high = MAX(p->high, MIN(low + 13, p->instrument->comfort_high));
        }
    }
}

/* ---- parts ---- */

static TuneTrackMix mix_of(const StylePart *s, TuneRole role)
{
    TuneTrackMix mix = {.level_db = s->level_db, .pan = s->pan, .reverb = s->reverb,
                        .delay = s->delay, .chorus = s->chorus, .high_pass_hz = s->high_pass_hz,
                        .duck = s->duck, .drive = s->drive, .low_db = s->low_db,
                        .mid_db = s->mid_db, .mid_hz = s->mid_hz, .high_db = s->high_db,
                        .compress = s->compress};

    /* A part that took another role than the style had for it. */
    if (s->role != role && role == TUNE_ROLE_LEAD)
        mix.level_db = 0;
    if (s->role != role && role == TUNE_ROLE_BASS) {
        mix.high_pass_hz = 0;
        mix.level_db = -3;
    }
    return mix;
}

static TuneTrack *track_for(Plan *plan, const TuneInstrument *instrument, const StylePart *style,
                            TuneRole role)
{
    if (instrument->is_drums)
        for (gint i = 0; i < plan->n_parts; i++)
            if (plan->parts[i].instrument->is_drums)
                return plan->parts[i].track; /* one drum track for drum set and percussion */
    gboolean named = style->name != NULL && style->role == role;
    TuneTrack *track = tune_score_add_track(plan->score, named ? style->id : instrument->key,
                                            named ? style->name : instrument->name);
    track->instrument = (g_free(track->instrument), g_strdup(instrument->key));
    track->role = role;
    track->program = instrument->program;
    track->is_drums = instrument->is_drums;
    track->transpose = instrument->transpose;
    track->mix = mix_of(style, role);
    return track;
}

static PlanPart *add_part(Arranger *a, const TuneInstrument *instrument, TuneRole role,
                          const StylePart *style, gboolean asked)
{
    Plan *plan = a->plan;

    if (plan->n_parts == PLAN_MAX_PARTS || (gint)plan->score->tracks->len >= TUNE_SCORE_MAX_TRACKS - 1)
        return NULL;
    PlanPart *part = &plan->parts[plan->n_parts];
    *part = (PlanPart){.instrument = instrument, .role = role, .style = style, .asked = asked,
                       .enters_at = style->enters_at};
    part->track = track_for(plan, instrument, style, role);
    set_register(part);
    narrow_register(part);
    plan->n_parts++;
    return part;
}

static gboolean lists_instrument(const StylePart *part, const TuneInstrument *instrument)
{
    for (guint i = 0; i < part->instruments->len; i++)
        if (strcmp(g_array_index(part->instruments, StyleChoice, i).name, instrument->key) == 0)
            return TRUE;
    return FALSE;
}

static gboolean family_matches(Arranger *a, const StylePart *part, const TuneInstrument *instrument)
{
    for (guint i = 0; i < part->instruments->len; i++) {
        const char *name = g_array_index(part->instruments, StyleChoice, i).name;
        const TuneInstrument *other = tune_instruments_find(a->library, name);
        if (other != NULL && strcmp(other->family, instrument->family) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean can_do(const TuneInstrument *instrument, TuneRole role)
{
    /* Sounds that are only good for effects hold chords when somebody asks for them. */
    if (role == TUNE_ROLE_PAD && instrument->roles == 1u << TUNE_ROLE_FX)
        return instrument->clef != 3 /* percussion */;
    return (instrument->roles & (1u << role)) != 0;
}

/* How well an asked instrument takes style part @i; below 0 not at all. */
static double suits(Arranger *a, guint i, const TuneBriefInstrument *asked)
{
    const StylePart *s = style_part(a->plan, i);
    const TuneInstrument *in = asked->instrument;

    if (a->taken[i] || (a->plan->brief->no_lead && s->role == TUNE_ROLE_LEAD))
        return -1;
    if (asked->role_said)
        return s->role == asked->role ? 10 : -1;
    if (s->role == TUNE_ROLE_FX)
        return in->roles == 1u << TUNE_ROLE_FX && lists_instrument(s, in) ? 10 : -1;
    if (plan_takes_solo(a->plan, s))
        return -1;
    if (in->is_drums != role_is_drums(s->role) && (in->is_drums || s->role == TUNE_ROLE_DRUMS))
        return -1;
    gboolean bass = strcmp(in->family, "bass") == 0;
    if (bass != (s->role == TUNE_ROLE_BASS) && !(s->role == TUNE_ROLE_BASS && can_do(in, TUNE_ROLE_BASS)))
        return -1;
    double score = lists_instrument(s, in) ? 8 : (family_matches(a, s, in) ? 3 : 0);
    if (!can_do(in, s->role))
        return score >= 8 ? score - 2 : -1;
    if (s->role == TUNE_ROLE_LEAD)
        score += 2.5;
    if (s->role == TUNE_ROLE_BASS && !bass)
        score -= 4; /* a cello sings unless nobody else is low */
    return score + 1.0 / s->rank;
}

static TuneRole best_role(const Plan *plan, const TuneInstrument *in)
{
    static const TuneRole order[] = {TUNE_ROLE_LEAD, TUNE_ROLE_COUNTER, TUNE_ROLE_COMP, TUNE_ROLE_ARP,
                                     TUNE_ROLE_PAD,  TUNE_ROLE_BASS,    TUNE_ROLE_DRUMS,
                                     TUNE_ROLE_PERC, TUNE_ROLE_FX};

    if (in->is_drums)
        return has_role(plan, TUNE_ROLE_DRUMS) ? TUNE_ROLE_PERC : TUNE_ROLE_DRUMS;
    /* Who can do more than an effect is not asked for the sake of one. */
    gsize n = G_N_ELEMENTS(order) - (in->roles == 1u << TUNE_ROLE_FX ? 0 : 1);
    for (gsize i = 0; i < n; i++)
        if (can_do(in, order[i]) && !has_role(plan, order[i]) &&
            !(plan->brief->no_lead && order[i] == TUNE_ROLE_LEAD))
            return order[i];
    for (gsize i = 1; i < G_N_ELEMENTS(order); i++)
        if (can_do(in, order[i]))
            return order[i];
    return TUNE_ROLE_COUNTER; /* every instrument can play notes */
}

/* The style's entry that is nearest to @role, for the mix. */
static const StylePart *model_for(const Plan *plan, TuneRole role)
{
    const StylePart *best = style_part(plan, 0);
    gint best_score = -1;

    for (guint i = 0; i < plan->style->parts->len; i++) {
        const StylePart *s = style_part(plan, i);
        gint score = s->role == role ? 4 : 0;
        if (role_is_chordal(s->role) && role_is_chordal(role))
            score += 2;
        if (role_is_drums(s->role) == role_is_drums(role))
            score += 1;
        if (score > best_score) {
            best_score = score;
            best = s;
        }
    }
    return best;
}

static void add_asked_one(Arranger *a, const TuneBriefInstrument *asked)
{
    gint best = -1;
    double best_score = 0;

    for (guint i = 0; i < MIN(a->plan->style->parts->len, 32); i++) {
        double score = suits(a, i, asked);
        if (score > best_score) {
            best_score = score;
            best = (gint)i;
        }
    }
    if (best >= 0 && best_score >= 1) {
        const StylePart *s = style_part(a->plan, (guint)best);
        a->taken[best] = TRUE;
        add_part(a, asked->instrument, s->role, s, TRUE);
        return;
    }
    TuneRole role = asked->role_said ? asked->role : best_role(a->plan, asked->instrument);
    add_part(a, asked->instrument, role, model_for(a->plan, role), TRUE);
}

static void add_asked(Arranger *a)
{
    const GArray *asked = a->plan->brief->instruments;

    for (guint i = 0; i < asked->len; i++) {
        const TuneBriefInstrument *b = &g_array_index(asked, TuneBriefInstrument, i);
        if (b->instrument == NULL)
            continue;
        for (guint k = 0; k < CLAMP(b->count, 1, 4); k++)
            add_asked_one(a, b);
    }
}

static gboolean sings(const Plan *plan, const StylePart *s)
{
    return s->role == TUNE_ROLE_LEAD && plan->brief->lyrics->len > 0;
}

static gboolean lists_family(Arranger *a, const StylePart *s, const char *family)
{
    for (guint i = 0; i < s->instruments->len; i++) {
        const char *name = g_array_index(s->instruments, StyleChoice, i).name;
        const TuneInstrument *in = tune_instruments_find(a->library, name);
        if (in != NULL && strcmp(in->family, family) == 0)
            return TRUE;
    }
    return FALSE;
}

static const TuneInstrument *choose_instrument(Arranger *a, const StylePart *s)
{
    const TuneInstrument *found[32];
    double weights[32];
    gsize n = 0;

    for (guint i = 0; i < s->instruments->len && n < 32; i++) {
        const StyleChoice *c = &g_array_index(s->instruments, StyleChoice, i);
        const TuneInstrument *in = tune_instruments_find(a->library, c->name);
        if (in == NULL || plan_is_excluded(a->plan, in))
            continue;
        found[n] = in;
        /* At temperature 0 the likeliest, at 1 nearly anything on the list. */
        weights[n] = c->weight * (1.0 + (1.0 - a->plan->temperature) * c->weight);
        if (sings(a->plan, s) && strcmp(in->family, "voice") == 0)
            weights[n] *= 1000; /* words want a voice */
        for (gint p = 0; p < a->plan->n_parts; p++)
            if (a->plan->parts[p].instrument == in && s->rank > 1)
                weights[n] *= 0.2;
        n++;
    }
    const TuneInstrument *voice = tune_instruments_find(a->library, "voice-oohs");
    if (sings(a->plan, s) && voice != NULL && !plan_is_excluded(a->plan, voice) &&
        !lists_family(a, s, "voice"))
        return voice;
    if (n > 0)
        return found[tune_random_weighted(&a->random, weights, n)];
    /* All of them excluded: anyone else who can do it. */
    for (guint i = 0; i < tune_instruments_count(a->library) && s->rank <= 2; i++) {
        const TuneInstrument *in = tune_instruments_at(a->library, i);
        if (can_do(in, s->role) && !plan_is_excluded(a->plan, in) &&
            in->is_drums == (s->role == TUNE_ROLE_DRUMS) && in->comfort_high >= s->low + 12)
            return in;
    }
    return NULL;
}

static gint n_players(const Plan *plan)
{
    gint n = 0;

    for (gint i = 0; i < plan->n_parts; i++)
        n += plan->parts[i].role != TUNE_ROLE_FX;
    return n;
}

static gboolean is_wanted(Arranger *a, const StylePart *s, gint size)
{
    const TuneBrief *brief = a->plan->brief;

    if (s->modes != 0 && !((s->modes >> a->plan->key.mode) & 1))
        return FALSE;
    if ((brief->no_drums && role_is_drums(s->role)) || (brief->no_bass && s->role == TUNE_ROLE_BASS) ||
        (brief->no_lead && s->role == TUNE_ROLE_LEAD))
        return FALSE;
    if (role_is_drums(s->role) && s->role == TUNE_ROLE_PERC && has_drum_track(a->plan) &&
        strcmp(g_array_index(s->instruments, StyleChoice, 0).name, "percussion") == 0 &&
        tune_random_chance(&a->random, 0.3))
        return FALSE;
    if (s->rank <= 1)
        return TRUE;
    if (s->role == TUNE_ROLE_FX) /* nobody's place is taken by an effect */
        return tune_random_chance(&a->random, s->chance);
    return n_players(a->plan) < size && tune_random_chance(&a->random, s->chance);
}

/* Someone who was asked for already does what this part is for. */
static gboolean is_covered(const Plan *plan, const StylePart *s)
{
    for (gint i = 0; i < plan->n_parts; i++) {
        const PlanPart *p = &plan->parts[i];
        if (p->asked && p->role == s->role && (s->role == TUNE_ROLE_LEAD || s->role == TUNE_ROLE_BASS ||
                                               s->role == TUNE_ROLE_DRUMS))
            return TRUE;
    }
    return FALSE;
}

static void add_style_parts(Arranger *a)
{
    Plan *plan = a->plan;
    gint low = (gint)plan->style->ensemble[0], high = (gint)plan->style->ensemble[1];
    gint size = tune_random_int(&a->random, low, MAX(low, high));

    size = MAX(size, plan->n_parts + 2);
    for (gint rank = 1; rank <= 20; rank++)
        for (guint i = 0; i < MIN(plan->style->parts->len, 32); i++) {
            const StylePart *s = style_part(plan, i);
            if (s->rank != rank || a->taken[i] || is_covered(plan, s) || !is_wanted(a, s, size))
                continue;
            const TuneInstrument *in = plan_one_player(plan, s, choose_instrument(a, s));
            if (in != NULL && add_part(a, in, s->role, s, FALSE) != NULL)
                a->taken[i] = TRUE;
        }
}

/* Words are sung by a voice, if need be one that has no words of its own: it is the first of the leads, and
 * who else was asked to lead answers it. */
static void add_singer(Arranger *a)
{
    const TuneBrief *brief = a->plan->brief;
    const TuneInstrument *voice = NULL;

    if (brief->lyrics->len == 0 || brief->no_vocals || brief->no_lead || brief->only_instruments)
        return;
    for (guint i = 0; i < brief->instruments->len; i++) {
        const TuneInstrument *in = g_array_index(brief->instruments, TuneBriefInstrument, i).instrument;
        if (in != NULL && strcmp(in->family, "voice") == 0)
            return; /* the voice that was asked for takes the lead by itself */
    }
    for (guint i = 0; i < MIN(a->plan->style->parts->len, 32) && voice == NULL; i++) {
        const StylePart *s = style_part(a->plan, i);
        if (s->role != TUNE_ROLE_LEAD || plan_takes_solo(a->plan, s))
            continue;
        const TuneInstrument *in = choose_instrument(a, s);
        if (in == NULL || strcmp(in->family, "voice") != 0)
            continue;
        voice = in;
        a->taken[i] = TRUE;
        add_part(a, voice, TUNE_ROLE_LEAD, s, TRUE);
    }
    voice = voice != NULL ? NULL : tune_instruments_find(a->library, "voice-oohs");
    if (voice != NULL && !plan_is_excluded(a->plan, voice))
        add_part(a, voice, TUNE_ROLE_LEAD, model_for(a->plan, TUNE_ROLE_LEAD), TRUE);
}

/* Few players, and all of them asked for: who can, plays more than one role. */
static void share_roles(Arranger *a)
{
    Plan *plan = a->plan;
    gint n = plan->n_parts;
    gboolean lead = has_role(plan, TUNE_ROLE_LEAD) || plan->brief->no_lead;
    gboolean chords = has_role(plan, TUNE_ROLE_COMP) || has_role(plan, TUNE_ROLE_ARP) ||
                      has_role(plan, TUNE_ROLE_PAD);

    for (gint i = 0; i < n && !lead; i++)
        if (can_do(plan->parts[i].instrument, TUNE_ROLE_LEAD) && !plan->parts[i].instrument->is_drums) {
            if (plan->parts[i].instrument->polyphony > 3)
                add_part(a, plan->parts[i].instrument, TUNE_ROLE_LEAD, model_for(plan, TUNE_ROLE_LEAD),
                         TRUE);
            else
                plan->parts[i].role = plan->parts[i].track->role = TUNE_ROLE_LEAD;
            lead = TRUE;
        }
    for (gint i = 0; i < n && !chords; i++) {
        const TuneInstrument *in = plan->parts[i].instrument;
        if (in->polyphony < 4 || in->is_drums)
            continue;
        TuneRole role = can_do(in, TUNE_ROLE_COMP) ? TUNE_ROLE_COMP : TUNE_ROLE_ARP;
        if (plan->style->melody.strict && can_do(in, TUNE_ROLE_ARP))
            role = TUNE_ROLE_ARP;
        add_part(a, in, role, model_for(plan, role), TRUE);
        chords = TRUE;
    }
}

/* The style of "folk with electronic drums" lends its drums. */
static void blend(Arranger *a)
{
    Plan *plan = a->plan;
    const TuneStyle *other = plan->brief->blend;

    if (other == NULL || plan->brief->only_instruments)
        return;
    for (gint i = 0; i < plan->n_parts; i++) {
        PlanPart *p = &plan->parts[i];
        if (p->role != TUNE_ROLE_DRUMS || p->asked)
            continue;
        for (guint k = 0; k < other->parts->len; k++) {
            const StylePart *s = &g_array_index(other->parts, StylePart, k);
            const TuneInstrument *in = s->role == TUNE_ROLE_DRUMS ? choose_instrument(a, s) : NULL;
            if (in == NULL || !in->is_drums)
                continue;
            p->instrument = in;
            p->track->program = in->program;
            g_free(p->track->instrument);
            p->track->instrument = g_strdup(in->key);
            return;
        }
    }
}

/* ---- who plays when ---- */

static gboolean said_to_play(const PlanPart *part, const TuneBriefSection *said)
{
    for (guint i = 0; i < said->instruments->len; i++) {
        const TuneInstrument *in = said->instruments->pdata[i];
        if (strcmp(in->key, part->instrument->key) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean leads_here(const Plan *plan, const PlanSection *s, TuneRandom *random)
{
    gboolean sings = plan->brief->lyrics->len > 0;

    switch (s->role) {
    case TUNE_SECTION_INTRO:
        return !sings && plan->n_sections > 1 && tune_random_chance(random, s->bars > 4 ? 0.5 : 0.2);
    case TUNE_SECTION_BUILD:
        return tune_random_chance(random, 0.35);
    case TUNE_SECTION_BREAKDOWN:
    case TUNE_SECTION_INTERLUDE:
        return tune_random_chance(random, 0.6);
    case TUNE_SECTION_OUTRO:
        return tune_random_chance(random, 0.7);
    default:
        return TRUE;
    }
}

static gboolean plays(const Plan *plan, const PlanPart *part, const PlanSection *s,
                      TuneRandom *random)
{
    double enters = part->enters_at, leaves = part->style->leaves_at;

    if (part->style->sections != 0 && !(part->style->sections & (1u << s->role)) && !part->asked)
        return FALSE;
    if (part->role == TUNE_ROLE_LEAD) /* a style that names this section means it */
        return (part->style->sections & (1u << s->role)) != 0 || leads_here(plan, s, random);
    if (s->repeat > 0 && !part->asked && part->style->rank >= 3) {
        /* The second time round a part more, or one less. */
        if (tune_random_chance(random, 0.3))
            enters -= 0.2;
        else if (tune_random_chance(random, 0.18))
            enters += 0.2;
    }
    return s->energy >= enters && s->energy < leaves;
}

static guint bits(guint32 mask)
{
    return (guint)__builtin_popcount(mask);
}

/* Nobody at all, or a drummer alone, is no section: chords or melody come in. */
static void wake_someone(const Plan *plan, PlanSection *s)
{
    guint32 pitched = 0;

    for (gint i = 0; i < plan->n_parts; i++)
        if (!role_is_drums(plan->parts[i].role) && plan->parts[i].role != TUNE_ROLE_FX)
            pitched |= 1u << i;
    guint wanted = MIN(bits(pitched), s->energy > 0.3 ? 2 : 1);
    static const TuneRole order[] = {TUNE_ROLE_COMP, TUNE_ROLE_PAD, TUNE_ROLE_ARP, TUNE_ROLE_LEAD,
                                     TUNE_ROLE_BASS, TUNE_ROLE_COUNTER};
    for (gsize o = 0; o < G_N_ELEMENTS(order); o++)
        for (gint i = 0; i < plan->n_parts && bits(s->playing & pitched) < wanted; i++)
            if (plan->parts[i].role == order[o])
                s->playing |= 1u << i;
}

static gboolean ensemble_plays_through(const Plan *plan)
{
    if (plan->n_parts <= 2)
        return TRUE;
    for (gint i = 0; i < plan->n_parts; i++)
        if (plan->parts[i].style->enters_at > 0.05 && !plan->parts[i].asked)
            return FALSE;
    return plan->style->melody.strict;
}

static void choose_players(Plan *plan)
{
    const GArray *said = plan->brief->sections;

    for (gint i = 0; i < plan->n_sections; i++) {
        PlanSection *s = &plan->sections[i];
        for (gint p = 0; p < plan->n_parts; p++) {
            TuneRandom random;
            tune_random_init(&random, plan->seed, "section %d/%s/plays", i,
                             plan->parts[p].style->id);
            if (plays(plan, &plan->parts[p], s, &random))
                s->playing |= 1u << p;
        }
        if (ensemble_plays_through(plan))
            s->playing = (1u << plan->n_parts) - 1;
        const TuneBriefSection *b = !plan->brief->sections_partial && (gint)said->len == plan->n_sections
                                        ? &g_array_index(said, TuneBriefSection, i)
                                        : NULL;
        if (b != NULL && b->instruments->len > 0) {
            s->playing = 0;
            for (gint p = 0; p < plan->n_parts; p++)
                if (said_to_play(&plan->parts[p], b))
                    s->playing |= 1u << p;
            if (s->playing != 0)
                continue;
        }
        wake_someone(plan, s);
    }
}

/* Where a soloist plays, the singer waits. */
static void give_solos(Plan *plan)
{
    gint singer = -1;

    for (gint p = 0; p < plan->n_parts; p++) {
        if (plan->parts[p].role != TUNE_ROLE_LEAD)
            continue;
        if (singer < 0) {
            singer = p;
            continue;
        }
        for (gint i = 0; i < plan->n_sections && plan_is_soloist(plan, &plan->parts[p]); i++)
            if (plan->sections[i].playing & (1u << p)) {
                plan->sections[i].playing &= ~(1u << singer);
                plan_put_rolls_down(plan, &plan->parts[p], &plan->sections[i]);
            }
    }
}

/* Several leads of the style's own pass the tune on: in each section one of those that may play there has
 * it, by turns among the sections of a kind. */
static void take_turns(Plan *plan)
{
    for (gint i = 0; i < plan->n_sections && plan->brief->lyrics->len == 0; i++) {
        PlanSection *s = &plan->sections[i];
        gint found[PLAN_MAX_PARTS], n = 0, before = 0;
        for (gint p = 0; p < plan->n_parts; p++)
            if (plan->parts[p].role == TUNE_ROLE_LEAD && ((s->playing >> p) & 1)) {
                if (plan->parts[p].asked)
                    n = PLAN_MAX_PARTS;
                else if (n < PLAN_MAX_PARTS)
                    found[n++] = p;
            }
        for (gint k = 0; k < i; k++)
            before += plan->sections[k].role == s->role;
        for (gint k = 0; n > 1 && n < PLAN_MAX_PARTS && k < n; k++)
            if (k != before % n)
                s->playing &= ~(1u << found[k]);
    }
}

/* Asked instruments of said sections that the list of instruments does not hold. */
static void add_section_instruments(Arranger *a)
{
    const GArray *said = a->plan->brief->sections;

    for (guint i = 0; i < said->len; i++) {
        const TuneBriefSection *s = &g_array_index(said, TuneBriefSection, i);
        for (guint k = 0; s->instruments != NULL && k < s->instruments->len; k++) {
            TuneBriefInstrument one = {.instrument = s->instruments->pdata[k], .count = 1};
            gboolean there = FALSE;
            for (gint p = 0; p < a->plan->n_parts; p++)
                there |= strcmp(a->plan->parts[p].instrument->key, one.instrument->key) == 0;
            if (!there)
                add_asked_one(a, &one);
        }
    }
}

/* A part that never plays (a riser in a piece without builds) is no part; returns TRUE when left. */
static void drop_silent(Plan *plan)
{
    for (gint p = plan->n_parts; p-- > 0;) {
        guint32 any = 0;
        for (gint i = 0; i < plan->n_sections; i++)
            any |= plan->sections[i].playing & (1u << p);
        gboolean shares = FALSE;
        for (gint q = 0; q < plan->n_parts; q++)
            shares |= q != p && plan->parts[q].track == plan->parts[p].track;
        if (any != 0)
            continue;
        if (!shares)
            g_ptr_array_remove(plan->score->tracks, plan->parts[p].track);
        for (gint q = p; q + 1 < plan->n_parts; q++)
            plan->parts[q] = plan->parts[q + 1];
        plan->n_parts--;
        guint32 below = (1u << p) - 1;
        for (gint i = 0; i < plan->n_sections; i++) {
            guint32 mask = plan->sections[i].playing;
            plan->sections[i].playing = (mask & below) | ((mask >> 1) & ~below);
        }
    }
}

gboolean plan_arrange(Plan *plan, GError **error)
{
    Arranger a = {.plan = plan, .library = tune_vocabulary_instruments(plan->vocabulary)};

    tune_random_init(&a.random, plan->seed, "piece/parts");
    add_singer(&a);
    add_asked(&a);
    add_section_instruments(&a);
    if (!plan->brief->only_instruments || plan->n_parts == 0)
        add_style_parts(&a);
    share_roles(&a);
    blend(&a);
    if (plan->n_parts == 0) {
        g_set_error(error, TUNE_COMPOSE_ERROR, TUNE_COMPOSE_ERROR_IMPOSSIBLE,
                    "exclude: nobody is left to play");
        return FALSE;
    }
    clear_melody(plan);
    part_pad_from_comp(plan);
    choose_players(plan);
    give_solos(plan);
    take_turns(plan);
    plan_let_asked_be_heard(plan, ensemble_plays_through(plan));
    plan_obey_times(plan);
    drop_silent(plan);
    return TRUE;
}
