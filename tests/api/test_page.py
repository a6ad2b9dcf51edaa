"""Every command of docs/api.md, as it stands there."""

import json
import os
import re
import subprocess

from sluicetest import TOP, Sluice, binary

PASSWORD = "correct horse battery"
TOKEN = "phc_not_yet_known_00000000000000000000000000"
PAGE = TOP / "docs" / "api.md"


def test_each_block_of_the_page_does_what_it_says(tmp_path):
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    with Sluice(settings={"capture.unknown_token": "keep"}) as s:
        s.project("shop")
        user = {"email": "ada@example.com", "name": "Ada", "role": "admin"}
        s.api("POST", "/api/v1/users", {**user, "password": PASSWORD})
        s.send(TOKEN, [{"event": f"lost {i}", "distinct_id": "d"} for i in range(5)])
        # One script, as the key of one block is used in the next.
        marks = "\n".join(f"echo '== {i}'\n{text}" for i, text in enumerate(blocks))
        script = (
            f'set -eu\nsluice() {{ "{binary()}" "$@" --data "{s.data}"; }}\n{marks}'
        )
        url = f"http://127.0.0.1:{s.ports['admin']}"
        env = dict(os.environ, URL=url, DATA=s.data)
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    outputs = re.split(r"^== \d+\n", done.stdout, flags=re.M)[1:]
    assert len(outputs) == len(blocks) == 7
    assert outputs[0].splitlines()[0].startswith("/api/v1/account")
    assert json.loads((tmp_path / "openapi.json").read_text())["openapi"] == "3.1.0"
    assert outputs[1] == '"shop"\n'
    error = json.loads(outputs[2])["error"]
    assert error["code"] == "invalid" and error["field"] == "stat"
    assert outputs[3].splitlines() == [f"lost {i}: Unknown API key" for i in range(5)]
    # No project has the key yet, so they are letters again.
    assert json.loads(outputs[4])["replayed"] == 5
    assert outputs[5].splitlines()[0] == "Unknown API key"
    assert outputs[6] == "true\n"
