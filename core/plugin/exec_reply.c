/* exec_reply: see exec_reply.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/exec_reply.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/exec_shape.h"
#include "plugin/params.h"

#define STATE_NAME_MAX 64

#define COUNT_OF(array) (sizeof (array) / sizeof (array)[0])

/* --- words ---------------------------------------------------------------------------------- */

static const char *const component_types[] = {
    "other", "bios", "uefi", "bmc", "cpld", "nic", "storage_controller", "drive", "nvme", "psu",
    "gpu", "tpm", "backplane", "switch", "driver",
};

static const char *const reboots[] = {
    [FARRIER_REBOOT_NONE] = "none",
    [FARRIER_REBOOT_BMC_RESET] = "bmc_reset",
    [FARRIER_REBOOT_HOST_RESET] = "host_reset",
    [FARRIER_REBOOT_HOST_OFF_ON] = "host_off_on",
    [FARRIER_REBOOT_HOST_OFF_BEFORE] = "host_off_before",
    [FARRIER_REBOOT_AC_CYCLE] = "ac_cycle",
};

static const char *const rungs[] = {
    [FARRIER_RUNG_PLANNED] = "planned",     [FARRIER_RUNG_ACCEPTED] = "accepted",
    [FARRIER_RUNG_STAGED] = "staged",       [FARRIER_RUNG_FLASHED] = "flashed",
    [FARRIER_RUNG_ACTIVATED] = "activated",
};

static const char *const meanings[] = {
    [FARRIER_TASK_MEANS_RUNNING] = "running",
    [FARRIER_TASK_MEANS_DONE] = "done",
    [FARRIER_TASK_MEANS_FAILED] = "failed",
    [FARRIER_TASK_MEANS_NEEDS_RESET] = "needs_reset",
};

static const char *const part_kinds[] = {
    [FARRIER_PART_TEXT] = "text",             [FARRIER_PART_JSON] = "json",
    [FARRIER_PART_IMAGE] = "image",           [FARRIER_PART_ATTACHMENT] = "attachment",
    [FARRIER_PART_ARTIFACT] = "artifact",
};

static const char *const proofs[] = {
    [FARRIER_PROOF_NONE] = "none",            [FARRIER_PROOF_GAP] = "gap",
    [FARRIER_PROOF_CHANGED] = "changed",      [FARRIER_PROOF_GAP_OR_CHANGED] = "gap_or_changed",
    [FARRIER_PROOF_LOWER] = "lower",
};

static int
index_of (const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq (names[i], name))
            return (int) i;
    }
    return -1;
}

int
exec_reply_component_type (const char *name)
{
    return index_of (name, component_types, COUNT_OF (component_types));
}

const char *
exec_reply_component_type_name (unsigned type)
{
    return component_types[type < COUNT_OF (component_types) ? type : 0];
}

int
exec_reply_reboot (const char *name)
{
    return index_of (name, reboots, COUNT_OF (reboots));
}

const char *
exec_reply_reboot_name (unsigned kind)
{
    return kind < COUNT_OF (reboots) ? reboots[kind] : "none";
}

int
exec_reply_rung (const char *name)
{
    return index_of (name, rungs, COUNT_OF (rungs));
}

int
exec_reply_task_meaning (const char *name)
{
    return index_of (name, meanings, COUNT_OF (meanings));
}

int
exec_reply_part_kind (const char *name)
{
    return index_of (name, part_kinds, COUNT_OF (part_kinds));
}

int
exec_reply_proof (const char *name)
{
    return index_of (name, proofs, COUNT_OF (proofs));
}

static int32_t
not_one_of (const char *place, const char *word, const char *const *names, size_t count,
            struct err *err)
{
    const char *near = str_did_you_mean (word, names, count);
    char *list = str_join ((char *const *) names, count, ", ");
    err_set (err, FARRIER_E_PLUGIN_BUG, "'%s' is \"%.40s\"%s%s%s, must be one of %s", place, word,
             near == NULL ? "" : " (did you mean \"", near == NULL ? "" : near,
             near == NULL ? "" : "\"?)", list);
    mem_free (list);
    return FARRIER_E_PLUGIN_BUG;
}

/* --- exit statuses -------------------------------------------------------------------------- */

