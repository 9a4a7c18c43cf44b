/* validate: judges what a plugin exports, and copies it in.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_VALIDATE_H
#define FARRIER_PLUGIN_VALIDATE_H

#include "plugin/elf_note.h"
#include "plugin/fault.h"

/* The smallest structs that this core accepts: those of ABI 1.0. What a newer minor adds at the end
 * may be missing; it is zero then. */
#define VALIDATE_PLUGIN_MIN (offsetof (struct farrier_plugin, ops) + sizeof (struct farrier_table))
#define VALIDATE_OP_MIN (offsetof (struct farrier_op, start) + 8)
#define VALIDATE_PARAM_MIN (offsetof (struct farrier_param, min))
#define VALIDATE_RESULT_MIN (offsetof (struct farrier_result_desc, help))
#define VALIDATE_MATCH_MIN (offsetof (struct farrier_match, root_product))
#define VALIDATE_LOGIN_MIN (offsetof (struct farrier_match_login, system_oem))
/* No honest struct or table is larger. */
#define VALIDATE_STRUCT_MAX 65536
#define VALIDATE_COUNT_MAX 4096

/* The plugin's data, copied: shorter structs have a zero tail. */
struct validated {
    struct farrier_plugin def;
    struct farrier_op *ops;
    size_t op_count;
    bool longer;                       /* a tail that this core does not know is not zero */
};

/* stem: the file's name without ".so". note may be NULL. All violations are added to faults; true
 * when there are none. When the preamble is unusable nothing behind it is read. Free ops. */
bool validate_plugin (const struct farrier_plugin *raw, const char *stem,
                      const struct elf_note *note, struct validated *ret,
                      struct fault_list *faults);
/* The part that needs only the note: versions and flags. True when this core can go on. */
bool validate_abi (uint32_t major, uint32_t minor, uint32_t needs_major, uint32_t needs_minor,
                   uint64_t flags, struct fault_list *faults);

/* Is the plugin's name that of its file? */
void validate_stem (const char *name, const char *stem, struct fault_list *faults);

/* validate_op.c */
void validate_ops (struct validated *v, struct fault_list *faults);
void validate_params (const struct farrier_table *table, const char *where,
                      struct fault_list *faults);
/* Count and stride of a table; false when its entries may not be looked at. */
bool validate_table (const struct farrier_table *table, size_t min_stride, const char *what,
                     struct fault_list *faults);

#endif
