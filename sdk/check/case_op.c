/* case_op: the cases of one op: its happy path, crash and cancel at every await, callbacks that run
 * twice, faults at every request, memory that runs out, other cores.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "case.h"
#include "rules.h"

/* Enough for every place of an op that reads a handful of resources; where there are more, they
 * are taken at even distances. */
#define REQUESTS_MAX 40
#define MEMORY_MAX 160
#define ATTEMPTS 3

struct trial {
    const struct case_input *in;
    struct case_output *out;
    struct scene_result happy;
    uint32_t op_flags;
};

void
case_fail (struct case_output *out, const char *rule, const char *fmt, ...)
{
    va_list ap;
    if (out->message != NULL)
        return;
    va_start (ap, fmt);
    out->message = str_vprintf (fmt, ap);
    va_end (ap);
    out->rule = str_dup (rule);
}

static const char *
rc_name (int32_t rc)
{
    static const char *const names[] = { "DONE", "PENDING", "SKIPPED", "TOO_LATE", "ADOPT",
                                         "NOT_STARTED", "RECHECK", "UNKNOWN" };
    return rc < 0 ? err_code_name (rc) : rc <= FARRIER_UNKNOWN ? names[rc] : "?";
}

/* --- judging -------------------------------------------------------------------------------- */

/* What holds whatever went wrong: nothing is done twice, nobody is told it was done when it was
 * not, and the plugin keeps to its part. */
static void
judge_always (struct trial *t, const struct scene_result *r, const char *where)
{
    const struct scene_result *h = &t->happy;
    bool idempotent = (t->op_flags & FARRIER_OP_IDEMPOTENT) != 0;
    if (r->rc == FARRIER_E_PLUGIN_BUG || r->rc == FARRIER_E_INTERNAL)
        case_fail (t->out, "", "%s: %s", where, r->message);
    else if (r->duplicates > 0)
        case_fail (t->out, "", "%s: %" PRIu64 " request%s sent twice", where, r->duplicates,
                   r->duplicates == 1 ? " was" : "s were");
    else if (r->flashes > h->flashes)
        case_fail (t->out, "", "%s: the image was written %" PRIu64 " times, %" PRIu64
                   " without it", where, r->flashes, h->flashes);
    else if (!idempotent && r->changes > h->changes)
        case_fail (t->out, "", "%s: %" PRIu64 " changing requests were carried out, %" PRIu64
                   " without it", where, r->changes, h->changes);
    else if (r->rc == FARRIER_DONE && h->rc == FARRIER_DONE && r->completed < h->completed)
        case_fail (t->out, "", "%s: answered DONE, and nothing was written", where);
}

static void
judge_end (struct trial *t, const struct scene_result *r, const char *where)
{
    judge_always (t, r, where);
    if (r->rc < 0)
        case_fail (t->out, "", "%s: ended with %s: %s", where, rc_name (r->rc), r->message);
}

/* --- one run -------------------------------------------------------------------------------- */

typedef void set_up (struct scene *s, void *arg);

/* False: it could not be prepared (t->out says why). */
static bool
run_scene (struct trial *t, set_up *prepare, void *arg, struct scene_result *ret)
{
    struct scene s;
    scene_open (&s, &t->in->set);
    char *why = scene_prepare (&s);
    if (why == NULL) {
        if (prepare != NULL)
            prepare (&s, arg);
        scene_run (&s, ret);
    } else {
        case_fail (t->out, "", "%s", why);
        *ret = (struct scene_result) { 0 };
    }
    mem_free (why);
    scene_close (&s);
    return why == NULL;
}

static bool
run_happy (struct trial *t)
{
    rules_note ("happy path");
    bool ran = run_scene (t, NULL, NULL, &t->happy);
    rules_note ("");
    return ran;
}

/* --- crash, cancel, repeat ------------------------------------------------------------------ */

struct moment {
    uint32_t at;
    int32_t delivery;
    bool lost;
};

static void
arm_crash (struct scene *s, void *arg)
{
    const struct moment *m = arg;
    s->test->crash_at = m->at;
    s->test->crash_delivery = m->delivery;
    s->test->crash_lost = m->lost;
}

static bool
parse_crash (const char *text, struct moment *ret)
{
    static const struct {
        const char *name;
        int32_t delivery;
        bool lost;
    } all[] = {
        { "none", FARRIER_DELIVERY_NONE, false },
        { "maybe", FARRIER_DELIVERY_MAYBE, false },
        { "lost", FARRIER_DELIVERY_MAYBE, true },
        { "answered", FARRIER_DELIVERY_ANSWERED, false },
    };
    char word[16];
    if (sscanf (text, "%" SCNu32 "-%15s", &ret->at, word) != 2)
        return false;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (str_eq (all[i].name, word)) {
            ret->delivery = all[i].delivery;
            ret->lost = all[i].lost;
            return true;
        }
    return false;
}

