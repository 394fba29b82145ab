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

"""An upload, a staging or an import does not end well."""

from glance_lifecycle.audit.diagnosis.causes import failed
from glance_lifecycle.audit.diagnosis.causes import importing
from glance_lifecycle.audit.diagnosis.causes import left
from glance_lifecycle.audit.diagnosis.causes import stored
from glance_lifecycle.audit.diagnosis.causes import waiting
from glance_lifecycle.audit.diagnosis.symptoms import known as knowns
from glance_lifecycle.audit.diagnosis.symptoms import pages
from glance_lifecycle.audit.diagnosis.symptoms import path as paths
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.policy import units

CODES = frozenset((
    'GLC202', 'GLC203', 'GLC204', 'GLC206', 'GLC207', 'GLC211', 'GLC214',
    'GLC215', 'GLC301', 'GLC302', 'GLC303', 'GLC304', 'GLC305', 'GLC306',
    'GLC402', 'GLC404', 'GLC407', 'GLC408', 'GLC410', 'GLC418', 'GLC421',
    'GLC422', 'GLC501', 'GLC502', 'GLC503', 'GLC504', 'GLC505', 'GLC508',
    'GLC601', 'GLC603', 'GLC604', 'GLC612', 'GLC705', 'GLC714', 'GLC902',
    'GLC903', 'GLC905', 'GLC906', 'GLC912', 'GLC913', 'GLC915'))

_RULES = (failed.task_failed, failed.refused_at_once, waiting.never_imported,
          waiting.staged_elsewhere, waiting.without_data, waiting.upload_cut,
          left.import_dead, left.import_handed, importing.silent,
          importing.lock_left, importing.lock_taken, importing.abandoned,
          left.left_over, stored.copies_failed, stored.killed)
_READ_LOG = ('Give the log of glance-api with --read-log, or its unit with '
             '--journal.')


def walk(known: knowns.Known, path: paths.Path) -> None:
    _image(known, path)
    _limits(known, path)
    _cap(known, path)
    if not known.hosts:
        path.need(paths.GIVE_CONFIG)
    path.found(known.checked(CODES))


def _image(known: knowns.Known, path: paths.Path) -> None:
    found = known.image
    if found is None:
        path.ask('Has the image its data?', None, needed=paths.NAME_IMAGE)
        return
    active = found.image.status in ('active', 'deactivated')
    path.ask('Has the image its data?', active, 'Its status is %s.'
             % masking.name(found.image.status))
    if not active:
        newest = found.newest
        path.ask('Did a task say what is wrong?', None
                 if found.tasks is None else bool(newest and newest.message),
                 '' if newest is None else 'Task %s is %s: %s.' % (
                     masking.name(newest.id), masking.name(newest.status),
                     masking.line(newest.message) or 'no message'),
                 'Ask as the owner of the image, or as an administrator: its '
                 'tasks were not shown.')
        bad = [one for one in found.lines or ()
               if one.level in ('ERROR', 'CRITICAL')]
        path.ask('Did a log say what is wrong?', None
                 if found.lines is None else bool(bad),
                 '%s: %s' % (bad[-1].place, bad[-1].text[:300])
                 if bad else '', _READ_LOG)
    path.found(one for rule in _RULES for one in rule(found))


def _limits(known: knowns.Known, path: paths.Path) -> None:
    usage = None if known.live is None else known.live.usage
    if usage is None:
        path.ask('Is the project at a limit?', None,
                 needed='Ask as a user of the project whose upload fails: '
                 'its limits were not shown.')
        return
    full = [name for name, one in sorted(usage.items())
            if 0 <= one.limit <= one.usage]
    path.ask('Is the project at a limit?', bool(full),
             ' '.join('Of %s, %d of %d are used.' % (
                 masking.name(name), usage[name].usage, usage[name].limit)
                 for name in full))


def _cap(known: knowns.Known, path: paths.Path) -> None:
    size = known.image.image.size if known.image else None
    for host in known.hosts:
        cap = knowns.maybe(host.value, 'DEFAULT', 'image_size_cap')
        if cap is None or size is None or known.image is None:
            continue
        over = path.ask('Is the image larger than Glance takes, on %s?'
                        % masking.name(host.name), size > cap,
                        'It has %s, image_size_cap is %s.' % (
                            units.size_text(size), units.size_text(cap)))
        if over:
            setting = host.setting('DEFAULT', 'image_size_cap')
            path.find(pages.OVER_CAP, known.image.image.id,
                      'It has %d bytes, and image_size_cap is %d.' % (
                          size, cap),
                      'Set image_size_cap = %d in [DEFAULT] of '
                      'glance-api.conf, or more.' % size,
                      *([host.place(setting)] if setting else []),
                      host=host.name)
