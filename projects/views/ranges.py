"""Stored files over HTTP, whole or in part.

Django answers a Range request with 200 and the whole file (ticket #22479). Safari then plays nothing and
Chrome cannot seek, so the answer is made here, by RFC 9110 section 14.
"""

import io
import logging
import re

from django.core.files.base import File
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import content_disposition_header, quote_etag

_ONE_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)
_BLOCK_BYTES = 2**16

logger = logging.getLogger(__name__)


def ranged_file(
    request: HttpRequest,
    file: FieldFile,
    *,
    size: int,
    etag: str,
    content_type: str,
    filename: str = "",
    as_attachment: bool = False,
) -> HttpResponseBase:
    """Answer GET or HEAD with `file`, or with the one range of it that was asked for.

    The caller has checked that this person may see it (promise P5). `size` is the file's length in bytes;
    `etag` names its content (the SHA-256, unquoted). Raises Http404 when the storage has lost the file; HEAD
    does not look.
    """
    etag = quote_etag(etag)
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    if response is None:
        span = _asked_range(request, size, etag)
        if span is not None and not span:
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}", "ETag": etag})
        response = _whole(request, file, size) if span is None else _part(file, size, span)
        response["Content-Type"] = content_type
        response["Accept-Ranges"] = "bytes"
        response["X-Content-Type-Options"] = "nosniff"
        if disposition := content_disposition_header(as_attachment, filename):
            response["Content-Disposition"] = disposition
    response["ETag"] = etag
    response["Cache-Control"] = "private, max-age=86400, immutable"
    # The browser must not show its next user what it kept for the last one: a log-in changes the cookie.
    patch_vary_headers(response, ["Cookie"])
    return response


def _asked_range(request: HttpRequest, size: int, etag: str) -> range | None:
    """The bytes asked for; empty when the file has none of them, None when all of it is to be sent."""
    match = _ONE_RANGE.fullmatch(request.headers.get("Range", ""))
    if request.method != "GET" or match is None or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = match.groups()
    if first:
        if last and int(last) < int(first):
            return None
        return range(size)[int(first) : int(last) + 1 if last else size]
    return range(size)[max(0, size - int(last)) :] if last else None


def _whole(request: HttpRequest, file: FieldFile, size: int) -> HttpResponseBase:
    if request.method == "HEAD":
        return HttpResponse(headers={"Content-Length": str(size)})
    return _sent(file, size, range(size), status=200)


def _part(file: FieldFile, size: int, span: range) -> HttpResponseBase:
    response = _sent(file, size, span, status=206)
    response["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{size}"
    return response


def _sent(file: FieldFile, size: int, span: range, *, status: int) -> FileResponse:
    """A FileResponse, as only that reaches `wsgi.file_wrapper`: waitress then needs no thread to send it."""
    response = FileResponse(_Slice(_opened(file, size), span), status=status)
    response.block_size = _BLOCK_BYTES
    return response


def _opened(file: FieldFile, size: int) -> File:
    """A file shorter than its row says is as good as lost: waitress would wait for the rest for ever."""
    name = str(file.name)
    try:
        opened = file.storage.open(name, "rb")
    except FileNotFoundError as error:
        logger.error("The storage has lost %s", name)
        raise Http404("The file is missing.") from error
    if opened.size != size:
        opened.close()
        logger.error("%s has %s bytes in the storage, not %s", name, opened.size, size)
        raise Http404("The file is damaged.")
    return opened


class _Slice:
    """The bytes `span` of an open file, as a file of their own.

    Servers find out a file's length by seeking to its end, and some send all of it whatever Content-Length
    says; here the end is where the range ends. It has no `fileno`, so nobody can go past it by sendfile.
    """

    def __init__(self, file: File, span: range) -> None:
        self._file = file
        self._span = span
        self.seek(0)

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._span.stop - self._file.tell())
        return self._file.read(left if size < 0 else min(size, left))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: len(self._span)}[whence]
        self._file.seek(self._span.start + base + offset)
        return base + offset

    def tell(self) -> int:
        return self._file.tell() - self._span.start

    def close(self) -> None:
        self._file.close()
