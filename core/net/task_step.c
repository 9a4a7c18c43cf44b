/* task_step: the rules of waiting for a vendor task.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/task_step.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/redfish_error.h"

#define POLL_MIN_MS 5000
#define POLL_MAX_MS 30000
#define BUSY_MAX_MS 300000             /* a Retry-After of 503 is heard up to here */
#define STUCK_MS 600000                /* Interrupted or Suspended for so long: it failed */
#define BAD_LOOKS_MAX 2                /* without a grace */
#define SHOWN_MAX 200

static const struct watch_state_map dmtf_states[] = {
    { "Completed", FARRIER_TASK_MEANS_DONE },
    { "CompletedWithErrors", FARRIER_TASK_MEANS_FAILED },
    { "Exception", FARRIER_TASK_MEANS_FAILED },
    { "Killed", FARRIER_TASK_MEANS_FAILED },
    { "Cancelled", FARRIER_TASK_MEANS_FAILED },
    { "Failed", FARRIER_TASK_MEANS_FAILED },
    { "Invalid", FARRIER_TASK_MEANS_FAILED },
    { "Scheduled", FARRIER_TASK_MEANS_NEEDS_RESET },
    { "UserIntervention", FARRIER_TASK_MEANS_NEEDS_RESET },
};

/* ---- life ---------------------------------------------------------------------------------- */

/* "/Tasks/7/Monitor" -> "/Tasks/7"; "/TaskService/TaskMonitors/7" -> "/TaskService/Tasks/7". */
static char *
guess_uri (const char *monitor)
{
    size_t len = strlen (monitor);
    if (str_ends (monitor, "/Monitor"))
        return str_ndup (monitor, len - strlen ("/Monitor"));
    const char *at = strstr (monitor, "/TaskService/TaskMonitors/");
    if (at == NULL)
        return NULL;
    return str_printf ("%.*s/TaskService/Tasks/%s", (int) (at - monitor), monitor,
                       at + strlen ("/TaskService/TaskMonitors/"));
}

void
task_step_init (struct task_step *step, const struct watch_task *spec, int64_t now_ms)
{
    memset (step, 0, sizeof *step);
    step->spec = spec;
    step->uri = str_dup (spec->uri);
    if (step->uri == NULL && spec->monitor != NULL) {
        step->uri = guess_uri (spec->monitor);
        step->guessed = step->uri != NULL;
    }
    step->source = step->uri != NULL ? TASK_AT_URI : TASK_AT_MONITOR;
    step->identity = str_dup (spec->identity);
    step->seen = spec->seen;
    step->changed = spec->before == NULL;
    step->started_ms = step->moved_ms = now_ms;
    step->away_since_ms = -1;
    step->delay_ms = spec->poll_min_ms == 0 ? POLL_MIN_MS : spec->poll_min_ms;
    step->shown = map_new ();
}

void
task_step_clear (struct task_step *step)
{
    json_decref (step->result.document);
    map_free (step->shown, NULL);
    mem_free (step->uri);
    mem_free (step->identity);
    mem_free (step->state);
    memset (step, 0, sizeof *step);
}

static const char *
where (const struct task_step *step)
{
    if (step->source == TASK_AT_MONITOR && step->spec->monitor != NULL)
        return step->spec->monitor;
    if (step->source == TASK_AT_FALLBACK)
        return step->spec->fallbacks[step->fallback];
    return step->uri == NULL ? "" : step->uri;
}

struct task_decision
task_step_first (struct task_step *step)
{
    return (struct task_decision) { .path = (char *) where (step) };
}

/* ---- ending -------------------------------------------------------------------------------- */

static void
end_with (struct task_step *step, enum farrier_task_end end)
{
    step->ended = true;
    step->result.end = end;
    step->result.identity = step->identity;
}

void
task_step_stop (struct task_step *step, int32_t code, const char *message)
{
    step->ended = true;
    step->result.code = err_set (&step->result.err, code, "%s", message);
    step->result.identity = step->identity;
}

/* ---- messages ------------------------------------------------------------------------------ */

static const char *
message_text (const json_t *message)
{
    if (json_is_string (message))
        return json_string_value (message);
    return json_str_or (message, "/Message", "");
}

static const char *
message_id (const json_t *message)
{
    return json_str_or (message, "/MessageId", "");
}

