"""Character 1-4-gram TF-IDF as array arithmetic: an n-gram is one 64-bit number.

The same features as scikit-learn's `TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4),
sublinear_tf=True)`, which a test holds it to, but without a Python string an n-gram: two to
four times as fast, and the vocabulary is an array that safetensors can hold.

A character is its place in the training texts' alphabet (16 bits, 1 is the space); an n-gram
is up to four of them side by side. Word edges are spaces; no n-gram spans two words.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from sftsec_core.api.domain import Example
    from sftsec_core.recipes.reading import Span

MAX_N = 4
MAX_CHARS = 100_000  # read of a text; bounds the work that one huge field can cause
MAX_FEATURES = 1_000_000  # 410,000 occur in 61,000 URLs
_MAX_DISTINCT = 8 * MAX_FEATURES  # counted while fitting; texts of encoded bytes have ever new ones
_UNRECORDED_MAX_CHARS = 2000  # what models read whose files do not say
_BLOCK_CHARS = 1_000_000  # handled at once; bounds memory by the block, not by the data
_ALPHABET_LIMIT = 2**16 - 1
_SPACE = 1


@dataclass(frozen=True, slots=True)
class SharedBy:
    """By how many incidents an n-gram has to be shared: else a model would give away a text.

    Near-duplicates are one incident: of each cluster the first text counts alone. An n-gram that
    stands in others of two clusters only is left out as well, on the safe side.

    Attributes:
        least: incidents that an n-gram has to stand in.
        firsts: which texts count, shape (n,).
    """

    least: int
    firsts: NDArray[np.bool_]

    @classmethod
    def of(cls, examples: Sequence[Example], least: int) -> SharedBy:
        """Count the clusters of examples; one below 0 is an incident of its own."""
        clusters = np.array([each.cluster for each in examples], np.int64)
        firsts = clusters < 0
        firsts[np.unique(clusters, return_index=True)[1]] = True
        return cls(least, firsts)


@dataclass(frozen=True, slots=True)
class NgramTfidf:
    """A fitted vocabulary with its inverse document frequencies.

    Attributes:
        alphabet: code points in the order of their numbers from 2 on, ascending; shape (a,).
        codes: the n-grams, ascending; shape (d,).
        idf: smoothed inverse document frequency of each; shape (d,).
        max_chars: characters read of a text, in fitting as in scoring; the rest is ignored.
    """

    alphabet: NDArray[np.uint32]
    codes: NDArray[np.uint64]
    idf: NDArray[np.float32]
    max_chars: int

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        max_features: int = MAX_FEATURES,
        max_chars: int = MAX_CHARS,
        *,
        shared: SharedBy | None = None,
    ) -> NgramTfidf:
        """Learn the vocabulary; past `max_features` the n-grams in most documents stay.

        Memory is bounded by a block of texts and the distinct n-grams, whatever the number of
        texts: past eight million the rarest are forgotten while it still counts.

        Args:
            texts: n of them.
            max_features: n-grams at most.
            max_chars: characters read of a text.
            shared: what keeps an n-gram of few incidents out; None keeps all.
        """
        counted = np.ones(len(texts), bool) if shared is None else shared.firsts
        least = 1 if shared is None else shared.least
        alphabet = _fit_alphabet(texts, max_chars, counted, least)
        codes = np.empty(0, dtype=np.uint64)
        # Documents, and of these the ones that count as incidents of their own.
        frequency = np.empty((0, 2), dtype=np.int64)
        done = 0
        for documents, rows, windows in _blocks(texts, alphabet, max_chars):
            found = np.unique(windows)
            places = np.searchsorted(found, windows)
            texts_of, columns, _ = _count(rows, places, len(found))
            own = columns[counted[done : done + documents][texts_of]]
            occurs = [np.bincount(each, minlength=len(found)) for each in (columns, own)]
            merged = _merge(codes, frequency, found, np.stack(occurs, axis=1))
            codes, frequency = _keep_commonest(*merged, _MAX_DISTINCT)
            done += documents
        kept = frequency[:, 1] >= least
        most = min(max_features, MAX_FEATURES)
        codes, frequency = _keep_commonest(codes[kept], frequency[kept], most)
        idf = np.log((1 + len(texts)) / (1 + frequency[:, 0])) + 1
        return cls(alphabet, codes, idf.astype(np.float32), max_chars)

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> NgramTfidf:
        """Take back what `tensors` gave.

        Raises:
            KeyError: when one is missing.
        """
        return cls(
            tensors["ngram.alphabet"].astype(np.uint32, copy=False),
            tensors["ngram.codes"].view(np.uint64),
            tensors["ngram.idf"].astype(np.float32, copy=False),
            int(tensors["ngram.max_chars"][0])
            if "ngram.max_chars" in tensors
            else _UNRECORDED_MAX_CHARS,
        )

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """The vocabulary as named arrays for safetensors."""
        return {
            "ngram.alphabet": self.alphabet.astype(np.int64),
            "ngram.codes": self.codes.view(np.int64),
            "ngram.idf": self.idf,
            "ngram.max_chars": np.array([self.max_chars], dtype=np.int64),
        }

    def words(self) -> list[str]:
        """The n-grams as texts, in the order of their codes."""
        characters = ["", " ", *map(chr, self.alphabet.tolist())]
        places = [(self.codes >> np.uint64(16 * n)) & np.uint64(0xFFFF) for n in range(MAX_N)]
        return [
            "".join(characters[place] for place in reversed(row))
            for row in np.stack(places, axis=1).tolist()
        ]

    def reads_whole(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Which texts are read to their end; shape (len(texts),)."""
        return np.array([len(text) <= self.max_chars for text in texts], dtype=bool)

    def unread(self, texts: Sequence[str]) -> list[list[Span]]:
        """What is not read of each text: spans of its characters."""
        whole = self.reads_whole(texts)
        return [
            [] if read else [(self.max_chars, len(text))]
            for read, text in zip(whole, texts, strict=True)
        ]

    def transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Turn texts into rows of length 1 (or 0 where nothing is known).

        Returns:
            Shape (len(texts), d), float32.
        """
        # Imported here: a run that finds nothing new to score does without its 0.2 s.
        from scipy import sparse

        parts = [
            self._weigh(rows, windows, documents)
            for documents, rows, windows in _blocks(texts, self.alphabet, self.max_chars)
        ]
        if not parts:
            return sparse.csr_matrix((0, len(self.codes)), dtype=np.float32)
        return sparse.vstack(parts, format="csr", dtype=np.float32)

    def values(
        self,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        counts: NDArray[np.int64],
        documents: int,
    ) -> NDArray[np.float32]:
        """The features of so many documents: each (row, column) once, with how often it occurs."""
        values = (1 + np.log(counts)).astype(np.float32) * self.idf[columns]
        norms = np.sqrt(np.bincount(rows, values.astype(np.float64) ** 2, minlength=documents))
        values /= norms[rows].astype(np.float32)
        return values

    def _weigh(
        self, rows: NDArray[np.int64], windows: NDArray[np.uint64], documents: int
    ) -> sparse.csr_matrix:
        from scipy import sparse

        columns = np.searchsorted(self.codes, windows)
        columns[columns == len(self.codes)] = 0
        known = self.codes[columns] == windows if len(self.codes) else np.zeros(0, dtype=bool)
        rows, columns, counts = _count(rows[known], columns[known], len(self.codes))
        values = self.values(rows, columns, counts, documents)
        shape = (documents, len(self.codes))
        return sparse.csr_matrix((values, (rows, columns)), shape=shape, dtype=np.float32)


def _points(text: str, max_chars: int) -> NDArray[np.uint32]:
    """Code points of a text whose words each stand between two spaces of their own."""
    spaced = "".join(f" {word} " for word in text[:max_chars].lower().split())
    return np.frombuffer(spaced.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _fit_alphabet(
    texts: Sequence[str], max_chars: int, counted: NDArray[np.bool_], least: int
) -> NDArray[np.uint32]:
    """The characters of at least so many of the texts that are counted."""
    characters: Counter[str] = Counter()
    for text, counts in zip(texts, counted.tolist(), strict=True):
        if counts:
            characters.update(set(text[:max_chars].lower()))
    common = (character for character, count in characters.items() if count >= least)
    found = sorted(ord(character) for character in common if not character.isspace())
    return np.array(found[: _ALPHABET_LIMIT - 1], dtype=np.uint32)


def number_points(points: NDArray[np.uint32], alphabet: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Give each code point its number: 0 for one that training never saw."""
    if not len(alphabet):
        return np.where(points == ord(" "), _SPACE, 0).astype(np.uint64)
    place = np.minimum(np.searchsorted(alphabet, points), len(alphabet) - 1)
    numbers = np.where(alphabet[place] == points, place + 2, 0)
    numbers[points == ord(" ")] = _SPACE
    return numbers.astype(np.uint64)


