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


"""The image caches of Nova's hosts, filled by host aggregate.

Nova fetches an image to each host of an aggregate that has a cache, one after
the other, and does not tell what they have:
https://docs.openstack.org/api-ref/compute/#request-image-pre-caching-for-aggregate
(2.81). An image that is there already only stays longer.
"""

from collections.abc import Mapping
import functools
from typing import Any

from openstack import exceptions as sdk_exceptions
from oslo_log import log as logging

from glance_lifecycle.audit import image_api
from glance_lifecycle import exceptions

LOG = logging.getLogger(__name__)

_SERVICE = 'Compute'
_VERSION = '2.81'
_PREFIX = 'the hosts of aggregate '
_LIST = 'list the host aggregates'


def node(aggregate: str) -> str:
    """What its hosts are called among the caches."""
    return _PREFIX + aggregate


def is_node(name: str) -> bool:
    """Whether these are hosts of Nova, of which nobody knows what they have.
    """
    return name.startswith(_PREFIX)


class Aggregates:
    """Those of one look, asked for once.

    :param connection: an ``openstack.connection.Connection``
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @functools.cached_property
    def ids(self) -> Mapping[str, int] | None:
        """Name, UUID and id of each -> id; None: they cannot be told."""
        try:
            return self._ask()
        except exceptions.ServiceError as error:
            LOG.warning('Nothing is fetched by hosts of Nova: %s',
                        error.for_operator())
            return None

    def fetch(self, name: str, image_id: str) -> None:
        """Have the hosts fetch an image, when they come to that.

        :param name: of ``node()``
        :raises ServiceRefused: there is no such aggregate, it is not for this
            user, or Nova is older than 2.81
        :raises ServiceError: it does not
        """
        aggregate = name.removeprefix(_PREFIX)
        # Of the look just before, where it went well.
        number = (self.ids or self._ask()).get(aggregate)
        what = 'have image %s fetched by aggregate %s' % (image_id, aggregate)
        if number is None:
            raise exceptions.ServiceRefused(
                service=_SERVICE, what=what, detail='there is none of this '
                'name')
        with image_api.asking(what, _SERVICE):
            sdk_exceptions.raise_from_response(self._connection.compute.post(
                '/os-aggregates/%d/images' % number, microversion=_VERSION,
                json={'cache': [{'id': image_id}]}))

    def _ask(self) -> dict[str, int]:
        """:raises ServiceError: it does not say, or is too old"""
        with image_api.asking(_LIST, _SERVICE):
            response = self._connection.compute.get(
                '/os-aggregates', microversion=_VERSION)
            sdk_exceptions.raise_from_response(response)
        try:
            found = response.json()['aggregates']
            # A name goes before what looks like it.
            return {**{str(each['id']): int(each['id']) for each in found},
                    **{str(each['uuid']): int(each['id']) for each in found},
                    **{str(each['name']): int(each['id']) for each in found}}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise exceptions.ServiceError(
                service=_SERVICE, what=_LIST, detail='its answer cannot be '
                'read (%s)' % type(error).__name__) from None