static const struct {
    int status;
    int32_t code;
    const char *meaning;
} exits[] = {
    { 64, FARRIER_E_UNSUPPORTED, "64 (it does not know this op or callback)" },
    { 65, FARRIER_E_INVALID, "65 (malformed data)" },
    { 66, FARRIER_E_PRECONDITION, "66 (something that it needs is not there)" },
    { 67, FARRIER_E_AUTH, "67 (unknown user)" },
    { 68, FARRIER_E_UNREACHABLE, "68 (unknown or unreachable host)" },
    { 69, FARRIER_E_UNSUPPORTED, "69 (not available here)" },
    { 70, FARRIER_E_PLUGIN_BUG, "70 (a defect of its own)" },
    { 71, FARRIER_E_TRANSIENT, "71 (the operating system said no)" },
    { 73, FARRIER_E_NO_SPACE, "73 (can't create a file)" },
    { 74, FARRIER_E_TRANSIENT, "74 (input or output failed)" },
    { 75, FARRIER_E_BUSY, "75 (try again later)" },
    { 76, FARRIER_E_REJECTED, "76 (the other side said no)" },
    { 77, FARRIER_E_AUTH, "77 (not permitted)" },
    { 78, FARRIER_E_PRECONDITION, "78 (something is not configured)" },
};

int32_t
exec_reply_exit_code (int32_t exit_status, const char **ret_meaning)
{
    *ret_meaning = NULL;
    for (size_t i = 0; i < COUNT_OF (exits); i++) {
        if (exits[i].status == exit_status) {
            *ret_meaning = exits[i].meaning;
            return exits[i].code;
        }
    }
    return FARRIER_E_PLUGIN_BUG;
}

/* --- shapes --------------------------------------------------------------------------------- */

static const struct exec_shape component_shape[] = {
    { "type", EXEC_TEXT, true, NULL },        { "key", EXEC_TEXT, true, NULL },
    { "name", EXEC_TEXT, false, NULL },       { "uri", EXEC_TEXT, false, NULL },
    { "version", EXEC_TEXT, false, NULL },    { "version_pointer", EXEC_TEXT, false, NULL },
    { "pending", EXEC_TEXT, false, NULL },    { "previous", EXEC_TEXT, false, NULL },
    { "slot", EXEC_TEXT, false, NULL },       { "vendor_keys", EXEC_TEXTS, false, NULL },
    { "updateable", EXEC_BOOL, false, NULL }, { "status", EXEC_TEXT, false, NULL },
    { 0 },
};

static const struct exec_shape identity_shape[] = {
    { "kind", EXEC_TEXT, true, NULL },
    { "value", EXEC_TEXT, true, NULL },
    { "uri", EXEC_TEXT, true, NULL },
    { "pointer", EXEC_TEXT, true, NULL },
    { 0 },
};

static const struct exec_shape sensor_shape[] = {
    { "name", EXEC_TEXT, true, NULL },
    { "value", EXEC_NUMBER, true, NULL },
    { "unit", EXEC_TEXT, false, NULL },
    { "health", EXEC_TEXT, false, NULL },
    { 0 },
};

static const struct exec_shape emit_shape[] = {
    { "components", EXEC_LIST, false, component_shape },
    { "identity", EXEC_LIST, false, identity_shape },
    { "facts", EXEC_OBJECT, false, NULL },
    { "sensors", EXEC_LIST, false, sensor_shape },
    { 0 },
};

static const struct exec_shape error_shape[] = {
    { "code", EXEC_TEXT, true, NULL },
    { "message", EXEC_TEXT, true, NULL },
    { "hint", EXEC_TEXT, false, NULL },
    { "vendor_id", EXEC_TEXT, false, NULL },
    { "retry_after_ms", EXEC_COUNT, false, NULL },
    { "known", EXEC_BOOL, false, NULL },
    { "nothing_done", EXEC_BOOL, false, NULL },
    { 0 },
};

static const struct exec_shape progress_shape[] = {
    { "permille", EXEC_COUNT, false, NULL },
    { "text", EXEC_TEXT, false, NULL },
    { 0 },
};

