/* sim_bios: BIOS attributes and the settings that wait for a host reset.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_BIOS_H
#define FARRIER_SIM_BIOS_H

struct sim_bmc;
struct sim_call;

void sim_bios_on_boot (struct sim_bmc *bmc); /* applies what waits */
void sim_bios_get (struct sim_call *call);
void sim_bios_get_settings (struct sim_call *call);
void sim_bios_patch_settings (struct sim_call *call);
void sim_bios_reset (struct sim_call *call);

#endif
