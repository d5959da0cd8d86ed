"""What each step leaves in the audit trail."""

from bot.domain import request as life
from bot.domain.audit import Origin, of_step
from bot.domain.ids import ChannelId
from bot.domain.request import TRANSITIONS, Failure, Refused, advance
from tests.examples import APPROVER, NOW, POLICY, after, every_state, request, submitted


def test_u1_every_step_says_who_what_before_and_after_under_which_policy() -> None:
    for before in every_state():
        for kind in (kind for state, kind in TRANSITIONS if state is before.state):
            now = after(before, kind)
            line = of_step(before, now, POLICY, Origin(ChannelId("C1"), "1.2"))
            assert (line.what, line.by, line.at) == (
                now.history[-1].happened,
                now.history[-1].by,
                now.history[-1].at,
            )
            assert line.before == f"{before.state} v{before.version}"
            assert line.after == f"{now.state} v{now.version}"
            assert (line.request, line.policy, line.channel, line.message) == (now.id, POLICY, "C1", "1.2")


def test_u1_an_approval_names_its_rule_and_a_purchase_its_service_and_sum() -> None:
    approved = after(submitted(), life.Approved)
    assert of_step(submitted(), approved).detail == "revision 1 by role:approver"
    claimed = after(approved, life.Claimed)
    assert of_step(claimed, after(claimed, life.Ordered)).detail == "API-2041-7730, 1750 cents, not paid"
    assert of_step(submitted(), after(submitted(), life.Declined)).detail == "Use the ones we have."
    assert of_step(None, submitted()).detail == "5 x isp_us, 1750 cents"
    assert of_step(None, submitted()).before == ""


def test_u1_a_refusal_keeps_the_providers_own_id_of_its_answer() -> None:
    claimed = after(request(), life.Approved, life.Claimed)
    refused = advance(claimed, Refused(NOW, Failure("Sold out.", "K7M2QX9R", "7f0c-provider")))
    line = of_step(claimed, refused)
    assert (line.provider_request, line.detail) == ("7f0c-provider", "Sold out. (K7M2QX9R)")
    retried = after(refused, life.Retried)
    assert of_step(refused, retried).provider_request is None
    assert of_step(refused, retried).by == APPROVER
