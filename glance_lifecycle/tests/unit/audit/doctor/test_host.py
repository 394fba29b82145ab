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

import itertools
import pathlib
import unittest.mock

from oslo_config import cfg

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.tests.unit.audit.doctor import cases

FILES = {
    'glance-image-import.conf': '[image_import_opts]\n'
    'image_import_plugins = [no_op]\n[DEFAULT]\nimage_tag_quota = 1\n',
    'glance-api.conf': '[DEFAULT]\nenabled_backends = Fast:rbd\n'
    'image_tag_quota = 2\nimage_tag_quota = 3\n'
    'image_member_quota = $image_tag_quota\n'
    'log_dir = $${x}/\\$y\nlog_file = ${image_import_opts.max_parallel_stores}'
    '\n[IMAGE_IMPORT_OPTS]\nimage_import_plugins = [lifecycle]\n'
    '[KEYSTONE_AUTHTOKEN]\nauth_plugin = old\n'
    '[oslo_messaging_notifications]\ndriver = log\ndriver = noop\n',
    'glance-api.conf.d/x.conf': '[keystone_authtoken]\nauth_plugin = newer\n'
    '[oslo_messaging_notifications]\ndriver = test\n',
}


class HostTest(cases.DoctorTestCase):

    def test_long_names_of_names(self) -> None:
        """What is put together is bounded."""
        host = self.host(
            '[DEFAULT]\nlog_file = %s\nlog_dir = %s\n'
            'image_cache_dir = %s\n' % (
                '$log_dir', '$image_cache_dir ' * 20, 'x' * 1000))
        self.assertIsNone(host.value('DEFAULT', 'log_file'))
        self.assertIsNone(host.value('DEFAULT', 'log_dir'))

    def test_shared(self) -> None:
        """A store takes what it does not set from [backend_defaults]."""
        host = self.host(
            '[DEFAULT]\nenabled_backends = a:rbd,b:rbd,c:swift,d:file\n'
            '[backend_defaults]\nrbd_store_user = shared\n'
            'default_swift_reference = x\nfilesystem_store_datadirs = /a:1\n'
            '[a]\nrbd_store_user = own\n')
        for store, name, value in (
                ('a', 'rbd_store_user', 'own'),
                ('b', 'rbd_store_user', 'shared'),
                ('d', 'filesystem_store_datadirs', ['/a:1']),
                # glance_store asks the store's own section for it.
                ('c', 'default_swift_reference', 'ref1')):
            self.assertEqual(value, host.value(store, name))
        self.assertEqual(['a', 'b', 'glance_store'],
                         host.catalogue.homes('rbd_store_user'))

    def test_names_of_names(self) -> None:
        """Each is looked up once at each depth, and not 6 ** 5 times."""
        names = ('log_file', 'log_dir', 'image_cache_dir', 'node_staging_uri',
                 'public_endpoint')
        for last in ('x', '', '$log_file', '$nosuchname'):
            host = self.host('[DEFAULT]\n' + ''.join(
                '%s = %s\n' % (name, ('$%s ' % other) * 6)
                for name, other in itertools.pairwise(names))
                + 'public_endpoint = %s\n' % last)
            with unittest.mock.patch.object(
                    host, 'setting', wraps=host.setting) as asked:
                for _each in range(3):
                    host.value('DEFAULT', 'log_file')
            self.assertLess(asked.call_count, 50)

    def test_as_oslo_config(self) -> None:
        host = self.gathered(FILES)[0]
        conf = cfg.ConfigOpts()
        names = (('DEFAULT', 'image_tag_quota', cfg.IntOpt),
                 ('DEFAULT', 'image_member_quota', cfg.IntOpt),
                 ('DEFAULT', 'log_dir', cfg.StrOpt),
                 ('DEFAULT', 'log_file', cfg.StrOpt),
                 ('oslo_messaging_notifications', 'driver', cfg.MultiStrOpt))
        for section, name, kind in names:
            conf.register_opt(kind(name), group=(
                None if section == 'DEFAULT' else section))
        conf.register_opts([
            cfg.ListOpt('image_import_plugins', bounds=True),
            cfg.IntOpt('max_parallel_stores', default=1)],
            group='image_import_opts')
        conf.register_opt(
            cfg.StrOpt('auth_type', deprecated_name='auth_plugin'),
            group='keystone_authtoken')
        etc = pathlib.Path(host.directory.path)
        conf(args=[], default_config_files=[
            str(etc / name) for name in FILES], default_config_dirs=[])
        for section, name, _kind in (
                *names, ('image_import_opts', 'image_import_plugins', None),
                ('keystone_authtoken', 'auth_type', None)):
            group = conf if section == 'DEFAULT' else conf[section]
            self.assertEqual(group[name], host.value(section, name), name)
        self.assertEqual('newer', host.value(
            'keystone_authtoken', 'auth_type'))

    def test_stores(self) -> None:
        host = self.gathered(FILES)[0]
        self.assertEqual({'Fast': 'rbd'}, host.stores)
        self.assertTrue(host.multi_store)
        self.assertEqual('images', host.value('Fast', 'rbd_store_pool'))
        self.assertFalse(self.host('[DEFAULT]\n').multi_store)
        self.assertEqual({}, self.host(
            '[DEFAULT]\nenabled_backends = x\n').stores)

    def test_values(self) -> None:
        host = self.host('[DEFAULT]\nimage_tag_quota = many\n'
                         'image_member_quota = *********\n')
        self.assertIsNone(host.value('DEFAULT', 'image_tag_quota'))
        self.assertIsNone(host.value('DEFAULT', 'nobody_knows'))
        self.assertRaises(hosts.Hidden, host.value, 'DEFAULT',
                          'image_member_quota')

    def test_circle(self) -> None:
        host = self.host('[DEFAULT]\nlog_dir = $log_file$log_file\n'
                         'log_file = $log_dir$log_dir\n')
        self.assertIsNone(host.value('DEFAULT', 'log_dir'))

    def test_grows(self) -> None:
        """A value that doubles with each name does not fill the memory."""
        names = ('log_dir', 'log_file', 'log_date_format',
                 'syslog_log_facility', 'log_config_append',
                 'image_cache_dir')
        text = ''.join('%s = %s\n' % (one, ('$' + other) * 600)
                       for one, other in zip(names, names[1:]))
        host = self.host('[DEFAULT]\n%simage_cache_dir = %s\n' % (
            text, 'x' * 1000))
        self.assertIsNone(host.value('DEFAULT', 'log_dir'))

    def test_shown(self) -> None:
        host = self.host('[DEFAULT]\ndebug = x\ntransport_url = x\n'
                         'unheard_of = x\n')
        self.assertEqual(['x', None, None], [
            host.place(setting).value for setting in host.settings()])
