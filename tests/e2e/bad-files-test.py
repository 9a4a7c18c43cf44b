#!/usr/bin/python3
"""bad-files-test: what people write and what lies on the disk: workflows, baselines, lists,
farrier.conf, images, plugins, keys. All mistakes at once with file and line, nothing half done.

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import glob
import hashlib
import os
import shutil
import subprocess
import sys

import bad
import lab

WORKFLOW = """workflow = {{
  name = "{name}"; version = 1; summary = "simulated";
  phases = (
    {{ name = "read"; weight = 100;
{body}
    }}
  );
}};
"""


def workflow(tap):
    a_lab, fleet = bad.prepare("bad-workflow", "127.92.1.1", hosts=1)
    with a_lab:
        def write(name, body):
            a_lab.write(f"conf.d/workflows/{name}.conf", WORKFLOW.format(name=name, body=body))
        write("keys", '      stepps = ( );\n      steps = ( { action = "inventry"; },\n'
              '        { action = "inventory"; retrys = 3; } );')
        write("comma", '      steps = ( { action = "identify"; }, );')
        write("brace", '      steps = ( { action = "identify"; );')
        folder = os.path.join(a_lab.conf_dir, "workflows")
        tap.said("all mistakes at once, with file and line",
                 a_lab.farrier("workflow", "check", good=None), 2,
                 f"{folder}/keys.conf:5: unknown key 'stepps', did you mean 'steps'?",
                 f"{folder}/keys.conf:7: unknown key 'retrys', did you mean 'retry'?",
                 f"{folder}/keys.conf:6: unknown action 'inventry', did you mean 'inventory'?",
                 f"{folder}/comma.conf:5: trailing comma", f"{folder}/brace.conf:5: ")
        for daemon in (False, True):
            if daemon:
                a_lab.start_daemon()
            for name in ("keys", "comma", "brace"):
                run = a_lab.farrier("workflow", "run", name, "sim-0001", "-y", good=None)
                tap.said(f"{name}.conf is not run{' by farrierd' if daemon else ''}", run,
                         2, f"{name}.conf:")
            tap.said("a workflow that is not there",
                     a_lab.farrier("apply", "sim-0001", "-b", "b", "-w", "firmware-onli", "-y",
                                   good=None), 3, "firmware-onli",
                     "hint: did you mean firmware-only?")
        tap.ok(not [j for j in a_lab.jobs() if j["workflow"] != "inventory"], "no job was made")
        tap.ok(bad.count(fleet, "sim-0001", "changing_requests") == 0, "nothing was sent")


def baseline(tap):
    a_lab, _ = bad.prepare("bad-baseline", "127.92.2.1", hosts=1)
    with a_lab:
        path = a_lab.write("conf.d/baselines/wrong.conf", """baseline = {
  name = "wrong";
  targets = (
    { match = { typ = "bmc"; }; version = "1"; },
    { match = { type = "flux"; }; verson = "2"; }
  );
};
""")
        needles = (f"{path}:4: unknown key 'typ', did you mean 'type'?",
                   f"{path}:5: unknown key 'verson', did you mean 'version'?",
                   f"{path}:5: key 'type'",
                   "flux")
        tap.said("a baseline with mistakes", a_lab.farrier("baseline", "check", good=None), 2,
                 *needles)
        tap.said("is not applied", a_lab.farrier("apply", "sim-0001", "-b", "wrong", "-y",
                                                 good=None), 2, *needles)
        os.remove(path)
        other = a_lab.write("conf.d/baselines/other.conf", """baseline = {
  name = "other";
  targets = ( { match = { type = "bmc"; }; version = "2.0.0"; } );
};
""")
        run = a_lab.farrier("apply", "sim-0001", "-b", "b", "-b", "other", "-y", good=None)
        tap.said("two baselines that want different things", run, 2, f"{other}:3",
                 os.path.join(a_lab.conf_dir, "baselines/b.conf"), "hint: ", "priority")
        tap.said("a baseline that is not there",
                 a_lab.farrier("apply", "sim-0001", "-b", "nosuch", "-y", good=None), 3, "nosuch",
                 "hint: farrier baseline list")


def selectors(tap):
    a_lab, _ = bad.prepare("bad-selector", "127.92.3.1", hosts=1)
    with a_lab:
        for daemon in (False, True):
            if daemon:
                a_lab.start_daemon()
            for name, arguments, code, needle in (
                    ("no host has the label", ("apply", "rack=none", "-b", "b", "-y"), 3,
                     'the selector "rack=none" matches none of 1 hosts'),
                    ("all without --all", ("apply", "all", "-b", "b", "-y"), 2, "--all"),
                    ("no selector", ("apply", "-b", "b", "-y"), 2, "--all"),
                    ("a bracket too few", ("inventory", "refresh", "n[01"), 2, "column 2"),
                    ("an unknown host", ("inventory", "refresh", "nosuch"), 3, "farrier host list"),
                    ("an unknown job", ("job", "show", "nosuch"), 3, "farrier job list"),
                    ("an unknown plan", ("plan", "show", "nosuch"), 3, "farrier plan list"),
                    ("an unknown option", ("host", "list", "--frob"), 2, "--help"),
                    ("an unknown command", ("frob",), 2, "hint: "),
                    ("nobody says yes", ("apply", "sim-0001", "-b", "b"), 7, "--yes")):
                tap.said(name, a_lab.farrier(*arguments, good=None), code, needle, "hint: ")


def lists(tap):
    a_lab, fleet = bad.prepare("bad-list", "127.92.4.1", hosts=1)
    with a_lab:
        file = fleet.about["password_file"]
        path = a_lab.write("list.csv", "name,bmc,user,password_file\n"
                           f"good,https://127.9.9.1,u,{file}\n"
                           f",https://127.9.9.2,u,{file}\n"
                           f"good,https://127.9.9.3,u,{file}\n"
                           f"ftp,ftp://127.9.9.4,u,{file}\n"
                           "secret,https://127.9.9.5,u,/nosuch\n")
        run = a_lab.farrier("host", "import", path, good=None)
        tap.said("a list with four mistakes", run, 2, f"{path}:3: ", f"{path}:4: ", f"{path}:5: ",
                 f"{path}:6: ", "4 of 5 hosts are wrong, 0 were added", "hint: ")
        tap.said("none was added", a_lab.farrier("host", "show", "good", good=None), 3)
        tap.said("--partial adds the good one",
                 a_lab.farrier("host", "import", path, "--partial", good=None), 5)
        tap.said("which is there now", a_lab.farrier("host", "show", "good", good=None), 0)
        path = a_lab.write("columns.csv", "nme,bmc\nx,https://127.9.9.8\n")
        tap.said("an unknown column", a_lab.farrier("host", "import", path, good=None), 2,
                 f'{path}:1: unknown column "nme"', "name")


def settings(tap):
    a_lab, _ = bad.prepare("bad-settings", "127.92.5.1", hosts=1)
    with a_lab:
        path = a_lab.write("conf.d/farrier.conf",
                           'daemon = { workers = "many"; settel = "1s"; };\n'
                           "network = { per_host = 0; };\n")
        needles = (f"{path}:1: key 'workers' must be a whole number", "did you mean 'settle'?",
                   f"{path}:2: key 'per_host' is 0")
        tap.said("farrier.conf with mistakes", a_lab.farrier("host", "list", good=None), 2,
                 *needles)
        tap.said("config check tells the same", a_lab.farrier("config", "check", good=None), 2,
                 *needles)
        run = subprocess.run([lab.program("farrierd")], env=a_lab.env, capture_output=True,
                             text=True, timeout=20 * lab.PATIENCE, check=False)
        tap.said("farrierd does not start with it", run, 2, *needles)
        path = a_lab.write("conf.d/farrier.conf", "daemon = { workers = 4\n\x01\x02 ;;")
        tap.said("garbage in farrier.conf", a_lab.farrier("host", "list", good=None), 2,
                 f"{path}:")


def object_of(a_lab, image):
    with open(image, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    return glob.glob(os.path.join(a_lab.home, "firmware-repo/objects/sha256", digest[:2],
                                  digest[2:] + "*"))[0], digest


def images(tap):
    a_lab, fleet = bad.prepare("bad-image", "127.92.6.1", hosts=2)
    with a_lab:
        image = a_lab.image("generic", "bios", "4.0.0", "64KiB")
        promised = "ab" * 32
        with open(image + ".sha256", "w", encoding="utf-8") as f:
            f.write(f"{promised}  {os.path.basename(image)}\n")
        with open(image, "rb") as f:
            digest = hashlib.sha256(f.read()).hexdigest()
        tap.said("an image that is not what its .sha256 says",
                 a_lab.farrier("repo", "import", image, good=None), 1, promised, digest, "hint: ")
        tap.ok("4.0.0" not in a_lab.farrier("repo", "list").stdout, "it was not kept")
        tap.said("the repository is whole", a_lab.farrier("repo", "verify", good=None), 0)
        for name, text, code in (("empty.bin", "", 1), ("unknown.bin", "?" * 100, 2)):
            tap.said(name,
                     a_lab.farrier("repo", "import", a_lab.write(name, text), good=None), code,
                     name)
        tap.said("a file that is not there", a_lab.farrier("repo", "import", "/nosuch", good=None),
                 3, "/nosuch")
        tampered(tap, a_lab, fleet)


def tampered(tap, a_lab, fleet):
    image = a_lab.image("generic", "bmc", "3.1.0", "64KiB")
    path, digest = object_of(a_lab, image)
    with open(path, "rb") as f:
        good = f.read()
    os.chmod(path, 0o600)
    with open(path, "wb") as f:
        f.write(good[:40000] + bytes([good[40000] ^ 1]) + good[40001:])
    other = hashlib.sha256(good[:40000] + bytes([good[40000] ^ 1]) + good[40001:]).hexdigest()
    tap.said("one byte in the repository", a_lab.farrier("repo", "verify", good=None), 1, path,
             digest, other, "hint: ")
    for daemon, host in ((False, "sim-0001"), (True, "sim-0002")):
        if daemon:
            a_lab.start_daemon()
        where = "farrierd" if daemon else "in-process"
        run = a_lab.farrier("apply", host, "-b", "b", "-y", good=None)
        tap.said(f"{where}: it is not installed", run, 1, digest, other, without=(": : ",))
        tap.ok(bad.count(fleet, host, "flashes_started") == 0
               and bad.count(fleet, host, "uploads_received") == 0, f"{where}: nor handed over")
        tap.said(f"{where}: why names the next command", a_lab.farrier("why", host), 0,
                 "what moves it: farrier repo verify")
    tap.said("the vendor's file mends it", a_lab.farrier("repo", "import", image, good=None), 0)
    tap.said("and it is installed",
             a_lab.farrier("apply", "sim-0001", "-b", "b", "-y", good=None), 0, "verified")


def plugins(tap):
    a_lab, _ = bad.prepare("bad-plugin", "127.92.7.1", hosts=1)
    with a_lab:
        folder = os.path.join(a_lab.folder, "plugins")
        os.mkdir(folder, 0o755)
        for path in glob.glob(os.path.join(a_lab.env["FARRIER_PLUGIN_DIR"], "*.so")):
            shutil.copy(os.path.realpath(path), os.path.join(folder, os.path.basename(path)))
        a_lab.env["FARRIER_PLUGIN_DIR"] = folder
        good = os.path.join(folder, "generic_redfish.so")
        with open(good, "rb") as f:
            whole = f.read()
        for name, data in (("garbage", b"garbage\n" * 99), ("empty", b""), ("short", whole[:20000]),
                           ("half", whole[:len(whole) // 2])):
            with open(os.path.join(folder, name + ".so"), "wb") as f:
                f.write(data)
            run = a_lab.farrier("plugin", "why", name, good=None)
            tap.ok(0 <= run.returncode < 9 and f"{name} is failed" in run.stdout
                   and "hint: " in run.stdout, f"a plugin that is {name}", run.stdout, run.stderr)
        tap.said("the others work beside them",
                 a_lab.farrier("inventory", "refresh", "sim-0001", good=None), 0, "1 of 1 done")
        tap.said("an unknown plugin is not bound",
                 a_lab.farrier("host", "bind", "sim-0001", "nosuch", good=None), 3, "nosuch",
                 "hint: farrier plugin list")
        os.remove(good)
        tap.said("the bound plugin is gone",
                 a_lab.farrier("inventory", "refresh", "sim-0001", good=None), 1,
                 "generic_redfish (not loaded)")
        tap.said("why says where to look", a_lab.farrier("why", "sim-0001"), 0,
                 "farrier plugin list")


def keys(tap):
    a_lab, fleet = bad.prepare("bad-key", "127.92.8.1", hosts=1)
    with a_lab:
        path = os.path.join(a_lab.home, "keys/store.key")
        with open(path, "rb") as f:
            key = f.read()
        os.remove(path)
        run = a_lab.farrier("inventory", "refresh", "sim-0001", good=None)
        tap.ok(run.returncode == 1 and path in run.stderr and "hint: " in run.stderr
               and not os.path.exists(path), "a key file that is gone is not made anew", run.stderr)
        tap.said("what needs no password works", a_lab.farrier("host", "list"), 0, "sim-0001")
        with open(path, "wb") as f:
            f.write(os.urandom(len(key)))
        os.chmod(path, 0o600)
        run = a_lab.farrier("inventory", "refresh", "sim-0001", good=None)
        tap.said("another key", run, 1, path, "sealed under key")
        tap.said("why: another key", a_lab.farrier("why", "sim-0001"), 0,
                 "put the old key file back", "credential set")
        with open(path, "wb") as f:
            f.write(key)
        os.chmod(path, 0o644)
        tap.said("a key that others may read",
                 a_lab.farrier("inventory", "refresh", "sim-0001", good=None), 1, path, "644",
                 f"chmod 400 {path}")
        os.chmod(path, 0o400)
        tap.said("the right key again",
                 a_lab.farrier("inventory", "refresh", "sim-0001", good=None), 0, "1 of 1 done")
        tap.ok(bad.count(fleet, "sim-0001", "failed_logins") == 0, "no login was tried without it")


if __name__ == "__main__":
    sys.exit(bad.main([workflow, baseline, selectors, lists, settings, images, plugins, keys]))
