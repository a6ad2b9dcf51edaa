"""An installed Sluice, used as the first-run page and an SDK use it."""

import json
import re
import time

PASSWORD = "correct horse battery staple"


class Site:
    def __init__(self, root, capture=8000, admin=8001):
        self.root, self.capture, self.admin = root, capture, admin
        self.cookie = self.csrf = None

    def http(self, port, method, path, body=None):
        """(status, headers, JSON or text) of a request on loopback."""
        args = ["curl", "-s", "-i", "-X", method, "-H", "Expect:"]
        if body is not None:
            args += ["-H", "Content-Type: application/json", "--data-binary", "@-"]
        if port == self.admin and self.cookie:
            args += ["-b", self.cookie, "-H", f"X-CSRF-Token: {self.csrf}"]
        text = self.root.host_run(
            *args,
            f"http://127.0.0.1:{port}{path}",
            input=None if body is None else json.dumps(body).encode(),
        )
        head, _, rest = text.decode().partition("\r\n\r\n")
        try:
            rest = json.loads(rest)
        except ValueError:
            pass
        return int(head.split()[1]), head, rest

    def api(self, method, path, body=None):
        status, _, answer = self.http(self.admin, method, f"/api/v1{path}", body)
        assert status < 300, (method, path, status, answer)
        return answer

    def set_up(self, token):
        """What the first-run page does: administrator, then a project; its key."""
        assert self.api("GET", "/setup") == {"needed": True}
        status, head, answer = self.http(
            self.admin,
            "POST",
            "/api/v1/setup",
            {
                "token": token,
                "email": "ada@example.org",
                "name": "Ada",
                "password": PASSWORD,
            },
        )
        assert status < 300, (status, answer)
        self.cookie = re.search(r"(?i)set-cookie: (sluice_session=[^;]+)", head)[1]
        self.csrf = self.api("GET", "/session")["csrf_token"]
        assert self.api("GET", "/setup") == {"needed": False}
        return self.api("POST", "/projects", {"name": "Shop"})["api_token"]

    def sign_in(self):
        self.cookie = None
        status, head, answer = self.http(
            self.admin,
            "POST",
            "/api/v1/session",
            {"email": "ada@example.org", "password": PASSWORD},
        )
        assert status < 300, (status, answer)
        self.cookie = re.search(r"(?i)set-cookie: (sluice_session=[^;]+)", head)[1]
        self.csrf = self.api("GET", "/session")["csrf_token"]

    def send(self, key, event, distinct_id="ada"):
        body = {"api_key": key, "event": event, "distinct_id": distinct_id}
        status, _, answer = self.http(self.capture, "POST", "/i/v0/e/", body)
        assert status == 200, (status, answer)

    def count(self, event, *options):
        query = f"SELECT count() FROM events WHERE event = '{event}'"
        out = self.root.run("sluice", "sql", *options, query, ok=(0, 1))
        return int(out) if out.strip().isdigit() else out.strip()

    def await_count(self, event, n, *options, timeout_s=60):
        deadline = time.monotonic() + timeout_s
        while (seen := self.count(event, *options)) != n:
            assert time.monotonic() < deadline, f"{event}: {seen}, not {n}"
            time.sleep(0.05)


def token_in(text):
    """The token of the set-up link that an installation printed."""
    found = re.search(r"http://127\.0\.0\.1:8001/setup#(\S+)", text)
    assert found, f"no set-up link in: {text}"
    return found[1]
