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

"""``migrate default-store`` of a cloud in a file."""

import configparser
import io
import json
import pathlib
import tempfile
import types
from typing import Any
import unittest

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc import migrate_default_store
from glance_lifecycle.tests.unit.planning import paper


class ShowDefaultStoreTest(unittest.TestCase):

    def run_it(self, *argv: str, formatter: str = 'text',
               path: pathlib.Path = paper.CLOUDS / 'edge.yaml',
               to: str = 'near') -> str:
        out = io.StringIO()
        app: Any = types.SimpleNamespace(stdout=out)
        command = migrate_default_store.ShowDefaultStore(app, None)
        parsed = command.get_parser('x').parse_args([
            '--cloud', str(path), '--to', to, '-f', formatter, *argv])
        self.assertEqual(0, command.run(parsed))
        return out.getvalue()

    def test_text(self) -> None:
        said = self.run_it()
        for line in (
                'WARNING: main (Nova) can no longer clone new images that are '
                'raw: The copy is',
                '    Then not cloned: The copy is not in the cluster of Ceph '
                'that the disks are',
                '    main: of a server whose image is in central, made in '
                'central by Nova',
                '    How much comes in is not known: growth_per_week of '
                '"glance" in the facts',
                'Images that are in central stay there: 1 with 2 GiB, 1 of '
                'them in no other',
                'default_backend = near'):
            self.assertIn(line + '\n', said)
        self.assertLess(max(map(len, said.split('\n'))), 90)

    def test_json(self) -> None:
        found = json.loads(self.run_it(formatter='json'))
        self.assertEqual('loses clones', found['consumers'][0]['change'])

    def test_csv(self) -> None:
        said = self.run_it(formatter='csv')
        self.assertIn('"main","Nova","raw",400.0,"loses clones",True,False,',
                      said)

    def test_many(self) -> None:
        """What changes stands first; the rest is counted."""
        groups = ''.join('  - {name: same-%d, hosts: 1, images_type: qcow2}\n'
                         % number for number in range(30))
        text = paper.text('edge').replace(
            'compute_groups:\n', 'compute_groups:\n' + groups)
        with tempfile.TemporaryDirectory() as name:
            path = pathlib.Path(name, 'cloud.yaml')
            path.write_text(text)
            said = self.run_it(path=path)
        self.assertIn('  And 13 more; -f json names each.\n', said)
        self.assertLess(said.index('main (Nova)'), said.index('same-0'))

    def test_written(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            self.run_it('--write-config', name)
            path = pathlib.Path(name, 'glance-api.conf')
            parser = configparser.ConfigParser(default_section='none')
            parser.read(path)
            self.assertEqual({'default_backend': 'near'},
                             dict(parser['glance_store']))
            with self.assertRaisesRegex(osc_exceptions.CommandError,
                                        'Nothing was written'):
                self.run_it('--write-config', name)
            self.run_it('--write-config', name, '--yes')

    def test_refused(self) -> None:
        for argv, to, why in (
                ((), 'central', 'is the default store already'),
                ((), 'gone', 'has no store gone'),
                (('--given', 'x'), 'near', 'Leave out either that or'),
                (('--write-config', '/nowhere/at/all'), 'near',
                 'is not a directory')):
            with self.assertRaisesRegex(osc_exceptions.CommandError, why):
                self.run_it(*argv, to=to)
