"""Statistics as pure functions on arrays: no I/O, no state, the paper in each docstring.

``ks``            Kolmogorov and Smirnov: have two samples of numbers the same distribution
``contingency``   the same for counts of levels
``unseen``        how many new levels are too many
``divergence``    how far apart two distributions are
``multiplicity``  many tests at once
``intervals``     proportions, means and differences with their uncertainty
``sequential``    conclusions that stay valid under continuous looking
``paired``        two classifiers on the same rows
``delong``        two areas under the ROC curve on the same rows
``bootstrap``     two models by any score on the same rows
``scores``        how good predictions are
``scores_interval``     one model's score with its uncertainty
``calibration_scores``  whether probabilities mean what they say
``threshold_scores``    from which score on to say yes

Import the module you need: ``from prodml.stats.paired import mcnemar``.
"""
