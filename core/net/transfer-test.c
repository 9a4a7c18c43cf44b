/* Tests of transfer.h: uploads arrive byte for byte, downloads whole or not at all.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/transfer.h"

#include <pthread.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/testing.h"
#include "net/session.h"
#include "net/test_bmc.h"

struct outcome {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int done, closed, gates;
    net_handle handle;
    struct transfer_result *result;
    struct net_response *response;
    char sha256[HASH_SHA256_HEX];
    uint64_t size;
    uint32_t permille, progress_calls;
    bool went_back;
    uint64_t failing_at;               /* the reader fails there; 0 = never */
    uint64_t image_bytes;              /* for say_digest() */
    int takes;
    bool short_reads;
};

static void
outcome_init (struct outcome *o)
{
    memset (o, 0, sizeof *o);
    o->lock = (pthread_mutex_t) PTHREAD_MUTEX_INITIALIZER;
    o->changed = (pthread_cond_t) PTHREAD_COND_INITIALIZER;
}

static void
outcome_wait (struct outcome *o, int count)
{
    pthread_mutex_lock (&o->lock);
    while (o->done < count)
        pthread_cond_wait (&o->changed, &o->lock);
    pthread_mutex_unlock (&o->lock);
}

static void
on_done (void *arg, struct transfer_result *result)
{
    struct outcome *o = arg;
    pthread_mutex_lock (&o->lock);
    transfer_result_free (o->result);
    o->result = result;
    o->done++;
    pthread_cond_broadcast (&o->changed);
    pthread_mutex_unlock (&o->lock);
}

static void
on_progress (void *arg, uint32_t permille, uint64_t sent, uint64_t total)
{
    struct outcome *o = arg;
    ck_assert_uint_le (sent, total);
    o->went_back = o->went_back || permille < o->permille;
    o->permille = permille;
    o->progress_calls++;
}

static char
image_byte (uint64_t offset)
{
    return (char) (offset * 2654435761u >> 13);
}

static int64_t
read_image (void *arg, uint64_t offset, void *buf, size_t len, struct err *err)
{
    struct outcome *o = arg;
    if (o->failing_at != 0 && offset + len > o->failing_at)
        return err_set (err, ERR_IO, "the disk is gone");
    if (o->short_reads && len > 1000)
        len = 1000;
    for (size_t i = 0; i < len; i++)
        ((char *) buf)[i] = image_byte (offset + i);
    return (int64_t) len;
}

static void
close_image (void *arg)
{
    struct outcome *o = arg;
    pthread_mutex_lock (&o->lock);
    o->closed++;
    pthread_mutex_unlock (&o->lock);
}

/* ---- the BMC ------------------------------------------------------------------------------- */

struct received {
    pthread_mutex_t lock;
    char *head;
    struct buf body;
    int uploads, refuse;               /* refuse the first so many with 401 */
    int token;
    int inside, most_inside, wait_for;
    pthread_cond_t changed;
};

static void
login (struct test_exchange *x, struct received *got)
{
    char header[120];
    str_format (header, sizeof header, "X-Auth-Token: token-%d\r\nLocation: /s/1\r\n",
                ++got->token * 1000);
    test_answer (x, 201, header, "{}");
}

static void
receive (struct test_exchange *x)
{
    struct received *got = x->arg;
    if (strcmp (x->path, "/redfish/v1/") == 0) {
        test_answer (x, 200, NULL, "{}");
        return;
    }
    if (str_ends (x->path, "/Sessions")) {
        pthread_mutex_lock (&got->lock);
        login (x, got);
        pthread_mutex_unlock (&got->lock);
        return;
    }
    if (strcmp (x->path, "/early") == 0) {       /* answers before the body, then hangs up */
        test_answer (x, 413, "Connection: close\r\n", "{}");
        test_hang (x);
        return;
    }
    if (strcmp (x->path, "/stall") == 0) {
        test_hang (x);
        return;
    }
    if (!test_read_body (x))
        return;
    pthread_mutex_lock (&got->lock);
    got->uploads++;
    got->most_inside = ++got->inside > got->most_inside ? got->inside : got->most_inside;
    pthread_cond_broadcast (&got->changed);
    while (got->most_inside < got->wait_for)
        pthread_cond_wait (&got->changed, &got->lock);
    got->inside--;
    mem_free (got->head);
    got->head = str_dup (x->head.data);
    buf_clear (&got->body);
    buf_append (&got->body, x->body.data, x->body.len);
    bool refuse = got->uploads <= got->refuse;
    pthread_mutex_unlock (&got->lock);
    test_answer (x, refuse ? 401 : 202, "Location: /redfish/v1/TaskService/Tasks/1\r\n", "{}");
}

