-- job.sql: jobs, attempts, awaits, outcomes, results, events, artifacts, durations.
-- Parameters: see host.sql.
--
-- SPDX-License-Identifier: Apache-2.0
-- SPDX-FileCopyrightText: The Farrier authors

-- define: JOB_HEAD id, rollout_id, plan_id, host_id, wave, holds_host, workflow_name, workflow_digest, state, status, phase, step_path
-- define: JOB_TAIL progress_permille, progress_text, cause_json, wake_at_ms, cancel_requested, created_ms, started_ms, ended_ms, updated_ms, generation
-- define: ATTEMPT id, job_id, phase, step_path, action, plugin, op, number, component_key, params_json, image_digest, state, mode, started_ms, ended_ms, deadline_ms, error_json, bag_json, results_json, seq, ord
-- define: AWAIT attempt_id, job_id, seq, kind, label, spec_json, state, changing, digest, queued_ms, launched_ms, deadline_ms, wake_json
-- define: OUTCOME job_id, host_id, component_key, from_version, to_version, rung, implied_json, measured_version, cause_json, updated_ms
-- define: RESULT job_id, component_key, name, value_json
-- define: EVENT id, at_ms, kind, host_id, job_id, rollout_id, body_json
-- define: ARTIFACT id, job_id, host_id, name, path, sha256, size_bytes, created_ms

-- name: job_insert
INSERT INTO job ({JOB_HEAD}, position_json, context_json, {JOB_TAIL})
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
    ?21, ?22, ?23, 1);

-- name: job_holder
SELECT id, 0 FROM job WHERE host_id = ?1 AND holds_host = 1 AND state <> 'done' AND id <> ?2;

-- name: job_host_exists
SELECT id, 0 FROM host WHERE id = ?1;

-- name: job_standing
SELECT host_id, generation FROM job WHERE id = ?1;

-- name: job_update
UPDATE job SET holds_host = ?6, state = ?9, status = ?10, phase = ?11, step_path = ?12,
    position_json = COALESCE (?13, position_json), context_json = COALESCE (?14, context_json),
    progress_permille = ?15, progress_text = ?16, cause_json = ?17, wake_at_ms = ?18,
    cancel_requested = MAX (cancel_requested, ?19), started_ms = ?21, ended_ms = ?22,
    updated_ms = ?23, generation = ?24
WHERE id = ?1;

-- name: job_cancel
UPDATE job SET cancel_requested = 1 WHERE id = ?1;

-- name: job_state_of
SELECT state, generation FROM job WHERE id = ?1;

-- name: job_get
SELECT {JOB_HEAD}, position_json, context_json, {JOB_TAIL} FROM job WHERE id = ?1;

-- name: job_list
SELECT {JOB_HEAD}, NULL, NULL, {JOB_TAIL} FROM job
WHERE (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR status = ?3) AND (NOT ?7 OR state <> 'done')
  AND (?6 IS NULL OR (created_ms, id) < (SELECT created_ms, id FROM job WHERE id = ?6))
ORDER BY created_ms DESC, id DESC LIMIT ?9;

-- name: job_list_open
SELECT {JOB_HEAD}, NULL, NULL, {JOB_TAIL} FROM job
WHERE state <> 'done' AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR status = ?3)
  AND (?6 IS NULL OR (created_ms, id) < (SELECT created_ms, id FROM job WHERE id = ?6))
ORDER BY created_ms DESC, id DESC LIMIT ?9;

-- name: job_list_host
SELECT {JOB_HEAD}, NULL, NULL, {JOB_TAIL} FROM job
WHERE host_id = ?1 AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR status = ?3)
  AND (?4 IS NULL OR rollout_id = ?4) AND (?5 IS NULL OR plan_id = ?5)
  AND (NOT ?7 OR state <> 'done')
  AND (?6 IS NULL OR (created_ms, id) < (SELECT created_ms, id FROM job WHERE id = ?6))
