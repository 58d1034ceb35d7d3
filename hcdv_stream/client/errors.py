"""What a call may raise instead of an answer."""

from http import HTTPStatus

import httpx
from pydantic import ValidationError

from hcdv_stream.api.models.answers import ProblemDetails
from hcdv_stream.errors import HcdvError


class NotReachedError(HcdvError):
    """There was no answer at all."""

    def __init__(self, address: str, cause: Exception) -> None:
        said = str(cause) or type(cause).__name__
        super().__init__(f"{address} does not answer ({said}): see that the API runs there")


class ApiError(HcdvError):
    """The API answered with a problem.

    ``name`` tells problems apart: ``unknown-example``, ``view-gone``, ``behind``, ``no-key``, ...;
    it is ``about:blank`` for those that the status says everything of.
    """

    def __init__(self, problem: ProblemDetails) -> None:
        super().__init__(f"{problem.title}: {problem.detail}")
        self.problem = problem
        self.status = HTTPStatus(problem.status)
        self.name = problem.type.rpartition(":problem:")[2]


def error_of(answer: httpx.Response) -> ApiError:
    """Return the error that an answer is; also of what is no answer of this API."""
    try:
        return ApiError(ProblemDetails.model_validate_json(answer.content))
    except ValidationError:
        status = answer.status_code
        return ApiError(
            ProblemDetails(
                type="about:blank",
                title=answer.reason_phrase or "Error",
                status=status,
                detail=f"{answer.url} answered {status}, which is none of this API's answers",
                instance=answer.url.path,
            )
        )
