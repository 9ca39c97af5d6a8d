/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Secrets that all servers on one database share: made once by the first that asks.
 */
#pragma once
#include "store/store.h"

/* 64 hexadecimal digits of randomness under @name, the same for everybody from then on. (transfer full) */
char *tune_secret_get(TuneStore *store, const char *name, GError **error);
