/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include "cli/cli.h"

/* generate --engine simulate: prompt and metadata as one JSON object, to standard output or to the file
 * of --output. */
gint tune_generate_simulated(TuneCli *cli, GError **error);
