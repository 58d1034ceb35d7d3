"""What requests ask with: a consistent view, and the weights that values are read under."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request

from hcdv_stream.api.models import Answer, WeightsUsed
from hcdv_stream.api.problems import invalid, unavailable
from hcdv_stream.api.refresher import Refresher
from hcdv_stream.api.valuation import Valuation
from hcdv_stream.api.view import View
from hcdv_stream.valuation.weights import Weights

Utility = Annotated[
    str | None, Query(description="balanced, accuracy or class:<label>; default: HCDV_UTILITY.")
]
Beta = Annotated[
    float | None,
    Query(ge=0, le=1, description="The peers' share of the judgement; default: HCDV_BETA."),
]
Lambda = Annotated[
    float | None,
    Query(
        alias="lambda",
        ge=0,
        allow_inf_nan=False,
        description="Weight of the cross-label contrast; default: HCDV_LAM.",
    ),
]


@dataclass(frozen=True, slots=True)
class Asked:
    """One view and one choice of weights: everything in an answer comes from them."""

    view: View
    valuation: Valuation

    def answer(self) -> Answer:
        """Return what every answer says besides its values."""
        weights = self.valuation.weights
        used = weights and WeightsUsed(utility=weights.utility, beta=weights.beta, lam=weights.lam)
        return Answer(weights=used, as_of=self.view.as_of)


async def refresher_of(request: Request) -> Refresher:
    """Return the refresher that the application was built with."""
    refresher: Refresher = request.app.state.refresher
    return refresher


async def asked(
    request: Request,
    refresher: Annotated[Refresher, Depends(refresher_of)],
    utility: Utility = None,
    beta: Beta = None,
    lam: Lambda = None,
) -> Asked:
    """Take the view that is current now, and the weights asked for."""
    view = refresher.view
    if view is None:
        raise unavailable(refresher.missing)
    defaults: Weights = request.app.state.weights
    chosen = (utility, beta, lam)
    if view.game != "routed" and chosen == (None, None, None):
        weights = None
    else:
        try:
            weights = Weights(
                defaults.utility if utility is None else utility,
                defaults.beta if beta is None else beta,
                defaults.lam if lam is None else lam,
            )
        except ValueError as error:
            raise invalid("utility", str(error)) from error
    try:
        return Asked(view, view.valued(weights))
    except ValueError as error:
        raise invalid("utility", str(error)) from error


AskedNow = Annotated[Asked, Depends(asked)]
