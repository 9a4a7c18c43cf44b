#!/usr/bin/python3
"""sweep: the inventory of many simulated BMCs, against a bare libcurl program.

The bare program sends the requests that Farrier sent (from the simulator's trace) to the same BMCs
under the same connection policy. Both are measured on hosts that Farrier has met before. At no
latency the CPU time counts, at 0.75 s the wall time. BENCH_HOSTS: how many hosts [1000].

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import os
import shutil

import measure
import lab

CPU_LIMIT = 1.6
WALL_LIMIT = 1.3
LATENCY_MS = 750
ROUNDS = 2
# What farrier.conf says by default (max_open_connections).
MAX_OPEN = 2048


def sweep(a_lab):
    run = measure.farrier(a_lab, "inventory", "refresh", "--all", "--wait")
    return run.checked("farrier inventory refresh --all")


def figures_of(fleet, requests_before):
    totals = fleet.stats()["totals"]
    return totals["requests"] - requests_before["requests"], \
        totals["handshakes"] - requests_before["handshakes"]


def compare(hosts, latency_ms, rounds):
    """Runs Farrier and the bare program in turns; the best of each."""
    best = {}
    with lab.Lab("bench-sweep") as a_lab:
        trace = os.path.join(a_lab.folder, "trace")
        fleet = a_lab.fleet("sim", "--hosts", hosts, "--mix",
                            f"generic:{hosts - hosts // 2},openbmc:{hosts // 2}",
                            "--latency", latency_ms, "--trace", trace, base="127.80.0.1")
        a_lab.add_hosts(fleet)
        sweep(a_lab)                   # first contact: pins, bindings, who it is
        for _ in range(rounds):
            os.truncate(trace, 0)
            before = fleet.stats()["totals"]
            run = sweep(a_lab)
            requests, handshakes = figures_of(fleet, before)
            keep(best, "farrier", run, requests, handshakes)

            script = os.path.join(a_lab.folder, "script")
            shutil.copyfile(trace, script)
            before = fleet.stats()["totals"]
            said, run = measure.bare("bare_sweep", fleet.folder, script, MAX_OPEN)
            requests, handshakes = figures_of(fleet, before)
            keep(best, "bare", run, requests, handshakes)
            best["bare_width"] = said["width"]
        totals = fleet.stats()["totals"]
        best["duplicates"] = totals["duplicates"]
        best["changing_requests"] = totals["changing_requests"]
    return best


def keep(best, who, run, requests, handshakes):
    best[f"{who}_cpu_s"] = min(run.cpu_s, best.get(f"{who}_cpu_s", run.cpu_s))
    best[f"{who}_wall_s"] = min(run.wall_s, best.get(f"{who}_wall_s", run.wall_s))
    best[f"{who}_rss_kib"] = run.rss_kib
    best[f"{who}_requests"] = requests
    best[f"{who}_handshakes"] = handshakes
    print(f"{who}: {run.wall_s:.2f} s, CPU {run.cpu_s:.2f} s, {requests} requests, "
          f"{handshakes} handshakes, RSS {run.rss_kib} KiB", flush=True)


def bench():
    hosts = measure.setting("BENCH_HOSTS", 1000)
    print(f"{hosts} hosts, no latency", flush=True)
    fast = compare(hosts, 0, ROUNDS)
    print(f"{hosts} hosts, {LATENCY_MS} ms", flush=True)
    slow = compare(hosts, LATENCY_MS, 1)
    cpu = fast["farrier_cpu_s"] / fast["bare_cpu_s"]
    wall = slow["farrier_wall_s"] / slow["bare_wall_s"]
    twice = fast["duplicates"] + slow["duplicates"]
    good = cpu <= CPU_LIMIT and wall <= WALL_LIMIT and twice == 0
    return measure.finish(
        "sweep", cpu, CPU_LIMIT, good, wall_ratio=wall, wall_limit=WALL_LIMIT, hosts=hosts,
        duplicates=twice, latency_ms=LATENCY_MS,
        **{f"cpu_{key}": value for key, value in fast.items()},
        **{f"latency_{key}": value for key, value in slow.items()})


if __name__ == "__main__":
    measure.main("sweep", bench)
