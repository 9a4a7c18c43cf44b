/* notify: tells systemd how the daemon is (sd_notify(3)'s datagram), if it listens.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_DAEMON_NOTIFY_H
#define FARRIER_DAEMON_NOTIFY_H

/* "READY=1\nSTATUS=…". Without NOTIFY_SOCKET nothing happens. */
void notify_send (const char *state);

#endif
