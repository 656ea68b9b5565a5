"""`/problems`: what a problem type means, for those who follow its address."""

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from afterwork import errors
from gateway.http.responses import problems
from gateway.problem_docs import as_html, problem_pages

router = APIRouter(prefix="/problems", tags=["problems"])


@router.get(
    "/{code}",
    operation_id="explain_problem",
    response_class=HTMLResponse,
    responses=problems(errors.NotFound),
)
async def explain_problem(code: str) -> HTMLResponse:
    """Explain a problem type."""
    page = problem_pages().get(code)
    if page is None:
        message = f"there is no problem type {code[:100]!r}"
        raise errors.NotFound(message)
    return HTMLResponse(as_html(page))
