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

"""Credentials of a service user, and what is wrong with them."""

import pathlib
import sys
import unittest
from unittest import mock

import fixtures
from oslo_config import cfg

from glance_lifecycle.conf import credentials
from glance_lifecycle import exceptions

GROUP = 'the_group'


class CredentialsTest(fixtures.TestWithFixtures, unittest.TestCase):

    def conf(self, **options: object) -> cfg.ConfigOpts:
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'conf')
        path.write_text('\n'.join([f'[{GROUP}]', *(
            f'{name} = {value}' for name, value in options.items())]))
        conf = cfg.ConfigOpts()
        conf.register_opts([cfg.StrOpt('region_name'), cfg.StrOpt(
            'interface', default='internal')], GROUP)
        credentials.register(conf, GROUP)
        conf([], default_config_files=[str(path)])
        return conf

    def refused(self, **options: object) -> str:
        with self.assertRaises(exceptions.ConfigurationError) as caught:
            credentials.connect(self.conf(**options), GROUP)
        return str(caught.exception)

    def test_connect(self) -> None:
        connection = credentials.connect(self.conf(
            auth_type='admin_token', endpoint='http://127.0.0.1:9/v2',
            token='t', region_name='r1', interface='public'), GROUP)
        self.assertEqual('r1', connection.config.get_region_name())
        self.assertEqual('public', connection.config.get_interface('image'))
        self.assertEqual('t', connection.session.get_token())

    def test_timeout(self) -> None:
        """keystoneauth would wait for ever."""
        none: dict[str, object] = {}
        for options, counts in ((none, 30.0), ({'timeout': 5}, 5)):
            connection = credentials.connect(self.conf(
                auth_type='admin_token', endpoint='http://127.0.0.1:9',
                token='t', **options), GROUP)
            self.assertEqual(counts, connection.session.timeout)

    def test_none(self) -> None:
        self.assertIn('[the_group] has no auth_type', self.refused())

    def test_unknown_type(self) -> None:
        self.assertIn('[the_group] cannot be used', self.refused(
            auth_type='no-such'))

    def test_incomplete(self) -> None:
        said = self.refused(auth_type='password', password='hidden')
        self.assertIn('[the_group] cannot be used', said)
        self.assertNotIn('hidden', said)

    def test_no_sdk(self) -> None:
        with mock.patch.dict(sys.modules, {'openstack.connection': None}):
            self.assertIn('glance-lifecycle[protection]', self.refused(
                auth_type='admin_token', endpoint='http://127.0.0.1:9',
                token='t'))

    def test_nothing_is_required(self) -> None:
        """Glance reads its configuration anew now and then."""
        conf = self.conf(auth_type='password')
        with self.assertRaises(exceptions.ConfigurationError):
            credentials.connect(conf, GROUP)
        conf.reload_config_files()
        self.assertIsNone(conf[GROUP].auth_url)

    def test_listed(self) -> None:
        (group, options), = credentials.listed(GROUP)
        names = [option.name for option in options]
        self.assertEqual(GROUP, group)
        self.assertEqual(sorted(set(names)), names)
        for name in ('auth_type', 'auth_url', 'password', 'timeout',
                     'cafile'):
            self.assertIn(name.replace('_', '-'),
                          [each.replace('_', '-') for each in names])
