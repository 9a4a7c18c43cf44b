/* sim_cli: the commands of farrier-sim beside up.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_cli.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_control.h"
#include "sim_image.h"

static const char usage[]
    = "farrier-sim: a fleet of simulated BMCs (Redfish over TLS on 127.0.0.0/8)\n"
      "\n"
      "  farrier-sim up [--hosts N] [--mix NAME:N,…] [--state-dir DIR] [--daemonize] …\n"
      "  farrier-sim status [--json]\n"
      "  farrier-sim stats [--json] [--log] [--host NAME]\n"
      "  farrier-sim inject TARGET FAULT [key=value…] [--count N] [--after N] [--method M] [--path "
      "GLOB]\n"
      "  farrier-sim faults\n"
      "  farrier-sim clear TARGET|all [FAULT|ID]\n"
      "  farrier-sim set TARGET COMPONENT=VERSION | TARGET power=On|Off\n"
      "  farrier-sim down\n"
      "  farrier-sim image --component NAME --version V [--model generic] [--size 1MiB] [--seed N] "
      "-o FILE\n"
      "\n"
      "Options of up:\n"
      "  --hosts N               how many simulated BMCs (12)\n"
      "  --mix NAME:N,NAME:N     their personalities (generic)\n"
      "  --base ADDRESS          the first address (127.20.0.1); --port N (8443; 0: a free one)\n"
      "  --config FILE           these options in a file, and faults\n"
      "  --personalities DIR     where the personalities' files are\n"
      "  --seed N                serial numbers and delays repeat with it (1)\n"
      "  --latency WHAT          none, milliseconds, fast (0.4 s), slow (0.75 s), ancient (7 s)\n"
      "  --flash-time MS         20000; --reboot-time MS 15000; --boot-time MS 10000\n"
      "  --time-scale X          multiplies these three (1.0)\n"
      "  --user NAME             admin; --password-file FILE (else generated into DIR/password)\n"
      "  --certificates WHAT     ca, self-signed, shared\n"
      "  --name-prefix TEXT      sim-\n"
      "  --session-limit N       --session-timeout S: instead of the personality's\n"
      "  --set-version TARGET:COMPONENT=VERSION\n"
      "  --keep-images           one copy of each image received in DIR/images\n"
      "  --trace FILE            appends 'HOST METHOD PATH CONNECTION AT_MS' for each request\n"
      "  --daemonize             go on in the background; --ready-fd N: the pid is written there\n"
      "\n"
      "--state-dir DIR goes with every command ($FARRIER_SIM_DIR, else "
      "$XDG_RUNTIME_DIR/farrier-sim).\n"
      "Faults: see farrier-sim(1).\n";

int
sim_cli_fail (const struct err *err)
{
    fprintf (stderr, "farrier-sim: %s\n", err->message);
    if (*err->hint != '\0')
        fprintf (stderr, "  %s\n", err->hint);
    if (err->code == ERR_NOT_FOUND)
        return 3;
    return err->code == ERR_USAGE || err->code == ERR_SYNTAX ? 2 : 1;
}

struct command_line {
    char *state_dir;
    bool json, log;
    const char *values[64]; /* what is no option */
    size_t count;
    json_t *request;
};

/* key=value, a number where it is one. */
static void
put_value (json_t *request, const char *key, const char *value)
{
    int64_t n;

    if (str_to_i64 (value, &n) && !str_eq (key, "version") && !str_eq (key, "serial"))
        json_put_int (request, key, n);
    else
        json_put_str (request, key, value);
}

static int32_t
read_line (int argc, char **argv, struct command_line *line, struct err *err)
{
    line->request = json_object ();
    json_put_str (line->request, "command", argv[0]);
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];

        if (!str_starts (arg, "--")) {
            if (line->count < sizeof line->values / sizeof line->values[0])
                line->values[line->count++] = arg;
        } else if (str_eq (arg, "--json")) {
            line->json = true;
        } else if (str_eq (arg, "--log")) {
            line->log = true;
        } else if (i + 1 == argc) {
            return err_set (err, ERR_USAGE, "%s needs a value", arg);
        } else if (str_eq (arg, "--state-dir")) {
            str_set (&line->state_dir, argv[++i]);
        } else {
            put_value (line->request, arg + 2, argv[++i]);
        }
    }
    if (line->state_dir == NULL)
        line->state_dir = sim_up_state_dir ();
    return 0;
}

