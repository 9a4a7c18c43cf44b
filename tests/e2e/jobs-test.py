#!/usr/bin/python3
"""jobs-test: jobs end to end: cancel, people's answers, actions, faults, lost answers, sessions.

One farrierd and one simulated fleet; each scenario has a host of its own, so that they run side by
side. Scenarios that kill the daemon, or need none, have a lab of their own. Results are TAP.

JOBS_ONLY: words; only scenarios whose name has one of them. FARRIER_TEST_KEEP: folders stay.

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import concurrent.futures
import http.server
import json
import os
import signal
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import lab  # noqa: E402

CONF = """
daemon = { settle = "1s"; drain = "2s"; workers = 8; };
network = { connect_timeout = "2s"; request_timeout = "5s"; };
image_server = { address = "127.0.0.1"; port = %d; };
"""
QUICK = ["--flash-time", "1500", "--reboot-time", "700", "--boot-time", "500"]
IMAGE = "256KiB"
WAIT_S = 60
AT_REST = ("done", "parked")

# One batch of installs, without the looks before and after it; what a scenario changes is a word.
INSTALL = """
workflow = {
  name = "%(name)s"; version = 1; summary = "test";
  defaults = { retry = { attempts = 3; backoff = "fixed"; initial = "200ms"; max = "1s";
                         on = ["TRANSIENT", "BUSY", "TIMEOUT", "UNREACHABLE"]; };
               timeout = "5m"; };
  phases = (
    { name = "look"; steps = ( { action = "ready"; }, { action = "inventory"; },
                               { action = "plan"; } ); },
    { name = "update"; for_each = "plan.batches"; as = "batch";
      steps = (
        { action = "firmware.install"; for_each = "batch.steps"; as = "item";
          component = "${item.component}"; image = "${item.image}"; %(install)s },
        { action = "firmware.activate"; when = "batch.activate_now"; },
        { action = "await_settled"; good_reads = 2; interval = "200ms"; within = "1m"; %(settle)s },
        { action = "inventory"; },
        { action = "verify"; against = "${batch}"; when = "batch.verify_now"; }
      ); %(on_failure)s },
    { name = "check"; steps = ( { action = "firmware.activate"; when = "count(job.needs) > 0"; },
                                { action = "inventory"; }, { action = "verify"; } ); }
  );
  finally = ( { action = "power_restore"; } );
};
"""
STEPS = """
workflow = {
  name = "%(name)s"; version = 1; summary = "test";
  defaults = { retry = { attempts = 3; backoff = "fixed"; initial = "200ms"; max = "1s";
                         on = ["TRANSIENT", "BUSY", "TIMEOUT", "UNREACHABLE"]; }; };
  phases = ( %(phases)s );
  finally = ( { action = "set"; name = "closed"; value = true; } );
};
"""


class Wrong(Exception):
    """What a scenario found."""


def check(good, what):
    if not good:
        raise Wrong(what)


class Scene:
    """A lab with a daemon, and what scenarios do in it."""

    def __init__(self, name, mix, base, port, daemon=True, quick=QUICK):
        self.lock = threading.Lock()
        self.lab = lab.Lab(name, conf=CONF % port, quick=True)
        try:
            self.sim = self.lab.fleet("sim", "--hosts", sum(mix.values()), "--mix",
                                      ",".join(f"{k}:{n}" for k, n in mix.items()), *quick,
                                      base=base)
            # A version that never shows is given up soon: the simulated BMC is quick.
            self.lab.write("conf.d/plugins/generic_redfish.conf",
                           'settings = { interval = "200ms"; task_grace = "4s"; '
                           'vanished_timeout = "3s"; };\n')
            self.free = {k: [h for h in self.sim.hosts if h["personality"] == k] for k in mix}
            self.lab.add_hosts(self.sim)
            self.images = [self.lab.image(model, component, "3.1.0", IMAGE)
                           for model in mix for component in ("bmc", "bios")]
            self.lab.farrier("repo", "import", *self.images)
            self.lab.baseline("bios", {"bios": "3.1.0"})
            self.lab.baseline("bmc", {"bmc": "3.1.0"})
            if daemon:
                check(self.lab.start_daemon(), self.lab.daemon_said())
            self.lab.farrier("inventory", "refresh", *[h["name"] for h in self.sim.hosts])
            self.sim.ask("reset-stats")
        except BaseException:
            self.lab.close()
            raise

    def take(self, personality="generic"):
        with self.lock:
            return self.free[personality].pop()["name"]

    # --- workflows

    def workflow(self, name, text):
        self.lab.write(f"conf.d/workflows/{name}.conf", text)
        return name

    def install(self, name, install="", settle="", on_failure=""):
        return self.workflow(name, INSTALL % {"name": name, "install": install, "settle": settle,
                                              "on_failure": on_failure})

    def steps(self, name, *steps, extra=""):
        """One phase of these steps; extra: what else the phase says."""
        phases = "{ name = \"main\"; steps = ( %s ); %s }" % (", ".join(steps), extra)
        return self.workflow(name, STEPS % {"name": name, "phases": phases})

    def phases(self, name, *phases):
        return self.workflow(name, STEPS % {"name": name, "phases": ", ".join(phases)})

    # --- jobs

    def apply(self, host, baseline="bios", workflow="plain", good=(0,)):
        run = self.lab.farrier("apply", host, "--baseline", baseline, "--workflow", workflow,
                               "-y", "--no-wait", "-o", "json", good=good)
        reply = json.loads(run.stdout) if run.stdout else {"jobs": []}
        return reply["jobs"][0]["job"] if reply["jobs"] else run

    def run(self, workflow, host, *arguments):
        reply = self.lab.ask("workflow", "run", workflow, host, "-y", "--no-wait", *arguments)
        return reply["jobs"][0]["job"]

    def job(self, job):
        return self.lab.ask("job", "show", job)

    def log(self, job):
        return self.lab.ask("job", "log", job)

    def until(self, what, look, seconds=WAIT_S):
        return lab.until(what, look, seconds)

    def end(self, job, status=None, seconds=WAIT_S):
        """The job once it has ended or is parked."""
        def look():
            shown = self.job(job)
            return shown if shown["state"] in AT_REST else None
        try:
            shown = self.until(f"the end of {job}", look, seconds)
        except lab.LabError as e:
            raise Wrong("\n".join([str(e), *self.story(job)])) from None
        if status is not None and shown["status"] != status:
            raise Wrong("\n".join([f"status {shown['status']}, wanted {status}: "
                                   f"{shown['cause']}", *self.story(job)]))
        return shown

    def until_event(self, job, kind, text=""):
        def look():
            return [e for e in self.log(job)
                    if e["kind"] == kind and text in json.dumps(e["body"])]
        try:
            return self.until(f"{kind} {text} in {job}", look)[0]
        except lab.LabError as e:
            raise Wrong("\n".join([str(e), *self.story(job)])) from None

    def story(self, job):
        lines = self.lab.farrier("job", "log", job, good=None).stdout.splitlines()[-40:]
        lines += self.lab.farrier("why", job, good=None).stdout.splitlines()
        return lines

    def kinds(self, job):
        return [e["kind"] for e in self.log(job)]

    def never_falls(self, job):
        """The progress of each step grows, and is told."""
        at, told = 0, 0
        for e in self.log(job):
            at = 0 if e["kind"] == "step.started" else at
            if e["kind"] == "step.progress":
                check(e["body"]["permille"] >= at, f"{at} permille, then {e['body']}")
                at = e["body"]["permille"]
                told += 1
        check(told > 2, f"progress told {told} times")

    def outcome(self, job):
        outcomes = self.job(job)["outcomes"]
        check(len(outcomes) == 1, f"{len(outcomes)} outcomes")
        return outcomes[0]

    # --- the simulator

    def stats(self, host):
        return self.sim.stats(log=True)["hosts"][host]

    def flashed_once(self, host, component="bios", version="3.1.0"):
        seen = self.stats(host)
        c = seen["components"][component]
        check(seen["duplicates"] == 0, f"{seen['duplicates']} changes twice: {seen['log']}")
        check(c["flashes_started"] == 1, f"flashed {c['flashes_started']} times: {seen['log']}")
        check(c["version"] == version, f"runs {c['version']}")

    def untouched(self, host):
        seen = self.stats(host)
        check(seen["changing_requests"] == 0, f"changes were sent: {seen['log']}")


# --- cancel ---------------------------------------------------------------------------------------

def cancel_before(s):
    """Nothing was sent yet: the component is cancelled_before, the finally runs."""
    host = s.take()
    s.sim.inject(host, "foreign-task", ms=600000)
    job = s.apply(host)
    s.until_event(job, "step.started", "look/ready")
    s.lab.farrier("job", "cancel", job, "-y")
    s.end(job, "cancelled_before")
    check(s.outcome(job)["outcome"] == "cancelled_before", s.outcome(job))
    check("workflow.finally" in s.kinds(job), "no finally")
    s.untouched(host)


def cancel_upload(s):
    """While the image is sent: nobody can call it back, the BMC is asked what it got."""
    host = s.take()
    s.sim.inject(host, "hang", when="answer", ms=2500, method="POST", path="*pdate*")
    job = s.apply(host)
    s.until("the upload", lambda: s.stats(host)["uploads_received"])
    s.lab.farrier("job", "cancel", job, "-y")
    shown = s.end(job)
    check(shown["status"] == "cancelled_unknown", f"{shown['status']} {shown['cause']}")
    check("workflow.finally" in s.kinds(job), "no finally")
    seen = s.stats(host)
    check(seen["duplicates"] == 0 and seen["components"]["bios"]["flashes_started"] <= 1,
          f"{seen['log']}")


def cancel_flash(s):
    """While the BMC writes: it may end, and the cause says how far it came. Twice is once."""
    host = s.take()
    job = s.apply(host)
    s.until("the flash", lambda: s.stats(host)["flashes_started"])
    s.lab.farrier("job", "cancel", job, "-y")
    s.lab.farrier("job", "cancel", job, "-y", good=None)
    shown = s.end(job)
    check(shown["status"] == "cancelled_unknown", f"{shown['status']} {shown['cause']}")
    check("job.cancelling" in s.kinds(job) or "step.too_late" in s.kinds(job),
          "nobody said what is still running")
    check("workflow.finally" in s.kinds(job), "no finally")
    s.until("the flash is over", lambda: s.stats(host)["flashes_completed"])
    check(s.stats(host)["duplicates"] == 0, s.stats(host)["log"])
    check(s.stats(host)["flashes_started"] == 1, s.stats(host)["log"])
    run = s.lab.farrier("job", "cancel", job, "-y", good=None)
    check(run.returncode != 0 and "ended" in run.stderr, f"{run.returncode} {run.stderr}")


def cancel_settled(s):
    """While only looking: at once."""
    host = s.take()
    name = s.steps("cancel-settled", '{ action = "inventory"; }', '{ action = "await_settled"; '
                   'good_reads = 100; interval = "10s"; within = "1h"; }')
    job = s.run(name, host)
    s.until_event(job, "step.started", "await_settled")
    s.lab.farrier("job", "cancel", job, "-y")
    s.end(job, "cancelled", seconds=10)
    check("workflow.finally" in s.kinds(job), "no finally")


def cancel_restores_power(s):
    """finally brings the host back to the power state of the beginning."""
    host = s.take()
    name = s.workflow("cancel-power", """
