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

"""GLC220"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:%s\n[glance_store]\n'
         'default_backend = a\n[a]\n%s_store_%s\n')


class ObjectSizes(check.Check):
    """The sizes of a store's objects are none that can go well.

    S3 wants parts of 5 MiB or more: with less, glance_store does not set up
    the store. What is not sent in parts is held in memory as a whole, so that
    a large ``s3_store_large_object_size`` takes that much for each image.
    Swift takes no object of more than 5 GiB, unless it was told otherwise.

    Leave them at their defaults.
    """

    code = 'GLC220'
    bad = (
        {'glance-api.conf': _CONF % ('s3', 's3', 'large_object_size = 8192')},
        {'glance-api.conf': _CONF % (
            's3', 's3', 'large_object_chunk_size = 1')},
        {'glance-api.conf': _CONF % (
            'swift', 'swift', 'large_object_size = 10240')},
    )
    good = (
        {'glance-api.conf': _CONF % ('s3', 's3', 'large_object_size = 100')},
        {'glance-api.conf': _CONF % (
            'swift', 'swift', 'large_object_size = 1024')},
    )

    #: driver -> option, its least and its most in MiB, what else happens
    _BOUNDS = {
        's3': (('s3_store_large_object_chunk_size', 5, 5120,
                'the store is not set up'),
               ('s3_store_large_object_size', 0, 1024,
                'each image up to that size is held in memory')),
        'swift': (('swift_store_large_object_size', 0, 5120,
                   'Swift refuses larger objects'),
                  ('swift_store_large_object_chunk_size', 1, 5120,
                   'Swift refuses larger objects')),
    }

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for store, driver in host.stores.items():
            for name, least, most, why in self._BOUNDS.get(driver, ()):
                size = host.value(store, name)
                if size is not None and not least <= size <= most:
                    default = host.catalogue.option(store, name)
                    yield self.found(
                        host, 'store %s' % masking.name(store),
                        '%s of the store %s is %d MiB: %s.' % (
                            name, masking.name(store), size, why),
                        'Set %s = %s in [%s].' % (
                            name, default.default if default else '',
                            masking.name(store)),
                        host.setting(store, name),
                        severity=check.ERROR if size < least else None)
