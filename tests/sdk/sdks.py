"""The SDKs under test: how each driver is built and run, and for how long the
SDK keeps an event that it cannot send. README.md names the sources."""

import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

from sluicetest import TOP

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", TOP / "build")) / "sdk"
PINS = dict(
    line.split("=", 1)
    for line in (TOP / "packaging" / "versions").read_text().splitlines()
    if "=" in line and not line.startswith("#")
)
FOREVER = float("inf")


@dataclasses.dataclass(frozen=True)
class Sdk:
    """keeps_s: while nothing listens, an event is sent again for at least so many
    seconds, and no event for more than so many; keeps_503_s: the same while 503
    is answered, where that differs."""

    name: str
    folder: str
    pin: str
    lib: str
    keeps_s: tuple = (FOREVER, FOREVER)
    keeps_503_s: tuple | None = None
    options: dict = dataclasses.field(default_factory=dict)
    env: dict = dataclasses.field(default_factory=dict)

    @property
    def version(self):
        return PINS[self.pin]

    def keeps(self, outage):
        if outage.answers and self.keeps_503_s:
            return self.keeps_503_s
        return self.keeps_s

    def command(self):
        if self.folder == "python":
            return [sys.executable, str(HERE / "python" / "driver.py")]
        if self.folder in ("node", "js", "js-lite"):
            return ["node", str(HERE / self.folder / "driver.cjs")]
        if self.folder == "go":
            return [str(BUILD / "go" / "driver")]
        if self.folder == "rust":
            return [str(BUILD / "rust" / "debug" / "sdk-driver")]
        jars = (BUILD / self.folder / "classpath").read_text().strip()
        classes = BUILD / self.folder / "classes"
        return ["java", "-Xmx64m", "-cp", f"{classes}:{jars}", "Driver"]


JS = ("js", "NPM_POSTHOG_JS", "web")
LITE = ("js-lite", "NPM_POSTHOG_JS_LITE", "js")
NODE = ("node", "NPM_POSTHOG_NODE", "posthog-node")
PYTHON = ("python", "PYPI_POSTHOG", "posthog-python")
GO = ("go", "GO_POSTHOG", "posthog-go")
RUST = ("rust", "CRATE_POSTHOG_RS", "posthog-rs")
JAVA = ("java", "MAVEN_POSTHOG_SERVER", "posthog-server")
LEGACY = ("java-legacy", "MAVEN_POSTHOG_JAVA", None)

NODE_PATIENT = {"fetchRetryCount": 20}
PYTHON_PATIENT = {"max_retries": 10}
GO_PATIENT = {"max_retries": 9, "retry_after_ms": 5000}
RUST_PATIENT = {"max_capture_attempts": 20, "retry_max_backoff_ms": 5000}
LEGACY_PATIENT = {"max_retries": 6, "initial_retry_ms": 50}
V1 = {"capture_mode": "v1", "capture_compression": "gzip"}

# Options are the documented ones of each SDK. What it does when nothing is said
# stands in a row of its own ("-default") where that is to give up; "-v1" sends to
# the newer endpoint.
SDKS = [
    Sdk("js", *JS, (15.7, 45), (60, FOREVER)),
    Sdk("js-lite", *LITE, keeps_503_s=(9, 16)),
    Sdk("node", *NODE, keeps_503_s=(60, FOREVER), options=NODE_PATIENT),
    Sdk("node-default", *NODE, keeps_503_s=(9, 16)),
    Sdk(
        "node-v1",
        *NODE,
        (61, FOREVER),
        options={"fetchRetryCount": 10, "fetchRetryDelay": 1000},
        env={"POSTHOG_CAPTURE_MODE": "v1"},
    ),
    Sdk("python", *PYTHON, (61, FOREVER), options=PYTHON_PATIENT),
    Sdk("python-v1", *PYTHON, (61, FOREVER), options={**PYTHON_PATIENT, **V1}),
    Sdk("python-default", *PYTHON, (7, 9)),
    Sdk("go", *GO, (45, FOREVER), options=GO_PATIENT),
    Sdk("go-v1", *GO, (45, FOREVER), options={**GO_PATIENT, "v1": True}),
    Sdk("go-default", *GO, (0.7, 4), (3, 8)),
    Sdk("rust", *RUST, (50, FOREVER), options=RUST_PATIENT),
    Sdk("rust-default", *RUST, (0.6, 4), (2, 6)),
    Sdk("java", *JAVA, (0, 4), (FOREVER, FOREVER)),
    Sdk("java-legacy", *LEGACY, (54, FOREVER), options=LEGACY_PATIENT),
    Sdk("java-legacy-default", *LEGACY, (19.5, 25)),
]


