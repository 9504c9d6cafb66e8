"""What a scenario file may contain. The description of each field is its reference, here and in `lab schema`.

Only the structure is checked here. What the names mean (layers, data sets, optimizers, metrics, options) is checked
by whoever knows them, through `lab.tasks`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from lab.errors import InvalidValue
from lab.scenario.measured import Measured
from lab.scenario.names import explain_name, explain_variant_name
from lab.scenario.show import Show
from lab.scenario.try_next import Try
from lab.validation import Real, Settings, Whole, shown

if TYPE_CHECKING:
    from lab.scenario.expression import Expression

FORMAT = 1
"""The newest format of scenario files that this lab reads; it rises when a file changes its meaning."""
LARGEST_SEED = 2**32 - 1
MOST_SEEDS = 100
LARGEST_BATCH = 1_000_000
MOST_STEPS = 1_000_000_000
MOST_EPOCHS = 1_000_000
LARGEST_RATE = 1e6
ONLY_VARIANT = "base"  # the name of the one variant of a scenario that lists none


def _as_text(value: Any) -> Any:
    """A number as it is written; what YAML reads as yes or no, or as nothing, cannot be written back."""
    if isinstance(value, bool) or value is None:
        raise ValueError(f"YAML reads this as {shown(value)}, not as a text: write it in quotes")
    return f"{value:.15g}" if isinstance(value, int | float) else value


Written = Annotated[str, BeforeValidator(_as_text)]
"""A text, which may be a number."""


class Question(Settings):
    """A question to answer before the run."""

    ask: str = Field(min_length=1, description="The question.")
    choices: list[Written] = Field(min_length=2, max_length=9, description="Two to nine possible answers.")
    answer: Written = Field(description="The right one of the choices, word for word.")
    because: str = Field(min_length=1, description="Why it is right, shown after the reader has answered.")

    @model_validator(mode="after")
    def _answer_is_a_choice(self) -> Question:
        if self.answer not in self.choices:
            listing = "; ".join(self.choices)
            problem = f"{self.answer!r} is none of the choices; write one of them word for word: {listing}."
            raise InvalidValue(("question", "answer"), problem)
        return self


class Optimizer(Settings):
    """How the weights are changed. Each optimizer has settings of its own beside these, such as `momentum`."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(default="sgd", min_length=1, description="The optimizer: sgd, adam, …")
    rate: Real = Field(default=0.01, ge=0, le=LARGEST_RATE, allow_inf_nan=False, description="The learning rate.")

    @property
    def extra(self) -> dict[str, Any]:
        """The settings beside name and rate, as they stand in the file."""
        return dict(self.model_extra or {})

    @property
    def given(self) -> dict[str, Any]:
        """All settings that stand in the file; `rate` is left to the optimizer where it does not."""
        return self.extra | ({"rate": self.rate} if "rate" in self.model_fields_set else {})


class Stop(Settings):
    """When a training ends before its last step, and which weights are kept."""

    when: str = Field(
        min_length=1,
        examples=["val_loss"],
        description="The metric to go by, such as `val_loss`, which is to fall, or `val_accuracy`; it must be watched.",
    )
    patience: Annotated[Whole, Field(ge=1, le=MOST_STEPS)] | None = Field(
        default=None,
        examples=[10],
        description="Stop when so many measurements in a row were not better than the best; without it all steps are "
        "done.",
    )
    least: Real = Field(
        default=0,
        ge=0,
        le=1e30,
        allow_inf_nan=False,
        examples=[0.001],
        description="By how much it must get better to count.",
    )
    keep: Literal["best", "last"] = Field(
        default="best",
        examples=["last"],
        description="The weights that are kept: those of the best measurement, or of the end.",
    )


