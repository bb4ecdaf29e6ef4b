from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from scenario_search.dask.leases import Lease
from scenario_search.dask.stores import Store
from scenario_search.errors import CheckpointError


@attrs.define
class World:
    """A folder, and a clock that only waiting moves on."""

    store: Store
    now: float = 0.0
    while_waiting: Callable[[], object] = lambda: None

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.while_waiting()

    def lease(self) -> Lease:
        return Lease(self.store, "lease", 30.0, sleep=self.sleep, clock=lambda: self.now)


@pytest.fixture
def world(tmp_path: Path) -> World:
    store = Store(str(tmp_path), {})
    store.make_folder("lease")
    return World(store)


def test_a_second_job_is_refused_while_the_first_renews(world: World) -> None:
    first, second = world.lease(), world.lease()
    first.acquire()
    world.while_waiting = first.renew
    with pytest.raises(CheckpointError, match="Another job writes to"):
        second.acquire()
    assert world.now < 30
    assert not first.lost.is_set()


def test_a_released_lease_is_free_immediately(world: World) -> None:
    first, second = world.lease(), world.lease()
    first.acquire()
    first.release()
    second.acquire()
    assert world.now == 0


def test_a_dead_job_is_replaced_after_the_time_of_its_lease(world: World) -> None:
    world.lease().acquire()
    world.lease().acquire()
    assert 30 <= world.now < 34


def test_a_job_that_was_replaced_knows_it_and_leaves_the_new_lease_alone(world: World) -> None:
    first, second, third = world.lease(), world.lease(), world.lease()
    first.acquire()
    second.acquire()
    first.renew()
    assert first.lost.is_set()
    first.release()
    world.while_waiting = second.renew
    with pytest.raises(CheckpointError):
        third.acquire()


def test_of_two_that_wait_for_a_dead_job_one_gets_the_lease(world: World) -> None:
    world.lease().acquire()
    second, third = world.lease(), world.lease()

    def third_is_quicker() -> None:
        world.while_waiting = lambda: None
        third.acquire()
        world.while_waiting = third.renew

    world.while_waiting = third_is_quicker
    with pytest.raises(CheckpointError):
        second.acquire()
    assert not third.lost.is_set()


def test_a_lease_that_was_being_written_when_its_job_died_is_replaced(world: World) -> None:
    world.store.write("lease/000000007.json", b"")
    world.lease().acquire()
    assert world.store.names("lease") == ["000000008.json"]


def test_a_job_renews_until_it_releases(world: World) -> None:
    lease = Lease(world.store, "lease", 0.001)
    lease.acquire()
    lease.start()
    lease.release()
    assert world.store.read("lease/000000001.json") == b'{"ended":true}'
