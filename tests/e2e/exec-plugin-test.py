#!/usr/bin/python3
"""exec-plugin-test: executables as plugins, with real farrierd, farrier-spawn and simulated BMCs.

The plugin `probe` does what a file of the scenario says, and notes when its runs begin and end; the
other two are the examples of the SDK as they are installed. Results are TAP.

EXEC_ONLY: words; only scenarios whose name has one of them. FARRIER_TEST_KEEP: folders stay.

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import concurrent.futures
import json
import os
import shutil
import signal
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import lab  # noqa: E402

EXAMPLES = os.path.join(lab.SOURCE, "sdk/examples")
CONF = 'daemon = { drain = "2s"; workers = 4; };\n'
WAIT_S = 60
DONE = """echo '{"result": "done"}'\n"""
ADOPT = """echo '{"result": "adopt", "await": {"kind": "timer", "after_ms": 1}}'\n"""

PROBE = """#!/bin/sh
# What the test wants, with a note before and after it.
note=$FARRIER_SETTING_FOLDER/$FARRIER_HOST
echo "begin $FARRIER_CALLBACK $FARRIER_DELIVERY" >>"$note.runs"
cat >"$note.$FARRIER_CALLBACK.request"
. "$note.$FARRIER_CALLBACK"
echo "end $FARRIER_CALLBACK" >>"$note.runs"
"""
PROBE_CONF = """
plugin = {
  name = "probe"; version = "1.0.0"; vendor = "test"; description = "for a test"; license = "MIT";
  protocol = 1;
  endpoints = [ "bmc" ];
  credentials = ( { endpoint = "bmc"; what = "password"; descriptor = 5; },
                  { endpoint = "bmc"; what = "user"; file = "PROBE_USER_FILE"; } );
  limits = { memory = "512MiB"; cpu = "30s"; };
  settings = ( { name = "folder"; type = "string"; required = true; help = "where it notes"; } );
  ops = (
    { name = "act"; help = "changes something"; flags = [ "cancellable" ];
      callbacks = [ "start", "poll", "cancel", "reconcile" ]; changes = [ "start", "cancel" ];
      params = ( { name = "count"; type = "integer"; min = 1; max = 9; default = 1; help = "n"; } );
      results = ( { name = "said"; type = "string"; help = "what it said"; } );
      timing = { run = "2s"; op = "5m"; settle = "100ms"; }; },
    { name = "look"; help = "looks"; flags = [ "idempotent" ]; callbacks = [ "start", "poll" ];
      changes = [ ]; timing = { run = "2s"; }; },
    { name = "long"; help = "takes its time"; flags = [ "cancellable" ];
      callbacks = [ "start", "poll", "cancel", "reconcile" ]; changes = [ "start", "cancel" ];
      timing = { run = "60s"; op = "5m"; settle = "100ms"; }; }
  );
};
"""
GHOST_CONF = """
plugin = { name = "ghost"; version = "1.0.0"; vendor = "test"; description = "can't be run";
  license = "MIT"; protocol = 1;
  ops = ( { name = "act"; help = "changes something"; callbacks = [ "start", "reconcile" ]; } ); };
