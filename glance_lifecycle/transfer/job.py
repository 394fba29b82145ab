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
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import importlib
import json
import sys
import types
from typing import Any

from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer import entry_points
from glance_lifecycle.transfer import lane
from glance_lifecycle.transfer import sink as sinks
from glance_lifecycle.transfer import source as sources

CONTENT = 'glance_lifecycle.transfer.formats.content:Content'


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
             note: Callable[[str, sinks.Mark], None] | None = None
             ) -> sinks.Sink:
        """:param note: puts what the store's sink has made on record"""
        sink: sinks.Sink = self.load()(
            self.store, self.name or image_id, self.options)
        if note is not None:
            sink.note = note
        return sink

    def undo(self, image_id: str,
             created: Sequence[sinks.Mark]) -> bool:
        """Remove what a dead transfer left in this store; see Sink.undo."""
        return bool(self.load().undo(
            self.store, self.name or image_id, self.options, created))

    def absent(self, image_id: str) -> sinks.Mark:
        """A mark that the store holds nothing for this image; see Sink."""
        mark: sinks.Mark = self.load().absent(
            self.store, self.name or image_id, self.options)
        return mark

    def apart(self, image_id: str, created: Sequence[sinks.Mark],
              url: str) -> Sequence[sinks.Mark]:
        """The marks that spare the object at that URL; see Sink."""
        marks: Sequence[sinks.Mark] = self.load().apart(
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
    :ivar group_nice: niceness of its scheduling group; None for its own
    :ivar policy: how it is scheduled; see ``scheduling``
    """

    memory: int = 0
    cpu: int = 0
    files: int = 256
    nice: int = 0
    group_nice: int | None = None
    policy: str = 'other'


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """One transfer.

    :ivar source: ``module:class`` of the source
    :ivar source_options: keyword arguments of the source
    :ivar digests: algorithms, as hashlib names them
    :ivar expected: of some of them, the value that the bytes must have
    :ivar confinement: ``confine.REQUIRED`` or ``confine.BEST_EFFORT``
    :ivar readable: files and directories to leave within reach beside those
        that source and sinks name
    :ivar progress_interval: seconds between progress lines
    :ivar journal: descriptor of the journal, inherited by the child, that
        notes there what it makes; -1 for none
    :ivar content: fields of ``inspect.Rules`` by which what is decoded is
        inspected as it passes; None where it was inspected before
    :ivar paced: whether to ask the parent before each window, see ``pacing``
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
    confinement: str = confine.BEST_EFFORT
    readable: tuple[str, ...] = ()
    content: dict[str, Any] | None = None
    paced: bool = False

    def reserve(self) -> dict[str, int]:
        """What the source opens before it is confined; see its ``reserve``.
        """
        found: dict[str, int] = load(self.source).reserve(
            self.source_options)
        return found

    def reach(self) -> confine.Reach:
        """What the process of this job must be able to open."""
        reach: confine.Reach = load(self.source).reach(self.source_options)
        for target in self.targets:
            reach |= target.load().reach(target.options)
        return reach | confine.Reach(read=self.readable)

    def unbounded(self) -> tuple[str, ...]:
        """What keeps its process from being confined: stores, mostly."""
        found = [t.store for t in self.targets
                 if t.load().reach(t.options).unbounded]
        if load(self.source).reach(self.source_options).unbounded:
            found.append(str(self.source_options.get('store', 'the source')))
        return tuple(found)

    def open_source(self, fd: int,
                    reserved: dict[str, int]) -> sources.Source:
        """The source.

        :param fd: of the image; -1 for a source that opens it itself
        :param reserved: what ``reserve`` returned
        """
        source: sources.Source = load(self.source)(
            fd, **self.source_options, **reserved)
        return source

    def open_looker(self, source: sources.Source) -> lane.Looker | None:
        """:param source: opened, its virtual_size known"""
        if self.content is None:
            return None
        with _unneeded('oslo_utils.strutils'):
            kind = load(CONTENT)
        looker: lane.Looker = kind(source.virtual_size, source.disk_format,
                                   self.content)
        return looker

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> 'Job':
        value = json.loads(text)
        value['targets'] = tuple(Target(**t) for t in value['targets'])
        value['digests'] = tuple(value['digests'])
        value['limits'] = Limits(**value['limits'])
        value['readable'] = tuple(value['readable'])
        return cls(**value)


def load(entry: str) -> Any:
    """The object that ``module:name`` names."""
    module, _, name = entry.partition(':')
    return getattr(importlib.import_module(module), name)


@contextlib.contextmanager
def _unneeded(name: str) -> Iterator[None]:
    """Keep a module from being imported along until its first use.

    oslo.utils' image inspection drags in the masking of passwords in texts:
    38 of its 50 ms, where a child starts in 70. (importlib's LazyLoader does
    not help: any import statement loads what it put off.)
    """
    if name in sys.modules:
        yield
        return
    later = types.ModuleType(name)
    later.__dict__['__getattr__'] = lambda attribute: getattr(
        importlib.import_module(name), attribute)
    sys.modules[name] = later
    try:
        yield
    finally:
        # Whoever imports it after this gets the module itself.
        del sys.modules[name]
