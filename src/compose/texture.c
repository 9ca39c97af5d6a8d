/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Textures: how the voices of a section hang together.  Sections of one material and role share theirs,
 * variations each take another.
 */
#include "compose/pattern.h"
#include "compose/weave.h"

#include <string.h>

PlanPart *plan_doubled(const Plan *plan, const PlanPart *part)
{
    for (gint i = 0; i < plan->n_parts && part->style->doubles != NULL; i++)
        if (strcmp(plan->parts[i].style->id, part->style->doubles) == 0 && &plan->parts[i] != part)
            return (PlanPart *)&plan->parts[i];
    return NULL;
}

gboolean plan_writes(const Plan *plan, const PlanSection *section, gint index)
{
    return plan_plays(section, index) && !(section->woven & (1u << index)) &&
           plan_doubled(plan, &plan->parts[index]) == NULL;
}

static gboolean is_single(const PlanPart *part)
{
    return part->style->voices == 1 || part->instrument->polyphony <= 2;
}

gboolean weave_is_voice(const Plan *plan, gint index, const PlanSection *section)
{
    const PlanPart *part = &plan->parts[index];

    if (!(section->playing & (1u << index)) || part->instrument->is_drums ||
        plan_doubled(plan, part) != NULL)
        return FALSE;
    switch (part->role) {
    case TUNE_ROLE_LEAD:
    case TUNE_ROLE_BASS:
        return TRUE;
    case TUNE_ROLE_COUNTER:
    case TUNE_ROLE_COMP:
        return is_single(part);
    default:
        return FALSE;
    }
}

static guint32 voices_of(const Plan *plan, const PlanSection *section)
{
    guint32 voices = 0;

    for (gint i = 0; i < plan->n_parts; i++)
        if (weave_is_voice(plan, i, section) && __builtin_popcount(voices) < WEAVE_MOST_VOICES)
            voices |= 1u << i;
    return voices;
}

static gboolean has_role(const Plan *plan, guint32 parts, TuneRole role)
{
    for (gint i = 0; i < plan->n_parts; i++)
        if (((parts >> i) & 1) && plan->parts[i].role == role)
            return TRUE;
    return FALSE;
}

/* The ending is written note against note: what is heard there again cannot be a fugue before. */
static gboolean comes_last(const Plan *plan, const PlanSection *s)
{
    const PlanSection *last = &plan->sections[plan->n_sections - 1];

    return s->last || (last->material == s->material && last->role == s->role);
}

/* Somebody has to be there to weave. */
static gboolean is_possible(const Plan *plan, const StyleTexture *t, const PlanSection *s)
{
    guint32 voices = voices_of(plan, s);
    gint n = __builtin_popcount(voices);

    if (!has_role(plan, voices, TUNE_ROLE_LEAD))
        return t->weave == STYLE_WEAVE_FREE;
    switch (t->weave) {
    case STYLE_WEAVE_CHORALE:
        return n >= 3 && has_role(plan, voices, TUNE_ROLE_BASS);
    case STYLE_WEAVE_FUGUE:
    case STYLE_WEAVE_IMITATION:
        return n >= 2 && s->bars >= 4 && plan->brief->lyrics->len == 0 && !s->theme &&
               !comes_last(plan, s);
    case STYLE_WEAVE_UNISON:
        return n >= 2;
    default:
        return TRUE;
    }
}

/* One energy for all sections that must be recognised as the same. */
static double shared_energy(const Plan *plan, const PlanSection *s)
{
    double sum = 0;
    gint n = 0;

    for (gint i = 0; i < plan->n_sections; i++)
        if (plan->sections[i].material == s->material && plan->sections[i].role == s->role) {
            sum += plan->sections[i].energy;
            n++;
        }
    return n > 0 ? sum / n : s->energy;
}

/* The texture that the form names, where it is possible. */
static const StyleTexture *named(const Plan *plan, const PlanSection *s)
{
    const GArray *all = plan->style->textures;

    for (guint i = 0; i < all->len && s->texture_name != NULL; i++) {
        const StyleTexture *t = &g_array_index(all, StyleTexture, i);
        if (strcmp(t->name, s->texture_name) == 0 && is_possible(plan, t, s))
            return t;
    }
    return NULL;
}

