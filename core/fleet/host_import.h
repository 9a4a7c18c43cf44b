/* host_import: host lists from CSV and JSON files, with a place for every mistake.
 *
 * CSV: RFC 4180, first line names the columns: name, bmc, user, password_file, trust, pin, ca,
 * labels ("k=v;k=v"), label.KEY, plugins ("dell_dup:bios+nic;generic_redfish"), os, os_user,
 * os_key, os_password_file. Lines that begin with # are skipped. JSON: an array of objects as in
 * host_spec_from_json(), where user and password_file may stand beside "bmc" as a plain URL.
 * Paths are relative to the list's own directory. A password never stands in the list.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FLEET_HOST_IMPORT_H
#define FARRIER_FLEET_HOST_IMPORT_H

#include "fleet/host.h"

/* Reads and checks a whole file (by its name: .json is JSON, else CSV) and the secret files it
 * names. *ret_specs: struct host_spec *, only of rows without a finding; each has its `where`.
 * Fails only when the file itself can't be read or is no CSV/JSON at all; what is wrong in rows is
 * in *findings (struct host_finding *). */
int32_t host_import_read (const char *path, struct vec *ret_specs, struct vec *findings,
                          struct err *err);
/* The same on text; name is for messages, dir for relative paths. */
int32_t host_import_csv (const char *text, size_t len, const char *name, const char *dir,
                         struct vec *ret_specs, struct vec *findings, struct err *err);
int32_t host_import_json (const char *text, size_t len, const char *name, const char *dir,
                          struct vec *ret_specs, struct vec *findings, struct err *err);

#endif
