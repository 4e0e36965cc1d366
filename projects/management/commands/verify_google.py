"""Check credentials, model and download without a browser. Costs nothing."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from projects import video
from projects.models.google import google_setup
from projects.veo.catalog import GEMINI_VEO
from projects.veo.client import BackEnd, open_back_end
from projects.veo.errors import BadDownload
from projects.veo.verify import EXIT_CODES, Finding, Report, verify


class Command(BaseCommand):
    help = (
        "Checks that the credential is accepted, that the model is offered and, if asked, that a generated "
        "file can be downloaded. Costs nothing."
    )
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        codes = ", ".join(f"{number} {code}" for code, number in EXIT_CODES.items())
        return super().create_parser(
            prog_name,
            subcommand,
            epilog=f"Exit codes: 0 all is well, 1 something unforeseen, 2 wrong use, {codes}.",
            **kwargs,
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--model", default="", help="model id; without it the first that is offered")
        parser.add_argument(
            "--download", default="", metavar="FILE_ID", help="id or address of a generated file"
        )
        parser.add_argument("--output", type=Path, metavar="PATH", help="where to save it")

    def handle(self, *, model: str, download: str, output: Path | None, **options: Any) -> None:
        if bool(download) != bool(output):
            raise CommandError("--download and --output go together.", returncode=2)
        report = self._report(model, download, output)
        for finding in report.findings:
            (self.stderr if finding.code else self.stdout).write(finding.sentence)
        if report.exit_code:
            sys.exit(report.exit_code)

    def _report(self, model: str, download: str, output: Path | None) -> Report:
        if not (settings.GEMINI_API_KEY or settings.GEMINI_OAUTH_TOKEN):
            sentence = "No Google credential is set. Put GEMINI_API_KEY or GEMINI_OAUTH_TOKEN into .env."
            return Report((Finding(sentence, "not_configured"),))
        try:
            back_end = open_back_end(GEMINI_VEO, google_setup())
        except ValueError as error:
            return Report((Finding(str(error), "bad_base_url"),))
        return _verify(back_end, model, download, output)


def _verify(back_end: BackEnd, model: str, download: str, output: Path | None) -> Report:
    try:
        return verify(
            back_end,
            today=timezone.now().date(),
            model=model,
            download=download,
            output=output,
            inspect=_inspect,
        )
    finally:
        back_end.close()


def _inspect(path: Path) -> str:
    try:
        info = video.inspect(path)
    except video.VideoError as error:
        raise BadDownload("broken_video", f"The downloaded file is no playable video. {error}") from error
    return f"{info.width}x{info.height}, {info.duration_seconds:.1f} s, {info.video_codec}"
