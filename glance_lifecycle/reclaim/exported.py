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

"""The exports that a plan was made with, and those that it is applied with."""

from collections.abc import Sequence
import time

from cryptography import x509
from oslo_config import cfg

from glance_lifecycle.audit.hygiene import exports
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle import exceptions
from glance_lifecycle.reclaim import plan as plans
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import configured
from glance_lifecycle.signing import keys


def read(conf: cfg.ConfigOpts, paths: Sequence[str],
         certificate_paths: Sequence[str]) -> exports.Needed:
    """What other Glances need, by exports that are signed, and not too old.

    :param certificate_paths: of those Glances; without any, that with which
        this one signs is theirs, too
    :raises LifecycleError: one of them is of no use
    """
    if not paths:
        return exports.Needed(())
    return exports.load_all(paths, exports.Trust(
        configured.trust_policy(conf),
        list(map(_certificate, certificate_paths)) or own_certificate(conf)),
        time.time())


def own_certificate(conf: cfg.ConfigOpts) -> list[x509.Certificate]:
    """That with which this Glance signs; none if it does not.

    :raises LifecycleError: it cannot be had
    """
    own = conf.lifecycle_signing.signing_certificate_id
    if not own:
        return []
    return [certificates.fetch(configured.manager(conf),
                               configured.service_context(conf), own)]


def _certificate(path: str) -> x509.Certificate:
    try:
        return certificates.load(keys.read_file(path, private=False,
                                                follow=True))
    except (OSError, keys.UnsafeFile, exceptions.ImageRefused) as error:
        why = (error.detail if isinstance(error, exceptions.LifecycleError)
               else getattr(error, 'strerror', None) or str(error))
        raise exceptions.InputRefused(
            detail='Certificate %s cannot be used: %s' % (path, why)
        ) from error


def noted(needed: exports.Needed) -> tuple[plans.Export, ...]:
    """As the plan has them."""
    return tuple(plans.Export(one.glance, one.time, one.digest)
                 for one in needed.exports)


def check(plan: plans.Plan, needed: exports.Needed) -> None:
    """Whoever was heard when the plan was made has to be heard again.

    By the same export or, as days go by, by a later one of that Glance.

    :raises ConfigurationError: one is missing
    """
    for one in plan.exports:
        if not any(other.digest == one.digest or (
                other.glance == one.glance and other.time >= one.time)
                for other in needed.exports):
            raise exceptions.InputRefused(
                detail='The plan was made with an export of the Glance %s '
                '(%s...). Name it with --export, or to the worker with '
                '[lifecycle_worker] hygiene_exports, or a later one of that '
                'Glance; nothing was done' % (
                    wording.shown(one.glance), wording.shown(one.digest[:24])))
