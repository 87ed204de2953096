"""Declared against existing: what is made, paused, changed and deleted, and what is left alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import JSONResponse

from ibf_pipeline.errors import ForbiddenByRule, OutcomeUnknown, ServerRefused
from ibf_pipeline.satellites.subscriptions.entity import EndpointAccount, Subscription, SubscriptionRequest
from ibf_pipeline.satellites.subscriptions.ledger import Owned, same_filter
from ibf_pipeline.satellites.subscriptions.reconciliation import (
    adopt_subscription,
    apply_subscriptions,
    delete_subscription,
    plan_subscriptions,
)
from ibf_pipeline.satellites.subscriptions.subscription_plan import DeclaredSubscription, dry_run
from tests.budget import examples
from tests.worlds.services.catalogue_account import RADAR, World, provider_of
from tests.worlds.services.dialects import ALL, CREODIAS

OPTICAL = "Collection/Name eq 'SENTINEL-2'"
PULL = SubscriptionRequest("pull", RADAR)
PUSH = SubscriptionRequest(
    "push", RADAR, endpoint="https://a.example.org/n", account=EndpointAccount("receiver", "canary-receiver")
)


def wanted(request: SubscriptionRequest, name: str = "floods") -> list[DeclaredSubscription]:
    return [DeclaredSubscription(name, request)]


def kinds(plan) -> list[str]:
    return [step.kind for step in plan.steps]


def test_declared_is_made_once(every: World):
    plan = plan_subscriptions(every.client, every.ledger, wanted(PULL))
    assert kinds(plan) == ["create"]
    assert every.catalogue.subscriptions == {}, "a plan changes nothing"
    assert kinds(apply_subscriptions(every.client, every.ledger, wanted(PULL))) == ["create"]
    assert kinds(apply_subscriptions(every.client, every.ledger, wanted(PULL))) == []
    assert [entry.name for entry in every.ledger.owned()] == ["floods"]


def test_a_changed_filter_swaps_with_the_shortest_gap(every: World):
    """Where the only running slot is the old one's, the new one waits paused until the old one is paused."""
    apply_subscriptions(every.client, every.ledger, wanted(PULL))
    changed = wanted(replace(PULL, filter=OPTICAL))
    expected = {
        1: ["create", "pause", "resume", "delete"],
        2: ["create", "pause", "delete"],
    }[every.catalogue.dialect.running_limit]
    assert kinds(plan_subscriptions(every.client, every.ledger, changed)) == expected
    assert kinds(apply_subscriptions(every.client, every.ledger, changed)) == expected
    (left,) = every.client.info()
    assert (left.filter, left.status) == (OPTICAL, "running")


def test_with_ten_subscriptions_the_old_one_goes_first(every: World):
    apply_subscriptions(every.client, every.ledger, wanted(PULL))
    for _ in range(9):
        every.client.create(SubscriptionRequest("pull", RADAR, status="paused"))
    plan = apply_subscriptions(every.client, every.ledger, wanted(replace(PULL, filter=OPTICAL)))
    assert kinds(plan) == ["delete", "create"]
    assert len(every.client.info()) == 10


def test_a_new_endpoint_is_patched_and_a_status_follows(every: World):
    apply_subscriptions(every.client, every.ledger, wanted(PUSH))
    moved = replace(PUSH, endpoint="https://b.example.org/n", status="paused")
    assert kinds(apply_subscriptions(every.client, every.ledger, wanted(moved))) == ["patch", "pause"]
    (entry,) = every.client.info()
    assert (entry.endpoint, entry.status) == ("https://b.example.org/n", "paused")
    assert kinds(apply_subscriptions(every.client, every.ledger, wanted(replace(moved, status="running")))) == [
        "resume"
    ]


def test_what_is_no_longer_declared_is_paused_and_stays(every: World):
    apply_subscriptions(every.client, every.ledger, wanted(PULL))
    assert kinds(apply_subscriptions(every.client, every.ledger, [])) == ["pause"]
    assert [entry.status for entry in every.client.info()] == ["paused"]


