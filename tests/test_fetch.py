"""`datajam fetch` against a real server on this machine that redirects, stalls, truncates, lies and serves web pages."""

import argparse
import gc
import gzip
import hashlib
import ssl
import subprocess
import threading
import time
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import datajam
from datajam.errors import DataJamError
from datajam.keep.fetch import Patience, catalogue, fetch, fetch_command
from datajam.project import open_project

LAYOUTS = {"dfe_ees", "dfe_neet", "dfe_lait", "ons_els", "ons_subnational", "mhclg_iod", "nomis_aps", "ons_adverts", "dcms_cls"}
HEADER = "time_period,time_identifier,geographic_level,country_code,country_name,new_la_code,la_name,subject,avg_att8\n"
AUTHORITIES = {
    "E08000021": "Newcastle upon Tyne",
    "E08000025": "Birmingham",
    "E08000035": "Leeds",
    "E06000047": "County Durham",
}
HACK_TOML = '# our settings\n[project]\nname = "Ours"\n\n[parameters]\nplace = "Leeds"  # where we are\n'


def published(first: float = 40) -> bytes:
    """A made-up file in the layout of explore-education-statistics, some 180 kB long."""
    rows = [
        f"{year}{(year + 1) % 100:02},Academic year,Local authority,E92000001,England,"
        f"{code},{name},subject {number},{first + number / 10}\n"
        for year in range(2001, 2021)
        for code, name in AUTHORITIES.items()
        for number in range(20)
    ]
    return (HEADER + "".join(rows)).encode()


class Publisher(ThreadingHTTPServer):
    """A server whose paths answer as the test says: a function of the handler, or a list of them, one for each request."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.asked, self.released = {}, [], threading.Event()
        self.scheme = "http"

    def at(self, path: str, *answers) -> str:
        self.answers[path] = list(answers)
        return f"{self.scheme}://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request, client_address):
        """Clients that break off are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        answers = self.server.answers[self.path.split("?")[0]]
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def log_message(self, *_):
        """Quiet."""


def status(code: int, body: bytes = b"", **headers):
    def answer(handler):
        handler.send_response(code)
        for name, value in {
            "Connection": "close",
            "Content_Type": "text/csv",
            "Content_Length": str(len(body)),
            **headers,
        }.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return answer


def whole(body: bytes, **headers):
    return status(200, body, **headers)


def moved(address: str, code: int = 302):
    return status(code, Location=address)


def cut(body: bytes, at: int, **headers):
    """Announce the whole body, send the beginning, close."""

    def answer(handler):
        status(200, body[:at], Content_Length=str(len(body)), **headers)(handler)

    return answer


def stall(body: bytes, at: int):
    """Announce the whole body, send the beginning, and then nothing."""

    def answer(handler):
        cut(body, at)(handler)
        handler.wfile.flush()
        handler.server.released.wait(20)

    return answer


def rest(body: bytes, shift: int = 0, end: int | None = None, **headers):
    """Answer a Range request with the part asked for, or with one that starts `shift` bytes later."""

    def answer(handler):
        start = int(handler.headers["Range"].removeprefix("bytes=").rstrip("-")) + shift
        part = body[start:end]
        status(206, part, Content_Range=f"bytes {start}-{start + len(part) - 1}/{len(body)}", **headers)(handler)

    return answer


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle", "curl_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def publisher():
    server = Publisher()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "hack.toml").write_text(HACK_TOML)
    return open_project(folder)


@pytest.fixture
def waits():
    return []


@pytest.fixture
def patience(waits):
    return Patience(attempts=4, connect=2, silence=0.4, whole=60, sleep=waits.append)


def tree(project) -> dict[str, bytes]:
    return {path.relative_to(project.folder).as_posix(): path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}


def log(project) -> dict:
    return tomllib.loads((project.folder / "hack.toml").read_text())["sources"]


def refusal(project, key="ks4_performance", **options) -> str:
    """The message of a fetch that is refused: one line, and nothing in the project is other than before."""
    before = tree(project)
    with pytest.raises(DataJamError) as caught:
        fetch(project, key, **options)
    assert tree(project) == before
    assert not list(project.folder.rglob(".unfinished*"))
    assert "\n" not in str(caught.value) and "Traceback" not in str(caught.value)
    return str(caught.value)


