/* loader-test: every fault of core/plugin/problem.h, made on purpose.
 *
 * Each code has a row here, a plugin (tests/plugins/build.sh) or a place that has the fault, and a
 * line in farrier-plugins(7): a code without one of them fails this test. A row demands the code,
 * both values in the line, and the hint.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEST_MODULES TEST_BUILDDIR "/tests/plugins/lib"
#include "plugin/testdata/modules.h"

/* Makes the fault in m; returns the name of the plugin that has it, NULL: a directory has it. */
typedef const char *make_fault (struct modules *m);

static char *
path_of (struct modules *m, const char *name)
{
    return str_printf ("%s/%s.so", m->plugins, name);
}

/* --- faults of place ------------------------------------------------------------------------ */

static char elsewhere[256];
static const char *two_dirs[2];

static const char *
dir_missing (struct modules *m)
{
    str_format (elsewhere, sizeof elsewhere, "%s/nowhere", m->dir);
    two_dirs[0] = m->plugins;
    two_dirs[1] = elsewhere;
    m->settings.dirs = two_dirs;
    m->settings.dir_count = 2;
    return NULL;
}

static const char *
dir_unreadable (struct modules *m)
{
    dir_missing (m);
    ck_assert_int_eq (fs_write_atomic (elsewhere, "file", 4, 0644, NULL), 0);
    return NULL;
}

static const char *
dir_writable (struct modules *m)
{
    modules_put (m, "good", "good");
    ck_assert_int_eq (chmod (m->plugins, 0777), 0);
    return "good";
}

static const char *
unreadable (struct modules *m)
{
    char *path = path_of (m, "good");
    ck_assert_int_eq (symlink ("/nonexistent/good.so", path), 0);
    mem_free (path);
    return "good";
}

static const char *
not_regular (struct modules *m)
{
    char *path = path_of (m, "good");
    ck_assert_int_eq (mkfifo (path, 0600), 0);
    mem_free (path);
    return "good";
}

static const char *
too_large (struct modules *m)
{
    char *path = path_of (m, "good");
    modules_put (m, "good", "good");
    ck_assert_int_eq (truncate (path, (off_t) 300 << 20), 0);
    mem_free (path);
    return "good";
}

static const char *
writable (struct modules *m)
{
    char *path = path_of (m, "good");
    modules_put (m, "good", "good");
    ck_assert_int_eq (chmod (path, 0757), 0);
    mem_free (path);
    return "good";
}

/* Only root can give a file away: for others the test of this row is left out. */
static const char *
owner (struct modules *m)
{
    char *path = path_of (m, "good");
    modules_put (m, "good", "good");
    ck_assert_int_eq (chown (path, 65534, 65534), 0);
    mem_free (path);
    return "good";
}

static const char *
duplicate_name (struct modules *m)
{
    dir_missing (m);
    modules_put (m, "good", "good");
    ck_assert_int_eq (fs_mkdirs (elsewhere, 0755, NULL), 0);
    char *from = path_of (m, "good"), *to = fs_join (elsewhere, "good.so");
    struct buf bytes = { 0 };
    ck_assert_int_eq (fs_read (from, 1 << 20, &bytes, NULL), 0);
    ck_assert_int_eq (fs_write_atomic (to, bytes.data, bytes.len, 0755, NULL), 0);
    buf_free (&bytes);
    mem_free (from);
    mem_free (to);
    return "good";
}

static const char *
duplicate_file (struct modules *m)
{
    modules_put (m, "good", "good");
    char *from = path_of (m, "good"), *to = path_of (m, "later");
    ck_assert_int_eq (link (from, to), 0);
    mem_free (from);
    mem_free (to);
    return "later";
}

static const char *
absent (struct modules *m)
{
    modules_conf (m, "acme_bmc", "enabled = true;\n");
    return "acme_bmc";
}

static const char *
config (struct modules *m)
{
    modules_put (m, "good", "good");
    modules_conf (m, "good", "enabled = true;\nmax_inflight = 70000;\nrequird = true;\n");
    return "good";
}

static const char *
not_allowed (struct modules *m)
{
    modules_put (m, "good", "good");
    modules_conf (m, "good", "sha256 = [ \"00000000000000000000000000000000"
                             "00000000000000000000000000000000\" ];\n");
    return "good";
}

