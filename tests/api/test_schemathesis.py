"""What a generator of requests makes of the document: no 5xx, no answer that is
not as documented, nothing accepted that the document forbids.

30 s, or 5 minutes with SLUICE_SCALE=1."""

import pathlib
import subprocess
import sys

from sluicetest import SCALE

HERE = pathlib.Path(__file__).parent
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
]


def test_the_running_server_is_as_its_document_says(world, tmp_path):
    session = world.sign_in("admin")
    seconds = max(10, min(300, round(300 * SCALE)))
    command = [
        pathlib.Path(sys.executable).with_name("schemathesis"),
        *("--config-file", HERE / "schemathesis.toml"),
        *("run", world.sluice.url("admin", "/api/v1/openapi.json")),
        *("--header", f"Cookie: {session['Cookie']}"),
        *("--header", f"X-CSRF-Token: {session['X-CSRF-Token']}"),
        *("--generation-with-security-parameters", "false"),
        *("--generation-database", "none"),
        *("--checks", ",".join(CHECKS)),
        *("--phases", "coverage,fuzzing"),
        *("--max-time", seconds),
        *("--max-examples", 1000 if SCALE >= 1 else 10),
        *("--suppress-health-check", "all"),
        *("--request-timeout", 30),
        # With more, CPython 3.11 may miscount the depth of its parser and end a run.
        *("--workers", 1),
        "--no-color",
    ]
    done = subprocess.run(
        [str(x) for x in command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=seconds + 120,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert world.sluice.process.poll() is None
    assert "level=error" not in world.sluice.log()
