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

import dataclasses
import importlib
import json
from typing import Any

from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer.sink import base as sink_base
from glance_lifecycle.transfer.source import base as source_base


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """One store to write.

    :ivar entry: ``module:class`` of the sink. Resolved from the entry point
        by the parent: looking through all installed packages for it again
        would double the child's start-up time.
    :ivar name: the object's name where that is not the image's id
    """

    store: str
    entry: str
    options: dict[str, Any]
    name: str = ''

    def make(self, image_id: str) -> sink_base.Sink:
        sink: sink_base.Sink = load(self.entry)(
            self.store, self.name or image_id, self.options)
        return sink

    def undo(self, image_id: str) -> bool:
        """Remove what a dead transfer left in this store; see Sink.undo."""
        return bool(load(self.entry).undo(
            self.store, self.name or image_id, self.options))


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
    :ivar confinement: ``confine.REQUIRED`` or ``confine.BEST_EFFORT``
    :ivar readable: files and directories to leave within reach beside those
        that source and sinks name
    :ivar progress_interval: seconds between progress lines
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
    confinement: str = confine.BEST_EFFORT
    readable: tuple[str, ...] = ()

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
            reach |= load(target.entry).reach(target.options)
        return reach | confine.Reach(read=self.readable)

    def unbounded(self) -> tuple[str, ...]:
        """What keeps its process from being confined: stores, mostly."""
        found = [t.store for t in self.targets
                 if load(t.entry).reach(t.options).unbounded]
        if load(self.source).reach(self.source_options).unbounded:
            found.append(str(self.source_options.get('store', 'the source')))
        return tuple(found)

    def open_source(self, fd: int,
                    reserved: dict[str, int]) -> source_base.Source:
        """The source.

        :param fd: of the image; -1 for a source that opens it itself
        :param reserved: what ``reserve`` returned
        """
        source: source_base.Source = load(self.source)(
            fd, **self.source_options, **reserved)
        return source

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
