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

"""Versions, as the lists of packages have them."""

from glance_lifecycle.audit.doctor import versions
from glance_lifecycle.tests.unit.audit.doctor import cases


class VersionsTest(cases.DoctorTestCase):

    def of(self, name: str, text: str) -> dict[str, str]:
        return versions.of(self.gathered({name: text})[0])

    def test_formats(self) -> None:
        for name, text in (
                ('pip-freeze.txt', 'glance==33.0.0\nglance-lifecycle==1.2.3\n'
                 'glance_store==5.7.0\npython-glanceclient==4.0.0\n'),
                ('pip-freeze.txt', 'Package   Version\nglance    33.0.0\n'
                 'glance_lifecycle 1.2.3\nglance-store 5.7.0\n'),
                ('installed-debs',
                 'python3-glance 2:33.0.0-0ubuntu1~cloud0 all\n'
                 'python3-glance-store 5.7.0-0ubuntu1\n'
                 'python3-glance-lifecycle 1.2.3-1\n'),
                ('sos_commands/dpkg/dpkg_-l',
                 'ii  glance-api  2:33.0.0-0ubuntu1  all  x\n'
                 'ii  python3-glance-lifecycle  1.2.3-1  all  x\n'),
                ('installed-rpms',
                 'python3-glance-33.0.0-1.el10.noarch  Mon Jan 1\n'
                 'python3-glance-store-5.7.0-1.el10.noarch\n'
                 'python3-glance-lifecycle-1.2.3-1.el10.noarch\n')):
            with self.subTest(name=name):
                self.assertEqual({'glance': '33.0.0',
                                  'glance-lifecycle': '1.2.3'},
                                 self.of(name, text))

    def test_environment_first(self) -> None:
        self.assertEqual({'glance': '33.0.0'}, versions.of(self.gathered({
            'pip-freeze.txt': 'glance==33.0.0\n',
            'installed-debs': 'python3-glance 2:29.0.0-1\n'})[0]))

    def test_hostile(self) -> None:
        for text in ('', '\0', 'glance==\n', 'glance' * 99_999,
                     'glance ' * 99_999 + '1.2.3', 'glance==' + '9' * 99_999):
            self.assertEqual({}, self.of('pip-freeze.txt', text))
