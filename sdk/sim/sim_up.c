/* sim_up: farrier-sim up: options, the file they may come from, and the run itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_cli.h"
#include "sim_conf.h"

#ifndef SIM_PERSONALITIES_DIR
#define SIM_PERSONALITIES_DIR "/usr/share/farrier/sim/personalities"
#endif

#define HOSTS_MAX 100000
#define SHOWN_HOSTS 24
#define BACKGROUND_READY_FD 3

static const char *const option_names[] = {
    "hosts",       "mix",           "base",
    "port",        "config",        "personalities",
    "seed",        "latency",       "flash-time",
    "reboot-time", "boot-time",     "time-scale",
    "user",        "password-file", "certificates",
    "name-prefix", "session-limit", "session-timeout",
    "keep-images", "state-dir",     "daemonize",
    "ready-fd",    "set-version",   "trace",
};
#define OPTION_COUNT (sizeof option_names / sizeof option_names[0])

static int32_t
bad_value (struct err *err, const char *name, const char *value, const char *wanted)
{
    return err_set (err, ERR_USAGE, "--%s is '%s', not %s", name, value, wanted);
}

static int32_t
read_number (const char *name, const char *value, int64_t least, int64_t most, int64_t *ret,
             struct err *err)
{
    char wanted[64];

    if (str_to_i64 (value, ret) && *ret >= least && *ret <= most)
        return 0;
    str_format (wanted, sizeof wanted, "a number from %lld to %lld", (long long) least,
                (long long) most);
    return bad_value (err, name, value, wanted);
}

static int32_t
read_ms (const char *name, const char *value, int64_t *ret, struct err *err)
{
    if ((str_to_i64 (value, ret) || duration_parse (value, ret)) && *ret >= 0)
        return 0;
    return bad_value (err, name, value, "milliseconds, or a time like 30s");
}

static int32_t
read_mix (const char *value, struct sim_options *o, struct err *err)
{
    size_t count = 0;
    char **parts = str_split (value, ',', &count);
    int32_t rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++) {
        char *colon = strchr (parts[i], ':');
        int64_t n = 0;

        if (colon != NULL) {
            *colon++ = '\0';
            rc = read_number ("mix", colon, 1, HOSTS_MAX, &n, err);
        }
        struct sim_mix *mix = mem_alloc (sizeof *mix);
        mix->personality = str_dup (parts[i]);
        mix->count = (uint32_t) n;
        vec_push (&o->mix, mix);
    }
    str_free_all (parts, count);
    return rc;
}

static int32_t
read_version_choice (const char *value, struct sim_options *o, struct err *err)
{
    const char *colon = strchr (value, ':'), *equals = colon == NULL ? NULL : strchr (colon, '=');

    if (equals == NULL)
        return bad_value (err, "set-version", value, "TARGET:COMPONENT=VERSION");
    struct sim_version_choice *v = mem_alloc (sizeof *v);
    v->target = str_ndup (value, (size_t) (colon - value));
    v->component = str_ndup (colon + 1, (size_t) (equals - colon - 1));
    v->version = str_dup (equals + 1);
    vec_push (&o->versions, v);
    return 0;
}

static int32_t
read_base (const char *value, struct sim_options *o, struct err *err)
{
    struct in_addr address;

    if (inet_pton (AF_INET, value, &address) != 1 || ntohl (address.s_addr) >> 24 != 127)
        return bad_value (err, "base", value,
                          "an address in 127.0.0.0/8 (the simulator binds nowhere else)");
    o->base = ntohl (address.s_addr);
    return 0;
}

static int32_t
read_certificates (const char *value, struct sim_options *o, struct err *err)
{
    static const char *const names[] = { "ca", "self-signed", "shared" };

    for (int i = 0; i < 3; i++) {
        if (str_eq (value, names[i])) {
            o->certificates = (enum sim_certificates) i;
            return 0;
        }
    }
    return bad_value (err, "certificates", value, "ca, self-signed or shared");
}

static int32_t
read_scale (const char *value, struct sim_options *o, struct err *err)
{
    char *end;

    errno = 0;
    o->time_scale = strtod (value, &end);
    if (errno != 0 || *value == '\0' || *end != '\0' || o->time_scale < 0 || o->time_scale > 1000)
        return bad_value (err, "time-scale", value, "a factor from 0 to 1000");
    return 0;
}

static int32_t
read_numeric_option (const char *name, const char *value, struct sim_options *o, struct err *err)
{
    int64_t n = 0;
    int32_t rc;

    if (str_eq (name, "hosts")) {
        rc = read_number (name, value, 1, HOSTS_MAX, &n, err);
        o->hosts = (uint32_t) n;
    } else if (str_eq (name, "port")) {
        rc = read_number (name, value, 0, 65535, &n, err);
        o->port = (uint16_t) n;
    } else if (str_eq (name, "seed")) {
        rc = read_number (name, value, 0, INT64_MAX, &n, err);
        o->seed = (uint64_t) n;
    } else if (str_eq (name, "session-limit")) {
        rc = read_number (name, value, 1, 10000, &n, err);
        o->session_limit = (int) n;
    } else if (str_eq (name, "session-timeout")) {
        rc = read_number (name, value, 1, 86400, &n, err);
        o->session_timeout_s = (int) n;
    } else {
        rc = read_number (name, value, 0, 1023, &n, err);
        o->ready_fd = (int) n;
    }
    return rc;
}

/* By its long name: the command line and the file share this. */
static int32_t
read_option (const char *name, const char *value, struct sim_options *o, struct err *err)
{
    const struct {
        const char *name;
        char **slot;
    } strings[] = { { "config", &o->config },
                    { "personalities", &o->personalities_dir },
                    { "user", &o->user },
                    { "password-file", &o->password_file },
                    { "name-prefix", &o->name_prefix },
                    { "trace", &o->trace },
                    { "state-dir", &o->state_dir } };

    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        if (str_eq (name, strings[i].name)) {
            str_set (strings[i].slot, value);
            return 0;
        }
    }
    if (str_eq (name, "mix"))
        return read_mix (value, o, err);
    if (str_eq (name, "set-version"))
        return read_version_choice (value, o, err);
    if (str_eq (name, "base"))
        return read_base (value, o, err);
    if (str_eq (name, "certificates"))
        return read_certificates (value, o, err);
    if (str_eq (name, "time-scale"))
        return read_scale (value, o, err);
    if (str_eq (name, "latency"))
        return sim_latency_parse (value, &o->latency)
                   ? 0
                   : bad_value (err, name, value, "none, milliseconds, fast, slow or ancient");
    if (str_eq (name, "flash-time"))
        return read_ms (name, value, &o->flash_ms, err);
    if (str_eq (name, "reboot-time"))
        return read_ms (name, value, &o->reboot_ms, err);
    if (str_eq (name, "boot-time"))
        return read_ms (name, value, &o->boot_ms, err);
    if (str_eq (name, "keep-images"))
        o->keep_images = true;
    else if (str_eq (name, "daemonize"))
        o->daemonize = true;
    else
        return read_numeric_option (name, value, o, err);
    return 0;
}

