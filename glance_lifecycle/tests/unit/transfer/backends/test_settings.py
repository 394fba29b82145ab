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

"""Options of a store, read again by the process that needs the secrets."""

import os

from oslo_config import cfg

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends import settings

OPTS = [cfg.StrOpt('user'), cfg.StrOpt('key', secret=True),
        cfg.IntOpt('size', default=5)]


class RereadTest(helpers.TempDirTestCase):

    def write(self, text: str) -> dict[str, list[str]]:
        conf = helpers.load_conf(text, self.path)
        return settings.files(conf)

    def test_values(self) -> None:
        files = self.write('[reread]\nuser = me\n'
                           '[backend_defaults]\nuser = other\nkey = k\n')
        self.assertEqual(
            {'config_files': [os.path.join(self.path, 'glance-api.conf')],
             'config_dirs': []}, files)
        _conf, read = settings.reread('reread', files, OPTS)
        self.assertEqual(['me', 'k', 5],
                         [read[name] for name in ('user', 'key', 'size')])
        self.assertFalse(hasattr(cfg.CONF, 'reread'))

    def test_all_directories(self) -> None:
        """Also where a command line names them."""
        places = [os.path.join(self.path, name) for name in ('1', '2')]
        for name in places:
            os.mkdir(name)
        conf = cfg.ConfigOpts()
        conf(['--config-dir', places[0], '--config-dir', places[1]],
             default_config_files=[])
        self.assertEqual({'config_files': [], 'config_dirs': places},
                         settings.files(conf))

    def test_as_it_is_now(self) -> None:
        files = self.write('[one]\nkey = old\n')
        self.write('[one]\nkey = new\n')
        self.assertEqual('new', settings.reread('one', files, OPTS)[1]['key'])

    def test_unreadable(self) -> None:
        files = self.write('[one]\n')
        path = files['config_files'][0]
        for text in ('key = hunter2\n', '[one\nkey = hunter2', None):
            with self.subTest(text):
                if text is None:
                    os.unlink(path)
                else:
                    with open(path, 'w') as stream:
                        stream.write(text)
                with self.assertRaises(exceptions.StoreError) as caught:
                    settings.reread('one', files, OPTS)
                self.assertNotIn('hunter2', str(caught.exception))
                self.assertNotIn(self.path, str(caught.exception))
