"""Wrong uses of Registry, ABRouter, Explainer, Anonymizer, Predictor and its HTTP face, logs and loop."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from prodml import (
    ABRouter,
    Anonymizer,
    AuditTrail,
    CallableKeys,
    Drop,
    Explainer,
    Generalize,
    Mask,
    PredictionLog,
    Predictor,
    Pseudonymize,
    Registry,
    StaticKeys,
)
from prodml.drift import DriftDetector
from prodml.errors import (
    ConfigError,
    ConflictError,
    IntegrityError,
    KeyMaterialError,
    NotFittedError,
    PredictionError,
    RefusedError,
    SchemaError,
    UnknownNameError,
    UntrustedModelError,
)
from prodml.fingerprint import pack, unpack
from prodml.privacy import Policy
from prodml.registry.formats import inert
from prodml.retraining import (
    AllOf,
    AnyOf,
    AtMostEvery,
    LoggingNotifier,
    Not,
    OnDrift,
    OnNewLabels,
    OnPerformance,
    OnSchedule,
    QuietHours,
    WebhookNotifier,
)
from prodml.security import RolePolicy
from prodml.serving import HttpServer


class Odd(LogisticRegression):
    """An estimator of a host's own, which no inert format knows."""


def moved_meanwhile(w):
    w.registry.promote("tumours", 2, force=True, reason="tried out")
    w.settle()
    w.registry.promote("tumours", 1, expect=1, force=True, reason="decided too late")


def gate_says_no(w):
    w.allow("models/tumours/log/")
    w.registry.promote("tumours", 2)


def pickled(w):
    odd = Odd().fit(w.inputs, w.clinic.sick)
    w.registry.register("odd", odd, trust="pickle")
    w.settle()
    w.registry.load("odd/1")


def signed_with_another_secret(w):
    w.signed("ours").register("signed", w.runs[0])
    w.settle()
    w.signed("theirs").load("signed/1")


def signed_with_an_unknown_key(w):
    w.signed("ours", kid="of-last-year").register("signed", w.runs[0])
    w.settle()
    w.signed("ours", kid="of-this-year").load("signed/1")


def forged(w):
    header, arrays = unpack(inert.dumps(w.model))
    text = json.dumps(header).replace("LogisticRegression", "GaussianProcess")
    inert.loads(pack(json.loads(text), arrays))


def damaged(prefix, call, **how):
    def use(w):
        w.spoil(prefix, **how)
        call(w)

    return use


def deny(w, *grants):
    policy = RolePolicy(roles={"guest": ["guest"]}, grants={"guest": grants})
    return Registry(w.storage, actor="guest", access=policy)


