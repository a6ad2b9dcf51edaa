"""Every command of docs/dead-letters.md, as it stands there."""

import os
import pathlib
import re
import subprocess

from sluicetest import TOP, Sluice, binary

TOKEN = "phc_not_yet_known_00000000000000000000000000"
PAGE = TOP / "docs" / "dead-letters.md"


def blocks():
    return re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)


def lose(s):
    s.send(TOKEN, [{"event": f"lost {i}", "distinct_id": "d"} for i in range(3)])


def run(s, text, folder):
    """A block as one script, with a letter that is pending as $ID."""
    lose(s)
    letter = s.cli_lines("dlq", "list", "--pending", "--max", "1")[0]["id"]
    script = f'sluice() {{ "{binary()}" "$@" --data "{s.data}"; }}\nset -eu\n'
    env = dict(os.environ, ID=letter, EDITOR="sed -i s/lost/found/")
    done = subprocess.run(
        ["sh", "-c", script + text],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, (text, done.stderr)
    return done.stdout


def test_each_block_of_the_page_does_what_it_says(tmp_path: pathlib.Path):
    with Sluice(settings={"capture.unknown_token": "keep"}) as s:
        outputs = [run(s, text, tmp_path) for text in blocks()]
    assert len(outputs) == 8
    assert "dead letters" in outputs[0] and "dlq list --by-error" in outputs[0]
    assert "Unknown API key" in outputs[1] and "COUNT" in outputs[1]
    assert "lost 0" in outputs[2]
    assert '"body":{' in outputs[3]
    assert outputs[4].startswith("replayed 1, already 0, failed 0\n")
    assert outputs[5] == "replayed 1, already 0, failed 0\n"
    assert outputs[7].startswith("discarded 1, already 0, failed 0\n")