static const struct exec_shape reply_shape[] = {
    { "result", EXEC_TEXT, true, NULL },
    { "message", EXEC_TEXT, false, NULL },
    { "error", EXEC_OBJECT, false, error_shape },
    { "await", EXEC_OBJECT, false, NULL },
    { "after_ms", EXEC_COUNT, false, NULL },
    { "state", EXEC_TEXTS, false, NULL },
    { "results", EXEC_OBJECT, false, NULL },
    { "emit", EXEC_OBJECT, false, emit_shape },
    { "outcome", EXEC_TEXT, false, NULL },
    { "needs", EXEC_LIST, false, NULL },
    { "needs_done", EXEC_LIST, false, NULL },
    { "progress", EXEC_OBJECT, false, progress_shape },
    { "critical", EXEC_BOOL, false, NULL },
    { 0 },
};

static const struct exec_shape guard_shape[] = {
    { "uri", EXEC_TEXT, true, NULL },
    { "pointer", EXEC_TEXT, true, NULL },
    { "expected", EXEC_TEXT, true, NULL },
    { "busy", EXEC_BOOL, false, NULL },
    { 0 },
};

static const struct exec_shape timer_shape[] = {
    { "kind", EXEC_TEXT, true, NULL },
    { "label", EXEC_TEXT, false, NULL },
    { "after_ms", EXEC_COUNT, true, NULL },
    { 0 },
};

static const struct exec_shape http_shape[] = {
    { "kind", EXEC_TEXT, true, NULL },          { "label", EXEC_TEXT, false, NULL },
    { "endpoint", EXEC_TEXT, false, NULL },     { "method", EXEC_TEXT, false, NULL },
    { "path", EXEC_TEXT, true, NULL },          { "content_type", EXEC_TEXT, false, NULL },
    { "body", EXEC_ANY, false, NULL },          { "headers", EXEC_TEXTS, false, NULL },
    { "guards", EXEC_LIST, false, guard_shape }, { "timeout_ms", EXEC_COUNT, false, NULL },
    { "read_only", EXEC_BOOL, false, NULL },    { "bmc_resets", EXEC_BOOL, false, NULL },
    { 0 },
};

static const struct exec_shape part_shape[] = {
    { "kind", EXEC_TEXT, true, NULL },         { "name", EXEC_TEXT, false, NULL },
    { "filename", EXEC_TEXT, false, NULL },    { "content_type", EXEC_TEXT, false, NULL },
    { "text", EXEC_ANY, false, NULL },         { "offset", EXEC_SIZE, false, NULL },
    { "length", EXEC_SIZE, false, NULL },      { 0 },
};

static const struct exec_shape transfer_shape[] = {
    { "kind", EXEC_TEXT, true, NULL },          { "label", EXEC_TEXT, false, NULL },
    { "endpoint", EXEC_TEXT, false, NULL },     { "method", EXEC_TEXT, false, NULL },
    { "path", EXEC_TEXT, true, NULL },          { "content_type", EXEC_TEXT, false, NULL },
    { "headers", EXEC_TEXTS, false, NULL },     { "parts", EXEC_LIST, true, part_shape },
    { "guards", EXEC_LIST, false, guard_shape }, { "timeout_ms", EXEC_COUNT, false, NULL },
    { "multipart", EXEC_BOOL, false, NULL },    { "bmc_resets", EXEC_BOOL, false, NULL },
    { 0 },
};

static const struct exec_shape collect_shape[] = {
    { "kind", EXEC_TEXT, true, NULL },        { "label", EXEC_TEXT, false, NULL },
    { "endpoint", EXEC_TEXT, false, NULL },   { "collection", EXEC_TEXT, false, NULL },
    { "paths", EXEC_LIST, false, NULL },      { "expand", EXEC_TEXT, false, NULL },
    { "timeout_ms", EXEC_COUNT, false, NULL }, { 0 },
};

static const struct exec_shape meaning_shape[] = {
    { "value", EXEC_TEXT, true, NULL },
    { "means", EXEC_TEXT, true, NULL },
    { 0 },
};