def test_the_catalogue_is_complete_and_claims_nothing_it_has_not_tried():
    assert len(catalogue()) >= 8
    for key, entry in catalogue().items():
        assert entry.id == key and key.replace("_", "").isalnum() and key == key.lower()
        assert entry.title and entry.publisher and entry.licence == "Open Government Licence v3.0"
        assert entry.layout in LAYOUTS
        assert entry.landing_page.startswith("https://")
        assert entry.address is None or entry.address.startswith("https://")
        assert entry.exercised is False and "not reached from the tests" in entry.notes


def test_the_first_fetch_keeps_the_file_and_writes_the_data_log(project, publisher, patience):
    body = published()
    address = publisher.at("/ks4.csv", whole(body))
    path = fetch(project, "ks4_performance", address=address, patience=patience)
    assert path == project.folder / "data/raw/ks4_performance.csv"
    assert path.read_bytes() == body
    entry = log(project)["ks4_performance"]
    assert entry["sha256"] == hashlib.sha256(body).hexdigest()
    assert entry["path"] == "data/raw/ks4_performance.csv" and entry["address"] == address
    assert (entry["layout"], entry["title"]) == ("dfe_ees", "Key stage 4 performance")
    assert (entry["publisher"], entry["licence"]) == ("Department for Education", "Open Government Licence v3.0")
    assert sorted(tree(project)) == ["data/raw/ks4_performance.csv", "hack.toml"]
    assert (project.folder / "hack.toml").read_text().startswith(HACK_TOML.rstrip())
    table = open_project(project.folder).read()
    assert len(table) == 1600 and datajam.load_report(table).balanced()
    datajam.check(table)


@pytest.mark.parametrize(
    "name, key",
    [
        ("attainment/ees_cla_ks4_la.csv", "ks4_performance"),
        ("attainment/els_gcses-in-english-and-maths.csv", "explore_local_statistics"),
    ],
)
def test_a_real_file_arrives_byte_for_byte(project, publisher, patience, real, name, key):
    body = real(name).read_bytes()
    path = fetch(project, key, address=publisher.at("/file", whole(body)), patience=patience)
    assert path.read_bytes() == body
    assert log(project)[key]["sha256"] == hashlib.sha256(body).hexdigest()
    assert open_project(project.folder).sources[key].check() == hashlib.sha256(body).hexdigest()


