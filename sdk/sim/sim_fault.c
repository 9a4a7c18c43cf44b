/* sim_fault: what goes wrong, where, when and how often.
 *
 * A fault that is used up stays in the list, so that it can be seen how often it fired.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_fault.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_fleet.h"
#include "sim_session.h"
#include "sim_timer.h"
#include "sim_tls.h"
#include "sim_update.h"

enum duration { ONCE, ENDLESS, AT_ONCE };

static const struct {
    const char *name;
    enum duration duration; /* how often without "count" */
} kinds[SIM_FAULT_COUNT] = {
    [SIM_FAULT_RESET] = { "reset", ONCE },
    [SIM_FAULT_HANG] = { "hang", ONCE },
    [SIM_FAULT_SLOW] = { "slow", ENDLESS },
    [SIM_FAULT_STATUS] = { "status", ONCE },
    [SIM_FAULT_TRUNCATE] = { "truncate", ONCE },
    [SIM_FAULT_HOSTILE] = { "hostile", ONCE },
    [SIM_FAULT_TASK_VANISH] = { "task-vanish", ENDLESS },
    [SIM_FAULT_TASK_BACKWARDS] = { "task-backwards", ENDLESS },
    [SIM_FAULT_TASK_STUCK] = { "task-stuck", ENDLESS },
    [SIM_FAULT_FLASH_FAIL] = { "flash-fail", ONCE },
    [SIM_FAULT_WRONG_VERSION] = { "wrong-version", ONCE },
    [SIM_FAULT_EARLY_SUCCESS] = { "early-success", ONCE },
    [SIM_FAULT_SESSIONS_FULL] = { "sessions-full", ENDLESS },
    [SIM_FAULT_PASSWORD] = { "password", ENDLESS },
    [SIM_FAULT_NO_RETURN] = { "no-return", ONCE },
    [SIM_FAULT_EXPIRE_SESSIONS] = { "expire-sessions", AT_ONCE },
    [SIM_FAULT_CERTIFICATE] = { "certificate", AT_ONCE },
    [SIM_FAULT_IDENTITY] = { "identity", AT_ONCE },
    [SIM_FAULT_DROP] = { "drop", AT_ONCE },
    [SIM_FAULT_SILENT] = { "silent", AT_ONCE },
    [SIM_FAULT_REBOOT] = { "reboot", AT_ONCE },
    [SIM_FAULT_FOREIGN_TASK] = { "foreign-task", AT_ONCE },
    [SIM_FAULT_SLOT_FLIP] = { "slot-flip", AT_ONCE },
};

static void
fault_free (void *arg)
{
    struct sim_fault *f = arg;

    sim_timer_stop (&f->timer);
    mem_free (f->target);
    mem_free (f->path);
    mem_free (f->shape);
    mem_free (f->version);
    mem_free (f->component);
    mem_free (f->serial);
    mem_free (f->uuid);
    mem_free (f);
}

static bool
target_matches (const char *target, const struct sim_bmc *bmc)
{
    return str_eq (target, "all") || str_glob (target, bmc->name, false);
}

/* Lets "after" pass, counts "left" down. */
static bool
use (struct sim_fault *f, struct sim_bmc *bmc)
{
    if (f->after > 0) {
        f->after--;
        return false;
    }
    if (f->left > 0)
        f->left--;
    f->fired++;
    bmc->counters.faults_fired++;
    return true;
}

static bool
is_about (const struct sim_fault *f, const struct sim_bmc *bmc, enum sim_method method,
          const char *path)
{
    if (f->left == 0 || !target_matches (f->target, bmc))
        return false;
    if (f->method != SIM_OTHER && f->method != method)
        return false;
    return f->path == NULL || (path != NULL && str_glob (f->path, path, false));
}

struct sim_fault *
sim_fault_take (struct sim_bmc *bmc, enum sim_fault_kind kind, enum sim_method method,
                const char *path)
{
    const struct vec *all = &bmc->fleet->faults;

    for (size_t i = 0; i < all->count; i++) {
        struct sim_fault *f = vec_at (all, i);
        if (f->kind == kind && is_about (f, bmc, method, path) && use (f, bmc))
            return f;
    }
    return NULL;
}

struct sim_fault *
sim_fault_take_component (struct sim_bmc *bmc, enum sim_fault_kind kind, const char *component)
{
    const struct vec *all = &bmc->fleet->faults;

    for (size_t i = 0; i < all->count; i++) {
        struct sim_fault *f = vec_at (all, i);
        if (f->kind == kind && is_about (f, bmc, SIM_OTHER, NULL)
            && (str_empty (f->component) || str_eq (f->component, component)) && use (f, bmc))
            return f;
    }
    return NULL;
}

