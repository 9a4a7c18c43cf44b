/* Tests of command.h: the command line, and the table that everything is made from.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "cli/command.h"

#include <string.h>

#include "base/testing.h"

/* Parses a line of words that are separated by blanks. */
static int32_t
parse (const char *line, struct invocation *ret, struct err *err)
{
    static char copy[512];
    char *argv[32];
    int argc = 0;
    str_copy (copy, sizeof copy, line);
    for (char *p = copy; *p != '\0';) {
        argv[argc++] = p;
        p += strcspn (p, " ");
        if (*p == ' ')
            *p++ = '\0';
    }
    return command_parse (argc, argv, ret, err);
}

START_TEST (good)
{
    struct invocation inv;
    struct err err = { 0 };
    ck_assert_int_eq (parse ("host add n1 --bmc=https://10.0.0.1 --user root -l a=1 --label b=2 "
                             "--insecure -ojson", &inv, &err), 0);
    ck_assert_str_eq (inv.command->verb, "add");
    ck_assert_str_eq (inv_arg (&inv, 0), "n1");
    ck_assert_str_eq (inv_option (&inv, "bmc"), "https://10.0.0.1");
    ck_assert_str_eq (inv_option (&inv, "user"), "root");
    ck_assert_str_eq (inv_option_at (&inv, "label", 0), "a=1");
    ck_assert_str_eq (inv_option_at (&inv, "label", 1), "b=2");
    ck_assert_ptr_null (inv_option_at (&inv, "label", 2));
    ck_assert (inv_flag (&inv, "insecure") && !inv_flag (&inv, "all") && inv.json);
    invocation_clear (&inv);

    ck_assert_int_eq (parse ("apply -y n1 n[2-3] -o wide --all", &inv, &err), 0);
    ck_assert_ptr_null (inv.command->verb);
    testing_string (inv_rest (&inv, 0), "n1,n[2-3]");
    ck_assert (inv_flag (&inv, "yes") && inv.wide && !inv.json);
    invocation_clear (&inv);

    ck_assert_int_eq (parse ("host remove -y -- -n1 --x", &inv, &err), 0);
    testing_string (inv_rest (&inv, 0), "-n1,--x");
    invocation_clear (&inv);

    /* A noun that is a command, and has verbs. */
    ck_assert_int_eq (parse ("plan rack=r12 -b x", &inv, &err), 0);
    ck_assert_ptr_null (inv.command->verb);
    invocation_clear (&inv);
    ck_assert_int_eq (parse ("plan create rack=r12", &inv, &err), 0);
    ck_assert_str_eq (inv.command->verb, "create");
    invocation_clear (&inv);
    ck_assert_int_eq (parse ("credential set n1 -u root --password-file -", &inv, &err), 0);
    ck_assert_str_eq (inv_option (&inv, "password-file"), "-");
    invocation_clear (&inv);
}
END_TEST

START_TEST (wrong)
{
    static const struct { const char *line, *says, *hint; } table[] = {
        { "hots list", "no command \"hots\"", "farrier host" },
        { "xyzzyxyzzy", "no command", "farrier help" },
        { "host lsit", "has no \"lsit\"", "farrier host list" },
        { "host frobnicate", "has no \"frobnicate\"", "one of add" },
        { "host -y", "has no \"-y\"", "one of add" },
        { "host list --otuput json", "no option --otuput", "--output" },
        { "host list --yes", "no option --yes", "farrier host list --help" },
        { "host list -z", "no option -z", "" },
        { "host list -o jsn", "cannot be \"jsn\"", "json" },
        { "host list -o", "-o wants FORMAT", "--help" },
        { "host add --bmc", "--bmc wants URL", "--help" },
        { "host add", "NAME is missing", "farrier host add --help" },
        { "host show n1 n2", "\"n2\" is too much", "--help" },
        { "host label n1", "LABEL... is missing", "--help" },
        { "job resolve j --as maybe", "cannot be \"maybe\"", "done not-started failed" },
        { "host list --all=yes", "no option --all=yes", "" },
        { "apply --yes=no", "--yes takes no value", "--help" },
    };
    for (size_t i = 0; i < COUNT_OF (table); i++) {
        struct invocation inv;
        struct err err = { 0 };
        ck_assert_msg (parse (table[i].line, &inv, &err) == ERR_USAGE, "%s", table[i].line);
        ck_assert_msg (strstr (err.message, table[i].says) != NULL, "%s: %s", table[i].line,
                       err.message);
        ck_assert_msg (strstr (err.hint, table[i].hint) != NULL, "%s: %s", table[i].line, err.hint);
        invocation_clear (&inv);
    }
}
END_TEST

