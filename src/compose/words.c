/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lyrics: which block is sung in which section, and the rhythm that each line's syllables ask for.
 *
 * A line's syllables are laid on a grid by shortest path: stressed syllables want strong places, the
 * others weak ones, all want about the same room, the last one a strong place and time to ring.
 */
#include "brief/lyrics.h"
#include "compose/melody.h"

#include <math.h>

#define MOST_SLOTS 96
#define MOST_SYLLABLES 64

struct Words {
    TuneSyllables *syllables;
    const TuneLyricBlock **blocks; /* [n_sections], NULL = not sung */
};

static gboolean is_sung(TuneSectionRole role)
{
    return role != TUNE_SECTION_INTRO && role != TUNE_SECTION_SOLO && role != TUNE_SECTION_INTERLUDE &&
           role != TUNE_SECTION_BUILD && role != TUNE_SECTION_OUTRO && role != TUNE_SECTION_CODA;
}

static const TuneLyricBlock *block_at(const Plan *plan, guint i)
{
    return &g_array_index(plan->brief->lyrics, TuneLyricBlock, i);
}

/* The last block of this role before block @end: a chorus that comes again is sung again. */
static const TuneLyricBlock *sung_before(const Plan *plan, TuneSectionRole role, guint end)
{
    for (guint i = end; i-- > 0;)
        if (block_at(plan, i)->role_said && block_at(plan, i)->role == role)
            return block_at(plan, i);
    return NULL;
}

static void assign_blocks(Words *self, const Plan *plan)
{
    guint next = 0, n = plan->brief->lyrics->len;

    for (gint i = 0; i < plan->n_sections; i++) {
        TuneSectionRole role = plan->sections[i].role;
        const TuneLyricBlock *block = next < n ? block_at(plan, next) : NULL;
        gboolean fits = block != NULL && (block->role_said ? block->role == role : is_sung(role));
        if (fits)
            next++;
        self->blocks[i] = fits ? block : NULL;
        if (!fits && role == TUNE_SECTION_CHORUS)
            self->blocks[i] = sung_before(plan, role, next);
    }
    /* Blocks whose role the form does not have are sung in the next free section. */
    for (gint i = 0; i < plan->n_sections && next < n; i++)
        if (self->blocks[i] == NULL && is_sung(plan->sections[i].role))
            self->blocks[i] = block_at(plan, next++);
    if (next < n && plan->notes != NULL)
        g_ptr_array_add(plan->notes, g_strdup_printf("%u blocks of the lyrics found no section to be "
                                                     "sung in: there is too little time",
                                                     n - next));
}

Words *words_new(const Plan *plan)
{
    if (plan->brief->lyrics->len == 0)
        return NULL;
    Words *self = g_new0(Words, 1);
    self->syllables = tune_syllables_new();
    self->blocks = g_new0(const TuneLyricBlock *, plan->n_sections);
    assign_blocks(self, plan);
    return self;
}

void words_free(Words *self)
{
    if (self == NULL)
        return;
    tune_syllables_free(self->syllables);
    g_free(self->blocks);
    g_free(self);
}

gboolean words_has(const Words *self, gint index)
{
    return self != NULL && self->blocks[index] != NULL;
}

/* ---- a line's rhythm ---- */

typedef struct {
    gint grid, n_slots;       /* ticks of a slot */
    double weight[MOST_SLOTS];
    gboolean known[MOST_SLOTS]; /* the stanza before had a syllable here */
} Grid;

/* Eighths, or finer when there are many syllables. */
static void make_grid(const Plan *plan, gint start, gint ticks, gint n_syllables, Grid *out)
{
    gint grid = tune_metre_is_compound(plan->metre) ? plan->beat_ticks / 3 : plan->beat_ticks / 2;
    gint usable = ticks - plan->beat_ticks / 2;

    while (grid > 60 && usable / grid < n_syllables * 5 / 4)
        grid /= 2;
    while (usable / grid > MOST_SLOTS)
        grid *= 2;
    out->grid = grid;
    out->n_slots = CLAMP(usable / grid, 1, MOST_SLOTS);
    for (gint i = 0; i < out->n_slots; i++)
        out->weight[i] = tune_metre_weight(plan->metre, (start + i * grid) % plan->bar_ticks);
}

static double place_cost(const Grid *g, const GArray *syllables, guint k, gint slot)
{
    gboolean stressed = g_array_index(syllables, TuneSyllable, k).stressed;
    gboolean last = k + 1 == syllables->len;
    double w = g->weight[slot];

    return (stressed ? 1.6 * (1 - w) : 0.7 * w) + (last ? 1.2 * (1 - w) : 0) -
           (g->known[slot] ? 0.45 : 0);
}

