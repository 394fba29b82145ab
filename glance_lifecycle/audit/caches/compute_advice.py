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

"""What is worth knowing of Nova's cached images, and what to do."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

from glance_lifecycle.audit.caches import base_images
from glance_lifecycle.audit.caches import names
from glance_lifecycle.audit.caches import nova_conf
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding
from glance_lifecycle.policy import units

# Nova's own reserve of the disk is in GiB; a full disk pauses its guests.
_FULL = 0.9
_MOST = 50

# What Nova clones in Ceph: nova.storage.rbd_utils.RBDDriver.is_cloneable(). An
# ISO image passes nova.virt.libvirt.imagebackend.Rbd.clone(), and not that.
_CLONED = 'raw'


def findings(cache: base_images.Cache, conf: nova_conf.NovaConf,
             formats: Mapping[str, str]) -> list[finding.Finding]:
    """The worst first.

    :param formats: id of an image -> its disk_format, as far as known
    """
    return sorted((
        *_unread(cache), *_backing(cache), *_full(cache),
        *_never_removed(cache, conf), *_unfinished(cache),
        *_useless(cache, conf, formats)),
        key=lambda one: (one.severity.rank, one.code, one.subject))


def _unread(cache: base_images.Cache) -> Iterator[finding.Finding]:
    for one in cache.unread[:_MOST]:
        yield _found('disk-unread', finding.Severity.UNKNOWN,
                     one.instance + ('/' + one.disk if one.disk else ''),
                     'What it uses is not known. ' + one.reason,
                     'Run this as root or as the user of nova-compute, and '
                     'look at the file.')
    if cache.unread[_MOST:]:
        yield _found('disk-unread', finding.Severity.UNKNOWN, '*',
                     '%d more disks could not be read.'
                     % len(cache.unread[_MOST:]), 'See "-f json".')


def _backing(cache: base_images.Cache) -> Iterator[finding.Finding]:
    for one in cache.files:
        if one.backing:
            yield _found(
                'base-is-overlay', finding.Severity.ERROR, one.name,
                'The cached file says that it is an overlay of "%s": a '
                'server that is made of it would read that file of this '
                'host.' % masking.name(one.backing),
                'Deactivate the image, look at who uploaded it, and remove '
                'the file once no server uses it.', destructive=True)
    for use in cache.elsewhere[:_MOST]:
        yield _found(
            'backing-elsewhere', finding.Severity.WARNING,
            '%s/%s' % (use.instance, use.disk),
            'Its disk is an overlay of "%s", which is not in the cache.'
            % masking.name(use.backing),
            'If the file is gone, the server does not start again: rebuild '
            'it. If it is there, find out who made that disk.')


def _full(cache: base_images.Cache) -> Iterator[finding.Finding]:
    used = 1 - cache.free / cache.total if cache.total else 0
    unused = sum(one.allocated for one in cache.files if not one.used_by)
    if used > _FULL:
        yield _found(
            'disk-full', finding.Severity.WARNING, cache.path,
            'Its file system is %.0f %% full: %s are free. Cached files that '
            'no server here uses hold %s.' % (
                100 * used, units.size_text(cache.free),
                units.size_text(unused)),
            'Lower [image_cache] %s, or move servers away.'
            % nova_conf.ORIGINAL_AGE)


def _never_removed(cache: base_images.Cache, conf: nova_conf.NovaConf
                   ) -> Iterator[finding.Finding]:
    unused = [one for one in cache.files if not one.used_by
              and one.option in (nova_conf.REMOVE, nova_conf.INTERVAL)]
    if unused:
        option = conf.option(unused[0].option)
        yield _found(
            'never-removed', finding.Severity.WARNING, option.full_name,
            'With %s = %s Nova removes no unused file: %d files with %s.' % (
                option.name, option.value, len(unused), units.size_text(
                    sum(one.allocated for one in unused))),
            'Set %s in %s of nova.conf to its default, %s.' % (
                option.name, '[%s]' % option.section,
                nova_conf.KNOWN[option.name].default))


def _unfinished(cache: base_images.Cache) -> Iterator[finding.Finding]:
    for one in cache.files:
        if one.kind == names.Kind.UNFINISHED:
            yield _found(
                'unfinished-fetch', finding.Severity.INFO, one.name,
                'It has %s, and is the beginning of a fetch: of one that '
                'runs, or of one that nova-compute did not survive. Nova '
                'never removes it.' % units.size_text(one.allocated),
                'If its time of change is older than the longest fetch, '
                'remove the file.', destructive=True)


def _useless(cache: base_images.Cache, conf: nova_conf.NovaConf,
             formats: Mapping[str, str]) -> Iterator[finding.Finding]:
    if conf.option('images_type').value != 'rbd':
        return
    for one in cache.files:
        if one.kind not in (names.Kind.ORIGINAL, names.Kind.RESIZED):
            continue
        kind = formats.get(one.image, '')
        if kind == _CLONED:
            yield _found(
                'cloned-not-read', finding.Severity.WARNING, one.name,
                'images_type is rbd and image %s is %s: servers clone it in '
                'Ceph, and nobody reads these %s.' % (
                    one.image, kind, units.size_text(one.allocated)),
                'Leave hosts with rbd out of what images are prefetched to. '
                'If nothing prefetches it, clones fail: see "not cloned" in '
                'the log of nova-compute, and GLC213 of the doctor.')
        elif kind:
            yield _found(
                'downloaded-for-ceph', finding.Severity.WARNING, one.name,
                'images_type is rbd and image %s is %s: Nova cannot clone '
                'it, and writes a full copy into Ceph for each server.' % (
                    one.image, masking.name(kind)),
                'Import the image as raw.')


def _found(code: str, severity: finding.Severity, subject: str,
           evidence: str, remedy: str, *, destructive: bool = False
           ) -> finding.Finding:
    return finding.Finding(
        code, severity, masking.name(subject), masking.plain(evidence),
        masking.plain(remedy), destructive)


def worst(found: Iterable[finding.Finding]) -> finding.Severity:
    """Of none, INFO."""
    return min((one.severity for one in found), default=finding.Severity.INFO,
               key=lambda severity: severity.rank)
