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

"""What messages from a broker may unpack to.

kombu, below oslo.messaging, unpacks whatever says that it is packed, and has
no bound: 45 bytes of bzip2 become gigabytes in the process that receives
them, before anything has looked at the message.
"""

import bz2
from collections.abc import Callable
from typing import Any
import zlib

from kombu import compression

#: Bytes. A notification of an image has one or two thousand.
LIMIT = 16 << 20

# What oslo.messaging's kombu_compression may be, by kombu's names for it.
_KNOWN: dict[str, Callable[[], Any]] = {
    'application/x-gzip': zlib.decompressobj,
    'application/x-bz2': bz2.BZ2Decompressor}


def bound() -> None:
    """From now on, in this process: LIMIT, and no other ways of packing.

    A message that is refused is one that cannot be read. Safe to call again.
    """
    # Typed in part.
    kombu: Any = compression
    for name in kombu.encoders():
        encoder, _ = kombu.get_encoder(name)
        kombu.register(
            encoder, _bounded(_KNOWN[name]) if name in _KNOWN else _refused,
            name)


def _bounded(make: Callable[[], Any]) -> Callable[[bytes], bytes]:
    def unpack(body: bytes) -> bytes:
        engine = make()
        plain: bytes = engine.decompress(body, LIMIT)
        if not engine.eof:
            raise ValueError('it is cut off, or unpacks to more than '
                             f'{LIMIT} bytes')
        return plain
    return unpack


def _refused(body: bytes) -> bytes:
    raise ValueError('only gzip and bzip2 are unpacked')