"""
WORKFLOW = """
workflow = {
  name = "%s"; version = 1; summary = "test";
  defaults = { retry = { attempts = 3; backoff = "fixed"; initial = "100ms"; max = "1s";
                         on = ["TRANSIENT", "BUSY", "TIMEOUT", "UNREACHABLE"]; }; };
  phases = ( { name = "main"; steps = ( %s ); } );
};
"""


class Wrong(Exception):
    """What a scenario found."""


def check(good, what):
    if not good:
        raise Wrong(what)


class Scene:
    """A lab with the three plugins, and what scenarios do in it."""

    def __init__(self, name, hosts, base, daemon=True):
        self.lock = threading.Lock()
        self.lab = lab.Lab(name, conf=CONF, quick=True)
        try:
            self.folder = os.path.join(self.lab.folder, "notes")
            self.exec = os.path.join(self.lab.conf_dir, "exec")
            os.mkdir(self.folder)
            os.mkdir(self.exec)
            for example in ("acme_rack", "acme_light"):
                for suffix in ("", ".conf"):
                    shutil.copy(os.path.join(EXAMPLES, example + suffix), self.exec)
            self.executable("probe", PROBE, PROBE_CONF)
            self.executable("ghost", "#!/nowhere/interpreter\n", GHOST_CONF)
            self.workflow("ghost", '{ action = "ghost.act"; }')
            self.lab.write("conf.d/plugins/acme_rack.conf",
                           f'settings = {{ spool = "{self.folder}"; }};\n')
            self.lab.write("conf.d/plugins/probe.conf",
                           f'settings = {{ folder = "{self.folder}"; }};\n')
            self.workflow("drain", '{ action = "acme_rack.drain"; how = "now"; save = "drained"; }',
                          '{ action = "notify"; message = "${drained.moved} were moved"; }')
            self.workflow("light", '{ action = "acme_light.switch"; lit = true; }')
            for op in ("act", "look", "long"):
                self.workflow(op, f'{{ action = "probe.{op}"; save = "saved"; }}')
            self.workflow("brief", '{ action = "probe.long"; timeout = "1s"; }')
            self.workflow("tell", '{ action = "probe.act"; save = "saved"; }',
                          '{ action = "notify"; message = "it said ${saved.said}"; }')
            self.sim = self.lab.fleet("sim", "--hosts", hosts, "--mix", f"generic:{hosts}",
                                      base=base)
            self.free = [h["name"] for h in self.sim.hosts]
            self.lab.add_hosts(self.sim)
            if daemon:
                check(self.lab.start_daemon(), self.lab.daemon_said())
                self.lab.farrier("inventory", "refresh", *self.free)
                self.sim.ask("reset-stats")
        except BaseException:
            self.lab.close()
            raise

    def take(self):
        with self.lock:
            return self.free.pop()

    def executable(self, name, text, description=None):
        path = self.lab.write(f"conf.d/exec/{name}", text)
        os.chmod(path, 0o755)
        if description is not None:
            self.lab.write(f"conf.d/exec/{name}.conf", description)
        return path

    def workflow(self, name, *steps):
        self.lab.write(f"conf.d/workflows/{name}.conf", WORKFLOW % (name, ", ".join(steps)))

    # --- the probe

    def says(self, host, **callbacks):
        for callback, text in callbacks.items():
            path = os.path.join(self.folder, f"{host}.{callback}")
            with open(path + ".new", "w", encoding="utf-8") as f:
                f.write(text)
            os.rename(path + ".new", path)

    def note(self, name):
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8") as f:
            return f.read()

    def runs(self, host):
        return self.note(f"{host}.runs").splitlines()

    def begun(self, host, callback):
        return sum(line.split()[1] == callback for line in self.runs(host)
                   if line.startswith("begin"))

    def request(self, host, callback):
        return json.loads(self.note(f"{host}.{callback}.request"))

    # --- jobs

    def run(self, workflow, host):
        reply = self.lab.ask("workflow", "run", workflow, host, "-y", "--no-wait")
        return reply["jobs"][0]["job"]

    def job(self, job):
        return self.lab.ask("job", "show", job)

    def end(self, job, status=None, seconds=WAIT_S):
        def look():
            shown = self.job(job)
            return shown if shown["state"] in ("done", "parked") else None
        try:
            shown = lab.until(f"the end of {job}", look, seconds)
        except lab.LabError as e:
            raise Wrong("\n".join([str(e), *self.story(job)])) from None
        if status is not None and shown["status"] != status:
            raise Wrong("\n".join([f"status {shown['status']}, wanted {status}: "
                                   f"{shown['cause']}", *self.story(job)]))
        return shown

    def story(self, job):
        lines = self.lab.farrier("job", "log", job, good=None).stdout.splitlines()[-40:]
        return lines + self.lab.daemon_said().splitlines()[-20:]

    def said(self, words, log=None):
        log = self.lab.daemon_said() if log is None else log
        check(words in log, f"nobody said '{words}': {log}")


# --- the examples ---------------------------------------------------------------------------------

def example_rack(s):
    """The example in sh drains a host through the scheduler's folder."""
    host = s.take()
    job = s.run("drain", host)
    lab.until("the scheduler is asked", lambda: s.note(f"{host}.drain") == "now\n", WAIT_S)
    with open(os.path.join(s.folder, f"{host}.drained"), "w", encoding="utf-8") as f:
        f.write("3\n")
    shown = s.end(job, "succeeded")
    s.said("3 were moved", output(s.lab.farrier("job", "log", shown["id"])))


