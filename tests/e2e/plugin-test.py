#!/usr/bin/env python3
"""plugin-test: plugins under the real programs: bad ones, upgrades, crashes, required ones.

The plugins are those of tests/plugins (make bad-plugins); they lie in a folder that farrier.conf
names, so that everything is judged and copied as in an installed Farrier.

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import glob
import json
import os
import shutil
import signal
import subprocess
import sys

import bad  # noqa: E402  (makes lab known)
import lab  # noqa: E402

BAD = os.path.join(lab.BUILD, "tests/plugins/lib")
WORKFLOW = """
workflow = { name = "own"; version = 1; summary = "an op of a plugin";
  phases = ( { name = "own"; steps = ( { action = "%s"; } ); } ); };
"""


class Site(lab.Lab):
    """A lab whose plugins lie in a folder of their own, named by farrier.conf."""

    def __init__(self, name):
        super().__init__(name)
        self.plugins = os.path.join(self.folder, "plugins")
        os.mkdir(self.plugins, 0o755)
        self.write("conf.d/farrier.conf",
                   bad.CONF + f'paths = {{ plugins = [ "{self.plugins}" ]; }};\n')
        self.env.pop("FARRIER_PLUGIN_DIR")
        for path in glob.glob(os.path.join(lab.BUILD, "plugins/.run/*.so")):
            self.put(os.path.realpath(path))

    def put(self, file, name=None):
        """As a package does: written beside, then renamed."""
        path = os.path.join(self.plugins, (name or os.path.basename(file)[:-3]) + ".so")
        shutil.copy(file, path + ".new")
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)
        return path

    def bad(self, stem, name=None):
        return self.put(os.path.join(BAD, stem + ".so"), name or os.path.basename(stem))

    def settings(self, name, text):
        self.write(f"conf.d/plugins/{name}.conf", text)

    def listed(self):
        return {p["name"]: p for p in reversed(self.ask("plugin", "list"))}

    def hang_up(self, says):
        """SIGHUP, and wait for its line in the log."""
        before = self.daemon_said().count(says)
        self.daemon.send_signal(signal.SIGHUP)
        lab.until("the reload", lambda: self.daemon_said().count(says) > before, 20)


def codes():
    """The names that core/plugin/problem.h gives, of those that a file can have."""
    with open(os.path.join(lab.SOURCE, "core/plugin/problem.h"), encoding="utf-8") as f:
        words = f.read().split('"')[1::2]
    names = [w for w in words if w.startswith("plugin-")]
    return [n for n in names if os.path.exists(os.path.join(BAD, stem_of(n) + ".so"))]


def stem_of(code):
    return code[len("plugin-"):].replace("-", "_")


def one_report(tap):
    """Every bad file at once: one command names each, with code, line and hint."""
    with Site("plugin-report") as site:
        tap.said("all is well", site.farrier("plugin", "check"), 0, "generic_redfish.so: good")
        at_load = [c for c in codes() if c not in ("plugin-exports", "plugin-activate",
                                                   "plugin-crashed")]
        for code in at_load:
            site.bad(stem_of(code))
        site.settings("nobody", "enabled = true;\n")
        run = site.farrier("plugin", "check", good=None)
        tap.said(f"one report of {len(at_load)} bad plugins", run, 2, "plugin-absent",
                 "farrier-plugin-nobody", *at_load)
        listed = site.listed()
        tap.ok(listed["generic_redfish"]["state"] == "registered",
               "the good one beside them is registered", listed["generic_redfish"])
        wrong = [c for c in at_load if c not in
                 [f["code"] for f in listed[stem_of(c)]["faults"]]]
        tap.ok(not wrong, "each is listed with its own code", wrong)
        loose = [f for p in listed.values() for f in p["faults"]
                 if not f["message"] or not f["hint"] or "\n" in f["message"]]
        tap.ok(not loose, "each has one line and a hint", loose)
        run = site.farrier("config", "check", good=None)
        tap.said("config check has them too", run, 2, *at_load)
        run = subprocess.run([lab.program("farrierd"), "--check"], env=site.env,
                             stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             timeout=60 * lab.PATIENCE, check=False)
        tap.said("farrierd --check as well", run, 2, *at_load)


def one_file(tap):
    """farrier plugin check FILE: the code runs in a process of its own."""
    with Site("plugin-check") as site:
        def check(stem, *options, good=None):
            return site.farrier("plugin", "check", os.path.join(BAD, stem + ".so"), *options,
                                good=good)
        tap.said("a good file", check("good"), 0, "good.so: good")
        tap.said("a denied library has its rule", check("denied_library"), 2,
                 "plugin-denied-library (R9): links libcurl.so.4")
        tap.said("symbols beside the entry", check("exports"), 2, "plugin-exports",
                 "helper_of_the_plugin")
        tap.said("a constructor that aborts is a verdict, not the end", check("crashed"), 2,
                 "plugin-crashed", "signal 6", "hint: gdb --args")
        run = check("stride", "-o", "json")
        about = json.loads(run.stdout)
        tap.ok(about["plugins"][0]["faults"][0]["code"] == "plugin-stride", "as JSON", run.stdout)
        tap.said("what is not there", site.farrier("plugin", "check", "/nowhere/x.so", good=None),
                 3, "there is no file /nowhere/x.so")
        tap.said("info runs nothing of a file",
                 site.farrier("plugin", "info", os.path.join(BAD, "crashed.so")), 0,
                 'version: "1.0.0"', "crashed.own")


def maps_of(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as f:
        return f.read()


def run_own(site, action="good.own"):
    site.write("conf.d/workflows/own.conf", WORKFLOW % action)
    run = site.farrier("workflow", "run", "own", "sim-0001", "-y", "--wait", good=None)
    jobs = site.ask("job", "list")
    log = site.farrier("job", "log", jobs[0]["id"] if "id" in jobs[0] else jobs[0]["job"],
                       good=None)
    return run.stdout + run.stderr + log.stdout


def upgrade(tap):
    """A package is upgraded under a running farrierd."""
    with Site("plugin-upgrade") as site:
        fleet = site.fleet("sim", "--hosts", 1, "--mix", "generic:1", "--latency", "none",
                           *bad.QUICK, base="127.93.1.1")
        site.add_hosts(fleet)
        site.bad("good")
        tap.said("without farrierd there is nothing to reload",
                 site.farrier("reload", good=None), 4, "no farrierd runs")
        tap.ok(site.start_daemon(), "farrierd runs", site.daemon_said())
        said = run_own(site)
        tap.ok("this is version 1.0.0" in said, "a job uses it", said)

        copy = "memfd:farrier-plugin-good-" + site.listed()["good"]["build_id"]
        tap.ok(copy in maps_of(site.daemon.pid), "what runs is a private copy, by its build id",
               copy)
        path = site.bad("upgrade/good-1.1", "good")
        tap.said("a list tells that the file changed", site.farrier("plugin", "list"), 0,
                 "its file changed since it was loaded: farrier reload")
        tap.ok(site.listed()["good"]["version"] == "1.0.0", "the upgrade changes nothing")
        said = run_own(site)
        tap.ok("this is version 1.0.0" in said, "not for jobs either", said)
        with open(path, "wb") as f:
            f.write(b"cut off")
        said = run_own(site)
        tap.ok("this is version 1.0.0" in said, "nor does a file that is written over", said)
        run = site.farrier("reload", good=None)
        tap.said("a reload refuses a bad build", run, 1, "plugin-not-elf", "1 refused")
        tap.ok(site.listed()["good"]["state"] == "registered", "the former works on")
        tap.said("why tells of the new one", site.farrier("plugin", "why", "good"), 0,
                 "good is registered", "plugin-not-elf")

        site.bad("upgrade/good-1.1", "good")
        tap.said("a reload takes a good build", site.farrier("reload"), 0, "1 taken", "0 refused")
        tap.ok(site.listed()["good"]["version"] == "1.1.0", "it is listed")
        new = "memfd:farrier-plugin-good-" + site.listed()["good"]["build_id"]
        maps = maps_of(site.daemon.pid)
        tap.ok(new != copy and new in maps and copy in maps, "both builds are in memory", new)
        said = run_own(site)
        tap.ok("this is version 1.1.0" in said, "jobs use it", said)
        site.settings("good", 'settings = { wait = "7s"; };\n')
        tap.said("new settings of the same build", site.farrier("reload"), 0, "1 configured")

        site.settings("good", "enabled = true;\n")
        site.write("conf.d/workflows/own.conf", WORKFLOW % "good.slow")
        job = site.ask("workflow", "run", "own", "sim-0001", "-y", "--no-wait")["jobs"][0]["job"]
        lab.until("the job waits", lambda: "a moment" in site.farrier("why", job).stdout, 20)
        site.bad("upgrade/good-1.2", "good")
        site.hang_up("reload: 1 plugins taken")
        tap.ok(site.listed()["good"]["version"] == "1.2.0", "SIGHUP does the same")
        lab.until("the job ends", lambda: job not in site.farrier(
            "job", "list", "--open", good=None).stdout, 20)
        tap.said("a job that was under way ends in the new build",
                 site.farrier("job", "log", job), 0, "this is version 1.2.0")
        tap.said("info tells the settings", site.farrier("plugin", "info", "generic_redfish"), 0,
                 "settings:", "reloadable: ")

        os.remove(path)
        tap.said("a file that is gone", site.farrier("reload"), 0, "1 gone")
        tap.said("its op cannot be used",
                 site.farrier("workflow", "run", "own", "sim-0001", "-y", "--wait", good=None), 2,
                 "plugin good is absent", "farrier plugin why good")
        tap.said("the log says which workflow needs it", subprocess.CompletedProcess(
            [], 0, site.daemon_said(), ""), 0, "own.conf:3: 'good.slow' cannot be used")
        site.bad("good")
        site.farrier("reload")
        said = run_own(site)
        tap.ok("this is version 1.0.0" in said, "and with the file it can", said)
        site.stop_daemon()


def required(tap):
    """Only a required plugin stops a start; of another the workflows tell."""
    with Site("plugin-required") as site:
        site.bad("magic")
        site.write("conf.d/workflows/own.conf", WORKFLOW % "magic.own")
        tap.said("a workflow that needs a failed plugin says so",
                 site.farrier("workflow", "check", good=None), 2,
                 "'magic.own' cannot be used: plugin magic is failed: the struct begins with",
                 "farrier plugin why magic")
        tap.ok(site.start_daemon(), "farrierd starts without it", site.daemon_said())
        site.stop_daemon()
        tap.ok("'magic.own' cannot be used" in site.daemon_said(), "its log says so too",
               site.daemon_said())
        site.settings("magic", "required = true;\n")
        tap.ok(not site.start_daemon(), "a required one stops the start")
        said = site.daemon_said()
        tap.ok("1 required plugin did not load: plugin magic: plugin-magic: the struct begins with "
               "0x12345678" in said and "hint: " in said, "with its fault", said[-800:])
        site.kill_daemon()
        tap.ok(site.listed()["magic"]["required"] is True, "it can be looked at all the same")
        site.settings("absent_one", "required = true;\n")
        site.settings("magic", "required = false;\n")
        tap.ok(not site.start_daemon(), "one that is not installed stops it too")
        tap.ok("install the package farrier-plugin-absent-one" in site.daemon_said(),
               "with the name of its package", site.daemon_said()[-500:])
        site.kill_daemon()


def crash(tap):
    """A plugin that brings farrierd down while it is loaded."""
    with Site("plugin-crash") as site:
        site.bad("crashed")
        for number in ("first", "second"):
            tap.ok(not site.start_daemon() and site.daemon.returncode == -signal.SIGABRT,
                   f"farrierd dies of it, the {number} time", site.daemon_said()[-500:])
            site.kill_daemon()
            run = site.farrier("plugin", "list", good=None)
            tap.said("a list does not", run, 0, "plugin-crashed", "signal 6", "in dlopen")
        tap.ok(site.start_daemon(), "the third start lives", site.daemon_said()[-500:])
        listed = site.listed()
        tap.ok(listed["crashed"]["state"] == "quarantined"
               and listed["generic_redfish"]["state"] == "registered",
               "it is in quarantine, the others work", listed["crashed"])
        tap.said("why says so", site.farrier("plugin", "why", "crashed"), 0,
                 "plugin-quarantined: farrier died 2 times", "hint: farrier plugin release crashed")
        site.bad("upgrade/good-1.2", "crashed")
        tap.said("release", site.farrier("plugin", "release", "crashed"), 0, "farrier reload")
        tap.said("the mended file is looked at again", site.farrier("reload", good=None), 1,
                 "plugin-name-mismatch")
        tap.said("a second release", site.farrier("plugin", "release", "crashed", good=None), 3,
                 "not in quarantine")
        site.stop_daemon()


if __name__ == "__main__":
    sys.exit(bad.main([one_report, one_file, upgrade, required, crash]))
