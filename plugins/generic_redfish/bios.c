/* bios: attributes of the BIOS: read, compare, change, restart, verify.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "generic.h"

static int32_t
read_bios (struct walk *w, const char *place)
{
    const char *const paths[] = { w->service.bios };
    if (w->service.bios == NULL)
        return farrier_fail (w->step, w->err, FARRIER_E_UNSUPPORTED,
                             "this BMC shows no BIOS settings (%s has no Bios)",
                             w->service.system == NULL ? "it" : w->service.system);
    return walk_collect (w, place, paths, 1, "read the BIOS settings");
}

/* NULL with the op's failure in *ret_rc. */
static const struct farrier_json *
bios_document (struct walk *w, int32_t *ret_rc)
{
    const struct farrier_json *bios = redfish_document (w->step, w->service.bios, NULL);
    if (bios != NULL && farrier_json_at (bios, "/Attributes") != NULL)
        return bios;
    *ret_rc = w->wake.code != 0
                  ? walk_fail_wake (w, "the BIOS settings can't be read")
                  : farrier_fail (w->step, w->err,
                                  bios == NULL ? FARRIER_E_TRANSIENT : FARRIER_E_UNSUPPORTED,
                                  "%s %s", w->service.bios,
                                  bios == NULL ? "can't be read" : "has no Attributes");
    return NULL;
}

/* --- bios.get ------------------------------------------------------------------------------- */

int32_t
bios_get_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    return bios_get_poll (self, step, err);
}

int32_t
bios_get_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    int32_t rc = walk_begin (&w, self, step, err);
    if (rc != FARRIER_DONE)
        return rc;
    if (!walk_is_at (&w, "bios"))
        return read_bios (&w, "bios");
    const struct farrier_json *bios = bios_document (&w, &rc);
    if (bios == NULL)
        return rc;
    /* All of them go into a file: a BIOS has hundreds, and a job's context is small. */
    const struct farrier_json *attributes = farrier_json_at (bios, "/Attributes");
    const char *text = farrier_json_text (step, attributes);
    if (text == NULL)
        return farrier_fail (step, err, FARRIER_E_NO_SPACE, "out of step memory");
    rc = farrier_artifact_write (step, "bios.json", text, strlen (text), err);
    if (rc < 0)
        return rc;
    walk_result (&w, "artifact", "bios.json");
    farrier_result_set (step, "count",
                        farrier_json_integer (step, farrier_json_count (attributes)));
    walk_result (&w, "registry", farrier_json_str_at (bios, "/AttributeRegistry"));
    return FARRIER_DONE;
}

/* --- bios.set ------------------------------------------------------------------------------- */

/* The wanted attributes: `attributes`, or a profile that is a group or has such a group. */
static const struct farrier_json *
wanted_of (struct walk *w, int32_t *ret_rc)
{
    const struct farrier_json *wanted = farrier_param_json (w->step, "attributes");
    if (farrier_json_type (wanted) != 'o')
        wanted = farrier_param_json (w->step, "profile");
    if (farrier_json_type (farrier_json_at (wanted, "/attributes")) == 'o')
        wanted = farrier_json_at (wanted, "/attributes");
    if (farrier_json_type (wanted) == 'o' && farrier_json_count (wanted) > 0)
        return wanted;
    farrier_fail (w->step, w->err, FARRIER_E_INVALID,
                  "neither 'attributes' nor 'profile' holds a group of BIOS attributes");
    farrier_hint (w->step, w->err, "attributes = { ProcVirtualization = \"Enabled\"; };");
    *ret_rc = FARRIER_E_INVALID;
    return NULL;
}

/* The body of the change; NULL with *ret_rc = SKIPPED when everything is as wanted. */
static const char *
body_of (struct walk *w, const struct farrier_json *bios, int32_t *ret_rc)
{
    const char *unknown = NULL;
    uint32_t count = 0;
    const struct farrier_json *wanted = wanted_of (w, ret_rc);
    if (wanted == NULL)
        return NULL;
    const char *body = redfish_settings_body (w->step, bios, wanted, &count, &unknown);
    if (unknown != NULL) {
        *ret_rc = farrier_fail (w->step, w->err, FARRIER_E_INVALID,
                                "the BIOS has no attribute %s (registry %s)", unknown,
                                farrier_json_str_at (bios, "/AttributeRegistry") == NULL
                                    ? "unknown"
                                    : farrier_json_str_at (bios, "/AttributeRegistry"));
        return NULL;
    }
    if (body == NULL)
        *ret_rc = farrier_skip (w->step, "all %u BIOS attributes are as wanted",
                                farrier_json_count (wanted));
    else
        farrier_result_set (w->step, "changed", farrier_json_integer (w->step, count));
    return body;
}

/* If-Match as the document says, then without the weak prefix, then none: some services compare it
 * as text, some can't at all. A document without an ETag: none, then any, for services that want
 * the header all the same. */
static const char *
etag_for (struct walk *w, int attempt)
{
    const char *etag = walk_text (w, "etag");
    int weak = strncmp (etag, "W/", 2) == 0;
    if (etag[0] == '\0')
        return attempt == 0 ? "" : attempt == 1 ? "*" : NULL;
    if (attempt == 0)
        return etag;
    if (attempt == 1 && weak)
        return etag + 2;
    return attempt == (weak ? 2 : 1) ? "" : NULL;
}