struct setup {
    struct received got;
    struct outcome out;
    struct test_bmc *bmc;
    struct net *net;
    struct net_target *target;
    struct session *session;
};

static int32_t
credential (void *arg, char **ret_user, char **ret_password, uint64_t *ret_version,
            struct err *err)
{
    (void) arg;
    (void) err;
    *ret_user = str_dup ("root");
    *ret_password = str_dup ("simulated");
    *ret_version = 1;
    return 0;
}

static void
begin (struct setup *s, void (*handle) (struct test_exchange *x),
       const struct net_options *options)
{
    s->got.lock = (pthread_mutex_t) PTHREAD_MUTEX_INITIALIZER;
    s->got.changed = (pthread_cond_t) PTHREAD_COND_INITIALIZER;
    outcome_init (&s->out);
    struct test_bmc_options o = { .handle = handle, .arg = &s->got, .head_only = true };
    s->bmc = test_bmc_start (&o);
    ck_assert_int_eq (net_start (options, &s->net, NULL), 0);
    struct net_target_config c = { .name = "r12-01", .base_url = test_bmc_url (s->bmc),
                                   .trust.mode = TRUST_INSECURE };
    ck_assert_int_eq (net_target_new (s->net, &c, &s->target, NULL), 0);
    struct session_config sc = { .target = s->target, .credential = credential };
    s->session = session_new (&sc);
}

static void
end (struct setup *s)
{
    session_unref (s->session);
    net_target_unref (s->target);
    net_stop (s->net, NET_STOP_ABORT, 0);
    test_bmc_stop (s->bmc);
    transfer_result_free (s->out.result);
    net_response_free (s->out.response);
    mem_free (s->got.head);
    buf_free (&s->got.body);
}

static struct transfer_part
image_part (struct outcome *o, uint64_t size)
{
    return (struct transfer_part) { .kind = TRANSFER_READER,
                                    .reader = { .size_bytes = size, .read = read_image,
                                                .close = close_image, .arg = o },
                                    .name = "UpdateFile", .filename = "/tmp/x/bios.bin" };
}

static struct transfer_upload
upload_of (struct setup *s, const struct transfer_part *parts, size_t count)
{
    return (struct transfer_upload) { .target = s->target, .path = "/upload", .parts = parts,
                                      .part_count = count, .progress = on_progress,
                                      .done = on_done, .arg = &s->out };
}

static void
check_image (const char *bytes, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++)
        if (bytes[i] != image_byte (i))
            ck_abort_msg ("byte %llu differs", (unsigned long long) i);
}

static void
image_sha256 (uint64_t size, char ret[HASH_SHA256_HEX])
{
    char *all = mem_alloc (size + 1);
    for (uint64_t i = 0; i < size; i++)
        all[i] = image_byte (i);
    hash_sha256_hex (all, size, ret);
    mem_free (all);
}

/* ---- uploads ------------------------------------------------------------------------------- */

