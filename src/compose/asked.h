/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who was asked for is heard: often enough, and before those whom nobody asked for.
 */
#pragma once
#include "compose/compose-private.h"

/* Lets the asked parts (and those that a style is not itself without) play in more sections, from the first
 * in which they have something to do.  @ensemble: everybody plays through, nobody waits. */
void plan_let_asked_be_heard(Plan *plan, gboolean ensemble);
