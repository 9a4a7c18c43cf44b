/* check_main: farrier-plugin-check: options, and the order of things.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "check_conf.h"
#include "child.h"
#include "farrier/sdk.h"
#include "plan.h"
#include "record.h"
#include "report.h"

#ifndef SIM_PERSONALITIES_DIR
#define SIM_PERSONALITIES_DIR "/usr/share/farrier/sim/personalities"
#endif

#define CALL_LIMIT_S 10
#define CASE_LIMIT_S 120
#define EXIT_USAGE 2

struct options {
    struct child_options child;
    struct record_options record;
    char *file, *self, *conf, *personalities, *replay;
    const char *pattern, *run_case;
    bool json, list, verbose;
    unsigned jobs;
};

static const char usage_text[]
    = "Usage: farrier-plugin-check [OPTION…] PLUGIN.so\n"
      "       farrier-plugin-check --record URL --user NAME --password-file FILE --output DIR\n"
      "Tries a plugin against a simulated BMC: every way in which its ops can be interrupted.\n\n"
      "  -c, --case PATTERN        only cases whose name fits ('firmware.install/crash-*')\n"
      "  -l, --list                the cases, without running any but the happy paths\n"
      "  -j, --jobs N              so many cases at once\n"
      "      --conf FILE           parameters and endpoints of the ops (check.conf beside it)\n"
      "      --json                a JSON document instead of TAP\n"
      "  -v, --verbose             what each case did\n"
      "      --replay DIR          against a recorded BMC: the ops that change nothing\n"
      "      --time-limit SECONDS  of one call into the plugin (10)\n"
      "      --personalities DIR   of farrier-sim\n"
      "      --record URL          writes a BMC's documents to --output, without its secrets\n"
      "      --user NAME, --password-file FILE, --output DIR, --ca FILE, --insecure\n"
      "      --help, --version\n"
      "\nExit status: 0 all passed, 1 some failed, 2 a wrong command line. "
      "See farrier-plugin-check(1).\n";

enum long_option {
    OPT_CONF = 256, OPT_JSON, OPT_REPLAY, OPT_TIME_LIMIT, OPT_PERSONALITIES, OPT_RECORD, OPT_USER,
    OPT_PASSWORD_FILE, OPT_OUTPUT, OPT_CA, OPT_INSECURE, OPT_RUN_CASE, OPT_VERSION
};

static const struct option long_options[] = {
    { "case", required_argument, NULL, 'c' },
    { "list", no_argument, NULL, 'l' },
    { "jobs", required_argument, NULL, 'j' },
    { "verbose", no_argument, NULL, 'v' },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, OPT_VERSION },
    { "conf", required_argument, NULL, OPT_CONF },
    { "json", no_argument, NULL, OPT_JSON },
    { "replay", required_argument, NULL, OPT_REPLAY },
    { "time-limit", required_argument, NULL, OPT_TIME_LIMIT },
    { "personalities", required_argument, NULL, OPT_PERSONALITIES },
    { "record", required_argument, NULL, OPT_RECORD },
    { "user", required_argument, NULL, OPT_USER },
    { "password-file", required_argument, NULL, OPT_PASSWORD_FILE },
    { "output", required_argument, NULL, OPT_OUTPUT },
    { "ca", required_argument, NULL, OPT_CA },
    { "insecure", no_argument, NULL, OPT_INSECURE },
    { "run-case", required_argument, NULL, OPT_RUN_CASE },
    { NULL, 0, NULL, 0 }
};

static int
wrong (const char *fmt, const char *what)
{
    fputs ("farrier-plugin-check: ", stderr);
    fprintf (stderr, fmt, what);
    fputs ("\nTry 'farrier-plugin-check --help'.\n", stderr);
    return EXIT_USAGE;
}

static bool
read_number (const char *text, int64_t max, uint32_t *ret)
{
    int64_t n;
    if (!str_to_i64 (text, &n) || n < 1 || n > max)
        return false;
    *ret = (uint32_t) n;
    return true;
}

/* -1: go on; else the exit status. */
static int
read_option (struct options *o, int c)
{
    uint32_t n;
    switch (c) {
    case 'c': o->pattern = optarg; break;
    case 'l': o->list = true; break;
    case 'v': o->verbose = true; break;
    case 'h':
        fputs (usage_text, stdout);
        return 0;
    case OPT_VERSION:
        printf ("farrier-plugin-check %s, plugin ABI %s\n", FARRIER_VERSION, FARRIER_ABI_STRING);
        return 0;
    case 'j':
        if (!read_number (optarg, 64, &n))
            return wrong ("--jobs %s: not a number from 1 to 64", optarg);
        o->jobs = n;
        break;
    case OPT_TIME_LIMIT:
        if (!read_number (optarg, 3600, &n))
            return wrong ("--time-limit %s: not a number of seconds from 1 to 3600", optarg);
        o->child.call_limit_s = n;
        break;
    case OPT_CONF: str_set (&o->conf, optarg); break;
    case OPT_JSON: o->json = true; break;
    case OPT_REPLAY: o->replay = realpath (optarg, NULL); break;
    case OPT_PERSONALITIES: str_set (&o->personalities, optarg); break;
    case OPT_RECORD: o->record.url = optarg; break;
    case OPT_USER: o->record.user = optarg; break;
    case OPT_PASSWORD_FILE: o->record.password_file = optarg; break;
    case OPT_OUTPUT: o->record.output = optarg; break;
    case OPT_CA: o->record.ca = optarg; break;
    case OPT_INSECURE: o->record.insecure = true; break;
    case OPT_RUN_CASE: o->run_case = optarg; break;
    default: return wrong ("%s", "unknown option");
    }
    if (c == OPT_REPLAY && o->replay == NULL)
        return wrong ("--replay %s: there is no such folder", optarg);
    return -1;
}

