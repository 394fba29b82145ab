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

"""What a dead transfer left in a container, and nothing else.

An object, be it the image, its manifest or a segment, is known by the token in
its metadata. Swift has no condition for a removal, so that is looked at just
before.

What was under way when the transfer died may be stored only after all this:
a cluster that is slow has the whole request, and nobody waits for its answer.
So what is not there, and may have been asked for, is removed too. That leaves
a tombstone, which wins against each request that the proxy had begun with
before, for its timestamp is the newer one (swift/obj/server.py, PUT and
DELETE). Else it would lie there for ever, or, as a segment, become the end of
the next import of the image.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import logging

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.object_store import claim
from glance_lifecycle.transfer.backends.object_store \
    import marks as object_marks
from glance_lifecycle.transfer.backends.swift import manifests
from glance_lifecycle.transfer.backends.swift import options
from glance_lifecycle.transfer.backends.swift import service as swift_service
from glance_lifecycle.transfer import sink

LOG = logging.getLogger(__name__)

_PREFIX = 'x-object-meta-'
_TOKEN = _PREFIX + object_marks.METADATA
_SCOPE = _PREFIX + 'lifecycle-host'

#: Requests of a transfer at a time: while the service makes one segment
#: durable, the next is on its way.
UNDER_WAY = 2

# What has been asked for, or is about to be; see ``sink.ASKED``.
_SEGMENTS = 'segments'
_IMAGE = 'image'

# Seconds after which a segment was left by a transfer that is dead, wherever
# that ran. A living one writes the next much sooner.
ABANDONED = 24 * 3600.0


def metadata(token: str) -> dict[str, str]:
    """Headers of every object of a transfer."""
    return {_TOKEN: token, _SCOPE: claim.scope()}


def asked_for(token: str, *, segments: bool) -> sink.Mark:
    """The mark to note before the first segment, or before the image."""
    return {object_marks.TOKEN: token,
            sink.ASKED: _SEGMENTS if segments else _IMAGE}


def has_asked(created: Sequence[sink.Mark], *, segments: bool) -> bool:
    wanted = _SEGMENTS if segments else _IMAGE
    return any(mark.get(sink.ASKED) == wanted for mark in created)


def absent(service: swift_service.Service, image_id: str) -> sink.Mark:
    """See Sink.absent."""
    there = service.has_container()
    if not there and not service.may_create:
        raise service.no_container()
    refuse_existing(service, image_id)
    return {**object_marks.absent(service.clock), 'container': there}


def refuse_existing(service: swift_service.Service, image_id: str) -> None:
    """:raises StoreDuplicate: there is such an object"""
    if service.find(image_id) is not None:
        raise exceptions.StoreDuplicate(
            store=service.store, detail='an object named %s in container '
            '%s' % (image_id, service.container))


def undo(service: swift_service.Service, image_id: str,
         created: Sequence[sink.Mark]) -> bool:
    """See Sink.undo."""
    if any(mark.get('container', True) for mark in created) and (
            not service.has_container()):
        raise exceptions.StoreError(
            store=service.store, detail='there is no container %s any more, '
            'where the image was written' % service.container)
    # First, so that nobody reads an image that loses its segments.
    removed = _remove_image(service, image_id, created)
    if created:
        removed |= _remove_segments(service, image_id, created)
    return removed


def remove(service: swift_service.Service, names: Iterable[str],
           created: Sequence[sink.Mark], late: Collection[str]) -> None:
    """Remove those of the named objects that have our token.

    :param late: names that may be stored after all, though nothing is there
    """
    for name in names:
        head = service.find(name)
        if name in late if head is None else has_token(head, created):
            service.delete(name)


def has_token(head: dict[str, str], created: Sequence[sink.Mark]) -> bool:
    return head.get(_TOKEN) in object_marks.tokens(created)


def clear_segments(service: swift_service.Service, image_id: str) -> bool:
    """Make room for the segments of an image.

    Removes what a dead transfer of this package left whose journal is lost.
    To be called by who has the image's claim.

    :returns: whether there was anything
    :raises StoreDuplicate: there are segments of others, who may be alive,
        or of what is in quarantine
    """
    found = list(_segments(service, image_id))
    if found and manifests.is_away(service, image_id):
        raise exceptions.StoreDuplicate(
            store=service.store, detail='the segments of image %s in '
            'container %s are of a copy that is in quarantine; bring it back '
            'or purge it' % (image_id, service.container))
    scope = claim.scope()
    for name, head in found:
        age = service.clock - float(head['x-timestamp'])
        if not (_TOKEN in head and (
                head.get(_SCOPE) == scope or age > ABANDONED)):
            raise exceptions.StoreDuplicate(
                store=service.store, detail='%s in container %s: another '
                'transfer writes the image, or has left it' %
                (name, service.container))
    return any([service.delete(name) for name, _head in found])


def _remove_image(service: swift_service.Service, image_id: str,
                  created: Sequence[sink.Mark]) -> bool:
    head = service.find(image_id)
    if head is None:
        if has_asked(created, segments=False):
            service.delete(image_id)
        return False
    if has_token(head, created) or sink.vouched(
            created, float(head['x-timestamp'])):
        return service.delete(image_id)
    LOG.warning('Store %s has an object named %s that this transfer has not '
                'made. It stays.', service.store, image_id)
    return False


def _remove_segments(service: swift_service.Service, image_id: str,
                     created: Sequence[sink.Mark]) -> bool:
    ours, others = [], False
    for name, head in _segments(service, image_id):
        if _is_our_segment(head, created):
            ours.append(name)
        else:
            others = True
    # Where somebody else is writing, the rest of the names is not ours.
    if not others and has_asked(created, segments=True):
        # Before the others, of which the last goes last: should we die, it
        # still tells which ones to look for.
        for name in _may_be_late(image_id, ours):
            if service.find(name) is None:
                service.delete(name)
    ours.sort(key=options.segment_number)
    return any([service.delete(name) for name in ours])


def _may_be_late(image_id: str, stored: Collection[str]) -> Iterator[str]:
    """Segments that were under way: begun in order, and stored in any."""
    last = max(map(options.segment_number, stored), default=0)
    for number in range(max(1, last + 1 - UNDER_WAY), last + 1 + UNDER_WAY):
        name = options.segment_name(image_id, number)
        if name not in stored:
            yield name


def _is_our_segment(head: dict[str, str],
                    created: Sequence[sink.Mark]) -> bool:
    return has_token(head, created) or object_marks.vouched_part(
        created, float(head['x-timestamp']))


def _segments(service: swift_service.Service, image_id: str
              ) -> Iterator[tuple[str, dict[str, str]]]:
    """What is named like segments of the image: names and headers.

    Also those that the listing does not show yet: they follow the last one
    that it does.
    """
    last = 0
    for one in service.segments(image_id):
        name = str(one['name'])
        if options.is_segment(image_id, name):
            last = max(last, options.segment_number(name))
            head = service.find(name)
            if head is not None:
                yield name, head
    missing = 0
    while missing < UNDER_WAY:
        last += 1
        name = options.segment_name(image_id, last)
        head = service.find(name)
        if head is None:
            missing += 1
        else:
            missing = 0
            yield name, head
