/* modules: where the test plugins lie, and a folder of plugins made for one test.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_TESTDATA_MODULES_H
#define FARRIER_PLUGIN_TESTDATA_MODULES_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/testing.h"
#include "farrier/host.h"
#include "plugin/plugin.h"

#ifndef TEST_MODULES
#define TEST_MODULES TEST_BUILDDIR "/core/plugin/testdata/.libs"
#endif

/* A host table with what load() and configure() may use. */
static int32_t
modules_fail (struct farrier_error *err, int32_t code, const char *fmt, ...)
    __attribute__ ((format (printf, 3, 4)));

static int32_t
modules_fail (struct farrier_error *err, int32_t code, const char *fmt, ...)
{
    va_list ap;
    va_start (ap, fmt);
    err->code = code;
    vsnprintf (err->message, sizeof err->message, fmt, ap);
    va_end (ap);
    return code;
}

static const struct farrier_host modules_host = {
    .struct_size = sizeof (struct farrier_host),
    .abi_major = FARRIER_ABI_MAJOR,
    .abi_minor = FARRIER_ABI_MINOR,
    .fail = modules_fail,
    .config_str = plugin_host_config_str,
    .config_i64 = plugin_host_config_i64,
};

/* DIR/plugins, DIR/conf and DIR/run of a test. */
struct modules {
    char *dir, *plugins, *conf, *run;
    const char *dirs[1];
    struct plugin_settings settings;
};

static inline void
modules_make (struct modules *m)
{
    m->dir = testing_make_dir ();
    m->plugins = fs_join (m->dir, "plugins");
    m->conf = fs_join (m->dir, "conf");
    m->run = fs_join (m->dir, "run");
    ck_assert_int_eq (fs_mkdirs (m->plugins, 0755, NULL), 0);
    ck_assert_int_eq (fs_mkdirs (m->conf, 0755, NULL), 0);
    m->dirs[0] = m->plugins;
    m->settings = (struct plugin_settings) {
        .dirs = m->dirs, .dir_count = 1, .config_dir = m->conf, .host = &modules_host,
    };
}

static inline void
modules_remove (struct modules *m)
{
    mem_free (m->plugins);
    mem_free (m->conf);
    mem_free (m->run);
    testing_remove_dir (m->dir);
}

/* The bytes of a built module. */
static inline void
modules_read (const char *module, struct buf *ret)
{
    char *path = str_printf ("%s/%s.so", TEST_MODULES, module);
    struct err err = { 0 };
    ck_assert_msg (fs_read (path, 64u << 20, ret, &err) == 0, "%s", err.message);
    mem_free (path);
}

static inline void
modules_write (struct modules *m, const char *name, const void *bytes, size_t len)
{
    char *path = str_printf ("%s/%s.so", m->plugins, name);
    ck_assert_int_eq (fs_write_atomic (path, bytes, len, 0755, NULL), 0);
    mem_free (path);
}

/* Puts a module there under a name. */
static inline void
modules_put (struct modules *m, const char *module, const char *name)
{
    struct buf bytes = { 0 };
    modules_read (module, &bytes);
    modules_write (m, name, bytes.data, bytes.len);
    buf_free (&bytes);
}

static inline void
modules_conf (struct modules *m, const char *name, const char *text)
{
    char *path = str_printf ("%s/%s.conf", m->conf, name);
    ck_assert_int_eq (fs_write_atomic (path, text, strlen (text), 0644, NULL), 0);
    mem_free (path);
}

static inline struct plugin_registry *
modules_open (struct modules *m)
{
    struct plugin_registry *r = NULL;
    struct err err = { 0 };
    int32_t rc = plugin_registry_open (&m->settings, &r, &err);
    ck_assert_msg (rc == 0, "%s", err.message);
    return r;
}

#endif
