"""measure: what the benches share: running a program under measurement, and the last line.

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import json
import os
import resource
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests"))

import lab  # noqa: E402

HIGH_WATER_LOOK_S = 0.02


def setting(name, default):
    return int(os.environ.get(name, default))


def allow_descriptors():
    """Programs started from here on may open as many as the hard limit says."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class HighWater:
    """Follows the peak resident memory of a process; the kernel keeps the peak, this reads it."""

    def __init__(self, pid):
        self.pid = pid
        self.kib = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        while not self.over.wait(HIGH_WATER_LOOK_S):
            self.kib = max(self.kib, lab.status_kib(self.pid, "VmHWM"))

    def end(self):
        self.over.set()
        self.thread.join()
        return self.kib


class Run:
    """One program, run to its end: wall_s, cpu_s (with the children it waited for), rss_kib."""

    def __init__(self, command, env=None):
        began = time.monotonic()
        with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True) as process:
            high_water = HighWater(process.pid)
            self.output = process.stdout.read()
            # Waited for here, because only wait4() tells what the process used.
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.status = process.returncode
        self.wall_s = time.monotonic() - began
        self.cpu_s = usage.ru_utime + usage.ru_stime
        self.rss_kib = high_water.end()

    def checked(self, what, good=(0,)):
        if self.status not in good:
            raise lab.LabError(f"{what}: exit {self.status}\n{self.output[-3000:]}")
        return self


def farrier(a_lab, *arguments):
    return Run([lab.program("farrier"), *arguments], env=a_lab.env)


def bare(name, *arguments):
    """A bare libcurl program; what it printed, as a dictionary, and the run."""
    run = Run([os.path.join(lab.BUILD, "bench", name), *[str(a) for a in arguments]])
    run.checked(name)
    return json.loads(run.output.splitlines()[-1]), run


def trace_lines(path):
    """(host, method, path, connection, at_ms) of each request that a fleet got."""
    with open(path, encoding="utf-8") as f:
        for line in f:
            words = line.split()
            if len(words) == 5:
                yield words[0], words[1], words[2], words[3], int(words[4])


def duplicates(fleet):
    return fleet.stats()["totals"]["duplicates"]


def finish(name, ratio, limit, good, **figures):
    """The last line, and the exit status."""
    line = {"bench": name, "ratio": round(ratio, 3), "limit": limit, "ok": bool(good)}
    line.update({key: round(value, 3) if isinstance(value, float) else value
                 for key, value in figures.items()})
    print(json.dumps(line), flush=True)
    return 0 if good else 1


def main(name, run):
    """Runs a bench; a failed set-up is a failed bench with its reason in the last line."""
    lab.clean_up_on_signals()
    try:
        allow_descriptors()
        sys.exit(run())
    except (lab.LabError, subprocess.SubprocessError, OSError) as e:
        print(e, file=sys.stderr)
        print(json.dumps({"bench": name, "ok": False, "error": str(e)[:400]}), flush=True)
        sys.exit(1)
