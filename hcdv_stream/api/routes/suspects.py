"""``/v1/suspects``: which labels are probably wrong, and which would be right."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from hcdv_stream.api.models.suspects import SuspectsAnswer
from hcdv_stream.api.problems import invalid
from hcdv_stream.api.queries.suspects import SUSPECTS, SuspectsParameters
from hcdv_stream.api.routes.cursors import Cursor, place_of, query_of, read_cursor
from hcdv_stream.api.routes.dependencies import ReadRequestNow
from hcdv_stream.api.routes.paging import CursorText, Limit, next_link
from hcdv_stream.api.routes.retry import RetryRoute
from hcdv_stream.api.views.filters import ExampleFilter
from hcdv_stream.valuation.selection import PROBABLY_WRONG

router = APIRouter(tags=["suspects"], route_class=RetryRoute)


@router.get("/v1/suspects", response_model=SuspectsAnswer)
async def list_suspects(
    *,
    read: ReadRequestNow,
    threshold: Annotated[
        float, Query(ge=0, le=1, description="Only doubts above that.", examples=[0.5])
    ] = PROBABLY_WRONG,
    provider: Annotated[
        str | None, Query(description="Only this provider's.", examples=["shop-a"])
    ] = None,
    anonymous: Annotated[bool, Query(description="Only those that name no provider.")] = False,
    label: Annotated[
        str | None, Query(description="Only those given this label.", examples=["buy"])
    ] = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """Examples whose label is probably wrong, the most doubtful first, each with a reason.

    A doubt is a probability and means the same in every class. It comes from the bundle's frozen
    model, and for a provider that `train` knew from models that had not seen its rows. Where the
    bundle has no doubt model there are none. All pages are of the state that the first one was
    answered from.
    """
    if anonymous and provider is not None:
        raise invalid(
            "anonymous", "an example without a provider is of no provider: give one of them"
        )
    only = ExampleFilter(provider=provider, anonymous=anonymous, label=label, doubt_above=threshold)
    query = query_of("suspects", read.chosen, only)
    begun = read_cursor(cursor, query)
    context = await read.context(at=begun.view if begun else None)
    classes = context.snapshot.classes
    if label is not None and label not in classes:
        raise invalid("label", f"there is no class {label!r}; there are {', '.join(classes)}")
    parameters = SuspectsParameters(limit=limit, after=place_of(begun), only=only)
    page = await context.corpus.ask(SUSPECTS, parameters)
    done = (begun.done if begun else 0) + len(page.suspects)
    more = None
    if page.suspects and done < page.total:
        last = page.suspects[-1]
        more = Cursor(
            view=context.snapshot.key, query=query, place=[last.doubt, last.id], done=done
        ).text()
    answer = SuspectsAnswer.model_construct(
        suspects=page.suspects,
        threshold=threshold,
        doubted=page.doubted,
        expected_wrong=page.expected_wrong,
        total=page.total,
        next=more,
        **context.answer(),
    )
    link = next_link(read.request, more)
    return await context.respond_list(lambda: answer, "suspects", len(page.suspects), link)
