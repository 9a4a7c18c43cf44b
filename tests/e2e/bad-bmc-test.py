#!/usr/bin/python3
"""bad-bmc-test: BMCs that are not there, refuse the password, show another certificate, lie, or
are other hardware than they were. Each time: one clear message, the next command, the exit status
of the table, and nothing sent that should not be.

SPDX-License-Identifier: Apache-2.0
SPDX-FileCopyrightText: The Farrier authors
"""

import http.server
import os
import re
import ssl
import subprocess
import sys
import threading

import bad
import lab

SHAPES = ("nesting", "numbers", "body", "types", "html", "nul", "empty", "null")
# What the message must say of them.
IS = {"html": ("not JSON but text/html", "it begins '<"), "nul": ("broken JSON",),
      "empty": ("the answer is empty",)}


def unreachable(tap):
    a_lab, fleet = bad.prepare("bad-reach", "127.91.1.1")
    with a_lab:
        url = fleet.hosts[0]["url"]
        fleet.inject("sim-0001", "drop")
        tap.said("a refused connection", a_lab.farrier("inventory", "refresh", "sim-0001",
                                                       good=None),
                 1, "sim-0001", url, "Connection refused", "hint: farrier why job-")
        tap.said("why: unreachable", a_lab.farrier("why", "sim-0001"), 0, "UNREACHABLE", url,
                 "what moves it: farrier ")
        run = a_lab.farrier("apply", "sim-0001", "-b", "b", "-y", good=None)
        tap.said("apply to a host that is gone", run, 1, url, "Connection refused")
        fleet.ask("clear", target="all")
        fleet.inject("sim-0001", "silent")
        tap.said("a host that does not answer", a_lab.farrier("inventory", "refresh", "sim-0001",
                                                              good=None),
                 1, url, "does not answer", "500 ms")
        fleet.ask("clear", target="all")
        a_lab.farrier("host", "add", "nameless", "--bmc", "https://nameless.invalid", "-u", "u",
                      "--password-file", fleet.about["password_file"])
        tap.said("a name without an address", a_lab.farrier("inventory", "refresh", "nameless",
                                                            good=None),
                 1, "nameless.invalid", "no address")
        tap.said("no inventory, no plan", a_lab.farrier("apply", "nameless", "-b", "b", "-y",
                                                        good=None),
                 4, "farrier inventory refresh nameless")
        tap.ok(bad.count(fleet, "sim-0001", "changing_requests") == 0, "nothing was sent")
        tap.said("it goes on when the host is back",
                 a_lab.farrier("apply", "sim-0001", "-b", "b", "-y", good=None), 0, "verified")


def password(tap):
    for daemon in (False, True):
        a_lab, fleet = bad.prepare("bad-password", "127.91.2.1")
        with a_lab:
            where = "farrierd" if daemon else "in-process"
            wrong = bad.secret(a_lab, "wrong", "surely-not-this")
            if daemon:
                a_lab.start_daemon()

            def set_password(path, a_lab=a_lab):
                a_lab.farrier("credential", "set", "sim-0001", "-u", "admin", "--password-file",
                              path)
            set_password(wrong)
            for command in (("inventory", "refresh", "sim-0001"),
                            ("inventory", "refresh", "sim-0001"),
                            ("apply", "sim-0001", "-b", "b", "-y"),
                            ("credential", "test", "sim-0001")):
                run = a_lab.farrier(*command, good=None)
                tap.said(f"{where}: {command[0]} with a wrong password", run, 1, "user admin",
                         "401", "not tried again", without=("surely-not-this",))
            tap.ok(bad.count(fleet, "sim-0001", "failed_logins") == 1,
                   f"{where}: one login for four commands",
                   f"{bad.count(fleet, 'sim-0001', 'failed_logins')} logins")
            tap.said(f"{where}: why names the next command", a_lab.farrier("why", "sim-0001"), 0,
                     "AUTH", "farrier credential set sim-0001 --user")
            set_password(wrong)
            a_lab.farrier("inventory", "refresh", "sim-0001", good=(1,))
            a_lab.farrier("inventory", "refresh", "sim-0001", good=(1,))
            tap.ok(bad.count(fleet, "sim-0001", "failed_logins") == 2,
                   f"{where}: one more for a credential that was set anew")
            set_password(fleet.about["password_file"])
            tap.said(f"{where}: the right password is tried at once",
                     a_lab.farrier("inventory", "refresh", "sim-0001", good=None), 0, "1 of 1 done")
            with open(os.path.join(a_lab.home, "store.db"), "rb") as f:
                tap.ok(b"surely-not-this" not in f.read(), f"{where}: no password in the store")


