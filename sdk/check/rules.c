/* rules: see rules.h: signals, the filter of system calls, the stack, the time.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "rules.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/str.h"
#include "guarded.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static int report_fd = -1;
static char note[160];
static uint32_t limit_s;
static const char *volatile inside;    /* what of the plugin runs; NULL = nothing */
static const char *stack_base;
static char signal_stack[65536];

/* --- telling -------------------------------------------------------------------------------- */

void
rules_note (const char *text)
{
    str_copy (note, sizeof note, text);
}

void
rules_fail (const char *rule, const char *fmt, ...)
{
    char line[1024];
    va_list ap;
    int n = snprintf (line, sizeof line, "!%s %s%s", rule[0] == '\0' ? "-" : rule, note,
                      note[0] == '\0' ? "" : ": ");
    va_start (ap, fmt);
    n += vsnprintf (line + n, sizeof line - (size_t) n - 1, fmt, ap);
    va_end (ap);
    if (n > (int) sizeof line - 2)
        n = (int) sizeof line - 2;
    line[n++] = '\n';
    ssize_t written = write (report_fd, line, (size_t) n);
    _exit (written == n ? RULES_EXIT : RULES_EXIT + 1);
}

/* --- system calls --------------------------------------------------------------------------- */

struct denied {
    int number;
    const char *name, *rule;
};

#define DENY(name, rule) { SYS_##name, #name, rule }

static const struct denied denied[] = {
    DENY (clone, "R8"), DENY (clone3, "R8"), DENY (execve, "R8"), DENY (execveat, "R8"),
    DENY (kill, "R8"), DENY (tkill, "R8"), DENY (tgkill, "R8"), DENY (rt_sigaction, "R8"),
    DENY (chdir, "R8"), DENY (fchdir, "R8"), DENY (umask, "R8"), DENY (chroot, "R8"),
    DENY (socket, "R9"), DENY (connect, "R9"),
    DENY (nanosleep, "R10"), DENY (clock_nanosleep, "R10"), DENY (ppoll, "R10"),
    DENY (pselect6, "R10"), DENY (epoll_pwait, "R10"), DENY (wait4, "R10"), DENY (waitid, "R10"),
    DENY (rt_sigsuspend, "R10"), DENY (rt_sigtimedwait, "R10"),
#ifdef SYS_fork
    DENY (fork, "R8"), DENY (vfork, "R8"),
#endif
#ifdef SYS_poll
    DENY (poll, "R10"), DENY (select, "R10"), DENY (epoll_wait, "R10"), DENY (pause, "R10"),
#endif
};

#define DENIED (sizeof denied / sizeof denied[0])

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#else
#define THIS_ARCH 0
#endif

static bool
install_filter (void)
{
    struct sock_filter code[DENIED + 6] = {
        BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, arch)),
        BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0),
        BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    };
    struct sock_fprog program = { .len = DENIED + 6, .filter = code };
    for (size_t i = 0; i < DENIED; i++)
        code[4 + i] = (struct sock_filter) BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K,
                                                     (uint32_t) denied[i].number,
                                                     (uint8_t) (DENIED - i), 0);
    code[4 + DENIED] = (struct sock_filter) BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[5 + DENIED] = (struct sock_filter) BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    return THIS_ARCH != 0 && prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
           && prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* --- signals -------------------------------------------------------------------------------- */

static void
on_sigsys (int number, siginfo_t *info, void *context)
{
    (void) number;
    (void) context;
    for (size_t i = 0; i < DENIED; i++)
        if (denied[i].number == info->si_syscall)
            rules_fail (denied[i].rule, "the system call %s was made", denied[i].name);
    rules_fail ("R8", "the system call %d was made", info->si_syscall);
}

