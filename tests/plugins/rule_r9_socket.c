/* rule_r9_socket: opens a connection by itself.
 *
 * Caught as: R9
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <sys/socket.h>

#include "rule.h"

RULE_START (if (socket (AF_INET, SOCK_STREAM, 0) < 0) rc = 0; (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r9_socket")