/* A setting of the file as the text that an option would have. Heap; NULL: wrong type. */
static char *
setting_text (const config_setting_t *s)
{
    switch (config_setting_type (s)) {
    case CONFIG_TYPE_STRING: return str_dup (config_setting_get_string (s));
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64: return str_printf ("%lld", config_setting_get_int64 (s));
    case CONFIG_TYPE_FLOAT: return str_printf ("%g", config_setting_get_float (s));
    case CONFIG_TYPE_BOOL: return str_dup (config_setting_get_bool (s) ? "true" : "false");
    default: return NULL;
    }
}

static int32_t
read_fault_group (struct sim_conf *conf, config_setting_t *group, void *arg, struct err *err)
{
    struct sim_options *o = arg;
    json_t *request = json_object ();

    for (int i = 0; i < config_setting_length (group); i++) {
        config_setting_t *s = config_setting_get_elem (group, (unsigned int) i);
        int type = config_setting_type (s);

        if (type == CONFIG_TYPE_STRING)
            json_put_str (request, config_setting_name (s), config_setting_get_string (s));
        else if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64)
            json_put_int (request, config_setting_name (s), config_setting_get_int64 (s));
        else {
            json_decref (request);
            return sim_conf_fail (conf, s, err, "a fault's parameters are strings and numbers");
        }
    }
    json_array_append_new (o->faults, request);
    return 0;
}