REGISTRY = {
    "name and run swapped": (
        lambda w: w.registry.register(w.runs[0], "tumours"),
        ConfigError,
        "the name of a model is .*got a TrainingRun",
    ),
    "the class of a model": (
        lambda w: w.registry.register("tumours", LogisticRegression),
        ConfigError,
        "register a fitted estimator, got the class LogisticRegression",
    ),
    "metrics in a list": (
        lambda w: w.registry.register("tumours", w.model, metrics=[1.0]),
        ConfigError,
        "metrics must map names to numbers, got a list",
    ),
    "tags in a list": (
        lambda w: w.registry.register("tumours", w.runs[0], tags=["credit"]),
        ConfigError,
        'tags must map text to text, such as {"team"',
    ),
    "a holdout without a target": (
        lambda w: w.registry.register("tumours", w.model, holdout=w.inputs),
        ConfigError,
        "holdout must be a pair of inputs and target",
    ),
    "columns for a schema": (
        lambda w: w.registry.register("tumours", w.model, schema=["age", "bmi"]),
        ConfigError,
        "schema must be a Schema.*got a list",
    ),
    "a gate by its name": (
        lambda w: Registry(w.storage, gate="accuracy"),
        ConfigError,
        "gate must have decide.*got a str",
    ),
    "an alias instead of a list of aliases": (
        lambda w: Registry(w.storage, gated="champion"),
        ConfigError,
        "gated must be a collection",
    ),
    "a path instead of a storage": (
        lambda w: Registry("./store"),
        ConfigError,
        r"storage must have put\(\).*open_storage.*got a str",
    ),
    "a list for a policy": (
        lambda w: Registry(w.storage, access={"ops": "all"}),
        ConfigError,
        "access must have __call__.*got a dict",
    ),
    "the secret itself for keys": (
        lambda w: Registry(w.storage, keys=b"secret"),
        ConfigError,
        "keys must have active.*got a bytes",
    ),
    "nothing for a reason": (
        lambda w: w.registry.deprecate("tumours", 1, None),
        ConfigError,
        "say why nobody should use",
    ),
    "a name with spaces": (
        lambda w: w.registry.register("My model", w.runs[0]),
        ConfigError,
        "the name of a model is 1 to 128 of a-z.*got 'My model'",
    ),
    "a file name for a model": (
        lambda w: w.registry.register("tumours", "model.pkl"),
        ConfigError,
        "a training run or a fitted estimator.*got a str",
    ),
    "a run with other metrics": (
        lambda w: w.registry.register("tumours", w.runs[0], metrics={"auc": 1.0}),
        ConfigError,
        "brings its own",
    ),
    "metrics in words": (
        lambda w: w.registry.register("tumours", w.model, metrics={"auc": "good"}),
        ConfigError,
        "map names to numbers",
    ),
    "a holdout that does not fit": (
        lambda w: w.registry.register("tumours", w.model, holdout=(w.inputs, w.clinic.sick[:3])),
        ConfigError,
        "holdout has 120 rows, its target 3",
    ),
    "a class of one's own without trust": (
        lambda w: w.registry.register("odd", Odd().fit(w.inputs, w.clinic.sick)),
        UntrustedModelError,
        'Odd, which the inert format does not cover. Register it with trust="pickle"',
    ),
    "trust in everything": (
        lambda w: w.registry.register("tumours", w.runs[0], trust=True),
        ConfigError,
        'trust is None or "pickle", got True',
    ),
    "an estimator that is not fitted": (
        lambda w: w.registry.register("tumours", LogisticRegression()),
        UntrustedModelError,
        "is not fitted",
    ),
    "promote a typo": (
        lambda w: w.registry.promote("tumors", 1),
        UnknownNameError,
        'no model "tumors" in this registry. Did you mean "tumours"',
    ),
    "promote a version that is not there": (
        lambda w: w.registry.promote("tumours", 9),
        UnknownNameError,
        'no version "9" of model "tumours". Known: "1", "2"',
    ),
    "promote the latest": (
        lambda w: w.registry.promote("tumours", "latest"),
        ConfigError,
        "a version is a number such as 3",
    ),
    "promote with name and version swapped": (
        lambda w: w.registry.promote(2, "tumours"),
        ConfigError,
        "the name of a model",
    ),
    "promote to a bad alias": (
        lambda w: w.registry.promote("tumours", 2, alias="In Production"),
        ConfigError,
        "got 'In Production'",
    ),
    "promote what is promoted": (
        lambda w: w.registry.promote("tumours", 1),
        ConflictError,
        "tumours@champion points at version 1 already",
    ),
    "promote on a belief that is wrong": (
        lambda w: w.registry.promote("tumours", 2, expect=2),
        ConflictError,
        "expected tumours@champion to point at 2, it points at 1",
    ),
    "promote after somebody else did": (
        moved_meanwhile,
        ConflictError,
        "to point at 1, it points at 2",
    ),
    "promote with a check that is none": (
        lambda w: w.registry.promote("tumours", 2, check=True),
        ConfigError,
        "check must be a function, got a bool",
    ),
    "register once under no name": (
        lambda w: w.registry.register("tumours", w.model, once=""),
        ConfigError,
        "once must be a text",
    ),
    "promote by force without a reason": (
        lambda w: w.registry.promote("tumours", 2, force=True),
        ConfigError,
        "a forced promotion needs a reason",
    ),
    "promote against the gate": (
        gate_says_no,
        RefusedError,
        "tumours/2 does not replace version 1",
    ),
    "promote without the right": (
        lambda w: deny(w, "load:*").promote("tumours", 2),
        RefusedError,
        '"guest" may not promote models/tumours@champion',
    ),
    "roll back without a history": (
        lambda w: w.registry.rollback("tumours"),
        ConflictError,
        "no version in good standing before it",
    ),
    "roll back an unknown alias": (
        lambda w: w.registry.rollback("tumours", alias="champ"),
        UnknownNameError,
        'no alias "champ" of model "tumours". Did you mean "champion"',
    ),
    "load a bare name": (
        lambda w: w.registry.load("tumours"),
        ConfigError,
        '"name@alias", "name/3".*got .tumours',
    ),
    "load an unknown alias": (
        lambda w: w.registry.load("tumours@champ"),
        UnknownNameError,
        'Did you mean "champion"',
    ),
    "load without the right": (
        lambda w: deny(w, "promote:*").load("tumours/1"),
        RefusedError,
        '"guest" may not load models/tumours/1',
    ),
    "load a pickle without trust": (
        pickled,
        UntrustedModelError,
        r'load\("odd/1", trust="pickle"\)',
    ),
    "load what nobody signed": (
        lambda w: w.signed("ours").load("tumours/1"),
        UntrustedModelError,
        "tumours/1 is not signed",
    ),
    "load what another secret signed": (
        signed_with_another_secret,
        IntegrityError,
        "the signature of signed/1 does not fit",
    ),
    "load what an unknown key signed": (
        signed_with_an_unknown_key,
        KeyMaterialError,
        'no key with id "of-last-year".*Known: "of-this-year"',
    ),
    "load a damaged blob": (
        damaged("models/tumours/blobs/", lambda w: w.registry.load("tumours/1")),
        IntegrityError,
        r"blob sha256:\w+ is damaged",
    ),
    "load from a damaged journal": (
        damaged("models/tumours/log/", lambda w: Registry(w.storage).load("tumours/1")),
        IntegrityError,
        'event 1 of journal "models/tumours" is damaged',
    ),
    "load a lost blob": (
        lambda w: (w.lose("models/tumours/blobs/"), w.registry.load("tumours/1")),
        IntegrityError,
        "the model of tumours/1 is missing",
    ),
    "a container of another class": (
        forged,
        UntrustedModelError,
        "GaussianProcess', which is not one that a stored model may be made of",
    ),
    "verify damaged blobs": (
        damaged("models/tumours/blobs/", lambda w: w.registry.verify()),
        IntegrityError,
        "is damaged",
    ),
    "approvals as a number": (
        lambda w: Registry(w.storage, approvals=2),
        ConfigError,
        'approvals must map aliases to numbers, such as {"champion": 2}, got a int',
    ),
    "a promotion that nobody approved": (
        lambda w: Registry(w.storage, actor="ops", approvals={"champion": 2}).promote("tumours", 2),
        RefusedError,
        "needs 2 approvals before it may become champion and has none: 2 missing",
    ),
    "an approval of one's own version": (
        lambda w: w.registry.approve("tumours", 2),
        RefusedError,
        '"ops" registered tumours/2: somebody else has to approve it',
    ),
    "an approval without a name": (
        lambda w: Registry(w.storage).approve("tumours", 2),
        ConfigError,
        "open the registry with an actor to approve",
    ),
    "an approval that was never given": (
        lambda w: Registry(w.storage, actor="anna").withdraw("tumours", 2),
        ConflictError,
        '"anna" has given no approval of tumours/2 as champion',
    ),
    "a rule of no alias": (
        lambda w: w.registry.require("tumours", {}),
        ConfigError,
        "name at least one alias",
    ),
    "deleting what serves": (
        lambda w: w.registry.delete("tumours", 1, reason="old"),
        ConflictError,
        "tumours/1 is in use as champion: promote another version, or take the alias away",
    ),
    "deleting without a reason": (
        lambda w: w.registry.delete("tumours", 2, reason=""),
        ConfigError,
        "say why this version is to be deleted",
    ),
    "deleting a model that serves": (
        lambda w: w.registry.delete_model("tumours", reason="old"),
        ConflictError,
        "tumours is in use as challenger, champion",
    ),
    "taking away a gated alias without a reason": (
        lambda w: w.registry.remove_alias("tumours", "champion"),
        ConfigError,
        "say why there should be no champion any more",
    ),
    "taking away an alias that points elsewhere": (
        lambda w: w.registry.remove_alias("tumours", "challenger", expect=1),
        ConflictError,
        "it points at 2",
    ),
    "a tag that is a number": (
        lambda w: w.registry.tag("tumours", 1, {"n": 5}),
        ConfigError,
        "tags must map text to text",
    ),
    "a comment without words": (
        lambda w: w.registry.comment("tumours/1", "  "),
        ConfigError,
        "a comment needs words",
    ),
    "a comment on a typo": (
        lambda w: w.registry.comment("tumors", "hm"),
        UnknownNameError,
        'no model "tumors" in this registry. Did you mean "tumours"',
    ),
    "a description that is a list": (
        lambda w: w.registry.describe("tumours", limits=["adults"]),
        ConfigError,
        "limits must be a text, got a list",
    ),
    "a description of nothing": (
        lambda w: w.registry.describe("tumours"),
        ConfigError,
        "describe takes at least one of summary, intended_use",
    ),
    "a search by a metric's name alone": (
        lambda w: w.registry.search(metrics="auc"),
        ConfigError,
        'metrics map names to a least value or a range, such as {"auc": 0.9',
    ),
    "a search in an empty range": (
        lambda w: w.registry.search(metrics={"auc": (1, 0)}),
        ConfigError,
        "the range of auc is empty",
    ),
    "a search since a day without a zone": (
        lambda w: w.registry.search(since=datetime(2026, 1, 1)),  # noqa: DTZ001
        ConfigError,
        "since",
    ),
    "a difference to a typo": (
        lambda w: w.registry.diff("tumours/1", "tumours/11"),
        UnknownNameError,
        'no version "11" of model "tumours"',
    ),
    "the lineage of a bare name": (
        lambda w: w.registry.lineage("tumours"),
        ConfigError,
        "a version is named by",
    ),
    "a timeline of nothing": (
        lambda w: w.registry.timeline("churn"),
        UnknownNameError,
        'no model "churn" in this registry',
    ),
    "deprecate without a reason": (
        lambda w: w.registry.deprecate("tumours", 1, ""),
        ConfigError,
        "reason is empty",
    ),
    "a key ring for another purpose": (
        lambda w: Registry(w.storage, keys=w.keys).register("tumours", w.runs[0]),
        KeyMaterialError,
        'no key for "model".*Known: "pseudonym"',
    ),
}


