/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A sentence written as a list of moments: "[0:00 - 0:10] solo piano", "0:20 drums enter".
 */
#include "brief/sentence-private.h"

#include <string.h>

/* "0:00 soft piano, 0:20 drums enter": a list that begins at nought tells moments, not lengths. */
static gboolean begins_at_nought(const Reader *self, gint upto)
{
    for (gint i = 0; i <= upto; i++) {
        const TuneToken *token = tune_reader_token(self, i);
        if (token->kind == TUNE_TOKEN_CLOCK && tune_reader_is_edge(self, i - 1))
            return token->value == 0;
    }
    return FALSE;
}

/* "[0:00 - 0:10]", "(0:30)", "0:00-0:10:", or "0:20" in a list from 0:00, at @at; tokens used. */
static gint timed_head_at(const Reader *self, gint at, ReaderBlock *block)
{
    gboolean open = tune_reader_is_mark(self, at, '[') || tune_reader_is_mark(self, at, '(');
    gint i = at + (open ? 1 : 0);
    const TuneToken *token = tune_reader_token(self, i);

    if (token == NULL || token->kind != TUNE_TOKEN_CLOCK)
        return 0;
    *block = (ReaderBlock){.start = token->value, .end = -1};
    i++;
    gint dash = tune_reader_is_mark(self, i, '-') || tune_reader_is_word(self, i, "to") ? 1 : 0;
    token = tune_reader_token(self, i + dash);
    if (token != NULL && token->kind == TUNE_TOKEN_CLOCK && (dash > 0 || token->glue == '-')) {
        block->end = token->value;
        i += dash + 1;
    }
    if (open)
        return tune_reader_is_mark(self, i, ']') || tune_reader_is_mark(self, i, ')') ? i + 1 - at : 0;
    if (!tune_reader_is_edge(self, at - 1) || (block->end < 0 && !begins_at_nought(self, at)))
        return 0;
    return tune_reader_is_mark(self, i, ':') ? i + 1 - at : i - at;
}

static GArray *find_timed(Reader *self)
{
    GArray *blocks = g_array_new(FALSE, FALSE, sizeof(ReaderBlock));

    for (gint i = 0; i < (gint)self->tokens->len; i++) {
        ReaderBlock block;
        gint n = timed_head_at(self, i, &block);
        if (n == 0)
            continue;
        if (blocks->len > 0)
            g_array_index(blocks, ReaderBlock, blocks->len - 1).to = i;
        tune_reader_use(self, i, n);
        block.from = i + n;
        block.to = (gint)self->tokens->len;
        g_array_append_val(blocks, block);
        i += n - 1;
    }
    return blocks;
}

/* Who is named in the block; TRUE when nobody else plays there ("solo piano"). */
static void read_block_players(Reader *self, const ReaderBlock *block, TuneBriefSection *section,
                               const TuneBriefSection *before)
{
    gboolean alone = FALSE;
    g_autoptr(TuneBrief) named = tune_brief_new();

    named->style = self->brief->style;

    for (gint i = block->from; i < block->to; i++) {
        const ReaderMatch *match = tune_reader_match(self, i, LEXICON_N_KINDS);
        alone = alone || tune_reader_unit(self, i, UNIT_SOLO) || tune_reader_unit(self, i, UNIT_ONLY);
        if (match == NULL || match->at != (guint)i)
            continue;
        alone = alone || (match->entry->only && !match->negated);
        if (match->negated)
            tune_brief_exclude_entry(named, self->vocabulary, match->entry, TUNE_ORIGIN_SAID);
        else
            tune_brief_add_entry(named, self->vocabulary, match->entry, 1, TUNE_ORIGIN_SAID);
    }
    if (named->excluded->len > 0)
        section->silent = g_ptr_array_copy(named->excluded, NULL, NULL);
    if (named->instruments->len == 0)
        return;
    for (guint i = 0; !alone && before != NULL && i < before->instruments->len; i++)
        g_ptr_array_add(section->instruments, g_ptr_array_index(before->instruments, i));
    for (guint i = 0; i < named->instruments->len; i++) {
        gpointer who =
            (gpointer)g_array_index(named->instruments, TuneBriefInstrument, i).instrument;
        if (!g_ptr_array_find(section->instruments, who, NULL))
            g_ptr_array_add(section->instruments, who);
    }
}