static const json_t *
messages_of (const struct task_step *step, const json_t *doc, size_t *ret_count)
{
    const char *pointer = step->spec->messages_pointer;
    const json_t *list = json_at (doc, pointer == NULL ? "/Messages" : pointer);
    *ret_count = json_is_array (list) ? json_array_size (list)
                                      : json_is_object (list) || json_is_string (list);
    return list;
}

static const json_t *
message_at (const json_t *list, size_t i)
{
    return json_is_array (list) ? json_array_get (list, i) : list;
}

/* A task repeats its whole list at each poll: only what was not shown before counts. */
static bool
note_messages (struct task_step *step, const json_t *doc)
{
    size_t count;
    const json_t *list = messages_of (step, doc, &count);
    bool news = false;
    for (size_t i = 0; i < count && map_count (step->shown) < SHOWN_MAX; i++) {
        const json_t *m = message_at (list, i);
        char key[320];
        str_format (key, sizeof key, "%s;%s", message_id (m), message_text (m));
        if (key[1] == '\0' || map_get (step->shown, key) != NULL)
            continue;
        map_set (step->shown, key, step);
        const char *text = message_text (m), *id = message_id (m);
        str_copy (step->message, sizeof step->message, text[0] == '\0' ? id : text);
        str_copy (step->message_id, sizeof step->message_id, id);
        news = true;
    }
    return news;
}

static int
telling (const json_t *message)
{
    enum redfish_message_kind kind = redfish_message_kind (message_id (message));
    if (kind == REDFISH_FAILURE)
        return 4;
    if (kind != REDFISH_UNKNOWN)
        return 0;
    const char *severity = json_str_or (message, "/MessageSeverity",
                                        json_str_or (message, "/Severity", ""));
    return str_case_eq (severity, "Critical") ? 3 : str_case_eq (severity, "Warning") ? 2 : 1;
}

static void
end_failed (struct task_step *step, const json_t *doc)
{
    size_t count;
    const json_t *list = messages_of (step, doc, &count), *best = NULL;
    int most = 0;
    for (size_t i = 0; i < count; i++) {
        int t = telling (message_at (list, i));
        if (t >= most) {               /* the later of equals */
            best = message_at (list, i);
            most = t;
        }
    }
    const char *id = best == NULL ? "" : message_id (best);
    const char *text = best == NULL ? "" : message_text (best);
    int32_t code = redfish_key_code (id);
    str_copy (step->result.vendor_id, sizeof step->result.vendor_id, id);
    err_set (&step->result.err, code == 0 ? FARRIER_E_HOST_FAULT : code, "%s: %s%s%.300s",
             where (step), step->state == NULL ? "failed" : step->state,
             text[0] == '\0' && id[0] == '\0' ? "" : ": ", text[0] == '\0' ? id : text);
    end_with (step, FARRIER_TASK_FAILED);
}

static bool
has_failure (const struct task_step *step, const json_t *doc)
{
    size_t count;
    const json_t *list = messages_of (step, doc, &count);
    for (size_t i = 0; i < count; i++)
        if (redfish_message_kind (message_id (message_at (list, i))) == REDFISH_FAILURE)
            return true;
    return false;
}

/* ---- state, percent, identity -------------------------------------------------------------- */

static const char *
state_of (const struct task_step *step, const json_t *doc)
{
    if (step->spec->state_pointer != NULL)
        return json_str (doc, step->spec->state_pointer);
    const char *state = json_str (doc, "/TaskState");
    return state != NULL ? state : json_str (doc, "/JobState");
}

static enum farrier_task_meaning
meaning_of (const struct task_step *step, const json_t *doc, const char *state)
{
    const struct watch_state_map *map = step->spec->states;
    size_t count = step->spec->state_count;
    bool dmtf = map == NULL || count == 0;
    if (dmtf) {
        map = dmtf_states;
        count = sizeof dmtf_states / sizeof dmtf_states[0];
    }
    enum farrier_task_meaning means = FARRIER_TASK_MEANS_RUNNING;
    for (size_t i = 0; i < count; i++)
        if (str_glob (map[i].value, state, true)) {
            means = map[i].means;
            break;
        }
    if (dmtf && means == FARRIER_TASK_MEANS_DONE) {
        const char *status = json_str (doc, "/TaskStatus");
        if (status == NULL ? has_failure (step, doc) : str_case_eq (status, "Critical"))
            means = FARRIER_TASK_MEANS_FAILED;
    }
    return means;
}

