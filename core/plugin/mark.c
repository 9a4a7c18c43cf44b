/* mark: remembers, in a mapped file, which thread is inside which plugin.
 *
 * The file is written by the threads (their own slot each) and, at the moment of death, by a signal
 * handler, which may only touch memory: hence the mapping. Its owner holds a lock on it for as long
 * as it lives, so that a reader can tell a dead process's file from a living one's.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/deaths.h"
#include "plugin/mark_file.h"

static struct mark_file *map;          /* NULL until mark_start() */
static int map_fd = -1;
static char *map_path;
static char *map_state_dir;
static pthread_key_t slot_key;

static __thread int own_slot = -1;     /* this thread's; -1 = none yet */
static __thread int depth;             /* calls this thread is inside of */

static const int fatal_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS };
static struct sigaction former[sizeof fatal_signals / sizeof fatal_signals[0]];

/* --- at the moment of death ----------------------------------------------------------------- */

static void
record_death (int how)
{
    struct mark_file *m = map;
    if (m == NULL || depth == 0 || own_slot < 0)
        return;
    __atomic_store_n (&m->death, how, __ATOMIC_RELAXED);
    __atomic_store_n (&m->death_slot, own_slot + 1, __ATOMIC_RELEASE);
}

static void
on_fatal (int sig, siginfo_t *info, void *context)
{
    (void) context;
    record_death (sig);
    for (size_t i = 0; i < sizeof fatal_signals / sizeof fatal_signals[0]; i++)
        if (fatal_signals[i] == sig)
            sigaction (sig, &former[i], NULL);
    /* A fault of the processor comes again by itself; one that was sent must be sent again. */
    if (info->si_code <= 0)
        raise (sig);
}

static void
on_exit_call (void)
{
    record_death (MARK_DEATH_EXIT);
}

