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

"""Stored copies, and the source that reads them back."""

from collections.abc import Iterator
import contextlib
import json
from typing import Any
from typing import ClassVar

from glance_lifecycle.tests.functional.stores import noted
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.null import sink as null_sink
from glance_lifecycle.transfer.backends import stored
from glance_lifecycle.transfer import engine
from glance_lifecycle.transfer import job as jobs

IMAGE = helpers.IMAGE
MIB = 1024 * 1024
SECRET = 'hunter2'


class SourceCase(noted.Noted):
    """One source, and copies for it; the rest is for a test's class to say.

    :cvar entry: ``module:class`` of the sink that stores what is read
    :cvar source: the class under test
    :cvar unit: bytes after which the store begins a new object: the sizes
        around it are tried
    :cvar holes: what was not written is known, and not read
    :cvar whole: it is read as one stream, which tells versions not apart
    """

    entry: ClassVar[str]
    source: ClassVar[type[stored.StoredSource]]
    unit: ClassVar[int] = helpers.CHUNK
    holes: ClassVar[bool] = False
    whole: ClassVar[bool] = False

    #: of what was stored last
    location = ''

    def sink_options(self) -> dict[str, Any]:
        raise NotImplementedError

    def source_conf(self, *options: str) -> Any:
        """Glance's configuration, with a store ``one``.

        :param options: lines that replace others
        """
        raise NotImplementedError

    def foreign(self) -> list[str]:
        """Locations that are not the store's; with SECRET for a secret."""
        raise NotImplementedError

    def refused(self) -> dict[str, tuple[str, ...]]:
        """Part of an error -> options of a store that cannot be read."""
        raise NotImplementedError

    # Tools.

    def put(self, image: helpers.Image) -> str:
        """Store an image, in place of any other; its location."""
        sink = jobs.load(self.entry)
        sink.undo('one', IMAGE, self.sink_options(), self.created)
        writer = self.noting(sink('one', IMAGE, self.sink_options()))
        self.addCleanup(sink.undo, 'one', IMAGE, self.sink_options(),
                        self.created)
        self.location = helpers.store(writer, image).url
        return self.location

    def remove(self) -> None:
        self.assertTrue(jobs.load(self.entry).undo(
            'one', IMAGE, self.sink_options(), self.created))

    def described(self, url: str, size: int | None = None,
                  *options: str) -> dict[str, Any]:
        found = json.dumps(self.source.describe(
            self.source_conf(*options), 'one', url, size))
        self.assertNotIn(SECRET, found)
        self.assertNotIn('swiftsecret', found)
        value: dict[str, Any] = json.loads(found)
        return value

    @contextlib.contextmanager
    def opened(self, url: str, size: int | None = None,
               *options: str) -> Iterator[stored.StoredSource]:
        source = self.source(-1, **self.described(url, size, *options))
        try:
            yield source
        finally:
            source.close()

    def digest(self, source: stored.StoredSource) -> str:
        """As the engine reads it, by many threads."""
        done = engine.Engine(source, [null_sink.NullSink('', IMAGE, {})],
                             ['sha512'], workers=source.workers or 2).run()
        return done.digests['sha512']
