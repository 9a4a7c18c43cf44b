/* completion: scripts for bash, zsh and fish, from the table of commands.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"

static void
nouns (struct buf *ret)
{
    const struct command *c;
    const char *last = "";
    for (size_t i = 0; (c = command_at (i)) != NULL; i++) {
        if (!str_eq (c->noun, last))
            buf_printf (ret, "%s%s", *last == '\0' ? "" : " ", c->noun);
        last = c->noun;
    }
}

static void
verbs (const char *noun, struct buf *ret)
{
    const struct command *c;
    bool first = true;
    buf_puts (ret, "");
    for (size_t i = 0; (c = command_at (i)) != NULL; i++) {
        if (!str_eq (c->noun, noun) || c->verb == NULL)
            continue;
        buf_printf (ret, "%s%s", first ? "" : " ", c->verb);
        first = false;
    }
}

static void
option_words (const struct command *c, struct buf *ret)
{
    const struct option_def *def;
    bool first = true;
    for (size_t i = 0; (def = option_at (i)) != NULL; i++) {
        if (!command_takes (c, def))
            continue;
        buf_printf (ret, "%s--%s", first ? "" : " ", def->name);
        first = false;
    }
}

/* case lines: what may follow "noun verb", and what an option may be. Shared by bash and zsh. */
static void
case_lines (struct buf *ret)
{
    const struct command *c;
    const struct option_def *def;
    const char *last = "";
    buf_puts (ret, "    case \"$prev\" in\n");
    for (size_t i = 0; (def = option_at (i)) != NULL; i++) {
        if (def->words == NULL)
            continue;
        if (def->letter != 0)
            buf_printf (ret, "    -%c|--%s) words='%s' ;;\n", def->letter, def->name, def->words);
        else
            buf_printf (ret, "    --%s) words='%s' ;;\n", def->name, def->words);
    }
    buf_puts (ret, "    --*file|--ca|--os-key) files=1 ;;\n    esac\n"
                   "    if [ -z \"$words$files\" ]; then case \"$noun $verb\" in\n");
    for (size_t i = 0; (c = command_at (i)) != NULL; i++) {
        buf_printf (ret, "    \"%s %s\"*) words='", c->noun, c->verb == NULL ? "" : c->verb);
        option_words (c, ret);
        if (str_eq (c->noun, "completion"))
            buf_puts (ret, " bash zsh fish");
        if (str_eq (c->noun, "help")) {
            buf_putc (ret, ' ');
            nouns (ret);
        }
        buf_printf (ret, "'%s ;;\n",
                    c->args != NULL && strstr (c->args, "FILE") != NULL ? "; files=1" : "");
    }
    for (size_t i = 0; (c = command_at (i)) != NULL; i++) {
        if (c->verb == NULL || str_eq (c->noun, last))
            continue;
        last = c->noun;
        buf_printf (ret, "    \"%s \"*) words='", c->noun);
        verbs (c->noun, ret);
        buf_puts (ret, "' ;;\n");
    }
    buf_puts (ret, "    *) words='");
    nouns (ret);
    buf_puts (ret, "' ;;\n    esac; fi\n");
}

static void
bash (struct buf *ret)
{
    buf_puts (ret,
              "# bash completion for farrier, made by `farrier completion bash`.\n"
              "_farrier ()\n{\n"
              "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
              "    local noun= verb= words= files=\n"
              "    [ \"$COMP_CWORD\" -gt 1 ] && noun=${COMP_WORDS[1]}\n"
              "    [ \"$COMP_CWORD\" -gt 2 ] && verb=${COMP_WORDS[2]}\n");
    case_lines (ret);
    buf_puts (ret,
              "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
              "    if [ -n \"$files\" ]; then\n"
              "        COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
              "        compopt -o filenames 2>/dev/null\n"
              "    fi\n"
              "}\n"
              "complete -F _farrier farrier\n");
}

static void
zsh (struct buf *ret)
{
    buf_puts (ret,
              "#compdef farrier\n"
              "# zsh completion for farrier, made by `farrier completion zsh`.\n"
              "_farrier ()\n{\n"
              "    local prev=${words[CURRENT-1]} noun= verb= files= all=(\"${(@)words}\")\n"
              "    [ \"$CURRENT\" -gt 2 ] && noun=${all[2]}\n"
              "    [ \"$CURRENT\" -gt 3 ] && verb=${all[3]}\n"
              "    local words=\n");
    case_lines (ret);
    buf_puts (ret,
              "    compadd -- ${=words}\n"
              "    [ -n \"$files\" ] && _files\n"
              "    return 0\n"
              "}\n"
              "compdef _farrier farrier\n");
}

static void
fish_quote (const char *text, struct buf *ret)
{
    buf_putc (ret, '\'');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'' || *p == '\\')
            buf_putc (ret, '\\');
        buf_putc (ret, *p);
    }
    buf_putc (ret, '\'');
}

static void
fish_condition (const struct command *c, struct buf *ret)
{
    buf_printf (ret, "complete -c farrier -n '__fish_seen_subcommand_from %s", c->noun);
    if (c->verb != NULL)
        buf_printf (ret, "; and __fish_seen_subcommand_from %s", c->verb);
    buf_putc (ret, '\'');
}

static void
fish_options (const struct command *c, struct buf *ret)
{
    const struct option_def *def;
    for (size_t i = 0; (def = option_at (i)) != NULL; i++) {
        if (!command_takes (c, def))
            continue;
        fish_condition (c, ret);
        buf_printf (ret, " -l %s", def->name);
        if (def->letter != 0)
            buf_printf (ret, " -s %c", def->letter);
        if (def->arg != NULL)
            buf_puts (ret, str_eq (def->arg, "FILE") ? " -r -F" : " -x");
        if (def->words != NULL) {
            buf_puts (ret, " -a ");
            fish_quote (def->words, ret);
        }
        buf_puts (ret, " -d ");
        fish_quote (def->help, ret);
        buf_putc (ret, '\n');
    }
}

static void
fish (struct buf *ret)
{
    const struct command *c;
    buf_puts (ret, "# fish completion for farrier, made by `farrier completion fish`.\n"
                   "complete -c farrier -f\n"
                   "complete -c farrier -n __fish_use_subcommand -a '");
    nouns (ret);
    buf_puts (ret, "'\n");
    for (size_t i = 0; (c = command_at (i)) != NULL; i++) {
        if (c->verb != NULL) {
            struct buf all = { 0 };
            verbs (c->noun, &all);
            buf_printf (ret, "complete -c farrier -n '__fish_seen_subcommand_from %s; and not "
                        "__fish_seen_subcommand_from %s' -a %s -d ", c->noun, all.data, c->verb);
            fish_quote (c->help, ret);
            buf_putc (ret, '\n');
            buf_free (&all);
        }
        fish_options (c, ret);
    }
    buf_puts (ret, "complete -c farrier -n '__fish_seen_subcommand_from completion' -a "
                   "'bash zsh fish'\n");
}

int32_t
completion_script (const char *shell, struct buf *ret, struct err *err)
{
    if (str_eq (shell, "bash"))
        bash (ret);
    else if (str_eq (shell, "zsh"))
        zsh (ret);
    else if (str_eq (shell, "fish"))
        fish (ret);
    else {
        err_set (err, ERR_USAGE, "there is no completion for \"%.40s\"", shell);
        err_hint (err, "farrier completion bash, zsh or fish");
        return ERR_USAGE;
    }
    return 0;
}
