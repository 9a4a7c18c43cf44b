/* update: how an image is handed over: method, apply time, and the words that go with it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <inttypes.h>
#include <string.h>

#include "redfish.h"

static const char *const method_names[] = { "none", "multipart", "http_push", "simple_update" };

const char *
redfish_method_name (uint32_t method)
{
    return method_names[method < 4 ? method : 0];
}

/* --- what is offered ------------------------------------------------------------------------ */

static const char *
offered_uri (const struct farrier_json *update, uint32_t method)
{
    switch (method) {
    case REDFISH_METHOD_MULTIPART:
        return redfish_path (farrier_json_str_at (update, "/MultipartHttpPushUri"));
    case REDFISH_METHOD_HTTP_PUSH:
        return redfish_path (farrier_json_str_at (update, "/HttpPushUri"));
    case REDFISH_METHOD_SIMPLE_UPDATE:
        return redfish_path (
            farrier_json_str_at (update, "/Actions/#UpdateService.SimpleUpdate/target"));
    default:
        return NULL;
    }
}

/* A pull needs HTTP or HTTPS: the image server speaks nothing else. */
static int
pull_possible (const struct farrier_json *update)
{
    const struct farrier_json *allowed
        = farrier_json_at (update, "/Actions/#UpdateService.SimpleUpdate/"
                                   "TransferProtocol@Redfish.AllowableValues");
    if (farrier_json_count (allowed) == 0)
        return 1;
    for (uint32_t i = 0; i < farrier_json_count (allowed); i++) {
        const char *word = farrier_json_str (farrier_json_item (allowed, i));
        if (redfish_glob ("HTTP", word) || redfish_glob ("HTTPS", word))
            return 1;
    }
    return 0;
}

static const struct farrier_json *
apply_times (const struct farrier_json *update, uint32_t method)
{
    static const char *const multipart[] = {
        "/MultipartHttpPushUri@Redfish.OperationApplyTimeSupport/SupportedValues", NULL
    };
    static const char *const push[] = {
        "/HttpPushUriOptions/HttpPushUriApplyTime/ApplyTime@Redfish.AllowableValues", NULL
    };
    static const char *const pull[] = {
        "/Actions/#UpdateService.SimpleUpdate/@Redfish.OperationApplyTimeSupport/SupportedValues",
        NULL
    };
    const char *const *places = method == REDFISH_METHOD_MULTIPART ? multipart
                                : method == REDFISH_METHOD_HTTP_PUSH ? push : pull;
    for (; *places != NULL; places++)
        if (farrier_json_count (farrier_json_at (update, *places)) > 0)
            return farrier_json_at (update, *places);
    return NULL;
}

static int
offers (const struct farrier_json *list, const char *word)
{
    for (uint32_t i = 0; i < farrier_json_count (list); i++)
        if (redfish_glob (word, farrier_json_str (farrier_json_item (list, i))))
            return 1;
    return 0;
}

/* --- checks --------------------------------------------------------------------------------- */

static int32_t
check_service (struct farrier_step *step, const struct farrier_json *update,
               const struct redfish_wish *wish, struct farrier_error *err)
{
    int64_t max = 0;
    if (farrier_json_bool (farrier_json_at (update, "/ServiceEnabled")) == 0) {
        farrier_fail (step, err, FARRIER_E_PRECONDITION,
                      "the BMC's update service is disabled (ServiceEnabled is false)");
        farrier_hint (step, err, "enable it in the BMC's settings");
        return FARRIER_E_PRECONDITION;
    }
    if (farrier_json_i64 (farrier_json_at (update, "/MaxImageSizeBytes"), &max) == 0 && max > 0
        && wish->image_bytes > (uint64_t) max)
        return farrier_fail (step, err, FARRIER_E_NO_SPACE,
                             "the image has %" PRIu64 " bytes, the BMC takes %" PRId64,
                             wish->image_bytes, max);
    return FARRIER_OK;
}

static int32_t
method_of (struct farrier_step *step, const struct redfish_service *service,
           const struct farrier_json *update, const struct redfish_wish *wish, uint32_t *ret,
           struct farrier_error *err)
{
    int own_push = (redfish_quirk (service->vendor)->flags & REDFISH_QUIRK_OWN_PUSH) != 0
                   && !wish->foreign_push;
    int any = wish->method == NULL || strcmp (wish->method, "auto") == 0;
    for (uint32_t m = REDFISH_METHOD_MULTIPART; m <= REDFISH_METHOD_SIMPLE_UPDATE; m++) {
        if (!any && strcmp (wish->method, method_names[m]) != 0)
            continue;
        if (offered_uri (update, m) == NULL
            || (m == REDFISH_METHOD_SIMPLE_UPDATE && !pull_possible (update)))
            continue;
        if (m == REDFISH_METHOD_HTTP_PUSH && own_push)
            continue;
        *ret = m;
        return FARRIER_OK;
    }
    farrier_fail (step, err, FARRIER_E_UNSUPPORTED,
                  "the BMC offers no way to update by '%s' (multipart: %s, http_push: %s%s, "
                  "simple_update: %s)", any ? "auto" : wish->method,
                  offered_uri (update, REDFISH_METHOD_MULTIPART) == NULL ? "no" : "yes",
                  offered_uri (update, REDFISH_METHOD_HTTP_PUSH) == NULL ? "no" : "yes",
                  own_push ? " but in this vendor's own way" : "",
                  offered_uri (update, REDFISH_METHOD_SIMPLE_UPDATE) == NULL ? "no" : "yes");
    if (own_push)
        farrier_hint (step, err, "bind the vendor's plugin to this host");
    return FARRIER_E_UNSUPPORTED;
}

