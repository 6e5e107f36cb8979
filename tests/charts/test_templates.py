"""Text made of rows by templates."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest

from dashapp.charts import handlebars
from dashapp.charts.base import Empty, Text
from dashapp.charts.handlebars_words import Telling, moment_format
from dashapp.errors import Invalid
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, query

TABLE = pa.table(
    {
        "origin": ["EWR", "JFK", None],
        "flights": [1234567, 8, 0],
        "delay": [1.5, None, -3.25],
        "day": [datetime(2013, 3, 5, 14, 30)] * 3,  # noqa: DTZ001
    }
)
EACH = "{{#each data}}%s;{{/each}}"


def told(template, table=TABLE):
    """What a template writes of the rows, escaped by nothing."""
    rows = table.to_pylist()
    writing = handlebars.Writing(str, Telling())
    return writing.text(handlebars.parse(template), {"data": rows})


def text(template, table=TABLE):
    """The drawing's Markdown."""
    found = drawn("template", {"main": table}, template=template, metrics=["flights"])
    assert isinstance(found, Text), found
    return found.markdown


@pytest.mark.parametrize(
    ("template", "written"),
    [
        (EACH % "{{origin}}", "EWR;JFK;;"),
        (EACH % "{{this.origin}} {{@index}}/{{../data.length}}", "EWR 0/3;JFK 1/3; 2/3;"),
        (EACH % "{{#if origin}}{{origin}}{{else}}none{{/if}}", "EWR;JFK;none;"),
        (EACH % "{{#unless delay}}no delay{{/unless}}", ";no delay;;"),
        (EACH % "{{#if @first}}<{{/if}}{{#if @last}}>{{/if}}", "<;;>;"),
        (EACH % "{{#if flights}}{{#if delay}}both{{else}}one{{/if}}{{else if delay}}d{{/if}}",
         "both;one;d;"),
        (EACH % "{{#if (gt flights 10)}}many{{else if (eq flights 8)}}eight{{else}}few{{/if}}",
         "many;eight;few;"),
        (EACH % "{{#gt flights 10}}>{{else}}<={{/gt}}", ">;<=;<=;"),
        ("{{data.0.origin}} {{data.[1].origin}} {{data.9.origin}}", "EWR JFK "),
        ("{{#with data.[0]}}{{origin}}{{/with}}", "EWR"),
        ("{{#data}}{{origin}},{{/data}}{{^data}}none{{/data}}", "EWR,JFK,,"),
        ("{{#each data.[0]}}{{@key}} {{/each}}", "origin flights delay day "),
        ("{{! a remark }}{{!-- {{another}} --}}x", "x"),
        ("a {{~ data.0.origin ~}} b", "aEWRb"),
        ("{{{data.0.origin}}} {{&data.0.origin}}", "EWR EWR"),
        ("{{lookup data.[0] 'origin'}} {{lookup (lookup data 1) \"origin\"}}", "EWR JFK"),
        ("{{formatNumber data.0.flights ',.2f'}} {{formatNumber data.0.flights}}",
         "1,234,567.00 1,234,567"),
        ("{{formatNumber data.0.flights 'de-DE'}}", "1.234.567"),
        ('{{dateFormat data.0.day format="MMMM Do [at] HH:mm"}}'.replace(" Do", " D"),
         "March 5 at 14:30"),
        ("{{dateFormat data.0.day}} {{dateFormat 0 format='YYYY'}}", "2013-03-05 1970"),
        ("{{uppercase 'ab'}} {{capitalizeFirst 'ab'}} {{concat 'a' 1 true}}", "AB Ab a1true"),
        ("{{sum 1 2 3.5}} {{multiply 2 4}} {{divide 1 0}} {{toFixed 2.346 2}} {{round 2.5}}",
         "6.5 8  2.35 3"),
        ("{{stringify data.[0].origin}} {{join data.missing}} {{length data}}", '"EWR"  3'),
        ("{{missing.deep.er}}{{../../up}}{{true}}{{5}}{{'x'}}", "true5x"),
        ("{{#with data.0}}{{origin}}{{/with}}{{COUNT(*)}}{{this.SUM(a b)}}", "EWR"),
        ("{ not {a} tag } }}", "{ not {a} tag } }}"),
    ],
)  # fmt: skip
def test_templates_write_values(template, written):
    assert told(template) == written


@pytest.mark.parametrize(
    "template",
    [
        "{{#each data}}", "{{/each}}", "{{#each data}}{{/if}}", "{{else}}", "{{#wrong a}}{{/wrong}}",
        "{{wrong a b}}", "{{> part}}", "{{(gt 1}}", "{{gt 1 2)}}", "{{a=}}", "{{eq 'x}}",
        "{{#if a}}{{else}}{{else}}{{/if}}", "{{" + "a" * 2000 + "}}",
        "{{#if a}}" * 40 + "{{/if}}" * 40, "{{" + "(not " * 40 + "a" + ")" * 40 + "}}",
    ],
)  # fmt: skip
def test_templates_that_make_no_sense_say_why(template):
    with pytest.raises(Invalid, match=r"template|no “|There is"):
        handlebars.parse(template)
    found = drawn("template", {"main": TABLE}, template=template, metrics=["flights"])
    assert isinstance(found, Empty)
    assert found.reason == "not_configured"


