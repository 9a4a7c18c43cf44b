/* position: where a job is, and the text of it that survives a restart.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "workflow/next.h"

static const char *const place_names[] = {
    "start", "step", "rollback", "phase_finally", "finally", "end"
};
static const char *const outcome_names[] = { "succeeded", "failed", "cancelled" };
static const char *const role_names[] = { "step", "rollback", "phase_finally", "finally" };
static const char *const notice_names[] = {
    "phase_entered", "phase_skipped", "phase_done", "phase_failed", "step_skipped", "step_failed",
    "failure_tolerated", "rollback", "finally"
};

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

const char *
workflow_place_name (enum workflow_place place)
{
    return (size_t) place < COUNT (place_names) ? place_names[place] : "?";
}

const char *
workflow_outcome_name (enum workflow_outcome outcome)
{
    return (size_t) outcome < COUNT (outcome_names) ? outcome_names[outcome] : "?";
}

const char *
workflow_role_name (enum workflow_role role)
{
    return (size_t) role < COUNT (role_names) ? role_names[role] : "?";
}

const char *
workflow_notice_name (enum workflow_notice_kind kind)
{
    return (size_t) kind < COUNT (notice_names) ? notice_names[kind] : "?";
}

struct workflow_position *
workflow_position_new (void)
{
    struct workflow_position *p = mem_alloc (sizeof *p);
    p->phase = p->iteration = p->step = p->step_iteration = p->goto_phase = -1;
    return p;
}

struct workflow_position *
workflow_position_copy (const struct workflow_position *p)
{
    struct workflow_position *copy = mem_dup (p, sizeof *p);
    json_incref (copy->cause);
    json_incref (copy->first_tolerated);
    json_incref (copy->undo);
    json_incref (copy->rollback);
    json_incref (copy->rollback_cause);
    return copy;
}

void
workflow_position_free (struct workflow_position *p)
{
    if (p == NULL) {
        return;
    }
    json_decref (p->cause);
    json_decref (p->first_tolerated);
    json_decref (p->undo);
    json_decref (p->rollback);
    json_decref (p->rollback_cause);
    mem_free (p);
}

static void
put_index (json_t *o, const char *key, int32_t n)
{
    if (n >= 0) {
        json_put_int (o, key, n);
    }
}

static void
put_value (json_t *o, const char *key, json_t *v)
{
    if (v != NULL) {
        json_put (o, key, json_incref (v));
    }
}

/* What has its resting value is left out: the text of a job without trouble is short. */
char *
workflow_position_text (const struct workflow_position *p)
{
    json_t *o = json_object ();
    json_put_int (o, "v", 1);
    json_put_str (o, "place", workflow_place_name (p->place));
    put_index (o, "phase", p->phase);
    put_index (o, "iteration", p->iteration);
    put_index (o, "step", p->step);
    put_index (o, "step_iteration", p->step_iteration);
    put_index (o, "goto", p->goto_phase);
    if (p->leaving) {
        json_put_bool (o, "leaving", true);
    }
    if (p->pending != WORKFLOW_SUCCEEDED) {
        json_put_str (o, "pending", workflow_outcome_name (p->pending));
    }
    put_value (o, "cause", p->cause);
    if (p->tolerated > 0) {
        json_put_int (o, "tolerated", p->tolerated);
    }
    put_value (o, "first_tolerated", p->first_tolerated);
    put_value (o, "undo", p->undo);
    put_value (o, "rollback", p->rollback);
    if (p->rollback != NULL) {
        json_put_int (o, "rollback_index", p->rollback_index);
    }
    if (p->rolled_back > 0) {
        json_put_int (o, "rolled_back", p->rolled_back);
    }
    put_value (o, "rollback_cause", p->rollback_cause);
    char *text = json_text (o);
    json_decref (o);
    return text;
}

static int32_t
name_index (const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq (names[i], name)) {
            return (int32_t) i;
        }
    }
    return -1;
}

