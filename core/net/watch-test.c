/* Tests of watch.h with real connections; the rules are tested in task_step-test and until_step-
 * test.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/watch.h"

#include <pthread.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/testing.h"
#include "base/vec.h"
#include "net/test_bmc.h"

struct seen {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int done, progress, looks;
    int32_t code;
    char message[480];
    enum farrier_task_end end;
    uint32_t polls, percent;
    size_t count;
    char *text;                        /* of the documents, in order */
    bool expanded;
    uint32_t requests;
};

struct setup {
    struct seen seen;
    struct test_bmc *bmc;
    struct net *net;
    struct net_target *target;
};

static void
begin (struct setup *s, void (*handle) (struct test_exchange *x))
{
    s->seen.lock = (pthread_mutex_t) PTHREAD_MUTEX_INITIALIZER;
    s->seen.changed = (pthread_cond_t) PTHREAD_COND_INITIALIZER;
    struct test_bmc_options o = { .handle = handle, .arg = &s->seen };
    s->bmc = test_bmc_start (&o);
    ck_assert_int_eq (net_start (NULL, &s->net, NULL), 0);
    struct net_target_config c = { .name = "r12-01", .base_url = test_bmc_url (s->bmc),
                                   .trust.mode = TRUST_INSECURE };
    ck_assert_int_eq (net_target_new (s->net, &c, &s->target, NULL), 0);
}

static void
end (struct setup *s)
{
    net_target_unref (s->target);
    net_stop (s->net, NET_STOP_ABORT, 0);
    test_bmc_stop (s->bmc);
    mem_free (s->seen.text);
}

static void
done (struct seen *seen, int32_t code, const struct err *err)
{
    pthread_mutex_lock (&seen->lock);
    seen->code = code;
    str_copy (seen->message, sizeof seen->message, err->message);
    seen->done++;
    pthread_cond_broadcast (&seen->changed);
    pthread_mutex_unlock (&seen->lock);
}

static void
wait_done (struct seen *seen)
{
    pthread_mutex_lock (&seen->lock);
    while (seen->done == 0)
        pthread_cond_wait (&seen->changed, &seen->lock);
    pthread_mutex_unlock (&seen->lock);
}

/* ---- tasks and conditions ------------------------------------------------------------------ */

static int
next_look (struct seen *seen)
{
    pthread_mutex_lock (&seen->lock);
    int n = ++seen->looks;
    pthread_mutex_unlock (&seen->lock);
    return n;
}

static void
task (struct test_exchange *x)
{
    char body[200];
    int n = next_look (x->arg);
    if (n == 3)
        test_reset (x);
    else if (n == 4)
        test_answer (x, 503, "Retry-After: 0\r\n", "");
    else if (n < 6) {
        str_format (body, sizeof body, "{\"TaskState\":\"Running\",\"PercentComplete\":%d}",
                    n * 10);
        test_answer (x, 200, NULL, body);
    } else {
        test_answer (x, 200, NULL, "{\"TaskState\":\"Completed\"}");
    }
}

static void
on_progress (void *arg, const struct watch_task_progress *p)
{
    struct seen *seen = arg;
    ck_assert_uint_ge (p->percent, seen->percent);
    seen->percent = p->percent;
    seen->progress++;
}

static void
on_task (void *arg, const struct watch_task_result *r)
{
    struct seen *seen = arg;
    seen->end = r->end;
    seen->polls = r->polls;
    done (seen, r->code, &r->err);
}

START_TEST (a_task_is_followed_to_its_end)
{
    struct setup s = { 0 };
    begin (&s, task);
    struct watch_task spec = { .target = s.target, .uri = "https://bmc/redfish/v1/Tasks/1",
                               .poll_min_ms = 1, .poll_max_ms = 5, .grace_ms = 60000 };
    watch_task_start (&spec, on_progress, on_task, &s.seen);
    wait_done (&s.seen);
    ck_assert_msg (s.seen.code == 0, "%s", s.seen.message);
    ck_assert_int_eq (s.seen.end, FARRIER_TASK_DONE);
    ck_assert_uint_eq (s.seen.polls, 6);
    ck_assert_int_eq (s.seen.progress, 5);   /* 10, 20, away, 50, 100 */
    ck_assert_uint_eq (s.seen.percent, 100);
    end (&s);
}
END_TEST

