/* api_workflow: calls about workflow files.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "api/api_private.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/host.h"
#include "workflow/check.h"
#include "workflow/next.h"

json_t *
workflow_findings_json (const struct vec *findings)
{
    json_t *list = json_array ();
    for (size_t i = 0; i < findings->count; i++) {
        const struct workflow_finding *f = findings->items[i];
        char *where = f->line > 0 ? str_printf ("%s:%d", f->file, f->line) : str_dup (f->file);
        json_t *v = finding_json (where, "", f->message);
        json_put_bool (v, "warning", f->warning);
        json_array_append_new (list, v);
        mem_free (where);
    }
    return list;
}

static void
free_workflow (void *w)
{
    workflow_unref (w);
}

/* NAME.conf is there and has mistakes: those are the answer. */
static bool
is_wrong (const char *name, const struct vec *findings, struct err *err)
{
    char *file = str_printf ("/%s.conf", name), *first = NULL;
    size_t others = 0;
    for (size_t i = 0; i < findings->count; i++) {
        const struct workflow_finding *f = findings->items[i];
        if (f->warning || !str_ends (f->file, file))
            continue;
        if (first != NULL)
            others++;
        else
            first = workflow_finding_text (f);
    }
    if (first != NULL && others > 0)
        err_set (err, ERR_SYNTAX, "%s (and %zu more)", first, others);
    else if (first != NULL)
        err_set (err, ERR_SYNTAX, "%s", first);
    if (first != NULL)
        err_hint (err, "farrier workflow check");
    mem_free (file);
    mem_free (first);
    return first != NULL;
}

static int32_t
not_found (struct api *api, const char *name, const struct vec *all, const struct vec *findings,
           struct err *err)
{
    if (is_wrong (name, findings, err))
        return ERR_SYNTAX;
    const char **names = mem_array (all->count + 1, sizeof *names);
    for (size_t i = 0; i < all->count; i++)
        names[i] = ((struct workflow *) all->items[i])->name;
    const char *near = str_did_you_mean (name, names, all->count);
    err_set (err, ERR_NOT_FOUND, "there is no workflow %s in %s%s", name,
             api->o.settings->workflow_dir,
             workflow_findings_errors (findings) > 0 ? " (some files there have mistakes)" : "");
    if (near != NULL)
        err_hint (err, "did you mean %s?", near);
    else if (workflow_findings_errors (findings) > 0)
        err_hint (err, "farrier workflow check");
    else
        err_hint (err, "farrier workflow list");
    mem_free (names);
    return ERR_NOT_FOUND;
}

int32_t
api_workflow (struct api *api, const char *name, struct workflow **ret, struct err *err)
{
    if (strchr (name, '/') != NULL || str_ends (name, ".conf"))
        return workflow_load_file (name, ret, NULL, err);
    struct vec all = { 0 }, findings = { 0 };
    int32_t rc = workflow_load_dir (api->o.settings->workflow_dir, &all, &findings, err);
    if (rc == 0) {
        struct workflow *w = workflow_find (&all, name);
        if (w != NULL)
            *ret = workflow_ref (w);
        else
            rc = not_found (api, name, &all, &findings, err);
    }
    vec_free_with (&all, free_workflow);
    workflow_findings_free (&findings);
    return rc;
}

int32_t
api_inputs (const struct workflow *w, const json_t *given, json_t **ret, struct err *err)
{
    json_t *v = json_object (), *value;
    const char *name;
    int32_t rc = 0;
    json_object_foreach ((json_t *) given, name, value) {
        if (!json_is_string (value)) {
            json_object_set (v, name, value);
            continue;
        }
        char *assignment = str_printf ("%s=%s", name, json_string_value (value));
        rc = workflow_input_set (w, v, assignment, err);
        mem_free (assignment);
        if (rc < 0)
            break;
    }
    if (rc == 0)
        rc = workflow_inputs (w, v, ret, err);
    json_decref (v);
    return rc;
}

int32_t
api_workflow_list (const struct api_request *q, json_t **ret, struct err *err)
{
    struct vec all = { 0 }, findings = { 0 };
    const char *dir = q->api->o.settings->workflow_dir;
    int32_t rc = workflow_load_dir (dir, &all, &findings, err);
    if (rc < 0)
        return rc;
    json_t *list = json_array ();
    for (size_t i = 0; i < all.count; i++) {
        const struct workflow *w = all.items[i];
        json_t *v = json_object ();
        json_put_str (v, "name", w->name);
        json_put_int (v, "version", w->version);
        json_put_str (v, "summary", w->summary);
        json_put_int (v, "phases", (long long) w->phases.count);
        json_put_str (v, "file", w->file);
        json_array_append_new (list, v);
    }
    *ret = json_object ();
    json_put_str (*ret, "directory", dir);
    json_put (*ret, "workflows", list);
    json_put (*ret, "findings", workflow_findings_json (&findings));
    vec_free_with (&all, free_workflow);
    workflow_findings_free (&findings);
    return 0;
}

int32_t
api_workflow_show (const struct api_request *q, json_t **ret, struct err *err)
{
    const char *format = request_text (q, "format");
    struct workflow *w = NULL;
    struct buf drawing = { 0 };
    int32_t rc = api_workflow (q->api, request_text (q, "workflow"), &w, err);
    if (rc < 0)
        return rc;
    if (format == NULL || str_eq (format, "text"))
        workflow_show (w, (int) request_int (q, "width", 0), &drawing);
    else if (str_eq (format, "dot"))
        workflow_show_dot (w, &drawing);
    else if (str_eq (format, "mermaid"))
        workflow_show_mermaid (w, &drawing);
    else
        rc = err_set (err, ERR_USAGE, "the format \"%.30s\" is not text, dot or mermaid", format);
    if (rc == 0) {
        *ret = workflow_json (w);
        json_put_str (*ret, "drawing", drawing.data);
    }
    buf_free (&drawing);
    workflow_unref (w);
    return rc;
}

