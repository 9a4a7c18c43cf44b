/* parse: a command line into an invocation: noun, verb, then options and arguments in any order.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"

/* --- which command ---------------------------------------------------------------------------- */

static int32_t
unknown_noun (const char *word, struct err *err)
{
    struct vec nouns = { 0 };
    const struct command *c;
    for (size_t i = 0; (c = command_at (i)) != NULL; i++)
        vec_push (&nouns, (void *) c->noun);
    const char *near = str_did_you_mean (word, (const char *const *) nouns.items, nouns.count);
    err_set (err, ERR_USAGE, "there is no command \"%.60s\"", word);
    if (near != NULL)
        err_hint (err, "did you mean `farrier %s`?", near);
    else
        err_hint (err, "farrier help");
    vec_free (&nouns);
    return ERR_USAGE;
}

static int32_t
unknown_verb (const char *noun, const char *word, struct err *err)
{
    struct vec verbs = { 0 };
    const struct command *c;
    for (size_t i = 0; (c = command_at (i)) != NULL; i++) {
        if (str_eq (c->noun, noun) && c->verb != NULL)
            vec_push (&verbs, (void *) c->verb);
    }
    const char *near = str_did_you_mean (word, (const char *const *) verbs.items, verbs.count);
    char *all = str_join ((char *const *) verbs.items, verbs.count, ", ");
    err_set (err, ERR_USAGE, "farrier %s has no \"%.60s\"", noun, word);
    if (near != NULL)
        err_hint (err, "did you mean `farrier %s %s`?", noun, near);
    else
        err_hint (err, "one of %s", all);
    mem_free (all);
    vec_free (&verbs);
    return ERR_USAGE;
}

/* Finds the command; *ret_used words of argv were its name. */
static int32_t
find_command (int argc, char *const *argv, struct invocation *ret, int *ret_used, struct err *err)
{
    *ret_used = 0;
    if (argc == 0 || str_eq (argv[0], "--help") || str_eq (argv[0], "-h")) {
        ret->help = true;
        ret->command = NULL;
        return 0;
    }
    const char *noun = str_eq (argv[0], "--version") ? "version" : argv[0];
    if (!command_is_noun (noun))
        return unknown_noun (noun, err);
    /* A verb wins over an argument of the noun alone: "plan create", "plan rack=r12". */
    ret->command = argc > 1 ? command_find (noun, argv[1]) : NULL;
    *ret_used = 2;
    if (ret->command != NULL)
        return 0;
    ret->command = command_find (noun, NULL);
    *ret_used = 1;
    if (ret->command != NULL)
        return 0;
    if (argc == 1 || argv[1][0] == '-') {
        if (argc > 1 && !str_eq (argv[1], "--help") && !str_eq (argv[1], "-h"))
            return unknown_verb (noun, argv[1], err);
        /* The first of the noun stands for all of them: help_noun() looks at its noun only. */
        ret->help = true;
        for (size_t i = 0; ret->command == NULL; i++) {
            if (str_eq (command_at (i)->noun, noun))
                ret->command = command_at (i);
        }
        *ret_used = -1;
        return 0;
    }
    return unknown_verb (noun, argv[1], err);
}

/* --- options ---------------------------------------------------------------------------------- */

static void
name_command (const struct command *c, struct buf *ret)
{
    buf_printf (ret, "farrier %s%s%s", c->noun, c->verb == NULL ? "" : " ",
                c->verb == NULL ? "" : c->verb);
}

static int32_t
usage (const struct command *c, struct err *err)
{
    struct buf name = { 0 };
    if (err != NULL && err->hint[0] == '\0') {
        name_command (c, &name);
        err_hint (err, "%s --help", name.data);
    }
    buf_free (&name);
    return ERR_USAGE;
}

static int32_t
unknown_option (const struct command *c, const char *word, const char *name, struct err *err)
{
    struct vec names = { 0 };
    const struct option_def *def;
    for (size_t i = 0; (def = option_at (i)) != NULL; i++) {
        if (command_takes (c, def))
            vec_push (&names, (void *) def->name);
    }
    const char *near = str_did_you_mean (name, (const char *const *) names.items, names.count);
    struct buf command = { 0 };
    name_command (c, &command);
    err_set (err, ERR_USAGE, "%s has no option %.60s", command.data, word);
    if (near != NULL)
        err_hint (err, "did you mean --%s?", near);
    buf_free (&command);
    vec_free (&names);
    return usage (c, err);
}

static int32_t
check_value (const struct command *c, const struct option_def *def, const char *value,
             struct err *err)
{
    if (def->words == NULL)
        return 0;
    size_t count;
    char **words = str_split (def->words, ' ', &count);
    bool known = false;
    for (size_t i = 0; i < count && !known; i++)
        known = str_eq (words[i], value);
    const char *near = str_did_you_mean (value, (const char *const *) words, count);
    if (!known) {
        err_set (err, ERR_USAGE, "--%s cannot be \"%.60s\"", def->name, value);
        if (near != NULL)
            err_hint (err, "did you mean %s?", near);
        else
            err_hint (err, "one of: %s", def->words);
    }
    str_free_all (words, count);
    return known ? 0 : usage (c, err);
}

static int32_t
take_option (struct invocation *inv, const struct option_def *def, const char *value,
             struct err *err)
{
    if (str_eq (def->name, "help")) {
        inv->help = true;
        return 0;
    }
    int32_t rc = value == NULL ? 0 : check_value (inv->command, def, value, err);
    if (rc < 0)
        return rc;
    if (str_eq (def->name, "output")) {
        inv->wide = str_eq (value, "wide");
        inv->json = str_eq (value, "json");
        inv->yaml = str_eq (value, "yaml");
        return 0;
    }
    struct option_value *v = mem_alloc (sizeof *v);
    v->def = def;
    v->value = value;
    vec_push (&inv->options, v);
    return 0;
}

