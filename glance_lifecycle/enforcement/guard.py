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

"""What the lifecycle policy forbids users of the Image API."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import functools
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle.conf import credentials
from glance_lifecycle.conf import opts
from glance_lifecycle.conf import protection as protection_conf
from glance_lifecycle.enforcement import refusals
from glance_lifecycle.enforcement import use_index
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.policy import checks
from glance_lifecycle.policy import decision as decisions
from glance_lifecycle import policy_file

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

opts.register_opts(CONF)
credentials.register(CONF, protection_conf.NAME)

#: Where a rule of policy.yaml names something else, nobody may.
_UNKNOWN = ('Nobody may do this: the rule in Glance\'s policy.yaml has '
            '"lifecycle:%s", which does not exist. There are %s. Tell the '
            'operator.')

_BROKEN = ('This cannot be done now: the lifecycle policy of this cloud '
           'cannot be read, and without it nobody knows what is protected. '
           'Tell the operator, who finds the reason in the log of '
           'glance-api.')

_FAILED = ('This cannot be done now: the lifecycle policy could not be '
           'applied. Tell the operator, who finds the reason in the log of '
           'glance-api.')

_NOT_YOURS = 'Image %s cannot be %s: it is not owned by your project.'


@dataclasses.dataclass(frozen=True, slots=True)
class User:
    """Who asks.

    :ivar roles: in lower case; of the user, and not of the service that
        passes the request on
    :ivar is_admin: asks whether Glance's database takes the user for one
    """

    project: str
    roles: frozenset[str]
    is_admin: Callable[[], bool]


def check(action: str, target: Mapping[str, Any], creds: Mapping[str, Any],
          is_admin: Callable[[], bool]) -> None:
    """Return if the policy allows it.

    :param action: what follows ``lifecycle:``
    :param is_admin: Glance's rule ``context_is_admin`` for these credentials
    :raises glance.common.exception.Forbidden: it does not; or nobody can
        tell
    :raises webob.exc.HTTPNotFound: the image was deleted meanwhile
    """
    image_id = ''
    try:
        enforced = glance_host.enforced(target, creds)
        image_id = enforced.image.id
        why = _why_not(action, enforced, User(
            str(creds.get('project_id') or ''), frozenset(
                str(role).lower() for role in creds.get('roles') or ()),
            is_admin))
    except exceptions.ConfigurationError as error:
        LOG.error('%(action)s of image %(image)s is refused: %(error)s', {
            'action': action, 'image': image_id, 'error': error})
        why = _BROKEN
    except glance_host.NOT_FOUND:
        raise glance_host.deleted_meanwhile() from None
    except Exception:
        LOG.exception('The lifecycle policy cannot be applied to the '
                      '%(action)s of image %(image)s.',
                      {'action': action, 'image': image_id})
        why = _FAILED
    if why is not None:
        LOG.info('%(action)s of image %(image)s by user %(user)s of project '
                 '%(project)s is refused: %(why)s', {
                     'action': action, 'image': image_id or '(new)',
                     'user': creds.get('user_id'),
                     'project': creds.get('project_id'), 'why': why})
        raise glance_host.refusal(why)


def _why_not(action: str, enforced: glance_host.Enforced,
             user: User) -> str | None:
    if action not in _ACTIONS:
        return _UNKNOWN % (action, ', '.join(sorted(_ACTIONS)))
    policy = policy_file.in_force(CONF)
    return _ACTIONS[action](policy, enforced, user)


def _removal(policy: decisions.Policy, enforced: glance_host.Enforced,
             user: User, *, what: str) -> str | None:
    if not _owns(user, enforced):
        return _NOT_YOURS % (enforced.image.id, what)
    if enforced.status in glance_host.UNFINISHED:
        return None
    return _first(
        refusals.removal(outcome, refusals.Subject(
            enforced.image.id, enforced.protected, enforced.updated_at),
            user.roles, lambda: _index().use(enforced.image), what=what)
        for outcome in _outcomes(policy, enforced, 'protect'))


def _deactivation(policy: decisions.Policy, enforced: glance_host.Enforced,
                  user: User) -> str | None:
    return _first(refusals.deactivation(outcome, enforced.image.id, user.roles)
                  for outcome in _outcomes(policy, enforced, 'protect'))


def _publication(policy: decisions.Policy, enforced: glance_host.Enforced,
                 user: User, *, visibility: str) -> str | None:
    # The image as it would be: what drift compares with, from then on.
    changed = refusals.with_visibility(enforced.facts, visibility)
    return _first(
        refusals.publication(outcome, enforced.image.id, changed)
        for outcome in refusals.outcomes(policy, changed, 'visibility'))


_ACTIONS: dict[str, Callable[[decisions.Policy, glance_host.Enforced, User],
                             str | None]] = {
    'delete': functools.partial(_removal, what='deleted'),
    'delete_location': functools.partial(
        _removal, what='removed from a store'),
    'deactivate': _deactivation,
    'publicize': functools.partial(_publication, visibility='public'),
    'communitize': functools.partial(_publication, visibility='community'),
}


def _outcomes(policy: decisions.Policy, enforced: glance_host.Enforced,
              section: str) -> Iterator[checks.Outcome]:
    return refusals.outcomes(policy, enforced.facts, section)


def _first(found: Iterator[str | None]) -> str | None:
    return next((why for why in found if why is not None), None)


def _owns(user: User, enforced: glance_host.Enforced) -> bool:
    """What Glance's database asks before it deletes the record of an image.

    By then, Glance has deleted the bytes. A rule of policy.yaml that lets
    others pass, such as rule:default, would let them do that.
    """
    return bool(user.project and user.project == enforced.image.project
                ) or user.is_admin()


@functools.cache
def _index() -> use_index.Index:
    return use_index.of(CONF, glance_host.ceph_clusters())
