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

"""Glance's own copy-image, where this is no host of glance-api."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import time
from typing import Any

from openstack import exceptions as sdk_exceptions

from glance_lifecycle.audit import image_api

_LOCK = 'os_glance_import_task'
_IMPORTING = 'os_glance_importing_to_stores'
_FAILED = 'os_glance_failed_import'

# Seconds between two looks, at first and at last.
_FIRST_DELAY, _LONGEST_DELAY = 0.2, 5.0


def copy(client: Any, image: Any, stores: Sequence[str],
         say: Callable[[str], None]) -> Iterator[tuple[str, str]]:
    """Ask for the copies and wait for them; store and result of each.

    Glance reads the image once for each store, after it has written it to
    its staging directory. It compares no hash.

    :param client: the image proxy of an openstacksdk connection
    :param image: an ``openstack.image.v2.image.Image``
    :param say: is told how far it is, now and then
    :raises ServiceError: Glance refuses it, or fails
    """
    with image_api.asking('copy image %s' % image.id):
        # It returns errors instead of raising them.
        sdk_exceptions.raise_from_response(client.import_image(
            image, 'copy-image', stores=list(stores),
            all_stores_must_succeed=False))
        done = _wait(client, image.id, stores, say)
    properties = done.properties or {}
    there = image_api.stores_of(properties)
    failed = image_api.listed(properties.get(_FAILED))
    for store in stores:
        yield store, ('copied' if store in there else
                      'failed' if store in failed else 'not copied')


def _wait(client: Any, image_id: str, stores: Sequence[str],
          say: Callable[[str], None]) -> Any:
    delay = _FIRST_DELAY
    while True:
        image = client.get_image(image_id)
        properties = image.properties or {}
        there = image_api.stores_of(properties)
        if not properties.get(_LOCK):
            return image
        say('Glance copies to %s; done: %s' % (
            ', '.join(image_api.listed(properties.get(_IMPORTING)))
            or 'no more',
            ', '.join(s for s in stores if s in there) or 'none'))
        time.sleep(delay)
        delay = min(delay * 1.5, _LONGEST_DELAY)
