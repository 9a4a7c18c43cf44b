/* sim_cli: the commands of farrier-sim.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_CLI_H
#define FARRIER_SIM_CLI_H

#include "base/err.h"
#include "sim_fleet.h"

/* Returns the exit status. */
int sim_cli_run (int argc, char **argv);

/* Reads the options of `up` (argv[0] is "up") and the file that --config names. */
int32_t sim_up_read (int argc, char **argv, struct sim_options *o, struct err *err);
int sim_up_run (int argc, char **argv);
char *sim_up_state_dir (void); /* the default; heap */
/* In another process, with the same arguments; returns when that one listens. */
int sim_up_in_background (int argc, char **argv, const struct sim_options *o);
int sim_cli_fail (const struct err *err); /* prints it; the exit status */

#endif
