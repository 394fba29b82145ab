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


"""Images to write and stores to write them to."""

import mmap
import os
import random
import tempfile
from typing import Any
import unittest

from oslo_config import cfg

from glance_lifecycle.transfer import sink as sinks

IMAGE = '6ef0a2a3-43c5-4fd5-9b57-8b2b3ec5b3b7'

CHUNK = 256 * 1024


class Image:
    """Content as a list of pieces: bytes, or a length of zeros."""

    def __init__(self, *pieces: bytes | int) -> None:
        self.pieces = pieces
        self.content = b''.join(bytes(p) for p in pieces)
        self.data_size = sum(len(p) for p in pieces if isinstance(p, bytes))


def noise(length: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(length)


# Sizes and layouts that every sink must take.
IMAGES = {
    'empty': Image(),
    'one byte': Image(b'x'),
    'one zero': Image(1),
    'chunk': Image(noise(CHUNK)),
    'chunk less one': Image(noise(CHUNK - 1)),
    'chunk and one': Image(noise(CHUNK), b'y'),
    'long': Image(noise(512 * 1024 + 7), noise(512 * 1024 + 9)),
    'dense': Image(*[noise(CHUNK, seed) for seed in range(4)], b'tail'),
    'sparse': Image(noise(CHUNK), 5 * CHUNK, noise(4096), 3, noise(511),
                    CHUNK - 514, noise(CHUNK + 1), 8191),
    'zeros as data': Image(bytes(CHUNK), noise(CHUNK), bytes(CHUNK)),
    'all zero': Image(3 * CHUNK + 7),
}


def feed(sink: sinks.Sink, image: Image, stop: int | None = None) -> None:
    """Write the pieces as the engine does: from reused, aligned memory."""
    longest = max((len(p) for p in image.pieces if isinstance(p, bytes)),
                  default=1)
    buffer = mmap.mmap(-1, longest)
    offset = 0
    for piece in image.pieces[:stop]:
        if isinstance(piece, int):
            sink.zero(offset, piece)
            offset += piece
            continue
        view = memoryview(buffer)[:len(piece)]
        view[:] = piece
        sink.write(offset, view)
        view[:] = b'\xee' * len(piece)
        offset += len(piece)


def store(sink: sinks.Sink, image: Image) -> sinks.Stored:
    sink.begin(len(image.content), image.data_size)
    feed(sink, image)
    return sink.commit()


def file_options(*paths: str, **more: Any) -> dict[str, Any]:
    return {'datadirs': [[path, 0] for path in paths],
            'by_space': len(paths) > 1, 'mode': 0, 'metadata': [], **more}


def load_conf(text: str, directory: str,
              conf: cfg.ConfigOpts | None = None) -> cfg.ConfigOpts:
    """A ConfigOpts as Glance's, with the multi-store options it registers."""
    path = os.path.join(directory, 'glance-api.conf')
    with open(path, 'w') as stream:
        stream.write(text)
    conf = conf or cfg.ConfigOpts()
    for opt, group in ((cfg.DictOpt('enabled_backends'), None),
                       (cfg.StrOpt('default_backend'), 'glance_store')):
        try:
            conf.register_opt(opt, group=group)
        except cfg.DuplicateOptError:
            pass
    conf([], project='glance', default_config_files=[path],
         default_config_dirs=[])
    return conf


class TempDirTestCase(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.path = holder.name

    def make_dir(self, name: str) -> str:
        path = os.path.join(self.path, name)
        os.makedirs(path)
        return path
