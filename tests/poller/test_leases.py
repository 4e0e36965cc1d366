"""Claims, leases and fences between pollers (promise P3)."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now

from projects.models import Clip, LostLease, Operation, State
from projects.poller.leases import sendable
from projects.poller.loop import Poller

pytestmark = pytest.mark.django_db

Ask = Callable[..., Clip]
Finish = Callable[[Clip], Clip]


class TestLeases:
    def test_a_row_in_hand_is_not_claimed_twice(self, ask: Ask, poller: Poller) -> None:
        ask()
        assert poller._claim() is not None
        assert Poller()._claim() is None

    def test_a_lease_that_ran_out_passes_to_another_poller_and_refuses_the_first(
        self, ask: Ask, poller: Poller
    ) -> None:
        ask()
        claimed = poller._claim()
        assert claimed is not None
        _, stale, hold = claimed
        Operation.objects.update(next_at=Now())
        rival = Poller()._claim()
        assert rival is not None
        with pytest.raises(LostLease):
            stale.start_submitting({}, "")
        poller.holds.renew()
        assert hold.lost.is_set()

    def test_a_poller_does_not_claim_its_own_row_after_a_long_sleep(self, ask: Ask, poller: Poller) -> None:
        ask()
        assert poller._claim() is not None
        Operation.objects.update(next_at=Now())
        assert poller._claim() is None

    def test_a_renewal_extends_what_nobody_else_took(self, ask: Ask, poller: Poller) -> None:
        ask()
        claimed = poller._claim()
        assert claimed is not None
        Operation.objects.update(next_at=Now())
        poller.holds.renew()
        assert not claimed[2].lost.is_set()
        assert not Operation.objects.filter(next_at__lte=Now()).exists()

    def test_a_renewal_after_the_release_revives_nothing(self, ask: Ask, poller: Poller, alice: User) -> None:
        clip = ask()
        claimed = poller._claim()
        assert claimed is not None
        claimed[1].reject("bad_request", "No")
        poller.holds.renew()
        assert Operation.objects.get(clip=clip).next_at is None

    def test_a_hung_step_is_let_go(self, ask: Ask, poller: Poller) -> None:
        ask()
        claimed = poller.holds.claim(sendable(), limit=-1, order=("created_at",))
        assert claimed is not None
        poller.holds.renew()
        assert claimed[1].lost.is_set()

    def test_a_row_that_breaks_our_code_does_not_stop_the_line(
        self, ask: Ask, poller: Poller, caplog: pytest.LogCaptureFixture
    ) -> None:
        broken, whole = ask(), ask(prompt="Whole")
        Operation.objects.filter(clip=broken).update(back_end="no_such_thing")
        while poller.step():
            pass
        operation = Operation.objects.get(clip=broken)
        assert (operation.state, operation.reason) == (State.QUEUED, "internal")
        assert "Traceback" in caplog.text
        whole.refresh_from_db()
        assert whole.status == "generating"
