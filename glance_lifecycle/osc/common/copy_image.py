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

from collections.abc import Iterator
from collections.abc import Sequence
import time
from typing import Any

from openstack import exceptions as sdk_exceptions
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import progress

_LOCK = 'os_glance_import_task'
_IMPORTING = 'os_glance_importing_to_stores'
_FAILED = 'os_glance_failed_import'

# Seconds.
_FIRST_DELAY, _LONGEST_DELAY = 0.2, 5.0


def copy(client: Any, image: Any, stores: Sequence[str]
         ) -> Iterator[tuple[str, str]]:
    """Ask for the copies and wait for them; store and result of each.

    Glance reads the image once for each store, after it has written it to
    its staging directory. It compares no hash.

    :param client: the image proxy of an openstacksdk connection
    :param image: an ``openstack.image.v2.image.Image``
    :raises CommandError: Glance refuses it
    """
    try:
        # It returns errors instead of raising them.
        sdk_exceptions.raise_from_response(client.import_image(
            image, 'copy-image', stores=list(stores),
            all_stores_must_succeed=False))
        done = _wait(client, image.id, stores)
    except sdk_exceptions.SDKException as error:
        raise osc_exceptions.CommandError(
            'Glance does not copy the image: %s' % exceptions.sentence(
                str(error))) from None
    there = _listed((done.properties or {}).get('stores'))
    failed = _listed((done.properties or {}).get(_FAILED))
    for store in stores:
        yield store, ('copied' if store in there else
                      'failed' if store in failed else 'not copied')


def _wait(client: Any, image_id: str, stores: Sequence[str]) -> Any:
    shown = progress.Progress('Glance copies', 0)
    delay = _FIRST_DELAY
    try:
        while True:
            image = client.get_image(image_id)
            properties = image.properties or {}
            there = _listed(properties.get('stores'))
            if not properties.get(_LOCK):
                return image
            shown.say('Glance copies to %s; done: %s' % (
                ', '.join(_listed(properties.get(_IMPORTING))) or 'no more',
                ', '.join(s for s in stores if s in there) or 'none'))
            time.sleep(delay)
            delay = min(delay * 1.5, _LONGEST_DELAY)
    finally:
        shown.end()


def _listed(text: Any) -> list[str]:
    return [part.strip() for part in str(text or '').split(',')
            if part.strip()]
