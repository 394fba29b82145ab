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

"""``diagnose --symptom`` against a real Glance, with files beside it."""

import json
import pathlib
from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import plugin_case


class SymptomCase(plugin_case.PluginTestCase):

    def follow(self, api: glance.GlanceApi, symptom: str, *argv: object,
               code: int | None = None, hosts: dict[str, glance.GlanceApi]
               | None = None) -> dict[str, Any]:
        """The report, as an administrator gets it.

        :param hosts: whose files are named; by default this one's
        """
        files = ['--config-dir', str(api.etc)] if hosts is None else [
            word for name, one in hosts.items()
            for word in ('--host', f'{name}={one.etc}')]
        command = openstack.OpenStack(api, 'admin', 'admin', 'admin')
        words = ('image', 'lifecycle', 'diagnose', '--symptom', symptom,
                 *files, *map(str, argv))
        answer = command.run(*words, '-f', 'json')
        self.assertNotIn('Traceback', answer.stderr)
        if code is not None:
            self.assertEqual(code, answer.code, str(answer))
        report: dict[str, Any] = json.loads(answer.stdout)
        text = command.run(*words)
        self.assertEqual(answer.code, text.code)
        for one in report['findings']:
            self.assertIn(one['code'], text.stdout)
            # Whoever asks what it means is told.
            told = command.run('image', 'lifecycle', 'doctor', 'explain',
                               one['code'])
            self.assertEqual(0, told.code, told.stderr)
        return report

    def codes(self, report: dict[str, Any]) -> set[str]:
        return {one['code'] for one in report['findings']}

    def answers(self, report: dict[str, Any]) -> dict[str, str]:
        return {one['question']: one['answer'] for one in report['steps']}

    def file(self, name: str, text: str) -> pathlib.Path:
        path = self.work / name
        path.write_text(text)
        return path

    def active(self, api: glance.GlanceApi, **properties: Any) -> str:
        image_id = self.staged(api.user(), b'x' * 1000, 'raw', **properties)
        api.user().import_image(image_id)
        api.user().wait_import(image_id)
        return image_id
