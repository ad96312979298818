"""Downloading one file over a network that fails: retried, resumed, bounded, and never anything but the publisher's own bytes.

Addresses are https, or http on this machine; TLS is always verified; proxies are those of the environment.
"""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urljoin

import requests
import urllib3
from requests import exceptions as problems

from datajam.errors import DataJamError
from datajam.project import FILE

_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
_REFUSED = {401: "refuses it", 403: "refuses it", 404: "has no such file", 410: "has withdrawn it"}
_PAGES = {"text/html", "application/xhtml+xml"}
_SECRET = re.compile(r"[?&](uid|key|api_?key|access_token|token|sig|signature|password)=", re.IGNORECASE)


@dataclass(frozen=True)
class Patience:
    """How long a download is waited for: seconds to connect, between two pieces, and in all; attempts; bytes at most."""

    attempts: int = 4
    connect: float = 10
    silence: float = 60
    whole: float = 3600
    largest: int = 2_000_000_000
    sleep: Callable[[float], None] = time.sleep


PATIENCE = Patience()


class _Again(Exception):
    """A failure that may pass, with the seconds the server asks to be left alone."""

    def __init__(self, reason: str, seconds: float = 0):
        super().__init__(reason)
        self.seconds = seconds


def _host(address: str) -> str:
    return (urllib3.util.parse_url(address).host or "").strip("[]").lower()


def _is_loopback(address: str) -> bool:
    with suppress(ValueError):
        return ip_address(_host(address)).is_loopback
    return _host(address) == "localhost"


def check_address(address: str) -> None:
    """See that an address may be asked: https, or http on this machine. Raises `DataJamError` where it may not."""
    try:
        parts = urllib3.util.parse_url(address)
    except urllib3.exceptions.LocationParseError:
        parts = urllib3.util.Url()
    if not parts.host or not address.isprintable() or re.search(r"[\s\\]", address):
        raise DataJamError(f"{address[:100]!r} is not an address. Copy the file's own, such as https://…/file.csv.")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(address)):
        raise DataJamError(f"{_shown(address)} is not https, so nobody can tell whether the file was changed on its way.")


def check_public(address: str) -> None:
    """See that an address holds nothing secret, since the data log will show it. Raises `DataJamError` where it does."""
    if urllib3.util.parse_url(address).auth or _SECRET.search(address):
        raise DataJamError(f"The address holds a key or a password, which {FILE} would show. Save the file by hand.")


def _shown(address: str) -> str:
    return re.sub(r"[^\x20-\x7e]", "?", address.split("?")[0])[:150]


def _explained(error: Exception, address: str, patience: Patience) -> Exception:
    """What an error of the network means, as a failure that may pass or as one that will not."""
    host = _host(address)
    if isinstance(error, problems.SSLError) and "CERTIFICATE_VERIFY_FAILED" not in str(error):
        return _Again(f"{host} breaks off the secure connection")
    if isinstance(error, problems.SSLError):
        return DataJamError(
            f"the certificate of {host} is not trusted, so nothing was downloaded. Where your organisation inspects "
            "traffic, set REQUESTS_CA_BUNDLE to its certificate file."
        )
    if isinstance(error, problems.TooManyRedirects):
        return DataJamError(f"{_shown(address)} redirects in a circle.")
    if isinstance(error, problems.ProxyError):
        return _Again(f"the proxy on the way to {host} does not let it through (see HTTPS_PROXY)")
    if isinstance(error, problems.ReadTimeout) or "Read timed out" in str(error):
        return _Again(f"{host} sent nothing for {patience.silence:g} seconds")
    if isinstance(error, problems.ChunkedEncodingError | problems.ContentDecodingError):
        return _Again(f"{host} stopped before the end of the file")
    if isinstance(error, problems.ConnectionError):
        return _Again(f"{host} cannot be reached")
    return DataJamError(f"{_shown(address)} cannot be asked for ({' '.join(str(error).split())[:120]}).")


