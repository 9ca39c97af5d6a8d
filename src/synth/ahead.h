/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A stage that works ahead: the source before it runs in a thread of its own, a few blocks in front of
 * the reader, so that mastering and encoding share two cores.  Same frames, same errors.
 */
#pragma once
#include "audio/source.h"

/* @source (stereo) is owned from now on.  (transfer full) */
TuneSource *tune_ahead_new(TuneSource *source);