START_TEST (the_form_is_exact)
{
    struct setup s = { 0 };
    begin (&s, receive, NULL);
    static const char json[] = "{\"Targets\":[],\"@Redfish.OperationApplyTime\":\"Immediate\"}";
    struct net_header extra = { "X-Part", "7" };
    struct transfer_part parts[3] = {
        { .kind = TRANSFER_BYTES, .bytes = json, .len = sizeof json - 1,
          .name = "UpdateParameters", .content_type = "application/json" },
        image_part (&s.out, 100000),
        { .kind = TRANSFER_BYTES, .bytes = "z", .len = 1, .name = "Oem\"x", .headers = &extra,
          .header_count = 1 },
    };
    struct transfer_upload u = upload_of (&s, parts, 3);
    u.form = true;
    transfer_upload (&u);
    outcome_wait (&s.out, 1);
    ck_assert_msg (s.out.result->response->code == 0, "%s", s.out.result->response->err.message);
    ck_assert_int_eq (s.out.result->response->status, 202);

    const char *mark = strstr (s.got.head, "boundary=");
    ck_assert_ptr_nonnull (mark);
    char boundary[80];
    str_copy (boundary, sizeof boundary, mark + 9);
    boundary[strcspn (boundary, "\r")] = '\0';
    struct buf want = { 0 };
    buf_printf (&want, "--%s\r\nContent-Disposition: form-data; name=\"UpdateParameters\"\r\n"
                       "Content-Type: application/json\r\n\r\n%s\r\n"
                       "--%s\r\nContent-Disposition: form-data; name=\"UpdateFile\"; "
                       "filename=\"bios.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n",
                boundary, json, boundary);
    for (int i = 0; i < 100000; i++)
        buf_putc (&want, image_byte ((uint64_t) i));
    buf_printf (&want, "\r\n--%s\r\nContent-Disposition: form-data; name=\"Oem%%22x\"\r\n"
                       "X-Part: 7\r\n\r\nz\r\n--%s--\r\n", boundary, boundary);
    ck_assert_uint_eq (s.got.body.len, want.len);
    ck_assert_int_eq (memcmp (s.got.body.data, want.data, want.len), 0);
    char length[60];
    str_format (length, sizeof length, "Content-Length: %zu\r\n", want.len);
    ck_assert_ptr_nonnull (strstr (s.got.head, length));
    ck_assert_ptr_null (strstr (s.got.head, "chunked"));
    ck_assert_ptr_null (strstr (s.got.head, "Expect"));
    buf_free (&want);

    char sha256[HASH_SHA256_HEX];
    image_sha256 (100000, sha256);
    ck_assert (s.out.result->complete);
    ck_assert_str_eq (s.out.result->part_sha256[1], sha256);
    hash_sha256_hex (json, sizeof json - 1, sha256);
    ck_assert_str_eq (s.out.result->part_sha256[0], sha256);
    ck_assert_uint_eq (s.out.permille, 1000);
    ck_assert (!s.out.went_back);
    ck_assert_int_eq (s.out.closed, 1);
    end (&s);
}
END_TEST

START_TEST (raw_bodies_of_all_sizes)
{
    static const uint64_t sizes[] = { 0, 1, 16383, 16384, 32767, 32768, 32769, 65536, 65537,
                                      3000001 };
    struct setup s = { 0 };
    begin (&s, receive, NULL);
    for (size_t i = 0; i < COUNT_OF (sizes); i++) {
        s.out.short_reads = i % 2 == 1;
        struct transfer_part part = image_part (&s.out, sizes[i]);
        struct transfer_upload u = upload_of (&s, &part, 1);
        u.method = i == 0 ? "PUT" : NULL;
        transfer_upload (&u);
        outcome_wait (&s.out, (int) i + 1);
        ck_assert_msg (s.out.result->response->code == 0, "%s",
                       s.out.result->response->err.message);
        ck_assert_uint_eq (s.got.body.len, sizes[i]);
        check_image (s.got.body.data, sizes[i]);
        char sha256[HASH_SHA256_HEX];
        image_sha256 (sizes[i], sha256);
        ck_assert_str_eq (s.out.result->part_sha256[0], sha256);
    }
    ck_assert_ptr_nonnull (strstr (s.got.head, "Content-Type: application/octet-stream\r\n"));
    end (&s);
}
END_TEST