class Train(Settings):
    """How long is trained, on how many examples at a time, and how often is measured."""

    batch: Annotated[
        int | Literal["all"],
        WithJsonSchema(
            {"anyOf": [{"type": "integer", "minimum": 1, "maximum": LARGEST_BATCH}, {"type": "string", "const": "all"}]}
        ),
    ] = Field(default=32, description="Examples per step; `all` is full batch, in the data's order.")
    steps: Whole = Field(default=1000, ge=1, le=MOST_STEPS, description="Number of training steps.")
    epochs: Annotated[Whole, Field(ge=1, le=MOST_EPOCHS)] | None = Field(
        default=None,
        examples=[20],
        description="In place of `steps`: how many times training sees every example. That is epochs × examples / "
        "`batch` steps, rounded up; a batch may end one epoch and begin the next.",
    )
    measure: Whole = Field(default=20, ge=1, le=MOST_STEPS, description="Measure every this many steps.")
    seed: Whole = Field(
        default=0,
        ge=0,
        le=LARGEST_SEED,
        description="The first seed; `--seeds 3` counts from here. Same seed, same run.",
    )
    seeds: Whole = Field(
        default=1,
        ge=1,
        le=MOST_SEEDS,
        description="How many seeds are run, beginning with `seed`, where nobody says how many; curves are then bands.",
    )
    stop: Stop | None = Field(
        default=None,
        examples=[{"when": "val_loss", "patience": 10}],
        description="Early stopping, and the best weights: `{when: val_loss, patience: 10}`.",
    )

    @model_validator(mode="after")
    def _one_length(self) -> Train:
        if self.epochs is not None and "steps" in self.model_fields_set:
            problem = "steps and epochs exclude each other: both say how long is trained, so leave out one of them."
            raise InvalidValue(("train", "epochs"), problem, at_key=True)
        return self

    @property
    def uncounted(self) -> bool:
        """Whether the length is said in epochs of which nobody has counted yet how many steps they are."""
        return self.epochs is not None and "steps" not in self.model_fields_set

    @property
    def length(self) -> str:
        """How long is trained, in words: "2,000 steps", "20 epochs"."""
        number, noun = (self.steps, "step") if self.epochs is None else (self.epochs, "epoch")
        return f"{number:,} {noun}{'s' * (number != 1)}"

    @property
    def own_seeds(self) -> tuple[int, ...]:
        """The seeds that are run where nobody says which."""
        return tuple(range(self.seed, self.seed + self.seeds))

    @field_validator("batch", mode="before")
    @classmethod
    def _batch_is_sensible(cls, value: Any) -> Any:
        if value == "all":
            return value
        whole = int(value) if isinstance(value, float) and value.is_integer() else value
        if isinstance(whole, bool) or not isinstance(whole, int) or not 1 <= whole <= LARGEST_BATCH:
            raise ValueError(
                f"{shown(value)} is not allowed here: it must be a whole number from 1 to {LARGEST_BATCH:,}, or all."
            )
        return whole


class Claim(Settings):
    """Something that must turn out to be true, and the measurement that decides it."""

    says: str = Field(min_length=1, description="The claim in words.")
    that: str = Field(
        min_length=1,
        description="The same as an expression over measured curves, such as `last(hot.loss) > last(good.loss) + 0.2`.",
    )

    @cached_property
    def expression(self) -> Expression:
        """`that`, parsed. Raises InvalidExpression if it does not parse or is not something that holds or not."""
        from lab.scenario.expression import parse_claim

        return parse_claim(self.that)


class Block(Settings):
    """Layers that are defined once, by a name, and used by that name in `model`, as a layer is."""

    parameters: dict[str, Any] = Field(
        default_factory=dict,
        max_length=20,
        description="What may differ from use to use, with the values where a use says nothing; one without a value "
        "(`channels:` alone) must be given. `$channels` stands for it in the layers.",
    )
    layers: list[Annotated[Any, WithJsonSchema({"type": ["string", "object"]})]] = Field(
        min_length=1, max_length=1000, description="The layers, as in `model`."
    )


