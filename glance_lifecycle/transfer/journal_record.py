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

"""What the journal of a transfer tells, and the lines that it is written in.

JSON lines, each overriding fields of those before, but ``created``, which adds
to them.

Version 2. A field that a release adds is ignored by the others, so it needs
no new version; one that changes what undoing means does. In version 1 (before
0.2) targets named the modules of their sinks, and no marks were noted.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import json
from typing import Any

from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import sink

VERSION = 2

# Of version 1: what was then the module of a sink, and its driver.
OLD_ENTRIES = {
    'glance_lifecycle.transfer.sink.driver:DriverSink': 'driver',  # old name
    'glance_lifecycle.transfer.sink.file:FileSink': 'file',  # old name
    'glance_lifecycle.transfer.sink.null:NullSink': 'null',  # old name
    'glance_lifecycle.transfer.sink.rbd:RbdSink': 'rbd',  # old name
    'glance_lifecycle.transfer.sink.s3:S3Sink': 's3',  # old name
    'glance_lifecycle.transfer.sink.swift:SwiftSink': 'swift',  # old name
}


@dataclasses.dataclass(slots=True)
class Record:
    """One import, as far as it got.

    :ivar method: Glance's import method, ``glance-direct`` and so on
    :ivar stores: the stores asked for
    :ivar targets: what is being written; empty before writing begins
    :ivar staged: path of the staged file, '' before it is known
    :ivar scratch: paths beside it that we made
    :ivar stage_host: the host that holds the staged file, as Glance had it
    :ivar disk_format: the image's, before we changed it
    :ivar changed: the image's record was changed before its import had ended
    :ivar signature: properties of the user's signature, before that
    :ivar protected: the image's flag, before that
    :ivar created: store -> marks of what was made there, oldest first; see
        ``sink.base.Mark``
    :ivar offloaded: the purpose of the worker's job that the import is, or
        was; '' for one that glance-api runs itself
    :ivar handed: what that job is to do: see ``plugin.tasks.offload``
    :ivar failure: what a worker's import has failed with, as ``to_dict()`` of
        the error makes it
    :ivar looked: store -> when it was first looked through after the
        transfer's death, in seconds since the epoch
    :ivar version: of the format
    """

    task_id: str
    image_id: str
    method: str = ''
    stores: list[str] = dataclasses.field(default_factory=list)
    targets: list[jobs.Target] = dataclasses.field(default_factory=list)
    staged: str = ''
    scratch: list[str] = dataclasses.field(default_factory=list)
    stage_host: str = ''
    disk_format: str = ''
    container_format: str = ''
    changed: bool = False
    signature: dict[str, str] = dataclasses.field(default_factory=dict)
    protected: bool = False
    created: dict[str, list[sink.Mark]] = dataclasses.field(
        default_factory=dict)
    offloaded: str = ''
    handed: dict[str, Any] = dataclasses.field(default_factory=dict)
    failure: dict[str, Any] | None = None
    looked: dict[str, float] = dataclasses.field(default_factory=dict)
    version: int = VERSION

    def marks(self, store: str) -> list[sink.Mark]:
        """What this transfer made in that store, as far as is known."""
        return self.created.get(store, [])


def line(fields: Mapping[str, Any]) -> bytes:
    """Of a journal, with these fields; plain data."""
    # A line that its writer died in must not spoil the next one.
    return ('\n%s\n' % json.dumps(fields)).encode()


def read(task_id: str, data: bytes) -> Record:
    """What the lines of a journal say together."""
    fields: dict[str, Any] = {}
    created: dict[str, list[sink.Mark]] = {}
    for one in data.split(b'\n'):
        try:
            value = json.loads(one) if one else {}
        except ValueError:
            # The line that its writer died in; nothing relied on it.
            continue
        if not isinstance(value, dict):
            # So may the end of one: a part of a line can be a number.
            continue
        if 'created' in value:
            store, mark = value.pop('created')
            created.setdefault(store, []).append(mark)
        fields |= value
    known = {f.name for f in dataclasses.fields(Record)}
    fields = {'image_id': '', 'version': 1, **fields, 'task_id': task_id}
    record = Record(**{k: v for k, v in fields.items() if k in known})
    record.targets = [_target(t) for t in record.targets]
    record.created = created
    return record


def _target(value: Any) -> jobs.Target:
    fields = {f.name for f in dataclasses.fields(jobs.Target)}
    given = {k: v for k, v in value.items() if k in fields}
    entry = given.get('entry', '')
    if not given.get('driver'):
        given['driver'] = OLD_ENTRIES.get(entry, '')
    return jobs.Target(**given | {
        'entry': '' if given['driver'] else entry})


def plain(record: Record, names: Iterable[str]) -> dict[str, Any]:
    """These fields, as plain data."""
    full = dataclasses.asdict(record)
    for target in full['targets']:
        if target['driver']:
            del target['entry']
    return {name: full[name] for name in names}
