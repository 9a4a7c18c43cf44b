/* sim_lone: see sim_lone.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_lone.h"

#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_fault.h"
#include "sim_message.h"
#include "sim_router.h"
#include "sim_timer.h"
#include "sim_upload.h"

#define ADDRESS 0x7f140001 /* told in URLs, never listened on */
#define PASSWORD "simulated"

static int32_t
add_bmc (struct sim_lone *lone, const char *dir, const char *name, struct err *err)
{
    struct sim_fleet *fleet = &lone->fleet;
    struct sim_personality *p = NULL;
    char *path = str_printf ("%s/%s.conf", dir, name);

    int32_t rc = fs_exists (path) ? sim_personality_read (path, &p, err)
                                  : err_set (err, ERR_NOT_FOUND, "no personality '%s' in %s", name,
                                             dir);
    mem_free (path);
    if (rc < 0)
        return rc;
    vec_push (&fleet->personalities, p);
    lone->bmc = sim_bmc_new (fleet, p, 0, "sim-0001", ADDRESS);
    vec_push (&fleet->bmcs, lone->bmc);
    map_set (fleet->by_name, lone->bmc->name, lone->bmc);
    return 0;
}

int32_t
sim_lone_start (struct sim_lone *lone, const char *personalities_dir, const char *personality,
                struct err *err)
{
    struct sim_fleet *fleet = &lone->fleet;

    sim_options_init (&lone->options);
    *fleet = (struct sim_fleet){ .options = &lone->options, .lone = lone };
    fleet->by_name = map_new ();
    fleet->images = map_new ();
    fleet->password = str_dup (PASSWORD);
    lone->bmc = NULL;
    int32_t rc = add_bmc (lone, personalities_dir, personality, err);
    if (rc < 0)
        sim_lone_stop (lone);
    return rc;
}

static void
free_personality (void *arg)
{
    sim_personality_free (arg);
}

void
sim_lone_stop (struct sim_lone *lone)
{
    struct sim_fleet *fleet = &lone->fleet;

    sim_fault_free_all (fleet);
    if (lone->bmc != NULL) {
        sim_bmc_stop (lone->bmc);
        sim_timer_advance (2); /* an image that was being fetched is let go */
        sim_bmc_free (lone->bmc);
    }
    vec_free (&fleet->bmcs);
    vec_free_with (&fleet->personalities, free_personality);
    map_free (fleet->by_name, NULL);
    map_free (fleet->images, mem_free);
    mem_free (fleet->password);
    sim_options_release (&lone->options);
    lone->bmc = NULL;
}

bool
sim_lone_fetch (const struct sim_lone *lone, const char *uri, struct sim_image_reader *reader)
{
    return lone->fetch != NULL && lone->fetch (lone->fetch_arg, uri, reader);
}

void
sim_lone_answer_free (struct sim_lone_answer *answer)
{
    buf_free (&answer->headers);
    buf_free (&answer->body);
}

/* --- one request ---------------------------------------------------------------------------- */

static char *
make_head (const struct sim_lone *lone, const struct sim_lone_request *r, size_t *ret_len)
{
    struct buf head = { 0 };
    char *plain = str_printf ("%s:%s", lone->options.user, PASSWORD);
    char *basic = str_base64 (plain, strlen (plain));

    buf_printf (&head, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Basic %s\r\n", r->method,
                r->path, lone->bmc->address_text, basic);
    if (r->body != NULL)
        buf_printf (&head, "Content-Length: %zu\r\n", r->body_len);
    if (r->content_type != NULL)
        buf_printf (&head, "Content-Type: %s\r\n", r->content_type);
    if (r->headers != NULL)
        buf_puts (&head, r->headers);
    buf_puts (&head, "\r\n");
    mem_free (plain);
    mem_free (basic);
    *ret_len = head.len;
    return buf_steal (&head);
}

static void
refuse_phase (struct sim_call *call)
{
    bool is_root = str_eq (call->path, "/redfish/v1") || str_eq (call->path, "/redfish");

    if (call->bmc->phase == SIM_PHASE_BUSY)
        sim_call_unavailable (call, 5);
    else if (call->bmc->phase == SIM_PHASE_LOCKED && !is_root)
        sim_message_error (call, 401, "Base.NoValidSession");
}

