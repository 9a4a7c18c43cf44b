/* sim_power: the host's power and boot, and the Reset actions.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_POWER_H
#define FARRIER_SIM_POWER_H

struct sim_bmc;
struct sim_call;

const char *sim_power_state (const struct sim_bmc *bmc);      /* PowerState */
const char *sim_power_boot_state (const struct sim_bmc *bmc); /* BootProgress.LastState */
void sim_power_set (struct sim_bmc *bmc, int on);             /* at once, for the control socket */

void sim_power_reset_host (struct sim_call *call);
void sim_power_get_host_info (struct sim_call *call);
void sim_power_reset_bmc (struct sim_call *call);
void sim_power_get_bmc_info (struct sim_call *call);
void sim_power_patch_bmc (struct sim_call *call); /* Links.ActiveSoftwareImage */

#endif
