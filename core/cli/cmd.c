/* cmd: see cmd.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "cli/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"

#define SECRET_MAX_BYTES 65536

json_t *
cmd_selector (const struct invocation *inv, size_t from)
{
    json_t *v = json_object ();
    char *text = inv_rest (inv, from);
    if (text != NULL)
        json_put_str (v, "selector", text);
    if (inv_flag (inv, "all"))
        json_put_bool (v, "all", true);
    mem_free (text);
    return v;
}

void
cmd_put_option (const struct invocation *inv, json_t *request, const char *name,
                const char *member)
{
    const char *value = inv_option (inv, name);
    if (value != NULL)
        json_put_str (request, member, value);
}

int32_t
cmd_call (struct invocation *inv, const char *call, json_t *request, json_t **ret_reply,
          struct err *err)
{
    int32_t rc = door_call (inv->door, call, request, ret_reply, err);
    if (rc < 0) {
        output_findings (*ret_reply);
        json_decref (*ret_reply);
        *ret_reply = NULL;
    }
    return rc;
}

int32_t
cmd_change (struct invocation *inv, const char *call, json_t *request, const char *done,
            struct err *err)
{
    json_t *reply = NULL;
    int32_t rc = cmd_call (inv, call, request, &reply, err);
    if (rc == 0 && !output_document (inv, reply) && done != NULL)
        puts (done);
    json_decref (reply);
    return rc;
}

/* --- secrets ---------------------------------------------------------------------------------- */

static int32_t
read_stdin (struct buf *ret, struct err *err)
{
    char chunk[4096];
    ssize_t n;
    while ((n = read (STDIN_FILENO, chunk, sizeof chunk)) > 0) {
        buf_append (ret, chunk, (size_t) n);
        mem_wipe (chunk, (size_t) n);
        if (ret->len > SECRET_MAX_BYTES)
            return err_set (err, FARRIER_E_INVALID, "the secret on stdin is longer than %d bytes",
                            SECRET_MAX_BYTES);
    }
    while (ret->len > 0 && (ret->data[ret->len - 1] == '\n' || ret->data[ret->len - 1] == '\r'))
        ret->data[--ret->len] = '\0';
    return 0;
}

int32_t
cmd_put_secret (const char *path, json_t *v, const char *member, struct err *err)
{
    struct buf secret = { 0 };
    int32_t rc = str_eq (path, "-") ? read_stdin (&secret, err)
                                    : fs_read_secret (path, &secret, err);
    if (rc == 0 && secret.len == 0)
        rc = err_set (err, ERR_USAGE, "the secret file %s is empty", path);
    if (rc == 0 && memchr (secret.data, '\0', secret.len) != NULL)
        rc = err_set (err, ERR_USAGE, "the secret file %s holds a NUL byte", path);
    if (rc == 0 && !str_valid_utf8 (secret.data, secret.len))
        rc = err_set (err, ERR_USAGE, "the secret file %s is no UTF-8", path);
    if (rc == 0)
        json_put_str (v, member, secret.data);
    buf_wipe_free (&secret);
    return rc;
}

int32_t
cmd_put_login (const struct invocation *inv, json_t *v, struct err *err)
{
    const char *user = inv_option (inv, "user");
    const char *password = inv_option (inv, "password-file"), *key = inv_option (inv, "key-file");
    if (password != NULL && key != NULL)
        return err_set (err, ERR_USAGE, "--password-file and --key-file cannot both be given");
    if (user == NULL && (password != NULL || key != NULL))
        return err_set (err, ERR_USAGE, "there is a secret but no --user");
    if (user == NULL)
        return 0;
    json_put_str (v, "user", user);
    if (password != NULL)
        return cmd_put_secret (password, v, "password", err);
    if (key != NULL)
        return cmd_put_secret (key, v, "private_key", err);
    err_set (err, ERR_USAGE, "there is a --user but no --password-file");
    err_hint (err, "--password-file FILE, or - to read the password from stdin");
    return ERR_USAGE;
}

int32_t
cmd_put_trust (const struct invocation *inv, json_t *v, struct err *err)
{
    const char *ca = inv_option (inv, "ca"), *pin = inv_option (inv, "pin");
    bool insecure = inv_flag (inv, "insecure");
    if ((ca != NULL) + (pin != NULL) + insecure > 1)
        return err_set (err, ERR_USAGE, "only one of --insecure, --ca and --pin can be given");
    if (ca != NULL) {
        char *path = cmd_absolute (ca);
        bool there = access (path, R_OK) == 0;
        if (there) {
            json_put_str (v, "ca", path);
            json_put_str (v, "trust", "ca");
        }
        mem_free (path);
        if (!there)
            return err_set (err, ERR_NOT_FOUND, "the CA file %s cannot be read", ca);
    } else if (pin != NULL) {
        json_put_str (v, "pin", pin);
        json_put_str (v, "trust", "pin");
    } else if (insecure) {
        json_put_str (v, "trust", "insecure");
    }
    return 0;
}

/* --- small ------------------------------------------------------------------------------------ */

int32_t
cmd_confirm (const struct invocation *inv, const char *question, struct err *err)
{
    bool asked = false;
    if (inv_flag (inv, "yes"))
        return 0;
    if (output_confirm (question, &asked))
        return 0;
    if (asked)
        return err_set (err, FARRIER_E_CANCELLED, "nothing was done");
    err_set (err, ERR_APPROVAL, "this needs a yes, and there is nobody to ask");
    err_hint (err, "say --yes when it is wanted");
    return ERR_APPROVAL;
}

int32_t
cmd_inputs (const struct invocation *inv, json_t **ret, struct err *err)
{
    json_t *v = json_object ();
    const char *text;
    for (size_t i = 0; (text = inv_option_at (inv, "input", i)) != NULL; i++) {
        const char *equals = strchr (text, '=');
        if (equals == NULL || equals == text) {
            json_decref (v);
            return err_set (err, ERR_USAGE, "--input \"%.80s\" is no NAME=VALUE", text);
        }
        char *name = str_ndup (text, (size_t) (equals - text));
        json_put_str (v, name, equals + 1);
        mem_free (name);
    }
    *ret = v;
    return 0;
}

int32_t
cmd_count (const struct invocation *inv, const char *option, long long *ret, struct err *err)
{
    const char *text = inv_option (inv, option);
    int64_t n;
    if (text == NULL)
        return 0;
    if (!str_to_i64 (text, &n) || n < 1 || n > 1000000)
        return err_set (err, ERR_USAGE, "--%s \"%.40s\" is no number from 1 to 1000000", option,
                        text);
    *ret = n;
    return 0;
}

char *
cmd_absolute (const char *path)
{
    if (*path == '/')
        return str_dup (path);
    char *cwd = getcwd (NULL, 0);
    char *joined = fs_join (cwd == NULL ? "/" : cwd, path);
    free (cwd);
    return joined;
}
