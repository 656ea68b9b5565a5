"""The explanations of problem types."""

from pathlib import Path

import pytest

from afterwork.errors import AfterworkError, problem_types
from gateway.problem_docs import ProblemPage, as_html, as_markdown, problem_pages

PAGE = Path(__file__).parents[3] / "docs" / "problems.md"


def test_the_page_is_as_fresh_as_the_errors_it_is_made_from() -> None:
    assert PAGE.read_text(encoding="utf-8") == as_markdown(problem_pages()), (
        "docs/problems.md is stale: run python -m gateway.problem_docs > docs/problems.md"
    )


@pytest.mark.parametrize("error", [*problem_types()], ids=lambda error: error.__name__)
def test_every_error_is_explained(error: type[AfterworkError]) -> None:
    page = problem_pages()[error.code]

    assert page.title
    assert page.text.endswith(".")
    assert f"`{error.code}`" in as_markdown(problem_pages())


def test_a_page_shows_text_as_text() -> None:
    page = ProblemPage(code="x", title="<b> & co", status=400, text="Send `a < b`.")

    html = as_html(page)

    assert "<h1>x: &lt;b&gt; &amp; co</h1>" in html
    assert "<p>Send <code>a &lt; b</code>.</p>" in html
