"""What an identity provider tells of itself: how often it is asked, and what holds while it is silent."""

import asyncio

import pytest

from craton.web.oidc import AGAIN_SECONDS, KEPT_SECONDS, LONGEST_SECONDS, ProviderError, Told


class Source:
    """Answers with how often it was asked, slowly; or fails."""

    def __init__(self):
        self.asked, self.time, self.fails = 0, 1e6, False

    async def ask(self):
        """Answer, or fail."""
        self.asked += 1
        await asyncio.sleep(0)
        if self.fails:
            raise ProviderError("silent", is_unreachable=True)
        return [self.asked]

    def told(self):
        """What it tells, by its own clock."""
        return Told(self.ask, lambda: self.time)


def test_a_crowd_asks_once():
    """All who come at a time wait for one question."""

    async def run():
        source = Source()
        told = source.told()
        assert await asyncio.gather(*(told.get() for _ in range(100))) == [[1]] * 100
        first = await told.get()
        source.time += AGAIN_SECONDS
        newer = await asyncio.gather(*(told.newer(first) for _ in range(100)))
        assert newer == [[2]] * 100
        assert await told.newer(newer[0]) is newer[0]
        assert source.asked == 2

    asyncio.run(run())


def test_failures_are_remembered_too():
    """A provider that does not answer is not asked again at once, whoever comes."""

    async def run():
        source = Source()
        source.fails = True
        told = source.told()
        for _ in range(10):
            with pytest.raises(ProviderError, match="silent"):
                await told.get()
        assert source.asked == 1
        source.time, source.fails = source.time + AGAIN_SECONDS, False
        assert await told.get() == [2]

    asyncio.run(run())


def test_what_was_told_holds_for_a_day_while_the_provider_is_silent():
    """People go on working; but keys that were withdrawn do not hold for ever."""

    async def run():
        source = Source()
        told = source.told()
        assert await told.get() == [1]
        source.fails = True
        source.time += KEPT_SECONDS + 1
        assert await told.get() == [1]
        assert source.asked == 2
        source.time += LONGEST_SECONDS
        with pytest.raises(ProviderError, match="silent"):
            await told.get()

    asyncio.run(run())
