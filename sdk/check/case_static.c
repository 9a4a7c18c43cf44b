/* case_static: what can be told without running an op: all that the loader looks at, and where the
 * plugin's data lies.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <link.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "case.h"
#include "plugin/plugin.h"

/* --- as the loader sees it ------------------------------------------------------------------ */

static void
judge_file (const struct case_input *in, struct case_output *out)
{
    struct plugin_report report;
    struct buf text = { 0 };
    struct err err = { 0 };
    int32_t rc = plugin_check (in->file, PLUGIN_CHECK_RUN | PLUGIN_CHECK_STRICT | PLUGIN_CHECK_ALL,
                               &report, &err);
    if (rc == 0) {
        plugin_report_free (&report);
        return;
    }
    if (rc == ERR_NOT_FOUND) {
        case_fail (out, "", "%s", err.message);
        return;
    }
    unsigned rule = 0;
    for (size_t i = 0; i < report.info.fault_count; i++) {
        const struct plugin_fault *f = &report.info.faults[i];
        buf_printf (&text, "%s%s: %s", i == 0 ? "" : "; ", plugin_fault_name (f->code),
                    f->message);
        rule = rule == 0 ? plugin_fault_rule (f->code) : rule;
    }
    char word[8] = "";
    if (rule != 0)
        str_format (word, sizeof word, "R%u", rule);
    case_fail (out, word, "%s", text.data == NULL ? err.message : text.data);
    buf_free (&text);
    plugin_report_free (&report);
}

/* --- rule R1 -------------------------------------------------------------------------------- */

struct place {
    const void *address;
    bool found, constant;
};

static int
look_in (struct dl_phdr_info *info, size_t size, void *arg)
{
    struct place *p = arg;
    uintptr_t at = (uintptr_t) p->address;
    (void) size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW (Phdr) *h = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + h->p_vaddr;
        if (at < start || at >= start + h->p_memsz)
            continue;
        if (h->p_type == PT_LOAD) {
            p->found = true;
            p->constant = p->constant || (h->p_flags & PF_W) == 0;
        } else if (h->p_type == PT_GNU_RELRO) {
            p->constant = true;
        }
    }
    return 0;
}

/* NULL is constant enough. */
static void
demand (struct case_output *out, const void *address, const char *what, const char *name)
{
    struct place p = { .address = address };
    if (address == NULL || out->message != NULL)
        return;
    dl_iterate_phdr (look_in, &p);
    if (!p.found)
        case_fail (out, "R1", "%s%s%s lies in memory that was allocated, not in the file", what,
                   name == NULL ? "" : " of ", name == NULL ? "" : name);
    else if (!p.constant)
        case_fail (out, "R1", "%s%s%s can be written to: declare it static const", what,
                   name == NULL ? "" : " of ", name == NULL ? "" : name);
}

static const void *
row (const struct farrier_table *t, uint32_t i)
{
    return (const char *) t->items + (size_t) i * t->stride;
}

static void
demand_params (struct case_output *out, const struct farrier_table *t, const char *of)
{
    demand (out, t->items, "the params table", of);
    for (uint32_t i = 0; i < t->count; i++) {
        struct farrier_param p;
        if (!plugin_param_at (t, i, &p))
            continue;
        demand (out, p.name, "a parameter's name", of);
        demand (out, p.default_value, "a parameter's default", p.name);
        demand (out, p.enum_values, "a parameter's words", p.name);
        demand (out, p.help, "a parameter's help", p.name);
        demand (out, p.description, "a parameter's description", p.name);
    }
}

static void
demand_op (struct case_output *out, const struct farrier_op *op)
{
    demand (out, op->name, "an op's name", NULL);
    demand (out, op->help, "the help", op->name);
    demand_params (out, &op->params, op->name);
    demand (out, op->results.items, "the results table", op->name);
    for (uint32_t i = 0; i < op->results.count; i++) {
        struct farrier_result_desc r;
        if (!plugin_result_at (&op->results, i, &r))
            continue;
        demand (out, r.name, "a result's name", op->name);
        demand (out, r.help, "a result's help", op->name);
    }
}