static bool
happens_at_answer (const struct sim_fault *f)
{
    if (f->kind == SIM_FAULT_RESET || f->kind == SIM_FAULT_HANG)
        return f->when == SIM_WHEN_ANSWER;
    return f->kind == SIM_FAULT_SLOW || f->kind == SIM_FAULT_TRUNCATE
           || f->kind == SIM_FAULT_HOSTILE;
}

struct sim_fault *
sim_fault_take_request (struct sim_bmc *bmc, bool at_answer, enum sim_method method,
                        const char *path)
{
    const struct vec *all = &bmc->fleet->faults;

    for (size_t i = 0; i < all->count; i++) {
        struct sim_fault *f = vec_at (all, i);
        if (f->kind <= SIM_FAULT_HOSTILE && happens_at_answer (f) == at_answer
            && is_about (f, bmc, method, path) && use (f, bmc))
            return f;
    }
    return NULL;
}

bool
sim_fault_armed (const struct sim_bmc *bmc, enum sim_fault_kind kind)
{
    const struct vec *all = &bmc->fleet->faults;

    for (size_t i = 0; i < all->count; i++) {
        const struct sim_fault *f = vec_at (all, i);
        if (f->kind == kind && f->left != 0 && target_matches (f->target, bmc))
            return true;
    }
    return false;
}

static void
change_identity (struct sim_bmc *bmc, const struct sim_fault *f)
{
    bmc->identity++;
    mem_free (bmc->serial_override);
    mem_free (bmc->uuid_override);
    bmc->serial_override = f->serial == NULL ? NULL : str_dup (f->serial);
    bmc->uuid_override = f->uuid == NULL ? NULL : str_dup (f->uuid);
}

static void
do_at_once (struct sim_bmc *bmc, struct sim_fault *f)
{
    switch (f->kind) {
    case SIM_FAULT_EXPIRE_SESSIONS: sim_session_end_all (bmc, true); break;
    case SIM_FAULT_CERTIFICATE: sim_tls_certify (bmc, NULL); break;
    case SIM_FAULT_IDENTITY: change_identity (bmc, f); break;
    case SIM_FAULT_DROP: sim_bmc_refuse (bmc); break;
    case SIM_FAULT_SILENT: sim_bmc_silence (bmc, true); break;
    case SIM_FAULT_REBOOT: sim_bmc_reboot (bmc, 0); break;
    case SIM_FAULT_FOREIGN_TASK:
        sim_update_begin_foreign (
            bmc, f->component == NULL ? -1 : sim_personality_index (bmc->personality, f->component),
            f->version, f->ms < 0 ? 10000 : f->ms);
        break;
    case SIM_FAULT_SLOT_FLIP:
        if (sim_bmc_switch_slot (bmc))
            sim_bmc_reboot (bmc, 0);
        break;
    default: return;
    }
    f->fired++;
    bmc->counters.faults_fired++;
}

static void
undo (struct sim_bmc *bmc, const struct sim_fault *f)
{
    if (f->kind == SIM_FAULT_DROP && bmc->phase != SIM_PHASE_DOWN && !sim_bmc_is_silent (bmc))
        sim_bmc_listen (bmc, NULL);
    if (f->kind == SIM_FAULT_SILENT)
        sim_bmc_silence (bmc, false);
    if (f->kind == SIM_FAULT_TASK_STUCK)
        sim_update_unstick (bmc);
    if (f->kind == SIM_FAULT_NO_RETURN)
        sim_bmc_return (bmc);
}

static void
each_target (struct sim_fleet *fleet, struct sim_fault *f,
             void (*fn) (struct sim_bmc *, struct sim_fault *))
{
    for (size_t i = 0; i < fleet->bmcs.count; i++) {
        struct sim_bmc *bmc = vec_at (&fleet->bmcs, i);
        if (target_matches (f->target, bmc))
            fn (bmc, f);
    }
}

static void
undo_one (struct sim_bmc *bmc, struct sim_fault *f)
{
    undo (bmc, f);
}

static void
remove_fault (struct sim_fleet *fleet, size_t i)
{
    struct sim_fault *f = vec_remove (&fleet->faults, i);

    f->left = 0;
    each_target (fleet, f, undo_one);
    fault_free (f);
}

static void
on_over (void *arg)
{
    struct sim_fault *f = arg;

    for (size_t i = 0; i < f->fleet->faults.count; i++) {
        if (vec_at (&f->fleet->faults, i) == f) {
            remove_fault (f->fleet, i);
            return;
        }
    }
}

static bool
has_target (const struct sim_fleet *fleet, const char *target)
{
    for (size_t i = 0; i < fleet->bmcs.count; i++)
        if (target_matches (target, vec_at (&fleet->bmcs, i)))
            return true;
    return false;
}