def example_rack_cancelled(s):
    """The same, cancelled: its cancel takes the wish back."""
    host = s.take()
    job = s.run("drain", host)
    lab.until("the scheduler is asked", lambda: s.note(f"{host}.drain") == "now\n", WAIT_S)
    s.lab.farrier("job", "cancel", job, "-y")
    s.end(job, "cancelled")
    check(not os.path.exists(os.path.join(s.folder, f"{host}.drain")), "the wish is still there")


def example_light(s):
    """The example in Python describes a change, and the core sends it, once."""
    host = s.take()
    s.end(s.run("light", host), "succeeded")
    seen = s.sim.stats(log=True)["hosts"][host]
    check(seen["changing_requests"] == 1, seen["log"])


# --- what a run may do ----------------------------------------------------------------------------

def speaks_well(s):
    """State, results, facts and waits of a reply come back with the next request."""
    host = s.take()
    s.says(host, start="""echo '{"result": "pending", "state": {"ticket": "T 7"}, "emit": {"facts":
        {"rack": "r12"}}, "await": {"kind": "timer", "label": "nap", "after_ms": 50}}'\n""",
           poll="""echo "a word" >&2
        echo '{"result": "done", "results": {"said": "'"$FARRIER_STATE_TICKET"'"}}'\n""")
    job = s.run("tell", host)
    s.end(job, "succeeded")
    s.said("it said T 7", output(s.lab.farrier("job", "log", job)))
    request = s.request(host, "poll")
    check(request["state"] == {"ticket": "T 7"}, request)
    check(request["host"]["facts"].get("rack") == "r12", request)
    check(request["wake"]["kind"] == "timer" and request["wake"]["label"] == "nap", request)
    check(request["params"] == {"count": 1}, request)
    check(request["endpoints"]["bmc"]["url"].startswith("https://"), request)
    s.said("a word [job=")


def credentials(s):
    """Secrets come by descriptor and file, and no word of them is kept anywhere."""
    host = s.take()
    s.says(host, start="""read -r password <&5
        echo "the password is $password" >&2
        [ -n "$password" ] && [ "$(cat "$PROBE_USER_FILE")" = admin ] || exit 77
        echo '{"result": "done", "results": {"said": "'"$password"'"}}'\n""")
    s.end(s.run("act", host), "succeeded")
    request = s.request(host, "start")
    check(request["credentials"] == {"bmc": {"password": 5, "user": 9}}, request)
    s.said("the password is [redacted]")
    with open(s.sim.about["password_file"], encoding="utf-8") as f:
        secret = f.read().strip().encode()
    for folder, _, files in os.walk(s.lab.home):
        for name in files:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not folder.endswith("keys"):
                with open(path, "rb") as f:
                    check(secret not in f.read(), f"the password is in {path}")


def tries_again(s):
    """A busy one that only looks is asked again; one that did nothing too."""
    host = s.take()
    once = """if [ ! -e "$note.once" ]; then touch "$note.once"; %s; fi\n""" + DONE
    s.says(host, start=once % "echo later >&2; exit 75")
    s.end(s.run("look", host), "succeeded")
    check(s.begun(host, "start") == 2, s.runs(host))
    host = s.take()
    s.says(host, start=once % """echo '{"result": "failed", "error": {"code": "BUSY", "message":
        "later", "nothing_done": true}}'; exit 0""")
    s.end(s.run("act", host), "succeeded")
    check(s.begun(host, "start") == 2 and s.begun(host, "reconcile") == 0, s.runs(host))


