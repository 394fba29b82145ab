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

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import importlib.metadata
import itertools
from typing import Any
from typing import TypeVar

from glance.api import common as api_common
from glance.common import exception as glance_exception
from glance import context as glance_context
import glance.db
from glance import gateway
from glance.quota import keystone as ks_quota
from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle.glance_host import database
from glance_lifecycle.glance_host import domain
from glance_lifecycle.glance_host import transactions
from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.transfer import sink

LOG = logging.getLogger(__name__)
CONF = cfg.CONF
T = TypeVar('T')

RELEASES = (31, 32, 33)
DOWNLOADS = ('web-download', 'glance-download')

MIB = 1024 ** 2


class UserError(glance_exception.UploadException):
    """The only kind of error whose text Glance shows the user."""


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
    stored: Mapping[str, sink.Stored]
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
    """One running import, as Glance handed it to the plugin's get_flow.

    :ivar guard: raises where one may not go on; asked before each change
    """

    guard: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, kwargs: Mapping[str, Any]) -> None:
        self.task_id: str = kwargs['task_id']
        self.image_id: str = kwargs['image_id']
        self.method: str = kwargs['import_req']['method']['name']
        self.all_must_succeed: bool = kwargs['import_req'].get(
            'all_stores_must_succeed', True)
        self.context = kwargs['context']
        self._wrapper = kwargs['action_wrapper']
        self._task_repo = kwargs['task_repo']

    def handed_over(self) -> dict[str, Any]:
        """What ``taken_over()`` makes the same import of: plain data."""
        return {
            'task_id': self.task_id, 'image_id': self.image_id,
            'method': self.method, 'roles': sorted(self.context.roles),
            'domain': self.context.project_domain_id}

    def check_ours(self) -> None:
        """Look whether to go on.

        :raises TransferCancelled: as ``heartbeat()``
        """
        with _ours():
            self._check_ours()

    @database.retry
    def _check_ours(self) -> None:
        self._wrapper.assert_task_lock()

    @database.retry
    def facts(self) -> policy_facts.Facts:
        """The image as it is now.

        :raises TransferCancelled: it was deleted or is not ours
        """
        with _ours():
            self._wrapper.assert_task_lock()
            repo = glance.db.ImageRepo(database.admin_context(),
                                       glance.db.get_api())
            return self._facts(repo.get(self.image_id))

    def _facts(self, image: Any) -> policy_facts.Facts:
        return dataclasses.replace(
            domain.facts(domain.innermost(image),
                         self.context.project_domain_id),
            import_method=self.method,
            importer_roles=frozenset(self.context.roles))

    def list_stores(self, stores: Sequence[str],
                    no_more: Sequence[str] = ()) -> None:
        """Show the stores as being imported to, as Glance does itself.

        :raises TransferCancelled: the image was deleted or is not ours
        """
        self._change(lambda image: domain.list_stores(
            image, add=stores, remove=set(no_more) - set(stores),
            not_failed=stores))

    def announce(self, stores: Sequence[str]) -> None:
        """The transfer begins."""
        self.list_stores(stores)
        self._tell(['image.prepare'] * len(stores), stores)

    def heartbeat(self, message: str) -> None:
        """Show progress, renew our claim, and look whether to go on.

        As well as it can: a database that is away for a moment must not
        cost an hour's work. The last save tells whether it is back.

        :raises TransferCancelled: the image is gone, its lock is another
            task's, or our task was ended by somebody
        """
        self.guard()
        try:
            with _ours():
                self._beat(message)
        except exceptions.TransferCancelled:
            raise
        except Exception as error:
            LOG.warning('The progress of task %(task)s cannot be shown now, '
                        'and its import goes on: %(error)s', {
                            'task': self.task_id,
                            'error': transactions.said(error)})

    def _beat(self, message: str) -> None:
        self._wrapper.assert_task_lock()
        task = self._task_repo.get(self.task_id)
        if task.status != database.PROCESSING:
            raise exceptions.TransferCancelled(
                detail='its task was set to %s' % task.status)
        task.message = message
        self._task_repo.save(task)

    @database.retry
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

    def seal(self, decide: Callable[[policy_facts.Facts], Sealed]) -> None:
        """Make the image what it is now, and active, in one transaction.

        :param decide: called in that transaction, with the image as it is
            then; what it raises leaves the image as it was. It may be called
            more than once
        :raises TransferCancelled: the image was deleted or is not ours
        """
        made: list[Sealed] = []

        def fill(image: Any) -> None:
            if made and _is_sealed(image, made[0]):
                # By ourselves, and the answer was lost.
                return
            # Here, where nobody else can change the image. Who takes the
            # job away afterwards waits for this transaction (``settle``)
            # before it looks whether the image has become active.
            self.guard()
            _check_importing(image)
            made[:] = [decide(self._facts(image))]
            _seal(image, made[0])

        self._change(fill)
        (sealed,) = made
        # As in set_data, only image.prepare names the store.
        self._tell(['image.upload'] * len(sealed.stored))
        for why in sealed.failed.values():
            self._tell_error(why)
        self._tell(['image.activate'])

    def replace_staged(self, decide: Callable[
            [policy_facts.Facts], tuple[domain.Wanted, Mapping[str, Any]]]
            ) -> None:
        """Tell Glance what the file that it will upload is.

        :param decide: as of ``seal()``; what is wanted, and attributes
        :raises TransferCancelled: the image was deleted or is not ours
        """
        made: list[tuple[domain.Wanted, Mapping[str, Any]]] = []

        def replace(image: Any) -> None:
            # What we wrote in an attempt is not what its user wants.
            made[:] = made or [decide(self._facts(image))]
            wanted, attributes = made[0]
            for name, value in attributes.items():
                setattr(domain.innermost(image), name, value)
            domain.apply(image, wanted)

        self._change(replace)

    def give_back(self, stores: Sequence[str], *, why: str | None,
                  staged_size: int | None, **attributes: Any) -> None:
        """After a failure: lists put right, and a status to go on from.

        :param why: for those who listen to notifications; None if the
            failure was not ours to tell
        :param staged_size: bytes staged and kept, for another attempt with
            glance-direct; None if there are none
        :param attributes: disk_format and container_format to restore
        """
        def put_back(image: Any) -> bool:
            domain.list_stores(image, remove=stores, failed=stores)
            importing = bool(image.status == 'importing')
            if importing:
                for name, value in attributes.items():
                    setattr(domain.innermost(image), name, value)
            # A download task sets queued itself, and raises, leaking the
            # lock for an hour, if it is queued already.
            if (importing and staged_size is None
                    and self.method not in DOWNLOADS):
                image.status = 'queued'
            return importing

        importing = self._change(put_back)
        if why is not None:
            self._tell_error(why)
        if importing and staged_size is not None:
            database.set_uploading(self.image_id, staged_size)

    def _change(self, change: Callable[[Any], T]) -> T:
        made = self._changed(change)
        self._tell(['image.update'])
        return made

    @database.retry
    def _changed(self, change: Callable[[Any], T]) -> T:
        with _ours():
            return transactions.change(self.image_id, change,
                                       task_id=self.task_id)

    def _tell(self, events: Sequence[str],
              stores: Sequence[str | None] = ()) -> None:
        image = database.told(self.image_id)
        for event, store in itertools.zip_longest(events, stores):
            if image is not None:
                domain.notify(image, event, store)

    def _tell_error(self, why: str) -> None:
        image = database.told(self.image_id)
        if image is not None:
            domain.notify_error(image, why)