/* Every other 10,000 bytes are in memory. */
static size_t
take_image (void *arg, uint64_t offset, void *buf, size_t len)
{
    struct outcome *o = arg;
    size_t left = 10000 - (size_t) (offset % 10000);
    if (offset / 10000 % 2 == 0)
        return 0;
    o->takes++;
    return (size_t) read_image (arg, offset, buf, len < left ? len : left, NULL);
}

static void
say_digest (void *arg, char ret_sha256[HASH_SHA256_HEX])
{
    image_sha256 (((struct outcome *) arg)->image_bytes, ret_sha256);
}

START_TEST (what_is_in_memory_is_not_read)
{
    static const uint64_t sizes[] = { 1, 10000, 10001, 20000, 500000, 1000003 };
    struct setup s = { 0 };
    begin (&s, receive, NULL);
    for (size_t i = 0; i < COUNT_OF (sizes); i++) {
        struct transfer_part part = image_part (&s.out, sizes[i]);
        part.reader.take = take_image;
        part.reader.digest = say_digest;
        s.out.image_bytes = sizes[i];
        s.out.takes = 0;
        struct transfer_upload u = upload_of (&s, &part, 1);
        transfer_upload (&u);
        outcome_wait (&s.out, (int) i + 1);
        ck_assert_msg (s.out.result->response->code == 0, "%s",
                       s.out.result->response->err.message);
        ck_assert_uint_eq (s.got.body.len, sizes[i]);
        check_image (s.got.body.data, sizes[i]);
        ck_assert (s.out.takes > 0 || sizes[i] < 20000);
        char sha256[HASH_SHA256_HEX];
        image_sha256 (sizes[i], sha256);
        ck_assert_str_eq (s.out.result->part_sha256[0], sha256);
    }
    end (&s);
}
END_TEST

static void
on_gate (void *arg, net_handle handle)
{
    struct setup *s = arg;
    s->out.gates++;
    net_proceed (s->net, handle, 0, NULL);
}

static void
on_gated_done (void *arg, struct transfer_result *result)
{
    on_done (&((struct setup *) arg)->out, result);
}

START_TEST (after_a_401_it_begins_again)
{
    struct setup s = { 0 };
    begin (&s, receive, NULL);
    s.got.refuse = 1;
    struct net_header cookie = { "Cookie", "sessionKey=${session.token}" };
    struct transfer_part parts[2] = {
        { .kind = TRANSFER_TEXT, .bytes = "${session.token}", .len = 16, .name = "sessionKey" },
        image_part (&s.out, 500000),
    };
    struct transfer_upload u = upload_of (&s, parts, 2);
    u.form = true;
    u.auth = NET_AUTH_SESSION;
    u.session = s.session;
    u.headers = &cookie;
    u.header_count = 1;
    u.gate = on_gate;
    u.progress = NULL;
    u.done = on_gated_done;
    u.arg = &s;
    transfer_upload (&u);
    outcome_wait (&s.out, 1);
    ck_assert_msg (s.out.result->response->code == 0, "%s", s.out.result->response->err.message);
    ck_assert_int_eq (s.out.result->response->status, 202);
    ck_assert_int_eq (s.got.uploads, 2);
    ck_assert_int_eq (s.out.gates, 2);
    ck_assert_ptr_nonnull (strstr (s.got.head, "Cookie: sessionKey=token-2000\r\n"));
    ck_assert_ptr_nonnull (strstr (s.got.body.data, "\r\n\r\ntoken-2000\r\n"));
    char sha256[HASH_SHA256_HEX];
    image_sha256 (500000, sha256);
    ck_assert_str_eq (s.out.result->part_sha256[1], sha256);
    end (&s);
}
END_TEST

START_TEST (a_reader_that_fails_ends_it)
{
    struct setup s = { 0 };
    begin (&s, receive, NULL);
    s.out.failing_at = 400000;
    struct transfer_part part = image_part (&s.out, 1000000);
    struct transfer_upload u = upload_of (&s, &part, 1);
    transfer_upload (&u);
    outcome_wait (&s.out, 1);
    ck_assert_int_eq (s.out.result->response->code, ERR_IO);
    ck_assert_ptr_nonnull (strstr (s.out.result->response->err.message, "the disk is gone"));
    ck_assert_int_eq (s.out.result->response->delivery, FARRIER_DELIVERY_MAYBE);
    ck_assert (!s.out.result->complete);
    ck_assert_str_eq (s.out.result->part_sha256[0], "");
    ck_assert_int_eq (s.out.closed, 1);
    end (&s);
}
END_TEST

