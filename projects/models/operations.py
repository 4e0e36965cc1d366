"""Operations: one paid remote generation each, the states it goes through, and the record of every paid POST.

The operation table is the poller's queue.
"""

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import F, Max, Q
from django.db.models.functions import Now
from django.utils import timezone

from projects.models.clips import Clip
from projects.models.leased import ForbiddenArrow, Leased, in_seconds
from projects.models.parts import NOT_JOINED, Part
from projects.models.queue import OperationQuerySet
from projects.models.states import ARROWS, CLIP_STATUS, ClipStatus, State, SubmissionOutcome
from projects.veo.catalog import RETENTION

if TYPE_CHECKING:
    from projects.models.submissions import Submission

LOOKS = (5, 30, 120, 600, 1800)
"""Seconds between the looks for an operation whose submission was not confirmed."""


class Operation(Leased):
    """One paid remote generation behind a clip: one of its parts."""

    WORKED_ON_WITH = ("clip", "part")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clip = models.ForeignKey(Clip, on_delete=models.CASCADE, related_name="operations")
    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="operations")
    attempt = models.PositiveSmallIntegerField(default=1)
    """Which of the part's consents it is for."""
    back_end = models.CharField(max_length=20)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)

    remote_ref = models.CharField(max_length=300, blank=True)
    """Google's name of the operation."""
    accepted_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    """When we first read that Google had finished."""
    output_uri = models.TextField(blank=True)
    """Empty while unknown, and for a video that comes inside the status answer itself."""
    expires_at = models.DateTimeField(null=True, blank=True)
    """When Google deletes the result: 48 h after the request until its own file record says otherwise."""
    cost_micros = models.PositiveBigIntegerField(null=True, blank=True)
    """Counted from the usage that Google reported, in micro-dollars; None where it reported none."""
    charged_micros = models.PositiveBigIntegerField(null=True, blank=True)
    """What it cost once it has ended; None while it has not, and where Google does not say."""
    answer = models.JSONField(default=dict, blank=True)
    """Google's last status answer, as received, without secrets and inline bytes."""
    file_record = models.JSONField(default=dict, blank=True)
    """Google's record of the result file."""

    polls = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    """Steps in a row that met the present trouble."""
    trouble_since = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    """The present trouble of an active operation, the reason of an ended one."""
    sentence = models.TextField(blank=True)
    google_text = models.TextField(blank=True)
    """Google's own words."""

    file = models.FileField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    """How long its video is; that of an extension has what it extends in it."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = OperationQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        indexes = [
            models.Index(
                fields=["state", "next_at"], condition=Q(next_at__isnull=False), name="operations_due"
            ),
            models.Index(fields=["state", "created_at"], name="operations_by_state"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["part", "attempt"], name="one_operation_a_consent"),
            models.UniqueConstraint(
                fields=["clip"], condition=~Q(state__in=State.FINAL), name="one_part_of_a_clip_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["remote_ref"], condition=~Q(remote_ref=""), name="operation_name_is_ours_once"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=State.ACTIVE) | Q(next_at__isnull=False),
                name="active_operation_has_a_next_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=State.FINAL) | Q(next_at__isnull=True, owner=""),
                name="final_operation_is_at_rest",
            ),
            models.CheckConstraint(
                condition=Q(state__in=State.FINAL, finished_at__isnull=False)
                | (~Q(state__in=State.FINAL) & Q(finished_at__isnull=True)),
                name="final_operation_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(remote_ref="", accepted_at__isnull=True, expires_at__isnull=True)
                | (~Q(remote_ref="") & Q(accepted_at__isnull=False, expires_at__isnull=False)),
                name="operation_name_comes_with_its_times",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("running", "downloading", "verifying", "succeeded"))
                | ~Q(remote_ref=""),
                name="accepted_operation_has_its_name",
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | (~Q(file="") & ~Q(sha256="")),
                name="succeeded_operation_has_its_file",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("failed", "rejected", "expired", "filtered")) | ~Q(reason=""),
                name="ended_operation_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.remote_ref or self.pk}"

    # --- questions ---

    @property
    def cost(self) -> int:
        """What a finished generation cost: by Google's count of its work, else by the list."""
        return self.part.price_micros if self.cost_micros is None else self.cost_micros

    @property
    def at_google(self) -> bool:
        """Whether Google still keeps the result at an address of its own."""
        return self.output_uri != "" and self.expires_at is not None and self.expires_at > timezone.now()

    @property
    def wants_an_answer(self) -> bool:
        """Unconfirmed, and every look of ours is over: only a person can go on."""
        return self.state == State.UNCONFIRMED and self.next_at is None

    def open_submission(self) -> "Submission | None":
        return self.submissions.filter(outcome=SubmissionOutcome.OPEN).first()

    # --- the poller's arrows: each releases the row, unless it says that the work goes on in hand ---

    def start_submitting(self, request: dict[str, Any], digest: str) -> "Submission":
        """queued → submitting, committed before the POST. Stays in hand."""
        with transaction.atomic():
            self._move(State.SUBMITTING, "Sending the request to Google")
            submission = self.open_submission() or self._renewed_consent()
            submission.request, submission.request_sha256 = request, digest
            submission.sends += 1
            submission.save(update_fields=["request", "request_sha256", "sends"])
            self.submissions.filter(pk=submission.pk).update(sent_at=Now())
        return submission

    def accepted(self, ref: str, *, next_in: float | None, note: str = "Google accepted the request") -> None:
        """submitting or unconfirmed → running. Stays in hand when `next_in` is None: the answer goes on."""
        self._move(
            State.RUNNING,
            f"{note}: {ref}",
            **({} if next_in is None else self._release(next_in)),
            **_NO_TROUBLE,
            remote_ref=ref,
            accepted_at=Now(),
            expires_at=Now() + RETENTION,
        )

    def wait_to_submit(self, *, next_in: float, reason: str, sentence: str, google_text: str = "") -> None:
        """submitting → queued: certainly not sent, or certainly not accepted. Nothing was charged."""
        self._move(
            State.QUEUED, sentence, **self._release(next_in), **self._trouble(reason, sentence, google_text)
        )

    def reject(self, reason: str, sentence: str, google_text: str = "") -> None:
        """queued or submitting → rejected: refused before any work. Nothing was charged."""
        self._move(
            State.REJECTED,
            sentence,
            charged_micros=0,
            **self._end(reason, sentence, google_text),
        )

    def lose_answer(self, sentence: str, google_text: str = "") -> None:
        """submitting → unconfirmed: perhaps accepted, perhaps charged, never sent again by itself."""
        with transaction.atomic():
            self._close_open_submission(SubmissionOutcome.AMBIGUOUS)
            self._move(
                State.UNCONFIRMED,
                sentence,
                **self._release(LOOKS[0]),
                reason="unconfirmed",
                sentence=sentence,
                google_text=google_text[:4000],
                tries=0,
            )

    def look_again_later(self, found: list[str], could_not_look: str = "") -> None:
        """unconfirmed stays unconfirmed: nothing certain was found; after the last look a person decides.

        `found` are names at Google that may be ours, `could_not_look` says why Google could not be asked.
        """
        looks = self.tries + 1
        at = in_seconds(LOOKS[looks]) if looks < len(LOOKS) else None
        answer: dict[str, Any] = {"found": found}
        if could_not_look:
            answer["could_not_look"] = could_not_look
        news = at is None or found != self.answer.get("found", [])
        self._write(owner="", next_at=at, tries=looks, answer=answer, clip_changes=news)
        if at is None:
            self.tell(self.state, self.state, "That was the last look; only a person can decide now")

    def still_running(self, *, next_in: float, answer: dict[str, Any]) -> None:
        """running stays running. Writes what is visible only when a trouble has passed."""
        self._write(
            **self._release(next_in),
            **_NO_TROUBLE,
            polls=F("polls") + 1,
            answer=answer,
            clip_changes=self.reason != "",
        )

    def finished_at_google(
        self, uri: str, answer: dict[str, Any], cost_micros: int | None = None, *, polls: int = 1
    ) -> None:
        """running → downloading, to be fetched at once. `polls` 0: the paid request itself answered so."""
        self._move(
            State.DOWNLOADING,
            "Google has finished; the video can be fetched",
            **self._release(0),
            **_NO_TROUBLE,
            polls=F("polls") + polls,
            done_at=Now(),
            output_uri=uri,
            answer=answer,
            cost_micros=cost_micros,
        )

    def hold_back(
        self, sentence: str, google_text: str, answer: dict[str, Any], cost_micros: int | None
    ) -> None:
        """running → filtered. `cost_micros` None: Google does not say what it charges for that."""
        self._move(
            State.FILTERED,
            sentence,
            charged_micros=cost_micros,
            **self._end("filtered", sentence, google_text),
            done_at=Now(),
            answer=answer,
        )

    def fail(
        self,
        reason: str,
        sentence: str,
        google_text: str,
        answer: dict[str, Any],
        cost_micros: int | None = None,
    ) -> None:
        """running → failed, on Google's word only."""
        self._move(
            State.FAILED,
            sentence,
            charged_micros=cost_micros,
            **self._end(reason, sentence, google_text),
            done_at=Now(),
            answer=answer,
        )

    def expire(self, reason: str, sentence: str, google_text: str = "") -> None:
        """running or downloading → expired: Google no longer has it."""
        self._move(
            State.EXPIRED,
            sentence,
            charged_micros=self.cost if self.done_at else None,
            **self._end(reason, sentence, google_text),
        )

    def meet_trouble(self, *, next_in: float, reason: str, sentence: str, google_text: str = "") -> None:
        """The state stays: a status check or a download did not work this time, and will be tried again."""
        news = reason != self.reason
        self._write(
            **self._release(next_in), **self._trouble(reason, sentence, google_text), clip_changes=True
        )
        if news:
            self.tell(self.state, self.state, sentence)

    def put_back(self, *, next_in: float = 0) -> None:
        """The holder stops before it is done; any poller may go on after that many seconds."""
        self._write(**self._release(next_in), clip_changes=False)

    def learn_file(self, record: dict[str, Any], expires_at: dt.datetime | None) -> None:
        """Google's record of the file. The work goes on in hand."""
        when = {"expires_at": expires_at} if expires_at else {}
        self._write(file_record=record, clip_changes=bool(when), **when)

    def downloaded(self) -> None:
        """downloading → verifying. Stays in hand."""
        self._move(State.VERIFYING, "Downloaded; checking the file")

    def download_again(self, *, next_in: float, reason: str, sentence: str) -> None:
        """verifying → downloading: what came is not the video, or its check was cut off."""
        self._move(
            State.DOWNLOADING, sentence, **self._release(next_in), **self._trouble(reason, sentence, "")
        )

    def succeed(
        self, file: str, sha256: str, seconds: float, clip: dict[str, Any], *, trouble: str = ""
    ) -> None:
        """verifying → succeeded: the file stands under its final name. Then it is the next part's turn.

        `clip` is what the clip's video is now. `trouble` says why this part could not be joined to it: the
        clip ends here, with what it has.
        """
        with transaction.atomic():
            following = None if trouble else self.clip.chain.part_after(self.part)
            shown = ClipStatus.FAILED if trouble else ClipStatus.QUEUED if following else ClipStatus.READY
            self._move(
                State.SUCCEEDED,
                trouble or "The video is saved",
                clip=clip,
                shown=shown,
                next_at=None,
                owner="",
                finished_at=Now(),
                file=file,
                sha256=sha256,
                seconds=seconds,
                charged_micros=self.cost,
                **_NO_TROUBLE | ({"reason": NOT_JOINED, "sentence": trouble} if trouble else {}),
            )
            if following:
                following.ask(f"The turn of part {following.number}")

    # --- a person's arrows: they move the fence, so that a poller's late write is refused ---

    def cancel(self, user: Any) -> None:
        """queued, running or downloading → cancelled. At Google it may go on, and be charged."""
        self._only_from(*State.STOPPABLE)
        paid_for = self.remote_ref != ""
        sentence = (
            "You stopped waiting for this clip. Google may still finish it, and charge for it."
            if paid_for
            else "You cancelled this clip before it was sent."
        )
        with transaction.atomic():
            self._move(
                State.CANCELLED,
                f"Cancelled by {user}",
                by_person=True,
                charged_micros=None if paid_for else 0,
                **self._end("cancelled", sentence, ""),
            )
            self._close_open_submission(SubmissionOutcome.WITHDRAWN)

    def fetch_after_all(self, user: Any) -> None:
        """cancelled or expired → running: ask Google again for what was, or may have been, paid for."""
        self._only_from(State.CANCELLED, State.EXPIRED)
        if not self.remote_ref:
            raise ForbiddenArrow("This operation never got a name at Google.")
        self._move(
            State.RUNNING,
            f"Asked for again by {user}",
            by_person=True,
            charged_micros=None,
            next_at=Now(),
            owner="",
            finished_at=None,
            **_NO_TROUBLE,
        )

    def look_again(self, user: Any) -> None:
        """unconfirmed: one more round of looks, from now."""
        self._only_from(State.UNCONFIRMED)
        self._write(by_person=True, owner="", next_at=Now(), tries=0, clip_changes=True)
        self.tell(self.state, self.state, f"{user} asked to look again")

    def try_now(self, user: Any) -> None:
        """Any waiting step of a poller, brought forward; `held` rows are being worked on already."""
        self._only_from(State.RUNNING, *State.TO_FETCH)
        if self.held:
            raise ForbiddenArrow("a poller is at it")
        self._write(by_person=True, next_at=Now(), clip_changes=True)
        self.tell(self.state, self.state, f"{user} asked to try again now")

    def attach(self, ref: str, user: Any) -> None:
        """unconfirmed → running: a person knows the operation's name at Google."""
        self._only_from(State.UNCONFIRMED)
        with transaction.atomic():
            self._move(
                State.RUNNING,
                f"{user} attached {ref}",
                by_person=True,
                next_at=Now(),
                owner="",
                remote_ref=ref,
                accepted_at=Now(),
                expires_at=Now() + RETENTION,
                **_NO_TROUBLE,
            )
            self.submissions.filter(outcome=SubmissionOutcome.AMBIGUOUS, remote_ref="").update(
                outcome=SubmissionOutcome.ACCEPTED, remote_ref=ref
            )

    def submit_again(self, user: Any, price_micros: int) -> None:
        """unconfirmed → queued with a new consent, given by a person who has seen the price again."""
        self._only_from(State.UNCONFIRMED)
        with transaction.atomic():
            self._move(
                State.QUEUED,
                f"{user} asked to submit again, knowing that it may be charged twice",
                by_person=True,
                next_at=Now(),
                owner="",
                **_NO_TROUBLE,
            )
            self.consent_to(user, price_micros)

    def give_up(self, user: Any) -> None:
        """unconfirmed → cancelled."""
        self._only_from(State.UNCONFIRMED)
        self._move(
            State.CANCELLED,
            f"{user} gave up on it",
            by_person=True,
            **self._end(
                "gave_up", "You gave up on this clip. Google may have made it, and charged for it.", ""
            ),
        )

    # --- consent ---

    def consent_to(self, user: Any, price_micros: int) -> "Submission":
        """The right to send one paid POST, given by a person who saw that price."""
        last = self.submissions.aggregate(ordinal=Max("ordinal"), consent=Max("consent"))
        return self.submissions.create(
            ordinal=(last["ordinal"] or 0) + 1,
            consent=(last["consent"] or 0) + 1,
            consented_by=user,
            price_micros=price_micros,
        )

    def _renewed_consent(self) -> "Submission":
        """A 429 did no work, so the same consent may be sent again, as a new row.

        The database refuses it when the last row was anything but `not_accepted`.
        """
        last = self.submissions.order_by("-ordinal")[0]
        return self.submissions.create(
            ordinal=last.ordinal + 1,
            consent=last.consent,
            consented_by=last.consented_by,
            price_micros=last.price_micros,
        )

    def _close_open_submission(self, outcome: str) -> None:
        self.submissions.filter(outcome=SubmissionOutcome.OPEN).update(outcome=outcome, closed_at=Now())

    # --- the one writer ---

    def _only_from(self, *states: str) -> None:
        """A person's decision and a poller's step may share an arrow, and still start in different states."""
        if self.state not in states:
            raise ForbiddenArrow(f"not from {self.state}")

    def tell(self, before: str, after: str, note: str) -> None:
        """One line of the clip's story."""
        self.events.create(before=before, after=after, note=note[:1000])

    def _trouble(self, reason: str, sentence: str, google_text: str) -> dict[str, Any]:
        again = reason == self.reason
        return {
            "reason": reason,
            "sentence": sentence,
            "google_text": google_text[:4000],
            "tries": F("tries") + 1 if again else 1,
            **({} if again else {"trouble_since": Now()}),
        }

    def _end(self, reason: str, sentence: str, google_text: str) -> dict[str, Any]:
        return {
            "next_at": None,
            "owner": "",
            "finished_at": Now(),
            "reason": reason,
            "sentence": sentence,
            "google_text": google_text[:4000],
            "trouble_since": None,
        }

    def _move(
        self,
        to: str,
        note: str,
        *,
        by_person: bool = False,
        clip: dict[str, Any] | None = None,
        shown: str = "",
        **fields: Any,
    ) -> None:
        """Takes one arrow: the only line of code that changes a state. Raises LostLease, ForbiddenArrow.

        The clip shows `shown`, by default what the table of states says.
        """
        before = self.state
        if to not in ARROWS[before]:
            raise ForbiddenArrow(f"{before} → {to}")
        with transaction.atomic():
            self._update(by_person, state=to, **fields)
            cost = {"cost_micros": self.clip.cost_so_far()} if "charged_micros" in fields else {}
            self.clip.show(shown or CLIP_STATUS[to], **cost, **(clip or {}))
            self.tell(before, to, note)
        self.refresh_from_db()

    def _write(self, *, clip_changes: bool, by_person: bool = False, **fields: Any) -> None:
        """Writes anything but the state."""
        with transaction.atomic():
            self._update(by_person, **fields)
            if clip_changes:
                self.clip.show(CLIP_STATUS[self.state])
        self.refresh_from_db()

    def _update(self, by_person: bool, **fields: Any) -> None:
        super()._update(by_person, updated_at=Now(), **fields)


_NO_TROUBLE: dict[str, Any] = {
    "reason": "",
    "sentence": "",
    "google_text": "",
    "tries": 0,
    "trouble_since": None,
}
