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

"""GLC301"""

from collections.abc import Iterator
import pathlib

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import facts
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit import finding

# Often memory, or emptied by others, or both.
_TEMPORARY = ('/tmp', '/var/tmp', '/dev/shm', '/run', '/var/run')  # noqa: S108


class StagingInMemory(check.Check):
    """What is staged lies in a temporary directory.

    An image is staged whole before it is imported, and a conversion may need
    as much again. /tmp and /run are often in memory, which then is full;
    where they are on disk, systemd-tmpfiles and others remove what is old,
    while somebody still waits for the import. With a single store, that is
    the default: ``node_staging_uri`` is file:///tmp/staging. With
    ``--this-host``, any other directory is found as well that is in memory.

    Name a directory on a disk that has room for the largest images at once,
    that belongs to the user of glance-api.
    """

    code = 'GLC301'
    bad = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
         '[glance_store]\ndefault_backend = a\n[os_glance_staging_store]\n'
         'filesystem_store_datadir = /tmp/staging\n'},
        {'glance-api.conf': '[DEFAULT]\ndebug = false\n'},
        # Told by the host itself.
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
         '[glance_store]\ndefault_backend = a\n', 'this-host.json':
         '{"places": {"/var/lib/glance/os_glance_staging_store": '
         '{"kind": "tmpfs", "size": 8589934592}}}'},
    )
    good = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
         '[glance_store]\ndefault_backend = a\n'},
        {'glance-api.conf': '[DEFAULT]\n'
         'node_staging_uri = file:///var/lib/glance/staging\n'},
        # Nothing is staged.
        {'glance-api.conf': '[DEFAULT]\nenabled_import_methods = []\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if host.value('DEFAULT', 'enabled_import_methods') == []:
            return
        section, name = (
            (options.STAGING, 'filesystem_store_datadir')
            if host.multi_store else ('DEFAULT', 'node_staging_uri'))
        value = host.value(section, name) or ''
        path = value.removeprefix('file://')
        place = host.here.place(path) if host.here else None
        if place and place.kind in facts.IN_MEMORY:
            yield self.found(
                host, '[%s] %s' % (section, name),
                'Images are staged in %s, which is memory (%s, %.1f GiB).' % (
                    masking.value(path), place.kind, place.size / (1 << 30)),
                'Set %s = %s/var/lib/glance/staging in [%s], on a disk.' % (
                    name, '' if host.multi_store else 'file://', section),
                host.setting(section, name), severity=check.ERROR)
        elif temporary(host, path):
            yield self.found(
                host, '[%s] %s' % (section, name),
                'Images are staged in %s, a temporary directory.'
                % masking.value(path),
                'Set %s = %s/var/lib/glance/staging in [%s].' % (
                    name, '' if host.multi_store else 'file://', section),
                host.setting(section, name))


def temporary(host: hosts.Host, named: str) -> bool:
    """Whether it may be gone after a start of the host, or before.

    Not of a service that lives in such a directory as a whole, as those of
    tests and demonstrations do.
    """
    path = pathlib.PurePath(named)
    home = host.directory.path.absolute().parent
    return not (str(home) not in _TEMPORARY and path.is_relative_to(home)
                ) and any(path.is_relative_to(place) for place in _TEMPORARY)
