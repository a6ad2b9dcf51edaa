"""A Postgres server of a test's own; shared by all Python tests.

Debian's binaries with their default configuration, in a temporary folder, run by
an unprivileged user when the tests run as root. Use as a context manager:

    with Postgres() as server:
        server.create_db("posthog", kind="posthog")
        url = server.url("posthog")
"""

import atexit
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

TOP = pathlib.Path(__file__).resolve().parent.parent
SQL = TOP / "tests" / "data" / "postgres"
KINDS = {
    "empty": [],
    "posthog": ["posthog.sql"],
    "posthog-old": ["posthog_old.sql"],
    "posthog-partitioned": ["posthog.sql", "posthog_partitioned.sql"],
}
_templates = {}


def bin_dir():
    found = os.environ.get("SLUICE_TEST_POSTGRES_BIN")
    if found:
        return pathlib.Path(found)
    for path in sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (path / "initdb").exists():
            return path
    raise RuntimeError("no Postgres server: install the package postgresql")


def _user():
    """Who runs the server: nobody else than us, unless we are root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("no user postgres or nobody to run the server")


def _own(path, mode=0o700):
    user = _user()
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)
    os.chmod(path, mode)


def _as_user():
    user = _user()
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _run(*args, **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    done = subprocess.run(
        [str(a) for a in args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
        env=env,
        check=False,
        **more,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{args[0]}: status {done.returncode}: {done.stdout}")
    return done.stdout


def _root():
    root = tempfile.mkdtemp(prefix="sluice-pg-")
    _own(root, 0o755)
    return root


def _template():
    """One initdb for a whole run; it takes longer than all else."""
    if "path" not in _templates:
        root = _root()
        atexit.register(shutil.rmtree, root, ignore_errors=True)
        path = os.path.join(root, "template")
        _run(
            *(bin_dir() / "initdb", "--pgdata", path, "--username", "sluice"),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale"),
            *("--no-sync", "--pwfile", _password_file(root)),
            **_as_user(),
        )
        _templates["path"] = path
    return _templates["path"]


def _password_file(root):
    path = os.path.join(root, "password")
    with open(path, "w") as f:
        f.write(Postgres.PASSWORD + "\n")
    _own(path, 0o600)
    return path


def _free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Postgres:
    """One server. Its superuser is "sluice"; connections need the password."""

    USER = "sluice"
    PASSWORD = "Secret-of-the-test-7319"

    def __init__(self, settings=None, hba=None):
        self.settings = dict(settings or {})
        self.hba = hba
        self.root = None
        self.process = None
        self.port = 0

    def __enter__(self):
        try:
            self.make()
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *exc):
        self.remove()

    def make(self):
        self.root = _root()
        self.data = os.path.join(self.root, "data")
        self.log_path = os.path.join(self.root, "log")
        _run("cp", "-a", _template(), self.data)
        self.port = _free_port()
        with open(os.path.join(self.data, "postgresql.auto.conf"), "a") as f:
            f.write(f"port = {self.port}\nlisten_addresses = '127.0.0.1'\n")
            f.write(f"unix_socket_directories = '{self.root}'\n")
            for name, value in self.settings.items():
                f.write(f"{name} = '{value}'\n")
        if self.hba:
            with open(os.path.join(self.data, "pg_hba.conf"), "w") as f:
                f.write(self.hba)

    def file(self, name, text, mode=0o600):
        """A file of the server (a key, a certificate); returns its path."""
        path = os.path.join(self.root, name)
        with open(path, "w") as f:
            f.write(text)
        _own(path, mode)
        return path

    def start(self, timeout_s=60):
        env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(bin_dir() / "postgres"), "-D", self.data],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=env,
                start_new_session=True,
                **_as_user(),
            )
        deadline = time.monotonic() + timeout_s
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("Postgres did not start: " + self.log()[-2000:])
            time.sleep(0.02)

    def is_ready(self):
        """postmaster.pid says so in its last line, once recovery is over."""
        try:
            with open(os.path.join(self.data, "postmaster.pid")) as f:
                lines = f.read().splitlines()
        except OSError:
            return False
        return (
            len(lines) >= 8
            and lines[0] == str(self.process.pid)
            and lines[7].strip() == "ready"
        )

    def stop(self, how=signal.SIGINT, timeout_s=60):
        """SIGINT: at once, connections are cut; SIGTERM: waits for clients to go;
        SIGQUIT: as a crash."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout_s)
            self.process = None

    def kill9(self):
        """All processes of the server at once, as a loss of power would (what the
        operating system has of its files remains)."""
        if self.process is not None:
            for pid in self.pids():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait(30)
            self.process = None
            self.forget_shared_memory()

    def pids(self):
        mine = [self.process.pid]
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                after = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if after[1] == str(self.process.pid):
                mine.append(int(stat.parent.name))
        return mine

    def forget_shared_memory(self):
        """A new postmaster refuses while a child of the old one still ends."""
        pid_file = os.path.join(self.data, "postmaster.pid")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                os.unlink(pid_file)
            except FileNotFoundError:
                return

    def restart(self, how=signal.SIGINT):
        self.stop(how)
        self.start()

    def remove(self):
        if self.process is not None:
            self.kill9()
        if self.root:
            shutil.rmtree(self.root, ignore_errors=True)

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def url(self, db="postgres", user=None, password=None, host="127.0.0.1", **more):
        """A URI; more: further parameters of libpq, as sslmode."""
        text = "postgresql://{}:{}@{}:{}/{}".format(
            urllib.parse.quote(user or self.USER, safe=""),
            urllib.parse.quote(password or self.PASSWORD, safe=""),
            host,
            self.port,
            urllib.parse.quote(db, safe=""),
        )
        return text + ("?" + urllib.parse.urlencode(more) if more else "")

    def sql(self, text, db="postgres", user=None, password=None, single=False):
        """Runs SQL by psql; the rows as lists of text, null as ''."""
        args = ["psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-R", "\x1e"]
        args += ["-v", "ON_ERROR_STOP=1"] + (["-1"] if single else [])
        done = subprocess.run(
            [*args, "-d", self.url(db, user, password)],
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        out = done.stdout.rstrip("\n")
        return [row.split("\x1f") for row in out.split("\x1e")] if out else []

    def create_db(self, name, kind="empty", owner=None):
        """kind: empty, or PostHog's own tables: posthog (the newest, one server
        for all), posthog-old (2022), posthog-partitioned (posthog_person is)."""
        self.sql(f'CREATE DATABASE "{name}"' + (f' OWNER "{owner}"' if owner else ""))
        for file in KINDS[kind]:
            self.sql((SQL / file).read_text(), name, single=True)
        return self.url(name)

    def drop_db(self, name):
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def dump_schema(self, db, schema="public"):
        """pg_dump of one schema's tables, to compare before and after."""
        text = _run(
            *(bin_dir() / "pg_dump", "--schema-only", "-n", schema),
            *("-d", self.url(db)),
        )
        # Newer versions write a word made up for each dump.
        lines = text.splitlines()
        return "\n".join(n for n in lines if "restrict " not in n)

    def create_team(self, db, team_id=1, token=None, **columns):
        """A row of posthog_team of any kind, as PostHog's admin makes it: all that
        is NOT NULL filled, columns (SQL texts) on top. Returns the token."""
        token = token or f"phc_test_of_the_project_{team_id:06d}"
        has_project = bool(self.sql(COLUMNS.format("posthog_project"), db))
        values = dict(TEAM_VALUES, id=str(team_id), api_token=f"'{token}'")
        values["name"] = f"'Project {team_id}'"
        if has_project:
            values["project_id"] = str(team_id)
            values["organization_id"] = ORGANIZATION
            self.sql(
                f"""INSERT INTO posthog_organization VALUES
                ({ORGANIZATION}, 'Org', now(), now()) ON CONFLICT DO NOTHING;
                INSERT INTO posthog_project (id, organization_id, name, created_at)
                VALUES ({team_id}, {ORGANIZATION}, 'Project', now())
                ON CONFLICT DO NOTHING""",
                db,
            )
        values.update({k: str(v) for k, v in columns.items()})
        known = {row[0] for row in self.sql(COLUMNS.format("posthog_team"), db)}
        names = [n for n in values if n in known or n in columns]
        self.sql(
            f"INSERT INTO posthog_team ({', '.join(names)}) VALUES "
            f"({', '.join(values[n] for n in names)})",
            db,
        )
        return token


ORGANIZATION = "'0190a000-0000-7000-8000-000000000001'"
COLUMNS = """SELECT attname FROM pg_attribute
WHERE attrelid = to_regclass('{}') AND attnum > 0 AND NOT attisdropped"""
TEAM_VALUES = {
    "uuid": "gen_random_uuid()",
    "app_urls": "'{}'",
    "created_at": "now()",
    "updated_at": "now()",
    "anonymize_ips": "false",
    "completed_snippet_onboarding": "false",
    "ingested_event": "false",
    "session_recording_opt_in": "false",
    "session_recording_retention_period": "'30d'",
    "is_demo": "false",
    "access_control": "false",
    "test_account_filters": "'[]'",
    "timezone": "'UTC'",
    "data_attributes": "'[]'",
    "plugins_opt_in": "false",
    "opt_out_capture": "false",
    "event_names": "'[]'",
    "event_names_with_usage": "'[]'",
    "event_properties": "'[]'",
    "event_properties_with_usage": "'[]'",
    "event_properties_numerical": "'[]'",
}