static void
run_crash (struct trial *t, const char *text)
{
    struct scene_result r;
    struct moment m;
    if (!parse_crash (text, &m)) {
        case_fail (t->out, "", "there is no such case");
        return;
    }
    if (run_scene (t, arm_crash, &m, &r))
        judge_end (t, &r, "after the crash");
    if (r.rc == FARRIER_DONE && t->happy.rc == FARRIER_DONE && r.changes != t->happy.changes
        && t->happy.changes > 0)
        case_fail (t->out, "", "answered DONE after %" PRIu64 " changing requests, %" PRIu64
                   " are needed", r.changes, t->happy.changes);
    scene_result_free (&r);
}

static void
arm_cancel (struct scene *s, void *arg)
{
    s->test->cancel_at = *(uint32_t *) arg;
}

static void
run_cancel (struct trial *t, uint32_t at)
{
    struct scene_result r;
    if (run_scene (t, arm_cancel, &at, &r))
        judge_always (t, &r, "after the cancel");
    scene_result_free (&r);
}

static void
arm_repeat (struct scene *s, void *arg)
{
    uint32_t at = *(uint32_t *) arg;
    s->test->repeat_at = at;
    s->test->repeat_start = at == 0;
}

static void
run_repeat (struct trial *t, uint32_t at)
{
    struct scene_result r;
    if (run_scene (t, arm_repeat, &at, &r))
        judge_end (t, &r, "after the callback ran twice");
    if (r.rc != t->happy.rc)
        case_fail (t->out, "", "answered %s after a callback ran twice, %s without",
                   rc_name (r.rc), rc_name (t->happy.rc));
    scene_result_free (&r);
}

/* --- faults --------------------------------------------------------------------------------- */

static void
arm_fault (struct scene *s, void *arg)
{
    s->fault = *(const struct fault *) arg;
    s->test->attempts_max = ATTEMPTS;
}

/* The request's first and last place among all; what lies between is the same again. */
static bool
worth_a_fault (const json_t *requests, size_t i)
{
    const char *line = json_string_value (json_array_get (requests, i));
    bool before = false, after = false;
    for (size_t k = 0; k < json_array_size (requests); k++) {
        bool same = str_eq (json_string_value (json_array_get (requests, k)), line);
        before = before || (same && k < i);
        after = after || (same && k > i);
    }
    return !before || !after;
}

static void
run_fault_at (struct trial *t, struct fault *fault, size_t i)
{
    char where[200];
    struct scene_result r;
    str_format (where, sizeof where, "at request %zu (%s)", i + 1,
                json_string_value (json_array_get (t->happy.requests, i)));
    rules_note (where);
    fault->at = (uint32_t) i + 1;
    if (run_scene (t, arm_fault, fault, &r))
        judge_always (t, &r, where);
    scene_result_free (&r);
}

static void
run_faults (struct trial *t, struct fault *fault)
{
    size_t count = json_array_size (t->happy.requests), chosen = 0, run = 0, seen = 0;
    for (size_t i = 0; i < count; i++)
        chosen += worth_a_fault (t->happy.requests, i);
    size_t step = chosen <= REQUESTS_MAX ? 1 : (chosen + REQUESTS_MAX - 1) / REQUESTS_MAX;
    for (size_t i = 0; i < count && t->out->message == NULL; i++) {
        if (!worth_a_fault (t->happy.requests, i) || seen++ % step != 0)
            continue;
        run_fault_at (t, fault, i);
        run++;
    }
    json_put_int (t->out->details, "runs", (long long) run);
}

static void
run_overall_fault (struct trial *t, struct fault *fault)
{
    struct scene_result r;
    if (run_scene (t, arm_fault, fault, &r))
        judge_always (t, &r, "with it");
    if (fault->kind == FAULT_PERCENT_BACK && r.rc < 0)
        case_fail (t->out, "", "ended with %s: %s", rc_name (r.rc), r.message);
    scene_result_free (&r);
}

/* --- memory --------------------------------------------------------------------------------- */

static void
arm_memory (struct scene *s, void *arg)
{
    s->memory_fails_at = *(uint64_t *) arg;
}

static void
run_memory (struct trial *t)
{
    uint64_t count = t->happy.memory;
    uint64_t step = count <= MEMORY_MAX ? 1 : (count + MEMORY_MAX - 1) / MEMORY_MAX;
    long long runs = 0;
    for (uint64_t n = 1; n <= count && t->out->message == NULL; n += step) {
        char where[64];
        struct scene_result r;
        str_format (where, sizeof where, "allocation %" PRIu64 " of %" PRIu64 " fails", n, count);
        rules_note (where);
        if (run_scene (t, arm_memory, &n, &r))
            judge_always (t, &r, where);
        scene_result_free (&r);
        runs++;
    }
    json_put_int (t->out->details, "runs", runs);
}

/* --- other cores ---------------------------------------------------------------------------- */

