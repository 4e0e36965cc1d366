"""Check credentials, models and download without a browser. Costs nothing, but for `--self-test`."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from projects import video
from projects.models.google import google_setup
from projects.veo.catalog import BACK_ENDS
from projects.veo.errors import BadDownload
from projects.veo.verify import EXIT_CODES, Finding, Verification, Wish


class Command(BaseCommand):
    help = (
        "Checks for each back end that is set up whether Google takes the credential and which models are "
        "alive and, if asked, that a generated file can be downloaded. Costs nothing, but for --self-test."
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
        parser.add_argument("--back-end", default="", choices=list(BACK_ENDS), help="only this one")
        parser.add_argument("--model", default="", help="model id; without it any of ours")
        parser.add_argument(
            "--download", default="", metavar="FILE_ID", help="id or address of a generated file, or gs://…"
        )
        parser.add_argument("--output", type=Path, metavar="PATH", help="where to save it")
        parser.add_argument(
            "--self-test",
            action="store_true",
            help="try whether Gemini Omni may work in the background; costs a fraction of a cent",
        )

    def handle(
        self,
        *,
        back_end: str,
        model: str,
        download: str,
        output: Path | None,
        self_test: bool,
        **options: Any,
    ) -> None:
        if bool(download) != bool(output):
            raise CommandError("--download and --output go together.", returncode=2)
        wish = Wish(back_end=back_end, model=model, download=download, output=output, self_test=self_test)
        verification = Verification(google_setup(), wish, today=timezone.localdate(), inspect=_inspect)
        exit_code = 0
        shown = ""
        for finding in verification.run():
            if finding.back_end != shown:
                shown = finding.back_end
                self.stdout.write(f"{BACK_ENDS[shown]}:" if shown else "")
            self._tell(finding)
            exit_code = exit_code or finding.exit_code
        if exit_code:
            sys.exit(exit_code)

    def _tell(self, finding: Finding) -> None:
        """A failure on standard error, as a sentence that needs no heading."""
        if finding.code:
            prefix = f"{BACK_ENDS[finding.back_end]}: " if finding.back_end else ""
            self.stderr.write(f"{prefix}{finding.sentence}")
        else:
            self.stdout.write(f"{'  ' if finding.back_end else ''}{finding.sentence}")


def _inspect(path: Path) -> str:
    try:
        info = video.inspect(path)
    except video.VideoError as error:
        raise BadDownload("broken_video", f"The downloaded file is no playable video. {error}") from error
    return f"{info.width}x{info.height}, {info.duration_seconds:.1f} s, {info.video_codec}"
