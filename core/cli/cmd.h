/* cmd: what the commands share.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CLI_CMD_H
#define FARRIER_CLI_CMD_H

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/door.h"
#include "cli/output.h"

/* {"selector", "all"} from the arguments after the first `from`, and --all. New. */
json_t *cmd_selector (const struct invocation *inv, size_t from);
/* Puts option `name` into the request under `member`, when it was given. */
void cmd_put_option (const struct invocation *inv, json_t *request, const char *name,
                     const char *member);
/* Calls, and prints the reply when a document was asked for. For commands that show something. */
int32_t cmd_call (struct invocation *inv, const char *call, json_t *request, json_t **ret_reply,
                  struct err *err);
/* The same for commands that change something: findings are printed, `done` is the line for people
 * (NULL: none). */
int32_t cmd_change (struct invocation *inv, const char *call, json_t *request, const char *done,
                    struct err *err);
/* --user, --password-file (- is stdin), --key-file into {"user","password","private_key"} of v. */
int32_t cmd_put_login (const struct invocation *inv, json_t *v, struct err *err);
/* The text of a secret file, "-" is stdin; into v[member]. */
int32_t cmd_put_secret (const char *path, json_t *v, const char *member, struct err *err);
/* --insecure, --ca, --pin into {"trust","ca","pin"} of v. */
int32_t cmd_put_trust (const struct invocation *inv, json_t *v, struct err *err);
/* Asks unless --yes; ERR_APPROVAL where nobody can be asked, FARRIER_E_CANCELLED for no. */
int32_t cmd_confirm (const struct invocation *inv, const char *question, struct err *err);
/* --input NAME=VALUE … as an object of texts; converted by the workflow's own types there. */
int32_t cmd_inputs (const struct invocation *inv, json_t **ret, struct err *err);
int32_t cmd_count (const struct invocation *inv, const char *option, long long *ret,
                   struct err *err);
/* The absolute form of a path, for a process with another working directory. Heap. */
char *cmd_absolute (const char *path);

#endif
