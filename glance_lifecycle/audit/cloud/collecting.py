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

"""The facts of a live cloud, in one document.

Each service is asked with the rights of the user. What none of them tells is
left out, so that its default counts, and noted.
"""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import datetime
from typing import Any

from glance_lifecycle.audit.cloud import computes
from glance_lifecycle.audit.cloud import consumers
from glance_lifecycle.audit.cloud import document
from glance_lifecycle.audit.cloud import images
from glance_lifecycle.audit.cloud import merging
from glance_lifecycle.audit.cloud import stores
from glance_lifecycle.audit.cloud import volumes
from glance_lifecycle.audit.doctor.asked import collecting
from glance_lifecycle.audit.doctor.asked import identity
from glance_lifecycle.audit.doctor import beside
from glance_lifecycle.audit.doctor import service
from glance_lifecycle import exceptions
from glance_lifecycle.planning import staying
from glance_lifecycle.transfer.backends.object_store import pace

_WEEK = 7 * 86400


class Host:
    """What only a host of glance-api knows: nothing, where this is none."""

    def shown(self) -> document.Item | None:
        """What locations images show."""
        return None

    def default_store(self) -> str:
        return ''

    def rooms(self, names: list[str], note: document.Note
              ) -> Mapping[str, document.Item]:
        return {}


@dataclasses.dataclass(frozen=True)
class Wishes:
    """How it is collected.

    :ivar weeks: of which boots are counted
    :ivar files: nova.conf, cinder.conf and ceph.conf
    :ivar given: a partial document that counts more than what is read
    :ivar measured: store -> what a probe has measured of it
    """

    weeks: float = 4
    files: beside.Given = dataclasses.field(default_factory=beside.Given)
    given: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    measured: Mapping[str, document.Item] = dataclasses.field(
        default_factory=dict)


def collect(connection: Any, wishes: Wishes, note: document.Note,
            host: Host | None = None,
            say: Callable[[str], None] = lambda text: None
            ) -> document.Document:
    """What ``planning.cloud_file`` takes.

    :param connection: of openstacksdk
    :param note: called with a sentence on what could not be told
    :param host: this one, if glance-api runs here
    :param say: called with how far it is
    :raises LifecycleError: Glance does not say what it has
    """
    found = _Collecting(connection, wishes, note, host or Host(), say)
    return found.run()


