/* sql: the texts of core/store/sqlite/sql/, compiled in.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_STORE_SQLITE_SQL_H
#define FARRIER_STORE_SQLITE_SQL_H

#include <stddef.h>

struct sqlite_sql {
    const char *name;
    const char *text;
};

struct sqlite_migration {
    int version;                   /* 1, 2, … without a gap */
    const char *name;
    const char *text;
};

extern const struct sqlite_sql sqlite_statements[];
extern const size_t sqlite_statement_count;
extern const struct sqlite_migration sqlite_migrations[];
extern const size_t sqlite_migration_count;

#endif
