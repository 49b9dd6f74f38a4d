"""From what people type to PostgreSQL's text search queries."""

import re

from django.db.models import Func, Value
from django.db.models.expressions import Combinable, CombinedExpression

from localex.listings.vectors import CONFIGURATIONS

MIN_PREFIX = 2  # product.md: suggestions from 2 letters
_WORD = re.compile(r"\w+")


class _Query(Func):
    """A function that makes a tsquery with a named configuration."""

    template = "%(function)s('%(configuration)s'::regconfig, %(expressions)s)"


def split_prefix(words: str) -> tuple[str, str]:
    """What is complete, and the last word when it may still be in the making.

    Quoted phrases, exclusions (-word) and words with other signs in them are left to websearch_to_tsquery.
    """
    head, _, last = words.strip().rpartition(" ")
    is_plain = _WORD.fullmatch(last) and len(last) >= MIN_PREFIX and head.count('"') % 2 == 0
    return (head.strip(), last) if is_plain and last.lower() not in ("or", "and") else (words.strip(), "")


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
        parts.append(_Query(Value(f"{last}:*"), function="to_tsquery", configuration=configuration))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else CombinedExpression(parts[0], "&&", parts[1])