def _blocks(
    texts: Sequence[str], alphabet: NDArray[np.uint32], max_chars: int
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.uint64]]]:
    """Cut texts into n-grams, a block of texts at a time.

    Yields:
        How many texts the block has; each n-gram's row in the block; its code.
    """
    block: list[NDArray[np.uint32]] = []
    size = 0
    for text in texts:
        block.append(_points(text, max_chars))
        size += len(block[-1])
        if size >= _BLOCK_CHARS:
            yield len(block), *_windows(block, alphabet)
            block, size = [], 0
    if block:
        yield len(block), *_windows(block, alphabet)


def _count(
    rows: NDArray[np.int64], columns: NDArray[np.int64], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Each (row, column) pair once, in order, with how often it occurs."""
    pairs, counts = np.unique(rows * width + columns, return_counts=True)
    return pairs // max(width, 1), pairs % max(width, 1), counts


def _windows(
    block: Sequence[NDArray[np.uint32]], alphabet: NDArray[np.uint32]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Rows and codes of every n-gram of known characters that lies in one text and one word."""
    rows = np.repeat(np.arange(len(block)), [len(points) for points in block])
    numbers = number_points(np.concatenate(block), alphabet)
    all_rows, all_codes = [rows[:0]], [numbers[:0]]
    for _, code, valid in _grams(numbers, rows):
        all_rows.append(rows[: len(code)][valid])
        all_codes.append(code[valid])
    return np.concatenate(all_rows), np.concatenate(all_codes)


def _grams(
    numbers: NDArray[np.uint64], rows: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.uint64], NDArray[np.bool_]]]:
    """For each length: the code of the n-gram at each place, and whether it is one."""
    for n in range(1, min(MAX_N, len(numbers)) + 1):
        last = len(numbers) - n + 1
        code = np.zeros(last, dtype=np.uint64)
        valid = rows[:last] == rows[n - 1 :]
        for offset in range(n):
            piece = numbers[offset : offset + last]
            code = (code << np.uint64(16)) | piece
            valid &= piece != 0
            if 0 < offset < n - 1:
                valid &= piece != _SPACE
        if n == 2:  # the two spaces between a word's end and the next one's start
            valid &= code != np.uint64(_SPACE << 16 | _SPACE)
        yield n, code, valid


