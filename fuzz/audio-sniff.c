/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a file is by its first bytes; a kind that is found must have a name and a type.
 */
#include "audio/sniff.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    TuneSniffed kind;

    if (tune_sniff(data, size, &kind, &error))
        g_assert(tune_sniffed_name(kind) != NULL && tune_sniffed_mime(kind) != NULL);
    else
        g_assert(error != NULL);
    return 0;
}
