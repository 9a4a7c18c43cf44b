/* fault: see fault.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "fault.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_fault.h"

#define TIMEOUT_MS 60000
#define SLOW_MS 50000
#define LATE_MS 55000
/* More than a state may hold; more bytes would only take longer. */
#define HUGE_BYTES (1 << 18)

static const char *const each[] = {
    "status-400", "status-401", "status-403", "status-404", "status-405", "status-409",
    "status-412", "status-429", "status-500", "status-503", "reset", "reset-after", "silence",
    "slow", "truncated", "hostile-nesting", "hostile-types", "hostile-numbers", "hostile-nul",
    "hostile-null", "hostile-empty", "hostile-html", "hostile-body", NULL
};

static const char *const whole[]
    = { "percent-back", "task-gone", "task-late", "task-other", NULL };

const char *const *
fault_names (bool overall)
{
    return overall ? whole : each;
}

bool
fault_parse (const char *name, struct fault *ret)
{
    static const struct {
        const char *name;
        enum fault_kind kind;
    } plain[] = {
        { "reset", FAULT_RESET },         { "reset-after", FAULT_RESET_AFTER },
        { "silence", FAULT_SILENCE },     { "slow", FAULT_SLOW },
        { "truncated", FAULT_CUT },       { "percent-back", FAULT_PERCENT_BACK },
        { "task-gone", FAULT_TASK_GONE }, { "task-late", FAULT_TASK_LATE },
        { "task-other", FAULT_TASK_OTHER },
    };
    int64_t status;
    *ret = (struct fault) { .times = 1 };
    if (str_starts (name, "status-") && str_to_i64 (name + 7, &status)) {
        ret->kind = FAULT_STATUS;
        ret->status = (int32_t) status;
        return true;
    }
    if (str_starts (name, "hostile-")) {
        ret->kind = FAULT_SHAPE;
        ret->shape = name + 8;
        return true;
    }
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (str_eq (plain[i].name, name)) {
            ret->kind = plain[i].kind;
            return true;
        }
    return false;
}

static void
set_body (struct bench_reply *reply, const char *bytes, size_t len)
{
    mem_free (reply->body);
    reply->body = mem_alloc (len + 1);
    memcpy (reply->body, bytes, len);
    reply->body_len = len;
}

static void
break_off (struct bench_reply *reply, int32_t code, const char *why)
{
    reply->code = code;
    reply->delivery = FARRIER_DELIVERY_MAYBE;
    str_set (&reply->message, why);
}

static void
answer_status (const struct fault *f, struct bench_reply *ret)
{
    static const char body[] = "{\"error\":{\"code\":\"Base.1.0.GeneralError\","
                               "\"message\":\"made up by the check\"}}";
    ret->status = f->status;
    ret->delivery = FARRIER_DELIVERY_ANSWERED;
    set_body (ret, body, strlen (body));
    if (f->status == 503 || f->status == 429)
        json_array_append_new (ret->headers, json_pack ("[ss]", "Retry-After", "7"));
}

static bool
is_task (const struct bench_request *request)
{
    return str_eq (request->method, "GET")
           && (strstr (request->path, "/Tasks/") != NULL
               || strstr (request->path, "/TaskMonitors/") != NULL
               || strstr (request->path, "/Jobs/") != NULL);
}

static bool
task_before (struct fault *f, struct bench_reply *ret)
{
    if (f->first_task_ms == 0)
        f->first_task_ms = clock_boot_ms ();
    f->task_reads++;
    bool late = f->kind == FAULT_TASK_LATE && clock_boot_ms () - f->first_task_ms < LATE_MS;
    bool gone = f->kind == FAULT_TASK_GONE && f->task_reads > 1;
    if (!late && !gone)
        return false;
    f->fired++;
    struct fault missing = { .status = 404 };
    answer_status (&missing, ret);
    return true;
}

bool
fault_before (struct fault *f, const struct bench_request *request, struct bench_reply *ret)
{
    f->count++;
    if (f->at == 0)
        return is_task (request) && task_before (f, ret);
    if (f->count < f->at || f->count >= f->at + f->times)
        return false;
    f->fired++;
    if (f->kind == FAULT_STATUS) {
        answer_status (f, ret);
        return true;
    }
    if (f->kind == FAULT_RESET) {
        break_off (ret, FARRIER_E_TRANSIENT, "the connection broke off");
        return true;
    }
    return false;
}

/* --- answers -------------------------------------------------------------------------------- */

static void
answer_shape (const struct fault *f, struct bench_reply *ret)
{
    struct sim_fault hostile = { .shape = (char *) f->shape, .bytes = HUGE_BYTES };
    const char *type = NULL;
    size_t len = 0;
    char *body = sim_fault_hostile_body (&hostile, &len, &type);
    set_body (ret, body, len);
    ret->status = 200;
    mem_free (body);
}

static void
cut (struct bench_reply *ret)
{
    if (ret->body_len < 2)
        return;
    ret->body_len /= 2;
    ret->body[ret->body_len] = '\0';
}

static void
rewrite_task (struct fault *f, struct bench_reply *ret)
{
    json_t *doc = ret->body_len == 0 ? NULL : json_parse (ret->body, ret->body_len, NULL);
    if (doc == NULL || json_str (doc, "/TaskState") == NULL) {
        json_decref (doc);
        return;
    }
    if (f->kind == FAULT_PERCENT_BACK && f->task_reads % 2 == 0) {
        f->fired++;
        json_put_int (doc, "PercentComplete", 3);
    }
    if (f->kind == FAULT_TASK_OTHER && f->task_reads > 1) {
        f->fired++;                    /* of somebody else, and it went well */
        json_put_str (doc, "StartTime", "2031-05-05T05:05:05Z");
        json_put_str (doc, "Name", "Another task");
        json_put_str (doc, "TaskState", "Completed");
        json_put_str (doc, "TaskStatus", "OK");
        json_put_int (doc, "PercentComplete", 100);
    }
    char *text = json_text (doc);
    set_body (ret, text, strlen (text));
    mem_free (text);
    json_decref (doc);
}

void
fault_after (struct fault *f, const struct bench_request *request, struct bench_reply *ret)
{
    if (f->at == 0) {
        if (is_task (request) && (f->kind == FAULT_PERCENT_BACK || f->kind == FAULT_TASK_OTHER))
            rewrite_task (f, ret);
        return;
    }
    if (ret->code != 0 || f->count < f->at || f->count >= f->at + f->times)
        return;
    switch (f->kind) {
    case FAULT_RESET_AFTER:
        break_off (ret, FARRIER_E_TRANSIENT, "the connection broke off");
        break;
    case FAULT_SILENCE:
        break_off (ret, FARRIER_E_TIMEOUT, "no complete answer within 60000 ms");
        ret->took_ms = TIMEOUT_MS;
        break;
    case FAULT_SLOW:
        ret->took_ms = SLOW_MS;
        break;
    case FAULT_CUT:
        cut (ret);
        break;
    case FAULT_SHAPE:
        answer_shape (f, ret);
        break;
    default:
        break;
    }
}