/* Nothing may be written that is larger than a page. */
static const char *
copy (struct modules *m)
{
    modules_put (m, "good", "good");
    struct rlimit limit;
    getrlimit (RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 4096;
    signal (SIGXFSZ, SIG_IGN);
    ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
    return "good";
}

/* An executable plugin: its description, and a program of that mode. */
static const char *
executable (struct modules *m, const char *description, mode_t mode)
{
    static const char script[] = "#!/bin/sh\n";
    str_format (elsewhere, sizeof elsewhere, "%s/exec", m->dir);
    ck_assert_int_eq (fs_mkdirs (elsewhere, 0755, NULL), 0);
    two_dirs[0] = elsewhere;
    m->settings.exec_dirs = two_dirs;
    m->settings.exec_dir_count = 1;
    char *program = fs_join (elsewhere, "acme_rack");
    char *about = fs_join (elsewhere, "acme_rack.conf");
    ck_assert_int_eq (fs_write_atomic (program, script, sizeof script - 1, mode, NULL), 0);
    ck_assert_int_eq (fs_write_atomic (about, description, strlen (description), 0644, NULL), 0);
    mem_free (program);
    mem_free (about);
    return "acme_rack";
}

static const char *
not_executable (struct modules *m)
{
    static const char good[]
        = "plugin = { name = \"acme_rack\"; version = \"1.0.0\"; vendor = \"Acme\"; "
          "license = \"MIT\"; description = \"the rack\"; protocol = 1; ops = ( { "
          "name = \"drain\"; help = \"h\"; flags = [ \"idempotent\" ]; } ); };\n";
    return executable (m, good, 0644);
}

static const char *
description (struct modules *m)
{
    return executable (m, "plugin = {\n  nam = 7;\n};\n", 0755);
}

/* --- faults of the past --------------------------------------------------------------------- */

static void
die_inside (struct modules *m)
{
    pid_t pid = fork ();
    ck_assert_int_ge (pid, 0);
    if (pid == 0) {
        struct plugin_registry *r = NULL;
        signal (SIGABRT, SIG_DFL);
        plugin_registry_open (&m->settings, &r, NULL);
        _exit (0);
    }
    int status;
    ck_assert_int_eq (waitpid (pid, &status, 0), pid);
    ck_assert_msg (WIFSIGNALED (status) && WTERMSIG (status) == SIGABRT, "status %x", status);
}

static const char *
crashed (struct modules *m)
{
    modules_put (m, "crashed", "crashed");
    m->settings.run_dir = m->run;
    die_inside (m);
    /* A process without marks lists it, and does not die of it. */
    m->settings.run_dir = NULL;
    m->settings.peek_dir = m->run;
    m->settings.state_dir = m->run;
    return "crashed";
}

static const char *
quarantined (struct modules *m)
{
    crashed (m);
    m->settings.run_dir = m->run;
    die_inside (m);
    return "crashed";
}

/* --- the rows ------------------------------------------------------------------------------- */

static const struct demand {
    make_fault *make;                  /* NULL: a file of build.sh, whose stem is the code's name */
    const char *needles[2];            /* both values */
    const char *hint;
    bool works;                        /* the plugin of that name is registered all the same */
} demands[PLUGIN_FAULT_LAST_] = {
    [PLUGIN_FAULT_DIR_MISSING] = { dir_missing, { "/nowhere", "No such file" }, "farrier-plugin-" },
    [PLUGIN_FAULT_DIR_UNREADABLE] = { dir_unreadable, { "/nowhere", "Not a directory" }, "ls -ld" },
    [PLUGIN_FAULT_DIR_WRITABLE] = { dir_writable, { "0777", "0755" }, "chmod go-w" },
    [PLUGIN_FAULT_OPEN] = { unreadable, { "good.so", "No such file" }, "ls -lL" },
    [PLUGIN_FAULT_NOT_REGULAR] = { not_regular, { "a FIFO", "a regular file" }, "remove it" },
    [PLUGIN_FAULT_TOO_LARGE] = { too_large, { "314572800", "268435456" }, "strip" },
    [PLUGIN_FAULT_WRITABLE] = { writable, { "0757", "0755" }, "chmod go-w" },
    [PLUGIN_FAULT_OWNER] = { owner, { "user 65534", "root or 0" }, "chown root:" },
    [PLUGIN_FAULT_NOT_EXECUTABLE] = { not_executable, { "0644", "execut" }, "chmod" },
    [PLUGIN_FAULT_DESCRIPTION] = { description, { "acme_rack.conf:1", "'name'" },
                                   "acme_rack.conf" },
    [PLUGIN_FAULT_DUPLICATE] = { duplicate_name, { "/nowhere/good.so", "/plugins/good.so" },
                                 "remove ", true },
    [PLUGIN_FAULT_DUPLICATE_INODE] = { duplicate_file, { "later.so", "good.so" }, "remove " },
    [PLUGIN_FAULT_ABSENT] = { absent, { "acme_bmc.conf", "acme_bmc.so" },
                              "farrier-plugin-acme-bmc" },
    [PLUGIN_FAULT_NOT_ELF] = { NULL, { "6e 6f 74 20", "7f 45 4c 46" }, "package" },
    [PLUGIN_FAULT_CLASS] = { NULL, { "built as ", "this farrier is " }, "architecture" },
    [PLUGIN_FAULT_MACHINE] = { NULL, { "65534", "this farrier runs on" }, "architecture" },
    [PLUGIN_FAULT_NOT_SHARED] = { NULL, { "type 2", "(3)" }, "-shared" },
    [PLUGIN_FAULT_ELF_MALFORMED] = { NULL, { "outside", "9000 bytes" }, "package" },
    [PLUGIN_FAULT_NO_NOTE] = { NULL, { "'farrier'", "type 1" }, "FARRIER_PLUGIN_DEFINE" },
    [PLUGIN_FAULT_NOTE_MALFORMED] = { NULL, { "bad line", "'version'" },
                                      "FARRIER_PLUGIN_DEFINE" },
    [PLUGIN_FAULT_ABI_MAJOR] = { NULL, { "plugin ABI 2.0", "speaks 1.0 to" }, "package for ABI 1" },
    [PLUGIN_FAULT_NEEDS_MINOR] = { NULL, { "ABI 1.99", "speaks 1.0 to" }, "upgrade farrier" },
    [PLUGIN_FAULT_UNKNOWN_FLAG] = { NULL, { "0x4", "0x0" }, "upgrade farrier" },
    [PLUGIN_FAULT_DENIED_LIBRARY] = { NULL, { "libcurl.so.4", "libcurl*.so*" }, "R9" },
    [PLUGIN_FAULT_TEXTREL] = { NULL, { "DT_TEXTREL", "must be 0" }, "-fPIC" },
    [PLUGIN_FAULT_RPATH] = { NULL, { "/nowhere/of/ours", "must have none" }, "-rpath" },
    [PLUGIN_FAULT_EXECSTACK] = { NULL, { "RWE", "(RW)" }, "noexecstack" },
    [PLUGIN_FAULT_EXPORTS] = { NULL, { "helper_of_the_plugin", "exports 1" }, "-fvisibility" },
    [PLUGIN_FAULT_CONFIG] = { config, { "good.conf:2", "70000" }, "farrier config check" },
    [PLUGIN_FAULT_DIGEST] = { not_allowed, { "its sha256 is ", "begins with 0000" }, "sha256 in" },
    [PLUGIN_FAULT_DEPENDENCY] = { NULL, { "libfarrier-nowhere.so.1", "library folders" },
                                  "apt-file search libfarrier-nowhere.so.1" },
    [PLUGIN_FAULT_COPY] = { copy, { "private copy of ", "File too large" }, "ulimit" },
    [PLUGIN_FAULT_SYMBOL] = { NULL, { "farrier_test_nowhere", "libraries" }, "nm -D" },
    [PLUGIN_FAULT_DLOPEN] = { NULL, { "refused it", "TLS" }, "readelf -d" },
    [PLUGIN_FAULT_ENTRY] = { NULL, { "farrier_plugin_entry_1", "ABI 1" },
                             "FARRIER_PLUGIN_DEFINE" },
    [PLUGIN_FAULT_MAGIC] = { NULL, { "0x12345678", "0x50524146" }, "FARRIER_PLUGIN_PREAMBLE" },
    [PLUGIN_FAULT_SIZE] = { NULL, { "40 bytes", "65536" }, "FARRIER_PLUGIN_PREAMBLE" },
    [PLUGIN_FAULT_STRIDE] = { NULL, { "12 bytes", "at least" }, "FARRIER_TABLE" },
    [PLUGIN_FAULT_NAME] = { NULL, { "'Bad name'", "[a-z][a-z0-9_]*" }, "farrier plugin check" },
    [PLUGIN_FAULT_NAME_MISMATCH] = { NULL, { "'another'", "'name_mismatch.so'" },
                                     "rename the file to another.so" },
    [PLUGIN_FAULT_NOTE_MISMATCH] = { NULL, { "version=2.0.0", "'1.0.0'" }, "same words" },
    [PLUGIN_FAULT_FIELD] = { NULL, { "license is empty", "must be" }, "farrier plugin check" },
    [PLUGIN_FAULT_PARAM] = { NULL, { "'size'", "many" }, "farrier plugin check" },
    [PLUGIN_FAULT_MATCH] = { NULL, { "101", "1 to 100" }, "farrier plugin check" },
    [PLUGIN_FAULT_CALLBACK] = { NULL, { "load", "unload" }, "farrier plugin check" },
    [PLUGIN_FAULT_OP_NAME] = { NULL, { "'firmware.polish'", "op_name.WORD" },
                               "farrier plugin check" },
    [PLUGIN_FAULT_OP_DUPLICATE] = { NULL, { "identify", "(0 and 1)" }, "farrier plugin check" },
    [PLUGIN_FAULT_OP_CALLBACK] = { NULL, { "CANCELLABLE", "no cancel" }, "farrier plugin check" },
    [PLUGIN_FAULT_OP_FLAGS] = { NULL, { "0x40000001", "0xff" }, "farrier plugin check" },
    [PLUGIN_FAULT_OP_TIMING] = { NULL, { "9000", "3000" }, "farrier plugin check" },
    [PLUGIN_FAULT_LOAD] = { NULL, { "LICENSE", "no licence for load" }, "farrier plugin check" },
    [PLUGIN_FAULT_CONFIGURE] = { NULL, { "PRECONDITION", "licence file" }, "set licence" },
    [PLUGIN_FAULT_ACTIVATE] = { NULL, { "UNREACHABLE", "nobody answers" },
                                "farrier plugin check" },
    [PLUGIN_FAULT_CRASHED] = { crashed, { "in dlopen", "signal 6" },
                               "farrier plugin release crashed" },
    [PLUGIN_FAULT_QUARANTINED] = { quarantined, { "died 2 times", "signal 6" },
                                   "farrier plugin release crashed" },
};

/* --- judging a report ----------------------------------------------------------------------- */

static void
check_line (const struct plugin_fault *f)
{
    const char *name = plugin_fault_name (f->code);
    ck_assert_msg (f->message[0] != '\0' && strpbrk (f->message, "\n\r\033") == NULL, "%s: '%s'",
                   name, f->message);
    ck_assert_msg (f->hint[0] != '\0' && strchr (f->hint, '\n') == NULL, "%s: hint '%s'", name,
                   f->hint);
}

static void
check_fault (const struct plugin_fault *faults, size_t count, enum plugin_fault_code code)
{
    const struct demand *d = &demands[code];
    const char *name = plugin_fault_name (code);
    const struct plugin_fault *found = NULL;
    for (size_t i = 0; i < count; i++) {
        check_line (&faults[i]);
        found = found == NULL && faults[i].code == code ? &faults[i] : found;
    }
    ck_assert_msg (found != NULL, "%s is not among %zu faults; first: %s", name, count,
                   count > 0 ? faults[0].message : "none");
    for (size_t i = 0; i < COUNT_OF (d->needles); i++)
        ck_assert_msg (d->needles[i] != NULL && strstr (found->message, d->needles[i]) != NULL,
                       "%s: '%s' does not say '%s'", name, found->message, d->needles[i]);
    ck_assert_msg (strstr (found->hint, d->hint) != NULL, "%s: the hint '%s' does not say '%s'",
                   name, found->hint, d->hint);
}

/* "plugin-not-elf" is not_elf.so. Heap. */
static char *
stem_of (enum plugin_fault_code code)
{
    char *stem = str_dup (plugin_fault_name (code) + strlen ("plugin-"));
    for (char *c = stem; *c != '\0'; c++)
        *c = *c == '-' ? '_' : *c;
    return stem;
}

/* The faults of all plugins of that name. */
static size_t
faults_of (struct plugin_registry *r, const char *name, struct plugin_fault *ret, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < plugin_count (r); i++) {
        const struct plugin_info *info = plugin_info (plugin_at (r, i));
        for (size_t k = 0; str_eq (info->name, name) && k < info->fault_count && count < max; k++)
            ret[count++] = info->faults[k];
    }
    return count;
}

