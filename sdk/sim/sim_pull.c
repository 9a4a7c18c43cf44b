/* sim_pull: fetches an image for SimpleUpdate on the threadpool, from 127.0.0.0/8 only.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_pull.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/mem.h"
#include "base/str.h"
#include "sim_fleet.h"
#include "sim_image.h"
#include "sim_lone.h"
#include "sim_timer.h"
#include "sim_update.h"

#define CONNECT_S 10L
#define STALL_S 30L

struct sim_pull {
    uv_work_t work;
    struct sim_fleet *fleet;
    struct sim_update *update; /* NULL: nobody waits any more */
    char *uri;
    int64_t max_bytes;
    atomic_bool cancelled;
    bool outside; /* the address is not in 127.0.0.0/8 */
    struct sim_image_reader *reader;
    int64_t size_bytes;
    char problem[CURL_ERROR_SIZE + 64];
    struct sim_timer *timer; /* of a lone BMC, instead of work */
};

static curl_socket_t
open_socket (void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct sim_pull *pull = arg;
    const struct sockaddr_in *in = (const struct sockaddr_in *) &address->addr;

    (void) purpose;
    if (address->family != AF_INET || ntohl (in->sin_addr.s_addr) >> 24 != 127) {
        pull->outside = true;
        return CURL_SOCKET_BAD;
    }
    return socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t
take_bytes (char *bytes, size_t size, size_t count, void *arg)
{
    struct sim_pull *pull = arg;

    pull->size_bytes += (int64_t) (size * count);
    if (pull->size_bytes > pull->max_bytes)
        return 0;
    sim_image_reader_feed (pull->reader, bytes, size * count);
    return size * count;
}

static int
on_progress (void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct sim_pull *pull = arg;

    (void) a;
    (void) b;
    (void) c;
    (void) d;
    return atomic_load (&pull->cancelled);
}

static void
set_options (CURL *curl, struct sim_pull *pull, char *text)
{
    curl_easy_setopt (curl, CURLOPT_URL, pull->uri);
    curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt (curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt (curl, CURLOPT_PROXY, "");
    curl_easy_setopt (curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt (curl, CURLOPT_MAXREDIRS, 3L);
    curl_easy_setopt (curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    curl_easy_setopt (curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt (curl, CURLOPT_LOW_SPEED_TIME, STALL_S);
    /* As VerifyRemoteServerCertificate false, the default of real BMCs. */
    curl_easy_setopt (curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt (curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt (curl, CURLOPT_CAPATH, NULL);
    curl_easy_setopt (curl, CURLOPT_USERAGENT, "farrier-sim (simulated BMC)");
    curl_easy_setopt (curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt (curl, CURLOPT_OPENSOCKETDATA, pull);
    curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt (curl, CURLOPT_WRITEDATA, pull);
    curl_easy_setopt (curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt (curl, CURLOPT_XFERINFODATA, pull);
    curl_easy_setopt (curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt (curl, CURLOPT_ERRORBUFFER, text);
}

static void
fetch (uv_work_t *work)
{
    struct sim_pull *pull = work->data;
    char text[CURL_ERROR_SIZE] = "";
    CURL *curl = curl_easy_init ();

    if (curl == NULL) {
        str_copy (pull->problem, sizeof pull->problem, "no HTTP client");
        return;
    }
    set_options (curl, pull, text);
    CURLcode rc = curl_easy_perform (curl);
    if (pull->outside)
        str_format (pull->problem, sizeof pull->problem,
                    "a simulated BMC fetches from 127.0.0.0/8 only");
    else if (rc != CURLE_OK)
        str_format (pull->problem, sizeof pull->problem, "%s",
                    *text == '\0' ? curl_easy_strerror (rc) : text);
    curl_easy_cleanup (curl);
}

static void
on_fetched (uv_work_t *work, int status)
{
    struct sim_pull *pull = work->data;
    struct sim_update *update = pull->update;
    struct sim_image image;

    sim_image_reader_finish (pull->reader, &image);
    if (status == UV_ECANCELED)
        str_copy (pull->problem, sizeof pull->problem, "cancelled");
    if (*pull->problem == '\0')
        sim_fleet_note_image (pull->fleet, &image);
    if (update != NULL)
        sim_update_pulled (update, *pull->problem == '\0' ? &image : NULL, pull->problem);
    mem_free (pull->uri);
    mem_free (pull);
}

/* A lone BMC has no network: its owner hands the bytes over. */
static void
fetch_by_hand (void *arg)
{
    struct sim_pull *pull = arg;

    if (!atomic_load (&pull->cancelled)
        && !sim_lone_fetch (pull->fleet->lone, pull->uri, pull->reader))
        str_copy (pull->problem, sizeof pull->problem, "nothing is served there");
    on_fetched (&pull->work, atomic_load (&pull->cancelled) ? UV_ECANCELED : 0);
}

struct sim_pull *
sim_pull_start (struct sim_fleet *fleet, struct sim_update *update, const char *uri)
{
    struct sim_pull *pull = mem_alloc (sizeof *pull);

    pull->fleet = fleet;
    pull->update = update;
    pull->uri = str_dup (uri);
    pull->max_bytes = update->bmc->personality->max_image_bytes;
    pull->reader = sim_image_reader_new ();
    pull->work.data = pull;
    if (fleet->lone != NULL)
        sim_timer_start (&fleet->loop, &pull->timer, 1, fetch_by_hand, pull);
    else
        uv_queue_work (&fleet->loop, &pull->work, fetch, on_fetched);
    return pull;
}

void
sim_pull_forget (struct sim_pull *pull)
{
    pull->update = NULL;
    atomic_store (&pull->cancelled, true);
    if (pull->fleet->lone == NULL)
        uv_cancel ((uv_req_t *) &pull->work);
}
