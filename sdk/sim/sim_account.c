/* sim_account: the account service, as much of it as clients ask for: one account, one role.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/json.h"
#include "base/str.h"
#include "sim_doc.h"
#include "sim_fleet.h"
#include "sim_router.h"

#define SERVICE "/redfish/v1/AccountService"

void
sim_doc_get_account_service (struct sim_call *call)
{
    const struct sim_personality *p = call->bmc->personality;
    json_t *doc = sim_doc_new (SERVICE, "#AccountService.v1_13_0.AccountService", "AccountService",
                               "Account Service");

    json_put_str (doc, "Description", "Account Service (simulated)");
    json_put_bool (doc, "ServiceEnabled", true);
    json_put (doc, "Status", json_pack ("{s:s,s:s}", "State", "Enabled", "Health", "OK"));
    json_put_int (doc, "AccountLockoutThreshold", p->lockout_threshold);
    json_put_int (doc, "AccountLockoutDuration", p->lockout_s);
    json_put_int (doc, "MinPasswordLength", 8);
    json_put_int (doc, "MaxPasswordLength", 64);
    json_put (doc, "Accounts", sim_doc_link (SERVICE "/Accounts"));
    json_put (doc, "Roles", sim_doc_link (SERVICE "/Roles"));
    sim_call_answer (call, 200, doc);
}

void
sim_doc_get_accounts (struct sim_call *call)
{
    json_t *doc = sim_doc_collection (SERVICE "/Accounts", "ManagerAccountCollection",
                                      "Accounts Collection");

    sim_doc_add_member (doc, SERVICE "/Accounts/1");
    sim_call_answer (call, 200, doc);
}

void
sim_doc_get_account (struct sim_call *call)
{
    if (!str_eq (call->id, "1")) {
        sim_call_not_found (call);
        return;
    }
    json_t *doc = sim_doc_new (SERVICE "/Accounts/1", "#ManagerAccount.v1_11_0.ManagerAccount", "1",
                               "User Account");
    json_put_str (doc, "UserName", call->fleet->options->user);
    json_put (doc, "Password", json_null ());
    json_put_str (doc, "RoleId", "Administrator");
    json_put_bool (doc, "Enabled", true);
    json_put_bool (doc, "Locked", call->bmc->locked_until_ms > sim_bmc_now (call->bmc));
    json_put (doc, "AccountTypes", json_pack ("[s]", "Redfish"));
    json_put (doc, "Links",
              json_pack ("{s:o}", "Role", sim_doc_link (SERVICE "/Roles/Administrator")));
    sim_call_answer (call, 200, doc);
}

void
sim_doc_get_roles (struct sim_call *call)
{
    json_t *doc = sim_doc_collection (SERVICE "/Roles", "RoleCollection", "Roles Collection");

    sim_doc_add_member (doc, SERVICE "/Roles/Administrator");
    sim_call_answer (call, 200, doc);
}

void
sim_doc_get_role (struct sim_call *call)
{
    if (!str_eq (call->id, "Administrator")) {
        sim_call_not_found (call);
        return;
    }
    json_t *doc = sim_doc_new (SERVICE "/Roles/Administrator", "#Role.v1_3_1.Role", "Administrator",
                               "User Role");
    json_put_str (doc, "RoleId", "Administrator");
    json_put_bool (doc, "IsPredefined", true);
    json_put (doc, "AssignedPrivileges",
              json_pack ("[s,s,s,s,s]", "Login", "ConfigureManager", "ConfigureUsers",
                         "ConfigureSelf", "ConfigureComponents"));
    json_put (doc, "OemPrivileges", json_array ());
    sim_call_answer (call, 200, doc);
}
