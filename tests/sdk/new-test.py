#!/usr/bin/python3
"""new-test: a site writes its own plugin, from nothing but an installed SDK.

Installs this build into a folder, and there, in an empty folder, does what an author does:
farrier-plugin-new, make check, make install, two functions filled in (tests/sdk/drain.c.in:
counted, at most 60 lines), a workflow that names acme_bmc.drain, run by the installed farrier on a
simulated BMC. Also: the autotools variant, names that are refused, DESTDIR.

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import bad  # noqa: E402
import lab  # noqa: E402

AUTHOR_MAX = 60
MADE = ["Makefile", "README.md", "acme-bmc-drain.conf", "acme_bmc-test.c", "acme_bmc.7.scd",
        "acme_bmc.c", "acme_bmc.conf", "acme_bmc.spec", "debian/changelog", "debian/control",
        "debian/copyright", "debian/rules", "debian/source/format"]
REFUSED = [  # arguments, exit status, what is said
    ([], 2, "name of the plugin is missing"),
    (["Acme"], 2, "try 'acme'"),
    (["acme-bmc"], 2, "try 'acme_bmc'"),
    (["9x"], 2, "try 'x'"),
    (["a" * 33], 2, "has 33 characters"),
    (["firmware"], 2, "standard ops begin with it"),
    (["bmc"], 2, "acme_bmc"),
    (["plan"], 2, "an action of their own"),
    (["int"], 2, "C has another use for it"),
    (["one", "two"], 2, "one name"),
    (["acme", "--build", "cmake"], 2, "make or autotools"),
    (["acme", "--op", "Drain"], 2, "name of an op"),
    (["acme", "--op"], 2, "needs a value"),
    (["acme", "--colour", "red"], 2, "no option --colour"),
    (["acme", "--license", "my own"], 2, "no SPDX identifier"),
    (["acme", "--vendor", 'A "B"'], 2, "no quotes"),
    (["acme", "--summary", "$(id)"], 2, "no quotes"),
    (["acme", "--maintainer", "nobody"], 2, "NAME <ADDRESS>"),
    (["full"], 1, "not empty"),
    (["file"], 1, "is no folder"),
]


def settings():
    """The directories that this build was configured with."""
    with open(os.path.join(lab.BUILD, "Makefile"), encoding="utf-8") as f:
        text = f.read()
    names = ("prefix", "exec_prefix", "bindir", "libdir", "libexecdir", "datadir", "datarootdir",
             "sysconfdir", "includedir", "mandir", "FARRIER_CONFDIR")
    found = {n: re.search(rf"^{n} = (.*)$", text, re.M).group(1).strip() for n in names}
    for _ in names:
        found = {n: re.sub(r"\$\{(\w+)\}", lambda m: found[m.group(1)], v)
                 for n, v in found.items()}
    return found


class Installed:
    """This build, installed into a folder of its own, and an author's environment."""

    def __init__(self, folder):
        self.folder = folder
        self.stage = os.path.join(folder, "stage")
        self.dirs = settings()
        # What make tells its children is not for the author's make.
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith(("MAKE", "MFLAGS", "FARRIER_", "CK_"))}
        self.install = subprocess.run(["make", "-C", lab.BUILD, "install",
                                       f"DESTDIR={self.stage}"], env=self.env,
                                      capture_output=True, text=True, check=False)
        # Nothing of the author's may reach the machine's own folders, however this is configured.
        moved = {name: self.at(name) for name in ("prefix", "exec_prefix", "bindir", "libdir",
                                                  "includedir", "datarootdir", "datadir",
                                                  "mandir", "sysconfdir")}
        moved["confdir"] = self.at("FARRIER_CONFDIR")
        self.env.update(PATH=self.at("bindir") + ":" + self.env["PATH"],
                        PKG_CONFIG="pkg-config " + " ".join(
                            f"--define-variable={name}={value}" for name, value in moved.items()),
                        PKG_CONFIG_PATH=os.path.join(self.at("libdir"), "pkgconfig"),
                        FARRIER_SIM_PERSONALITIES=self.at("datadir", "farrier/sim/personalities"),
                        ACLOCAL_PATH=os.path.join(self.at("datadir"), "aclocal"),
                        DEBFULLNAME="Acme", DEBEMAIL="plugins@acme.example")

    def at(self, name, *more):
        return os.path.join(self.stage + self.dirs[name], *more)

    def run(self, command, cwd, **env):
        return subprocess.run(command, cwd=cwd, env=dict(self.env, **env), shell=True, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, check=False,
                              timeout=300 * lab.PATIENCE)

    def empty(self, name):
        path = os.path.join(self.folder, name)
        os.makedirs(path)
        return path


