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

"""The facts that the Image API knows."""

import collections
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from concurrent import futures
import datetime

from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.audit.diagnosis import judging
from glance_lifecycle.audit import drift
from glance_lifecycle.audit import image_api
from glance_lifecycle import exceptions

# As many as a browser asks one host: its users are to be served meanwhile.
_AT_ONCE = 4


def one(get: image_api.Get, image_id: str, stores: list[str]
        ) -> facts.Facts:
    """Of one image.

    :param stores: of the cloud
    :raises ServiceError: it cannot be asked
    """
    with image_api.asking('show image %s' % image_id):
        resource = get('/images/%s' % image_id, {})
    return _with_tasks(get, facts.image(resource), stores)


def stuck(get: image_api.Get, stores: list[str], older: float = 0,
          also: Collection[str] = ()) -> Iterator[facts.Facts]:
    """Of all images that are stuck; no more than a page is held,
    and in the order of the catalogue.

    :param older: seconds since the image last changed, at least
    :param also: images that a host knows something of
    :raises ServiceError: it cannot be asked
    """
    def found() -> Iterator[facts.Image]:
        with image_api.asking('list the images'):
            for resource in drift.catalogue(get, visibility='all'):
                image = facts.image(resource)
                if not judging.is_stuck(image) and image.id not in also:
                    continue
                age = facts.Facts(image, _now()).age(image.updated)
                if age is None or age >= older:
                    yield image

    yield from _ahead(lambda image: _with_tasks(get, image, stores), found())


def _ahead(ask: Callable[[facts.Image], facts.Facts],
           images: Iterator[facts.Image]) -> Iterator[facts.Facts]:
    """In their order, some asked for while one is looked at.

    Each has a request of its own, and most of that is waiting.
    """
    asked: collections.deque[futures.Future[facts.Facts]] = (
        collections.deque())
    pool = futures.ThreadPoolExecutor(_AT_ONCE)
    try:
        for image in images:
            asked.append(pool.submit(ask, image))
            if len(asked) > _AT_ONCE:
                yield asked.popleft().result()
        while asked:
            yield asked.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _with_tasks(get: image_api.Get, image: facts.Image, stores: list[str]
                ) -> facts.Facts:
    try:
        with image_api.asking('show the tasks of image %s' % image.id):
            answer = get('/images/%s/tasks' % image.id, {})
        tasks = facts.tasks(answer['tasks'])
    except exceptions.ServiceRefused:
        # Not for this user, or the image was deleted meanwhile.
        tasks = None
    return facts.Facts(image, _now(), tasks, tuple(stores) or None)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
