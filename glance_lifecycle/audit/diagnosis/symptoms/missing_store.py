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

"""An image, or an import, lacks a store."""

from glance_lifecycle.audit.diagnosis.causes import stored
from glance_lifecycle.audit.diagnosis.symptoms import known as knowns
from glance_lifecycle.audit.diagnosis.symptoms import pages
from glance_lifecycle.audit.diagnosis.symptoms import path as paths
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

CODES = frozenset((
    'GLC201', 'GLC202', 'GLC203', 'GLC204', 'GLC207', 'GLC209', 'GLC211',
    'GLC212', 'GLC504', 'GLC603', 'GLC801', 'GLC805', 'GLC806', 'GLC912',
    'GLC913', 'GLC915'))


def walk(known: knowns.Known, path: paths.Path) -> None:
    path.ask('Has the cloud several stores with names?',
             None if known.stores is None else bool(known.stores),
             '' if known.stores is None else 'The Image API lists %s.' % (
                 ', '.join(map(masking.name, known.stores)) or 'none'))
    _image(known, path)
    _hosts(known, path)
    _answers(known, path)
    path.found(known.checked(CODES))


def _image(known: knowns.Known, path: paths.Path) -> None:
    if known.image is None:
        path.ask('Is the image in each of its stores?', None,
                 needed=paths.NAME_IMAGE)
        return
    image = known.image.image
    found = [one for rule in (
        stored.store_gone, stored.copies_failed, stored.copies_unfinished)
        for one in rule(known.image)]
    path.found(found)
    lacking = sorted({*image.failed, *image.importing} - {*image.stores})
    path.ask('Is the image in each store that was asked for?',
             None if not image.stores and image.status != 'active'
             else not lacking, 'It is in %s%s.' % (
                 ', '.join(map(masking.name, image.stores)) or
                 'no store that is shown', ', and not in %s' % ', '.join(
                     map(masking.name, lacking)) if lacking else ''),
             'See why it has no data: openstack image lifecycle diagnose %s.'
             % image.id)
    if known.stores:
        gone = [one for one in image.stores if one not in known.stores]
        path.ask('Has glance-api the stores of the image?', not gone,
                 'It lacks %s.' % ', '.join(map(masking.name, gone))
                 if gone else '')


def _hosts(known: knowns.Known, path: paths.Path) -> None:
    if not known.hosts:
        path.ask('Is the store in the configuration?', None,
                 needed=paths.GIVE_CONFIG)
    for host in known.hosts:
        if not host.stores or known.stores is None:
            continue
        lacking = [one for one in host.stores if one not in known.stores]
        path.ask('Has glance-api each store of the files of %s?' % (
            masking.name(host.name)), not lacking,
            'enabled_backends has %s.' % ', '.join(
                map(masking.name, host.stores)))
        setting = host.setting('DEFAULT', 'enabled_backends')
        places: list[finding.Place] = [host.place(setting)] if setting else []
        for one in lacking:
            path.find(pages.NOT_SERVED, 'store %s' % one,
                      'It is in enabled_backends of %s, and the Image API '
                      'does not list it.' % masking.name(host.name),
                      'Restart glance-api, and read in its log why it has no '
                      'such store.', *places, host=host.name)


def _answers(known: knowns.Known, path: paths.Path) -> None:
    """Each glance-api that was asked itself."""
    for one in known.live.answers if known.live else ():
        question = 'Has the glance-api at %s each store?' % one.url
        if one.away or one.stores is None or known.stores is None:
            path.ask(question, None, '%s%s.' % (
                one.away[:1].upper(), one.away[1:]) if one.away else '',
                'Look whether it is a glance-api, and runs: %s.' % one.url)
            continue
        lacking = [each for each in known.stores if each not in one.stores]
        path.ask(question, not lacking, 'It lists %s.' % (
            ', '.join(map(masking.name, one.stores)) or 'none'))
        for each in lacking:
            path.find(pages.NOT_SERVED, 'store %s' % each,
                      'The glance-api at %s does not list it, and another '
                      'does.' % one.url, 'Make its files as those of the '
                      'others, and restart it.')
