-- 0001_house.sql: the first floor: fleet, plans, jobs and their journal.
--
-- Times are wall milliseconds, JSON is text, ids are text.
--
-- SPDX-License-Identifier: Apache-2.0
-- SPDX-FileCopyrightText: The Farrier authors

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT
);

CREATE TABLE host (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    labels_json TEXT,
    identity_json TEXT,
    facts_json TEXT,
    state TEXT,
    note TEXT,
    excluded INTEGER NOT NULL,
    last_error_json TEXT,
    last_inventory_ms BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX host_name ON host (name);

CREATE TABLE endpoint (
    host_id TEXT NOT NULL REFERENCES host (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    url TEXT,
    credential_id TEXT,
    trust TEXT,
    pin_sha256 TEXT,
    ca_file TEXT,
    extra_json TEXT,
    PRIMARY KEY (host_id, kind)
);

CREATE TABLE binding (
    host_id TEXT NOT NULL REFERENCES host (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    plugin TEXT NOT NULL,
    types_json TEXT,
    PRIMARY KEY (host_id, position)
);

CREATE TABLE credential (
    id TEXT NOT NULL PRIMARY KEY,
    sealed BLOB,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);

CREATE TABLE component (
    host_id TEXT NOT NULL REFERENCES host (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    type TEXT,
    name TEXT,
    uri TEXT,
    slot TEXT,
    vendor_keys_json TEXT,
    version TEXT,
    version_pointer TEXT,
    pending TEXT,
    previous TEXT,
    alternate_json TEXT,
    updateable INTEGER NOT NULL,
    status TEXT,
    measured_at_ms BIGINT NOT NULL,
    PRIMARY KEY (host_id, key)
);
CREATE INDEX component_version ON component (type, name, version);

-- No reference to host: the past of a host outlives it.
CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    host_id TEXT NOT NULL,
    component_key TEXT NOT NULL,
    component_type TEXT,
    component_name TEXT,
    at_ms BIGINT NOT NULL,
    change TEXT NOT NULL,
    from_version TEXT,
    to_version TEXT,
    cause TEXT
);
CREATE INDEX history_host ON history (host_id, id);

CREATE TABLE bmc_session (
    host_id TEXT NOT NULL REFERENCES host (id) ON DELETE CASCADE,
    endpoint TEXT NOT NULL,
    uri TEXT,
    token BLOB,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (host_id, endpoint)
);

CREATE TABLE plan (
    id TEXT NOT NULL PRIMARY KEY,
    created_ms BIGINT NOT NULL,
    author TEXT,
    approved_by TEXT,
    approved_ms BIGINT NOT NULL,
    status TEXT,
    digest TEXT,
    summary_json TEXT,
    doc_json TEXT
);
CREATE INDEX plan_created ON plan (created_ms, id);

CREATE TABLE plan_host (
    plan_id TEXT NOT NULL REFERENCES plan (id) ON DELETE CASCADE,
    host_id TEXT NOT NULL,
    status TEXT,
    summary TEXT,
    doc_json TEXT,
    PRIMARY KEY (plan_id, host_id)
);

CREATE TABLE rollout (
    id TEXT NOT NULL PRIMARY KEY,
    plan_id TEXT,
    author TEXT,
    state TEXT,
    options_json TEXT,
    counts_json TEXT,
    created_ms BIGINT NOT NULL,
    ended_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX rollout_created ON rollout (created_ms, id);

CREATE TABLE workflow_text (
    digest TEXT NOT NULL PRIMARY KEY,
    name TEXT,
    version INTEGER NOT NULL,
    text TEXT,
    created_ms BIGINT NOT NULL
);

CREATE TABLE job (
    id TEXT NOT NULL PRIMARY KEY,
    rollout_id TEXT,
    plan_id TEXT,
    host_id TEXT NOT NULL,
    wave INTEGER NOT NULL,
    holds_host INTEGER NOT NULL,
    workflow_name TEXT,
    workflow_digest TEXT,
    state TEXT NOT NULL,
    status TEXT,
    phase TEXT,
    step_path TEXT,
    position_json TEXT,
    context_json TEXT,
    progress_permille INTEGER NOT NULL,
    progress_text TEXT,
    cause_json TEXT,
    wake_at_ms BIGINT NOT NULL,
    cancel_requested INTEGER NOT NULL,
    created_ms BIGINT NOT NULL,
    started_ms BIGINT NOT NULL,
    ended_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    generation BIGINT NOT NULL
);
CREATE INDEX job_created ON job (created_ms, id);
CREATE INDEX job_state ON job (state, wake_at_ms);
CREATE INDEX job_rollout ON job (rollout_id, created_ms, id) WHERE rollout_id IS NOT NULL;
CREATE INDEX job_plan ON job (plan_id, created_ms, id) WHERE plan_id IS NOT NULL;
CREATE INDEX job_host ON job (host_id, created_ms, id);
CREATE INDEX job_open ON job (created_ms, id) WHERE state <> 'done';
-- At most one job changes a host at a time.
CREATE UNIQUE INDEX job_holds ON job (host_id) WHERE holds_host = 1 AND state <> 'done';

CREATE TABLE attempt (
    id TEXT NOT NULL PRIMARY KEY,
    job_id TEXT NOT NULL,
    phase TEXT,
    step_path TEXT NOT NULL,
    action TEXT,
    plugin TEXT,
    op TEXT,
    number INTEGER NOT NULL,
    component_key TEXT,
    params_json TEXT,
    image_digest TEXT,
    state TEXT NOT NULL,
    mode TEXT,
    started_ms BIGINT NOT NULL,
    ended_ms BIGINT NOT NULL,
    deadline_ms BIGINT NOT NULL,
    error_json TEXT,
    bag_json TEXT,
    results_json TEXT,
    seq BIGINT NOT NULL,
    ord BIGINT NOT NULL
);
CREATE UNIQUE INDEX attempt_job ON attempt (job_id, ord);
CREATE UNIQUE INDEX attempt_open ON attempt (job_id, step_path) WHERE state = 'open';

CREATE TABLE await (
    attempt_id TEXT NOT NULL PRIMARY KEY REFERENCES attempt (id) ON DELETE CASCADE,
    job_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT,
    label TEXT,
    spec_json TEXT,
    state TEXT NOT NULL,
    changing INTEGER NOT NULL,
    digest TEXT,
    queued_ms BIGINT NOT NULL,
    launched_ms BIGINT NOT NULL,
    deadline_ms BIGINT NOT NULL,
    wake_json TEXT
);
CREATE INDEX await_open ON await (job_id) WHERE state <> 'consumed';

CREATE TABLE outcome (
    job_id TEXT NOT NULL,
    host_id TEXT,
    component_key TEXT NOT NULL,
    from_version TEXT,
    to_version TEXT,
    rung TEXT,
    implied_json TEXT,
    measured_version TEXT,
    cause_json TEXT,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (job_id, component_key)
);

CREATE TABLE result (
    job_id TEXT NOT NULL,
    component_key TEXT NOT NULL,
    name TEXT NOT NULL,
    value_json TEXT,
    PRIMARY KEY (job_id, component_key, name)
);

CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms BIGINT NOT NULL,
    kind TEXT NOT NULL,
    host_id TEXT,
    job_id TEXT,
    rollout_id TEXT,
    body_json TEXT
);
CREATE INDEX event_host ON event (host_id, id) WHERE host_id IS NOT NULL;
CREATE INDEX event_job ON event (job_id, id) WHERE job_id IS NOT NULL;
CREATE INDEX event_rollout ON event (rollout_id, id) WHERE rollout_id IS NOT NULL;

CREATE TABLE artifact (
    id TEXT NOT NULL PRIMARY KEY,
    job_id TEXT,
    host_id TEXT,
    name TEXT,
    path TEXT,
    sha256 TEXT,
    size_bytes BIGINT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX artifact_job ON artifact (job_id, created_ms);

CREATE TABLE duration (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    vendor TEXT,
    model TEXT,
    component_type TEXT,
    action TEXT,
    duration_ms BIGINT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX duration_action ON duration (vendor, action, id);
