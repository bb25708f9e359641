from __future__ import annotations

import os
import signal

import pytest

from staffroll.local.signals import Hurried, Stopped, StopRequest


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_is_noticed_where_it_is_asked_for(number: signal.Signals) -> None:
    request = StopRequest()
    with request.listening():
        request.check()

        send(number)

        assert request.is_asked
        with pytest.raises(Stopped):
            request.check()
        with pytest.raises(Stopped):
            request.wait(60)


def test_the_second_signal_interrupts_and_the_third_does_nothing() -> None:
    request = StopRequest()
    with request.listening():
        send(signal.SIGINT)

        with pytest.raises(Hurried):
            send(signal.SIGTERM)
        send(signal.SIGINT)


def test_afterwards_signals_mean_what_they_meant_before() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with StopRequest().listening():
        pass

    assert signal.getsignal(signal.SIGTERM) == before
