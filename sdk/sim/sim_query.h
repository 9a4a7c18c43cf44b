/* sim_query: $expand, $select and only.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_QUERY_H
#define FARRIER_SIM_QUERY_H

struct sim_call;

/* Applies the request's query to call->doc; may turn the answer into an error. */
void sim_query_apply (struct sim_call *call, const char *query);

#endif
