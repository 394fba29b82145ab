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

"""Each condition of copy-on-write, turned, as Nova and Cinder decide.

Their own code, a real Glance and a real Ceph; what we say of the same.
"""

import dataclasses
from typing import Any

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import copy_on_write
from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.nova import asked
from glance_lifecycle.tests.unit.planning import paper

# One role each: the client of Glance quotes a comma.
_USERS = {name: {
    'X-Identity-Status': 'Confirmed', 'X-User-Id': name,
    'X-Project-Id': project, 'X-Roles': role, **more}
    for name, project, role, more in (
        ('user', 'demo', 'reader', {}),
        # As send_service_user_token does.
        ('with token', 'demo', 'reader', {'X-Service-Roles': 'service'}),
        ('service', 'service', 'service', {}),
        ('admin', 'service', 'admin', {}))}
_SHOWN = {'show_image_direct_url': True, 'show_multiple_locations': True}


class CopyOnWriteTest(base.FunctionalTestCase):
    """All tests use one cluster, one Glance and one of each service."""

    cluster: ceph.Ceph
    api: glance.GlanceApi
    nova: asked.Asked
    cinder: asked.Asked

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.cluster = cls.started(ceph.Ceph(('images', 'vms', 'volumes')))
        # Its users know nothing of a pool that is newer.
        cls.cluster.make_pool('secret')
        cls.api = cls.started(glance.GlanceApi(
            stores={'ceph': 'rbd', 'files': 'file'}, conf={
                'DEFAULT': _SHOWN, 'ceph': {
                    'rbd_store_pool': 'images', 'rbd_store_user': 'glance',
                    'rbd_store_ceph_conf': cls.cluster.conf}}))
        cls.nova = cls.started(asked.Asked('nova_asked', {
            'glance': {'api_servers': cls.api.url},
            'libvirt': {
                'images_type': 'rbd', 'images_rbd_pool': 'vms',
                'rbd_user': 'glance',
                'images_rbd_ceph_conf': cls.cluster.conf}}, _USERS))
        cls.cinder = cls.started(asked.Asked('cinder_asked', {
            'DEFAULT': {'glance_api_servers': cls.api.url},
            'ceph': {
                'rbd_pool': 'volumes', 'rbd_user': 'glance',
                'rados_connection_retries': 1,
                'rbd_ceph_conf': cls.cluster.conf}}, _USERS))

    @classmethod
    def started(cls, fixture: Any) -> Any:
        fixture.setUp()
        cls.addClassCleanup(fixture.cleanUp)
        return fixture

    def setUp(self) -> None:
        super().setUp()
        cloud = paper.cloud('ceph')
        self.store = dataclasses.replace(
            cloud.stores[0], fsid=self.cluster.fsid)
        self.group = dataclasses.replace(
            cloud.compute_groups[0], fsid=self.cluster.fsid)
        self.volumes = dataclasses.replace(
            cloud.volume_backends[0], fsid=self.cluster.fsid)
        self.user = self.api.user()

    def image(self, *locations: str, disk_format: str = 'raw') -> str:
        """A raw image in Ceph; then it is said to be another.

        :param locations: URLs that it is said to be at
        """
        image_id = str(self.user.create_image(disk_format='raw')['id'])
        self.user.upload(image_id, b'x' * 4096)
        self.api.sql("UPDATE images SET disk_format = '%s' WHERE id = '%s'"
                     % (disk_format, image_id))
        for one in locations:
            self.api.sql("UPDATE image_locations SET value = '%s' WHERE "
                         "image_id = '%s'" % (one % {
                             'fsid': self.cluster.fsid, 'id': image_id},
                             image_id))
        return image_id

    def says(self, consumer: clouds.Consumer, disk_format: str = 'raw',
             location: str = '', *, shown: bool = True) -> str:
        """What we say."""
        return 'download' if copy_on_write.failed(
            disk_format, clouds.Copy(self.store, location), consumer,
            shown) else 'clone'

    def compare(self, image_id: str, disk_format: str = 'raw',
                location: str = '') -> set[str]:
        """What all say of it, who agree."""
        location %= {'fsid': self.cluster.fsid, 'id': image_id}
        nova = self.nova.ask(ask='boot', image_id=image_id)
        cinder = self.cinder.ask(image_id=image_id)
        self.assertEqual(
            (self.says(self.group, disk_format, location),
             self.says(self.volumes, disk_format, location)),
            (nova['got'], cinder['got']),
            str((disk_format, location, nova, cinder)))
        return {nova['got'], cinder['got']}

    def test_cloned(self) -> None:
        """By both, and really."""
        image_id = self.image()
        self.assertEqual({'clone'}, self.compare(image_id))
        name = self.nova.ask(ask='boot', image_id=image_id)['why']
        with self.cluster.image('vms', name) as disk:
            self.assertEqual(('images', image_id, 'snap'),
                             disk.parent_info())

    def test_format(self) -> None:
        for disk_format in ('qcow2', 'iso', 'vmdk', 'ami', 'vhd'):
            self.assertEqual({'download'}, self.compare(
                self.image(disk_format=disk_format), disk_format))

    def test_disks(self) -> None:
        for images_type in ('rbd', 'qcow2', 'raw', 'flat'):
            self.assertEqual(
                dataclasses.replace(
                    self.group, images_type=images_type).in_ceph,
                self.nova.ask(ask='supports_clone', images_type=images_type))

    def test_encrypted(self) -> None:
        encrypted = paper.changed(self.volumes, encrypted=True)
        image_id = self.image()
        self.assertEqual(
            self.says(encrypted),
            self.cinder.ask(image_id=image_id, encrypted=True)['got'])

    def test_location(self) -> None:
        """Old ones, quoted ones, and what is none of Ceph."""
        for location, expected in (
                ('rbd://%(fsid)s/images/%(id)s/snap', 'clone'),
                ('rbd://%(fsid)s/im%%61ges/%(id)s/sn%%61p', 'clone'),
                ('rbd://b2/images/%(id)s/snap', 'download'),
                ('rbd://%(id)s', 'download'),
                ('rbd://%(fsid)s/images/%(id)s', 'download'),
                ('rbd://%(fsid)s/images/%(id)s/snap/', 'download'),
                ('rbd://%(fsid)s/images/%(id)s/snap/more', 'download'),
                ('rbd://%(fsid)s//%(id)s/snap', 'download'),
                ('RBD://%(fsid)s/images/%(id)s/snap', 'download'),
                ('rbd://%(fsid)s/images%%2F%(id)s/snap', 'download'),
                ('file:///%(fsid)s/images/%(id)s/snap', 'download')):
            self.assertEqual({expected}, self.compare(
                self.image(location), location=location), location)

    def test_letters(self) -> None:
        """An fsid is compared as it is written."""
        location = 'rbd://%s/images/%%(id)s/snap' % self.cluster.fsid.upper()
        self.assertEqual({'download'}, self.compare(
            self.image(location), location=location))

    def test_pool(self) -> None:
        """Its user may not open the image, in a pool of the same cluster."""
        import rbd
        location = 'rbd://%(fsid)s/secret/%(id)s/snap'
        image_id = self.image(location)
        with self.cluster.ioctx('secret') as ioctx:
            rbd.RBD().create(ioctx, image_id, 4096)
            with rbd.Image(ioctx, image_id) as image:
                image.create_snap('snap')
                image.protect_snap('snap')
        self.group = dataclasses.replace(self.group, cannot_open=('ceph',))
        self.volumes = dataclasses.replace(
            self.volumes, cannot_open=('ceph',))
        self.assertEqual({'download'}, self.compare(image_id))

    def test_gone(self) -> None:
        """On paper, what a location names is there; a pool that is not fails.

        Nova and Cinder do not download then.
        """
        for location, expected in (
                ('rbd://%(fsid)s/images/%(id)s/none', 'download'),
                ('rbd://%(fsid)s/images/none/snap', 'download'),
                ('rbd://%(fsid)s/nowhere/%(id)s/snap', 'error')):
            image_id = self.image(location)
            for answer in (self.nova.ask(ask='boot', image_id=image_id),
                           self.cinder.ask(image_id=image_id)):
                self.assertEqual(expected, answer['got'], str(answer))

    def test_seen(self) -> None:
        """What of Glance shows a location to whom."""
        image_id = self.image()
        as_service = paper.changed(self.volumes, service_token=True)
        self.addCleanup(self.shown, **_SHOWN)
        for direct in (False, True):
            for several in (False, True):
                self.shown(show_image_direct_url=direct,
                           show_multiple_locations=several)
                found: list[tuple[clouds.Consumer, Any]] = [
                    (self.group, self.nova.ask(
                        ask='boot', image_id=image_id)),
                    (self.volumes, self.cinder.ask(image_id=image_id)),
                    (self.volumes, self.cinder.ask(
                        image_id=image_id, service='with token')),
                    (as_service, self.cinder.ask(
                        image_id=image_id, service='admin'))]
                for consumer, answer in found:
                    self.assertEqual(self.says(
                        consumer, shown=copy_on_write.seen(
                            clouds.Glance(direct, several), consumer,
                            first=True)),
                        answer['got'], str((
                            direct, several, consumer.name, answer)))

    def test_service_without_admin(self) -> None:
        """Glance hides private images of others from the role service."""
        image_id = self.image()
        answer = self.cinder.ask(image_id=image_id, service='service')
        self.assertEqual('error', answer['got'], str(answer))
        self.assertIn('ImageNotFound', answer['why'])
        self.user.update(image_id, visibility='community')
        self.assertEqual('clone', self.cinder.ask(
            image_id=image_id, service='service')['got'])

    def shown(self, **options: bool) -> None:
        self.api.configure(DEFAULT=options)
        self.api.restart()
