#!/usr/bin/python3
"""monolithic-test: configure --enable-monolithic; its farrier and farrierd read an inventory.

Only what differs is built: the plugins and the two programs; the core is this build's library, and
the simulator this build's program. Results are TAP.

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import lab  # noqa: E402

CORE = "core/libfarrier-core.a"
MADE = ["core/cli/farrier", "core/daemon/farrierd"]


def run(command, folder):
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise lab.LabError(f"{command[0]}: exit {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout


def build(folder):
    """This build's configuration, with the plugins built in."""
    options = subprocess.run([os.path.join(lab.BUILD, "config.status"), "--config"],
                             capture_output=True, text=True, check=True).stdout
    run([os.path.join(lab.SOURCE, "configure"), *shlex.split(options), "--enable-monolithic"],
        folder)
    os.makedirs(os.path.join(folder, "core"), exist_ok=True)
    shutil.copy2(os.path.join(lab.BUILD, CORE), os.path.join(folder, CORE))
    run(["make", "-o", CORE, "-j2", *MADE], folder)


def use(folder):
    """From now on the lab starts the programs of that build."""
    ours = lab.program

    def program(name):
        made = [os.path.join(folder, m) for m in MADE if os.path.basename(m) == name]
        return made[0] if made else ours(name)
    lab.program = program


def check(good, what):
    if not good:
        raise lab.LabError(what)


def inventory(folder):
    use(folder)
    with lab.Lab("monolithic", quick=True) as a_lab:
        a_lab.env["FARRIER_PLUGIN_DIR"] = os.path.join(a_lab.folder, "nowhere")
        rows = a_lab.ask("plugin", "list")
        check([(p["name"], p["kind"], p["state"]) for p in rows]
              == [("generic_redfish", "built in", "registered")], rows)
        check("built in" in a_lab.farrier("plugin", "list").stdout, "the table has no kind")
        fleet = a_lab.fleet("sim", "--hosts", 2, "--mix", "generic:1,openbmc:1",
                            base="127.99.1.1")
        a_lab.add_hosts(fleet)
        check(a_lab.start_daemon(), a_lab.daemon_said())
        names = [h["name"] for h in fleet.hosts]
        a_lab.farrier("inventory", "refresh", *names)
        for name in names:
            found = a_lab.farrier("inventory", "show", name).stdout
            check("bios" in found and "bmc" in found, f"{name}: {found}")
        a_lab.stop_daemon()


def main():
    lab.clean_up_on_signals()
    if os.path.exists(os.path.join(lab.SOURCE, "config.status")):
        print("1..0 # SKIP the source folder itself is configured")
        return 77
    folder = tempfile.mkdtemp(prefix="farrier-monolithic-build.")
    failed = 0
    print("1..2")
    try:
        for number, (what, step) in enumerate((("it is built", build),
                                               ("it reads an inventory", inventory)), 1):
            try:
                step(folder)
                print(f"ok {number} - {what}", flush=True)
            except lab.LabError as e:
                failed += 1
                print(f"not ok {number} - {what}", flush=True)
                print("\n".join("# " + line for line in str(e).splitlines()), flush=True)
                break
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
