/* find: which files are plugins, before anything of them is read.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_FIND_H
#define FARRIER_PLUGIN_FIND_H

#include <sys/types.h>

#include "plugin/fault.h"

/* A file *.so of a plugin directory, or a description *.conf of a directory of executables. */
struct found {
    char *file;
    char *name;                        /* the file's stem */
    dev_t device;
    ino_t inode;
    bool is_there;                     /* stat() worked: device and inode are known */
    enum plugin_fault_code fault;      /* NONE, DUPLICATE or DUPLICATE_INODE */
    const struct found *former;        /* which one was there first; NULL without a fault */
};

/* All of them, directory by directory, by name within each. Directories that are missing or can't
 * be read become faults. Free each with found_free. */
void find_plugins (const struct plugin_settings *settings, struct vec *ret_found,
                   struct fault_list *faults);
void found_free (void *found);
/* Adds the fault of a duplicate; the plugin then is not looked at any further. */
void found_fault (const struct found *found, struct fault_list *faults);

#endif
