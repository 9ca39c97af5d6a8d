/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What somebody typed into a search box, as a query of the database's full-text search: words (all must be
 * there), beginnings*, "phrases", -excluded.  Only letters and digits of the text get into the query.
 */
#pragma once
#include <glib.h>

/* PostgreSQL's tsquery or SQLite's FTS5 query; NULL when nothing to look for is left.  @beginnings: words of three
 * letters or more stand for all that begin with them, star or not. (transfer full) */
char *tune_search_query(const char *words, gboolean beginnings, gboolean postgres);
