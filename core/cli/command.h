/* command: the one table of commands. Parsing, --help, completion and the check of the man page all
 * read it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CLI_COMMAND_H
#define FARRIER_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

struct door;
struct invocation;

/* An option; several commands may take the same one. */
struct option_def {
    const char *name;                  /* "password-file" */
    char letter;                       /* 'o', or 0 */
    const char *arg;                   /* "FILE"; NULL: a flag */
    const char *help;
    const char *words;                 /* "table wide json yaml": what it may be; NULL = anything */
};

struct command {
    const char *noun;                  /* "host" */
    const char *verb;                  /* "add"; NULL: the noun alone ("apply") */
    const char *args;                  /* "NAME [LABEL...]": [X] may be left out, X... repeats */
    const char *options;               /* names of options, separated by blanks; NULL = none */
    const char *help;                  /* one line, no full stop */
    const char *example;
    /* What it does; 0 or a code with err. Output goes to stdout. */
    int32_t (*run) (struct invocation *inv, struct err *err);
};

/* One command line, understood. */
struct invocation {
    const struct command *command;
    struct door *door;
    struct vec args;                   /* char *, borrowed from argv */
    struct vec options;                /* struct option_value * */
    bool wide, json, yaml;             /* -o */
    bool help;
};

struct option_value {
    const struct option_def *def;
    const char *value;                 /* NULL for a flag */
};

const struct command *command_at (size_t i);                /* NULL past the end */
const struct command *command_find (const char *noun, const char *verb);
bool command_is_noun (const char *word);
const struct option_def *option_at (size_t i);              /* NULL past the end */
const struct option_def *option_find (const char *name);
bool command_takes (const struct command *c, const struct option_def *def);

/* argv without the program's name. ERR_USAGE with a hint ("did you mean"). *ret must be cleared in
 * either case; ret->command is set as soon as it is known. `--help` and `farrier NOUN` alone set
 * ret->help; ret->command NULL then is the help of everything. */
int32_t command_parse (int argc, char *const *argv, struct invocation *ret, struct err *err);
void invocation_clear (struct invocation *inv);

/* The i-th argument, NULL when it was left out. */
const char *inv_arg (const struct invocation *inv, size_t i);
/* The arguments from the i-th on, joined by commas: a selector in several words. Heap, NULL when
 * there are none. */
char *inv_rest (const struct invocation *inv, size_t i);
bool inv_flag (const struct invocation *inv, const char *name);
/* The last value of an option, NULL when it was not given. */
const char *inv_option (const struct invocation *inv, const char *name);
/* The i-th value of one that may be repeated. */
const char *inv_option_at (const struct invocation *inv, const char *name, size_t i);

/* --- text made from the table (help.c, completion.c) ------------------------------------------ */

void help_all (struct buf *ret);
void help_noun (const char *noun, struct buf *ret);
void help_command (const struct command *c, struct buf *ret);
/* "farrier host add NAME --bmc URL …" */
void help_synopsis (const struct command *c, struct buf *ret);
/* shell: bash, zsh or fish; ERR_USAGE else. */
int32_t completion_script (const char *shell, struct buf *ret, struct err *err);
/* The skeleton of farrier(1) in scdoc: every command and option of the table. */
void help_scdoc (struct buf *ret);

/* --- the commands, by noun -------------------------------------------------------------------- */

typedef int32_t command_fn (struct invocation *inv, struct err *err);

command_fn cmd_host_add, cmd_host_import, cmd_host_list, cmd_host_show, cmd_host_remove,
    cmd_host_label, cmd_host_bind, cmd_host_endpoint, cmd_host_trust, cmd_host_accept_identity,
    cmd_host_exclude, cmd_credential_set, cmd_credential_test;
command_fn cmd_inventory_refresh, cmd_inventory_list, cmd_inventory_show, cmd_inventory_diff,
    cmd_inventory_history;
command_fn cmd_repo_import, cmd_repo_list, cmd_repo_show, cmd_repo_verify;
command_fn cmd_baseline_list, cmd_baseline_show, cmd_baseline_check;
command_fn cmd_plan_preview, cmd_plan_create, cmd_plan_list, cmd_plan_show, cmd_plan_explain,
    cmd_plan_diff, cmd_plan_approve;
command_fn cmd_apply, cmd_job_list, cmd_job_show, cmd_job_watch, cmd_job_log, cmd_job_cancel,
    cmd_job_resolve, cmd_job_retry, cmd_job_approve, cmd_job_resume, cmd_why;
command_fn cmd_workflow_list, cmd_workflow_show, cmd_workflow_check, cmd_workflow_run;
command_fn cmd_plugin_list, cmd_plugin_info, cmd_plugin_check, cmd_plugin_why,
    cmd_plugin_release, cmd_reload;
command_fn cmd_config_check, cmd_server_status, cmd_completion, cmd_version, cmd_help;

#endif
