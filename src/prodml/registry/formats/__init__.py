"""How a model becomes bytes and comes back.

`inert` is the default: scikit-learn models as data, nothing in the bytes can run. `pickled` is for
everything else, and only for readers who say that they trust what they load.
"""