def speaks_badly(s):
    """Rubbish, too much, nothing and a wrong word are defects, told in one sentence."""
    for text, words in (
            ("echo rubbish", "the reply: is not JSON"),
            ("head -c 300000 /dev/zero | tr '\\0' x", "the reply: has more than 262144 bytes"),
            ("true", "the reply: is empty"),
            ("""echo '{"result": "dome"}'""", 'did you mean "done"?'),
            ("""echo '{"result": "done", "results": {"other": 1}}'""",
             "'results/other' is not among the results"),
            ("echo why >&2; exit 3", "exit status 3, which stands for nothing: why"),
            ("kill -9 $$", "killed by signal 9"),
            ("exit 78", "exit status 78 (something is not configured)")):
        host = s.take()
        s.says(host, start=text + "\n")
        cause = s.end(s.run("look", host), "failed")["cause"]
        code = "PRECONDITION" if "78" in text else "PLUGIN_BUG"
        check(cause["code"] == code and words in cause["message"], cause)
        check("plugin probe: " in cause["message"] and "probe.look" in cause["message"], cause)


def cannot_run(s):
    """What could not be run has done nothing: there is nothing to look for."""
    cause = s.end(s.run("ghost", s.take()), "failed")["cause"]
    check(cause["code"] == "INVALID" and "No such file" in cause["message"], cause)


def rubbish_is_looked_after(s):
    """A change whose reply is rubbish may have happened: reconcile is asked, not start again."""
    host = s.take()
    s.says(host, start="echo rubbish\n", reconcile=DONE)
    s.end(s.run("act", host), "succeeded")
    check(s.begun(host, "start") == 1, s.runs(host))
    request = s.request(host, "reconcile")
    check(request["wake"]["delivery"] == "maybe", request)
    check(request["last"] == {"callback": "start", "ended": "exited", "exit_status": 0}, request)


def hangs(s):
    """A run that hangs is ended by its limit; reconcile finds nothing, so it is started again."""
    host = s.take()
    s.says(host, start="""if [ ! -e "$note.once" ]; then touch "$note.once"; sleep 600; fi
        echo '{"result": "done"}'\n""",
           reconcile="""echo '{"result": "not_started"}'\n""")
    s.end(s.run("act", host), "succeeded")
    check(s.runs(host) == ["begin start ", "begin reconcile maybe", "end reconcile",
                           "begin start ", "end start"], s.runs(host))


def out_of_time(s):
    """The step's time is up: the run is ended, and reconcile gets the time to ask."""
    host = s.take()
    s.says(host, start="sleep 600\n", reconcile="sleep 0.3\n" + DONE)
    s.end(s.run("brief", host), "succeeded")
    check(s.runs(host) == ["begin start ", "begin reconcile maybe", "end reconcile"], s.runs(host))


def nobody_can_tell(s):
    """Nobody can tell: a person decides."""
    host = s.take()
    s.says(host, start="echo rubbish\n",
           reconcile="""echo '{"result": "unknown", "message": "no trace of it"}'\n""")
    shown = s.end(s.run("act", host))
    check(shown["state"] == "parked" and "no trace of it" in shown["cause"]["message"], shown)


def cancel_hanging(s):
    """Cancel ends the run, and begins its own when that one is gone."""
    host = s.take()
    s.says(host, start="trap 'sleep 0.5; echo end start >>\"$note.runs\"; exit 1' TERM\n"
                       "sleep 600 & wait\n", cancel=DONE)
    job = s.run("long", host)
    lab.until("it runs", lambda: s.begun(host, "start"), WAIT_S)
    s.lab.farrier("job", "cancel", job, "-y")
    s.end(job, "cancelled")
    check(s.runs(host) == ["begin start ", "end start", "begin cancel ", "end cancel"],
          s.runs(host))


