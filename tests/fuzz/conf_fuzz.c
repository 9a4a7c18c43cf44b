/* conf_fuzz: a configuration text from a stranger. Whatever the scan lets through, libconfig must
 * read, with the same meaning of every whole number.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#define FUZZ_CORPUS "tests/fuzz/corpus/conf"

#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "conf/conf.h"
#include "replay.h"

/* Uses every getter on every group, as a careless reader would. */
static void
use (struct conf_at at)
{
    static const char *const words[] = { "a", "b" };
    struct vec strings = { 0 };

    for (size_t i = 0; i < conf_count (at); i++) {
        struct conf_at child = conf_child (at, i);
        const char *key = conf_name (child);

        assert (conf_is (child) && conf_line (child) > 0);
        if (conf_type_of (at) == CONF_GROUP) {
            conf_string (at, key, NULL);
            conf_i64 (at, key, -5, 5, 0);
            conf_double (at, key, -5, 5, 0);
            conf_bool (at, key, false);
            conf_duration_ms (at, key, 0, 1000, 0);
            conf_size_bytes (at, key, 0, 1000, 0);
            conf_enum (at, key, words, 2, 0);
            conf_strings (at, key, &strings);
            conf_group (at, key);
            conf_groups (at, key);
        }
        use (child);
    }
    vec_free (&strings);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct vec findings = { 0 };
    struct err err = { 0 };
    struct conf *c = NULL;
    int32_t rc = conf_load_text ((const char *) data, size, "fuzz.conf", &findings, &c, &err);

    assert ((rc == 0) == (c != NULL));
    assert ((rc == 0) == (findings.count == 0));
    for (size_t i = 0; i < findings.count; i++) {
        struct conf_finding *f = findings.items[i];

        /* libconfig's own word for everything: the scan should have had a better one. */
        assert (strcmp (f->message, "syntax error") != 0);
    }
    if (c != NULL) {
        struct map *lines = NULL;
        json_t *v = conf_to_json (conf_root (c), &lines);

        assert (json_is_object (v) && map_get (lines, "") == NULL);
        json_decref (v);
        map_free (lines, NULL);
        use (conf_root (c));
        conf_finish_all (c);
        conf_free (c);
    }
    conf_findings_free (&findings);
    return 0;
}
