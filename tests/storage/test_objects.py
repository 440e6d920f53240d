"""ObjectStorage: addresses, credentials that nobody sees, and what a service can answer."""

from __future__ import annotations

import pickle
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from prodml.errors import (
    AlreadyExistsError,
    AmbiguousWriteError,
    ConfigError,
    KeyNotFoundError,
    MissingExtraError,
    StorageError,
)
from prodml.storage import ObjectStorage, open_storage

pytest.importorskip("obstore", reason="needs the extra prodml[s3]")

SECRETS = {"access_key_id": "AKIDSECRET", "secret_access_key": "topsecret", "region": "us-east-1"}


class Scripted(BaseHTTPRequestHandler):
    """A service that answers what it is told to, one answer after another."""

    def do_PUT(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer()

    def do_GET(self):
        self._answer()

    do_HEAD = do_GET  # noqa: N815

    def _answer(self):
        self.server.asked.append((self.command, self.headers.get("If-None-Match")))
        answers = self.server.answers[self.command]
        status, code = answers.pop(0) if len(answers) > 1 else answers[0]
        body = b"" if self.command == "HEAD" else f"<Error><Code>{code}</Code></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"e"')
        self.send_header("Last-Modified", "Sat, 01 Jan 2000 00:00:00 GMT")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    server.daemon_threads = False
    server.protocol_version = "HTTP/1.0"
    server.asked, server.answers = [], {}
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def store(service):
    endpoint = f"http://127.0.0.1:{service.server_address[1]}"
    return ObjectStorage("s3://bucket/deep", endpoint=endpoint, timeout_s=3, **SECRETS)


def test_it_says_where_it_is_and_nothing_secret(store):
    assert store.caps.url.startswith("s3://bucket/deep?endpoint=127.0.0.1:")
    assert store.caps.durable == "service"
    assert "secret" not in f"{store!r}{store.caps}".lower()


def test_a_conflict_between_writers_is_asked_again_until_one_has_won(service, store):
    service.answers["PUT"] = [(409, "ConditionalRequestConflict"), (409, "x"), (200, "")]
    service.answers["HEAD"] = [(404, "NoSuchKey")]
    store.put("a", b"x", if_absent=True)
    assert [asked for asked in service.asked if asked[0] == "PUT"] == [("PUT", "*")] * 3


@pytest.mark.parametrize("status", [409, 412])
def test_a_key_that_is_taken_is_taken(service, store, status):
    service.answers["PUT"] = [(status, "PreconditionFailed")]
    service.answers["HEAD"] = [(200, "")]
    with pytest.raises(AlreadyExistsError, match="a holds a value already") as told:
        store.put("a", b"x", if_absent=True)
    assert told.value.key == "a"


def test_a_service_that_asks_to_slow_down_is_given_time(service, store):
    service.answers["PUT"] = [(503, "SlowDown"), (429, "SlowDown"), (200, "")]
    store.put("a", b"x", if_absent=True)
    assert len(service.asked) == 3


def test_a_service_that_fails_after_a_create_leaves_it_open_and_is_asked_once(service, store):
    service.answers["PUT"] = [(500, "InternalError")]
    with pytest.raises(
        AmbiguousWriteError, match="answer .*write a .*the service failed.*Read the key back"
    ):
        store.put("a", b"x", if_absent=True)
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (403, "AccessDenied", "no permission"),
        (403, "InvalidAccessKeyId", "access key is unknown"),
        (403, "SignatureDoesNotMatch", "secret key does not fit"),
        (404, "NoSuchBucket", "no such bucket. Make it first"),
        (400, "ExpiredToken", "have expired"),
        (501, "NotImplemented", "does not know this kind of request"),
    ],
)
def test_a_refusal_says_what_to_do_and_is_certain(service, store, status, code, says):
    service.answers["PUT"] = [(status, code)]
    service.answers["GET"] = [(status, code)]
    for call in (lambda: store.put("a", b"x", if_absent=True), lambda: store.get("a")):
        with pytest.raises(
            StorageError, match=f"cannot (write|read) a in s3://bucket.*{says}"
        ) as told:
            call()
        assert not isinstance(told.value, AmbiguousWriteError | KeyNotFoundError)
        assert told.value.__cause__ is None  # the client's text quotes addresses and access keys
        assert "AKID" not in str(told.value)


