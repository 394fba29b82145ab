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

"""The options of Nova's image cache."""

import pathlib
import tempfile
import unittest

from glance_lifecycle.audit.caches import nova_conf
from glance_lifecycle import exceptions


class NovaConfTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.work = pathlib.Path(directory.name)

    def conf(self, *texts: str) -> nova_conf.NovaConf:
        paths = []
        for number, text in enumerate(texts):
            paths.append(self.work / ('nova-%d.conf' % number))
            paths[-1].write_text(text)
        return nova_conf.NovaConf(paths)

    def value(self, name: str, *texts: str) -> object:
        return self.conf(*texts).option(name).value

    def test_defaults(self) -> None:
        found = {name: self.value(name) for name in nova_conf.KNOWN}
        self.assertEqual('/var/lib/nova/instances', found['instances_path'])
        self.assertEqual(
            ['_base', True, 86400, 3600, 2400, 'default'],
            [found[name] for name in (
                nova_conf.SUBDIRECTORY, nova_conf.REMOVE,
                nova_conf.ORIGINAL_AGE, nova_conf.RESIZED_AGE,
                nova_conf.INTERVAL, 'images_type')])

    def test_names(self) -> None:
        """New and old ones, and the later file."""
        for text in (
                '[image_cache]\nremove_unused_resized_minimum_age_seconds=7',
                '[libvirt]\nremove_unused_resized_minimum_age_seconds=7',
                '[libvirt]\nremove_unused_resized_minimum_age_seconds=8\n'
                '[image_cache]\nremove_unused_resized_minimum_age_seconds=7'):
            self.assertEqual(7, self.value(nova_conf.RESIZED_AGE, text))
        old = '[DEFAULT]\nimage_cache_manager_interval = -1'
        self.assertEqual(-1, self.value(nova_conf.INTERVAL, old))
        new = '[image_cache]\nmanager_interval = 60'
        self.assertEqual(60, self.value(nova_conf.INTERVAL, old, new))
        self.assertEqual(-1, self.value(nova_conf.INTERVAL, new, old))
        option = self.conf(new, '').option(nova_conf.INTERVAL)
        self.assertEqual('[image_cache] manager_interval', option.full_name)
        self.assertRegex(option.place, 'nova-0.conf:2$')
        self.assertIs(False, self.value(
            nova_conf.REMOVE, '[DEFAULT]\nremove_unused_base_images = Off'))

    def test_substituted(self) -> None:
        self.assertEqual('/srv/instances', self.value(
            'instances_path', '[DEFAULT]\nstate_path = /srv'))
        text = ('[DEFAULT]\nmy_ip = 192.0.2.1\n[image_cache]\n'
                'subdirectory_name = _base_${my_ip}$$')
        self.assertEqual('_base_192.0.2.1$',
                         self.value(nova_conf.SUBDIRECTORY, text))

    def test_refused(self) -> None:
        for name, text in (
                (nova_conf.SUBDIRECTORY,
                 '[image_cache]\nsubdirectory_name = _base_$my_ip'),
                ('instances_path', '[DEFAULT]\ninstances_path = $state_path'
                 '\nstate_path = $instances_path$instances_path'),
                (nova_conf.INTERVAL, '[image_cache]\nmanager_interval = x'),
                (nova_conf.INTERVAL, '[image_cache]\nmanager_interval = '
                 + '9' * 5000),
                (nova_conf.REMOVE,
                 '[image_cache]\nremove_unused_base_images = maybe')):
            with self.assertRaises(exceptions.ConfigurationError) as raised:
                self.value(name, text)
            self.assertLess(len(str(raised.exception)), 400)

    def test_unreadable(self) -> None:
        for data in (b'\0', b'\xff', b'x' * (3 * 1024 ** 2)):
            path = self.work / 'bad.conf'
            path.write_bytes(data)
            with self.assertRaises(exceptions.ConfigurationError):
                nova_conf.NovaConf([path])
        with self.assertRaisesRegex(exceptions.ConfigurationError,
                                    'no such file'):
            nova_conf.NovaConf([self.work / 'nothing'])
