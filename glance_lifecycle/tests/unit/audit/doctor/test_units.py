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

"""The unit that runs glance-api, as systemd would read it."""

from collections.abc import Mapping

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import units
from glance_lifecycle.tests.unit.audit.doctor import cases

UNIT = 'etc/systemd/system/glance-api.service'


class UnitsTest(cases.DoctorTestCase):

    def of(self, files: Mapping[str, str]) -> list[units.Unit]:
        return list(units.of(self.gathered(files)[0]))

    def one(self, text: str) -> units.Unit:
        found, = self.of({UNIT: '[Service]\n' + text})
        return found

    def test_dropped_in(self) -> None:
        unit, = self.of({
            'usr/lib/systemd/system/glance-api.service':
            '[Service]\nUser=x\n',
            UNIT: '[Unit]\nUser=y\n[Service]\nUser = glance\n#User=z\n'
            'ReadWritePaths=/a\n',
            UNIT + '.d/b.conf': '[Service]\nReadWritePaths=-/b "/c"\n',
            UNIT + '.d/a.conf': '[Service]\nReadWritePaths=\n'
            'ReadWritePaths=/d\n'})
        self.assertEqual('glance', unit.value('User'))
        self.assertEqual(['/d', '/b', '/c'], unit.words('ReadWritePaths'))
        self.assertTrue(unit.place('ReadWritePaths').path.endswith('b.conf'))
        self.assertEqual(4, unit.place('User').line)
        self.assertEqual(0, unit.place('None').line)
        self.assertEqual('', unit.value('None'))

    def test_names(self) -> None:
        for name, found in (('openstack-glance-api.service', 1),
                            ('devstack@g-api.service', 1),
                            ('nova-api.service', 0)):
            self.assertEqual(found, len(self.of({
                'lib/systemd/system/' + name: '[Service]\nUser=x\n'})))

    def test_numbers(self) -> None:
        unit = self.one('A=1min 30s\nB=infinity\nC=90\nD=1 parsec\n'
                        'E=1G\nF=1024:4096\nG=yes\nH=no\n')
        self.assertEqual([90, None, 90, None, None],
                         [unit.seconds(name) for name in 'ABCDX'])
        self.assertEqual([1 << 30, 1024, None],
                         [unit.number(name) for name in 'EFG'])
        self.assertEqual([True, False, False],
                         [unit.on(name) for name in 'GHX'])

    def test_hidden(self) -> None:
        with self.assertRaises(hosts.Hidden):
            self.one('User=*********\n').value('User')

    def test_hostile(self) -> None:
        for text in ('', '\0', '[Service]\n' + 'A\n' * 9999,
                     '[Service]\nA=' + '9' * 99_999):
            for unit in self.of({UNIT: text}):
                self.assertIsNone(unit.number('A'))

    def test_elsewhere(self) -> None:
        """A link out of what was gathered is not followed."""
        host, = self.gathered({UNIT: ''})
        outside = self.work / 'outside'
        outside.write_text('[Service]\nUser=x\n')
        assert host.directory.root is not None
        path = host.directory.root / UNIT
        path.unlink()
        path.symlink_to(outside)
        self.assertEqual([], list(units.of(host)))
