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


"""What no image needs is taken back, on a host of a real Glance."""

import os
import pathlib
from typing import Any

from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import test_hygiene

Row = dict[str, Any]


class ReclaimCase(test_hygiene.FileHygieneCase):

    #: Of what tests store, one object is much.
    all_of_it = ('--percent', '100')

    def reclaim(self, what: str, *argv: str, code: int = 0
                ) -> openstack.Answer:
        """``hygiene plan``, ``apply`` or ``undo``."""
        answer = self.operator().spawn(*self.reclaiming(what, *argv))
        self.assertEqual(code, answer.code, str(answer))
        self.assertNotIn('Traceback', answer.stderr)
        return answer

    def reclaiming(self, what: str, *argv: str) -> list[str]:
        return ['image', 'lifecycle', 'hygiene', what, *argv,
                '--config-file', str(self.api.etc / 'glance-api.conf'),
                '-f', 'json']

    def plan(self, *argv: str, code: int = 0, name: str = 'plan',
             keep: str = '0') -> pathlib.Path:
        """One in which nothing is too young."""
        path = self.work / name
        self.planned = self.reclaim(
            'plan', *self.at_once, *self.all_of_it, '--keep', keep, '--out',
            str(path), *argv, code=code)
        return path

    def outcomes(self, answer: openstack.Answer) -> dict[str, str]:
        """Image -> result."""
        return {row['Image']: row['Result'] for row in answer.json}

    def register(self, image_id: str, store: str,
                 path: str | os.PathLike[str] = '') -> None:
        """:param path: of the file; by default, that of the image"""
        super().register(image_id, store,
                         path or self.path(image_id, store))

    def look(self, path: pathlib.Path) -> Any:
        status = os.lstat(path)
        return (status.st_ino, status.st_mode, status.st_uid, status.st_gid,
                status.st_mtime_ns, path.read_bytes())

    def kept(self, store: str = 's1') -> list[str]:
        directory = self.path('.lifecycle-quarantine', store)
        return sorted(os.listdir(directory)) if directory.exists() else []
