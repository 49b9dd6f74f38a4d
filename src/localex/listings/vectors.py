"""The search vector of a listing as one immutable SQL expression, computed by the database on every write."""

from typing import Any

from django.db.models import Func

# Language of a listing to PostgreSQL's text search configuration; whatever is not here is searched unstemmed.
CONFIGURATIONS = {
    "en": "english",
    "de": "german",
    "es": "spanish",
    "fr": "french",
    "pt-br": "portuguese",
    "ar": "arabic",
}


class Configuration(Func):
    """The text search configuration of a language column.

    Written out as CASE: a cast of text to regconfig depends on the search path and is not immutable, so a generated
    column refuses it; a literal is resolved once, when the table is made.
    """

    arity = 1
    template = (
        "CASE %(expressions)s "
        + " ".join(f"WHEN '{code}' THEN '{name}'::regconfig" for code, name in CONFIGURATIONS.items())
        + " ELSE 'simple'::regconfig END"
    )


class WeightedText(Func):
    """`text` of a row as a tsvector in the row's language, with one of PostgreSQL's four weights."""

    arity = 2
    template = "setweight(to_tsvector(%(expressions)s), '%(weight)s')"

    def __init__(self, language: Any, text: Any, *, weight: str = "D", **extra: Any) -> None:
        configuration = language if isinstance(language, Configuration) else Configuration(language)
        super().__init__(configuration, text, weight=weight, **extra)


class Joined(Func):
    """Several tsvectors as one."""

    template = "(%(expressions)s)"
    arg_joiner = " || "


def listing_vector() -> Joined:
    """Title A, description B, brand C."""
    return Joined(
        WeightedText("language", "title", weight="A"),
        WeightedText("language", "description", weight="B"),
        WeightedText("language", "brand", weight="C"),
    )