/* Slots of all syllables, ascending. */
static void place(const Grid *g, const GArray *syllables, gint *slots)
{
    guint n = syllables->len;
    double ideal = MAX(1.0, (double)(g->n_slots - 1) / MAX(1, n));
    g_autofree double *cost = g_new(double, n * MOST_SLOTS);
    g_autofree gint *from = g_new0(gint, n * MOST_SLOTS);

    for (guint k = 0; k < n; k++)
        for (gint s = 0; s < g->n_slots; s++) {
            double best = k == 0 ? 0.08 * s : 1e9;
            for (gint t = 0; k > 0 && t < s; t++) {
                double gap = (s - t) / ideal - 1;
                double c = cost[(k - 1) * MOST_SLOTS + (guint)t] + 0.8 * gap * gap;
                if (c < best) {
                    best = c;
                    from[k * MOST_SLOTS + (guint)s] = t;
                }
            }
            cost[k * MOST_SLOTS + (guint)s] = best + place_cost(g, syllables, k, s);
        }
    gint s = 0;
    for (gint i = 1; i < g->n_slots; i++)
        if (cost[(n - 1) * MOST_SLOTS + (guint)i] < cost[(n - 1) * MOST_SLOTS + (guint)s])
            s = i;
    for (guint k = n; k-- > 0;) {
        slots[k] = s;
        s = from[k * MOST_SLOTS + (guint)s];
    }
}

static void mark_known(const Line *old, gint at, Grid *g)
{
    for (gint i = 0; i < g->n_slots; i++)
        g->known[i] = FALSE;
    for (gint i = 0; old != NULL && i < old->n; i++) {
        gint slot = (old->note[i].tick - at) / g->grid;
        if (old->note[i].tick >= at && slot < g->n_slots && (old->note[i].tick - at) % g->grid == 0)
            g->known[slot] = TRUE;
    }
}

static void lay_line(Words *self, const Plan *plan, PlanPart *part, const Motif *motif, const char *text,
                     gint at, gint ticks, const Line *old, Line *line)
{
    g_autoptr(GArray) syllables = tune_syllables_of_line(self->syllables, text);
    gint slots[MOST_SYLLABLES], first = line->n;
    Grid grid;

    if (syllables->len > MOST_SYLLABLES)
        g_array_set_size(syllables, MOST_SYLLABLES);
    if (syllables->len == 0)
        return;
    make_grid(plan, line->start + at, ticks, (gint)syllables->len, &grid);
    mark_known(old, at, &grid);
    while ((gint)syllables->len > grid.n_slots)
        g_array_set_size(syllables, (guint)grid.n_slots);
    place(&grid, syllables, slots);
    for (guint k = 0; k < syllables->len && line->n < LINE_MAX_NOTES; k++) {
        gint tick = at + slots[k] * grid.grid;
        gint end = k + 1 < syllables->len ? at + slots[k + 1] * grid.grid : at + ticks - plan->beat_ticks / 2;
        g_autofree char *name = tune_syllable_score_text(&g_array_index(syllables, TuneSyllable, k));
        line->note[line->n++] = (LineNote){
            .tick = tick,
            .ticks = CLAMP(end - tick, grid.grid / 2, plan->bar_ticks),
            .want = k == 0 ? LINE_FREE : motif->step[(gint)k % MAX(1, motif->n)],
            .syllable = tune_track_add_syllable(part->track, name),
        };
    }
    line->note[line->n - 1].ends = TRUE;
    if (line->n == first)
        return;
    line->note[first].want = LINE_FREE;
}

gboolean words_lay(Words *self, const Plan *plan, PlanPart *part, gint index, gint phrase,
                   gint n_phrases, const Line *old, Line *line)
{
    if (!words_has(self, index))
        return FALSE;
    const GPtrArray *lines = self->blocks[index]->lines;
    guint from = lines->len * (guint)phrase / (guint)n_phrases;
    guint to = lines->len * (guint)(phrase + 1) / (guint)n_phrases;
    Motif motif;

    line->n = 0;
    if (from == to) /* fewer lines than phrases: this one is left to the others */
        return TRUE;
    motif_make(plan, &plan->sections[index], "a", 1.5, &motif);
    gint room = line->ticks / (gint)(to - from);
    room = MAX(plan->beat_ticks, room - room % plan->beat_ticks);
    for (guint i = from; i < to; i++) {
        gint at = (gint)(i - from) * room;
        gint ticks = i + 1 == to ? line->ticks - at : room;
        if (ticks > 0)
            lay_line(self, plan, part, &motif, lines->pdata[i], at, ticks, old, line);
    }
    return TRUE;
}
