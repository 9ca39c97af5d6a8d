/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Moments of the brief: "[0:00 - 0:10] solo piano", "the strings come in at 1:20".
 */
#pragma once
#include "compose/compose-private.h"

/* Who plays in each section, by the said sections that have a time: each rules from its moment to the next
 * one's, over however many sections the form has there.  Runs last in plan_arrange(), because what is said
 * about a moment outranks that an asked part be heard everywhere. */
void plan_obey_times(Plan *plan);