static void
forever (struct test_exchange *x)
{
    next_look (x->arg);
    test_answer (x, 200, NULL, "{\"TaskState\":\"Running\"}");
}

START_TEST (watches_are_cancelled_and_stopped)
{
    static const uint32_t poll_ms[] = { 1, 3600000 };
    for (int how = 0; how < 4; how++) {
        struct setup s = { 0 };
        begin (&s, forever);
        struct watch_task spec = { .target = s.target, .uri = "/t",
                                   .poll_min_ms = poll_ms[how % 2],
                                   .poll_max_ms = poll_ms[how % 2] };
        watch_handle handle = watch_task_start (&spec, NULL, on_task, &s.seen);
        while (test_bmc_requests (s.bmc) == 0)
            sched_yield ();
        if (how < 2) {
            watch_cancel (s.net, handle);
            watch_cancel (s.net, handle);
            wait_done (&s.seen);
        }
        end (&s);
        ck_assert_int_eq (s.seen.done, 1);
        ck_assert_int_eq (s.seen.code, FARRIER_E_CANCELLED);
    }
}
END_TEST

static void
power (struct test_exchange *x)
{
    if (strcmp (x->path, "/manager") == 0) {
        test_answer (x, 200, NULL, next_look (x->arg) < 3 ? "{\"LastResetTime\":\"1\"}"
                                                          : "{\"LastResetTime\":\"2\"}");
        return;
    }
    test_answer (x, 200, NULL, "{\"PowerState\":\"On\"}");
}

static void
on_until (void *arg, const struct watch_until_result *r)
{
    struct seen *seen = arg;
    seen->polls = r->reads;
    done (seen, r->code, &r->err);
}

START_TEST (a_condition_with_its_proof_elsewhere)
{
    struct setup s = { 0 };
    begin (&s, power);
    struct watch_until spec = { .target = s.target, .uri = "/system", .pointer = "/PowerState",
                                .wanted = "On", .good = 2, .interval_ms = 1,
                                .proof = FARRIER_PROOF_CHANGED, .proof_uri = "/manager",
                                .proof_pointer = "/LastResetTime" };
    watch_until_start (&spec, on_until, &s.seen);
    wait_done (&s.seen);
    ck_assert_msg (s.seen.code == 0, "%s", s.seen.message);
    ck_assert_uint_eq (s.seen.polls, 4);
    end (&s);
}
END_TEST

START_TEST (a_tcp_probe_needs_no_tls)
{
    struct setup s = { 0 };
    begin (&s, power);
    struct test_bmc_options o = { .handle = power, .plain = true };
    struct test_bmc *plain = test_bmc_start (&o);
    char *url = str_printf ("https://127.0.0.1:%d", test_bmc_port (plain));
    struct net_target_config c = { .base_url = url };
    struct net_target *target;
    ck_assert_int_eq (net_target_new (s.net, &c, &target, NULL), 0);
    for (int up = 1; up >= 0; up--) {
        struct watch_until spec = { .target = target, .probe = FARRIER_PROBE_TCP,
                                    .interval_ms = 1, .within_ms = up == 1 ? 20000 : 50 };
        s.seen.done = 0;
        watch_until_start (&spec, on_until, &s.seen);
        wait_done (&s.seen);
        ck_assert_msg (s.seen.code == (up == 1 ? 0 : FARRIER_E_TIMEOUT), "%s", s.seen.message);
        if (up == 1)
            test_bmc_stop (plain);
    }
    net_target_unref (target);
    mem_free (url);
    end (&s);
}
END_TEST

/* ---- collections --------------------------------------------------------------------------- */