def experiment(w, arms, name="checkout", **settings):
    return ABRouter(name, arms, storage=w.storage, **settings)


ROUTER = {
    "weights that do not sum": (
        lambda w: experiment(w, {"a": 0.5, "b": 0.6}),
        ConfigError,
        "weights must sum to 1, got 1.1",
    ),
    "weights in percent": (
        lambda w: experiment(w, {"a": 90, "b": 10}),
        ConfigError,
        r"arm 'a' must lie in \[0, 1\], got 90",
    ),
    "a weight that is no number": (
        lambda w: experiment(w, {"a": math.nan, "b": 1.0}),
        ConfigError,
        "got nan",
    ),
    "arms without weights": (
        lambda w: experiment(w, ["a", "b"]),
        ConfigError,
        "arms map names to shares, .* got a list",
    ),
    "name and arms swapped": (
        lambda w: ABRouter({"a": 1.0}, "checkout", storage=w.storage),
        ConfigError,
        "a stream is named by",
    ),
    "a control that is no arm": (
        lambda w: experiment(w, {"a": 0.5, "b": 0.5}, control="c"),
        ConfigError,
        "one of the arms a, b, got 'c'",
    ),
    "a salt that is a number": (
        lambda w: experiment(w, {"a": 0.5, "b": 0.5}, salt=5),
        ConfigError,
        "salt must be a text, got a int",
    ),
    "a horizon in words": (
        lambda w: experiment(w, {"a": 0.5, "b": 0.5}, horizon="long"),
        ConfigError,
        "horizon must be a whole number",
    ),
    "a path for the storage": (
        lambda w: ABRouter("checkout", {"a": 1.0}, storage="./store"),
        ConfigError,
        r'such as open_storage\("./store"\), got a str',
    ),
    "an experiment that is not there": (
        lambda w: ABRouter("rankr", storage=w.storage),
        UnknownNameError,
        'no experiment "rankr". Did you mean "ranker"',
    ),
    "other weights than it runs with": (
        lambda w: experiment(w, {"champion": 0.9, "challenger": 0.1}, name="ranker"),
        ConflictError,
        "Change weights by set_weights",
    ),
    "a unit that is a number": (lambda w: w.router.assign(42), ConfigError, "a unit is a text"),
    "one text for many units": (
        lambda w: w.router.record_exposures("u1"),
        ConfigError,
        "units must be a sequence of texts, got a str",
    ),
    "one unit of many that is none": (
        lambda w: w.router.record_exposures(["u2", None]),
        ConfigError,
        "a unit is a text",
    ),
    "an outcome of a unit never met": (
        lambda w: w.router.record_outcome("s3cret-cell", 1.0),
        ConflictError,
        'never met experiment "ranker": record its exposure',
    ),
    "an outcome in words": (
        lambda w: w.router.record_outcome("u1", "s3cret-cell"),
        ConfigError,
        "must be a finite number",
    ),
    "outcomes as a list": (
        lambda w: w.router.record_outcomes([("u1", 1.0)]),
        ConfigError,
        "outcomes map units to numbers, got a list",
    ),
    "a typo in the metric": (
        lambda w: w.router.analyze("click"),
        UnknownNameError,
        'no metric "click" in "ranker". Did you mean "clicks"',
    ),
    "alpha in words": (lambda w: w.router.analyze("clicks", alpha="5%"), ConfigError, "got '5%'"),
    "an arm nobody has": (
        lambda w: w.router.analyze("clicks")["chalenger"],
        UnknownNameError,
        'Did you mean "challenger"',
    ),
    "new weights without a reason": (
        lambda w: w.router.set_weights({"champion": 0.9, "challenger": 0.1}, reason=""),
        ConfigError,
        "say why the weights change",
    ),
    "new weights that are the old ones": (
        lambda w: w.router.set_weights({"champion": 0.5, "challenger": 0.5}, reason="to be sure"),
        ConflictError,
        "already",
    ),
}