def test_a_real_file_cut_short_in_the_middle_is_refused(project, publisher, patience, real):
    body = real("attainment/ees_cla_ks4_la.csv").read_bytes()
    message = refusal(project, address=publisher.at("/file", cut(body, len(body) // 2)), patience=patience)
    assert "stopped before the end of the file" in message


def test_the_same_file_again_changes_nothing(project, publisher, patience):
    address = publisher.at("/ks4.csv", whole(published()))
    fetch(project, "ks4_performance", address=address, patience=patience)
    before = tree(project)
    fetch(project, "ks4_performance", patience=patience)
    assert tree(project) == before
    assert [path for path, _ in publisher.asked] == ["/ks4.csv", "/ks4.csv"]


def test_a_changed_file_is_refused_and_the_old_one_stays(project, publisher, patience):
    address = publisher.at("/ks4.csv", whole(published()), whole(published(41)))
    path = fetch(project, "ks4_performance", address=address, patience=patience)
    message = refusal(project, patience=patience)
    assert "data/raw/ks4_performance.csv: the published file has changed since 20" in message
    assert path.read_bytes() == published()


def test_a_changed_file_is_refused_where_the_old_one_is_gone(project, publisher, patience):
    address = publisher.at("/ks4.csv", whole(published()), whole(published(41)))
    fetch(project, "ks4_performance", address=address, patience=patience).unlink()
    assert "has changed" in refusal(project, patience=patience)


def test_a_missing_file_comes_back_from_the_logged_address(project, publisher, patience):
    path = fetch(project, "ks4_performance", address=publisher.at("/ks4.csv", whole(published())), patience=patience)
    settings = (project.folder / "hack.toml").read_bytes()
    path.unlink()
    assert fetch(project, "ks4_performance", patience=patience) == path
    assert path.read_bytes() == published()
    assert (project.folder / "hack.toml").read_bytes() == settings


def test_a_file_edited_by_the_team_is_not_overwritten(project, publisher, patience):
    path = fetch(project, "ks4_performance", address=publisher.at("/ks4.csv", whole(published())), patience=patience)
    path.write_bytes(published().replace(b"40.0", b"99.0"))
    assert "not the file in the data log. Move it away" in refusal(project, patience=patience)


def test_another_file_in_its_place_is_not_overwritten(project, publisher, patience):
    raw = project.folder / "data/raw"
    raw.mkdir(parents=True)
    (raw / "ks4_performance.csv").write_text("ours\n")
    message = refusal(project, address=publisher.at("/ks4.csv", whole(published())), patience=patience)
    assert "another file is there already" in message


def test_a_source_of_the_data_log_alone_can_be_fetched_again(project, publisher, patience):
    address = publisher.at("/own.csv", whole(published()))
    settings = f'\n[sources.own]\npath = "data/raw/named by us.csv"\ntitle = "Our title"\naddress = "{address}"\n'
    (project.folder / "hack.toml").write_text(HACK_TOML + settings)
    path = fetch(project, "own", patience=patience)
    assert path == project.folder / "data/raw/named by us.csv" and path.read_bytes() == published()
    assert log(project)["own"]["title"] == "Our title" and log(project)["own"]["publisher"] == "Department for Education"


@pytest.mark.parametrize("path", ["../outside.csv", "hack.toml", "data/raw/../../outside.csv", "/outside.csv"])
def test_a_logged_path_outside_the_raw_data_is_refused(project, publisher, patience, path):
    address = publisher.at("/own.csv", whole(published()))
    (project.folder / "hack.toml").write_text(f'{HACK_TOML}[sources.own]\npath = "{path}"\naddress = "{address}"\n')
    assert "is no file in data/raw/" in refusal(project, "own", patience=patience)
    assert publisher.asked == []


def test_a_raw_folder_that_leads_out_of_the_project_is_refused(project, publisher, patience, tmp_path):
    (project.folder / "data").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (project.folder / "data/raw").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    message = refusal(project, address=publisher.at("/ks4.csv", whole(published())), patience=patience)
    assert "leads out of the project" in message and not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_followed(project, publisher, patience, code):
    publisher.at("/new.csv", whole(published()))
    publisher.at("/middle", moved("/new.csv", code))
    address = publisher.at("/old", moved(publisher.at("/middle", moved("/new.csv", code)), code))
    assert fetch(project, "ks4_performance", address=address, patience=patience).read_bytes() == published()
    assert log(project)["ks4_performance"]["address"] == address


def test_a_circle_of_redirects_is_refused(project, publisher, patience):
    assert "redirects in a circle" in refusal(project, address=publisher.at("/a", moved("/a")), patience=patience)


@pytest.mark.parametrize("target", ["http://publisher.invalid/ks4.csv", "file:///etc/hosts", "ftp://127.0.0.1/x", "http://[::bad/"])
def test_a_redirect_away_from_https_is_not_followed(project, publisher, patience, target):
    message = refusal(project, address=publisher.at("/old", moved(target)), patience=patience)
    assert "/old redirects: " in message or "cannot be asked for" in message
    assert len(publisher.asked) == 1


@pytest.mark.parametrize(
    "address, reason",
    [
        ("http://publisher.invalid/ks4.csv", "is not https"),
        ("http://127.0.0.1.publisher.invalid/ks4.csv", "is not https"),
        ("ftp://publisher.invalid/ks4.csv", "is not https"),
        ("file:///etc/hosts", "is not an address"),
        ("ks4.csv", "is not https"),
        ("https://pub lisher.invalid/", "is not an address"),
        ("https://publisher.invalid\n/x", "is not an address"),
        ("https://somebody:word@publisher.invalid/ks4.csv", "holds a key or a password"),
        ("https://www.nomisweb.co.uk/api/v01/dataset/NM_17_1.data.csv?geography=1&uid=0x1", "holds a key or a password"),
    ],
)
def test_addresses_that_are_not_safe_are_refused_before_asking(project, patience, address, reason):
    assert reason in refusal(project, address=address, patience=patience)


def test_a_server_that_stalls_is_given_up_after_its_attempts(project, publisher, patience, waits):
    started = time.monotonic()
    message = refusal(project, address=publisher.at("/ks4.csv", stall(published(), 70_000)), patience=patience)
    assert "127.0.0.1 sent nothing for 0.4 seconds, 4 times." in message and "Visit https://explore-education" in message
    assert waits == [1, 2, 4] and len(publisher.asked) == 4
    assert time.monotonic() - started < 10


def test_a_stall_that_passes_does_no_harm(project, publisher, patience):
    address = publisher.at("/ks4.csv", stall(published(), 70_000), whole(published()))
    assert fetch(project, "ks4_performance", address=address, patience=patience).read_bytes() == published()


def test_a_broken_download_goes_on_where_it_stopped(project, publisher, patience):
    body = published()
    address = publisher.at("/ks4.csv", cut(body, 140_000, ETag='"v1"'), rest(body, ETag='"v1"'))
    assert fetch(project, "ks4_performance", address=address, patience=patience).read_bytes() == body
    (_, first), (_, second) = publisher.asked
    assert "Range" not in first
    assert second["Range"] == "bytes=131072-" and second["If-Range"] == '"v1"'


@pytest.mark.parametrize("version", [{}, {"ETag": 'W/"weak"'}])
def test_a_broken_download_starts_again_where_the_version_is_unsure(project, publisher, patience, version):
    body = published()
    address = publisher.at("/ks4.csv", cut(body, 140_000, **version), whole(body, **version))
    assert fetch(project, "ks4_performance", address=address, patience=patience).read_bytes() == body
    assert all("Range" not in headers for _, headers in publisher.asked)


@pytest.mark.parametrize("lines", [1601, 400])
def test_two_versions_are_never_glued_together(project, publisher, patience, lines):
    old, new = published(), b"".join(published(41).splitlines(keepends=True)[:lines])
    address = publisher.at("/ks4.csv", cut(old, 140_000, ETag='"v1"'), whole(new, ETag='"v2"'))
    assert fetch(project, "ks4_performance", address=address, patience=patience).read_bytes() == new


@pytest.mark.parametrize("shift, end", [(90, None), (-90, -90)])
def test_a_wrong_part_is_never_glued_on(project, publisher, patience, shift, end):
    body = published()
    address = publisher.at("/ks4.csv", cut(body, 140_000, ETag='"v1"'), rest(body, shift, end), whole(body))
    assert fetch(project, "ks4_performance", address=address, patience=patience).read_bytes() == body
    assert len(publisher.asked) == 3


def test_a_part_nobody_asked_for_is_not_taken_for_the_whole(project, publisher, patience):
    body = published()
    end = body.index(b"\n", 90_000) + 1
    part = status(206, body[:end], Content_Range=f"bytes 0-{end - 1}/{len(body)}")
    message = refusal(project, address=publisher.at("/ks4.csv", part), patience=patience)
    assert f"sent {end:,} bytes of the {len(body):,} it announced" in message


def test_a_part_that_cannot_be_given_starts_again(project, publisher, patience):
    body = published()
    address = publisher.at("/ks4.csv", cut(body, 140_000, ETag='"v1"'), status(416), whole(body))
    assert fetch(project, "ks4_performance", address=address, patience=patience).read_bytes() == body


@pytest.mark.parametrize("at", [0, 1, 300, 70_000, len(published()) - 1])
def test_a_file_shorter_than_announced_is_refused(project, publisher, patience, at):
    message = refusal(project, address=publisher.at("/ks4.csv", cut(published(), at)), patience=patience)
    assert "127.0.0.1 stopped before the end of the file, 4 times." in message


def test_a_file_longer_than_announced_is_refused_where_it_is_cut_in_a_row(project, publisher, patience):
    body = published()
    middle = body.index(b"\n", 90_000) + 40
    message = refusal(project, address=publisher.at("/ks4.csv", whole(body, Content_Length=str(middle))), patience=patience)
    assert "cells where the header has 9" in message and message.startswith("ks4_performance: line ")


def test_a_last_line_that_does_not_end_is_said(project, publisher, patience):
    said = []
    address = publisher.at("/ks4.csv", whole(published().rstrip(b"\n")))
    fetch(project, "ks4_performance", address=address, patience=patience, say=said.append)
    assert said == ["ks4_performance: the last line does not end: the file may be cut short"]


def test_a_length_that_is_no_number_is_refused(project, publisher, patience):
    message = refusal(project, address=publisher.at("/ks4.csv", whole(published(), Content_Length="many")), patience=patience)
    assert "announces a length of 'many'" in message


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # urllib3 leaves this connection to the collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_two_lengths_for_one_file_are_refused(project, publisher, patience):
    twice = whole(published(), **{"Content-Length": "7"})
    assert "cannot be asked for (Content-Length" in refusal(project, address=publisher.at("/x", twice), patience=patience)
    gc.collect()


def test_a_web_page_with_status_200_is_refused_by_its_type(project, publisher, patience):
    page = whole(b"Sorry, we are closed", Content_Type="text/html; charset=utf-8")
    message = refusal(project, address=publisher.at("/ks4.csv", page), patience=patience)
    assert "/ks4.csv is a web page, not data. Visit https://explore-education" in message
    assert len(publisher.asked) == 1


@pytest.mark.parametrize(
    "page", [b"<!DOCTYPE html><html>Sorry</html>", b"\xef\xbb\xbf\r\n <!-- sorry --><html>", b'<?xml version="1.0"?><html/>']
)
def test_a_web_page_called_csv_is_refused_by_its_content(project, publisher, patience, page):
    assert "a web page came with status 200" in refusal(project, address=publisher.at("/x", whole(page)), patience=patience)


@pytest.mark.parametrize("later", [b"<html>Sorry</html>", b""])
def test_a_page_in_place_of_a_known_file_is_refused_and_the_file_stays(project, publisher, patience, later):
    address = publisher.at("/ks4.csv", whole(published()), whole(later))
    fetch(project, "ks4_performance", address=address, patience=patience)
    assert "web page" in refusal(project, patience=patience) if later else refusal(project, patience=patience)


@pytest.mark.parametrize(
    "body, reason",
    [
        (b"", "the file is empty"),
        (b'{"errors": []}\n', "not a layout DataJam reads"),
        (b"\x1f\x8b\x08rest", "a gzip archive"),
        (b"PK\x03\x04rest", "a damaged workbook"),
        (b"PAR1rest", "a damaged Parquet file"),
        (published()[:4000] + b"\x00" + published()[4000:], "NUL"),
    ],
)
def test_what_is_no_data_is_refused(project, publisher, patience, body, reason):
    message = refusal(project, address=publisher.at("/ks4.csv", whole(body)), patience=patience)
    assert reason in message and "Visit https://explore-education" in message


def test_a_file_in_another_layout_than_the_catalogue_says_is_refused(project, publisher, patience):
    message = refusal(project, "explore_local_statistics", address=publisher.at("/x", whole(published())), patience=patience)
    assert "the file is dfe_ees, where the catalogue says ons_els." in message


def test_invented_data_is_not_given_a_publishers_name(project, publisher, patience):
    lines = published().decode().splitlines()
    body = "\n".join([f"{lines[0]},data_status", *(f"{line},Synthetic" for line in lines[1:]), ""]).encode()
    fetch(project, "ks4_performance", address=publisher.at("/ks4.csv", whole(body)), patience=patience)
    entry = log(project)["ks4_performance"]
    assert entry["synthetic"] is True and entry["publisher"] != "Department for Education"


@pytest.mark.parametrize("code, words", [(401, "refuses it"), (403, "refuses it"), (404, "has no such file"), (410, "withdrawn")])
def test_a_refusal_is_said_once_with_the_page_to_visit(project, publisher, patience, waits, code, words):
    message = refusal(project, address=publisher.at("/ks4.csv", status(code)), patience=patience)
    assert words in message and f"{code} for http://127.0.0.1" in message
    assert catalogue()["ks4_performance"].landing_page in message and "--id ks4_performance" in message
    assert len(publisher.asked) == 1 and waits == []


@pytest.mark.parametrize("code", [204, 300, 304, 400, 418])
def test_an_answer_without_data_is_refused(project, publisher, patience, code):
    assert f"{code} for " in refusal(project, address=publisher.at("/ks4.csv", status(code)), patience=patience)


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504, 599])
def test_a_failing_server_is_asked_four_times_then_named(project, publisher, patience, waits, code):
    message = refusal(project, address=publisher.at("/ks4.csv", status(code)), patience=patience)
    assert f"127.0.0.1 answers {code}, 4 times. Visit https://explore" in message
    assert len(publisher.asked) == 4 and waits == [1, 2, 4]


def test_a_server_that_recovers_is_waited_for_as_it_asks(project, publisher, patience, waits):
    said = []
    answers = status(503, Retry_After="7"), status(503, Retry_After="86400"), whole(published())
    path = fetch(project, "ks4_performance", address=publisher.at("/x", *answers), patience=patience, say=said.append)
    assert path.read_bytes() == published()
    assert waits == [7, 60]
    assert said[0] == "127.0.0.1 answers 503; trying again in 7 s (2 of 4)"


def test_a_server_that_is_not_there_is_named(project, publisher, patience):
    address = publisher.at("/ks4.csv")
    publisher.socket.close()
    assert "127.0.0.1 cannot be reached, 4 times." in refusal(project, address=address, patience=patience)


def test_a_compressed_answer_is_unpacked(project, publisher, patience):
    packed = whole(gzip.compress(published()), Content_Encoding="gzip")
    path = fetch(project, "ks4_performance", address=publisher.at("/ks4.csv", packed), patience=patience)
    assert path.read_bytes() == published()
    assert publisher.asked[0][1]["Accept-Encoding"] == "identity"


def test_a_damaged_compressed_answer_is_refused(project, publisher, patience):
    damaged = whole(b"this is not gzip" * 99, Content_Encoding="gzip")
    assert "stopped before the end" in refusal(project, address=publisher.at("/x", damaged), patience=patience)


def test_a_file_larger_than_can_be_meant_is_refused(project, publisher):
    address = publisher.at("/ks4.csv", whole(published()))
    assert "larger than 100,000 bytes" in refusal(project, address=address, patience=Patience(largest=100_000))


def test_a_download_that_never_ends_is_stopped(project, publisher):
    assert "not done after 0 seconds" in refusal(
        project, address=publisher.at("/ks4.csv", whole(published())), patience=Patience(whole=0)
    )


def test_an_interrupted_fetch_leaves_nothing(project, publisher):
    def interrupt(_):
        raise KeyboardInterrupt

    before = tree(project)
    with pytest.raises(KeyboardInterrupt):
        fetch(project, "ks4_performance", address=publisher.at("/x", status(503)), patience=Patience(sleep=interrupt))
    assert tree(project) == before


def test_a_proxy_is_used_where_the_environment_names_one(project, publisher, patience, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{publisher.server_port}")
    publisher.answers["http://127.0.0.1:9/ks4.csv"] = [whole(published())]
    path = fetch(project, "ks4_performance", address="http://127.0.0.1:9/ks4.csv", patience=patience)
    assert path.read_bytes() == published()
    assert publisher.asked[0][0] == "http://127.0.0.1:9/ks4.csv"


def test_a_proxy_that_refuses_is_named(project, publisher, patience, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{publisher.server_port}")
    message = refusal(project, address="https://publisher.invalid/ks4.csv", patience=patience)
    assert "the proxy on the way to publisher.invalid does not let it through" in message


@pytest.fixture
def secure(publisher, tmp_path) -> Path:
    """The publisher on https, with a certificate that only this test's file vouches for."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    words += ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    try:
        subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("openssl, which makes the certificate, is not installed")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    publisher.socket = context.wrap_socket(publisher.socket, server_side=True)
    publisher.scheme = "https"
    return certificate


def test_a_certificate_nobody_vouches_for_is_refused(project, publisher, patience, waits, secure):
    message = refusal(project, address=publisher.at("/ks4.csv", whole(published())), patience=patience)
    assert "the certificate of 127.0.0.1 is not trusted" in message and "REQUESTS_CA_BUNDLE" in message
    assert publisher.asked == [] and waits == []


def test_an_organisations_own_certificate_is_taken_from_the_environment(project, publisher, patience, secure, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure))
    address = publisher.at("/ks4.csv", whole(published()))
    assert fetch(project, "ks4_performance", address=address, patience=patience).read_bytes() == published()


def test_a_certificate_file_that_is_missing_is_named(project, patience, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "nowhere.pem")
    assert "nowhere.pem" in refusal(project, address="https://127.0.0.1:9/ks4.csv", patience=patience)


def test_an_unknown_id_names_the_nearest(project, patience):
    assert "Did you mean ks4_performance?" in refusal(project, "ks4_perfomance", patience=patience)
    assert "has '../up'" in refusal(project, "../up", patience=patience)


def test_a_source_without_a_lasting_address_says_where_to_find_it(project, patience):
    message = refusal(project, patience=patience)
    assert "Add --address ADDRESS (it looks like https://api.education.gov.uk/" in message
    assert catalogue()["ks4_performance"].landing_page in message


def test_a_raw_folder_that_is_a_file_is_named(project, publisher, patience):
    (project.folder / "data").write_text("not a folder")
    message = refusal(project, address=publisher.at("/x", whole(published())), patience=patience)
    assert "cannot be written to data/raw" in message


def test_the_command_says_what_it_kept(project, publisher, capsys):
    address = publisher.at("/ks4.csv", whole(published()))
    fetch_command(argparse.Namespace(id="ks4_performance", address=address, project=str(project.folder)))
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"data/raw/ks4_performance.csv: {len(published()):,} bytes, SHA-256 ")
    assert said[1] == 'To use it, set source = "ks4_performance" under [parameters].'


def test_the_command_lists_the_catalogue(capsys):
    fetch_command(argparse.Namespace(id="", address="", project=None))
    said = capsys.readouterr().out
    assert all(key in said and entry.landing_page in said for key, entry in catalogue().items())
