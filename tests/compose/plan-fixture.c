/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-fixture.h"
#include "base/data.h"

const char *const plan_fixture_styles[] = {
    "ambient", "blues", "cinematic", "classical", "country", "electronic", "folk", "funk", "gospel",
    "jazz",    "metal", "pop",       "punk",      "reggae",  "rock",       "ska",  "soul", NULL};

static const TuneInstrument *likeliest(PlanFixture *self, const StylePart *part)
{
    const StyleChoice *best = NULL;

    for (guint i = 0; i < part->instruments->len; i++) {
        const StyleChoice *choice = &g_array_index(part->instruments, StyleChoice, i);
        if (best == NULL || choice->weight > best->weight)
            best = choice;
    }
    g_assert_nonnull(best);
    const TuneInstrument *instrument = tune_instruments_find(self->instruments, best->name);
    g_assert_nonnull(instrument);
    return instrument;
}

static void add_sections(Plan *plan, gint max_sections)
{
    const StyleForm *form = &g_array_index(plan->style->forms, StyleForm, 0);
    gint n = MIN((gint)form->sections->len, max_sections), bar = 0;
    gint heard[64] = {0};

    plan->sections = g_new0(PlanSection, n);
    plan->n_sections = n;
    for (gint i = 0; i < n; i++) {
        const StyleSection *from = &g_array_index(form->sections, StyleSection, i);
        PlanSection *s = &plan->sections[i];
        gint material = (from->material - 'A') & 63;
        *s = (PlanSection){.role = from->role,
                           .material = material,
                           .repeat = heard[material]++,
                           .start_bar = bar,
                           .bars = MIN(from->bars, 8),
                           .energy = from->energy,
                           .last = i + 1 == n,
                           .phrase_bars = 4};
        if (s->last)
            s->bars++; /* the final chord */
        g_snprintf(s->name, sizeof s->name, "%s %d", tune_section_role_name(s->role), i);
        s->start_tick = bar * plan->bar_ticks;
        s->ticks = s->bars * plan->bar_ticks;
        bar += s->bars;
    }
    plan->n_bars = bar;
    plan->ticks = bar * plan->bar_ticks;
}

static void add_chords(Plan *plan)
{
    static const char *const loop[] = {"C", "Am7", "F", "G7"};
    TuneKey key = {.tonic = 0, .mode = TUNE_MODE_MAJOR};

    plan->key = key;
    plan->n_chords = plan->n_bars;
    plan->chords = g_new0(PlanChord, plan->n_chords);
    for (gint i = 0; i < plan->n_chords; i++) {
        PlanChord *c = &plan->chords[i];
        gboolean final = i == plan->n_chords - 1;
        g_assert_true(tune_chord_parse(final ? "C" : loop[i % 4], &c->chord));
        c->tick = i * plan->bar_ticks;
        c->ticks = plan->bar_ticks;
        c->key = key;
        c->scale = tune_key_mask(key);
        c->function = i % 4 == 3 && !final ? FUNCTION_DOMINANT : FUNCTION_TONIC;
        c->cadence = i % 4 == 3;
    }
}

/* Close position from the bottom of the register. */
static void add_voicings(Plan *plan, PlanPart *part)
{
    part->voicings = g_new0(Voicing, plan->n_chords);
    for (gint i = 0; i < plan->n_chords; i++) {
        Voicing *v = &part->voicings[i];
        guint16 mask = tune_chord_mask(plan->chords[i].chord);
        guint most = MIN(4, MAX(1, part->instrument->polyphony));
        for (gint pitch = MAX(part->low, part->high - 19); pitch <= part->high && v->n < most;
             pitch++)
            if ((mask >> (pitch % 12)) & 1)
                v->pitch[v->n++] = (guint8)pitch;
    }
}

static void add_melody(Plan *plan, PlanPart *part, gint index)
{
    static const gint tune[] = {0, 2, 4, 7, 4, 2};
    gint middle = (part->low + part->high) / 2, base = middle - middle % 12;

    for (gint s = 0; s < plan->n_sections; s++) {
        const PlanSection *section = &plan->sections[s];
        if (!plan_plays(section, index))
            continue;
        for (gint b = 0; b < section->bars; b++) {
            gint start = section->start_tick + b * plan->bar_ticks;
            if (start >= plan->final_tick || b % 4 == 3)
                continue;
            for (gint k = 0; k * plan->beat_ticks < plan->bar_ticks; k++) {
                gint pitch = CLAMP(base + tune[(b + k) % 6], part->low, part->high);
                plan_add_note(plan, part, start + k * plan->beat_ticks,
                              MIN(plan->beat_ticks, plan->bar_ticks - k * plan->beat_ticks), pitch,
                              80);
            }
        }
    }
}

