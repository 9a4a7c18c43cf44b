/* follow_text: the words and lines about jobs: block, bar, results, verdict. Pure but for printing.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cmd.h"
#include "cli/follow.h"

#define HOST_WIDTH 16
#define BAR_WIDTH 20

char *
follow_bar (int permille, int width)
{
    int full = permille < 0 ? 0 : permille > 1000 ? width : permille * width / 1000;
    char *bar = mem_alloc ((size_t) width + 3);
    bar[0] = '[';
    memset (bar + 1, '#', (size_t) full);
    memset (bar + 1 + full, ' ', (size_t) (width - full));
    bar[width + 1] = ']';
    return bar;
}

static bool
is_good (const char *status)
{
    static const char *const good[] = { "verified", "noop", "succeeded", "activated", "flashed",
                                        "staged", "accepted" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (str_eq (status, good[i]))
            return true;
    }
    return false;
}

struct tally {
    size_t total, open, queued, done, failed, parked, cancelled;
    long long permille;                /* of all */
};

static void
count (const json_t *jobs, struct tally *ret)
{
    size_t i;
    json_t *job;
    *ret = (struct tally) { .total = json_array_size (jobs) };
    json_array_foreach ((json_t *) jobs, i, job) {
        const char *state = json_str_or (job, "/state", "queued");
        const char *status = json_str_or (job, "/status", "");
        if (str_eq (state, "parked")) {
            ret->parked++;
        } else if (!str_eq (state, "done")) {
            ret->open++;
            ret->queued += str_eq (state, "queued") ? 1 : 0;
            ret->permille += json_int_or (job, "/progress_permille", 0);
            continue;
        } else if (is_good (status)) {
            ret->done++;
        } else if (str_starts (status, "cancelled")) {
            ret->cancelled++;
        } else {
            ret->failed++;
        }
        ret->permille += 1000;
    }
}

/* Cut to the terminal's width: characters, not bytes. */
static void
put_cut (struct buf *ret, const char *text, int width)
{
    int n = 0;
    const char *p = text;
    for (; *p != '\0'; p++) {
        if (((unsigned char) *p & 0xc0) != 0x80 && n++ == width)
            break;
    }
    buf_append (ret, text, (size_t) (p - text));
    buf_putc (ret, '\n');
}

static void
job_line (const json_t *job, int width, struct buf *ret)
{
    int permille = (int) json_int_or (job, "/progress_permille", 0);
    char *bar = follow_bar (permille, BAR_WIDTH);
    char *text = str_printf ("%-*s %s %3d%%  %s  %s", HOST_WIDTH, json_str_or (job, "/host", "?"),
                             bar, permille / 10,
                             json_str_or (job, "/phase", json_str_or (job, "/state", "")),
                             json_str_or (job, "/progress_text", ""));
    char *clean = output_clean (text);
    put_cut (ret, clean, width - 1);
    mem_free (clean);
    mem_free (text);
    mem_free (bar);
}

static void
put_count (struct buf *b, size_t n, const char *word)
{
    if (n > 0)
        buf_printf (b, ", %zu %s", n, word);
}

static void
sum_line (const struct tally *t, int width, int64_t elapsed_ms, struct buf *ret)
{
    long long mean = t->total == 0 ? 1000 : t->permille / (long long) t->total;
    char *bar = follow_bar ((int) mean, BAR_WIDTH);
    char *elapsed = duration_format (elapsed_ms / 1000 * 1000);
    struct buf line = { 0 };
    buf_printf (&line, "%-*s %s %3lld%%  %zu of %zu done", HOST_WIDTH, "all", bar, mean / 10,
                t->done, t->total);
    put_count (&line, t->failed, "failed");
    put_count (&line, t->parked, "parked");
    put_count (&line, t->cancelled, "cancelled");
    put_count (&line, t->open - t->queued, "running");
    put_count (&line, t->queued, "queued");
    buf_printf (&line, ", %s", elapsed);
    /* Before a twentieth is done a guess would only mislead. */
    if (mean >= 50 && mean < 1000 && elapsed_ms > 3000) {
        int64_t left = elapsed_ms * (1000 - mean) / mean;
        char *eta = duration_format (left / 1000 * 1000);
        buf_printf (&line, ", about %s left", eta);
        mem_free (eta);
    }
    put_cut (ret, line.data, width - 1);
    buf_free (&line);
    mem_free (bar);
    mem_free (elapsed);
}

