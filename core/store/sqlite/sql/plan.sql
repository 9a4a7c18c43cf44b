-- plan.sql: plans, rollouts, workflow texts. Parameters: see host.sql.
--
-- SPDX-License-Identifier: Apache-2.0
-- SPDX-FileCopyrightText: The Farrier authors

-- define: PLAN id, created_ms, author, approved_by, approved_ms, status, digest, summary_json, doc_json
-- define: PLAN_LIGHT id, created_ms, author, approved_by, approved_ms, status, digest, summary_json, NULL
-- define: PLAN_HOST plan_id, host_id, status, summary, doc_json
-- define: ROLLOUT id, plan_id, author, state, options_json, counts_json, created_ms, ended_ms, updated_ms
-- define: WORKFLOW_TEXT digest, name, version, text, created_ms

-- name: plan_put
INSERT INTO plan ({PLAN}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9);

-- name: plan_host_put
INSERT INTO plan_host ({PLAN_HOST}) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: plan_status_of
SELECT status, 0 FROM plan WHERE id = ?1;

-- name: plan_status
UPDATE plan SET status = ?3,
    approved_by = CASE WHEN ?3 = 'approved' THEN ?4 ELSE approved_by END,
    approved_ms = CASE WHEN ?3 = 'approved' THEN ?5 ELSE approved_ms END
WHERE id = ?1;

-- name: plan_get
SELECT {PLAN} FROM plan WHERE id = ?1;

-- name: plan_list
SELECT {PLAN_LIGHT} FROM plan
WHERE ?1 IS NULL OR (created_ms, id) < (SELECT created_ms, id FROM plan WHERE id = ?1)
ORDER BY created_ms DESC, id DESC LIMIT ?9;

-- name: plan_host_get
SELECT {PLAN_HOST} FROM plan_host WHERE plan_id = ?1 AND host_id = ?2;

-- name: plan_host_list
SELECT plan_id, host_id, status, summary, CASE WHEN ?7 THEN doc_json END FROM plan_host
WHERE plan_id = ?1 AND (?2 IS NULL OR host_id > ?2) ORDER BY host_id LIMIT ?9;

-- name: rollout_put
INSERT INTO rollout ({ROLLOUT}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, options_json = excluded.options_json,
    counts_json = excluded.counts_json, ended_ms = excluded.ended_ms,
    updated_ms = excluded.updated_ms;

-- name: rollout_get
SELECT {ROLLOUT} FROM rollout WHERE id = ?1;

-- name: rollout_list
SELECT {ROLLOUT} FROM rollout
WHERE (?1 IS NULL OR (created_ms, id) < (SELECT created_ms, id FROM rollout WHERE id = ?1))
  AND (NOT ?7 OR ended_ms = 0)
ORDER BY created_ms DESC, id DESC LIMIT ?9;

-- name: workflow_text_put
INSERT INTO workflow_text ({WORKFLOW_TEXT}) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (digest) DO NOTHING;

-- name: workflow_text_get
SELECT {WORKFLOW_TEXT} FROM workflow_text WHERE digest = ?1;
