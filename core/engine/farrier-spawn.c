/* farrier-spawn: keeps one vendor tool alive beside the daemon, and notes how it ended.
 *
 * Started by farrierd with an attempt's directory (engine/spawn.h); of no use by hand.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>
#include <string.h>

#include "engine/spawn_run.h"

int
main (int argc, char **argv)
{
    if (argc == 2 && strcmp (argv[1], "--version") == 0) {
        puts ("farrier-spawn " FARRIER_VERSION);
        return 0;
    }
    if (argc != 2 || argv[1][0] != '/') {
        fputs ("usage: farrier-spawn DIR\n"
               "Runs the tool described in DIR/spec.json; started by farrierd, not by hand.\n",
               stderr);
        return 2;
    }
    return spawn_run (argv[1]);
}
