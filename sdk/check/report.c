/* report: see report.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "report.h"

#include <stdio.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static void
print_details (const struct child_result *c)
{
    const char *why = json_str (c->details, "/unfiltered");
    size_t i;
    json_t *await;
    if (why != NULL)
        printf ("# system calls are not filtered: %s\n", why);
    json_array_foreach (json_object_get (c->details, "trail"), i, await)
        printf ("# await %zu: %s: %s%s\n", i + 1, json_str_or (await, "/kind", ""),
                json_str_or (await, "/label", ""),
                json_bool_or (await, "/changing", false) ? " (changes)" : "");
    if (json_object_get (c->details, "requests") != NULL)
        printf ("# %lld requests, %lld of them change, %lld allocations; answered %s\n",
                json_int_or (c->details, "/requests", 0), json_int_or (c->details, "/changes", 0),
                json_int_or (c->details, "/memory", 0), json_str_or (c->details, "/answer", ""));
    if (json_str (c->details, "/most_asked") != NULL)
        printf ("# most often (%lld): %s\n", json_int_or (c->details, "/most_asked_times", 0),
                json_str (c->details, "/most_asked"));
    if (json_object_get (c->details, "runs") != NULL)
        printf ("# %lld runs\n", json_int_or (c->details, "/runs", 0));
    printf ("# %lld ms\n", (long long) c->took_ms);
}

static void
print_tap (const struct report *r, const struct child_result *c)
{
    unsigned number = r->passed + r->failed + r->skipped;
    printf ("%sok %u - %s", c->ok ? "" : "not ", number, c->name);
    if (c->skipped != NULL)
        printf (" # SKIP %s", c->skipped);
    putchar ('\n');
    if (!c->ok)
        printf ("# %s%s%s\n", c->rule == NULL ? "" : c->rule, c->rule == NULL ? "" : ": ",
                c->message == NULL ? "" : c->message);
    if (r->verbose)
        print_details (c);
    fflush (stdout);
}

static void
keep_json (struct report *r, const struct child_result *c)
{
    json_t *v = json_object ();
    json_put_str (v, "case", c->name);
    json_put_str (v, "result", c->skipped != NULL ? "skipped" : c->ok ? "passed" : "failed");
    if (c->message != NULL)
        json_put_str (v, "message", c->message);
    if (c->rule != NULL)
        json_put_str (v, "rule", c->rule);
    if (c->skipped != NULL)
        json_put_str (v, "reason", c->skipped);
    if (r->verbose && c->details != NULL)
        json_object_set (v, "details", c->details);
    json_put_int (v, "took_ms", c->took_ms);
    if (r->cases == NULL)
        r->cases = json_array ();
    json_array_append_new (r->cases, v);
}

void
report_add (struct report *r, const struct child_result *c)
{
    if (c->skipped != NULL)
        r->skipped++;
    else if (c->ok)
        r->passed++;
    else
        r->failed++;
    if (r->json)
        keep_json (r, c);
    else
        print_tap (r, c);
}

int
report_end (struct report *r, const char *plugin)
{
    unsigned total = r->passed + r->failed + r->skipped;
    if (r->json) {
        json_t *v = json_object ();
        json_put_str (v, "plugin", plugin);
        json_put_int (v, "passed", r->passed);
        json_put_int (v, "failed", r->failed);
        json_put_int (v, "skipped", r->skipped);
        json_put (v, "cases", r->cases == NULL ? json_array () : r->cases);
        char *text = json_pretty (v);
        puts (text);
        mem_free (text);
        json_decref (v);
        r->cases = NULL;
    } else {
        printf ("1..%u\n# %s: %u passed, %u failed, %u skipped\n", total, plugin, r->passed,
                r->failed, r->skipped);
    }
    return r->failed == 0 && total > 0 ? 0 : 1;
}