START_TEST (asks_for_help)
{
    static const char *const lines[] = { "", "--help", "-h", "host", "host --help",
                                         "host add --help", "apply -h", "host add n1 -h" };
    for (size_t i = 0; i < COUNT_OF (lines); i++) {
        struct invocation inv;
        struct err err = { 0 };
        ck_assert_msg (parse (lines[i], &inv, &err) == 0 && inv.help, "%s: %s", lines[i],
                       err.message);
        invocation_clear (&inv);
    }
}
END_TEST

/* Every option that a command names exists, every example parses, every text is there. */
START_TEST (table_is_sound)
{
    const struct command *c;
    const struct option_def *def;
    for (size_t i = 0; (c = command_at (i)) != NULL; i++) {
        size_t count;
        char **names = str_split (c->options == NULL ? "" : c->options, ' ', &count);
        for (size_t k = 0; k < count && *names[k] != '\0'; k++)
            ck_assert_msg (option_find (names[k]) != NULL, "%s %s: --%s", c->noun, c->verb,
                           names[k]);
        str_free_all (names, count);
        ck_assert_ptr_nonnull (c->run);
        ck_assert (*c->help != '\0' && !str_ends (c->help, "."));
        ck_assert_msg (str_starts (c->example, "farrier "), "%s", c->example);

        struct invocation inv;
        struct err err = { 0 };
        char *line = str_dup (c->example + strlen ("farrier "));
        if (strchr (line, '>') != NULL)
            line[strcspn (line, ">") - 1] = '\0';
        ck_assert_msg (parse (line, &inv, &err) == 0, "%s: %s", c->example, err.message);
        ck_assert_msg (inv.command == c, "%s", c->example);
        invocation_clear (&inv);
        mem_free (line);
    }
    for (size_t i = 0; (def = option_at (i)) != NULL; i++) {
        bool used = false;
        for (size_t k = 0; (c = command_at (k)) != NULL && !used; k++)
            used = command_takes (c, def);
        ck_assert_msg (used, "--%s is taken by no command", def->name);
        ck_assert_msg (option_find (def->name) == def, "--%s is there twice", def->name);
    }
}
END_TEST

START_TEST (texts)
{
    static const char *const shells[] = { "bash", "zsh", "fish" };
    struct buf text = { 0 };
    const struct command *c;
    for (size_t i = 0; i < COUNT_OF (shells); i++) {
        ck_assert_int_eq (completion_script (shells[i], &text, NULL), 0);
        for (size_t k = 0; (c = command_at (k)) != NULL; k++)
            ck_assert_msg (strstr (text.data, c->verb == NULL ? c->noun : c->verb) != NULL,
                           "%s: %s", shells[i], c->noun);
        ck_assert_ptr_nonnull (strstr (text.data, "password-file"));
        buf_clear (&text);
    }
    ck_assert_int_eq (completion_script ("tcsh", &text, NULL), ERR_USAGE);
    for (size_t k = 0; (c = command_at (k)) != NULL; k++) {
        buf_clear (&text);
        help_command (c, &text);
        ck_assert_ptr_nonnull (strstr (text.data, c->example));
        buf_clear (&text);
        help_noun (c->noun, &text);
        ck_assert_ptr_nonnull (strstr (text.data, c->help));
    }
    buf_clear (&text);
    help_all (&text);
    ck_assert_ptr_nonnull (strstr (text.data, "accept-identity"));
    buf_free (&text);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { good, wrong, asks_for_help, table_is_sound, texts, NULL };

    return testing_run ("parse", tests);
}