START_TEST (an_early_answer_is_an_answer)
{
    struct setup s = { 0 };
    begin (&s, receive, NULL);
    struct transfer_part part = image_part (&s.out, 30000000);
    struct transfer_upload u = upload_of (&s, &part, 1);
    u.path = "/early";
    transfer_upload (&u);
    outcome_wait (&s.out, 1);
    ck_assert_msg (s.out.result->response->code == 0, "%s", s.out.result->response->err.message);
    ck_assert_int_eq (s.out.result->response->status, 413);
    ck_assert (!s.out.result->complete);
    end (&s);
}
END_TEST

START_TEST (a_stalled_upload_is_given_up)
{
    struct setup s = { 0 };
    begin (&s, receive, NULL);
    struct transfer_part part = image_part (&s.out, 30000000);
    struct transfer_upload u = upload_of (&s, &part, 1);
    u.path = "/stall";
    u.stall_ms = 400;
    transfer_upload (&u);
    outcome_wait (&s.out, 1);
    ck_assert_int_eq (s.out.result->response->code, FARRIER_E_TIMEOUT);
    ck_assert_ptr_nonnull (strstr (s.out.result->response->err.message, "stalled at"));
    ck_assert_int_eq (s.out.result->response->delivery, FARRIER_DELIVERY_MAYBE);
    end (&s);
}
END_TEST

START_TEST (uploads_stay_in_their_budget)
{
    struct setup s = { 0 };
    struct net_options options = { .max_uploads = 3 };
    begin (&s, receive, &options);
    s.got.wait_for = 3;
    struct net_target *targets[12];
    for (int i = 0; i < 12; i++) {
        char key[20];
        str_format (key, sizeof key, "host-%d", i);
        struct net_target_config c = { .key = key, .base_url = test_bmc_url (s.bmc),
                                       .trust.mode = TRUST_INSECURE };
        ck_assert_int_eq (net_target_new (s.net, &c, &targets[i], NULL), 0);
        struct transfer_part part = image_part (&s.out, 70000);
        struct transfer_upload u = upload_of (&s, &part, 1);
        u.target = targets[i];
        u.progress = NULL;
        transfer_upload (&u);
    }
    outcome_wait (&s.out, 12);
    ck_assert_int_eq (s.got.uploads, 12);
    ck_assert_int_eq (s.got.most_inside, 3);
    ck_assert_int_eq (s.out.closed, 12);
    for (int i = 0; i < 12; i++)
        net_target_unref (targets[i]);
    end (&s);
}
END_TEST

START_TEST (stop_waits_for_uploads_when_told_to)
{
    for (int drain = 0; drain < 2; drain++) {
        struct setup s = { 0 };
        begin (&s, receive, NULL);
        struct transfer_part part = image_part (&s.out, (uint64_t) testing_mass (20000000));
        struct transfer_upload u = upload_of (&s, &part, 1);
        u.path = drain == 1 ? "/upload" : "/stall";
        u.progress = NULL;
        transfer_upload (&u);
        while (test_bmc_requests (s.bmc) == 0)
            sched_yield ();
        net_target_unref (s.target);
        session_unref (s.session);
        net_stop (s.net, drain == 1 ? NET_STOP_DRAIN : NET_STOP_ABORT, 600000);
        ck_assert_int_eq (s.out.done, 1);
        ck_assert_int_eq (s.out.result->response->code, drain == 1 ? 0 : FARRIER_E_CANCELLED);
        test_bmc_stop (s.bmc);
        transfer_result_free (s.out.result);
        mem_free (s.got.head);
        buf_free (&s.got.body);
    }
}
END_TEST

