"""TLS on the admin port."""

import http.client
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest
from door import Client, Door, eventually, trusting
from sluicetest import TOP, CommandFailed

sys.path.insert(0, str(TOP / "tests" / "proxy"))
from doors import Authority  # noqa: E402


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def serial(port):
    """Of the certificate that is shown."""
    text = subprocess.run(
        f"openssl s_client -connect 127.0.0.1:{port} </dev/null 2>/dev/null |"
        " openssl x509 -noout -serial",
        shell=True,
        capture_output=True,
        text=True,
    ).stdout
    return text.strip()


def test_admin_over_tls(authority, tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    for made, used in zip(authority.pair(), (cert, key), strict=True):
        shutil.copy(made, used)
    settings = {"admin.tls_cert": str(cert), "admin.tls_key": str(key)}
    with Door(settings=settings, ready=False) as d:
        assert "https://127.0.0.1:" in d.cli("user", "setup")
        d.make_user("a@example.org", "admin")
        client = Client(d, context=trusting(authority.root))
        answer = client.sign_in("a@example.org")
        assert answer.status == 200
        assert answer.headers["Set-Cookie"].endswith("; Secure")
        assert "max-age=" in answer.headers["Strict-Transport-Security"]
        assert client.ask("GET", "/session").json["warnings"] == []
        with pytest.raises((http.client.HTTPException, OSError)):
            Client(d).ask("GET", "/setup")
        admin = d.cli_json("status")["admin"]
        assert admin["tls"]["names"] and admin["warning"] == ""
        # Another pair is used without a restart; sessions go on.
        before = serial(d.ports["admin"])
        for made, used in zip(authority.pair(), (cert, key), strict=True):
            shutil.copy(made, used)
        d.process.send_signal(signal.SIGHUP)
        eventually(lambda: serial(d.ports["admin"]) != before, 10, "the new pair")
        assert client.ask("GET", "/session").status == 200


def test_half_of_a_pair_stops_the_start(authority):
    cert, key = map(str, authority.pair())
    wrong = [
        ({"admin.tls_cert": cert}, "admin.tls_cert needs admin.tls_key"),
        ({"admin.tls_key": key}, "admin.tls_key needs admin.tls_cert"),
        ({"admin.tls_cert": cert, "admin.tls_key": cert}, "admin.tls_cert and"),
    ]
    for settings, text in wrong:
        d = Door(settings=settings)
        pathlib.Path(d.root).mkdir(exist_ok=True)
        try:
            done = subprocess.run(
                d.run_command(), capture_output=True, text=True, timeout=30
            )
            assert done.returncode == 1 and text in done.stderr
        finally:
            d.remove()


def test_no_hsts_without_tls():
    with Door() as d:
        answer = Client(d).ask("GET", "/setup")
        assert answer.headers["Strict-Transport-Security"] is None
        with pytest.raises(CommandFailed):
            d.cli("user", "set-role", "nobody@example.org", "admin")