/* --- where things are ----------------------------------------------------------------------- */

static char *
beside (const char *file, const char *name)
{
    const char *base = fs_basename (file);
    return str_printf ("%.*s%s", (int) (base - file), file, name);
}

/* As farrier-sim: what the environment says, the build tree this program lies in, else the
 * installation. */
static char *
find_personalities (const char *self)
{
    const char *named = getenv ("FARRIER_SIM_PERSONALITIES");
    if (!str_empty (named))
        return str_dup (named);
    char *built = beside (self, "../sim/.personalities");
    if (fs_exists (built))
        return built;
    mem_free (built);
    return str_dup (SIM_PERSONALITIES_DIR);
}

static char *
find_conf (const char *file)
{
    char *conf = beside (file, "check.conf");
    if (fs_exists (conf))
        return conf;
    mem_free (conf);
    return NULL;
}

static int
find_files (struct options *o, const char *given)
{
    char self[PATH_MAX];
    ssize_t n = readlink ("/proc/self/exe", self, sizeof self - 1);
    if (n < 0)
        return wrong ("%s", "/proc/self/exe can't be read");
    self[n] = '\0';
    o->self = str_dup (self);
    o->file = realpath (given, NULL);
    if (o->file == NULL)
        return wrong ("%s: there is no such file", given);
    if (o->conf == NULL)
        o->conf = find_conf (given);
    if (o->conf == NULL)
        o->conf = find_conf (o->file);
    if (o->personalities == NULL)
        o->personalities = find_personalities (o->self);
    o->child.self = o->self;
    o->child.file = o->file;
    o->child.conf = o->conf;
    o->child.personalities = o->personalities;
    o->child.replay = o->replay;
    o->child.case_limit_s = CASE_LIMIT_S;
    return -1;
}

/* --- running -------------------------------------------------------------------------------- */

struct check {
    const struct options *options;
    struct check_conf conf;
    struct report report;
    json_t *about;
    char *unloadable;                  /* why; NULL = it is not */
    struct vec later;                  /* names that follow from happy paths */
};

static bool
wanted (const struct options *o, const char *name)
{
    return o->pattern == NULL || str_glob (o->pattern, name, false);
}

/* Whether any case of this op is asked for. */
static void
op_of (const char *name, char *ret, size_t size)
{
    str_format (ret, size, "%.*s", (int) strcspn (name, "/"), name);
}

static void
tell (void *arg, struct child_result *r)
{
    struct check *c = arg;
    char op[80];
    op_of (r->name, op, sizeof op);
    bool happy = str_ends (r->name, "/happy");
    if (happy && r->ok && r->skipped == NULL && c->options->replay == NULL)
        plan_op (c->about, op, r->details, &c->later);
    if (wanted (c->options, r->name) && !c->options->list)
        report_add (&c->report, r);
    else if (wanted (c->options, r->name))
        puts (r->name);
}

static void
run (struct check *c, struct vec *names)
{
    const struct options *o = c->options;
    child_run_all (&o->child, (char *const *) names->items, names->count, o->jobs, tell, c);
    vec_free_with (names, mem_free);
}

