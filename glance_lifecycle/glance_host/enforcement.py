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

"""What Glance's policy enforcement gives a check, and takes from it."""

from collections.abc import Mapping
import dataclasses
import datetime
from typing import Any

from glance.common import exception as glance_exception
import glance.db
from oslo_config import cfg
import webob.exc

from glance_lifecycle.dependents import base as dependents
from glance_lifecycle.glance_host import copies
from glance_lifecycle.glance_host import database
from glance_lifecycle.glance_host import domain
from glance_lifecycle.policy import facts as policy_facts

CONF = cfg.CONF

# Statuses in which nothing was ever stored for others to use.
UNFINISHED = ('queued', 'saving', 'uploading', 'importing', 'killed')

NOT_FOUND: type[Exception] = glance_exception.NotFound


@dataclasses.dataclass(frozen=True, slots=True)
class Enforced:
    """The image that a request is about.

    :ivar image: its id is empty for one that is yet to be created
    :ivar updated_at: when it last changed, with a time zone
    :ivar facts: what the policy may match on; of an image that is yet to be
        created, little is known
    """

    image: dependents.Image
    facts: policy_facts.Facts
    status: str = ''
    protected: bool = False
    updated_at: datetime.datetime | None = None


def refusal(sentence: str) -> Exception:
    """The only error of a check whose text Glance shows: it answers 403."""
    error: Exception = glance_exception.Forbidden(message=sentence)
    return error


def deleted_meanwhile() -> Exception:
    """Glance answers 404, whichever request was checked."""
    error: Exception = webob.exc.HTTPNotFound(
        explanation='The image was deleted meanwhile.')
    return error


def enforced(target: Mapping[str, Any], creds: Mapping[str, Any]
             ) -> Enforced:
    """What the target of a rule tells.

    :param target: ``glance.api.policy.ImageTarget``, or the dictionary that
        stands for an image to be created
    :param creds: of the request, as oslo.policy has them
    :raises NOT_FOUND: the image was deleted since the request began
    """
    image = getattr(target, 'target', None)
    project = str(target.get('owner') or '')
    # Of other projects, the domain is not known here.
    known = project and project == creds.get('project_id')
    domain_id = creds.get('project_domain_id') if known else None
    if image is None:
        return Enforced(dependents.Image(''), policy_facts.Facts(
            None, None, None, None, project=project, domain=domain_id,
            visibility=target.get('visibility')))
    return _existing(domain.innermost(image), project, domain_id)


def ceph_clusters() -> dict[str, dependents.Ceph]:
    """How Glance's own stores log in: store -> cluster.

    The key '' is the one store of a Glance without multi-store.
    """
    if CONF.enabled_backends:
        return {name: _ceph(CONF[name])
                for name, kind in CONF.enabled_backends.items()
                if kind == 'rbd'}
    return {'': _ceph(CONF.glance_store)}


def _existing(image: Any, project: str, domain_id: str | None) -> Enforced:
    """All of it, whatever the image of the request hides from the user.

    That of one that is deactivated shows its owner no location, so that
    nobody would be asked what was cloned from it. And what an operation of a
    PATCH has changed is in it already as the next one is asked about:
    ``protected`` could be unset and a location removed in one.
    """
    row = glance.db.get_api().image_get(database.admin_context(),
                                        image.image_id)
    found = _properties(image, row)
    locations = tuple(dependents.Location(copy.url, copy.store)
                      for copy in map(copies.of_row, row['locations']))
    return Enforced(
        image=dependents.Image(
            str(image.image_id), image.name or '', project,
            image.visibility, found, locations),
        facts=domain.facts(image, domain_id, found),
        status=str(image.status), protected=bool(row['protected']),
        updated_at=_utc(row['updated_at']))


def _properties(image: Any, row: Any) -> dict[str, str]:
    if CONF.property_protection_file:
        # They are left out of the image itself.
        return {item['name']: str(item['value'])
                for item in row['properties']
                if not item['deleted'] and item['value'] is not None}
    # Its own items() goes by __iter__, which yields nothing.
    return {name: str(value)
            for name, value in dict.items(image.extra_properties)
            if value is not None}


def _utc(when: datetime.datetime | None) -> datetime.datetime | None:
    """Glance's own are UTC and do not say so."""
    if when is None or when.tzinfo is not None:
        return when
    return when.replace(tzinfo=datetime.UTC)


def _ceph(group: Any) -> dependents.Ceph:
    return dependents.Ceph(group.rbd_store_ceph_conf or '',
                           group.rbd_store_user or '')