def taken_over(handed: Mapping[str, Any]) -> Import:
    """An import that Glance handed to another process.

    :param handed: of ``Import.handed_over()``
    """
    # Late: it brings TaskFlow and networkx, 13 MiB of an idle worker.
    from glance.async_.flows import api_image_import
    return Import({
        'task_id': handed['task_id'], 'image_id': handed['image_id'],
        'import_req': {'method': {'name': handed['method']}},
        # Of its user, what the policy asks for.
        'context': glance_context.RequestContext(
            is_admin=True, overwrite=False, roles=handed['roles'],
            project_domain_id=handed['domain']),
        'action_wrapper': api_image_import.ImportActionWrapper(
            gateway.Gateway().get_repo(database.admin_context()),
            handed['image_id'], handed['task_id']),
        'task_repo': glance.db.TaskRepo(database.admin_context(),
                                        glance.db.get_api())})


@contextlib.contextmanager
def _ours() -> Iterator[None]:
    try:
        yield
    except glance_exception.NotFound:
        raise exceptions.TransferCancelled(
            detail='the image was deleted') from None
    except (glance_exception.Conflict,
            glance_exception.TaskAbortedError):
        raise exceptions.TransferCancelled(
            detail='another import took over the image') from None


def _seal(image: Any, sealed: Sealed) -> None:
    """All of it on the domain object itself, without its proxies.

    They refuse file:// locations and would ask the store for the size of
    each; both are for what users add.
    """
    known = domain.innermost(image)
    if (known.os_hash_value and known.os_hash_algo == sealed.os_hash_algo
            and known.os_hash_value != sealed.os_hash_value):
        raise exceptions.ImageRefused(
            reason='hash-mismatch',
            detail='its %s differs from the os_hash_value that the image '
            'already has' % sealed.os_hash_algo)
    # Both can be set only before the status is active.
    known.disk_format = sealed.disk_format
    known.container_format = sealed.container_format
    known.size = sealed.size
    known.virtual_size = sealed.virtual_size
    known.checksum = sealed.checksum
    known.os_hash_algo = sealed.os_hash_algo
    known.os_hash_value = sealed.os_hash_value
    known.locations = [
        {'url': s.url, 'metadata': dict(s.metadata), 'status': 'active'}
        for s in sealed.stored.values()]
    domain.list_stores(known, remove={*sealed.stored, *sealed.failed},
                       failed=sealed.failed)
    domain.apply(known, sealed.wanted)
    known.status = 'active'


def _check_importing(image: Any) -> None:
    """:raises TransferCancelled: somebody has given it back

    Such as the glance-api that waited for a worker: first it moves the
    stores to the list of failed ones, then it changes the status.
    """
    if image.status != 'importing' or not image.extra_properties.get(
            'os_glance_importing_to_stores'):
        raise exceptions.TransferCancelled(
            detail='the import was given up before it was complete')


def _is_sealed(image: Any, sealed: Sealed) -> bool:
    return image.status == 'active' and (
        {location['url'] for location in image.locations}
        == {stored.url for stored in sealed.stored.values()})
