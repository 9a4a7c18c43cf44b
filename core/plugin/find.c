/* find: which files are plugins, before anything of them is read.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/find.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/exec.h"
#include "plugin/private.h"

/* True when the directory can be listed and was not listed yet under another name. */
static bool
directory_is_good (const char *dir, struct vec *seen, struct fault_list *faults)
{
    struct stat st;
    DIR *d = opendir (dir);
    int error = errno;
    bool good = d != NULL && fstat (dirfd (d), &st) == 0;
    if (d != NULL)
        closedir (d);
    if (d == NULL && error == ENOENT) {
        fault_add (faults, PLUGIN_FAULT_DIR_MISSING, "the plugin directory %s is not there: %s",
                   dir, strerror (error));
        fault_hint (faults, "install a package farrier-plugin-NAME, or correct plugins and "
                            "exec_plugins in farrier.conf");
    } else if (d == NULL) {
        fault_add (faults, PLUGIN_FAULT_DIR_UNREADABLE,
                   "the plugin directory %s can't be read by user %u: %s", dir,
                   (unsigned) geteuid (), strerror (error));
        fault_hint (faults, "ls -ld %s", dir);
    }
    for (size_t i = 0; good && i < seen->count; i++) {
        const struct stat *other = seen->items[i];
        if (other->st_dev == st.st_dev && other->st_ino == st.st_ino) {
            log_info ("%s is a plugin directory that was looked at already", dir);
            return false;
        }
    }
    if (good)
        vec_push (seen, mem_dup (&st, sizeof st));
    return good;
}

static void
judge_duplicate (struct found *f, const struct vec *all)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct found *former = all->items[i];
        if (former->fault != PLUGIN_FAULT_NONE)
            continue;
        if (str_eq (former->name, f->name))
            f->fault = PLUGIN_FAULT_DUPLICATE;
        else if (former->is_there && f->is_there && former->device == f->device
                 && former->inode == f->inode)
            f->fault = PLUGIN_FAULT_DUPLICATE_INODE;
        else
            continue;
        f->former = former;
        return;
    }
}

static void
take_file (char *file, const char *suffix, struct vec *all)
{
    struct found *f = mem_alloc (sizeof *f);
    struct stat st;
    const char *base = fs_basename (file);
    f->file = file;
    f->name = str_ndup (base, strlen (base) - strlen (suffix));
    f->is_there = stat (file, &st) == 0;
    if (f->is_there) {
        f->device = st.st_dev;
        f->inode = st.st_ino;
    }
    judge_duplicate (f, all);
    vec_push (all, f);
}

static void
find_in (const char *dir, const char *suffix, struct vec *ret_found, struct fault_list *faults)
{
    struct vec files = { 0 };
    struct err err = { 0 };
    if (fs_list (dir, suffix, &files, &err) != 0)
        fault_add (faults, PLUGIN_FAULT_DIR_UNREADABLE, "the plugin directory %s: %s", dir,
                   err.message);
    for (size_t k = 0; k < files.count; k++)
        take_file (files.items[k], suffix, ret_found);
    vec_free (&files);
}

void
find_plugins (const struct plugin_settings *settings, struct vec *ret_found,
              struct fault_list *faults)
{
    struct vec seen = { 0 }, exec_seen = { 0 };
    const struct plugin_built_in *b = settings->built_ins;
    for (; b != NULL && b->name != NULL; b++)
        take_file (str_printf ("%s%s", PLUGIN_BUILT_IN_FOLDER, b->name), "", ret_found);
    bool any = b != NULL && b != settings->built_ins;
    for (size_t i = 0; i < settings->dir_count; i++) {
        /* A program with plugins of its own needs no others. */
        if (any && !fs_exists (settings->dirs[i]))
            continue;
        if (directory_is_good (settings->dirs[i], &seen, faults))
            find_in (settings->dirs[i], ".so", ret_found, faults);
    }
    for (size_t i = 0; i < settings->exec_dir_count; i++) {
        if (directory_is_good (settings->exec_dirs[i], &exec_seen, faults))
            find_in (settings->exec_dirs[i], EXEC_SUFFIX, ret_found, faults);
    }
    vec_free_with (&seen, mem_free);
    vec_free_with (&exec_seen, mem_free);
}

void
found_free (void *found)
{
    struct found *f = found;
    mem_free (f->file);
    mem_free (f->name);
    mem_free (f);
}

void
found_fault (const struct found *found, struct fault_list *faults)
{
    if (found->fault == PLUGIN_FAULT_DUPLICATE)
        fault_add (faults, found->fault, "%s is not looked at: %s comes first and has the name %s",
                   found->file, found->former->file, found->name);
    else
        fault_add (faults, found->fault, "%s is the file %s (inode %llu): one file is one plugin",
                   found->file, found->former->file, (unsigned long long) found->inode);
    fault_hint (faults, "remove %s or %s", found->file, found->former->file);
}
