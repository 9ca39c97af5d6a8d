/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "checks.h"

#include "brief/style-data.h"

#include <string.h>

/* What a style may be excused from. */
static const char *const EXEMPTIBLE[] = {"breath", "fills", "hook-returns", "velocity-spread"};

/* "breath: drones sound through" begins with the property's name and a colon. */
static gboolean names(const char *line, const char *property)
{
    gsize length = strlen(property);

    return strncmp(line, property, length) == 0 && line[length] == ':';
}

gboolean style_is_exempt(const TuneStyle *style, const char *property)
{
    for (guint i = 0; style->exempt[i] != NULL; i++)
        if (names(style->exempt[i], property))
            return TRUE;
    return FALSE;
}

void check_exemptions(Violations *found, const TuneStyle *style)
{
    violations_checked(found, "style/exemptions", 1);
    for (guint i = 0; style->exempt[i] != NULL; i++) {
        gboolean known = FALSE;

        for (gsize k = 0; k < G_N_ELEMENTS(EXEMPTIBLE); k++)
            known = known || names(style->exempt[i], EXEMPTIBLE[k]);
        if (!known || strlen(style->exempt[i]) < 20)
            violations_add(found, "style/exemptions", NULL,
                           "%s: \"%s\" names no property or no reason", style->name,
                           style->exempt[i]);
    }
}
