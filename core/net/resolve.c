/* resolve: host names to addresses on libuv's threads, a few at a time: libcurl would start a
 * thread for each name.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <netdb.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/request.h"

#define GOOD_FOR_MS 60000
#define BAD_FOR_MS 5000
#define ADDRESSES_MAX 4

struct lookup {
    uv_getaddrinfo_t uv;
    struct loop *loop;
    struct host *host;
};

static void resolve_pump (struct loop *loop);

static void
addresses_free (struct host *host)
{
    str_free_all (host->addresses, host->address_count);
    host->addresses = NULL;
    host->address_count = 0;
}

void
resolve_host_free (struct host *host)
{
    addresses_free (host);
    mem_free (host->resolved_name);
}

static void
addresses_take (struct host *host, const struct addrinfo *found)
{
    addresses_free (host);
    host->addresses = mem_array (ADDRESSES_MAX, sizeof *host->addresses);
    for (; found != NULL && host->address_count < ADDRESSES_MAX; found = found->ai_next) {
        char text[NI_MAXHOST];
        if (getnameinfo (found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0,
                         NI_NUMERICHOST) == 0)
            host->addresses[host->address_count++] = str_dup (text);
    }
}

static void
tell_waiters (struct host *host, const char *name)
{
    char message[200];
    bool bad = host->resolve_status != 0 || host->address_count == 0;
    if (bad)
        str_format (message, sizeof message, "the name %s has no address: %s", name,
                    host->resolve_status != 0 ? uv_strerror (host->resolve_status) : "none found");
    struct list waiters;
    list_init (&waiters);
    while (!list_empty (&host->resolving)) {
        struct list *first = host->resolving.next;
        list_remove (first);
        list_add_tail (&waiters, first);
    }
    while (!list_empty (&waiters)) {
        struct request *r = list_entry (waiters.next, struct request, link);
        list_remove (&r->link);
        request_resolved (r, bad ? FARRIER_E_UNREACHABLE : 0, bad ? message : NULL);
    }
}

static void
on_lookup (uv_getaddrinfo_t *uv, int status, struct addrinfo *found)
{
    struct lookup *lookup = uv->data;
    struct host *host = lookup->host;
    struct loop *loop = lookup->loop;
    host->resolve_busy = false;
    host->resolve_status = status;
    host->resolved_ms = loop_now (loop);
    if (status == 0)
        addresses_take (host, found);
    else
        addresses_free (host);
    uv_freeaddrinfo (found);
    mem_free (lookup);
    loop->resolving--;
    tell_waiters (host, host->resolved_name);
    resolve_pump (loop);
    admit_pump (loop);
}

static void
lookup_begin (struct loop *loop, struct host *host)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_ADDRCONFIG };
    struct lookup *lookup = mem_alloc (sizeof *lookup);
    lookup->loop = loop;
    lookup->host = host;
    lookup->uv.data = lookup;
    loop->resolving++;
    int status = uv_getaddrinfo (&loop->uv, &lookup->uv, on_lookup, host->resolved_name, NULL,
                                 &hints);
    if (status != 0)
        on_lookup (&lookup->uv, status, NULL);
}

static void
resolve_pump (struct loop *loop)
{
    while (!list_empty (&loop->resolve_queue) && loop->resolving < loop->net->max_resolving) {
        struct host *host = list_entry (loop->resolve_queue.next, struct host, resolve_link);
        list_remove (&host->resolve_link);
        if (list_empty (&host->resolving))
            host->resolve_busy = false;          /* all who asked were cancelled */
        else
            lookup_begin (loop, host);
    }
}

static bool
fresh_enough (const struct host *host, const char *name, uint64_t now)
{
    if (host->resolved_ms == 0 || !str_eq (host->resolved_name, name))
        return false;
    bool good = host->resolve_status == 0 && host->address_count > 0;
    return now - host->resolved_ms < (good ? GOOD_FOR_MS : BAD_FOR_MS);
}

void
resolve_want (struct request *r)
{
    struct host *host = r->host;
    const char *name = r->target->host;
    if (!host->resolve_busy && fresh_enough (host, name, loop_now (r->loop))) {
        list_add_tail (&host->resolving, &r->link);
        tell_waiters (host, name);
        return;
    }
    list_add_tail (&host->resolving, &r->link);
    if (host->resolve_busy)
        return;
    str_set (&host->resolved_name, name);
    host->resolved_ms = 0;
    host->resolve_busy = true;
    list_add_tail (&r->loop->resolve_queue, &host->resolve_link);
    resolve_pump (r->loop);
}