/* The table of the first 1.0; and what a later core would have behind the table of today. */
static void
arm_older (struct scene *s, void *arg)
{
    (void) arg;
    bench_set_host (s->test, offsetof (struct farrier_host, config_json), FARRIER_ABI_MINOR);
}

static void
arm_newer (struct scene *s, void *arg)
{
    (void) arg;
    bench_set_host (s->test, s->test->host_size, FARRIER_ABI_MINOR + 7);
}

static void
run_host (struct trial *t, bool newer)
{
    struct scene_result r;
    if (run_scene (t, newer ? arm_newer : arm_older, NULL, &r)) {
        judge_always (t, &r, newer ? "on a newer core" : "on an older core");
        if (newer && r.rc != t->happy.rc)
            case_fail (t->out, "", "answered %s on a newer core, %s on this one", rc_name (r.rc),
                       rc_name (t->happy.rc));
    }
    scene_result_free (&r);
}

/* --- which one ------------------------------------------------------------------------------ */

/* What it asks again and again is what costs. */
static void
tell_most_asked (struct trial *t)
{
    json_t *counts = json_object (), *line;
    const char *most = NULL;
    long long best = 0;
    size_t i;
    json_array_foreach (t->happy.requests, i, line) {
        const char *text = json_string_value (line);
        long long n = json_integer_value (json_object_get (counts, text)) + 1;
        json_put_int (counts, text, n);
        if (n > best) {
            best = n;
            most = text;
        }
    }
    json_put_str (t->out->details, "most_asked", most);
    json_put_int (t->out->details, "most_asked_times", best);
    json_decref (counts);
}

static void
tell_happy (struct trial *t)
{
    const struct scene_result *h = &t->happy;
    const struct check_op *conf = check_conf_op (t->in->set.conf, t->in->op);
    json_object_set (t->out->details, "trail", h->trail);
    json_put_int (t->out->details, "requests", (long long) json_array_size (h->requests));
    tell_most_asked (t);
    json_put_int (t->out->details, "changes", (long long) h->changes);
    json_put_int (t->out->details, "flashes", (long long) h->flashes);
    json_put_int (t->out->details, "memory", (long long) h->memory);
    json_put_str (t->out->details, "answer", rc_name (h->rc));
    bool allowed = (conf != NULL && conf->may_be_unsupported) || t->in->set.replay != NULL;
    if (h->rc == FARRIER_E_UNSUPPORTED && allowed)
        t->out->skipped = str_dup (h->message);
    else
        judge_end (t, h, "happy path");
    if (h->rc == FARRIER_UNKNOWN)
        case_fail (t->out, "", "happy path: ended with UNKNOWN");
}

static void
run_other (struct trial *t, const char *what)
{
    struct fault fault;
    int64_t n;
    if (str_starts (what, "crash-"))
        run_crash (t, what + 6);
    else if (str_starts (what, "cancel-") && str_to_i64 (what + 7, &n))
        run_cancel (t, (uint32_t) n);
    else if (str_eq (what, "repeat-start"))
        run_repeat (t, 0);
    else if (str_starts (what, "repeat-") && str_to_i64 (what + 7, &n))
        run_repeat (t, (uint32_t) n);
    else if (str_eq (what, "memory"))
        run_memory (t);
    else if (str_eq (what, "host-older") || str_eq (what, "host-newer"))
        run_host (t, str_eq (what, "host-newer"));
    else if (!fault_parse (what, &fault))
        case_fail (t->out, "", "there is no such case");
    else if (fault.kind >= FAULT_PERCENT_BACK)
        run_overall_fault (t, &fault);
    else
        run_faults (t, &fault);
}

/* A required parameter that check.conf does not give. */
static bool
lacks_params (const struct case_input *in, const struct farrier_op *op, struct case_output *out)
{
    const struct check_op *conf = check_conf_op (in->set.conf, in->op);
    struct err err = { 0 };
    if (plugin_params_check (&op->params, conf == NULL ? NULL : conf->params, 0, NULL, NULL, NULL,
                             &err) == 0)
        return false;
    case_fail (out, "", "parameters: %s (check.conf names them)", err.message);
    return true;
}

void
case_op (const struct case_input *in, struct case_output *ret)
{
    struct trial t = { .in = in, .out = ret };
    const struct farrier_table *ops = &in->set.plugin->ops;
    char *name = scene_op_name (in->op);
    for (uint32_t i = 0; i < ops->count; i++) {
        struct farrier_op op = { 0 };
        memcpy (&op, (const char *) ops->items + (size_t) i * ops->stride,
                ops->stride < sizeof op ? ops->stride : sizeof op);
        if (!str_eq (op.name, name))
            continue;
        mem_free (name);
        t.op_flags = op.flags;
        if (lacks_params (in, &op, ret) || !run_happy (&t))
            return;
        if (str_eq (in->what, "happy"))
            tell_happy (&t);
        else
            run_other (&t, in->what);
        scene_result_free (&t.happy);
        return;
    }
    case_fail (ret, "", "the plugin has no op '%s'", name);
    mem_free (name);
}
