"""Whether an owner is still there: told from its process, not from its number alone."""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import replace

import pytest

from sftsec_core.store.process import Owner


def test_this_process_is_alive_and_survives_being_written_down() -> None:
    owner = Owner.new()
    assert Owner.parse(str(owner)) == owner
    assert owner.alive() is True


def test_two_owners_in_one_process_differ() -> None:
    assert str(Owner.new()) != str(Owner.new())


def test_a_process_that_has_ended_is_not_alive() -> None:
    child = multiprocessing.get_context("spawn").Process(target=os.getpid)
    child.start()
    pid = child.pid
    assert pid is not None
    child.join(60)
    assert replace(Owner.new(), pid=pid).alive() is False


@pytest.mark.parametrize("change", [{"start": "1"}, {"boot": "another"}])
def test_another_process_with_the_same_number_is_not_the_owner(change: dict[str, str]) -> None:
    assert replace(Owner.new(), **change).alive() is False  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"host": "elsewhere"}, {"namespace": "pid:[1]"}])
def test_of_a_process_elsewhere_nothing_can_be_told(change: dict[str, str]) -> None:
    assert replace(Owner.new(), **change).alive() is None  # type: ignore[arg-type]


def test_without_a_start_time_the_process_itself_is_asked() -> None:
    assert replace(Owner.new(), start="").alive() is True
