"""Small texts over HTTP that may be others the next time: captions, edit lists."""

import hashlib

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import content_disposition_header, quote_etag


def text_file(
    request: HttpRequest, text: str, content_type: str, *, filename: str, as_attachment: bool = True
) -> HttpResponse:
    """Asked for again each time, sent again only when it has changed."""
    etag = quote_etag(hashlib.sha256(text.encode()).hexdigest())
    response: HttpResponse | None = get_conditional_response(request, etag=etag)
    if response is None:
        response = HttpResponse(text, content_type=f"{content_type}; charset=utf-8")
        response["X-Content-Type-Options"] = "nosniff"
        if disposition := content_disposition_header(as_attachment, filename):
            response["Content-Disposition"] = disposition
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Cookie"])
    return response
