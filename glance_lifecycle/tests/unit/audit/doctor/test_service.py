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
import unittest

from glance_lifecycle.audit.doctor import files
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import service as services


def made(text: str, kind: str = services.NOVA) -> services.Service:
    return services.Service(kind, 'host', [files.File(
        'x.conf', ini.parse(text, 'x.conf'))], ())


class ServiceTest(unittest.TestCase):

    def test_values(self) -> None:
        found = made('[libvirt]\nimages_type = rbd\n'
                     '[image_cache]\nmanager_interval = x\n'
                     '[glance]\ninsecure = $other\napi_insecure = ****\n')
        self.assertEqual('rbd', found.value('libvirt', 'images_type'))
        self.assertEqual('rbd', found.value('libvirt', 'images_rbd_pool'))
        self.assertIsNone(found.value('image_cache', 'manager_interval'))
        self.assertIsNone(found.value('glance', 'insecure'))
        with self.assertRaises(masking.Hidden):
            found.value('glance', 'api_insecure')
        with self.assertRaises(KeyError):
            found.value('DEFAULT', 'transport_url')

    def test_names_of_old(self) -> None:
        """Nova still reads these."""
        found = made('[DEFAULT]\nimage_cache_manager_interval = -1\n'
                     'remove_unused_base_images = false\n')
        self.assertEqual(-1, found.value('image_cache', 'manager_interval'))
        self.assertFalse(found.value('image_cache',
                                     'remove_unused_base_images'))

    def test_backend_defaults(self) -> None:
        found = made('[backend_defaults]\nrbd_user = cinder\n[a]\nx = y\n',
                     services.CINDER)
        self.assertEqual('cinder', found.value('a', 'rbd_user'))
        self.assertIsNone(found.setting('DEFAULT', 'rbd_user'))

    def test_refused(self) -> None:
        found = made('[libvirt]\nimages_type = RBD\nimages_rbd_pool = *****\n'
                     'x = y\n[image_cache]\nmanager_interval = $x\n')
        self.assertEqual(['images_type'], [
            one.name for one in found.settings() if found.refused(one)])

    def test_sections(self) -> None:
        """Only DEFAULT is compared by its case, as by oslo.config."""
        found = made('[LibVirt]\nimages_type = rbd\n[default]\n'
                     'force_raw_images = false\n')
        self.assertEqual('rbd', found.value('libvirt', 'images_type'))
        self.assertTrue(found.value('DEFAULT', 'force_raw_images'))

    def test_backends(self) -> None:
        found = made(
            '[DEFAULT]\nenabled_backends = a,b,c\n[a]\n'
            'volume_driver = cinder.volume.drivers.rbd.RBDDriver\n[b]\n'
            'volume_driver = cinder.volume.drivers.lvm.LVMVolumeDriver\n',
            services.CINDER)
        self.assertEqual(['a'], found.backends('.rbd.'))
        self.assertEqual([], made('', services.CINDER).backends('.rbd.'))

    def test_shown(self) -> None:
        """Only what is known, and is no secret."""
        found = made('[libvirt]\nimages_type = rbd\nrbd_secret_uuid = c4n4ry\n'
                     '[DEFAULT]\ntransport_url = c4n4ry\n')
        for section, name, shown in (
                ('libvirt', 'images_type', 'rbd'),
                ('libvirt', 'rbd_secret_uuid', None),
                ('DEFAULT', 'transport_url', None)):
            setting = found.setting(section, name)
            assert setting is not None
            self.assertEqual(shown, found.place(setting).value)
