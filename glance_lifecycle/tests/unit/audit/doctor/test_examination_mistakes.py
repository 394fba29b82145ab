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

"""Mistakes as operators make them: found, where they are, and nothing else.

The good files are those that whoever follows the remedies ends up with.
"""

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit import finding
from glance_lifecycle.tests.unit.audit.doctor import cases
from glance_lifecycle.tests.unit.audit.doctor import mistakes


class MistakesTest(cases.DoctorTestCase):

    def alarms(self, files: check.Files) -> list[finding.Finding]:
        return [one for one in self.examined(files)
                if one.severity is not check.INFO]

    def test_mistakes(self) -> None:
        for name, (good, wrong) in mistakes.MISTAKES.items():
            with self.subTest(name=name):
                self.assertEqual([], self.alarms(good))
                files, codes = dict(good), set()
                for old, new, code in wrong:
                    where = [path for path, text in files.items()
                             if old in text]
                    self.assertTrue(where, old)
                    files[where[0]] = files[where[0]].replace(old, new, 1)
                    codes.update(code.split())
                found = self.alarms(files)
                self.assertEqual(codes, {one.code for one in found}, found)
                for one in found:
                    self.assertTrue(one.places, one)

    def test_odd(self) -> None:
        for name, files in mistakes.ODD.items():
            with self.subTest(name=name):
                self.assertEqual([], self.alarms(files))
