#!/usr/bin/python3
"""fleet: 2,000 jobs in flight in one farrierd: memory, failures, lateness.

Every host gets an image whose flash takes so long that all of them are being flashed at once.
Lateness is seen from outside: how much longer than the plugin asked for a BMC waits for the next
look at its task. BENCH_HOSTS: how many jobs [2000]; BENCH_FLASH_S: how long a flash takes [120].

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import os
import time

import measure
import lab
import push

LIMIT_KIB = 150 * 1024
# The longest pause between two looks that generic_redfish asks for.
POLL_MAX_S = 15
LATE_LIMIT_S = 5
VERSION = "9.0.0"


def flashing(fleet):
    totals = fleet.stats()["totals"]
    return totals["flashes_started"] - totals["flashes_completed"] - totals["flashes_failed"]


def wait_for_end(a_lab, fleet, hosts, seconds):
    """Returns the most flashes that ran at once, and the jobs."""
    most, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        now = flashing(fleet)
        most = max(most, now)
        if now == 0 and most > 0:
            jobs = [job for job in a_lab.jobs() if job["workflow"] == "push"]
            if len(jobs) == hosts and all(job["state"] in ("done", "parked") for job in jobs):
                return most, jobs
        time.sleep(1)
    raise lab.LabError(f"the jobs did not end in {seconds} s; {a_lab.daemon_said()}")


def lateness(trace):
    """How late the looks at tasks were: (median, 99 %, most) in seconds past POLL_MAX_S."""
    last, late = {}, []
    for host, method, path, _, at in measure.trace_lines(trace):
        if method != "GET" or "/TaskService/" not in path:
            continue
        if host in last:
            late.append(max(0.0, (at - last[host]) / 1000 - POLL_MAX_S))
        last[host] = at
    late.sort()
    if not late:
        raise lab.LabError("no task was looked at twice")
    return late[len(late) // 2], late[len(late) * 99 // 100], late[-1]


def bench():
    hosts = measure.setting("BENCH_HOSTS", 2000)
    flash_s = measure.setting("BENCH_FLASH_S", 120)
    with lab.Lab("bench-fleet", conf='image_server = { port = 0; };\n') as a_lab:
        a_lab.write("conf.d/workflows/push.conf", push.WORKFLOW)
        trace = os.path.join(a_lab.folder, "trace")
        fleet = a_lab.fleet("sim", "--hosts", hosts, "--mix", f"generic:{hosts}", "--flash-time",
                            flash_s * 1000, "--trace", trace, base="127.100.0.1")
        if len(fleet.hosts) != hosts:
            raise lab.LabError(f"the simulator started {len(fleet.hosts)} of {hosts} hosts")
        a_lab.add_hosts(fleet)
        a_lab.farrier("repo", "import", a_lab.image("generic", "bios", VERSION, "64KiB"))
        a_lab.baseline("push", {"bios": VERSION})
        a_lab.start_daemon()
        high_water = measure.HighWater(a_lab.daemon.pid)
        a_lab.farrier("inventory", "refresh", "--all", "--wait", seconds=600)
        inventory_kib = high_water.kib
        began = time.monotonic()
        a_lab.farrier("apply", "--all", "--baseline", "push", "--workflow", "push", "-y",
                      "--max-hosts", str(hosts), "--no-wait", seconds=600)
        submitted_s = time.monotonic() - began
        most, jobs = wait_for_end(a_lab, fleet, hosts, flash_s + 600)
        cpu_s = measure_cpu(a_lab.daemon.pid)
        peak_kib = high_water.end()
        totals = fleet.stats()["totals"]
        a_lab.stop_daemon()
        failed = [job for job in jobs if job["status"] in ("failed", "parked")
                  or job["state"] == "parked"]
        half, most_99, worst = lateness(trace)
    good = peak_kib <= LIMIT_KIB and not failed and totals["duplicates"] == 0 \
        and totals["flashes_started"] == hosts and most_99 <= LATE_LIMIT_S
    for job in failed[:3]:
        print(f"{job['host']}: {job['status']}: {job.get('cause')}", flush=True)
    return measure.finish(
        "fleet", peak_kib / LIMIT_KIB, 1.0, good, hosts=hosts, rss_kib=peak_kib,
        rss_kib_inventory=inventory_kib, failed=len(failed), flashing_at_once=most,
        flashes_started=totals["flashes_started"], duplicates=totals["duplicates"],
        late_s_median=half, late_s_p99=most_99, late_s_most=worst, late_s_limit=LATE_LIMIT_S,
        submitted_s=submitted_s, daemon_cpu_s=cpu_s)


def measure_cpu(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        words = f.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    measure.main("fleet", bench)
