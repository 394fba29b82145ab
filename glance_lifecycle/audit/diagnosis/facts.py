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

"""What is known of one image; what is not known is None.

Nothing is looked up here: who asks the services, the host and the logs fills
this in, and the causes judge by it alone.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import datetime
from typing import Any

from glance_lifecycle.audit import image_api

#: Of tasks that have not ended.
OPEN = ('pending', 'processing')


@dataclasses.dataclass(frozen=True)
class Image:
    """As the Image API shows it.

    :ivar size: bytes; None while there are none
    :ivar lock: id of the task that holds ``os_glance_import_task``; None if
        nobody does
    :ivar importing: ``os_glance_importing_to_stores``
    :ivar failed: ``os_glance_failed_import``
    :ivar stores: where it has its copies
    :ivar locations: how many; None if the user may not see them
    """

    id: str
    name: str = ''
    status: str = ''
    size: int | None = None
    checksum: str | None = None
    disk_format: str = ''
    created: datetime.datetime | None = None
    updated: datetime.datetime | None = None
    lock: str | None = None
    importing: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    locations: int | None = None


@dataclasses.dataclass(frozen=True)
class Task:
    """One task of the image."""

    id: str
    status: str
    type: str = 'api_image_import'
    message: str = ''
    request_id: str = ''
    created: datetime.datetime | None = None
    updated: datetime.datetime | None = None
    method: str = ''

    @property
    def open(self) -> bool:
        return self.status in OPEN


@dataclasses.dataclass(frozen=True)
class Staged:
    """The staged file on this host."""

    path: str
    size: int
    changed: datetime.datetime


@dataclasses.dataclass(frozen=True)
class Transfer:
    """A journal of this host, see ``transfer.journal``.

    :ivar alive: whether the process that it belongs to lives
    :ivar method: Glance's import method, or ``store-copy``
    :ivar stage_host: URL of the glance-api that staged the image
    :ivar offloaded: the import was handed to a worker
    :ivar stores: what it writes, or has not removed yet
    """

    task_id: str
    alive: bool
    method: str = ''
    stage_host: str = ''
    offloaded: bool = False
    failure: str = ''
    stores: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Here:
    """What this host knows.

    :ivar host: its name
    :ivar staged: None: the image is not staged here
    :ivar staging: the directory that was looked into; empty if none was
    :ivar transfers: None: no state directory was looked into
    :ivar stores: of its configuration; None if that was not read
    :ivar reference: ``worker_self_reference_url``; empty if unknown
    :ivar unknown: sentences about what could not be looked at
    """

    host: str
    staged: Staged | None = None
    staging: str = ''
    transfers: tuple[Transfer, ...] | None = None
    stores: tuple[str, ...] | None = None
    reference: str = ''
    unknown: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of a log, fit to be shown.

    :ivar when: UTC, or the local time of the host, as the log has it
    :ivar number: from 1; 0 if it was not counted
    """

    file: str
    text: str
    host: str = ''
    number: int = 0
    when: datetime.datetime | None = None
    level: str = ''
    service: str = ''
    request_ids: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        return '%s:%d' % (self.file, self.number) if self.number else (
            self.file)


@dataclasses.dataclass(frozen=True)
class Facts:
    """All of it.

    :ivar tasks: newest first; None: they could not be asked for
    :ivar stores: of the cloud; None: unknown, or it has no names for them
    :ivar here: None: this host was not asked about
    :ivar lines: of the logs; None: none were given
    """

    image: Image
    now: datetime.datetime
    tasks: tuple[Task, ...] | None = None
    stores: tuple[str, ...] | None = None
    here: Here | None = None
    lines: tuple[Line, ...] | None = None

    @property
    def transfers(self) -> tuple[Transfer, ...]:
        """The journals of this host, as far as it was looked at."""
        return (self.here.transfers if self.here else None) or ()

    @property
    def newest(self) -> Task | None:
        """The newest task that imports."""
        return self.tasks[0] if self.tasks else None

    @property
    def holder(self) -> Task | None:
        """The task that has the lock; None also where it is not known."""
        return next((one for one in self.tasks or ()
                     if one.id == self.image.lock), None)

    @property
    def running(self) -> Task | None:
        """The task that should be at work: the lock's, or the newest open.
        """
        return self.holder or next(
            (one for one in self.tasks or () if one.open), None)

    def transfer(self, task_id: str | None) -> Transfer | None:
        """The journal of that task on this host."""
        return next((one for one in self.transfers
                     if one.task_id == task_id), None)

    def age(self, when: datetime.datetime | None) -> float | None:
        """Seconds since then, at least 0; None if nobody knows when."""
        return None if when is None else max(
            0.0, (self.now - when).total_seconds())


def image(resource: Mapping[str, Any]) -> Image:
    """Of the plain JSON of an image."""
    locations = resource.get('locations')
    return Image(
        id=str(resource['id']), name=str(resource.get('name') or ''),
        status=str(resource.get('status') or ''),
        size=resource.get('size'), checksum=resource.get('checksum'),
        disk_format=str(resource.get('disk_format') or ''),
        created=moment(resource.get('created_at')),
        updated=moment(resource.get('updated_at')),
        lock=resource.get('os_glance_import_task') or None,
        importing=_listed(resource, 'os_glance_importing_to_stores'),
        failed=_listed(resource, 'os_glance_failed_import'),
        stores=tuple(image_api.stores_of(resource)),
        locations=len(locations) if isinstance(locations, list) else None)


def tasks(found: Sequence[Mapping[str, Any]]) -> tuple[Task, ...]:
    """Of the plain JSON of an image's tasks."""
    made = [Task(
        id=str(one.get('id') or ''), status=str(one.get('status') or ''),
        type=str(one.get('type') or ''),
        message=str(one.get('message') or ''),
        request_id=str(one.get('request_id') or ''),
        created=moment(one.get('created_at')),
        updated=moment(one.get('updated_at')), method=_method(one))
        for one in found]
    never = datetime.datetime.min.replace(tzinfo=datetime.UTC)
    return tuple(sorted(made, key=lambda one: one.created or never,
                        reverse=True))


def moment(text: object) -> datetime.datetime | None:
    """A time of an API, in UTC."""
    try:
        found = datetime.datetime.fromisoformat(str(text or ''))
    except ValueError:
        return None
    if found.tzinfo is None:
        return found.replace(tzinfo=datetime.UTC)
    return found.astimezone(datetime.UTC)


def _method(task: Mapping[str, Any]) -> str:
    found: Any = task
    for name in ('input', 'import_req', 'method', 'name'):
        found = found.get(name) if isinstance(found, Mapping) else None
    return str(found or '')


def _listed(resource: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(image_api.listed(resource.get(name)))