class _Collecting:

    def __init__(self, connection: Any, wishes: Wishes, note: document.Note,
                 host: Host, say: Callable[[str], None]) -> None:
        self._connection = connection
        self._wishes = wishes
        self._note = note
        self._host = host
        self._say = say
        self._asked = collecting.Asked()
        # Services that have told what they made of images.
        self._counted: set[str] = set()
        self._since = datetime.datetime.now(datetime.UTC) - (
            datetime.timedelta(weeks=wishes.weeks))

    def run(self) -> document.Document:
        told = stores.asked(self._connection.image)
        found = stores.items(told, self._note)
        # Without multi-store it has one, of no name.
        found = found or [{'name': images.ONLY_STORE}]
        self._on_host(found)
        known = {one['name']: one.get('fsid', '') for one in found}
        catalogue = images.collect(
            images.listed(self._connection.image, self._progress('images'),
                          pace.Pace()),
            known if told else {}, self._note, self._since)
        if not catalogue.items:
            raise exceptions.ConfigurationError(
                detail='Glance shows no image with data to this user, so that '
                'there is nothing to advise on. Log in as an administrator, '
                'who sees the images of all projects')
        result: document.Document = {
            'version': document.VERSION,
            'glance': self._glance(told, found, catalogue),
            'stores': found}
        there = {one.kind for one in self._asked.answer(
            'show its catalogue', lambda: identity.catalogue(
                self._connection), identity.SERVICE) or ()}
        services = consumers.services(self._wishes.files, self._note)
        confs = {kind: [one for one in services if one.kind == kind]
                 for kind in (service.NOVA, service.CINDER)}
        if 'compute' in there or confs[service.NOVA]:
            result['compute_groups'] = self._computes(
                confs[service.NOVA], known, catalogue, 'compute' in there)
        if 'block-storage' in there or confs[service.CINDER]:
            result['volume_backends'] = self._volumes(
                confs[service.CINDER], catalogue, 'block-storage' in there)
        images.unknown_boots(
            catalogue, self._counted == there & {'compute', 'block-storage'}
            and 'compute' in there
            and self._wishes.weeks * _WEEK >= staying.IDLE, self._note)
        result['images'] = catalogue.items
        for sentence in self._asked.unknown:
            self._note(sentence)
        result = merging.merged(result, self._wishes.given)
        stores.filled(result['stores'], catalogue, self._note)
        self._clusters(result)
        return result

    def _progress(self, what: str) -> Callable[[int], None]:
        return lambda count: self._say('%d %s' % (count, what))

    def _on_host(self, found: list[document.Item]) -> None:
        rooms = self._host.rooms([one['name'] for one in found], self._note)
        for one in found:
            one |= rooms.get(one['name'], {})
            one |= self._wishes.measured.get(one['name'], {})

    def _glance(self, told: list[Mapping[str, Any]],
                found: list[document.Item], catalogue: images.Catalogue
                ) -> document.Item:
        names = [one['name'] for one in found]
        default = next((name for name in (
            stores.default(told), self._host.default_store())
            if name in names), '')
        if not default:
            default = names[0]
            if told:
                self._note('Glance names no default store. %s is taken for '
                           'it.' % default)
        shown = self._host.shown()
        if shown is None:
            # An image shows what it may, once it has a location.
            shown = {'show_image_direct_url': 'direct_url' in catalogue.shown,
                     'show_multiple_locations':
                     'locations' in catalogue.shown}
        return {'default_store': default, **shown,
                'growth_per_week': document.read(document.total(int(
                    catalogue.grown[default] / self._wishes.weeks)))}

    def _computes(self, confs: list[service.Service],
                  known: Mapping[str, str], catalogue: images.Catalogue,
                  there: bool) -> list[document.Item]:
        said = {one.name: consumers.nova(one, known) for one in confs}
        answer = computes.asked(
            self._asked, self._connection) if there else None
        # Nova does not list its computes: then those are meant whose files
        # are there.
        items, groups_of = computes.groups(
            answer or computes.Asked(list(said)), said, self._note)
        if not there or not items:
            return items
        made = self._asked.answer('list the servers', lambda: computes.booted(
            self._connection.compute, self._since,
            self._progress('servers')), computes.SERVICE)
        if made is not None:
            self._counted.add('compute')
        computes.weekly(catalogue.items, 'boots_per_week', computes.counted(
            made or {}, groups_of, items, catalogue.names, self._note),
            self._wishes.weeks)
        return items

    def _volumes(self, confs: list[service.Service],
                 catalogue: images.Catalogue, there: bool
                 ) -> list[document.Item]:
        said: dict[str, document.Item] = {}
        for one in confs:
            said |= consumers.cinder(one)
        told = made = None
        if there:
            client = self._connection.block_storage
            told = self._asked.answer('list its pools', lambda: volumes.pools(
                client), volumes.SERVICE)
            made = self._asked.answer('list the volumes', lambda: volumes.made(
                client, self._since, self._progress('volumes')),
                volumes.SERVICE)
        if made is not None:
            self._counted.add('block-storage')
        made = made or volumes.Made()
        items = volumes.items(said, told or {}, made, self._note)
        computes.weekly(catalogue.items, 'volumes_per_week', volumes.counted(
            made, {one['name'] for one in items}, catalogue.names),
            self._wishes.weeks)
        if made.volumes:
            self._note('Cinder does not list volumes that were deleted since: '
                       'there may have been more than are counted.')
        return items

    def _clusters(self, result: document.Document) -> None:
        for key in ('compute_groups', 'volume_backends'):
            items = result.get(key, [])
            consumers.clusters(
                items, result['stores'],
                (lambda one: 'fsid' in one) if key == 'volume_backends'
                else (lambda one: one['images_type'] == 'rbd'), self._note)
