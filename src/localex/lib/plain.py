"""Words that came from elsewhere, fit to be printed."""


def plain(text: str) -> str:
    """`text` with everything but letters, signs, spaces and ends of lines written as Python would escape it.

    A name may hold codes that a terminal obeys, or bytes that are no text at all and that no stream takes.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text)
