/* sim_doc: root, systems, managers, chassis, accounts, schemas; only the locator light can change.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_DOC_H
#define FARRIER_SIM_DOC_H

struct sim_call;

void sim_doc_get_versions (struct sim_call *call);
void sim_doc_get_root (struct sim_call *call);
void sim_doc_get_systems (struct sim_call *call);
void sim_doc_get_system (struct sim_call *call);
void sim_doc_patch_system (struct sim_call *call); /* LocationIndicatorActive */
void sim_doc_get_managers (struct sim_call *call);
void sim_doc_get_manager (struct sim_call *call);
void sim_doc_get_chassis_all (struct sim_call *call);
void sim_doc_get_chassis (struct sim_call *call);
void sim_doc_get_own (struct sim_call *call); /* a resource of the personality's file, or 404 */

void sim_doc_get_account_service (struct sim_call *call);
void sim_doc_get_accounts (struct sim_call *call);
void sim_doc_get_account (struct sim_call *call);
void sim_doc_get_roles (struct sim_call *call);
void sim_doc_get_role (struct sim_call *call);

void sim_schema_get_odata (struct sim_call *call);
void sim_schema_get_metadata (struct sim_call *call);
void sim_schema_get_schemas (struct sim_call *call);
void sim_schema_get_schema (struct sim_call *call);
void sim_schema_get_registries (struct sim_call *call);
void sim_schema_get_registry (struct sim_call *call);

#endif