static const struct exec_shape task_shape[] = {
    { "kind", EXEC_TEXT, true, NULL },
    { "label", EXEC_TEXT, false, NULL },
    { "endpoint", EXEC_TEXT, false, NULL },
    { "uri", EXEC_TEXT, false, NULL },
    { "monitor", EXEC_TEXT, false, NULL },
    { "fallbacks", EXEC_LIST, false, NULL },
    { "poll_min_ms", EXEC_COUNT, false, NULL },
    { "poll_max_ms", EXEC_COUNT, false, NULL },
    { "grace_ms", EXEC_COUNT, false, NULL },
    { "timeout_ms", EXEC_COUNT, false, NULL },
    { "state_pointer", EXEC_TEXT, false, NULL },
    { "percent_pointer", EXEC_TEXT, false, NULL },
    { "messages_pointer", EXEC_TEXT, false, NULL },
    { "identity_pointer", EXEC_TEXT, false, NULL },
    { "states", EXEC_LIST, false, meaning_shape },
    { "before", EXEC_TEXT, false, NULL },
    { "must_change_within_ms", EXEC_COUNT, false, NULL },
    { "progress_from", EXEC_COUNT, false, NULL },
    { "progress_to", EXEC_COUNT, false, NULL },
    { 0 },
};

static const struct exec_shape until_shape[] = {
    { "kind", EXEC_TEXT, true, NULL },           { "label", EXEC_TEXT, false, NULL },
    { "endpoint", EXEC_TEXT, false, NULL },      { "tcp", EXEC_BOOL, false, NULL },
    { "uri", EXEC_TEXT, false, NULL },           { "pointer", EXEC_TEXT, false, NULL },
    { "wanted", EXEC_LIST, false, NULL },        { "unwanted", EXEC_LIST, false, NULL },
    { "proof", EXEC_TEXT, false, NULL },         { "proof_uri", EXEC_TEXT, false, NULL },
    { "proof_pointer", EXEC_TEXT, false, NULL }, { "proof_before", EXEC_TEXT, false, NULL },
    { "good", EXEC_COUNT, false, NULL },         { "interval_ms", EXEC_COUNT, false, NULL },
    { "within_ms", EXEC_COUNT, false, NULL },    { 0 },
};

static const struct exec_shape *const await_shapes[] = {
    timer_shape, http_shape, transfer_shape, collect_shape, task_shape, until_shape,
};

static const char *const await_kinds[] = { "timer", "http", "transfer", "collect", "task",
                                           "until" };

/* --- answers -------------------------------------------------------------------------------- */

#define IN(callback) (1u << (callback))
#define IN_WORK (IN (PLUGIN_CALL_START) | IN (PLUGIN_CALL_POLL))
#define IN_ALL (IN_WORK | IN (PLUGIN_CALL_CANCEL) | IN (PLUGIN_CALL_RECONCILE))

enum part { NEVER = 0, MUST = 1, MAY = 2 };

static const struct {
    const char *name;
    int32_t result;
    unsigned in;                       /* callbacks that may answer so */
    enum part await, after, message;
} answers[] = {
    { "done", FARRIER_DONE, IN_ALL, NEVER, NEVER, MAY },
    { "pending", FARRIER_PENDING, IN_WORK | IN (PLUGIN_CALL_CANCEL), MUST, NEVER, MAY },
    { "skipped", FARRIER_SKIPPED, IN_WORK, NEVER, NEVER, MUST },
    { "too_late", FARRIER_TOO_LATE, IN (PLUGIN_CALL_CANCEL), NEVER, NEVER, MAY },
    { "adopt", FARRIER_ADOPT, IN (PLUGIN_CALL_RECONCILE), MUST, NEVER, MAY },
    { "not_started", FARRIER_NOT_STARTED, IN (PLUGIN_CALL_RECONCILE), NEVER, NEVER, MAY },
    { "recheck", FARRIER_RECHECK, IN (PLUGIN_CALL_RECONCILE), NEVER, MUST, MAY },
    { "unknown", FARRIER_UNKNOWN, IN (PLUGIN_CALL_RECONCILE), NEVER, NEVER, MUST },
    { "failed", FARRIER_E_INTERNAL, IN_ALL, NEVER, NEVER, NEVER },
};

static size_t
answers_of (enum plugin_callback which, const char **ret)
{
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF (answers); i++) {
        if ((answers[i].in & IN (which)) != 0)
            ret[count++] = answers[i].name;
    }
    return count;
}

static int32_t
check_part (const json_t *doc, const char *result, const char *name, enum part part,
            struct err *err)
{
    bool there = json_object_get (doc, name) != NULL;
    if (there && part == NEVER)
        return err_set (err, FARRIER_E_PLUGIN_BUG, "'%s' is there, but the result is \"%s\"", name,
                        result);
    if (!there && part == MUST)
        return err_set (err, FARRIER_E_PLUGIN_BUG, "the result is \"%s\", but '%s' is missing",
                        result, name);
    return 0;
}

