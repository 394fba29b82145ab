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

"""A glance-api that hands its imports to a worker beside it, and helpers."""

import os
import signal
from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests import waiting

POLICY = 'version: 1\nrules: []\n'

RUN_IN_WORKER = {'lifecycle_transfer': {'run_in': 'worker'}}


class OffloadingCase(plugin_case.PluginTestCase):
    """``api`` is the subclass's."""

    api: glance.GlanceApi

    def start_worker(self, **options: Any) -> worker.Worker:
        """It only observes: imports are run all the same."""
        return self.useFixture(worker.Worker(
            self.api, POLICY, **{'mode': 'observe', **options}))

    def begin_import(self, daemon: worker.Worker,
                     size: int = 64 * images.MIB) -> tuple[str, int]:
        """An import that has begun, and its transfer, stopped."""
        image_id = self.ask(size)
        child = transfer.find_below(daemon.pid)
        os.kill(child, signal.SIGSTOP)
        self.addCleanup(transfer.resume, child)
        return image_id, child

    def ask(self, size: int = images.MIB) -> str:
        """An import that was asked for."""
        self.source = self.noise(size)
        image_id = self.staged(self.api.user(), self.source, 'raw')
        self.api.user().import_image(image_id, all_stores=True)
        return image_id

    def wait_state(self, daemon: worker.Worker, image_id: str,
                   state: str) -> None:
        waiting.until(f'the import is {state}', lambda: {state} == set(
            daemon.states(image_id).values()))

    def task(self, image_id: str) -> dict[str, Any]:
        return dict(self.api.user().tasks(image_id)[0])

    def assert_imported(self, daemon: worker.Worker, image_id: str) -> None:
        """Active and nothing left, with nobody asking again."""
        waiting.until('the task is over', lambda: self.task(image_id)[
            'status'] in ('success', 'failure'))
        self.assertEqual('success', self.task(image_id)['status'],
                         str(self.task(image_id)))
        image = self.api.user().wait_import(image_id)
        self.assert_stored(self.api, image, images.digests(self.source),
                           *plugin_case.ALL)
        self.assert_lists(image)
        self.assert_nothing_left(self.api, *self.images())
        self.wait_state(daemon, image_id, 'done')

    def images(self) -> list[str]:
        """Those that are there, whose copies belong in the stores."""
        return [image['id'] for image in self.api.admin().list_images(
            limit='1000', visibility='all')]
