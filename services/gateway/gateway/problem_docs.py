"""Explains every problem type from its class: `python -m gateway.problem_docs > docs/problems.md`."""

import re
import sys
import textwrap
from dataclasses import dataclass
from html import escape
from inspect import cleandoc

from afterwork.errors import AfterworkError, JobError, problem_types


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """One problem type. status: of the HTTP answer; None for what happens to jobs and never is an answer."""

    code: str
    title: str
    status: int | None
    text: str


def problem_pages() -> dict[str, ProblemPage]:
    """Code → page, in the order of `afterwork/errors`."""
    pages: dict[str, ProblemPage] = {}
    for error in problem_types():
        pages.setdefault(error.code, _page(error))
    return pages


def as_markdown(pages: dict[str, ProblemPage]) -> str:
    """All problem types as one document."""
    answers = [page for page in pages.values() if page.status is not None]
    ends = [page for page in pages.values() if page.status is None]
    parts = [_HEAD, *map(_section, answers), _JOBS, *map(_section, ends)]
    return "\n\n".join(parts) + "\n"


def as_html(page: ProblemPage) -> str:
    """One problem type as a page for a browser."""
    title = f"{page.code}: {page.title}"
    status = "" if page.status is None else f"<p>HTTP status {page.status}</p>\n"
    text = re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(page.text))
    return _PAGE.format(title=escape(title), status=status, text=text)


def _page(error: type[AfterworkError]) -> ProblemPage:
    status = None if issubclass(error, JobError) else error.status
    return ProblemPage(error.code, error.title, status, " ".join(cleandoc(error.__doc__ or "").split()))


def _section(page: ProblemPage) -> str:
    status = "" if page.status is None else f" · {page.status}"
    text = textwrap.fill(
        f"**{page.title}.** {page.text}", 120, break_long_words=False, break_on_hyphens=False
    )
    return f"### `{page.code}`{status}\n\n{text}"


_HEAD = """\
# Problems

Every error is a problem document (RFC 9457, `application/problem+json`) whose `type` is `/problems/<code>`; the gateway
serves the same texts there. This page is made from `library/afterwork/errors` by
`python -m gateway.problem_docs > docs/problems.md`; change it there.

## Answers to requests"""

_JOBS = """\
## How jobs and attempts end

These stand in a job's `error` and in its `history`."""

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body {{ font: 1.1rem/1.5 system-ui; margin: 3rem auto; max-width: 40rem; padding: 0 1rem }}</style>
<h1>{title}</h1>
{status}<p>{text}</p>
</html>
"""

if __name__ == "__main__":
    sys.stdout.write(as_markdown(problem_pages()))