def test_templates_cannot_keep_the_server_busy():
    nested = "{{#each data}}" * 9 + "x" + "{{/each}}" * 9
    many = pa.table({"flights": list(range(1000))})
    for template in (
        nested.replace("data", "../data").replace("../data", "data", 1),
        EACH % nested,
    ):
        found = drawn("template", {"main": many}, template=template, metrics=["flights"])
        assert isinstance(found, Empty | Text)
    endless = "{{#each data}}{{#each ../data}}x{{/each}}{{/each}}"
    with pytest.raises(Invalid, match="too much"):
        told(endless, pa.table({"flights": list(range(2000))}))


@pytest.mark.parametrize(
    "word", ["sum ../data", "join ../data", "stringify ../data", "eq ../data ../data"]
)
def test_words_that_go_through_all_rows_for_every_row_are_too_much(word):
    many = pa.table({"flights": list(range(2000))})
    with pytest.raises(Invalid, match="too much"):
        told(f"{{{{#each data}}}}{{{{#if ({word})}}}}{{{{/if}}}}{{{{/each}}}}", many)


def test_loops_that_write_nothing_are_steps_too():
    many = pa.table({"flights": list(range(2000))})
    with pytest.raises(Invalid, match="too much"):
        told("{{#each data}}{{#each ../data}}{{/each}}{{/each}}", many)


def test_the_count_of_rows_may_stand_in_every_row():
    many = pa.table({"flights": list(range(2000))})
    assert told("{{#each data}}{{length ../data}}{{/each}}", many) == "2000" * 2000


@pytest.mark.parametrize("ugly", ["{{", "{{#if ", "{{[", "}}", "{{!--", "{{{", "{{a b='"])
def test_ugly_templates_are_read_once(ugly):
    drawn("template", {"main": TABLE}, template=ugly * 7_000, metrics=["flights"])


def test_html_of_a_template_is_markdown():
    template = (
        "<h2>{{data.length}} airports</h2><ul>{{#each data}}<li><b>{{origin}}</b>{{/each}}</ul>"
    )
    assert text(template) == "## 3 airports\n\n- **EWR**\n- **JFK**"


def test_markdown_of_a_template_stays_and_data_is_only_text():
    table = pa.table({"origin": [*HOSTILE, "# no *head* [x](javascript:1) ![p](https://e.x/y)"]})
    found = drawn(
        "template", {"main": table}, dimensions=[{"column": "origin"}],
        template="# Title\n\n{{#each data}}- {{origin}}\n{{/each}}",
    )  # fmt: skip
    assert found.markdown.startswith("# Title\n\n- ")
    for harm in ("<", "](", "![", " *head*", "javascript:"):
        assert harm not in found.markdown
    assert "\\# no \\*head\\*" in found.markdown
    assert found.summary.startswith("Title - <a href=")


def test_links_of_a_template_lead_to_pages_only():
    table = pa.table({"origin": ["javascript:alert(1)", "https://a.example/x?y=1&z=2"]})
    template = "{{#each data}}<p><a href='{{origin}}'>here</a></p>{{/each}}"
    found = drawn("template", {"main": table}, template=template, columns=["origin"])
    assert found.markdown == "here\n\n[here](https://a.example/x?y=1&z=2)"


def test_rows_are_asked_raw_or_grouped():
    raw = query("template", template="x", columns=["origin", "delay"], limit=None)
    assert (raw.columns, raw.limit) == (("origin", "delay"), None)
    grouped = query(
        "template", template="x", dimensions=[{"column": "origin"}], metrics=["flights"]
    )
    assert [(o.by, o.descending) for o in grouped.order] == [("flights", True)]
    assert grouped.limit == 100
    with pytest.raises(Invalid, match="that the template writes"):
        query("template", template="x")


def test_templates_without_rows_are_empty_unless_they_say_what_else():
    nothing = TABLE.slice(0, 0)
    options = {"metrics": ["flights"]}
    found = drawn("template", {"main": nothing}, template="x {{data.length}}", **options)
    assert found.reason == "no_rows"
    assert text("{{#each data}}x{{else}}All is well.{{/each}}", nothing) == "All is well."
    assert drawn("template", {"main": TABLE}, **options).reason == "not_configured"
    assert drawn("template", {"main": TABLE}, template="{{x}}", **options).reason == "no_rows"


def test_metrics_are_named_with_their_brackets():
    table = pa.table({"SUM(sales)": [5], "Net sales": [3]})
    template = (
        "{{#each data}}{{SUM(sales)}} {{this.SUM(sales)}} {{[SUM(sales)]}} {{[Net sales]}}{{/each}}"
    )
    assert told(template, table) == "5 5 5 3"


def test_letters_of_moments_become_d3():
    assert moment_format("DD/MM/YY hh:mm A [100%]") == "%d/%m/%y %I:%M %p 100%%"


def test_the_warehouses_rows_are_written(tmp_path):
    with flying(tmp_path) as source:
        found = asked(
            "template", source, dimensions=[{"column": "origin"}], metrics=["flights"],
            template="{{#each data}}{{origin}}: {{flights}}\n{{/each}}",
        )  # fmt: skip
        assert len(found.markdown.strip().split("\n")) == 3
        assert "EWR: 13" in found.markdown