char *
follow_block (const json_t *jobs, int width, int lines, int64_t started_ms, int64_t now_ms)
{
    struct buf block = { 0 };
    struct tally t;
    size_t i;
    json_t *job;
    int shown = 0;
    count (jobs, &t);
    size_t active = t.open - t.queued;
    json_array_foreach ((json_t *) jobs, i, job) {
        const char *state = json_str_or (job, "/state", "queued");
        if (str_eq (state, "done") || str_eq (state, "parked") || str_eq (state, "queued"))
            continue;
        if (shown == lines)
            break;
        job_line (job, width, &block);
        shown++;
    }
    if (active > (size_t) shown)
        buf_printf (&block, "… and %zu more\n", active - (size_t) shown);
    sum_line (&t, width, now_ms - started_ms, &block);
    return buf_steal (&block);
}

void
follow_results (const struct invocation *inv, const json_t *jobs)
{
    size_t i;
    json_t *job;
    struct tally t;
    struct table *table = table_new (inv->wide);
    table_column (table, "HOST", 0);
    table_column (table, "JOB", 0);
    table_column (table, "WORKFLOW", TABLE_WIDE);
    table_column (table, "STATUS", TABLE_STATE);
    table_column (table, "TOOK", TABLE_RIGHT);
    table_column (table, "CAUSE", TABLE_TRUNC);
    json_array_foreach ((json_t *) jobs, i, job) {
        int64_t from = json_int_or (job, "/started_ms", 0), to = json_int_or (job, "/ended_ms", 0);
        char *took = from > 0 && to >= from ? duration_format (to - from) : NULL;
        table_row (table);
        table_cell (table, json_str (job, "/host"));
        table_cell (table, json_str (job, "/id"));
        table_cell (table, json_str (job, "/workflow"));
        table_cell (table, json_str_or (job, "/status", json_str (job, "/state")));
        table_cell (table, took);
        table_cell (table, json_str (job, "/cause/message"));
        mem_free (took);
    }
    table_print (table, NULL);
    count (jobs, &t);
    struct buf line = { 0 };
    buf_printf (&line, "%zu of %zu done", t.done, t.total);
    put_count (&line, t.failed, "failed");
    put_count (&line, t.parked, "parked");
    put_count (&line, t.cancelled, "cancelled");
    put_count (&line, t.open, "open");
    puts (line.data);
    buf_free (&line);
}

/* The first job whose status is not good: what the hint points at. */
static const char *
first_bad (const json_t *jobs)
{
    size_t i;
    json_t *job;
    json_array_foreach ((json_t *) jobs, i, job) {
        if (!is_good (json_str_or (job, "/status", "")))
            return json_str_or (job, "/id", "JOB");
    }
    return "JOB";
}

int32_t
follow_verdict (const json_t *jobs, struct err *err)
{
    struct tally t;
    int32_t code = 0;
    count (jobs, &t);
    if (t.failed > 0 && t.failed < t.total)
        code = err_set (err, ERR_PARTLY, "%zu of %zu jobs failed", t.failed, t.total);
    else if (t.failed > 0)
        code = t.total == 1 ? err_set (err, FARRIER_E_HOST_FAULT, "the job failed: %s",
                                       json_str_or (jobs, "/0/cause/message", "see its log"))
                            : err_set (err, FARRIER_E_HOST_FAULT, "all %zu jobs failed", t.total);
    else if (t.parked > 0)
        code = err_set (err, ERR_APPROVAL, "%zu of %zu jobs wait for a person", t.parked, t.total);
    else if (t.cancelled > 0)
        code = err_set (err, FARRIER_E_CANCELLED, "%zu of %zu jobs were cancelled", t.cancelled,
                        t.total);
    if (code != 0)
        err_hint (err, "farrier why %s", first_bad (jobs));
    return code;
}