/* --- check ------------------------------------------------------------------------------------ */

static void
check_file (const char *path, const struct workflow_ops *ops, struct vec *findings)
{
    struct buf text = { 0 };
    struct err err = { 0 };
    if (fs_read (path, WORKFLOW_TEXT_MAX, &text, &err) < 0)
        workflow_finding_add (findings, false, path, 0, "%s", err.message);
    else
        workflow_check_text (text.data == NULL ? "" : text.data, text.len, path, ops, NULL,
                             findings);
    buf_free (&text);
}

int32_t
api_workflow_check (const struct api_request *q, json_t **ret, struct err *err)
{
    struct plugin_registry *registry = NULL;
    struct workflow_ops ops = { 0 };
    struct vec files = { 0 }, findings = { 0 };
    int32_t rc = api_registry (q->api, &registry, err);
    if (rc < 0)
        return rc;
    workflow_ops_of_registry (registry, &ops);
    size_t i;
    json_t *v;
    json_array_foreach (json_object_get (q->body, "files"), i, v)
        vec_push (&files, str_dup (json_is_string (v) ? json_string_value (v) : ""));
    if (files.count == 0)
        rc = fs_list (q->api->o.settings->workflow_dir, ".conf", &files, err);
    for (i = 0; i < files.count; i++)
        check_file (files.items[i], &ops, &findings);
    size_t errors = workflow_findings_errors (&findings);
    *ret = json_object ();
    json_put_int (*ret, "checked", (long long) files.count);
    json_put (*ret, "findings", workflow_findings_json (&findings));
    if (rc == 0 && errors > 0)
        rc = err_set (err, ERR_SYNTAX, "%zu mistakes in workflows", errors);
    workflow_findings_free (&findings);
    vec_free_with (&files, mem_free);
    return rc;
}

/* --- dry run ---------------------------------------------------------------------------------- */

struct dry {
    struct api *api;
    const struct store_host *host;
    json_t *steps;
};

static int32_t
dry_step (void *arg, json_t *context, const struct workflow_decision *d)
{
    struct dry *dry = arg;
    struct err err = { 0 };
    for (size_t i = 0; i < d->notices.count; i++) {
        const struct workflow_notice *n = d->notices.items[i];
        if (n->kind != WORKFLOW_NOTICE_PHASE_SKIPPED && n->kind != WORKFLOW_NOTICE_STEP_SKIPPED)
            continue;
        json_t *v = json_object ();
        json_put_str (v, "phase", n->phase);
        json_put_str (v, "skipped", n->text);
        json_array_append_new (dry->steps, v);
    }
    json_t *v = json_object ();
    if (d->kind == WORKFLOW_FINISHED) {
        json_put_str (v, "finished", workflow_outcome_name (d->outcome));
        json_array_append_new (dry->steps, v);
        return 0;
    }
    json_put_str (v, "phase", d->phase);
    json_put_str (v, "step", d->path);
    json_put_str (v, "action", d->action);
    json_put_str (v, "component", d->component);
    json_put_bool (v, "undecided", d->undecided);
    json_array_append_new (dry->steps, v);
    if (str_eq (d->action, "plan")) {
        json_t *plan = api_plan_for_job (dry->api, dry->host->id, json_str (d->params, "/policy"),
                                         &err);
        if (plan == NULL) {
            json_put_str (v, "stops", err.message);
            return err.code;
        }
        json_put (context, "plan", plan);
    }
    return 0;
}

static json_t *
dry_context (const struct store_host *host, const json_t *inputs)
{
    json_t *context = json_object (), *h = json_object (), *job = json_object ();
    json_put_str (h, "id", host->id);
    json_put_str (h, "name", host->name);
    json_put (h, "labels", json_stored (host->labels_json, json_object ()));
    const char *profile = json_str (h, "/labels/bios_profile");
    if (profile != NULL)
        json_put_str (h, "bios_profile", profile);
    json_put (job, "needs", json_array ());
    json_put (context, "inputs", json_deep_copy (inputs));
    json_put (context, "host", h);
    json_put (context, "facts", json_stored (host->facts_json, json_object ()));
    json_put (context, "job", job);
    return context;
}

int32_t
api_workflow_dry_run (const struct api_request *q, json_t **ret, struct err *err)
{
    struct workflow *w = NULL;
    struct store_host *hosts = NULL;
    size_t count = 0;
    json_t *inputs = NULL, *list = json_array ();
    int32_t rc = request_hosts (q, 0, &hosts, &count, err);
    if (rc == 0)
        rc = api_workflow (q->api, request_text (q, "workflow"), &w, err);
    if (rc == 0)
        rc = api_inputs (w, json_object_get (q->body, "inputs"), &inputs, err);
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct dry dry = { q->api, &hosts[i], json_array () };
        json_t *context = dry_context (&hosts[i], inputs), *v = json_object ();
        struct err why = { 0 };
        int32_t ended = workflow_walk (w, context, NULL, dry_step, &dry, &why);
        json_put_str (v, "host", hosts[i].name);
        json_put (v, "steps", dry.steps);
        json_put_str (v, "stops", ended < 0 && why.message[0] != '\0' ? why.message : NULL);
        json_array_append_new (list, v);
        json_decref (context);
    }
    *ret = json_object ();
    json_put_str (*ret, "workflow", w == NULL ? NULL : w->name);
    json_put (*ret, "hosts", list);
    json_decref (inputs);
    workflow_unref (w);
    store_host_free_all (hosts, count);
    return rc;
}
