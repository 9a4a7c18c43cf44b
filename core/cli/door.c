/* door: see door.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "cli/door.h"

#include <pwd.h>
#include <unistd.h>

#include "api/api.h"
#include "api/api_socket.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/door_socket.h"
#include "fleet/host.h"
#include "store/store.h"
#include "web/images.h"

struct door {
    const struct settings *settings;
    struct door_socket *socket;        /* NULL: nobody listens */
    bool looked;
    struct api *api;
    enum api_mode mode;
    struct images images;
    struct api_socket *server;         /* while jobs run here */
    char who[64];
};

struct door *
door_new (const struct settings *settings)
{
    struct door *d = mem_alloc (sizeof *d);
    d->settings = settings;
    struct passwd pw, *found = NULL;
    char scratch[4096];
    if (getpwuid_r (getuid (), &pw, scratch, sizeof scratch, &found) == 0 && found != NULL)
        str_copy (d->who, sizeof d->who, found->pw_name);
    else
        str_format (d->who, sizeof d->who, "uid %u", (unsigned) getuid ());
    return d;
}

static void
close_api (struct door *d)
{
    api_socket_stop (d->server);
    d->server = NULL;
    api_close (d->api, true);
    d->api = NULL;
}

void
door_close (struct door *d)
{
    if (d == NULL)
        return;
    close_api (d);
    door_socket_close (d->socket);
    mem_free (d);
}

/* --- where a call goes ------------------------------------------------------------------------ */

static int32_t
look (struct door *d, struct err *err)
{
    if (d->looked)
        return 0;
    int32_t rc = door_socket_open (d->settings->socket_path, &d->socket, err);
    if (rc < 0 && rc != ERR_NOT_FOUND)
        return rc;
    d->looked = true;
    err_clear (err);
    return 0;
}

bool
door_has_daemon (struct door *d)
{
    return look (d, NULL) == 0 && d->socket != NULL && d->socket->daemon;
}

bool
door_runs_here (struct door *d)
{
    return d->server != NULL || (d->api != NULL && api_is_running (d->api));
}

static int32_t
open_api (struct door *d, enum api_mode mode, struct err *err)
{
    if (d->api != NULL && d->mode >= mode)
        return 0;
    close_api (d);
    struct api_options options = { .settings = d->settings, .mode = mode };
    images_hook (&d->images, &options.images);
    int32_t rc = api_open (&options, &d->api, err);
    d->mode = mode;
    if (rc < 0)
        d->api = NULL;
    return rc;
}

/* A first look at a store that is not there yet makes it: `host list` of a fresh installation is an
 * empty list. */
static int32_t
open_for_reading (struct door *d, struct err *err)
{
    int32_t rc = open_api (d, API_READER, err);
    if (rc != ERR_NOT_FOUND)
        return rc;
    struct err own = { 0 };
    if (open_api (d, API_WRITER, &own) < 0)
        return rc;
    err_clear (err);
    return 0;
}

/* So that `farrier job cancel` of somebody else reaches the jobs of this process. */
static void
listen_here (struct door *d)
{
    struct err err = { 0 };
    if (d->server == NULL
        && api_socket_start (d->api, d->settings->socket_path, API_SOCKET_RUN, &d->server, &err)
               < 0)
        log_warn ("jobs of this process cannot be cancelled from elsewhere: %s", err.message);
}

static int32_t
busy (struct door *d, const char *call, struct err *err)
{
    err_set (err, ERR_STORE_BUSY, "%s changes the store %s, which process %lld holds", call,
             d->settings->store_path, d->socket->pid);
    err_hint (err, "wait until it has ended, or cancel its jobs: farrier job cancel");
    return ERR_STORE_BUSY;
}

static int32_t
call_here (struct door *d, const struct api_route *route, const json_t *request,
           json_t **ret_reply, struct err *err)
{
    static const enum api_mode modes[] = {
        [API_LOADED] = API_NO_STORE, [API_FILES] = API_NO_STORE,
        [API_READS] = API_READER, [API_WRITES] = API_WRITER,
        [API_RUNS] = API_WRITER, [API_CONTROLS] = API_WRITER,
    };
    int32_t rc = route->needs == API_READS ? open_for_reading (d, err)
                                           : open_api (d, modes[route->needs], err);
    if (rc < 0)
        return rc;
    if (route->needs >= API_RUNS)
        listen_here (d);
    struct api_caller caller = { d->who };
    return api_call (d->api, &caller, route->name, request, ret_reply, err);
}

int32_t
door_call (struct door *d, const char *call, json_t *request, json_t **ret_reply, struct err *err)
{
    const struct api_route *route = api_route_find (call);
    *ret_reply = NULL;
    int32_t rc = route == NULL
                     ? err_set (err, FARRIER_E_INTERNAL, "there is no call %s", call) : 0;
    /* Files are looked at here, with the rights of whoever asks. */
    if (rc == 0 && route->needs != API_FILES && d->server == NULL)
        rc = look (d, err);
    if (rc == 0 && (route->needs == API_FILES || d->socket == NULL || d->server != NULL))
        rc = call_here (d, route, request, ret_reply, err);
    else if (rc == 0 && (d->socket->daemon || route->needs == API_CONTROLS
                         || str_eq (call, "server.status")))
        rc = door_socket_call (d->socket, call, request, ret_reply, err);
    else if (rc == 0 && route->needs <= API_READS)
        rc = call_here (d, route, request, ret_reply, err);
    else if (rc == 0)
        rc = busy (d, call, err);
    host_json_wipe (request);
    json_decref (request);
    return rc;
}
