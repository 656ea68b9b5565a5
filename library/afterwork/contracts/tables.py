"""`table.process`: what is to be done with a table, and what comes of it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, JsonValue, Tag, model_validator

from afterwork.contracts.base import Contract, Frozen
from afterwork.contracts.objects import RECEIPTS, ObjectName, is_receipt
from afterwork.contracts.table_steps import ColumnName, Steps
from afterwork.expressions import ValueKind

MAX_RECORDS = 100_000


class TableFormat(StrEnum):
    """How a table is written. `json`: an array of objects. `ndjson`: an object a line. `tsv`: CSV with tabs."""

    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    NDJSON = "ndjson"
    PARQUET = "parquet"


class Encoding(StrEnum):
    """What the characters of a text file are written as. A byte order mark says more than this does."""

    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    UTF_16_LE = "utf-16-le"
    UTF_16_BE = "utf-16-be"
    UTF_32 = "utf-32"
    LATIN_1 = "latin-1"
    LATIN_9 = "iso-8859-15"
    CP1250 = "cp1250"
    CP1251 = "cp1251"
    CP1252 = "cp1252"
    CP1253 = "cp1253"
    CP1254 = "cp1254"
    KOI8_R = "koi8-r"
    SHIFT_JIS = "shift_jis"
    EUC_JP = "euc-jp"
    EUC_KR = "euc-kr"
    GB18030 = "gb18030"
    BIG5 = "big5"


class RecordSource(Frozen):
    """Rows that stand in the job itself. A column that a record lacks is null there."""

    records: Annotated[list[dict[ColumnName, JsonValue]], Field(max_length=MAX_RECORDS)]


class ObjectSource(Frozen):
    """A table in a store.

    format: by the ending of the key if left out. encoding: of text files. What follows is for CSV and TSV alone.
    header: whether the first row names the columns. nulls: words that mean null, besides a field with nothing in it.
    infer_types: whether columns of numbers, dates, timestamps, true and false become such; otherwise all is text.
    """

    object: ObjectName
    format: TableFormat | None = None
    encoding: Encoding = Encoding.UTF_8
    delimiter: Annotated[str, Field(pattern=r"^[\t -!#-~]$")] | None = None
    header: bool = True
    nulls: Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=20)] = []  # noqa: RUF012 - pydantic copies it for each model
    infer_types: bool = True

    @model_validator(mode="after")
    def _has_format(self) -> Self:
        format_of(self.object, self.format)
        return self


class ObjectOutput(Frozen):
    """The table is written as an object, in place of one that is there. format: by the ending of the key."""

    object: ObjectName
    format: TableFormat | None = None

    @model_validator(mode="after")
    def _is_no_receipt(self) -> Self:
        if is_receipt(self.object):
            raise ValueError(f"the store {RECEIPTS} is written by the services alone")
        return self

    @model_validator(mode="after")
    def _has_format(self) -> Self:
        format_of(self.object, self.format)
        return self


class InlineOutput(Frozen):
    """The rows stand in the job's result, which has at most 1 MiB."""

    inline: Literal[True] = True


_ENDINGS = {
    "csv": TableFormat.CSV,
    "tsv": TableFormat.TSV,
    "tab": TableFormat.TSV,
    "json": TableFormat.JSON,
    "ndjson": TableFormat.NDJSON,
    "jsonl": TableFormat.NDJSON,
    "parquet": TableFormat.PARQUET,
    "pq": TableFormat.PARQUET,
}


def format_of(name: str, said: TableFormat | None) -> TableFormat:
    """The format of an object, as it is said or by the ending of its name. Raises ValueError if neither tells."""
    if said is not None:
        return said
    found = _ENDINGS.get(name.rpartition("/")[2].rpartition(".")[2].lower())
    if found is None:
        raise ValueError(f"the name does not tell the format; say format: {', '.join(TableFormat)}")
    return found


def _is_object(value: Any) -> str:  # noqa: ANN401 - whatever was sent, or a model
    has_object = "object" in value if isinstance(value, Mapping) else hasattr(value, "object")
    return "object" if has_object else "given"


Source = Annotated[
    Annotated[ObjectSource, Tag("object")] | Annotated[RecordSource, Tag("given")], Discriminator(_is_object)
]
Output = Annotated[
    Annotated[ObjectOutput, Tag("object")] | Annotated[InlineOutput, Tag("given")], Discriminator(_is_object)
]

_EXAMPLE: JsonValue = {
    "source": {"object": "inbox/orders.csv"},
    "steps": [
        {"op": "filter", "where": "quantity > 0"},
        {"op": "group", "by": ["city"], "aggregate": {"total": "sum(price * quantity)"}},
        {"op": "sort", "by": ["-total"]},
    ],
    "output": {"object": "results/by-city.csv"},
}


class ProcessTable(Contract, kind="table.process", queue="processor", max_attempts=5, timeout=600):
    """Read a table, take it through steps, and write what comes out: see `docs/tables.md`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    source: Source
    steps: Steps = []  # noqa: RUF012 - pydantic copies it for each model
    output: Output = InlineOutput()

    @model_validator(mode="after")
    def _leads_elsewhere(self) -> Self:
        """A table written over its own source could not be processed again after a crash."""
        match self.source, self.output:
            case ObjectSource(object=source), ObjectOutput(object=output) if source == output:
                raise ValueError("output is the source itself")
        return self


class TableColumn(Frozen):
    """A column of what came out. type: the kind of its values."""

    name: str
    type: ValueKind


class WrittenObject(Frozen):
    """The object that was written. bytes: its size. sha256: of its content, in hexadecimal."""

    object: str
    bytes: int
    sha256: str


class TableResult(Frozen):
    """What a table job has done.

    rows: all that came out, if they were asked for inline; otherwise `output` names the object, and preview has the
    first rows, 20 at most, long texts cut. warnings: what could not be computed and became null, or was renamed.
    seconds: from opening the source to the end of writing. peak_memory: bytes; None where the system does not tell.
    """

    rows_in: int
    rows_out: int
    columns: list[TableColumn]
    output: WrittenObject | None = None
    rows: list[dict[str, JsonValue]] | None = None
    preview: list[dict[str, JsonValue]] = []  # noqa: RUF012 - pydantic copies it for each model
    warnings: list[str] = []  # noqa: RUF012 - the same
    engine: Literal["pandas"] = "pandas"
    seconds: float
    peak_memory: int | None = None