def test_what_is_missing_is_missing(service, store):
    service.answers["GET"] = [(404, "NoSuchKey")]
    with pytest.raises(KeyNotFoundError, match="nothing is stored under a"):
        store.get("a")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://bucket", 'got the scheme "http"'),
        ("s3://", 'is "s3://bucket/prefix"'),
        ("s3://key:secret@bucket/x", "credentials are options"),
        ("s3://bucket/x?region=y", "options are arguments"),
        (3, "takes an address"),
    ],
)
def test_what_is_no_address_of_a_bucket_is_refused(url, says):
    with pytest.raises(ConfigError, match=says) as told:
        ObjectStorage(url)
    assert "secret" not in str(told.value)


def test_an_option_that_the_client_does_not_know_is_named_without_its_value():
    with pytest.raises(ConfigError, match="with these options: colour") as told:
        ObjectStorage("s3://bucket", colour="topsecret")
    assert "topsecret" not in str(told.value)


@pytest.mark.parametrize("bad", ["127.0.0.1:9000", ""])
def test_an_endpoint_is_an_address(bad):
    with pytest.raises(ConfigError, match="endpoint is an address"):
        ObjectStorage("s3://bucket", endpoint=bad)


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("gs://bucket/deep", {"skip_signature": True}),
        ("az://container/deep", {"account_name": "a", "account_key": "c2VjcmV0"}),
    ],
)
def test_other_services_have_addresses_of_their_own(url, options):
    store = ObjectStorage(url, **options)
    assert store.caps.url == url
    assert pickle.loads(pickle.dumps(store)).caps == store.caps


def test_without_the_package_it_says_which_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "obstore", None)
    with pytest.raises(MissingExtraError, match=r"ObjectStorage needs obstore.*prodml\[s3\]"):
        ObjectStorage("s3://bucket")


def test_a_listing_that_is_not_in_byte_order_is_refused(store, monkeypatch):
    page = [{"path": key, "size": 1, "last_modified": None} for key in ("b", "a")]
    monkeypatch.setattr(store, "_pages", lambda *_: iter([page]))
    with pytest.raises(StorageError, match="lists a after b, not in byte order"):
        list(store.list())


# --- a real service -----------------------------------------------------------------------------


def test_an_address_and_options_open_a_bucket_and_mark_it(moto):
    bucket = moto.bucket()
    store = open_storage(f"s3://{bucket}/here", **moto.options())
    assert [meta.key for meta in store.list()] == ["prodml.json"]
    elsewhere = ObjectStorage(f"s3://{bucket}", **moto.options())
    assert [meta.key for meta in elsewhere.list()] == ["here/prodml.json"]


def test_credentials_come_from_the_environment(moto, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    store = ObjectStorage(f"s3://{moto.bucket()}", endpoint=moto.endpoint)
    store.put("a", b"x", if_absent=True)
    assert store.get("a") == b"x"


def test_a_listing_of_many_pages_is_whole(moto):
    store = ObjectStorage(f"s3://{moto.bucket()}/deep", **moto.options())
    names = [f"log/{i:05}" for i in range(1100)]
    for name in names:
        store._bucket.client().put(store._bucket.store, name, b"x")
    assert [meta.key for meta in store.list("log/")] == names
    assert [m.key for m in store.list("log/", after=names[1050])] == names[1051:]


def test_an_object_of_many_parts_is_whole(moto, tmp_path):
    store = ObjectStorage(f"s3://{moto.bucket()}", **moto.options())
    data = bytes(range(256)) * 50_000  # 12.8 MB
    (tmp_path / "file").write_bytes(data)
    store.put("a", tmp_path / "file")
    store.put("b", tmp_path / "file", if_absent=True)
    assert store.get("a") == store.get("b") == data
    assert store.fetch("b", tmp_path / "copy").read_bytes() == data
    assert store.get("b", start=7_000_000, end=7_000_010) == data[7_000_000:7_000_010]