workflow = { name = "cancel-power"; version = 1; summary = "test";
  phases = ( { name = "main"; steps = ( { action = "inventory"; },
      { action = "power.set"; state = "off"; }, { action = "wait"; duration = "1h"; } ); } );
  finally = ( { action = "power_restore"; } ); };
""")
    job = s.run(name, host)
    s.until_event(job, "step.started", '"wait"')
    check(power(s, host) == "Off", "not off")
    s.lab.farrier("job", "cancel", job, "-y")
    s.end(job)
    s.until("power is back", lambda: power(s, host) == "On")


def power(s, host):
    return [h for h in s.sim.ask("status")["hosts"] if h["name"] == host][0]["power"]


# --- people ---------------------------------------------------------------------------------------

def approve(s):
    """approve gives the host's lock back, and goes on with a yes."""
    host = s.take()
    name = s.workflow("approve", STEPS % {"name": "approve", "phases": """
{ name = "main"; steps = ( { action = "approve"; message = "shall it?"; save = "yes"; },
                           { action = "set"; name = "who"; value = "${yes.by}"; } ); }"""})
    job = s.run(name, host)
    s.until("it waits", lambda: s.job(job)["state"] == "waiting")
    check("approve" in s.lab.farrier("why", job).stdout, "why does not say approve")
    other = s.apply(host)
    s.end(other, "verified")
    check(s.job(job)["state"] == "waiting", s.job(job))
    s.lab.farrier("job", "approve", job, "-y")
    s.end(job, "succeeded")
    check("job.approved" in s.kinds(job), s.kinds(job))
    run = s.lab.farrier("job", "approve", job, "-y", good=None)
    check(run.returncode != 0, "approved twice")


