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

from glance_lifecycle.audit.hygiene import exports
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle import exceptions
from glance_lifecycle.reclaim import plan as plans


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
            raise exceptions.ConfigurationError(
                detail='The plan was made with an export of the Glance %s '
                '(%s...). Name it with --export, or a later one of that '
                'Glance; nothing was done' % (
                    wording.shown(one.glance), wording.shown(one.digest[:24])))
