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
    :ivar group_nice: niceness of its scheduling group; None for its own
    :ivar batch: whether it is scheduled as SCHED_BATCH
    """

    memory: int = 0
    cpu: int = 0
    files: int = 256
    nice: int = 0
    group_nice: int | None = None
    batch: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """One transfer.

    :ivar source: ``module:class`` of the source
    :ivar source_options: keyword arguments of the source
    :ivar digests: algorithms, as hashlib names them
    :ivar expected: of some of them, the value that the bytes must have
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
