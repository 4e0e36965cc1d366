"""Tells what the tests against Google will cost, asks, and runs them. `make test-google` calls it."""

import datetime as dt
import os
import subprocess
import sys

import django

CONSENT = "VEOWEB_TEST_GOOGLE"


def main() -> int:
    """The exit code of pytest, or 2 when nothing was run."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "veoweb.settings")
    django.setup()
    from projects import figures
    from projects.models.google import google_setup
    from tests.google.plan import plans, total

    found = plans(google_setup(), dt.datetime.now(dt.UTC).date())
    if not found:
        print("There is nothing to test: no Google credential is set. docs/google.md says how to get one.")
        return 2
    for plan in found:
        print(plan.told())
    if not _agreed(f"This buys clips for {figures.usd(total(found))} by the list"):
        print(f"Nothing was sent. Type yes, or set {CONSENT}=yes, to pay for it.")
        return 2
    # No retries, no parallel runs and no other order: each test may cost money.
    options = "-q -s -p no:randomly -p no:xdist -p no:cacheprovider --force-enable-socket --timeout 2400"
    command = [sys.executable, "-m", "pytest", *options.split(), "tests/google", *sys.argv[1:]]
    return subprocess.run(command, env=os.environ | {CONSENT: "yes"}, check=False).returncode


def _agreed(price: str) -> bool:
    if CONSENT in os.environ:
        print(f"{price}; {CONSENT}={os.environ[CONSENT]}.")
        return os.environ[CONSENT].strip().lower() == "yes"
    try:
        return input(f"{price}. Type yes to go on: ").strip().lower() == "yes"
    except EOFError:
        print()
        return False


if __name__ == "__main__":
    sys.exit(main())