def is_installed(tap, sdk):
    if not tap.ok(sdk.install.returncode == 0, "make install", sdk.install.stdout[-2000:],
                  sdk.install.stderr[-2000:]):
        return False
    wanted = [sdk.at("bindir", p) for p in ("farrier", "farrier-sim", "farrier-plugin-new",
                                            "farrier-plugin-check")]
    wanted += [sdk.at("includedir", "farrier", h) for h in ("sdk.h", "host.h", "plugin.h",
                                                            "types.h", "test.h")]
    wanted += [sdk.at("libdir", "pkgconfig", "farrier-plugin.pc"),
               sdk.at("datadir", "aclocal", "farrier.m4"),
               sdk.at("datadir", "farrier", "template", "plugin.c.in")]
    missing = [path for path in wanted if not os.path.exists(path)]
    left = [f for f in os.listdir(sdk.at("libdir", "farrier/plugins")) if not f.endswith(".so")]
    return tap.ok(not missing, "the SDK is in its places", *missing) \
        and tap.ok(not left, "nothing but plugins lies in the plugin folder", *left)


def refuses(tap, sdk):
    folder = sdk.empty("refused")
    os.makedirs(os.path.join(folder, "full/of"))
    with open(os.path.join(folder, "file"), "w", encoding="utf-8"):
        pass
    before = sorted(os.listdir(folder))
    for arguments, code, says in REFUSED:
        run = subprocess.run(["farrier-plugin-new", *arguments], cwd=folder, env=sdk.env,
                             capture_output=True, text=True, check=False)
        tap.said(f"farrier-plugin-new {' '.join(arguments)}", run, code, says)
    tap.ok(sorted(os.listdir(folder)) == before, "whoever is refused leaves nothing behind",
           os.listdir(folder))
    tap.said("--help", sdk.run("farrier-plugin-new --help", folder), 0, "--build", "acme_bmc")
    tap.said("another folder", sdk.run("farrier-plugin-new --directory ./a/b acme", folder), 0,
             "cd ./a/b && make check")


def regions(path):
    """What stands between the marks, by name."""
    found, name = {}, None
    with open(path, encoding="utf-8") as f:
        for line in f:
            end = re.search(r"<<< ([A-Z ]+(, \d of \d)?)", line)
            begin = re.search(r">>> ([A-Z ]+(, \d of \d)?)", line)
            if end:
                name = None
            elif begin:
                name = begin.group(1).strip()
                found[name] = []
            elif name is not None:
                found[name].append(line)
    return found


def fill_in(path, mine):
    """Puts the author's lines where the marks are; the comment before them may stay."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for name, lines in mine.items():
        pattern = re.compile(r"(/\* >>> %s.*?\*/\n).*?(/\* <<< %s)" % (name, name), re.S)
        text = pattern.sub(lambda m, new="".join(lines): m.group(1) + new + m.group(2), text)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def author(tap, sdk):
    """Returns the author's folder, or None."""
    folder = sdk.empty("acme")
    run = sdk.run("farrier-plugin-new acme_bmc && make check", folder)
    if not tap.said("farrier-plugin-new acme_bmc && make check", run, 0, "it ends well"):
        return None
    missing = [f for f in MADE if not os.path.exists(os.path.join(folder, f))]
    tap.ok(not missing, "test, man page, settings, workflow, debian/ and spec are there", *missing)
    mine = regions(os.path.join(lab.SOURCE, "tests/sdk/drain.c.in"))
    lines = sum(len(region) for region in mine.values())
    print(f"# the author's own lines: {lines}")
    tap.ok(len(mine) == 3 and 0 < lines <= AUTHOR_MAX,
           f"the author writes at most {AUTHOR_MAX} lines", lines)
    fill_in(os.path.join(folder, "acme_bmc.c"), mine)
    fill_in(os.path.join(folder, "acme_bmc-test.c"), mine)
    for name, region in mine.items():
        file = "acme_bmc-test.c" if name == "YOUR BMC" else "acme_bmc.c"
        tap.ok(regions(os.path.join(folder, file)).get(name, [])[-len(region):] == region,
               f"{name} is filled in")
    run = sdk.run("make check && make install", folder)
    if not tap.said("make check && make install", run, 0, "it ends well"):
        return None
    return folder


