/* Tests of sim_multipart.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_multipart.h"

#include <string.h>

#include "base/buf.h"
#include "base/testing.h"

/* Everything that a parser tells, as one line. */
struct heard {
    struct buf text;
};

static bool
on_begin (void *arg, const struct sim_part *part)
{
    struct heard *h = arg;

    buf_printf (&h->text, "<%s|%s|%s>", part->name, part->has_filename ? part->filename : "-",
                part->type);
    return !str_eq (part->name, "refuse");
}

static bool
on_data (void *arg, const void *bytes, size_t len)
{
    buf_append (&((struct heard *) arg)->text, bytes, len);
    return true;
}

static bool
on_end (void *arg)
{
    buf_puts (&((struct heard *) arg)->text, "</>");
    return true;
}

/* The body in pieces of so many bytes. Returns what was heard; heap. */
static char *
hear (const char *body, size_t len, size_t piece, bool *ret_ok)
{
    struct heard h = { 0 };
    struct sim_multipart_sink sink = { on_begin, on_data, on_end, &h };
    struct sim_multipart *m = sim_multipart_new ("XX", &sink);
    bool ok = true;

    buf_puts (&h.text, "");
    for (size_t i = 0; i < len && ok; i += piece)
        ok = sim_multipart_feed (m, body + i, len - i < piece ? len - i : piece);
    *ret_ok = ok && sim_multipart_is_complete (m);
    ck_assert (ok == (sim_multipart_problem (m) == NULL));
    sim_multipart_free (m);
    return buf_steal (&h.text);
}

#define PARAMETERS                                                                                 \
    "--XX\r\nContent-Disposition: form-data; name=\"UpdateParameters\"\r\n"                        \
    "Content-Type: application/json\r\n\r\n{}\r\n"
#define FILE_HEAD                                                                                  \
    "--XX\r\nContent-Disposition: form-data; name=\"UpdateFile\"; filename=\"a b.bin\"\r\n\r\n"

/* Data full of what looks like the beginning of a boundary. */
static const char tricky[] = "\r\r\n\r\n-\r\n--\r\n--X\r\n--XY--XX\r\n--x\r\n\r\n--Xx";

START_TEST (any_cut_gives_the_same)
    {
        struct buf body = { 0 }, expected = { 0 };

        buf_printf (&body, "%s%s%s\r\n--XX--\r\n", PARAMETERS, FILE_HEAD, tricky);
        buf_printf (&expected,
                    "<UpdateParameters|-|application/json>{}</><UpdateFile|a b.bin|>%s</>", tricky);
        for (size_t piece = 1; piece <= body.len; piece++) {
            bool ok;
            char *heard = hear (body.data, body.len, piece, &ok);
            ck_assert_msg (ok, "pieces of %zu", piece);
            ck_assert_str_eq (heard, expected.data);
            mem_free (heard);
        }
        buf_free (&body);
        buf_free (&expected);
    }
END_TEST

START_TEST (an_empty_part_and_a_binary_one)
    {
        const char body[] = FILE_HEAD "\r\n" FILE_HEAD "\0\xff\0\r\n--XX--";
        bool ok;
        char *heard = hear (body, sizeof body - 1, 7, &ok);

        ck_assert (ok);
        ck_assert_int_eq (
            memcmp (heard, "<UpdateFile|a b.bin|></><UpdateFile|a b.bin|>\0\xff\0</>", 52), 0);
        mem_free (heard);
    }
END_TEST

static const char *const malformed[] = {
    "",
    "preamble\r\n--XX\r\n",
    "--XY\r\n",
    "--XXjunk\r\n",
    "--XX\r\n\r\n\r\nno disposition\r\n--XX--",
    "--XX\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n\r\n--XX--",
    "--XX\r\nContent-Disposition: form-data\r\n\r\n\r\n--XX--",
    "--XX\r\nno colon\r\n\r\n\r\n--XX--",
    PARAMETERS,
    PARAMETERS "--XX--\r\nepilogue",
    "--XX\r\nContent-Disposition: form-data; name=\"refuse\"\r\n\r\nx\r\n--XX--",
};

START_TEST (malformed_bodies_are_refused)
    {
        for (size_t i = 0; i < COUNT_OF (malformed); i++) {
            for (size_t piece = 1; piece < 40; piece += 13) {
                bool ok;
                mem_free (hear (malformed[i], strlen (malformed[i]), piece, &ok));
                ck_assert_msg (!ok, "case %zu, pieces of %zu", i, piece);
            }
        }
    }
END_TEST

START_TEST (a_long_head_is_refused)
    {
        struct buf body = { 0 };
        bool ok;

        buf_puts (&body, "--XX\r\nX: ");
        for (int i = 0; i < SIM_MULTIPART_HEAD_MAX + 10; i++)
            buf_putc (&body, 'a');
        mem_free (hear (body.data, body.len, 100, &ok));
        ck_assert (!ok);
        buf_free (&body);
    }
END_TEST

static const struct {
    const char *type, *boundary;
} boundaries[] = {
    { "multipart/form-data; boundary=abc", "abc" },
    { "multipart/form-data; charset=x; boundary=\"a b:c\"", "a b:c" },
    { "multipart/form-data;BOUNDARY=----x; other=1", "----x" },
    { "multipart/form-data", NULL },
    { "multipart/form-data; boundary=", NULL },
    { "multipart/form-data; boundary=\"a ", NULL },
    { "multipart/form-data; boundary=\"a \"", NULL },
    { "multipart/form-data; boundary=a\"b", "a" },
    { "multipart/form-data; boundary=a{b", NULL },
    { "multipart/form-data; boundary=0123456789012345678901234567890123456789"
      "01234567890123456789012345678901",
      NULL },
    { NULL, NULL },
};

START_TEST (boundaries_are_read)
    {
        for (size_t i = 0; i < COUNT_OF (boundaries); i++) {
            char got[80] = "";
            bool found = sim_multipart_boundary (boundaries[i].type, got, sizeof got);

            ck_assert_msg (found == (boundaries[i].boundary != NULL), "case %zu", i);
            if (found)
                ck_assert_str_eq (got, boundaries[i].boundary);
        }
    }
END_TEST

int
main (void)
{
    const TTest *const tests[] = { any_cut_gives_the_same,       an_empty_part_and_a_binary_one,
                                   malformed_bodies_are_refused, a_long_head_is_refused,
                                   boundaries_are_read,          NULL };

    return testing_run ("sim_multipart", tests);
}