def approve_cancelled(s):
    host = s.take()
    name = s.steps("approve-cancelled", '{ action = "approve"; message = "shall it?"; }')
    job = s.run(name, host)
    s.until("it waits", lambda: s.job(job)["state"] == "waiting")
    s.lab.farrier("job", "cancel", job, "-y")
    s.end(job, "cancelled", seconds=10)


def wait_step(s):
    """wait lasts as long as it says, not as long as the workflow's default timeout."""
    host = s.take()
    name = s.workflow("wait", """
workflow = { name = "wait"; version = 1; summary = "test"; defaults = { timeout = "1s"; };
  phases = ( { name = "main"; steps = ( { action = "wait"; duration = "2500ms"; } ); } ); };
""")
    job = s.run(name, host)
    shown = s.end(job, "succeeded")
    took = shown["ended_ms"] - shown["started_ms"]
    check(2500 <= took < 8000 * lab.PATIENCE, f"{took} ms")


def unknown_job(s, site, name, after):
    """A job that is parked because nobody knows whether its request arrived."""
    host = s.take()
    site.rule(f"/{name}", "vanish")
    workflow = s.steps(name, '{ action = "http"; method = "POST"; url = "%s/%s"; }'
                       % (site.url, name), *after)
    job = s.run(workflow, host)
    shown = s.end(job)
    check(shown["state"] == "parked" and shown["cause"]["parked"] == "unknown",
          f"{shown['state']} {shown['cause']}")
    check("resolve" in s.lab.farrier("why", job).stdout, "why does not say resolve")
    run = s.lab.farrier("job", "retry", job, good=None)
    check(run.returncode != 0, "a job of unknown state was retried")
    return job


def resolve_done(s, site):
    job = unknown_job(s, site, "resolve-done", ['{ action = "set"; name = "x"; value = 1; }'])
    s.lab.farrier("job", "resolve", job, "--as", "done", "-y")
    s.until("it goes on", lambda: s.job(job)["state"] == "done")
    s.end(job, "succeeded")
    check(site.count("/resolve-done") == 1, f"sent {site.count('/resolve-done')} times")


def resolve_not_started(s, site):
    job = unknown_job(s, site, "resolve-again", [])
    site.rule("/resolve-again", "ok")
    s.lab.farrier("job", "resolve", job, "--as", "not-started", "-y")
    s.until("it goes on", lambda: s.job(job)["state"] == "done")
    s.end(job, "succeeded")
    check(site.count("/resolve-again") == 2, f"sent {site.count('/resolve-again')} times")


def resolve_failed(s, site):
    job = unknown_job(s, site, "resolve-failed", [])
    s.lab.farrier("job", "resolve", job, "--as", "failed", "-y")
    s.until("it ends", lambda: s.job(job)["state"] == "done")
    s.end(job, "failed")
    check(site.count("/resolve-failed") == 1, "sent again")


def cancel_unknown(s, site):
    job = unknown_job(s, site, "cancel-unknown", [])
    s.lab.farrier("job", "cancel", job, "-y")
    s.until("it ends", lambda: s.job(job)["state"] == "done", 15)
    s.end(job, "cancelled")
    check("workflow.finally" in s.kinds(job), "no finally")


def retry_parked(s):
    """Another board answers: parked, nothing sent; when the old one is back, retry goes on."""
    host = s.take()
    about = [h for h in s.sim.hosts if h["name"] == host][0]
    name = s.workflow("reset-bmc", """
workflow = { name = "reset-bmc"; version = 1; summary = "test";
  phases = ( { name = "main"; steps = ( { action = "bmc.reset"; } ); } ); };
""")
    s.sim.inject(host, "identity", serial="SIM-OTHER", uuid="11111111-2222-3333-4444-555555555555")
    job = s.run(name, host)
    shown = s.end(job)
    check(shown["state"] == "parked" and shown["cause"]["parked"] == "identity changed",
          f"{shown['state']} {shown['cause']}")
    text = json.dumps(shown["cause"])
    check("SIM-OTHER" in text or "11111111" in text, f"the measured value is missing: {text}")
    s.untouched(host)
    s.sim.inject(host, "identity", serial=about["serial"], uuid=about["uuid"])
    s.lab.farrier("job", "retry", job)
    s.until("it goes on", lambda: s.job(job)["state"] == "done")
    s.end(job, "succeeded")
    check(s.stats(host)["resets_bmc"] == 1, s.stats(host)["log"])


def second_job(s):
    """One job changes a host at a time; the refusal names the holder."""
    host = s.take()
    job = s.apply(host)
    run = s.lab.farrier("apply", host, "--baseline", "bios", "-y", "--no-wait", good=None)
    check(run.returncode != 0 and job in run.stdout + run.stderr,
          f"exit {run.returncode}: {run.stdout} {run.stderr}")
    s.end(job, "verified")
    s.flashed_once(host)


# --- the core's own actions -----------------------------------------------------------------------