def explainer(w, **settings):
    return Explainer(w.model, background=w.inputs, **settings)


EXPLAINER = {
    "a number of reasons in words": (
        lambda w: Explainer(w.model, background=w.inputs).explain(w.inputs[:3]).reasons("x", row=0),
        ConfigError,
        "k must be a whole number of at least 1, got a str",
    ),
    "a seed in words": (
        lambda w: Explainer(w.model, background=w.inputs, max_background=5, random_state="x"),
        ConfigError,
        "random_state must be a whole number",
    ),
    "no model": (
        lambda w: Explainer("model.pkl"),
        ConfigError,
        "predict method is needed, got str",
    ),
    "a class": (lambda w: Explainer(LogisticRegression), ConfigError, "got the class Logistic"),
    "a model that was never fitted": (
        lambda w: Explainer(LogisticRegression()),
        NotFittedError,
        "not fitted yet",
    ),
    "model and background swapped": (
        lambda w: Explainer(w.inputs, background=w.model),
        ConfigError,
        "got DataFrame",
    ),
    "a background without a column": (
        lambda w: Explainer(w.model, background=w.inputs[["age"]]),
        SchemaError,
        'lack column "bmi"',
    ),
    "a background without rows": (
        lambda w: Explainer(w.model, background=w.inputs[:0]),
        SchemaError,
        "no background rows",
    ),
    "an unknown output": (lambda w: explainer(w, output="prob"), ConfigError, "got 'prob'"),
    "rows with a typo": (
        lambda w: explainer(w).explain(w.inputs.rename(columns={"age": "agee"})),
        SchemaError,
        'lack column "age". Did you mean "agee"',
    ),
    "rows of names": (
        lambda w: explainer(w).explain(w.inputs.assign(age=w.people.patient)),
        SchemaError,
        "it raised a ValueError",
    ),
    "rows of another width": (
        lambda w: explainer(w).explain(np.ones((2, 5))),
        SchemaError,
        "5 columns, but the model takes 2",
    ),
    "a row that is not there": (
        lambda w: explainer(w).explain(w.inputs[:3]).reasons(2, row=9),
        ConfigError,
        "row must lie in 0 to 2, got 9",
    ),
}


def anonymizer(policy, **settings):
    return Anonymizer(policy, **{"remainder": "keep", **settings})


def static(secret):
    return StaticKeys({"pseudonym": secret}, warn=False)


