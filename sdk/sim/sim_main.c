/* farrier-sim: a fleet of simulated BMCs.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <curl/curl.h>
#include <stdlib.h>

#include "sim_cli.h"

int
main (int argc, char **argv)
{
    /* SimpleUpdate fetches run on libuv's threads: more of them, so that many BMCs pull at once. */
    setenv ("UV_THREADPOOL_SIZE", "32", 0);
    curl_global_init (CURL_GLOBAL_DEFAULT);
    int status = sim_cli_run (argc, argv);
    curl_global_cleanup ();
    return status;
}
