/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the properties found.  A property is a name like "hard/tempo"; every check notes that it
 * looked (violations_checked) and each breach with the request that shows it.  A property that was
 * never looked at is a failure too: a generator that stopped asking for 6/8 must not pass in
 * silence.
 *
 * One thread writes at a time; a mutex inside sees to it.
 */
#pragma once
#include "ask.h"

typedef struct Violations Violations;
Violations *violations_new(void);
void violations_free(Violations *self);

/* The property was looked at @n times. */
void violations_checked(Violations *self, const char *property, guint n);

/* A breach.  @ask (nullable) gives the command that shows it. */
void violations_add(Violations *self, const char *property, const Ask *ask, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* Fails the current GLib test when @property has a breach or was never looked at; prints the first
 * few breaches with their commands.  @allowed_share: breaches per look that are still fine (0 for
 * what must hold exactly); where any is allowed, one is, however few the looks. */
void violations_assert(Violations *self, const char *property, double allowed_share);

/* Breaches of @property so far. */
guint violations_count(Violations *self, const char *property);

/* One line a property: looked at, breaches.  (transfer full) */
char *violations_table(Violations *self);

/* Every breach as JSON lines: property, index, seed, command, what. */
gboolean violations_save(Violations *self, const char *path, GError **error);
