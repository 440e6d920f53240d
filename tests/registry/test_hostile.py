"""Whatever the bytes, loading answers with a typed error or a checked model, never a crash."""

import json
import random
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import BisectingKMeans, KMeans
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.linear_model import LinearRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer
from sklearn.svm import SVC, SVR, OneClassSVM
from sklearn.tree import DecisionTreeClassifier

from prodml.errors import IntegrityError, ProdmlError, UntrustedModelError
from prodml.fingerprint.container import pack, unpack
from prodml.registry.formats import inert

RNG = np.random.default_rng(0)
X = np.round(RNG.uniform(0, 3, size=(40, 3)), 1)
Y = (X[:, 0] > 1.5).astype(int) + (X[:, 1] > 2)


class Opened:
    """A stored model, open for surgery. It is stored again without its probe."""

    def __init__(self, model, rows=X):
        stored = model if isinstance(model, bytes) else inert.dumps(model, rows=rows)
        self.header, arrays = unpack(stored)
        self.arrays = {name: array.copy() for name, array in arrays.items()}
        self.header["probe"] = None

    def loads(self):
        return inert.loads(pack(self.header, self.arrays))

    def object(self, ending):
        """The flat state of the first object of a class."""
        entries = [e for e in self.header["objects"] if e[0] == "new" and e[1].endswith(ending)]
        return entries[0]

    def node(self, ending, name):
        state = self.object(ending)
        return state[state.index(name) + 1]

    def set(self, ending, name, node):
        state = self.object(ending)
        state[state.index(name) + 1] = node

    def add(self, ending, name, node):
        self.object(ending).extend([name, node])

    def array(self, ending, name):
        return self.node(ending, name)[1]


def refuses(opened, match):
    with pytest.raises(IntegrityError, match=match):
        opened.loads()


def test_surgery_without_a_cut_loads():
    model = DecisionTreeClassifier().fit(X, Y)
    assert Opened(model).loads().predict(X).tolist() == model.predict(X).tolist()


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "builtins.eval",
        "subprocess.Popen",
        "sklearn.utils._testing.TempMemmap",
        "sklearn.datasets._base.load_iris",
        "sklearn.externals.array_api_compat.numpy",
        "sklearn.linear_model.LinearRegression",  # not where it is defined
        "sklearn.linear_model._base.sparse",
        "sklearn.linear_model._base.no_such_class",
        "sklearn.no_such_module.Thing",
        "sklearn.cluster._hdbscan.hdbscan.HDBSCAN",
        "sklearn..base.BaseEstimator",
        "sklearn",
        "",
    ],
)
def test_a_class_outside_the_list_is_refused(name):
    opened = Opened(LinearRegression().fit(X, Y))
    opened.object("LinearRegression")[1] = name
    with pytest.raises(UntrustedModelError, match="class"):
        opened.loads()


@pytest.mark.parametrize(
    "node",
    [
        ["function", "os.system"],
        ["function", "numpy.load"],
        ["function", "builtins.eval"],
        ["type", "builtins.type"],
        ["type", "numpy.memmap"],
        ["partial", ["type", "builtins.float"], "x", 1],
        ["partial", ["function", "os.system"]],
    ],
    ids=str,
)
def test_a_function_or_type_outside_the_list_is_refused(node):
    opened = Opened(LinearRegression().fit(X, Y))
    opened.add("LinearRegression", "extra", node)
    with pytest.raises((UntrustedModelError, IntegrityError), match=r"listed|names the"):
        opened.loads()


@pytest.mark.parametrize(
    "name",
    ["predict", "fit", "__class__", "__reduce__", "get_params", "no name", "_get_nothing", 3],
)
def test_a_file_cannot_hide_a_method(name):
    opened = Opened(LinearRegression().fit(X, Y))
    opened.add("LinearRegression", name, 1)
    if name == "_get_nothing":  # no such method: an attribute like any other
        assert opened.loads()._get_nothing == 1
        return
    refuses(opened, r"method|attribute")