static bool
note_percent (struct task_step *step, const json_t *doc)
{
    const char *pointer = step->spec->percent_pointer;
    const json_t *value = json_at (doc, pointer == NULL ? "/PercentComplete" : pointer);
    double p = -1;
    if (json_is_number (value))
        p = json_number_value (value);
    else if (json_is_string (value))
        p = strtod (json_string_value (value), NULL);
    if (!(p >= 0 && p <= 100))
        return false;
    uint32_t percent = (uint32_t) p;
    bool back = percent < step->percent, news = percent > step->percent
                                                || back != step->went_back;
    step->went_back = back;
    if (percent > step->percent)
        step->percent = percent;
    return news;
}

/* Identities are kept as "POINTER=value". */
static char *
identity_at (const json_t *doc, const char *pointer)
{
    const char *value = json_str (doc, pointer);
    return str_empty (value) ? NULL : str_printf ("%s=%s", pointer, value);
}

/* False: this is another task under the same id. */
static bool
identity_fits (struct task_step *step, const json_t *doc)
{
    const char *own = step->spec->identity_pointer;
    if (step->source != TASK_AT_URI)
        return true;                   /* a job behind the task starts at a time of its own */
    char *strong = identity_at (doc, own == NULL ? "/StartTime" : own);
    const char *equals = step->identity == NULL ? NULL : strchr (step->identity, '=');
    bool fits = true;
    if (equals != NULL) {
        char *pointer = str_ndup (step->identity, (size_t) (equals - step->identity));
        const char *value = json_str (doc, pointer);
        fits = str_empty (value) || strcmp (value, equals + 1) == 0;
        mem_free (pointer);
    } else if (step->identity != NULL) {
        fits = strong == NULL || str_ends (strong, step->identity);
    }
    bool weak = equals != NULL && str_starts (step->identity, "/Name=");
    if (fits && (step->identity == NULL || weak)) {
        char *now = strong != NULL ? str_dup (strong)
                    : own == NULL  ? identity_at (doc, "/Name")
                                   : NULL;
        if (now != NULL) {
            mem_free (step->identity);
            step->identity = now;
        }
    }
    mem_free (strong);
    return fits;
}

/* ---- when to look again -------------------------------------------------------------------- */

