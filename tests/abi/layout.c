/* layout: holds the public headers to the layout that a version of the ABI promised (LAYOUT: a file
 * of tests/abi/baseline). OLDER: of an earlier minor, whose structs may have grown since.
 *
 * Compiled only, by layout-test.sh: as C and C++, for 64 and for 32 bits.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "farrier/sdk.h"

#define FIXED(type, bytes) \
    FARRIER_STATIC_ASSERT (sizeof (type) == (bytes), "sizeof (" #type ") was " #bytes);
#ifdef OLDER
#define SIZE(type, bytes) \
    FARRIER_STATIC_ASSERT (sizeof (type) >= (bytes), "sizeof (" #type ") was " #bytes);
#else
#define SIZE(type, bytes) FIXED (type, bytes)
#endif
#define AT(type, member, offset)                                \
    FARRIER_STATIC_ASSERT (offsetof (type, member) == (offset), \
                           #member " of " #type " was at " #offset);
#define VALUE(name, value) FARRIER_STATIC_ASSERT ((name) == (value), #name " was " #value);
#define TEXT(name, text) \
    FARRIER_STATIC_ASSERT (__builtin_strcmp (name, text) == 0, #name " was " text);

#include LAYOUT
