#!/usr/bin/python3
"""kill-test: kill -9 at random moments of many updates at once, on BMCs that misbehave.

Answers get lost after the BMC did what it was asked, connections are reset before, reads answer
503; and farrierd dies again and again. Afterwards every host is `verified`, each component was
flashed exactly once, and nothing was sent twice. CHAOS_SEED repeats a run [a new one each time];
CHAOS_SECONDS: how long it kills [60].

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import os
import random
import subprocess
import sys
import time

import chaos
import lab

COMPONENTS = ("bmc", "bios")
FLEET = {"generic": 4, "openbmc": 4}
REST_S = 240
UPLOADS = "*UpdateService*"


def misbehave(fleet, dice):
    """Faults that a correct client survives without sending anything twice."""
    for host in fleet.hosts:
        name = host["name"]
        fleet.inject(name, "reset", when="answer", count=1, after=dice.randrange(2),
                     method="POST", path=UPLOADS)
        fleet.inject(name, "reset", when="headers", count=2, after=dice.randrange(20),
                     method="GET")
        fleet.inject(name, "status", status=503, retry_after=1, count=3,
                     after=dice.randrange(30), method="GET")


def kill_and_restart(a_lab, dice, seconds):
    """Returns how often farrierd was killed."""
    end = time.monotonic() + seconds
    kills = 0
    while time.monotonic() < end and chaos.all_ended(a_lab, sum(FLEET.values())) is None:
        try:
            a_lab.daemon.wait(dice.uniform(0.05, 4.0))
            raise lab.LabError(f"farrierd ended by itself: {a_lab.daemon_said()}")
        except subprocess.TimeoutExpired:
            a_lab.kill_daemon()
        kills += 1
        a_lab.start_daemon()
    return kills


def main():
    seed = int(os.environ.get("CHAOS_SEED", random.SystemRandom().randrange(1 << 30)))
    dice = random.Random(seed)
    lab.clean_up_on_signals()
    tap = chaos.Tap()
    print(f"# CHAOS_SEED={seed}", flush=True)
    a_lab, fleet = chaos.prepare(FLEET, "127.70.1.1", COMPONENTS)
    with a_lab:
        misbehave(fleet, dice)
        a_lab.start_daemon()
        chaos.apply(a_lab, fleet)
        kills = kill_and_restart(a_lab, dice, float(os.environ.get("CHAOS_SECONDS", "60")))
        found = []
        try:
            lab.until("the end of all jobs",
                      lambda: chaos.all_ended(a_lab, sum(FLEET.values())), REST_S, chaos.LOOK_S)
        except lab.LabError as e:
            found.append(str(e))
        jobs = chaos.update_jobs(a_lab)
        found += chaos.problems(a_lab, fleet, jobs, COMPONENTS)
        fired = fleet.stats()["totals"]["faults_fired"]
        tap.result([] if kills > 0 else ["farrierd was never killed"], f"{kills} kills")
        tap.result([] if fired > 0 else ["no fault fired"], f"{fired} faults")
        tap.result(found, f"{len(jobs)} updates ended well, nothing flashed twice (seed {seed})")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