static void
install_handlers (void)
{
    struct sigaction action = { .sa_sigaction = on_fatal,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
    sigemptyset (&action.sa_mask);
    for (size_t i = 0; i < sizeof fatal_signals / sizeof fatal_signals[0]; i++)
        sigaction (fatal_signals[i], &action, &former[i]);
    atexit (on_exit_call);
}

/* --- slots ---------------------------------------------------------------------------------- */

/* A thread that nobody joins may end while the program does. */
static pthread_mutex_t ending = PTHREAD_MUTEX_INITIALIZER;

static void
slot_release (void *slot_plus_one)
{
    pthread_mutex_lock (&ending);
    if (map != NULL) {
        struct mark_slot *slot = &map->slots[(intptr_t) slot_plus_one - 1];
        __atomic_store_n (&slot->taken, 0, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock (&ending);
}

static int
slot_take (void)
{
    for (int i = 0; i < MARK_SLOTS; i++) {
        uint32_t zero = 0;
        if (__atomic_compare_exchange_n (&map->slots[i].taken, &zero, 1, false, __ATOMIC_ACQUIRE,
                                         __ATOMIC_RELAXED)) {
            pthread_setspecific (slot_key, (void *) (intptr_t) (i + 1));
            return i;
        }
    }
    return -1;
}

void
mark_enter (const char *plugin, const char *what)
{
    if (map == NULL)
        return;
    if (depth == 0 && own_slot < 0)
        own_slot = slot_take ();
    if (depth == 0 && own_slot >= 0) {
        struct mark_slot *slot = &map->slots[own_slot];
        str_copy (slot->plugin, sizeof slot->plugin, plugin);
        str_copy (slot->what, sizeof slot->what, what);
    }
    depth++;
}

static void
count_call (const char *plugin)
{
    for (int i = 0; i < MARK_PLUGINS; i++) {
        struct mark_used *used = &map->used[i];
        uint32_t state = __atomic_load_n (&used->state, __ATOMIC_ACQUIRE);
        if (state == MARK_USED_SET && strcmp (used->plugin, plugin) == 0)
            return;
        if (state != MARK_USED_FREE)
            continue;
        if (__atomic_compare_exchange_n (&used->state, &state, MARK_USED_BUSY, false,
                                         __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            str_copy (used->plugin, sizeof used->plugin, plugin);
            __atomic_store_n (&used->state, MARK_USED_SET, __ATOMIC_RELEASE);
            return;
        }
    }
}

void
mark_leave (void)
{
    if (map == NULL || depth == 0 || --depth > 0 || own_slot < 0)
        return;
    struct mark_slot *slot = &map->slots[own_slot];
    count_call (slot->plugin);
    slot->plugin[0] = '\0';
}

/* --- start and stop ------------------------------------------------------------------------- */

/* What a dead process left: apply it and remove it. */
static void
harvest (const char *path, const char *state_dir)
{
    int fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    struct stat st;
    struct mark_file *left = NULL;
    if (flock (fd, LOCK_EX | LOCK_NB) == 0 && fstat (fd, &st) == 0 && st.st_nlink > 0) {
        if (st.st_size == (off_t) sizeof *left)
            left = mmap (NULL, sizeof *left, PROT_READ, MAP_SHARED, fd, 0);
        if (left != NULL && left != MAP_FAILED && left->magic == MARK_MAGIC)
            deaths_apply (state_dir, left);
        unlink (path);
    }
    if (left != NULL && left != MAP_FAILED)
        munmap (left, sizeof *left);
    close (fd);
}

/* Why the process died, when it was inside the plugin. Heap; NULL. */
static char *
death_in (const struct mark_file *left, const char *plugin)
{
    if (left->magic != MARK_MAGIC || left->death_slot <= 0 || left->death_slot > MARK_SLOTS)
        return NULL;
    struct mark_slot slot = left->slots[left->death_slot - 1];
    slot.plugin[sizeof slot.plugin - 1] = slot.what[sizeof slot.what - 1] = '\0';
    if (!str_eq (slot.plugin, plugin))
        return NULL;
    if (left->death == MARK_DEATH_EXIT)
        return str_printf ("farrier ended inside %s, in %s: exit() was called", plugin, slot.what);
    return str_printf ("farrier died inside %s, in %s: signal %d (%s)", plugin, slot.what,
                       left->death, strsignal (left->death));
}

bool
mark_peek (const char *run_dir, const char *plugin, char **ret_why)
{
    struct vec paths = { 0 };
    char *why = NULL;
    fs_list (run_dir, MARK_SUFFIX, &paths, NULL);
    for (size_t i = 0; i < paths.count && why == NULL; i++) {
        struct mark_file *left = mem_alloc (sizeof *left);
        int fd = open (paths.items[i], O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0 && flock (fd, LOCK_SH | LOCK_NB) == 0
            && read (fd, left, sizeof *left) == (ssize_t) sizeof *left)
            why = death_in (left, plugin);
        if (fd >= 0)
            close (fd);
        mem_free (left);
    }
    vec_free_with (&paths, mem_free);
    if (why != NULL)
        *ret_why = why;
    return why != NULL;
}

static void
harvest_all (const char *run_dir, const char *state_dir)
{
    struct vec paths = { 0 };
    if (fs_list (run_dir, MARK_SUFFIX, &paths, NULL) == 0)
        for (size_t i = 0; i < paths.count; i++)
            harvest (paths.items[i], state_dir);
    vec_free_with (&paths, mem_free);
}

static int32_t
make_file (const char *run_dir, struct err *err)
{
    map_path = str_printf ("%s/%ld%s", run_dir, (long) getpid (), MARK_SUFFIX);
    int fd = open (map_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set_errno (err, ERR_IO, errno, "cannot make the mark file %s", map_path);
    if (flock (fd, LOCK_EX | LOCK_NB) != 0 || ftruncate (fd, sizeof *map) != 0) {
        int error = errno;
        close (fd);
        return err_set_errno (err, ERR_IO, error, "cannot lock the mark file %s", map_path);
    }
    void *mapped = mmap (NULL, sizeof *map, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) {
        int error = errno;
        close (fd);
        return err_set_errno (err, ERR_IO, error, "cannot map the mark file %s", map_path);
    }
    map_fd = fd;
    map = mapped;
    map->magic = MARK_MAGIC;
    return 0;
}

int32_t
mark_start (const char *run_dir, const char *state_dir, struct err *err)
{
    static bool handlers;
    if (map != NULL)
        return 0;
    int32_t rc = fs_mkdirs (run_dir, 0700, err);
    if (rc == 0)
        rc = fs_mkdirs (state_dir, 0700, err);
    if (rc < 0)
        return rc;
    harvest_all (run_dir, state_dir);
    rc = make_file (run_dir, err);
    if (rc < 0) {
        mem_free (map_path);
        map_path = NULL;
        return rc;
    }
    map_state_dir = str_dup (state_dir);
    if (!handlers) {
        pthread_key_create (&slot_key, slot_release);
        install_handlers ();
        handlers = true;
    }
    return 0;
}

void
mark_stop (void)
{
    if (map == NULL)
        return;
    struct mark_file *ended = map;
    deaths_apply (map_state_dir, ended);
    unlink (map_path);
    pthread_mutex_lock (&ending);
    map = NULL;
    munmap (ended, sizeof *ended);
    pthread_mutex_unlock (&ending);
    own_slot = -1;
    close (map_fd);
    map_fd = -1;
    mem_free (map_path);
    mem_free (map_state_dir);
    map_path = map_state_dir = NULL;
}
