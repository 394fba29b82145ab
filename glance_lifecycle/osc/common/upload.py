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

"""Create an image from a file: stage, import, wait until it is there."""

from collections.abc import Mapping
import inspect
import io
import sys
import time
from typing import Any
from typing import cast

from openstack import exceptions as sdk_exceptions
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import image_bytes
from glance_lifecycle.osc.common import progress

_LOCK = 'os_glance_import_task'
_FAILED = 'os_glance_failed_import'


def create(client: Any, attributes: Mapping[str, Any],
           source: image_bytes.File, *, stores: list[str] | None = None,
           all_stores: bool = False) -> Any:
    """The active image.

    :param client: the image proxy of an openstacksdk connection
    :param attributes: of the image: name, disk_format, properties, ...
    :raises CommandError: the upload or the import failed; the text has
        Glance's reason
    """
    from openstack.image.v2 import image as _image
    # Not create_image(): it adds properties of its own, and looks for names.
    image = _image.Image.new(**attributes).create(client)
    try:
        _stage(client, image, source)
        # It returns errors instead of raising them.
        sdk_exceptions.raise_from_response(client.import_image(
            image, 'glance-direct', stores=stores,
            all_stores=all_stores or None))
        return _wait(client, image.id)
    except KeyboardInterrupt:
        sys.stderr.write(_left(image.id) + '\n')
        raise
    except sdk_exceptions.SDKException as error:
        raise osc_exceptions.CommandError('%s %s' % (
            exceptions.sentence(str(error)), _left(image.id))) from None


def _stage(client: Any, image: Any, source: image_bytes.File) -> None:
    shown = progress.Progress('Uploading %s' % source.path, source.size)
    # The SDK of 2025.2 and 2026.1 cannot tell Glance how much there will be.
    known = inspect.signature(client.stage_image).parameters
    size = {'size': source.size} if 'size' in known else {}
    try:
        client.stage_image(image, data=progress.Upload(
            cast(io.BufferedReader, source.file), shown), **size)
    finally:
        shown.end()
    source.check_unchanged()


def _wait(client: Any, image_id: str) -> Any:
    shown = progress.Progress('Importing', 0)
    delay = 0.1
    try:
        while True:
            image = client.get_image(image_id)
            task = _newest_task(client, image_id)
            if task is not None and task.status == 'failure':
                raise _refused(image_id, task.message)
            if _is_over(image):
                return _complete(image)
            if task is not None and task.message:
                shown.say('Importing: %s' % task.message)
            time.sleep(delay)
            delay = min(delay * 1.5, 5.0)
    finally:
        shown.end()


def _is_over(image: Any) -> bool:
    """:raises CommandError: it will never be active"""
    if image.status in ('killed', 'deleted', 'pending_delete'):
        raise _refused(image.id, 'its status is %s' % image.status)
    return (image.status == 'active'
            and not (image.properties or {}).get(_LOCK))


def _complete(image: Any) -> Any:
    failed = (image.properties or {}).get(_FAILED)
    if failed:
        raise osc_exceptions.CommandError(
            'Image %s is active, but not in store %s. Run "openstack image '
            'import --method copy-image --store %s %s".' % (
                image.id, failed, failed, image.id))
    return image


def _newest_task(client: Any, image_id: str) -> Any:
    tasks = sorted(client.image_tasks(image_id),
                   key=lambda task: str(task.created_at))
    return tasks[-1] if tasks else None


def _refused(image_id: str, message: str | None
             ) -> osc_exceptions.CommandError:
    return osc_exceptions.CommandError(
        'The import failed. Glance says: %s %s' % (
            exceptions.sentence(message or 'nothing'), _left(image_id)))


def _left(image_id: str) -> str:
    return ('The record of the image is left: look at "openstack image task '
            'list %s", or remove it with "openstack image delete %s".'
            % (image_id, image_id))
