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

"""A transfer as plain data: what crosses to the child process, as JSON.

No secret is ever part of it: a sink that needs one reads it itself, from
the configuration file that its options name.
"""

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
import importlib
import json
from typing import Any

from glance_lifecycle.transfer import entry_points
from glance_lifecycle.transfer.sink import base as sink_base
from glance_lifecycle.transfer.source import base as source_base


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """One store to write.

    :ivar entry: ``module:class`` of the sink. Resolved from the entry point
        by the parent: looking through all installed packages for it again
        would double the child's start-up time. Never part of a journal:
        modules move from one release to the next.
    :ivar name: the object's name where that is not the image's id
    :ivar driver: name of the sink's entry point
    """

    store: str
    entry: str
    options: dict[str, Any]
    name: str = ''
    driver: str = ''

    def make(self, image_id: str,
             note: Callable[[str, sink_base.Mark], None] | None = None
             ) -> sink_base.Sink:
        """:param note: puts what the store's sink has made on record"""
        sink: sink_base.Sink = self.load()(
            self.store, self.name or image_id, self.options)
        if note is not None:
            sink.note = note
        return sink

    def undo(self, image_id: str,
             created: Sequence[sink_base.Mark]) -> bool:
        """Remove what a dead transfer left in this store; see Sink.undo."""
        return bool(self.load().undo(
            self.store, self.name or image_id, self.options, created))

    def absent(self, image_id: str) -> sink_base.Mark:
        """A mark that the store holds nothing for this image; see Sink."""
        mark: sink_base.Mark = self.load().absent(
            self.store, self.name or image_id, self.options)
        return mark

    def apart(self, image_id: str, created: Sequence[sink_base.Mark],
              url: str) -> Sequence[sink_base.Mark]:
        """The marks that spare the object at that URL; see Sink."""
        marks: Sequence[sink_base.Mark] = self.load().apart(
            self.name or image_id, created, url)
        return marks

    def load(self) -> Any:
        """The sink's class.

        :raises ConfigurationError: it is not installed (any more)
        """
        return load(self.entry or entry_points.sink(self.driver))


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What the child may use; zero means no limit.

    :ivar memory: address space, in bytes
    :ivar cpu: CPU seconds
    :ivar files: open files
    :ivar nice: added to the parent's niceness
    """

    memory: int = 0
    cpu: int = 0
    files: int = 256
    nice: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """One transfer.

    :ivar source: ``module:class`` of the source
    :ivar source_options: keyword arguments of the source
    :ivar digests: algorithms, as hashlib names them
    :ivar expected: of some of them, the value that the bytes must have
    :ivar progress_interval: seconds between progress lines
    :ivar journal: descriptor of the journal, inherited by the child, that
        notes there what it makes; -1 for none
    """

    image_id: str
    source: str
    source_options: dict[str, Any]
    targets: tuple[Target, ...]
    digests: tuple[str, ...]
    all_must_succeed: bool = True
    workers: int = 2
    progress_interval: float = 2.0
    limits: Limits = dataclasses.field(default_factory=Limits)
    expected: dict[str, str] = dataclasses.field(default_factory=dict)
    journal: int = -1

    def open_source(self, fd: int) -> source_base.Source:
        """:param fd: of the image; -1 for a source that opens it itself"""
        source: source_base.Source = load(self.source)(
            fd, **self.source_options)
        return source

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> 'Job':
        value = json.loads(text)
        value['targets'] = tuple(Target(**t) for t in value['targets'])
        value['digests'] = tuple(value['digests'])
        value['limits'] = Limits(**value['limits'])
        return cls(**value)


def load(entry: str) -> Any:
    """The object that ``module:name`` names."""
    module, _, name = entry.partition(':')
    return getattr(importlib.import_module(module), name)
