"""What was seen and what differed from what veoweb expects, as two files that hold no secret."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from projects.veo.credentials import ApiKey, redact
from projects.veo.setup import Setup

NAME = "google-report"


@dataclass
class Record:
    """Written anew after every entry: a run that is stopped half-way has cost money too."""

    folder: Path
    setup: Setup
    began: str
    seen: list[dict[str, Any]] = field(default_factory=list)
    differences: list[dict[str, Any]] = field(default_factory=list)

    def note(self, where: str, step: str, facts: Mapping[str, Any]) -> None:
        self.seen.append({"back_end": where, "step": step, **facts})
        self._write()

    def expect(self, where: str, step: str, expected: Any, got: Any) -> None:
        """Keeps a difference and goes on; what must not differ is asserted by the tests."""
        if expected != got:
            self.differences.append({"back_end": where, "step": step, "expected": expected, "got": got})
            print(f"DIFFERS {where}, {step}: expected {expected!r}, got {self._clean(repr(got))}")
        self._write()

    def _write(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        whole = {"began": self.began, "differences": self.differences, "seen": self.seen}
        text = json.dumps(whole, indent=2, ensure_ascii=False, default=str)
        (self.folder / f"{NAME}.json").write_text(self._clean(text), encoding="utf-8")
        (self.folder / f"{NAME}.md").write_text(self._clean(self._page()), encoding="utf-8")

    def _page(self) -> str:
        lines = [f"# veoweb against Google, {self.began}", "", "## What differed", ""]
        for one in self.differences:
            lines.append(
                f"- {one['back_end']}, {one['step']}: expected {one['expected']!r}, got {one['got']!r}"
            )
        lines += [] if self.differences else ["Nothing."]
        lines += ["", "## What was seen", ""]
        for each in self.seen:
            facts = {name: value for name, value in each.items() if name not in ("back_end", "step", "raw")}
            lines.append(f"- {each['back_end']}, {each['step']}: {json.dumps(facts, default=str)}")
        return "\n".join([*lines, ""])

    def _clean(self, text: str) -> str:
        for secret in (self.setup.api_key, self.setup.oauth_token):
            text = redact(text, ApiKey(secret)) if secret.strip() else redact(text)
        return text