static int32_t
check_answer (const json_t *doc, enum plugin_callback which, int32_t *ret, struct err *err)
{
    const char *result = json_str (doc, "/result");
    const char *names[COUNT_OF (answers)];
    size_t i = 0;
    while (i < COUNT_OF (answers)
           && (!str_eq (answers[i].name, result) || (answers[i].in & IN (which)) == 0))
        i++;
    if (i == COUNT_OF (answers))
        return not_one_of ("result", result, names, answers_of (which, names), err);
    bool failed = answers[i].result < 0;
    int32_t rc = check_part (doc, result, "await", answers[i].await, err);
    if (rc == 0)
        rc = check_part (doc, result, "after_ms", answers[i].after, err);
    if (rc == 0)
        rc = check_part (doc, result, "message", answers[i].message, err);
    if (rc == 0)
        rc = check_part (doc, result, "error", failed ? MUST : NEVER, err);
    if (rc == 0)
        *ret = answers[i].result;
    return rc;
}

static int32_t
check_error (const json_t *doc, int32_t *result, struct err *err)
{
    const char *name = json_str (doc, "/error/code");
    if (name == NULL)
        return 0;
    int32_t code = err_code_from_name (name);
    if (code >= 0 || code < FARRIER_E_LAST_)
        return err_set (err, FARRIER_E_PLUGIN_BUG,
                        "'error/code' is \"%.40s\", must be one of TRANSIENT, BUSY, TIMEOUT, "
                        "UNREACHABLE, TLS, AUTH, LICENSE, UNSUPPORTED, INVALID, REJECTED, "
                        "PRECONDITION, NO_SPACE, STALE, VERIFY, HOST_FAULT, CANCELLED, LOST, "
                        "INTERNAL, PLUGIN_BUG", name);
    *result = code;
    return 0;
}

/* --- the parts ------------------------------------------------------------------------------ */

static int32_t
check_state (const json_t *state, struct err *err)
{
    const char *name;
    json_t *v;
    json_object_foreach ((json_t *) state, name, v) {
        if (!params_name_valid (name, STATE_NAME_MAX))
            return err_set (err, FARRIER_E_PLUGIN_BUG,
                            "'state/%.70s' must match [a-z][a-z0-9_]* and have at most %d "
                            "characters", name, STATE_NAME_MAX);
    }
    char *text = json_text (state);
    size_t len = strlen (text);
    mem_free (text);
    if (len > EXEC_STATE_MAX)
        return err_set (err, FARRIER_E_PLUGIN_BUG, "'state' has %zu bytes, at most %u are kept",
                        len, EXEC_STATE_MAX);
    return 0;
}

static int32_t
check_words (const json_t *list, const char *place, const char *const *names, size_t count,
             struct err *err)
{
    size_t i;
    json_t *v;
    json_array_foreach ((json_t *) list, i, v) {
        if (index_of (json_string_value (v), names, count) < 0)
            return not_one_of (place, json_string_value (v), names, count, err);
    }
    return 0;
}

static int32_t
check_word (const json_t *v, const char *place, const char *const *names, size_t count,
            struct err *err)
{
    const char *word = json_string_value (v);
    return word == NULL || index_of (word, names, count) >= 0
               ? 0 : not_one_of (place, word, names, count, err);
}

static int32_t
check_emit (const json_t *doc, struct err *err)
{
    size_t i;
    json_t *v;
    int32_t rc = 0;
    json_array_foreach (json_at (doc, "/emit/components"), i, v) {
        if (rc == 0)
            rc = check_word (json_object_get (v, "type"), "emit/components/type", component_types,
                             COUNT_OF (component_types), err);
    }
    return rc;
}

static int32_t
check_await_words (const json_t *await, struct err *err)
{
    size_t i;
    json_t *v;
    int32_t rc = check_word (json_object_get (await, "proof"), "await/proof", proofs,
                             COUNT_OF (proofs), err);
    json_array_foreach (json_object_get (await, "parts"), i, v) {
        if (rc == 0)
            rc = check_word (json_object_get (v, "kind"), "await/parts/kind", part_kinds,
                             COUNT_OF (part_kinds), err);
    }
    json_array_foreach (json_object_get (await, "states"), i, v) {
        if (rc == 0)
            rc = check_word (json_object_get (v, "means"), "await/states/means", meanings,
                             COUNT_OF (meanings), err);
    }
    return rc;
}

