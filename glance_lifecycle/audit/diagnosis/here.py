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

"""The facts that this host knows: its staging, and journals of transfers.

Nothing is changed, and nothing is read that the image does not name: the
staged file is looked at, and not opened.
"""

import contextlib
import dataclasses
import datetime
import os
import pathlib
import socket
import stat
import time

from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.audit.doctor import examination
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import options
from glance_lifecycle import exceptions
from glance_lifecycle.transfer import journal_record
from glance_lifecycle.transfer import journals

_NOT_LOOKED = ('%s cannot be looked into (%s): run this as the user of '
               'glance-api, on its host.')
# Nanoseconds: file systems tell times apart by some milliseconds, or by one
# second.
_SURE = 2 * 10 ** 9


@dataclasses.dataclass(frozen=True)
class Places:
    """Where this host keeps what imports need; empty where unknown."""

    state_dir: str = ''
    staging: str = ''
    stores: tuple[str, ...] | None = None
    reference: str = ''


def configured(directory: pathlib.Path) -> Places:
    """As the glance-api of this host is configured.

    :raises ConfigurationError: there is no configuration
    """
    host = examination.gathered(
        [(socket.gethostname(), directory)], examination.installed_release(),
        local=True)[0]
    section, name = (
        (options.STAGING, 'filesystem_store_datadir') if host.multi_store
        else ('DEFAULT', 'node_staging_uri'))
    return Places(
        _value(host, 'lifecycle', 'state_dir'),
        _value(host, section, name).removeprefix('file://').rstrip('/'),
        tuple(host.stores) if host.multi_store else None,
        _value(host, 'DEFAULT', 'worker_self_reference_url')
        or _value(host, 'DEFAULT', 'public_endpoint'))


class Looking:
    """Looks at what is there of one image after the other.

    Of each it is as it is then: what is kept meanwhile cannot change, or is
    known to have changed.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        # Task -> image of its journal, which never changes.
        self._images: dict[str, str] = {}
        # As the staging was at this time of change: image -> its files.
        self._listed = -1
        self._files: dict[str, list[str]] = {}

    def look(self, image_id: str) -> facts.Here:
        places, unknown = self._places, []
        staged, staging = None, places.staging
        if staging:
            try:
                staged = self._staged(staging, image_id)
            except OSError as error:
                unknown.append(_NOT_LOOKED % (staging, error.strerror))
                staging = ''
        transfers = None
        if places.state_dir:
            try:
                transfers = self._transfers(places.state_dir, image_id)
            except exceptions.ConfigurationError as error:
                unknown.append(_NOT_LOOKED % (
                    places.state_dir, error.fields.get(
                        'operator', error.detail)))
        return facts.Here(
            socket.gethostname(), staged, staging, transfers, places.stores,
            places.reference, tuple(unknown))

    def _transfers(self, state_dir: str, image_id: str
                   ) -> tuple[facts.Transfer, ...]:
        # Whose directory it is not, sees none in it.
        if not os.access(state_dir, os.R_OK | os.X_OK):
            raise exceptions.ConfigurationError(
                detail='it cannot be read', operator='no access, or not there')
        found = []
        for record, alive in journals.seen(
                state_dir, lambda task: self._images.get(
                    task, image_id) == image_id):
            # One that its maker died in names none, and never will.
            self._images[record.task_id] = record.image_id
            if record.image_id == image_id:
                found.append(_transfer(record, alive))
        return tuple(found)

    def _staged(self, directory: str, image_id: str) -> facts.Staged | None:
        """The newest file of it: a conversion writes one beside the first.

        :raises OSError: the directory cannot be looked into
        """
        changed = os.stat(directory).st_mtime_ns
        if changed != self._listed:
            self._files = {}
            for name in os.listdir(directory):
                self._files.setdefault(
                    name.partition('.')[0], []).append(name)
            # Of what changed just now, the next change may bear that time.
            self._listed = (changed if time.time_ns() - changed > _SURE
                            else -1)
        found = []
        for name in self._files.get(image_id, ()):
            path = os.path.join(directory, name)
            with contextlib.suppress(FileNotFoundError):
                status = os.lstat(path)
                if stat.S_ISREG(status.st_mode):
                    found.append(facts.Staged(
                        path, status.st_size,
                        datetime.datetime.fromtimestamp(
                            status.st_mtime, datetime.UTC)))
        return max(found, key=lambda one: one.changed, default=None)


def left(places: Places) -> frozenset[str]:
    """Images of which something died here; none where nobody may look.

    A copy takes no lock, so that Glance has nothing to show of it.
    """
    if not places.state_dir:
        return frozenset()
    try:
        return frozenset(record.image_id for record, alive in journals.seen(
            places.state_dir) if not alive)
    except exceptions.ConfigurationError:
        # ``look`` says so, of each image.
        return frozenset()


def _transfer(record: journal_record.Record, alive: bool) -> facts.Transfer:
    return facts.Transfer(
        record.task_id, alive, record.method, record.stage_host,
        bool(record.offloaded),
        str(exceptions.from_dict(record.failure)) if record.failure else '',
        tuple(target.store for target in record.targets))


def _value(host: hosts.Host, section: str, name: str) -> str:
    try:
        return str(host.value(section, name) or '')
    except hosts.Hidden:
        return ''
