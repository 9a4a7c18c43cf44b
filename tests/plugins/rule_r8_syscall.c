/* rule_r8_syscall: forks behind the back of the C library.
 *
 * Caught as: R8
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rule.h"

RULE_START (if (syscall (SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0) syscall (SYS_exit_group, 0);
            (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r8_syscall")