static void
check_registry (struct plugin_registry *r, const char *name, enum plugin_fault_code code)
{
    struct plugin_fault faults[32];
    size_t count = 0;
    if (name == NULL) {
        const struct plugin_fault *of_dirs = plugin_registry_faults (r, &count);
        check_fault (of_dirs, count, code);
        return;
    }
    count = faults_of (r, name, faults, COUNT_OF (faults));
    check_fault (faults, count, code);
    struct plugin *p = plugin_find (r, name);
    ck_assert_ptr_nonnull (p);
    ck_assert_msg (plugin_is_usable (p) == demands[code].works, "%s is %s", name,
                   plugin_state_name (plugin_info (p)->state));
}

/* --- tests ---------------------------------------------------------------------------------- */

/* A loader forgives it, plugin_check() with STRICT does not. */
static void
check_strict (struct modules *m, const char *name, enum plugin_fault_code code)
{
    struct plugin_report report = { 0 };
    char *path = path_of (m, name);
    ck_assert_int_eq (plugin_check (path, 0, &report, NULL), 0);
    plugin_report_free (&report);
    ck_assert_int_lt (plugin_check (path, PLUGIN_CHECK_STRICT, &report, NULL), 0);
    check_fault (report.info.faults, report.info.fault_count, code);
    plugin_report_free (&report);
    mem_free (path);
}

