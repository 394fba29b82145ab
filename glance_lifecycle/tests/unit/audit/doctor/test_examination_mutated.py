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

"""A good configuration, with one thing broken: the doctor names that thing."""

from collections.abc import Mapping
import random

from glance_lifecycle.audit import finding
from glance_lifecycle.tests.unit.audit.doctor import cases
from glance_lifecycle.tests.unit.audit.doctor import mutations


def broken(files: Mapping[str, str], old: str, new: str) -> dict[str, str]:
    return {name: text.replace(old, new, 1) for name, text in files.items()}


class MutatedTest(cases.DoctorTestCase):

    def test_good(self) -> None:
        self.assertEqual([], self.examined(mutations.GOOD))

    def test_broken(self) -> None:
        for old, new, code, said in mutations.BROKEN:
            with self.subTest(old=old, new=new):
                files = broken(mutations.GOOD, old, new)
                self.assertNotEqual(mutations.GOOD, files)
                found = self.examined(files)
                if code is None:
                    self.assertEqual([], found)
                    continue
                named = [one for one in found if one.code == code]
                self.assertTrue(named, found)
                self.assertIn(said, ' '.join(
                    one.evidence + one.remedy for one in named))
                for one in named:
                    self.assertTrue(
                        one.places or one.severity == finding.Severity.INFO)

    def test_several_at_random(self) -> None:
        """Each of some mistakes at once is named."""
        # Others hide what comes after them, or replace the same option.
        kinds = [one for one in mutations.BROKEN if one[2] and (
            one[0].strip()) not in (
            '[DEFAULT]', '[fast]', '[glance_store]', '[lifecycle_signing]',
            '[image_import_opts]') and 'plugins' not in one[1]
            and ', lifecycle' not in one[0] and 'lifecycle]' not in one[0]
            and '\0' not in one[1] and 'fast' not in one[0]
            and one[2] != 'GLC601'
            and 'rbd_' not in one[0]]
        self.assertGreater(len(kinds), 40)
        for seed in range(15):
            # Known ones, so that a failure can be seen again.
            some = random.Random(seed).sample(kinds, 3)  # noqa: S311
            files, expected = dict(mutations.GOOD), set()
            done: list[str] = []
            for old, new, code, _said in some:
                if not any(old in other or other in old for other in done):
                    files = broken(files, old, new)
                    expected.add(code)
                    done.append(old)
            with self.subTest(seed=seed, some=some):
                self.assertEqual(set(), expected - set(self.codes(files)))
