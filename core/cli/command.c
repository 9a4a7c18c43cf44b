/* command: see command.h. The table.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "cli/command.h"

#include <string.h>

#include "base/str.h"

/* Every command takes these too. */
static const char common_options[] = "output help";

static const struct option_def options[] = {
    { "output", 'o', "FORMAT", "table, wide, json or yaml", "table wide json yaml" },
    { "help", 'h', NULL, "what this command does", NULL },
    { "yes", 'y', NULL, "do not ask", NULL },
    { "all", 0, NULL, "every host; `all` is never assumed", NULL },
    { "dry-run", 0, NULL, "only say what would be done", NULL },
    { "wait", 0, NULL, "wait until the jobs have ended, without drawing", NULL },
    { "watch", 0, NULL, "wait and show the jobs as they go", NULL },
    { "no-wait", 0, NULL, "with farrierd: return at once", NULL },

    { "bmc", 0, "URL", "address of the BMC: https://10.0.0.5, [2001:db8::1]:8443, bmc.example",
      NULL },
    { "user", 'u', "USER", "user on the BMC (or on the endpoint)", NULL },
    { "password-file", 0, "FILE", "file with the password, readable by you alone; - is stdin",
      NULL },
    { "key-file", 0, "FILE", "file with a private key instead of a password", NULL },
    { "insecure", 0, NULL, "accept any certificate of this host; it stays visible", NULL },
    { "ca", 0, "FILE", "the certificate must chain to these CAs", NULL },
    { "pin", 0, "SHA256", "this certificate and no other", NULL },
    { "forget", 0, NULL, "forget the pin: the next contact records what it sees", NULL },
    { "label", 'l', "KEY=VALUE", "a label; may be repeated", NULL },
    { "os", 0, "ADDRESS", "address of the operating system", NULL },
    { "os-user", 0, "USER", "user there", NULL },
    { "os-key", 0, "FILE", "private key for it", NULL },
    { "plugin", 0, "PLUGIN[:TYPES]", "bind a plugin, most wanted first; may be repeated", NULL },
    { "endpoint", 0, "KIND", "bmc (default), os, ipmi or service:NAME", NULL },
    { "partial", 0, NULL, "add the good rows although others are wrong", NULL },
    { "remove", 0, NULL, "take it away", NULL },
    { "include", 0, NULL, "take the hosts back in", NULL },
    { "reason", 0, "TEXT", "why; shown with the host", NULL },

    { "type", 0, "TYPE", "component type: bios, bmc, nic …", NULL },
    { "name", 0, "NAME", "name of the component or the image", NULL },
    { "version", 0, "VERSION", "only this version; of the image for repo import", NULL },
    { "pivot", 0, NULL, "count hosts by type, name and version", NULL },
    { "from", 0, "TIME", "2026-01-31T12:00:00Z, or an age: 7d", NULL },
    { "to", 0, "TIME", "the same; default is now", NULL },
    { "limit", 'n', "COUNT", "at most so many", NULL },
    { "component", 0, "KEY", "only this component", NULL },

    { "incoming", 0, NULL, "everything in incoming/ of the repository", NULL },
    { "vendor", 0, "VENDOR", "vendor of the image", NULL },
    { "model", 0, "GLOB", "host models it is for; * is any", NULL },
    { "match-vendor", 0, "GLOB", "host vendors it is for, unless they begin with the vendor",
      NULL },
    { "sha256", 0, "HEX", "refuse a file with another digest", NULL },
    { "notes", 0, "TEXT", "a note for people", NULL },

    { "baseline", 'b', "NAME", "a baseline; may be repeated; default: those that select the host",
      NULL },
    { "plan", 0, "PLAN", "an existing plan", NULL },
    { "workflow", 'w', "NAME", "the workflow; default firmware-provisioning", NULL },
    { "input", 'i', "NAME=VALUE", "an input of the workflow; may be repeated", NULL },
    { "max-hosts", 0, "COUNT", "refuse to change more hosts; with --yes alone 100", NULL },

    { "host", 0, "NAME", "only of this host", NULL },
    { "open", 0, NULL, "only those that have not ended", NULL },
    { "state", 0, "STATE", "only in this state",
      "queued running waiting parked cancelling done" },
    { "follow", 'f', NULL, "go on until the job has ended", NULL },
    { "as", 0, "ANSWER", "what happened on the host", "done not-started failed" },
    { "in-process", 0, NULL, "run the plugin's code in this process, for a debugger", NULL },
    { "format", 0, "FORMAT", "text, dot or mermaid", "text dot mermaid" },
};

