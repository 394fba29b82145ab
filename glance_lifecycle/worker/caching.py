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

"""Which caches an image is to be fetched into: glance-api's, and Nova's.

Each glance-api has a cache of its own, which only it can be asked about:
https://docs.openstack.org/api-ref/image/v2/#cache-manage, API 2.14. A cloud's
usual endpoint leads to any of them.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from typing import Any

from openstack import exceptions as sdk_exceptions
from oslo_log import log as logging

from glance_lifecycle.audit import image_api
from glance_lifecycle import exceptions
from glance_lifecycle.policy import wants
from glance_lifecycle.worker import nova_caches

LOG = logging.getLogger(__name__)

#: The catalogue's endpoint, where no others are named.
USUAL = 'the image service'

_GIB = 2 ** 30
_LIST = 'list its cache'


@dataclasses.dataclass(frozen=True, slots=True)
class Missing:
    """Where an image is not cached.

    :ivar nodes: that have room for it
    :ivar full: that have none
    :ivar unknown: that could not be asked, or have no cache
    :ivar absent: host aggregates that are not there
    """

    nodes: tuple[str, ...] = ()
    full: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


NOT_MISSING = Missing()


class Caches:
    """The caches, each asked once until something is queued there.

    :param connection: an ``openstack.connection.Connection``
    :param nodes: URL of each glance-api; none for the usual endpoint
    :param limit: GiB that may be cached in one, with what is queued; 0 for
        no limit
    """

    def __init__(self, connection: Any, nodes: Iterable[str] = (),
                 limit: int = 0) -> None:
        self._client = connection.image
        self._aggregates = nova_caches.Aggregates(connection)
        self._nodes = tuple(dict.fromkeys(
            node.rstrip('/').removesuffix('/v2') for node in nodes)
        ) or (USUAL,)
        self._limit = limit * _GIB
        # Node -> image -> bytes; None: it could not be asked.
        self._known: dict[str, dict[str, int] | None] = {}
        # (node, image): while it is fetched, a node lists it neither as
        # cached nor as queued.
        self._promised: set[tuple[str, str]] = set()

    def missing(self, image: Mapping[str, Any], wanted: wants.Cache
                ) -> Missing:
        """Where this image is neither cached nor queued.

        Of Nova's hosts nobody knows, and it is missing there always.
        """
        nodes: list[str] = []
        full: list[str] = []
        unknown: list[str] = []
        absent: list[str] = []
        size = image.get('size') or 0
        if 'nova' in wanted.prefetch:
            ids = self._aggregates.ids
            for name in wanted.aggregates:
                node = nova_caches.node(name)
                (unknown if ids is None else nodes if name in ids
                 else absent).append(node)
        for node in self._nodes if 'glance' in wanted.prefetch else ():
            there = self._there(node)
            if there is None:
                unknown.append(node)
            elif (image['id'] in there
                  or (node, image['id']) in self._promised):
                continue
            elif self._limit and sum(there.values()) + size > self._limit:
                full.append(node)
            else:
                nodes.append(node)
                # In one look, no more are found to fit than do.
                there[image['id']] = size
        return Missing(tuple(nodes), tuple(full), tuple(unknown),
                       tuple(absent))

    def queue(self, node: str, image_id: str) -> None:
        """Have the node fetch it; done twice, it is done once.

        :raises ServiceError: it does not
        """
        if nova_caches.is_node(node):
            self._aggregates.fetch(node, image_id)
            return
        self._known.pop(node, None)
        with image_api.asking('cache image %s' % image_id):
            sdk_exceptions.raise_from_response(self._client.put(
                self._url(node, '/cache/' + image_id)))
        self._promised.add((node, image_id))

    def _there(self, node: str) -> dict[str, int] | None:
        if node not in self._known:
            try:
                self._known[node] = self._ask(node)
            except exceptions.ServiceError as error:
                LOG.warning('What %(node)s has cached is not known, and '
                            'nothing is fetched there: %(error)s',
                            {'node': node, 'error': error.for_operator()})
                self._known[node] = None
        return self._known[node]

    def _ask(self, node: str) -> dict[str, int]:
        """:raises ServiceError: it does not say, or has no cache"""
        with image_api.asking(_LIST):
            response = self._client.get(self._url(node, '/cache'))
            sdk_exceptions.raise_from_response(response)
        try:
            found = response.json()
            # Of a queued one nobody says the size.
            return {**dict.fromkeys(map(str, found['queued_images']), 0),
                    **{str(each['image_id']): int(each['size'] or 0)
                       for each in found['cached_images']}}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise exceptions.ServiceError(
                what=_LIST, detail='its answer cannot be read (%s)'
                % type(error).__name__) from None

    @staticmethod
    def _url(node: str, path: str) -> str:
        return path if node == USUAL else '%s/v2%s' % (node, path)
