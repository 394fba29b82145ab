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

"""Files of uWSGI, good and hostile."""

from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.tests.unit.audit.doctor import cases


class UwsgiTest(cases.DoctorTestCase):

    def of(self, text: str) -> list[uwsgi.Uwsgi]:
        host, = self.gathered({'glance-uwsgi.ini': text})
        return list(uwsgi.of(host))

    def test_read(self) -> None:
        found, = self.of('# [uwsgi]\n[uwsgi]\n; x = 1\nthreads = 1\n'
                         ' threads=4 \nlazy_apps\nmaster = no\n'
                         '[other]\nprocesses = 2\n')
        self.assertEqual({'threads': ('4', 5), 'lazy-apps': ('true', 6),
                          'master': ('no', 7)}, found.options)
        self.assertTrue(found.on('lazy-apps'))
        self.assertFalse(found.on('master'))
        self.assertFalse(found.on('enable-threads'))
        self.assertEqual(4, found.number('threads'))
        self.assertIsNone(found.number('lazy-apps', 'threads'))
        self.assertIsNone(found.number('processes'))
        self.assertEqual((5, '4'), (found.place('threads').line,
                                    found.place('threads').value))
        self.assertEqual(0, found.place('nothing').line)

    def test_secrets(self) -> None:
        """An environment may hold anything: only plain words are shown."""
        found, = self.of('[uwsgi]\nthreads = s3cr3t:/x\n')
        self.assertIsNone(found.place('threads').value)

    def test_hostile(self) -> None:
        for text in ('', '\0', '[uwsgi', '[uwsgi]\n' + '=\n' * 99_999,
                     '[uwsgi]\nthreads = ' + '9' * 99_999,
                     '[uwsgi]\nthreads = \u0665\n'):
            for found in self.of(text):
                self.assertIn(found.number('threads'), (None, 5))

    def test_elsewhere(self) -> None:
        """A link out of what was gathered is not followed."""
        host, = self.gathered({'glance-api.conf': ''})
        outside = self.work / 'outside.ini'
        outside.write_text('[uwsgi]\nthreads = 1\n')
        (host.directory.path / 'uwsgi.ini').symlink_to(outside)
        self.assertEqual([], list(uwsgi.of(host)))
