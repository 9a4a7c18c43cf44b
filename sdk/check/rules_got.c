/* rules_got: what the plugin's own object calls in the C library is replaced, so that it is known
 * who called. Only that object: what a library of the vendor does is the filter's business.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guarded.h"
#include "rules.h"

#define FORBIDDEN(X)                                                                           \
    X (fork, "R8") X (vfork, "R8") X (execve, "R8") X (execv, "R8") X (execvp, "R8")           \
    X (execvpe, "R8") X (execl, "R8") X (execlp, "R8") X (execle, "R8") X (fexecve, "R8")      \
    X (system, "R8") X (popen, "R8") X (posix_spawn, "R8") X (posix_spawnp, "R8")              \
    X (daemon, "R8") X (kill, "R8") X (raise, "R8") X (signal, "R8") X (sigaction, "R8")       \
    X (sigprocmask, "R8") X (pthread_sigmask, "R8") X (alarm, "R8") X (setitimer, "R8")        \
    X (timer_create, "R8") X (chdir, "R8") X (fchdir, "R8") X (umask, "R8") X (setenv, "R8")   \
    X (unsetenv, "R8") X (putenv, "R8") X (clearenv, "R8") X (pthread_create, "R8")            \
    X (thrd_create, "R8") X (printf, "R8") X (__printf_chk, "R8") X (vprintf, "R8")            \
    X (__vprintf_chk, "R8") X (puts, "R8") X (putchar, "R8") X (perror, "R8") X (exit, "R8")   \
    X (_exit, "R8") X (quick_exit, "R8") X (socket, "R9") X (connect, "R9")                    \
    X (getaddrinfo, "R9") X (dlopen, "R9") X (sleep, "R10") X (usleep, "R10")                  \
    X (nanosleep, "R10") X (clock_nanosleep, "R10") X (poll, "R10") X (ppoll, "R10")           \
    X (select, "R10") X (pselect, "R10") X (epoll_wait, "R10") X (epoll_pwait, "R10")          \
    X (pause, "R10") X (sigsuspend, "R10") X (sigwait, "R10") X (sem_wait, "R10")              \
    X (sem_timedwait, "R10") X (pthread_cond_wait, "R10") X (pthread_cond_timedwait, "R10")    \
    X (pthread_join, "R10") X (wait, "R10") X (waitpid, "R10") X (waitid, "R10")

#define CATCHER(name, rule)                                     \
    static void __attribute__ ((noreturn)) caught_##name (void) \
    {                                                           \
        rules_fail (rule, #name "() was called");               \
    }
FORBIDDEN (CATCHER)

static int locks;

static char *
checked_setlocale (int category, const char *locale)
{
    if (locale != NULL)
        rules_fail ("R8", "setlocale() was called");
    return setlocale (category, NULL);
}

static void
judge_free (const void *p, const char *function)
{
    enum guarded_kind kind;
    bool live;
    if (p != NULL && guarded_find (p, &kind, &live))
        rules_fail ("R6", "%s() was called on memory of the core", function);
}

static void
checked_free (void *p)
{
    judge_free (p, "free");
    free (p);
}

static void *
checked_realloc (void *p, size_t size)
{
    judge_free (p, "realloc");
    return realloc (p, size);
}

static int
counted_lock (pthread_mutex_t *mutex)
{
    int rc = pthread_mutex_lock (mutex);
    locks += rc == 0;
    return rc;
}

static int
counted_trylock (pthread_mutex_t *mutex)
{
    int rc = pthread_mutex_trylock (mutex);
    locks += rc == 0;
    return rc;
}

static int
counted_unlock (pthread_mutex_t *mutex)
{
    int rc = pthread_mutex_unlock (mutex);
    locks -= rc == 0;
    return rc;
}

int
rules_locks_held (void)
{
    return locks;
}

/* --- the object's table --------------------------------------------------------------------- */

typedef void (*any_function) (void);

static const struct {
    const char *name;
    any_function instead;
} table[] = {
#define ROW(name, rule) { #name, caught_##name },
    FORBIDDEN (ROW)
    { "setlocale", (any_function) checked_setlocale },
    { "free", (any_function) checked_free },
    { "realloc", (any_function) checked_realloc },
    { "pthread_mutex_lock", (any_function) counted_lock },
    { "pthread_mutex_trylock", (any_function) counted_trylock },
    { "pthread_mutex_unlock", (any_function) counted_unlock },
};

static any_function
instead_of (const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp (table[i].name, name) == 0)
            return table[i].instead;
    return NULL;
}

static void
write_slot (void **slot, any_function value)
{
    long page = sysconf (_SC_PAGESIZE);
    char *start = (char *) ((uintptr_t) slot & ~((uintptr_t) page - 1));
    /* Full RELRO has made the page read-only. It stays writable: without RELRO the plugin's own
     * data may lie in the same page. */
    if (mprotect (start, (size_t) page, PROT_READ | PROT_WRITE) == 0)
        memcpy (slot, &value, sizeof value);
}

struct object {
    ElfW (Addr) base;
    const ElfW (Sym) *symbols;
    const char *strings;
};

#if UINTPTR_MAX > 0xffffffffu
#define SYMBOL_OF(info) ELF64_R_SYM (info)
#else
#define SYMBOL_OF(info) ELF32_R_SYM (info)
#endif

static int
patch_relocations (const struct object *o, const ElfW (Rela) *first, size_t bytes)
{
    int patched = 0;
    for (size_t i = 0; first != NULL && i < bytes / sizeof *first; i++) {
        const ElfW (Sym) *symbol = &o->symbols[SYMBOL_OF (first[i].r_info)];
        const char *name = o->strings + symbol->st_name;
        any_function instead = symbol->st_name == 0 || symbol->st_shndx != SHN_UNDEF
                                   ? NULL
                                   : instead_of (name);
        void **slot = (void **) (o->base + first[i].r_offset);
        /* Anything but the function's own address (a PC-relative place, say) is left alone. */
        if (instead != NULL && *slot == dlsym (RTLD_DEFAULT, name)) {
            write_slot (slot, instead);
            patched++;
        }
    }
    return patched;
}

int
rules_patch (void *handle)
{
    struct link_map *map = NULL;
    struct object o = { 0 };
    const ElfW (Rela) *plt = NULL, *others = NULL;
    size_t plt_bytes = 0, other_bytes = 0;
    bool known = true;
    if (handle == NULL || dlinfo (handle, RTLD_DI_LINKMAP, &map) != 0)
        return 0;
    o.base = map->l_addr;
    for (const ElfW (Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++) {
        switch (d->d_tag) {
        case DT_SYMTAB: o.symbols = (const void *) d->d_un.d_ptr; break;
        case DT_STRTAB: o.strings = (const void *) d->d_un.d_ptr; break;
        case DT_JMPREL: plt = (const void *) d->d_un.d_ptr; break;
        case DT_PLTREL: known = d->d_un.d_val == DT_RELA; break;
        case DT_PLTRELSZ: plt_bytes = d->d_un.d_val; break;
        case DT_RELA: others = (const void *) d->d_un.d_ptr; break;
        case DT_RELASZ: other_bytes = d->d_un.d_val; break;
        default: break;
        }
    }
    /* Processors that keep the addends in place are left to the filter. */
    if (o.symbols == NULL || o.strings == NULL || !known)
        return 0;
    return patch_relocations (&o, plt, plt_bytes) + patch_relocations (&o, others, other_bytes);
}