/* An address that ended with a callback, or an ordinary crash. */
static void
on_fault (int number, siginfo_t *info, void *context)
{
    static const char *const rules[GUARDED_KINDS] = { "R5", "R3", "R2" };
    static const char *const what[GUARDED_KINDS]
        = { "a handle of a callback that has ended", "memory of a callback that has ended",
            "what was passed to a call that has ended" };
    enum guarded_kind kind;
    bool live;
    (void) context;
    if (guarded_find (info->si_addr, &kind, &live) && !live)
        rules_fail (rules[kind], "%s is used", what[kind]);
    ptrdiff_t below = stack_base == NULL ? 0 : stack_base - (const char *) info->si_addr;
    if (below > RULES_STACK_BYTES && below < (64 << 20) && number == SIGSEGV)
        rules_fail ("R7", "the stack overflowed");
    rules_fail ("", "%s at address %p, in %s",
                number == SIGBUS   ? "bus error"
                : number == SIGFPE ? "arithmetic fault"
                : number == SIGILL ? "illegal instruction"
                                   : "segmentation fault",
                info->si_addr, inside == NULL ? "the checker, after the plugin" : "the plugin");
}

static void
on_alarm (int number)
{
    (void) number;
    rules_fail ("R10", "a call took more than %u s: it waits or loops by itself", limit_s);
}

static void
on_abort (int number)
{
    (void) number;
    rules_fail ("", "the process aborted (a heap that was damaged, a failed assertion)");
}

static void
catch (int number, void (*simple) (int), void (*full) (int, siginfo_t *, void *))
{
    struct sigaction action = { .sa_flags = SA_ONSTACK | (full == NULL ? 0 : SA_SIGINFO) };
    sigemptyset (&action.sa_mask);
    if (full != NULL)
        action.sa_sigaction = full;
    else
        action.sa_handler = simple;
    sigaction (number, &action, NULL);
}

bool
rules_begin (int fd, uint32_t seconds, const char **ret_why)
{
    stack_t stack = { .ss_sp = signal_stack, .ss_size = sizeof signal_stack };
    report_fd = fd;
    limit_s = seconds;
    bench_catches = false;             /* the faults are ours */
    rules_take_output ();
    rules_remember ();
    sigaltstack (&stack, NULL);
    catch (SIGALRM, on_alarm, NULL);
    catch (SIGABRT, on_abort, NULL);
    catch (SIGSYS, NULL, on_sigsys);
    if (!SANITIZED) {
        catch (SIGBUS, NULL, on_fault);
        catch (SIGFPE, NULL, on_fault);
        catch (SIGILL, NULL, on_fault);
    }
    catch (SIGSEGV, NULL, on_fault);
    if (SANITIZED) {
        *ret_why = "this checker was built with a sanitizer";
        return false;
    }
    if (!install_filter ()) {
        *ret_why = THIS_ARCH == 0 ? "not known for this processor" : strerror (errno);
        return false;
    }
    return true;
}

/* --- the watch ------------------------------------------------------------------------------ */

static void
before (void *arg)
{
    struct itimerval limit = { .it_value = { .tv_sec = limit_s } };
    (void) arg;
    stack_base = __builtin_frame_address (0);
    inside = "a callback";
    setitimer (ITIMER_REAL, &limit, NULL);
}

static void
after (void *arg)
{
    static const struct itimerval none;
    (void) arg;
    setitimer (ITIMER_REAL, &none, NULL);
    inside = NULL;
    rules_compare ();
}

static void
core_call (void *arg, const char *member, const void *frame)
{
    ptrdiff_t depth = stack_base - (const char *) frame;
    (void) arg;
    if (inside != NULL && !SANITIZED && depth > RULES_STACK_BYTES)
        rules_fail ("R7", "%s() is called with %td KiB of stack in use", member, depth / 1024);
    if (rules_locks_held () > 0)
        rules_fail ("R7", "%s() is called while a lock is held", member);
}

void
rules_watch (struct farrier_test *t)
{
    t->watch = (struct bench_watch) { before, after, core_call, NULL };
}
