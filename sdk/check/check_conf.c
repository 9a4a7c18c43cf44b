/* check_conf: see check_conf.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "check_conf.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/conf.h"
#include "farrier/types.h"
#include "firmware/plan.h"

static void
free_op (void *item)
{
    struct check_op *op = item;
    mem_free (op->name);
    mem_free (op->personality);
    mem_free (op->component);
    mem_free (op->skip);
    json_decref (op->params);
    vec_free_with (&op->prepare, mem_free);
    mem_free (op);
}

static void
free_answer (void *item)
{
    struct check_answer *a = item;
    mem_free (a->method);
    mem_free (a->path);
    mem_free (a->location);
    mem_free (a->body);
    mem_free (a);
}

static void
free_program (void *item)
{
    struct check_program *p = item;
    mem_free (p->path);
    mem_free (p->output);
    mem_free (p);
}

void
check_conf_free (struct check_conf *conf)
{
    mem_free (conf->personality);
    mem_free (conf->component);
    mem_free (conf->version);
    mem_free (conf->fixture);
    json_decref (conf->settings);
    vec_free_with (&conf->ops, free_op);
    vec_free_with (&conf->answers, free_answer);
    vec_free_with (&conf->programs, free_program);
    vec_free_with (&conf->files, mem_free);
    *conf = (struct check_conf) { 0 };
}

const struct check_op *
check_conf_op (const struct check_conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->ops.count; i++) {
        const struct check_op *op = vec_at (&conf->ops, i);
        if (str_eq (op->name, name))
            return op;
    }
    return NULL;
}

const char *
check_conf_personality (const struct check_conf *conf, const char *name)
{
    const struct check_op *op = check_conf_op (conf, name);
    return op != NULL && op->personality != NULL ? op->personality : conf->personality;
}

const char *
check_conf_component (const struct check_conf *conf, const char *name)
{
    const struct check_op *op = check_conf_op (conf, name);
    return op != NULL && op->component != NULL ? op->component : conf->component;
}

static void
copy_strings (struct conf_at at, const char *key, struct vec *ret)
{
    struct vec found = { 0 };
    conf_strings (at, key, &found);
    for (size_t i = 0; i < found.count; i++)
        vec_push (ret, str_dup (vec_at (&found, i)));
    vec_free (&found);
}

static uint32_t
read_needs (struct conf_at at)
{
    struct vec names = { 0 };
    uint32_t needs = 0;
    conf_strings (at, "needs", &names);
    for (size_t i = 0; i < names.count; i++) {
        enum farrier_reboot reboot;
        if (plan_reboot_from_name (vec_at (&names, i), &reboot))
            needs |= FARRIER_REBOOT_BIT (reboot);
        else
            conf_complain (at, "needs", "'%s' is no kind of reset",
                           (const char *) vec_at (&names, i));
    }
    vec_free (&names);
    return needs;
}

static void
read_op (struct conf_at at, struct check_conf *ret)
{
    struct check_op *op = mem_alloc (sizeof *op);
    conf_required (at, "name");
    struct conf_at params = conf_any (at, "params");
    const char *variant = conf_string (at, "variant", NULL);
    op->name = str_printf ("%s%s%s", conf_string (at, "name", ""), variant == NULL ? "" : "@",
                           variant == NULL ? "" : variant);
    op->personality = str_dup (conf_string (at, "personality", NULL));
    op->component = str_dup (conf_string (at, "component", NULL));
    op->skip = str_dup (conf_string (at, "skip", NULL));
    op->may_be_unsupported = conf_bool (at, "may_be_unsupported", false);
    op->params = conf_is (params) ? conf_to_json (params, NULL) : NULL;
    op->needs = read_needs (at);
    copy_strings (at, "prepare", &op->prepare);
    conf_finish (at);
    vec_push (&ret->ops, op);
}

static void
read_answer (struct conf_at at, struct check_conf *ret)
{
    struct check_answer *a = mem_alloc (sizeof *a);
    a->method = str_dup (conf_string (at, "method", "GET"));
    conf_required (at, "path");
    a->path = str_dup (conf_string (at, "path", ""));
    a->status = (int32_t) conf_i64 (at, "status", 200, 599, 200);
    a->location = str_dup (conf_string (at, "location", NULL));
    a->body = str_dup (conf_string (at, "body", NULL));
    conf_finish (at);
    vec_push (&ret->answers, a);
}

static void
read_program (struct conf_at at, struct check_conf *ret)
{
    struct check_program *p = mem_alloc (sizeof *p);
    conf_required (at, "path");
    p->path = str_dup (conf_string (at, "path", ""));
    p->output = str_dup (conf_string (at, "output", ""));
    p->exit_status = (int32_t) conf_i64 (at, "exit_status", -64, 255, 0);
    conf_finish (at);
    vec_push (&ret->programs, p);
}

static void
read_list (struct conf_at root, const char *key,
           void (*read) (struct conf_at at, struct check_conf *ret), struct check_conf *ret)
{
    struct conf_at list = conf_groups (root, key);
    for (size_t i = 0; i < conf_count (list); i++)
        read (conf_child (list, i), ret);
}

/* A path in the file is seen from the file's folder. */
static char *
beside (const char *path, const char *name)
{
    if (name == NULL || name[0] == '/')
        return str_dup (name);
    const char *base = fs_basename (path);
    return str_printf ("%.*s%s", (int) (base - path), path, name);
}

static void
read_root (struct conf_at root, const char *path, struct check_conf *ret)
{
    struct conf_at settings = conf_any (root, "settings");
    str_set (&ret->personality, conf_string (root, "personality", ret->personality));
    str_set (&ret->component, conf_string (root, "component", ret->component));
    str_set (&ret->version, conf_string (root, "version", ret->version));
    ret->fixture = beside (path, conf_string (root, "fixture", NULL));
    ret->settings = conf_is (settings) ? conf_to_json (settings, NULL) : NULL;
    read_list (root, "ops", read_op, ret);
    read_list (root, "answers", read_answer, ret);
    read_list (root, "programs", read_program, ret);
    struct vec names = { 0 };
    conf_strings (root, "files", &names);
    for (size_t i = 0; i < names.count; i++)
        vec_push (&ret->files, beside (path, vec_at (&names, i)));
    vec_free (&names);
}

int32_t
check_conf_read (const char *path, struct check_conf *ret, struct err *err)
{
    struct vec findings = { 0 };
    struct conf *c;
    *ret = (struct check_conf) { .personality = str_dup ("generic"), .component = str_dup ("bios"),
                                 .version = str_dup ("9.9.9") };
    if (path == NULL || !fs_exists (path))
        return 0;
    int32_t rc = conf_load (path, &findings, &c, err);
    if (rc == 0) {
        read_root (conf_root (c), path, ret);
        conf_finish_all (c);
        rc = conf_result (c, err);
        conf_free (c);
    }
    conf_findings_free (&findings);
    if (rc != 0)
        check_conf_free (ret);
    return rc;
}
