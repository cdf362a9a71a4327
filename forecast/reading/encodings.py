"""From bytes to text: byte-order marks, UTF-8, then Windows-1251, else an error.

Windows-1251 gives *some* text for nearly any bytes, so its result must look like
Russian before it is believed.
"""

from __future__ import annotations

import codecs
import re
from itertools import islice

from forecast.errors import FileError

__all__ = ["decode"]

# The longer mark first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAMPLE = 100_000
_CYRILLIC_WORD = re.compile(r"[^\W\d_]*[\u0400-\u04ff][^\W\d_]*")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_SMALL_THEN_CAPITAL = re.compile(r"[а-яё][А-ЯЁ]")
# What Cyrillic text in UTF-8 or in DOS and Unix code pages turns into.
_RARE_LETTERS = re.compile(
    r"[\u0402\u0403\u0409\u040a\u040b\u040c\u040f\u0452\u0453\u0459-\u045c\u045f]"
)


def decode(
    data: bytes, *, name: str, encoding: str | None = None
) -> tuple[str, list[str]]:
    """Return the text of a file and one sentence about its encoding, if it needs one.

    Raises
    ------
    FileError
        F-611 the encoding is wrong or cannot be told, F-612 NUL bytes.

    Examples
    --------
    >>> decode("Омск".encode("cp1251"), name="towns.csv")
    ('Омск', ['The encoding is cp1251.'])
    """
    marked = next((codec for mark, codec in _MARKS if data.startswith(mark)), None)
    if encoding is not None:
        text, notes = _decode_as(data, encoding, name).removeprefix("\ufeff"), []
    elif marked is not None:
        text = _decode_as(data, marked, name)
        notes = [f"A byte-order mark was removed; the encoding is {marked}."]
    else:
        _refuse_nul(data, name)
        text, notes = _guess(data, name)
    _refuse_nul(text, name)
    return text, notes


def _decode_as(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except LookupError as error:
        raise FileError(
            f"there is no encoding {encoding!r}",
            code="F-611",
            remedy="Known ones are 'utf-8', 'cp1251', 'cp1252', 'utf-16', 'koi8-r'.",
        ) from error
    except (UnicodeError, ValueError, TypeError) as error:
        place = getattr(error, "start", 0)
        line = data.count(b"\n", 0, place) + 1
        raise FileError(
            f"{name!r} is not encoded in {encoding}: byte {place:,}, line {line}",
            code="F-611",
            remedy="Name the right encoding=, or save the file as UTF-8.",
        ) from error


def _guess(data: bytes, name: str) -> tuple[str, list[str]]:
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        failure = error
    if _is_damaged_utf8(data, failure.start):
        line = data.count(b"\n", 0, failure.start) + 1
        raise FileError(
            f"{name!r} is UTF-8 with damaged bytes: byte {failure.start:,}, line {line}",
            code="F-611",
            remedy="The file was cut off or joined from two encodings; fetch it again.",
        )
    try:
        text = data.decode("cp1251")
    except UnicodeDecodeError:
        text = ""
    if not _looks_russian(text):
        raise FileError(
            f"the encoding of {name!r} is neither UTF-8 nor cp1251",
            code="F-611",
            remedy="Name it with encoding=, e.g. 'cp1252' (Western) or 'koi8-r'.",
        )
    return text, ["The encoding is cp1251."]


def _is_damaged_utf8(data: bytes, failure: int) -> bool:
    """Whether most of what is not ASCII around the failure is good UTF-8 all the same."""
    around = data[max(failure - SAMPLE, 0) : failure + SAMPLE]
    text = around.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    good = sum(1 for sign in text if sign > "\x7f") - bad
    return good > bad


def _looks_russian(text: str) -> bool:
    """Whether words are Cyrillic throughout and written as words are.

    >>> _looks_russian("Омская область"), _looks_russian("Curaзao")
    (True, False)
    """
    words = {match[0] for match in islice(_CYRILLIC_WORD.finditer(text), SAMPLE)}
    odd = sum(
        bool(
            _LATIN.search(w) or _SMALL_THEN_CAPITAL.search(w) or _RARE_LETTERS.search(w)
        )
        for w in words
    )
    # Without a Cyrillic word the signs are quotes, dashes or degrees: harmless, alike
    # in all Windows code pages.
    return bool(text) and odd * 5 <= len(words)


def _refuse_nul(content: bytes | str, name: str) -> None:
    if isinstance(content, bytes):
        count, first = content.count(b"\0"), content.find(b"\0")
        line = content.count(b"\n", 0, max(first, 0)) + 1
    else:
        count, first = content.count("\0"), content.find("\0")
        line = content.count("\n", 0, max(first, 0)) + 1
    if count:
        raise FileError(
            f"{name!r} holds {count:,} NUL bytes, the first on line {line}",
            code="F-612",
            count=count,
            remedy="It is damaged, no text file, or in UTF-16: then pass encoding='utf-16'.",
        )
