"""bad: what the tests of bad input share: a fleet that is quick, and verdicts on what was said.

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import os
import subprocess
import sys
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import lab  # noqa: E402

CONF = """
daemon = { settle = "1s"; drain = "2s"; workers = 4; };
network = { connect_timeout = "500ms"; request_timeout = "5s"; };
"""
QUICK = ["--flash-time", "300", "--reboot-time", "2000", "--boot-time", "200"]
TARGETS = {"bmc": "3.1.0", "bios": "3.2.0"}
BASELINE = "b"


class Tap:
    """Results as TAP, in the order of their arrival."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def ok(self, good, name, *about):
        self.count += 1
        self.failed += 0 if good else 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)
        if not good:
            for text in about:
                for line in str(text).splitlines():
                    print(f"# {line}", flush=True)
        return good

    def skip(self, name, why):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {why}", flush=True)

    def said(self, name, run, code, *needles, without=()):
        """The exit status is code and the text holds every needle, and nothing of without."""
        text = run.stdout + run.stderr
        wrong = [f"exit {run.returncode}, not {code}"] if run.returncode != code else []
        wrong += [f"does not say: {n}" for n in needles if n not in text]
        wrong += [f"says: {n}" for n in without if n in text]
        return self.ok(not wrong, name, *wrong, text[-3000:])

    def end(self):
        print(f"1..{self.count}")
        print(f"# {self.count - self.failed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0


def prepare(name, base, hosts=2, components=("bmc",), home=None):
    """A lab with a fleet of `generic` BMCs, their inventory, the images and the baseline b."""
    a_lab = lab.Lab(name, conf=CONF, quick=True)
    try:
        if home is not None:
            os.rmdir(a_lab.home)
            a_lab.home = home
            a_lab.env["FARRIER_HOME"] = home
        fleet = a_lab.fleet("sim", "--hosts", hosts, "--mix", f"generic:{hosts}",
                            "--latency", "none", *QUICK, base=base)
        a_lab.add_hosts(fleet)
        a_lab.farrier("repo", "import", *[a_lab.image("generic", c, TARGETS[c], "64KiB")
                                          for c in components])
        a_lab.baseline(BASELINE, {c: TARGETS[c] for c in components})
        a_lab.farrier("inventory", "refresh", "--all")
        fleet.ask("reset-stats")
    except BaseException:
        a_lab.close()
        raise
    return a_lab, fleet


def secret(a_lab, name, text):
    path = a_lab.write(name, text + "\n")
    os.chmod(path, 0o600)
    return path


def count(fleet, host, key):
    return fleet.stats()["hosts"][host][key]


def newest_job(a_lab, host, workflow="firmware-provisioning"):
    jobs = [j for j in a_lab.jobs() if j["host"] == host and j["workflow"] == workflow]
    return jobs[0] if jobs else None


def begin(a_lab, *arguments, **options):
    """farrier in the background, its output in one pipe."""
    return subprocess.Popen([lab.program("farrier"), *arguments], env=a_lab.env,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, **options)


def ended(process, seconds=60):
    """What it said, as if it had been run to its end."""
    try:
        out, _ = process.communicate(timeout=seconds * lab.PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, _ = process.communicate()
        out += f"\n(did not end within {seconds} s)"
    return subprocess.CompletedProcess(process.args, process.returncode, out, "")


def until_phase(a_lab, host, phase, seconds=30):
    """The open job of the host, when it has come to this phase."""
    def look():
        job = newest_job(a_lab, host)
        return job if job is not None and job.get("phase") == phase else None
    return lab.until(f"{host} in {phase}", look, seconds)


def main(cases):
    """Runs each case; what it did not expect is a failure of its own."""
    lab.clean_up_on_signals()
    tap = Tap()
    for case in cases:
        try:
            case(tap)
        except (lab.LabError, OSError, subprocess.SubprocessError, KeyError, TypeError,
                ValueError, StopIteration):
            tap.ok(False, f"{case.__name__} ran to its end", traceback.format_exc())
    return tap.end()
