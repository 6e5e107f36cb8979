"""Simple HTML as Markdown."""

from __future__ import annotations

import pytest

from dashapp.charts.markup import link, markdown


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("# Title\n\n- a\n- b", "# Title\n\n- a\n- b"),
        ("<h2>A <b>bold</b>\n title</h2>text", "## A **bold** title\n\ntext"),
        ("<p>one<p>two</p>", "one\n\ntwo"),
        ("a<br>b<hr/>c", "a  \nb\n\n---\n\nc"),
        ("some <i> slanted </i>and <strong></strong>none", "some  *slanted* and none"),
        ("<ul><li>a<li>b<ol><li>c</ol></ul>", "- a\n- b\n  1. c"),
        ("<blockquote><p>q</p>r</blockquote>", "> q\n>\n> r"),
        ("<table><tr><th>A<th>B<tr><td>1|2<td><b>3</b></table>",
         "| A | B |\n| --- | --- |\n| 1\\|2 | **3** |"),
        ("<pre>a &lt; b\n<b>c</b></pre>", "```\na < b\nc\n```"),
        ("x <code>a`b</code>", "x `a'b`"),
        ("    <div>\n        far in\n    </div>", "far in"),
        ("5 < 6 & 7 > 3 &amp; &lt;b&gt;", "5 < 6 & 7 > 3 &amp; &lt;b&gt;"),
        ("`<b>` and\n```\n<i>kept</i>\n```", "`<b>` and\n```\n<i>kept</i>\n```"),
        ("<https://a.example/b>", "[https://a.example/b](https://a.example/b)"),
        ("<a href='https://a.example/(x)'> here </a>!", " [here](https://a.example/%28x%29) !"),
        ("<a href='https://a.example'><h3>T</h3></a>", "### T"),
        ("<dl><dt>word<dd>meaning</dl>", "**word**\n\nmeaning"),
        ("a<!-- gone -->b<!doctype html>", "ab"),
        ("<DIV ALIGN=center>a</DIV></p></b>", "a"),
        ("", ""),
    ],
)  # fmt: skip
def test_simple_html_is_markdown(code, text):
    assert markdown(code)[0].strip() == text.strip()


def test_pictures_become_links_and_those_of_the_old_server_go():
    code = (
        '<img src="https://a.example/logo.svg"> ![alt](http://b.example/x.png "t") '
        '<img src="/static/x.png" alt="Babies">'
    )
    text, lost = markdown(code)
    assert text == ("[logo.svg](https://a.example/logo.svg) [alt](http://b.example/x.png) Babies")
    assert (lost.pictures, lost.dropped) == (2, 1)
    assert markdown("![a][b]")[0] == "[a][b]"


@pytest.mark.parametrize(
    "code",
    [
        "<script>alert(1)</script>",
        "<script>alert(1)",
        "<style>b {color: red}</style>",
        "<iframe src='https://a.example'>inside</iframe>",
        "<svg onload=alert(1)><p>x</p></svg>",
        "<form><input value=x><p>y</p></form>",
        "<!-- <b>x</b>",
    ],
)
def test_scripts_styles_and_frames_are_left_out(code):
    assert markdown(code)[0].strip() == ""


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JaVaScRiPt:x", "data:text/html,x", "//a.example", "x.html", "\\[::1"],
)
def test_links_lead_to_pages_only(address):
    assert link(address) == ""
    assert markdown(f'<a href="{address}">text</a>')[0] == "text"


def test_what_is_lost_is_known():
    assert markdown("<p style='color: red'>x</p>")[1].styles
    assert markdown("<button>x</button>")[1].scripts
    lost = markdown("**plain**")[1]
    assert (lost.pictures, lost.dropped, lost.scripts, lost.styles) == (0, 0, False, False)


@pytest.mark.parametrize(
    "code", ["<a ", "<div>", "<b", "<!--", "![a](", "`", '<a href="', "<li>", "&#", "<p><div>"]
)
def test_ugly_text_is_read_once(code):
    assert isinstance(markdown(code * 20_000)[0], str)


def test_text_without_end_is_cut():
    assert len(markdown("x" * 300_000)[0]) == 200_000