ORDER BY created_ms DESC, id DESC LIMIT ?9;

-- name: job_list_rollout
SELECT {JOB_HEAD}, NULL, NULL, {JOB_TAIL} FROM job
WHERE rollout_id = ?4 AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR status = ?3)
  AND (?5 IS NULL OR plan_id = ?5) AND (NOT ?7 OR state <> 'done')
  AND (?6 IS NULL OR (created_ms, id) < (SELECT created_ms, id FROM job WHERE id = ?6))
ORDER BY created_ms DESC, id DESC LIMIT ?9;

-- name: job_list_plan
SELECT {JOB_HEAD}, NULL, NULL, {JOB_TAIL} FROM job
WHERE plan_id = ?5 AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR status = ?3)
  AND (NOT ?7 OR state <> 'done')
  AND (?6 IS NULL OR (created_ms, id) < (SELECT created_ms, id FROM job WHERE id = ?6))
ORDER BY created_ms DESC, id DESC LIMIT ?9;

-- name: job_open_list
SELECT {JOB_HEAD}, CASE WHEN ?7 THEN position_json END, CASE WHEN ?7 THEN context_json END, {JOB_TAIL}
FROM job WHERE state <> 'done' ORDER BY created_ms, id;

-- name: job_due_list
SELECT {JOB_HEAD}, NULL, NULL, {JOB_TAIL} FROM job
WHERE state IN ('queued', 'running', 'waiting', 'parked', 'cancelling')
  AND wake_at_ms > 0 AND wake_at_ms <= ?7
ORDER BY wake_at_ms, id LIMIT ?9;

-- name: job_counts
SELECT state, status, COUNT (*) FROM job GROUP BY state, status ORDER BY state, status;

-- name: job_counts_rollout
SELECT state, status, COUNT (*) FROM job WHERE rollout_id = ?1
GROUP BY state, status ORDER BY state, status;

-- name: attempt_insert
INSERT INTO attempt ({ATTEMPT})
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
    (SELECT COALESCE (MAX (ord), 0) + 1 FROM attempt WHERE job_id = ?2));

-- name: attempt_open_of_step
SELECT id, 0 FROM attempt WHERE job_id = ?1 AND step_path = ?2 AND state = 'open';

-- name: attempt_state_of
SELECT state, seq FROM attempt WHERE id = ?1;

-- name: attempt_update
UPDATE attempt SET state = ?12, mode = ?13, ended_ms = ?15, deadline_ms = ?16, error_json = ?17,
    bag_json = ?18, results_json = ?19, seq = ?20
WHERE id = ?1;

-- name: attempt_resolve
UPDATE attempt SET state = ?2, ended_ms = ?5 WHERE id = ?1;

-- name: attempt_get
SELECT {ATTEMPT} FROM attempt WHERE id = ?1;

-- name: attempt_list
SELECT {ATTEMPT} FROM attempt WHERE job_id = ?1 ORDER BY ord;

-- name: attempt_open_list
SELECT {ATTEMPT} FROM attempt WHERE job_id = ?1 AND state = 'open' ORDER BY ord;

-- name: attempt_now
SELECT {ATTEMPT} FROM attempt WHERE job_id = ?1 AND state IN ('open', 'unknown')
ORDER BY ord DESC LIMIT 1;

-- name: await_standing
SELECT state, seq FROM await WHERE attempt_id = ?1;

-- name: await_put
INSERT INTO await ({AWAIT})
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'queued', ?8, ?9, ?10, ?11, ?12, NULL)
ON CONFLICT (attempt_id) DO UPDATE SET seq = excluded.seq, kind = excluded.kind,
    label = excluded.label, spec_json = excluded.spec_json, state = excluded.state,
    changing = excluded.changing, digest = excluded.digest, queued_ms = excluded.queued_ms,
    launched_ms = excluded.launched_ms, deadline_ms = excluded.deadline_ms, wake_json = NULL;