def test_foreign_subscriptions_are_never_touched(every: World):
    """A person's own subscriptions take every running slot: the pipeline says which, and does nothing."""
    for _ in range(every.catalogue.dialect.running_limit):
        every.client.create(SubscriptionRequest("pull", OPTICAL))
    before = every.client.info()
    plan = apply_subscriptions(every.client, every.ledger, wanted(PULL))
    assert kinds(plan) == []
    assert before[0].id in plan.stuck[0].text
    assert every.client.info() == before
    with pytest.raises(ForbiddenByRule, match="not made by this pipeline"):
        delete_subscription(every.client, every.ledger, before[0].id, foreign=False)
    delete_subscription(every.client, every.ledger, before[0].id, foreign=True)
    assert len(every.client.info()) == len(before) - 1


def test_an_equal_foreign_subscription_is_adopted_on_request_only(every: World):
    every.client.create(PULL)
    (foreign,) = every.client.info()
    name = adopt_subscription(every.client, every.ledger, wanted(PULL), foreign.id)
    assert name == "floods"
    assert kinds(apply_subscriptions(every.client, every.ledger, wanted(PULL))) == []
    with pytest.raises(ForbiddenByRule, match="not what any declaration asks for"):
        adopt_subscription(every.client, every.ledger, wanted(PUSH), foreign.id)


def test_a_lost_answer_is_resolved_by_the_next_run(every: World):
    every.web.cut_after_create = True
    with pytest.raises(OutcomeUnknown):
        apply_subscriptions(every.client, every.ledger, wanted(PULL))
    assert every.ledger.owned() == []
    assert kinds(apply_subscriptions(every.client, every.ledger, wanted(PULL))) == []
    assert len(every.client.info()) == 1
    assert [entry.name for entry in every.ledger.owned()] == ["floods"]


def test_what_was_there_before_a_lost_answer_is_not_claimed(every: World):
    """A person's own subscription may be exactly like the declared one."""
    every.client.create(replace(PULL, status="paused"))
    (foreign,) = every.client.info()
    every.web.cut_after_create = True
    with pytest.raises(OutcomeUnknown):
        apply_subscriptions(every.client, every.ledger, wanted(PULL))
    apply_subscriptions(every.client, every.ledger, wanted(PULL))
    assert foreign.id not in {entry.id for entry in every.ledger.owned()}
    assert foreign in every.client.info()
    assert len(every.client.info()) == 2


def test_a_plan_refuses_what_apply_would_refuse(world: World):
    silent = replace(PUSH, endpoint=None)
    for carry_out in (plan_subscriptions, apply_subscriptions):
        with pytest.raises(ForbiddenByRule, match="floods: a push subscription without an endpoint"):
            carry_out(world.client, world.ledger, wanted(silent))
    assert world.web.requests == []


def test_a_refused_request_leaves_no_claim_on_what_others_make(every: World):
    with pytest.raises(ServerRefused):
        apply_subscriptions(every.client, every.ledger, wanted(replace(PULL, filter="Colection/Name eq 'x'")))
    every.client.create(PULL)
    assert every.ledger.settle(every.client.name, every.client.info()) == []


def test_one_deleted_elsewhere_is_made_again(every: World):
    apply_subscriptions(every.client, every.ledger, wanted(PULL))
    every.client.delete(every.client.info()[0].id)
    assert kinds(apply_subscriptions(every.client, every.ledger, wanted(PULL))) == ["create"]


def test_a_catalogue_that_takes_a_change_and_does_nothing_ends_the_run(world: World, monkeypatch):
    apply_subscriptions(world.client, world.ledger, wanted(PULL))
    monkeypatch.setattr(world.catalogue, "patch", lambda _id, _body: world.catalogue.info()[0])
    plan = apply_subscriptions(world.client, world.ledger, wanted(replace(PULL, status="paused")))
    assert kinds(plan) == ["pause"]
    assert "shows no change" in plan.stuck[0].text


def test_filters_are_equal_but_for_blanks_outside_quotes():
    assert same_filter("A eq 'x y' and B", " A  eq 'x y'  and B ")
    assert not same_filter("A eq 'x y'", "A eq 'xy'")


requests_ = st.builds(
    SubscriptionRequest,
    kind=st.just("pull"),
    filter=st.sampled_from([RADAR, OPTICAL]),
    status=st.sampled_from(["running", "paused"]),
)
entries = st.lists(
    st.tuples(st.sampled_from(["", "a", "b", "old"]), st.sampled_from([RADAR, OPTICAL]), st.booleans()), max_size=10
)