static int32_t
read_file_setting (struct sim_conf *conf, config_setting_t *s, struct sim_options *o,
                   struct err *err)
{
    char name[64];

    /* In the file names have '_', on the command line '-'. */
    str_copy (name, sizeof name, config_setting_name (s));
    for (char *p = name; *p != '\0'; p++)
        if (*p == '_')
            *p = '-';
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (!str_eq (name, option_names[i]))
            continue;
        char *text = setting_text (s);
        int32_t rc = text == NULL ? sim_conf_fail (conf, s, err, "%s must be a plain value",
                                                   config_setting_name (s))
                     : str_eq (text, "false") ? 0
                                              : read_option (name, text, o, err);
        mem_free (text);
        return rc;
    }
    const char *near = str_did_you_mean (name, option_names, OPTION_COUNT);
    return sim_conf_fail (conf, s, err, "unknown key '%s'%s%s", config_setting_name (s),
                          near == NULL ? "" : ", did you mean ", near == NULL ? "" : near);
}

static int32_t
read_file (struct sim_options *o, struct err *err)
{
    struct sim_conf conf;

    int32_t rc = sim_conf_open (&conf, o->config, err);
    if (rc < 0)
        return rc;
    config_setting_t *root = config_root_setting (&conf.config);
    for (int i = 0; i < config_setting_length (root) && rc == 0; i++) {
        config_setting_t *s = config_setting_get_elem (root, (unsigned int) i);
        if (!str_eq (config_setting_name (s), "faults"))
            rc = read_file_setting (&conf, s, o, err);
    }
    if (rc == 0)
        rc = sim_conf_each (&conf, root, "faults", read_fault_group, o, err);
    sim_conf_close (&conf);
    return rc;
}

/* The personalities beside the program (a build tree), else the installed ones. */
static char *
default_personalities (void)
{
    const char *named = getenv ("FARRIER_SIM_PERSONALITIES");
    char exe[4096];

    if (!str_empty (named))
        return str_dup (named);
    ssize_t n = readlink ("/proc/self/exe", exe, sizeof exe - 1);
    if (n > 0) {
        exe[n] = '\0';
        *strrchr (exe, '/') = '\0';
        char *beside = fs_join (exe, ".personalities");
        char *generic = fs_join (beside, "generic.conf");
        bool found = fs_exists (generic);
        mem_free (generic);
        if (found)
            return beside;
        mem_free (beside);
    }
    return str_dup (SIM_PERSONALITIES_DIR);
}

char *
sim_up_state_dir (void)
{
    const char *dir = getenv ("FARRIER_SIM_DIR"), *runtime = getenv ("XDG_RUNTIME_DIR");
    const char *home = getenv ("FARRIER_HOME");

    if (!str_empty (dir))
        return str_dup (dir);
    if (!str_empty (home))
        return fs_join (home, "sim");
    if (!str_empty (runtime))
        return str_printf ("%s/farrier-sim", runtime);
    return str_printf ("/tmp/farrier-sim-%u", (unsigned int) getuid ());
}