static int32_t
patch (struct walk *w, int attempt)
{
    const char *etag = etag_for (w, attempt);
    struct farrier_pair header;
    memset (&header, 0, sizeof header);
    header.name = "If-Match";
    header.value = etag;
    struct farrier_http_request what = FARRIER_INIT (struct farrier_http_request);
    what.method = "PATCH";
    what.path = walk_text (w, "settings");
    what.body = walk_text (w, "body");
    what.label = "change BIOS settings";
    if (etag != NULL && etag[0] != '\0')
        what.headers = (struct farrier_table) FARRIER_TABLE_OF (&header, 1);
    walk_keep (w, "attempt", farrier_printf (w->step, "%d", attempt));
    walk_go (w, "patch");
    return walk_pending (farrier_await_http (w->step, &what, w->err));
}

static int32_t
compared (struct walk *w)
{
    int32_t rc = 0;
    const struct farrier_json *bios = bios_document (w, &rc), *settings = NULL;
    const char *body = bios == NULL ? NULL : body_of (w, bios, &rc);
    if (body == NULL)
        return rc;
    const char *uri = redfish_settings_uri (bios, w->service.bios);
    rc = redfish_get (w->step, uri, &settings, w->err);
    if (rc < 0)
        return rc;
    const char *etag = farrier_json_str_at (settings, "/@odata.etag");
    walk_keep (w, "settings", uri);
    walk_keep (w, "body", body);
    walk_keep (w, "etag", etag == NULL ? "" : etag);
    return patch (w, 0);
}

static int
wants_reset (struct walk *w)
{
    return farrier_param_json (w->step, "reset") == NULL
           || farrier_param_i64 (w->step, "reset") != 0;
}

static int32_t
restart (struct walk *w)
{
    if (!wants_reset (w)) {
        farrier_needs (w->step, FARRIER_REBOOT_HOST_RESET);
        return FARRIER_DONE;
    }
    walk_go (w, "reset");
    int32_t rc = power_begin (w, POWER_RESTART);
    return rc == FARRIER_DONE ? read_bios (w, "verify") : rc;
}

static int32_t
patched (struct walk *w)
{
    int attempt = (int) walk_number (w, "attempt");
    int32_t status
        = w->wake.response == NULL ? 0 : farrier_response_status (w->wake.response);
    if ((status == 412 || status == 428) && etag_for (w, attempt + 1) != NULL)
        return patch (w, attempt + 1);
    int32_t rc = walk_answer (w, "the BIOS settings can't be changed");
    return rc < 0 ? rc : restart (w);
}

/* After the restart: the attributes themselves, and what the BIOS says about the ones it refused.
 * */
static int32_t
verify (struct walk *w)
{
    struct redfish_verdict verdict;
    uint32_t count = 0;
    const char *unknown = NULL;
    int32_t rc = 0;
    const struct farrier_json *bios = bios_document (w, &rc);
    const struct farrier_json *wanted = bios == NULL ? NULL : wanted_of (w, &rc);
    if (wanted == NULL)
        return rc;
    redfish_read_messages (bios, &verdict);
    redfish_settings_body (w->step, bios, wanted, &count, &unknown);
    if (count == 0 && unknown == NULL)
        return FARRIER_DONE;
    farrier_fail (w->step, w->err, FARRIER_E_VERIFY,
                  "%u of %u BIOS attributes are not as wanted after the restart%s%s", count,
                  farrier_json_count (wanted), verdict.text == NULL ? "" : ": ",
                  verdict.text == NULL ? "" : verdict.text);
    return walk_certain (w, FARRIER_E_VERIFY);
}

int32_t
bios_set_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    return bios_set_poll (self, step, err);
}

int32_t
bios_set_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    int32_t rc = walk_begin (&w, self, step, err);
    if (rc != FARRIER_DONE)
        return rc;
    if (walk_is_at (&w, "compare"))
        return compared (&w);
    if (walk_is_at (&w, "patch"))
        return patched (&w);
    if (walk_is_at (&w, "reset")) {
        rc = power_poll (&w);
        return rc == FARRIER_DONE ? read_bios (&w, "verify") : rc;
    }
    if (walk_is_at (&w, "verify"))
        return verify (&w);
    return read_bios (&w, "compare");
}

/* Are the wanted values waiting in the settings object? */
static int32_t
pending_there (struct walk *w)
{
    const struct farrier_json *settings = NULL;
    const struct farrier_json *body = farrier_json_parse (w->step, walk_text (w, "body"));
    if (redfish_get (w->step, walk_text (w, "settings"), &settings, w->err) < 0)
        return FARRIER_E_UNREACHABLE;
    const char *unknown = NULL;
    uint32_t count = 0;
    redfish_settings_body (w->step, settings, farrier_json_at (body, "/Attributes"), &count,
                           &unknown);
    return count == 0 && unknown == NULL;
}

int32_t
bios_set_reconcile (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    int32_t rc;
    if (walk_resume (&w, self, step, err) != FARRIER_DONE || walk_is_at (&w, "")
        || walk_is_at (&w, "compare"))
        return FARRIER_NOT_STARTED;
    if (walk_is_at (&w, "patch")) {
        if (w.wake.delivery == FARRIER_DELIVERY_NONE)
            return FARRIER_NOT_STARTED;
        rc = pending_there (&w);
        if (rc < 0)
            return farrier_recheck (step, 15000);
        rc = rc == 0 ? FARRIER_NOT_STARTED : restart (&w);
    } else if (walk_is_at (&w, "reset")) {
        rc = power_reconcile (&w);
        /* The settings wait in the BMC: only the restart is missing. */
        rc = rc == FARRIER_NOT_STARTED ? restart (&w)
             : rc == FARRIER_DONE      ? read_bios (&w, "verify") : rc;
    } else {
        rc = read_bios (&w, "verify");
    }
    return rc == FARRIER_PENDING ? FARRIER_ADOPT : rc;
}
