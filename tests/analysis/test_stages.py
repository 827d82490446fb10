"""The S-T-A-M stages and the factor that leads each."""

import pytest

from decisionbook.analysis import stages

STAGES = stages.names_in("萌芽、培育、发展、成熟")
FACTORS = stages.names_in("科学、技术、应用、市场")
OWN = stages.mentioned(FACTORS, "点名应用、市场")
READ = {"人工智能": ("发展", False), "大数据": ("发展", False), "区块链": ("培育", False), "云计算": ("成熟", True)}


def test_enumerations_are_read_in_order():
    assert STAGES == ["萌芽", "培育", "发展", "成熟"]
    assert OWN == ["应用", "市场"]


@pytest.mark.parametrize(("stage", "factor"), list(zip(STAGES, FACTORS, strict=True)))
def test_each_stage_has_its_own_factor(stage, factor):
    assert stages.leading_factor(stage, STAGES, FACTORS) == factor


def test_an_unknown_stage_or_lists_of_two_lengths_are_refused():
    with pytest.raises(ValueError, match="衰退"):
        stages.leading_factor("衰退", STAGES, FACTORS)
    with pytest.raises(ValueError, match="cannot be matched"):
        stages.leading_factor("发展", STAGES, FACTORS[:3])


def test_steps_until_the_region_has_the_leading_factor():
    assert stages.steps_to_match("萌芽", STAGES, FACTORS, OWN) == 2
    assert stages.steps_to_match("成熟", STAGES, FACTORS, OWN) == 0
    assert stages.steps_to_match("成熟", STAGES, FACTORS, ["科学"]) is None


def test_a_reading_that_may_err_widens_the_number_of_matches():
    assert stages.match_range(READ, STAGES, FACTORS, OWN, 0) == (3, 3)
    assert stages.match_range(READ, STAGES, FACTORS, OWN, 1) == (1, 4), "only the stated stage is certain"


def test_a_stated_stage_never_moves():
    assert stages.match_range({"云计算": ("成熟", True)}, STAGES, FACTORS, OWN, 3) == (1, 1)
