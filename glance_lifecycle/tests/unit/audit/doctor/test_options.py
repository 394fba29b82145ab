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

from glance_lifecycle.audit.doctor import options


class OptionsTest(unittest.TestCase):

    def test_releases(self) -> None:
        for release in options.RELEASES:
            known = options.Catalogue(release, {'fast': 'rbd'})
            for section, name in (
                    ('DEFAULT', 'enabled_backends'), ('DEFAULT', 'debug'),
                    ('glance_store', 'default_backend'),
                    ('fast', 'rbd_store_pool'), ('FAST', 'rbd_store_pool'),
                    ('fast', 'store_description'),
                    ('os_glance_staging_store', 'filesystem_store_datadir'),
                    ('keystone_authtoken', 'password'),
                    ('image_import_opts', 'image_import_plugins'),
                    ('image_conversion', 'output_format'),
                    ('lifecycle', 'policy_file'),
                    ('lifecycle_worker', 'auth_url'),
                    ('oslo_messaging_notifications', 'driver')):
                self.assertIsNotNone(known.option(section, name), name)
            for section, name in (
                    ('default', 'debug'), ('fast', 's3_store_host'),
                    ('slow', 'rbd_store_pool')):
                self.assertIsNone(known.option(section, name), name)

    def test_drivers(self) -> None:
        drivers = options.Catalogue(33, {}).drivers
        self.assertLessEqual(
            {'cinder', 'file', 'http', 'rbd', 's3', 'swift'}, set(drivers))
        self.assertTrue(drivers['s3']['s3_store_secret_key'].secret)

    def test_reserved(self) -> None:
        """glance_store has another default for them than for stores."""
        for store in options.RESERVED:
            option = options.Catalogue(33, {}).option(
                store, 'filesystem_store_datadir')
            assert option is not None
            self.assertEqual('/var/lib/glance/' + store, option.default)

    def test_gone(self) -> None:
        self.assertIsNotNone(
            options.Catalogue(31, {}).option('DEFAULT', 'bind_host'))
        self.assertIsNone(
            options.Catalogue(33, {}).option('DEFAULT', 'bind_host'))

    def test_old_name(self) -> None:
        option = options.Catalogue(33, {}).option('DEFAULT', 'logdir')
        assert option is not None
        self.assertEqual('[DEFAULT] log_dir', option.full_name)

    def test_auth_section(self) -> None:
        self.assertIsNotNone(options.Catalogue(33, {}, ['mine']).option(
            'mine', 'username'))

    def test_long(self) -> None:
        option = options.Catalogue(33, {}).option(
            'DEFAULT', 'enabled_backends')
        assert option is not None
        self.assertTrue(option.convert(',a' * 1_000_000))
        self.assertEqual({}, options.stores_of('a'))
        self.assertEqual({}, options.stores_of(',a' * 1_000_000))
