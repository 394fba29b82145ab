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

"""What the Image API is asked to do to make a raw image of another one."""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import hashlib
from typing import Any
from typing import Protocol

from openstack import exceptions as sdk_exceptions

from glance_lifecycle.audit import image_api
from glance_lifecycle import exceptions
from glance_lifecycle.reclaim.duplicates import seen
from glance_lifecycle.worker import cloud as clouds


class Shown(Protocol):
    """Where progress goes."""

    def begin(self, what: str, total: int) -> None:
        """:param total: bytes; 0 if there are none to count"""

    def at(self, done: int) -> None:
        """Bytes, so far."""

    def say(self, text: str) -> None:
        """Instead of bytes."""

    def end(self) -> None:
        """Of what was begun."""


class _Verified:
    """The bytes of an image, for the body of a request.

    The last piece is held back until all of them have the hash of the image:
    what is something else is never complete elsewhere. Read anew for each
    request, should one have to be repeated.
    """

    def __init__(self, cloud: clouds.Cloud, image: seen.Seen,
                 shown: Shown) -> None:
        self._cloud = cloud
        self._image = image
        self._shown = shown

    def __len__(self) -> int:
        return self._image.size

    def __iter__(self) -> Iterator[bytes]:
        """:raises ActionRefused: they are not the image"""
        digest = hashlib.new(self._image.algorithm, usedforsecurity=False)
        size, last = 0, b''
        for piece in self._cloud.data(self._image.id):
            digest.update(piece)
            size += len(piece)
            if size > self._image.size:
                break
            if last:
                yield last
            last = piece
            self._shown.at(size)
        if (size, digest.hexdigest()) != (self._image.size,
                                          self._image.digest):
            raise exceptions.ActionRefused(
                image=self._image.id, detail='what Glance gives is not what '
                'its hash says. See "repair"')
        yield last


def create(cloud: clouds.Cloud, body: Mapping[str, Any]) -> bool:
    """POST /v2/images; False where there is, or was, an image of its id.

    :raises ServiceError: it does not
    """
    with image_api.asking('create image %s' % body['id']):
        response = cloud.client.post('/images', json=dict(body))
        if response.status_code == 409:
            return False
        sdk_exceptions.raise_from_response(response)
    return True


def stage(cloud: clouds.Cloud, new_id: str, old: seen.Seen, shown: Shown
          ) -> None:
    """The bytes of the old one, verified, as those of the new one.

    :raises ServiceError: it cannot be done
    :raises ActionRefused: they are not what the hash says
    """
    with image_api.asking('stage the data of image %s' % new_id):
        sdk_exceptions.raise_from_response(cloud.client.put(
            '/images/%s/stage' % new_id,
            data=_Verified(cloud, old, shown), headers={
                'Content-Type': 'application/octet-stream',
                'X-OpenStack-Image-Size': str(old.size)}))


def import_to(cloud: clouds.Cloud, new_id: str, stores: Sequence[str]
              ) -> None:
    """Have the service import what is staged.

    :param stores: none without multi-store
    :raises ServiceError: it does not begin
    """
    where = {'stores': list(stores), 'all_stores_must_succeed': True}
    with image_api.asking('import image %s' % new_id):
        sdk_exceptions.raise_from_response(cloud.client.post(
            '/images/%s/import' % new_id, json={
                'method': {'name': 'glance-direct'},
                **(where if stores else {})}))


def newest_task(cloud: clouds.Cloud, image_id: str) -> Mapping[str, Any]:
    """Of its imports; empty if none is known.

    :raises ServiceError: it cannot be asked
    """
    with image_api.asking('list the tasks of image %s' % image_id):
        answer = image_api.getter(cloud.client)(
            '/images/%s/tasks' % image_id, {})
    return max(answer['tasks'], default={},
               key=lambda task: str(task.get('created_at') or ''))


def share(cloud: clouds.Cloud, image_id: str,
          members: Mapping[str, str], now: Mapping[str, str]) -> int:
    """Share an image with these projects, and no others.

    :param members: project -> status, as it is to be
    :param now: the same as it is
    :returns: how many projects have to accept it again: Glance lets an
        administrator do that for them, unless its policy says otherwise
    :raises ServiceError: it cannot be shared
    """
    path = '/images/%s/members' % image_id
    refused = 0
    for project in sorted(set(now) - set(members)):
        with image_api.asking('share image %s no more' % image_id):
            sdk_exceptions.raise_from_response(cloud.client.delete(
                '%s/%s' % (path, project)))
    for project, status in sorted(members.items()):
        if project not in now:
            with image_api.asking('share image %s' % image_id):
                sdk_exceptions.raise_from_response(cloud.client.post(
                    path, json={'member': project}))
        if now.get(project, 'pending') == status:
            continue
        try:
            with image_api.asking('accept image %s for a member' % image_id):
                sdk_exceptions.raise_from_response(cloud.client.put(
                    '%s/%s' % (path, project), json={'status': status}))
        except exceptions.ServiceRefused:
            refused += 1
    return refused
