/* farrier/version.h: version of the plugin ABI, its rule and its changelog.
 *
 * SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The Farrier authors
 *
 * THE RULE
 *   An additive change (a member at the end of a struct or of the host table, a new advisory flag,
 *   a new enum value that old plugins never receive unasked) raises FARRIER_ABI_MINOR by one.
 *   Anything else raises FARRIER_ABI_MAJOR; the core then speaks both majors for two years, and
 *   the entry symbol carries the major, so both may live in one directory.
 *   The core accepts a plugin when abi_major is one it speaks and needs_minor <= its own minor.
 *   A struct that is shorter than the core's: the missing tail is zero. A longer one: a tail that
 *   is not zero is logged once. An unknown must-understand flag (bits 0-31) refuses the plugin.
 *   The same holds for the host table in the other direction: sdk.h tests for a member's presence
 *   and answers FARRIER_E_UNSUPPORTED on an older core.
 *
 * CHANGELOG
 *   1.0-draft  first shape. May still change until the Dell, HPE and Supermicro plugins have
 *              landed on it; then it is frozen as 1.0.
 *              Since its first shape, all at the ends: XML, endpoint(), config_json(),
 *              json_number(), attachments and metadata of images, context(); in a wake vendor_id
 *              and hint; in await_process files, descriptors, exit codes and limits;
 *              FARRIER_PROOF_LOWER; reconcile may answer PENDING.
 */
#ifndef FARRIER_VERSION_H
#define FARRIER_VERSION_H

#define FARRIER_ABI_MAJOR 1
#define FARRIER_ABI_MINOR 0
#define FARRIER_ABI_DRAFT 1            /* 1 until 1.0 is frozen */

/* "1.0", for the ELF note. */
#define FARRIER_ABI_STR_(x) #x
#define FARRIER_ABI_STR(x) FARRIER_ABI_STR_ (x)
#define FARRIER_ABI_STRING \
    FARRIER_ABI_STR (FARRIER_ABI_MAJOR) "." FARRIER_ABI_STR (FARRIER_ABI_MINOR)

#endif