static void
take_about (void *arg, struct child_result *r)
{
    struct check *c = arg;
    if (r->ok)
        c->about = json_incref (r->details);
    else
        c->unloadable = str_dup (r->message);
}

/* What can't be loaded is told about once, by the loader's own words where it has some. */
static int
check_unloadable (struct check *c)
{
    struct vec names = { 0 };
    vec_push (&names, str_dup ("static/loader"));
    run (c, &names);
    if (c->report.failed == 0) {
        struct child_result r = { .name = (char *) "static/load", .message = c->unloadable };
        report_add (&c->report, &r);
    }
    mem_free (c->unloadable);
    return report_end (&c->report, c->options->file);
}

static void
keep_wanted (const struct options *o, struct vec *names)
{
    for (size_t i = names->count; i > 0; i--)
        if (!wanted (o, vec_at (names, i - 1)))
            mem_free (vec_remove (names, i - 1));
}

static void
list_names (struct vec *names)
{
    for (size_t i = 0; i < names->count; i++)
        puts (vec_at (names, i));
    vec_free_with (names, mem_free);
}

/* An op's happy path tells how many awaits it has; only ops that some wanted case is about. */
static void
keep_happy (const struct options *o, struct vec *names)
{
    for (size_t i = names->count; i > 0; i--) {
        const char *name = vec_at (names, i - 1);
        size_t len = strcspn (name, "/");
        bool about = o->pattern == NULL || strcspn (o->pattern, "/*?[") < len
                     || strncmp (o->pattern, name, len + 1) == 0;
        if (!about)
            mem_free (vec_remove (names, i - 1));
    }
}

static void
note_skipped (struct check *c)
{
    for (size_t i = 0; i < c->conf.ops.count; i++) {
        const struct check_op *op = vec_at (&c->conf.ops, i);
        if (op->skip == NULL)
            continue;
        struct child_result r = { .ok = true, .skipped = op->skip };
        r.name = str_printf ("%s/happy", op->name);
        if (wanted (c->options, r.name))
            report_add (&c->report, &r);
        mem_free (r.name);
    }
}

static int
check_all (struct check *c)
{
    const struct options *o = c->options;
    struct vec names = { 0 };
    plan_static (&names);
    plan_plugin (c->about, &names);
    keep_wanted (o, &names);
    if (o->list)
        list_names (&names);
    else
        run (c, &names);
    plan_happy (c->about, &c->conf, o->replay != NULL, &names);
    keep_happy (o, &names);
    run (c, &names);
    keep_wanted (o, &c->later);
    if (o->list) {
        list_names (&c->later);
        return 0;
    }
    run (c, &c->later);
    note_skipped (c);
    return report_end (&c->report, o->file);
}

static int
check (const struct options *o)
{
    struct check c = { .options = o, .report = { .json = o->json, .verbose = o->verbose } };
    struct err err = { 0 };
    static char *const ops_case[] = { (char *) "static/ops" };
    if (check_conf_read (o->conf, &c.conf, &err) != 0)
        return wrong ("%s", err.message);
    child_run_all (&o->child, ops_case, 1, 1, take_about, &c);
    int status = c.unloadable != NULL ? check_unloadable (&c) : check_all (&c);
    json_decref (c.about);
    check_conf_free (&c.conf);
    return status;
}

static void
release (struct options *o)
{
    mem_free (o->file);
    mem_free (o->self);
    mem_free (o->conf);
    mem_free (o->personalities);
    mem_free (o->replay);
}

int
main (int argc, char **argv)
{
    long processors = sysconf (_SC_NPROCESSORS_ONLN);
    struct options o = { .child.call_limit_s = CALL_LIMIT_S,
                         .jobs = processors < 1 ? 1 : (unsigned) processors };
    int c, status = -1;
    mem_set_up ();
    while (status < 0 && (c = getopt_long (argc, argv, "c:lj:vh", long_options, NULL)) != -1)
        status = read_option (&o, c);
    if (status < 0 && o.record.url != NULL)
        status = optind == argc ? record_run (&o.record)
                                : wrong ("%s: --record takes no plugin", argv[optind]);
    else if (status < 0 && optind + 1 != argc)
        status = wrong ("%s", optind == argc ? "which plugin?" : "one plugin at a time");
    if (status < 0)
        status = find_files (&o, argv[optind]);
    if (status < 0 && o.run_case != NULL)
        child_main (&o.child, o.run_case);
    if (status < 0)
        status = check (&o);
    release (&o);
    return status;
}
