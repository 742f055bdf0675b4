"""The figures' colours are the style sheet's."""

from dashboard.palette import TOKENS, palettes


def test_both_themes_name_the_same_colours() -> None:
    assert set(palettes()["light"]) == set(palettes()["dark"])


def test_the_colours_are_those_of_the_style_sheet() -> None:
    sheet = TOKENS.read_text()
    for theme in ("light", "dark"):
        for name, colour in palettes()[theme].items():
            assert f"--dl-{name}: {colour};" in sheet


def test_an_alert_has_its_own_red_in_each_theme() -> None:
    assert palettes()["light"]["alert"] == "#c9351b"
    assert palettes()["dark"]["alert"] == "#ee5a3e"