/* What was left open, and whether the parts fit together. */
static int32_t
complete_options (struct sim_options *o, struct err *err)
{
    uint32_t sum = 0, open = 0;

    if (o->mix.count == 0)
        read_mix ("generic", o, err);
    for (size_t i = 0; i < o->mix.count; i++) {
        const struct sim_mix *mix = vec_at (&o->mix, i);
        sum += mix->count;
        open += mix->count == 0;
    }
    if (o->hosts == 0)
        o->hosts = open > 0 ? sum + 12 : sum;
    if (open > 1 || sum > o->hosts || (open == 0 && sum != o->hosts))
        return err_set (err, ERR_USAGE, "the mix names %u hosts, --hosts %u", sum, o->hosts);
    for (size_t i = 0; i < o->mix.count; i++) {
        struct sim_mix *mix = vec_at (&o->mix, i);
        if (mix->count == 0)
            mix->count = o->hosts - sum;
    }
    if (o->personalities_dir == NULL)
        o->personalities_dir = default_personalities ();
    if (o->state_dir == NULL)
        o->state_dir = sim_up_state_dir ();
    int32_t rc = fs_mkdirs (o->state_dir, 0700, err);
    char *full = rc < 0 ? NULL : realpath (o->state_dir, NULL);
    if (full != NULL)
        str_set (&o->state_dir, full);
    mem_free (full);
    return rc;
}

int32_t
sim_up_read (int argc, char **argv, struct sim_options *o, struct err *err)
{
    struct option table[OPTION_COUNT + 1] = { { 0 } };
    int index = 0, c;
    int32_t rc = 0;

    o->faults = json_array ();
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        bool is_flag
            = str_eq (option_names[i], "keep-images") || str_eq (option_names[i], "daemonize");
        table[i] = (struct option){ option_names[i], is_flag ? no_argument : required_argument,
                                    NULL, 0 };
    }
    /* The file first, so that the command line wins. */
    for (int i = 1; i + 1 < argc; i++)
        if (str_eq (argv[i], "--config"))
            str_set (&o->config, argv[i + 1]);
    if (o->config != NULL)
        rc = read_file (o, err);
    for (int i = 1; i < argc; i++)
        if (str_eq (argv[i], "--mix"))
            sim_options_drop_mix (o);
    optind = 1;
    opterr = 0;
    while (rc == 0 && (c = getopt_long (argc, argv, "", table, &index)) != -1) {
        if (c == '?')
            return err_set (err, ERR_USAGE, "unknown or incomplete option %s", argv[optind - 1]);
        rc = read_option (option_names[index], optarg == NULL ? "" : optarg, o, err);
    }
    if (rc == 0 && optind < argc)
        return err_set (err, ERR_USAGE, "unexpected argument '%s'", argv[optind]);
    return rc < 0 ? rc : complete_options (o, err);
}

static void
print_fleet (struct sim_fleet *fleet)
{
    const struct sim_options *o = fleet->options;

    printf ("%zu simulated BMCs (farrier-sim), CA %s/ca.pem, user %s, password in %s\n",
            fleet->bmcs.count, o->state_dir, o->user, o->password_file);
    if (fleet->scaled_down_from > 0)
        printf ("scaled down from %u hosts: the limit of open descriptors is too low\n",
                fleet->scaled_down_from);
    for (size_t i = 0; i < fleet->bmcs.count && i < SHOWN_HOSTS; i++) {
        struct sim_bmc *bmc = vec_at (&fleet->bmcs, i);
        char *url = sim_bmc_url (bmc), *serial = sim_bmc_serial (bmc);
        const struct sim_component *c = sim_bmc_component (bmc, "bmc"),
                                   *b = sim_bmc_component (bmc, "bios");
        printf ("  %-12s %-26s %-10s %-14s bmc %-10s bios %s\n", bmc->name, url,
                bmc->personality->name, serial, c == NULL ? "-" : c->version,
                b == NULL ? "-" : b->version);
        mem_free (url);
        mem_free (serial);
    }
    if (fleet->bmcs.count > SHOWN_HOSTS)
        printf ("  … and %zu more, see %s/fleet.json\n", fleet->bmcs.count - SHOWN_HOSTS,
                o->state_dir);
    fflush (stdout);
}