static int32_t
apply_time_of (struct farrier_step *step, const struct farrier_json *update,
               const struct redfish_wish *wish, struct redfish_update *ret,
               struct farrier_error *err)
{
    const struct farrier_json *offered = apply_times (update, ret->method);
    int any = wish->apply_time == NULL || strcmp (wish->apply_time, "auto") == 0;
    const char *want = wish->stage ? "OnStartUpdateRequest" : any ? "Immediate" : wish->apply_time;
    ret->apply_time = NULL;
    if (offers (offered, want)) {
        ret->apply_time = want;
        return FARRIER_OK;
    }
    if (wish->stage)
        return farrier_fail (step, err, FARRIER_E_UNSUPPORTED,
                             "the BMC can't stage an image (apply times: %s)",
                             redfish_join (step, offered));
    if (any)
        return FARRIER_OK;             /* the service decides */
    return farrier_fail (step, err, FARRIER_E_UNSUPPORTED,
                         "the BMC does not offer the apply time '%s' (it offers: %s)", want,
                         redfish_join (step, offered));
}

int32_t
redfish_choose_update (struct farrier_step *step, const struct redfish_service *service,
                       const struct farrier_json *update, const struct redfish_wish *wish,
                       struct redfish_update *ret, struct farrier_error *err)
{
    struct redfish_update u = { 0 };
    int32_t rc = check_service (step, update, wish, err);
    if (rc == 0)
        rc = method_of (step, service, update, wish, &u.method, err);
    if (rc == 0)
        rc = apply_time_of (step, update, wish, &u, err);
    if (rc < 0)
        return rc;
    u.uri = offered_uri (update, u.method);
    u.start_uri = redfish_path (
        farrier_json_str_at (update, "/Actions/#UpdateService.StartUpdate/target"));
    /* A bmcweb applies its default, OnReset, when nothing is said: say it where it is known. */
    if (u.method == REDFISH_METHOD_MULTIPART && u.apply_time == NULL
        && service->vendor == REDFISH_OPENBMC)
        u.apply_time = "Immediate";
    if (u.method == REDFISH_METHOD_HTTP_PUSH) {
        int busy = farrier_json_bool (farrier_json_at (update, "/HttpPushUriTargetsBusy"));
        if (busy == 1)
            return farrier_fail (step, err, FARRIER_E_BUSY,
                                 "another client has claimed the update service "
                                 "(HttpPushUriTargetsBusy is true)");
        u.claim_uri = busy == 0 ? redfish_link (update, "") : NULL;
        u.apply_by_options = u.apply_time != NULL;
    }
    *ret = u;
    return FARRIER_OK;
}

/* --- bodies --------------------------------------------------------------------------------- */

static const char *
targets_text (struct farrier_step *step, const struct redfish_service *service, const char *target)
{
    if (target == NULL
        || (redfish_quirk (service->vendor)->flags & REDFISH_QUIRK_WILDCARD_TARGETS) != 0)
        return "[]";
    const char *quoted = redfish_quote (step, target);
    return quoted == NULL ? NULL : farrier_printf (step, "[%s]", quoted);
}

const char *
redfish_update_parameters (struct farrier_step *step, const struct redfish_service *service,
                           const char *target, const char *apply_time)
{
    int oem = (redfish_quirk (service->vendor)->flags & REDFISH_QUIRK_OEM_PARAMETERS) != 0;
    const char *targets = targets_text (step, service, target);
    if (targets == NULL)
        return NULL;
    if (apply_time == NULL)
        return farrier_printf (step, "{\"Targets\":%s%s}", targets, oem ? ",\"Oem\":{}" : "");
    return farrier_printf (step, "{\"Targets\":%s,\"@Redfish.OperationApplyTime\":\"%s\"%s}",
                           targets, apply_time, oem ? ",\"Oem\":{}" : "");
}

const char *
redfish_simple_update_body (struct farrier_step *step, const struct redfish_service *service,
                            const char *url, const char *target, const char *apply_time,
                            int with_protocol)
{
    const char *image = redfish_quote (step, url);
    const char *protocol = redfish_glob ("https:*", url) ? "HTTPS" : "HTTP";
    const char *targets = targets_text (step, service, target);
    if (image == NULL || targets == NULL)
        return NULL;
    const char *body = farrier_printf (step, "{\"ImageURI\":%s", image);
    if (body != NULL && with_protocol)
        body = farrier_printf (step, "%s,\"TransferProtocol\":\"%s\"", body, protocol);
    if (body != NULL && strcmp (targets, "[]") != 0)
        body = farrier_printf (step, "%s,\"Targets\":%s", body, targets);
    if (body != NULL && apply_time != NULL)
        body = farrier_printf (step, "%s,\"@Redfish.OperationApplyTime\":\"%s\"", body, apply_time);
    return body == NULL ? NULL : farrier_printf (step, "%s}", body);
}
