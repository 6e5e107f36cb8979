"""Markdown of Superset's dashboards."""

from __future__ import annotations

import pytest

from dashapp.services.superset.markup import to_markdown


def test_a_centred_heading_with_a_picture_is_a_heading():
    code = (
        '<div style="text-align:center">  <h1>Birth Names Dashboard</h1>  '
        '<img src="/static/assets/images/babies.png" style="width:50%;"></div>'
    )
    text, notes = to_markdown(code)
    assert text == "# Birth Names Dashboard"
    assert notes == [
        "Pictures that only its old server has were left out of its text.",
        "Styles of its text (colours, sizes, alignment) were left out.",
    ]


def test_a_picture_from_elsewhere_is_a_link():
    text, notes = to_markdown('<img src="https://cdn.example.io/a/b/at/c/Slack_RGB.svg">')
    assert text == "[Slack_RGB.svg](https://cdn.example.io/a/b/at/c/Slack_RGB.svg)"
    assert notes == ["Pictures in its text are links now: pages here load nothing from elsewhere."]


def test_markdown_stays_as_it_is():
    code = "## 🎮Video Game Sales\n\nThis shows **sales** & data.\n\n[Data](https://a.example/b)"
    assert to_markdown(code) == (code, [])


@pytest.mark.parametrize("code", [None, 5, ["x"], {"a": 1}, ""])
def test_what_is_no_text_is_nothing(code):
    assert to_markdown(code) == ("", [])


def test_scripts_and_long_texts_are_told():
    notes = to_markdown("<script>x</script>" + "y" * 250_000)[1]
    assert notes == [
        "Text beyond 200,000 characters was left out.",
        "Scripts, forms and embedded pages in its text were left out.",
    ]
