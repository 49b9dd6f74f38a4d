"""Credits are whole numbers of hundredths everywhere; people see them without decimals when whole."""

HUNDREDTHS = 100


def from_whole(credits: int) -> int:
    """Hundredths in `credits` whole credits."""
    return credits * HUNDREDTHS


def display(amount: int) -> str:
    """Hundredths as people read them: 3000 is "30", 1250 is "12.50", 10000000 is "100,000"."""
    sign = "−" if amount < 0 else ""
    whole, rest = divmod(abs(amount), HUNDREDTHS)
    return f"{sign}{whole:,}" + (f".{rest:02d}" if rest else "")


def noun(amount: int, one: str = "credit", many: str = "credits") -> str:
    """The word for an amount alone: `one` for exactly one credit, else `many`."""
    return one if abs(amount) == HUNDREDTHS else many


def in_words(amount: int, one: str = "credit", many: str = "credits") -> str:
    """Hundredths with the community's word for them: 100 is "1 credit", 3000 is "30 credits"."""
    return f"{display(amount)} {noun(amount, one, many)}"
