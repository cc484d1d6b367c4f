from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rvosbench.errors import OptionError, RvosbenchError, UnknownNameError
from rvosbench.plugins.options import (
    NoOptions,
    OptionRow,
    check_options_class,
    describe_options,
    options_as_json,
    options_as_text,
    parse_options,
    split_pairs,
)
from rvosbench.plugins.registry import DATASETS

OWNER = "the dataset 'mine'"


@dataclass(frozen=True, kw_only=True)
class Options:
    hold_out: float | None = field(default=None, metadata={"help": "a part of train"})
    seed: int = 0
    text: Literal["sent", "raw"] = "sent"
    level: int = field(default=1, metadata={"choices": (1, 2)})
    masks: Path | None = None
    is_packed: bool = False
    title: str = "plain"

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}, expected 0 or more")


def parse(**values: object) -> Options:
    return parse_options(Options, values, owner=OWNER)


def test_text_becomes_the_types_of_the_record():
    given = {"hold-out": "0.1", "seed": "7", "text": "raw", "level": "2", "masks": "/a b", "is_packed": "Yes"}
    assert parse_options(Options, given | {"title": "x=y"}, owner=OWNER) == Options(
        hold_out=0.1, seed=7, text="raw", level=2, masks=Path("/a b"), is_packed=True, title="x=y"
    )


def test_values_of_the_right_type_are_taken_as_they_are():
    assert parse(hold_out=1, masks=Path("x"), is_packed=True, level=2) == Options(
        hold_out=1.0, masks=Path("x"), is_packed=True, level=2
    )
    assert parse(hold_out=None) == Options()


def test_a_hyphen_and_an_underscore_are_the_same():
    assert parse_options(Options, {"hold-out": "0.5"}, owner=OWNER) == parse(hold_out="0.5")
    with pytest.raises(OptionError, match="'hold-out' of the dataset 'mine' is given twice"):
        parse_options(Options, {"hold-out": "0.5", "hold_out": "0.5"}, owner=OWNER)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("seed", "1.5", "a whole number"),
        ("seed", "", "a whole number"),
        ("seed", "9" * 5000, "a whole number"),
        ("seed", 1.0, "a whole number"),
        ("seed", True, "a whole number"),
        ("seed", None, "a whole number"),
        ("hold-out", "nan", "a number"),
        ("hold-out", float("inf"), "a number"),
        ("hold-out", "some", "a number"),
        ("text", "Raw", "sent or raw"),
        ("text", 3, "sent or raw"),
        ("level", "3", "1 or 2"),
        ("masks", "", "a path"),
        ("masks", "a\0b", "a path"),
        ("is-packed", "maybe", "true or false"),
        ("is-packed", 1, "true or false"),
        ("title", 3, "text"),
    ],
)
def test_a_value_of_another_type_is_one_line_with_key_value_and_expectation(name, value, expected):
    with pytest.raises(OptionError) as caught:
        parse_options(Options, {name: value}, owner=OWNER)
    assert str(caught.value) == f"the option '{name}' of the dataset 'mine' is {value!r}, expected {expected}"


def test_an_unknown_option_names_the_nearest_else_all():
    with pytest.raises(
        UnknownNameError, match="the dataset 'mine' has no option 'holdout'; did you mean 'hold-out'"
    ):
        parse(holdout="1")
    with pytest.raises(UnknownNameError, match="no option 'zzz'; it has: hold-out, seed, text"):
        parse(zzz="1")
    with pytest.raises(UnknownNameError, match="has no option 'zzz'; it has no options"):
        parse_options(NoOptions, {"zzz": "1"}, owner=OWNER)


def test_what_the_record_itself_refuses_is_an_option_error():
    with pytest.raises(
        OptionError, match="the dataset 'mine' does not take these options: seed is -1, expected 0"
    ):
        parse(seed="-1")


