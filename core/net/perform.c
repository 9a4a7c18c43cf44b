/* perform: requests for threads that may wait.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/request.h"

#define LOOK_NS 100000000u             /* how often the cancel flag is looked at */

struct waiter {
    uv_mutex_t lock;
    uv_cond_t arrived;
    struct net_response *response;
};

static void
on_done (void *arg, struct net_response *response)
{
    struct waiter *w = arg;
    uv_mutex_lock (&w->lock);
    w->response = response;
    uv_cond_signal (&w->arrived);
    uv_mutex_unlock (&w->lock);
}

static struct net_response *
submit_and_wait (struct request *r, const atomic_bool *cancelled)
{
    struct waiter w = { 0 };
    struct net *net = r->loop->net;
    if (net_on_loop (net))
        abort ();                      /* it would wait for itself */
    uv_mutex_init (&w.lock);
    uv_cond_init (&w.arrived);
    r->urgent = true;
    r->gate = NULL;
    r->done = on_done;
    r->arg = &w;
    net_handle handle = request_submit (r);
    bool asked = false;
    uv_mutex_lock (&w.lock);
    while (w.response == NULL) {
        if (cancelled == NULL || asked) {
            uv_cond_wait (&w.arrived, &w.lock);
            continue;
        }
        if (atomic_load (cancelled)) {
            asked = true;
            uv_mutex_unlock (&w.lock);
            net_cancel (net, handle);
            uv_mutex_lock (&w.lock);
            continue;
        }
        uv_cond_timedwait (&w.arrived, &w.lock, LOOK_NS);
    }
    uv_mutex_unlock (&w.lock);
    uv_cond_destroy (&w.arrived);
    uv_mutex_destroy (&w.lock);
    return w.response;
}

int32_t
net_perform (const struct net_request *request, const atomic_bool *cancelled,
             struct net_response **ret_response)
{
    *ret_response = submit_and_wait (request_new (request), cancelled);
    return (*ret_response)->code;
}

int32_t
net_certificate_get (struct net_target *target, struct net_certificate *ret, struct err *err)
{
    if (!target->tls)
        return err_set (err, FARRIER_E_TLS, "%s (%s) is plain http: there is no certificate",
                        target->name, target->base_url);

    struct net_certificate found = { 0 };
    struct net_request ask = { .target = target, .path = "/" };
    struct request *r = request_new (&ask);
    r->look_only = true;
    r->certificate = &found;
    struct net_response *response = submit_and_wait (r, NULL);
    int32_t code = response->code;
    if (code < 0 && err != NULL)
        *err = response->err;
    if (code == 0 && found.sha256[0] == '\0')
        code = err_set (err, FARRIER_E_TLS, "%s (%s) showed no certificate", target->name,
                        target->base_url);
    net_response_free (response);
    if (code == 0)
        *ret = found;
    return code;
}
