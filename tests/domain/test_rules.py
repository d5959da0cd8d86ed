"""Who may decide: every rule alone, their order, and the identity that is judged."""

from itertools import product

import pytest
from msgspec.structs import replace

from bot.domain.ids import UserId
from bot.domain.policy import Person
from bot.domain.rules import RULES, Decider, Rule, judge, others_who_may

ANNA, BEN, CARA = UserId("U0ANNA"), UserId("U0BEN"), UserId("U0CARA")
BEN_DECIDES = Decider(person=Person(BEN, "Ben"), requester=ANNA, role="approver", holders=frozenset({BEN, CARA, ANNA}))


def by(person: Person, **changed: object) -> Decider:
    return replace(BEN_DECIDES, person=person, **changed)


def test_a_holder_of_the_role_may_decide_somebody_elses_request() -> None:
    verdict = judge(BEN_DECIDES)
    assert (verdict.is_allowed, verdict.rule) == (True, "role:approver")


@pytest.mark.parametrize("flag", ["is_bot", "is_deleted", "is_guest", "is_external"])
def test_a11_only_ordinary_members_decide_even_with_the_role(flag: str) -> None:
    verdict = judge(by(Person(BEN, "Ben", **{flag: True})))
    assert (verdict.is_allowed, verdict.rule) == (False, "ordinary_member")
    assert verdict.sentence == "Guests, people from other companies and bots cannot decide requests."


def test_p5_nobody_decides_their_own_request_even_with_the_role() -> None:
    verdict = judge(by(Person(ANNA, "Anna")))
    assert (verdict.is_allowed, verdict.rule) == (False, "not_own_request")


def test_without_the_role_nobody_decides() -> None:
    verdict = judge(by(Person(UserId("U0DAN"), "Dan")))
    assert (verdict.is_allowed, verdict.rule) == (False, "holds_role")
    assert "*approver*" in verdict.sentence


def test_z2_the_id_is_judged_and_never_the_name() -> None:
    assert not judge(by(Person(UserId("U0DAN"), "Ben"))).is_allowed
    assert judge(by(Person(CARA, "Anna"))).is_allowed


def test_an_empty_role_lets_nobody_decide() -> None:
    assert not judge(replace(BEN_DECIDES, holders=frozenset())).is_allowed


def test_every_combination_is_refused_unless_all_rules_agree() -> None:
    for is_guest, is_own, is_holder in product((False, True), repeat=3):
        decider = Decider(
            person=Person(BEN, "Ben", is_guest=is_guest),
            requester=BEN if is_own else ANNA,
            role="approver",
            holders=frozenset({BEN}) if is_holder else frozenset(),
        )
        assert judge(decider).is_allowed is (is_holder and not is_guest and not is_own)


def test_the_first_objection_is_the_one_told() -> None:
    assert [rule.__name__ for rule in RULES] == ["ordinary_member", "not_own_request", "holds_role"]
    everything_wrong = Decider(Person(ANNA, "Anna", is_guest=True), ANNA, "approver", frozenset())
    assert judge(everything_wrong).rule == "ordinary_member"


@pytest.mark.parametrize("rule", RULES)
def test_every_refusal_names_its_rule_and_says_why(rule: Rule) -> None:
    refused = rule(Decider(Person(ANNA, "Anna", is_guest=True), ANNA, "approver", frozenset()))
    assert refused is not None
    assert refused.rule == rule.__name__
    assert refused.sentence.endswith(".")


@pytest.mark.parametrize(
    ("holders", "others"),
    [({ANNA, BEN}, {BEN}), ({ANNA}, set()), (set(), set()), ({BEN, CARA}, {BEN, CARA})],
)
def test_v5_who_else_could_decide(holders: set[UserId], others: set[UserId]) -> None:
    assert others_who_may(frozenset(holders), ANNA) == others