static void
judge_data (const struct case_input *in, struct case_output *out)
{
    const struct farrier_plugin *p = in->set.plugin;
    demand (out, p, "struct farrier_plugin", NULL);
    demand (out, p->name, "the name", NULL);
    demand (out, p->version, "the version", NULL);
    demand (out, p->vendor, "the vendor", NULL);
    demand (out, p->description, "the description", NULL);
    demand (out, p->license, "the license", NULL);
    demand_params (out, &p->params, "the plugin");
    demand (out, p->match.items, "the match table", NULL);
    demand (out, p->match_login.items, "the match_login table", NULL);
    demand (out, p->formats, "struct farrier_formats", NULL);
    demand (out, p->ops.items, "the ops table", NULL);
    for (uint32_t i = 0; i < p->ops.count; i++) {
        struct farrier_op op = { 0 };
        memcpy (&op, row (&p->ops, i), p->ops.stride < sizeof op ? p->ops.stride : sizeof op);
        demand_op (out, &op);
    }
}

/* --- rule R7: thread-locals ----------------------------------------------------------------- */

static int
look_for_tls (struct dl_phdr_info *info, size_t size, void *arg)
{
    struct place *p = arg, here = { .address = p->address };
    look_in (info, size, &here);
    for (int i = 0; here.found && i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_TLS && info->dlpi_phdr[i].p_memsz > 0)
            p->found = true;
    return 0;
}

static void
judge_tls (const struct case_input *in, struct case_output *out)
{
    struct place p = { .address = in->set.plugin };
    dl_iterate_phdr (look_for_tls, &p);
    if (p.found)
        case_fail (out, "R7", "it has thread-local variables: two callbacks of one step may run "
                              "on two threads");
}

/* --- what it documents ---------------------------------------------------------------------- */

static void
demand_help (struct case_output *out, const char *help, const char *what, const char *name)
{
    if (str_empty (help))
        case_fail (out, "", "%s '%s' has no help", what, name == NULL ? "?" : name);
}

static void
judge_docs (const struct case_input *in, struct case_output *out)
{
    const struct farrier_plugin *p = in->set.plugin;
    struct farrier_param param;
    struct farrier_result_desc result;
    demand_help (out, p->description, "the plugin", p->name);
    for (uint32_t i = 0; plugin_param_at (&p->params, i, &param); i++) {
        demand_help (out, param.help, "the plugin's parameter", param.name);
        if (str_empty (param.since))
            case_fail (out, "", "the plugin's parameter '%s' does not say since when it is there",
                       param.name);
    }
    for (uint32_t i = 0; i < p->ops.count; i++) {
        struct farrier_op op = { 0 };
        memcpy (&op, row (&p->ops, i), p->ops.stride < sizeof op ? p->ops.stride : sizeof op);
        demand_help (out, op.help, "op", op.name);
        for (uint32_t k = 0; plugin_param_at (&op.params, k, &param); k++)
            demand_help (out, param.help, "a parameter of an op:", param.name);
        for (uint32_t k = 0; plugin_result_at (&op.results, k, &result); k++)
            demand_help (out, result.help, "a result of an op:", result.name);
    }
}

/* --- what the parent plans by --------------------------------------------------------------- */

static void
tell_ops (const struct case_input *in, struct case_output *out)
{
    const struct farrier_plugin *p = in->set.plugin;
    json_t *ops = json_array ();
    for (uint32_t i = 0; i < p->ops.count; i++) {
        struct farrier_op op = { 0 };
        memcpy (&op, row (&p->ops, i), p->ops.stride < sizeof op ? p->ops.stride : sizeof op);
        json_t *v = json_object ();
        json_put_str (v, "name", op.name);
        json_put_int (v, "flags", op.flags);
        json_array_append_new (ops, v);
    }
    json_put (out->details, "ops", ops);
    json_put_str (out->details, "name", p->name);
    json_put_bool (out->details, "probe", p->probe != NULL);
    json_put_bool (out->details, "effects",
                   p->struct_size >= sizeof *p && p->effects != NULL);
    json_put_bool (out->details, "formats", p->formats != NULL);
}

void
case_static (const struct case_input *in, struct case_output *ret)
{
    if (str_eq (in->what, "loader"))
        judge_file (in, ret);
    else if (str_eq (in->what, "data"))
        judge_data (in, ret);
    else if (str_eq (in->what, "thread-locals"))
        judge_tls (in, ret);
    else if (str_eq (in->what, "documented"))
        judge_docs (in, ret);
    else
        tell_ops (in, ret);
}
