"""Formatting of money, time, counts and long texts."""


def counted(count: int, one: str, many: str = "") -> str:
    """`1 row`, `1,319 rows`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def spent(cost: float, unpriced: int, estimated: int = 0) -> str:
    """A cost in USD, marked if tokens were estimated, with the number of responses whose price is unknown."""
    money = f"{usd(cost)} (estimated)" if estimated else usd(cost)
    if not unpriced:
        return money
    answers = "1 answer" if unpriced == 1 else f"{unpriced:,} answers"
    return f"{money} and {answers} without a price" if cost else "unpriced"


def usd(cost: float) -> str:
    """`0.12 USD`; less than a cent with four digits."""
    return f"{cost:.2f} USD" if cost >= 0.01 or not cost else f"{cost:.4f} USD"


def duration(seconds: float) -> str:
    """`40 s`, `3 min`, `2.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6_000 else f"{seconds / 3_600:.1f} h"


def cut(text: str, most: int) -> str:
    """The first `most` characters of a text, with an ellipsis if there are more."""
    return text if len(text) <= most else f"{text[:most]}…"


def excerpt(text: str, most: int) -> str:
    """The first characters of a text as `cut`, in one line."""
    return cut(" ".join(text.split()), most)
