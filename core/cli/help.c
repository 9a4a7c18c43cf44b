/* help: what --help and the man page say, from the table of commands.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"

#define SCDOC_WIDTH 88

static const char *
verb_of (const struct command *c)
{
    return c->verb == NULL ? "" : c->verb;
}

void
help_synopsis (const struct command *c, struct buf *ret)
{
    buf_printf (ret, "farrier %s%s%s", c->noun, c->verb == NULL ? "" : " ", verb_of (c));
    if (c->args != NULL)
        buf_printf (ret, " %s", c->args);
    if (c->options != NULL)
        buf_puts (ret, " [OPTION...]");
}

void
help_all (struct buf *ret)
{
    const struct command *c;
    const char *last = "";
    buf_puts (ret, "Usage: farrier NOUN VERB [ARGUMENT...] [OPTION...]\n\n"
                   "Keeps the firmware of a fleet at the version you want, and can prove it.\n\n");
    for (size_t i = 0; (c = command_at (i)) != NULL; i++) {
        if (str_eq (c->noun, last)) {
            buf_printf (ret, ", %s", verb_of (c));
            continue;
        }
        /* A noun that is a command itself and has verbs too. */
        const struct command *next = command_at (i + 1);
        if (c->verb == NULL && next != NULL && str_eq (next->noun, c->noun)) {
            buf_printf (ret, "\n  %-12s SELECTOR", c->noun);
            last = c->noun;
            continue;
        }
        if (c->verb == NULL)
            buf_printf (ret, "%s  %-12s %s", i == 0 ? "" : "\n", c->noun, c->help);
        else
            buf_printf (ret, "%s  %-12s %s", i == 0 ? "" : "\n", c->noun, c->verb);
        last = c->noun;
    }
    buf_puts (ret,
              "\n\n"
              "Hosts are named by a selector: rack=r12,vendor!=dell, n[001-040], web* or\n"
              "@group; every host only with --all.\n"
              "Every command: --help, -o table|wide|json|yaml. See farrier(1).\n");
}

void
help_noun (const char *noun, struct buf *ret)
{
    const struct command *c;
    for (size_t i = 0; (c = command_at (i)) != NULL; i++) {
        if (!str_eq (c->noun, noun))
            continue;
        struct buf line = { 0 };
        buf_printf (&line, "farrier %s%s%s%s%s", c->noun, c->verb == NULL ? "" : " ", verb_of (c),
                    c->args == NULL ? "" : " ", c->args == NULL ? "" : c->args);
        buf_printf (ret, "  %s\n      %s\n", line.data, c->help);
        buf_free (&line);
    }
    buf_printf (ret, "\nfarrier %s VERB --help tells the options.\n", noun);
}

/* "-o, --output FORMAT" */
static void
option_text (const struct option_def *def, struct buf *ret)
{
    if (def->letter != 0)
        buf_printf (ret, "-%c, --%s", def->letter, def->name);
    else
        buf_printf (ret, "    --%s", def->name);
    if (def->arg != NULL)
        buf_printf (ret, " %s", def->arg);
}

void
help_command (const struct command *c, struct buf *ret)
{
    const struct option_def *def;
    buf_puts (ret, "Usage: ");
    help_synopsis (c, ret);
    buf_printf (ret, "\n\n%s.\n\nOptions:\n", c->help);
    for (size_t i = 0; (def = option_at (i)) != NULL; i++) {
        if (!command_takes (c, def))
            continue;
        struct buf left = { 0 };
        option_text (def, &left);
        buf_printf (ret, "  %-28s %s\n", left.data, def->help);
        buf_free (&left);
    }
    buf_printf (ret, "\nExample:\n  %s\n", c->example);
}

/* scdoc gives these a meaning. */
static void
scdoc_text (const char *text, struct buf *ret)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (strchr ("\\*_[]#~`", *p) != NULL)
            buf_putc (ret, '\\');
        buf_putc (ret, *p);
    }
}

static void
scdoc_command (const struct command *c, struct buf *ret)
{
    const struct option_def *def;
    buf_printf (ret, "*%s%s%s*", c->noun, c->verb == NULL ? "" : " ", verb_of (c));
    if (c->args != NULL) {
        buf_putc (ret, ' ');
        scdoc_text (c->args, ret);
    }
    buf_puts (ret, "\n\t");
    scdoc_text (c->help, ret);
    buf_putc (ret, '.');
    bool first = true;
    size_t width = 0;
    for (size_t i = 0; (def = option_at (i)) != NULL; i++) {
        if (!command_takes (c, def) || str_eq (def->name, "help") || str_eq (def->name, "output"))
            continue;
        size_t more = strlen (def->name) + strlen ("*--*, ");
        bool wrap = width + more > SCDOC_WIDTH;
        buf_printf (ret, "%s*--%s*", first ? "\n\tOptions: " : wrap ? ",\n\t" : ", ", def->name);
        width = wrap || first ? more + (first ? strlen ("Options: ") : 0) : width + more;
        first = false;
    }
    buf_puts (ret, first ? "\n\n" : ".\n\n");
}

void
help_scdoc (struct buf *ret)
{
    const struct command *c;
    const struct option_def *def;
    buf_puts (ret, "# COMMANDS\n\n");
    for (size_t i = 0; (c = command_at (i)) != NULL; i++)
        scdoc_command (c, ret);
    buf_puts (ret, "# OPTIONS\n\n");
    for (size_t i = 0; (def = option_at (i)) != NULL; i++) {
        buf_puts (ret, "*");
        if (def->letter != 0)
            buf_printf (ret, "-%c*, *", def->letter);
        buf_printf (ret, "--%s*", def->name);
        if (def->arg != NULL) {
            buf_putc (ret, ' ');
            scdoc_text (def->arg, ret);
        }
        buf_puts (ret, "\n\t");
        scdoc_text (def->help, ret);
        buf_puts (ret, "\n\n");
    }
}