class _Download:
    """One file being downloaded: what has arrived is kept between attempts where the server can go on from there."""

    def __init__(self, address: str, file: BinaryIO, patience: Patience):
        self.address, self.file, self.patience = address, file, patience
        self.version, self.length = "", None
        self.response: requests.Response | None = None
        self.deadline = time.monotonic() + patience.whole

    def attempt(self) -> None:
        """Ask once. Raises `_Again` for what may pass, `DataJamError` for what will not."""
        from pooch import HTTPDownloader

        headers = {"Accept-Encoding": "identity"}
        if self.version and self.file.tell():
            headers |= {"Range": f"bytes={self.file.tell()}-", "If-Range": self.version}
        timeout, hooks = (self.patience.connect, self.patience.silence), {"response": self.look}
        try:
            HTTPDownloader(chunk_size=1 << 16, headers=headers, timeout=timeout, hooks=hooks)(self.address, self, None)
        except (OSError, urllib3.exceptions.HTTPError, ValueError) as error:
            raise _explained(error, self.address, self.patience) from None
        finally:
            if self.response is not None:
                self.response.close()
        arrived, announced = self.file.tell(), self.length
        if announced not in (None, arrived):
            self.restart()
            raise _Again(f"{_host(self.address)} sent {arrived:,} bytes of the {announced:,} it announced")

    def look(self, response: requests.Response, **_) -> None:
        """Judge an answer before its content is read; `requests` calls this for every redirect as well."""
        self.response = response
        code, host = response.status_code, _host(response.url)
        if response.is_redirect:
            self.follow(response)
        elif code in _TRANSIENT or code >= 500:
            asked = response.headers.get("Retry-After", "")
            raise _Again(f"{host} answers {code}", min(int(asked), 60) if asked.isdecimal() else 0)
        elif code == 416:
            self.restart()
            raise _Again(f"{host} cannot go on where it stopped")
        elif code in _REFUSED or code not in (200, 206):
            raise DataJamError(f"{host} {_REFUSED.get(code, 'does not give it')}: {code} for {_shown(response.url)}.")
        elif response.headers.get("Content-Type", "").split(";")[0].strip().lower() in _PAGES:
            raise DataJamError(f"{_shown(response.url)} is a web page, not data.")
        else:
            self.begin(response)

    def follow(self, response: requests.Response) -> None:
        """Let a redirect pass where it stays on https, or on this machine where it began there."""
        target = urljoin(response.url, response.headers["Location"])
        if _is_loopback(target) and not _is_loopback(response.url):
            raise DataJamError(f"{_shown(response.url)} redirects to this machine, where no publisher is.")
        try:
            check_address(target)
        except DataJamError as error:
            raise DataJamError(f"{_shown(response.url)} redirects: {error}") from None

    def begin(self, response: requests.Response) -> None:
        """Go on from what has arrived where the answer does (206), else from the start; note the length and version."""
        length, version = response.headers.get("Content-Length", ""), response.headers.get("ETag", "")
        if length and not length.isdecimal():
            raise DataJamError(f"{_host(response.url)} announces a length of {length[:40]!r}.")
        if response.status_code == 206:
            part = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
            if not part or int(part[1]) != self.file.tell() or self.length not in (None, int(part[2])):
                self.restart()
                raise _Again(f"{_host(response.url)} sent another part of the file than was asked for")
            self.length = int(part[2])
            return
        self.restart()
        if "Content-Encoding" not in response.headers:
            self.length = int(length) if length else None
            self.version = version if version.startswith('"') else ""

    def restart(self) -> None:
        """Forget what has arrived."""
        self.file.seek(0)
        self.file.truncate()
        self.version, self.length = "", None

    def write(self, piece: bytes) -> None:
        """Keep a piece. Raises `DataJamError` where the download is too long or too slow, or the disk is full."""
        if self.file.tell() + len(piece) > self.patience.largest:
            raise DataJamError(f"the file is larger than {self.patience.largest:,} bytes.")
        if time.monotonic() > self.deadline:
            raise DataJamError(f"the download was not done after {self.patience.whole:g} seconds.")
        try:
            self.file.write(piece)
        except OSError as error:
            raise DataJamError(f"the file cannot be written: {error.strerror}.") from None

    def flush(self) -> None:
        """Nothing to do: the file is flushed when it is closed."""


def download(address: str, path: Path, patience: Patience, say: Callable[[str], None]) -> None:
    """Download to a path, as often as patience allows. Raises `DataJamError` with the last reason."""
    with open(path, "w+b") as file:
        asking = _Download(address, file, patience)
        for number in range(1, patience.attempts + 1):
            try:
                return asking.attempt()
            except _Again as problem:
                if number == patience.attempts:
                    raise DataJamError(f"{problem}, {number} time{'s' * (number > 1)}.") from None
                seconds = problem.seconds or 2 ** (number - 1)
                say(f"{problem}; trying again in {seconds:g} s ({number + 1} of {patience.attempts})")
                patience.sleep(seconds)