def certificate(tap):
    a_lab, fleet = bad.prepare("bad-certificate", "127.91.3.1")
    with a_lab:
        before = fleet.hosts[0]["certificate_sha256"]
        fleet.inject("sim-0001", "certificate")
        requests = bad.count(fleet, "sim-0001", "requests")
        run = a_lab.farrier("apply", "sim-0001", "-b", "b", "-y", good=None)
        tap.said("a changed certificate, with both values", run, 1, "the certificate has changed",
                 before)
        tap.ok(len(set(re.findall("[0-9a-f]{64}", run.stdout + run.stderr))) == 2,
               "two fingerprints are named")
        tap.ok(bad.count(fleet, "sim-0001", "requests") == requests, "not one request was sent")
        tap.said("why names the next command", a_lab.farrier("why", "sim-0001"), 0, "TLS",
                 "farrier host trust sim-0001 --forget")
        a_lab.farrier("host", "trust", "sim-0001", "--forget")
        tap.said("which works", a_lab.farrier("apply", "sim-0001", "-b", "b", "-y", good=None), 0,
                 "verified")
        expired(tap, a_lab)


def expired_certificate(folder):
    """A certificate that ended in 2021, by openssl's small CA."""
    config = os.path.join(folder, "ca.cnf")
    with open(config, "w", encoding="utf-8") as f:
        f.write(f"[ca]\ndefault_ca = x\n[x]\ndatabase = {folder}/index\nserial = {folder}/serial\n"
                f"new_certs_dir = {folder}\ndefault_md = sha256\npolicy = p\n"
                "[p]\ncommonName = supplied\n[req]\ndistinguished_name = d\n[d]\n")
    for name, text in (("index", ""), ("serial", "01\n")):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
    key, request, out = (os.path.join(folder, n) for n in ("key.pem", "csr.pem", "cert.pem"))
    for command in (["req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request,
                     "-subj", "/CN=expired", "-config", config],
                    ["ca", "-batch", "-selfsign", "-config", config, "-keyfile", key, "-in",
                     request, "-out", out, "-startdate", "20200101000000Z", "-enddate",
                     "20210101000000Z", "-notext"]):
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    return out, key


class Counting(http.server.BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self):
        Counting.asked += 1
        self.send_error(404)

    def log_message(self, *_):
        pass


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass


def expired(tap, a_lab):
    folder = os.path.join(a_lab.folder, "expired")
    os.mkdir(folder)
    certificate_file, key = expired_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key)
    server = Quiet(("127.0.0.1", 0), Counting)
    server.socket = context.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        password_file = bad.secret(a_lab, "pw", "simulated")
        a_lab.farrier("host", "add", "old", "--bmc", f"https://127.0.0.1:{server.server_port}",
                      "-u", "u", "--password-file", password_file)
        tap.said("an expired certificate, with its date",
                 a_lab.farrier("inventory", "refresh", "old", good=None), 1, "expired",
                 "2021-01-01")
        tap.ok(Counting.asked == 0, "nothing is asked over it")
        tap.said("why: expired", a_lab.farrier("why", "old"), 0,
                 "farrier host trust old --insecure")
        a_lab.farrier("host", "trust", "old", "--insecure")
        a_lab.farrier("inventory", "refresh", "old", good=(1,))
        tap.ok(Counting.asked > 0, "accepted by a person, it is used")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def hostile(tap):
    a_lab, fleet = bad.prepare("bad-hostile", "127.91.4.1")
    with a_lab:
        for daemon in (False, True):
            if daemon:
                a_lab.start_daemon()
            where = "farrierd" if daemon else "in-process"
            for shape in SHAPES:
                fleet.inject("sim-0001", "hostile", shape=shape, count=0)
                run = a_lab.farrier("inventory", "refresh", "sim-0001", good=None)
                tap.said(f"{where}: hostile answers ({shape})", run, 1, "sim-0001", "/redfish/v1",
                         "hint: farrier why job-", *IS.get(shape, ()),
                         without=("/redfish/v1/: /redfish/v1", ": : "))
                fleet.ask("clear", target="all")
            fleet.inject("sim-0001", "truncate", count=0)
            tap.said(f"{where}: truncated answers",
                     a_lab.farrier("inventory", "refresh", "sim-0001", good=None), 1, "broke off")
            fleet.ask("clear", target="all")
            tap.said(f"{where}: it is whole again",
                     a_lab.farrier("inventory", "refresh", "sim-0001", good=None), 0, "1 of 1 done")
        tap.ok(a_lab.daemon.poll() is None, "farrierd lives")


