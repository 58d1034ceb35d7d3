"""Answers about labels that are probably wrong."""

from pydantic import Field

from hcdv_stream.api.models.answers import DoubtEvidence, Model, PageAnswer


class Suspect(Model):
    """An example whose label is probably wrong."""

    id: str = Field(examples=["s000017"])
    label: str = Field(description="The label that it was given.", examples=["buy"])
    suggested: str = Field(
        description="The class that the models find likeliest instead.", examples=["bounce"]
    )
    doubt: float = Field(
        description="The probability that the label is wrong, by the bundle's frozen doubt model.",
        examples=[0.93],
    )
    doubt_evidence: DoubtEvidence = Field(
        description="What the doubt rests on: calibrated by V (`validation`) or by other examples "
        "alone (`examples`: the order is good, the level is not); `seen`: the models have learned "
        "from this very row, so the doubt is too small.",
        examples=["validation"],
    )
    value: float = Field(description="Shapley value in the whole corpus.", examples=[-0.0000187])
    stderr: float = Field(description="Standard error of the value.", examples=[0.0000021])
    why: str = Field(
        description="What speaks against the label: what each model gives it, and whether its "
        "neighbours value it.",
        examples=[
            "the models give this label trees 4%, logistic 9%, boosting 3%; without the contrast "
            "its value is below 0"
        ],
    )
    provider: str | None = Field(examples=["shop-a"])
    event_time: float = Field(description="Seconds since the epoch.", examples=[1764032401.5])
    partition: int = Field(examples=[0])
    leaf: str = Field(description="Id of its leaf's coalition.", examples=["p0-l31"])


class SuspectsAnswer(PageAnswer):
    """Suspects, the most doubtful first, ties by id."""

    suspects: list[Suspect]
    threshold: float = Field(description="Doubts are above that.", examples=[0.5])
    doubted: int = Field(
        description="How many of all examples have a doubt: none where the bundle has no doubt "
        "model.",
        examples=[61823],
    )
    expected_wrong: float = Field(
        description="How many labels are wrong, by the sum of all doubts.", examples=[5120.4]
    )