@given(st.dictionaries(st.sampled_from(["a", "b"]), requests_), entries, st.sampled_from(ALL))
@settings(max_examples=examples(15, 1000), deadline=None)
def test_any_account_settles_without_touching_foreign_ones(declared, existing, dialect):
    """From any state that the limits allow, the plan ends, keeps the limits at every step and spares foreign ones."""
    running = dialect.running_limit
    live, owned = [], {}
    for number, (name, text, runs) in enumerate(existing):
        runs = runs and running > 0
        running -= runs
        live.append(Subscription(f"s{number}", "running" if runs else "paused", ("created",), text, None, None))
        if name:
            owned[f"s{number}"] = Owned(f"s{number}", "p", name, "pull", text, ("created",))
    items = [DeclaredSubscription(name, request) for name, request in declared.items()]
    plan = dry_run(items, live, owned, "p", provider_of(dialect, 1))
    foreign = {entry.id for entry in live} - set(owned)
    assert not [step for step in plan.steps if step.subscription_id in foreign]
    assert len(plan.steps) <= 4 * 12
    state = {entry.id: entry.running for entry in live}
    for number, step in enumerate(plan.steps):
        if step.kind == "create":
            state[f"(new-{number})"] = step.request.status == "running"
        elif step.kind == "delete":
            del state[step.subscription_id]
        else:
            state[step.subscription_id] = step.kind == "resume"
        assert len(state) <= 10
        assert sum(state.values()) <= dialect.running_limit


def test_creodias_reply_without_id_is_found_in_the_list(every: World):
    apply_subscriptions(every.client, every.ledger, wanted(PUSH))
    assert [entry.id for entry in every.ledger.owned()] == [entry.id for entry in every.client.info()]
    assert (every.catalogue.dialect is CREODIAS) == (not every.catalogue.dialect.reply_with_id)


def test_one_empty_listing_changes_nothing(every: World):
    apply_subscriptions(every.client, every.ledger, wanted(PULL))
    for look in (plan_subscriptions, apply_subscriptions):
        every.web.faults.append(lambda _: JSONResponse([]))
        assert kinds(look(every.client, every.ledger, wanted(PULL))) == []
    assert (len(every.catalogue.subscriptions), len(every.ledger.owned())) == (1, 1)


def test_a_subscription_that_was_missing_for_long_is_still_ours(every: World):
    """While it is not listed another one is made; when it is back, one of the two goes."""
    apply_subscriptions(every.client, every.ledger, wanted(PULL))
    (first,) = every.catalogue.subscriptions
    hidden = every.catalogue.subscriptions.pop(first)
    assert kinds(apply_subscriptions(every.client, every.ledger, wanted(PULL))) == ["create"]
    assert [entry.id for entry in every.ledger.owned()] == list(every.catalogue.subscriptions)
    assert every.ledger.provider_of(first) == every.client.name, "its notifications are still ours"
    every.catalogue.subscriptions[first] = hidden
    apply_subscriptions(every.client, every.ledger, wanted(PULL))
    assert (len(every.catalogue.subscriptions), len(every.ledger.owned())) == (1, 1)


def test_the_message_names_the_way_to_take_over_an_equal_one(world: World):
    made = world.client.create(PULL)
    (stuck,) = apply_subscriptions(world.client, world.ledger, wanted(PULL)).stuck
    assert f"{made} is exactly as declared: `subscriptions apply --adopt {made}`" in stuck.text
    (stuck,) = apply_subscriptions(world.client, world.ledger, wanted(replace(PULL, filter=OPTICAL))).stuck
    assert "--adopt" not in stuck.text


def test_two_at_once_are_one_after_the_other(world: World):
    with world.ledger.lock(), ThreadPoolExecutor(1) as pool:
        second = pool.submit(apply_subscriptions, world.client, world.ledger, wanted(PULL))
        with pytest.raises(ForbiddenByRule, match="another process is at work there: changing subscriptions, process"):
            second.result(30)
    assert world.catalogue.subscriptions == {}
    assert kinds(apply_subscriptions(world.client, world.ledger, wanted(PULL))) == ["create"]
