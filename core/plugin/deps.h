/* deps: are all libraries there that a plugin needs, and those that they need?
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_DEPS_H
#define FARRIER_PLUGIN_DEPS_H

#include "plugin/elf_dyn.h"

/* Looks where the dynamic linker will: what is loaded already, its search path, its cache. Every
 * library that is missing becomes a fault that names it and who asked for it. Nothing is loaded. */
void deps_check (const struct elf_dyn *dyn, struct fault_list *faults);
/* After a dlopen that failed: every symbol that none of the libraries defines becomes a fault.
 * Loads the libraries. Returns how many there were. */
size_t deps_undefined (const struct elf_dyn *dyn, struct fault_list *faults);

#endif
