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

"""Of which upload a converted image was made."""

from glance_lifecycle.audit.duplicates import members
from glance_lifecycle import exceptions
from glance_lifecycle.signing import attestation


def of(image: members.Image) -> str:
    """The same of images that were made of the same upload, and as large.

    So says the attestation, ``lifecycle_attestation``. Whether its signature
    is good is not asked: that takes a key manager, and nothing is done by this
    alone. One that is about another image, or about other bytes, says nothing.

    :returns: empty where nothing tells
    """
    if not image.attestation:
        return ''
    try:
        record = attestation.claimed(image.attestation)
    except exceptions.ImageRefused:
        return ''
    if (record.image_id, record.os_hash_algo, record.os_hash_value) != (
            image.id, image.algorithm, image.digest):
        return ''
    return '%s %d %s %d %s' % (
        image.disk_format, image.size, record.source_format,
        record.source_size, ' '.join('%s %s' % one for one in sorted(
            record.source_digest.items())))
