"""Chaos: three servers over one Postgres database behind HAProxy, devices that edit through it, and everything that can break, breaks.

Servers are killed and frozen, connections to the database are cut, one server's clock is wrong, and with --failover the database is lost while
its standby lags, so that edits which it acknowledged are gone. In the end all devices of an account must hold the same, nothing that a device
wrote may be missing, and no revision may be there twice.

Usage: run.py STRONGLOG [--seconds N] [--failover] [--seed N]
"""

import argparse
import concurrent.futures
import glob
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

PASSWORD = "correct horse battery staple"
WEIGHTS = "user-bodyweight-logs"
ACCOUNTS, DEVICES, SERVERS = 10, 3, 3


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def ports(count):
    listeners = [socket.socket() for _ in range(count)]
    for listener in listeners:
        listener.bind(("127.0.0.1", 0))
    found = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return found


class Postgres:
    """A database server on a folder, run by the user `postgres` where this runs as root."""

    programs = os.environ.get("PG_BIN") or max(glob.glob("/usr/lib/postgresql/*/bin"), default="/usr/bin")

    def __init__(self, folder, port):
        self.folder, self.port, self.process = folder, port, None

    @classmethod
    def command(cls, program, *words):
        command = [os.path.join(cls.programs, program), *map(str, words)]
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command] if os.getuid() == 0 else command

    @classmethod
    def run(cls, program, *words):
        done = subprocess.run(cls.command(program, *words), capture_output=True, text=True, cwd="/")
        assert done.returncode == 0, f"{program}: {done.stderr}"
        return done.stdout.strip()

    def create(self):
        self.run("initdb", "--no-sync", "--auth=trust", "--username=owner", "--encoding=UTF8", "--locale=C", "-D", self.folder)
        self.start()
        self.sql("CREATE ROLE stronglog LOGIN", "postgres")
        self.sql("CREATE DATABASE stronglog OWNER stronglog", "postgres")

    def copy_to(self, folder, port):
        """A standby that follows this one, asynchronously."""
        self.run("pg_basebackup", "-h", "127.0.0.1", "-p", self.port, "-U", "owner", "-D", folder, "-R", "--checkpoint=fast", "--no-sync")
        standby = Postgres(folder, port)
        standby.start()
        return standby

    def start(self):
        settings = ["fsync=off", "listen_addresses=127.0.0.1", f"port={self.port}", "max_connections=120", "unix_socket_directories="]
        words = [word for setting in settings for word in ("-c", setting)]
        with open(self.folder + ".log", "a") as log:
            self.process = subprocess.Popen(self.command("postgres", "-D", self.folder, *words), stdout=log, stderr=log, cwd="/")
        ready = [os.path.join(self.programs, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        wait_for("the database", lambda: subprocess.run(ready).returncode == 0)

    def sql(self, statement, database="stronglog"):
        return self.run("psql", "-h", "127.0.0.1", "-p", self.port, "-U", "owner", "-d", database, "-Atc", statement)

    def stop(self, how=signal.SIGQUIT):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait()


def wait_for(what, is_so, seconds=60):
    until = time.time() + seconds
    while not is_so():
        assert time.time() < until, f"{what} is not ready"
        time.sleep(0.05)


class Server:
    def __init__(self, number, binary, folder, url, preload):
        self.port, self.folder, self.number = free_port(), folder, number
        self.command = [binary, "serve", "--bind", f"127.0.0.1:{self.port}", "--data", f"{folder}/server-{number}", "--store", url,
                        "--auth-per-minute", "100000", "--accept-clock", "--behind-proxy", "--log", "warn"]
        self.environment = dict(os.environ, STRONGLOG_SIGNING_SECRET="q7Zk3vN0s8yR2mT5wX9bC4dF6gH1jL0pKuVe", **preload)
        self.process = None

    def start(self):
        with open(f"{self.folder}/server-{self.number}.log", "a") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, stdout=log, stderr=log)

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()


def balancer(folder, servers):
    """HAProxy in front of the servers, which asks each of them whether it reaches the database."""
    port = free_port()
    lines = ["defaults", "  mode http", "  timeout connect 1s", "  timeout client 30s", "  timeout server 30s", "  option redispatch",
             "  option forwardfor", "frontend in", f"  bind 127.0.0.1:{port}", "  default_backend servers", "backend servers",
             "  option httpchk GET /readyz"]
    lines += [f"  server s{server.number} 127.0.0.1:{server.port} check inter 500 fall 2 rise 1" for server in servers]
    config = f"{folder}/haproxy.cfg"
    with open(config, "w") as file:
        file.write("\n".join(lines) + "\n")
    with open(f"{folder}/haproxy.log", "a") as log:
        return subprocess.Popen([shutil.which("haproxy") or "/usr/sbin/haproxy", "-f", config], stdout=log, stderr=log), port


class Device:
    """A device of an account: a profile folder, used through the command."""

    def __init__(self, binary, folder, name, account, url):
        self.binary, self.data, self.account, self.url = binary, f"{folder}/{name}", account, url
        self.written, self.deleted = set(), set()
        self.failed = self.synced = 0

    def run(self, *words, text=None):
        environment = dict(os.environ, STRONGLOG_PASSWORD=PASSWORD, NO_COLOR="1")
        return subprocess.run([self.binary, *words, "--data", self.data], input=text, capture_output=True, text=True, env=environment)

    def sign_in(self, command):
        until = time.time() + 60
        while True:
            done = self.run(command, "--server", self.url, "--email", self.account)
            if done.returncode == 0:
                return
            assert time.time() < until, done.stderr
            time.sleep(0.2)

    def edit(self, chance):
        """Writes a record, changes one or deletes one, and syncs most of the time."""
        what = chance.random()
        mine = sorted(self.written - self.deleted)
        if what < 0.6 or not mine:
            record = json.dumps({"date": 1_700_000_000_000 + chance.randrange(10**9), "weightKg": 60 + chance.random()})
            done = self.run("put", WEIGHTS, "--json", text=record)
            if done.returncode == 0:
                self.written.add(json.loads(done.stdout)["id"])
        elif what < 0.9:
            self.run("put", WEIGHTS, "--id", chance.choice(mine), "--set", f"weightKg={60 + chance.random()}")
        else:
            gone = mine[0]
            if self.run("delete", WEIGHTS, gone).returncode == 0:
                self.deleted.add(gone)
        if chance.random() < 0.7:
            self.sync()

    def sync(self):
        done = self.run("sync")
        self.synced, self.failed = self.synced + (done.returncode == 0), self.failed + (done.returncode != 0)
        return done

    def records(self):
        done = self.run("export")
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return {line["record"]["id"]: line["record"] for line in lines if "record" in line}


def chaos(until, chance, servers, database, counts):
    """Breaks something every second or so."""
    def kill():
        server = chance.choice(servers)
        server.kill()
        time.sleep(chance.uniform(0.2, 1.5))
        server.start()

    def freeze():
        server = chance.choice(servers)
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(chance.uniform(0.5, 3))
        server.process.send_signal(signal.SIGCONT)

    def cut():
        try:
            database().sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'stronglog'")
        except AssertionError:
            pass  # The database is being replaced.

    while time.time() < until:
        what = chance.choice([kill, kill, freeze, cut, cut])
        counts[what.__name__] = counts.get(what.__name__, 0) + 1
        what()
        time.sleep(chance.uniform(0.2, 1.2))


def fail_over(primary, standby, counts):
    """Loses the primary while the standby lags behind it, and promotes the standby."""
    receivers = standby.sql("SELECT pid FROM pg_stat_wal_receiver").split()
    for pid in receivers:
        os.kill(int(pid), signal.SIGSTOP)
    time.sleep(3)
    lost = primary.sql("SELECT coalesce(sum(rev), 0) FROM heads")
    primary.stop()
    for pid in receivers:
        os.kill(int(pid), signal.SIGKILL)
    wait_for("the standby", lambda: subprocess.run([os.path.join(Postgres.programs, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(standby.port)]).returncode == 0)
    kept = standby.sql("SELECT coalesce(sum(rev), 0) FROM heads")
    Postgres.run("pg_ctl", "-D", standby.folder, "-w", "promote")
    counts["revisions lost by the failover"] = int(lost) - int(kept)


def work(device, until, seed):
    chance = random.Random(seed)
    while time.time() < until:
        device.edit(chance)
        time.sleep(chance.uniform(0, 0.3))


def settle(devices, servers, seconds=300):
    """Syncs all devices until three rounds fail nowhere. A server that could not start without its database is started again, as systemd does."""
    until = time.time() + seconds
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for _ in range(3):
            waiting = list(devices)
            while waiting:
                done = list(pool.map(lambda device: (device, device.sync()), waiting))
                failed = [(device, run) for device, run in done if run.returncode != 0]
                waiting = [device for device, _ in failed]
                assert time.time() < until, [(device.data, run.returncode, run.stdout, run.stderr) for device, run in failed][:3]
                for server in servers:
                    if server.process.poll() is not None:
                        server.start()


def check(devices, database):
    wrong = []
    for account in sorted({device.account for device in devices}):
        mine = [device for device in devices if device.account == account]
        held = [device.records() for device in mine]
        if any(one != held[0] for one in held):
            wrong.append(f"the devices of {account} differ: {[len(one) for one in held]}")
        kept = set().union(*(device.written for device in mine)) - set().union(*(device.deleted for device in mine))
        if missing := kept - held[0].keys():
            wrong.append(f"{account} lacks {len(missing)} of {len(kept)} records")
        if back := set().union(*(device.deleted for device in mine)) & held[0].keys():
            wrong.append(f"{account} has {len(back)} deleted records")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for device, done in zip(devices, pool.map(lambda device: device.run("verify"), devices)):
            if done.returncode != 0:
                wrong.append(f"{device.data} differs from the server: {done.stdout}{done.stderr}")
    twice = database.sql("SELECT count(*) FROM (SELECT FROM records GROUP BY user_id, rev HAVING count(*) > 1) AS twice")
    if twice != "0":
        wrong.append(f"{twice} revisions are there twice")
    return wrong


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("stronglog")
    arguments.add_argument("--seconds", type=float, default=10)
    arguments.add_argument("--failover", action="store_true")
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    asked = arguments.parse_args()
    chance, binary = random.Random(asked.seed), os.path.abspath(asked.stronglog)
    folder = tempfile.mkdtemp(prefix="chaos-")
    cluster = tempfile.mkdtemp(prefix="chaos-pg-")
    if os.getuid() == 0:
        os.chown(cluster, pwd.getpwnam("postgres").pw_uid, pwd.getpwnam("postgres").pw_gid)
    one, other = ports(2)
    databases, running, counts = [Postgres(f"{cluster}/one", one)], [], {}
    try:
        databases[0].create()
        if asked.failover:
            databases.append(databases[0].copy_to(f"{cluster}/other", other))
        hosts = ",".join(f"127.0.0.1:{database.port}" for database in databases)
        url = f"postgres://stronglog@{hosts}/stronglog?target_session_attrs=read-write&sslmode=disable"
        fake = next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), None)
        wrong_clock = {"LD_PRELOAD": fake, "FAKETIME": "+45s"} if fake else {}
        servers = [Server(number, binary, folder, url, wrong_clock if number == 0 else {}) for number in range(SERVERS)]
        for server in servers:
            server.start()
            running.append(server)
        for server in servers:
            wait_for(f"server {server.number}", server.answers)
        proxy, port = balancer(folder, servers)
        time.sleep(1.5)
        devices = [Device(binary, folder, f"{account}-{number}", f"a{account}@example.com", f"http://127.0.0.1:{port}")
                   for account in range(ACCOUNTS) for number in range(DEVICES)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda device: device.sign_in("register"), devices[::DEVICES]))
            list(pool.map(lambda device: device.sign_in("login"), [device for at, device in enumerate(devices) if at % DEVICES]))
        until = time.time() + asked.seconds
        threads = [threading.Thread(target=work, args=(device, until, asked.seed + at)) for at, device in enumerate(devices)]
        threads.append(threading.Thread(target=chaos, args=(until, chance, servers, lambda: databases[-1] if databases[0].process.poll() is not None else databases[0], counts)))
        for thread in threads:
            thread.start()
        if asked.failover:
            time.sleep(asked.seconds / 2)
            fail_over(databases[0], databases[1], counts)
        for thread in threads:
            thread.join()
        settle(devices, servers)
        wrong = check(devices, databases[-1])
        written = sum(len(device.written) for device in devices)
        synced, failed = (sum(getattr(device, name) for device in devices) for name in ("synced", "failed"))
        print(f"seed {asked.seed}, {asked.seconds:.0f} s: {written} records by {len(devices)} devices of {ACCOUNTS} accounts, {synced} syncs, {failed} failed, "
              f"{counts}, one clock {'45 s ahead' if fake else 'not changed: libfaketime is missing'}")
        print("\n".join(wrong) or "nothing is lost, no revision is there twice, and all devices agree with the server")
        return 1 if wrong else 0
    finally:
        if "proxy" in locals():
            proxy.kill()
        for server in running:
            server.process.kill()
        for database in databases:
            database.stop()
        if "wrong" in locals() and not wrong:
            shutil.rmtree(folder)
            shutil.rmtree(cluster)
        else:
            print(f"kept {folder} and {cluster}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
