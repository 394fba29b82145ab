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

"""What Glance knows of an image and its copies, put right.

Each change is one transaction, which begins with a look at the image: what
somebody has changed since the caller's decision is never written over.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
from typing import Any

from glance.common import exception as glance_exception
import glance.db

from glance_lifecycle import exceptions
from glance_lifecycle.glance_host import copies
from glance_lifecycle.glance_host import database
from glance_lifecycle.glance_host import domain
from glance_lifecycle.glance_host import transactions
from glance_lifecycle.transfer import sink

#: What can be filled in where it is absent.
FACTS = ('os_hash_algo', 'os_hash_value', 'checksum', 'size', 'virtual_size')


def fill_in(image: copies.StoredImage, values: Mapping[str, Any]) -> None:
    """Write what is absent, and nothing over what is there.

    :param image: as it was when its copies were read
    :param values: some of FACTS
    :raises TransferCancelled: it is not the same any more
    :raises DatabaseError: the database did not take it
    """
    with _ours():
        _fill_in(image, values)
    _announce(image.id)


@database.retry
def _fill_in(image: copies.StoredImage, values: Mapping[str, Any]) -> None:
    with transactions.held(image.id):
        now = _read(image)
        if all(getattr(now, name) == value
               for name, value in values.items()):
            # By ourselves, and the answer was lost.
            return
        _check_same(image, now)
        if any(getattr(now, name) is not None for name in values):
            raise exceptions.TransferCancelled(
                detail='somebody has filled in what was absent')
        glance.db.get_api().image_update(
            database.admin_context(), image.id, dict(values))


def drop_location(image: copies.StoredImage,
                  copy: copies.StoredCopy) -> None:
    """Forget a location that leads nowhere; nothing in a store is touched.

    :param image: as it was when that was seen
    :raises TransferCancelled: it is not the same any more, or this is its
        last location
    :raises DatabaseError: the database did not take it
    """
    with _ours():
        _drop_location(image, copy)
    _announce(image.id)


@database.retry
def _drop_location(image: copies.StoredImage,
                   copy: copies.StoredCopy) -> None:
    with transactions.held(image.id):
        now = _read(image)
        if copy not in now.copies:
            return
        _check_same(image, now)
        if len(now.copies) < 2:
            raise exceptions.TransferCancelled(detail='it is the last one')
        glance.db.get_api().image_location_delete(
            database.admin_context(), image.id, _row(image.id, copy)['id'],
            'deleted')


def change_location(image: copies.StoredImage, copy: copies.StoredCopy,
                    stored: sink.Stored) -> None:
    """Have a location lead to the copy that was written in its place.

    Mostly it does already, and then nothing is written.

    :param image: as it was when the copy was begun
    :param copy: the location that was found to be bad
    :raises TransferCancelled: the image is gone, or not the same any more
    :raises InternalError: nobody can tell whether it was written
    """
    try:
        with _ours():
            _change_location(image, copy, stored)
    except exceptions.DatabaseError as error:
        raise exceptions.InternalError(
            detail='the database did not take the location in store %s'
            % copy.store) from error


@database.retry
def _change_location(image: copies.StoredImage, copy: copies.StoredCopy,
                     stored: sink.Stored) -> None:
    with transactions.held(image.id):
        now = _read(image)
        _check_bytes(image, now)
        if copies.StoredCopy(copy.store, stored.url) in now.copies:
            return
        if copy not in now.copies:
            raise exceptions.TransferCancelled(
                detail='somebody has removed its location in store %s'
                % copy.store)
        row = _row(image.id, copy)
        glance.db.get_api().image_location_update(
            database.admin_context(), image.id, {
                'id': row['id'], 'url': copies.encrypted(stored.url),
                'metadata': dict(stored.metadata), 'status': 'active'})


def _read(image: copies.StoredImage) -> copies.StoredImage:
    now = copies.read(image.id)
    if now is None:
        raise exceptions.TransferCancelled(detail='the image was deleted')
    return now


def _check_same(image: copies.StoredImage, now: copies.StoredImage) -> None:
    _check_bytes(image, now)
    if now != image:
        raise exceptions.TransferCancelled(
            detail='the image, or where it is stored, changed meanwhile')


def _check_bytes(image: copies.StoredImage, now: copies.StoredImage) -> None:
    if (now.status, now.os_hash_algo, now.os_hash_value, now.size) != (
            image.status, image.os_hash_algo, image.os_hash_value,
            image.size):
        raise exceptions.TransferCancelled(
            detail='the image changed meanwhile (its status is %s)'
            % now.status)


def _row(image_id: str, copy: copies.StoredCopy) -> Any:
    row = glance.db.get_api().image_get(database.admin_context(), image_id)
    return next(one for one in row['locations']
                if one['status'] == 'active'
                and copies.of_row(one) == copy)


def _announce(image_id: str) -> None:
    image = database.told(image_id)
    if image is not None:
        domain.notify(image, 'image.update')


@contextlib.contextmanager
def _ours() -> Iterator[None]:
    """What Glance raises of an image that is gone, in our words."""
    try:
        yield
    except glance_exception.NotFound:
        raise exceptions.TransferCancelled(
            detail='the image was deleted') from None
