/* sim_conn: one TCP connection: TLS, requests one after the other, answers with delays and faults.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_CONN_H
#define FARRIER_SIM_CONN_H

#include <stdbool.h>
#include <uv.h>

struct sim_bmc;

void sim_conn_accept (struct sim_bmc *bmc, uv_stream_t *listener);
/* Ends all of a BMC's connections, with RST or with FIN. */
void sim_conn_end_all (struct sim_bmc *bmc, bool with_reset);
/* Neither reads nor writes any more (or does again). */
void sim_conn_freeze_all (struct sim_bmc *bmc, bool frozen);

#endif