#define ASKS "yes dry-run wait watch no-wait"
#define LOGIN "user password-file key-file"
#define TRUST "insecure ca pin"

static const struct command commands[] = {
    { "host", "add", "NAME",
      "bmc user password-file insecure ca pin label os os-user os-key plugin",
      "Add a host", "farrier host add n001 --bmc https://10.0.0.5 --user root --password-file pw",
      cmd_host_add },
    { "host", "import", "FILE", "partial dry-run", "Add hosts from a CSV or JSON file",
      "farrier host import hosts.csv --dry-run", cmd_host_import },
    { "host", "list", "[SELECTOR...]", NULL, "List hosts and their state",
      "farrier host list rack=r12,vendor!=dell", cmd_host_list },
    { "host", "show", "NAME", NULL, "Show one host", "farrier host show n001 -o yaml",
      cmd_host_show },
    { "host", "remove", "NAME...", "yes", "Forget hosts", "farrier host remove n001",
      cmd_host_remove },
    { "host", "label", "SELECTOR LABEL...", NULL,
      "Set labels (KEY=VALUE) or remove them (KEY-)",
      "farrier host label 'n[001-040]' rack=r12 spare-", cmd_host_label },
    { "host", "bind", "NAME [PLUGIN...]", NULL,
      "Choose the plugins of a host, most wanted first; without one the core chooses",
      "farrier host bind n001 dell_dup:bios,nic generic_redfish", cmd_host_bind },
    { "host", "endpoint", "NAME KIND [ADDRESS]", LOGIN " " TRUST " remove",
      "Add, change or remove an endpoint (bmc, os, ipmi, service:NAME)",
      "farrier host endpoint n001 bmc https://10.0.0.6", cmd_host_endpoint },
    { "host", "trust", "NAME", "endpoint forget " TRUST,
      "Say how the certificate of a host is trusted", "farrier host trust n001 --forget",
      cmd_host_trust },
    { "host", "accept-identity", "NAME", "yes",
      "The serial or UUID that answers now is right (the board was replaced)",
      "farrier host accept-identity n001", cmd_host_accept_identity },
    { "host", "exclude", "SELECTOR...", "all reason include", "Keep hosts out of every plan",
      "farrier host exclude n001 --reason 'in repair'", cmd_host_exclude },

    { "credential", "set", "SELECTOR...", "all endpoint " LOGIN,
      "Give hosts a new user and password", "farrier credential set rack=r12 -u root "
      "--password-file pw", cmd_credential_set },
    { "credential", "test", "NAME", "endpoint", "Log in to a host once with its password",
      "farrier credential test n001", cmd_credential_test },

    { "inventory", "refresh", "[SELECTOR...]", "all wait watch no-wait",
      "Read what runs on hosts now", "farrier inventory refresh rack=r12",
      cmd_inventory_refresh },
    { "inventory", "list", "[SELECTOR...]", "type name version pivot",
      "List components of many hosts", "farrier inventory list --type bios --pivot",
      cmd_inventory_list },
    { "inventory", "show", "NAME", NULL, "Show the components of a host",
      "farrier inventory show n001", cmd_inventory_show },
    { "inventory", "diff", "NAME [OTHER]", "from to",
      "Show what changed on a host, or what differs between two",
      "farrier inventory diff n001 --from 7d", cmd_inventory_diff },
    { "inventory", "history", "NAME", "component limit", "Show every change of a host's firmware",
      "farrier inventory history n001 --component bios", cmd_inventory_history },

    { "repo", "import", "[FILE...]",
      "incoming vendor type version name model match-vendor sha256 notes",
      "Take firmware images into the repository",
      "farrier repo import bios.bin --vendor dell --type bios --version 2.1.0 --model 'R7*'",
      cmd_repo_import },
    { "repo", "list", NULL, "vendor type name version", "List images",
      "farrier repo list --type bmc", cmd_repo_list },
    { "repo", "show", "IMAGE", NULL, "Show one image (sha256:HEX, name or name-version)",
      "farrier repo show bios-2.1.0", cmd_repo_show },
    { "repo", "verify", NULL, NULL, "Hash every image again", "farrier repo verify",
      cmd_repo_verify },

    { "baseline", "list", NULL, NULL, "List baselines", "farrier baseline list",
      cmd_baseline_list },
    { "baseline", "show", "NAME", NULL, "Show one baseline", "farrier baseline show 2026-q4",
      cmd_baseline_show },
    { "baseline", "check", "[FILE...]", NULL, "Name every mistake, with its line",
      "farrier baseline check", cmd_baseline_check },

    { "plan", NULL, "[SELECTOR...]", "all baseline",
      "Say what would be installed; kept nowhere, changes nothing",
      "farrier plan rack=r12 -b 2026-q4", cmd_plan_preview },
    { "plan", "create", "[SELECTOR...]", "all baseline dry-run",
      "The same, and keep it", "farrier plan create rack=r12 -b 2026-q4",
      cmd_plan_create },
    { "plan", "list", NULL, "limit", "List plans, newest first", "farrier plan list",
      cmd_plan_list },
    { "plan", "show", "PLAN", NULL, "Show one plan", "farrier plan show plan-7f3k2m9qxw",
      cmd_plan_show },
    { "plan", "explain", "PLAN HOST", NULL, "Explain every choice for a host",
      "farrier plan explain plan-7f3k2m9qxw n001", cmd_plan_explain },
    { "plan", "diff", "PLAN OTHER", NULL, "Show what two plans say differently",
      "farrier plan diff plan-7f3k2m9qxw plan-b2mh8t4zre", cmd_plan_diff },
    { "plan", "approve", "PLAN", "yes", "Say yes to a plan",
      "farrier plan approve plan-7f3k2m9qxw", cmd_plan_approve },
    { "apply", NULL, "[SELECTOR...]", "all baseline plan workflow input max-hosts " ASKS,
      "Bring hosts to their baseline: plan, ask, run",
      "farrier apply rack=r12 -b 2026-q4", cmd_apply },

    { "job", "list", NULL, "host plan state open limit", "List jobs, newest first",
      "farrier job list --open", cmd_job_list },
    { "job", "show", "JOB", NULL, "Show one job: outcomes, steps, cause",
      "farrier job show job-7f3k2m9qxw", cmd_job_show },
    { "job", "watch", "[JOB...]", "plan", "Show jobs as they go; without one, all that are open",
      "farrier job watch", cmd_job_watch },
    { "job", "log", "[JOB]", "host follow limit", "Show what happened in a job",
      "farrier job log job-7f3k2m9qxw -f", cmd_job_log },
    { "job", "cancel", "JOB...", "yes wait", "Ask jobs to stop; the host is left safe",
      "farrier job cancel job-7f3k2m9qxw", cmd_job_cancel },
    { "job", "resolve", "JOB", "as yes",
      "Say what happened where nobody knows: done, not-started or failed",
      "farrier job resolve job-7f3k2m9qxw --as done", cmd_job_resolve },
    { "job", "retry", "JOB", "wait watch", "Let a parked job try again",
      "farrier job retry job-7f3k2m9qxw", cmd_job_retry },
    { "job", "approve", "JOB", "yes", "Say yes to a job that waits for it",
      "farrier job approve job-7f3k2m9qxw", cmd_job_approve },
    { "job", "resume", NULL, NULL, "Take up every open job and wait (where no farrierd runs)",
      "farrier job resume", cmd_job_resume },
    { "why", NULL, "HOST|JOB", NULL, "Say what it is waiting for, and what would move it",
      "farrier why n001", cmd_why },

    { "workflow", "list", NULL, NULL, "List workflows", "farrier workflow list",
      cmd_workflow_list },
    { "workflow", "show", "WORKFLOW", "format", "Draw a workflow",
      "farrier workflow show firmware-provisioning", cmd_workflow_show },
    { "workflow", "check", "[FILE...]", NULL, "Name every mistake, with its line",
      "farrier workflow check", cmd_workflow_check },
    { "workflow", "run", "WORKFLOW [SELECTOR...]", "all input " ASKS, "Run a workflow on hosts",
      "farrier workflow run inventory n001", cmd_workflow_run },

    { "plugin", "list", NULL, NULL, "List plugins and their state", "farrier plugin list",
      cmd_plugin_list },
    { "plugin", "info", "PLUGIN|FILE", NULL,
      "Show a plugin; of a file nothing is executed", "farrier plugin info generic_redfish",
      cmd_plugin_info },
    { "plugin", "check", "[PLUGIN|FILE...]", "in-process",
      "Name everything that is wrong with a plugin, or with all that are installed",
      "farrier plugin check ./acme_bmc.so", cmd_plugin_check },
    { "plugin", "why", "PLUGIN", NULL, "Say why a plugin is not loaded",
      "farrier plugin why dell_idrac", cmd_plugin_why },
    { "plugin", "release", "PLUGIN", NULL, "Lift the quarantine of a plugin",
      "farrier plugin release dell_idrac", cmd_plugin_release },

    { "config", "check", NULL, NULL, "Name every mistake in the configuration",
      "farrier config check", cmd_config_check },
    { "reload", NULL, NULL, NULL, "Let farrierd take new builds of plugins and their settings",
      "farrier reload", cmd_reload },
    { "server", "status", NULL, NULL, "Show who holds the store, and what runs",
      "farrier server status", cmd_server_status },
    { "completion", NULL, "SHELL", NULL, "Print the completion for bash, zsh or fish",
      "farrier completion bash > ~/.local/share/bash-completion/completions/farrier",
      cmd_completion },
    { "version", NULL, NULL, NULL, "Print the version", "farrier version", cmd_version },
    { "help", NULL, "[NOUN] [VERB]", NULL, "Explain a command", "farrier help host add",
      cmd_help },
};

#define COMMANDS (sizeof commands / sizeof *commands)
#define OPTIONS (sizeof options / sizeof *options)

const struct command *
command_at (size_t i)
{
    return i < COMMANDS ? &commands[i] : NULL;
}

const struct command *
command_find (const char *noun, const char *verb)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (str_eq (commands[i].noun, noun) && str_eq (commands[i].verb, verb))
            return &commands[i];
    }
    return NULL;
}

bool
command_is_noun (const char *word)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (str_eq (commands[i].noun, word))
            return true;
    }
    return false;
}

const struct option_def *
option_at (size_t i)
{
    return i < OPTIONS ? &options[i] : NULL;
}

const struct option_def *
option_find (const char *name)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (str_eq (options[i].name, name))
            return &options[i];
    }
    return NULL;
}

static bool
has_word (const char *words, const char *word)
{
    size_t len = strlen (word);
    for (const char *p = words; p != NULL && *p != '\0';) {
        size_t n = strcspn (p, " ");
        if (n == len && memcmp (p, word, len) == 0)
            return true;
        p += n + strspn (p + n, " ");
    }
    return false;
}

bool
command_takes (const struct command *c, const struct option_def *def)
{
    return has_word (common_options, def->name) || has_word (c->options, def->name);
}
