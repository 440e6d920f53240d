"""ManualClock stands still until it is told to go on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from prodml.errors import ConfigError
from prodml.testing import ManualClock


def test_it_stands_still_and_goes_on():
    clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    assert clock() == clock()
    clock.advance(days=1, seconds=2)
    assert clock() == datetime(2026, 3, 2, 0, 0, 2, tzinfo=UTC)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ConfigError, match="aware"):
        ManualClock(datetime(2026, 1, 1))  # noqa: DTZ001