static int32_t
fill_request (struct command_line *line, const char *command, struct err *err)
{
    json_t *r = line->request;
    size_t from = 0;

    if (str_eq (command, "inject") || str_eq (command, "set")) {
        if (line->count < 2)
            return err_set (err, ERR_USAGE, "%s needs a target and what to do there", command);
        json_put_str (r, "target", line->values[0]);
        from = 1;
    }
    if (str_eq (command, "inject"))
        json_put_str (r, "fault", line->values[from++]);
    if (str_eq (command, "clear")) {
        json_put_str (r, "target", line->count > 0 ? line->values[0] : "all");
        if (line->count > 1)
            json_put_str (r, "fault", line->values[1]);
        from = line->count;
    }
    if (line->log)
        json_put_bool (r, "log", true);
    for (size_t i = from; i < line->count; i++) {
        const char *equals = strchr (line->values[i], '=');
        if (equals == NULL)
            return err_set (err, ERR_USAGE, "'%s' is not key=value", line->values[i]);
        char *key = str_ndup (line->values[i], (size_t) (equals - line->values[i]));
        if (str_eq (command, "set") && !str_eq (key, "power")) {
            json_put_str (r, "component", key);
            json_put_str (r, "version", equals + 1);
        } else {
            put_value (r, key, equals + 1);
        }
        mem_free (key);
    }
    return 0;
}

static void
print_status (const json_t *answer)
{
    size_t i;
    json_t *host;

    printf ("simulated fleet, pid %lld\n", json_int_or (answer, "/pid", 0));
    json_array_foreach (json_at (answer, "/hosts"), i, host) printf (
        "  %-12s %-26s %-10s %-14s %-8s power %-4s bmc %-10s bios %s\n",
        json_str_or (host, "/name", ""), json_str_or (host, "/url", ""),
        json_str_or (host, "/personality", ""), json_str_or (host, "/serial", ""),
        json_str_or (host, "/bmc", ""), json_str_or (host, "/power", ""),
        json_str_or (host, "/components/bmc", "-"), json_str_or (host, "/components/bios", "-"));
}

static void
print_faults (const json_t *answer)
{
    size_t i;
    json_t *fault;

    printf ("%zu faults (simulated)\n", json_array_size (json_at (answer, "/faults")));
    json_array_foreach (json_at (answer, "/faults"), i, fault)
        printf ("  %4lld %-12s %-16s fired %lld, left %lld, after %lld\n",
                json_int_or (fault, "/id", 0), json_str_or (fault, "/target", ""),
                json_str_or (fault, "/fault", ""), json_int_or (fault, "/fired", 0),
                json_int_or (fault, "/left", 0), json_int_or (fault, "/after", 0));
}

static void
print_stats (const json_t *answer)
{
    const char *key;
    json_t *value;

    printf ("totals of the simulated fleet (%zu hosts)\n",
            json_object_size (json_at (answer, "/hosts")));
    json_object_foreach (json_at (answer, "/totals"), key, value)
    {
        if (json_is_integer (value) && json_integer_value (value) != 0)
            printf ("  %-20s %lld\n", key, (long long) json_integer_value (value));
    }
}

static void
print_answer (const char *command, json_t *answer, const struct command_line *line)
{
    if (line->json) {
        json_object_del (answer, "ok");
        char *text = json_pretty (answer);
        printf ("%s\n", text);
        mem_free (text);
    } else if (str_eq (command, "status")) {
        print_status (answer);
    } else if (str_eq (command, "stats")) {
        print_stats (answer);
    } else if (str_eq (command, "faults")) {
        print_faults (answer);
    } else if (str_eq (command, "inject")) {
        printf ("fault %lld injected (simulated)\n", json_int_or (answer, "/id", 0));
    } else if (str_eq (command, "clear")) {
        printf ("%lld faults cleared (simulated)\n", json_int_or (answer, "/cleared", 0));
    } else {
        printf ("done (simulated)\n");
    }
}