START_TEST (reports_each_fault)
{
    enum plugin_fault_code code = (enum plugin_fault_code) _i;
    const struct demand *d = &demands[code];
    struct modules m;
    ck_assert_msg (d->hint != NULL, "%s has no row in this test", plugin_fault_name (code));
    if (code == PLUGIN_FAULT_OWNER && geteuid () != 0)
        return;
    modules_make (&m);
    char *stem = stem_of (code);
    const char *name = stem;
    if (d->make != NULL)
        name = d->make (&m);
    else
        modules_put (&m, stem, stem);
    if (code == PLUGIN_FAULT_EXPORTS) {
        check_strict (&m, name, code);
    } else {
        struct plugin_registry *r = modules_open (&m);
        if (code == PLUGIN_FAULT_ACTIVATE)
            ck_assert_int_eq (plugin_registry_activate (r, NULL), 0);
        check_registry (r, name, code);
        plugin_registry_close (r);
    }
    mem_free (stem);
    chmod (m.plugins, 0755);
    modules_remove (&m);
}
END_TEST

/* Other causes of the same faults: NAME_2.so … */
START_TEST (reports_each_variant)
{
    struct modules m;
    modules_make (&m);
    size_t count = 0;
    for (int code = 1; code < PLUGIN_FAULT_LAST_; code++) {
        char *stem = stem_of ((enum plugin_fault_code) code);
        for (int i = 2; i < 10; i++) {
            char *name = str_printf ("%s_%d", stem, i);
            char *from = str_printf ("%s/%s.so", TEST_MODULES, name);
            if (fs_exists (from))
                modules_put (&m, name, name);
            mem_free (from);
            mem_free (name);
        }
        mem_free (stem);
    }
    struct plugin_registry *r = modules_open (&m);
    for (size_t i = 0; i < plugin_count (r); i++) {
        const struct plugin_info *info = plugin_info (plugin_at (r, i));
        char *stem = str_ndup (info->name, strlen (info->name) - 2);
        char *first = stem_of (info->faults[0].code);
        ck_assert_msg (str_eq (stem, first), "%s: %s", info->name, info->faults[0].message);
        for (size_t k = 0; k < info->fault_count; k++)
            check_line (&info->faults[k]);
        mem_free (first);
        mem_free (stem);
        count++;
    }
    ck_assert_uint_ge (count, 9);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

/* Every bad file at once: one report names each, and the good plugin beside them works. */
START_TEST (reports_all_at_once)
{
    struct modules m;
    modules_make (&m);
    modules_put (&m, "good", "good");
    for (int code = 1; code < PLUGIN_FAULT_LAST_; code++) {
        char *stem = stem_of ((enum plugin_fault_code) code);
        if (demands[code].make == NULL)
            modules_put (&m, stem, stem);
        mem_free (stem);
    }
    struct plugin_registry *r = modules_open (&m);
    plugin_registry_activate (r, NULL);
    size_t seen = 0;
    for (int code = 1; code < PLUGIN_FAULT_LAST_; code++) {
        char *stem = stem_of ((enum plugin_fault_code) code);
        if (demands[code].make == NULL && code != PLUGIN_FAULT_EXPORTS) {
            check_registry (r, stem, (enum plugin_fault_code) code);
            seen++;
        }
        mem_free (stem);
    }
    ck_assert_uint_ge (seen, 35);
    ck_assert (plugin_is_usable (plugin_find (r, "good")));
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

/* What a person reads must have every code. */
START_TEST (the_manual_has_each_code)
{
    struct buf text = { 0 };
    ck_assert_int_eq (fs_read (TEST_SRCDIR "/docs/farrier-plugins.7.scd", 1 << 20, &text, NULL), 0);
    for (int code = 1; code < PLUGIN_FAULT_LAST_; code++) {
        const char *name = plugin_fault_name ((enum plugin_fault_code) code);
        char *line = str_printf ("\n*%s*\n", name);
        ck_assert_msg (strstr (text.data, line) != NULL, "farrier-plugins(7) has no *%s*", name);
        mem_free (line);
        ck_assert_int_eq (plugin_fault_from_name (name), code);
        ck_assert_uint_le (plugin_fault_rule ((enum plugin_fault_code) code), 10);
        ck_assert (str_starts (name, "plugin-"));
        ck_assert_int_gt (strlen (plugin_fault_meaning ((enum plugin_fault_code) code)), 10);
    }
    for (char *at = text.data; (at = strstr (at, "\n*plugin-")) != NULL; at++) {
        char *name = str_ndup (at + 2, strcspn (at + 2, "*"));
        ck_assert_msg (plugin_fault_from_name (name) != PLUGIN_FAULT_NONE,
                       "farrier-plugins(7) has %s, which is no code", name);
        mem_free (name);
    }
    buf_free (&text);
}
END_TEST

/* The first of a required plugin's faults stops the start, and a lenient open lists it. */
START_TEST (a_required_plugin_stops_the_start)
{
    struct modules m;
    struct err err = { 0 };
    struct plugin_registry *r = NULL;
    modules_make (&m);
    modules_put (&m, "magic", "magic");
    modules_put (&m, "execstack", "execstack");
    modules_conf (&m, "magic", "required = true;\n");
    modules_conf (&m, "execstack", "required = true;\n");
    ck_assert_int_eq (plugin_registry_open (&m.settings, &r, &err), FARRIER_E_INVALID);
    ck_assert_ptr_nonnull (strstr (err.message, "2 required plugins did not load: plugin exec"));
    ck_assert_ptr_nonnull (strstr (err.message, "plugin-execstack"));
    m.settings.lenient = true;
    r = modules_open (&m);
    ck_assert_int_eq (plugin_registry_require (r, &err), FARRIER_E_INVALID);
    ck_assert_uint_eq (plugin_count (r), 2);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

/* An author hears of everything: what forbids to load it does not end the check. */
START_TEST (a_check_goes_on)
{
    struct modules m;
    struct plugin_report report = { 0 };
    modules_make (&m);
    modules_put (&m, "rpath", "wrong_name");
    char *path = path_of (&m, "wrong_name");
    ck_assert_int_lt (plugin_check (path, PLUGIN_CHECK_RUN | PLUGIN_CHECK_ALL, &report, NULL), 0);
    check_fault (report.info.faults, report.info.fault_count, PLUGIN_FAULT_RPATH);
    ck_assert_uint_eq (report.info.fault_count, 2);
    ck_assert_int_eq (report.info.faults[1].code, PLUGIN_FAULT_NAME_MISMATCH);
    plugin_report_free (&report);
    mem_free (path);
    modules_remove (&m);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("loader");
    TCase *tcase = tcase_create ("loader");
    suite_add_tcase (suite, tcase);
    tcase_add_loop_test (tcase, reports_each_fault, 1, PLUGIN_FAULT_LAST_);
    tcase_add_test (tcase, reports_each_variant);
    tcase_add_test (tcase, reports_all_at_once);
    tcase_add_test (tcase, the_manual_has_each_code);
    tcase_add_test (tcase, a_required_plugin_stops_the_start);
    tcase_add_test (tcase, a_check_goes_on);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
