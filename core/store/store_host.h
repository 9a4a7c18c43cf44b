/* store_host: hosts with their endpoints, bindings, credentials, components and history.
 *
 * The conventions are in store.h; include that.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_STORE_HOST_H
#define FARRIER_STORE_HOST_H

#include "store/store.h"

/* --- hosts ----------------------------------------------------------------------------------- */

struct store_host {
    char *id;                      /* "host-…" */
    char *name;                    /* unique */
    char *labels_json;             /* {"rack": "r12"} */
    char *identity_json;           /* [{"kind": "serial", "value", "uri", "pointer"}]; kinds:
                                    * serial, uuid, board_id, asset */
    char *facts_json;
    char *state;                   /* new | ready | locked | … (fleet's words) */
    char *note;                    /* why it is in this state, in words */
    int excluded;                  /* 1: never planned */
    char *last_error_json;         /* of the last contact; NULL when it went well */
    int64_t last_inventory_ms;
    int64_t created_ms;
    int64_t updated_ms;
};
STORE_ROW_FUNCTIONS (host);

/* Inserts, or replaces the row of that id (endpoints, bindings and components stay). ERR_EXISTS
 * when another host has the name. */
void store_batch_host_put (struct store_batch *b, const struct store_host *host);
/* Changes only what is not NULL; excluded: -1 = leave; updated_ms is taken as it is; created_ms
 * and last_inventory_ms are left alone. last_error_json, note: "" clears. ERR_NOT_FOUND when there
 * is no such id. */
void store_batch_host_update (struct store_batch *b, const struct store_host *host);
/* With all that hangs on it, but journal and history stay. ERR_CONFLICT while a job is open. */
void store_batch_host_delete (struct store_batch *b, const char *host_id);

int32_t store_host_get (struct store *s, const char *host_id, struct store_host **ret,
                        struct err *err);
int32_t store_host_by_name (struct store *s, const char *name, struct store_host **ret,
                            struct err *err);
/* By name; page key: name. */
int32_t store_host_list (struct store *s, const struct store_page *page, struct store_host **ret,
                         size_t *ret_count, struct err *err);
int32_t store_host_count (struct store *s, int64_t *ret, struct err *err);

/* One per (host, kind). */
struct store_endpoint {
    char *host_id;
    char *kind;                    /* bmc | os | ipmi | service:NAME */
    char *url;
    char *credential_id;           /* NULL = none */
    char *trust;                   /* ca | pin | insecure */
    char *pin_sha256;              /* hex of the certificate; NULL until seen */
    char *ca_file;
    char *extra_json;
};
STORE_ROW_FUNCTIONS (endpoint);

void store_batch_endpoint_put (struct store_batch *b, const struct store_endpoint *endpoint);
void store_batch_endpoint_delete (struct store_batch *b, const char *host_id, const char *kind);
/* host_id NULL: of all hosts, grouped by host id. */
int32_t store_endpoint_list (struct store *s, const char *host_id, struct store_endpoint **ret,
                             size_t *ret_count, struct err *err);
int32_t store_endpoint_get (struct store *s, const char *host_id, const char *kind,
                            struct store_endpoint **ret, struct err *err);

/* Which plugins serve a host, in order of preference. */
struct store_binding {
    char *host_id;
    int position;                  /* 0, 1, … */
    char *plugin;
    char *types_json;              /* ["bios", "nic"]; NULL or [] = every component type */
};
STORE_ROW_FUNCTIONS (binding);

/* Replaces all bindings of the host; positions are numbered anew, host_id of rows is ignored. */
void store_batch_bindings_put (struct store_batch *b, const char *host_id,
                               const struct store_binding *bindings, size_t count);
int32_t store_binding_list (struct store *s, const char *host_id, struct store_binding **ret,
                            size_t *ret_count, struct err *err);

/* --- credentials (sealed by fleet before they come here) ------------------------------------- */

