"""The policy as a value: what it refuses to hold, and what it answers."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from bot.domain.ids import UserId
from bot.domain.policy import Person, Policy, Verdict
from bot.domain.quote import Tolerance

SMALLEST: dict[str, Any] = {"roles": {"approver": {"users": ["U012"]}}}


def test_the_smallest_policy_has_safe_defaults() -> None:
    policy = Policy.model_validate(SMALLEST)
    assert policy.tolerance == Tolerance(Decimal(0), 0)
    assert policy.approval_window == timedelta(hours=72)
    assert (policy.approvals.role, policy.approvals.needed) == ("approver", 1)
    assert (policy.channels, policy.max_quantity) == ((), None)


def test_roles_are_found_by_name() -> None:
    policy = Policy.model_validate(SMALLEST)
    role = policy.role("approver")
    assert role is not None
    assert role.users == ("U012",)
    assert policy.role("nobody") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"roles": {}},
        {"roles": {"approver": {}}},
        {"roles": {"approver": {"users": ["anna"]}}},
        {"roles": {"approver": {"users": ["S012"]}}},
        {"roles": {"approver": {"groups": ["U012"]}}},
        {"roles": {"approver": {"users": ["U012"], "teams": ["x"]}}},
        {"approvals": {"role": "boss"}},
        {"approvals": {"needed": 0}},
        {"approvals": {"needed": 11}},
        {"price_tolerance": {"percent": -1}},
        {"price_tolerance": {"percent": 101}},
        {"price_tolerance": {"cents": -1}},
        {"approval_window_hours": 0},
        {"approval_window_hours": 24 * 90 + 1},
        {"channels": ["general"]},
        {"channels": ["D012"]},
        {"max_quantity": 0},
        {"unknown": 1},
    ],
)
def test_a_policy_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate(SMALLEST | wrong)


def test_a_policy_cannot_be_changed() -> None:
    policy = Policy.model_validate(SMALLEST)
    with pytest.raises(ValidationError):
        policy.max_quantity = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    ("flags", "is_ordinary"),
    [
        ({}, True),
        ({"is_bot": True}, False),
        ({"is_deleted": True}, False),
        ({"is_guest": True}, False),
        ({"is_external": True}, False),
    ],
)
def test_who_is_an_ordinary_member(flags: dict[str, bool], is_ordinary: bool) -> None:
    assert Person(UserId("U012"), "Anna", **flags).is_ordinary_member is is_ordinary


def test_a_verdict_carries_its_rule() -> None:
    assert Verdict(True, "role:approver").sentence == ""
