from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError
from prodml.stats.threshold_scores import cutoffs

ROWS = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, np.nextafter(0.5, 1), 1.0])),
    min_size=1,
    max_size=20,
).filter(lambda rows: any(truth for truth, _ in rows))


@given(ROWS)
def test_each_cutoff_counts_what_it_does(rows):
    truth, scores = np.array([t for t, _ in rows]), np.array([s for _, s in rows])
    found = cutoffs(truth, scores)
    assert len(found.threshold) == len(np.unique(scores)) + 1
    assert np.all(np.diff(found.threshold) < 0)
    for i, threshold in enumerate(found.threshold):
        said = scores >= threshold
        assert found.true_positive[i] == (said & truth).sum()
        assert found.false_positive[i] == (said & ~truth).sum()
        assert found.false_negative[i] == (~said & truth).sum()
        assert found.true_negative[i] == (~said & ~truth).sum()
        assert found.share[i] == said.mean()
        assert found.precision[i] == (truth[said].mean() if said.any() else 1.0)


def test_without_a_positive_row_there_is_nothing_to_find():
    with pytest.raises(ConfigError, match="there are none"):
        cutoffs([0, 0], [0.1, 0.2])
