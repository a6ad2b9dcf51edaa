#!/usr/bin/env python3
"""Makes a kept data folder: make_folder.py tests/data/folders/vN

A released schema's folder is kept for ever, so that each later program is
tested on it. The folder is left as by kill -9: part of its events has passed
the app server, the others wait in the front log, and commits stand in the WAL.
"""

import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from sluicetest import Sluice  # noqa: E402

TOKEN = "phc_kept_folder"
N_DONE, N_WAITING, N_PEOPLE, N_LETTERS = 20, 30, 7, 3


def event(i):
    return {
        "uuid": f"00000000-0000-4000-8000-{i:012d}",
        "event": "kept",
        "distinct_id": f"person-{i % N_PEOPLE}",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "properties": {"n": i, "$set": {"last": i}, "text": "Grüße " * 5},
    }


def send(sluice, first, n):
    for i in range(first, first + n, 5):
        sluice.send(TOKEN, [event(k) for k in range(i, i + 5)])


def main():
    out = pathlib.Path(sys.argv[1])
    # Kept rows must not grow older than their retention on the shelf.
    sluice = Sluice(
        settings={"roles": "capture,ingest,admin", "capture.unknown_token": "keep"}
    )
    try:
        sluice.start()
        sluice.project(token=TOKEN)
        send(sluice, 0, N_DONE)
        sluice.drain()
        for i in range(N_LETTERS):
            sluice.send("phc_nobodys", [event(1000 + i)])
        sluice.stop()
        sluice.settings["roles"] = "capture,admin"
        sluice.start()
        send(sluice, N_DONE, N_WAITING)
        sluice.kill()
        out.mkdir(parents=True, exist_ok=True)
        for f in pathlib.Path(sluice.data).iterdir():
            if f.suffix in (".db", ".db-wal"):
                shutil.copy(f, out / f.name)
        expected = {
            "token": TOKEN,
            "uuids": [event(i)["uuid"] for i in range(N_DONE + N_WAITING)],
            "n_people": N_PEOPLE,
            "letters": [event(1000 + i)["uuid"] for i in range(N_LETTERS)],
        }
        (out / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    finally:
        sluice.remove()


if __name__ == "__main__":
    main()
