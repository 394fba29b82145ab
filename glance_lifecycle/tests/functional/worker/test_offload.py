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

"""Imports that a worker runs for glance-api."""

from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.worker import worker_case


class OffloadTest(worker_case.WorkerCase):

    def setUp(self) -> None:
        super().setUp()
        self.api.configure(lifecycle_transfer={'run_in': 'worker'})
        self.api.restart()
        self.beside = self.worker(mode='observe')

    def test_import(self) -> None:
        image = self.imported()
        self.assertEqual(('active', 'raw'),
                         (image['status'], image['disk_format']))
        self.assertEqual('done', self.import_job(image['id']).state)
