/* until_step: the rules of waiting until a resource is as wanted.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/until_step.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define INTERVAL_MS 5000

void
until_step_init (struct until_step *step, const struct watch_until *spec, int64_t now_ms)
{
    memset (step, 0, sizeof *step);
    step->spec = spec;
    step->started_ms = now_ms;
    step->before = str_dup (spec->proof_before);
    step->result.gap_seen = spec->gap_seen;
}

void
until_step_clear (struct until_step *step)
{
    json_decref (step->result.document);
    mem_free (step->before);
    memset (step, 0, sizeof *step);
}

bool
until_step_wants_proof (const struct watch_until *spec)
{
    return (spec->proof == FARRIER_PROOF_CHANGED || spec->proof == FARRIER_PROOF_GAP_OR_CHANGED
            || spec->proof == FARRIER_PROOF_LOWER)
           && spec->proof_pointer != NULL;
}

/* A value as text; NULL when absent. Heap. */
static char *
value_text (const json_t *doc, const char *pointer)
{
    const json_t *value = json_at (doc, pointer);
    if (value == NULL)
        return NULL;
    return json_is_string (value) ? str_dup (json_string_value (value)) : json_text (value);
}

static bool
matches_any (const char *globs, const char *text)
{
    while (*globs != '\0') {
        size_t len = strcspn (globs, "\n");
        char *glob = str_ndup (globs, len);
        bool fits = str_glob (glob, text, true);
        mem_free (glob);
        if (fits)
            return true;
        globs += len + (globs[len] == '\n');
    }
    return false;
}

static bool
answered (const struct look *look)
{
    return look->code == 0 && look->status == 200 && look->doc != NULL;
}

static void
note_failure (struct until_step *step, const struct look *look)
{
    step->result.gap_seen = true;
    if (look->code != 0)
        str_copy (step->trouble, sizeof step->trouble, look->err.message);
    else
        str_format (step->trouble, sizeof step->trouble, "HTTP %d%s", look->status,
                    look->status == 200 ? " without JSON" : "");
}

/* Is this read as wanted? */
static bool
is_good (struct until_step *step, const struct look *probe)
{
    const struct watch_until *spec = step->spec;
    if (spec->probe == FARRIER_PROBE_TCP) {
        if (probe->code != 0)
            note_failure (step, probe);
        return probe->code == 0;
    }
    if (!answered (probe)) {
        note_failure (step, probe);
        return false;
    }
    json_decref (step->result.document);
    step->result.document = json_incref (probe->doc);
    if (spec->pointer == NULL)
        return true;
    char *value = value_text (probe->doc, spec->pointer);
    if (value == NULL) {
        str_format (step->trouble, sizeof step->trouble, "nothing at %s", spec->pointer);
        return false;
    }
    str_copy (step->result.last, sizeof step->result.last, value);
    bool good = (spec->wanted == NULL || matches_any (spec->wanted, value))
                && (spec->unwanted == NULL || !matches_any (spec->unwanted, value));
    if (!good)
        str_format (step->trouble, sizeof step->trouble, "%s is '%.60s', %s '%.60s'",
                    spec->pointer, value, spec->wanted == NULL ? "which is not" : "wanted is",
                    spec->wanted == NULL ? "wanted" : spec->wanted);
    mem_free (value);
    return good;
}

/* An uptime grows: only a smaller one proves a restart. The last one is kept, so that a restart
 * between two reads is seen although it has long grown past the first. */
static bool
has_fallen (const char *before, const char *now)
{
    char *end_before, *end_now;
    double a = strtod (before, &end_before), b = strtod (now, &end_now);
    return end_before != before && end_now != now && b < a;
}

static void
note_proof (struct until_step *step, const struct look *proof)
{
    if (proof == NULL || !answered (proof) || step->spec->proof_pointer == NULL)
        return;
    char *value = value_text (proof->doc, step->spec->proof_pointer);
    if (value == NULL)
        return;
    if (step->before == NULL) {
        step->before = str_dup (value);
    } else if (step->spec->proof == FARRIER_PROOF_LOWER) {
        step->result.changed = step->result.changed || has_fallen (step->before, value);
        str_set (&step->before, value);
    } else if (strcmp (step->before, value) != 0) {
        step->result.changed = true;
    }
    mem_free (value);
}

static bool
proven (const struct until_step *step)
{
    switch (step->spec->proof) {
    case FARRIER_PROOF_NONE:
        return true;
    case FARRIER_PROOF_GAP:
        return step->result.gap_seen;
    case FARRIER_PROOF_CHANGED:
    case FARRIER_PROOF_LOWER:
        return step->result.changed;
    case FARRIER_PROOF_GAP_OR_CHANGED:
        return step->result.gap_seen || step->result.changed;
    }
    return false;
}

static void
time_is_up (struct until_step *step, int64_t now_ms)
{
    const struct watch_until *spec = step->spec;
    const char *what = spec->probe == FARRIER_PROBE_TCP ? "TCP" : spec->uri;
    uint32_t want = spec->good == 0 ? 1 : spec->good;
    if (!proven (step))
        str_copy (step->trouble, sizeof step->trouble, "it was not seen to go away");
    step->result.code = err_set (&step->result.err, FARRIER_E_TIMEOUT,
                                 "%s: not as wanted within %lld s: %s (%u of %u good reads)", what,
                                 (long long) (now_ms - step->started_ms) / 1000, step->trouble,
                                 step->result.good_reads, want);
}

bool
until_step_feed (struct until_step *step, int64_t now_ms, const struct look *probe,
                 const struct look *proof, int64_t *ret_after_ms)
{
    const struct watch_until *spec = step->spec;
    struct watch_until_result *result = &step->result;
    result->reads++;
    if (probe->code == FARRIER_E_CANCELLED) {
        result->code = probe->code;
        result->err = probe->err;
        return true;
    }
    bool good = is_good (step, probe);
    note_proof (step, proof);
    /* what was good before it went away does not count */
    result->good_reads = good && proven (step) ? result->good_reads + 1 : 0;
    if (result->good_reads >= (spec->good == 0 ? 1 : spec->good))
        return true;
    if (spec->within_ms > 0 && now_ms - step->started_ms >= spec->within_ms) {
        time_is_up (step, now_ms);
        return true;
    }
    int64_t after = spec->interval_ms == 0 ? INTERVAL_MS : spec->interval_ms;
    if (probe->retry_after_ms > after && probe->status == 503)
        after = probe->retry_after_ms;
    int64_t left = spec->within_ms > 0 ? step->started_ms + spec->within_ms - now_ms : after;
    *ret_after_ms = after < left ? after : left;
    return false;
}