static int
ask (int argc, char **argv)
{
    struct command_line line = { 0 };
    struct err err = { 0 };
    json_t *answer = NULL;

    int32_t rc = read_line (argc, argv, &line, &err);
    if (rc == 0)
        rc = fill_request (&line, argv[0], &err);
    if (rc == 0) {
        char *socket_path = fs_join (line.state_dir, "control.sock");
        rc = sim_control_ask (socket_path, line.request, &answer, &err);
        mem_free (socket_path);
    }
    if (rc == 0)
        print_answer (argv[0], answer, &line);
    json_decref (answer);
    json_decref (line.request);
    mem_free (line.state_dir);
    return rc < 0 ? sim_cli_fail (&err) : 0;
}

static int32_t
read_size (const char *text, int64_t *ret, struct err *err)
{
    static const struct {
        const char *suffix;
        int64_t factor;
    } units[] = { { "GiB", 1 << 30 }, { "MiB", 1 << 20 }, { "KiB", 1 << 10 }, { "", 1 } };

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!str_ends (text, units[i].suffix))
            continue;
        char *number = str_ndup (text, strlen (text) - strlen (units[i].suffix));
        bool ok = str_to_i64 (number, ret) && *ret > 0 && *ret < (int64_t) 1 << 32;
        mem_free (number);
        *ret *= units[i].factor;
        if (ok)
            return 0;
        break;
    }
    return err_set (err, ERR_USAGE, "--size is '%s', not a size like 1MiB", text);
}

static int32_t
read_recipe (int argc, char **argv, struct sim_image_recipe *recipe, const char **ret_path,
             struct err *err)
{
    int64_t seed = 0;
    int32_t rc = 0;

    for (int i = 1; i < argc && rc == 0; i += 2) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;

        if (value == NULL)
            rc = err_set (err, ERR_USAGE, "%s needs a value", name);
        else if (str_eq (name, "--component"))
            recipe->component = value;
        else if (str_eq (name, "--version"))
            recipe->version = value;
        else if (str_eq (name, "--model"))
            recipe->model = value;
        else if (str_eq (name, "--size"))
            rc = read_size (value, &recipe->size_bytes, err);
        else if (str_eq (name, "--seed"))
            rc = str_to_i64 (value, &seed)
                     ? 0
                     : err_set (err, ERR_USAGE, "--seed is '%s', not a number", value);
        else if (str_eq (name, "-o"))
            *ret_path = value;
        else
            rc = err_set (err, ERR_USAGE, "unknown option %s", name);
    }
    recipe->seed = (uint64_t) seed;
    if (rc == 0 && (recipe->component == NULL || recipe->version == NULL || *ret_path == NULL))
        rc = err_set (err, ERR_USAGE, "image needs --component, --version and -o FILE");
    return rc;
}

static int
make_image (int argc, char **argv)
{
    struct sim_image_recipe recipe = { .model = "generic", .size_bytes = 1 << 20 };
    const char *path = NULL;
    struct err err = { 0 };

    int32_t rc = read_recipe (argc, argv, &recipe, &path, &err);
    if (rc == 0)
        rc = sim_image_write (&recipe, path, &err);
    if (rc < 0)
        return sim_cli_fail (&err);
    if (!str_eq (path, "-"))
        printf ("simulated image of %s %s for %s written to %s\n", recipe.component, recipe.version,
                recipe.model, path);
    return 0;
}

int
sim_cli_run (int argc, char **argv)
{
    static const char *const asking[]
        = { "status", "stats", "inject", "faults", "clear", "set", "down", "reset-stats" };
    const char *command = argc > 1 ? argv[1] : "";

    if (str_eq (command, "--help") || str_eq (command, "-h") || str_eq (command, "help")) {
        fputs (usage, stdout);
        return 0;
    }
    for (int i = 2; i < argc; i++) {
        if (str_eq (argv[i], "--help")) {
            fputs (usage, stdout);
            return 0;
        }
    }
    if (str_eq (command, "up"))
        return sim_up_run (argc - 1, argv + 1);
    if (str_eq (command, "image"))
        return make_image (argc - 1, argv + 1);
    for (size_t i = 0; i < sizeof asking / sizeof asking[0]; i++)
        if (str_eq (command, asking[i]))
            return ask (argc - 1, argv + 1);
    fputs (usage, stderr);
    return 2;
}