def need(tool):
    if not shutil.which(tool):
        raise RuntimeError(f"{tool} is missing: sh packaging/check installs it")
    return tool


def run(*command, cwd, env=None):
    done = subprocess.run(
        [str(c) for c in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=500,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def build_npm():
    folder = BUILD / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    need("node"), need("chromium")
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, folder / name)
    run(need("npm"), "ci", "--ignore-scripts", "--silent", cwd=folder)


def kept(sources, tool, output, build):
    """output as build makes it of these files with this tool; taken from the
    cache folder when it was made before, as that takes a minute."""
    key = hashlib.sha256(run(*tool, cwd=HERE).encode())
    for source in sources:
        key.update((HERE / source).read_bytes())
    cache = pathlib.Path(
        os.environ.get("SLUICE_CACHE", pathlib.Path.home() / ".cache" / "sluice")
    )
    copy = cache / f"sdk-{pathlib.Path(sources[0]).parts[0]}-{key.hexdigest()[:16]}"
    output.parent.mkdir(parents=True, exist_ok=True)
    if not copy.exists():
        build()
        cache.mkdir(parents=True, exist_ok=True)
        partial = copy.with_suffix(f".{os.getpid()}")
        shutil.copy(output, partial)
        partial.rename(copy)
    else:
        output.unlink(missing_ok=True)
        shutil.copy(copy, output)


def build_go():
    output = BUILD / "go" / "driver"
    flags = ["-mod=readonly", "-ldflags=-s -w"]
    env = {"GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"}
    kept(
        ["go/main.go", "go/go.mod", "go/go.sum"],
        [need("go"), "version"],
        output,
        lambda: run("go", "build", *flags, "-o", output, ".", cwd=HERE / "go", env=env),
    )


def build_rust():
    target = BUILD / "rust"
    kept(
        ["rust/src/main.rs", "rust/Cargo.toml", "rust/Cargo.lock"],
        [need("rustc"), "--version"],
        target / "debug" / "sdk-driver",
        lambda: run(
            *(need("cargo"), "build", "--locked", "--quiet"),
            *("--target-dir", target),
            cwd=HERE / "rust",
        ),
    )


def build_java():
    repository = os.environ.get("SLUICE_M2", str(BUILD / "m2"))
    for name in ("java", "java-legacy"):
        folder = BUILD / name
        folder.mkdir(parents=True, exist_ok=True)
        run(
            need("mvn"),
            "--batch-mode",
            "--quiet",
            f"-Dmaven.repo.local={repository}",
            "dependency:build-classpath",
            f"-Dmdep.outputFile={folder / 'classpath'}",
            "-Dmdep.includeScope=runtime",
            cwd=HERE / name,
        )
        jars = (folder / "classpath").read_text().strip()
        source = HERE / name / "Driver.java"
        run(
            need("javac"),
            *("-cp", jars, "-d", folder / "classes", source),
            cwd=folder,
        )


def build_all():
    """Builds every driver; two at a time, the long ones first."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        steps = (build_rust, build_npm, build_java, build_go)
        for step in [pool.submit(s) for s in steps]:
            step.result()


class Driver:
    """A driver program: one operation a line in, one "ok" a line out."""

    def __init__(self, sdk, url, key, log_folder, options=None):
        self.sdk = sdk
        self.sent, self.answers = 0, []
        self.log_path = pathlib.Path(log_folder) / f"{sdk.name}.log"
        env = {**os.environ, **sdk.env}
        env["NODE_PATH"] = str(BUILD / "npm" / "node_modules")
        env["CHROMIUM"] = shutil.which("chromium") or ""
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [
                    *sdk.command(),
                    url,
                    key,
                    json.dumps(sdk.options if options is None else options),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=env,
            )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.answers.append(line.rstrip("\n"))

    def log(self):
        text = self.log_path.read_text(errors="replace")
        return f"{self.sdk.name}: {self.answers[-3:]} {text[-3000:]}"

    def send(self, op, **fields):
        self.process.stdin.write(json.dumps({"op": op, **fields}) + "\n")
        self.process.stdin.flush()
        self.sent += 1

    def settle(self, timeout_s=60):
        """Waits until every operation was taken by the SDK."""
        deadline = time.monotonic() + timeout_s
        while self.answers.count("ok") < self.sent:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)

    def close(self, timeout_s=90):
        """The SDK's own shutdown; the status must be 0."""
        self.process.stdin.close()
        try:
            status = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError("does not end: " + self.log()) from None
        assert status == 0, self.log()
        self.reader.join(10)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
