-- group.sql: the transactions of the writer.
--
-- SPDX-License-Identifier: Apache-2.0
-- SPDX-FileCopyrightText: The Farrier authors

-- name: group_begin
BEGIN IMMEDIATE;

-- name: group_commit
COMMIT;

-- name: batch_begin
SAVEPOINT batch;

-- name: batch_keep
RELEASE batch;
