/* cmd_repo: farrier repo, farrier baseline.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>

#include "cli/cmd.h"

static void
put_metadata (const struct invocation *inv, json_t *request)
{
    static const char *const names[][2] = {
        { "vendor", "vendor" }, { "type", "type" }, { "version", "version" }, { "name", "name" },
        { "model", "model" }, { "match-vendor", "match_vendor" }, { "sha256", "sha256" },
        { "notes", "notes" },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cmd_put_option (inv, request, names[i][0], names[i][1]);
}

static void
print_imported (const json_t *reply)
{
    size_t i;
    json_t *f;
    json_array_foreach (json_object_get (reply, "files"), i, f) {
        char *text = str_printf ("%s: %s %s %s %s", json_str_or (f, "/path", "?"),
                                 json_str_or (f, "/result", "?"),
                                 json_str_or (f, "/image/vendor", ""),
                                 json_str_or (f, "/image/name", ""),
                                 json_str_or (f, "/image/version",
                                              json_str_or (f, "/problem/message", "")));
        char *clean = output_clean (text);
        puts (clean);
        mem_free (clean);
        mem_free (text);
    }
}

static int32_t
import_one (struct invocation *inv, const char *file, struct err *err)
{
    json_t *request = json_object (), *reply = NULL;
    put_metadata (inv, request);
    if (file == NULL) {
        json_put_bool (request, "incoming", true);
    } else {
        char *path = cmd_absolute (file);
        json_put_str (request, "file", path);
        mem_free (path);
    }
    int32_t rc = door_call (inv->door, "repo.import", request, &reply, err);
    if (json_array_size (json_object_get (reply, "files")) > 0 && !output_document (inv, reply))
        print_imported (reply);
    json_decref (reply);
    return rc;
}

int32_t
cmd_repo_import (struct invocation *inv, struct err *err)
{
    bool incoming = inv_flag (inv, "incoming");
    if (incoming == (inv->args.count > 0)) {
        err_set (err, ERR_USAGE, "either files are named, or --incoming");
        err_hint (err, "%s", inv->command->example);
        return ERR_USAGE;
    }
    if (incoming)
        return import_one (inv, NULL, err);
    int32_t rc = 0;
    for (size_t i = 0; i < inv->args.count && rc == 0; i++)
        rc = import_one (inv, inv_arg (inv, i), err);
    return rc;
}

int32_t
cmd_repo_list (struct invocation *inv, struct err *err)
{
    json_t *request = json_object (), *reply = NULL, *v;
    size_t i;
    put_metadata (inv, request);
    int32_t rc = cmd_call (inv, "repo.list", request, &reply, err);
    if (rc < 0)
        return rc;
    const json_t *images = json_object_get (reply, "images");
    if (!output_document (inv, images)) {
        struct table *t = table_new (inv->wide);
        table_column (t, "VENDOR", 0);
        table_column (t, "TYPE", 0);
        table_column (t, "NAME", 0);
        table_column (t, "VERSION", 0);
        table_column (t, "MODEL", TABLE_TRUNC);
        table_column (t, "SIZE", TABLE_RIGHT);
        table_column (t, "SIMULATED", TABLE_WIDE);
        table_column (t, "SHA256", inv->wide ? 0 : TABLE_TRUNC);
        json_array_foreach ((json_t *) images, i, v) {
            long long size = json_int_or (v, "/size_bytes", json_int_or (v, "/size", 0));
            char *human = str_human_bytes ((uint64_t) size);
            table_row (t);
            table_cell (t, json_str (v, "/vendor"));
            table_cell (t, json_str (v, "/type"));
            table_cell (t, json_str (v, "/name"));
            table_cell (t, json_str (v, "/version"));
            table_cell (t, json_str_or (v, "/match/model", json_str (v, "/model")));
            table_cell (t, human);
            table_cell (t, json_bool_or (v, "/simulated", false) ? "yes" : "no");
            const char *sha256 = json_str_or (v, "/sha256", "");
            table_cellf (t, "%.*s", inv->wide ? 64 : 12, sha256);
            mem_free (human);
        }
        table_print (t, "the repository is empty: farrier repo import FILE");
    }
    json_decref (reply);
    return 0;
}

/* Documents that are shown as they are: as YAML, which people can read. */
static int32_t
show_document (struct invocation *inv, const char *call, json_t *request, struct err *err)
{
    json_t *v = NULL;
    int32_t rc = cmd_call (inv, call, request, &v, err);
    if (rc < 0)
        return rc;
    if (!output_document (inv, v)) {
        struct buf text = { 0 };
        output_yaml (v, &text);
        fputs (text.data == NULL ? "" : text.data, stdout);
        buf_free (&text);
    }
    json_decref (v);
    return 0;
}