struct store_credential {
    char *id;                      /* "cred-…" */
    void *sealed;                  /* bytes */
    size_t sealed_size;
    int64_t created_ms;
    int64_t updated_ms;
};
STORE_ROW_FUNCTIONS (credential);

void store_batch_credential_put (struct store_batch *b, const struct store_credential *credential);
void store_batch_credential_delete (struct store_batch *b, const char *credential_id);
int32_t store_credential_get (struct store *s, const char *credential_id,
                              struct store_credential **ret, struct err *err);
int32_t store_credential_list (struct store *s, struct store_credential **ret, size_t *ret_count,
                               struct err *err);

/* --- components ------------------------------------------------------------------------------ */

struct store_component {
    char *host_id;
    char *key;                     /* stable over firmware updates; unique in the host */
    char *type;                    /* bios, bmc, nic, … */
    char *name;
    char *uri;
    char *slot;
    char *vendor_keys_json;
    char *version;                 /* what runs */
    char *version_pointer;         /* JSON pointer of the version in the resource at uri */
    char *pending;                 /* staged, not active yet */
    char *previous;
    char *alternate_json;          /* the other bank or slot */
    int updateable;                /* -1 unknown, 0, 1 */
    char *status;                  /* health as the BMC says it */
    int64_t measured_at_ms;
};
STORE_ROW_FUNCTIONS (component);

/* One change of a component's version. */
struct store_history {
    int64_t id;
    char *host_id;
    char *component_key;
    char *component_type;
    char *component_name;
    int64_t at_ms;
    char *change;                  /* initial | changed | removed */
    char *from_version;            /* NULL for initial */
    char *to_version;              /* NULL for removed */
    char *cause;                   /* "job job-…", "inventory refresh" */
};
STORE_ROW_FUNCTIONS (history);

/* The whole truth about one host, measured at at_ms: components that are not in the list go, and
 * every change of a version becomes a history row with cause. Clears the host's last_error_json.
 * host_id of the rows is ignored. ERR_NOT_FOUND when the host is gone; FARRIER_E_INVALID for two
 * equal keys. */
void store_batch_inventory_put (struct store_batch *b, const char *host_id, int64_t at_ms,
                                const struct store_component *components, size_t count,
                                const char *cause);

/* All members NULL = everything. */
struct store_component_filter {
    const char *host_id;
    const char *type;
    const char *name;
    const char *version;
};
/* By host id, then key; page key: "HOST_ID KEY" (one space). */
int32_t store_component_list (struct store *s, const struct store_component_filter *filter,
                              const struct store_page *page, struct store_component **ret,
                              size_t *ret_count, struct err *err);

/* How many hosts run which version of what: the fleet pivot. */
struct store_component_count {
    char *type;
    char *name;
    char *version;
    int64_t hosts;
};
STORE_ROW_FUNCTIONS (component_count);
int32_t store_component_pivot (struct store *s, const struct store_component_filter *filter,
                               struct store_component_count **ret, size_t *ret_count,
                               struct err *err);

/* Newest first; component_key NULL = all of the host. */
int32_t store_history_list (struct store *s, const char *host_id, const char *component_key,
                            int64_t limit, struct store_history **ret, size_t *ret_count,
                            struct err *err);

/* --- BMC sessions ---------------------------------------------------------------------------- */

/* One per (host, endpoint), so that a restart can use or delete what it left on the BMC. uri
 * "refused" (no token): the BMC refused the credential; see the engine. */
struct store_bmc_session {
    char *host_id;
    char *endpoint;                /* the endpoint's kind */
    char *uri;
    void *token;                   /* sealed bytes */
    size_t token_size;
    int64_t created_ms;
};
STORE_ROW_FUNCTIONS (bmc_session);

void store_batch_bmc_session_put (struct store_batch *b, const struct store_bmc_session *session);
void store_batch_bmc_session_delete (struct store_batch *b, const char *host_id,
                                     const char *endpoint);
int32_t store_bmc_session_list (struct store *s, struct store_bmc_session **ret, size_t *ret_count,
                                struct err *err);

#endif
