"""How often visitors may ask, and what wrong passwords cost, without a server."""

import pytest

from craton.web.rate import Attempts, RateLimits, Rates, house, is_within, networks


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.time = 1000.0

    def __call__(self):
        """The time it shows."""
        return self.time


def test_rates_fill_again():
    """A burst is let through, then as much as the rate gives; each visitor has their own."""
    clock = Clock()
    rates = Rates(RateLimits(reading=2, burst_seconds=5, exempt=("10.0.0.0/8",)), clock)
    assert [rates.wait("reading", "a", "1.1.1.1") for _ in range(10)] == [0.0] * 10
    assert rates.wait("reading", "a", "1.1.1.1") == pytest.approx(0.5)
    assert rates.wait("reading", "b", "1.1.1.1") == 0
    clock.time += 0.5
    assert rates.wait("reading", "a", "1.1.1.1") == 0
    assert rates.wait("reading", "a", "1.1.1.1") > 0
    assert rates.wait("reading", "a", "10.1.1.1") == 0
    assert Rates(RateLimits(reading=0)).wait("reading", "a", "1.1.1.1") == 0


def test_rates_forget_who_was_not_seen(monkeypatch):
    """However many visitors come, the memory they take is bounded."""
    monkeypatch.setattr("craton.web.rate.MOST_BUCKETS", 100)
    rates = Rates(RateLimits())
    for number in range(1000):
        rates.wait("reading", str(number), "1.1.1.1")
    assert len(rates._buckets) == 100


def test_wrong_passwords_cost_ever_more_waiting():
    """After five, each wrong one doubles the wait from there; another address is not locked out by it."""
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(5):
        assert attempts.wait("a", "1.1.1.1") == 0
        attempts.failed("a", "1.1.1.1")
    waits = []
    for _ in range(4):
        waits.append(attempts.wait("a", "1.1.1.1"))
        clock.time += waits[-1]
        attempts.failed("a", "1.1.1.1")
    assert waits == [1, 2, 4, 8]
    assert attempts.wait("a", "2.2.2.2") == 0
    attempts.succeeded("a", "1.1.1.1")
    assert attempts.wait("a", "1.1.1.1") == 0
    for number in range(40):
        attempts.failed(f"name{number}", "3.3.3.3")
    assert attempts.wait("fresh", "3.3.3.3") > 60
    for number in range(60):
        attempts.failed("b", f"4.4.4.{number}")
    assert 0 < attempts.wait("b", "5.5.5.5") <= 60


def test_houses():
    """A household of IPv6 addresses counts as one; what is no address lies nowhere."""
    assert house("2001:db8::1") == house("2001:db8::ffff:2") != house("2001:db8:0:1::1")
    assert house("1.2.3.4") == "1.2.3.4"
    assert house("?") == "?"
    assert not is_within("?", networks(["0.0.0.0/0"]))
    assert is_within("::ffff:10.0.0.1", networks(["10.0.0.0/8"]))


def test_what_was_counted_for_another_is_given_back():
    """Who turns out to be someone else does not use up what is there for those behind the same address."""
    rates = Rates(RateLimits(reading=1, burst_seconds=2), Clock())
    for _ in range(10):
        assert rates.wait("reading", "proving 1.1.1.1", "1.1.1.1") == 0
        rates.give_back("reading", "proving 1.1.1.1")
    rates.give_back("reading", "never seen")
    assert [rates.wait("reading", "never seen", "1.1.1.1") > 0 for _ in range(3)] == [False, False, True]


def test_nobody_is_locked_out_from_home():
    """Strangers who try a name from everywhere keep its owner out of new places only, for a minute at most."""
    attempts = Attempts(Clock())
    attempts.known("a", "2001:db8::1")
    for number in range(200):
        attempts.failed("a", f"4.4.4.{number}")
    assert attempts.wait("a", "2001:db8::2") == 0
    assert 0 < attempts.wait("a", "2001:db8:0:1::1") <= 60
    for _ in range(8):
        attempts.failed("a", "2001:db8::3")
    assert attempts.wait("a", "2001:db8::1") > 0


def test_homes_are_forgotten_in_their_order(monkeypatch):
    """However many people come from however many places, the memory they take is bounded."""
    monkeypatch.setattr("craton.web.rate.MOST_BUCKETS", 10)
    attempts = Attempts(Clock())
    for number in range(100):
        attempts.known("a", f"4.4.4.{number}")
    assert len(attempts._homes) == 10