static void
inventory (struct test_exchange *x)
{
    const char *path = x->path;
    char body[2000];
    if (str_starts (path, "/busy/") && test_bmc_count (x->bmc, "GET", path) == 1)
        test_answer (x, 503, "Retry-After: 0\r\n", "");
    else if (str_starts (path, "/busy/"))
        test_answer (x, 200, NULL, "{\"Id\":\"at last\"}");
    else if (strcmp (path, "/never") == 0)
        test_answer (x, 503, "Retry-After: 0\r\n", "");
    else if (strcmp (path, "/plain") == 0 || strcmp (path, "/plain?$expand=.") == 0
        || strcmp (path, "/refuses") == 0)
        test_answer (x, 200, NULL, "{\"Members\":[{\"@odata.id\":\"/m/1\"},"
                                   "{\"@odata.id\":\"/m/2\"},{\"@odata.id\":\"/m/1\"}]}");
    else if (strcmp (path, "/refuses?$expand=.") == 0)
        test_answer (x, 501, NULL, "");
    else if (strcmp (path, "/empty?$expand=.") == 0)
        test_answer (x, 200, NULL, "{\"Name\":\"no members here\"}");
    else if (strcmp (path, "/empty") == 0)
        test_answer (x, 200, NULL, "{\"Members\":[]}");
    else if (strcmp (path, "/expands?$expand=.") == 0)
        test_answer (x, 200, NULL, "{\"Members\":[{\"@odata.id\":\"/m/1\",\"Id\":\"one\"},"
                                   "{\"@odata.id\":\"/m/2\"}]}");
    else if (strcmp (path, "/pages") == 0)
        test_answer (x, 200, NULL, "{\"Members\":[{\"@odata.id\":\"/m/1\"}],"
                                   "\"Members@odata.nextLink\":\"/pages?$skip=1\"}");
    else if (strcmp (path, "/pages?$skip=1") == 0)
        test_answer (x, 200, NULL, "{\"Members\":[{\"@odata.id\":\"/m/2\"}],"
                                   "\"Members@odata.nextLink\":\"/pages?$skip=1\"}");
    else if (str_starts (path, "/m/")) {
        str_format (body, sizeof body, "{\"Id\":\"got %s\"}", path);
        test_answer (x, 200, NULL, body);
    } else if (strcmp (path, "/deep") == 0) {
        memset (body, '[', 1000);
        body[1000] = '\0';
        test_answer (x, 200, NULL, body);
    } else {
        test_answer (x, 404, NULL, "{}");
    }
}

static void
on_collected (void *arg, const struct watch_collect_result *r)
{
    struct seen *seen = arg;
    struct buf b = { 0 };
    for (size_t i = 0; i < r->count; i++)
        buf_printf (&b, "%s:%s;", r->documents[i].path,
                    r->documents[i].json != NULL
                        ? json_str_or (r->documents[i].json, "/Id", "?")
                        : err_code_name (r->documents[i].code));
    seen->text = buf_steal (&b);
    seen->count = r->count;
    seen->expanded = r->expanded;
    seen->requests = r->requests;
    done (seen, r->code, &r->err);
}

START_TEST (collections_in_every_shape)
{
    static const struct {
        const char *collection, *expand, *text;
        int32_t code;
        uint32_t requests;
    } cases[] = {
        { "/plain", NULL, "/m/1:got /m/1;/m/2:got /m/2;", 0, 3 },
        { "/plain", "$expand=.", "/m/1:got /m/1;/m/2:got /m/2;", 0, 3 },
        { "/refuses", "$expand=.", "/m/1:got /m/1;/m/2:got /m/2;", 0, 4 },
        { "/empty", "$expand=.", "", 0, 2 },
        { "/expands", "$expand=.", "/m/1:one;/m/2:got /m/2;", 0, 2 },
        { "/pages", NULL, "/m/1:got /m/1;/m/2:got /m/2;", 0, 4 },
        { "/none", "$expand=.", "", FARRIER_E_UNSUPPORTED, 2 },
    };
    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        struct setup s = { 0 };
        begin (&s, inventory);
        struct watch_collect spec = { .target = s.target, .collection = cases[i].collection,
                                      .expand = cases[i].expand };
        watch_collect_start (&spec, on_collected, &s.seen);
        wait_done (&s.seen);
        ck_assert_msg (s.seen.code == cases[i].code, "%zu: %s", i, s.seen.message);
        ck_assert_str_eq (s.seen.text, cases[i].text);
        ck_assert_uint_eq (s.seen.requests, cases[i].requests);
        end (&s);
    }
}
END_TEST

