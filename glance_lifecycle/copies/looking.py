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

"""What copies an image has, and what is really there."""

from collections.abc import Iterator

from oslo_config import cfg

from glance_lifecycle.copies import known
from glance_lifecycle.copies import verified
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import copies as copy_jobs
from glance_lifecycle.transfer import extents

CONF = cfg.CONF


def look(image: glance_host.StoredImage) -> Iterator[known.Copy]:
    """Open each copy and see, without reading it."""
    for copy in image.copies:
        yield look_at(image, copy)


def look_at(image: glance_host.StoredImage,
            copy: glance_host.StoredCopy) -> known.Copy:
    driver = ''
    try:
        driver = glance_host.store_driver(copy.store)
        described = copy_jobs.describe(image, copy)
        with copy_jobs.opened(described) as source:
            when, detail = _verified(image, copy, source.fingerprint)
            allocated = sum(extent.length for extent in source.extents()
                            if extent.kind is extents.Kind.DATA)
            return known.Copy(copy.store, driver, True, source.virtual_size,
                              allocated, when, detail)
    except exceptions.CopyMissing as error:
        return known.Copy(copy.store, driver, False, detail=str(error))
    except exceptions.CopyCorrupt as error:
        return known.Copy(copy.store, driver, True, detail=str(error))
    except exceptions.LifecycleError as error:
        return known.Copy(copy.store, driver, detail=str(error))


def digest(image: glance_host.StoredImage) -> str:
    """What a record of a verification says of the bytes."""
    return '%s:%s' % (image.os_hash_algo, image.os_hash_value)


def _verified(image: glance_host.StoredImage, copy: glance_host.StoredCopy,
              fingerprint: str) -> tuple[str, str]:
    """When, and what to say about it."""
    record = verified.read(CONF.lifecycle.state_dir, image.id, copy.store)
    if record is None:
        return '', ''
    if verified.is_of(record, digest(image), copy.url, fingerprint):
        return record.when, ''
    return '', 'it changed since it was verified at %s' % record.when
