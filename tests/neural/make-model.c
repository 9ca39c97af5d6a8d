/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writes one of the small models that the tests are made with, for tests of whole programs:
 *     tune-make-model FOLDER [shards]
 */
#include "model-maker.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    const TestModel model = {.n_shards = argc > 2 ? (guint)atoi(argv[2]) : 1, .positions = TRUE};

    if (argc < 2)
        return 2;
    test_model_write(&model, argv[1]);
    return 0;
}
