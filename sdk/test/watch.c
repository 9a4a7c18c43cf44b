/* watch: the rules of farrier/host.h that a plugin's own test can see: stack (R7), the process as
 * the plugin found it (R8), and memory that has ended (R2, R3, R5), which ends the test program
 * with a message. farrier-plugin-check sees more.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/str.h"
#include "bench.h"
#include "guarded.h"

#define STACK_BYTES 65536

extern char **environ;

bool bench_catches = true;

static const char *stack_base;
static struct {
    uint64_t environment;
    char locale[256], folder[1024];
} was;

static uint64_t
hash_environment (void)
{
    uint64_t sum = 0;
    for (char **at = environ; at != NULL && *at != NULL; at++)
        sum = sum * 31 + hash_fnv1a (*at);
    return sum;
}

static void
read_folder (char *ret, size_t size)
{
    if (getcwd (ret, size) == NULL)
        ret[0] = '\0';
}

static void
before (void *arg)
{
    (void) arg;
    stack_base = __builtin_frame_address (0);
    was.environment = hash_environment ();
    str_copy (was.locale, sizeof was.locale, setlocale (LC_ALL, NULL));
    read_folder (was.folder, sizeof was.folder);
}

static void
after (void *arg)
{
    char folder[sizeof was.folder];
    struct farrier_test *t = arg;
    stack_base = NULL;
    read_folder (folder, sizeof folder);
    if (hash_environment () != was.environment)
        bench_break (t, "R8", "the environment is not what it was");
    else if (!str_eq (setlocale (LC_ALL, NULL), was.locale))
        bench_break (t, "R8", "the locale is not what it was");
    else if (!str_eq (folder, was.folder))
        bench_break (t, "R8", "the working directory is not what it was");
}

static void
core_call (void *arg, const char *member, const void *frame)
{
    struct farrier_test *t = arg;
#if !defined(__SANITIZE_ADDRESS__)
    ptrdiff_t depth = stack_base == NULL ? 0 : stack_base - (const char *) frame;
    if (depth > STACK_BYTES)
        bench_break (t, "R7", "%s() is called with %td KiB of stack in use", member,
                     depth / 1024);
#else
    (void) t;
    (void) member;
    (void) frame;
#endif
}

/* --- memory that has ended ------------------------------------------------------------------ */

static void
on_fault (int number, siginfo_t *info, void *context)
{
    static const char *const text[GUARDED_KINDS] = {
        "libfarrier-test: R5: a handle of a callback that has ended is used\n",
        "libfarrier-test: R3: memory of a callback that has ended is used\n",
        "libfarrier-test: R2: what was passed to a call that has ended is used\n",
    };
    enum guarded_kind kind;
    bool live;
    (void) context;
    if (guarded_find (info->si_addr, &kind, &live) && !live) {
        ssize_t n = write (STDERR_FILENO, text[kind], strlen (text[kind]));
        (void) n;
    }
    signal (number, SIG_DFL);          /* and again, as it would have been */
}

/* Somebody else's handler stays. */
static void
catch_faults (void)
{
    static const int numbers[] = { SIGSEGV, SIGBUS };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction old, ours = { .sa_flags = SA_SIGINFO };
        ours.sa_sigaction = on_fault;
        sigemptyset (&ours.sa_mask);
        if (sigaction (numbers[i], NULL, &old) == 0 && (old.sa_flags & SA_SIGINFO) == 0
            && old.sa_handler == SIG_DFL)
            sigaction (numbers[i], &ours, NULL);
    }
}

void
bench_watch_begin (struct farrier_test *t)
{
    static bool caught;
    t->watch = (struct bench_watch) { before, after, core_call, t };
    if (bench_catches && !caught)
        catch_faults ();
    caught = true;
}