class Site:
    """A service of the site: counts requests by path, keeps them, and behaves by rule."""

    def __init__(self):
        self.lock = threading.Lock()
        self.rules, self.seen = {}, []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                with site.lock:
                    site.seen.append((self.command, self.path, dict(self.headers), body))
                    rule = site.rules.get(self.path, ["ok"])
                    what = rule.pop(0) if len(rule) > 1 else rule[0]
                if what == "vanish":   # it was executed, and nobody hears of it
                    self.close_connection = True
                    self.connection.close()
                    return
                status = 200 if what == "ok" else int(what)
                text = json.dumps({"path": self.path, "method": self.command}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = answer

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass                   # "vanish" closes under the handler's feet

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def rule(self, path, *what):
        with self.lock:
            self.rules[path] = list(what)

    def requests(self, path):
        with self.lock:
            return [r for r in self.seen if r[1] == path]

    def count(self, path):
        return len(self.requests(path))

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def http_actions(s, site):
    """GET and POST, the secret from a file, the answer in the context, a stable key."""
    host = s.take()
    secret = s.lab.write("token", "Bearer simulated-token\n")
    os.chmod(secret, 0o600)
    site.rule("/key", "503", "ok")
    name = s.steps(
        "http-actions",
        '{ action = "http"; url = "%s/read"; save = "read"; }' % site.url,
        '{ action = "http"; method = "POST"; url = "%s/write"; '
        'body = { host = "${host.name}"; }; headers = { X-Test = "yes"; }; '
        'secrets = { Authorization = "file:%s"; }; save = "write"; }' % (site.url, secret),
        '{ action = "http"; method = "PUT"; url = "%s/key"; idempotent = true; }' % site.url,
        '{ action = "fail"; message = "bad"; when = "write.status != 200 || '
        'write.body.path != \\"/write\\" || read.body.method != \\"GET\\""; }')
    job = s.run(name, host)
    s.end(job, "succeeded")
    method, _, headers, body = site.requests("/write")[0]
    check(method == "POST" and json.loads(body) == {"host": host}, f"{method} {body}")
    check(headers.get("Authorization") == "Bearer simulated-token", f"{headers}")
    check(headers.get("X-Test") == "yes" and headers.get("Idempotency-Key"), f"{headers}")
    keys = [r[2].get("Idempotency-Key") for r in site.requests("/key")]
    check(len(keys) == 2 and keys[0] == keys[1] and keys[0], f"keys {keys}")
    check("Idempotency-Key" not in site.requests("/read")[0][2], "a read has a key")
    told = s.lab.farrier("job", "log", job).stdout + json.dumps(s.job(job))
    check("simulated-token" not in told + s.lab.daemon_said(), "the secret was told")


def http_refused(s, site):
    """An answer that nobody wants is a failure, not a mystery; a POST is not repeated."""
    host = s.take()
    site.rule("/refused", "503")
    name = s.steps("http-refused",
                   '{ action = "http"; method = "POST"; url = "%s/refused"; }' % site.url)
    job = s.run(name, host)
    s.end(job, "failed")
    check(site.count("/refused") == 1, f"sent {site.count('/refused')} times")


def http_no_secret(s, site):
    host = s.take()
    name = s.steps("http-no-secret", '{ action = "http"; method = "POST"; url = "%s/open"; '
                   'secrets = { Authorization = "file:/nonexistent/token"; }; }' % site.url)
    job = s.run(name, host)
    shown = s.end(job, "failed")
    check("/nonexistent/token" in shown["cause"]["message"], shown["cause"])
    check(site.count("/open") == 0, "sent without its secret")


def http_idempotent_lost(s, site):
    """The answer is lost; the workflow says that twice is fine, the key tells the service."""
    host = s.take()
    site.rule("/lost", "vanish", "ok")
    name = s.steps("http-lost", '{ action = "http"; method = "POST"; url = "%s/lost"; '
                   'idempotent = true; }' % site.url)
    job = s.run(name, host)
    s.end(job, "succeeded")
    keys = {r[2].get("Idempotency-Key") for r in site.requests("/lost")}
    check(site.count("/lost") == 2 and len(keys) == 1, f"{site.requests('/lost')}")


PROGRAM = """#!/usr/bin/python3
import json, os, sys, time
context = json.load(sys.stdin)
with open(sys.argv[2], "a") as f:
    f.write(os.environ.get("SITE", "?") + "\\n")
with open(sys.argv[2] + ".pids", "w") as f:
    f.write(f"{os.getppid()} {os.getpid()}")
os.rename(sys.argv[2] + ".pids", sys.argv[2] + ".pid")
if sys.argv[1] == "fail":
    print("it is no use", file=sys.stderr)
    sys.exit(7)
if sys.argv[1] == "text":
    print("not json")
    sys.exit(0)
while sys.argv[1] == "wait" and not os.path.exists(sys.argv[2] + ".go"):
    time.sleep(0.05)
json.dump({"host": context["host"]["name"], "said": sys.argv[1]}, sys.stdout)
"""


def program(s, name):
    path = s.lab.write(f"{name}.program", PROGRAM)
    os.chmod(path, 0o700)
    return path, os.path.join(s.lab.folder, name + ".ran")


def run_step(s, name, word, after="", more=""):
    path, ran = program(s, name)
    workflow = s.steps(name, '{ action = "run"; argv = ["%s", "%s", "%s"]; '
                       'env = { SITE = "here"; }; save = "said"; %s }' % (path, word, ran, more),
                       *([after] if after else []))
    return workflow, ran


def lines(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="ascii") as f:
        return f.read().splitlines()


def run_good(s):
    host = s.take()
    workflow, ran = run_step(s, "run-good", "ok", '{ action = "fail"; message = "bad"; when = '
                             '"said.host != host.name || said.said != \\"ok\\""; }')
    job = s.run(workflow, host)
    s.end(job, "succeeded")
    check(lines(ran) == ["here"], lines(ran))


def run_bad(s):
    """A program that fails is a failed step, with what it said; it is not run again."""
    host = s.take()
    workflow, ran = run_step(s, "run-bad", "fail")
    job = s.run(workflow, host)
    shown = s.end(job, "failed")
    check("no use" in shown["cause"]["message"] and "7" in shown["cause"]["message"],
          shown["cause"])
    check(len(lines(ran)) == 1, lines(ran))
    workflow, ran = run_step(s, "run-text", "text")
    shown = s.end(s.run(workflow, host), "failed")
    check("JSON" in shown["cause"]["message"], shown["cause"])


def run_undone(s):
    """A phase that is rolled back takes its programs back, the last one first."""
    host = s.take()
    path, ran = program(s, "run-undone")
    step = ('{ action = "run"; argv = ["%s", "ok", "%s"]; env = { SITE = "%s"; }; '
            'undo = ["%s", "%s", "%s"]; }')
    begun = [step % (path, ran, site, path, "ok", ran + ".back") for site in ("first", "second")]
    bad = step.replace('"ok"', '"fail"') % (path, ran, "third", path, "ok", ran + ".back")
    never = step % (path, ran, "never", path, "ok", ran + ".back")
    shown = s.end(s.run(s.phases(
        "run-undone", '{ name = "one"; steps = ( %s ); on_failure = "rollback"; }'
        % ", ".join([*begun, bad, never])), host), "failed")
    check(lines(ran) == ["first", "second", "third"], lines(ran))
    check(lines(ran + ".back") == ["third", "second", "first"], lines(ran + ".back"))
    check(shown["cause"]["rollback"] == "done" and "no use" in shown["cause"]["message"],
          shown["cause"])


def run_too_long(s):
    host = s.take()
    workflow, ran = run_step(s, "run-long", "wait", more='timeout = "1s";')
    shown = s.end(s.run(workflow, host), "failed")
    check(shown["cause"]["code"] == "TIMEOUT", shown["cause"])
    check(len(lines(ran)) == 1, lines(ran))


def failures(s):
    """continue, goto, abort; the finally in each case."""
    host = s.take()
    bad = '{ action = "fail"; message = "on purpose"; code = "HOST_FAULT"; }'
    job = s.run(s.phases(
        "fail-continue",
        '{ name = "one"; steps = ( %s ); on_failure = "continue"; }' % bad,
        '{ name = "two"; steps = ( { action = "set"; name = "two"; value = true; } ); }'), host)
    s.end(job, "succeeded")
    check("workflow.failure_tolerated" in s.kinds(job), s.kinds(job))
    job = s.run(s.phases(
        "fail-goto",
        '{ name = "one"; steps = ( %s ); on_failure = "goto three"; }' % bad,
        '{ name = "two"; steps = ( { action = "fail"; message = "not here"; } ); }',
        '{ name = "three"; steps = ( { action = "set"; name = "x"; value = true; } ); }'), host)
    s.end(job, "succeeded")
    job = s.run(s.phases(
        "fail-abort", '{ name = "one"; steps = ( %s ); finally = ( { action = "set"; '
        'name = "p"; value = 1; } ); }' % bad), host)
    shown = s.end(job, "failed")
    check(shown["cause"]["code"] == "HOST_FAULT", shown["cause"])
    ran = [a["step"] for a in shown["attempts"] if a["state"] == "done"]
    check(any("finally" in r and r.startswith("one") for r in ran)
          and "finally/set" in ran, ran)


def retry_before(s, site):
    """A `before` step runs ahead of the second attempt."""
    host = s.take()
    site.rule("/flaky", "503", "ok")
    name = s.steps("retry-before", '{ action = "http"; url = "%s/flaky"; retry = { attempts = 3; '
                   'backoff = "fixed"; initial = "100ms"; on = ["BUSY", "TRANSIENT"]; before = ( '
                   '{ action = "notify"; message = "once more"; } ); }; }' % site.url)
    job = s.run(name, host)
    shown = s.end(job, "succeeded")
    ran = [(a["action"], a["state"]) for a in shown["attempts"]]
    check(ran[:3] == [("http", "failed"), ("notify", "done"), ("http", "done")], ran)


def context_too_large(s):
    """A value that does not fit ends the step with NO_SPACE; it does not stop the job's journal."""
    host = s.take()
    path = s.lab.write("large.program", "#!/usr/bin/python3\nprint('\"' + 'x' * 60000 + '\"')\n")
    os.chmod(path, 0o700)
    step = '{ action = "run"; argv = ["%s"]; save = "%%s"; }' % path
    job = s.run(s.steps("large", step % "a", step % "b"), host)
    shown = s.end(job, "failed", seconds=30)
    check(shown["cause"]["code"] == "NO_SPACE", shown["cause"])
    check("workflow.finally" in s.kinds(job), "no finally")


# --- updates that go wrong ------------------------------------------------------------------------

def wrong_version(s):
    """The flash ends with another version: rolled back, where there is a way back."""
    host = s.take("openbmc")
    s.sim.inject(host, "wrong-version", component="bmc", version="9.9.9")
    job = s.apply(host, "bmc", "rollback")
    shown = s.end(job)
    check(shown["status"] == "rolled_back", f"{shown['status']} {shown['cause']} "
          + "\n".join(s.story(job)))
    seen = s.stats(host)
    check(seen["flashes_started"] == 1 and seen["duplicates"] == 0, seen["log"])
    check(seen["components"]["bmc"]["version"] != "9.9.9", seen["components"])


def flash_fails(s):
    host = s.take()
    s.sim.inject(host, "flash-fail", percent=50)
    job = s.apply(host)
    shown = s.end(job)
    check(shown["status"].startswith("failed"), shown["status"])
    check(shown["cause"].get("vendor_id"), shown["cause"])
    check(s.stats(host)["uploads_received"] == 1, s.stats(host)["log"])


def method_simple_update(s):
    host = s.take()
    job = s.apply(host, "bios", "simple-update")
    s.end(job, "verified")
    check(s.stats(host)["pulls"] == 1 and s.stats(host)["uploads_received"] == 0,
          s.stats(host)["log"])
    s.never_falls(job)
    s.flashed_once(host)


def method_http_push(s):
    host = s.take()
    job = s.apply(host, "bios", "http-push")
    s.end(job, "verified")
    s.never_falls(job)
    s.flashed_once(host)


def apply_on_reset(s):
    """Staged now, activated by the later reset."""
    host = s.take()
    job = s.apply(host, "bios", "on-reset")
    s.end(job, "verified")
    s.flashed_once(host)
    check(s.stats(host)["resets_host"] >= 1, s.stats(host)["log"])


def session_expires(s):
    host = s.take()
    job = s.apply(host)
    s.until("the flash", lambda: s.stats(host)["flashes_started"])
    s.sim.inject(host, "expire-sessions")
    s.end(job, "verified")
    s.flashed_once(host)


def sessions_full(s):
    """Another fleet member's table is full: Basic instead."""
    host = s.take()
    s.sim.inject(host, "expire-sessions")
    s.sim.inject(host, "sessions-full")
    job = s.apply(host)
    s.end(job, "verified")
    s.flashed_once(host)
    check(s.stats(host)["basic_requests"] > 0, s.stats(host))


def upload_503(s):
    """503 with Retry-After: asked whether something of it is there, then sent again."""
    host = s.take()
    s.sim.inject(host, "status", status=503, retry_after=1, method="POST", path="*pdate*")
    job = s.apply(host)
    s.end(job, "verified")
    s.flashed_once(host)


def upload_answer_lost(s):
    """The image arrived, the answer did not: the BMC's task is taken up."""
    host = s.take()
    s.sim.inject(host, "reset", when="answer", method="POST", path="*pdate*")
    job = s.apply(host)
    s.end(job, "verified")
    s.flashed_once(host)
    check("step.adopted" in s.kinds(job), s.kinds(job))


def upload_answer_lost_openbmc(s):
    host = s.take("openbmc")
    s.sim.inject(host, "reset", when="answer", method="POST", path="*pdate*")
    job = s.apply(host)
    s.end(job, "verified")
    s.flashed_once(host)


def reset_answer_lost(s):
    """Manager.Reset and ComputerSystem.Reset are not sent twice."""
    host = s.take()
    s.sim.inject(host, "reset", when="answer", method="POST", path="*Manager.Reset")
    job = s.apply(host, "bmc")
    s.end(job, "verified")
    s.flashed_once(host, "bmc")
    check(s.stats(host)["resets_bmc"] == 1, s.stats(host)["log"])
    host = s.take()
    s.sim.inject(host, "reset", when="answer", method="POST", path="*ComputerSystem.Reset")
    job = s.apply(host)
    s.end(job, "verified")
    s.flashed_once(host)
    check(s.stats(host)["duplicates"] == 0, s.stats(host)["log"])


def foreign_task(s):
    """Somebody else's update runs: `ready` waits for it, clears nothing."""
    host = s.take()
    s.sim.inject(host, "foreign-task", ms=2500)
    job = s.apply(host)
    s.until_event(job, "step.started", "look/ready")
    shown = s.end(job, "verified")
    ready = [a for a in shown["attempts"] if a["action"] == "ready"]
    check(ready[-1]["ended_ms"] - ready[0]["started_ms"] >= 1000, ready)
    s.flashed_once(host)


def task_vanishes(s):
    """The task is gone (a restart of the BMC wipes it away): the version tells."""
    host = s.take("openbmc")
    job = s.apply(host, "bmc")
    s.until("the flash", lambda: s.stats(host)["flashes_started"])
    s.sim.inject(host, "task-vanish")
    s.end(job, "verified", seconds=90)
    s.flashed_once(host, "bmc")


def time_is_up(s):
    """A task that never ends: its time twice, then a person decides; nothing is sent again."""
    host = s.take()
    s.sim.inject(host, "task-stuck")
    job = s.apply(host, "bios", "short")
    shown = s.end(job)
    check(shown["state"] == "parked" and shown["cause"]["parked"] == "unknown",
          f"{shown['state']} {shown['cause']}")
    check("step.stuck" in s.kinds(job) and "step.adopted" in s.kinds(job), s.kinds(job))
    s.flashed_at_most_once = s.stats(host)["flashes_started"]
    check(s.flashed_at_most_once == 1, s.stats(host)["log"])
    s.sim.ask("clear", target=host)
    s.lab.farrier("job", "resolve", job, "--as", "failed", "-y")
    s.until("it ends", lambda: s.job(job)["state"] == "done")


def silent_after_upload(s):
    """The BMC falls silent after the upload, longer than the step's time: a person decides."""
    host = s.take()
    job = s.apply(host, "bios", "short")
    s.until("the flash", lambda: s.stats(host)["flashes_started"])
    s.sim.inject(host, "silent")
    shown = s.end(job, seconds=90)
    check(shown["state"] == "parked" and shown["cause"]["parked"] == "unknown",
          f"{shown['state']} {shown['cause']}")
    s.sim.ask("clear", target=host)
    s.lab.farrier("job", "resolve", job, "--as", "done", "-y")
    s.until("it ends", lambda: s.job(job)["state"] == "done", 90)
    s.end(job, "verified")
    s.flashed_once(host)


def stale_plan(s):
    """The version changes between plan and apply: STALE, nothing is sent."""
    host = s.take()
    plan = s.lab.ask("plan", "create", host, "--baseline", "bios")
    plan = plan.get("id") or plan["plan"]["id"]
    s.lab.farrier("plan", "approve", plan, "-y", good=None)
    s.sim.ask("set", target=host, component="bios", version="2.7.7")
    run = s.lab.farrier("apply", "--plan", plan, "--workflow", "plain", "-y", "--no-wait",
                        "-o", "json", good=None)
    check(run.returncode == 0, f"{run.returncode} {run.stdout} {run.stderr}")
    job = json.loads(run.stdout)["jobs"][0]["job"]
    shown = s.end(job)
    check(shown["status"].startswith("failed") and shown["cause"]["code"] == "STALE",
          f"{shown['status']} {shown['cause']}")
    s.untouched(host)


def stale_guard(s):
    """It changes between the inventory and the upload: the guard holds the upload back."""
    host = s.take()
    name = s.workflow("guarded", INSTALL.replace(
        '{ action = "plan"; } ); }',
        '{ action = "plan"; }, { action = "approve"; message = "now"; } ); }') % {
            "name": "guarded", "install": "", "settle": "", "on_failure": ""})
    job = s.apply(host, "bios", name)
    s.until("it waits", lambda: s.job(job)["state"] == "waiting" and s.job(job)["await"]
            and s.job(job)["await"]["kind"] == "approval")
    s.sim.ask("set", target=host, component="bios", version="2.7.7")
    s.lab.farrier("job", "approve", job, "-y")
    shown = s.end(job)
    check(shown["status"].startswith("failed") and shown["cause"]["code"] == "STALE",
          f"{shown['status']} {shown['cause']}")
    s.untouched(host)


def unreachable_unbound(s):
    """A host that nobody ever reached: its job fails after its retries, soon."""
    host = "nobody"
    s.lab.farrier("host", "add", host, "--bmc", "https://127.99.99.99:9", "--user", "admin",
                  "--password-file", s.sim.about["password_file"])
    job = s.run("inventory", host)
    shown = s.end(job, seconds=30)
    check(shown["status"] == "failed" and shown["cause"]["code"] == "UNREACHABLE",
          f"{shown['status']} {shown['cause']}")
    check(len(shown["attempts"]) <= 5, f"{len(shown['attempts'])} attempts")


# --- with a daemon that dies ----------------------------------------------------------------------

def killed_program(base, port):
    """kill -9 while a program of the site runs: it is taken up again, and ran exactly once."""
    s = Scene("jobs-run", {"generic": 1}, base, port)
    with s.lab:
        host = s.take()
        workflow, ran = run_step(s, "run-killed", "wait", '{ action = "fail"; message = "bad"; '
                                 'when = "said.host != host.name"; }')
        job = s.run(workflow, host)
        s.until("the program runs", lambda: lines(ran))
        for _ in range(2):
            s.lab.kill_daemon()
            check(s.lab.start_daemon(), s.lab.daemon_said())
        with open(ran + ".go", "w", encoding="ascii"):
            pass
        s.end(job, "succeeded")
        check(lines(ran) == ["here"], lines(ran))


ASKED = """#!/usr/bin/python3
import json, sys
context = json.load(sys.stdin)
with open(sys.argv[2] + ".asked", "a") as f:
    f.write(context["host"]["name"] + "\\n")
print("the site does not know", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""


def lost_program(base, port):
    """Nobody saw how a program ended (the machine went down): `reconcile` tells whether it ran."""
    s = Scene("jobs-lost", {"generic": 3}, base, port)
    with s.lab:
        asks = s.lab.write("asks.program", ASKED)
        os.chmod(asks, 0o700)
        jobs = []
        for answer in (0, 1, 3):
            ran = os.path.join(s.lab.folder, f"lost-{answer}.ran")
            workflow, ran = run_step(s, f"lost-{answer}", "wait",
                                     more=f'reconcile = ["{asks}", "{answer}", "{ran}"];')
            jobs.append((s.run(workflow, s.take()), ran))
        for _, ran in jobs:
            s.until("the program runs", lambda r=ran: os.path.exists(r + ".pid"))
        s.lab.kill_daemon()
        for _, ran in jobs:
            for pid in lines(ran + ".pid")[0].split():
                os.kill(int(pid), signal.SIGKILL)
            with open(ran + ".go", "w", encoding="ascii"):
                pass
        check(s.lab.start_daemon(), s.lab.daemon_said())
        (done, done_ran), (again, again_ran), (unknown, unknown_ran) = jobs
        s.end(done, "succeeded")
        check(lines(done_ran) == ["here"], lines(done_ran))
        s.end(again, "succeeded")
        check(lines(again_ran) == ["here", "here"], lines(again_ran))
        s.until("it parks", lambda: s.job(unknown)["state"] == "parked")
        message = s.job(unknown)["cause"]["message"]
        check("ended with 3" in message and "does not know" in message, message)
        for _, ran in jobs:
            check(lines(ran + ".asked"), "the site was not asked")
        check(lines(unknown_ran) == ["here"], lines(unknown_ran))


def killed_sessions(base, port):
    """A session that a kill leaves behind is used again or deleted, and does not add up."""
    s = Scene("jobs-sessions", {"generic": 1, "openbmc": 1}, base, port)
    with s.lab:
        for host in (s.take(), s.take("openbmc")):
            for _ in range(5):
                s.end(s.run("inventory", host), "succeeded")
                s.lab.kill_daemon()
                check(s.lab.start_daemon(), s.lab.daemon_said())
            check(s.stats(host)["sessions_open"] <= 1, f"{host}: {s.stats(host)['sessions_open']}")
        s.lab.stop_daemon()
        for name, seen in s.sim.stats()["hosts"].items():
            check(seen["sessions_open"] <= 1, f"{name}: {seen['sessions_open']} at the end")


def killed_wait(base, port):
    """A job that waits, one that is to be cancelled, and one for a person, over a kill."""
    s = Scene("jobs-wait", {"generic": 3}, base, port)
    with s.lab:
        job = s.run(s.steps("wait-killed", '{ action = "wait"; duration = "3s"; }'), s.take())
        yes = s.run(s.steps("approve-killed", '{ action = "approve"; message = "?"; }'), s.take())
        s.until("they wait", lambda: s.job(job)["state"] == s.job(yes)["state"] == "waiting")
        s.lab.kill_daemon()
        check(s.lab.start_daemon(), s.lab.daemon_said())
        s.end(job, "succeeded")
        s.lab.farrier("job", "approve", yes, "-y")
        s.end(yes, "succeeded")
        began = time.monotonic()
        s.run("wait-killed", s.take())
        s.lab.stop_daemon(10)
        check(time.monotonic() - began < 10 * lab.PATIENCE, "a slow stop")


def killed_reading(base, port):
    """A job that only reads is journaled seldom: it can be looked at, killed and cancelled."""
    s = Scene("jobs-reading", {"generic": 2}, base, port)
    with s.lab:
        host, other = s.take(), s.take()
        s.sim.inject(host, "silent")
        s.sim.inject(other, "silent")
        job, cancelled = s.run("inventory", host), s.run("inventory", other)
        check(s.job(job)["state"] in ("running", "waiting"), s.job(job))
        s.until("it is said where it stands", lambda: s.job(job)["phase"] == "read", 15)
        check("step.started" in s.kinds(job), s.kinds(job))
        s.lab.farrier("job", "cancel", cancelled, "-y")
        s.end(cancelled, "cancelled")
        s.lab.kill_daemon()
        s.sim.ask("clear", target=host)
        check(s.lab.start_daemon(), s.lab.daemon_said())
        s.end(job, "succeeded")


def stop_with_hanging_bmc(base, port):
    """A BMC that hangs holds up no stop; the job goes on afterwards."""
    s = Scene("jobs-stop", {"generic": 1}, base, port)
    with s.lab:
        host = s.take()
        s.workflow("plain", INSTALL % {"name": "plain", "install": "", "settle": "",
                                       "on_failure": ""})
        s.sim.inject(host, "silent")
        job = s.apply(host)
        s.until("it runs", lambda: s.job(job)["state"] != "queued")
        began = time.monotonic()
        s.lab.stop_daemon(30)
        check(s.lab.daemon is None and time.monotonic() - began < 15 * lab.PATIENCE,
              f"stopped after {time.monotonic() - began:.1f} s")
        s.sim.ask("clear", target=host)
        check(s.lab.start_daemon(), s.lab.daemon_said())
        s.end(job, "verified")
        s.flashed_once(host)


def without_daemon(base, port):
    """The same commands in-process; a job that was left open is taken up by `job resume`."""
    s = Scene("jobs-alone", {"generic": 2}, base, port, daemon=False)
    with s.lab:
        host = s.take()
        s.lab.farrier("apply", host, "--baseline", "bios", "-y", "--wait")
        s.flashed_once(host)
        workflow, ran = run_step(s, "run-alone", "ok")
        s.lab.farrier("workflow", "run", workflow, host, "-y", "--wait")
        check(lines(ran) == ["here"], lines(ran))


def many_hosts(base, port):
    """An inventory of 200 hosts, no failure."""
    s = Scene("jobs-many", {"generic": 150, "openbmc": 50}, base, port)
    with s.lab:
        s.lab.farrier("workflow", "run", "inventory", "--all", "-y", "--wait", "-o", "json",
                      seconds=120)
        jobs = s.lab.jobs("--limit", "1000")
        bad = [j for j in jobs if j["status"] != "succeeded"]
        check(len(jobs) >= 400 and not bad, f"{len(jobs)} jobs, bad: {bad[:3]}")


# --- all of them ----------------------------------------------------------------------------------

SHARED = [cancel_before, cancel_upload, cancel_flash, cancel_settled, cancel_restores_power,
          approve, approve_cancelled, wait_step, retry_parked, second_job, run_good, run_bad,
          run_undone, run_too_long, failures, context_too_large, wrong_version, flash_fails,
          method_simple_update, method_http_push, apply_on_reset, session_expires, sessions_full,
          upload_503, upload_answer_lost, upload_answer_lost_openbmc,
          reset_answer_lost, foreign_task, task_vanishes, time_is_up, silent_after_upload,
          stale_plan, stale_guard, unreachable_unbound]
WITH_SITE = [resolve_done, resolve_not_started, resolve_failed, cancel_unknown, http_actions,
             http_refused, http_no_secret, http_idempotent_lost, retry_before]
ALONE = [killed_program, killed_sessions, killed_wait, killed_reading, stop_with_hanging_bmc,
         without_daemon, many_hosts, lost_program]


def wanted(scenario):
    words = os.environ.get("JOBS_ONLY", "").split()
    return not words or any(word in scenario.__name__ for word in words)


def prepare_workflows(s):
    s.install("plain")
    s.install("short", install='timeout = "3s";')
    s.install("simple-update", install='method = "simple_update";')
    s.install("http-push", install='method = "http_push";')
    s.install("on-reset", install='apply_time = "OnReset";')
    s.install("rollback", on_failure='on_failure = { when = "failed.rollback_ready"; '
                                     'then = "rollback"; else = "abort"; };')


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


def run_all(pool, shared, site):
    pending = []
    for i, scenario in enumerate(ALONE):
        if wanted(scenario):
            pending.append(pool.submit(guarded, scenario, f"127.{82 + i}.1.1", 0))
    if shared is not None:
        pending += [pool.submit(guarded, f, shared) for f in SHARED if wanted(f)]
        pending += [pool.submit(guarded, f, shared, site) for f in WITH_SITE if wanted(f)]
    failed = count = 0
    for future in concurrent.futures.as_completed(pending):
        scenario, found, seconds = future.result()
        count += 1
        failed += bool(found)
        print(f"{'not ok' if found else 'ok'} {count} - {scenario.__name__}: "
              f"{scenario.__doc__ or ''} ({seconds:.1f} s)", flush=True)
        for line in found:
            print(f"# {line}", flush=True)
    print(f"1..{count}")
    return failed


def main():
    site = Site()
    shared = None
    failed = 1
    try:
        if any(wanted(f) for f in SHARED + WITH_SITE):
            shared = Scene("jobs", {"generic": 46, "openbmc": 4}, "127.81.1.1", 0)
            prepare_workflows(shared)
        with concurrent.futures.ThreadPoolExecutor(
                int(os.environ.get("JOBS_AT_ONCE", "10"))) as pool:
            failed = run_all(pool, shared, site)
        if shared is not None:
            shared.lab.stop_daemon()
    finally:
        site.close()
        if shared is not None:
            shared.lab.close(keep=failed and "FARRIER_TEST_KEEP" in os.environ)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