class Scenario(Settings):
    """One experiment: what is trained, in which variants, and what is claimed about the outcome."""

    format: Whole = Field(
        default=1,
        ge=1,
        le=FORMAT,
        examples=[1],
        description="The format of this file. There is one so far, which is the default.",
    )
    title: str = Field(min_length=1, max_length=120, description="A short title.")
    chapter: str = Field(default="", description="The chapter of the curriculum to which it belongs.")
    idea: str = Field(default="", description="One sentence: the claim of the lesson.")
    lesson: str = Field(default="", description="The lesson, in Markdown.")
    takes: str = Field(
        default="", examples=["about ten minutes"], description="How long a run takes, in words, where it is long."
    )
    question: Question | None = Field(default=None, description="A question to answer before the run.")
    task: str = Field(min_length=1, description="The kind of experiment: classify, regress, …")
    data: dict[str, Any] | None = Field(
        default=None,
        description="The data: `{name: spiral, …}` for a built-in set, or `{csv: path, target: column}`, "
        "`{npz: path}`; paths are relative to this file.",
    )
    model: list[Annotated[Any, WithJsonSchema({"type": ["string", "object"]})]] = Field(
        default_factory=list,
        max_length=1000,
        description="The layers from input to output: a name such as `relu`, or `{dense: 64}` for one with settings; "
        "`{dense: classes}` has as many units as the data has classes.",
    )
    blocks: dict[str, Block] = Field(
        default_factory=dict,
        max_length=100,
        description="Blocks of layers by name, which `model` uses as it uses layers: a list of layers, or `parameters` "
        "and `layers`.",
    )
    init: str | dict[str, Any] | None = Field(
        default=None,
        description="How weights begin: a name such as `he`, settings such as `{normal: 0.01}`, or "
        "`{from: weights.safetensors}`.",
    )
    optimizer: Optimizer = Field(default_factory=Optimizer, description="How the weights are changed.")
    train: Train = Field(default_factory=Train, description="How long is trained and how often is measured.")
    watch: list[str] = Field(default_factory=list, max_length=100, description="The metrics to measure and show.")
    options: dict[str, Any] = Field(default_factory=dict, description="Settings of the task.")
    variants: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        max_length=1000,
        description="What is compared: for each variant its differences from this file, by dotted path, such as "
        "`hot: {optimizer.rate: 5.0}`.",
    )
    show: Show = Field(
        default_factory=Show, description="How the run is shown; all of it can be left out, and is then chosen."
    )
    claims: list[Claim] = Field(default_factory=list, max_length=100, description="What must turn out to be true.")
    measured: dict[str, Measured] = Field(
        default_factory=dict,
        max_length=100,
        description="Numbers that the lesson states about its run, by name; `{name}` in the lesson, the idea or the "
        "question's `because` is filled in with what the reader's own run has measured.",
    )
    try_next: list[Try] = Field(
        default_factory=list,
        max_length=9,
        description="What to try after the run: each a changed run that can be started as it stands.",
    )

    @field_validator("measured")
    @classmethod
    def _measured_can_be_quoted(cls, measured: dict[str, Measured]) -> dict[str, Measured]:
        for name in measured:
            if problem := explain_name(name, "something measured"):
                raise InvalidValue(("measured", name), f"{problem}.", at_key=True)
        return measured

    @model_validator(mode="before")
    @classmethod
    def _format_is_known(cls, content: Any) -> Any:
        """Refuse a newer format before its keys are looked at, which would only be called unknown."""
        found = content.get("format") if isinstance(content, dict) else None
        if isinstance(found, int) and found > FORMAT:
            problem = (
                f"this file has format {found}, and this lab reads {FORMAT} at most: "
                f"it needs a newer lab, which `pip install --upgrade backprop-lab` brings."
            )
            raise InvalidValue(("format",), problem)
        return content

    @field_validator("model")
    @classmethod
    def _layers_have_names(cls, model: list[Any]) -> list[Any]:
        for number, layer in enumerate(model):
            if not (isinstance(layer, str) and layer) and not (isinstance(layer, dict) and layer):
                problem = (
                    f"{shown(layer)} is not a layer: write a name such as relu, or settings such as {{dense: 64}}."
                )
                raise InvalidValue(("model", number), problem)
        return model

    @field_validator("blocks", mode="before")
    @classmethod
    def _lists_are_blocks(cls, blocks: Any) -> Any:
        if not isinstance(blocks, dict):
            return blocks
        for name in blocks:
            if problem := explain_name(name, "a block"):
                raise InvalidValue(("blocks", name), f"{problem}.", at_key=True)
        return {name: {"layers": each} if isinstance(each, list) else each for name, each in blocks.items()}

    @field_validator("watch")
    @classmethod
    def _watched_once(cls, watch: list[str]) -> list[str]:
        for number, name in enumerate(watch):
            if name in watch[:number]:
                raise InvalidValue(("watch", number), f"{name!r} is there twice.")
        return watch

    @field_validator("variants")
    @classmethod
    def _variants_can_be_named_in_claims(cls, variants: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name in variants:
            if problem := explain_variant_name(name):
                raise InvalidValue(("variants", name), f"{problem}.", at_key=True)
        return variants