@pytest.mark.parametrize(
    "node",
    [
        ["bomb"],
        [],
        {"a": 1},
        1.5,
        [1],
        ["ref", 99],
        ["ref", -1],
        ["ref", "0"],
        ["array", "nowhere", "C"],
        ["array", "a0", "K"],
        ["array"],
        ["int", "9" * 100],
        ["int", 3],
        ["float", "many"],
        ["scalar", "<c16", "0"],
        ["scalar", "|O", "0"],
        ["dtype", "|V8"],
        ["dtype", 8],
        ["dict", "odd"],
        ["dict", ["list"], 1],
        ["set", ["list"]],
        ["text", "a0", "C"],
        ["time", "a0", "C", "<M8[ns]"],
        ["time", "a0", "C", "object"],
        ["objects", [2], 1],
        ["objects", [-1]],
        ["records", False],
        ["records", False, ["a", ["objects", [1], 1]]],
        ["sparse", "csr_matrix", [1, 1]],
        ["sparse", "dok_matrix", [1, 1], ["array", "a0", "C"]],
        ["masked", ["array", "a0", "C"]],
    ],
    ids=str,
)
def test_a_node_that_makes_no_sense_is_refused(node):
    opened = Opened(LinearRegression().fit(X, Y))
    opened.add("LinearRegression", "extra", node)
    refuses(opened, ".")


def test_values_that_nest_too_deep_are_refused():
    opened = Opened(LinearRegression().fit(X, Y))
    node = 1
    for _ in range(150):
        node = ["list", node]
    opened.add("LinearRegression", "extra", node)
    refuses(opened, "deeper")


@pytest.mark.parametrize(
    "entry",
    [
        "new",
        [],
        ["spell"],
        ["new", 3],
        ["tree", 0],
        ["tree", "x"],
        ["neighbours", "KDTree"],
        ["random", "RandomState", 1],
        ["spline", 1.5, True, 0],
    ],
    ids=str,
)
def test_an_object_that_makes_no_sense_is_refused(entry):
    opened = Opened(LinearRegression().fit(X, Y))
    opened.header["objects"].append(entry)
    refuses(opened, ".")


@pytest.mark.parametrize("entry", [["loss", "os.system"], ["neighbours", "dict", 1, 1, 1, 1]])
def test_a_compiled_object_outside_the_list_is_refused(entry):
    opened = Opened(LinearRegression().fit(X, Y))
    opened.header["objects"].append(entry)
    with pytest.raises(UntrustedModelError, match="the file names"):
        opened.loads()


def test_a_compiled_object_that_contains_itself_is_refused():
    opened = Opened(LinearRegression().fit(X, Y))
    place = len(opened.header["objects"])
    opened.header["objects"].append(["random", "RandomState", ["ref", place]])
    refuses(opened, "contains itself")


@pytest.mark.parametrize(
    ("array", "at", "value"),
    [
        ("trees.left", 0, 0),
        ("trees.left", 0, 10**6),
        ("trees.right", 0, -7),
        ("trees.feature", 0, 3),
        ("trees.threshold", 0, np.nan),
    ],
)
def test_a_hostile_node_of_a_tree_is_named(array, at, value):
    opened = Opened(RandomForestClassifier(3, random_state=0).fit(X, Y))
    opened.arrays[array][at] = value
    refuses(opened, "tree 0, node 0")


def test_a_tree_that_hides_its_depth_is_refused():
    opened = Opened(DecisionTreeClassifier().fit(X, Y))
    opened.header["trees"][0][3] = 1
    refuses(opened, "deeper than it says")


@pytest.mark.parametrize(
    "row", [[0, 3, [3], 1], [7, 3, [], 1], [7, 3, [0], 1], [2**40, 3, [3], 1], [7, "3", [3], 1]]
)
def test_a_tree_of_impossible_sizes_is_refused(row):
    opened = Opened(DecisionTreeClassifier().fit(X, Y))
    opened.header["trees"][0] = row
    refuses(opened, r"sizes|Error")


def test_trees_of_other_shapes_are_refused():
    for name in ("trees.value", "trees.left", "trees.cover"):
        opened = Opened(DecisionTreeClassifier().fit(X, Y))
        opened.arrays[name] = opened.arrays[name][:-1]
        refuses(opened, r"fit")
        opened = Opened(DecisionTreeClassifier().fit(X, Y))
        del opened.arrays[name]
        refuses(opened, "missing")


