# peers-sushy.py URL CA USER PASSWORD_FILE IMAGE_URI VERSION: python3-sushy against a simulated BMC.
#
# Reads system, manager and inventory, updates the BIOS by SimpleUpdate, resets the host, and
# compares the version. Speaks TAP; the password comes from a file, never from the command line.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors
import sys
import time

import sushy

url, ca, user, password_file, image_uri, version = sys.argv[1:7]
with open(password_file, encoding="utf-8") as f:
    password = f.read().strip()
number = 0
failures = 0


def check(name, ok, detail=""):
    global number, failures
    number += 1
    failures += not ok
    print(f"{'ok' if ok else 'not ok'} {number} - sushy: {name}")
    if not ok:
        print(f"# {detail}")
    sys.stdout.flush()


def wait_for(question, limit_s=30):
    """Asks again until the answer is true; a simulated reset takes a moment."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if question():
            return True
        time.sleep(0.05)
    return False


root = sushy.Sushy(url, username=user, password=password, verify=ca)
check("the root tells its Redfish version", root.redfish_version.startswith("1."),
      root.redfish_version)

system = root.get_system()
check("the system has a serial number", bool(system.serial_number), system.serial_number)
check("the system says that it is simulated", "simulated" in system.json["Model"])
check("the system is on", system.power_state == sushy.PowerState.ON, system.power_state)
check("a reset is allowed",
      sushy.ResetType.FORCE_RESTART in system.get_allowed_reset_system_values())
check("the BIOS has attributes", "BootMode" in system.bios.attributes, system.bios.attributes)

manager = root.get_manager()
check("the manager has a firmware version", bool(manager.firmware_version))
check("the chassis is there", len(root.get_chassis_collection().get_members()) == 1)

service = root.get_update_service()
inventory = service.firmware_inventory.get_members()
versions = {member.identity: member.version for member in inventory}
check("the inventory has all members", len(inventory) >= 6 and all(versions.values()), versions)
check("HTTP is an allowed protocol", "HTTP" in [str(getattr(p, "value", p)).upper()
      for p in service.get_allowed_transfer_protocols()])

bios = next(m for m in inventory if m.identity == "BIOS")
check("the BIOS is not yet at the new version", bios.version != version, bios.version)
monitor = service.simple_update(image_uri, [bios.path], "HTTP")
check("SimpleUpdate gives a task", monitor is not None and monitor.is_processing, monitor)
# sushy takes the task out of the answer's body, and polls that.
task = monitor.get_task()


def has_ended():
    task.refresh()
    return task.task_state not in (sushy.TaskState.NEW, sushy.TaskState.RUNNING)


check("the task ends", wait_for(has_ended), task.task_state)
check("the task is completed", task.task_state == sushy.TaskState.COMPLETED, task.task_state)
check("its messages ask for a reset", any("ResetRequired" in m.message_id for m in task.messages),
      [m.message_id for m in task.messages])


def bios_version():
    """Asked anew: sushy keeps what it has read of an expanded collection."""
    members = root.get_update_service().firmware_inventory.get_members()
    return next(m.version for m in members if m.identity == "BIOS")


check("nothing runs before the reset", bios_version() != version, bios_version())
system.reset_system(sushy.ResetType.FORCE_RESTART)
check("the new version runs after the reset", wait_for(lambda: bios_version() == version),
      bios_version())

system.bios.set_attribute("BootMode", "Legacy")
system.bios.refresh()
check("a BIOS setting waits", system.bios.pending_attributes.get("BootMode") == "Legacy",
      system.bios.pending_attributes)
system.reset_system(sushy.ResetType.FORCE_RESTART)


def boots_legacy():
    system.bios.refresh()
    return system.bios.attributes["BootMode"] == "Legacy"


check("a BIOS setting is applied by a reset", wait_for(boots_legacy), system.bios.attributes)

try:
    sushy.Sushy(url, username=user, password="wrong (simulated)", verify=ca).get_system()
    check("a wrong password is refused", False)
except sushy.exceptions.AccessError:
    check("a wrong password is refused", True)
root._conn._auth.close()
sys.exit(1 if failures else 0)
