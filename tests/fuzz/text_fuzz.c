/* text_fuzz: the small parsers of base, each on the same bytes: JSON, pointers, dates, durations,
 * numbers, globs, base 64.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#define FUZZ_CORPUS "tests/fuzz/corpus/text"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "replay.h"

static void
as_json (const char *text, size_t len)
{
    json_t *v = json_parse (text, len, NULL);
    char *canonical;

    if (v == NULL) {
        return;
    }
    canonical = json_text (v);
    if (!json_is_real (v)) {           /* 1e400 is refused; what was read can be read again */
        json_t *again = json_parse (canonical, strlen (canonical), NULL);

        assert (again != NULL && json_equal (v, again));
        json_decref (again);
    }
    json_at (v, text);
    mem_free (canonical);
    json_decref (v);
}

static void
as_text (const char *text)
{
    int64_t ms;
    uint64_t number;
    size_t count, decoded;
    char **pieces = str_split (text, ',', &count), *joined = str_join (pieces, count, ",");

    if (duration_parse (text, &ms)) {
        assert (ms >= 0);
        mem_free (duration_format (ms));
    }
    if (clock_parse_iso8601 (text, &ms)) {
        mem_free (clock_iso8601 (ms));
    }
    clock_parse_http_date (text);
    str_to_i64 (text, &ms);
    str_to_u64 (text, &number);
    str_glob (text, "sample text", true);
    assert (str_glob ("*", text, false));
    assert (str_compare_natural (text, text) == 0);
    mem_free (str_unbase64 (text, &decoded));
    mem_free (log_redact (text));
    mem_free (joined);
    str_free_all (pieces, count);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    char *text = mem_alloc (size + 1);

    memcpy (text, data, size);
    as_json (text, size);
    as_text (text);
    if (str_valid_utf8 (text, size) && strlen (text) == size) {
        json_t *o = json_object ();

        json_put_str (o, "k", text);
        assert (str_eq (json_str (o, "/k"), text));
        json_decref (o);
    }
    mem_free (text);
    return 0;
}
