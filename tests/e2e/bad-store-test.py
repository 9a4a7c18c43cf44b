#!/usr/bin/python3
"""bad-store-test: two writers, a full or read-only disk, a damaged store, and processes that are
interrupted, hung up on or killed. Nothing is lost, and what can go on goes on.

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import os
import pty
import shutil
import signal
import subprocess
import sys

import bad
import lab

# Time to look while an update is under way, and to see that a BMC was gone.
SLOW = ["--flash-time", "2500", "--reboot-time", "2500"]


def slow_fleet(a_lab, fleet, name, base):
    """Another fleet, whose updates take a while; its hosts get names of their own."""
    fleet = a_lab.fleet(name, "--hosts", 1, "--mix", "generic:1", "--latency", "none",
                        "--name-prefix", f"{name}-", *bad.QUICK, *SLOW, base=base)
    a_lab.add_hosts(fleet)
    a_lab.farrier("inventory", "refresh", fleet.hosts[0]["name"])
    return fleet, fleet.hosts[0]["name"]


def farrierd(a_lab, **env):
    return subprocess.run([lab.program("farrierd")], env=dict(a_lab.env, **env),
                          capture_output=True, text=True, timeout=30 * lab.PATIENCE, check=False)


def two_writers(tap):
    a_lab, fleet = bad.prepare("bad-writers", "127.93.1.1")
    with a_lab:
        a_lab.start_daemon()
        tap.said("a second farrierd names the first", farrierd(a_lab), 9,
                 f"process {a_lab.daemon.pid}", os.path.join(a_lab.home, "store.db"), "hint: ")
        a_lab.stop_daemon()
        fleet, host = slow_fleet(a_lab, fleet, "slow", "127.93.2.1")
        apply = bad.begin(a_lab, "apply", host, "-b", "b", "-y")
        job = bad.until_phase(a_lab, host, "firmware_update")
        holder = f"process {apply.pid}"
        tap.said("farrierd beside a run", farrierd(a_lab), 9, holder, "hint: ")
        for command in (("apply", "sim-0001", "-b", "b", "-y"), ("host", "label", host, "a=b"),
                        ("inventory", "refresh", "sim-0001"), ("job", "resume")):
            tap.said(f"{command[0]} {command[1]} beside a run", a_lab.farrier(*command, good=None),
                     9, holder, "hint: ")
        for command in (("host", "list"), ("host", "show", host), ("job", "list"),
                        ("job", "show", job["id"]), ("job", "log", job["id"]), ("why", job["id"]),
                        ("why", host), ("plan", "list"), ("inventory", "list"), ("repo", "list"),
                        ("server", "status")):
            tap.said(f"{command[0]} {command[1]} works beside it",
                     a_lab.farrier(*command, good=None), 0)
        watch = bad.begin(a_lab, "job", "watch", job["id"])
        tap.said("cancel reaches it", a_lab.farrier("job", "cancel", job["id"], "-y", good=None), 0,
                 "asked to stop")
        run = bad.ended(apply)
        tap.said("the run says that it was cancelled", run, 8, "cancel")
        tap.said("and whoever watched sees it", bad.ended(watch), 8, "cancel")
        job = bad.newest_job(a_lab, host)
        tap.ok(job["state"] == "done" and "cancelled" in job["status"], "so does the job", job)


def interrupted(tap):
    a_lab, fleet = bad.prepare("bad-signal", "127.93.3.1")
    with a_lab:
        for number, name, base in ((signal.SIGINT, "int", "127.93.4.1"),
                                   (signal.SIGHUP, "hup", "127.93.5.1"),
                                   (signal.SIGKILL, "kill", "127.93.6.1")):
            fleet, host = slow_fleet(a_lab, fleet, name, base)
            apply = bad.begin(a_lab, "apply", host, "-b", "b", "-y", "--watch")
            bad.until_phase(a_lab, host, "firmware_update")
            lab.until("the upload", lambda f=fleet, h=host: bad.count(f, h, "uploads_received"), 30)
            apply.send_signal(number)
            run = bad.ended(apply)
            if number == signal.SIGINT:
                tap.said("SIGINT", run, 8, "interrupted", "still open", "farrier job resume")
            elif number == signal.SIGHUP:
                tap.ok(run.returncode == 8, "SIGHUP", run.returncode, run.stdout)
            else:
                tap.ok(run.returncode == -9, "SIGKILL", run.returncode)
            goes_on(tap, a_lab, fleet, host, f"after SIG{name.upper()}", daemon=False)


def goes_on(tap, a_lab, fleet, host, when, daemon):
    job = bad.newest_job(a_lab, host)
    tap.ok(job["state"] != "done", f"{when} the job is open", job)
    if daemon:
        a_lab.start_daemon()
        lab.until("the end of the job",
                  lambda: bad.newest_job(a_lab, host)["state"] in ("done", "parked"), 60)
        run = a_lab.farrier("why", host)
    else:
        run = a_lab.farrier("job", "resume", good=None)
        tap.said(f"{when} job resume goes on", run, 0, "verified")
    job = bad.newest_job(a_lab, host)
    tap.ok(job["status"] == "verified", f"{when} it ends verified", job, run.stdout, run.stderr)
    stats = fleet.stats()["hosts"][host]
    tap.ok(stats["flashes_started"] == 1 and stats["duplicates"] == 0,
           f"{when} it was flashed once", stats["flashes_started"], stats["duplicates"])


def hung_up(tap):
    """The terminal goes away: its master side is closed."""
    a_lab, fleet = bad.prepare("bad-terminal", "127.93.7.1")
    with a_lab:
        fleet, host = slow_fleet(a_lab, fleet, "tty", "127.93.8.1")
        pid, master = pty.fork()
        if pid == 0:
            os.execve(lab.program("farrier"), ["farrier", "apply", host, "-b", "b", "-y",
                                               "--watch"], a_lab.env)
        try:
            bad.until_phase(a_lab, host, "firmware_update")
            lab.until("the upload", lambda: bad.count(fleet, host, "uploads_received"), 30)
        finally:
            os.close(master)
        status = []

        def gone():
            found, code = os.waitpid(pid, os.WNOHANG)
            status.append(code)
            return found == pid
        try:
            lab.until("the end of a run without a terminal", gone, 30)
            tap.ok(os.WIFEXITED(status[-1]), "a hang-up ends it in order", status[-1])
        except lab.LabError as e:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            tap.ok(False, "a hang-up ends it in order", e)
        goes_on(tap, a_lab, fleet, host, "after a hang-up", daemon=False)


def killed_daemon(tap):
    a_lab, fleet = bad.prepare("bad-killed", "127.93.9.1")
    with a_lab:
        fleet, host = slow_fleet(a_lab, fleet, "dead", "127.93.10.1")
        a_lab.start_daemon()
        a_lab.farrier("apply", host, "-b", "b", "-y", "--no-wait")
        bad.until_phase(a_lab, host, "firmware_update")
        lab.until("the upload", lambda: bad.count(fleet, host, "uploads_received"), 30)
        a_lab.kill_daemon()
        tap.said("list works after a kill", a_lab.farrier("job", "list"), 0, host)
        tap.said("status says that nobody runs", a_lab.farrier("server", "status"), 0,
                 "no farrierd")
        goes_on(tap, a_lab, fleet, host, "after a killed farrierd", daemon=True)


class Mount:
    """A mount that ends with the test."""

    def __init__(self, *arguments):
        self.path = arguments[-1]
        run = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
        self.good, self.said = run.returncode == 0, run.stderr.strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.good:
            subprocess.run(["umount", "-l", self.path], check=False)


def fill(folder):
    """Takes all room that is left; returns the file that holds it."""
    path = os.path.join(folder, "ballast")
    with open(path, "wb", buffering=0) as f:
        for size in (65536, 4096, 512):
            try:
                while f.write(b"\0" * size) == size:
                    pass
            except OSError:
                pass
    return path


def full_disk(tap):
    if os.geteuid() != 0:
        tap.skip("a full disk", "needs root for a tmpfs")
        return
    a_lab, fleet = bad.prepare("bad-full", "127.93.11.1")
    small = os.path.join(a_lab.folder, "small")
    os.mkdir(small, 0o700)
    with a_lab, Mount("-t", "tmpfs", "-o", "size=8m", "none", small) as mount:
        if not mount.good:
            tap.skip("a full disk", f"no tmpfs here: {mount.said}")
            return
        fleet, host = slow_fleet(a_lab, fleet, "full", "127.93.12.1")
        for name in os.listdir(a_lab.home):
            source = os.path.join(a_lab.home, name)
            target = os.path.join(mount.path, name)
            if os.path.isdir(source):
                shutil.copytree(source, target, symlinks=True)
            else:
                shutil.copy2(source, target)
        os.chmod(mount.path, 0o700)
        a_lab.env["FARRIER_HOME"] = a_lab.home = mount.path
        full_import(tap, a_lab)
        full_apply(tap, a_lab, fleet, host)
        full_inventory(tap, a_lab, fleet, host)


def full_import(tap, a_lab):
    image = a_lab.image("generic", "bios", "9.0.0", "1MiB")
    before = a_lab.farrier("repo", "list").stdout
    ballast = fill(a_lab.home)
    run = a_lab.farrier("repo", "import", image, good=None)
    tap.ok(run.returncode == 1 and "No space left" in run.stderr, "an import on a full disk",
           run.returncode, run.stdout, run.stderr)
    run = a_lab.farrier("host", "add", "n9", "--bmc", "https://127.9.9.9", good=None)
    tap.ok(run.returncode == 1 and ("full" in run.stderr or "No space" in run.stderr),
           "a host on a full disk", run.returncode, run.stderr)
    tap.said("reading works on a full disk", a_lab.farrier("host", "list", good=None), 0)
    os.remove(ballast)
    tap.ok(a_lab.farrier("repo", "list").stdout == before, "the repository is as it was")
    tap.said("and whole", a_lab.farrier("repo", "verify", good=None), 0)
    left = [name for _, _, names in os.walk(os.path.join(a_lab.home, "firmware-repo"))
            for name in names if "tmp" in name or name.startswith(".new")]
    tap.ok(not left, "nothing half-written is left", left)
    tap.said("with room it is imported", a_lab.farrier("repo", "import", image, good=None), 0)


def full_apply(tap, a_lab, fleet, host):
    a_lab.start_daemon()
    a_lab.farrier("apply", host, "-b", "b", "-y", "--no-wait")
    bad.until_phase(a_lab, host, "firmware_update")
    ballast = fill(a_lab.home)
    lab.until("the flash to end", lambda: bad.count(fleet, host, "flashes_completed")
              or "space" in a_lab.daemon_said().lower() or "full" in a_lab.daemon_said().lower(),
              30)
    lab.until("farrierd says that the disk is full",
              lambda: "full" in a_lab.daemon_said() or "No space" in a_lab.daemon_said(), 30)
    tap.ok(a_lab.daemon.poll() is None, "farrierd lives on a full disk", a_lab.daemon_said())
    tap.said("and answers", a_lab.farrier("why", host, good=None), 0)
    os.remove(ballast)

    def at_rest():
        return bad.newest_job(a_lab, host)["state"] in ("done", "parked")
    try:
        lab.until("the end of the job", at_rest, 60)
    except lab.LabError as e:
        tap.ok(False, "with room the job goes on", e, a_lab.daemon_said(),
               a_lab.farrier("why", host).stdout)
        return
    job = bad.newest_job(a_lab, host)
    tap.ok(job["status"] == "verified", "with room the job goes on", job, a_lab.daemon_said())
    stats = fleet.stats()["hosts"][host]
    tap.ok(stats["flashes_started"] == 1 and stats["duplicates"] == 0, "it was flashed once",
           stats["flashes_started"], stats["duplicates"])


def full_inventory(tap, a_lab, fleet, host):
    """A job that only reads is journaled at its end: there it finds the disk full."""
    def newest():
        return [j for j in a_lab.jobs() if j["workflow"] == "inventory"][0]
    fleet.inject(host, "hang", ms=2000, when="answer")
    a_lab.farrier("inventory", "refresh", host, "--no-wait")
    lab.until("it reads", lambda: newest()["state"] in ("running", "waiting"), 10)
    ballast = fill(a_lab.home)
    lab.until("farrierd says that its end could not be journaled",
              lambda: "could not be journaled" in a_lab.daemon_said().splitlines()[-1], 30)
    tap.ok(newest()["state"] != "done", "an unstored end is no end")
    os.remove(ballast)
    lab.until("the end of the job", lambda: newest()["state"] == "done", 60)
    job = newest()
    tap.ok(job["status"] == "succeeded", "with room it reads once more", job)


def read_only(tap):
    if os.geteuid() != 0:
        tap.skip("a read-only store", "needs root for a bind mount")
        return
    a_lab, _ = bad.prepare("bad-read-only", "127.93.13.1", hosts=1)
    with a_lab, Mount("--bind", a_lab.home, a_lab.home) as mount:
        subprocess.run(["mount", "-o", "remount,ro,bind", a_lab.home], check=mount.good,
                       capture_output=True)
        if not mount.good:
            tap.skip("a read-only store", f"no bind mounts here: {mount.said}")
            return
        for command in (("host", "list"), ("job", "list"), ("why", "sim-0001"), ("repo", "list"),
                        ("inventory", "show", "sim-0001")):
            tap.said(f"{command[0]} {command[1]} reads it", a_lab.farrier(*command, good=None), 0)
        for command in (("host", "label", "sim-0001", "a=b"), ("inventory", "refresh", "sim-0001"),
                        ("apply", "sim-0001", "-b", "b", "-y")):
            run = a_lab.farrier(*command, good=None)
            tap.ok(run.returncode == 1 and a_lab.home in run.stderr
                   and "ead-only" in run.stderr, f"{command[0]} says that it is read-only",
                   run.returncode, run.stdout, run.stderr)
        run = farrierd(a_lab)
        tap.ok(run.returncode == 1 and "ead-only" in run.stderr, "so does farrierd",
               run.returncode, run.stderr)


def damaged(tap):
    a_lab, _ = bad.prepare("bad-damaged", "127.93.14.1", hosts=1)
    with a_lab:
        path = os.path.join(a_lab.home, "store.db")
        with open(path, "rb") as f:
            good = f.read()
        middle = len(good) // 2
        for name, data in (
                ("pages that are overwritten",
                 good[:8192] + b"\xa5" * 65536 + good[8192 + 65536:]),
                ("half of it is missing", good[:middle - middle % 4096]),
                ("text instead of a store", b"this is no store\n" * 99)):
            for suffix in ("-wal", "-shm"):
                if os.path.exists(path + suffix):
                    os.remove(path + suffix)
            with open(path, "wb") as f:
                f.write(data)
            run = a_lab.farrier("host", "label", "sim-0001", "a=b", good=None)
            tap.said(f"{name}: a change", run, 1, path, "hint: ")
            tap.said(f"{name}: farrierd", farrierd(a_lab), 1, path, "hint: ")
            with open(path, "rb") as f:
                tap.ok(f.read() == data, f"{name}: it is left as it is")
        os.remove(path)
        with open(path, "wb") as f:
            f.write(good)
        tap.said("the backup works in its place", a_lab.farrier("host", "list", good=None), 0,
                 "sim-0001")


if __name__ == "__main__":
    sys.exit(bad.main([two_writers, interrupted, hung_up, killed_daemon, full_disk, read_only,
                       damaged]))
