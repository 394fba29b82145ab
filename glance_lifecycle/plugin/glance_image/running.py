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

"""One running import, from inside Glance's flow."""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import importlib.metadata
from typing import Any

from glance.api import common as api_common
from glance.common import exception as glance_exception
import glance.db
from glance.quota import keystone as ks_quota
from oslo_config import cfg
from oslo_db import exception as db_exception
from oslo_log import log as logging
from oslo_utils import timeutils

from glance_lifecycle import exceptions
from glance_lifecycle.plugin.glance_image import database
from glance_lifecycle.plugin.glance_image import domain
from glance_lifecycle.transfer.sink import base as sink_base

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

RELEASES = (31, 32, 33)
DOWNLOADS = ('web-download', 'glance-download')

MIB = 1024 ** 2


class UserError(glance_exception.UploadException):
    """The only kind of error whose text Glance shows the user."""


@dataclasses.dataclass(frozen=True, slots=True)
class ImageFacts:
    """The image's attributes as they are when its import is admitted.

    :ivar domain: id of the domain of the importer's project
    :ivar roles: of the importer
    :ivar age: seconds since it was created
    """

    status: str
    disk_format: str
    container_format: str
    size: int | None
    properties: Mapping[str, Any]
    name: str | None
    owner: str | None
    domain: str | None
    visibility: str
    tags: frozenset[str]
    protected: bool
    hidden: bool
    age: int
    roles: frozenset[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Sealed:
    """What a finished transfer makes of an image; one save applies it.

    :ivar failed: store -> why it has no copy
    """

    disk_format: str
    container_format: str
    size: int
    virtual_size: int
    checksum: str | None
    os_hash_algo: str
    os_hash_value: str
    stored: Mapping[str, sink_base.Stored]
    failed: Mapping[str, str]
    wanted: domain.Wanted


def direct_unsupported(stores: Sequence[str | None] | None) -> str | None:
    """Why this import cannot be direct, or None."""
    version = importlib.metadata.version('glance')
    if int(version.split('.')[0]) not in RELEASES:
        return ('Glance %s is not among the releases this package was tested '
                'with (%s)' % (version, ', '.join(map(str, RELEASES))))
    if not CONF.enabled_backends:
        return 'multi-store (enabled_backends) is not configured'
    if not isinstance(stores, list) or not all(stores):
        return 'Glance gave no list of target stores'
    return None


class Import:
    """One running import, as Glance handed it to the plugin's get_flow."""

    def __init__(self, kwargs: Mapping[str, Any]) -> None:
        self.task_id: str = kwargs['task_id']
        self.image_id: str = kwargs['image_id']
        self.method: str = kwargs['import_req']['method']['name']
        self.all_must_succeed: bool = kwargs['import_req'].get(
            'all_stores_must_succeed', True)
        self.context = kwargs['context']
        self._wrapper = kwargs['action_wrapper']
        self._task_repo = kwargs['task_repo']

    def facts(self) -> ImageFacts:
        with self._wrapper as action:
            image = domain.innermost(action._image)
            return ImageFacts(
                image.status, image.disk_format, image.container_format,
                image.size, action.image_extra_properties, name=image.name,
                owner=image.owner, domain=self.context.project_domain_id,
                visibility=image.visibility, tags=frozenset(image.tags),
                protected=image.protected, hidden=image.os_hidden,
                age=int(timeutils.delta_seconds(
                    timeutils.normalize_time(image.created_at),
                    timeutils.utcnow())),
                roles=frozenset(self.context.roles))

    @database.retry
    def list_stores(self, stores: Sequence[str],
                    no_more: Sequence[str] = ()) -> None:
        """Show the stores as being imported to, as Glance does itself."""
        with self._wrapper as action:
            action.remove_importing_stores(no_more)
            action.add_importing_stores(stores)
            action.remove_failed_stores(stores)

    def announce(self, stores: Sequence[str]) -> None:
        """The transfer begins."""
        self.list_stores(stores)
        with self._wrapper as action:
            for store in stores:
                domain.notify(action._image, 'image.prepare', store)

    def heartbeat(self, message: str) -> None:
        """Show progress, renew our claim, and look whether to go on.

        :raises TransferCancelled: the image is gone, its lock is another
            task's, or our task was ended by somebody
        """
        try:
            self._wrapper.assert_task_lock()
            task = self._task_repo.get(self.task_id)
            if task.status != database.PROCESSING:
                raise exceptions.TransferCancelled(
                    detail='its task was set to %s' % task.status)
            task.message = message
            self._task_repo.save(task)
        except glance_exception.NotFound as error:
            raise exceptions.TransferCancelled(
                detail='the image was deleted') from error
        except glance_exception.TaskAbortedError as error:
            raise exceptions.TransferCancelled(
                detail='another import took over the image') from error
        except db_exception.DBError as error:
            # A database that is away for a moment must not cost an hour's
            # work; the last save will tell whether it is back.
            LOG.warning('Cannot update task %s: %s', self.task_id, error)

    def check_room(self, staged: int, size: int, stores: int) -> None:
        """Compare with every quota that the stored image counts against.

        :param staged: bytes of the staged file, counted by Glance already
        :param size: bytes of one stored copy
        :param stores: how many copies
        :raises ImageRefused: with the quota's name
        """
        if size > CONF.image_size_cap:
            raise exceptions.ImageRefused(
                reason='size-limit',
                detail='it would be stored with %d bytes, more than the '
                '%d of image_size_cap' % (size, CONF.image_size_cap))
        if 0 <= CONF.image_location_quota < stores:
            raise exceptions.ImageRefused(
                reason='quota', detail='%d stores exceed '
                'image_location_quota, %d'
                % (stores, CONF.image_location_quota))
        try:
            api_common.check_quota(self.context, size * stores,
                                   glance.db.get_api(),
                                   image_id=self.image_id)
            ks_quota.enforce_image_size_total(
                self.context, self.context.owner,
                delta=max(size, staged) // MIB)
        except (glance_exception.StorageQuotaFull,
                glance_exception.LimitExceeded) as error:
            raise exceptions.ImageRefused(
                reason='quota', detail=str(error)) from error

    @database.retry
    def seal(self, sealed: Sealed) -> None:
        """Make the image what it is now, and active, in one transaction.

        :raises TransferCancelled: the image was deleted or is not ours
        """
        try:
            with self._wrapper as action:
                self._check_hash(action, sealed)
                action.set_image_attribute(
                    disk_format=sealed.disk_format,
                    container_format=sealed.container_format,
                    virtual_size=sealed.virtual_size, size=sealed.size)
                action.remove_importing_stores(
                    [*sealed.stored, *sealed.failed])
                if sealed.failed:
                    action.add_failed_stores(sealed.failed)
                _fill(action, sealed)
                domain.apply(action._image, sealed.wanted)
                action.set_image_attribute(status='active')
        except (glance_exception.NotFound, glance_exception.Conflict,
                glance_exception.TaskAbortedError) as error:
            raise exceptions.TransferCancelled(
                detail='the image was deleted or taken over by another '
                'import') from error
        self._tell(action, sealed)

    def _check_hash(self, action: Any, sealed: Sealed) -> None:
        known = domain.innermost(action._image)
        if (known.os_hash_value and known.os_hash_algo == sealed.os_hash_algo
                and known.os_hash_value != sealed.os_hash_value):
            raise exceptions.ImageRefused(
                reason='hash-mismatch',
                detail='its %s differs from the os_hash_value that the image '
                'already has' % sealed.os_hash_algo)

    def _tell(self, action: Any, sealed: Sealed) -> None:
        # As in set_data, only image.prepare names the store.
        for _store in sealed.stored:
            domain.notify(action._image, 'image.upload')
        for why in sealed.failed.values():
            domain.notify_error(action._image, why)
        domain.notify(action._image, 'image.activate')

    @database.retry
    def replace_staged(self, wanted: domain.Wanted,
                       **attributes: Any) -> None:
        """Tell Glance what the file that it will upload is."""
        with self._wrapper as action:
            action.set_image_attribute(**attributes)
            domain.apply(action._image, wanted)

    @database.retry
    def give_back(self, stores: Sequence[str], *, why: str | None,
                  staged_size: int | None, **attributes: Any) -> None:
        """After a failure: lists put right, and a status to go on from.

        :param why: for those who listen to notifications; None if the
            failure was not ours to tell
        :param staged_size: bytes staged and kept, for another attempt with
            glance-direct; None if there are none
        :param attributes: disk_format and container_format to restore
        """
        with self._wrapper as action:
            action.remove_importing_stores(stores)
            action.add_failed_stores(stores)
            importing = action.image_status == 'importing'
            if importing and attributes:
                action.set_image_attribute(**attributes)
            # A download task sets queued itself, and raises, leaking the
            # lock for an hour, if it is queued already.
            if (importing and staged_size is None
                    and self.method not in DOWNLOADS):
                action.set_image_attribute(status='queued')
        if why is not None:
            domain.notify_error(action._image, why)
        if importing and staged_size is not None:
            database.set_uploading(self.image_id, staged_size)


def _fill(action: Any, sealed: Sealed) -> None:
    """Set what the wrapper has no method for, on the domain object itself.

    The proxies around it refuse file:// locations and would ask the store
    for the size of each; both are for what users add.
    """
    image = domain.innermost(action._image)
    image.locations = [
        {'url': s.url, 'metadata': dict(s.metadata), 'status': 'active'}
        for s in sealed.stored.values()]
    image.checksum = sealed.checksum
    image.os_hash_algo = sealed.os_hash_algo
    image.os_hash_value = sealed.os_hash_value
