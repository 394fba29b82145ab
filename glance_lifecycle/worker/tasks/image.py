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

"""Actions on the record of an image, by the Image API."""

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import ClassVar

from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.tasks import base


class Update(base.Act):
    """Attributes, properties and tags, in one request: all or nothing."""

    kind: ClassVar[str] = actions.UPDATE

    def act(self, action: actions.Action,
            image: Mapping[str, Any]) -> dict[str, Any]:
        arguments = action.arguments
        self.cloud.change(image['id'], list(operations(arguments, image)))
        changed = (*arguments.get('attributes', ()),
                   *arguments.get('set_properties', ()),
                   *arguments.get('remove_properties', ()))
        before = {name: image.get(name) for name in changed}
        if 'add_tags' in arguments or 'remove_tags' in arguments:
            before['tags'] = image['tags']
        return {'before': before}


class Hide(base.Act):
    """It is found only by who asks for hidden images, and works as ever."""

    kind: ClassVar[str] = actions.HIDE

    def act(self, action: actions.Action,
            image: Mapping[str, Any]) -> dict[str, Any]:
        self.cloud.change(image['id'], [_replace('os_hidden', True)])
        return {'before': {'os_hidden': image.get('os_hidden')}}


class Deactivate(base.Act):
    """Nobody downloads or boots it until an operator reactivates it."""

    kind: ClassVar[str] = actions.DEACTIVATE

    def act(self, action: actions.Action,
            image: Mapping[str, Any]) -> dict[str, Any]:
        self.cloud.deactivate(image['id'])
        return {'before': {'status': image['status']}}


class Delete(base.Act):
    """DESTRUCTIVE: it is gone, with all its copies."""

    kind: ClassVar[str] = actions.DELETE

    def act(self, action: actions.Action,
            image: Mapping[str, Any]) -> dict[str, Any]:
        self.cloud.check_alone(image)
        self.cloud.delete(image['id'])
        return {'gone': {name: image.get(name) for name in (
            'name', 'owner', 'size', 'os_hash_algo', 'os_hash_value',
            'stores')}}


def operations(arguments: Mapping[str, Any], image: Mapping[str, Any]
               ) -> Iterator[dict[str, Any]]:
    """JSON patch, RFC 6902, as far as Glance takes it."""
    for name, value in arguments.get('attributes', {}).items():
        yield _replace(name, value)
    for name, value in arguments.get('set_properties', {}).items():
        # "add" also replaces.
        yield {'op': 'add', 'path': _path(name), 'value': value}
    for name in arguments.get('remove_properties', ()):
        if name in image:
            yield {'op': 'remove', 'path': _path(name)}
    tags = set(image['tags'])
    wanted = (tags | set(arguments.get('add_tags', ()))) - set(
        arguments.get('remove_tags', ()))
    if wanted != tags:
        yield _replace('tags', sorted(wanted))


def _replace(name: str, value: Any) -> dict[str, Any]:
    return {'op': 'replace', 'path': _path(name), 'value': value}


def _path(name: str) -> str:
    """A JSON pointer, RFC 6901."""
    return '/' + name.replace('~', '~0').replace('/', '~1')
