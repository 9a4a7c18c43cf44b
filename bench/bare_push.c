/* bare_push STATE_DIR IMAGE HOSTS: uploads an image to the first HOSTS BMCs of a simulated fleet at
 * once, as multipart/form-data with the same parts that Farrier sends, as libcurl alone can do it.
 * Logs in before and out afterwards; one line of JSON tells how long the uploads took.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bare.h"

#define BOUNDARY "bare-push-boundary-7d1f4c"
#define UPLOAD_PATH "/redfish/v1/UpdateService/upload"
#define LOGIN_PATH "/redfish/v1/SessionService/Sessions"

static const char head[] =
    "--" BOUNDARY "\r\n"
    "Content-Disposition: form-data; name=\"UpdateParameters\"\r\n"
    "Content-Type: application/json\r\n\r\n"
    "{\"Targets\":[],\"@Redfish.OperationApplyTime\":\"OnReset\"}\r\n"
    "--" BOUNDARY "\r\n"
    "Content-Disposition: form-data; name=\"UpdateFile\"; filename=\"image.bin\"\r\n"
    "Content-Type: application/octet-stream\r\n\r\n";
static const char tail[] = "\r\n--" BOUNDARY "--\r\n";

enum stage { LOGIN, UPLOAD, LOGOUT };

struct push {
    const struct bare_host *host;
    struct bare_session session, answer;
    CURL *easy;
    struct curl_slist *headers;
    uint64_t sent;
};

static struct bare_fleet fleet;
static struct push *pushes;
static enum stage stage;
static int image;
static uint64_t image_bytes, failed;

static uint64_t
body_bytes (void)
{
    return sizeof head - 1 + image_bytes + sizeof tail - 1;
}

static size_t
copy_piece (const char *piece, size_t len, uint64_t at, char *buf, size_t room)
{
    size_t n = len - (size_t) at < room ? len - (size_t) at : room;
    memcpy (buf, piece + at, n);
    return n;
}

static size_t
on_read (char *buf, size_t size, size_t count, void *arg)
{
    struct push *p = arg;
    size_t room = size * count, n = 0;
    if (p->sent < sizeof head - 1) {
        n = copy_piece (head, sizeof head - 1, p->sent, buf, room);
    } else if (p->sent < sizeof head - 1 + image_bytes) {
        uint64_t at = p->sent - (sizeof head - 1), left = image_bytes - at;
        ssize_t got = pread (image, buf, left < room ? (size_t) left : room, (off_t) at);
        if (got <= 0)
            return CURL_READFUNC_ABORT;
        n = (size_t) got;
    } else if (p->sent < body_bytes ()) {
        n = copy_piece (tail, sizeof tail - 1, p->sent - (sizeof head - 1) - image_bytes, buf,
                        room);
    }
    p->sent += n;
    return n;
}

static void
add_header (struct push *p, const char *line)
{
    p->headers = curl_slist_append (p->headers, line);
}

static void
set_up (struct push *p)
{
    char *token = bare_text ("X-Auth-Token: %s", p->session.token == NULL ? "" : p->session.token);
    p->easy = bare_easy (p->host);
    p->headers = NULL;
    curl_easy_setopt (p->easy, CURLOPT_PRIVATE, p);
    curl_easy_setopt (p->easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt (p->easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt (p->easy, CURLOPT_HEADERFUNCTION, bare_session_header);
    curl_easy_setopt (p->easy, CURLOPT_HEADERDATA, stage == LOGIN ? &p->session : &p->answer);
    add_header (p, "Expect:");
    if (stage == LOGIN) {
        bare_url (p->easy, p->host, LOGIN_PATH);
        add_header (p, "Content-Type: application/json");
        curl_easy_setopt (p->easy, CURLOPT_POSTFIELDS, fleet.login);
    } else if (stage == UPLOAD) {
        bare_url (p->easy, p->host, UPLOAD_PATH);
        add_header (p, "Content-Type: multipart/form-data; boundary=" BOUNDARY);
        add_header (p, token);
        curl_easy_setopt (p->easy, CURLOPT_POST, 1L);
        curl_easy_setopt (p->easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt (p->easy, CURLOPT_READDATA, p);
        curl_easy_setopt (p->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) body_bytes ());
    } else {
        bare_url (p->easy, p->host, p->session.location);
        add_header (p, token);
        curl_easy_setopt (p->easy, CURLOPT_CUSTOMREQUEST, "DELETE");
    }
    curl_easy_setopt (p->easy, CURLOPT_HTTPHEADER, p->headers);
    free (token);
}

static void
on_done (struct bare_loop *loop, CURL *easy, CURLcode rc, void *arg)
{
    struct push *p = arg;
    long status = rc == CURLE_OK ? bare_status (easy) : 0;
    (void) loop;
    if (status < 200 || status > 299) {
        failed++;
        if (failed <= 5)
            fprintf (stderr, "bare_push: %s: %s, HTTP %ld\n", p->host->name,
                     curl_easy_strerror (rc), status);
    }
    curl_easy_cleanup (easy);
    curl_slist_free_all (p->headers);
}

/* All hosts at once. */
static void
run (struct bare_loop *loop, enum stage what, size_t count)
{
    stage = what;
    for (size_t i = 0; i < count; i++) {
        set_up (&pushes[i]);
        bare_add (loop, pushes[i].host, pushes[i].easy);
    }
    bare_run (loop);
    if (failed > 0)
        bare_die ("%llu requests failed", (unsigned long long) failed);
}

int
main (int argc, char **argv)
{
    struct bare_loop loop;
    struct stat st;
    if (argc != 4)
        bare_die ("usage: bare_push STATE_DIR IMAGE HOSTS");
    curl_global_init (CURL_GLOBAL_DEFAULT);
    bare_fleet_read (argv[1], &fleet);
    size_t count = strtoul (argv[3], NULL, 10);
    image = open (argv[2], O_RDONLY | O_CLOEXEC);
    if (image < 0 || fstat (image, &st) < 0)
        bare_die ("%s: %s", argv[2], strerror (errno));
    image_bytes = (uint64_t) st.st_size;
    if (count == 0 || count > fleet.count)
        bare_die ("%zu hosts of %zu", count, fleet.count);
    pushes = bare_alloc (count * sizeof *pushes);
    for (size_t i = 0; i < count; i++)
        pushes[i].host = &fleet.hosts[i];
    bare_loop_init (&loop, on_done);

    run (&loop, LOGIN, count);
    double cpu_s = bare_cpu_s ();
    int64_t began = bare_wall_ms ();
    run (&loop, UPLOAD, count);
    double span_s = (double) (bare_wall_ms () - began) / 1000;
    cpu_s = bare_cpu_s () - cpu_s;
    run (&loop, LOGOUT, count);
    printf ("{\"hosts\":%zu,\"bytes\":%llu,\"span_s\":%.3f,\"cpu_s\":%.3f,\"mb_per_s\":%.1f}\n",
            count, (unsigned long long) (body_bytes () * count), span_s, cpu_s,
            (double) body_bytes () * (double) count / 1e6 / span_s);
    return 0;
}