def cancel_too_late(s):
    """What can't be stopped goes on, by reconcile, to its end."""
    host = s.take()
    s.says(host, start="""echo '{"result": "pending", "await": {"kind": "timer",
        "after_ms": 600000}}'\n""", cancel="""echo '{"result": "too_late"}'\n""",
           reconcile=ADOPT, poll=DONE)
    job = s.run("long", host)
    lab.until("it waits", lambda: "end start" in s.runs(host), WAIT_S)
    s.lab.farrier("job", "cancel", job, "-y")
    s.end(job)
    check([line for line in s.runs(host) if line.startswith("begin")]
          == ["begin start ", "begin cancel ", "begin reconcile maybe", "begin poll none"],
          s.runs(host))


def upgrade(s):
    """A new file changes nothing before a reload."""
    host = s.take()
    s.says(host, start=DONE)
    s.executable("probe", PROBE.replace("begin ", "begin new "))
    s.end(s.run("look", host), "succeeded")
    check(s.runs(host)[0] == "begin start ", s.runs(host))
    s.lab.farrier("reload")
    s.end(s.run("look", host), "succeeded")
    check(s.runs(host)[2] == "begin new start ", s.runs(host))


# --- with a daemon that dies ----------------------------------------------------------------------

def spawned(s):
    """The attempt's newest run directory, once its tool runs."""
    def look():
        for folder, _, files in os.walk(os.path.join(s.lab.home, "run")):
            if "started" in files and "exit" not in files:
                return folder
        return None
    return lab.until("a run", look, WAIT_S)


def dies_while_it_runs(s, host):
    """The run goes on, is taken up again, and was the only one."""
    s.says(host, start="""while [ ! -e "$note.go" ]; do sleep 0.05; done\n""" + DONE)
    job = s.run("long", host)
    lab.until("it runs", lambda: s.begun(host, "start"), WAIT_S)
    s.lab.kill_daemon()
    check(s.lab.start_daemon(), s.lab.daemon_said())
    check(s.job(job)["state"] == "waiting", s.job(job))
    s.says(host, go="")
    s.end(job, "succeeded")
    check(s.runs(host) == ["begin start ", "end start"], s.runs(host))


def dies_and_it_ends(s, host):
    """What ended while nobody looked is judged by what it wrote."""
    s.says(host, start="""while [ ! -e "$note.go" ]; do sleep 0.05; done
        echo '{"result": "pending", "await": {"kind": "timer", "after_ms": 10}}'\n""", poll=DONE)
    job = s.run("long", host)
    lab.until("it runs", lambda: s.begun(host, "start"), WAIT_S)
    s.lab.kill_daemon()
    s.says(host, go="")
    lab.until("it ended", lambda: "end start" in s.runs(host), WAIT_S)
    check(s.lab.start_daemon(), s.lab.daemon_said())
    s.end(job, "succeeded")
    check(s.runs(host) == ["begin start ", "end start", "begin poll none", "end poll"],
          s.runs(host))


def dies_with_it(s, host):
    """Daemon, supervisor and run die at once: reconcile decides, start is not repeated."""
    s.says(host, start="""while [ ! -e "$note.go" ]; do sleep 0.05; done\n""", reconcile=ADOPT,
           poll=DONE)
    job = s.run("long", host)
    lab.until("it runs", lambda: s.begun(host, "start"), WAIT_S)
    s.lab.kill_daemon()
    with open(os.path.join(spawned(s), "started"), encoding="utf-8") as f:
        started = json.load(f)
    for who in ("supervisor", "tool"):
        os.kill(started[who]["pid"], signal.SIGKILL)
    check(s.lab.start_daemon(), s.lab.daemon_said())
    s.end(job, "succeeded")
    check(s.begun(host, "start") == 1 and s.begun(host, "reconcile") == 1, s.runs(host))
    request = s.request(host, "reconcile")
    check(request["last"] == {"callback": "start", "ended": "lost"}, request)
    check(request["wake"]["delivery"] == "maybe", request)