/* Draws among the textures that suit @energy; @free: only those in which each part writes its own. */
static const StyleTexture *draw(const Plan *plan, const PlanSection *s, double energy, gboolean free,
                                const StyleTexture *before)
{
    const GArray *all = plan->style->textures;
    double weights[24] = {0}, sum = 0;
    guint n = MIN(all->len, G_N_ELEMENTS(weights));
    gboolean varies = s->role == TUNE_SECTION_VARIATION;
    TuneRandom random;

    for (guint i = 0; i < n; i++) {
        const StyleTexture *t = &g_array_index(all, StyleTexture, i);
        if ((t->sections != 0 && !(t->sections & (1u << s->role))) || energy < t->energy[0] ||
            energy > t->energy[1] || (free && t->weave != STYLE_WEAVE_FREE) || !is_possible(plan, t, s))
            continue;
        weights[i] = t->weight * (t->sections != 0 ? 2 : 1) * (varies && t == before ? 0.05 : 1);
        sum += weights[i];
    }
    if (sum <= 0)
        return NULL;
    tune_random_init(&random, plan->seed, "material %d/texture/%d/%d", s->material, s->role,
                     varies ? s->repeat : 0);
    return &g_array_index(all, StyleTexture, tune_random_weighted(&random, weights, n));
}

/* What is heard again is woven as before; how it is played goes by the section's own energy. */
static const StyleTexture *choose(const Plan *plan, const PlanSection *s, const StyleTexture *before)
{
    gboolean varies = s->role == TUNE_SECTION_VARIATION;
    const StyleTexture *t = draw(plan, s, varies ? s->energy : shared_energy(plan, s), FALSE, before);

    if (t == NULL || t->weave != STYLE_WEAVE_FREE || varies)
        return t;
    const StyleTexture *own = draw(plan, s, s->energy, TRUE, before);
    return own != NULL ? own : t;
}

static gint part_of_id(const Plan *plan, const char *id)
{
    for (gint i = 0; i < plan->n_parts; i++)
        if (strcmp(plan->parts[i].style->id, id) == 0)
            return i;
    return -1;
}

/* Who sings: the first time the lead, then one of those that the texture names. */
static gint choose_singer(const Plan *plan, const PlanSection *s)
{
    gint found[16], n = 0;
    TuneRandom random;

    for (char **id = s->texture->melody; id != NULL && *id != NULL && n < 16; id++) {
        gint i = part_of_id(plan, *id);
        if (i >= 0 && !plan->parts[i].instrument->is_drums)
            found[n++] = i;
    }
    if (n == 0 || s->theme || (s->role == TUNE_SECTION_THEME && s->repeat == 0) || !has_role(plan, voices_of(plan, s), TUNE_ROLE_LEAD) ||
        plan->brief->lyrics->len > 0 || s->texture->weave != STYLE_WEAVE_FREE)
        return -1;
    gboolean varies = s->role == TUNE_SECTION_VARIATION;
    tune_random_init(&random, plan->seed, "material %d/singer/%d", s->material, s->role);
    return found[(tune_random_int(&random, 0, n - 1) + (varies ? s->repeat : 0)) % n];
}

static void take_out(Plan *plan, PlanSection *s)
{
    guint32 left = s->playing;

    for (char **id = s->texture->rests; id != NULL && *id != NULL; id++) {
        gint i = part_of_id(plan, *id);
        if (i >= 0 && !plan->parts[i].asked && plan->parts[i].role != TUNE_ROLE_LEAD)
            left &= ~(1u << i);
    }
    if (left != 0)
        s->playing = left;
}

/* Voices can only be woven again where the same people play: the lead that plays in one section of a material
 * and role plays in all of them, in styles that have textures. */
static void call_the_lead(Plan *plan)
{
    gint lead = -1;

    for (gint i = plan->n_parts; i-- > 0;)
        if (plan->parts[i].role == TUNE_ROLE_LEAD)
            lead = i;
    if (lead < 0 || plan->style->textures->len == 0 || plan->brief->sections->len > 0)
        return;
    for (gint i = 0; i < plan->n_sections; i++)
        for (gint k = 0; k < plan->n_sections; k++) {
            const PlanSection *s = &plan->sections[i], *other = &plan->sections[k];
            gboolean alike = s->material == other->material && s->role == other->role;
            if ((alike && plan_plays(other, lead)) || (s->texture_name != NULL && i == k))
                plan->sections[i].playing |= 1u << lead;
        }
}

void plan_textures(Plan *plan)
{
    const StyleTexture *before = NULL;

    call_the_lead(plan);

    for (gint i = 0; i < plan->n_sections; i++) {
        PlanSection *s = &plan->sections[i];
        if (s->theme) /* a given tune is sung by the lead, as it is */
            continue;
        s->texture = named(plan, s);
        if (s->texture == NULL)
            s->texture = choose(plan, s, before);
        if (s->texture == NULL)
            continue;
        before = s->texture;
        take_out(plan, s);
        gint singer = choose_singer(plan, s);
        if (singer >= 0) {
            s->singer = singer + 1;
            s->playing |= 1u << singer;
            s->woven |= 1u << singer;
        }
        if (s->texture->weave != STYLE_WEAVE_FREE)
            s->woven |= voices_of(plan, s);
    }
}