static void read_block_energy(Reader *self, const ReaderBlock *block, TuneBriefSection *section)
{
    double sum = 0;
    gint n = 0;

    for (gint i = block->from; i < block->to; i++) {
        ReaderMatch *match = tune_reader_match(self, i, LEXICON_MOOD);
        if (match == NULL || match->at != (guint)i || match->negated)
            continue;
        sum += match->entry->arousal;
        n++;
    }
    if (n > 0)
        section->energy = CLAMP(0.5 + 0.5 * sum / n, 0, 1);
}

static TuneSectionRole role_of_block(Reader *self, const ReaderBlock *block, guint index, guint n)
{
    TuneSectionRole role = index == 0         ? TUNE_SECTION_INTRO
                           : index + 1 == n && n > 2 ? TUNE_SECTION_CHORUS : TUNE_SECTION_VERSE;

    for (gint i = block->from; i < block->to; i++) {
        ReaderMatch *match = tune_reader_match(self, i, LEXICON_N_KINDS);
        if (match == NULL || match->at != (guint)i || match->negated)
            continue;
        if (match->entry->kind == LEXICON_SECTION) {
            tune_reader_use(self, i, (gint)match->n);
            return match->entry->section;
        }
        if (match->entry->has_ending && match->entry->ending == TUNE_ENDING_FADE && index + 1 == n)
            role = TUNE_SECTION_OUTRO;
        else if (match->entry->kind == LEXICON_PHRASE && match->entry->shape == TUNE_SHAPE_BUILD && index > 0) {
            role = TUNE_SECTION_BUILD;
            if (n > 2)
                tune_reader_use(self, i, (gint)match->n); /* one section's, not the piece's */
        }
    }
    return role;
}

/* "1:00 end": the last moment is where the piece stops, not a section. */
static void take_end(Reader *self, GArray *blocks)
{
    static const char *const words[] = {"end", "ends", "ending", "stop", "finish", "fin"};
    ReaderBlock *last = blocks->len < 2 ? NULL : &g_array_index(blocks, ReaderBlock, blocks->len - 1);

    if (last == NULL || last->end >= 0 || !tune_reader_is_edge(self, last->from + 1))
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (!tune_reader_is_word(self, last->from, words[i]))
            continue;
        tune_reader_use(self, last->from, 1);
        last[-1].end = last->start;
        g_array_set_size(blocks, blocks->len - 1);
        return;
    }
}

gboolean tune_parse_timed(Reader *self, GError **error)
{
    TuneBrief *brief = self->brief;
    GArray *blocks = self->blocks = find_timed(self);

    take_end(self, blocks);
    for (guint i = 0; i < blocks->len; i++) {
        const ReaderBlock *block = &g_array_index(blocks, ReaderBlock, i);
        if (i > 0 && block->start <= block[-1].start) {
            g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_CONFLICT,
                        "structure: the times do not go on: %g seconds stands behind %g seconds", block->start,
                        block[-1].start);
            return FALSE;
        }
        for (gint k = block->from; k < block->to; k++)
            tune_reader_token(self, k)->timed = (gint)i + 1;
        tune_brief_add_section(brief, role_of_block(self, block, i, blocks->len), 0);
        TuneBriefSection *section = &g_array_index(brief->sections, TuneBriefSection, i);
        section->at_seconds = block->start;
        read_block_energy(self, block, section);
    }
    if (blocks->len == 0)
        return TRUE;
    brief->sections_origin = TUNE_ORIGIN_SAID;
    brief->sections_partial = TRUE;
    const ReaderBlock *last = &g_array_index(blocks, ReaderBlock, blocks->len - 1);
    return last->end < 0 || tune_brief_set_seconds(brief, last->end, error);
}

void tune_cast_blocks(Reader *self)
{
    GArray *sections = self->brief->sections;

    for (guint i = 0; i < self->blocks->len && i < sections->len; i++) {
        TuneBriefSection *section = &g_array_index(sections, TuneBriefSection, i);
        read_block_players(self, &g_array_index(self->blocks, ReaderBlock, i), section,
                           i > 0 ? section - 1 : NULL);
    }
}