ANONYMIZER = {
    "the secret itself for keys": (
        lambda w: Anonymizer({"patient": Pseudonymize()}, keys="secret", remainder="keep").fit(
            w.people
        ),
        ConfigError,
        "keys must have active.*got a str",
    ),
    "no policy": (lambda w: Anonymizer(None).fit(w.people), ConfigError, "a policy is a mapping"),
    "a transform in words": (
        lambda w: anonymizer({"patient": "drop"}).fit(w.people),
        ConfigError,
        r'column "patient" needs a transform such as Pseudonymize\(\)',
    ),
    "a transform that was not made": (
        lambda w: anonymizer({"patient": Pseudonymize}).fit(w.people),
        ConfigError,
        r"make one: Pseudonymize\(\)",
    ),
    "a typo in a column": (
        lambda w: anonymizer({"patent": Drop()}).fit(w.people),
        SchemaError,
        'column "patent" is missing. Did you mean "patient"',
    ),
    "columns nobody decided on": (
        lambda w: Anonymizer({"patient": Drop()}).fit(w.people),
        SchemaError,
        'nobody decided what becomes of "age", "bmi", "sick"',
    ),
    "no key": (
        lambda w: anonymizer({"patient": Pseudonymize()}).fit(w.people),
        KeyMaterialError,
        "need a secret key: pass keys=",
    ),
    "a short key": (lambda w: static(b"abc"), KeyMaterialError, "has 3 bytes, at least 16"),
    "a key of zeros": (lambda w: static(bytes(32)), KeyMaterialError, "is all zeros"),
    "a password for a key": (lambda w: static("hunter2"), KeyMaterialError, "must be bytes"),
    "a list for a key ring": (
        lambda w: StaticKeys([b"x" * 32], warn=False),
        ConfigError,
        "keys map domains to secrets",
    ),
    "a weak key from a service": (
        lambda w: anonymizer(
            {"patient": Pseudonymize()},
            keys=CallableKeys(lambda kid: bytes(32), active={"pseudonym": "k1"}),
        ).fit(w.people),
        KeyMaterialError,
        'key "k1" is all zeros',
    ),
    "transform before fit": (
        lambda w: w.anonymizer.transform(w.people),
        NotFittedError,
        "call fit with a table first",
    ),
    "a column gone": (
        lambda w: w.anonymizer.fit(w.people).transform(w.clinic),
        SchemaError,
        'column "patient" is missing',
    ),
    "names in the index": (
        lambda w: (
            Anonymizer({"age": Mask()}, remainder="drop")
            .fit(w.people)
            .transform(w.people.set_index("patient"))
        ),
        SchemaError,
        "the index holds more than row numbers",
    ),
    "an empty frame": (lambda w: w.anonymizer.fit(pd.DataFrame()), SchemaError, "got none"),
    "names rounded to tens": (
        lambda w: anonymizer({"patient": Generalize(width=10)}).fit_transform(w.people),
        SchemaError,
        'takes finite numbers, but column "patient" holds str',
    ),
    "fractions masked": (
        lambda w: anonymizer({"age": Mask()}).fit_transform(w.people),
        SchemaError,
        'column "age" holds a float',
    ),
    "a list for a record": (
        lambda w: w.anonymizer.fit(w.people).transform_record(["s3cret-cell"]),
        SchemaError,
        "a record is a mapping, got list",
    ),
    "a policy with an unknown word": (
        lambda w: Policy.from_dict(
            {"format": "prodml.policy/1", "columns": {"a": {"transform": "pseudo"}}}
        ),
        ConfigError,
        'Did you mean "pseudonymize"',
    ),
}


def predictor(w, ref="tumours@champion", **settings):
    return Predictor(w.registry, ref, **settings)


def changed_its_mind(w):
    w.predictor.record_outcome(w.answered, "yes")
    w.settle()
    w.predictor.record_outcome(w.answered, "no")


def unfit_router(w):
    router = experiment(w, {"champion": 0.5, "chalenger": 0.5})
    w.settle()
    predictor(w, router=router)