static int64_t
bounded (int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

static struct task_decision
look_again (struct task_step *step, int64_t now_ms, bool news, int64_t at_least_ms)
{
    const struct watch_task *spec = step->spec;
    int64_t low = spec->poll_min_ms == 0 ? POLL_MIN_MS : spec->poll_min_ms;
    int64_t high = spec->poll_max_ms == 0 ? POLL_MAX_MS : spec->poll_max_ms;
    if (high < low)
        high = low;
    step->delay_ms = news ? low : bounded (step->delay_ms + step->delay_ms / 2, low, high);
    int64_t after = step->delay_ms;
    if (at_least_ms > after)
        after = at_least_ms;
    /* a tenth more or less, the same in each run */
    char seed[160];
    str_format (seed, sizeof seed, "%.120s %u", where (step), step->result.polls);
    after += after * ((int64_t) (hash_fnv1a (seed) % 201) - 100) / 1000;
    if (spec->timeout_ms > 0)
        after = bounded (after, 0, step->started_ms + spec->timeout_ms - now_ms);
    return (struct task_decision) { .after_ms = after, .path = (char *) where (step),
                                    .progress = news };
}

static struct task_decision
ended (void)
{
    return (struct task_decision) { .end = true };
}

/* ---- good answers -------------------------------------------------------------------------- */

static void
learn_uri (struct task_step *step, const json_t *doc)
{
    const char *type = json_str (doc, "/@odata.type"), *id = json_str (doc, "/@odata.id");
    if (step->source != TASK_AT_MONITOR || type == NULL || id == NULL || id[0] != '/'
        || strstr (type, "#Task.") == NULL || step->guessed)
        return;
    str_set (&step->uri, id);
    step->source = TASK_AT_URI;
}

static bool
stuck (const struct task_step *step, int64_t now_ms)
{
    bool resting = str_case_eq (step->state, "Interrupted")
                   || str_case_eq (step->state, "Suspended");
    int64_t limit = step->spec->grace_ms > STUCK_MS ? step->spec->grace_ms : STUCK_MS;
    return step->spec->states == NULL && resting && now_ms - step->moved_ms >= limit;
}

/* A document that shows a state. */
static struct task_decision
judge_state (struct task_step *step, int64_t now_ms, const struct look *look, const char *state)
{
    const struct watch_task *spec = step->spec;
    bool news = !str_eq (step->state, state) || step->away_since_ms >= 0;
    step->seen = true;
    step->away_since_ms = -1;
    step->bad_in_row = 0;
    str_set (&step->state, state);
    news = note_percent (step, look->doc) || news;
    news = note_messages (step, look->doc) || news;
    if (news)
        step->moved_ms = now_ms;
    learn_uri (step, look->doc);

    if (!step->changed && !str_eq (spec->before, state))
        step->changed = true;
    if (!step->changed) {
        if (spec->must_change_within_ms > 0
            && now_ms - step->started_ms >= spec->must_change_within_ms) {
            end_with (step, FARRIER_TASK_UNCHANGED);
            return ended ();
        }
        return look_again (step, now_ms, news, 0);
    }
    switch (meaning_of (step, look->doc, state)) {
    case FARRIER_TASK_MEANS_DONE:
        step->percent = 100;
        end_with (step, FARRIER_TASK_DONE);
        return (struct task_decision) { .end = true, .progress = true };
    case FARRIER_TASK_MEANS_FAILED:
        end_failed (step, look->doc);
        return ended ();
    case FARRIER_TASK_MEANS_NEEDS_RESET:
        end_with (step, FARRIER_TASK_NEEDS_RESET);
        return ended ();
    case FARRIER_TASK_MEANS_RUNNING:
        break;
    }
    if (stuck (step, now_ms)) {
        end_failed (step, look->doc);
        return ended ();
    }
    int64_t high = spec->poll_max_ms == 0 ? POLL_MAX_MS : spec->poll_max_ms;
    /* a monitor may say "30 s" for an update of 2 s; the task itself is looked at sooner */
    int64_t wait = step->source == TASK_AT_MONITOR ? bounded (look->retry_after_ms, 0, high) : 0;
    return look_again (step, now_ms, news, wait);
}

/* A monitor without a document: its status is the operation's. */
static struct task_decision
judge_monitor (struct task_step *step, int64_t now_ms, const struct look *look)
{
    int64_t high = step->spec->poll_max_ms == 0 ? POLL_MAX_MS : step->spec->poll_max_ms;
    bool news = step->away_since_ms >= 0 || !step->seen;
    step->seen = true;
    step->away_since_ms = -1;
    step->bad_in_row = 0;
    if (look->status == 202)
        return look_again (step, now_ms, news, bounded (look->retry_after_ms, 0, high));
    if (look->status < 300) {
        step->percent = 100;
        end_with (step, FARRIER_TASK_DONE);
        return (struct task_decision) { .end = true, .progress = true };
    }
    struct redfish_error e;
    redfish_error_parse (look->status, false, look->doc, &e);
    str_copy (step->result.vendor_id, sizeof step->result.vendor_id, e.vendor_id);
    err_set (&step->result.err, e.code == 0 ? FARRIER_E_REJECTED : e.code, "%s: HTTP %d%s%.300s",
             where (step), look->status, e.message[0] == '\0' ? "" : ": ", e.message);
    end_with (step, FARRIER_TASK_FAILED);
    return ended ();
}

/* ---- bad answers --------------------------------------------------------------------------- */

/* true: looked long enough at a BMC that does not answer as it should. */
static bool
grace_over (struct task_step *step, int64_t now_ms)
{
    step->bad_in_row++;
    if (step->away_since_ms < 0) {
        step->away_since_ms = now_ms;
        step->result.gap_seen = true;
    }
    if (step->spec->grace_ms == 0)
        return step->bad_in_row > BAD_LOOKS_MAX;
    return now_ms - step->away_since_ms >= step->spec->grace_ms;
}

/* The next place that may know of it; the first again after the last. */
static void
next_source (struct task_step *step)
{
    const struct watch_task *spec = step->spec;
    if (step->guessed && step->source == TASK_AT_URI && !step->seen) {
        step->source = TASK_AT_MONITOR;          /* the guess was wrong */
    } else if (step->source != TASK_AT_FALLBACK && spec->fallback_count > 0) {
        step->source = TASK_AT_FALLBACK;
        step->fallback = 0;
    } else if (step->source == TASK_AT_FALLBACK && step->fallback + 1 < spec->fallback_count) {
        step->fallback++;
    } else if (step->source == TASK_AT_FALLBACK) {
        step->source = step->uri != NULL && !(step->guessed && !step->seen) ? TASK_AT_URI
                                                                            : TASK_AT_MONITOR;
    }
}

static struct task_decision
judge_gone (struct task_step *step, int64_t now_ms)
{
    bool first = step->away_since_ms < 0;
    bool wrong_guess = step->guessed && step->source == TASK_AT_URI && !step->seen;
    enum task_source source = step->source;
    size_t fallback = step->fallback;
    if (!wrong_guess && grace_over (step, now_ms)) {
        end_with (step, FARRIER_TASK_VANISHED);
        return ended ();
    }
    next_source (step);
    struct task_decision d = look_again (step, now_ms, first, 0);
    /* a fall-back that was not asked yet is asked at once */
    bool forward = step->source == TASK_AT_FALLBACK
                   && (source != TASK_AT_FALLBACK || step->fallback > fallback);
    if (wrong_guess || forward)
        d.after_ms = 0;
    return d;
}

static struct task_decision
judge_away (struct task_step *step, int64_t now_ms, const struct look *look)
{
    bool first = step->away_since_ms < 0;
    if (look->code == FARRIER_E_CANCELLED) {
        task_step_stop (step, look->code, look->err.message);
        return ended ();
    }
    if (grace_over (step, now_ms)) {
        struct redfish_error e;
        redfish_error_parse (look->status, true, look->doc, &e);
        if (look->code != 0)
            task_step_stop (step, look->code, look->err.message);
        else
            task_step_stop (step, e.code == 0 ? FARRIER_E_INVALID : e.code, "");
        if (look->code == 0)
            err_set (&step->result.err, step->result.code, "%s: HTTP %d%s%.300s", where (step),
                     look->status, e.message[0] == '\0' ? " without a task state" : ": ",
                     e.message);
        if (look->err.hint[0] != '\0')
            err_hint (&step->result.err, "%s", look->err.hint);
        return ended ();
    }
    return look_again (step, now_ms, first, bounded (look->retry_after_ms, 0, BUSY_MAX_MS));
}

static bool
over (struct task_step *step, int64_t now_ms)
{
    const struct watch_task *spec = step->spec;
    if (step->ended || spec->timeout_ms <= 0 || now_ms - step->started_ms < spec->timeout_ms)
        return false;
    char message[300];
    str_format (message, sizeof message, "%s: %s at %u %% after %lld s, and its time is up",
                where (step), step->away_since_ms >= 0 ? "does not answer"
                              : step->state == NULL    ? "no state seen"
                                                       : step->state,
                step->percent, (long long) (now_ms - step->started_ms) / 1000);
    task_step_stop (step, FARRIER_E_TIMEOUT, message);
    return true;
}

struct task_decision
task_step_feed (struct task_step *step, int64_t now_ms, const struct look *look)
{
    step->result.polls++;
    step->message[0] = step->message_id[0] = '\0';
    if (look->code == 0)
        step->result.status = look->status;
    bool answered = look->code == 0 && look->status >= 200 && look->status < 300;
    const char *state = answered ? state_of (step, look->doc) : NULL;
    bool gone = look->code == 0 && (look->status == 404 || look->status == 410);
    bool later = look->status == 401 || look->status == 403 || look->status == 408
                 || look->status == 429 || look->status >= 500;
    if (answered && json_is_object (look->doc)) {
        json_decref (step->result.document);
        step->result.document = json_incref (look->doc);
    }

    struct task_decision d;
    if (state != NULL && !identity_fits (step, look->doc))
        d = judge_gone (step, now_ms);
    else if (state != NULL)
        d = judge_state (step, now_ms, look, state);
    else if (gone)
        d = judge_gone (step, now_ms);
    else if (step->source == TASK_AT_MONITOR && look->code == 0 && !later && look->status >= 200)
        d = judge_monitor (step, now_ms, look);
    else
        d = judge_away (step, now_ms, look);
    if (!d.end && over (step, now_ms))
        d = ended ();
    return d;
}

void
task_step_progress (const struct task_step *step, struct watch_task_progress *ret)
{
    *ret = (struct watch_task_progress) {
        .percent = step->percent, .state = step->away_since_ms >= 0 || step->state == NULL
                                               ? ""
                                               : step->state,
        .message = step->message[0] == '\0' ? NULL : step->message,
        .message_id = step->message_id[0] == '\0' ? NULL : step->message_id,
        .identity = step->identity, .away = step->away_since_ms >= 0,
        .went_back = step->went_back,
    };
}
