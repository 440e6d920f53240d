"""What is taken out of use, and what stands in the way of that."""

import pytest

from prodml.errors import ConfigError, ConflictError, UnknownNameError
from prodml.registry import Registry


def test_a_deleted_version_is_not_found_any_more(filled, storage):
    filled.delete("tumours", 2, reason="trained on the wrong table")
    again = Registry(storage)
    for ask in (again.get, again.load, again.card, again.lineage, again.holdout):
        with pytest.raises(UnknownNameError, match="it was deleted: trained on the wrong table"):
            ask("tumours/2")
    assert [v.version for v in again.versions("tumours")] == [1]
    assert again.verify().n_models == 1


def test_a_number_is_never_given_again(filled, weak):
    filled.delete("tumours", 2, reason="x")
    assert filled.register("tumours", weak).version == 3


def test_a_version_in_use_is_not_deleted(filled):
    with pytest.raises(
        ConflictError, match=r'in use as champion.*remove_alias\("tumours", "champion"\)'
    ):
        filled.delete("tumours", 1, reason="x")


@pytest.mark.parametrize("reason", ["", "  ", None])
def test_deleting_needs_a_reason(filled, reason):
    with pytest.raises(ConfigError, match="say why"):
        filled.delete("tumours", 2, reason=reason)
    with pytest.raises(ConfigError, match="say why"):
        filled.delete_model("tumours", reason=reason)


def test_a_deleted_version_is_not_deleted_again_nor_promoted_nor_tagged(filled):
    filled.delete("tumours", 2, reason="x")
    for verb in (
        lambda: filled.delete("tumours", 2, reason="x"),
        lambda: filled.promote("tumours", 2),
        lambda: filled.deprecate("tumours", 2, "x"),
        lambda: filled.tag("tumours", 2, {"a": "b"}),
        lambda: filled.comment("tumours/2", "x"),
        lambda: filled.approve("tumours", 2),
    ):
        with pytest.raises(UnknownNameError, match="any more"):
            verb()


def test_a_rollback_passes_over_what_was_deleted(filled, weak):
    filled.register("tumours", weak)
    for version in (2, 3):
        filled.promote("tumours", version, force=True, reason="x")
    filled.delete("tumours", 2, reason="x")
    assert filled.rollback("tumours").version == 1


def test_a_rollback_never_lands_where_it_began(filled):
    filled.promote("tumours", 2, alias="a")
    filled.promote("tumours", 1, alias="a")
    filled.promote("tumours", 2, alias="a")
    filled.deprecate("tumours", 1, "x")
    with pytest.raises(ConflictError, match="no version in good standing"):
        filled.rollback("tumours", alias="a")


def test_a_deleted_model_is_gone_and_its_name_may_be_used_again(filled, storage, weak):
    with pytest.raises(ConflictError, match="tumours is in use as champion"):
        filled.delete_model("tumours", reason="closed")
    filled.remove_alias("tumours", "champion", reason="closed")
    filled.delete_model("tumours", reason="closed")
    assert filled.models() == Registry(storage).models() == []
    with pytest.raises(UnknownNameError):
        filled.versions("tumours")
    assert filled.register("tumours", weak).version == 3
    assert [v.version for v in filled.versions("tumours")] == [3]


def test_an_alias_is_removed_as_expected_and_with_a_reason(filled):
    filled.promote("tumours", 2, alias="challenger")
    with pytest.raises(ConfigError, match="say why there should be no champion"):
        filled.remove_alias("tumours", "champion")
    with pytest.raises(ConflictError, match="it points at 2"):
        filled.remove_alias("tumours", "challenger", expect=1)
    filled.remove_alias("tumours", "challenger", expect=2)
    assert filled.aliases("tumours") == {"champion": 1}
    with pytest.raises(UnknownNameError, match='"challenger"'):
        filled.remove_alias("tumours", "challenger")
    last = list(filled.history("tumours"))[-1]
    assert (last.kind, last.previous, last.version, last.change) == ("removed", 2, None, "2 → –")  # noqa: RUF001


def test_what_was_registered_once_and_deleted_may_be_registered_again(registry, weak):
    first = registry.register("tumours", weak, once="run-1")
    assert registry.register("tumours", weak, once="run-1").version == first.version
    registry.delete("tumours", 1, reason="x")
    assert registry.register("tumours", weak, once="run-1").version == 2
