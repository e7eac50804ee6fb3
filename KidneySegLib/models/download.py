"""Fetch a model's file from an address that the user gave; an interrupted download goes on."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

from ..core.errors import ModelError

_BLOCK = 1 << 20
_SECONDS = 30
_MOST_BYTES = 64 * 2**30
_SPARE_BYTES = 200 * 2**20
_LOCAL = ("127.0.0.1", "localhost")


def is_address(source: str) -> bool:
    """Whether a source is an address and no file."""
    return source.split("://")[0] in ("http", "https", "ftp", "file") and "://" in source


def download(address: str, home: Path, say: Callable[[str, float], None] | None = None) -> Path:
    """Fetch a file; returns where it lies.

    It is written beside its place and gets its name when it is whole. What was fetched before an
    interruption stays, and the next try goes on from there.

    Parameters
    ----------
    address : str
        https.
    home : Path
        Folder to write into.
    say : callable, optional
        Called with what is done and the share done (0..1).

    Raises
    ------
    ModelError
        If the address cannot be used, or the download was interrupted.
    """
    if not _is_safe(address):
        raise ModelError(
            f"'{address[:100]}' is no https address. A model is not fetched otherwise."
        )
    name = hashlib.sha256(address.encode()).hexdigest()[:16]
    target, partial = home / f".download-{name}.zip", home / f".download-{name}.part"
    if target.is_file():
        return target
    try:
        _fetch(address, partial, say)
    except (
        urllib.error.URLError,
        http.client.HTTPException,
        TimeoutError,
        ConnectionError,
        ValueError,
    ) as error:
        reason = getattr(error, "reason", None) or error
        raise ModelError(
            f"'{address[:100]}' could not be fetched ({reason}). What has come so far is kept: try "
            "again, or download it yourself and give the file."
        ) from error
    partial.rename(target)
    return target


def _is_safe(address: str) -> bool:
    """Whether nobody on the way can change what comes: https, or this computer."""
    try:
        parts = urllib.parse.urlsplit(address)
        return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    except ValueError:
        return False


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect that leaves https."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        """A request for the new address."""
        if not _is_safe(newurl):
            raise urllib.error.URLError(f"it leads to '{newurl[:80]}', which is no https address")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetch(address: str, partial: Path, say: Callable[[str, float], None] | None) -> None:
    """Fetch what is missing of a file.

    Raises
    ------
    ConnectionError
        If it ended too early.
    """
    there = partial.stat().st_size if partial.is_file() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={there}-"} if there else {})
    try:
        answer = urllib.request.build_opener(_SafeRedirects).open(request, timeout=_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == 416 and there:  # whole already
            return
        raise
    with contextlib.closing(answer):
        if answer.status != 206:
            there = 0
        missing = int(answer.headers.get("Content-Length") or 0)
        whole = there + missing
        free = shutil.disk_usage(partial.parent).free
        if whole > _MOST_BYTES or missing + _SPARE_BYTES > free:
            raise ModelError(
                f"The file has {whole / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free in "
                f"'{partial.parent}'. Make room there."
            )
        with partial.open("ab" if there else "wb") as stream:
            while block := answer.read(_BLOCK):
                stream.write(block)
                there += len(block)
                if there > _MOST_BYTES:
                    raise ModelError("The file does not end. It is no model.")
                if say and whole:
                    say("download", there / whole)
        if missing and there < whole:
            raise ConnectionError(f"it ended after {there} of {whole} bytes")