def hostile_while_changing(tap):
    """Answers under UpdateService only: an update is under way, or about to be."""
    a_lab, fleet = bad.prepare("bad-hostile-update", "127.91.5.1", hosts=len(SHAPES))
    with a_lab:
        a_lab.start_daemon()
        for host, shape in zip(fleet.hosts, SHAPES):
            fleet.inject(host["name"], "hostile", shape=shape, count=0,
                         path="/redfish/v1/UpdateService*")
        run = a_lab.farrier("apply", "--all", "-b", "b", "-y", good=None)
        tap.ok(run.returncode == 1, "every update fails", run.stdout[-2000:], run.stderr[-2000:])
        tap.ok(a_lab.daemon.poll() is None, "farrierd lives")
        jobs = [j for j in a_lab.jobs() if j["workflow"] != "inventory"]
        tap.ok(len(jobs) == len(SHAPES) and all("failed" in j["status"] for j in jobs),
               "each job says that it failed", [j["status"] for j in jobs])
        tap.ok(fleet.stats()["totals"]["flashes_started"] == 0, "nothing was flashed")


def lies(tap):
    a_lab, fleet = bad.prepare("bad-lies", "127.91.6.1", hosts=3)
    with a_lab:
        path = os.path.join(a_lab.conf_dir, "workflows/firmware-provisioning.conf")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        a_lab.write("conf.d/workflows/firmware-provisioning.conf",
                    text.replace('within = "15m"', 'within = "2s"'))
        fleet.inject("sim-0001", "wrong-version")
        fleet.inject("sim-0002", "early-success", ms=600000)
        fleet.inject("sim-0003", "task-backwards")
        run = a_lab.farrier("apply", "--all", "-b", "b", "-y", good=None)
        tap.said("two of three BMCs lie", run, 5, "measured 0.0.0-wrong, wanted 3.1.0",
                 "measured 1.0.0, wanted 3.1.0")
        for host, status in (("sim-0001", "failed(final)"), ("sim-0002", "failed(final)"),
                             ("sim-0003", "verified")):
            job = bad.newest_job(a_lab, host)
            tap.ok(job["status"] == status, f"{host} is {status}", job["status"])
            tap.ok(bad.count(fleet, host, "flashes_started") == 1, f"{host} was flashed once")
        tap.said("why: both versions", a_lab.farrier("why", "sim-0001"), 0, "VERIFY",
                 "measured 0.0.0-wrong, wanted 3.1.0", "farrier inventory history sim-0001")


def identity(tap):
    for daemon in (False, True):
        a_lab, fleet = bad.prepare("bad-identity", "127.91.7.1")
        with a_lab:
            where = "farrierd" if daemon else "in-process"
            if daemon:
                a_lab.start_daemon()
            fleet.inject("sim-0001", "identity", serial="OTHER1")
            run = a_lab.farrier("apply", "sim-0001", "-b", "b", "-y", good=None)
            tap.said(f"{where}: another board parks the job, with both values", run, 7,
                     "identity changed", "OTHER1", fleet.hosts[0]["serial"])
            tap.ok(bad.count(fleet, "sim-0001", "changing_requests") == 0,
                   f"{where}: nothing was sent")
            job = bad.newest_job(a_lab, "sim-0001")
            tap.ok(job["state"] == "parked", f"{where}: the job is parked", job)
            tap.said(f"{where}: why says what to do", a_lab.farrier("why", "sim-0001"), 0,
                     "OTHER1", "farrier host accept-identity sim-0001",
                     f"farrier job retry {job['id']}")
            tap.said(f"{where}: it is planned for no more",
                     a_lab.farrier("plan", "create", "sim-0001", "-b", "b"), 0, "1 blocked",
                     "farrier host accept-identity sim-0001")
            tap.said(f"{where}: a person accepts it",
                     a_lab.farrier("host", "accept-identity", "sim-0001", "-y"), 0, "accepted")
            run = a_lab.farrier("job", "retry", job["id"], "--wait", good=None)
            tap.said(f"{where}: and the job goes on", run, 0)
            tap.ok(bad.newest_job(a_lab, "sim-0001")["status"] == "verified",
                   f"{where}: verified", run.stdout, run.stderr)
            tap.ok(bad.count(fleet, "sim-0001", "flashes_started") == 1, f"{where}: flashed once")


if __name__ == "__main__":
    sys.exit(bad.main([unreachable, password, certificate, hostile, hostile_while_changing, lies,
                       identity]))