PREDICTOR = {
    "an unknown alias": (lambda w: predictor(w, "tumours@champ"), UnknownNameError, '"champion"'),
    "arguments swapped": (
        lambda w: Predictor("tumours@champion", w.registry),
        ConfigError,
        r"registry must have get\(\) and load\(\)",
    ),
    "an arm without a model": (
        unfit_router,
        UnknownNameError,
        'no alias "chalenger".*"challenger"',
    ),
    "a router by name": (
        lambda w: predictor(w, router="x"),
        ConfigError,
        r"router must have assign",
    ),
    "a log by name": (lambda w: predictor(w, log="tumours"), ConfigError, r"log must have append"),
    "a log class": (lambda w: predictor(w, log=PredictionLog), ConfigError, "got the class"),
    "a feature gone": (
        lambda w: w.predictor.predict({"age": 50.0}),
        SchemaError,
        'no column "bmi". Known: "age"',
    ),
    "a typo in a feature": (
        lambda w: w.predictor.predict({"agee": 50.0, "bmi": 22.0}),
        SchemaError,
        'Did you mean "agee"',
    ),
    "text for a number": (
        lambda w: w.predictor.predict({**w.record, "age": "s3cret-cell"}),
        SchemaError,
        'column "age" must hold numbers, got text',
    ),
    "nothing for a number": (
        lambda w: w.predictor.predict({**w.record, "age": None}),
        SchemaError,
        'column "age" may not miss values',
    ),
    "a list for a number": (
        lambda w: w.predictor.predict({**w.record, "age": ["s3cret-cell"]}),
        SchemaError,
        'column "age" holds objects',
    ),
    "infinity": (
        lambda w: w.predictor.predict({**w.record, "age": math.inf}),
        PredictionError,
        "tumours/1 could not predict .* The log has the place under",
    ),
    "a table for a record": (
        lambda w: w.predictor.predict(w.inputs),
        ConfigError,
        "takes one record, .* Got a DataFrame",
    ),
    "an empty record": (lambda w: w.predictor.predict({}), SchemaError, "at least one column"),
    "units that do not fit": (
        lambda w: w.predictor.predict_batch(w.inputs, units=["u1"]),
        ConfigError,
        "got 1 units for 120 rows",
    ),
    "a unit that is a number": (
        lambda w: w.predictor.predict(w.record, unit=7),
        ConfigError,
        "a unit is a text",
    ),
    "routed without a unit": (
        lambda w: predictor(w, router=w.router).predict(w.record),
        ConfigError,
        "traffic is routed by unit",
    ),
    "reasons without an explainer": (
        lambda w: w.predictor.predict(w.record, explain=2),
        ConfigError,
        "explainer=prodml.Explainer",
    ),
    "an outcome of an unknown prediction": (
        lambda w: w.predictor.record_outcome("0000", "yes"),
        UnknownNameError,
        'no prediction "0000" in the log.$',
    ),
    "another outcome than before": (changed_its_mind, ConflictError, "The first one stands"),
    "no outcome for an outcome": (
        lambda w: w.predictor.record_outcome(w.answered, None),
        ConfigError,
        "must be a text, a finite number or a boolean, got a NoneType",
    ),
    "an outcome without a log": (
        lambda w: predictor(w).record_outcome(w.answered, "yes"),
        ConfigError,
        r"log=PredictionLog\(store\)",
    ),
    "a port that is none": (
        lambda w: HttpServer(w.predictor, port=99_999),
        ConfigError,
        "cannot listen on 127.0.0.1:99999",
    ),
}

LOG = {
    "a name with spaces": (
        lambda w: PredictionLog(w.storage, "My log"),
        ConfigError,
        "a stream is",
    ),
    "a path for the storage": (lambda w: PredictionLog("./store"), ConfigError, "open_storage"),
    "records for predictions": (
        lambda w: w.log.append([{"id": 1}]),
        ConfigError,
        "a sequence of LoggedPrediction",
    ),
    "one for many": (lambda w: w.log.append(w.log.get(w.answered)), ConfigError, "a sequence of"),
    "a day in words": (
        lambda w: w.log.performance(since="yesterday"),
        ConfigError,
        "since must be an aware datetime.*got a str",
    ),
    "a time without a zone": (
        lambda w: w.log.performance(until=datetime(2026, 1, 1)),  # noqa: DTZ001
        ConfigError,
        "until must be an aware datetime.*naive",
    ),
    "outcomes as a list": (
        lambda w: w.log.record_outcomes([w.answered]),
        ConfigError,
        "outcomes map prediction ids",
    ),
    "an outcome of an unknown prediction": (
        lambda w: w.log.record_outcome("0000", "yes"),
        UnknownNameError,
        r'no prediction "0000" in log "tumours" \(it holds 1\)',
    ),
    "a damaged journal": (
        damaged("predictions/", lambda w: PredictionLog(w.storage, "tumours").frame()),
        IntegrityError,
        'event 1 of journal "predictions/tumours" is damaged',
    ),
}


def empty_source(w):
    w.allow("retraining/tumours/log/")
    w.loop(source=lambda: w.clinic[:0]).run_once(force=True)


