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

"""The service's signature, set again."""

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import ClassVar

from glance_lifecycle.signing import properties
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.tasks import base
from glance_lifecycle.worker.tasks import image as image_tasks


class Sign(base.Act):
    """Sign what was attested at the import; see ``worker.resigning``."""

    kind: ClassVar[str] = actions.SIGN

    def act(self, action: actions.Action,
            image: Mapping[str, Any]) -> dict[str, Any]:
        made = self.cloud.signatures.sign(
            image, lambda: self._read(image['id']))
        values = made.signature.to_properties()
        # Whatever else begins so would spoil it.
        before = {name: value for name, value in image.items()
                  if properties.is_of_signature(name)}
        self.cloud.change(image['id'], list(image_tasks.operations(
            {'set_properties': values,
             'remove_properties': sorted({*before} - {*values})}, image)))
        return {'before': before, 'read': made.read,
                'certificate_id': made.signature.certificate_id,
                'hash_method': made.signature.hash_method,
                'os_hash_algo': made.record.os_hash_algo,
                'os_hash_value': made.record.os_hash_value,
                'attested': made.record.time.isoformat()}

    def _read(self, image_id: str) -> Iterator[bytes]:
        done = 0
        for piece in self.cloud.data(image_id):
            done += len(piece)
            self.say('%d MiB read' % (done // 2 ** 20))
            yield piece