static void
tell_ready (const struct sim_options *o)
{
    char line[32];

    if (o->ready_fd < 0)
        return;
    size_t len = str_format (line, sizeof line, "%d\n", (int) getpid ());
    fs_write_all (o->ready_fd, line, len);
    close (o->ready_fd);
}

extern char **environ;

/* What the process in the background has found out about its limits. */
static void
tell_scale (const struct sim_options *o)
{
    char *path = fs_join (o->state_dir, "fleet.json");
    json_t *fleet = json_load_file (path, 0, NULL);
    long long from = json_int_or (fleet, "/scaled_down_from", 0);

    if (from > 0)
        printf ("scaled down from %lld to %zu simulated hosts: the limit of open descriptors is "
                "too low\n",
                from, json_array_size (json_at (fleet, "/hosts")));
    json_decref (fleet);
    mem_free (path);
}

static int
wait_ready (int fd, pid_t pid, const struct sim_options *o)
{
    char line[32] = "";
    ssize_t n = read (fd, line, sizeof line - 1);
    int status = 0;

    close (fd);
    if (n > 0) {
        printf ("simulated fleet running, pid %d, state in %s\n", (int) pid, o->state_dir);
        tell_scale (o);
        return 0;
    }
    waitpid (pid, &status, 0);
    struct buf log = { 0 };
    char *path = fs_join (o->state_dir, "sim.log");
    if (fs_read (path, 65536, &log, NULL) == 0 && log.len > 0)
        fprintf (stderr, "%s", log.data);
    buf_free (&log);
    mem_free (path);
    return WIFEXITED (status) && WEXITSTATUS (status) != 0 ? WEXITSTATUS (status) : 1;
}

int
sim_up_in_background (int argc, char **argv, const struct sim_options *o)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    struct vec args = { 0 };
    char *log = fs_join (o->state_dir, "sim.log");
    int ends[2];
    pid_t pid;

    vec_push (&args, (void *) "farrier-sim");
    for (int i = 0; i < argc; i++)
        if (!str_eq (argv[i], "--daemonize"))
            vec_push (&args, argv[i]);
    vec_push (&args, (void *) "--ready-fd");
    vec_push (&args, (void *) "3");
    vec_push (&args, NULL);
    if (pipe2 (ends, O_CLOEXEC) < 0)
        return 1;
    posix_spawn_file_actions_init (&actions);
    posix_spawn_file_actions_addopen (&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen (&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_adddup2 (&actions, 1, 2);
    posix_spawn_file_actions_adddup2 (&actions, ends[1], BACKGROUND_READY_FD);
    posix_spawnattr_init (&attributes);
    posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSID);
    int rc = posix_spawn (&pid, "/proc/self/exe", &actions, &attributes, (char **) args.items,
                          environ);
    posix_spawn_file_actions_destroy (&actions);
    posix_spawnattr_destroy (&attributes);
    close (ends[1]);
    vec_free (&args);
    mem_free (log);
    if (rc != 0) {
        fprintf (stderr, "farrier-sim: cannot start in the background: %s\n", strerror (rc));
        close (ends[0]);
        return 1;
    }
    return wait_ready (ends[0], pid, o);
}

int
sim_up_run (int argc, char **argv)
{
    struct sim_options options;
    struct sim_fleet fleet;
    struct err err = { 0 };
    int status;

    sim_options_init (&options);
    if (sim_up_read (argc, argv, &options, &err) < 0) {
        status = sim_cli_fail (&err);
    } else if (options.daemonize) {
        status = sim_up_in_background (argc, argv, &options);
    } else if (sim_fleet_start (&fleet, &options, &err) < 0) {
        status = sim_cli_fail (&err);
        sim_fleet_free (&fleet);
    } else {
        print_fleet (&fleet);
        tell_ready (&options);
        sim_fleet_run (&fleet);
        sim_fleet_free (&fleet);
        status = 0;
    }
    sim_options_release (&options);
    return status;
}