RETRAINING = {
    "no trigger": (lambda w: w.loop(triggers=[]), ConfigError, "at least one trigger"),
    "one trigger for a list": (lambda w: w.loop(triggers=OnDrift()), ConfigError, "must be a list"),
    "a trigger in words": (
        lambda w: w.loop(triggers=["weekly"]),
        ConfigError,
        r"must have due\(\)",
    ),
    "an estimator for a trainer": (
        lambda w: w.loop(trainer=LogisticRegression()),
        ConfigError,
        "got the estimator LogisticRegression itself",
    ),
    "a table for a source": (
        lambda w: w.loop(source=w.clinic),
        ConfigError,
        "source must be a function .* got a DataFrame",
    ),
    "a path for a registry": (
        lambda w: w.loop(registry="./store"),
        ConfigError,
        "registry must have",
    ),
    "a cooldown in hours": (
        lambda w: w.loop(cooldown=5),
        ConfigError,
        "cooldown must be a timedelta",
    ),
    "a lease in seconds": (lambda w: w.loop(lease=600), ConfigError, "lease must be a timedelta"),
    "clocks that differ by less than nothing": (
        lambda w: w.loop(clock_skew=-timedelta(seconds=1)),
        ConfigError,
        "clock_skew must be a timedelta that is not negative",
    ),
    "a longest run in hours": (lambda w: w.loop(max_run=24), ConfigError, "max_run must be"),
    "no attempt": (lambda w: w.loop(max_attempts=0), ConfigError, "max_attempts must be .* got 0"),
    "half an attempt": (lambda w: w.loop(max_attempts=1.5), ConfigError, "whole number"),
    "a name for a log": (
        lambda w: w.loop(log="tumours"),
        ConfigError,
        r"log must have performance\(\)",
    ),
    "a class for a detector": (
        lambda w: w.loop(detector=DriftDetector, current=lambda: w.inputs),
        ConfigError,
        "got the class DriftDetector",
    ),
    "a detector with nothing to look at": (
        lambda w: w.loop(detector=DriftDetector()),
        ConfigError,
        "a detector needs the newest inputs",
    ),
    "a table for current": (
        lambda w: w.loop(detector=DriftDetector(), current=w.inputs),
        ConfigError,
        "current must be a function .* got a DataFrame",
    ),
    "a window in days": (lambda w: w.loop(window=30), ConfigError, "window must be a timedelta"),
    "an address for a notifier": (
        lambda w: w.loop(notify="https://hooks.example/x"),
        ConfigError,
        "notify must be a list",
    ),
    "addresses for notifiers": (
        lambda w: w.loop(notify=["https://hooks.example/x"]),
        ConfigError,
        r"has notify\(\), such as LoggingNotifier\(\), got str",
    ),
    "a notifier's class": (
        lambda w: w.loop(notify=[LoggingNotifier]),
        ConfigError,
        "got LoggingNotifier",
    ),
    "a webhook that is a file": (
        lambda w: WebhookNotifier("file:///etc/passwd"),
        ConfigError,
        "begins with https://",
    ),
    "a secret in text": (
        lambda w: WebhookNotifier("https://hooks.example", secret="s3cret"),
        ConfigError,
        "secret must be bytes, got a str",
    ),
    "an event for stop": (
        lambda w: w.loop().run_once(stop=True),
        ConfigError,
        "stop must be a function, got a bool",
    ),
    "a count of labels in words": (
        lambda w: w.loop().run_once(n_new_labels="many"),
        ConfigError,
        "n_new_labels must be at least 0",
    ),
    "a wish without a reason": (lambda w: w.loop().request(" "), ConfigError, "reason is empty"),
    "a lease broken without a reason": (
        lambda w: w.loop().break_lease(""),
        ConfigError,
        "reason is empty",
    ),
    "a lease that nobody holds": (
        lambda w: w.loop().break_lease("stuck"),
        ConflictError,
        "nobody holds the lease of tumours",
    ),
    "all of nothing": (lambda w: AllOf(), ConfigError, "AllOf needs at least one trigger"),
    "any of a list": (lambda w: AnyOf([OnDrift()]), ConfigError, r"must have due\(\).* got a list"),
    "not a word": (lambda w: Not("drift"), ConfigError, r"must have due\(\)"),
    "an interval in hours": (lambda w: AtMostEvery(6, OnDrift()), ConfigError, "interval must be"),
    "quiet hours in numbers": (
        lambda w: QuietHours(OnDrift(), start=22, end=6),
        ConfigError,
        'such as "22:00", got 22',
    ),
    "quiet hours of no length": (
        lambda w: QuietHours(OnDrift(), start="22:00", end="22:00"),
        ConfigError,
        "from 22:00 to 22:00 are none",
    ),
    "quiet hours on the moon": (
        lambda w: QuietHours(OnDrift(), start="22:00", end="06:00", zone="Moon/Tycho"),
        ConfigError,
        "no time zone 'Moon/Tycho'",
    ),
    "a zone for an interval": (
        lambda w: OnSchedule(timedelta(days=1), zone="Europe/Oslo"),
        ConfigError,
        "zone is for cron expressions",
    ),
    "a tolerance in seconds": (
        lambda w: OnSchedule("@daily", tolerance=30),
        ConfigError,
        "tolerance must be a timedelta",
    ),
    "a limit in words": (
        lambda w: OnPerformance("accuracy", below="0.8"),
        ConfigError,
        "the limit of accuracy must be a number",
    ),
    "a coverage in percent": (
        lambda w: OnPerformance("accuracy", below=0.8, min_coverage=50),
        ConfigError,
        r"min_coverage must lie in \[0, 1\], got 50",
    ),
    "fewer labels than none": (
        lambda w: OnPerformance("accuracy", below=0.8, min_labels=-1),
        ConfigError,
        "min_labels must be a whole number",
    ),
    "surety about bare numbers": (
        lambda w: w.loop(triggers=[OnPerformance("accuracy", below=0.5, sure=True)]).run_once(
            performance={"accuracy": 0.4}
        ),
        ConfigError,
        "sure=True needs the confidence limits of accuracy",
    ),
    "labels of bare numbers": (
        lambda w: w.loop(triggers=[OnPerformance("accuracy", below=0.5, min_labels=9)]).run_once(
            performance={"accuracy": 0.4}
        ),
        ConfigError,
        "min_labels needs scores that say what they rest on",
    ),
    "a lease of nothing": (
        lambda w: w.loop(lease=timedelta(0)),
        ConfigError,
        "longer than nothing",
    ),
    "a yes for a drift report": (
        lambda w: w.loop().run_once(drift=True),
        ConfigError,
        "drift must be a report, .* got a bool",
    ),
    "a schedule in words": (lambda w: OnSchedule("every day"), ConfigError, "five fields"),
    "a share in percent": (lambda w: OnDrift(min_share=5), ConfigError, r"\[0, 1\], got 5"),
    "a bound left out": (lambda w: OnPerformance("accuracy"), ConfigError, "below= or above="),
    "no new labels": (lambda w: OnNewLabels(0), ConfigError, "at least 1, got 0"),
    "a score nobody measured": (
        lambda w: w.loop(triggers=[OnPerformance("acuracy", below=0.5)]).run_once(
            performance={"accuracy": 0.4}
        ),
        UnknownNameError,
        'no score "acuracy" among those measured',
    ),
    "a source that runs dry": (empty_source, SchemaError, "the source of tumours returned no rows"),
}