def dies_while_reconciling(s, host):
    """The question is taken up again as well."""
    s.says(host, start="echo rubbish\n",
           reconcile="""while [ ! -e "$note.go" ]; do sleep 0.05; done\n""" + DONE)
    job = s.run("long", host)
    lab.until("it asks", lambda: s.begun(host, "reconcile"), WAIT_S)
    s.lab.kill_daemon()
    check(s.lab.start_daemon(), s.lab.daemon_said())
    s.says(host, go="")
    s.end(job, "succeeded")
    check(s.begun(host, "start") == 1 and s.begun(host, "reconcile") == 1, s.runs(host))


def deaths(base):
    """A daemon is killed while runs are under way."""
    with_scene = Scene("exec-deaths", 4, base)
    try:
        for scenario in (dies_while_it_runs, dies_and_it_ends, dies_with_it,
                         dies_while_reconciling):
            try:
                scenario(with_scene, with_scene.take())
            except Wrong as e:
                raise Wrong(f"{scenario.__name__}: {e}") from None
        with_scene.lab.stop_daemon()
        left = [f for f in os.listdir(os.path.join(with_scene.lab.home, "run"))
                if f.startswith("att-")]
        check(not left, f"directories of runs are left: {left}")
    finally:
        with_scene.lab.close()


def dies_at(s, host, point):
    """farrierd dies at its point-th point of the journal; False when the job ended before."""
    s.says(host, start="""echo '{"result": "pending", "state": {"a": "1"}, "await": {"kind":
        "timer", "after_ms": 10}}'\n""", poll=DONE)
    died = True
    if s.lab.start_daemon(FARRIER_CRASH_AT=str(point)):
        s.lab.farrier("workflow", "run", "act", host, "-y", "--no-wait", good=None)

        def look():
            if s.lab.daemon.poll() is not None:
                return "dead"
            jobs = s.lab.jobs_if_asked_well("--host", host) or []
            return "ended" if any(j["workflow"] == "act" and j["state"] == "done"
                                  for j in jobs) else None
        died = lab.until(f"point {point}", look, WAIT_S) == "dead"
    s.lab.kill_daemon()
    check(s.lab.start_daemon(), s.lab.daemon_said())
    jobs = [j for j in s.lab.jobs("--host", host) if j["workflow"] == "act"]
    job = jobs[0]["id"] if jobs else s.run("act", host)
    s.end(job, "succeeded")
    check(s.runs(host) == ["begin start ", "end start", "begin poll none", "end poll"],
          f"point {point}: {s.runs(host)}")
    s.lab.stop_daemon()
    return died


def crash_points(base):
    """Wherever the daemon dies, each callback runs once."""
    s = Scene("exec-points", 60, base)
    try:
        s.lab.stop_daemon()
        point = 1
        while dies_at(s, s.take(), point):
            point += 1
        check(point > 10, f"only {point} points")
    finally:
        s.lab.close()


# --- before anything runs -------------------------------------------------------------------------

