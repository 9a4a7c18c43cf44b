/* sim_control: the fleet's control socket: one JSON object a line, one line back.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_fault.h"
#include "sim_fleet.h"
#include "sim_power.h"
#include "sim_tls.h"

#define LINE_MAX_BYTES 1048576

struct sim_control {
    uv_pipe_t pipe;
    struct sim_fleet *fleet;
    char *path;
};

struct client {
    uv_pipe_t pipe;
    struct sim_fleet *fleet;
    struct buf in;
};

struct answer {
    uv_write_t write;
    char *text;
    bool stops;
    struct sim_fleet *fleet;
};

static json_t *
fail (const struct err *err)
{
    json_t *j
        = json_pack ("{s:b,s:s,s:i}", "ok", 0, "error", err->message, "code", (int) err->code);

    if (*err->hint != '\0')
        json_put_str (j, "hint", err->hint);
    return j;
}

static json_t *
host_status (struct sim_bmc *bmc)
{
    static const char *const phases[] = { "up", "down", "busy", "locked", "starting" };
    json_t *versions = json_object ();
    char *url = sim_bmc_url (bmc), *serial = sim_bmc_serial (bmc), fingerprint[HASH_SHA256_HEX];

    for (size_t i = 0; i < bmc->personality->components.count; i++)
        json_put_str (versions, bmc->components[i].def->component, bmc->components[i].version);
    json_t *j = json_pack ("{s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "name", bmc->name, "url", url,
                           "personality", bmc->personality->name, "serial", serial, "bmc",
                           sim_bmc_is_silent (bmc) ? "silent" : phases[bmc->phase], "power",
                           sim_power_state (bmc), "components", versions);
    sim_tls_fingerprint (bmc, fingerprint);
    json_put_str (j, "certificate_sha256", fingerprint);
    mem_free (url);
    mem_free (serial);
    return j;
}

static json_t *
answer_status (struct sim_fleet *fleet)
{
    json_t *hosts = json_array ();

    for (size_t i = 0; i < fleet->bmcs.count; i++)
        json_array_append_new (hosts, host_status (vec_at (&fleet->bmcs, i)));
    return json_pack ("{s:b,s:b,s:i,s:o,s:o}", "ok", 1, "simulated", 1, "pid", (int) getpid (),
                      "hosts", hosts, "faults", sim_fault_list (fleet));
}

static json_t *
answer_inject (struct sim_fleet *fleet, const json_t *request)
{
    struct err err = { 0 };
    int32_t id = sim_fault_inject (fleet, request, &err);

    return id < 0 ? fail (&err) : json_pack ("{s:b,s:i}", "ok", 1, "id", (int) id);
}

static void
set_one (struct sim_bmc *bmc, const json_t *request, int *count)
{
    const char *version = json_str (request, "/version"), *power = json_str (request, "/power");
    struct sim_component *c = sim_bmc_component (bmc, json_str_or (request, "/component", ""));

    if (version != NULL && c != NULL) {
        str_set (&c->version, version);
        ++*count;
    }
    if (power != NULL) {
        sim_power_set (bmc, str_eq (power, "On"));
        ++*count;
    }
}

static json_t *
answer_set (struct sim_fleet *fleet, const json_t *request)
{
    const char *target = json_str_or (request, "/target", "");
    struct err err = { 0 };
    int count = 0;

    for (size_t i = 0; i < fleet->bmcs.count; i++) {
        struct sim_bmc *bmc = vec_at (&fleet->bmcs, i);
        if (str_eq (target, "all") || str_glob (target, bmc->name, false))
            set_one (bmc, request, &count);
    }
    if (count == 0) {
        err_set (&err, ERR_NOT_FOUND, "nothing to set: target '%s', component '%s'", target,
                 json_str_or (request, "/component", ""));
        return fail (&err);
    }
    return json_pack ("{s:b,s:i}", "ok", 1, "changed", count);
}

static json_t *
answer_stats (struct sim_fleet *fleet, const json_t *request)
{
    const char *host = json_str (request, "/host");
    struct err err = { 0 };

    if (host != NULL && sim_fleet_find (fleet, host) == NULL) {
        err_set (&err, ERR_NOT_FOUND, "no simulated BMC is called '%s'", host);
        return fail (&err);
    }
    json_t *j = sim_fleet_stats (fleet, host, json_bool_or (request, "/log", false));
    json_put_bool (j, "ok", true);
    return j;
}

static json_t *
answer_request (struct sim_fleet *fleet, const json_t *request, bool *ret_stops)
{
    const char *command = json_str_or (request, "/command", "");
    struct err err = { 0 };

    if (str_eq (command, "status"))
        return answer_status (fleet);
    if (str_eq (command, "stats"))
        return answer_stats (fleet, request);
    if (str_eq (command, "inject"))
        return answer_inject (fleet, request);
    if (str_eq (command, "faults"))
        return json_pack ("{s:b,s:o}", "ok", 1, "faults", sim_fault_list (fleet));
    if (str_eq (command, "clear"))
        return json_pack ("{s:b,s:i}", "ok", 1, "cleared",
                          sim_fault_clear (fleet, json_str_or (request, "/target", "all"),
                                           json_str (request, "/fault")));
    if (str_eq (command, "set"))
        return answer_set (fleet, request);
    if (str_eq (command, "reset-stats")) {
        for (size_t i = 0; i < fleet->bmcs.count; i++)
            sim_stats_reset (vec_at (&fleet->bmcs, i));
        return json_pack ("{s:b}", "ok", 1);
    }
    if (str_eq (command, "down")) {
        *ret_stops = true;
        return json_pack ("{s:b}", "ok", 1);
    }
    err_set (&err, ERR_USAGE, "unknown command '%s'", command);
    return fail (&err);
}

static void
on_client_closed (uv_handle_t *handle)
{
    struct client *client = handle->data;

    buf_free (&client->in);
    mem_free (client);
}

static void
close_client (struct client *client)
{
    if (!uv_is_closing ((uv_handle_t *) &client->pipe))
        uv_close ((uv_handle_t *) &client->pipe, on_client_closed);
}

static void
on_answered (uv_write_t *write, int status)
{
    struct answer *a = write->data;

    (void) status;
    if (a->stops)
        sim_fleet_stop (a->fleet);
    mem_free (a->text);
    mem_free (a);
}

static void
answer_line (struct client *client, const char *line, size_t len)
{
    struct err err = { 0 };
    struct answer *a = mem_alloc (sizeof *a);
    json_t *request = json_parse (line, len, &err);
    json_t *reply
        = request == NULL ? fail (&err) : answer_request (client->fleet, request, &a->stops);

    char *text = json_dumps (reply, JSON_COMPACT);
    a->text = str_printf ("%s\n", text);
    a->fleet = client->fleet;
    a->write.data = a;
    mem_free (text);
    json_decref (reply);
    json_decref (request);
    uv_buf_t b = uv_buf_init (a->text, (unsigned int) strlen (a->text));
    if (uv_write (&a->write, (uv_stream_t *) &client->pipe, &b, 1, on_answered) < 0) {
        mem_free (a->text);
        mem_free (a);
    }
}

static void
on_alloc (uv_handle_t *handle, size_t size, uv_buf_t *ret)
{
    static char bytes[65536];

    (void) handle;
    (void) size;
    *ret = uv_buf_init (bytes, sizeof bytes);
}

static void
on_read (uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct client *client = stream->data;
    char *end;

    if (n < 0 || client->in.len > LINE_MAX_BYTES) {
        close_client (client);
        return;
    }
    buf_append (&client->in, b->base, (size_t) n);
    while (client->in.len > 0 && (end = memchr (client->in.data, '\n', client->in.len)) != NULL) {
        size_t used = (size_t) (end - client->in.data) + 1;
        answer_line (client, client->in.data, used - 1);
        memmove (client->in.data, client->in.data + used, client->in.len - used);
        client->in.len -= used;
    }
}

static void
on_connection (uv_stream_t *listener, int status)
{
    struct sim_control *control = listener->data;

    if (status < 0)
        return;
    struct client *client = mem_alloc (sizeof *client);
    client->fleet = control->fleet;
    uv_pipe_init (listener->loop, &client->pipe, 0);
    client->pipe.data = client;
    if (uv_accept (listener, (uv_stream_t *) &client->pipe) < 0
        || uv_read_start ((uv_stream_t *) &client->pipe, on_alloc, on_read) < 0)
        close_client (client);
}

static void
on_closed (uv_handle_t *handle)
{
    struct sim_control *control = handle->data;

    mem_free (control->path);
    mem_free (control);
}

int32_t
sim_control_start (struct sim_fleet *fleet, const char *path, struct err *err)
{
    struct sim_control *control = mem_alloc (sizeof *control);

    control->fleet = fleet;
    control->path = str_dup (path);
    uv_pipe_init (&fleet->loop, &control->pipe, 0);
    control->pipe.data = control;
    unlink (path);
    mode_t mask = umask (0077);
    int rc = uv_pipe_bind (&control->pipe, path);
    umask (mask);
    if (rc == 0)
        rc = uv_listen ((uv_stream_t *) &control->pipe, 16, on_connection);
    if (rc < 0) {
        uv_close ((uv_handle_t *) &control->pipe, on_closed);
        return err_set (err, ERR_IO, "cannot listen on %s: %s", path, uv_strerror (rc));
    }
    fleet->control = control;
    return 0;
}

static void
close_one (uv_handle_t *handle, void *arg)
{
    struct client *client = handle->data;

    (void) arg;
    if (handle->type == UV_NAMED_PIPE && !uv_is_closing (handle))
        close_client (client);
}

void
sim_control_stop (struct sim_control *control)
{
    if (control == NULL)
        return;
    unlink (control->path);
    uv_close ((uv_handle_t *) &control->pipe, on_closed);
    uv_walk (&control->fleet->loop, close_one, NULL);
}

static int
connect_to (const char *path, struct err *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (str_copy (address.sun_path, sizeof address.sun_path, path) >= sizeof address.sun_path) {
        err_set (err, ERR_USAGE, "the path %s is too long for a socket", path);
        return -1;
    }
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect (fd, (struct sockaddr *) &address, sizeof address) == 0)
        return fd;
    err_set_errno (err, ERR_NOT_FOUND, errno, "no simulated fleet answers at %s", path);
    err_hint (err, "start one with 'farrier-sim up', or name its folder with --state-dir");
    if (fd >= 0)
        close (fd);
    return -1;
}

static json_t *
read_answer (int fd, bool until_end, struct err *err)
{
    struct buf in = { 0 };
    char bytes[65536];
    ssize_t n;

    while ((n = read (fd, bytes, sizeof bytes)) > 0) {
        buf_append (&in, bytes, (size_t) n);
        if (!until_end && in.data[in.len - 1] == '\n')
            break;
    }
    /* Not json_parse(): the statistics of a large fleet are ours, not a stranger's. */
    json_t *answer = in.len == 0 ? NULL : json_loadb (in.data, in.len, 0, NULL);
    buf_free (&in);
    if (answer == NULL)
        err_set (err, ERR_IO, "the simulated fleet closed its control socket without an answer");
    return answer;
}

int32_t
sim_control_ask (const char *path, const json_t *request, json_t **ret_answer, struct err *err)
{
    int fd = connect_to (path, err);

    if (fd < 0)
        return err == NULL ? ERR_NOT_FOUND : err->code;
    char *text = json_dumps (request, JSON_COMPACT);
    int32_t rc = fs_write_all (fd, text, strlen (text));
    if (rc == 0)
        rc = fs_write_all (fd, "\n", 1);
    mem_free (text);
    bool stops = str_eq (json_str (request, "/command"), "down");
    json_t *answer = rc == 0 ? read_answer (fd, stops, err) : NULL;
    close (fd);
    if (answer == NULL)
        return rc < 0 ? err_set_errno (err, ERR_IO, -rc, "cannot write to %s", path) : ERR_IO;
    if (!json_bool_or (answer, "/ok", false)) {
        rc = err_set (err, (int32_t) json_int_or (answer, "/code", ERR_IO), "%s",
                      json_str_or (answer, "/error", "refused"));
        err_hint (err, "%s", json_str_or (answer, "/hint", ""));
        json_decref (answer);
        return rc;
    }
    *ret_answer = answer;
    return 0;
}
