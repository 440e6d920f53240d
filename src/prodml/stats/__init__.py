"""Statistics as pure functions on arrays: no I/O, no state, the paper in each docstring.

``twosample``     have two samples the same distribution, and how far apart are they
``multiplicity``  many tests at once
``intervals``     proportions, means, ratios and differences with their uncertainty
``sequential``    conclusions that stay valid under continuous looking
``paired``        two models on the same rows
``scores``        how good predictions are

Import the module you need: ``from prodml.stats.paired import mcnemar``.
"""