def test_rows_tell_name_type_default_and_help():
    assert describe_options(Options) == (
        OptionRow(name="hold-out", type="float", default=None, help="a part of train"),
        OptionRow(name="seed", type="int", default="0", help=""),
        OptionRow(name="text", type="sent|raw", default="sent", help=""),
        OptionRow(name="level", type="1|2", default="1", help=""),
        OptionRow(name="masks", type="path", default=None, help=""),
        OptionRow(name="is-packed", type="true|false", default="false", help=""),
        OptionRow(name="title", type="text", default="plain", help=""),
    )


def test_pairs_of_a_command_line_are_split_at_the_first_equals_sign():
    assert split_pairs(("a=1", "b_c=x=y", "d=")) == {"a": "1", "b-c": "x=y", "d": ""}
    for word in ("a", "=1", ""):
        with pytest.raises(OptionError, match="is not KEY=VALUE"):
            split_pairs((word,))
    with pytest.raises(OptionError, match="'a-b' is given twice, as '1' and '2'"):
        split_pairs(("a-b=1", "a_b=2"))


@given(
    st.builds(
        Options,
        hold_out=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        seed=st.integers(0, 10**17),
        text=st.sampled_from(["sent", "raw"]),
        level=st.sampled_from([1, 2]),
        masks=st.none() | st.text(min_size=1).filter(lambda text: "\0" not in text).map(Path),
        is_packed=st.booleans(),
        title=st.text(),
    )
)
def test_a_record_written_as_text_is_read_again(options):
    text = options_as_text(options)
    assert parse_options(Options, text, owner=OWNER) == options
    assert ("seed" in text) == (options.seed != 0)
    assert parse_options(Options, options_as_json(options), owner=OWNER) == options


def test_a_default_that_was_given_is_written_too():
    assert options_as_text(Options(), ("hold_out", "is-packed", "seed")) == {
        "seed": "0",
        "is-packed": "false",
    }


def changeable():
    @dataclass
    class Record:
        x: int = 0

    return Record


def without_default():
    @dataclass(frozen=True)
    class Record:
        x: int

    return Record


def of_a_list():
    @dataclass(frozen=True)
    class Record:
        x: list[int] = field(default_factory=list)

    return Record


def of_two_types():
    @dataclass(frozen=True)
    class Record:
        x: int | str = 0

    return Record


def with_a_default_of_another_type():
    @dataclass(frozen=True)
    class Record:
        x: int = "0"

    return Record


def never_none_again():
    @dataclass(frozen=True)
    class Record:
        x: int | None = 3

    return Record


def refusing_its_own_defaults():
    @dataclass(frozen=True)
    class Record:
        x: int = 0

        def __post_init__(self):
            raise ValueError("no")

    return Record


def of_an_unknown_type():
    @dataclass(frozen=True)
    class Record:
        x: Nowhere = 0  # noqa: F821

    return Record


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: {"x": int}, "is no options record; expected a frozen dataclass"),
        (lambda: Options(), "is no options record; expected a frozen dataclass"),
        (changeable, "can be changed; expected @dataclass"),
        (without_default, "the field 'x' of the options record Record has no default"),
        (of_a_list, "expected str, int, float, bool, Path, a Literal"),
        (of_two_types, "expected str, int, float, bool, Path, a Literal"),
        (with_a_default_of_another_type, "the default of 'x' .* is '0', expected a whole number"),
        (never_none_again, "may be None, which nobody can write"),
        (refusing_its_own_defaults, "fails .no.; expected defaults that go together"),
        (of_an_unknown_type, "has a type that is not there .*Nowhere"),
    ],
)
def test_what_cannot_be_written_on_a_command_line_is_no_options_record(make, message):
    with pytest.raises(OptionError, match=message):
        check_options_class(make())


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_every_option_of_ours_has_a_help_that_fits_a_line(name):
    for row in describe_options(DATASETS[name].options):
        assert 0 < len(row.help) <= 70
        assert not row.help.endswith(".")


def test_errors_are_ours():
    assert issubclass(OptionError, RvosbenchError)
    assert issubclass(OptionError, ValueError)
