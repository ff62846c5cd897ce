"""Who is there, and who stands in for a scheduler that is not."""

from datetime import timedelta

import pytest

from app import clock
from app.domain import processes
from tests.support.looking import change, look
from tests.support.marks import both_databases


def speak(name: str, kind: str = "worker") -> None:
    change(processes.say_alive, name, kind=kind, host="here", pid=1)


@both_databases
def test_a_scheduler_ticks_for_as_long_as_it_speaks(app):
    speak("worker-1")
    assert not look(processes.scheduler_ticks)
    speak("clock", kind="scheduler")
    assert look(processes.scheduler_ticks)

    clock.travel(timedelta(seconds=13))

    assert not look(processes.scheduler_ticks)


@both_databases
def test_a_scheduler_that_is_started_anew_is_waited_for(app):
    speak("clock", kind="scheduler")
    change(processes.say_gone, "clock")
    assert look(processes.scheduler_ticks)

    clock.travel(timedelta(seconds=13))

    assert not look(processes.scheduler_ticks)


@both_databases
def test_the_eldest_worker_that_speaks_stands_in(app):
    assert look(processes.eldest_worker) is None
    speak("clock", kind="scheduler")
    speak("first")
    speak("second")
    assert look(processes.eldest_worker) == "first"

    clock.travel(timedelta(seconds=21))
    speak("second")

    assert look(processes.eldest_worker) == "second"


@both_databases
def test_one_that_is_gone_stands_in_for_nobody(app):
    speak("first")
    speak("second")
    change(processes.say_gone, "first")

    assert look(processes.eldest_worker) == "second"


@both_databases
@pytest.mark.parametrize("off", [299.7, -61.0])
def test_whose_clock_is_off_is_known_for_as_long_as_it_is(app, monkeypatch, off):
    speak("right")
    monkeypatch.setattr(clock, "off", lambda: off)
    speak("wrong")
    speak("gone")
    change(processes.say_gone, "gone")
    assert look(processes.clocks_off) == [processes.WrongClock("worker", "here:1", off)]

    monkeypatch.setattr(clock, "off", lambda: 4.9)
    speak("wrong")
    assert look(processes.clocks_off) == []
