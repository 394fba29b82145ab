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

"""Why an image is not replaced by a raw one. Pure."""

from collections.abc import Iterator
from collections.abc import Mapping
import hashlib
from typing import Any

from glance_lifecycle.policy import decision
from glance_lifecycle.policy import generations
from glance_lifecycle.reclaim.duplicates import hiding
from glance_lifecycle.reclaim.duplicates import marks

RAW = 'raw'

_Image = Mapping[str, Any]

_SIGNATURE = 'img_signature'


def why(image: _Image) -> str:
    """The first reason, as a sentence; empty for none.

    :param image: of the Image API
    """
    return next(_reasons(image), '')


def _reasons(image: _Image) -> Iterator[str]:
    disk_format = image.get('disk_format')
    if disk_format == RAW:
        yield 'It is raw already.'
    if image.get('os_hidden'):
        yield _hidden(image)
    busy = hiding.busy(image)
    if busy:
        yield busy
    if image.get('container_format') != 'bare':
        yield ('Its container_format is %s; only bare images are converted.'
               % image.get('container_format'))
    if disk_format not in decision.CONVERTIBLE:
        yield 'No image of the format %s is converted.' % disk_format
    yield from _data(image)
    yield from _use(image)


def _hidden(image: _Image) -> str:
    by = marks.plan_of(image)
    if by and image.get(generations.REPLACED_BY):
        return 'It is hidden: plan %s says that image %s replaces it.' % (
            by, image[generations.REPLACED_BY])
    return 'It is hidden.'


def _data(image: _Image) -> Iterator[str]:
    if not image.get('size') or image.get('block_device_mapping'):
        yield 'It has no data of its own.'
    if not image.get('os_hash_value'):
        yield ('It has no hash, so that nobody could tell whether what is '
               'read is the image. See "repair".')
    if image.get('os_hash_algo') not in hashlib.algorithms_available:
        yield 'Its hash, %s, cannot be computed here.' % (
            image.get('os_hash_algo'))
    if any(name.lower().startswith(_SIGNATURE) for name in image):
        yield ('It is signed: the signature is of the bytes as they are. Its '
               'owner can import it anew with that signature, and the '
               'service verifies it, and signs what it has converted, if '
               '[lifecycle_signing] on_convert says so.')
    if image.get('cinder_encryption_key_id'):
        yield ('It is encrypted, and its key is deleted with the first image '
               'that names it.')


def _use(image: _Image) -> Iterator[str]:
    if not image.get('owner'):
        yield 'It has no owner.'
    if str(image.get('name') or '').endswith('-shelved') and image.get(
            'instance_uuid'):
        yield 'Nova keeps a shelved server in it, and finds it by its id.'
    if image.get(generations.DEPRECATED) or image.get(
            generations.REPLACED_BY):
        # Its raw one would be the newest of the family.
        yield ('A newer image replaces it: one made of it now would be the '
               'newest of its family.')
