/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A given melody as the theme of a piece.
 *
 *   theme.c          takes it from a score; what it asks of a brief
 *   theme-form.c     finds its place in the form, moves it into metre and key, and sings it
 *   theme-harmony.c  finds the chords
 *
 *     g_autoptr(TuneTheme) theme = tune_theme_from_score(score, &error);
 *     tune_brief_set_theme(brief, theme);      // before tune_brief_complete()
 */
#pragma once
#include "brief/brief.h"
#include "score/score.h"

/* The melody of @score: the part that leads, is called so ("lead", "melody", "vocal" ...), or lies highest;
 * of a score with sections its hook (chorus, drop or theme), else its first sixteen bars (all of it when it
 * has no more than thirty-two).  TUNE_COMPOSE_ERROR_IMPOSSIBLE when there is no melody. */
TuneTheme *tune_theme_from_score(const TuneScore *score, GError **error);

/* Puts @theme into the brief; its metre and key hold where none was said, and a mood that was said may turn
 * major into minor or minor into major. */
void tune_brief_set_theme(TuneBrief *brief, const TuneTheme *theme);
