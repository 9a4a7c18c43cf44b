"""lab: a simulated fleet, a home and a farrierd of their own, for tests and benches.

A Lab lives in a temporary folder and starts the real programs of the build tree
(FARRIER_TEST_BUILDDIR) with the files of the source tree (FARRIER_TEST_SRCDIR). It ends what it
started, by process handle. Nothing here sleeps blindly: waits look again until a deadline.

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

BUILD = os.path.abspath(os.environ.get("FARRIER_TEST_BUILDDIR", "."))
SOURCE = os.path.abspath(os.environ.get(
    "FARRIER_TEST_SRCDIR", os.path.join(os.path.dirname(__file__), "..")))
LOOK_S = 0.05
# A sanitizer or valgrind makes everything slower, and nothing wrong.
PATIENCE = 5 if os.environ.get("FARRIER_SANITIZER", "none") not in ("", "none", "no") else 1


LIVE = set()
LIVE_LOCK = threading.Lock()


class LabError(Exception):
    """Something of the set-up, not of what is tested."""


def program(name):
    """The built program, not its wrapper script."""
    folders = {"farrier": "core/cli", "farrierd": "core/daemon", "farrier-sim": "sdk/sim"}
    path = os.path.join(BUILD, folders[name], name)
    if not os.access(path, os.X_OK):
        raise LabError(f"{path} is not built")
    return path


def until(what, check, seconds, look_s=LOOK_S):
    """Looks until check() is true; returns what it returned."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > end:
            raise LabError(f"{what}: not within {seconds * PATIENCE:g} s")
        time.sleep(look_s)


def on_signal(number, _frame):
    """What was started must not outlive a test that is told to end."""
    for a_lab in list(LIVE):
        a_lab.kill_all()
    sys.stdout.flush()
    os._exit(128 + number)


def clean_up_on_signals():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, on_signal)