SECURITY = {
    "an action without a name": (
        lambda w: w.trail.record("", resource="models/tumours"),
        ConfigError,
        "names its action and its resource",
    ),
    "an unknown outcome": (
        lambda w: w.trail.record("load", resource="models/tumours", outcome="good"),
        ConfigError,
        "one of ok, denied, error, got 'good'",
    ),
    "a resource that is a number": (
        lambda w: w.trail.record("load", resource=5),
        ConfigError,
        "named by a text, got a int",
    ),
    "details that are a list": (
        lambda w: w.trail.record("load", resource="models/tumours", details=["a"]),
        ConfigError,
        "details map names to small facts, got a list",
    ),
    "details that are no data": (
        lambda w: w.trail.record("load", resource="models/tumours", details={"a": object()}),
        ConfigError,
        "cannot be written as JSON: it is a builtins.object",
    ),
    "a time without a zone": (
        lambda w: list(w.trail.events(since=datetime(2026, 1, 1))),  # noqa: DTZ001
        ConfigError,
        "since must be an aware datetime",
    ),
    "a damaged trail": (
        damaged("audit/", lambda w: AuditTrail(w.storage).verify()),
        IntegrityError,
        'event 1 of journal "audit" is damaged',
    ),
    "a typo in a role": (
        lambda w: RolePolicy(roles={"guest": ["admn"]}, grants={"admin": ["*:*"]}),
        UnknownNameError,
        'no role "admn". Did you mean "admin"',
    ),
    "one role for a list": (
        lambda w: RolePolicy(roles={"guest": "admin"}, grants={"admin": ["*:*"]}),
        ConfigError,
        "a list of names, got the single text",
    ),
    "a list for a policy": (
        lambda w: RolePolicy(roles=["guest"], grants={}),
        ConfigError,
        "grants and roles map names to lists",
    ),
    "a number for a list": (
        lambda w: RolePolicy(roles={"guest": 5}, grants={}),
        ConfigError,
        "a list of names, got a int",
    ),
    "a grant without a resource": (
        lambda w: RolePolicy(roles={}, grants={"admin": ["promote"]}),
        ConfigError,
        '"action:resource", got .promote',
    ),
}

# request, settings of the endpoints, status, what the answer says
HTTP = {
    "no JSON": ("POST /predict", b"{", {}, 400, "the body must be JSON"),
    "a list": ("POST /predict", b"[]", {}, 400, "must be a JSON object, got list"),
    "a typo": ("POST /predict", b'{"input": {}}', {}, 400, "no member 'input'. Known: inputs"),
    "not a number": ("POST /predict", b'{"inputs": {"age": NaN}}', {}, 400, "NaN is not JSON"),
    "text for a number": (
        "POST /predict",
        b'{"inputs": {"age": "s3cret-cell", "bmi": 1}}',
        {},
        422,
        "must hold numbers, got text",
    ),
    "a member twice": ("POST /predict", b'{"unit": "a", "unit": "b"}', {}, 400, "a member twice"),
    "brackets without end": ("POST /predict", b"[" * 100_000, {}, 400, "nested too deeply"),
    "too much": ("POST /predict", b"x" * 99, {"max_body_bytes": 10}, 413, "at most 10 bytes"),
    "nobody": ("POST /predict", b"{}", {"authenticate": lambda h: None}, 401, "who is asking"),
    "an unknown path": ("GET /predictions", b"", {}, 404, "no such path. Known: /livez"),
    "another method": ("GET /predict", b"", {}, 405, "/predict takes POST"),
    "an outcome that is a list": ("POST /outcomes", b'{"outcomes": {"a": [1]}}', {}, 400, "a text"),
}


def table(rows):
    return pytest.mark.parametrize(("call", "error", "says"), rows.values(), ids=rows)


@table(REGISTRY)
def test_registry_refuses(refused, call, error, says):
    refused(call, error, says)


@table(ROUTER)
def test_router_refuses(refused, call, error, says):
    refused(call, error, says)


@table(EXPLAINER)
def test_explainer_refuses(refused, call, error, says):
    refused(call, error, says)


@table(ANONYMIZER)
def test_anonymizer_refuses(refused, call, error, says):
    refused(call, error, says)


@table(PREDICTOR)
def test_predictor_refuses(refused, call, error, says):
    refused(call, error, says)


@table(LOG)
def test_prediction_log_refuses(refused, call, error, says):
    refused(call, error, says)


@table(RETRAINING)
def test_retraining_refuses(refused, call, error, says):
    refused(call, error, says)


@table(SECURITY)
def test_security_refuses(refused, call, error, says):
    refused(call, error, says)


@pytest.mark.parametrize("row", HTTP.values(), ids=HTTP)
def test_http_answers_a_wrong_request_with_one_problem(world, row):
    line, body, settings, status, says = row
    answer = world.ask(*line.split(), body, **settings)
    problem = json.loads(answer.body)
    assert (answer.status, problem["status"]) == (status, status)
    assert answer.content_type == "application/problem+json"
    assert says in problem["detail"]
    assert "s3cret-cell" not in answer.body.decode()
    assert "Traceback" not in problem["detail"]
    assert world.stored() == world.before
