/* walk: the small things that every op of this plugin does: places, state, awaits, answers.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>
#include <string.h>

#include "generic.h"

#define AT "at"

int32_t
walk_resume (struct walk *w, void *self, struct farrier_step *step, struct farrier_error *err)
{
    memset (w, 0, sizeof *w);
    w->step = step;
    w->err = err;
    w->config = self;
    w->wake = FARRIER_INIT (struct farrier_wake);
    farrier_wake (step, &w->wake);
    return redfish_service_load (step, &w->service);
}

int32_t
walk_begin (struct walk *w, void *self, struct farrier_step *step, struct farrier_error *err)
{
    walk_resume (w, self, step, err);
    return redfish_discover (step, &w->service, err);
}

const char *
walk_at (struct walk *w)
{
    return walk_text (w, AT);
}

int
walk_is_at (struct walk *w, const char *place)
{
    return strcmp (walk_at (w), place) == 0;
}

void
walk_go (struct walk *w, const char *place)
{
    walk_keep (w, AT, place);
}

const char *
walk_text (struct walk *w, const char *name)
{
    const char *text = farrier_state_get (w->step, name);
    return text == NULL ? "" : text;
}

int64_t
walk_number (struct walk *w, const char *name)
{
    return strtoll (walk_text (w, name), NULL, 10);
}

void
walk_keep (struct walk *w, const char *name, const char *value)
{
    if (value == NULL)
        farrier_state_del (w->step, name);
    else if (farrier_state_set (w->step, name, value) < 0)
        farrier_log (w->step, FARRIER_LOG_ERROR, "'%s' does not fit into the op's state", name);
}

int32_t
walk_pending (int32_t rc)
{
    return rc < 0 ? rc : FARRIER_PENDING;
}

int32_t
walk_fail_wake (struct walk *w, const char *what)
{
    int32_t code = w->wake.code < 0 ? w->wake.code : FARRIER_E_INTERNAL;
    farrier_fail (w->step, w->err, code, "%s: %s", what,
                  w->wake.message == NULL ? "no reason given" : w->wake.message);
    w->err->delivery = w->wake.delivery;
    return code;
}

int32_t
walk_collect (struct walk *w, const char *place, const char *const *paths, size_t count,
              const char *label)
{
    struct farrier_collect what = FARRIER_INIT (struct farrier_collect);
    const char *wanted[16];
    size_t n = 0;
    for (size_t i = 0; i < count && n < 16; i++)
        if (paths[i] != NULL && paths[i][0] != '\0')
            wanted[n++] = paths[i];
    what.paths = (struct farrier_table) FARRIER_TABLE_OF (wanted, n);
    what.max_in_flight = w->config->max_in_flight;
    what.label = label;
    walk_go (w, place);
    return walk_pending (farrier_await_collect (w->step, &what, w->err));
}

int32_t
walk_change (struct walk *w, const char *place, const char *method, const char *path,
             const char *body, uint32_t flags, const char *label)
{
    struct farrier_http_request what = FARRIER_INIT (struct farrier_http_request);
    if (path == NULL || body == NULL)
        return farrier_fail (w->step, w->err, FARRIER_E_NO_SPACE, "%s: out of step memory", label);
    what.method = method;
    what.path = path;
    what.body = body;
    what.flags = flags;
    what.label = label;
    walk_go (w, place);
    return walk_pending (farrier_await_http (w->step, &what, w->err));
}

int32_t
walk_answer (struct walk *w, const char *what)
{
    if (w->wake.code != 0 || w->wake.response == NULL)
        return walk_fail_wake (w, what);
    int32_t status = farrier_response_status (w->wake.response);
    if (status >= 200 && status < 300)
        return FARRIER_OK;
    return walk_certain (w, farrier_fail_http (w->step, w->err, w->wake.response, "%s", what));
}

int32_t
walk_certain (struct walk *w, int32_t rc)
{
    int passes = rc == FARRIER_E_TRANSIENT || rc == FARRIER_E_BUSY || rc == FARRIER_E_TIMEOUT
                 || rc == FARRIER_E_UNREACHABLE || rc == FARRIER_E_LOST;
    if (rc < 0 && !passes)
        farrier_known (w->step);
    return rc;
}

void
walk_result (struct walk *w, const char *name, const char *value)
{
    if (value != NULL)
        farrier_result_set (w->step, name, farrier_json_string (w->step, value));
}
