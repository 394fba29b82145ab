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

"""What is known of small clouds, and the paths through it."""

from collections.abc import Mapping
import dataclasses
from typing import Any

from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.audit.diagnosis.symptoms import known as knowns
from glance_lifecycle.audit.diagnosis.symptoms import report
from glance_lifecycle.tests.unit.audit.diagnosis import cases
from glance_lifecycle.tests.unit.audit.doctor import cases as doctor_cases

HOSTILE = 'x\x1b[2J\u202e'

CEPH = ('[DEFAULT]\nenabled_backends = fast:rbd, slow:file\n'
        'show_image_direct_url = %s\n[glance_store]\ndefault_backend = fast\n'
        '[fast]\nrbd_store_user = glance\nrbd_store_pool = images\n'
        '[slow]\nfilesystem_store_datadir = /images\n')
NOVA = ('[libvirt]\nimages_type = %s\nimages_rbd_pool = vms\n'
        'rbd_user = nova\nrbd_secret_uuid = 1\n')


def image(status: str = 'active', *, resource: Mapping[str, Any] = {},
          tasks: Any = (), lines: Any = None, **fields: Any
          ) -> dict[str, Any]:
    """Arguments of ``Known``: an image."""
    found = cases.known(status, tasks=tasks, lines=lines, **fields)
    return {'image': found, 'resource': {
        'id': cases.IMAGE, 'status': status, 'visibility': 'private',
        'owner': 'p1', 'disk_format': found.image.disk_format,
        'created_at': '2026-11-27T00:00:00Z', **resource}}


class SymptomTestCase(doctor_cases.DoctorTestCase):

    symptom: str

    def walk(self, files: Mapping[str, str] | None = None, **known: Any
             ) -> dict[str, Any]:
        """The report; its text can be shown, too."""
        hosts = self.gathered(files) if files else []
        if known.get('stores') and 'image' in known:
            known['image'] = dataclasses.replace(
                known['image'], stores=known['stores'])
        found = report.data(self.symptom, knowns.Known(**{
            'hosts': hosts, 'services': tuple(
                one for host in hosts for one in host.beside.services),
            **known}))
        text = '\n'.join(report.lines(found))
        for code in self.found_codes(found):
            self.assertIn(code, text)
        for row in report.rows(found):
            self.assertEqual(len(report.COLUMNS), len(row))
        self.assertTrue(text.replace('\n', '').isprintable(), ascii(text))
        return found

    def found_codes(self, found: dict[str, Any]) -> set[str]:
        return {one['code'] for one in found['findings']}

    def answers(self, found: dict[str, Any]) -> dict[str, str]:
        return {one['question']: one['answer'] for one in found['steps']}

    def nothing_known(self) -> dict[str, Any]:
        """All that is said without an image and without files."""
        found = self.walk()
        self.assertEqual([], found['findings'])
        self.assertLessEqual(set(self.answers(found).values()), {'unknown'})
        self.assertTrue(found['needed'])
        return found


def line(text: str, level: str = 'ERROR') -> facts.Line:
    return cases.line(text, level)
