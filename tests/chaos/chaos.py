"""chaos: what the tests of kill -9 share: an update, prepared afresh, and what must hold after it.

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import lab  # noqa: E402

BASELINE = "chaos"
# A change that did not arrive is believed to be missing after a second: the simulated BMC is quick.
CONF = """
daemon = { settle = "1s"; drain = "2s"; workers = 4; };
network = { connect_timeout = "2s"; };
"""
TARGETS = {"bmc": "3.1.0", "bios": "3.2.0"}
IMAGE_SIZE = "64KiB"
LOOK_S = 0.4
# The scale also shortens what has no option, like the time in which a host shuts down.
QUICK = ["--time-scale", "0.05", "--flash-time", "6000", "--reboot-time", "4000",
         "--boot-time", "4000"]


def prepare(personalities, base, components, more=()):
    """A lab with a fleet (personality: how many), its inventory, the images and the baseline.
    more: further options of farrier-sim."""
    a_lab = lab.Lab("chaos", conf=CONF, quick=True)
    try:
        mix = ",".join(f"{name}:{count}" for name, count in personalities.items())
        fleet = a_lab.fleet("sim", "--hosts", sum(personalities.values()), "--mix", mix,
                            *QUICK, *more, base=base)
        a_lab.add_hosts(fleet)
        images = [a_lab.image(name, component, TARGETS[component], IMAGE_SIZE)
                  for name in personalities for component in components]
        a_lab.farrier("repo", "import", *images)
        a_lab.baseline(BASELINE, {component: TARGETS[component] for component in components})
        a_lab.farrier("inventory", "refresh", *[h["name"] for h in fleet.hosts])
        # From here on everything counts.
        fleet.ask("reset-stats")
    except BaseException:
        a_lab.close()
        raise
    return a_lab, fleet


def apply(a_lab, fleet, good=(0,)):
    """Starts the update through farrierd."""
    return a_lab.farrier("apply", *[h["name"] for h in fleet.hosts], "--baseline", BASELINE,
                         "-y", "--no-wait", good=good)


def update_jobs(a_lab):
    return [job for job in a_lab.jobs() if job["workflow"] != "inventory"]


def all_ended(a_lab, count):
    """The jobs, once all have ended or stand still; else None."""
    jobs = [job for job in a_lab.jobs_if_asked_well() or [] if job["workflow"] != "inventory"]
    at_rest = [job for job in jobs if job["state"] in ("done", "parked")]
    return jobs if len(jobs) >= count and len(at_rest) == len(jobs) else None


def problems(a_lab, fleet, jobs, components):
    """What is wrong after the update; empty when nothing is."""
    found = []
    stats = fleet.stats(log=True)["hosts"]
    if len(jobs) != len(fleet.hosts):
        found.append(f"{len(jobs)} jobs for {len(fleet.hosts)} hosts")
    for job in jobs:
        if job["status"] != "verified":
            found.append(f"job {job['id']} on {job['host']} is {job['state']}, {job['status']}: "
                         f"{job.get('cause')}")
    for host in fleet.hosts:
        seen = stats[host["name"]]
        if seen["duplicates"] != 0:
            found.append(f"{host['name']}: {seen['duplicates']} changes were sent twice")
        for component in components:
            c = seen["components"][component]
            if c["flashes_started"] != 1:
                found.append(f"{host['name']} {component}: flashed {c['flashes_started']} times")
            if c["version"] != TARGETS[component]:
                found.append(f"{host['name']} {component}: runs {c['version']}")
    if found:
        for host in fleet.hosts:
            for line in stats[host["name"]]["log"]:
                found.append(f"  sim log {host['name']}: {line}")
        for job in jobs:
            run = a_lab.farrier("job", "log", job["id"], good=None)
            found += ["  " + line for line in run.stdout.splitlines()[-60:]]
            run = a_lab.farrier("why", job["id"], good=None)
            found += ["  why: " + line for line in run.stdout.splitlines()]
        found += ["  farrierd: " + line for line in a_lab.daemon_said().splitlines()[-15:]]
    return found


class Tap:
    """Results as TAP, in the order of their arrival."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def result(self, found, name):
        self.count += 1
        if found:
            self.failed += 1
        print(f"{'not ok' if found else 'ok'} {self.count} - {name}", flush=True)
        for line in found:
            print(f"# {line}", flush=True)

    def end(self):
        print(f"1..{self.count}")
        print(f"# {self.count - self.failed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0
