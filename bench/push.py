#!/usr/bin/python3
"""push: one image to many simulated BMCs at once, against a bare libcurl program.

Throughput is measured by the simulator: from the first upload's head to the last upload's end. The
memory that one more upload costs comes from a run with one host; that it does not depend on the
image's size, from a run with a small image. BENCH_HOSTS: how many hosts [100]; BENCH_MIB: the
image's size [64].

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import os

import measure
import lab

LIMIT = 0.9
KIB_PER_UPLOAD = 150
SMALL_MIB = 8
# How far two runs of the same kind may differ in memory.
NOISE_KIB = 6144
VERSION = "9.0.0"
UPLOAD_PATH = "/redfish/v1/UpdateService/upload"

WORKFLOW = """
workflow = {
  name = "push";
  version = 1;
  summary = "Install, and nothing else";
  defaults = { timeout = "30m"; };
  phases = (
    { name = "prepare"; weight = 1;
      steps = ( { action = "plan"; } ); },
    { name = "push"; weight = 99;
      for_each = "plan.batches"; as = "batch";
      steps = (
        { action = "firmware.install"; for_each = "batch.steps"; as = "item";
          component = "${item.component}"; image = "${item.image}"; }
      ); }
  );
};
"""


def new_fleet(a_lab, name, hosts, base):
    trace = os.path.join(a_lab.folder, f"{name}.trace")
    fleet = a_lab.fleet(name, "--hosts", hosts, "--mix", f"generic:{hosts}", "--flash-time", 500,
                        "--trace", trace, base=base)
    return fleet, trace


def span_s(fleet, trace, hosts):
    """From the first upload's head to the last upload's end."""
    began = [at for _, method, path, _, at in measure.trace_lines(trace)
             if method == "POST" and path == UPLOAD_PATH]
    ended = [entry["at_ms"] for host in fleet.stats(log=True)["hosts"].values()
             for entry in host["log"] if entry["path"] == UPLOAD_PATH]
    if len(began) != hosts or len(ended) != hosts:
        raise lab.LabError(f"{len(began)} uploads began and {len(ended)} ended, for {hosts} hosts")
    return (max(ended) - min(began)) / 1000


def push_by_farrier(hosts, mib, base):
    """A run of its own: {span_s, rss_kib, cpu_s, duplicates, bytes}."""
    with lab.Lab("bench-push") as a_lab:
        a_lab.write("conf.d/workflows/push.conf", WORKFLOW)
        fleet, trace = new_fleet(a_lab, "sim", hosts, base)
        a_lab.add_hosts(fleet)
        a_lab.farrier("inventory", "refresh", "--all", "--wait", seconds=300)
        a_lab.farrier("repo", "import", a_lab.image("generic", "bios", VERSION, f"{mib}MiB"))
        a_lab.baseline("push", {"bios": VERSION})
        # Nothing is activated here, so the jobs can't end as verified: the simulator judges.
        run = measure.farrier(a_lab, "apply", "--all", "--baseline", "push", "--workflow", "push",
                              "-y", "--wait")
        totals = fleet.stats()["totals"]
        if totals["uploads_received"] != hosts:
            raise lab.LabError(f"{totals['uploads_received']} uploads for {hosts} hosts, exit "
                               f"{run.status}:\n{run.output[-3000:]}")
        return {"span_s": span_s(fleet, trace, hosts), "rss_kib": run.rss_kib,
                "cpu_s": run.cpu_s, "duplicates": totals["duplicates"],
                "bytes": totals["upload_bytes"]}


def push_by_curl(hosts, mib, base):
    with lab.Lab("bench-push") as a_lab:
        fleet, trace = new_fleet(a_lab, "sim", hosts, base)
        image = a_lab.image("generic", "bios", VERSION, f"{mib}MiB")
        _, run = measure.bare("bare_push", fleet.folder, image, hosts)
        return {"span_s": span_s(fleet, trace, hosts), "rss_kib": run.rss_kib,
                "cpu_s": run.cpu_s, "bytes": fleet.stats()["totals"]["upload_bytes"]}


def tell(name, result):
    print(f"{name}: {result['bytes'] / 1e6 / result['span_s']:.0f} MB/s over "
          f"{result['span_s']:.2f} s, RSS {result['rss_kib']} KiB, CPU {result['cpu_s']:.2f} s",
          flush=True)


def bench():
    hosts = max(measure.setting("BENCH_HOSTS", 100), 2)
    mib = measure.setting("BENCH_MIB", 64)
    bare = push_by_curl(hosts, mib, "127.90.0.1")
    tell(f"libcurl, {hosts} x {mib} MiB", bare)
    many = push_by_farrier(hosts, mib, "127.90.4.1")
    tell(f"farrier, {hosts} x {mib} MiB", many)
    one = push_by_farrier(1, mib, "127.90.8.1")
    tell(f"farrier, 1 x {mib} MiB", one)
    small = push_by_farrier(hosts, SMALL_MIB, "127.90.12.1")
    tell(f"farrier, {hosts} x {SMALL_MIB} MiB", small)

    ratio = (many["bytes"] / many["span_s"]) / (bare["bytes"] / bare["span_s"])
    per_upload = (many["rss_kib"] - one["rss_kib"]) / (hosts - 1)
    by_size = many["rss_kib"] - small["rss_kib"]
    twice = many["duplicates"] + one["duplicates"] + small["duplicates"]
    good = ratio >= LIMIT and per_upload <= KIB_PER_UPLOAD and by_size <= NOISE_KIB and twice == 0
    return measure.finish(
        "push", ratio, LIMIT, good, hosts=hosts, image_mib=mib, duplicates=twice,
        kib_per_upload=per_upload, kib_per_upload_limit=KIB_PER_UPLOAD,
        kib_more_than_small_image=by_size, noise_kib=NOISE_KIB,
        farrier_mb_per_s=many["bytes"] / 1e6 / many["span_s"], farrier_cpu_s=many["cpu_s"],
        farrier_rss_kib=many["rss_kib"], farrier_rss_kib_one=one["rss_kib"],
        farrier_rss_kib_small=small["rss_kib"], farrier_span_s=many["span_s"],
        bare_mb_per_s=bare["bytes"] / 1e6 / bare["span_s"], bare_cpu_s=bare["cpu_s"],
        bare_rss_kib=bare["rss_kib"], bare_span_s=bare["span_s"])


if __name__ == "__main__":
    measure.main("push", bench)