/* ---- downloads ----------------------------------------------------------------------------- */

static void
give (struct test_exchange *x)
{
    uint64_t size = 1000000;
    char *all = mem_alloc (size);
    for (uint64_t i = 0; i < size; i++)
        all[i] = image_byte (i);
    if (strcmp (x->path, "/file") == 0)
        test_answer_bytes (x, 200, NULL, all, size);
    else if (strcmp (x->path, "/empty") == 0)
        test_answer (x, 200, NULL, "");
    else
        test_answer (x, 404, NULL, "none");
    mem_free (all);
}

static void
on_file (void *arg, struct net_response *response, const char *sha256, uint64_t size)
{
    struct outcome *o = arg;
    pthread_mutex_lock (&o->lock);
    net_response_free (o->response);
    o->response = response;
    str_copy (o->sha256, sizeof o->sha256, sha256);
    o->size = size;
    o->done++;
    pthread_cond_broadcast (&o->changed);
    pthread_mutex_unlock (&o->lock);
}

START_TEST (downloads_are_whole_or_not_there)
{
    static const struct {
        const char *path;
        uint64_t max;
        int32_t code;
        int status;
        uint64_t size;
    } cases[] = {
        { "/file", 0, 0, 200, 1000000 },
        { "/empty", 0, 0, 200, 0 },
        { "/file", 999999, FARRIER_E_NO_SPACE, 200, 0 },
        { "/none", 0, 0, 404, 0 },
    };
    struct setup s = { 0 };
    begin (&s, give, NULL);
    char *dir = testing_make_dir ();
    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        char *file = str_printf ("%s/f%zu", dir, i), *part = str_printf ("%s.part", file);
        struct transfer_download d = { .target = s.target, .path = cases[i].path, .file = file,
                                       .max_bytes = cases[i].max, .done = on_file,
                                       .arg = &s.out };
        transfer_download (&d);
        outcome_wait (&s.out, (int) i + 1);
        ck_assert_msg (s.out.response->code == cases[i].code, "%s", s.out.response->err.message);
        ck_assert_int_eq (s.out.response->status, cases[i].status);
        ck_assert_uint_eq (s.out.size, cases[i].size);
        bool kept = cases[i].code == 0 && cases[i].status == 200;
        ck_assert_int_eq (fs_exists (file), kept);
        ck_assert (!fs_exists (part));
        if (kept) {
            char sha256[HASH_SHA256_HEX];
            struct buf b = { 0 };
            image_sha256 (cases[i].size, sha256);
            ck_assert_str_eq (s.out.sha256, sha256);
            ck_assert_int_eq (fs_read (file, 2000000, &b, NULL), 0);
            ck_assert_uint_eq (b.len, cases[i].size);
            check_image (b.data, b.len);
            buf_free (&b);
        }
        mem_free (file);
        mem_free (part);
    }
    ck_assert_str_eq (s.out.response->body, "none");
    testing_remove_dir (dir);
    end (&s);
}
END_TEST

START_TEST (a_download_that_cannot_be_written_says_so)
{
    struct setup s = { 0 };
    begin (&s, give, NULL);
    struct transfer_download d = { .target = s.target, .path = "/file",
                                   .file = "/nonexistent-folder/f", .done = on_file,
                                   .arg = &s.out };
    transfer_download (&d);
    outcome_wait (&s.out, 1);
    ck_assert_int_eq (s.out.response->code, ERR_IO);
    ck_assert_ptr_nonnull (strstr (s.out.response->err.message, "/nonexistent-folder/f"));
    end (&s);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        the_form_is_exact, raw_bodies_of_all_sizes, what_is_in_memory_is_not_read,
        after_a_401_it_begins_again,
        a_reader_that_fails_ends_it, an_early_answer_is_an_answer, a_stalled_upload_is_given_up,
        uploads_stay_in_their_budget, stop_waits_for_uploads_when_told_to,
        downloads_are_whole_or_not_there, a_download_that_cannot_be_written_says_so, NULL
    };

    return testing_run ("transfer", tests);
}