START_TEST (paths_keep_their_order_and_their_errors)
{
    static const char *const paths[] = { "/m/b", "/none", "/m/a", "/deep", "not-a-path" };
    struct setup s = { 0 };
    begin (&s, inventory);
    struct watch_collect spec = { .target = s.target, .paths = paths, .path_count = 5,
                                  .max_in_flight = 4 };
    watch_collect_start (&spec, on_collected, &s.seen);
    wait_done (&s.seen);
    ck_assert_int_eq (s.seen.code, 0);
    ck_assert_str_eq (s.seen.text, "/m/b:got /m/b;/none:UNSUPPORTED;/m/a:got /m/a;"
                                   "/deep:INVALID;not-a-path:INVALID;");
    end (&s);
}
END_TEST

START_TEST (a_busy_bmc_is_asked_once_more)
{
    static const char *const paths[] = { "/busy/1", "/busy/2", "/never" };
    struct setup s = { 0 };
    begin (&s, inventory);
    struct watch_collect spec = { .target = s.target, .paths = paths, .path_count = 3 };
    watch_collect_start (&spec, on_collected, &s.seen);
    wait_done (&s.seen);
    ck_assert_str_eq (s.seen.text, "/busy/1:at last;/busy/2:at last;/never:BUSY;");
    ck_assert_int_eq (test_bmc_count (s.bmc, "GET", "/never"), 2);
    end (&s);
}
END_TEST

START_TEST (nothing_to_collect)
{
    struct setup s = { 0 };
    begin (&s, inventory);
    struct watch_collect spec = { .target = s.target };
    watch_collect_start (&spec, on_collected, &s.seen);
    wait_done (&s.seen);
    ck_assert_int_eq (s.seen.code, 0);
    ck_assert_uint_eq (s.seen.count, 0);
    end (&s);
}
END_TEST

/* Members that are left out are not passed over in silence. */
START_TEST (a_collection_above_the_limit)
{
    for (uint32_t max = 1; max <= 2; max++) {
        struct setup s = { 0 };
        begin (&s, inventory);
        struct watch_collect spec = { .target = s.target, .collection = "/plain",
                                      .max_documents = max };
        watch_collect_start (&spec, on_collected, &s.seen);
        wait_done (&s.seen);
        ck_assert_msg (s.seen.code == (max == 1 ? FARRIER_E_NO_SPACE : 0), "%d: %s", s.seen.code,
                       s.seen.message);
        ck_assert_uint_eq (s.seen.count, max);
        end (&s);
    }
}
END_TEST

START_TEST (a_large_inventory_uses_few_connections)
{
    struct setup s = { 0 };
    begin (&s, inventory);
    struct vec paths = { 0 };
    for (int i = 0; i < 300; i++)
        vec_push (&paths, str_printf ("/m/%d", i));
    struct watch_collect spec = { .target = s.target, .path_count = 300,
                                  .paths = (const char *const *) paths.items };
    watch_collect_start (&spec, on_collected, &s.seen);
    wait_done (&s.seen);
    ck_assert_uint_eq (s.seen.count, 300);
    ck_assert_int_le (test_bmc_accepted (s.bmc), 4);
    vec_free_with (&paths, mem_free);
    end (&s);
}
END_TEST

static void
hang (struct test_exchange *x)
{
    test_hang (x);
}

START_TEST (a_collection_is_cancelled)
{
    static const char *const paths[] = { "/a", "/b", "/c" };
    struct setup s = { 0 };
    begin (&s, hang);
    struct watch_collect spec = { .target = s.target, .paths = paths, .path_count = 3 };
    watch_handle handle = watch_collect_start (&spec, on_collected, &s.seen);
    while (test_bmc_requests (s.bmc) < 2)
        sched_yield ();
    watch_cancel (s.net, handle);
    wait_done (&s.seen);
    ck_assert_int_eq (s.seen.code, FARRIER_E_CANCELLED);
    ck_assert_str_eq (s.seen.text, "/a:CANCELLED;/b:CANCELLED;/c:CANCELLED;");
    end (&s);
    ck_assert_int_eq (s.seen.done, 1);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        a_task_is_followed_to_its_end, watches_are_cancelled_and_stopped,
        a_condition_with_its_proof_elsewhere, a_tcp_probe_needs_no_tls,
        collections_in_every_shape, paths_keep_their_order_and_their_errors,
        a_busy_bmc_is_asked_once_more, nothing_to_collect,
        a_collection_above_the_limit, a_large_inventory_uses_few_connections,
        a_collection_is_cancelled, NULL
    };

    return testing_run ("watch", tests);
}
