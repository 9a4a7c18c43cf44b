/* cmd_misc: farrier config, server, reload, completion, version, help.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>

#include "cli/cmd.h"

#ifndef FARRIER_VERSION
#define FARRIER_VERSION "0"
#endif

/* --- config, server --------------------------------------------------------------------------- */

int32_t
cmd_config_check (struct invocation *inv, struct err *err)
{
    json_t *reply = NULL;
    int32_t rc = door_call (inv->door, "config.check", json_object (), &reply, err);
    if (reply == NULL || !output_document (inv, reply)) {
        output_findings (reply);
        if (rc == 0)
            printf ("%s: good\n", json_str_or (reply, "/directory", "?"));
    }
    json_decref (reply);
    return rc;
}

int32_t
cmd_server_status (struct invocation *inv, struct err *err)
{
    json_t *v = NULL;
    int32_t rc = cmd_call (inv, "server.status", json_object (), &v, err);
    if (rc < 0)
        return rc;
    bool daemon = door_has_daemon (inv->door);
    json_put_bool (v, "daemon", daemon);
    if (!output_document (inv, v)) {
        long long pid = json_int_or (v, "/pid", 0), holder = json_int_or (v, "/holder", 0);
        if (daemon)
            printf ("farrierd %s runs, process %lld\n", json_str_or (v, "/version", "?"), pid);
        else if (holder != 0 && json_bool_or (v, "/running", false))
            printf ("no farrierd; process %lld runs jobs\n", holder);
        else if (holder != 0)
            printf ("no farrierd; process %lld holds the store\n", holder);
        else
            puts ("no farrierd: commands work in their own process");
        printf ("store      %s (schema %lld)\n", json_str_or (v, "/store", "?"),
                json_int_or (v, "/schema", 0));
        printf ("repository %s\n", json_str_or (v, "/repository", "?"));
        printf ("conf.d     %s\n", json_str_or (v, "/conf_dir", "?"));
        printf ("socket     %s\n", json_str_or (v, "/socket", "?"));
        printf ("images     %s\n", json_str_or (v, "/image_url", "-"));
        printf ("key        %s\n", json_str_or (v, "/key", "none yet"));
        printf ("hosts      %lld\n", json_int_or (v, "/hosts", 0));
        const char *state;
        json_t *n;
        json_object_foreach (json_object_get (v, "jobs"), state, n)
            printf ("jobs       %lld %s\n", (long long) json_integer_value (n), state);
    }
    json_decref (v);
    return 0;
}

int32_t
cmd_reload (struct invocation *inv, struct err *err)
{
    json_t *v = NULL;
    if (!door_has_daemon (inv->door)) {
        err_set (err, ERR_NOTHING, "no farrierd runs: there is nothing to reload");
        err_hint (err, "commands without farrierd read plugins and settings anew each time");
        return ERR_NOTHING;
    }
    int32_t rc = door_call (inv->door, "server.reload", json_object (), &v, err);
    if (v != NULL && !output_document (inv, v)) {
        output_findings (v);
        printf ("plugins: %lld taken, %lld configured, %lld as before, %lld refused, %lld gone\n",
                json_int_or (v, "/taken", 0), json_int_or (v, "/configured", 0),
                json_int_or (v, "/kept", 0), json_int_or (v, "/refused", 0),
                json_int_or (v, "/gone", 0));
    }
    json_decref (v);
    return rc;
}

/* --- text from the table ---------------------------------------------------------------------- */

int32_t
cmd_completion (struct invocation *inv, struct err *err)
{
    struct buf text = { 0 };
    int32_t rc = completion_script (inv_arg (inv, 0), &text, err);
    if (rc == 0)
        fputs (text.data, stdout);
    buf_free (&text);
    return rc;
}

int32_t
cmd_version (struct invocation *inv, struct err *err)
{
    (void) err;
    json_t *v = json_object ();
    json_put_str (v, "version", FARRIER_VERSION);
    if (!output_document (inv, v))
        puts ("farrier " FARRIER_VERSION);
    json_decref (v);
    return 0;
}

int32_t
cmd_help (struct invocation *inv, struct err *err)
{
    const char *noun = inv_arg (inv, 0), *verb = inv_arg (inv, 1);
    const struct command *c = noun == NULL ? NULL : command_find (noun, verb);
    struct buf text = { 0 };
    int32_t rc = 0;
    /* The source of the man page's list of commands; tests compare. */
    if (str_eq (noun, "--scdoc") || str_eq (noun, "scdoc"))
        help_scdoc (&text);
    else if (noun == NULL)
        help_all (&text);
    else if (c != NULL)
        help_command (c, &text);
    else if (command_is_noun (noun) && verb == NULL)
        help_noun (noun, &text);
    else {
        rc = err_set (err, ERR_NOT_FOUND, "there is no command \"%.60s%s%.60s\"", noun,
                      verb != NULL ? " " : "", verb != NULL ? verb : "");
        err_hint (err, "farrier help");
    }
    if (text.data != NULL)
        fputs (text.data, stdout);
    buf_free (&text);
    return rc;
}