static int32_t
read_kind (struct sim_fault *f, const char *name, struct err *err)
{
    const char *names[SIM_FAULT_COUNT];

    for (int i = 0; i < SIM_FAULT_COUNT; i++) {
        names[i] = kinds[i].name;
        if (str_eq (name, kinds[i].name)) {
            f->kind = (enum sim_fault_kind) i;
            return 0;
        }
    }
    const char *near = str_did_you_mean (name, names, SIM_FAULT_COUNT);
    err_set (err, ERR_USAGE, "unknown fault '%s'", name);
    err_hint (err,
              near == NULL ? "see farrier-sim(1) for the list of faults%s" : "did you mean '%s'?",
              near == NULL ? "" : near);
    return ERR_USAGE;
}

static char *
optional (const json_t *request, const char *pointer)
{
    const char *text = json_str (request, pointer);

    return text == NULL ? NULL : str_dup (text);
}

static int32_t
check_members (const json_t *request, struct err *err)
{
    static const char *const known[]
        = { "command", "target",  "fault",     "count",       "after",  "method",      "path",
            "when",    "ms",      "bytes",     "bytes_per_s", "status", "retry_after", "percent",
            "shape",   "version", "component", "serial",      "uuid" };
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *) request, key, value)
    {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0] && !found; i++)
            found = str_eq (known[i], key);
        if (!found) {
            const char *near = str_did_you_mean (key, known, sizeof known / sizeof known[0]);
            return err_set (err, ERR_USAGE, "unknown parameter '%s'%s%s%s", key,
                            near == NULL ? "" : ", did you mean '", near == NULL ? "" : near,
                            near == NULL ? "" : "'?");
        }
    }
    return 0;
}

static int32_t
read_when (struct sim_fault *f, const char *text, struct err *err)
{
    static const char *const names[] = { "headers", "body", "answer" };

    f->when = f->kind == SIM_FAULT_HANG ? SIM_WHEN_HEADERS : SIM_WHEN_ANSWER;
    if (text == NULL)
        return 0;
    for (int i = 0; i < 3; i++) {
        if (str_eq (text, names[i])) {
            f->when = (enum sim_fault_when) i;
            return 0;
        }
    }
    return err_set (err, ERR_USAGE, "when is '%s', not headers, body or answer", text);
}

static int32_t
read_fault (struct sim_fault *f, const json_t *request, struct err *err)
{
    const char *method = json_str (request, "/method");

    f->left = json_int_or (request, "/count", kinds[f->kind].duration == ONCE ? 1 : 0);
    if (f->left <= 0)
        f->left = -1;
    f->after = json_int_or (request, "/after", 0);
    f->ms = json_int_or (request, "/ms", -1);
    f->bytes = json_int_or (request, "/bytes", -1);
    f->bytes_per_s = json_int_or (request, "/bytes_per_s", 20);
    f->status = (int) json_int_or (request, "/status", 503);
    f->retry_after_s = (int) json_int_or (request, "/retry_after", -1);
    f->percent = (int) json_int_or (request, "/percent", 60);
    f->path = optional (request, "/path");
    f->shape = optional (request, "/shape");
    f->version = optional (request, "/version");
    f->component = optional (request, "/component");
    f->serial = optional (request, "/serial");
    f->uuid = optional (request, "/uuid");
    f->method = method == NULL ? SIM_OTHER : sim_http_method_from_name (method);
    if (method != NULL && f->method == SIM_OTHER)
        return err_set (err, ERR_USAGE, "unknown method '%s'", method);
    if (f->status < 200 || f->status > 599 || f->percent < 0 || f->percent > 99)
        return err_set (err, ERR_USAGE, "status must be 200 to 599, percent 0 to 99");
    return read_when (f, json_str (request, "/when"), err);
}

int32_t
sim_fault_inject (struct sim_fleet *fleet, const json_t *request, struct err *err)
{
    const char *target = json_str_or (request, "/target", ""),
               *kind = json_str_or (request, "/fault", "");

    if (!has_target (fleet, target))
        return err_set (err, ERR_NOT_FOUND, "no simulated BMC is called '%s'", target);
    struct sim_fault *f = mem_alloc (sizeof *f);
    f->fleet = fleet;
    f->target = str_dup (target);
    int32_t rc = read_kind (f, kind, err);
    if (rc == 0)
        rc = check_members (request, err);
    if (rc == 0)
        rc = read_fault (f, request, err);
    if (rc < 0) {
        fault_free (f);
        return rc;
    }
    f->id = ++fleet->next_fault_id;
    vec_push (&fleet->faults, f);
    each_target (fleet, f, do_at_once);
    bool stays = kinds[f->kind].duration != AT_ONCE || f->kind == SIM_FAULT_DROP
                 || f->kind == SIM_FAULT_SILENT;
    bool is_request = f->kind <= SIM_FAULT_HOSTILE;
    if (!stays)
        f->left = 0;
    else if (f->ms >= 0 && !is_request && f->kind != SIM_FAULT_EARLY_SUCCESS)
        sim_timer_start (&fleet->loop, &f->timer, f->ms, on_over, f);
    return (int32_t) f->id;
}

