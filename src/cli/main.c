/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/front.h"

int main(int argc, char **argv)
{
    return tune_front_main(argc, argv);
}
