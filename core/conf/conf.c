/* conf: reading a file, and its findings (see conf.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "conf/conf.h"

#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/private.h"

void
conf_vadd_finding (struct conf *c, const char *file, int line, const char *fmt, va_list ap)
{
    struct conf_finding *f = mem_alloc (sizeof (*f));

    f->file = str_dup (file == NULL ? c->name : file);
    f->line = line;
    f->message = str_vprintf (fmt, ap);
    if (c->first == NULL) {
        c->first = conf_finding_text (f);
    }
    c->finding_count++;
    if (c->findings == NULL) {
        conf_finding_free (f);
    } else {
        vec_push (c->findings, f);
    }
}

void
conf_add_finding (struct conf *c, const char *file, int line, const char *fmt, ...)
{
    va_list ap;

    va_start (ap, fmt);
    conf_vadd_finding (c, file, line, fmt, ap);
    va_end (ap);
}

char *
conf_finding_text (const struct conf_finding *f)
{
    return f->line > 0 ? str_printf ("%s:%d: %s", f->file, f->line, f->message)
        : str_printf ("%s: %s", f->file, f->message);
}

void
conf_finding_free (void *finding)
{
    struct conf_finding *f = finding;

    mem_free (f->file);
    mem_free (f->message);
    mem_free (f);
}

void
conf_findings_free (struct vec *findings)
{
    vec_free_with (findings, conf_finding_free);
}

/* libconfig's parser is the one that counts; the scan before it only names what it would not. */
static int32_t
parse (struct conf *c, const char *text, size_t len, struct err *err)
{
    if (conf_scan (c, text, len)) {
        char *ended = str_printf ("%s\n", text);   /* libconfig dislikes a comment without one */

        if (c->include_dir != NULL) {
            config_set_include_dir (&c->config, c->include_dir);
        }
        if (config_read_string (&c->config, ended) != CONFIG_TRUE) {
            conf_add_finding (c, config_error_file (&c->config), config_error_line (&c->config),
                              "%s", config_error_text (&c->config));
        }
        mem_free (ended);
    }
    return conf_result (c, err);
}

static int32_t
load (const char *name, const char *text, size_t len, const char *include_dir,
      struct vec *findings, struct conf **ret, struct err *err)
{
    struct conf *c = mem_alloc (sizeof (*c));
    int32_t rc;

    config_init (&c->config);
    c->name = str_dup (name);
    c->include_dir = str_dup (include_dir);
    c->included = map_new ();
    c->findings = findings;
    rc = parse (c, text, len, err);
    if (rc != 0) {
        conf_free (c);
        return rc;
    }
    *ret = c;
    return 0;
}

int32_t
conf_load (const char *path, struct vec *findings, struct conf **ret, struct err *err)
{
    struct buf text = { 0 };
    const char *slash = strrchr (path, '/');
    char *dir;
    int32_t rc = fs_read (path, CONF_TEXT_MAX, &text, err);

    if (rc != 0) {
        return rc;
    }
    dir = slash == NULL ? str_dup (".") : str_ndup (path, (size_t) (slash - path) + 1);
    rc = load (path, text.data == NULL ? "" : text.data, text.len, dir, findings, ret, err);
    mem_free (dir);
    buf_free (&text);
    return rc;
}

int32_t
conf_load_text (const char *text, size_t len, const char *name, struct vec *findings,
                struct conf **ret, struct err *err)
{
    char *copy;
    int32_t rc;

    if (len > CONF_TEXT_MAX) {
        return err_set (err, FARRIER_E_INVALID, "%s has %zu bytes; at most %d are allowed", name,
                        len, CONF_TEXT_MAX);
    }
    copy = mem_alloc (len + 1);        /* libconfig wants a NUL at the end */
    memcpy (copy, text, len);
    rc = load (name, copy, len, NULL, findings, ret, err);
    mem_free (copy);
    return rc;
}

static void
free_touched (void *touched)
{
    struct touched *t = touched;

    vec_free_with (&t->keys, mem_free);
    mem_free (t);
}

void
conf_free (struct conf *c)
{
    if (c == NULL) {
        return;
    }
    vec_free_with (&c->touched, free_touched);
    config_destroy (&c->config);
    map_free (c->included, mem_free);
    mem_free (c->include_dir);
    mem_free (c->first);
    mem_free (c->name);
    mem_free (c);
}

int32_t
conf_result (const struct conf *c, struct err *err)
{
    if (c->finding_count == 0) {
        return 0;
    }
    if (c->finding_count == 1) {
        return err_set (err, ERR_SYNTAX, "%s", c->first);
    }
    return err_set (err, ERR_SYNTAX, "%s (and %zu more)", c->first, c->finding_count - 1);
}

size_t
conf_finding_count (const struct conf *c)
{
    return c->finding_count;
}
