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

"""GLC305"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:file\n%s[glance_store]\n'
         'default_backend = a\n')
_CAP = 'image_size_cap = 107374182400\n'
_HERE = ('{"places": {"/var/lib/glance/os_glance_staging_store": '
         '{"size": %d, "free": %d}}}')
_GIB = 1 << 30


class StagingTooSmall(check.Check):
    """There is no room to stage the largest images, or to import several.

    An image is staged whole before it is imported, and stock conversion writes
    a second file beside it. Glance stages until the disk is full, and then
    refuses that image, and all others that are on their way. Looked at only
    with ``--this-host``.

    Give staging room for twice ``image_size_cap``, or lower that.
    """

    code = 'GLC305'
    bad = (
        {'glance-api.conf': _CONF % _CAP,
         'this-host.json': _HERE % (50 * _GIB, 50 * _GIB)},
        {'glance-api.conf': _CONF % _CAP,
         'this-host.json': _HERE % (500 * _GIB, 20 * _GIB)},
        {'glance-api.conf': _CONF % '',
         'this-host.json': _HERE % (5 * _GIB, 4 * _GIB)},
    )
    good = (
        {'glance-api.conf': _CONF % _CAP,
         'this-host.json': _HERE % (500 * _GIB, 400 * _GIB)},
        # Nobody has said how large images are.
        {'glance-api.conf': _CONF % '',
         'this-host.json': _HERE % (500 * _GIB, 400 * _GIB)},
        {'glance-api.conf': _CONF % _CAP},
    )

    # Of images nobody has limited.
    _USUAL = 10 * _GIB

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        staging = directories.staging(host)
        place = staging and host.here and host.here.place(staging.path)
        if not staging or not place or not place.looked or not place.size:
            return
        told = host.setting('DEFAULT', 'image_size_cap')
        largest = host.value('DEFAULT', 'image_size_cap') if told else (
            self._USUAL)
        if largest and place.free < largest:
            yield self.found(
                host, staging.full_name,
                'Of %.0f GiB, %.1f GiB are free at %s, and an image may have '
                '%.1f GiB%s.' % (
                    place.size / _GIB, place.free / _GIB,
                    masking.value(staging.path), largest / _GIB,
                    '' if told else ', or more'),
                'Give %s at least %.0f GiB, or set image_size_cap in '
                '[DEFAULT] to less.' % (
                    masking.value(staging.path), 2 * largest / _GIB),
                told, staging.setting)
