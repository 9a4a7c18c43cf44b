/* child_main: the process of one case.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "case.h"
#include "child.h"
#include "rules.h"

#define REPORT_FD 3

static void __attribute__ ((noreturn))
report (struct case_output *out)
{
    json_t *v = json_object ();
    if (out->message != NULL)
        json_put_str (v, "message", out->message);
    if (out->skipped != NULL)
        json_put_str (v, "skipped", out->skipped);
    if (!str_empty (out->rule))
        json_put_str (v, "rule", out->rule);
    json_put (v, "details", out->details);
    char *text = json_text (v);
    int32_t rc = fs_write_all (REPORT_FD, text, strlen (text));
    /* Whatever the plugin left to be called at the end is not called. */
    _exit (rc == 0 ? 0 : 1);
}

/* The loader's own look at the file needs nothing of it loaded. */
static void
open_plugin (struct case_input *in, struct case_output *out)
{
    const struct farrier_plugin *(*entry) (void);
    in->object = dlopen (in->file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (in->object == NULL) {
        case_fail (out, "", "%s", dlerror ());
        report (out);
    }
    *(void **) &entry = dlsym (in->object, FARRIER_PLUGIN_ENTRY_NAME);
    in->set.plugin = entry == NULL ? NULL : entry ();
    if (in->set.plugin == NULL || in->set.plugin->magic != FARRIER_PLUGIN_MAGIC
        || in->set.plugin->struct_size < offsetof (struct farrier_plugin, load)) {
        case_fail (out, "", "it has no entry point, or one that returns no plugin");
        report (out);
    }
}

static void
run_with_rules (struct case_input *in, const struct child_options *o, struct case_output *out)
{
    const char *why = NULL;
    char *problem = NULL;
    if (!scene_set_begin (&in->set, &problem)) {
        case_fail (out, "", "%s", problem);
        return;
    }
    if (!rules_begin (REPORT_FD, o->call_limit_s, &why))
        json_put_str (out->details, "unfiltered", why);
    rules_note ("while it is loaded");
    open_plugin (in, out);
    rules_compare ();
    rules_note ("");
    rules_patch (in->object);
    if (str_eq (in->op, "plugin"))
        case_plugin (in, out);
    else
        case_op (in, out);
    scene_set_end (&in->set);
    rules_note ("");
    rules_look_for_leaks ();
}

void
child_main (const struct child_options *o, const char *name)
{
    struct check_conf conf;
    struct err err = { 0 };
    const char *slash = strchr (name, '/');
    struct case_input in = { .file = o->file, .name = name };
    struct case_output out = { .details = json_object () };
    log_set_level (LOG_LEVEL_ERROR);
    in.op = str_ndup (name, slash == NULL ? strlen (name) : (size_t) (slash - name));
    in.what = slash == NULL ? "" : slash + 1;
    if (check_conf_read (o->conf, &conf, &err) != 0) {
        case_fail (&out, "", "%s", err.message);
        report (&out);
    }
    in.set.conf = &conf;
    in.set.about = in.op;
    in.set.personalities = o->personalities;
    in.set.replay = o->replay;
    if (!str_eq (in.op, "static"))
        run_with_rules (&in, o, &out);
    else if (!str_eq (name, "static/loader"))
        open_plugin (&in, &out);
    if (str_eq (in.op, "static"))
        case_static (&in, &out);
    report (&out);
}