/* What goes wrong before the BMC looks at it. False: it is over. */
static bool
meet_request_fault (struct sim_call *call, struct sim_lone_answer *ret)
{
    struct sim_fault *f
        = sim_fault_take_request (call->bmc, false, call->method, call->path);

    if (f == NULL)
        return true;
    if (f->kind == SIM_FAULT_RESET || (f->kind == SIM_FAULT_HANG && f->ms < 0)) {
        ret->end = f->kind == SIM_FAULT_RESET ? SIM_LONE_RESET : SIM_LONE_SILENCE;
        return false;
    }
    if (f->kind == SIM_FAULT_HANG) {
        ret->took_ms = f->ms;
        sim_call_unavailable (call, 1);
        return true;
    }
    sim_message_error (call, f->status,
                       f->status == 503 ? "Base.ServiceTemporarilyUnavailable"
                                        : "Base.GeneralError",
                       "30");
    if (f->retry_after_s >= 0)
        sim_call_header (call, "Retry-After", "%d", f->retry_after_s);
    return true;
}

static void
run_call (struct sim_call *call, const struct sim_lone_request *r)
{
    refuse_phase (call);
    if (call->status == 0)
        sim_router_begin (call);
    if (call->status == 0 && call->upload != NULL)
        sim_upload_feed (call->upload, r->body, r->body_len);
    else if (call->status == 0 && r->body != NULL)
        buf_append (&call->body, r->body, r->body_len);
    if (call->status == 0)
        sim_router_finish (call);
}

static void
take_body (struct sim_call *call, struct sim_lone_answer *ret)
{
    const char *type
        = call->content_type == NULL ? "application/json; charset=utf-8" : call->content_type;
    char *body = call->text;

    call->text = NULL;
    if (call->doc != NULL)
        body = json_dumps (call->doc, JSON_COMPACT);
    ret->status = call->status;
    if (body != NULL && call->status != 204 && call->status != 304) {
        buf_printf (&ret->headers, "Content-Type: %s\r\n", type);
        buf_puts (&ret->body, body);
    }
    mem_free (body);
    if (call->headers.len > 0)
        buf_append (&ret->headers, call->headers.data, call->headers.len);
}

/* What goes wrong with the answer. */
static void
meet_answer_fault (struct sim_call *call, struct sim_lone_answer *ret)
{
    struct sim_fault *f = sim_fault_take_request (call->bmc, true, call->method, call->path);

    ret->performed = true;
    if (f == NULL)
        return;
    switch (f->kind) {
    case SIM_FAULT_RESET: ret->end = SIM_LONE_RESET; break;
    case SIM_FAULT_HANG:
        ret->end = f->ms < 0 ? SIM_LONE_SILENCE : SIM_LONE_ANSWERED;
        ret->took_ms += f->ms < 0 ? 0 : f->ms;
        break;
    case SIM_FAULT_SLOW:
        ret->took_ms += (int64_t) ret->body.len * 1000 / (f->bytes_per_s < 1 ? 1 : f->bytes_per_s);
        break;
    case SIM_FAULT_TRUNCATE:
        ret->end = SIM_LONE_RESET;
        break;
    case SIM_FAULT_HOSTILE: {
        const char *type = NULL;
        size_t len = 0;
        char *body = sim_fault_hostile_body (f, &len, &type);
        buf_clear (&ret->body);
        buf_append (&ret->body, body, len);
        ret->status = 200;
        mem_free (body);
        break;
    }
    default: break;
    }
}

static bool
listens (const struct sim_bmc *bmc)
{
    return bmc->phase != SIM_PHASE_DOWN && !sim_fault_armed (bmc, SIM_FAULT_DROP)
           && !sim_fault_armed (bmc, SIM_FAULT_SILENT);
}

void
sim_lone_ask (struct sim_lone *lone, const struct sim_lone_request *r,
              struct sim_lone_answer *ret)
{
    struct sim_http_request request;
    const char *problem = NULL;
    size_t head_len = 0;

    *ret = (struct sim_lone_answer){ .end = SIM_LONE_ANSWERED };
    if (!listens (lone->bmc)) {
        ret->end = SIM_LONE_REFUSED;
        return;
    }
    char *head = make_head (lone, r, &head_len);
    int status = sim_http_parse (head, head_len, &request, &problem);
    struct sim_call call = { .fleet = &lone->fleet, .bmc = lone->bmc, .request = &request };
    lone->bmc->counters.requests++;
    if (status != 0) {
        ret->status = status;
        mem_free (head);
        return;
    }
    call.method = request.method;
    call.path = str_dup (request.path);
    if (request.method < SIM_METHOD_COUNT)
        lone->bmc->counters.by_method[request.method]++;
    if (meet_request_fault (&call, ret)) {
        if (call.status == 0)
            run_call (&call, r);
        take_body (&call, ret);
        meet_answer_fault (&call, ret);
    }
    sim_call_release (&call);
    mem_free (head);
}