/* "--name", "--name=value", "--name value"; *i may move on by one. */
static int32_t
long_option (struct invocation *inv, int argc, char *const *argv, int *i, struct err *err)
{
    const char *word = argv[*i], *equals = strchr (word, '=');
    char *name = equals == NULL ? str_dup (word + 2)
                                : str_ndup (word + 2, (size_t) (equals - word - 2));
    const struct option_def *def = option_find (name);
    int32_t rc = 0;
    if (def == NULL || !command_takes (inv->command, def)) {
        rc = unknown_option (inv->command, word, name, err);
    } else if (def->arg == NULL && equals != NULL) {
        err_set (err, ERR_USAGE, "--%s takes no value", def->name);
        rc = usage (inv->command, err);
    } else if (def->arg != NULL && equals == NULL && *i + 1 >= argc) {
        err_set (err, ERR_USAGE, "--%s wants %s", def->name, def->arg);
        rc = usage (inv->command, err);
    } else {
        const char *value = NULL;
        if (def->arg != NULL)
            value = equals != NULL ? equals + 1 : argv[++*i];
        rc = take_option (inv, def, value, err);
    }
    mem_free (name);
    return rc;
}

/* "-y", "-ojson", "-o json", "-yo json". */
static int32_t
short_options (struct invocation *inv, int argc, char *const *argv, int *i, struct err *err)
{
    for (const char *p = argv[*i] + 1; *p != '\0'; p++) {
        const struct option_def *def = NULL, *o;
        for (size_t k = 0; (o = option_at (k)) != NULL && def == NULL; k++) {
            if (o->letter == *p && command_takes (inv->command, o))
                def = o;
        }
        char name[] = { '-', *p, '\0' };
        if (def == NULL)
            return unknown_option (inv->command, name, name, err);
        const char *value = NULL;
        if (def->arg != NULL) {
            value = p[1] != '\0' ? p + 1 : *i + 1 < argc ? argv[++*i] : NULL;
            if (value == NULL) {
                err_set (err, ERR_USAGE, "-%c wants %s", def->letter, def->arg);
                return usage (inv->command, err);
            }
        }
        int32_t rc = take_option (inv, def, value, err);
        if (rc < 0 || def->arg != NULL)
            return rc;
    }
    return 0;
}

/* --- arguments -------------------------------------------------------------------------------- */

/* How many arguments "NAME [LABEL...]" allows; the first that is missing. */
static int32_t
check_count (struct invocation *inv, struct err *err)
{
    size_t count, least = 0, most = 0;
    bool endless = false;
    const char *missing = NULL;
    char **words = str_split (inv->command->args == NULL ? "" : inv->command->args, ' ', &count);
    for (size_t i = 0; i < count && *words[i] != '\0'; i++) {
        endless = endless || strstr (words[i], "...") != NULL;
        most++;
        if (words[i][0] == '[')
            continue;
        if (least == inv->args.count)
            missing = words[i];
        least++;
    }
    int32_t rc = 0;
    if (inv->args.count < least)
        rc = err_set (err, ERR_USAGE, "%s is missing", missing);
    else if (inv->args.count > most && !endless)
        rc = err_set (err, ERR_USAGE, "\"%.60s\" is too much",
                      (const char *) inv->args.items[most]);
    str_free_all (words, count);
    return rc < 0 ? usage (inv->command, err) : 0;
}

int32_t
command_parse (int argc, char *const *argv, struct invocation *ret, struct err *err)
{
    int used = 0;
    *ret = (struct invocation) { 0 };
    err_clear (err);
    int32_t rc = find_command (argc, argv, ret, &used, err);
    if (rc < 0 || ret->command == NULL || used < 0)
        return rc;
    bool literal = false;
    for (int i = used; i < argc && rc == 0; i++) {
        const char *word = argv[i];
        if (literal || word[0] != '-' || word[1] == '\0')
            vec_push (&ret->args, (void *) word);
        else if (str_eq (word, "--"))
            literal = true;
        else if (word[1] == '-')
            rc = long_option (ret, argc, argv, &i, err);
        else
            rc = short_options (ret, argc, argv, &i, err);
    }
    return rc < 0 || ret->help ? rc : check_count (ret, err);
}

void
invocation_clear (struct invocation *inv)
{
    vec_free (&inv->args);
    vec_free_with (&inv->options, mem_free);
}

const char *
inv_arg (const struct invocation *inv, size_t i)
{
    return i < inv->args.count ? inv->args.items[i] : NULL;
}

char *
inv_rest (const struct invocation *inv, size_t i)
{
    if (i >= inv->args.count)
        return NULL;
    return str_join ((char *const *) inv->args.items + i, inv->args.count - i, ",");
}

const char *
inv_option_at (const struct invocation *inv, const char *name, size_t i)
{
    for (size_t k = 0; k < inv->options.count; k++) {
        const struct option_value *v = inv->options.items[k];
        if (str_eq (v->def->name, name) && i-- == 0)
            return v->value;
    }
    return NULL;
}

const char *
inv_option (const struct invocation *inv, const char *name)
{
    const char *last = NULL, *value;
    for (size_t i = 0; (value = inv_option_at (inv, name, i)) != NULL; i++)
        last = value;
    return last;
}

bool
inv_flag (const struct invocation *inv, const char *name)
{
    for (size_t k = 0; k < inv->options.count; k++) {
        const struct option_value *v = inv->options.items[k];
        if (str_eq (v->def->name, name))
            return true;
    }
    return false;
}
