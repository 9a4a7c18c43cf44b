/* rules_state: the process as it was before the plugin ran: environment, locale, folder, output,
 * descriptors, threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/str.h"
#include "rules.h"

extern char **environ;

static struct {
    uint64_t environment;
    char locale[256], folder[1024];
    off_t output;
    int descriptors, threads;
} was;

static int output_fd = -1;

static uint64_t
hash_environment (void)
{
    uint64_t sum = 0;
    for (char **at = environ; at != NULL && *at != NULL; at++)
        sum = sum * 31 + hash_fnv1a (*at);
    return sum;
}

static int
count_entries (const char *dir)
{
    DIR *d = opendir (dir);
    int count = 0;
    if (d == NULL)
        return -1;
    while (readdir (d) != NULL)
        count++;
    closedir (d);
    return count;
}

static void
read_folder (char *ret, size_t size)
{
    ssize_t n = readlink ("/proc/self/cwd", ret, size - 1);
    ret[n < 0 ? 0 : n] = '\0';
}

static off_t
output_size (void)
{
    struct stat st;
    fflush (stdout);
    fflush (stderr);
    return output_fd < 0 || fstat (output_fd, &st) != 0 ? 0 : st.st_size;
}

void
rules_take_output (void)
{
    output_fd = memfd_create ("output", MFD_CLOEXEC);
    if (output_fd < 0)
        return;
    dup2 (output_fd, STDOUT_FILENO);
    dup2 (output_fd, STDERR_FILENO);
}

void
rules_remember (void)
{
    was.environment = hash_environment ();
    str_copy (was.locale, sizeof was.locale, setlocale (LC_ALL, NULL));
    read_folder (was.folder, sizeof was.folder);
    was.output = output_size ();
    was.descriptors = count_entries ("/proc/self/fd");
    was.threads = count_entries ("/proc/self/task");
}

static void
tell_output (off_t from)
{
    char text[160] = "";
    ssize_t n = pread (output_fd, text, sizeof text - 1, from);
    text[n < 0 ? 0 : n] = '\0';
    rules_fail ("R8", "wrote to standard output or error: \"%.*s\"", (int) strcspn (text, "\n"),
                text);
}

void
rules_compare (void)
{
    char folder[sizeof was.folder];
    if (hash_environment () != was.environment)
        rules_fail ("R8", "the environment is not what it was");
    if (!str_eq (setlocale (LC_ALL, NULL), was.locale))
        rules_fail ("R8", "the locale is not what it was");
    read_folder (folder, sizeof folder);
    if (!str_eq (folder, was.folder))
        rules_fail ("R8", "the working directory is not what it was");
    if (output_size () > was.output)
        tell_output (was.output);
}

void
rules_look_for_leaks (void)
{
    int threads = count_entries ("/proc/self/task");
    int descriptors = count_entries ("/proc/self/fd");
    if (threads > was.threads)
        rules_fail ("R8", "%d thread%s left running", threads - was.threads,
                    threads - was.threads == 1 ? " was" : "s were");
    if (descriptors > was.descriptors)
        rules_fail ("", "%d descriptor%s left open", descriptors - was.descriptors,
                    descriptors - was.descriptors == 1 ? " was" : "s were");
}
