import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.synthetic.wishes import Wish, parse_wishes


def test_a_wish_list_is_read_in_its_order():
    wishes = parse_wishes("G5220=---wTTTT G5230=------ww:med  G5075=wwwwwT--:min@50")
    assert list(wishes) == ["G5220", "G5230", "G5075"]
    assert wishes["G5220"] == Wish("G5220", "---wTTTT")
    assert wishes["G5230"] == Wish("G5230", "------ww", "med")
    assert wishes["G5075"] == Wish("G5075", "wwwwwT--", "min", 50.0)
    assert parse_wishes("") == {}


def test_lead_times_of_a_wish():
    wish = parse_wishes("X-1:b=---wTTTT")["X-1:b"]
    assert wish.lead_times("T") == [4, 5, 6, 7]
    assert wish.lead_times("w") == [3]
    assert wish.peak_lead_time == 6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("G1=---wTTT", r"station G1: `---wTTT` has 7 characters.*8"),
        ("G1=---wTTTTT", "has 9 characters"),
        ("G1=---xTTTT", "unknown character x"),
        ("G1=---wTTTT:high", "unknown class `high`.*min, med, max"),
        ("G1=---wTTTT: ", "unknown class ``"),
        ("G1=---wTTTT@big", "`big` is not a return period"),
        ("G1=---w----@50", "@50 is asked without a trigger day"),
        ("G1=---w----:min:med", "asks twice for the same"),
        ("G1=-------- G1=---wTTTT", "station G1 is named twice"),
        ("G1", "`G1` is not a wish"),
        ("=--------", "is not a wish"),
    ],
)
def test_what_cannot_be_read_is_refused(text, message):
    with pytest.raises(InputInvalid, match=message):
        parse_wishes(text)


def test_a_wish_has_a_character_for_every_day_of_the_horizon() -> None:
    assert parse_wishes("A=---------TT@20", 11)["A"].lead_times("T") == [9, 10]
    with pytest.raises(InputInvalid, match=r"`-------T` has 8 characters\..* 11, one for each lead time 0\.\.10"):
        parse_wishes("A=-------T", 11)
    with pytest.raises(InputInvalid, match=r"`---------TT` has 11 characters\..* 8, one for each lead time 0\.\.7"):
        parse_wishes("A=---------TT")
