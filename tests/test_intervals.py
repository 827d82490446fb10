"""What a printed number stands for, and how bounds pass through a formula."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisionbook.analysis.intervals import Quantity, formula_bounds, propagate
from decisionbook.data.figures import Qualifier, last_significant_unit, printed_interval
from decisionbook.data.formulas import FormulaError, evaluate, parse
from decisionbook.data.intervals import Interval, round_half_up
from decisionbook.data.package import Package
from decisionbook.data.published import load_figures, qualifiers
from decisionbook.project import Project


def qualifier(project: Project, name: str) -> Qualifier:
    return qualifiers(Package(project))[name]


def test_exact_print_is_half_open(project: Project) -> None:
    interval = printed_interval(0.92, None, 0.01, qualifier(project, "exact"))
    assert interval == Interval(0.915, 0.925, True, False)
    assert 0.915 in interval
    assert 0.925 not in interval


@pytest.mark.parametrize(
    ("name", "value", "precision", "low", "high"),
    [
        ("more", 11, 1, 11, 12),
        ("more", 5000, 1000, 5000, 6000),
        ("more", 1200, 100, 1200, 1300),
        ("over", 6500, 1, 6500, math.inf),
        ("under", 0.5, 0, -math.inf, 0.5),
        ("near", 500, 100, 450, 500),
        ("about", 4394, 1, 4394 * 0.95, 4394 * 1.05),
    ],
)
def test_vague_words_are_bounds(project: Project, name: str, value: float, precision: float, low: float, high: float) -> None:
    interval = printed_interval(value, None, precision, qualifier(project, name))
    assert (interval.low, interval.high) == (pytest.approx(low), pytest.approx(high))


def test_counted_things_are_whole_numbers(project: Project) -> None:
    figures = load_figures(Package(project))
    stations = next(f for f in figures.values() if f.published == "50678座")
    assert stations.interval.is_point
    revenue = next(f for f in figures.values() if f.published == "425 亿元")
    assert (revenue.interval.low, revenue.interval.high) == (424.5, 425.5)


def test_trailing_zeros_give_both_precisions(project: Project) -> None:
    figures = load_figures(Package(project))
    funds = next(f for f in figures.values() if f.published == "31000万元")
    assert (funds.interval.low, funds.interval.high) == (30999.5, 31000.5)
    coarse = funds.coarse_interval()
    assert coarse is not None
    assert (coarse.low, coarse.high) == (30500, 31500)


@pytest.mark.parametrize(("value", "unit"), [(5000, 1000), (11, 1), (2.1, 0.1), (0.05, 0.01), (30, 10)])
def test_last_significant_unit(value: float, unit: float) -> None:
    assert last_significant_unit(value) == pytest.approx(unit)


@pytest.mark.parametrize(
    ("value", "precision", "expected"), [(2.345, 0.01, 2.35), (0.285, 0.01, 0.29), (-2.5, 1, -3), (1250, 100, 1300)]
)
def test_round_half_up(value: float, precision: float, expected: float) -> None:
    assert round_half_up(value, precision) == pytest.approx(expected)


def test_an_open_end_does_not_meet_a_closed_one() -> None:
    assert not Interval(0, 1, True, False).meets(Interval(1, 2, True, True))
    assert Interval(0, 1, True, True).meets(Interval(1, 2, True, True))
    assert Interval(0, math.inf, True, False).meets(Interval(5, 6))


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (Interval(1, 2, False, False), Interval.point(1), False),
        (Interval(1, 2, True, False), Interval.point(1), True),
        (Interval(-math.inf, 5, False, True), Interval(-math.inf, 3, False, True), True),
        (Interval(-math.inf, 1, False, False), Interval(1, math.inf, True, False), False),
        (Interval(0, 3), Interval(1, 2), True),
    ],
)
def test_two_intervals_meet_whichever_is_asked(one: Interval, other: Interval, meet: bool) -> None:
    assert one.meets(other) is other.meets(one) is meet


def test_an_input_used_twice_is_moved_once() -> None:
    # a / (a + b): stacking operations would give [1/5, 3/3]; moving a once gives [1/4, 3/4] for b in [1, 3].
    a, b = Quantity(2, Interval(1, 3, True, True)), Quantity(2, Interval(1, 3, True, True))
    share = propagate(lambda x, y: x / (x + y), a, b)
    assert (share.low, share.high) == (0.25, 0.75)
    tree = parse("a/(a+b)", ("a", "b"))
    assert formula_bounds(tree, {"a": a.interval, "b": b.interval}, 0.5) == Interval(0.25, 0.75, True, True)


def test_one_sided_inputs_give_one_sided_results() -> None:
    tree = parse("a/b", ("a", "b"))
    bounds = formula_bounds(tree, {"a": Interval.point(880), "b": Interval(1110, math.inf, False, False)}, 880 / 1110)
    assert bounds.low == pytest.approx(0)
    assert bounds.high == pytest.approx(880 / 1110)
    assert not bounds.high_closed


@given(st.floats(0.1, 1e6), st.floats(0, 1e3), st.floats(0.1, 1e6), st.floats(0, 1e3), st.floats(0, 1), st.floats(0, 1))
def test_bounds_hold_every_value_inside(a: float, da: float, b: float, db: float, s: float, t: float) -> None:
    intervals = {"a": Interval(a, a + da, True, True), "b": Interval(b, b + db, True, True)}
    inside = {"a": a + s * da, "b": b + t * db}
    for expression in ("a/b", "a-b", "a*b+a", "(a-b)/b", "a/(a+b)"):
        tree = parse(expression, ("a", "b"))
        bounds = formula_bounds(tree, intervals, evaluate(tree, inside))
        value = evaluate(tree, inside)
        slack = 1e-9 * max(1.0, abs(value), abs(a), abs(b))
        assert bounds.low - slack <= value <= bounds.high + slack


def bounded(expression: str, **intervals: Interval) -> Interval:
    middle = {n: (i.low + i.high) / 2 for n, i in intervals.items()}
    return formula_bounds(parse(expression, tuple(intervals)), intervals, evaluate(parse(expression, tuple(intervals)), middle))


@pytest.mark.parametrize(
    ("expression", "a", "expected"),
    [
        ("1/a", Interval(-0.4, 0.6), Interval(-math.inf, math.inf, False, False)),
        ("1/a", Interval(0, 1), Interval(-math.inf, math.inf, False, False)),
        ("1/a", Interval(1, 2), Interval(0.5, 1, False, True)),
        ("a/(a+1)", Interval(1, 2), Interval(0.5, 2 / 3, True, False)),
        ("abs(a)", Interval(-1, 3), Interval(0, 3, True, False)),
        ("abs(a)", Interval(-4, -1), Interval(1, 4, False, True)),
        ("a**2", Interval(-1, 3), Interval(0, 9, True, False)),
        ("a**2+a", Interval(-2, 1), Interval(-2, 5, True, False)),
        ("(a-1)**(1+1)", Interval(0, 3), Interval(0, 4, True, False)),
        ("a**(-1)", Interval(-1, 2), Interval(-math.inf, math.inf, False, False)),
        ("a**(-2)", Interval(1, 2), Interval(0.25, 1, False, True)),
        ("a**3", Interval(-2, 1), Interval(-8, 1, True, False)),
        ("a**0.5", Interval(4, 9), Interval(2, 3, True, False)),
        ("sqrt(a)", Interval(4, 9), Interval(2, 3, True, False)),
        ("max(a, 2)", Interval(1, 2), Interval(2, 2, True, True)),
        ("min(a, 1)", Interval(1, 2, False, True), Interval(1, 1, True, True)),
    ],
)
def test_what_may_divide_by_zero_or_turn_back_has_the_bounds_of_all_between(
    expression: str, a: Interval, expected: Interval
) -> None:
    assert bounded(expression, a=a) == expected


def test_an_even_power_is_one_however_its_exponent_is_written() -> None:
    assert bounded("(a-3)**n", a=Interval(1, 4), n=Interval.point(2)) == Interval(0, 4, True, True)


@pytest.mark.parametrize("nested", ["a/({})", "abs({}-b)", "(1+{})**(-1)"])
def test_deep_nesting_takes_no_longer_than_it_is_deep(nested: str) -> None:
    expression = "a"
    for _ in range(25):
        expression = nested.format(expression)
    # Each part is bounded once: with twice the work a level this would not end.
    assert bounded(expression, a=Interval(1, 1.01), b=Interval(0.1, 0.11)).low > -math.inf


def test_a_divisor_of_two_prints_that_may_be_equal_bounds_nothing() -> None:
    prints = {"a": Interval(99.5, 100.5), "b": Interval(2.25, 2.35), "c": Interval(2.255, 2.265)}
    assert bounded("a/(b-c)", **prints) == Interval(-math.inf, math.inf, False, False)
    assert bounded("a/(b-c)", **{**prints, "c": Interval(2.155, 2.165)}).high == pytest.approx(100.5 / 0.085)


def test_the_end_of_a_sum_belongs_to_it_when_both_ends_do() -> None:
    assert bounded("a+b", a=Interval(1, 2, True, False), b=Interval(1, 2, False, True)) == Interval(2, 4, False, False)
    assert 1 not in Interval(1, 2, False, False)


def test_a_formula_of_many_inputs_has_the_wider_bounds_of_each_on_its_own() -> None:
    names = [f"{kind}{i}" for kind in "wx" for i in range(8)]
    mean = f"({'+'.join(f'w{i}*x{i}' for i in range(8))})/({'+'.join(f'w{i}' for i in range(8))})"
    bounds = bounded(mean, **{n: Interval(0.95, 1.05) for n in names})
    assert bounds.low == pytest.approx(0.95**2 / 1.05)
    assert bounds.high == pytest.approx(1.05**2 / 0.95)


@given(st.floats(-10, 10), st.floats(0, 20), st.floats(-10, 10), st.floats(0, 20), st.floats(0, 1), st.floats(0, 1))
def test_bounds_hold_every_value_inside_whatever_its_sign(a: float, da: float, b: float, db: float, s: float, t: float) -> None:
    intervals = {"a": Interval(a, a + da, True, True), "b": Interval(b, b + db, True, True)}
    inside = {"a": a + s * da, "b": b + t * db}
    for expression in ("a/b", "abs(a-b)", "(a-b)**2", "abs(a)*b-a", "a**2/(1+b**2)", "max(a, b)-min(a, 3)", "exp(a)-b"):
        tree = parse(expression, ("a", "b"))
        try:
            value = evaluate(tree, inside)
        except FormulaError:
            continue
        bounds = formula_bounds(tree, intervals, value)
        slack = 1e-9 * max(1.0, abs(value))
        assert bounds.low - slack <= value <= bounds.high + slack, expression


def test_too_many_inputs_are_refused() -> None:
    quantity = Quantity(1, Interval(0.5, 1.5))
    with pytest.raises(ValueError, match="more than"):
        propagate(lambda *v: sum(v), *[quantity] * 20)


@pytest.mark.parametrize(
    ("value", "precision", "rounded"),
    [(2.345, 0.01, 2.35), (0.285, 0.01, 0.29), (-2.345, 0.01, -2.35), (45, 10, 50), (1e40, 1.0, 1e40), (1.5e35, 1e-3, 1.5e35)],
)
def test_rounding_is_half_up_on_decimals_and_holds_for_any_size(value: float, precision: float, rounded: float) -> None:
    assert round_half_up(value, precision) == rounded


@pytest.mark.parametrize(("value", "precision"), [(2.345, 0.0), (math.inf, 0.01), (-math.inf, 0.01)])
def test_without_a_precision_or_an_end_nothing_is_rounded(value: float, precision: float) -> None:
    assert round_half_up(value, precision) == value