static int32_t
check_await (const json_t *await, struct err *err)
{
    const char *kind = json_str (await, "/kind");
    if (await == NULL)
        return 0;
    if (kind == NULL)
        return err_set (err, FARRIER_E_PLUGIN_BUG, "'await/kind' is missing, must be a string");
    int at = index_of (kind, await_kinds, COUNT_OF (await_kinds));
    if (at < 0)
        return not_one_of ("await/kind", kind, await_kinds, COUNT_OF (await_kinds), err);
    int32_t rc = exec_shape_check (await, await_shapes[at], "await", err);
    return rc != 0 ? rc : check_await_words (await, err);
}

static int32_t
check_parts (const json_t *doc, struct err *err)
{
    const json_t *state = json_object_get (doc, "state");
    int32_t rc = check_await (json_object_get (doc, "await"), err);
    if (rc == 0 && state != NULL)
        rc = check_state (state, err);
    if (rc == 0)
        rc = check_emit (doc, err);
    if (rc == 0)
        rc = check_word (json_object_get (doc, "outcome"), "outcome", rungs, COUNT_OF (rungs),
                         err);
    if (rc == 0)
        rc = check_words (json_object_get (doc, "needs"), "needs", reboots, COUNT_OF (reboots),
                          err);
    if (rc == 0)
        rc = check_words (json_object_get (doc, "needs_done"), "needs_done", reboots,
                          COUNT_OF (reboots), err);
    if (rc == 0 && json_int_or (doc, "/progress/permille", 0) > 1000)
        rc = err_set (err, FARRIER_E_PLUGIN_BUG, "'progress/permille' is %lld, must be 0 to 1000",
                      json_int_or (doc, "/progress/permille", 0));
    return rc;
}

/* --- all ------------------------------------------------------------------------------------ */

static int32_t
read_document (const char *text, size_t len, json_t **ret, struct err *err)
{
    struct err why = { 0 };
    if (len > EXEC_REPLY_MAX)
        return err_set (err, FARRIER_E_PLUGIN_BUG, "has more than %u bytes", EXEC_REPLY_MAX);
    if (len == 0)
        return err_set (err, FARRIER_E_PLUGIN_BUG, "is empty");
    if (memchr (text, '\0', len) != NULL)
        return err_set (err, FARRIER_E_PLUGIN_BUG, "is not JSON: it holds a NUL byte");
    json_t *doc = json_parse (text, len, &why);
    if (doc == NULL)
        return err_set (err, FARRIER_E_PLUGIN_BUG, "is not JSON: %.200s", why.message);
    /* The depth is bounded now. A member that is there twice may mean either. */
    json_decref (doc);
    json_error_t twice;
    doc = json_loadb (text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &twice);
    if (doc == NULL)
        return err_set (err, FARRIER_E_PLUGIN_BUG, "is not JSON: line %d: %.120s", twice.line,
                        twice.text);
    if (!json_is_object (doc)) {
        json_decref (doc);
        return err_set (err, FARRIER_E_PLUGIN_BUG, "is not a JSON object");
    }
    *ret = doc;
    return 0;
}

int32_t
exec_reply_parse (const char *text, size_t len, enum plugin_callback which,
                  struct exec_reply *ret, struct err *err)
{
    json_t *doc = NULL;
    int32_t result = 0;
    int32_t rc = read_document (text, len, &doc, err);
    if (rc == 0)
        rc = exec_shape_check (doc, reply_shape, "", err);
    if (rc == 0)
        rc = check_answer (doc, which, &result, err);
    if (rc == 0)
        rc = check_error (doc, &result, err);
    if (rc == 0)
        rc = check_parts (doc, err);
    if (rc != 0) {
        json_decref (doc);
        return rc;
    }
    *ret = (struct exec_reply) { doc, result };
    return 0;
}

void
exec_reply_clear (struct exec_reply *reply)
{
    json_decref (reply->doc);
    *reply = (struct exec_reply) { 0 };
}