def judged(base):
    """Owner, mode, allow-list and description are judged; the checker knows ops and parameters."""
    s = Scene("exec-judged", 1, base, daemon=False)
    try:
        rows = {p["name"]: p for p in s.lab.ask("plugin", "list")}
        check(rows["probe"]["state"] == "registered" and rows["probe"]["kind"] == "executable",
              rows)
        info = s.lab.farrier("plugin", "info", "probe").stdout
        s.said("probe.act", info)
        s.said("address of bmc, password of bmc by descriptor 5, user of bmc by", info)
        for name in ("probe", os.path.join(s.exec, "probe"), os.path.join(s.exec, "probe.conf")):
            s.said("good", s.lab.farrier("plugin", "check", name).stdout)
            s.said("probe.act", s.lab.farrier("plugin", "info", name).stdout)
        s.lab.farrier("workflow", "check")
        s.workflow("bad", '{ action = "probe.act"; cuont = 3; }')
        s.said("did you mean 'count'", output(s.lab.farrier("workflow", "check", good=None)))
        s.workflow("bad", '{ action = "probe.act"; count = 30; }')
        s.said("must be between 1 and 9", output(s.lab.farrier("workflow", "check", good=None)))
        os.remove(os.path.join(s.lab.conf_dir, "workflows/bad.conf"))
        path = os.path.join(s.exec, "probe")
        os.chmod(path, 0o757)
        why = s.lab.farrier("plugin", "why", "probe").stdout
        s.said("plugin-writable", why)
        s.said("chmod go-w", why)
        s.said("plugin probe is failed", output(s.lab.farrier("workflow", "check", good=None)))
        s.said("plugin-writable", output(s.lab.farrier("plugin", "check", path, good=None)))
        os.chmod(path, 0o755)
        s.lab.write("conf.d/plugins/probe.conf", 'sha256 = [ "%s" ];\n' % ("0" * 64))
        s.said("plugin-not-allowed", s.lab.farrier("plugin", "why", "probe").stdout)
        s.lab.write("conf.d/plugins/probe.conf", "settings = { };\n")
        s.said("'folder' (string) is missing", s.lab.farrier("plugin", "why", "probe").stdout)
        s.lab.write("conf.d/exec/probe.conf", PROBE_CONF.replace("flags", "flgas"))
        s.said("did you mean 'flags'", s.lab.farrier("plugin", "why", "probe").stdout)
    finally:
        s.lab.close()


def in_the_manual():
    """The examples of the man page are those that are installed."""
    with open(os.path.join(lab.SOURCE, "docs/farrier-exec-plugin.7.scd"), encoding="utf-8") as f:
        page = f.read().replace("\\\\", "\\")
    for name in ("acme_rack", "acme_rack.conf", "acme_light"):
        with open(os.path.join(EXAMPLES, name), encoding="utf-8") as f:
            text = f.read().strip()
        check(text in page, f"{name} differs from the one in the manual")
        check(name.endswith(".conf") or text.count("\n") < 40, f"{name} has more than 40 lines")


def output(run):
    return run.stdout + run.stderr


SHARED = [example_rack, example_rack_cancelled, example_light, speaks_well, credentials,
          tries_again, speaks_badly, cannot_run, rubbish_is_looked_after, hangs, out_of_time,
          nobody_can_tell, cancel_hanging, cancel_too_late]
ALONE = [crash_points, deaths, judged]


def wanted(scenario):
    words = os.environ.get("EXEC_ONLY", "").split()
    return not words or any(word in scenario.__name__ for word in words)


def guarded(scenario, *arguments):
    began = time.monotonic()
    try:
        scenario(*arguments)
        found = []
    except (Wrong, lab.LabError) as e:
        found = str(e).splitlines() or ["?"]
    except Exception:  # one broken scenario must not hide the others
        found = traceback.format_exc().splitlines()
    return scenario, found, time.monotonic() - began


def main():
    lab.clean_up_on_signals()
    shared, failed, count = None, 0, 0
    try:
        if any(wanted(f) for f in SHARED + [upgrade]):
            shared = Scene("exec", 24, "127.96.1.1")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            pending = [pool.submit(guarded, f, f"127.{97 + i}.1.1")
                       for i, f in enumerate(ALONE) if wanted(f)]
            pending += [pool.submit(guarded, f, shared) for f in SHARED if wanted(f)]
            pending += [pool.submit(guarded, in_the_manual)] if wanted(in_the_manual) else []
            ended = [future.result() for future in pending]
        if wanted(upgrade):            # it reloads what the others use
            ended.append(guarded(upgrade, shared))
        for scenario, found, seconds in ended:
            count += 1
            failed += bool(found)
            print(f"{'not ok' if found else 'ok'} {count} - {scenario.__name__}: "
                  f"{scenario.__doc__} ({seconds:.1f} s)", flush=True)
            for line in found:
                print(f"# {line}", flush=True)
        print(f"1..{count}")
    finally:
        if shared is not None:
            shared.lab.close(keep=failed and "FARRIER_TEST_KEEP" in os.environ)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