/* -1 when absent; -2 when it is no index. */
static int32_t
get_index (const json_t *o, const char *key)
{
    const json_t *v = json_object_get (o, key);
    if (v == NULL) {
        return -1;
    }
    json_int_t n = json_is_integer (v) ? json_integer_value (v) : -2;
    return n < 0 || n > INT32_MAX ? -2 : (int32_t) n;
}

static json_t *
get_value (const json_t *o, const char *key)
{
    return json_incref (json_object_get (o, key));
}

static bool
index_fits (int32_t i, const struct vec *v)
{
    return i >= 0 && (size_t) i < v->count;
}

static bool
fits (const struct workflow *w, const struct workflow_position *p)
{
    if (p->phase < -1 || p->iteration < -1 || p->step < -1 || p->step_iteration < -1
        || p->goto_phase < -1 || p->goto_phase >= (int32_t) w->phases.count) {
        return false;
    }
    if (p->place == WORKFLOW_AT_START || p->place == WORKFLOW_AT_END) {
        return true;
    }
    if (p->place == WORKFLOW_AT_FINALLY) {
        return index_fits (p->step, &w->finally);
    }
    if (!index_fits (p->phase, &w->phases)) {
        return false;
    }
    const struct workflow_phase *phase = vec_at (&w->phases, (size_t) p->phase);
    if (p->place == WORKFLOW_AT_STEP && (p->iteration >= 0) != (phase->for_each != NULL)) {
        return false;
    }
    if (p->place == WORKFLOW_AT_ROLLBACK) {
        return p->rollback_index >= 0
               && (size_t) p->rollback_index < json_array_size (p->rollback);
    }
    return index_fits (p->step, p->place == WORKFLOW_AT_STEP ? &phase->steps : &phase->finally);
}

static struct workflow_position *
from_json (const json_t *o)
{
    struct workflow_position *p = workflow_position_new ();
    int32_t place = name_index (place_names, COUNT (place_names), json_str (o, "/place"));
    int32_t pending = name_index (outcome_names, COUNT (outcome_names),
                                  json_str_or (o, "/pending", "succeeded"));
    p->place = place < 0 ? WORKFLOW_AT_START : (enum workflow_place) place;
    p->pending = pending < 0 ? WORKFLOW_SUCCEEDED : (enum workflow_outcome) pending;
    p->phase = place < 0 || pending < 0 ? -2 : get_index (o, "phase");
    p->iteration = get_index (o, "iteration");
    p->step = get_index (o, "step");
    p->step_iteration = get_index (o, "step_iteration");
    p->goto_phase = get_index (o, "goto");
    p->leaving = json_bool_or (o, "/leaving", false);
    p->tolerated = (uint32_t) json_int_or (o, "/tolerated", 0);
    p->rolled_back = (uint32_t) json_int_or (o, "/rolled_back", 0);
    p->rollback_index = get_index (o, "rollback_index");
    p->rollback_index = p->rollback_index == -1 ? 0 : p->rollback_index;
    p->cause = get_value (o, "cause");
    p->first_tolerated = get_value (o, "first_tolerated");
    p->undo = get_value (o, "undo");
    p->rollback = get_value (o, "rollback");
    p->rollback_cause = get_value (o, "rollback_cause");
    return p;
}

int32_t
workflow_position_parse (const struct workflow *w, const char *text, struct workflow_position **ret,
                         struct err *err)
{
    json_t *o = json_parse (text, strlen (text), err);
    if (o == NULL) {
        err_prefix (err, "position in workflow '%s'", w->name);
        return FARRIER_E_INVALID;
    }
    long long v = json_int_or (o, "/v", 0);
    if (v != 1) {
        json_decref (o);
        return err_set (err, FARRIER_E_INVALID,
                        "position in workflow '%s' has form %lld, this version reads form 1",
                        w->name, v);
    }
    struct workflow_position *p = from_json (o);
    json_decref (o);
    if (!fits (w, p)) {
        workflow_position_free (p);
        return err_set (err, FARRIER_E_INVALID,
                        "position %.200s does not fit workflow '%s' of %s", text, w->name, w->file);
    }
    *ret = p;
    return 0;
}