static void add_parts(PlanFixture *self)
{
    Plan *plan = &self->plan;
    const GArray *parts = plan->style->parts;

    for (guint i = 0; i < MIN(parts->len, PLAN_MAX_PARTS); i++) {
        const StylePart *from = &g_array_index(parts, StylePart, i);
        PlanPart *part = &plan->parts[plan->n_parts];
        const TuneInstrument *instrument = likeliest(self, from);
        if (from->role == TUNE_ROLE_PERC && instrument->is_drums)
            continue; /* one drum track */
        *part = (PlanPart){.instrument = instrument, .role = from->role, .style = from};
        part->low = CLAMP(from->low, instrument->low, instrument->high);
        part->high = CLAMP(from->high, instrument->low, instrument->high);
        part->track = tune_score_add_track(plan->score, from->id, from->id);
        part->track->role = from->role;
        part->track->is_drums = instrument->is_drums;
        part->track->program = instrument->program;
        for (gint s = 0; s < plan->n_sections; s++) {
            double energy = plan->sections[s].energy;
            guint32 role = 1u << plan->sections[s].role;
            if (energy >= from->enters_at && energy < from->leaves_at &&
                (from->sections == 0 || (from->sections & role) != 0))
                plan->sections[s].playing |= 1u << plan->n_parts;
        }
        plan->n_parts++;
    }
}

PlanFixture *plan_fixture_new(const char *name, const char *metre, double beat_bpm, guint64 seed,
                              TuneEnding ending, gint max_sections)
{
    PlanFixture *self = g_new0(PlanFixture, 1);
    Plan *plan = &self->plan;
    g_autofree char *path = tune_data_find("instruments.yaml", NULL);

    self->styles = tune_styles_load(NULL);
    self->instruments = tune_instruments_load(path, NULL);
    g_assert_nonnull(self->styles);
    g_assert_nonnull(self->instruments);
    self->brief.sections = g_array_new(FALSE, FALSE, sizeof(TuneBriefSection));
    plan->brief = &self->brief;
    plan->style = tune_styles_find(self->styles, name);
    g_assert_nonnull(plan->style);
    g_assert_true(tune_style_require(plan->style, NULL));
    plan->seed = seed;
    plan->score = tune_score_new();
    g_assert_true(tune_metre_parse(metre, &plan->metre));
    plan->bar_ticks = tune_metre_bar_ticks(plan->metre);
    plan->beat_ticks = tune_metre_beat_ticks(plan->metre);
    plan->quarter_bpm = tune_metre_quarter_bpm(plan->metre, beat_bpm);
    plan->swing = plan->style->grooves.perform.swing;
    plan->swing_sixteenths = plan->style->grooves.perform.swing_sixteenths;
    plan->ending = ending;
    add_sections(plan, max_sections);
    plan->final_tick = ending == TUNE_ENDING_LOOP || ending == TUNE_ENDING_FADE
                           ? plan->ticks
                           : plan->ticks - plan->bar_ticks;
    add_chords(plan);
    add_parts(self);
    for (gint i = 0; i < plan->n_parts; i++) {
        TuneRole role = plan->parts[i].role;
        if (role == TUNE_ROLE_COMP || role == TUNE_ROLE_ARP || role == TUNE_ROLE_PAD)
            add_voicings(plan, &plan->parts[i]);
        if (role == TUNE_ROLE_LEAD)
            add_melody(plan, &plan->parts[i], i);
    }
    return self;
}

void plan_fixture_free(PlanFixture *self)
{
    for (gint i = 0; i < self->plan.n_parts; i++)
        g_free(self->plan.parts[i].voicings);
    g_free(self->plan.sections);
    g_free(self->plan.chords);
    tune_score_unref(self->plan.score);
    tune_styles_unref(self->styles);
    tune_instruments_unref(self->instruments);
    g_array_unref(self->brief.sections);
    g_free(self);
}

void plan_fixture_play(PlanFixture *self)
{
    plan_drums(&self->plan);
    plan_bass(&self->plan);
    plan_comping(&self->plan);
    plan_perform(&self->plan);
}

PlanPart *plan_fixture_part(PlanFixture *self, TuneRole role)
{
    for (gint i = 0; i < self->plan.n_parts; i++)
        if (self->plan.parts[i].role == role)
            return &self->plan.parts[i];
    return NULL;
}

char *plan_fixture_dump(const PlanFixture *self)
{
    GString *out = g_string_new(NULL);

    for (gint i = 0; i < self->plan.n_parts; i++) {
        const PlanPart *part = &self->plan.parts[i];
        for (guint n = 0; n < part->track->notes->len; n++) {
            const TuneNote *note = &g_array_index(part->track->notes, TuneNote, n);
            g_string_append_printf(out, "%s %d %d %d %d %d %d %d\n", part->track->id, note->onset,
                                   note->duration, note->pitch, note->velocity, note->onset_offset,
                                   note->duration_offset, note->articulation);
        }
    }
    return g_string_free(out, FALSE);
}
