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

"""A worker whose jobs stop at chosen points, and what Glance saw of them."""

import re

from glance_lifecycle.tests.functional.fixtures import forking
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import worker


class StoppedWorker(worker.Worker):
    """A worker whose jobs stop at chosen points: see ``stopping``."""

    origin = forking.Origin(
        'glance_lifecycle.tests.functional.worker.stopping')

    def _setUp(self) -> None:
        self.points_dir = self.api.base / 'points'
        self.points_dir.mkdir(exist_ok=True)
        super()._setUp()

    def argv(self) -> list[str]:
        python, _script, *rest = super().argv()
        return [python, '-m', 'glance_lifecycle.tests.functional.worker'
                '.stopping', str(self.points_dir), str(self.api.base), *rest]

    def points(self, image_id: str) -> list[str]:
        """What the jobs of that image came to."""
        path = self.points_dir / f'{image_id}.points'
        return path.read_text().splitlines()

    def stop_at(self, image_id: str, point: str) -> None:
        (self.points_dir / f'{image_id}.stop').write_text(point)

    def stopped(self, image_id: str) -> bool:
        return (self.points_dir / f'{image_id}.stopped').exists()

    def go_on(self, image_id: str) -> None:
        (self.points_dir / f'{image_id}.go').touch()


def writes(api: glance.GlanceApi, image_id: str, status: str = r'2\d\d'
           ) -> list[str]:
    """Requests that change it, as Glance's own log has them.

    :param status: how they were answered: a regular expression
    """
    found = re.findall(
        r'\] (PUT|POST|PATCH|DELETE) (/v2/\S*%s\S*) => .*'
        r'\(HTTP/1.1 %s\)' % (image_id, status), api.log_text())
    return [' '.join(each).replace(image_id, 'IMAGE') for each in found
            if not each[1].endswith(('/import', '/stage', '/file'))]
