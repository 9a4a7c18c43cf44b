/* sim_tls: the fleet's certificate authority, the leaf certificates and the TLS context.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_TLS_H
#define FARRIER_SIM_TLS_H

#include <openssl/ssl.h>

#include "base/err.h"
#include "base/hash.h"

struct sim_bmc;
struct sim_fleet;
struct sim_tls;

/* Makes the authority and one key for all leaves; writes ca.pem into the state folder. */
int32_t sim_tls_start (struct sim_fleet *fleet, struct err *err);
void sim_tls_free (struct sim_tls *tls);
/* Gives the BMC a (new) certificate; sessions of the old one are not resumed. */
int32_t sim_tls_certify (struct sim_bmc *bmc, struct err *err);
void sim_tls_fingerprint (const struct sim_bmc *bmc, char ret[HASH_SHA256_HEX]);
/* A server-side SSL for a connection to this BMC, or NULL. */
SSL *sim_tls_accept (struct sim_bmc *bmc);

#endif