class Fleet:
    """One farrier-sim."""

    def __init__(self, folder):
        self.folder = folder
        self.process = None
        os.makedirs(folder, exist_ok=True)
        self.log = open(os.path.join(folder, "sim.out"), "ab")

    def start(self, arguments, base=None):
        read_end, write_end = os.pipe()
        command = [program("farrier-sim"), "up", "--state-dir", self.folder, "--port", "0",
                   "--ready-fd", str(write_end), *arguments]
        if base is not None:
            command += ["--base", base]
        personalities = os.path.join(SOURCE, "sdk/sim/personalities")
        self.process = subprocess.Popen(
            command, pass_fds=[write_end], stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, env=dict(os.environ, FARRIER_SIM_PERSONALITIES=personalities))
        os.close(write_end)
        with os.fdopen(read_end) as ready:
            if not ready.readline():
                raise LabError(f"farrier-sim did not start: {self.said()}")
        with open(os.path.join(self.folder, "fleet.json"), encoding="utf-8") as f:
            self.about = json.load(f)
        self.hosts = self.about["hosts"]

    def said(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            return f.read()[-2000:]

    def ask(self, command, **members):
        """One command on the control socket."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60 * PATIENCE)
            s.connect(os.path.join(self.folder, "control.sock"))
            s.sendall(json.dumps({"command": command, **members}).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                piece = s.recv(1 << 20)
                if not piece:
                    break
                answer += piece
        reply = json.loads(answer)
        if not reply.get("ok"):
            raise LabError(f"farrier-sim {command} {members}: {reply.get('error')}")
        return reply

    def stats(self, log=False):
        return self.ask("stats", log=log)

    def inject(self, target, fault, **parameters):
        return self.ask("inject", target=target, fault=fault, **parameters)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30 * PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


class Lab:
    """A temporary folder with a home, a copy of conf.d, and what was started in it."""

    def __init__(self, name, conf="", quick=False):
        self.folder = tempfile.mkdtemp(prefix=f"farrier-{name}.")
        self.home = os.path.join(self.folder, "home")
        self.conf_dir = os.path.join(self.folder, "conf.d")
        os.mkdir(self.home, 0o700)
        shutil.copytree(os.path.join(SOURCE, "conf.d"), self.conf_dir)
        for folder, folders, files in os.walk(self.conf_dir):
            for entry in folders + files:
                path = os.path.join(folder, entry)
                os.chmod(path, os.stat(path).st_mode | 0o200)
        os.makedirs(os.path.join(self.conf_dir, "plugins"), exist_ok=True)
        os.makedirs(os.path.join(self.conf_dir, "baselines"), exist_ok=True)
        self.write("conf.d/farrier.conf", conf)
        if quick:
            self.quicken()
        self.fleets = []
        self.daemon = None
        with LIVE_LOCK:
            LIVE.add(self)
        self.env = dict(os.environ, FARRIER_HOME=self.home, FARRIER_CONF_DIR=self.conf_dir,
                        FARRIER_PLUGIN_DIR=os.path.join(BUILD, "plugins/.run"),
                        FARRIER_SPAWN=os.path.join(BUILD, "core/engine/farrier-spawn"),
                        NO_COLOR="1", COLUMNS="200")
        for variable in ("FARRIER_CRASH_AT", "FARRIER_CRASH_LOG"):
            self.env.pop(variable, None)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def quicken(self):
        """The same workflows with intervals that fit a simulated fleet of short times."""
        folder = os.path.join(self.conf_dir, "workflows")
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as f:
                text = f.read()
            text = re.sub(r'interval = "\w+"', 'interval = "200ms"', text)
            text = re.sub(r'initial = "\w+"; max = "\w+"', 'initial = "200ms"; max = "1s"', text)
            text = text.replace('{ action = "await_settled"; }',
                                '{ action = "await_settled"; good_reads = 3; '
                                'interval = "200ms"; within = "5m"; }')
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        self.write("conf.d/plugins/generic_redfish.conf",
                   'settings = { interval = "200ms"; off_pause = "200ms"; task_grace = "6s"; };\n')

    # --- the fleet

    def fleet(self, name, *arguments, base=None):
        fleet = Fleet(os.path.join(self.folder, name))
        self.fleets.append(fleet)
        fleet.start([str(a) for a in arguments], base)
        return fleet

    def image(self, model, component, version, size):
        path = os.path.join(self.folder, f"{model}-{component}-{version}-{size}.bin")
        subprocess.run([program("farrier-sim"), "image", "--model", model, "--component",
                        component, "--version", version, "--size", size, "-o", path],
                       check=True, stdout=subprocess.DEVNULL)
        return path

    def add_hosts(self, fleet):
        lines = ["name,bmc,user,password_file"]
        for host in fleet.hosts:
            lines.append(f"{host['name']},{host['url']},{fleet.about['user']},"
                         f"{fleet.about['password_file']}")
        path = self.write("hosts.csv", "\n".join(lines) + "\n")
        self.farrier("host", "import", path)

    def baseline(self, name, versions):
        targets = ",\n".join(f'    {{ match = {{ type = "{kind}"; }}; version = "{version}"; }}'
                             for kind, version in versions.items())
        self.write(f"conf.d/baselines/{name}.conf",
                   f'baseline = {{\n  name = "{name}";\n  summary = "simulated";\n'
                   f'  targets = (\n{targets}\n  );\n}};\n')

    # --- farrier

    def farrier(self, *arguments, good=(0,), seconds=120, env=None):
        """Runs farrier to its end. An exit status that is not in good is an error (None: any)."""
        run = subprocess.run([program("farrier"), *arguments], env=dict(self.env, **(env or {})),
                             stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             timeout=seconds * PATIENCE, check=False)
        if good is not None and run.returncode not in good:
            raise LabError(f"farrier {' '.join(arguments)}: exit {run.returncode}\n"
                           f"{run.stdout[-2000:]}{run.stderr[-2000:]}")
        return run

    def ask(self, *arguments, good=(0,)):
        """The JSON that a command prints."""
        return json.loads(self.farrier(*arguments, "-o", "json", good=good).stdout)

    def jobs(self, *arguments):
        return self.ask("job", "list", *arguments, good=(0, 4))

    def jobs_if_asked_well(self, *arguments):
        """None when nobody answered: a farrierd that dies takes its answer with it."""
        run = self.farrier("job", "list", *arguments, "-o", "json", good=None)
        return json.loads(run.stdout) if run.returncode in (0, 4) else None

    # --- farrierd

    def start_daemon(self, **env):
        """Starts farrierd and waits until it answers, or has died. Returns whether it lives."""
        self.daemon_log = open(os.path.join(self.folder, "farrierd.log"), "ab")
        self.daemon = subprocess.Popen(
            [program("farrierd")], env=dict(self.env, **env), stdin=subprocess.DEVNULL,
            stdout=self.daemon_log, stderr=self.daemon_log)
        path = os.path.join(self.home, "run/farrierd.sock")

        def answers():
            if self.daemon.poll() is not None:
                return True
            with socket.socket(socket.AF_UNIX) as s:
                try:
                    s.connect(path)
                    return b"farrier" in s.recv(256)
                except OSError:
                    return False
        until("farrierd answers", answers, 30)
        return self.daemon.poll() is None

    def daemon_said(self):
        path = os.path.join(self.folder, "farrierd.log")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()[-4000:]

    def kill_daemon(self):
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGKILL)
        if self.daemon is not None:
            self.daemon.wait()
            self.daemon_log.close()
        self.daemon = None

    def stop_daemon(self, seconds=60):
        if self.daemon is None:
            return
        if self.daemon.poll() is None:
            self.daemon.terminate()
            try:
                self.daemon.wait(seconds * PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill_daemon()
                raise LabError("farrierd did not stop") from None
        self.daemon_log.close()
        self.daemon = None

    # --- the end

    def kill_all(self):
        """At once, from a signal handler."""
        for process in [self.daemon, *[fleet.process for fleet in self.fleets]]:
            if process is not None and process.poll() is None:
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self, keep=False):
        try:
            self.kill_daemon()
        finally:
            for fleet in self.fleets:
                fleet.stop()
            with LIVE_LOCK:
                LIVE.discard(self)
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close(keep=kind is not None and "FARRIER_TEST_KEEP" in os.environ)
        return False


def status_kib(pid, key):
    """A size in /proc/PID/status, e.g. VmHWM; 0 when the process is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            for line in f:
                if line.startswith(key + ":"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0
