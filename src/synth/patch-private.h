/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What patch.c, patch-tone.c and patch-kit.c share.
 */
#pragma once
#include "base/yaml.h"
#include "synth/patch.h"

/* The parts of a file; @self has the defaults. */
gboolean tune_patch_read_tone(const TuneYamlNode *root, TuneTonePatch *self, GError **error);
gboolean tune_patch_read_kit(const TuneYamlNode *root, TuneKit *self, GError **error);

/* The index of the text of @key among the NULL-terminated @names into *@out; what is there when the key
 * is missing stays. */
gboolean tune_patch_read_choice(const TuneYamlNode *map, const char *key, const char *const *names,
                                guint *out, GError **error);

