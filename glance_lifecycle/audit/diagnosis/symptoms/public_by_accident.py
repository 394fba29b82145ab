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

"""An image is public, and nobody meant it to be."""

import re

from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.audit.diagnosis.symptoms import known as knowns
from glance_lifecycle.audit.diagnosis.symptoms import pages
from glance_lifecycle.audit.diagnosis.symptoms import path as paths
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import policies
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.audit import drift
from glance_lifecycle.policy import decision

CODES = frozenset(('GLC505', 'GLC601', 'GLC602', 'GLC704', 'GLC707',
                   'GLC708', 'GLC710', 'GLC711'))

_OPEN = ('public', 'community')
_READ_LOG = ('Give the log of glance-api, or of its uWSGI or web server, with '
             '--read-log, or its unit with --journal: the request that '
             'changed the image is there.')
_MOST = 5


def walk(known: knowns.Known, path: paths.Path) -> None:
    _image(known, path)
    for host in known.hosts:
        found = knowns.maybe(rules.of, host)
        path.ask('May anybody publish images, on %s?' % masking.name(
            host.name), None if found is None else found.anybody(
                'publicize_image', users=True),
            'As the rule publicize_image of its policy says.')
        _policy(known, path, host)
    if not known.hosts:
        path.ask('May anybody publish images?', None,
                 needed=paths.GIVE_CONFIG)
    path.found(known.checked(CODES))


def _image(known: knowns.Known, path: paths.Path) -> None:
    if known.image is None:
        path.ask('Is the image public?', None, needed=paths.NAME_IMAGE)
        return
    image = known.image
    visibility = str(known.resource.get('visibility') or '')
    owner = masking.name(str(known.resource.get('owner') or 'unknown'))
    public = path.ask(
        'Is the image public?', visibility in _OPEN if visibility else None,
        'Its visibility is %s, and its owner is project %s.' % (
            masking.name(visibility), owner))
    if public:
        path.find(pages.PUBLIC, image.image.id,
                  'Its visibility is %s; it is of project %s.' % (
                      visibility, owner),
                  'If it is not meant to be: openstack image set --private '
                  '%s.' % image.image.id)
    changes = _changes(image)
    path.ask('Do the logs show who changed it?',
             None if image.lines is None else bool(changes),
             ' '.join('%s: %s' % (one.place, one.text[:300])
                      for one in changes[-_MOST:]), _READ_LOG)


def _changes(image: facts.Facts) -> list[facts.Line]:
    """Lines of requests that may have changed what it is."""
    pattern = re.compile(r'\b(?:PATCH|POST|PUT) /\S{0,100}v2/images(?:/%s)?\b'
                         % re.escape(image.image.id))
    return [one for one in image.lines or () if pattern.search(one.text)]


def _policy(known: knowns.Known, path: paths.Path, host: hosts.Host
            ) -> None:
    if known.image is None or not known.resource.get('visibility'):
        return
    document = knowns.maybe(policies.loaded, host)
    if document is None:
        return
    visibility = str(known.resource['visibility'])
    wanted = decision.Policy(document).decide(drift.facts(
        known.resource, known.image.now, known.drivers()))
    name = masking.name(host.name)
    permitted = path.ask(
        'Does the lifecycle policy let it be %s, on %s?' % (
            masking.name(visibility), name),
        wanted.visibility.permits(visibility, known.resource.get('owner')))
    if not permitted:
        path.find(pages.AGAINST_POLICY, known.image.image.id,
                  'Its visibility is %s, which the policy of %s does not '
                  'permit.' % (visibility, name),
                  'Set it to private, or change the policy: openstack image '
                  'lifecycle policy explain %s.' % known.image.image.id,
                  host=name)
