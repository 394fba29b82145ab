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

"""The cloud whose images are looked after, as one of its users sees it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import copy
import datetime
import functools
from typing import Any
from typing import TYPE_CHECKING
from typing import TypeVar

from openstack import exceptions as sdk_exceptions

from glance_lifecycle.audit import drift
from glance_lifecycle.audit import families as audit_families
from glance_lifecycle.audit import image_api
from glance_lifecycle.dependents import base
from glance_lifecycle.dependents import loading
from glance_lifecycle import exceptions
from glance_lifecycle.policy import decision
from glance_lifecycle.worker import caching
from glance_lifecycle.worker import pacing
from glance_lifecycle.worker import reconcile
from glance_lifecycle.worker import resigning
from glance_lifecycle.worker import usage

if TYPE_CHECKING:
    from glance_lifecycle.copies import facade

Image = Mapping[str, Any]

PROVIDERS = ('servers', 'volumes', 'rbd_children', 'members')

#: those of them that list a whole cloud
LISTED = ('servers', 'volumes')

T = TypeVar('T')

# Ids in one query: 4 KiB of a URL.
_AT_ONCE = 100

# Bytes.
_PIECE = 2 ** 20

_PATCH = {'Content-Type': 'application/openstack-images-v2.1-json-patch'}


def _nowhere(resource: Any) -> None:
    """This is no host of glance-api."""


def _always() -> None:
    """Nobody can take the right to act away."""


def _not_kept(_image_id: str) -> None:
    """Nobody watches when images are used."""


def _forget(arguments: Mapping[str, Any]) -> None:
    """Nobody goes on where this one dies."""


class Cloud:
    """What the actions need of a cloud.

    :param connection: an ``openstack.connection.Connection``
    :param copies: from an SDK image to its stored copies, where this is a
        host of glance-api
    :param providers: of dependents: all of them are asked
    :param signatures: what the service has signed
    :ivar may_act: raises where one may not act any more; called just before
        each act
    :ivar note: keeps arguments of the action, changed as far as it has come,
        for who goes on where this one dies
    :param used: is told the id of an image that is found to be needed
    :ivar repair: whether a bad copy is replaced
    :ivar caches: those of the image service; None to leave them alone
    :ivar unused: see ``worker.usage``
    :ivar pacing: how fast bytes may be moved
    """

    def __init__(self, connection: Any,
                 copies: Callable[[Any], facade.Copies | None] = _nowhere,
                 providers: Sequence[str] = PROVIDERS, *,
                 repair: bool = False,
                 caches: caching.Caches | None = None,
                 limits: pacing.Pacing | None = None,
                 signatures: resigning.Signatures | None = None,
                 unused: usage.Unused = usage.unknown,
                 used: Callable[[str], None] = _not_kept) -> None:
        self.connection = connection
        self.client = connection.image
        self.copies = copies
        self._providers = providers
        self.repair = repair
        self.caches = caches
        self.signatures = signatures or resigning.Signatures()
        self.unused = unused
        self._used = used
        self.pacing = limits or pacing.Pacing()
        self.may_act: Callable[[], None] = _always
        self.note: Callable[[Mapping[str, Any]], None] = _forget

    def guarded(self, may_act: Callable[[], None],
                note: Callable[[Mapping[str, Any]], None]) -> Cloud:
        """The same for one job; see the class."""
        found = copy.copy(self)
        found.may_act = may_act
        found.note = note
        return found

    @functools.cached_property
    def store_kinds(self) -> Mapping[str, str] | None:
        """Store -> glance_store driver; None where this user may not know.

        :raises ServiceError: it cannot be asked
        """
        with image_api.asking('list its stores'):
            return image_api.store_kinds(self.client)

    def store_names(self) -> list[str]:
        """Those of the cloud; none where they have no names.

        :raises ServiceError: it cannot be asked
        """
        with image_api.asking('list its stores'):
            return image_api.store_names(self.client)

    def image(self, image_id: str) -> Image | None:
        """As the Image API shows it now; None if it is gone.

        :raises ServiceError: it cannot be asked
        """
        with image_api.asking('show image %s' % image_id):
            response = self.client.get('/images/' + image_id)
            if response.status_code == 404:
                return None
            sdk_exceptions.raise_from_response(response)
            found: Image = response.json()
        return found

    def has_images(self) -> bool:
        """Whether the Image API shows any image now.

        :raises ServiceError: it cannot be asked
        """
        with image_api.asking('list an image'):
            return any(True for _image in drift.catalogue(
                image_api.getter(self.client), page_size=1,
                visibility='all'))

    def among(self, image_ids: Sequence[str], keep: Callable[[Image], T]
              ) -> dict[str, T]:
        """Those of these images that the Image API lists now.

        :param keep: what is kept of each
        :raises ServiceError: it cannot be asked
        """
        found: dict[str, T] = {}
        with image_api.asking('list images by their ids'):
            for first in range(0, len(image_ids), _AT_ONCE):
                some = image_ids[first:first + _AT_ONCE]
                found |= {image['id']: keep(image) for image in
                          drift.catalogue(
                              image_api.getter(self.client),
                              page_size=_AT_ONCE, visibility='all',
                              id='in:' + ','.join(some))}
        return found

    def resource(self, image_id: str) -> Any:
        """The same, as an SDK resource.

        :raises ServiceError: it cannot be asked, or the image is gone
        """
        with image_api.asking('show image %s' % image_id):
            return self.client.get_image(image_id)

    def families(self, policy: decision.Policy, now: datetime.datetime, *,
                 keep: bool = False) -> audit_families.Families:
        """For one look: what it has listed is not listed again."""
        return audit_families.Families(
            image_api.getter(self.client), policy, self.store_kinds, now,
            keep=keep)

    def needs(self, image: Image, policy: decision.Policy,
              now: datetime.datetime,
              see: drift.See | None = None, *,
              alone: bool = False) -> reconcile.Needs:
        """What this image needs, now.

        :param see: its family, as this look has it; None to list it anew
        :param alone: not to look at its family: nothing that depends on that
            is found
        :raises ServiceError: its family cannot be listed
        """
        if image.get('status') not in drift.SETTLED:
            return reconcile.Needs()
        known = drift.facts(image, now, self.store_kinds)
        wanted = policy.decide(known)
        view = None
        if not alone:
            with image_api.asking('list the family of image %s'
                                  % image['id']):
                view = (see or self.families(policy, now).view)(
                    image, known, wanted)
        return reconcile.reconcile(image, known, wanted, reconcile.Around(
            view, None if wanted.retain.unused_for is None
            else self.unused(image, now), self._missing(image, wanted),
            self.signatures.look(image, wanted.require.trust())))

    def _missing(self, image: Image, wanted: decision.Decision
                 ) -> caching.Missing:
        if self.caches and reconcile.wants_caches(image, wanted):
            return self.caches.missing(image, wanted.cache)
        return caching.Missing()

    def prefetch(self, image_id: str, node: str) -> None:
        """:raises ServiceError: the node does not queue it"""
        self.may_act()
        if self.caches is not None:
            self.caches.queue(node, image_id)

    def in_use(self, since: datetime.datetime | None) -> Iterator[str]:
        """Ids of all images with servers or volumes, some more than once.

        And of shelved servers: see ``dependents``.

        :param since: also of what was deleted since, as far as that is told
        :raises NotAsked: not all can be told
        """
        for provider in loading.providers(LISTED, self.connection,
                                          base.Settings()):
            yield from provider.used()
            if since is not None:
                yield from provider.used_since(since)

    def change(self, image_id: str, operations: list[dict[str, Any]]) -> None:
        """PATCH: all of it, or nothing.

        https://docs.openstack.org/api-ref/image/v2/#update-image

        :raises ServiceError: it does not
        """
        self.may_act()
        with image_api.asking('change image %s' % image_id):
            sdk_exceptions.raise_from_response(self.client.patch(
                '/images/' + image_id, json=operations, headers=_PATCH))

    def data(self, image_id: str) -> Iterator[bytes]:
        """All of its bytes, in pieces.

        :raises ServiceError: it does not give them
        """
        with image_api.asking('send the data of image %s' % image_id):
            response = self.client.get('/images/%s/file' % image_id,
                                       stream=True)
            sdk_exceptions.raise_from_response(response)
            yield from response.iter_content(_PIECE)

    def deactivate(self, image_id: str) -> None:
        """:raises ServiceError: it does not"""
        self.may_act()
        with image_api.asking('deactivate image %s' % image_id):
            sdk_exceptions.raise_from_response(self.client.post(
                '/images/%s/actions/deactivate' % image_id))

    def delete(self, image_id: str) -> None:
        """:raises ServiceError: it does not"""
        self.may_act()
        with image_api.asking('delete image %s' % image_id):
            response = self.client.delete('/images/' + image_id)
            if response.status_code != 404:
                sdk_exceptions.raise_from_response(response)

    def check_alone(self, image: Image) -> None:
        """That no other image needs what is stored, as far as this host sees.

        Glance deletes it without asking.

        :raises ActionRefused: one does, or may
        """
        host = self.copies(self.resource(image['id']))
        for why in host.others() if host else ():
            raise exceptions.ActionRefused(
                image=image['id'], detail='another image needs what is '
                'stored for it: %s' % why)

    def check_unused(self, image: Image) -> None:
        """That nothing needs the image, and that all providers said so.

        :raises ActionRefused: something does, or may
        """
        resource = self.resource(image['id'])
        host = self.copies(resource)
        ceph = host.ceph_clusters() if host else {'': base.Ceph()}
        asked = self._asked(image, host)
        for provider in loading.providers(
                self._providers, self.connection, base.Settings(ceph=ceph)):
            self._check(image, provider.ask(asked))

    def _check(self, image: Image, answer: base.Answer) -> None:
        if not answer.asked:
            raise exceptions.UseUnknown(
                image=image['id'], detail='it is not known what needs it: '
                '%s: %s' % (answer.provider, answer.reason))
        try:
            found = next(iter(answer.dependents), None)
        except base.NotAsked as error:
            raise exceptions.UseUnknown(
                image=image['id'], detail='it is not known what needs it: '
                '%s: %s' % (answer.provider, error)) from None
        if found is not None:
            self._used(image['id'])
            raise exceptions.ActionRefused(
                image=image['id'], detail='it is needed by %s %s' % (
                    found.kind, found.id))
        if answer.reason:
            raise exceptions.UseUnknown(
                image=image['id'], detail='what needs it is only known in '
                'part: %s: %s' % (answer.provider, answer.reason))

    def _asked(self, image: Image, host: facade.Copies | None) -> base.Image:
        return base.Image(
            image['id'], image.get('name') or '', image.get('owner') or '',
            image.get('visibility'),
            {name: value for name, value in image.items()
             if isinstance(value, str)}, self._locations(image, host))

    def _locations(self, image: Image, host: facade.Copies | None
                   ) -> tuple[base.Location, ...] | None:
        """What providers of clones look at; None if it is not known."""
        if host is not None:
            return tuple(base.Location(copy.url, copy.store)
                         for copy in host.image.copies)
        if image.get('locations') is not None:
            return tuple(base.Location(
                str(location.get('url') or ''),
                str((location.get('metadata') or {}).get('store') or ''))
                for location in image['locations'])
        stores, kinds = image_api.stores_of(image), self.store_kinds or {}
        # Glance rarely shows locations; there are clones only in Ceph.
        return () if stores and all(
            kinds.get(store, 'rbd') != 'rbd' for store in stores) else None
