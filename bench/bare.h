/* bare: what the bare libcurl programs of the benches share: the simulated fleet, a loop of epoll
 * and curl multi handles, and the connection policy that Farrier has too (pinned certificates, no
 * resumption, changing requests on a connection of their own).
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_BENCH_BARE_H
#define FARRIER_BENCH_BARE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BARE_MULTIS 32                 /* many: one multi walks all its connections at each end */

struct bare_host {
    const char *name, *url, *personality;
    unsigned char pin[32];             /* SHA-256 of its certificate */
    uint32_t index;
};

/* Read from the state folder of farrier-sim; lives as long as the program. */
struct bare_fleet {
    struct bare_host *hosts;
    size_t count;
    char *login;                       /* the body of POST Sessions */
};

struct bare_loop;
/* Called when a transfer ended and was taken out of its multi handle; arg: its CURLOPT_PRIVATE. */
typedef void bare_done_fn (struct bare_loop *loop, CURL *easy, CURLcode rc, void *arg);

struct bare_shard {
    CURLM *multi;
    struct bare_loop *loop;
    int64_t due_ms;                    /* -1: no timer */
};

struct bare_loop {
    int epoll;
    struct bare_shard shards[BARE_MULTIS];
    size_t running;
    bare_done_fn *done;
};

/* What goes wrong here ends the program with a message: exit status 1. */
_Noreturn void bare_die (const char *fmt, ...) __attribute__ ((format (printf, 1, 2)));
void *bare_alloc (size_t bytes);       /* zeroed */
char *bare_text (const char *fmt, ...) __attribute__ ((format (printf, 1, 2)));
void bare_fleet_read (const char *state_dir, struct bare_fleet *ret);

void bare_loop_init (struct bare_loop *loop, bare_done_fn *done);
/* A new handle for this host: TLS, pin, timeouts, protocol. url_path is what follows the host. */
CURL *bare_easy (const struct bare_host *host);
void bare_url (CURL *easy, const struct bare_host *host, const char *url_path);
void bare_add (struct bare_loop *loop, const struct bare_host *host, CURL *easy);
void bare_run (struct bare_loop *loop);            /* until nothing runs */

int64_t bare_wall_ms (void);
double bare_cpu_s (void);              /* user and system time of this process so far */
long bare_status (CURL *easy);

/* Header callback: arg is a struct bare_session *. */
struct bare_session {
    char *token, *location;            /* location: path only */
};
size_t bare_session_header (char *line, size_t size, size_t count, void *arg);
size_t bare_swallow (char *bytes, size_t size, size_t count, void *arg);

#endif
