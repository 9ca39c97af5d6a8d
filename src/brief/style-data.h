/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The members of a style, for the composer.  style.c reads names, tempo, form, harmony, melody, parts,
 * mix; style-groove.c reads grooves, fills, bass and comping idioms.
 */
#pragma once
#include "brief/style.h"
#include "brief/style-groove.h"

typedef struct StylePart StylePart;