def ngrams_at(
    ngrams: NgramTfidf, numbers: NDArray[np.uint64], rows: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """For each length: where the n-grams of the vocabulary begin, and their columns.

    Args:
        ngrams: the vocabulary.
        numbers: of the characters, from `number_points`.
        rows: the text of each.
    """
    for n, code, valid in _grams(numbers, rows):
        starts = np.flatnonzero(valid)
        wanted = code[starts]
        columns = np.searchsorted(ngrams.codes, wanted)
        columns[columns == len(ngrams.codes)] = 0
        known = ngrams.codes[columns] == wanted if len(ngrams.codes) else starts < 0
        yield n, starts[known], columns[known]


def _merge(
    codes: NDArray[np.uint64],
    frequency: NDArray[np.int64],
    found: NDArray[np.uint64],
    occurs: NDArray[np.int64],
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    merged = np.union1d(codes, found)
    total = np.zeros((len(merged), 2), dtype=np.int64)
    total[np.searchsorted(merged, codes)] += frequency
    total[np.searchsorted(merged, found)] += occurs
    return merged, total


def _keep_commonest(
    codes: NDArray[np.uint64], frequency: NDArray[np.int64], most: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    if len(codes) <= most:
        return codes, frequency
    kept = np.sort(np.argsort(-frequency[:, 0], kind="stable")[:most])
    return codes[kept], frequency[kept]
