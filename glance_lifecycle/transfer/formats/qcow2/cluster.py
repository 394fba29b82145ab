# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Compressed clusters: fetched together, decompressed one by one."""

from collections.abc import Iterator
from collections.abc import Sequence
import importlib
import threading
from typing import Any
from typing import cast
from typing import IO
import zlib

import zstandard

from glance_lifecycle.transfer.formats.qcow2 import file as qcow2_file
from glance_lifecycle.transfer.formats.qcow2 import map as qcow2_map

# Compressed clusters lie back to back in the order they were written, so
# one read serves the clusters of a whole piece.
MAX_FETCH = 4 * 1024 * 1024
MAX_GAP = 64 * 1024
# A frame may ask for a window of 2 GiB, for each thread. What the format's
# specification recommends every decoder to support suffices for 2 MiB.
MAX_ZSTD_WINDOW = 8 * 1024 * 1024
# Negative: no zlib header. The format fixes a window of 4 KiB.
DEFLATE_WINDOW_BITS = -12

_NOT_ONE_CLUSTER = 'it does not decompress to exactly one cluster'

refused = qcow2_file.refused


def _inflater() -> Any:
    """zlib-ng's zlib if it is installed, else Python's own.

    zlib-ng took 0.6 of zlib's time for the clusters of a root file system,
    and agreed with it on each of 15,000 streams with flipped bits. Others
    were not as good: ISA-L refuses streams that zlib reads, libdeflate
    reads streams (with longer distances) that zlib, thus QEMU, refuses.
    """
    try:
        return importlib.import_module('zlib_ng.zlib_ng')
    except ImportError:
        return zlib


_INFLATER = _inflater()


class ClusterDecoder:
    """Decompresses clusters of one image; safe for several threads.

    :param cluster_size: bytes that every cluster must decompress to
    """

    def __init__(self, file: qcow2_file.ImageFile, cluster_size: int,
                 zstd: bool) -> None:
        self._file = file
        self._size = cluster_size
        self._inflate = _INFLATER
        self._decompress = self._zstd if zstd else self._deflate
        self._local = threading.local()

    def read_into(self, spans: Sequence[qcow2_map.Span], offset: int,
                  buffer: memoryview) -> None:
        """Put the guest bytes of ``spans`` where they belong.

        :param spans: COMPRESSED ones, in any order
        :param offset: guest offset of the first byte of ``buffer``
        """
        for group in _groups(spans):
            start = group[0].host
            end = max(span.host + span.host_length for span in group)
            # The last sector counted may be incomplete: see ClusterMap.
            end = min(end, max(start, self._file.size))
            data = memoryview(self._file.read(start, end - start))
            for span in group:
                at = span.host - start
                position = span.start - offset
                self._place(span, data[at:at + span.host_length],
                            buffer[position:position + span.length])

    def _place(self, span: qcow2_map.Span, data: memoryview,
               target: memoryview) -> None:
        """Decompress ``data``, and put what ``span`` wants of it."""
        if span.length == self._size:
            self._decompress(data, target)
            return
        # Pieces smaller than a cluster come in sequence: remember the last
        # one, or each would decompress the whole cluster again.
        key = span.host, span.host_length
        last, piece = getattr(self._local, 'last', (None, bytearray()))
        if last != key:
            piece = bytearray(self._size)
            self._decompress(data, memoryview(piece))
            self._local.last = key, piece
        skip = span.start % self._size
        target[:] = piece[skip:skip + span.length]

    def _deflate(self, data: memoryview, target: memoryview) -> None:
        stream = self._inflate.decompressobj(DEFLATE_WINDOW_BITS)
        try:
            # One byte more, so that a bomb shows.
            piece = stream.decompress(data, self._size + 1)
        except (zlib.error, self._inflate.error) as error:
            raise _damaged(str(error)) from error
        if len(piece) != self._size:
            raise _damaged(_NOT_ONE_CLUSTER)
        target[:] = piece

    def _zstd(self, data: memoryview, target: memoryview) -> None:
        # Not decompress(): two threads of it took as long as one. The byte
        # of room shows a bomb, and without it the reader does not notice
        # the end of the frame.
        scratch = self._scratch()
        source = _Once(data)
        reader = self._zstd_decoder().stream_reader(
            cast(IO[bytes], source), len(data))
        try:
            count = reader.readinto(scratch)
        except zstandard.ZstdError as error:
            raise _damaged(str(error)) from error
        if count != self._size or source.starved:
            raise _damaged(_NOT_ONE_CLUSTER)
        target[:] = scratch[:count]

    def _scratch(self) -> memoryview:
        """One a thread, a byte larger than a cluster."""
        scratch: memoryview | None = getattr(self._local, 'scratch', None)
        if scratch is None:
            scratch = self._local.scratch = memoryview(
                bytearray(self._size + 1))
        return scratch

    def _zstd_decoder(self) -> zstandard.ZstdDecompressor:
        """One a thread: they may not be shared, and cost to make."""
        decoder: zstandard.ZstdDecompressor | None = getattr(
            self._local, 'zstd', None)
        if decoder is None:
            decoder = self._local.zstd = zstandard.ZstdDecompressor(
                max_window_size=MAX_ZSTD_WINDOW)
        return decoder


class _Once:
    """A file of one read, which notes that a second was wanted.

    :ivar starved: the frame was not complete; zstandard does not say so
    """

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self.starved = False

    def read(self, _size: int) -> memoryview:
        data, self._data = self._data, memoryview(b'')
        self.starved = not data
        return data


def _groups(
        spans: Sequence[qcow2_map.Span]) -> Iterator[list[qcow2_map.Span]]:
    """Neighbours in the file, each group worth one read."""
    group: list[qcow2_map.Span] = []
    end = 0
    for span in sorted(spans, key=lambda span: span.host):
        span_end = span.host + span.host_length
        if group and (span.host - end > MAX_GAP
                      or span_end - group[0].host > MAX_FETCH):
            yield group
            group = []
            end = 0
        group.append(span)
        end = max(end, span_end)
    if group:
        yield group


def _damaged(why: str) -> Exception:
    return refused('bad-compressed-data', f'a compressed cluster is damaged '
                   f'({why}); upload the image again')
