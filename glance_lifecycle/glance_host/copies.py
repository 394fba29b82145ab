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

"""The stored copies of an image, and one more of them.

In the database, as Glance's own parallel import writes them, because no
request of the Image API can do it: ``POST .../locations`` takes an image that
is ``queued`` and no other; ``PATCH`` of ``locations`` wants
show_multiple_locations, refuses ``file://`` and guesses the store by its URL;
and copy-image stores the bytes itself.
"""

import dataclasses
from typing import Any

from glance.common import crypt
from glance.common import exception as glance_exception
import glance.db
from oslo_config import cfg

from glance_lifecycle import exceptions
from glance_lifecycle.glance_host import database
from glance_lifecycle.glance_host import domain
from glance_lifecycle.glance_host import transactions
from glance_lifecycle.transfer import sink

CONF = cfg.CONF


@dataclasses.dataclass(frozen=True, slots=True)
class StoredCopy:
    """One location of an image.

    :ivar store: empty where Glance does not know it
    :ivar url: may hold a password, so it is not shown
    """

    store: str
    url: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class StoredImage:
    """What the database says of an image and its copies.

    :ivar lock: the task that imports or copies it now, None for none
    :ivar virtual_size: bytes of the disk, None where Glance does not know
    """

    id: str
    status: str
    size: int | None
    checksum: str | None
    os_hash_algo: str | None
    os_hash_value: str | None
    lock: str | None
    copies: tuple[StoredCopy, ...]
    disk_format: str | None = None
    container_format: str | None = None
    virtual_size: int | None = None

    @property
    def stores(self) -> list[str]:
        return [copy.store for copy in self.copies]


@database.retry
def stored_image(image_id: str) -> StoredImage | None:
    """The image as it is now, None if it is deleted or never was."""
    return read(image_id)


def of_row(location: Any) -> StoredCopy:
    """:param location: as Glance's database API has it"""
    return StoredCopy((location['metadata'] or {}).get('store') or '',
                      decrypted(location['url']))


def read(image_id: str) -> StoredImage | None:
    """The image as it is now, in the transaction of this thread."""
    try:
        row = glance.db.get_api().image_get(database.admin_context(),
                                            image_id)
    except glance_exception.NotFound:
        return None
    if row['deleted'] or row['status'] == 'deleted':
        return None
    lock = next((p['value'] for p in row['properties']
                 if p['name'] == 'os_glance_import_task'
                 and not p['deleted']), None)
    return StoredImage(
        str(row['id']), str(row['status']), row['size'], row['checksum'],
        row['os_hash_algo'], row['os_hash_value'], lock,
        tuple(of_row(loc) for loc in row['locations']
              if loc['status'] == 'active'),
        row['disk_format'], row['container_format'], row['virtual_size'])


def check_location_quota(count: int) -> None:
    """:raises ImageRefused: no image may have so many locations"""
    if 0 <= CONF.image_location_quota < count:
        raise exceptions.ImageRefused(
            reason='quota', detail='%d copies exceed image_location_quota, '
            '%d' % (count, CONF.image_location_quota))


def register_copy(image: StoredImage, stored: sink.Stored) -> None:
    """Tell Glance of a copy that is complete.

    One new row and nothing else, so that it cannot undo what others change
    at the same time.

    :param image: as it was when the copy was begun
    :raises TransferCancelled: the image is gone, or not the same any more;
        the copy is not registered
    :raises InternalError: nobody can tell whether it is
    """
    store = str(stored.metadata['store'])
    try:
        _register(image, stored, [])
    except exceptions.DatabaseError as error:
        raise exceptions.InternalError(
            detail='the database did not take the location in store %s'
            % store) from error
    except glance_exception.NotFound:
        raise exceptions.TransferCancelled(
            detail='the image was deleted') from None


def announce_copies(image_id: str, stores: list[str]) -> None:
    """Send what copy-image would have sent."""
    image = database.told(image_id)
    if image is None:
        return
    for store in stores:
        domain.notify(image, 'image.prepare', store)
        domain.notify(image, 'image.upload')


@database.retry
def _register(image: StoredImage, stored: sink.Stored,
              tried: list[bool]) -> None:
    """:param tried: not empty, if an earlier attempt may have done it"""
    with transactions.held(image.id):
        if _already(image, stored, bool(tried)):
            return
        tried.append(True)
        glance.db.get_api().image_location_add(
            database.admin_context(), image.id,
            {'url': encrypted(stored.url), 'metadata': dict(stored.metadata),
             'status': 'active'})


def _already(image: StoredImage, stored: sink.Stored,
             tried: bool) -> bool:
    now = read(image.id)
    if now is None:
        raise exceptions.TransferCancelled(detail='the image was deleted')
    if now.status != image.status or (
            (now.os_hash_algo, now.os_hash_value, now.size)
            != (image.os_hash_algo, image.os_hash_value, image.size)):
        raise exceptions.TransferCancelled(
            detail='the image changed meanwhile (its status is %s)'
            % now.status)
    store = str(stored.metadata['store'])
    if tried and StoredCopy(store, stored.url) in now.copies:
        return True
    if store in now.stores:
        raise exceptions.TransferCancelled(
            detail='somebody else has added a copy in store %s' % store)
    return False


def encrypted(url: str) -> str:
    key = CONF.metadata_encryption_key
    return str(crypt.urlsafe_encrypt(key, url)) if key else url


def decrypted(url: str) -> str:
    key = CONF.metadata_encryption_key
    return str(crypt.urlsafe_decrypt(key, url)) if key else url