def on_a_bmc(tap, sdk):
    """The installed farrier, the installed plugin and workflow, the installed simulator."""
    places = {"farrier": "bindir", "farrier-sim": "bindir"}
    lab.program = lambda name: sdk.at(places[name], name)
    with lab.Lab("new") as a_lab:
        a_lab.env.update(FARRIER_CONF_DIR=sdk.at("FARRIER_CONFDIR"),
                         FARRIER_PLUGIN_DIR=sdk.at("libdir", "farrier/plugins"),
                         FARRIER_SPAWN=sdk.at("libexecdir", "farrier/farrier-spawn"))
        fleet = a_lab.fleet("sim", "--hosts", 1, "--mix", "generic:1", "--latency", "none",
                            "--boot-time", "100", base="127.94.1.1")
        a_lab.add_hosts(fleet)
        host = fleet.hosts[0]["name"]
        tap.said("farrier plugin list", a_lab.farrier("plugin", "list", good=None), 0, "acme_bmc",
                 "registered")
        tap.said("farrier workflow check", a_lab.farrier("workflow", "check", good=None), 0)
        run = a_lab.farrier("workflow", "run", "acme-bmc-drain", host, "-y", "--wait", good=None)
        tap.said("farrier workflow run acme-bmc-drain", run, 0)
        counts = fleet.stats(log=True)
        tap.ok(bad.count(fleet, host, "changing_requests") == 1, "one request reached the BMC",
               json.dumps(counts)[:2000])
        run = a_lab.farrier("workflow", "run", "acme-bmc-drain", host, "-y", "--wait", good=None)
        tap.ok(bad.count(fleet, host, "changing_requests") == 1,
               "a host that is off is left alone", run.stdout, run.stderr)
        tap.said("the op is documented", a_lab.farrier("plugin", "info", "acme_bmc", good=None), 0,
                 "acme_bmc.drain")


def with_autotools(tap, sdk):
    if shutil.which("autoreconf") is None or shutil.which("libtoolize") is None:
        tap.skip("the autotools variant", "apt-get install autoconf automake libtool")
        return
    folder = sdk.empty("autotools")
    target = os.path.join(sdk.folder, "elsewhere")
    run = sdk.run("farrier-plugin-new acme_auto --build autotools && autoreconf -i && "
                  f"./configure --quiet && make distcheck && make install DESTDIR={target}", folder)
    tap.said("the autotools variant, make distcheck", run, 0, "it ends well",
             "ready for distribution")
    files = sorted(os.path.join(at, name) for at, _, names in os.walk(target) for name in names)
    tap.ok(any(f.endswith("/plugins/acme_auto.so") for f in files)
           and any(f.endswith("/plugins/acme_auto.conf") for f in files)
           and not any(f.endswith(".la") for f in files), "it installs into DESTDIR", *files)


def with_destdir(tap, sdk, folder):
    target = os.path.join(sdk.folder, "package")
    run = sdk.run(f"make install DESTDIR={target}", folder)
    files = sorted(os.path.join(at, name) for at, _, names in os.walk(target) for name in names)
    tap.ok(run.returncode == 0 and any(f.endswith("/plugins/acme_bmc.so") for f in files)
           and any(f.endswith("/workflows/acme-bmc-drain.conf") for f in files),
           "make install DESTDIR=DIR", run.stderr, *files)


def main():
    lab.clean_up_on_signals()
    tap = bad.Tap()
    folder = tempfile.mkdtemp(prefix="farrier-new.")
    try:
        sdk = Installed(folder)
        if is_installed(tap, sdk):
            refuses(tap, sdk)
            plugin = author(tap, sdk)
            if plugin is not None:
                with_destdir(tap, sdk, plugin)
                on_a_bmc(tap, sdk)
            with_autotools(tap, sdk)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
