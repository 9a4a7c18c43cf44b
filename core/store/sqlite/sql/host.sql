-- host.sql: hosts, endpoints, bindings, credentials, components, history, BMC sessions.
--
-- Writes of a row: ?1 … are its members in the order of row.c. Other writes: ?1-?4 the operation's
-- texts, ?5 and ?6 its numbers. Reads: ?1-?6 texts, ?7 and ?8 numbers, ?9 the limit (-1: none).
--
-- SPDX-License-Identifier: Apache-2.0
-- SPDX-FileCopyrightText: The Farrier authors

-- define: HOST id, name, labels_json, identity_json, facts_json, state, note, excluded, last_error_json, last_inventory_ms, created_ms, updated_ms
-- define: ENDPOINT host_id, kind, url, credential_id, trust, pin_sha256, ca_file, extra_json
-- define: BINDING host_id, position, plugin, types_json
-- define: CREDENTIAL id, sealed, created_ms, updated_ms
-- define: COMPONENT host_id, key, type, name, uri, slot, vendor_keys_json, version, version_pointer, pending, previous, alternate_json, updateable, status, measured_at_ms
-- define: HISTORY id, host_id, component_key, component_type, component_name, at_ms, change, from_version, to_version, cause
-- define: BMC_SESSION host_id, endpoint, uri, token, created_ms

-- name: meta_put
INSERT INTO meta (key, value) VALUES (?1, ?2)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: meta_get
SELECT value, 0 FROM meta WHERE key = ?1;

-- name: host_put
INSERT INTO host ({HOST}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, labels_json = excluded.labels_json,
    identity_json = excluded.identity_json, facts_json = excluded.facts_json,
    state = excluded.state, note = excluded.note, excluded = excluded.excluded,
    last_error_json = excluded.last_error_json, last_inventory_ms = excluded.last_inventory_ms,
    created_ms = excluded.created_ms, updated_ms = excluded.updated_ms;

-- name: host_other_of_name
SELECT id, 0 FROM host WHERE name = ?1 AND id <> ?2;

-- name: host_update
UPDATE host SET name = COALESCE (?2, name), labels_json = COALESCE (?3, labels_json),
    identity_json = COALESCE (?4, identity_json), facts_json = COALESCE (?5, facts_json),
    state = COALESCE (?6, state),
    note = CASE WHEN ?7 IS NULL THEN note WHEN ?7 = '' THEN NULL ELSE ?7 END,
    excluded = CASE WHEN ?8 < 0 THEN excluded ELSE ?8 END,
    last_error_json = CASE WHEN ?9 IS NULL THEN last_error_json WHEN ?9 = '' THEN NULL ELSE ?9 END,
    updated_ms = ?12
WHERE id = ?1;

-- name: host_delete
DELETE FROM host WHERE id = ?1;

-- name: host_open_job
SELECT id, 0 FROM job WHERE host_id = ?1 AND state <> 'done' LIMIT 1;

-- name: host_get
SELECT {HOST} FROM host WHERE id = ?1;

-- name: host_by_name
SELECT {HOST} FROM host WHERE name = ?1;

-- name: host_list
SELECT {HOST} FROM host WHERE ?1 IS NULL OR name > ?1 ORDER BY name LIMIT ?9;

-- name: host_count
SELECT NULL, COUNT (*) FROM host;

-- name: endpoint_put
INSERT INTO endpoint ({ENDPOINT}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (host_id, kind) DO UPDATE SET url = excluded.url,
    credential_id = excluded.credential_id, trust = excluded.trust,
    pin_sha256 = excluded.pin_sha256, ca_file = excluded.ca_file, extra_json = excluded.extra_json;

-- name: endpoint_delete
DELETE FROM endpoint WHERE host_id = ?1 AND kind = ?2;

-- name: endpoint_get
SELECT {ENDPOINT} FROM endpoint WHERE host_id = ?1 AND kind = ?2;

-- name: endpoint_list
SELECT {ENDPOINT} FROM endpoint WHERE host_id = ?1 ORDER BY kind;

-- name: endpoint_list_all
SELECT {ENDPOINT} FROM endpoint ORDER BY host_id, kind;

-- name: bindings_delete
DELETE FROM binding WHERE host_id = ?1;

-- name: binding_put
INSERT INTO binding ({BINDING}) VALUES (?1, ?2, ?3, ?4);

-- name: binding_list
SELECT {BINDING} FROM binding WHERE host_id = ?1 ORDER BY position;

-- name: credential_put
INSERT INTO credential ({CREDENTIAL}) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed, updated_ms = excluded.updated_ms;

-- name: credential_delete
DELETE FROM credential WHERE id = ?1;

-- name: credential_get
SELECT {CREDENTIAL} FROM credential WHERE id = ?1;

-- name: credential_list
SELECT {CREDENTIAL} FROM credential ORDER BY id;

-- name: component_put
INSERT INTO component ({COMPONENT})
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
ON CONFLICT (host_id, key) DO UPDATE SET type = excluded.type, name = excluded.name,
    uri = excluded.uri, slot = excluded.slot, vendor_keys_json = excluded.vendor_keys_json,
    version = excluded.version, version_pointer = excluded.version_pointer,
    pending = excluded.pending, previous = excluded.previous,
    alternate_json = excluded.alternate_json, updateable = excluded.updateable,
    status = excluded.status, measured_at_ms = excluded.measured_at_ms;

-- name: component_delete
DELETE FROM component WHERE host_id = ?1 AND key = ?2;

-- name: component_list
SELECT {COMPONENT} FROM component
WHERE host_id = ?1 AND (?2 IS NULL OR type = ?2) AND (?3 IS NULL OR name = ?3)
  AND (?4 IS NULL OR version = ?4) AND (?5 IS NULL OR key > ?5)
ORDER BY key LIMIT ?9;

-- name: component_list_all
SELECT {COMPONENT} FROM component
WHERE (?2 IS NULL OR type = ?2) AND (?3 IS NULL OR name = ?3) AND (?4 IS NULL OR version = ?4)
  AND (?1 IS NULL OR (host_id, key) > (?1, ?5))
ORDER BY host_id, key LIMIT ?9;

-- name: component_pivot
SELECT type, name, version, COUNT (DISTINCT host_id) FROM component
WHERE (?1 IS NULL OR host_id = ?1) AND (?2 IS NULL OR type = ?2) AND (?3 IS NULL OR name = ?3)
  AND (?4 IS NULL OR version = ?4)
GROUP BY type, name, version ORDER BY type, name, version;

-- name: inventory_stamp
UPDATE host SET last_inventory_ms = ?5, updated_ms = ?5, last_error_json = NULL WHERE id = ?1;

-- name: history_put
INSERT INTO history (host_id, component_key, component_type, component_name, at_ms, change,
    from_version, to_version, cause)
VALUES (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);

-- name: history_list
SELECT {HISTORY} FROM history WHERE host_id = ?1 AND (?2 IS NULL OR component_key = ?2)
ORDER BY id DESC LIMIT ?9;

-- name: bmc_session_put
INSERT INTO bmc_session ({BMC_SESSION}) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (host_id, endpoint) DO UPDATE SET uri = excluded.uri, token = excluded.token,
    created_ms = excluded.created_ms;

-- name: bmc_session_delete
DELETE FROM bmc_session WHERE host_id = ?1 AND endpoint = ?2;

-- name: bmc_session_list
SELECT {BMC_SESSION} FROM bmc_session ORDER BY host_id, endpoint;
