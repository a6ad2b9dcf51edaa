"""Browsers and programs at the admin port."""

import http.client
import json
import re
import ssl
import urllib.parse

from sluicetest import Sluice, eventually

GOOD = "correct horse battery"
OTHER = "another long password"


class Answer:
    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def code(self):
        return self.json["error"]["code"]


class Client:
    """Requests from one address, with what a browser or a program keeps."""

    n = 0

    def __init__(self, daemon, key=None, context=None):
        Client.n += 1
        self.daemon, self.key, self.context = daemon, key, context
        # Seen through a proxy on loopback, so that tests share no lock-out.
        self.address = f"198.51.{Client.n // 250}.{Client.n % 250 + 1}"
        self.cookie, self.csrf = None, None

    def ask(self, method, path, body=None, headers=None, raw=None):
        port = self.daemon.ports["admin"]
        if self.context:
            c = http.client.HTTPSConnection(
                "localhost", port, timeout=60, context=self.context
            )
        else:
            c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        sent = {"X-Forwarded-For": self.address}
        if self.cookie:
            sent["Cookie"] = f"other=1; sluice_session={self.cookie}"
        if self.csrf and method != "GET":
            sent["X-CSRF-Token"] = self.csrf
        if self.key:
            sent["Authorization"] = f"Bearer {self.key}"
        if body is not None:
            raw = json.dumps(body)
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        sent = {k: v for k, v in sent.items() if v is not None}
        try:
            c.request(method, "/api/v1" + path, raw, sent)
            r = c.getresponse()
            answer = Answer(r.status, r.headers, r.read().decode())
        finally:
            c.close()
        self.take(answer)
        return answer

    def take(self, answer):
        for line in answer.headers.get_all("Set-Cookie") or []:
            value = re.match(r"sluice_session=([^;]*);", line).group(1)
            self.cookie = value or None
        if answer.status < 300 and "csrf_token" in answer.text:
            self.csrf = answer.json["csrf_token"]

    def sign_in(self, email, password=GOOD):
        return self.ask("POST", "/session", {"email": email, "password": password})

    def copy(self):
        """Who stole all that the browser keeps."""
        other = Client(self.daemon, context=self.context)
        other.cookie, other.csrf = self.cookie, self.csrf
        return other


class Door(Sluice):
    """A daemon with the admin alone."""

    def __init__(self, **kw):
        kw.setdefault("settings", {}).setdefault("roles", "admin")
        super().__init__(**kw)

    def token(self):
        return re.findall(r"/setup#(\S+)", self.log())[-1]

    def make_user(self, email, role, password=GOOD):
        args = ["user", "create", "--email", email, "--role", role]
        return json.loads(
            self.cli(*args, "--password-stdin", "--json", input=password + "\n")
        )

    def signed_in(self, email, role):
        """A new user's browser."""
        self.make_user(email, role)
        client = Client(self)
        answer = client.sign_in(email)
        assert answer.status == 200, answer.text
        return client

    def make_key(self, user, scopes, *args):
        made = self.cli_json("key", "create", "--user", user, "--scopes", scopes, *args)
        return made["id"], made["key"]

    def trail(self, **query):
        text = urllib.parse.urlencode({"limit": 500, **query})
        return self.api("GET", f"/api/v1/audit-trail?{text}")["items"]


def trusting(root):
    return ssl.create_default_context(cafile=str(root))


__all__ = ["GOOD", "OTHER", "Answer", "Client", "Door", "eventually", "trusting"]
