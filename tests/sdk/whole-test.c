/* whole-test: libfarrier-test has every service of the host table: no hole in the table that it
 * gives, and what it gives works.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "farrier/test.h"
#include "whole.h"

#define CATALOG "<all><item name=\"a\"/><item name=\"b\"/></all>"

static const struct farrier_host *seen;

static int32_t
keep_host (const struct farrier_host *host, void **ret_self, struct farrier_error *err)
{
    (void) err;
    *ret_self = NULL;
    seen = host;
    return FARRIER_OK;
}

static void
drop (void *self)
{
    (void) self;
}

static uint32_t
holes (void)
{
    struct farrier_plugin curious = whole_plugin;
    uint32_t count = 0;
    curious.load = keep_host;
    curious.unload = drop;
    struct farrier_test *t = farrier_test_new (&curious);
    farrier_test_configure (t, "{}");
    for (size_t at = offsetof (struct farrier_host, log); at < sizeof *seen; at += 8) {
        const void *member;
        memcpy (&member, (const char *) seen + at, sizeof member);
        count += member == NULL;
    }
    farrier_test_free (t);
    return count;
}

static int
serve_catalog (void *arg, struct farrier_test *t, const struct farrier_test_request *request,
               struct farrier_test_reply *ret)
{
    (void) arg;
    (void) t;
    (void) request;
    ret->content_type = "application/xml";
    ret->body = CATALOG;
    return 1;
}

/* Are signature and image among the parts? */
static int
take_upload (void *arg, struct farrier_test *t, const struct farrier_test_request *request,
             struct farrier_test_reply *ret)
{
    (void) t;
    *(int *) arg = request->body != NULL && strstr (request->body, "\"attachment\"") != NULL
                   && strstr (request->body, "\"compsig\"") != NULL && request->image_bytes == 8;
    ret->status = 202;
    return 1;
}

static struct farrier_test *
begin (void)
{
    struct farrier_test *t = farrier_test_new (&whole_plugin);
    struct farrier_image_info info = { .struct_size = sizeof info, .name = "U30.bin" };
    farrier_test_configure (t, "{\"ranks\": {\"bmc\": \"first\"}}");
    farrier_test_image (t, &info, "firmware", 8);
    farrier_test_image_metadata (t, "{\"device\": \"U30\"}");
    farrier_test_attach (t, "compsig", "U30.sig", "signed", 6);
    farrier_test_on (t, "GET", "/catalog.xml", serve_catalog, NULL);
    return t;
}

static void
looks (void)
{
    struct farrier_test *t = begin ();
    farrier_test_ok (farrier_test_run (t, "whole.look", NULL) == FARRIER_DONE, "looks: %s",
                     farrier_test_error (t)->message);
    const char *second = farrier_test_result (t, "second");
    farrier_test_ok (second != NULL && strcmp (second, "\"b\"") == 0, "XPath found: %s", second);
    farrier_test_ok (farrier_test_broken (t) == NULL, "no rule is broken");
    farrier_test_free (t);
}

static void
uploads (void)
{
    int good = 0;
    struct farrier_test *t = begin ();
    farrier_test_on (t, "POST", "/upload", take_upload, &good);
    farrier_test_ok (farrier_test_run (t, "whole.upload", NULL) == FARRIER_DONE, "uploads: %s",
                     farrier_test_error (t)->message);
    farrier_test_ok (good, "the attachment is in the upload");
    farrier_test_free (t);
}

static void
runs_a_tool (void)
{
    static const struct {
        int32_t exit_status, code;
    } ends[] = { { 0, FARRIER_DONE }, { 3, FARRIER_E_BUSY }, { 4, FARRIER_E_REJECTED } };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct farrier_test *t = begin ();
        farrier_test_program (t, "/opt/acme/flash", ends[i].exit_status, "", "");
        farrier_test_ok (farrier_test_run (t, "whole.tool", NULL) == ends[i].code,
                         "exit status %d: %s", ends[i].exit_status,
                         farrier_test_error (t)->message);
        farrier_test_free (t);
    }
}

int
main (void)
{
    uint32_t missing = holes ();
    farrier_test_ok (missing == 0, "no hole in the table: %u", missing);
    looks ();
    uploads ();
    runs_a_tool ();
    return farrier_test_end ();
}
