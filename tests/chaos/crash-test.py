#!/usr/bin/python3
"""crash-test: kill -9 at every journal point of an update, one after the other.

A first run counts the points (FARRIER_CRASH_LOG). Then, for each point, everything is made afresh
(simulated BMC, home, inventory, images), farrierd runs until it kills itself there
(FARRIER_CRASH_AT), starts again, and goes on. Afterwards each component was flashed exactly once,
nothing was sent twice, the BMC runs the target versions, and the job is `verified`.

CHAOS_JOBS: how many points at once [8]. CHAOS_POINTS: only these, e.g. "generic:12,40".
CHAOS_JOB_S: how long one job may take [240].
FARRIER_TEST_KEEP: the folders of failed points stay.

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import collections
import concurrent.futures
import os
import sys
import threading
import traceback

import chaos
import lab

COMPONENTS = ("bmc", "bios")
PERSONALITIES = ("generic", "openbmc")
JOB_S = int(os.environ.get("CHAOS_JOB_S", "240"))

Case = collections.namedtuple("Case", "personality number point")


class Bases:
    """A network of its own for each fleet: 127.61.1.1, 127.61.2.1, …"""

    def __init__(self):
        self.lock = threading.Lock()
        self.next = 0

    def take(self):
        with self.lock:
            self.next += 1
            return f"127.{61 + self.next // 250}.{1 + self.next % 250}.1"


bases = Bases()


def count_points(personality):
    """The names of all points that an update without a crash passes."""
    a_lab, fleet = chaos.prepare({personality: 1}, bases.take(), COMPONENTS)
    with a_lab:
        path = os.path.join(a_lab.folder, "points")
        a_lab.start_daemon(FARRIER_CRASH_LOG=path)
        chaos.apply(a_lab, fleet)
        jobs = lab.until("the update without a crash", lambda: chaos.all_ended(a_lab, 1), JOB_S,
                         chaos.LOOK_S)
        found = chaos.problems(a_lab, fleet, jobs, COMPONENTS)
        with open(path, encoding="utf-8") as f:
            return f.read().split("\n")[:-1], found


def until_crash(a_lab):
    """True when farrierd has died, False when the update ended before."""
    def look():
        if a_lab.daemon.poll() is not None:
            return "dead"
        return "ended" if chaos.all_ended(a_lab, 1) else None
    return lab.until("a crash", look, JOB_S, chaos.LOOK_S) == "dead"


def run_point(case):
    """Returns (whether the point was reached, what is wrong)."""
    a_lab, fleet = chaos.prepare({case.personality: 1}, bases.take(), COMPONENTS)
    found = ["not examined"]
    try:
        crashed = True
        if a_lab.start_daemon(FARRIER_CRASH_AT=str(case.number)):
            chaos.apply(a_lab, fleet, good=None)
            crashed = until_crash(a_lab)
        if crashed:
            a_lab.kill_daemon()
            a_lab.start_daemon()
        if not chaos.update_jobs(a_lab):
            chaos.apply(a_lab, fleet)
        jobs = lab.until("the job's end", lambda: chaos.all_ended(a_lab, 1), JOB_S,
                         chaos.LOOK_S)
        found = chaos.problems(a_lab, fleet, jobs, COMPONENTS)
        return crashed, found
    except lab.LabError as e:
        jobs = chaos.update_jobs(a_lab)
        found = [str(e), *chaos.problems(a_lab, fleet, jobs, COMPONENTS)]
        return True, found
    finally:
        a_lab.close(keep=bool(found) and "FARRIER_TEST_KEEP" in os.environ)
        if found and "FARRIER_TEST_KEEP" in os.environ:
            print(f"# kept: {a_lab.folder}", flush=True)


def safely(case):
    try:
        return case, *run_point(case)
    except Exception:  # one broken point must not hide the others
        return case, True, traceback.format_exc().splitlines()


def wanted_points():
    """{personality: set of numbers} from CHAOS_POINTS; None: all."""
    text = os.environ.get("CHAOS_POINTS", "")
    if not text:
        return None
    wanted = {}
    for part in text.split():
        personality, _, numbers = part.partition(":")
        wanted[personality] = {int(n) for n in numbers.split(",")} if numbers else set()
    return wanted


def collect(tap, wanted):
    cases = []
    for personality in PERSONALITIES:
        if wanted is not None and personality not in wanted:
            continue
        points, found = count_points(personality)
        tap.result(found, f"{personality}: an update without a crash, {len(points)} points")
        for i, point in enumerate(points):
            only = wanted.get(personality) if wanted is not None else None
            if not only or i + 1 in only:
                cases.append(Case(personality, i + 1, point))
    return cases


def main():
    lab.clean_up_on_signals()
    tap = chaos.Tap()
    wanted = wanted_points()
    cases = collect(tap, wanted)
    missed = 0
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("CHAOS_JOBS", "8"))) as pool:
        pending = [pool.submit(safely, case) for case in cases]
        for future in concurrent.futures.as_completed(pending):
            case, reached, found = future.result()
            missed += not reached
            tap.result(found, f"{case.personality}: point {case.number}, {case.point}"
                              f"{'' if reached else ' (the update ended before it)'}")
    # Polls make the number of points vary a little, not more.
    tap.result([f"{missed} of {len(cases)} points were not reached"]
               if missed * 10 > len(cases) and wanted is None else [],
               f"{len(cases) - missed} of {len(cases)} points were reached")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
