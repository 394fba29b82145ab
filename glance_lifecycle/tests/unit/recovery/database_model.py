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

"""A model of what Glance's database knows: one image and its tasks.

It stands behind the functions of ``glance_host``. A commit that was sent
before its process died may be carried out at any later moment; until then it
holds the image's row, so other writers wait for it, and readers do not see it.
"""

from collections.abc import Callable
import dataclasses
from typing import Any
from unittest import mock

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host

STORES = ('s1', 's2')


@dataclasses.dataclass
class Image:
    status: str = 'queued'
    lock: str | None = None
    importing: list[str] = dataclasses.field(default_factory=list)
    locations: dict[str, str] = dataclasses.field(default_factory=dict)


class Database:
    """What Glance knows, and the functions that recovery asks it by.

    :ivar looked: called at the end of each look at the image, with what was
        seen already settled: whatever happens between a look and an act
    """

    def __init__(self) -> None:
        self.image: Image | None = Image()
        self.tasks: dict[str, str] = {}
        self.sent: Callable[[], None] | None = None
        self.looked: Callable[[], None] = lambda: None

    def land(self) -> None:
        """Carry out the commit that was sent, if there is one."""
        sent, self.sent = self.sent, None
        if sent is not None:
            sent()

    def patched(self) -> Any:
        return mock.patch.multiple(
            glance_host, image_state=self.image_state,
            settle=self.settle, task_over=self.task_over,
            end_task=self.end_task, drop_lock=self.drop_lock,
            clear_stores=self.clear_stores, set_queued=self.set_queued,
            set_uploading=self.set_uploading)

    def image_state(self, image_id: str) -> glance_host.ImageState | None:
        image = self.image
        seen = None if image is None else glance_host.ImageState(
            image.status, 1, image.lock, dict(image.locations),
            list(image.importing))
        self.looked()
        return seen

    def settle(self, image_id: str) -> None:
        self.land()

    def task_over(self, task_id: str) -> bool:
        return self.tasks.get(task_id) != 'processing'

    def end_task(self, task_id: str, *, failure: str | None) -> None:
        self.tasks[task_id] = 'success' if failure is None else 'failure'

    def drop_lock(self, image_id: str, task_id: str) -> bool:
        self.land()
        if self.image is None or self.image.lock != task_id:
            return False
        self.image.lock = None
        return True

    def clear_stores(self, image_id: str, stores: list[str]) -> None:
        self.land()
        if self.image is not None:
            self.image.importing = [s for s in self.image.importing
                                    if s not in stores]

    def set_queued(self, image_id: str, **attributes: Any) -> None:
        self._from_importing('queued')

    def set_uploading(self, image_id: str, size: int,
                      **attributes: Any) -> None:
        self._from_importing('uploading')

    def _from_importing(self, status: str) -> None:
        self.land()
        if self.image is None or self.image.status != 'importing':
            raise exceptions.InternalError(detail='Conflict')
        self.image.status = status

    def begin_import(self, task_id: str) -> None:
        self.land()
        assert self.image is not None
        self.image.status, self.image.lock = 'importing', task_id
        self.image.importing = list(STORES)
        self.tasks[task_id] = 'processing'

    def may_seal(self, task_id: str) -> bool:
        image = self.image
        return image is not None and (image.status, image.lock) == (
            'importing', task_id)

    def seal(self, stored: dict[str, str]) -> None:
        assert self.image is not None
        self.image.locations = dict(stored)
        self.image.status, self.image.importing = 'active', []
