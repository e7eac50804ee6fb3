import http.server
import threading

import pytest

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models import download as module
from KidneySegLib.models.download import download, is_address

CONTENT = bytes(range(256)) * 9000  # more than one block


class Handler(http.server.BaseHTTPRequestHandler):
    ranges: list = []
    cut = 0

    def do_GET(self):
        wanted = self.headers.get("Range")
        Handler.ranges.append(wanted)
        start = int(wanted.split("=")[1].rstrip("-")) if wanted else 0
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "http://example.com/model.zip")
            self.end_headers()
            return
        if self.path == "/missing":
            self.send_error(404)
            return
        if start >= len(CONTENT):
            self.send_error(416)
            return
        body = CONTENT[start:]
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: Handler.cut] if Handler.cut else body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    Handler.ranges, Handler.cut = [], 0
    own = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=own.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{own.server_port}"
    own.shutdown()
    own.server_close()


def test_a_file_is_fetched_whole(server, tmp_path):
    said = []
    path = download(f"{server}/model.zip", tmp_path, lambda *event: said.append(event))
    assert path.read_bytes() == CONTENT
    assert said[-1] == ("download", 1.0)
    assert len(list(tmp_path.iterdir())) == 1


def test_an_interrupted_download_goes_on(server, tmp_path):
    Handler.cut = 1_500_000
    with pytest.raises(ModelError, match="What has come so far is kept"):
        download(f"{server}/model.zip", tmp_path)
    Handler.cut = 0
    assert download(f"{server}/model.zip", tmp_path).read_bytes() == CONTENT
    assert Handler.ranges == [None, "bytes=1500000-"]


def test_what_had_come_whole_is_not_fetched_again(server, tmp_path):
    path = download(f"{server}/model.zip", tmp_path)
    path.rename(path.with_suffix(".part"))
    assert download(f"{server}/model.zip", tmp_path).read_bytes() == CONTENT
    assert download(f"{server}/model.zip", tmp_path).read_bytes() == CONTENT
    assert len(Handler.ranges) == 2


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://example.com/model.zip", "no https address"),
        ("ftp://example.com/model.zip", "no https address"),
        ("file:///etc/passwd", "no https address"),
        ("http://localhost.example.com/model.zip", "no https address"),
        ("{server}/elsewhere", "no https address"),
        ("{server}/missing", "could not be fetched"),
        ("http://127.0.0.1:9/model.zip", "could not be fetched"),
    ],
)
def test_addresses_that_give_nothing(server, tmp_path, address, words):
    with pytest.raises(ModelError, match=words):
        download(address.format(server=server), tmp_path)


def test_a_disk_without_room(server, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_SPARE_BYTES", 10**18)
    with pytest.raises(ModelError, match="Make room there"):
        download(f"{server}/model.zip", tmp_path)


def test_what_is_an_address():
    assert is_address("https://a.b/c.zip")
    assert not is_address("/home/x/model.zip")
    assert not is_address("C:/models/x.zip")