@pytest.mark.parametrize(
    ("model", "ending"),
    [
        (DecisionTreeClassifier(), "DecisionTreeClassifier"),
        (RandomForestClassifier(2), "RandomForestClassifier"),
        (GradientBoostingClassifier(n_estimators=2), "GradientBoostingClassifier"),
        (HistGradientBoostingClassifier(max_iter=1), "HistGradientBoostingClassifier"),
        (SVC(), "SVC"),
        (KNeighborsClassifier(), "KNeighborsClassifier"),
        (KMeans(2, n_init=1), "KMeans"),
        (BisectingKMeans(2), "BisectingKMeans"),
        (OneHotEncoder(), "OneHotEncoder"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_number_of_features_that_lies_is_refused(model, ending):
    opened = Opened(model.fit(X, Y))
    opened.set(ending, "n_features_in_", 2)
    refuses(opened, "not sound")


def test_a_tree_of_an_isolation_forest_that_asks_for_more_columns_is_refused():
    opened = Opened(IsolationForest(n_estimators=2, max_features=2).fit(X))
    opened.header["trees"][0][1] = 3
    refuses(opened, "not sound")


def test_fewer_columns_than_trees_of_a_stage_are_refused():
    opened = Opened(GradientBoostingClassifier(n_estimators=2).fit(X, Y))
    opened.set("DummyClassifier", "n_classes_", 2)
    opened.set("DummyClassifier", "classes_", ["array", "short", "C"])
    opened.set("DummyClassifier", "class_prior_", ["array", "prior", "C"])
    opened.arrays |= {"short": np.array([0, 1]), "prior": np.array([0.5, 0.5])}
    refuses(opened, "start does not fit")


def test_stages_that_are_no_table_are_refused():
    opened = Opened(GradientBoostingClassifier(n_estimators=2).fit(X, Y))
    opened.set("GradientBoostingClassifier", "estimators_", ["list"])
    refuses(opened, "stages")


@cache
def histogram():
    model = HistGradientBoostingClassifier(max_iter=1, min_samples_leaf=5)
    return inert.dumps(model.fit(X, X[:, 0] > 1), rows=X)


@pytest.mark.parametrize(("field", "value"), [("left", 0), ("right", 10**6), ("feature_idx", 9)])
def test_a_hostile_node_of_histogram_boosting_is_refused(field, value):
    opened = Opened(histogram())
    opened.arrays[f"records.0.{field}"][0] = value
    refuses(opened, "node 0")


def categories():
    return Opened(histogram_over_categories())


@cache
def histogram_over_categories():
    frame = pd.DataFrame(
        {"a": X[:, 0], "b": pd.Categorical(np.array(["u", "v"])[np.arange(40) % 2])}
    )
    model = HistGradientBoostingClassifier(
        max_iter=1, categorical_features="from_dtype", min_samples_leaf=2
    )
    return inert.dumps(model.fit(frame, (X[:, 0] > 1) ^ (np.arange(40) % 2)), rows=frame)


def test_a_category_set_out_of_range_is_refused():
    opened = categories()
    opened.arrays["records.0.bitset_idx"][:] = 77
    opened.arrays["records.0.is_categorical"][:] = 1
    refuses(opened, "category sets")


@pytest.mark.parametrize(
    ("node", "what"),
    [
        (["list"], "other columns"),
        (["list", ["tuple", "encoder", ["ref", 0], ["list"]]], "another kind"),
        (["list", ["tuple", "mine", ["ref", 0], ["list"]]], "another kind"),
    ],
    ids=["none", "kind", "name"],
)
def test_another_encoder_of_categories_is_refused(node, what):
    opened = categories()
    opened.set("ColumnTransformer", "transformers_", node)
    refuses(opened, what)


@pytest.mark.parametrize(
    "node",
    [["rows", 0, 0, 99], ["rows", 1, 0, 1], ["rows", 0, -1, 1], ["rows", "0", 0, 1], ["rows"]],
)
def test_records_outside_those_of_the_file_are_refused(node):
    opened = categories()
    opened.set("TreePredictor", "nodes", node)
    refuses(opened, ".")


@pytest.mark.parametrize(
    "records", [None, [], [[True]], [[True, "left", "left"]], [[True, "no"]], [3]]
)
def test_records_of_another_layout_are_refused(records):
    opened = categories()
    opened.header["records"] = records
    refuses(opened, ".")


def test_records_whose_fields_differ_in_length_are_refused():
    opened = categories()
    opened.arrays["records.0.left"] = opened.arrays["records.0.left"][:-1]
    refuses(opened, "differ in length")


def test_histogram_boosting_in_the_middle_of_fitting_is_refused():
    opened = categories()
    opened.add("HistGradientBoostingClassifier", "_in_fit", True)
    refuses(opened, "middle of fitting")


def test_other_histogram_nodes_are_refused():
    opened = categories()
    opened.set("TreePredictor", "nodes", ["records", False, ["a", ["array", "one", "C"]]])
    opened.arrays["one"] = np.zeros(1)
    refuses(opened, "another kind")


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("support_", np.arange(3, dtype=np.int32)),
        ("support_", np.arange(3.0)),
        ("_n_support", np.array([9, 9, 9], dtype=np.int32)),
        ("_n_support", np.array([-1, 50, 1], dtype=np.int32)),
        ("_dual_coef_", np.zeros((1, 1))),
        ("_intercept_", np.zeros(1)),
        ("_probA", np.zeros(2)),
        ("support_vectors_", np.zeros((2, 3))),
        ("support_vectors_", np.zeros((30, 1))),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_support_vector_machine_that_does_not_fit_together_is_refused(name, array):
    opened = Opened(SVC().fit(X, Y))
    opened.arrays["mine"] = array
    opened.set("SVC", name, ["array", "mine", "C"])
    refuses(opened, "not sound")


@pytest.mark.parametrize("machine", [SVR(), OneClassSVM()], ids=lambda m: type(m).__name__)
def test_too_few_counts_of_support_vectors_are_refused(machine):
    opened = Opened(machine.fit(X, Y))
    opened.arrays["mine"] = np.array([3], dtype=np.int32)
    opened.set(type(machine).__name__, "_n_support", ["array", "mine", "C"])
    refuses(opened, "do not add up")


def test_support_outside_the_training_rows_is_refused():
    opened = Opened(SVC(kernel="precomputed").fit(X @ X.T, Y), X @ X.T)
    opened.arrays[opened.array("SVC", "support_")][0] = 400
    refuses(opened, "outside the training rows")


def test_a_machine_that_claims_to_be_another_is_refused():
    opened = Opened(SVC().fit(X, Y))
    opened.add("SVC", "_impl", "epsilon_svr")
    refuses(opened, "another kind of machine")


@pytest.mark.parametrize("codes", [np.full(40, 9), np.full(40, -1), np.zeros(4, int), np.zeros(40)])
def test_labels_of_neighbours_outside_the_classes_are_refused(codes):
    opened = Opened(KNeighborsClassifier().fit(X, Y))
    opened.arrays["mine"] = codes
    opened.set("KNeighborsClassifier", "_y", ["array", "mine", "C"])
    refuses(opened, "not sound")


@pytest.mark.parametrize(
    ("place", "node"),
    [
        (2, 0),
        (2, "many"),
        (3, ["dict", "metric", "Cosine"]),
        (3, ["dict", "metric", "SEuclideanDistance", "V", ["array", "short", "C"]]),
        (4, ["array", "flat", "C"]),
        (4, ["array", "holes", "C"]),
    ],
    ids=str,
)
def test_a_neighbour_tree_that_does_not_fit_together_is_refused(place, node):
    opened = Opened(KNeighborsClassifier(algorithm="kd_tree").fit(X, Y))
    opened.arrays |= {"short": np.ones(1), "flat": np.ones(3), "holes": np.full((4, 3), np.nan)}
    entry = next(e for e in opened.header["objects"] if e[0] == "neighbours")
    entry[place] = node
    refuses(opened, "neighbour|metric")


@pytest.mark.parametrize("words", [{"a": 0, "b": 5}, {"a": -1, "b": 0}, {"a": 0, "b": 0}])
def test_a_vocabulary_that_points_outside_is_refused(words):
    texts = ["a b", "b b"]
    opened = Opened(CountVectorizer(token_pattern=r"\w").fit(texts), texts)
    opened.set("CountVectorizer", "vocabulary_", ["dict", *[x for kv in words.items() for x in kv]])
    refuses(opened, "vocabulary")


def test_hashing_into_no_columns_is_refused():
    opened = Opened(HashingVectorizer(n_features=8).fit(["a"]), ["a"])
    opened.set("HashingVectorizer", "n_features", 0)
    refuses(opened, "n_features")


def test_columns_that_do_not_add_up_are_refused():
    rows = np.round(X)
    opened = Opened(OneHotEncoder().fit(rows), rows)
    opened.set("OneHotEncoder", "_n_features_outs", ["list", 1, 1, 1])
    refuses(opened, "add up")


def test_infrequent_categories_that_point_outside_are_refused():
    rows = np.round(X)
    opened = Opened(OneHotEncoder(min_frequency=10).fit(rows), rows)
    mappings = opened.node("OneHotEncoder", "_default_to_infrequent_mappings")
    name = next(node[1] for node in mappings[1:] if node is not None)
    opened.arrays[name][0] = 99
    refuses(opened, "infrequent")


def test_a_folder_to_cache_in_is_refused():
    opened = Opened(make_pipeline(LinearRegression()).fit(X, Y))
    opened.set("Pipeline", "memory", "/tmp/cache")
    refuses(opened, "folder to cache in")


def test_a_chain_of_many_nodes_is_no_trap():
    model = DecisionTreeClassifier().fit(X, Y)
    opened = Opened(model)
    n = 200_001  # an inner node and a leaf by turns, 100,000 levels deep
    node = np.arange(n)
    inner = (node % 2 == 0) & (node < n - 1)
    plain = {"trees.left": node + 1, "trees.right": node + 2, "trees.feature": 0 * node}
    for name, column in plain.items():
        opened.arrays[name] = np.where(inner, column, -1).astype(np.int32)
    for name in (
        "trees.threshold",
        "trees.impurity",
        "trees.n_rows",
        "trees.cover",
        "trees.missing_left",
    ):
        opened.arrays[name] = np.zeros(n, dtype=opened.arrays[name].dtype)
    opened.arrays["trees.value"] = np.zeros(3 * n)
    opened.header["trees"] = [[n, 3, [3], 10]]
    refuses(opened, "deeper than it says")


@pytest.mark.parametrize("workers", [10**6, -(10**6), "many", 1.5])
def test_an_impossible_number_of_workers_is_refused(workers):
    opened = Opened(RandomForestClassifier(2).fit(X, Y))
    node = ["float", workers.hex()] if isinstance(workers, float) else workers
    opened.set("RandomForestClassifier", "n_jobs", node)
    refuses(opened, "workers")


@pytest.mark.parametrize(
    "state",
    [
        ["dict", "bit_generator", "MT19937"],
        ["dict", "bit_generator", "MT19937", "state", ["dict", "key", 1, "pos", 5]],
        [
            "dict",
            "bit_generator",
            "MT19937",
            "state",
            ["dict", "key", ["array", "key", "C"], "pos", 625],
        ],
        ["dict", "bit_generator", "SFC64", "state", ["dict"]],
        ["dict", "bit_generator", "seterr", "state", ["dict"]],
    ],
    ids=str,
)
def test_an_impossible_state_of_a_random_generator_is_refused(state):
    opened = Opened(LinearRegression().fit(X, Y))
    opened.arrays["key"] = np.zeros(624, dtype=np.uint32)
    opened.header["objects"].append(["random", "RandomState", state])
    refuses(opened, "random")


@pytest.mark.parametrize("args", [[], ["float"], [["float", "0x1p+0"], ["float", "0x1p+0"]], [1]])
def test_a_loss_with_other_arguments_is_refused(args):
    opened = Opened(SGDClassifier().fit(X, Y))
    entry = next(e for e in opened.header["objects"] if e[0] == "loss")
    entry[2:] = args
    refuses(opened, ".")


def test_a_spline_whose_knots_fall_is_refused():
    opened = Opened(SplineTransformer().fit(X))
    entry = next(e for e in opened.header["objects"] if e[0] == "spline")
    name = entry[4][1]
    opened.arrays[name] = opened.arrays[name][::-1].copy()
    refuses(opened, "ValueError")


def test_text_beyond_unicode_is_refused():
    opened = Opened(DecisionTreeClassifier().fit(X, np.array(["a", "b"])[Y % 2]))
    opened.arrays[opened.array("DecisionTreeClassifier", "classes_")][0] = 0x110000
    refuses(opened, "no character")


def test_a_sparse_index_out_of_range_is_refused():
    import scipy.sparse

    opened = Opened(KNeighborsClassifier().fit(scipy.sparse.csr_matrix(X), Y))
    indices = opened.node("KNeighborsClassifier", "_fit_X")[4][1]
    opened.arrays[indices][0] = 99
    refuses(opened, "ValueError")


def test_a_value_that_is_no_estimator_is_refused():
    opened = Opened(LinearRegression().fit(X, Y))
    opened.header["root"] = ["dict"]
    refuses(opened, "is an estimator")


def test_a_model_that_lost_what_it_learned_is_refused():
    opened = Opened(LinearRegression().fit(X, Y))
    state = opened.object("LinearRegression")
    learned = [i for i in range(2, len(state), 2) if state[i].endswith("_")]
    for i in reversed(learned):
        del state[i : i + 2]
    refuses(opened, "not fitted")


@pytest.mark.parametrize("change", [{"format": "inert/3"}, {"more": 1}])
def test_another_header_is_refused(change):
    opened = Opened(LinearRegression().fit(X, Y))
    opened.header.update(change)
    refuses(opened, "not a model in the format")


def test_a_probe_of_another_kind_is_refused():
    opened = Opened(LinearRegression().fit(X, Y))
    opened.header["probe"] = {"rows": ["pickle", "a0"], "answers": {}, "noisy": False}
    with pytest.raises(UntrustedModelError, match="kind of rows"):
        opened.loads()


MODELS = [
    RandomForestClassifier(3, random_state=0).fit(X, Y),
    SVC().fit(X, Y),
    KNeighborsClassifier().fit(X, Y),
    GradientBoostingClassifier(n_estimators=2).fit(X, Y),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_flipped_bytes_give_a_typed_error_or_the_same_model(model):
    data = inert.dumps(model, rows=X)
    rng = random.Random(1)
    for _ in range(60):
        broken = bytearray(data)
        for _ in range(rng.choice([1, 2, 8])):
            broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        survives(bytes(broken))


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_a_truncated_file_is_refused(model):
    data = inert.dumps(model, rows=X)
    for end in range(0, len(data), max(1, len(data) // 40)):
        with pytest.raises(IntegrityError):
            inert.loads(data[:end])


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_surgery_on_what_the_file_says_gives_a_typed_error_or_a_model_that_answers(model):
    header, arrays = unpack(inert.dumps(model, rows=X))
    header["probe"] = None  # or every change would be found by its answers
    for seed in range(40):
        survives(pack(*operated(json.loads(json.dumps(header)), arrays, random.Random(seed))))


def operated(header, arrays, rng):
    """Change one value of an array, or put one node in the place of another."""
    arrays = {name: array.copy() for name, array in arrays.items()}
    if rng.random() < 0.5:
        array = arrays[rng.choice(sorted(k for k in arrays if arrays[k].size))].reshape(-1)
        odd = [0, 1, 2, 120] if array.dtype.kind in "ub" else [0, -1, 3, 2**31 - 1]
        array[rng.randrange(len(array))] = rng.choice(odd)
        return header, arrays
    nodes = list(walk(header["objects"]))
    (parent, key), (other, there) = rng.choice(nodes), rng.choice(nodes)
    parent[key] = json.loads(json.dumps(other[there]))
    return header, arrays


def walk(node):
    for i, part in enumerate(node):
        yield node, i
        if isinstance(part, list):
            yield from walk(part)


def survives(data):
    try:
        model = inert.loads(data)
    except ProdmlError:
        return
    try:
        model.predict(X)
    except Exception:  # noqa: BLE001  (it may say anything, as long as it says it)
        return
