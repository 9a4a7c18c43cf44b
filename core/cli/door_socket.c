/* door_socket: see door_socket.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "cli/door_socket.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/api.h"
#include "api/api_socket.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define GREETING_MS 5000

/* Reads one line (NUL-terminated in s->in, *ret_len bytes without the newline). */
static int32_t
read_line (struct door_socket *s, int timeout_ms, size_t *ret_len, struct err *err)
{
    char chunk[16384];
    size_t seen = 0;
    for (;;) {
        char *end = s->in.len > seen ? memchr (s->in.data + seen, '\n', s->in.len - seen) : NULL;
        if (end != NULL) {
            *ret_len = (size_t) (end - s->in.data);
            return 0;
        }
        seen = s->in.len;
        struct pollfd fd = { .fd = s->fd, .events = POLLIN };
        int ready = poll (&fd, 1, timeout_ms);
        if (ready < 0 && errno == EINTR) {
            if (timeout_ms < 0)
                continue;
        }
        if (ready == 0)
            return err_set (err, FARRIER_E_TIMEOUT, "the process behind the socket does not "
                                                   "answer");
        ssize_t n = recv (s->fd, chunk, sizeof chunk, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (s->in.len > API_LINE_MAX) {
            err_set (err, FARRIER_E_NO_SPACE, "the answer has more than %u MiB",
                     API_LINE_MAX >> 20);
            err_hint (err, "ask for less: a selector, or --limit");
            return FARRIER_E_NO_SPACE;
        }
        if (n <= 0) {
            err_set (err, ERR_IO, "process %lld hung up before it answered", s->pid);
            err_hint (err, "farrier server status; open jobs go on at its next start");
            return ERR_IO;
        }
        buf_append (&s->in, chunk, (size_t) n);
    }
}

static json_t *
take_line (struct door_socket *s, size_t len, struct err *err)
{
    json_t *v = json_parse (s->in.data, len, err);
    memmove (s->in.data, s->in.data + len + 1, s->in.len - len - 1);
    s->in.len -= len + 1;
    return v;
}

int32_t
door_socket_open (const char *path, struct door_socket **ret, struct err *err)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    if (strlen (path) >= sizeof addr.sun_path)
        return err_set (err, ERR_NOT_FOUND, "the socket's path %s is too long", path);
    str_copy (addr.sun_path, sizeof addr.sun_path, path);
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set_errno (err, ERR_IO, errno, "no socket can be made");
    if (connect (fd, (struct sockaddr *) &addr, sizeof addr) != 0) {
        int why = errno;
        close (fd);
        if (why == ENOENT || why == ECONNREFUSED || why == ENOTDIR)
            return err_set (err, ERR_NOT_FOUND, "nobody listens on %s", path);
        err_set_errno (err, ERR_IO, why, "cannot use the socket %s", path);
        err_hint (err, "it is for root and for the user and group that run farrierd");
        return ERR_IO;
    }

    struct door_socket *s = mem_alloc (sizeof *s);
    s->fd = fd;
    size_t len = 0;
    int32_t rc = read_line (s, GREETING_MS, &len, err);
    json_t *hello = rc == 0 ? take_line (s, len, err) : NULL;
    if (rc == 0 && json_int_or (hello, "/farrier", 0) != 1)
        rc = err_set (err, ERR_IO, "what listens on %s is no farrier of this version", path);
    s->pid = json_int_or (hello, "/pid", 0);
    s->daemon = str_eq (json_str (hello, "/mode"), "daemon");
    json_decref (hello);
    if (rc < 0) {
        door_socket_close (s);
        return rc;
    }
    *ret = s;
    return 0;
}

void
door_socket_close (struct door_socket *s)
{
    if (s == NULL)
        return;
    close (s->fd);
    buf_free (&s->in);
    mem_free (s);
}

static int32_t
send_call (struct door_socket *s, const char *call, const json_t *request, struct err *err)
{
    json_t *v = json_object ();
    json_put_int (v, "id", ++s->next_id);
    json_put_str (v, "call", call);
    if (request != NULL)
        json_put (v, "request", json_incref ((json_t *) request));
    char *text = json_text (v);
    size_t len = strlen (text);
    text[len] = '\n';                  /* in the place of the NUL: one write */
    int32_t why = fs_write_all (s->fd, text, len + 1);
    mem_wipe (text, len);
    mem_free (text);
    json_decref (v);
    return why == 0 ? 0 : err_set_errno (err, ERR_IO, -why, "process %lld hung up", s->pid);
}

int32_t
door_socket_call (struct door_socket *s, const char *call, const json_t *request,
                  json_t **ret_reply, struct err *err)
{
    size_t len = 0;
    int32_t rc = send_call (s, call, request, err);
    if (rc == 0)
        rc = read_line (s, -1, &len, err);
    if (rc < 0)
        return rc;
    json_t *line = take_line (s, len, err);
    if (line == NULL)
        return FARRIER_E_INVALID;
    const json_t *problem = json_object_get (line, "error");
    json_t *reply = json_object_get (line, problem == NULL ? "reply" : "error");
    if (problem != NULL) {
        rc = api_problem_read (problem, err);
        reply = json_object_get (problem, "details");
    }
    *ret_reply = json_incref (reply);
    json_decref (line);
    return rc;
}