int32_t
cmd_repo_show (struct invocation *inv, struct err *err)
{
    json_t *request = json_object ();
    json_put_str (request, "image", inv_arg (inv, 0));
    return show_document (inv, "repo.show", request, err);
}

int32_t
cmd_repo_verify (struct invocation *inv, struct err *err)
{
    json_t *reply = NULL;
    int32_t rc = door_call (inv->door, "repo.verify", json_object (), &reply, err);
    if (rc < 0)
        output_findings (reply);
    if (reply != NULL && !output_document (inv, reply)) {
        char *human = str_human_bytes ((uint64_t) json_int_or (reply, "/bytes", 0));
        printf ("%lld images, %lld objects, %s: %lld differ, %lld missing, %lld orphans\n",
                json_int_or (reply, "/images", 0), json_int_or (reply, "/objects", 0), human,
                json_int_or (reply, "/bytes_differ", 0), json_int_or (reply, "/missing", 0),
                json_int_or (reply, "/orphans", 0));
        mem_free (human);
    }
    json_decref (reply);
    return rc;
}

/* --- baselines -------------------------------------------------------------------------------- */

int32_t
cmd_baseline_list (struct invocation *inv, struct err *err)
{
    json_t *reply = NULL, *v;
    size_t i;
    int32_t rc = cmd_call (inv, "baseline.list", json_object (), &reply, err);
    if (rc < 0)
        return rc;
    const json_t *rows = json_object_get (reply, "baselines");
    if (!output_document (inv, rows)) {
        struct table *t = table_new (inv->wide);
        table_column (t, "NAME", 0);
        table_column (t, "SELECTOR", 0);
        table_column (t, "TARGETS", TABLE_RIGHT);
        table_column (t, "SUMMARY", TABLE_TRUNC);
        table_column (t, "FILE", TABLE_WIDE);
        json_array_foreach ((json_t *) rows, i, v) {
            table_row (t);
            table_cell (t, json_str (v, "/name"));
            table_cell (t, json_str (v, "/selector"));
            table_cellf (t, "%zu", json_array_size (json_object_get (v, "targets")));
            table_cell (t, json_str (v, "/summary"));
            table_cell (t, json_str (v, "/file"));
        }
        char *empty = str_printf ("no baselines in %s", json_str_or (reply, "/directory", "?"));
        table_print (t, empty);
        mem_free (empty);
    }
    json_decref (reply);
    return 0;
}

int32_t
cmd_baseline_show (struct invocation *inv, struct err *err)
{
    json_t *request = json_object ();
    json_put_str (request, "name", inv_arg (inv, 0));
    return show_document (inv, "baseline.show", request, err);
}

int32_t
cmd_baseline_check (struct invocation *inv, struct err *err)
{
    json_t *request = json_object (), *files = json_array (), *reply = NULL;
    for (size_t i = 0; i < inv->args.count; i++)
        json_array_append_new (files, json_string (inv_arg (inv, i)));
    json_put (request, "files", files);
    int32_t rc = door_call (inv->door, "baseline.check", request, &reply, err);
    if (!output_document (inv, reply)) {
        output_findings (reply);
        if (rc == 0)
            printf ("%lld baselines are good\n", json_int_or (reply, "/checked", 0));
    }
    json_decref (reply);
    return rc;
}
