"""What ``/v1/payouts`` takes and answers."""

from typing import Literal

from pydantic import ConfigDict, Field

from hcdv_stream.api.models.answers import Model, PageAnswer


class Balance(Model):
    """What a provider's account carried over from an earlier settlement."""

    model_config = ConfigDict(extra="ignore")

    provider: str | None = Field(
        description="null: the examples that name no provider.", examples=["shop-b"]
    )
    balance: int = Field(le=0, description="In minor units.", examples=[-1200])


class PayoutsRequest(Model):
    """What accounts carried over from the last settlement; those with 0 may be left out."""

    balances: list[Balance] = Field(
        max_length=100_000, description="Each provider once: entries of `payouts` will do."
    )


class Payout(Model):
    """What a provider gets."""

    provider: str | None = Field(
        description="null: the examples that name no provider.", examples=["shop-a"]
    )
    examples: int = Field(examples=[20400])
    value: float = Field(examples=[0.231])
    amount: int = Field(description="In minor units.", examples=[33971])
    balance: int = Field(
        description="What is carried over to the next settlement, in minor units: 0, or less than "
        "0 if the claim was.",
        examples=[0],
    )


class PayoutsAnswer(PageAnswer):
    """An amount among the providers: the payouts' amounts add up to it exactly."""

    amount: int = Field(
        description="The pot, in minor units, cents for instance.", examples=[100000]
    )
    rule: Literal["balance", "margin"] = Field(
        description="`balance`: claims are values at one rate plus what was carried over; those "
        "below 0 are carried over. `margin`: claims are Σφ − √Σφ² and nothing is carried.",
        examples=["balance"],
    )
    rate: float = Field(
        description="Minor units for a value of 1: the payments then add up to the pot.",
        examples=[147060.2],
    )
    carried: int = Field(
        description="The balances of all accounts together, in minor units.", examples=[-310]
    )
    value: float = Field(
        description="What all examples are worth together, v(D) − v(∅), those without a provider "
        "among them. It falls when wrong labels flood in.",
        examples=[0.68],
    )
    value_stderr: float | None = Field(
        None,
        description="The standard error of `value`: how much another V of the same size would "
        "change it. null under weights other than those of payouts.",
        examples=[0.03],
    )
    copies: int = Field(
        0,
        description="Examples that were taken out because they are copies of one in another "
        "partition. Copies in the same partition are worth 0 and not among them.",
        examples=[12],
    )
    payouts: list[Payout]