int
sim_fault_clear (struct sim_fleet *fleet, const char *target, const char *which)
{
    int64_t id = -1;
    int count = 0;

    if (which != NULL)
        str_to_i64 (which, &id);
    for (size_t i = fleet->faults.count; i > 0; i--) {
        const struct sim_fault *f = vec_at (&fleet->faults, i - 1);

        if (!str_eq (target, "all") && !str_eq (target, f->target))
            continue;
        if (which != NULL && f->id != id && !str_eq (which, kinds[f->kind].name))
            continue;
        remove_fault (fleet, i - 1);
        count++;
    }
    for (size_t i = 0; i < fleet->bmcs.count; i++) {
        struct sim_bmc *bmc = vec_at (&fleet->bmcs, i);

        if (target_matches (target, bmc)
            && (which == NULL || str_eq (which, kinds[SIM_FAULT_EARLY_SUCCESS].name)))
            sim_update_end_lag (bmc);  /* the fault itself ended when it fired */
    }
    return count;
}

json_t *
sim_fault_list (const struct sim_fleet *fleet)
{
    json_t *list = json_array ();

    for (size_t i = 0; i < fleet->faults.count; i++) {
        const struct sim_fault *f = vec_at (&fleet->faults, i);
        json_t *j = json_pack ("{s:i,s:s,s:s,s:I,s:I,s:I}", "id", (int) f->id, "target", f->target,
                               "fault", kinds[f->kind].name, "fired", (json_int_t) f->fired, "left",
                               (json_int_t) f->left, "after", (json_int_t) f->after);
        if (f->path != NULL)
            json_put_str (j, "path", f->path);
        if (f->method != SIM_OTHER)
            json_put_str (j, "method", sim_http_method_name (f->method));
        json_array_append_new (list, j);
    }
    return list;
}

void
sim_fault_free_all (struct sim_fleet *fleet)
{
    vec_free_with (&fleet->faults, fault_free);
}

static char *
nested (size_t depth)
{
    struct buf b = { 0 };

    buf_puts (&b, "{\"Members\":");
    for (size_t i = 0; i < depth; i++)
        buf_putc (&b, '[');
    for (size_t i = 0; i < depth; i++)
        buf_putc (&b, ']');
    buf_putc (&b, '}');
    return buf_steal (&b);
}

static char *
huge (int64_t bytes)
{
    struct buf b = { 0 };

    buf_puts (&b, "{\"Name\":\"");
    for (int64_t i = 0; i < bytes; i++)
        buf_putc (&b, 'x');
    buf_puts (&b, "\"}");
    return buf_steal (&b);
}

char *
sim_fault_hostile_body (const struct sim_fault *fault, size_t *ret_len, const char **ret_type)
{
    static const char nul_body[]
        = "{\"Id\":\"a\0b\",\"Name\":\"\\u0000\",\"Version\":\"\xff\xfe\"}";
    const char *shape = fault->shape == NULL ? "nesting" : fault->shape;
    char *body;

    if (str_eq (shape, "nul")) {
        *ret_len = sizeof nul_body - 1;
        return mem_dup (nul_body, sizeof nul_body);
    }
    if (str_eq (shape, "numbers"))
        body = str_dup (
            "{\"Members@odata.count\":1e999,\"PercentComplete\":99999999999999999999999999,"
            "\"Members\":[{\"@odata.id\":-1}],\"MaxImageSizeBytes\":-9223372036854775809}");
    else if (str_eq (shape, "body"))
        body = huge (fault->bytes >= 0 ? fault->bytes : 67108864);
    else if (str_eq (shape, "types"))
        body = str_dup ("{\"@odata.id\":[],\"@odata.type\":7,\"Id\":{},\"Name\":null,\"Members\":"
                        "\"many\",\"Version\":[1],"
                        "\"TaskState\":42,\"PercentComplete\":\"all\",\"Messages\":{\"a\":1},"
                        "\"Status\":\"fine\","
                        "\"Actions\":[],\"Links\":0,\"UpdateService\":\"here\",\"Systems\":false,"
                        "\"error\":[]}");
    else if (str_eq (shape, "html"))
        body = str_dup (
            "<!DOCTYPE html><html><head><title>Login</title></head><body>simulated</body></html>");
    else if (str_eq (shape, "empty"))
        body = str_dup ("");
    else if (str_eq (shape, "null"))
        body = str_dup ("null");
    else
        body = nested (100000);
    if (str_eq (shape, "html"))
        *ret_type = "text/html";
    *ret_len = strlen (body);
    return body;
}
