"""What docs/behind-a-proxy.md shows is what was run."""

from doors import CONFIGS, TOP
from test_configs import HTTP, TCP


def test_the_page_quotes_each_file_whole():
    page = (TOP / "docs" / "behind-a-proxy.md").read_text()
    files = {p.name for p in CONFIGS.iterdir()}
    assert files == {name for _, name in HTTP + TCP}
    for name in files:
        assert f"```\n{(CONFIGS / name).read_text()}```\n" in page, name