-- name: await_launch
UPDATE await SET state = 'launched', launched_ms = ?6 WHERE attempt_id = ?1;

-- name: await_answer
UPDATE await SET state = 'answered', wake_json = ?2 WHERE attempt_id = ?1;

-- name: await_consume
UPDATE await SET state = 'consumed', wake_json = NULL WHERE attempt_id = ?1;

-- name: await_respec
UPDATE await SET spec_json = ?2 WHERE attempt_id = ?1;

-- name: await_open
SELECT {AWAIT} FROM await WHERE attempt_id = ?1 AND state <> 'consumed';

-- name: await_open_list
SELECT {AWAIT} FROM await WHERE state <> 'consumed'
  AND job_id IN (SELECT id FROM job WHERE state <> 'done') ORDER BY job_id, attempt_id;

-- name: outcome_put
INSERT INTO outcome ({OUTCOME}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (job_id, component_key) DO UPDATE SET host_id = excluded.host_id,
    from_version = excluded.from_version, to_version = excluded.to_version, rung = excluded.rung,
    implied_json = excluded.implied_json, measured_version = excluded.measured_version,
    cause_json = excluded.cause_json, updated_ms = excluded.updated_ms;

-- name: outcome_list
SELECT {OUTCOME} FROM outcome WHERE job_id = ?1 ORDER BY component_key;

-- name: outcome_rollout_list
SELECT {OUTCOME} FROM outcome WHERE job_id IN (SELECT id FROM job WHERE rollout_id = ?1)
ORDER BY job_id, component_key;

-- name: result_put
INSERT INTO result ({RESULT}) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (job_id, component_key, name) DO UPDATE SET value_json = excluded.value_json;

-- name: result_list
SELECT {RESULT} FROM result WHERE job_id = ?1 ORDER BY component_key, name;

-- name: event_put
INSERT INTO event (at_ms, kind, host_id, job_id, rollout_id, body_json)
VALUES (?2, ?3, ?4, ?5, ?6, ?7);

-- name: event_prune
DELETE FROM event WHERE id IN
    (SELECT id FROM (SELECT id, at_ms FROM event ORDER BY id LIMIT ?6) AS oldest WHERE at_ms < ?5);

-- name: event_list
SELECT {EVENT} FROM event WHERE id > ?7 ORDER BY id LIMIT ?9;

-- name: event_list_host
SELECT {EVENT} FROM event WHERE host_id = ?1 AND id > ?7
  AND (?2 IS NULL OR job_id = ?2) AND (?3 IS NULL OR rollout_id = ?3) ORDER BY id LIMIT ?9;

-- name: event_list_job
SELECT {EVENT} FROM event WHERE job_id = ?2 AND id > ?7
  AND (?3 IS NULL OR rollout_id = ?3) ORDER BY id LIMIT ?9;

-- name: event_list_rollout
SELECT {EVENT} FROM event WHERE rollout_id = ?3 AND id > ?7 ORDER BY id LIMIT ?9;

-- name: event_last_id
SELECT NULL, COALESCE ((SELECT id FROM event ORDER BY id DESC LIMIT 1), 0);

-- name: artifact_put
INSERT INTO artifact ({ARTIFACT}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (id) DO UPDATE SET path = excluded.path, sha256 = excluded.sha256,
    size_bytes = excluded.size_bytes;

-- name: artifact_get
SELECT {ARTIFACT} FROM artifact WHERE id = ?1;

-- name: artifact_list
SELECT {ARTIFACT} FROM artifact WHERE job_id = ?1 ORDER BY created_ms, id;

-- name: duration_put
INSERT INTO duration (vendor, model, component_type, action, duration_ms, at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: duration_newest
SELECT NULL, duration_ms FROM duration
WHERE vendor = ?1 AND action = ?2 AND (?3 IS NULL OR model = ?3)
  AND (?4 IS NULL OR component_type = ?4)
ORDER BY id DESC LIMIT ?9;
