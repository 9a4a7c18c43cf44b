/* host: a server with its endpoints, credentials, labels and plugin bindings: checked, then stored.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FLEET_HOST_H
#define FARRIER_FLEET_HOST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/vec.h"
#include "fleet/credential.h"
#include "store/store.h"

#define HOST_NAME_BYTES_MAX 128
#define HOST_LABELS_MAX 64
#define HOST_BINDINGS_MAX 16

/* Words of store_host.state. */
#define HOST_NEW "new"                         /* never inventoried */
#define HOST_READY "ready"
#define HOST_IDENTITY_CHANGED "identity_changed"   /* another host answers there: nothing is sent */

/* --- what is wanted --------------------------------------------------------------------------- */

/* An endpoint as an operator describes it. All strings owned. */
struct host_endpoint_spec {
    char *kind;                        /* bmc | os | ipmi | service:NAME */
    char *url;                         /* bmc: https://…; os: address or address:port */
    struct credential credential;      /* user NULL = none (or leave as it is, host_endpoint_set) */
    char *trust;                       /* ca | pin | insecure; NULL = pin (bmc) */
    char *pin_sha256;
    char *ca_file;
};

struct host_binding_spec {
    char *plugin;
    char **types;                      /* component types; none = all */
    size_t type_count;
};

struct host_spec {
    char *name;
    json_t *labels;                    /* object of strings; NULL = none */
    struct vec endpoints;              /* struct host_endpoint_spec * */
    struct vec bindings;               /* struct host_binding_spec *, in order of preference */
    char *where;                       /* "hosts.csv:3": where it was described; NULL */
};

void host_endpoint_spec_free (struct host_endpoint_spec *e);
void host_binding_spec_free (struct host_binding_spec *b);
void host_spec_free (struct host_spec *spec);

/* One thing that is wrong with a description. */
struct host_finding {
    char *where;                       /* "hosts.csv:3" or the host's name */
    char *field;                       /* "bmc", "label"; "" when it is about the row */
    char *message;
};
void host_finding_free (struct host_finding *f);
void host_finding_add (struct vec *findings, const char *where, const char *field,
                       const char *fmt, ...) __attribute__ ((format (printf, 4, 5)));

/* {"name", "labels":{}, "endpoints":{"bmc":{"url","user","password","private_key","trust","pin",
 * "ca"}, "os":{…}}, "plugins":["dell_dup:bios,nic", …]}. Shorter: "bmc", "os" and "ipmi" at the
 * top, as an object or as the plain URL; user, password, trust, pin and ca at the top then belong
 * to bmc, os_user, os_password and os_private_key to os. Unknown members are findings. Always makes
 * a spec; with findings it must not be stored. */
struct host_spec *host_spec_from_json (const json_t *v, const char *where, struct vec *findings);
/* The first form of the above, secrets included: for the way to the daemon. */
json_t *host_spec_to_json (const struct host_spec *spec);
/* Overwrites every secret in such an object; before the last json_decref(). */
void host_json_wipe (json_t *v);
/* Everything that can be known without the store. Returns the number of findings added. */
size_t host_spec_check (const struct host_spec *spec, struct vec *findings);

bool host_name_valid (const char *name, struct err *err);
/* Keys [a-z0-9]([a-z0-9_./-]*), at most 63 bytes; values at most 255, no comma, no control. */
bool host_label_valid (const char *key, const char *value, struct err *err);
/* https (or http) URL of a BMC, brought to its normal form: a bare address or name gets https://,
 * an IPv6 address its brackets, a trailing slash goes. Heap, or NULL with err. */
char *host_url_normal (const char *url, struct err *err);
/* What is stored for an endpoint of that kind: "os" and "ipmi" have an address (with its port, if
 * one is given), the others a URL as above. */
char *host_address_normal (const char *kind, const char *url, struct err *err);
/* bmc, os, ipmi or service:NAME. */
bool host_kind_valid (const char *kind, struct err *err);
/* "PLUGIN" or "PLUGIN:type,type"; NULL with err. */
struct host_binding_spec *host_binding_parse (const char *text, struct err *err);

/* --- changing the store ----------------------------------------------------------------------- */

/* ERR_EXISTS, naming when it was added, when the name is taken; ERR_USAGE with the first finding.
 * key is needed when an endpoint brings a credential. */
int32_t host_add (struct store *store, const struct seal_key *key, const struct host_spec *spec,
                  char **ret_id, struct err *err);
/* All or nothing (one batch), unless partial: then rows without a finding are added. *findings may
 * begin with what host_import_read() found (those rows are not in specs, but they count); findings
 * about rows (also: taken names, names twice in the list) are appended. The first is in err
 * (ERR_SYNTAX; ERR_PARTLY when partial added some). *ret_added counts. */
int32_t host_import (struct store *store, const struct seal_key *key, const struct vec *specs,
                     bool partial, struct vec *findings, size_t *ret_added, struct err *err);
/* The same without changing anything. */
int32_t host_import_check (struct store *store, const struct vec *specs, struct vec *findings,
                           struct err *err);
int32_t host_remove (struct store *store, const char *name, struct err *err);
/* changes: object key -> string (set) or null (remove). */
int32_t host_label (struct store *store, const char *name, const json_t *changes, struct err *err);
/* Replaces the bindings; none = the core chooses by match. */
int32_t host_bind (struct store *store, const char *name, const struct vec *bindings,
                   struct err *err);
/* Adds or changes one endpoint: members that are NULL stay as they are; a new address forgets the
 * pinned certificate unless one is given. */
int32_t host_endpoint_set (struct store *store, const struct seal_key *key, const char *name,
                           const struct host_endpoint_spec *endpoint, struct err *err);
int32_t host_endpoint_remove (struct store *store, const char *name, const char *kind,
                              struct err *err);
/* A new user or secret for one endpoint. */
int32_t host_credential_set (struct store *store, const struct seal_key *key, const char *name,
                             const char *kind, const struct credential *c, struct err *err);
int32_t host_exclude (struct store *store, const char *name, bool excluded, const char *reason,
                      struct err *err);
/* pin_sha256 NULL: forget the pin, the next contact records the certificate it sees. */
int32_t host_trust_set (struct store *store, const char *name, const char *kind,
                        const char *trust, const char *pin_sha256, const char *ca_file,
                        struct err *err);
/* First contact (net/trust.h): only when no pin is recorded yet; asynchronous, any thread. */
void host_pin_first (struct store *store, const char *host_id, const char *kind,
                     const char *pin_sha256, const char *subject, const char *not_after);
/* The last contact failed: kept with the host, shown by host list. Asynchronous. */
void host_contact_failed (struct store *store, const char *host_id, const struct err *why);

/* --- looking ---------------------------------------------------------------------------------- */

/* {"id","name","labels","state","note","excluded","facts","identity","endpoints":[{"kind","url",
 * "user","trust","pin_sha256","ca_file"}],"bindings":[{"plugin","types"}],"last_error",
 * "last_inventory_ms","created_ms"}: never a secret. key NULL: users are left out. New
 * reference. */
json_t *host_to_json (struct store *store, const struct seal_key *key,
                      const struct store_host *host, struct err *err);
/* The same without endpoints and bindings: for lists. */
json_t *host_summary_json (const struct store_host *host);
/* By name, with "did you mean" and the command that lists. */
int32_t host_find (struct store *store, const char *name, struct store_host **ret,
                   struct err *err);
/* A label of the host, or a fact of that name; heap, NULL when it has neither. */
char *host_attribute (const struct store_host *host, const char *key);

#endif
