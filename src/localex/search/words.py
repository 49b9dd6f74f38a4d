"""From what people type to PostgreSQL's text search queries."""

import re
from typing import Any

from django.db.models import Func, Value
from django.db.models.expressions import Combinable, CombinedExpression

from localex.listings.vectors import CONFIGURATIONS

MIN_PREFIX = 2  # product.md: suggestions from 2 letters
_WORD = re.compile(r"\w+")


class _Query(Func):
    """A function that makes a tsquery with a named configuration."""

    template = "%(function)s('%(configuration)s'::regconfig, %(expressions)s)"


class _Prefix(Func):
    """Every word that begins like this one, whether the beginning is stemmed or not: English makes "bici" of "bicy",
    which no stem of a bicycle begins with. A stop word asks for nothing. Only constants go in, so all of it is decided
    when the query is planned."""

    template = (
        "CASE WHEN numnode(to_tsquery('%(configuration)s'::regconfig, %(beginning)s)) = 0 THEN ''::tsquery"
        " ELSE to_tsquery('%(configuration)s'::regconfig, %(beginning)s) || to_tsquery('simple', %(beginning)s) END"
    )

    def __init__(self, word: str, configuration: str) -> None:
        super().__init__(Value(f"{word}:*"), configuration=configuration)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:
        sql, params = compiler.compile(self.source_expressions[0])
        return self.template % {**self.extra, "beginning": sql}, (*params, *params, *params)


def split_prefix(words: str) -> tuple[str, str]:
    """What is complete, and the last word when it may still be in the making.

    Quoted phrases, exclusions (-word), alternatives (or) and words with other signs in them are left to
    websearch_to_tsquery.
    """
    whole = words.strip()
    head, _, last = whole.rpartition(" ")
    is_plain = _WORD.fullmatch(last) and len(last) >= MIN_PREFIX and head.count('"') % 2 == 0
    return (head.strip(), last) if is_plain and "or" not in whole.lower().split() else (whole, "")


def tsquery(words: str, language: str) -> Combinable | None:
    """The query for `words` in a language: all of them stemmed, the last also as the beginning of a longer word.

    Websearch syntax: "a phrase", -without, or. None without words.
    """
    complete, last = split_prefix(words)
    configuration = CONFIGURATIONS.get(language.lower(), "simple")
    parts: list[Combinable] = []
    if complete:
        parts.append(_Query(Value(complete), function="websearch_to_tsquery", configuration=configuration))
    if last:
        parts.append(_Prefix(last, configuration))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else CombinedExpression(parts[0], "&&", parts[1])
